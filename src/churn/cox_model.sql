--
-- cox: what makes customers stay shorter or longer (docs/survival.md)
--

@use stored_type
name = cox_sample
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = customers with their durations and covariates: storable, mergeable with + and rollup(), read by cox_fit(); 24 bytes and 8 more a covariate for each customer, at most 512 MB
jsonb = the customers with their durations and covariates
equal = same customers
unequal = not the same customers
@end

@use mergeable_type
name = cox_sample
sum = the customers of both; other units or numbers of covariates are an error
final = aggregate support: the sample, or NULL if nobody was counted
size = 1024
rollup = all samples together, as if built from their rows; other units or numbers of covariates are an error
@end

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[]) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[]) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[]) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[]) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned); durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[], entry double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[], double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0); durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision, double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision, double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[], entry double precision, weight double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[], double precision, double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0), with case weights; durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[]) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[]) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[]) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[]) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned); durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[], entry interval) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[], interval) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0); durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval, double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval, double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[], entry interval, weight double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[], interval, double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0), with case weights; durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_customers(sample cox_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_customers(cox_sample) IS 'number of customers in the sample';

-- the fitted model

@use stored_type
name = cox_model
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = a fitted Cox model: storable, read by parameters(), hazard_ratio(), concordance() ...; equal fits of equal samples are equal
jsonb = the model with its coefficients and their covariances
equal = same model
unequal = not the same model
@end

CREATE FUNCTION cox_fit(sample cox_sample, ties text DEFAULT 'efron', names text[] DEFAULT NULL) RETURNS cox_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_fit(cox_sample, text, text[]) IS
  'Cox proportional hazards model by maximum partial likelihood; ties efron or breslow; names of the covariates, x1, x2 ... by default; model_status() says how it ended';
CREATE FUNCTION parameters(
  model cox_model, confidence double precision DEFAULT 0.95,
  OUT name text, OUT estimate double precision, OUT std_error double precision,
  OUT lower double precision, OUT upper double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'cox_model_parameters';
COMMENT ON FUNCTION parameters(cox_model, double precision) IS
  'coefficients (log hazard ratios) with standard errors and Wald intervals, a row a covariate; NULLs for a collinear covariate, and for error and limits of an infinite coefficient';
CREATE FUNCTION hazard_ratio(model cox_model, covariates double precision[], reference double precision[] DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_hazard_ratio';
COMMENT ON FUNCTION hazard_ratio(cox_model, double precision[], double precision[]) IS
  'how many times as fast a customer with these covariates leaves as one with those of the reference (NULL: all 0); NULL if a covariate is NULL';
CREATE FUNCTION coefficients(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_coefficients';
COMMENT ON FUNCTION coefficients(cox_model) IS
  'log hazard ratios, in the order of the covariates; NULL for a collinear one';
CREATE FUNCTION hazard_ratios(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_hazard_ratios';
COMMENT ON FUNCTION hazard_ratios(cox_model) IS
  'hazard ratios of one unit more of each covariate: exp of coefficients()';
CREATE FUNCTION std_errors(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_std_errors';
COMMENT ON FUNCTION std_errors(cox_model) IS 'standard errors of coefficients(); NULL where unknown';
CREATE FUNCTION covariance(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_covariance';
COMMENT ON FUNCTION covariance(cox_model) IS 'covariances of coefficients(), a square; NULL where unknown';
CREATE FUNCTION log_likelihood(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(cox_model) IS 'log partial likelihood at the maximum';
CREATE FUNCTION null_log_likelihood(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_null_log_likelihood';
COMMENT ON FUNCTION null_log_likelihood(cox_model) IS 'log partial likelihood with all coefficients 0';
CREATE FUNCTION aic(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_aic';
COMMENT ON FUNCTION aic(cox_model) IS
  'Akaike information criterion: 2 (number of coefficients - log_likelihood()); smaller is better';
CREATE FUNCTION concordance(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_concordance';
COMMENT ON FUNCTION concordance(cox_model) IS
  'share of comparable pairs in which who left first had the higher risk, 0..1; ties count half (Harrell); NULL if no pair compares';
CREATE FUNCTION model_status(model cox_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_model_status';
COMMENT ON FUNCTION model_status(cox_model) IS
  'converged; collinear: some covariates have no coefficient; monotone: some coefficients are infinite; not_converged; no_events';
CREATE FUNCTION model_iterations(model cox_model) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_model_iterations';
COMMENT ON FUNCTION model_iterations(cox_model) IS 'number of Newton iterations of the fit';
CREATE FUNCTION likelihood_ratio_test(
  model cox_model, OUT chi_square double precision, OUT df integer, OUT p_value double precision) RETURNS record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_likelihood_ratio_test';
COMMENT ON FUNCTION likelihood_ratio_test(cox_model) IS
  'test of whether all coefficients are 0: twice the gain in log-likelihood; NULLs if nothing was fitted';
