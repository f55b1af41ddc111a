-- one step, two steps, rolled up
SELECT nps_agg(s) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT rating_agg(s) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT nps(rating_agg(s)) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT nps(rollup(r)) FROM (SELECT rating_agg(s) AS r FROM generate_series(0, 10) s GROUP BY s % 3) g;
-- every type of score
SELECT nps_agg(9::smallint), nps_agg(9), nps_agg(9::bigint), nps_agg(9::real),
       nps_agg(9::double precision), nps_agg(9.0);
SELECT rating_agg(5::smallint, 1, 5) = ALL (ARRAY[rating_agg(5, 1, 5), rating_agg(5::bigint, 1, 5),
       rating_agg(5::real, 1, 5), rating_agg(5::float8, 1, 5), rating_agg(5.00, 1, 5)]) AS same;
-- scales: negative scores, the widest one
SELECT rating_agg(s, -2, 2) FROM unnest('{-2,0,0,2}'::int[]) s;
SELECT responses(r), rating_mean(r) FROM (SELECT rating_agg(s, 0, 100) AS r FROM generate_series(0, 100) s) g;
SELECT lo, hi, rating_agg(s, lo, hi) FROM (VALUES (1, 1, 5), (5, 1, 5), (10, 1, 10)) v(s, lo, hi) GROUP BY lo, hi ORDER BY hi;
-- counters get wider as they fill: 255, 256, 65535, 65536
SELECT n, responses(r), pg_column_size(r) AS bytes
FROM (VALUES (1), (255), (256), (65535), (65536)) v(n),
  LATERAL (SELECT rating_agg(10) AS r FROM generate_series(1, n)) g ORDER BY n;
SELECT rollup(r) FROM (SELECT '{"scale": [1, 2], "counts": [0, 4294967295]}'::rating_summary AS r FROM generate_series(1, 2)) g;
-- + and rollup; equality; grouping; jsonb
SELECT rating_agg(3, 1, 5) + rating_agg(4, 1, 5) AS sum;
SELECT a = b AS equal, a <> b AS unequal, a = c AS with_other_scale
FROM (VALUES ('{"scale": [1, 2], "counts": [300, 1]}'::rating_summary, ' {"counts":[3e2, 1.0], "scale":[1,2]}'::rating_summary,
              '{"scale": [2, 3], "counts": [300, 1]}'::rating_summary)) v(a, b, c);
SELECT count(*) FROM (SELECT DISTINCT rating_agg(s % 3, 0, 2) FROM generate_series(1, 30) s GROUP BY s / 3) g;
SELECT (rating_agg(4, 1, 5)::jsonb) -> 'counts' -> 3 AS fours;
SELECT * FROM rating_distribution('{"scale": [1, 4], "counts": [1, 0, 4, 3]}');
SELECT * FROM rating_distribution('{"scale": [1, 2], "counts": [0, 0]}');
-- hands off what belongs to others: the support functions don't change the value they are given
SELECT r, rating_summary_accum(r, 5), rating_summary_remove(r, 4), rating_summary_combine(r, r), r AS unchanged
FROM (VALUES ('{"scale": [4, 5], "counts": [255, 255]}'::rating_summary)) v(r);
-- statistics against the server's own
SELECT rating_mean(r) = avg, round(rating_sd(r)::numeric, 12) = round(sd, 12) AS sd,
       rating_quantile(r, 0.9) = cont AS cont, rating_quantile(r, 0.9, 'discrete') = disc AS disc
FROM (SELECT rating_agg(s) AS r, avg(s)::float8 AS avg, stddev(s) AS sd,
             percentile_cont(0.9) WITHIN GROUP (ORDER BY s) AS cont,
             percentile_disc(0.9) WITHIN GROUP (ORDER BY s) AS disc
      FROM unnest('{0,1,3,3,7,8,8,9,10,10,10}'::int[]) s) g;
SELECT rating_quantile(r, 0), rating_quantile(r, 1), rating_quantile(r, 0.5), rating_quantile(r, 0.5, 'discrete')
FROM (SELECT rating_agg(s, 1, 5) AS r FROM unnest('{1,2,4,5}'::int[]) s) g;
SELECT rating_sd(rating_agg(3)), rating_quantile('{"scale": [1, 2], "counts": [9223372036854775806, 1]}', 1),
       rating_quantile('{"scale": [1, 2], "counts": [9223372036854775806, 1]}', 0.5, 'discrete');
-- what it refuses
SELECT rating_agg(s, s, 5) FROM generate_series(1, 2) s;
\echo :LAST_ERROR_SQLSTATE
SELECT rating_agg(3, NULL, 5);
\echo :LAST_ERROR_SQLSTATE
SELECT rating_agg(3, 5, 1);
SELECT rating_agg(3, 0, 101);
SELECT rating_agg(3, -2147483648, 2147483647);
SELECT rating_agg(6, 1, 5);
\echo :LAST_ERROR_SQLSTATE
SELECT rating_agg(2.5, 1, 5);
SELECT rating_agg(1e40, 1, 5);
SELECT rating_agg(3, 1, 5) + rating_agg(3, 1, 7);
\echo :LAST_ERROR_SQLSTATE
SELECT rollup(r) FROM (VALUES ('{"scale": [1, 2], "counts": [1, 1]}'::rating_summary), ('{"scale": [0, 2], "counts": [1, 1, 1]}')) v(r);
SELECT r + r FROM (VALUES ('{"scale": [1, 2], "counts": [9223372036854775806, 0]}'::rating_summary)) v(r);
\echo :LAST_ERROR_SQLSTATE
SELECT r + '{"scale": [1, 2], "counts": [0, 2]}' FROM (VALUES ('{"scale": [1, 2], "counts": [9223372036854775806, 0]}'::rating_summary)) v(r);
SELECT rating_summary_accum('{"scale": [1, 2], "counts": [9223372036854775807, 0]}', 2);
SELECT rating_summary_remove('{"scale": [1, 2], "counts": [0, 1]}', 1);
SELECT rating_summary_uncombine('{"scale": [1, 2], "counts": [300, 1]}', '{"scale": [1, 2], "counts": [299, 1]}');
SELECT rating_summary_uncombine('{"scale": [1, 2], "counts": [0, 1]}', '{"scale": [1, 2], "counts": [1, 0]}');
SELECT rating_quantile(rating_agg(3), 1.1);
SELECT rating_quantile(rating_agg(3), 'NaN');
SELECT rating_quantile(rating_agg(3), 0.5, 'nearest');
-- text
SELECT '{"scale": [1, 5]}'::rating_summary;
\echo :LAST_ERROR_SQLSTATE
SELECT '{"scale": [1, 5], "counts": [1, 2]}'::rating_summary;
SELECT '{"scale": [1, 2], "counts": [1, -2]}'::rating_summary;
SELECT '{"scale": [1, 2], "counts": [1, 1.5]}'::rating_summary;
SELECT '{"scale": [1, 2], "counts": [1, "2"]}'::rating_summary;
SELECT '{"scale": [1, 2], "counts": [9223372036854775807, 1]}'::rating_summary;
SELECT '{"scale": [1], "counts": [1, 2]}'::rating_summary;
SELECT '{"scale": 1, "counts": [1, 2]}'::rating_summary;
SELECT '[1, 2]'::rating_summary;
