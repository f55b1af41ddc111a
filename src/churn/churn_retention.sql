--
-- retention: cohorts by age
--

CREATE FUNCTION cohort_age(cohort date, period date, unit text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_age(date, date, text) IS
  'how many periods (day, week, month, quarter, year) lie from the one that holds the first date to the one that holds the second: 0 in the same, negative before; the age of a cohort in a retention triangle';
