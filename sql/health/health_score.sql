-- weights and scores of SEMANTICS: 40.1228070175 of 100
SELECT round(((health_score(s, w) - 1) / 9 * 100)::numeric, 10) AS weighted_mean
FROM (VALUES (47, 20), (59, 15), (21, 22)) v(s, w);
-- a missing measure: left out, counted as 0, counted as 50
CREATE TEMP TABLE measured AS
SELECT * FROM (VALUES (80, 0.4), (60, 0.3), (NULL, 0.2), (20, 0.1)) v(score, weight);
SELECT round(health_score(h)::numeric, 12) AS renormalise,
       round(health_score(h, missing => 'zero')::numeric, 12) AS zero,
       round(health_score(h, missing => 'neutral')::numeric, 12) AS neutral,
       health_coverage(h), health_band(health_score(h))
FROM (SELECT health_agg(score, weight) AS h FROM measured) m;
SELECT round(health_score(score, weight)::numeric, 12) AS one_step FROM measured;
-- too little is known: half of the weight is enough, less isn't; the caller may decide otherwise
SELECT x.w AS missing_weight, health_score(h), health_coverage(h),
       health_score(h, min_coverage => 0) AS anyway, health_score(h, min_coverage => 1) AS nothing_missing
FROM (VALUES (0.7), (0.71)) x(w),
     LATERAL (SELECT health_agg(s, v.w) AS h FROM (VALUES (100, 0.4), (100, 0.3), (NULL, x.w)) v(s, w)) a;
-- no rows, no weights, weights of 0, nothing known
SELECT health_score(s, w), health_agg(s, w) IS NULL AS nothing FROM (VALUES (50, 1)) v(s, w) WHERE false;
SELECT health_score(50, NULL), health_agg(50, NULL) IS NULL AS nothing;
SELECT health_score(50, 0), health_coverage(health_agg(50, 0)), health_agg(50, 0);
SELECT health_score(NULL, 1), health_coverage(health_agg(NULL, 1)),
       health_score(health_agg(NULL, 1), 'renormalise', 0) AS renormalise,
       health_score(health_agg(NULL, 1), 'zero', 0) AS zero,
       health_score(health_agg(NULL, 1), 'neutral', 0) AS neutral;
SELECT health_score(s, w) FILTER (WHERE s > 50), health_score(s, w) FILTER (WHERE s > 100) AS none
FROM (VALUES (100, 1), (0, 1)) v(s, w);
-- the ends of the scale are exact
SELECT health_score(100, 0.1) AS best, health_score(0, 0.1) AS worst;
-- named measures and pillars
CREATE TEMP TABLE reading AS
SELECT * FROM (VALUES
  (72.5, 3, 'care'::cls_pillar, 'days silent'), (40, 2, 'care', 'csat'), (NULL, 2, 'collaboration', 'nps'),
  (90, 1, 'convenience', 'tickets'), (10, 2, 'consistency', 'purchases'), (55, 1, NULL, 'other')
) v(score, weight, pillar, measure);
SELECT health_score(h), health_coverage(h), pillar_score(h, 'care') AS care,
       pillar_score(h, 'collaboration') AS collaboration, pillar_score(h, 'clarity') AS clarity,
       pillar_score(h, 'collaboration', missing => 'neutral', min_coverage => 0) AS neutral
FROM (SELECT health_agg(score, weight, pillar, measure) AS h FROM reading) r;
SELECT health_agg(score, weight, pillar) = health_agg(score, weight, pillar, measure) AS same,
       health_score(health_agg(score, weight, pillar)) = health_score(score, weight) AS same_score
FROM reading;
SELECT jsonb_pretty(health_agg(score, weight, pillar, measure)::jsonb) FROM reading WHERE pillar = 'care';
-- the same measure twice is read twice; merging is measure by measure
SELECT health_agg(s, 1, 'care', 'csat') FROM generate_series(0, 100, 50) s;
SELECT rollup(h) = health_agg(s, 1, 'care', 'csat') AS same
FROM (SELECT s, health_agg(s, 1, 'care', 'csat') AS h FROM generate_series(0, 100, 50) s GROUP BY s) x;
SELECT health_agg(10, 1, 'care', 'a') + health_agg(NULL, 2, NULL, 'ä "quoted"');
SELECT rollup(h) IS NULL AS nothing FROM (SELECT health_agg(1, 1) AS h) x WHERE false;
-- equality and grouping
SELECT count(*) AS different
FROM (SELECT h FROM (SELECT health_agg(s, 1) AS h FROM generate_series(1, 6) s GROUP BY s
                     UNION ALL SELECT health_agg(6, 1)) x GROUP BY h) y;
