--
-- survival: what a survival_curve says (docs/survival.md)
--

CREATE FUNCTION survival_at(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_at_float8';
COMMENT ON FUNCTION survival_at(survival_curve, double precision) IS
  'share of customers who stay longer than the duration, 0..1 (Kaplan-Meier); NULL beyond the longest observed duration unless all have left; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_at(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_at_interval';
COMMENT ON FUNCTION survival_at(survival_curve, interval) IS
  'share of customers who stay longer than the duration, 0..1 (Kaplan-Meier); NULL beyond the longest observed duration unless all have left';
CREATE FUNCTION survival_std_error(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_std_error_float8';
COMMENT ON FUNCTION survival_std_error(survival_curve, double precision) IS
  'standard error of survival_at() (Greenwood); NULL where that is NULL or 0; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_std_error(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_std_error_interval';
COMMENT ON FUNCTION survival_std_error(survival_curve, interval) IS
  'standard error of survival_at() (Greenwood); NULL where that is NULL or 0';
CREATE FUNCTION survival_interval(curve survival_curve, duration double precision, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_interval_float8';
COMMENT ON FUNCTION survival_interval(survival_curve, double precision, double precision, text) IS
  'confidence interval of survival_at(); method log-log, log, plain, logit or arcsin; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_interval(curve survival_curve, duration interval, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_interval_interval';
COMMENT ON FUNCTION survival_interval(survival_curve, interval, double precision, text) IS
  'confidence interval of survival_at(); method log-log, log, plain, logit or arcsin';
CREATE FUNCTION cumulative_hazard(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cumulative_hazard_float8';
COMMENT ON FUNCTION cumulative_hazard(survival_curve, double precision) IS
  'sum of left / at risk up to the duration (Nelson-Aalen); NULL beyond the longest observed duration; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION cumulative_hazard(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cumulative_hazard_interval';
COMMENT ON FUNCTION cumulative_hazard(survival_curve, interval) IS
  'sum of left / at risk up to the duration (Nelson-Aalen); NULL beyond the longest observed duration';
CREATE FUNCTION survival_points(
  curve survival_curve, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log',
  OUT duration double precision, OUT at_risk double precision, OUT events double precision,
  OUT censored double precision, OUT survival double precision, OUT std_error double precision,
  OUT lower double precision, OUT upper double precision, OUT cumulative_hazard double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_points(survival_curve, double precision, text) IS
  'the curve as a table, a row for each duration at which customers left (events) or were last seen (censored), in the unit of the curve (days for one of intervals); survival 0..1 with its Greenwood standard error and confidence limits, method log-log, log, plain, logit or arcsin; cumulative hazard of Nelson and Aalen';
CREATE FUNCTION survival_quantile(curve survival_curve, share double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_quantile(survival_curve, double precision) IS
  'duration by which the share (0..1) of customers have left, in the unit of the curve (days for one of intervals); the middle where a whole stretch fits; NULL if not reached';
CREATE FUNCTION median_survival(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_survival(survival_curve) IS
  'duration by which half of the customers have left, in the unit of the curve (days for one of intervals); NULL if not reached';
CREATE FUNCTION survival_quantile_interval(curve survival_curve, share double precision, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_quantile_interval(survival_curve, double precision, double precision, text) IS
  'confidence interval of survival_quantile(); NULL for an end that is not reached; method log-log, log, plain, logit or arcsin';
CREATE FUNCTION median_survival_interval(curve survival_curve, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_survival_interval(survival_curve, double precision, text) IS
  'confidence interval of median_survival(); NULL for an end that is not reached; method log-log, log, plain, logit or arcsin';
CREATE FUNCTION lifetime_quantile(curve survival_curve, share double precision) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifetime_quantile(survival_curve, double precision) IS 'survival_quantile() of a curve of intervals as an interval';
CREATE FUNCTION median_lifetime(curve survival_curve) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_lifetime(survival_curve) IS 'median_survival() of a curve of intervals as an interval';
CREATE FUNCTION restricted_mean(curve survival_curve, horizon double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_float8';
COMMENT ON FUNCTION restricted_mean(survival_curve, double precision) IS
  'mean of the duration or the horizon, whichever is smaller, in the unit of the curve (days for one of intervals); horizon NULL: the longest observed duration; NULL for a later one unless all have left';
CREATE FUNCTION restricted_mean(curve survival_curve, horizon interval) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_interval';
COMMENT ON FUNCTION restricted_mean(survival_curve, interval) IS
  'mean of the duration or the horizon, whichever is smaller; NULL for a horizon beyond the longest observed duration unless all have left';
CREATE FUNCTION restricted_mean_std_error(curve survival_curve, horizon double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_std_error_float8';
COMMENT ON FUNCTION restricted_mean_std_error(survival_curve, double precision) IS
  'standard error of restricted_mean(), in the unit of the curve (days for one of intervals)';
CREATE FUNCTION restricted_mean_std_error(curve survival_curve, horizon interval) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_std_error_interval';
COMMENT ON FUNCTION restricted_mean_std_error(survival_curve, interval) IS 'standard error of restricted_mean()';
CREATE FUNCTION hazard(curve survival_curve, after double precision DEFAULT 0, until double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'hazard_float8';
COMMENT ON FUNCTION hazard(survival_curve, double precision, double precision) IS
  'customers who leave / time spent by all, while the duration is in [after, until): per unit of the curve (per day for one of intervals); until NULL: without end; NULL if nobody was observed there';
CREATE FUNCTION hazard(curve survival_curve, after interval, until interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'hazard_interval';
COMMENT ON FUNCTION hazard(survival_curve, interval, interval) IS
  'customers who leave / days spent by all, while the duration is in [after, until): per day; NULL if nobody was observed there';
CREATE FUNCTION survival_exposure(curve survival_curve, after double precision DEFAULT 0, until double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_exposure(survival_curve, double precision, double precision) IS
  'time that all customers were observed while their duration was in [after, until), in the unit of the curve (days for one of intervals): the denominator of hazard()';
CREATE FUNCTION survival_customers(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_customers(survival_curve) IS 'number of customers (the sum of their weights)';
CREATE FUNCTION survival_events(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_events(survival_curve) IS 'number of customers who left (the sum of their weights)';
