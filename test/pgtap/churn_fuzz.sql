-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(8);

CREATE TEMP TABLE fuzzed AS
SELECT t, f.* FROM (VALUES
  ('churn_summary', ARRAY[
    '{"period_start": "2026-01-01T00:00:00+00:00", "period_end": "2026-02-01T00:00:00.5+00:00", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}',
    '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}']),
  ('revenue_summary', ARRAY[
    '{"start": 100.05, "new": 20, "expansion": 0.001, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90.051, "customers": {"new": 1, "expansion": 1, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}',
    '{"start": 1e40, "new": 0, "expansion": 0, "contraction": 0, "churn": 1e-20, "reactivation": 0, "end": 9999999999999999999999999999999999999999.99999999999999999999, "customers": {"new": 0, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'])) v(t, seeds),
  LATERAL fuzz_type_input(t::regtype, seeds, 60000, 3, ARRAY(SELECT oid FROM pg_proc
    WHERE proargtypes::oid[] = ARRAY[t::regtype::oid] AND prokind = 'f' AND NOT proretset AND prosrc !~ '_(out|send)$')) f;

SELECT is(text_ok + text_errors, 60000::bigint, t || ': mutations of the text form') FROM fuzzed;
SELECT is(binary_ok + binary_errors, 60000::bigint, t || ': mutations of the binary form') FROM fuzzed;
SELECT cmp_ok(text_ok, '>', 500::bigint, t || ': enough of them are valid text') FROM fuzzed;
SELECT cmp_ok(binary_ok, '>', 500::bigint, t || ': enough of them are valid bytes') FROM fuzzed;

SELECT finish();
ROLLBACK;
