SET extra_float_digits = 0;
-- GA: 2 conversions, 1 null; mailing: 1; GA > mailing: 1. p = 0.8
CREATE TEMP TABLE path (path text[], conversions bigint, nulls bigint);
INSERT INTO path VALUES ('{GA}', 2, 1), ('{mailing}', 1, 0), ('{GA,mailing}', 1, 0);
SELECT path_agg(path, conversions, nulls) FROM path;
SELECT * FROM markov_attribution((SELECT path_agg(path, conversions, nulls) FROM path));
SELECT * FROM shapley_attribution((SELECT path_agg(path, conversions, nulls) FROM path));
-- a > b: 3 conversions, 1 null; a > c: 1 and 1: effects 1, 0.75, 0.25
SELECT * FROM markov_attribution('{"paths": [["a", "b"], ["a", "c"]], "conversions": [3, 1], "nulls": [1, 1]}');
-- a: 4, a > b: 6: 7 and 3
SELECT * FROM shapley_attribution('{"paths": [["a"], ["a", "b"]], "conversions": [4, 6], "nulls": [0, 0]}');
-- repeats of a channel change nothing; loops between channels do
SELECT * FROM markov_attribution('{"paths": [["GA", "GA"], ["mailing"], ["GA", "mailing", "mailing"]], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}');
SELECT * FROM shapley_attribution('{"paths": [["a", "a"], ["a", "b", "a"]], "conversions": [4, 6], "nulls": [0, 0]}');
-- loops, worked out by hand: a is left 4 times, for a conversion 3 times and for b once; b is left for
-- a only, and 1 of 3 journeys begin there: p = 1; all is lost without a, and without b 2/3 * 3/4 is left
SELECT * FROM markov_attribution('{"paths": [["a"], ["a", "b", "a"], ["b", "a"]], "conversions": [1, 1, 1], "nulls": [0, 0, 0]}');
-- no conversions; a conversion of nobody; nothing at all
SELECT * FROM markov_attribution('{"paths": [["a"], ["a", "b"]], "conversions": [0, 0], "nulls": [4, 1]}');
SELECT * FROM markov_attribution('{"paths": [[], ["a"]], "conversions": [2, 1], "nulls": [5, 0]}');
SELECT * FROM shapley_attribution('{"paths": [[], ["a"]], "conversions": [2, 1], "nulls": [5, 0]}');
SELECT * FROM markov_attribution('{"paths": [], "conversions": [], "nulls": []}');
-- one journey a row
SELECT path_agg(p, c) FROM (VALUES ('{a,b}'::text[], true), ('{a,b}', false), ('{a}', true), (NULL, true), ('{c}', NULL), ('{a,NULL,b}', true)) v(p, c);
SELECT path_agg(p, c, n) FROM (VALUES ('{b}'::text[], 0, 0), ('{a}', NULL, 3), (NULL, 1, 1)) v(p, c, n);
SELECT path_agg(path, conversions, nulls) FROM path WHERE false;
-- merging, equality, hashing, jsonb; thousands of paths, over and over
SELECT a + b = whole AS sum_is_whole, a = b AS parts_equal, a <> b AS differ, whole::jsonb -> 'conversions' AS conversions
FROM (SELECT path_agg(path, conversions, nulls) FILTER (WHERE nulls = 0) AS a, path_agg(path, conversions, nulls) FILTER (WHERE nulls > 0) AS b, path_agg(path, conversions, nulls) AS whole FROM path) x;
SELECT rollup(p) = (SELECT path_agg(path, conversions, nulls) FROM path) AS rolled_up FROM (SELECT path_agg(path, conversions, nulls) AS p FROM path GROUP BY path) x;
SELECT count(*) FROM (SELECT DISTINCT path_agg(path, conversions, nulls) FROM path, generate_series(1, 3) g GROUP BY g) x;
SELECT count(*), sum(conversions), sum(nulls), max(conversions) FROM (SELECT path_agg(ARRAY['c' || n % 7, 'c' || n % 11, 'c' || n % 13], n % 3 = 0) AS p FROM generate_series(1, 30030) n) x, path_counts(p);
SELECT * FROM path_counts((SELECT path_agg(path, conversions, nulls) FROM path));
-- against the textbook: the effects by the definition, on a chain of 6 channels with loops
CREATE FUNCTION pg_temp.converts(removed int) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE v double precision[] := array_fill(0.0::double precision, ARRAY[7]); w double precision[]; BEGIN
  -- value iteration over the counts of pg_temp.chain, which converges since every path ends
  FOR step IN 1..2000 LOOP
    SELECT array_agg(coalesce((SELECT sum(n * CASE WHEN target = 100 THEN 1 WHEN target = 101 OR target = removed THEN 0 ELSE v[target + 1] END) / sum(n) FROM chain WHERE source = i), 0) ORDER BY i) INTO w FROM generate_series(0, 6) i;
    v := w;
  END LOOP;
  RETURN v[1]; END $$;
