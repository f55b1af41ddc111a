-- revenue_summary: exact on random data, against plain SQL
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';
SELECT setseed(0.5);

-- 20,000 customers, amounts of 0 to 12 decimals and very different sizes, many of them 0, NULL or the same
CREATE TABLE paid AS
SELECT id, b, CASE WHEN random() < 0.3 THEN b WHEN random() < 0.2 THEN 0 WHEN random() < 0.05 THEN NULL
                   ELSE round((random() * 10 ^ (random() * 12))::numeric, (random() * 12)::int) END AS a, random() < 0.5 AS p
FROM (SELECT id, CASE WHEN random() < 0.2 THEN 0 WHEN random() < 0.05 THEN NULL
                      ELSE round((random() * 10 ^ (random() * 12))::numeric, (random() * 12)::int) END AS b
      FROM generate_series(1, 20000) id) x;
ANALYZE paid;

CREATE TABLE ours AS SELECT id % 50 AS part, revenue_agg(b, a, p) AS s FROM paid GROUP BY 1;
SELECT results_eq(
  'SELECT part, revenue_at_start(s), revenue_new(s), revenue_expansion(s), revenue_contraction(s), revenue_churned(s), revenue_reactivated(s), revenue_at_end(s) FROM ours ORDER BY 1',
  'SELECT id % 50, sum(b), coalesce(sum(a) FILTER (WHERE b = 0 AND NOT p), 0), coalesce(sum(a - b) FILTER (WHERE b > 0 AND a > b), 0),
          coalesce(sum(b - a) FILTER (WHERE a > 0 AND a < b), 0), coalesce(sum(b) FILTER (WHERE a = 0), 0),
          coalesce(sum(a) FILTER (WHERE b = 0 AND p), 0), sum(a)
   FROM (SELECT id, coalesce(b, 0) AS b, coalesce(a, 0) AS a, p FROM paid) z GROUP BY 1 ORDER BY 1',
  'every sum is that of plain SQL, to the last digit');
