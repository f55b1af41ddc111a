--
-- value: models of purchases and spend (docs/value.md)
--

@use stored_type
name = clv_model
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = a fitted model of purchases (and of spend): parameters, covariance, log-likelihood, how the fit ended, unit of time; read by parameters(), p_alive(), expected_purchases(), cltv() ...
jsonb = unit, observation window and both parts with their parameters by name
equal = same parameters, covariance and circumstances of the fit
unequal = any difference
@end

-- fitting

CREATE FUNCTION clv_fit(sample clv_sample, model text DEFAULT 'bg_nbd', spend text DEFAULT 'gamma_gamma', penalty double precision DEFAULT 0, max_iterations integer DEFAULT 200, unit interval DEFAULT '7 days', start double precision[] DEFAULT NULL) RETURNS clv_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_fit(clv_sample, text, text, double precision, integer, interval, double precision[]) IS
  'maximum-likelihood fit of model (bg_nbd, mbg_nbd, pareto_nbd, bg_bb) and spend (gamma_gamma, NULL: none); penalty times the squared logarithms of the scaled parameters is subtracted; alpha and beta come in units of time; start: parameters to begin at';
CREATE FUNCTION clv_fit_final(clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_fit_final(clv_sample) IS
  'aggregate support: the fit with all defaults';
CREATE FUNCTION sbg_fit_final(clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION sbg_fit_final(clv_sample) IS
  'aggregate support: the shifted beta-geometric fit';
CREATE FUNCTION sbg_fit(sample clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sbg_fit_final';
COMMENT ON FUNCTION sbg_fit(clv_sample) IS
  'shifted beta-geometric model of a sample of sbg_agg()';

CREATE AGGREGATE clv_fit(history purchase_summary) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_fit_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_fit(purchase_summary) IS
  'BG/NBD and Gamma-Gamma fitted to customers, one history each: clv_fit(clv_agg(history))';

CREATE AGGREGATE sbg_fit(period integer, survivors bigint) (
  SFUNC = clv_sample_accum_period,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = sbg_fit_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(integer, bigint) IS
  'shifted beta-geometric model of contracts: how many are left after each period, from period 0 (all) on';

CREATE FUNCTION make_clv_model(model text, parameters double precision[], spend_parameters double precision[] DEFAULT NULL, unit interval DEFAULT '7 days') RETURNS clv_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_clv_model(text, double precision[], double precision[], interval) IS
  'a model with stated parameters: r, alpha, a, b (bg_nbd, mbg_nbd), r, alpha, s, beta (pareto_nbd), alpha, beta, gamma, delta (bg_bb), alpha, beta (sbg); spend: p, q, v';

-- what a model says about itself

CREATE FUNCTION parameters(model clv_model, confidence double precision DEFAULT 0.95,
                           OUT name text, OUT estimate double precision, OUT std_error double precision,
                           OUT lower double precision, OUT upper double precision)
  RETURNS SETOF record LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 7 AS 'MODULE_PATHNAME', 'clv_model_parameters';
COMMENT ON FUNCTION parameters(clv_model, double precision) IS
  'one row a parameter, purchases first: estimate, standard error and confidence bounds (of its logarithm); NULL where the data does not identify it';
CREATE FUNCTION model_parts(model clv_model,
                            OUT part text, OUT model_name text, OUT status text, OUT boundary boolean, OUT n bigint,
                            OUT iterations integer, OUT gradient_norm double precision,
                            OUT log_likelihood double precision, OUT penalty double precision, OUT reason text)
  RETURNS SETOF record LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2 AS 'MODULE_PATHNAME', 'clv_model_parts';
COMMENT ON FUNCTION model_parts(clv_model) IS
  'how each part (purchases, spend) was fitted: status, boundary flag, customers, iterations, gradient norm in the logs of scaled parameters, log-likelihood, and the reason if it is not well';

CREATE FUNCTION model_status(model clv_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_status';
COMMENT ON FUNCTION model_status(clv_model) IS
  'converged, or boundary, max_iterations, stalled, no_data, stated: of the purchases, else of the spend; model_parts() says why';
CREATE FUNCTION log_likelihood(model clv_model, part text DEFAULT 'purchases') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(clv_model, text) IS
  'maximum of the log-likelihood, penalty left out, times in the unit of the model; part is purchases or spend';
CREATE FUNCTION aic(model clv_model, part text DEFAULT 'purchases') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_aic';
COMMENT ON FUNCTION aic(clv_model, text) IS
  'Akaike information criterion: 2 x parameters - 2 x log-likelihood; smaller is better';
CREATE FUNCTION time_unit(model clv_model) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_time_unit';
COMMENT ON FUNCTION time_unit(clv_model) IS
  'the unit of time of alpha and beta';
CREATE FUNCTION customers(model clv_model) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_customers';
COMMENT ON FUNCTION customers(clv_model) IS
  'customers that the model was fitted to';
CREATE FUNCTION observed_from(model clv_model) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_observed_from';
COMMENT ON FUNCTION observed_from(clv_model) IS
  'the first purchase of the sample; NULL if not known';
CREATE FUNCTION observed_until(model clv_model) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_observed_until';
COMMENT ON FUNCTION observed_until(clv_model) IS
  'the end of observation of the sample; NULL if not known';
