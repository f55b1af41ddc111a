-- churn_summary: what must hold whatever the data, against plain SQL
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';
SELECT setseed(0.25);

-- 3,000 customers with 1 to 4 subscriptions in 2026, many of them on month edges, some of no length
CREATE TABLE sub AS
SELECT customer, s, CASE WHEN random() < 0.75 THEN s + length END AS e
FROM (SELECT (random() * 3000)::int AS customer,
             CASE WHEN random() < 0.3 THEN timestamptz '2026-01-01' + (random() * 11)::int * interval '1 month'
                  ELSE date_trunc('second', timestamptz '2025-06-01' + random() * interval '500 days') END AS s,
             CASE WHEN random() < 0.05 THEN interval '0'
                  WHEN random() < 0.5 THEN (1 + random() * 4)::int * interval '1 month'
                  ELSE date_trunc('second', random() * interval '200 days') END AS length
      FROM generate_series(1, 6000)) x;
CREATE TABLE month AS
SELECT m AS lo, m + interval '1 month' AS hi, tstzrange(m, m + interval '1 month') AS period
FROM generate_series(timestamptz '2025-12-01', '2027-01-01', '1 month') m;
ANALYZE sub;

-- one row a customer: counts by plain SQL, the definitions word by word
CREATE TABLE plain AS
SELECT lo, count(*) FILTER (WHERE s < lo AND (e IS NULL OR lo <= e)) AS at_start,
       count(*) FILTER (WHERE lo <= s AND s < hi) AS new,
       count(*) FILTER (WHERE lo <= e AND e < hi) AS lost,
       count(*) FILTER (WHERE s < hi AND (e IS NULL OR hi <= e)) AS at_end,
       count(*) FILTER (WHERE s < lo AND (e IS NULL OR hi <= e)) AS retained
FROM sub, month GROUP BY lo;
CREATE TABLE ours AS SELECT lo, period, churn_agg(s, e, period) AS c FROM sub, month GROUP BY lo, period;
SELECT results_eq(
  'SELECT lo, customers_at_start(c), customers_new(c), customers_lost(c), customers_at_end(c), customers_retained(c), customers_returned(c)
   FROM ours ORDER BY lo',
  'SELECT *, 0::bigint FROM plain ORDER BY lo', 'rows: every count of every month is that of plain SQL');
SELECT results_eq('SELECT lo, churn_rate(s, e, period) FROM sub, month GROUP BY lo ORDER BY lo',
                  'SELECT lo, lost::float8 / nullif(at_start, 0) FROM plain ORDER BY lo', 'churn_rate() = lost / at start');
SELECT results_eq('SELECT lo, retention_rate(s, e, period) FROM sub, month GROUP BY lo ORDER BY lo',
                  'SELECT lo, (at_end - new)::float8 / nullif(at_start, 0) FROM plain ORDER BY lo', 'retention_rate() = (at end - new) / at start');

-- episodes: islands by plain SQL, then transitions by plain SQL
CREATE TABLE island AS
SELECT customer, island, min(s) AS s, nullif(max(e), 'infinity') AS e,
       row_number() OVER (PARTITION BY customer ORDER BY min(s)) AS k
