-- Values of every summary type, as the extension of this version writes them: in text, on the wire and on
-- disk (little-endian machines). What a release wrote, every later one must read: test/tap/common_upgrade.pl.
--
--   tools/throwaway psql -Xq -f test/upgrade/values.sql >test/upgrade/VERSION.tsv      on the day of a release
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION customer_lifecycle;
\ir bytes_on_disk.sql
CREATE TABLE made (type text, text text, wire bytea, disk text);

INSERT INTO made SELECT 'activity_summary', v::text, activity_summary_send(v), disk_bytes(v) FROM (
  SELECT (activity_agg('2024-01-01Z'::timestamptz + i * i * interval '13 hours', 'week', 'Europe/Berlin')) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (activity_agg('2024-01-01Z', 'month', 'UTC')) AS v
  UNION ALL
  SELECT (activity_agg(t, 'day', 'UTC')) AS v FROM unnest('{2019-01-02Z,2019-03-10Z,2026-12-30Z}'::timestamptz[]) t) of_it (v);
INSERT INTO made SELECT 'churn_summary', v::text, churn_summary_send(v), disk_bytes(v) FROM (
  SELECT (churn_agg(timestamptz '2023-12-01Z' + i * interval '1 day', CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-05Z' + i * interval '1 day' END, tstzrange('2024-01-01Z', '2024-02-01Z'))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (churn_agg('-infinity'::date, 'infinity'::date, daterange('4713-01-02 BC', '294276-12-30'))) AS v
  UNION ALL
  SELECT ('{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 0, "new": 0, "returned": 0, "lost": 0, "at_end": 0, "retained": 0}'::churn_summary) AS v
  UNION ALL
  SELECT ('{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 4611686018427387903, "new": 0, "returned": 0, "lost": 0, "at_end": 4611686018427387903, "retained": 4611686018427387903}'::churn_summary) AS v) of_it (v);
INSERT INTO made SELECT 'clv_model', v::text, clv_model_send(v), disk_bytes(v) FROM (
  SELECT (clv_fit(clv_agg(make_purchase_summary(i % 4, CASE WHEN i % 4 = 0 THEN interval '0' ELSE i % 9 * interval '20 days' END, '270 days', CASE WHEN i % 4 > 0 THEN i END)))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (make_clv_model('bg_nbd', '{0.243,4.414,0.793,2.426}', '{6.25,3.74,15.45}', '7 days')) AS v
  UNION ALL
  SELECT (make_clv_model('pareto_nbd', '{0.55,10.58,0.61,11.67}', NULL, '7 days')) AS v
  UNION ALL
  SELECT (make_clv_model('mbg_nbd', '{0.5,6,1,2}', NULL, '1 day')) AS v
  UNION ALL
  SELECT (make_clv_model('bg_bb', '{1.2,0.75,0.66,2.78}', NULL, '1 year')) AS v
  UNION ALL
  SELECT (make_clv_model('sbg', '{0.7,1.2}')) AS v
  UNION ALL
  SELECT (make_clv_model('bg_nbd', '{1e-10,1e10,1e-10,1e10}', '{1e-5,1.00001,1e5}', '1 microsecond')) AS v
  UNION ALL
  SELECT (make_clv_model('pareto_nbd', '{1e5,1e-5,1e5,1e-5}', NULL, '10000 days')) AS v) of_it (v);
INSERT INTO made SELECT 'clv_sample', v::text, clv_sample_send(v), disk_bytes(v) FROM (
  SELECT (clv_agg(make_purchase_summary(i % 4, CASE WHEN i % 4 = 0 THEN interval '0' ELSE i % 9 * interval '20 days' END, '270 days', CASE WHEN i % 4 > 0 THEN i END))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (clv_agg(make_purchase_summary(0, '0', '0'))) AS v
  UNION ALL
  SELECT (clv_agg(make_purchase_summary(0, '0', '1 day'), 9007199254740991)) AS v
  UNION ALL
  SELECT (sbg_agg(i, 1000 / i)) AS v FROM generate_series(1, 8) i
  UNION ALL
  SELECT (sbg_agg(1, 5)) AS v) of_it (v);
INSERT INTO made SELECT 'cohort_summary', v::text, cohort_summary_send(v), disk_bytes(v) FROM (
  SELECT (cohort_agg(a)) AS v FROM (SELECT activity_agg('2024-01-01Z'::timestamptz + i * i % 150 * interval '1 day', 'month', 'UTC') AS a FROM generate_series(1, 60) i GROUP BY i % 20) x
  UNION ALL
  SELECT (cohort_agg(activity_agg)) AS v FROM (SELECT activity_agg('2024-01-01Z', 'day', 'UTC')) x) of_it (v);
INSERT INTO made SELECT 'cox_model', v::text, cox_model_send(v), disk_bytes(v) FROM (
  SELECT (cox_fit(cox_agg(i % 13 + 1::float8, i % 3 > 0, ARRAY[i % 2, sqrt(i)]))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (cox_fit(cox_agg(i::float8, true, ARRAY[i]))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT ('{"ties": "breslow", "status": "monotone", "iterations": 30, "customers": 20, "events": 20, "log_likelihood_null": -42.3, "log_likelihood": -30.2, "concordance": "NaN", "names": ["x", "y"], "coefficients": [1e300, "NaN"], "covariances": ["NaN", "NaN", "NaN", 1]}'::cox_model) AS v) of_it (v);
INSERT INTO made SELECT 'cox_sample', v::text, cox_sample_send(v), disk_bytes(v) FROM (
  SELECT (cox_agg(i % 13 + 1::float8, i % 3 > 0, ARRAY[i % 2, sqrt(i)])) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (cox_agg(1, true, ARRAY[1e150], 0, 1e15)) AS v
  UNION ALL
  SELECT (cox_agg(i::float8, true, ARRAY[i])) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (cox_agg(1, false, '{0}')) AS v) of_it (v);
INSERT INTO made SELECT 'funnel_state', v::text, funnel_state_send(v), disk_bytes(v) FROM (
  SELECT ('{"steps": 3, "within": [1, 7, 3600000000], "at": [0, 5, 3600000000, -9223372036854775808], "satisfies": [1, 3, 7, 4]}'::funnel_state) AS v
  UNION ALL
  SELECT ('{"steps": 32, "within": null, "at": [9223372036854775807, 5], "satisfies": [4294967295, 1]}'::funnel_state) AS v
  UNION ALL
  SELECT ('{"steps": 1, "within": [0, 0, 0], "at": [], "satisfies": []}'::funnel_state) AS v
  UNION ALL
  SELECT ('{"steps": 2, "within": [2147483647, 2147483647, 9223372036854775807], "at": [9223371331199999999, -211813488000000000], "satisfies": [1, 2]}'::funnel_state) AS v) of_it (v);
INSERT INTO made SELECT 'health_summary', v::text, health_summary_send(v), disk_bytes(v) FROM (
  SELECT (health_agg(100.0 / i, 1.0 / i, (enum_range(NULL::cls_pillar))[1 + i % 5], 'measure ' || i)) AS v FROM generate_series(1, 6) i
  UNION ALL
  SELECT (health_agg(NULL::float8, 1)) AS v
  UNION ALL
  SELECT (health_agg(0, 1e100)) AS v
  UNION ALL
  SELECT (health_agg(100, 1e-100)) AS v) of_it (v);
INSERT INTO made SELECT 'journey_summary', v::text, journey_summary_send(v), disk_bytes(v) FROM (
  SELECT (journey_agg('2024-01-01Z'::timestamptz + i * interval '7 hours', (ARRAY['visit', 'purchase', 'a', 'b'])[1 + i % 4], NULLIF('c' || i % 3, 'c0'))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (journey_agg('2024-01-01Z', 'visit')) AS v
  UNION ALL
  SELECT (journey_agg('2024-01-01Z'::timestamptz, repeat('z', i * 3))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT ('{"max_length": 2, "cut": 9223372036854775807, "touchpoints": [["-infinity", "a", "b"], ["infinity", "a \"quoted\" one"]]}'::journey_summary) AS v
  UNION ALL
  SELECT ('{"max_length": 10, "cut": 0, "touchpoints": [["4713-01-01T00:00:00Z BC", "visit", "email"], ["294276-12-31T23:59:59.999999Z", "purchase"]]}'::journey_summary) AS v) of_it (v);
INSERT INTO made SELECT 'path_summary', v::text, path_summary_send(v), disk_bytes(v) FROM (
  SELECT (path_agg(ARRAY['c' || i % 3, 'c' || i % 7, 'c' || i % 2], i % 3 = 0)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (path_agg('{}', true)) AS v
  UNION ALL
  SELECT ('{"paths": [["email", "social"], ["email"], []], "conversions": [3, 1, 9223372036854775807], "nulls": [0, 2, 1]}'::path_summary) AS v
  UNION ALL
  SELECT (path_agg(ARRAY['channel ' || i], true)) AS v FROM generate_series(1, 60) i) of_it (v);
INSERT INTO made SELECT 'purchase_summary', v::text, purchase_summary_send(v), disk_bytes(v) FROM (
  SELECT (observe(purchase_agg(timestamptz '2023-01-01Z' + i * interval '17 days', i * 1.5), '2024-06-01Z')) AS v FROM generate_series(1, 9) i
  UNION ALL
  SELECT (observe(purchase_agg('2024-01-01Z'), '2024-01-01Z')) AS v
  UNION ALL
  SELECT (purchase_agg(timestamptz '2023-01-01Z' + i * interval '17 days', i * 1.5)) AS v FROM generate_series(1, 9) i
  UNION ALL
  SELECT (purchase_agg('2024-01-01Z')) AS v
  UNION ALL
  SELECT (purchase_agg('2024-01-01Z', -5)) AS v
  UNION ALL
  SELECT (purchase_agg('4713-01-01Z BC', 1e30)) AS v
  UNION ALL
  SELECT (purchase_agg(timestamptz '2023-01-01Z' + i * interval '1 hour', 1, '15 minutes', 'Europe/Berlin')) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (make_purchase_summary(2, '213 days', '272 days', 35.17)) AS v
  UNION ALL
  SELECT (make_purchase_summary(0, '0', '0')) AS v
  UNION ALL
  SELECT (make_purchase_summary(2147483646, '100000 days', '100001 days', 1e20)) AS v) of_it (v);
INSERT INTO made SELECT 'rating_summary', v::text, rating_summary_send(v), disk_bytes(v) FROM (
  SELECT (rating_agg((i * 7 % 11)::int)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (rating_agg(i % 5 + 1, 1, 5)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (rating_agg(0)) AS v
  UNION ALL
  SELECT ('{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9223372036854775807]}'::rating_summary) AS v
  UNION ALL
  SELECT ('{"scale": [-3, -2], "counts": [9223372036854775806, 1]}'::rating_summary) AS v
  UNION ALL
  SELECT ('{"scale": [1, 7], "counts": [0, 0, 0, 0, 0, 0, 0]}'::rating_summary) AS v) of_it (v);
INSERT INTO made SELECT 'revenue_summary', v::text, revenue_summary_send(v), disk_bytes(v) FROM (
  SELECT (revenue_agg(i % 4 * 10.5, i % 5 * 9.25, i % 3 = 0)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (revenue_agg(0, 0, false)) AS v
  UNION ALL
  SELECT (revenue_agg(1e20, 1e-15, true)) AS v
  UNION ALL
  SELECT (revenue_agg(1e60, 1, true)) AS v) of_it (v);
INSERT INTO made SELECT 'risk_model', v::text, risk_model_send(v), disk_bytes(v) FROM (
  SELECT (risk_fit(risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2]))) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (make_risk_model(-2, '{0.03, 0.4}', '{days,tickets}', '{30,1.5}')) AS v
  UNION ALL
  SELECT (make_risk_model(1e300, '{1e300,-1e300}')) AS v
  UNION ALL
  SELECT (risk_fit(risk_agg(true, ARRAY[i]))) AS v FROM generate_series(1, 3) i) of_it (v);
INSERT INTO made SELECT 'risk_sample', v::text, risk_sample_send(v), disk_bytes(v) FROM (
  SELECT (risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2])) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (risk_agg(true, ARRAY[1e140])) AS v
  UNION ALL
  SELECT (risk_agg(i % 2 = 0, ARRAY[i, 2 * i, 1])) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT ('{"features": 0, "omitted": 12, "churned": [], "stayed": []}'::risk_sample) AS v) of_it (v);
INSERT INTO made SELECT 'stage_timeline', v::text, stage_timeline_send(v), disk_bytes(v) FROM (
  SELECT (stage_agg((enum_range(NULL::lifecycle_stage))[1 + i % 8], timestamptz '2023-01-01Z' + i * interval '1 month')) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (stage_agg('awareness', '2024-01-01Z')) AS v
  UNION ALL
  SELECT ('{"changes": []}'::stage_timeline) AS v
  UNION ALL
  SELECT ('{"changes": [["4714-11-24T00:00:00Z BC", "retention"], ["294276-12-31T23:59:59.999999Z", "churned"]]}'::stage_timeline) AS v) of_it (v);
INSERT INTO made SELECT 'survival_curve', v::text, survival_curve_send(v), disk_bytes(v) FROM (
  SELECT (survival_agg(i % 17, i % 3 > 0)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT (survival_agg(i * interval '11 days', i % 3 > 0, NULL, i::float8)) AS v FROM generate_series(1, 60) i
  UNION ALL
  SELECT ('{"unit": "day", "durations": [], "events": [], "censored": [], "entered": []}'::survival_curve) AS v
  UNION ALL
  SELECT ('{"unit": "number", "durations": [0, 1e-300, 1e300], "events": [0.1, 1e15, 0.3], "censored": [0, 0, 7], "entered": [0, 0.3, 0]}'::survival_curve) AS v) of_it (v);

COPY made TO STDOUT;
