-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(12);

CREATE TEMP TABLE fuzzed AS
SELECT t, f.* FROM (VALUES
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
  LATERAL fuzz_type_input(t::regtype, seeds, 30000, 5, ARRAY(SELECT oid FROM pg_proc
    WHERE proargtypes::oid[] = ARRAY[t::regtype::oid] AND prokind = 'f' AND NOT proretset AND prosrc !~ '_(out|send)$'
      AND proname NOT IN ('median_lifetime'))) f;

SELECT is(text_ok + text_errors, 30000::bigint, t || ': mutations of the text form') FROM fuzzed;
SELECT is(binary_ok + binary_errors, 30000::bigint, t || ': mutations of the binary form') FROM fuzzed;
SELECT cmp_ok(text_ok, '>', 300::bigint, t || ': enough of them are valid text') FROM fuzzed;
SELECT cmp_ok(binary_ok, '>', 300::bigint, t || ': enough of them are valid bytes') FROM fuzzed;

SELECT finish();
ROLLBACK;
