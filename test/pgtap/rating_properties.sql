-- The same answer in any order, by any plan, in any pieces, through any format.
BEGIN;
SELECT no_plan();

CREATE TABLE rated AS
SELECT i AS id, i % 37 AS grp, (hashint8(i) & 7) AS piece,
  CASE WHEN hashint8(i) % 11 = 0 THEN NULL
       ELSE (hashint8(i * 7919) & 2147483647) % (11 - i % 37 % 6) END AS score
FROM generate_series(1, 20000) i;
ANALYZE rated;

-- what each group should be, in plain SQL
CREATE TABLE expected AS
SELECT grp, 100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(score) AS nps,
  count(score) AS n, count(*) FILTER (WHERE score BETWEEN 7 AND 8) AS passives,
  avg(score) AS mean, stddev(score) AS sd,
  percentile_cont(ARRAY[0, 0.25, 0.5, 0.9, 1]) WITHIN GROUP (ORDER BY score) AS cont,
  percentile_disc(ARRAY[0, 0.25, 0.5, 0.9, 1]) WITHIN GROUP (ORDER BY score) AS disc,
  (count(*) FILTER (WHERE score >= 8))::float8 / count(score) AS top3
FROM rated GROUP BY grp;

CREATE FUNCTION differing() RETURNS SETOF integer LANGUAGE sql AS $$
  SELECT grp
  FROM expected FULL JOIN (SELECT grp, rating_agg(score) AS r, nps_agg(score) FROM rated GROUP BY grp) o USING (grp)
  WHERE abs(nps(r) - expected.nps) > 1e-9 OR nps(r) <> nps_agg OR responses(r) <> n OR passives(r) <> expected.passives
     OR promoters(r) + passives(r) + detractors(r) <> n
     OR abs(rating_mean(r) - mean) > 1e-9 OR abs(rating_sd(r) - sd) > 1e-9
     OR ARRAY(SELECT rating_quantile(r, f) FROM unnest('{0,.25,.5,.9,1}'::float8[]) f) <> cont
     OR ARRAY(SELECT rating_quantile(r, f, 'discrete')::int FROM unnest('{0,.25,.5,.9,1}'::float8[]) f) <> disc
     OR abs(csat(r, 3) - top3) > 1e-12
     OR (SELECT array_agg((d.score, d.responses) ORDER BY d.score) FROM rating_distribution(r) d) <>
        (SELECT array_agg((s, (SELECT count(*) FROM rated WHERE rated.grp = o.grp AND score = s)) ORDER BY s)
         FROM generate_series(0, 10) s)
     OR r IS NULL OR n IS NULL $$;
SELECT is_empty('SELECT differing()', 'as plain SQL has it');

CREATE TABLE summarised AS SELECT grp, rating_agg(score) AS r FROM rated GROUP BY grp;
CREATE FUNCTION total() RETURNS rating_summary LANGUAGE sql AS 'SELECT rollup(r) FROM summarised';

SELECT is((SELECT rating_agg(score)::text FROM (SELECT score FROM rated ORDER BY hashint8(id)) s), total()::text,
  'in another order');
SELECT is((SELECT rating_agg(score ORDER BY id DESC)::text FROM rated), total()::text, 'ordered within the aggregate');
SELECT is((SELECT rating_agg(score::numeric)::text FROM rated), total()::text, 'as numeric');
SELECT is((SELECT rating_agg(score::float8)::text FROM rated), total()::text, 'as double precision');
SELECT is((SELECT rating_agg(score, 0, 10)::text FROM rated), total()::text, 'with the scale declared');

-- in parallel
\ir plan_of.psql
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_leader_participation = off;
SELECT matches(plan_of('SELECT rating_agg(score), nps_agg(score) FROM rated'), 'Partial Aggregate', 'a parallel plan');
SELECT is((SELECT rating_agg(score)::text FROM rated), total()::text, 'the same in parallel');
SELECT is((SELECT rating_agg(score, 0, 10)::text FROM rated), total()::text, 'the same in parallel, scale declared');
SELECT matches(plan_of('SELECT grp, rating_agg(score) FROM rated GROUP BY grp'), 'Partial', 'groups in parallel');
SELECT is_empty('SELECT differing()', 'groups in parallel, as plain SQL has them');
SELECT results_eq('SELECT csat_mean(nullif(score, 0)), nps_agg(score) FROM rated WHERE false',
  'SELECT NULL::float8, NULL::float8', 'no rows in parallel');
SELECT matches(plan_of('SELECT rollup(r) FROM summarised'), 'Partial Aggregate', 'rollup in parallel');
SELECT is((SELECT rollup(r)::text FROM summarised), total()::text, 'rollup in parallel is the same');
SET LOCAL max_parallel_workers_per_gather = 0;

-- spilled to disk by a hash aggregate
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SELECT is((SELECT rollup(r)::text FROM (SELECT id / 4 AS g, rating_agg(score) AS r FROM rated GROUP BY 1) s), total()::text,
  'many small groups, rolled up');
RESET work_mem;
RESET enable_sort;

-- rolled up over pieces, by months and by the year
SELECT is((SELECT rollup(r)::text FROM (SELECT rating_agg(score) AS r FROM rated GROUP BY grp, piece) s), total()::text,
  'rolled up from pieces');
SELECT is((SELECT rollup(r ORDER BY hashint4(grp))::text FROM summarised), total()::text, 'rolled up in another order');
SELECT is((SELECT rollup(half)::text FROM (SELECT rollup(r) AS half FROM summarised GROUP BY grp % 2) s), total()::text,
  'rolled up twice');
