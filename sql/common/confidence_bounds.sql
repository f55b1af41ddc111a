-- the composite that every interval function returns
\d confidence_bounds
SELECT ROW(0.1, 0.2)::confidence_bounds, (ROW(0.1, NULL)::confidence_bounds).lower;