CREATE TEMP TABLE walk AS SELECT ARRAY(SELECT 'c' || (1 + (n * n + k * (n % 17) + k * k) % 6) FROM generate_series(0, n % 6) k) AS path, n % 3 AS conversions, 1 + n % 4 AS nulls FROM generate_series(1, 40) n;
CREATE TEMP TABLE chain AS
SELECT source, target, sum(n) AS n FROM (
  SELECT coalesce(substr(path[i], 2)::int, 0) AS source, CASE WHEN i < cardinality(path) THEN substr(path[i + 1], 2)::int ELSE 100 END AS target, CASE WHEN i < cardinality(path) THEN conversions + nulls ELSE conversions END AS n FROM walk, generate_series(0, cardinality(path)) i
  UNION ALL SELECT substr(path[cardinality(path)], 2)::int, 101, nulls FROM walk) x GROUP BY 1, 2;
SELECT channel, abs(removal_effect - (1 - pg_temp.converts(substr(channel, 2)::int) / pg_temp.converts(-1))) < 1e-12 AS as_defined FROM markov_attribution((SELECT path_agg(path, conversions, nulls) FROM walk));
SELECT abs(sum(credit) - (SELECT sum(conversions) FROM walk)) < 1e-9 AS all_of_them FROM markov_attribution((SELECT path_agg(path, conversions, nulls) FROM walk));
-- Shapley by its definition, over all coalitions of the 6 channels
WITH s AS (SELECT m, ARRAY(SELECT 'c' || i FROM generate_series(1, 6) i WHERE (m >> (i - 1)) & 1 = 1) AS channels FROM generate_series(0, 63) m),
     v AS (SELECT m, cardinality(channels) AS size, (SELECT coalesce(sum(conversions), 0) FROM walk WHERE path <@ channels) AS worth FROM s),
     shapley AS (SELECT 'c' || i AS channel, sum(factorial(a.size)::float8 * factorial(5 - a.size)::float8 / factorial(6)::float8 * (b.worth - a.worth)::float8) AS credit
                 FROM generate_series(1, 6) i JOIN v a ON (a.m >> (i - 1)) & 1 = 0 JOIN v b ON b.m = a.m | (1 << (i - 1)) GROUP BY i)
SELECT channel, abs(a.credit - b.credit) < 1e-9 AS as_defined FROM shapley a JOIN shapley_attribution((SELECT path_agg(path, conversions, nulls) FROM walk)) b USING (channel) ORDER BY channel;
-- mistakes
SELECT path_agg(path, -1, 0) FROM path;
SELECT path_agg(ARRAY[repeat('x', 1024 * 1024)], true);
SELECT * FROM shapley_attribution((SELECT path_agg(ARRAY['c' || n], true) FROM generate_series(1, 501) n));
SELECT '{"paths": [["a"]], "conversions": [1, 2], "nulls": [0]}'::path_summary;
SELECT '{"paths": ["a"], "conversions": [1], "nulls": [0]}'::path_summary;
SELECT '{"paths": [[1]], "conversions": [1], "nulls": [0]}'::path_summary;
SELECT '{"paths": [["a"]], "conversions": [-1], "nulls": [0]}'::path_summary;