FROM (SELECT *, count(*) FILTER (WHERE before IS NULL OR s > before) OVER (PARTITION BY customer ORDER BY s, e) AS island
      FROM (SELECT customer, s, coalesce(e, 'infinity') AS e,
                   max(coalesce(e, 'infinity')) OVER (PARTITION BY customer ORDER BY s, coalesce(e, 'infinity')
                                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM sub) b) i
GROUP BY customer, island;
CREATE TABLE episode AS SELECT customer, merge_episodes(s, e) AS episodes FROM sub GROUP BY customer;
SELECT results_eq(
  'SELECT customer, lower(r), upper(r) FROM episode, unnest(episodes) r ORDER BY 1, 2',
  'SELECT customer, s, e FROM island ORDER BY 1, 2', 'merge_episodes() finds the islands that plain SQL finds');
SELECT cmp_ok((SELECT count(*) FROM island WHERE k > 1), '>', 500::bigint, 'and many customers have several');
CREATE TABLE episode_ours AS SELECT lo, period, churn_agg(episodes, period) AS c FROM episode, month GROUP BY lo, period;
SELECT results_eq(
  'SELECT lo, customers_at_start(c), customers_new(c), customers_returned(c), customers_lost(c), customers_at_end(c), customers_retained(c)
   FROM episode_ours ORDER BY lo',
  'SELECT lo, count(DISTINCT customer) FILTER (WHERE s < lo AND (e IS NULL OR lo <= e)),
          count(*) FILTER (WHERE lo <= s AND s < hi AND k = 1), count(*) FILTER (WHERE lo <= s AND s < hi AND k > 1),
          count(*) FILTER (WHERE lo <= e AND e < hi),
          count(DISTINCT customer) FILTER (WHERE s < hi AND (e IS NULL OR hi <= e)),
          (SELECT count(*) FROM (SELECT customer FROM island WHERE s < lo AND (e IS NULL OR lo <= e)
                                 INTERSECT SELECT customer FROM island WHERE s < hi AND (e IS NULL OR hi <= e)) both_ends)
   FROM island, month GROUP BY lo, hi ORDER BY lo', 'episodes: every count of every month is that of plain SQL');
SELECT is_empty('SELECT * FROM episode_ours a JOIN episode_ours b ON customers_at_end(a.c) <> customers_at_start(b.c)
                 WHERE b.lo = a.lo + interval ''1 month''', 'a month starts with whom the month before ended with');
SELECT is_empty($$SELECT lo FROM episode_ours WHERE round(churn_rate(c, 'cohort')::numeric + retention_rate(c, 'cohort')::numeric, 12) <> 1$$,
                'cohort churn and cohort retention add up to 1');
SELECT is_empty($$SELECT lo FROM episode_ours WHERE churn_rate(c, 'cohort') > churn_rate(c, 'start')$$,
                'who is missing at the end was lost, so cohort churn is never the larger');

-- dates: the same as instants at midnight, but for customers of no length, whom a date range can't hold
SELECT results_eq(
  'SELECT lo, to_jsonb(array_agg(v)) FROM (SELECT lo, churn_agg(s::date, e::date, daterange(lo::date, hi::date))::jsonb AS j FROM sub, month GROUP BY lo, hi) d,
     LATERAL (SELECT value AS v FROM jsonb_each(j) WHERE key NOT LIKE ''period%'' ORDER BY key) x GROUP BY lo ORDER BY lo',
  'SELECT lo, to_jsonb(array_agg(v)) FROM (SELECT lo, churn_agg(s::date::timestamptz, e::date::timestamptz, period)::jsonb AS j FROM sub, month GROUP BY lo, hi) d,
     LATERAL (SELECT value AS v FROM jsonb_each(j) WHERE key NOT LIKE ''period%'' ORDER BY key) x GROUP BY lo ORDER BY lo',
  'dates count as instants at midnight');

-- any order, in pieces, rolled up, text, binary
SELECT is((SELECT churn_agg(s, e, period ORDER BY md5(s::text || customer)) FROM sub, month WHERE lo = '2026-03-01'),
          (SELECT c FROM ours WHERE lo = '2026-03-01'), 'any order of the rows');
SELECT is((SELECT rollup(c) FROM (SELECT churn_agg(s, e, period) AS c FROM sub, month WHERE lo = '2026-03-01'
                                  GROUP BY hashtext(customer::text || s) % 7) g),
          (SELECT c FROM ours WHERE lo = '2026-03-01'), 'rolled up from random parts');
SELECT is((SELECT a.c + b.c FROM (SELECT churn_agg(s, e, period) AS c FROM sub, month WHERE lo = '2026-03-01' AND customer < 1000) a,
                                 (SELECT churn_agg(s, e, period) AS c FROM sub, month WHERE lo = '2026-03-01' AND customer >= 1000) b),
          (SELECT c FROM ours WHERE lo = '2026-03-01'), 'added');
SELECT is_empty('SELECT * FROM ours WHERE c::text::churn_summary <> c', 'the text reads back');
SELECT is_empty('SELECT * FROM ours WHERE c::jsonb::text::churn_summary <> c', 'and so does the jsonb');
\set original ours
\ir copied.psql
SELECT results_eq('SELECT * FROM copied ORDER BY lo', 'SELECT * FROM ours ORDER BY lo', 'the binary form reads back');

-- as a window function, the result of a row stays what it was
SELECT is_empty($$
  SELECT * FROM (SELECT customer, s, lag(c) OVER w AS before, churn_agg(s, e, tstzrange('2026-03-01', '2026-04-01')) OVER w AS now
                 FROM (SELECT *, churn_agg(s, e, tstzrange('2026-03-01', '2026-04-01')) OVER (ORDER BY s, customer, e ROWS UNBOUNDED PRECEDING) AS c
                       FROM sub) x WINDOW w AS (ORDER BY s, customer, e ROWS UNBOUNDED PRECEDING)) y
  WHERE customers_new(now) - customers_new(before) NOT IN (0, 1) OR (s >= '2026-03-01' AND s < '2026-04-01' AND before = now)$$,
  'running summaries');

-- parallel
CREATE TABLE merged AS SELECT merge_episodes(s, e) AS m FROM sub WHERE e < s + interval '3 days';
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\ir plan_of.psql
\set rows 'SELECT churn_agg(s, e, tstzrange(''2026-03-01'', ''2026-04-01'')) FROM sub'
\set merging 'SELECT merge_episodes(s, e) FROM sub WHERE e < s + interval ''3 days'''
\set counting 'SELECT churn_agg(episodes, tstzrange(''2026-03-01'', ''2026-04-01'')) FROM episode'
SELECT matches(plan_of(:'rows'), 'Partial Aggregate', 'churn_agg() runs in parallel');
SELECT matches(plan_of(:'merging'), 'Partial Aggregate', 'merge_episodes() runs in parallel');
SELECT matches(plan_of(:'counting'), 'Partial Aggregate', 'churn_agg() of episodes runs in parallel');
SELECT results_eq(:'rows', $$SELECT c FROM ours WHERE lo = '2026-03-01'$$, 'parallel rows');
SELECT results_eq(:'merging', 'TABLE merged', 'parallel episodes');
SELECT cmp_ok((SELECT count(*) FROM merged, unnest(m)), '>', 50::bigint, 'of which there are many');
SELECT results_eq(:'counting', $$SELECT c FROM episode_ours WHERE lo = '2026-03-01'$$, 'parallel customers');
SELECT is((SELECT churn_agg(s, e, tstzrange('2026-03-01', '2026-04-01')) FROM sub WHERE s IS NULL), NULL, 'parallel with nothing to count');

SELECT finish();
ROLLBACK;
