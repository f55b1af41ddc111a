--
-- risk: who is going to leave, learnt from those who did (docs/health.md)
--

@use stored_type
name = risk_sample
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = who churned and who stayed, with their features; equal rows are one: storable, mergeable with + and rollup(), read by risk_fit()
jsonb = the rows of those who churned and of those who stayed, each with its count in front
equal = same customers, in whatever order
unequal = other customers
@end

-- merging

@use mergeable_type
name = risk_sample
sum = the customers of both; different numbers of features are an error
final = aggregate support: the sample with equal rows collapsed, or NULL if there are none
size = 65536
rollup = the customers of all samples; different numbers of features are an error
@end

-- building

CREATE FUNCTION risk_sample_accum(risk_sample, boolean, double precision[]) RETURNS risk_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_accum(risk_sample, boolean, double precision[]) IS 'aggregate support: takes in a customer';

CREATE AGGREGATE risk_agg(churned boolean, features double precision[]) (
  SFUNC = risk_sample_accum,
  STYPE = risk_sample,
  SSPACE = 65536,
  FINALFUNC = risk_sample_final,
  COMBINEFUNC = risk_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE risk_agg(boolean, double precision[]) IS
  'risk_sample of customers: whether each churned, and 1 to 100 features; a row with a NULL in it is left out and counted; NULL if no row is left';

CREATE FUNCTION risk_rows(sample risk_sample)
  RETURNS TABLE (churned boolean, features double precision[], customer_count bigint)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_rows(risk_sample) IS
  'the distinct rows of a sample with the number of customers of each, those who churned first, then by features';

@use stored_type
name = risk_model
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = logistic model of churn: coefficients, their covariance, how the fit went; storable, read by churn_probability(), churn_drivers(), parameters() ...
jsonb = status, counts, likelihood, names, estimates, means of the features, lower triangle of the covariance
equal = same numbers and names
unequal = other numbers or names
@end

-- fitting

CREATE FUNCTION risk_fit(
  sample risk_sample,
  names text[] DEFAULT NULL,
  l2 double precision DEFAULT 0,
  max_iterations integer DEFAULT 100
) RETURNS risk_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_fit(risk_sample, text[], double precision, integer) IS
  'logistic regression of churn on the features, by maximum likelihood; l2 / 2 times the sum of squared standardised coefficients (not the intercept) is taken off; names default to x1, x2 ...';

CREATE FUNCTION make_risk_model(
  intercept double precision,
  coefficients double precision[],
  names text[] DEFAULT NULL,
  means double precision[] DEFAULT NULL
) RETURNS risk_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_risk_model(double precision, double precision[], text[], double precision[]) IS
  'risk_model of coefficients known from elsewhere, in log-odds per unit; the means of the features (default 0) are what churn_drivers() compares with';

-- reading

CREATE FUNCTION churn_probability(model risk_model, features double precision[]) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_probability(risk_model, double precision[]) IS
  'probability of churn, 0..1: 1 / (1 + exp(-(intercept + sum of coefficient x feature))); NULL if a feature is, or if the model has met one outcome only';

CREATE FUNCTION churn_drivers(model risk_model, features double precision[])
  RETURNS TABLE (name text, value double precision, contribution double precision, odds_factor double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_drivers(risk_model, double precision[]) IS
  'what sets a customer apart from the average one: coefficient x (value - mean) of each feature, in log-odds, and the factor on the odds that this is; what raises the risk most comes first';

CREATE FUNCTION parameters(model risk_model, confidence double precision DEFAULT 0.95)
  RETURNS TABLE (name text, estimate double precision, std_error double precision,
                 lower double precision, upper double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'risk_model_parameters';
COMMENT ON FUNCTION parameters(risk_model, double precision) IS
  'intercept and coefficients in log-odds per unit, with standard errors and bounds (Wald); NULL: not identified by the data, or not known';

CREATE FUNCTION odds_ratios(model risk_model, confidence double precision DEFAULT 0.95)
  RETURNS TABLE (name text, odds_ratio double precision, lower double precision, upper double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odds_ratios(risk_model, double precision) IS
  'what one unit more of each feature multiplies the odds of churn by, with bounds (Wald); NULL: not identified by the data, or not known';

CREATE FUNCTION log_likelihood(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(risk_model) IS
  'log-likelihood of the customers that the model was fitted to, without the penalty; NULL if it was not fitted';

CREATE FUNCTION log_loss(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION log_loss(risk_model) IS
  'mean of -log(probability of what happened) over the customers that the model was fitted to; 0 is perfect, log(2) is tossing a coin; NULL if it was not fitted';

CREATE FUNCTION auc(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION auc(risk_model) IS
  'probability, 0..1, that of the customers that the model was fitted to one who churned scores above one who stayed; 0.5 is chance; NULL if it was not fitted';

CREATE FUNCTION aic(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_aic';
COMMENT ON FUNCTION aic(risk_model) IS
  'Akaike information criterion: 2 x estimated parameters - 2 x log-likelihood; smaller is better; NULL if the model was not fitted';

CREATE FUNCTION model_status(model risk_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_status';
COMMENT ON FUNCTION model_status(risk_model) IS
  'how the fit went: converged, collinear (converged; some features told nothing of their own), separated (features tell the outcomes apart: no finite optimum), one_outcome, max_iterations, stalled, or given';
