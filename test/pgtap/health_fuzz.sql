-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(12);

-- the accessors that take more than the value, or give rows
CREATE FUNCTION pg_temp.probe_health(h health_summary) RETURNS numeric LANGUAGE sql
  RETURN (SELECT count(*) FROM ROWS FROM (health_drivers(h), health_drivers(h, 'neutral', 0), health_measures(h)))
         + coalesce(health_score(h, 'zero', 0)::numeric + pillar_score(h, 'care', 'neutral', 0)::numeric, 0);
CREATE FUNCTION pg_temp.probe_health_merge(h health_summary) RETURNS boolean LANGUAGE sql
  RETURN h + h = h AND health_summary_accum(h, NULL, 1, 'clarity', 'x') = h;
CREATE FUNCTION pg_temp.probe_sample(s risk_sample) RETURNS text LANGUAGE sql
  RETURN (SELECT count(*) FROM risk_rows(s)) || coalesce(risk_fit(s)::text, '') || coalesce(risk_fit(s, l2 => 1)::text, '');
CREATE FUNCTION pg_temp.probe_sample_merge(s risk_sample) RETURNS boolean LANGUAGE sql
  RETURN s + s = s AND risk_sample_accum(s, true, '{1,2}') = s;
CREATE FUNCTION pg_temp.probe_model(m risk_model) RETURNS text LANGUAGE sql
  RETURN (SELECT count(*) FROM ROWS FROM (parameters(m), odds_ratios(m), churn_drivers(m, '{1,2}')))
         || coalesce(churn_probability(m, '{1,2}')::text, '');

\set mutations 100000
\set enough 1000
CREATE TEMP TABLE fuzzed AS
SELECT 'health_summary' AS type, * FROM fuzz_type_input('health_summary', ARRAY[
    '{"measures": [{"pillar": null, "measure": null, "readings": 3, "weight": [0.8, -2.7755575615628914e-17], "weighted": [52, 1.2212453270876722e-15], "missing": 1, "missing_weight": 0.2}]}',
    '{"measures": [{"pillar": "care", "measure": "csat", "readings": 2, "weight": 4, "weighted": 160, "missing": 0, "missing_weight": 0}]}',
    (SELECT health_agg(100.0 / i, 1.0 / i, (enum_range(NULL::cls_pillar))[1 + i % 5], 'measure ' || i)::text FROM generate_series(1, 6) i)],
  :mutations, 7, fuzz_probes('health_summary'))
UNION ALL
SELECT 'risk_sample', * FROM fuzz_type_input('risk_sample', ARRAY[
    '{"features": 2, "omitted": 0, "churned": [[1, 90, 3]], "stayed": [[2, 7, 0]]}',
    '{"features": 1, "omitted": 12, "churned": [[1, -1.5e-7], [70000, 3]], "stayed": []}',
    '{"features": 0, "omitted": 12, "churned": [], "stayed": []}',
    (SELECT risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2])::text FROM generate_series(1, 12) i)],
  :mutations, 8, fuzz_probes('risk_sample'))
UNION ALL
SELECT 'risk_model', * FROM fuzz_type_input('risk_model', ARRAY[
    make_risk_model(-2, '{0.03, 0.4}', '{days,tickets}', '{30,1.5}')::text,
    (SELECT risk_fit(risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2]))::text FROM generate_series(1, 100) i),
    (SELECT risk_fit(risk_agg(true, ARRAY[i]))::text FROM generate_series(1, 3) i)],
  :mutations, 9, fuzz_probes('risk_model'));

\ir fuzzed.psql
SELECT * FROM fuzzed;

SELECT finish();
ROLLBACK;