SELECT health_agg(1, 1) = health_agg(1, 2) AS eq, health_agg(1, 1) <> health_agg(1, 2) AS ne,
       health_agg(1, 1) = health_agg(1, 1, 'care') AS pillar, health_agg(1, 1) <> health_agg(NULL, 1) AS missing,
       health_agg(1, 1, NULL, 'a') = health_agg(1, 1, NULL, 'b') AS name,
       health_agg(1, 1, NULL, '') = health_agg(1, 1, NULL, NULL) AS empty_name,
       health_agg(-0.0, -0.0) = health_agg(0, 0) AS zero;
-- support functions called by hand: the argument is a user's value, which stays as it is
SELECT h, health_summary_accum(h, 0, 1, 'care', 'new'), h AS unchanged
FROM (SELECT health_agg(10, 1, 'care', 'a') AS h) x;
SELECT health_summary_accum(NULL, 10, 1) = health_agg(10, 1) AS same, health_summary_accum(NULL, 10, NULL) IS NULL AS nothing;
-- bad input
SELECT health_score(100.5, 1);
SELECT health_score(-1, 1);
SELECT health_score('NaN', 1);
SELECT health_score('Infinity', 1);
SELECT health_score(50, -1);
SELECT health_score(50, 'NaN');
SELECT health_score(50, 'Infinity');
SELECT health_score(NULL, -1);
SELECT health_agg(50, 1, 'happiness');
SELECT health_agg(50, 1, 'care', repeat('x', 256));
SELECT health_score(health_agg(i % 100, 1, 'care', 'm' || i)) FROM generate_series(1, 1000) i;
SELECT health_agg(i % 100, 1, 'care', 'm' || i) FROM generate_series(1, 1001) i;
SELECT health_score(health_agg(50, 1), missing => 'guess');
SELECT health_score(health_agg(50, 1), min_coverage => 1.5);
SELECT health_score(health_agg(50, 1), min_coverage => 'NaN');
SELECT pillar_score(health_agg(50, 1), 'happiness');
-- text that is not a summary
SELECT '{"measures": []}'::health_summary;
SELECT '{}'::health_summary;
SELECT '[]'::health_summary;
SELECT 'x'::health_summary;
SELECT '{"measures": [1]}'::health_summary;
SELECT '{"measures": [{}]}'::health_summary;
SELECT '{"measures": 1}'::health_summary;
CREATE FUNCTION pg_temp.summary(p text, r text, w text, ws text, m text, mw text) RETURNS health_summary AS $$
  SELECT format('{"measures": [{"pillar": %s, "measure": null, "readings": %s, "weight": %s, "weighted": %s, "missing": %s, "missing_weight": %s}]}',
                p, r, w, ws, m, mw)::health_summary $$ LANGUAGE sql;
SELECT pg_temp.summary('"care"', '1', '1', '100', '0', '0');
SELECT pg_temp.summary('"joy"', '1', '1', '100', '0', '0');
SELECT pg_temp.summary('null', '1', '1', '101', '0', '0');
SELECT pg_temp.summary('null', '0', '1', '1', '1', '1');
SELECT pg_temp.summary('null', '0', '0', '0', '0', '0');
SELECT pg_temp.summary('null', '1', '-1', '0', '0', '0');
SELECT pg_temp.summary('null', '1', '"NaN"', '0', '0', '0');
SELECT pg_temp.summary('null', '1', '"Infinity"', '0', '0', '0');
SELECT pg_temp.summary('null', '1', '[1, 0.5]', '1', '0', '0');
SELECT pg_temp.summary('null', '1', '[1]', '1', '0', '0');
SELECT pg_temp.summary('null', '1.5', '1', '1', '0', '0');
SELECT pg_temp.summary('null', '-1', '1', '1', '0', '0');
SELECT pg_temp.summary('null', '1e30', '1', '1', '0', '0');
SELECT ('{"measures": [' || m || ', ' || m || ']}')::health_summary
FROM (VALUES ('{"pillar": "care", "measure": "a", "readings": 1, "weight": 1, "weighted": 1, "missing": 0, "missing_weight": 0}')) v(m);
SELECT pg_temp.summary('null', '1000000000000000', '1', '1', '0', '0') + health_agg(1, 1);
-- binary
SELECT encode(health_summary_send(health_agg(score, weight, pillar, measure)), 'hex') FROM reading WHERE measure = 'csat';
\set VERBOSITY sqlstate
SELECT health_score(101, 1);
SELECT health_score(1, -1);
SELECT health_score(health_agg(50, 1), missing => 'guess');
SELECT health_agg(50, 1, 'care', repeat('x', 256));
SELECT '{"measures": []}'::health_summary;

-- thirds that add up to 7 are green
SELECT health_score(h) AS score, health_band(health_score(h)) AS band
  FROM (SELECT health_agg(normalize_measure(x, 6, 9), w) AS h FROM (VALUES (10, 4), (8, 3), (5, 2)) v (x, w)) m;
