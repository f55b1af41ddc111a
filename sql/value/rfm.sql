SET DATESTYLE = ISO;
-- 1..10 orders: F = 1,1,2,2,3,3,4,4,5,5
SELECT string_agg(f::text, ',' ORDER BY orders) FROM (SELECT orders, rfm_score(orders) OVER (ORDER BY orders) AS f FROM generate_series(1, 10) orders) s;
-- recency: the shorter ago the better
SELECT string_agg(r::text, ',' ORDER BY days) FROM (SELECT days, rfm_score(days) OVER (ORDER BY days DESC) AS r FROM generate_series(1, 10) days) s;
-- all equal: all 1; 85 % one-time buyers are 1, not 5
SELECT DISTINCT rfm_score(1) OVER (ORDER BY 1) FROM generate_series(1, 10);
SELECT orders, f, count(*) FROM (SELECT orders, rfm_score(orders) OVER (ORDER BY orders) AS f FROM (SELECT CASE WHEN i <= 85 THEN 1 ELSE i - 83 END AS orders FROM generate_series(1, 100) i) o) s
WHERE orders < 5 GROUP BY 1, 2 ORDER BY 1;
-- the formula, by rank(), for any number of buckets and in partitions
SELECT bool_and(s = 1 + floor(b * (k - 1.0) / n)) FROM (
  SELECT b, rfm_score(v, b) OVER w AS s, rank() OVER w AS k, count(*) OVER (PARTITION BY b, p) AS n
  FROM (SELECT i % 3 AS p, (i * 7919) % 23 AS v FROM generate_series(1, 200) i) d, unnest(ARRAY[1, 2, 4, 10]) b WINDOW w AS (PARTITION BY b, p ORDER BY v)) s;
-- any type, in pieces of a moved window, NULL
SELECT v, rfm_score(v) OVER (ORDER BY v NULLS FIRST) FROM unnest(ARRAY['2024-01-01'::date, '2024-03-01', NULL, '2024-02-01']) v ORDER BY v;
SELECT v, rfm_score(v, buckets => 3) OVER (ORDER BY v) FROM unnest(ARRAY[10.5, 3.25, 7]) v;
-- without an order nobody ranks before anybody
SELECT v, rfm_score(v) OVER (), rank() OVER () FROM unnest(ARRAY[30, 10, 20]) v;
SELECT rfm_score(1, 0) OVER ();
SELECT rfm_score(1, NULL::int) OVER ();
SELECT rfm_score(1, 1001) OVER ();
-- own breaks
SELECT v, rfm_score(v, '{2, 3, 5, 10}') FROM unnest(ARRAY[-1, 1, 2, 4.99, 5, 10, 1e9, 'Infinity', NULL]::float8[]) v;
SELECT rfm_score(3.0, '{}'::float8[]), rfm_score(3::float8, NULL::float8[]);
SELECT rfm_score('NaN'::float8, '{1}'::float8[]);
SELECT rfm_score(3::float8, '{2, 2}'::float8[]);
SELECT rfm_score(3::float8, '{2, NULL}'::float8[]);
SELECT rfm_score(3::float8, '{2, NaN}'::float8[]);
SELECT rfm_score(3::float8, '{{1, 2}, {3, 4}}'::float8[]);
-- segments: everyone has one
SELECT rfm_segment(r, f, m) AS segment, count(*), min(10 * r + f) AS least_rf, max(10 * r + f) AS most_rf
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m GROUP BY 1 ORDER BY 4 DESC, 3 DESC;
SELECT rfm_segment(5, 5, 5), rfm_segment(5, 5, 1), rfm_segment(1, 5, 5), rfm_segment(2, 3, 1), rfm_segment(1, 1, 1), rfm_segment(NULL, 1, 1);
SELECT rfm_segment(0, 1, 1);
SELECT rfm_segment(1, 6, 1);
-- own rules, the first that fits
\set rules '[{"segment": "best", "r": [4, 5], "f": [4, 5]}, {"segment": "rich", "m": [5, 5]}, {"segment": "gone", "r": [1, 1]}]'
SELECT r, f, m, rfm_segment(r, f, m, :'rules') FROM (VALUES (5, 5, 5), (5, 1, 5), (1, 1, 5), (1, 1, 1), (3, 3, 3)) v(r, f, m);
SELECT rfm_segment(9, 1, 1, '[{"segment": "of ten", "r": [8, 10]}]'), rfm_segment(1, 1, 1, '[]');
SELECT rfm_segment(1, 1, 1, '{}');
SELECT rfm_segment(1, 1, 1, '7');
SELECT rfm_segment(1, 1, 1, '[7]');
SELECT rfm_segment(1, 1, 1, '[{"r": [1, 2]}]');
SELECT rfm_segment(1, 1, 1, '[{"segment": "x", "r": 1}]');
SELECT rfm_segment(1, 1, 1, '[{"segment": "x", "r": [1, "2"]}]');
SELECT rfm_segment(1, 1, 1, '[{"segment": "x", "R": [1, 2]}]');
