-- customers who come and go in a period (docs/churn.md, "Customers")
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\pset null '(null)'

-- worked example: 500 at the start, 80 new, 5 returned, 55 lost, 530 at the end
CREATE TEMP TABLE customer AS
  SELECT tstzmultirange(tstzrange('2025-03-01', CASE WHEN i <= 55 THEN timestamptz '2026-01-15' END)) AS episodes
  FROM generate_series(1, 500) i
  UNION ALL
  SELECT tstzmultirange(tstzrange('2026-01-10', NULL)) FROM generate_series(1, 80)
  UNION ALL
  SELECT '{[2024-01-01, 2025-01-01), [2026-01-20,)}' FROM generate_series(1, 5);
SELECT churn_agg(episodes, tstzrange('2026-01-01', '2026-02-01')) AS january FROM customer \gset
SELECT customers_at_start(s), customers_new(s), customers_returned(s), customers_lost(s), customers_at_end(s),
       customers_retained(s), churn_period_start(s), churn_period_end(s)
FROM (SELECT churn_summary :'january') v(s);
SELECT churn_rate(s), round(churn_rate(s, method => 'start_plus_new')::numeric, 10) AS start_plus_new,
       round(churn_rate(s, method => 'average')::numeric, 10) AS average, churn_rate(s, method => 'cohort') AS cohort,
       retention_rate(s), retention_rate(s, 'cohort') AS retention_cohort
FROM (SELECT churn_summary :'january') v(s);
SELECT churn_rate(episodes, tstzrange('2026-01-01', '2026-02-01')),
       retention_rate(episodes, tstzrange('2026-01-01', '2026-02-01')) FROM customer;

-- Wilson: 20 of 120; undefined for the average, without customers, and where more leave than were there
SELECT round(lower::numeric, 10) AS lower, round(upper::numeric, 10) AS upper
FROM churn_interval('{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 120, "new": 0, "returned": 0, "lost": 20, "at_end": 100, "retained": 100}');
SET extra_float_digits = 0;
SELECT method, churn_rate(s, method), churn_interval(s, method), churn_interval(s, method, confidence => 0.5) AS half
FROM (SELECT churn_summary '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 2, "new": 3, "returned": 0, "lost": 4, "at_end": 1, "retained": 1}') v(s),
     unnest('{start,start_plus_new,average,cohort}'::text[]) AS method;
RESET extra_float_digits;

-- boundaries: there just before an edge; transitions belong to the period that begins with the edge
CREATE TEMP TABLE edge (what text, s timestamptz, e timestamptz);
INSERT INTO edge VALUES
  ('before and after',         '2025-12-01', NULL),
  ('ends at the start',        '2025-12-01', '2026-01-01'),
  ('ends before the start',    '2025-12-01', '2025-12-31 23:59:59.999999'),
  ('ends inside',              '2025-12-01', '2026-01-31 23:59:59.999999'),
  ('ends at the end',          '2025-12-01', '2026-02-01'),
  ('starts at the start',      '2026-01-01', NULL),
  ('exactly the period',       '2026-01-01', '2026-02-01'),
  ('inside',                   '2026-01-10', '2026-01-20'),
  ('starts inside, ends at end', '2026-01-10', '2026-02-01'),
  ('starts at the end',        '2026-02-01', NULL),
  ('no length at the start',   '2026-01-01', '2026-01-01'),
  ('no length inside',         '2026-01-10', '2026-01-10'),
  ('no length at the end',     '2026-02-01', '2026-02-01'),
  ('for ever',                 '-infinity', 'infinity'),
  ('from ever, ends inside',   '-infinity', '2026-01-10'),
  ('never starts',             'infinity', NULL),
  ('unknown start',            NULL, '2026-01-10');
SELECT what, customers_at_start(c) AS start, customers_new(c) AS new, customers_lost(c) AS lost, customers_at_end(c) AS end,
       customers_retained(c) AS retained
