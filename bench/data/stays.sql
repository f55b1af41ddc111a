-- stays: as many as users, of exponential length (mean 400 days), four tenths of them not over; continuous and in whole days, with covariates
CREATE TABLE stays AS
SELECT -400 * ln(u) * exp(-0.3 * annual - 0.02 * seats) AS duration, ceil(-400 * ln(u) * exp(-0.3 * annual - 0.02 * seats))::integer AS days, churned, annual, seats, discount
FROM (SELECT ((hashint8extended(i, 1) & 1099511627775) + 0.5) / 1099511627776 AS u, (hashint8extended(i, 2) & 1023) < 614 AS churned,
             (hashint8extended(i, 3) & 1)::double precision AS annual, (hashint8extended(i, 4) & 15)::double precision AS seats,
             (hashint8extended(i, 5) & 1023) / 1024.0::double precision AS discount
      FROM generate_series(1, :users) i) x;
VACUUM (FREEZE, ANALYZE) stays;
