-- stage_timeline against the definition in plain SQL; and any order, any plan, any pieces, any form: the same value.
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';

-- 2000 customers with up to 30 changes in no order: few instants, so that many coincide, and few stages, so that many repeat
CREATE TABLE change AS
SELECT customer, i,
       CASE WHEN h % 17 = 0 THEN NULL ELSE (enum_range(NULL::lifecycle_stage))[1 + h / 100 % (CASE customer % 3 WHEN 0 THEN 8 ELSE 2 + customer % 7 END)] END AS stage,
       CASE WHEN h % 19 = 0 THEN NULL ELSE timestamptz '2024-01-01' + h / 10000 % 40 * interval '25:17:00.000001' END AS at
FROM generate_series(1, 2000) customer,
     generate_series(1, 1 + abs(hashint4(customer)) % 30) i,
     LATERAL (SELECT abs(hashint8(customer * 1000::bigint + i)::bigint) AS h) random;
ANALYZE change;
CREATE TABLE life AS SELECT customer, stage_agg(stage, at) AS timeline FROM change GROUP BY customer;

-- the definition: the highest stage of each instant, then only where it differs from the one before
CREATE TABLE plain AS
SELECT customer, stage, at AS entered_at, lead(at) OVER w AS left_at, lag(stage) OVER w AS from_stage
FROM (SELECT *, lag(stage) OVER (PARTITION BY customer ORDER BY at) AS before
      FROM (SELECT customer, at, max(stage) AS stage FROM change WHERE at IS NOT NULL AND stage IS NOT NULL GROUP BY customer, at) instants) c
WHERE before IS DISTINCT FROM stage
WINDOW w AS (PARTITION BY customer ORDER BY at);
CREATE INDEX ON plain (customer);
ANALYZE plain;

SELECT is((SELECT count(*) FROM life WHERE timeline IS NOT NULL), (SELECT count(DISTINCT customer) FROM plain), 'who has a change has a timeline');
SELECT cmp_ok((SELECT count(*) FROM plain), '>', 8000::bigint, 'there is something to compare');
SELECT results_eq('SELECT customer, s.stage, s.entered_at, s.left_at FROM life, stage_spans(timeline) s ORDER BY 1, 3',
                  'SELECT customer, stage, entered_at, left_at FROM plain ORDER BY 1, 3', 'stage_spans()');
SELECT results_eq('SELECT customer, t.* FROM life, transitions(timeline) t ORDER BY 1, 4',
                  'SELECT customer, from_stage, stage, entered_at FROM plain WHERE from_stage IS NOT NULL ORDER BY 1, 4', 'transitions()');
SELECT results_eq('SELECT customer, current_stage(timeline), reactivations(timeline) FROM life WHERE timeline IS NOT NULL ORDER BY 1',
                  $$SELECT customer, (array_agg(stage ORDER BY entered_at DESC))[1],
                           count(*) FILTER (WHERE from_stage = 'churned' AND stage NOT IN ('awareness', 'acquisition'))
                    FROM plain GROUP BY customer ORDER BY 1$$, 'current_stage() and reactivations()');
SELECT results_eq('SELECT customer, max_stage(timeline) FROM life WHERE timeline IS NOT NULL ORDER BY 1',
                  $$SELECT customer, coalesce(max(stage) FILTER (WHERE stage <> 'churned'), 'churned') FROM plain GROUP BY customer ORDER BY 1$$, 'max_stage()');