FROM (SELECT what, churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')) AS c FROM edge GROUP BY what) g
ORDER BY array_position((SELECT array_agg(what) FROM edge), what);
SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')) FROM edge;
-- the same as one-episode multiranges (those of no length as [t,t]), and in dates
SELECT churn_agg(tstzmultirange(tstzrange(s, e, CASE WHEN s = e THEN '[]' ELSE '[)' END)), tstzrange('2026-01-01', '2026-02-01'))
       = churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')) AS same
FROM edge WHERE s <> 'infinity';
SELECT churn_agg(s::date, e::date, daterange('2026-01-01', '2026-02-01')) FROM edge WHERE e IS NULL OR extract(second FROM e) = 0;

-- episodes: gaps, touching, parallel, leaving twice, two bounds that only a point keeps apart
SELECT what, customers_at_start(c) AS start, customers_new(c) AS new, customers_returned(c) AS returned,
       customers_lost(c) AS lost, customers_at_end(c) AS end, customers_retained(c) AS retained
FROM (SELECT i, what, churn_agg(episodes, tstzrange('2026-01-01', '2026-02-01')) AS c FROM (VALUES
  (1, 'second goes on',      '{[2025-01-01, 2026-01-10), [2026-01-05,)}'::tstzmultirange),
  (2, 'touching',            '{[2025-01-01, 2026-01-10), [2026-01-10,)}'),
  (3, 'a point apart',       '{[2025-01-01, 2026-01-10), (2026-01-10,)}'),
  (4, 'gap inside',          '{[2025-01-01, 2026-01-10), [2026-01-11,)}'),
  (5, 'leaves twice',        '{[2025-01-01, 2026-01-10), [2026-01-11, 2026-01-12)}'),
  (6, 'new, leaves, returns', '{[2026-01-02, 2026-01-10), [2026-01-11,)}'),
  (7, 'returns at the start', '{[2025-01-01, 2025-01-10), [2026-01-01,)}'),
  (8, 'nobody',              '{}'),
  (9, 'unbounded',           '{(,2026-01-10), [2026-01-11,)}'),
  (10, 'unknown',            NULL)) v(i, what, episodes) GROUP BY i, what) g
ORDER BY i;

-- no rows, nobody, nobody at the start, FILTER
SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')), churn_rate(s, e, tstzrange('2026-01-01', '2026-02-01'))
FROM edge WHERE false;
SELECT churn_agg(NULL::timestamptz, NULL, tstzrange('2026-01-01', '2026-02-01'));
SELECT churn_rate(s, e, tstzrange('2026-01-01', '2026-02-01')), churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01'))
FROM edge WHERE what = 'inside';
SELECT churn_rate(s, e, tstzrange('2026-01-01', '2026-02-01')) FILTER (WHERE what LIKE 'ends%') FROM edge;

-- a period that is not over has no churn; the clock is never asked
SELECT as_of, churn_rate(s, as_of => as_of), retention_rate(s, as_of => as_of), churn_interval(s, as_of => as_of) IS NULL AS unknown
FROM (SELECT churn_summary :'january') v(s),
     unnest(ARRAY[NULL, '2026-01-31 23:59:59.999999', '2026-02-01', 'infinity', '-infinity']::timestamptz[]) AS as_of;
SELECT churn_rate(churn_agg(date '2020-01-01', NULL, daterange('3026-01-01', '3026-02-01')));
-- dates begin at midnight of the session
SET timezone = 'America/New_York';
SELECT churn_rate(s, as_of => '2026-02-01 04:59:59+00') AS before, churn_rate(s, as_of => '2026-02-01 05:00:00+00') AS after
FROM (SELECT churn_agg(date '2020-01-01', NULL, daterange('2026-01-01', '2026-02-01'))) v(s);
-- months of a time zone, the one with the change to summer time 743 hours long
SELECT upper(p) - lower(p) AS length, churn_rate(s, e, p)
FROM (VALUES (timestamptz '2026-01-01 UTC', timestamptz '2026-04-01 03:00 UTC')) v(s, e),
     (SELECT tstzrange(m AT TIME ZONE 'America/New_York', (m + interval '1 month') AT TIME ZONE 'America/New_York') AS p
      FROM generate_series(timestamp '2026-02-01', '2026-04-01', '1 month') m) months
GROUP BY p ORDER BY p;
SET timezone = 'UTC';

-- the text is the same in all sessions, and reads back
SET datestyle = 'German';
SET timezone = 'Asia/Kolkata';
SELECT s, s = s::text::churn_summary AS same, s::jsonb -> 'at_start' AS at_start FROM (SELECT churn_summary :'january') v(s);
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SELECT churn_summary :'january' + :'january', churn_summary :'january' <> churn_summary :'january' + :'january' AS differs;
SELECT count(*) FROM (SELECT DISTINCT s FROM (VALUES (churn_summary :'january'), (:'january')) v(s)) d;
SELECT rollup(s) FROM (SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-02-01')) AS s FROM edge GROUP BY left(what, 1)) g;

-- rates of other lengths
SELECT round(annualize_rate(0.03, '1 month', '1 year')::numeric, 10) AS yearly, round(annualize_rate(0.03, 'month')::numeric, 10) AS words,
       round(annualize_rate(0.30, interval '1 year', interval '1 month')::numeric, 10) AS monthly,
       annualize_rate(0.1, 'quarter', '3 months') AS same, annualize_rate(0, 'day'), annualize_rate(1, 'day'),
       annualize_rate(1e-15, 'month'), annualize_rate(NULL, 'month') AS unknown,
       round(annualize_rate(0.01, '7 days', '365.25 days')::numeric, 10) AS from_weeks;

-- mistakes
\set VERBOSITY default
SELECT churn_agg(s, e, tstzrange('2026-01-01', NULL)) FROM edge;
SELECT churn_agg(s, e, tstzrange('-infinity', '2026-01-01')) FROM edge;
SELECT churn_agg(s, e, 'empty') FROM edge;
SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-01-31', '[]')) FROM edge;
SELECT churn_agg(s, e, tstzrange('2026-01-01', '2026-01-31', '(]')) FROM edge;
SELECT churn_agg(s, e, NULL::tstzrange) FROM edge;
SELECT churn_agg(s::date, e::date, '[2026-01-01,)'::daterange) FROM edge;
SELECT churn_agg(s, e, p) FROM edge, (VALUES (tstzrange('2026-01-01', '2026-02-01')), (tstzrange('2026-02-01', '2026-03-01'))) v(p);
SELECT churn_agg(timestamptz '2026-02-01', timestamptz '2026-01-31', tstzrange('2026-01-01', '2026-02-01'));
SELECT churn_agg(date '2026-02-01', date '2026-01-31', daterange('2026-01-01', '2026-02-01'));
SELECT rollup(s ORDER BY churn_period_end(s)) FROM (SELECT churn_agg(s, e, tstzrange('2026-01-01', d)) AS s FROM edge, (VALUES (timestamptz '2026-02-01'), ('2026-03-01')) v(d) GROUP BY d) g;
SELECT churn_agg(timestamptz '2026-01-01', NULL, tstzrange('2026-01-01', '2026-02-01'))
     + churn_agg(date '2026-01-01', NULL, daterange('2026-01-01', '2026-02-01'));
SELECT churn_rate(churn_summary :'january', 'stripe');
SELECT retention_rate(churn_summary :'january', 'average');
SELECT churn_interval(churn_summary :'january', confidence => 95);
SELECT annualize_rate(3, 'month');
SELECT annualize_rate('NaN', 'month');
SELECT annualize_rate(0.03, 'fortnight');
SELECT annualize_rate(0.03, '0 days', '1 year');
SELECT annualize_rate(0.03, interval '1 month', interval '-1 year');

-- hostile values
SELECT '{}'::churn_summary;
SELECT '{"period_start": "today", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-01-01T00:00:00", "period_end": "2026-02-01T00:00:00", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-02-01", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "infinity", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": -1, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 531, "retained": 447}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 1, "new": 0, "returned": 0, "lost": 2, "at_end": 0, "retained": 0}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 500, "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 501}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 9, "new": 9, "returned": 0, "lost": 9, "at_end": 9, "retained": 10}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 9, "new": 0, "returned": 0, "lost": 1, "at_end": 8, "retained": 7}'::churn_summary;
SELECT '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 9223372036854775807, "new": 1, "returned": 0, "lost": 0, "at_end": 0, "retained": 0}'::churn_summary;
SELECT s + s FROM (SELECT churn_summary '{"period_start": "2026-01-01", "period_end": "2026-02-01", "at_start": 9223372036854775807, "new": 0, "returned": 0, "lost": 0, "at_end": 9223372036854775807, "retained": 9223372036854775807}') v(s);
