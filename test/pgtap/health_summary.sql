-- health_summary against the definition in plain SQL; and any order, any plan, any pieces, any form: the same value.
BEGIN;
SELECT no_plan();

-- 2000 customers with up to 25 readings: some without a score, a weight, a pillar or a name, some measures more than once
CREATE TABLE reading AS
SELECT customer, i,
       CASE WHEN h % 7 <> 0 THEN h % 100001 / 1000.0 END AS score,
       CASE WHEN h % 31 <> 0 THEN (h / 1000) % 50 / 7.0 END AS weight,
       CASE WHEN h % 11 <> 0 THEN (enum_range(NULL::cls_pillar))[1 + h / 100 % 5] END AS pillar,
       CASE WHEN h % 13 <> 0 THEN 'measure ' || h / 10000 % 9 END AS measure
FROM generate_series(1, 2000) customer,
     generate_series(1, 1 + abs(hashint4(customer)) % 25) i,
     LATERAL (SELECT abs(hashint8(customer * 1000::bigint + i)::bigint) AS h) random;
ANALYZE reading;
CREATE TABLE health AS SELECT customer, health_agg(score, weight, pillar, measure) AS h FROM reading GROUP BY customer;

-- the definition, in numeric: exact but for the last of 20 digits
CREATE TABLE plain AS
SELECT customer, pillar, measure, sum(weight::numeric) AS weight, sum(weight::numeric) FILTER (WHERE score IS NOT NULL) AS known,
       sum(weight::numeric * score::numeric) AS weighted, count(score) AS readings, count(*) - count(score) AS missing
FROM reading WHERE weight IS NOT NULL GROUP BY customer, pillar, measure;
CREATE TABLE total AS
SELECT customer, sum(weight) AS weight, coalesce(sum(known), 0) AS known, coalesce(sum(weighted), 0) AS weighted FROM plain GROUP BY customer;

CREATE FUNCTION near(a double precision, b numeric) RETURNS boolean LANGUAGE sql
  RETURN a IS NULL AND b IS NULL OR coalesce(abs(a::numeric - b) <= 1e-12 * (1 + abs(b)), false);

SELECT is((SELECT count(*) FROM health WHERE h IS NOT NULL), (SELECT count(*) FROM total), 'who has a weight has a summary');
SELECT is_empty($$SELECT * FROM health JOIN total USING (customer)
  WHERE NOT near(health_score(h, min_coverage => 0), 1 + 0.09 * weighted / nullif(known, 0))
     OR NOT near(health_score(h, 'zero', 0), 1 + 0.09 * weighted / nullif(weight, 0))
     OR NOT near(health_score(h, 'neutral', 0), 1 + 0.09 * (weighted + 50 * (weight - known)) / nullif(weight, 0))
     OR NOT near(health_coverage(h), known / nullif(weight, 0))$$, 'health_score() in its three ways, health_coverage()');
SELECT is_empty($$SELECT * FROM health JOIN total USING (customer)
  WHERE (health_score(h) IS NULL) <> (coalesce(known / nullif(weight, 0), 0) < 0.5 - 1e-12 OR known = 0)$$, 'NULL where less than half is known, but for rounding');
SELECT is_empty($$SELECT customer, p FROM health, unnest(enum_range(NULL::cls_pillar)) p
  LEFT JOIN LATERAL (SELECT sum(weighted) / nullif(sum(known), 0) AS mean FROM plain WHERE plain.pillar = p AND plain.customer = health.customer) m ON true
  WHERE h IS NOT NULL AND NOT near(pillar_score(h, p, min_coverage => 0), 1 + 0.09 * mean)$$, 'pillar_score()');
SELECT is_empty($$SELECT * FROM (SELECT customer, m.* FROM health, health_measures(h) m) m
  FULL JOIN plain p ON (m.customer, coalesce(m.pillar::text, '-'), coalesce(m.measure, '-')) = (p.customer, coalesce(p.pillar::text, '-'), coalesce(p.measure, '-'))
  WHERE NOT near(m.weight, p.weight) OR NOT near(m.score, p.weighted / nullif(p.known, 0))
     OR m.reading_count IS DISTINCT FROM p.readings OR m.missing_count IS DISTINCT FROM p.missing$$, 'health_measures()');
SELECT is_empty(format($$SELECT customer FROM health WHERE health_score(h, %1$L, 0) IS NOT NULL
  AND abs((SELECT sum(contribution) FROM health_drivers(h, %1$L, 0)) - (10 - health_score(h, %1$L, 0))) > 1e-12$$, way),
  'drivers sum to what lacks, ' || way) FROM unnest(ARRAY['renormalise', 'zero', 'neutral']) way;
SELECT is_empty($$SELECT customer FROM health JOIN total t USING (customer) JOIN plain p USING (customer), health_drivers(h, 'zero', 0) d
  WHERE p.pillar IS NOT DISTINCT FROM d.pillar AND p.measure IS NOT DISTINCT FROM d.measure
    AND NOT near(d.contribution, 9 * (p.weight - coalesce(p.weighted, 0) / 100) / t.weight)$$, 'each driver');
