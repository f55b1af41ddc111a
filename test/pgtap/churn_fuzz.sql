-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(8);

\set mutations 60000
\set enough 500
CREATE TEMP TABLE fuzzed AS
SELECT t AS type, f.* FROM (VALUES
  ('churn_summary', ARRAY[
    '{"period_start": "2026-01-01T00:00:00+00:00", "period_end": "2026-02-01T00:00:00.5+00:00", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}',
    '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}']),
  ('revenue_summary', ARRAY[
    '{"start": 100.05, "new": 20, "expansion": 0.001, "contraction": 0, "churn": 30, "reactivation": 0, "end": 90.051, "customers": {"new": 1, "expansion": 1, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}',
    '{"start": 1e40, "new": 0, "expansion": 0, "contraction": 0, "churn": 1e-20, "reactivation": 0, "end": 9999999999999999999999999999999999999999.99999999999999999999, "customers": {"new": 0, "expansion": 0, "contraction": 0, "churn": 1, "reactivation": 0, "unchanged": 2}}'])) v(t, seeds),
  LATERAL fuzz_type_input(t::regtype, seeds, :mutations, 3, fuzz_probes(t::regtype)) f;

\ir fuzzed.psql

SELECT finish();
ROLLBACK;
