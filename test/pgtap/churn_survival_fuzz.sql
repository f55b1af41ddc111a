-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(12);

\set mutations 30000
\set enough 300
CREATE TEMP TABLE fuzzed AS
SELECT t AS type, f.* FROM (VALUES
  ('survival_curve', ARRAY[
    '{"unit": "number", "durations": [6, 7, 9.5], "events": [3, 1, 0], "censored": [1, 0, 2], "entered": [0, 2, 0]}',
    '{"unit": "day", "durations": [], "events": [], "censored": [], "entered": []}',
    '{"unit": "day", "durations": [0, 1e-300, 1e300], "events": [0.1, 1e15, 0.3], "censored": [0, 0, 7], "entered": [0, 0.3, 0]}']),
  ('cox_sample', ARRAY[
    '{"unit": "number", "covariates": 2, "durations": [2, 16], "churned": [1, 0], "entries": [0, 1], "weights": [1, 2.5], "values": [2.2, 0, -1.5, 0.5]}',
    '{"unit": "day", "covariates": 1, "durations": [0], "churned": [1], "entries": [0], "weights": [1e15], "values": [1e150]}']),
  ('cox_model', ARRAY[
    '{"ties": "efron", "status": "converged", "iterations": 4, "customers": 42, "events": 30, "log_likelihood_null": -93.1, "log_likelihood": -85.0, "concordance": 0.69, "names": ["placebo"], "coefficients": [1.57], "covariances": [0.17]}',
    '{"ties": "breslow", "status": "monotone", "iterations": 30, "customers": 20, "events": 20, "log_likelihood_null": -42.3, "log_likelihood": -30.2, "concordance": "NaN", "names": ["x\"1", "x2"], "coefficients": [32.3, "NaN"], "covariances": ["NaN", "NaN", "NaN", 1]}'])) v(t, seeds),
  LATERAL fuzz_type_input(t::regtype, seeds, :mutations, 5, array_remove(fuzz_probes(t::regtype), 'median_lifetime(survival_curve)'::regprocedure)) f;

\ir fuzzed.psql

SELECT finish();
ROLLBACK;
