--
-- common: what several rooms use
--

CREATE TYPE confidence_bounds AS (lower double precision, upper double precision);
COMMENT ON TYPE confidence_bounds IS
  'the two ends of a confidence interval, in the unit of what it is about; (nps_interval(s)).lower reads one';
COMMENT ON COLUMN confidence_bounds.lower IS 'lower end of the interval; NULL if it has none';
COMMENT ON COLUMN confidence_bounds.upper IS 'upper end of the interval; NULL if it has none';