SELECT is((SELECT (a.r + b.r)::text FROM (SELECT rollup(r) AS r FROM summarised WHERE grp < 10) a,
  (SELECT rollup(r) AS r FROM summarised WHERE grp >= 10) b), total()::text, 'a + b is both');
SELECT is((SELECT (b.r + a.r)::text FROM (SELECT rollup(r) AS r FROM summarised WHERE grp < 10) a,
  (SELECT rollup(r) AS r FROM summarised WHERE grp >= 10) b), total()::text, 'b + a too');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT r FROM (SELECT rating_agg(score) AS r FROM rated GROUP BY piece
  UNION ALL SELECT rollup(r) FROM (SELECT piece, rating_agg(score) AS r FROM rated GROUP BY piece, grp) s GROUP BY piece) u) d),
  8::bigint, 'equal summaries are one by DISTINCT');
SELECT results_eq('SELECT count(*) FROM (SELECT r FROM summarised UNION SELECT r FROM summarised) u',
  'SELECT count(DISTINCT r::text) FROM summarised', 'equal ones hash equal');

-- windows that move, against windows that are counted anew
CREATE TABLE moving AS SELECT * FROM rated WHERE id <= 1000;
SELECT is_empty($$
  SELECT id FROM (SELECT id,
      rating_agg(score) OVER w AS moved, nps_agg(score) OVER w AS nps, csat_mean(nullif(score, 0)) OVER w AS mean,
      (SELECT rating_agg(score) FROM moving b WHERE b.id BETWEEN a.id - 9 AND a.id) AS anew,
      (SELECT avg(nullif(score, 0)) FROM moving b WHERE b.id BETWEEN a.id - 9 AND a.id) AS avg
    FROM moving a WINDOW w AS (ORDER BY id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)) s
  WHERE moved IS DISTINCT FROM anew OR nps IS DISTINCT FROM nps(anew) OR abs(mean - avg) > 1e-9
    OR (mean IS NULL) <> (avg IS NULL) $$, 'a moving window forgets exactly');
SELECT is_empty($$
  SELECT id FROM (SELECT id, rating_agg(score, 0, 10) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS moved,
      (SELECT rating_agg(score, 0, 10) FROM moving b WHERE b.id BETWEEN a.id - 2 AND a.id - 1) AS anew FROM moving a) s
  WHERE moved IS DISTINCT FROM anew $$, 'one with its scale declared, too');

SELECT is_empty($$
  SELECT grp FROM (SELECT grp, rollup(CASE WHEN grp % 5 > 0 THEN r END) OVER (ORDER BY grp ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moved,
      (SELECT rating_agg(score) FROM rated b WHERE b.grp BETWEEN a.grp - 2 AND a.grp AND b.grp % 5 > 0) AS anew FROM summarised a) s
  WHERE moved IS DISTINCT FROM anew $$, 'rollup over a moving window');

-- through text and binary, by COPY
CREATE TABLE wide AS
SELECT rating_agg(s, -50, 50) + ('{"scale": [-50, 50], "counts": ' || to_json(array_fill(5000000000 / (s + 1), ARRAY[101])) || '}')::rating_summary AS r
FROM generate_series(0, 20) s GROUP BY s UNION ALL SELECT r FROM summarised;
SELECT is_empty('SELECT r::text FROM wide WHERE r::text::rating_summary <> r OR r::text::rating_summary::text <> r::text',
  'text reads back');
SELECT is_empty($$SELECT r::jsonb FROM wide WHERE (r::jsonb)::text::rating_summary <> r$$, 'jsonb is that text');
\set original wide
\ir copied.psql
SELECT bag_eq('SELECT r::text FROM copied', 'SELECT r::text FROM wide', 'COPY in binary and back');
SELECT is_empty('SELECT r FROM copied EXCEPT ALL SELECT r FROM wide', 'COPY: the same by =');

-- the intervals hold what they promise: simulated surveys of 40 out of 50 / 30 / 20 per cent
SELECT ok(share BETWEEN 0.93 AND 0.97, 'adjusted Wald''s 95 % hold the truth in ' || share)
FROM (SELECT avg((30 BETWEEN lower AND upper)::int) AS share
      FROM (SELECT rating_agg(CASE WHEN h < 50 THEN 9 WHEN h < 80 THEN 7 ELSE 3 END) AS r
            FROM (SELECT i, ((hashint8(i::bigint * 104729) & 2147483647) % 10000) / 100.0 AS h FROM generate_series(1, 80000) i) x
            GROUP BY i / 40) s, nps_interval(r)) covered;
SELECT ok(share BETWEEN 0.93 AND 0.98, 'Wilson''s 95 % hold the truth in ' || share)
FROM (SELECT avg((0.9 BETWEEN lower AND upper)::int) AS share
      FROM (SELECT rating_agg(CASE WHEN h < 90 THEN 5 ELSE 1 END, 1, 5) AS r
            FROM (SELECT i, ((hashint8(i::bigint * 15485863) & 2147483647) % 10000) / 100.0 AS h FROM generate_series(1, 80000) i) x
            GROUP BY i / 40) s, csat_interval(r)) covered;

-- what an aggregate of the room must have
SELECT is_empty($$
  SELECT aggfnoid FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
  WHERE aggtranstype = 'rating_summary'::regtype AND (aggcombinefn = 0 OR p.proparallel <> 's')$$,
  'every aggregate can be combined and run in parallel');
SELECT is_empty($$
  SELECT aggfnoid FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid
  WHERE aggtranstype = 'rating_summary'::regtype AND aggminvtransfn = 0$$,
  'every aggregate moves with a window');

SELECT finish();
ROLLBACK;