SELECT is_empty('SELECT * FROM ours WHERE revenue_at_end(s) <> revenue_at_start(s) + revenue_new(s) + revenue_expansion(s)
                   + revenue_reactivated(s) - revenue_contraction(s) - revenue_churned(s)', 'the identity holds to the last digit');
SELECT results_eq($$SELECT m, sum(revenue_customers(s, m))::bigint FROM ours, unnest('{churn,contraction,expansion,new,reactivation,unchanged}'::text[]) m GROUP BY 1 ORDER BY 1$$,
                  'SELECT m, count(*) FROM paid, revenue_movement(b, a, p) m WHERE m IS NOT NULL GROUP BY 1 ORDER BY 1',
                  'customers are counted as revenue_movement() says');
SELECT results_eq(
  'SELECT part, nrr(s), grr(s), gross_revenue_churn(s) FROM ours ORDER BY 1',
  'SELECT id % 50, (sum(a) FILTER (WHERE b > 0) / sum(b))::float8, (sum(least(a, b)) / sum(b))::float8, (sum(b - least(a, b)) / sum(b))::float8
   FROM (SELECT id, coalesce(b, 0) AS b, coalesce(a, 0) AS a, p FROM paid) z GROUP BY 1 ORDER BY 1',
  'nrr() and grr() by their definitions per customer');
SELECT is_empty('SELECT * FROM ours WHERE NOT (grr(s) BETWEEN 0 AND 1) OR grr(s) > nrr(s)', 'grr() is in 0..1, and at most nrr()');
SELECT results_eq('SELECT id % 50, nrr(b, a, p), grr(b, a, p), gross_revenue_churn(b, a, p), net_revenue_churn(b, a, p), quick_ratio(b, a, p) FROM paid GROUP BY 1 ORDER BY 1',
                  'SELECT part, nrr(s), grr(s), gross_revenue_churn(s), net_revenue_churn(s), quick_ratio(s) FROM ours ORDER BY 1',
                  'one step and two steps agree');

CREATE TABLE whole AS SELECT revenue_agg(b, a, p) AS s FROM paid;
SELECT is((SELECT rollup(s) FROM ours), (SELECT s FROM whole), 'rolled up from parts');
SELECT is((SELECT rollup(s ORDER BY part DESC)::text FROM ours), (SELECT s::text FROM whole), 'in any order, to the last character');
SELECT is((SELECT revenue_agg(b, a, p ORDER BY md5(id::text))::text FROM paid), (SELECT s::text FROM whole), 'any order of the rows');
SELECT is((SELECT revenue_at_end(revenue_agg(b * 3, a * 3, p)) FROM paid), (SELECT revenue_at_end(s + s + s) FROM whole), 'three times the amounts are three times the sums');
SELECT is_empty('SELECT * FROM ours WHERE s::text::revenue_summary::text <> s::text', 'the text reads back');
\set original ours
\ir copied.psql
SELECT results_eq('SELECT part, s::text FROM copied ORDER BY part', 'SELECT part, s::text FROM ours ORDER BY part', 'the binary form reads back');

-- month by month from subscription intervals: the query of docs/churn.md against one that looks at every customer in every month
CREATE TABLE sub AS
SELECT customer, amount, s AS started_at, CASE WHEN random() < 0.7 THEN s + length END AS ended_at
FROM (SELECT (random() * 300)::int AS customer, round((5 + random() * 95)::numeric, 2) AS amount,
             CASE WHEN random() < 0.3 THEN timestamptz '2026-01-01' + (random() * 11)::int * interval '1 month'
                  ELSE timestamptz '2026-01-01' + random() * interval '360 days' END AS s,
             CASE WHEN random() < 0.4 THEN (1 + random() * 4)::int * interval '1 month' ELSE random() * interval '200 days' END AS length
      FROM generate_series(1, 900)) x;
CREATE VIEW monthly AS
WITH change AS (
  SELECT customer, period_start(started_at, 'month') AS month, amount FROM sub
  UNION ALL
  SELECT customer, period_start(ended_at, 'month'), -amount FROM sub WHERE ended_at IS NOT NULL
), step AS (
  SELECT customer, month, sum(sum(amount)) OVER (PARTITION BY customer ORDER BY month) AS amount
  FROM change GROUP BY customer, month
), movement AS (
  SELECT month, lag(amount) OVER w AS amount_before, amount AS amount_after,
         max(amount) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > 0 AS paid_before
  FROM step WINDOW w AS (PARTITION BY customer ORDER BY month)
), moved AS (
  SELECT month, revenue_agg(amount_before, amount_after, paid_before) AS moved FROM movement GROUP BY month
)
SELECT month, revenue_with_unchanged(moved, rollup(moved) OVER (ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS revenue
FROM moved;
CREATE VIEW brute AS
SELECT lo::date AS month, revenue_agg(before, after, paid_before) AS revenue
FROM (SELECT customer, lo, coalesce(sum(amount) FILTER (WHERE started_at < lo AND (ended_at IS NULL OR lo <= ended_at)), 0) AS before,
             coalesce(sum(amount) FILTER (WHERE started_at < hi AND (ended_at IS NULL OR hi <= ended_at)), 0) AS after,
             EXISTS (SELECT FROM sub o, generate_series(timestamptz '2026-01-01', m.lo, '1 month') edge
                     WHERE o.customer = s.customer AND o.started_at < edge AND (o.ended_at IS NULL OR edge <= o.ended_at)) AS paid_before
      FROM sub s, (SELECT m AS lo, m + interval '1 month' AS hi FROM generate_series(timestamptz '2026-01-01', '2027-12-01', '1 month') m) m
      GROUP BY customer, lo, hi) z
GROUP BY lo;
CREATE TABLE brute_months AS TABLE brute;
SELECT results_eq('SELECT month, revenue::text FROM monthly ORDER BY 1',
                  'SELECT month, revenue::text FROM brute_months WHERE month IN (SELECT month FROM monthly) ORDER BY 1',
                  'months from sorted changes, the customers who stay included');
SELECT is_empty($$SELECT * FROM brute_months WHERE month NOT IN (SELECT month FROM monthly)
                  AND revenue_customers(revenue, 'start') <> revenue_customers(revenue, 'unchanged')$$, 'in a month that is left out, nothing moved');
SELECT is_empty($$SELECT * FROM brute_months a JOIN brute_months b ON b.month = a.month + interval '1 month'
                  WHERE revenue_at_end(a.revenue) <> revenue_at_start(b.revenue)$$, 'a month starts with what the month before ended with');

-- parallel
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\ir plan_of.psql
SELECT matches(plan_of('SELECT revenue_agg(b, a, p) FROM paid'), 'Partial Aggregate', 'revenue_agg() runs in parallel');
SELECT is((SELECT revenue_agg(b, a, p)::text FROM paid), (SELECT s::text FROM whole), 'with the same result');
SELECT is((SELECT nrr(b, a, p) FROM paid), (SELECT nrr(s) FROM whole), 'and the same nrr()');
SELECT is((SELECT revenue_agg(b, a, p) FROM paid WHERE id < 0), NULL, 'nothing to count');

SELECT finish();
ROLLBACK;