SELECT results_eq(
  'SELECT customer, s, entered_at(timeline, s), last_entered_at(timeline, s), left_at(timeline, s), time_in_stage(timeline, s)
   FROM life, unnest(enum_range(NULL::lifecycle_stage)) s WHERE entered_at(timeline, s) IS NOT NULL ORDER BY 1, 2',
  'SELECT customer, stage, min(entered_at), max(entered_at), (array_agg(left_at ORDER BY entered_at DESC))[1],
          CASE WHEN bool_and(left_at IS NOT NULL) THEN sum(left_at - entered_at) END
   FROM plain GROUP BY customer, stage ORDER BY 1, 2', 'entered_at(), last_entered_at(), left_at(), time_in_stage()');
SELECT is_empty('SELECT customer FROM life, unnest(enum_range(NULL::lifecycle_stage)) s
                 WHERE time_in_stage(timeline, s) <> (SELECT sum(left_at - entered_at) FROM plain p WHERE p.customer = life.customer AND p.stage = s)',
                'time_in_stage() is the sum of the spans');
-- at instants around and on the changes, and beyond them
CREATE TABLE instant AS SELECT timestamptz '2023-12-31 23:59' + i * interval '1000 minutes 17 seconds' AS at FROM generate_series(0, 70) i
UNION SELECT timestamptz '2024-01-01' + i * interval '25:17:00.000001' FROM generate_series(0, 39) i;
SELECT results_eq(
  'SELECT customer, i.at, stage_at(timeline, i.at) FROM life, instant i WHERE customer % 10 = 0 AND stage_at(timeline, i.at) IS NOT NULL ORDER BY 1, 2',
  $$SELECT customer, at, stage FROM plain, instant WHERE customer % 10 = 0 AND entered_at <= at AND at < coalesce(left_at, 'infinity') ORDER BY 1, 2$$, 'stage_at()');
SELECT results_eq(
  'SELECT customer, i.at, s.* FROM life, instant i, stage_spans(timeline, i.at) s WHERE customer % 10 = 0 ORDER BY 1, 2, 4',
  $$SELECT customer, at, stage, entered_at, least(left_at, at) FROM plain, instant WHERE customer % 10 = 0 AND entered_at < at ORDER BY 1, 2, 4$$, 'stage_spans() as of an instant');
SELECT results_eq(
  'SELECT customer, i.at, s, time_in_stage(timeline, s, as_of => i.at) FROM life, instant i, unnest(enum_range(NULL::lifecycle_stage)) s
   WHERE customer % 10 = 0 AND time_in_stage(timeline, s, as_of => i.at) IS NOT NULL ORDER BY 1, 2, 3',
  'SELECT customer, at, stage, sum(least(left_at, at) - entered_at) FROM plain, instant WHERE customer % 10 = 0 AND entered_at < at GROUP BY 1, 2, 3 ORDER BY 1, 2, 3', 'time_in_stage() as of an instant');
SELECT is_empty($$SELECT customer FROM life, instant i,
                  LATERAL (SELECT sum(time_in_stage(timeline, s, i.at)) AS total FROM unnest(enum_range(NULL::lifecycle_stage)) s) t
                  WHERE customer % 10 = 0 AND total <> i.at - (SELECT min(entered_at) FROM plain p WHERE p.customer = life.customer)$$,
                'all of the time since the first change is spent in some stage');

-- the flow, from the definition
SELECT results_eq(
  'SELECT from_stage, to_stage, transition_count, entered_count, round(conversion_rate::numeric, 12), round(median_days::numeric, 9), round(p90_days::numeric, 9)
   FROM stage_transition_matrix(ARRAY(SELECT timeline FROM life)) ORDER BY 1, 2',
  'WITH move AS (SELECT from_stage, stage AS to_stage, extract(epoch FROM entered_at - lag(entered_at) OVER (PARTITION BY customer ORDER BY entered_at)) / 86400.0 AS days FROM plain)
   SELECT from_stage, to_stage, count(*), (SELECT count(*) FROM plain p WHERE p.stage = m.from_stage),
          round(count(*)::numeric / (SELECT count(*) FROM plain p WHERE p.stage = m.from_stage), 12),
          round((percentile_cont(0.5) WITHIN GROUP (ORDER BY days))::numeric, 9), round((percentile_cont(0.9) WITHIN GROUP (ORDER BY days))::numeric, 9)
   FROM move m WHERE m.from_stage IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2', 'stage_transition_matrix()');

-- any order
SELECT is_empty(format('SELECT customer FROM life JOIN (SELECT customer, stage_agg(stage, at ORDER BY hashint8(i * %s)) AS t FROM change GROUP BY customer) o
                        USING (customer) WHERE t IS DISTINCT FROM timeline', k), 'shuffled rows, order ' || k)
FROM generate_series(1, 5) k;
SELECT is_empty('SELECT customer FROM life JOIN (SELECT customer, stage_agg(stage, at ORDER BY at, stage DESC) AS t FROM change GROUP BY customer) o
                 USING (customer) WHERE t IS DISTINCT FROM timeline', 'rows in order of time');
SELECT is_empty('SELECT customer FROM life JOIN (SELECT customer, stage_agg(stage, at ORDER BY at DESC) AS t FROM change GROUP BY customer) o
                 USING (customer) WHERE t IS DISTINCT FROM timeline', 'rows backwards');

-- any pieces: a repeated stage must not be forgotten before all pieces are there
SELECT is_empty(format('SELECT customer FROM life JOIN (
    SELECT customer, rollup(t ORDER BY hashint4(part * 7)) AS t FROM (
      SELECT customer, abs(hashint8(i * %s)) %% %s AS part, stage_agg(stage, at) AS t FROM change GROUP BY 1, 2) parts GROUP BY customer) o
  USING (customer) WHERE t IS DISTINCT FROM timeline', k, k + 1), format('rolled up from %s random parts', k + 1))
FROM generate_series(1, 8) k;
SELECT is_empty('SELECT customer FROM life JOIN (
    SELECT customer, rollup(t) AS t FROM (
      SELECT customer, rollup(t) AS t FROM (
        SELECT customer, i, stage_agg(stage, at) AS t FROM change GROUP BY 1, 2) a GROUP BY customer, i % 5) b GROUP BY customer) o
  USING (customer) WHERE t IS DISTINCT FROM timeline', 'rolled up in two steps from single rows');
SELECT is_empty('SELECT customer FROM life JOIN (
    SELECT customer, stage_agg(stage, at) FILTER (WHERE i % 2 = 0) AS a, stage_agg(stage, at) FILTER (WHERE i % 2 = 1) AS b FROM change GROUP BY 1) o
  USING (customer) WHERE a + b IS DISTINCT FROM timeline AND a IS NOT NULL AND b IS NOT NULL OR a + b <> b + a OR (a + b) + a <> a + (b + a)', 'a + b');
SELECT is_empty($$SELECT k FROM generate_series(1, 40) k, LATERAL (
    SELECT stage_agg('engagement', timestamptz '2024-01-01' + d * 2 * interval '1 day') AS every_other FROM generate_series(1, k) d) a, LATERAL (
    SELECT stage_agg('churned', timestamptz '2024-01-02' + d * 2 * interval '1 day') AS between FROM generate_series(1, k) d) b
  WHERE reactivations(every_other) <> 0 OR reactivations(every_other + between) <> k - 1 OR reactivations(between + every_other) <> k - 1$$,
  'A, A, A merged with B, B, B in between is A, B, A, B, A, B');

-- stored and short, compressed, out of line
CREATE TABLE stored (id serial, timeline stage_timeline);
INSERT INTO stored (timeline) SELECT timeline FROM life WHERE timeline IS NOT NULL ORDER BY customer;
INSERT INTO stored (timeline) SELECT stage_agg((enum_range(NULL::lifecycle_stage))[1 + (i / 7) % 8], timestamptz '2024-01-01' + i * interval '1 hour') FROM generate_series(1, 5000) i;
ALTER TABLE stored ALTER timeline SET STORAGE external;
INSERT INTO stored (timeline) SELECT stage_agg((enum_range(NULL::lifecycle_stage))[1 + (i / 7) % 8], timestamptz '2024-01-01' + i * interval '1 hour') FROM generate_series(1, 5000) i;
SELECT is((SELECT count(DISTINCT timeline::text) FROM stored WHERE id > (SELECT max(id) - 2 FROM stored)), 1::bigint, 'compressed and external hold the same');
SELECT is((SELECT a.timeline = b.timeline AND stage_timeline_hash(a.timeline) = stage_timeline_hash(b.timeline) FROM stored a, stored b
           WHERE a.id = (SELECT max(id) FROM stored) AND b.id = a.id - 1), true, 'and are equal, with equal hashes');
SELECT is((SELECT reactivations(rollup(timeline)) FROM stored WHERE id > (SELECT max(id) - 2 FROM stored)),
          (SELECT reactivations(timeline) FROM stored WHERE id = (SELECT max(id) FROM stored)), 'merging them changes nothing');
SELECT is((SELECT rollup(timeline) FROM stored), (SELECT stage_agg(stage, at) FROM (SELECT (c ->> 1)::lifecycle_stage AS stage, (c ->> 0)::timestamptz AS at
  FROM stored, jsonb_array_elements(timeline::jsonb -> 'changes') c) u), 'rollup of all that is stored = of all their changes');

-- text, jsonb and binary
SELECT is_empty('SELECT id FROM stored WHERE timeline::text::stage_timeline <> timeline OR timeline::jsonb::text::stage_timeline <> timeline', 'the text reads back');
CREATE TABLE text_of AS SELECT id, timeline::text AS text FROM stored;
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'Postgres, DMY';
SELECT is_empty('SELECT id FROM stored JOIN text_of USING (id) WHERE timeline::text <> text OR text::stage_timeline <> timeline', 'in any zone and style');
SET LOCAL timezone = 'America/St_Johns';
SET LOCAL datestyle = 'SQL, YMD';
SELECT is_empty('SELECT id FROM stored JOIN text_of USING (id) WHERE timeline::text <> text OR text::stage_timeline <> timeline', 'in another zone and style');
SET LOCAL timezone = 'UTC';
RESET datestyle;
\set original stored
\ir copied.psql
SELECT results_eq('SELECT id, timeline FROM copied ORDER BY id', 'SELECT id, timeline FROM stored ORDER BY id', 'the binary form reads back');
SELECT results_eq('SELECT id, timeline FROM copied_text ORDER BY id', 'SELECT id, timeline FROM stored ORDER BY id', 'so does the text of COPY');
SELECT is((SELECT count(*) FROM (SELECT timeline FROM stored UNION SELECT timeline FROM copied) u),
          (SELECT count(DISTINCT timeline::text) FROM stored), 'UNION hashes equal values to one');

-- parallel, partial or not
\ir plan_of.psql
CREATE TABLE parts AS SELECT customer, i, stage_agg(stage, at) AS timeline FROM change GROUP BY 1, 2;
ANALYZE parts;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\set from_rows 'SELECT customer, stage_agg(stage, at) FROM change GROUP BY customer'
\set from_parts 'SELECT customer, rollup(timeline) FROM parts GROUP BY customer'
\set all_rows 'SELECT stage_agg(stage, at) FROM change'
SELECT matches(plan_of(:'from_rows'), 'Partial (Hash|Group)?Aggregate', 'stage_agg() runs in parallel');
SELECT matches(plan_of(:'from_parts'), 'Partial (Hash|Group)?Aggregate', 'rollup() runs in parallel');
SELECT matches(plan_of(:'all_rows'), 'Partial Aggregate', 'so does one for all');
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM life ORDER BY 1', 'parallel rows');
SELECT results_eq(:'from_parts' || ' ORDER BY 1', 'SELECT * FROM life ORDER BY 1', 'parallel parts');
CREATE TABLE all_parallel AS SELECT stage_agg(stage, at) AS t FROM change;
SELECT is((SELECT stage_agg(stage, at) FROM change WHERE customer < 0), NULL, 'parallel workers with nothing to do');
SELECT is((SELECT stage_agg(stage, at) FROM change WHERE customer = 17), (SELECT timeline FROM life WHERE customer = 17), 'all but one worker with nothing to do');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT doesnt_match(plan_of(:'from_rows'), 'Partial', 'and without workers');
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM life ORDER BY 1', 'serial rows');
SELECT results_eq(:'all_rows', 'TABLE all_parallel', 'serial = parallel, all rows');
SELECT is((SELECT rollup(timeline) FROM life), (TABLE all_parallel), 'all rows = rollup of all customers');
-- sorted groups and hashed groups, spilled
SET LOCAL enable_hashagg = off;
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM life ORDER BY 1', 'sorted groups');
RESET enable_hashagg;
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SELECT results_eq('SELECT * FROM (' || :'from_rows' || ' OFFSET 0) s ORDER BY 1', 'SELECT * FROM life ORDER BY 1', 'hashed groups that spill');

SELECT finish();
ROLLBACK;
