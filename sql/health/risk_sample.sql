-- churned first, then by features; equal rows are one
CREATE TEMP TABLE customer AS
SELECT * FROM (VALUES (true, 90, 3), (false, 7, 0), (true, -1, 0), (true, 90, 3), (false, 7, NULL), (NULL, 1, 1)) v(churned, days, tickets);
SELECT risk_agg(churned, ARRAY[days, tickets]) FROM customer;
SELECT r.* FROM (SELECT risk_agg(churned, ARRAY[days, tickets]) AS s FROM customer) x, risk_rows(s) r;
SELECT jsonb_pretty(risk_agg(churned, ARRAY[days])::jsonb) FROM customer WHERE days = 90;
-- no rows, nothing but NULLs
SELECT risk_agg(churned, ARRAY[days]) IS NULL AS nobody FROM customer WHERE false;
SELECT risk_agg(churned, ARRAY[days]) IS NULL AS nobody FROM customer WHERE churned IS NULL;
SELECT risk_agg(true, NULL) IS NULL AS nobody;
SELECT risk_agg(churned, NULL::float8[]) FILTER (WHERE churned) IS NULL AS nobody FROM customer;
-- merging: the order and the parts don't show
SELECT rollup(s) = (SELECT risk_agg(i % 3 = 0, ARRAY[i % 7, i % 5]) FROM generate_series(1, 1000) i) AS same,
       rollup(s)::text = (SELECT risk_agg(i % 3 = 0, ARRAY[i % 7, i % 5])::text FROM generate_series(1, 1000) i) AS same_text
FROM (SELECT risk_agg(i % 3 = 0, ARRAY[i % 7, i % 5]) AS s FROM generate_series(1, 1000) i GROUP BY i % 13) x;
SELECT risk_agg(true, '{1}') + risk_agg(false, '{2}') + risk_agg(true, '{1}');
SELECT risk_agg(true, '{1}') = risk_agg(true, '{1.0}') AS eq, risk_agg(true, '{1}') <> risk_agg(false, '{1}') AS outcome,
       risk_agg(true, '{0}') = risk_agg(true, '{-0}') AS zero, risk_agg(true, '{1}') = risk_agg(true, '{1,0}') AS width;
SELECT count(*) AS different
FROM (SELECT s FROM (SELECT risk_agg(true, ARRAY[i]) AS s FROM generate_series(1, 5) i GROUP BY i
                     UNION ALL SELECT risk_agg(true, '{5}')) x GROUP BY s) y;
-- the array's own bounds don't matter
SELECT risk_agg(true, '[5:6]={1,2}'::float8[]) = risk_agg(true, '{1,2}') AS same;
-- support functions called by hand: the argument is a user's value, which stays as it is
SELECT s, risk_sample_accum(s, false, '{0}'), s AS unchanged,
       risk_sample_accum(s, false, '{0}') = risk_agg(churned, ARRAY[v]) AS same
FROM (SELECT risk_agg(true, '{5}') AS s) x, (VALUES (true, 5), (false, 0)) y(churned, v) GROUP BY s;
SELECT risk_sample_accum(NULL, NULL, NULL), risk_sample_accum(NULL, NULL, NULL)::text::risk_sample,
       risk_sample_final(risk_sample_accum(NULL, NULL, NULL)) IS NULL AS nobody,
       risk_sample_combine(risk_sample_accum(NULL, NULL, NULL), risk_agg(true, '{1}')) AS combined;
-- bad input
SELECT risk_agg(true, '{}');
SELECT risk_agg(true, '{{1,2},{3,4}}');
SELECT risk_agg(true, array_fill(0, ARRAY[101]));
SELECT risk_agg(true, '{1,NaN}');
SELECT risk_agg(true, '{Infinity}');
SELECT risk_agg(true, '{1e200}');
SELECT risk_agg(true, f) FROM (VALUES ('{1,2}'::float8[]), ('{1}')) v(f);
SELECT risk_agg(true, '{1}') + risk_agg(true, '{1,2}');
SELECT rollup(s) FROM (SELECT risk_agg(true, '{1}') UNION ALL SELECT risk_agg(true, '{1,2}')) v(s);
-- text that is not a sample
SELECT ''::risk_sample;
SELECT 'x'::risk_sample;
SELECT '{}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 2]]}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 2]], "stayed": [], "stayed": []}'::risk_sample;
SELECT '{"features": 2, "omitted": 0, "churned": [[1, 2]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 2]], "stayed": [[1, 2, 3]]}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[0, 2]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1.5, 2]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, "NaN"]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 1e999]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 1e200]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": -1, "churned": [[1, 2]], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 2]], "stayed": []} x'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1, 2], "stayed": []}'::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1000000000000000, 2], [1, 2]], "stayed": []}'::risk_sample;
-- in any order, with any spaces, equal rows apart
SELECT ' { "stayed":[[2,0.5e1],[ 1 , 4 ],[1,5]] , "churned" : [ ],"omitted":3,
  "features":1} '::risk_sample;
SELECT encode(risk_sample_send(risk_agg(true, '{1.5}') + risk_agg(false, '{2}')), 'hex');
\set VERBOSITY sqlstate
SELECT risk_agg(true, '{}');
SELECT risk_agg(true, '{Infinity}');
SELECT ''::risk_sample;
SELECT '{"features": 1, "omitted": 0, "churned": [[1000000000000000, 2], [1, 2]], "stayed": []}'::risk_sample;
-- an aggregate that anybody makes, without our final function: rows as they came are the same value
CREATE AGGREGATE pg_temp.raw_risk(boolean, float8[]) (SFUNC = risk_sample_accum, STYPE = risk_sample);
SELECT r = s AS equal, r::text = s::text AS same_text, risk_sample_send(r) = risk_sample_send(s) AS same_bytes, risk_fit(r)::text = risk_fit(s)::text AS same_fit
  FROM (SELECT pg_temp.raw_risk(b, x) AS r, risk_agg(b, x) AS s FROM (SELECT g % 4 = 0 AS b, ARRAY[(g % 11)::float8] AS x FROM generate_series(1, 200) g) t) u;