SELECT is_empty('SELECT customer FROM health WHERE health_score(h) IS NULL AND EXISTS (SELECT FROM health_drivers(h))', 'no score, no drivers');
SELECT is_empty($$SELECT customer FROM (SELECT customer, contribution, lag(contribution) OVER (PARTITION BY customer ORDER BY n) AS before
  FROM health, health_drivers(h) WITH ORDINALITY d(measure, pillar, contribution, n)) d WHERE contribution > before$$, 'dearest first');

-- any order: the same value, and the same score to the last bit
SELECT is_empty(format('SELECT customer FROM health JOIN (SELECT customer, health_agg(score, weight, pillar, measure ORDER BY hashint8(i * %s)) AS o FROM reading GROUP BY customer) s
                        USING (customer) WHERE o IS DISTINCT FROM h OR health_score(o) IS DISTINCT FROM health_score(h)', k), 'shuffled rows, order ' || k)
FROM generate_series(1, 5) k;
SELECT is_empty('SELECT customer FROM health JOIN (SELECT customer, health_score(score, weight) AS s, health_score(health_agg(score, weight, pillar)) AS p FROM reading GROUP BY customer) o
                 USING (customer) WHERE s IS DISTINCT FROM health_score(h) OR p IS DISTINCT FROM health_score(h)', 'one step, by pillar, by measure: the same score');

-- any pieces
SELECT is_empty(format('SELECT customer FROM health JOIN (
    SELECT customer, rollup(h ORDER BY hashint4(part * 7)) AS o FROM (
      SELECT customer, abs(hashint8(i * %s)) %% %s AS part, health_agg(score, weight, pillar, measure) AS h FROM reading GROUP BY 1, 2) parts GROUP BY customer) s
  USING (customer) WHERE o IS DISTINCT FROM h', k, k + 1), format('rolled up from %s random parts', k + 1))
FROM generate_series(1, 5) k;
SELECT is_empty('SELECT customer FROM health JOIN (
    SELECT customer, health_agg(score, weight, pillar, measure) FILTER (WHERE i % 2 = 0) AS a, health_agg(score, weight, pillar, measure) FILTER (WHERE i % 2 = 1) AS b FROM reading GROUP BY 1) o
  USING (customer) WHERE a + b IS DISTINCT FROM h AND a IS NOT NULL AND b IS NOT NULL OR a + b <> b + a OR (a + b) + a <> a + (b + a)', 'a + b');
SELECT is((SELECT rollup(h) FROM health), (SELECT health_agg(score, weight, pillar, measure) FROM reading), 'all customers rolled up = all rows');

-- windows that grow and windows that move
SELECT is_empty($$SELECT FROM (SELECT customer, i, health_agg(score, weight, pillar, measure) OVER w AS grown, health_score(score, weight) OVER m AS moved, health_agg(score, weight, pillar, measure) OVER m AS kept
    FROM reading WHERE customer < 200 WINDOW w AS (PARTITION BY customer ORDER BY i), m AS (w ROWS 3 PRECEDING)) x,
  LATERAL (SELECT health_agg(score, weight, pillar, measure) AS all_so_far, health_agg(score, weight, pillar, measure) FILTER (WHERE r.i >= x.i - 3) AS last_four
           FROM reading r WHERE r.customer = x.customer AND r.i <= x.i) r
  WHERE grown IS DISTINCT FROM all_so_far OR kept IS DISTINCT FROM last_four OR moved IS DISTINCT FROM health_score(last_four)$$, 'windows');

-- stored and short, compressed, out of line
CREATE TABLE stored (id serial, h health_summary);
INSERT INTO stored (h) SELECT h FROM health WHERE h IS NOT NULL ORDER BY customer;
INSERT INTO stored (h) SELECT health_agg(i % 101, 1.0 / i, 'care', 'measure ' || i % 1000) FROM generate_series(1, 3000) i;
ALTER TABLE stored ALTER h SET STORAGE external;
INSERT INTO stored (h) SELECT health_agg(i % 101, 1.0 / i, 'care', 'measure ' || i % 1000) FROM generate_series(1, 3000) i;
SELECT is((SELECT a.h = b.h AND health_summary_hash(a.h) = health_summary_hash(b.h) FROM stored a, stored b
           WHERE a.id = (SELECT max(id) FROM stored) AND b.id = a.id - 1), true, 'compressed and external are equal, with equal hashes');

-- text, jsonb and binary
SELECT is_empty('SELECT id FROM stored WHERE h::text::health_summary::text <> h::text OR h::jsonb::text::health_summary::text <> h::text', 'the text reads back to the last bit');
\set original stored
\ir copied.psql
SELECT results_eq('SELECT id, h::text FROM copied ORDER BY id', 'SELECT id, h::text FROM stored ORDER BY id', 'the binary form reads back');
SELECT results_eq('SELECT id, h::text FROM copied_text ORDER BY id', 'SELECT id, h::text FROM stored ORDER BY id', 'so does the text of COPY');
SELECT is((SELECT count(*) FROM (SELECT h FROM stored UNION SELECT h FROM copied) u),
          (SELECT count(DISTINCT h::text) FROM stored), 'UNION hashes equal values to one');

-- parallel, partial or not
\ir plan_of.psql
CREATE TABLE parts AS SELECT customer, i, health_agg(score, weight, pillar, measure) AS h FROM reading GROUP BY 1, 2;
ANALYZE parts;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\set from_rows 'SELECT customer, health_agg(score, weight, pillar, measure) FROM reading GROUP BY customer'
\set from_parts 'SELECT customer, rollup(h) FROM parts GROUP BY customer'
\set one_step 'SELECT customer, health_score(score, weight) FROM reading GROUP BY customer'
\set all_rows 'SELECT health_agg(score, weight, pillar, measure) FROM reading'
SELECT matches(plan_of(:'from_rows'), 'Partial (Hash|Group)?Aggregate', 'health_agg() runs in parallel');
SELECT matches(plan_of(:'from_parts'), 'Partial (Hash|Group)?Aggregate', 'rollup() runs in parallel');
SELECT matches(plan_of(:'one_step'), 'Partial (Hash|Group)?Aggregate', 'health_score() runs in parallel');
SELECT matches(plan_of(:'all_rows'), 'Partial Aggregate', 'so does one for all');
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM health ORDER BY 1', 'parallel rows');
SELECT results_eq(:'from_parts' || ' ORDER BY 1', 'SELECT * FROM health ORDER BY 1', 'parallel parts');
SELECT results_eq(:'one_step' || ' ORDER BY 1', 'SELECT customer, health_score(h) FROM health ORDER BY 1', 'parallel scores');
CREATE TABLE all_parallel AS SELECT health_agg(score, weight, pillar, measure) AS h FROM reading;
SELECT is((SELECT health_agg(score, weight) FROM reading WHERE customer < 0), NULL, 'parallel workers with nothing to do');
SELECT is((SELECT health_agg(score, weight, pillar, measure) FROM reading WHERE customer = 17), (SELECT h FROM health WHERE customer = 17), 'all but one worker with nothing to do');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT doesnt_match(plan_of(:'from_rows'), 'Partial', 'and without workers');
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM health ORDER BY 1', 'serial rows');
SELECT results_eq(:'all_rows', 'TABLE all_parallel', 'serial = parallel, all rows');
SET LOCAL enable_hashagg = off;
SELECT results_eq(:'from_rows' || ' ORDER BY 1', 'SELECT * FROM health ORDER BY 1', 'sorted groups');
RESET enable_hashagg;
SET LOCAL enable_sort = off;
SET LOCAL work_mem = '64kB';
SELECT results_eq('SELECT * FROM (' || :'from_rows' || ' OFFSET 0) s ORDER BY 1', 'SELECT * FROM health ORDER BY 1', 'hashed groups that spill');

-- one band after the other: the definition of hysteresis in plain SQL
CREATE TABLE walk AS SELECT i, round((1 + 9 * (0.5 + 0.5 * sin(i * 0.37) * cos(i * 0.011)))::numeric, 2)::float8 AS score FROM generate_series(1, 3000) i;
CREATE TABLE banded AS
WITH RECURSIVE w AS (
  SELECT i, score, health_band(score) AS band FROM walk WHERE i = 1
  UNION ALL SELECT walk.i, walk.score, health_band(walk.score, w.band) FROM w JOIN walk ON walk.i = w.i + 1)
SELECT i, score, band, lag(band) OVER (ORDER BY i) AS before FROM w;
SELECT is_empty($$SELECT * FROM banded WHERE band IS DISTINCT FROM CASE
    WHEN before IS NULL THEN CASE WHEN score < 4 THEN 'red' WHEN score < 7 THEN 'yellow' ELSE 'green' END
    WHEN before = 'red' THEN CASE WHEN score >= 7.25 THEN 'green' WHEN score >= 4.25 THEN 'yellow' ELSE 'red' END
    WHEN before = 'yellow' THEN CASE WHEN score >= 7.25 THEN 'green' WHEN score < 3.75 THEN 'red' ELSE 'yellow' END
    ELSE CASE WHEN score < 3.75 THEN 'red' WHEN score < 6.75 THEN 'yellow' ELSE 'green' END END$$, 'bands with hysteresis along a walk');
SELECT cmp_ok((SELECT count(*) FROM banded WHERE band <> before), '<', (SELECT count(*) FROM (SELECT health_band(score) <> lag(health_band(score)) OVER (ORDER BY i) AS flips FROM walk) f WHERE flips), 'they change less often than without');

SELECT finish();
ROLLBACK;
