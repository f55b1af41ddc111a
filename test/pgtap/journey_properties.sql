-- The summaries of the journey room: any order, any plan, any pieces, any form: the same value; and
-- what they say is what plain SQL says.
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';

-- 3000 customers, up to 40 events each in no order; whole hours, so that many coincide
CREATE TABLE log AS
SELECT customer, i,
       timestamptz '2024-01-01' + (h % 2000) * interval '1 hour' AS at,
       (ARRAY['view', 'cart', 'checkout', 'purchase', 'other', NULL])[1 + h / 10000 % 6] AS event,
       (ARRAY['email', 'social', 'direct', NULL])[1 + h / 100000 % 4] AS channel
FROM generate_series(1, 3000) customer,
     generate_series(1, 1 + abs(hashint4(customer)) % 40) i,
     LATERAL (SELECT abs(hashint8(customer * 1000::bigint + i)::bigint) AS h) random;
ANALYZE log;

CREATE FUNCTION answers(source text) RETURNS TABLE (customer int, f int, fc int, ft timestamptz[], j journey_summary, j3 journey_summary, a activity_summary)
LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE format($q$
  SELECT customer, funnel(at, event, ARRAY['view', 'cart', 'checkout', 'purchase'], '7 days'),
         funnel(at, '1 month', event = 'view', event IN ('view', 'cart'), channel = 'email', event = 'purchase'),
         funnel_times(at, event, ARRAY['view', 'cart', 'view'], '7 days'),
         journey_agg(at, event, channel), journey_agg(at, event, channel, 3), activity_agg(at, 'week', 'Europe/Berlin')
  FROM %s GROUP BY customer$q$, source); END $$;
CREATE TABLE serial AS SELECT * FROM answers('(SELECT * FROM log ORDER BY customer, at) o');

-- any order
SELECT is_empty(format($q$SELECT customer FROM serial s FULL JOIN answers('(SELECT * FROM log ORDER BY hashint8(customer * %s + i * 77)) o') o USING (customer)
  WHERE (s.f, s.fc, s.ft) IS DISTINCT FROM (o.f, o.fc, o.ft) OR s.j <> o.j OR s.j3 <> o.j3 OR s.a <> o.a$q$, k), 'shuffled rows, order ' || k)
FROM generate_series(1, 3) k;

-- parallel
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\ir plan_of.psql
SELECT matches(plan_of($q$SELECT customer, funnel(at, event, ARRAY['view'], '7 days'), funnel(at, '1 day', event = 'view'), journey_agg(at, event, channel), activity_agg(at, 'week', 'UTC') FROM log GROUP BY customer$q$),
               'Partial (Group|Hash)?Aggregate', 'aggregates by customer are partial in workers');
SELECT is_empty($q$SELECT customer FROM serial s FULL JOIN answers('log') o USING (customer)
  WHERE (s.f, s.fc, s.ft) IS DISTINCT FROM (o.f, o.fc, o.ft) OR s.j <> o.j OR s.j3 <> o.j3 OR s.a <> o.a$q$, 'parallel = serial');
CREATE TABLE whole AS SELECT cohort_agg(a) AS c, path_agg(journey_path(j, what => 'channel'), f = 4) AS p FROM (SELECT * FROM serial ORDER BY customer OFFSET 0) o;
SELECT matches(plan_of('SELECT cohort_agg(a), path_agg(journey_path(j), f = 4) FROM serial'), 'Partial Aggregate', 'cohort_agg and path_agg are partial in workers');
SELECT results_eq($q$SELECT cohort_agg(a) = (SELECT c FROM whole), path_agg(journey_path(j, what => 'channel'), f = 4) = (SELECT p FROM whole) FROM serial$q$, 'VALUES (true, true)', 'parallel cohorts and paths = serial');
SELECT results_eq('SELECT funnel(at, event, ARRAY[$$view$$], NULL), journey_agg(at, event), activity_agg(at, $$day$$), (SELECT cohort_agg(a) FROM serial WHERE customer < 0), (SELECT path_agg(NULL, f = 4) FROM serial WHERE customer < 0) FROM log WHERE customer < 0',
                  'VALUES (NULL::int, NULL::journey_summary, NULL::activity_summary, NULL::cohort_summary, NULL::path_summary)', 'no rows in any worker');
RESET max_parallel_workers_per_gather;

-- pieces
SELECT is_empty(format($q$SELECT customer FROM serial s FULL JOIN (SELECT customer, rollup(j) AS j, rollup(j3) AS j3, rollup(a) AS a FROM (
  SELECT customer, journey_agg(at, event, channel) AS j, journey_agg(at, event, channel, 3) AS j3, activity_agg(at, 'week', 'Europe/Berlin') AS a FROM log GROUP BY customer, abs(hashint4(i * %s)) %% 5) p GROUP BY customer) o USING (customer)
  WHERE s.j <> o.j OR s.j3 <> o.j3 OR s.a <> o.a$q$, k), 'rolled up from random parts ' || k) FROM generate_series(1, 3) k;
SELECT is((SELECT rollup(c) FROM (SELECT cohort_agg(a) AS c FROM serial GROUP BY customer % 7) x), c, 'cohorts rolled up') FROM whole;
SELECT is((SELECT rollup(p) FROM (SELECT path_agg(journey_path(j, what => 'channel'), f = 4) AS p FROM serial GROUP BY customer % 7) x), p, 'paths rolled up') FROM whole;

-- all conversions of a customer at once are those one by one
CREATE TABLE converting AS SELECT customer, array_agg(at) AS at, array_agg(i * 1.5::float8) AS value FROM log WHERE event = 'purchase' GROUP BY customer;
SELECT cmp_ok((SELECT count(*) FROM converting WHERE cardinality(at) > 3), '>', 200::bigint, 'many customers convert more than three times');
SELECT is_empty($q$SELECT * FROM
  (SELECT customer, rule, t.channel, t.credit, t.value FROM converting JOIN serial USING (customer),
     attribution_totals(j, at, value, '{first,last,last_non_direct,linear,time_decay,position}', lookback => '20 days', half_life => '3 days', first_share => 0.2) t) a
  FULL JOIN
  (SELECT customer, rule, a.channel, sum(a.credit) AS credit, sum(a.credit * v) AS value FROM converting JOIN serial USING (customer),
     unnest(at, value) c(t, v), unnest('{first,last,last_non_direct,linear,time_decay,position}'::text[]) rule,
     attribution(j, t, rule, lookback => '20 days', half_life => '3 days', first_share => 0.2) a GROUP BY 1, 2, 3) b
  ON (a.customer, a.rule) = (b.customer, b.rule) AND a.channel IS NOT DISTINCT FROM b.channel
  WHERE abs(a.credit - b.credit) < 1e-9 AND abs(a.value - b.value) < 1e-9 IS NOT TRUE OR abs(a.credit - b.credit) < 1e-9 IS NOT TRUE$q$, 'attribution_totals() = attribution() summed');
SELECT is((SELECT sum(credit) FROM converting LEFT JOIN serial USING (customer), attribution_totals(j, at, rules => '{position}'))::numeric(12, 6),
          (SELECT sum(cardinality(at)) FROM converting)::numeric(12, 6), 'credits of all conversions are the conversions');

-- forms
SELECT is_empty('SELECT customer FROM serial WHERE j::text::journey_summary <> j OR j3::text::journey_summary <> j3 OR a::text::activity_summary <> a', 'text there and back');
SELECT is(c::text::cohort_summary, c, 'text of cohorts there and back') FROM whole;
SELECT is(p::text::path_summary, p, 'text of paths there and back') FROM whole;
SELECT is_empty('SELECT customer FROM serial WHERE jsonb_array_length(j::jsonb -> $$touchpoints$$) <> touch_count(j)', 'jsonb');
SELECT is((SELECT count(DISTINCT j::text) FROM serial), (SELECT count(*) FROM (SELECT DISTINCT j FROM (SELECT j FROM serial UNION ALL SELECT j::text::journey_summary FROM serial) u WHERE j IS NOT NULL) d), 'equal journeys hash alike');

-- funnel by brute force in SQL: chains of distinct rows
CREATE TABLE few AS SELECT * FROM log WHERE customer % 3 = 0 AND i <= 12 AND event IS NOT NULL;
CREATE INDEX ON few (customer, at);
ANALYZE few;
CREATE TABLE brute AS
SELECT c.customer, CASE WHEN EXISTS (SELECT FROM few a JOIN few b ON b.customer = a.customer AND b.event = 'cart' AND b.at BETWEEN a.at AND a.at + interval '7 days'
                         JOIN few d ON d.customer = a.customer AND d.event = 'view' AND d.at BETWEEN b.at AND a.at + interval '7 days' AND d.i <> a.i WHERE a.customer = c.customer AND a.event = 'view') THEN 3
            WHEN EXISTS (SELECT FROM few a JOIN few b ON b.customer = a.customer AND b.event = 'cart' AND b.at BETWEEN a.at AND a.at + interval '7 days' WHERE a.customer = c.customer AND a.event = 'view') THEN 2
            WHEN EXISTS (SELECT FROM few a WHERE a.customer = c.customer AND a.event = 'view') THEN 1 ELSE 0 END AS steps
FROM (SELECT DISTINCT customer FROM few) c;
SELECT results_eq($q$SELECT customer, funnel(at, event, ARRAY['view', 'cart', 'view'], '7 days') FROM few GROUP BY customer ORDER BY 1$q$, 'SELECT customer, steps FROM brute ORDER BY 1', 'funnel = brute force');
SELECT results_eq($q$SELECT customer, funnel(journey_agg(at, event), ARRAY['view', 'cart', 'view'], '7 days') FROM few GROUP BY customer ORDER BY 1$q$, 'SELECT customer, steps FROM brute ORDER BY 1', 'funnel of a journey = brute force');
SELECT is((SELECT count(DISTINCT steps) FROM brute), 4::bigint, 'the brute force has every answer');
SELECT is_empty($q$SELECT customer FROM serial WHERE funnel(j, ARRAY['view', 'cart', 'checkout', 'purchase'], '7 days') <> f$q$, 'funnel of a journey = the aggregate');
SELECT is_empty($q$SELECT customer FROM serial WHERE funnel_times(j, ARRAY['view', 'cart', 'view'], '7 days') IS DISTINCT FROM ft$q$, 'funnel_times of a journey = the aggregate');

-- activity against date_trunc
CREATE TABLE plain AS SELECT DISTINCT customer, date_trunc('week', at AT TIME ZONE 'Europe/Berlin')::date AS week FROM log;
SELECT results_eq('SELECT customer, d FROM serial, active_dates(a) d ORDER BY 1, 2', 'SELECT * FROM plain ORDER BY 1, 2', 'active periods = date_trunc');
CREATE TABLE state AS
SELECT p.customer, w.week::date AS week, count(*) FILTER (WHERE p.week = w.week) > 0 AS active, count(*) FILTER (WHERE p.week = w.week::date - 7) > 0 AS before, min(p.week) AS first
FROM plain p, generate_series('2023-12-25'::timestamp, '2024-04-08', '1 week') w(week) GROUP BY p.customer, w.week;
SELECT is_empty($q$SELECT customer, week FROM state JOIN serial USING (customer) WHERE activity_state(a, week) IS DISTINCT FROM
  CASE WHEN active AND first = week THEN 'new' WHEN active AND before THEN 'returning' WHEN active THEN 'resurrecting' WHEN before THEN 'dormant' END$q$, 'activity_state');
SELECT results_eq('SELECT cohort, age, size, retained FROM whole, cohort_retention(c) WHERE retained > 0 ORDER BY 1, 2',
  $q$SELECT first, (week - first) / 7, (SELECT count(DISTINCT customer) FROM state z WHERE z.first = s.first), count(*) FROM state s WHERE active GROUP BY first, week ORDER BY 1, 2$q$, 'cohort_retention, n_day');
SELECT results_eq($q$SELECT cohort, age, retained FROM whole, cohort_retention(c, method => 'unbounded') WHERE retained > 0 ORDER BY 1, 2$q$,
  $q$SELECT first, age, count(*) FROM (SELECT customer, first, max(week) FILTER (WHERE active) AS last FROM state GROUP BY 1, 2) x, generate_series(0, (last - first) / 7) age GROUP BY 1, 2 ORDER BY 1, 2$q$, 'cohort_retention, unbounded');
SELECT results_eq('SELECT period, active_count, new_count, returning_count, resurrecting_count, dormant_count FROM whole, activity_lifecycle(c) ORDER BY 1',
  $q$SELECT week, count(*) FILTER (WHERE active), count(*) FILTER (WHERE active AND first = week), count(*) FILTER (WHERE active AND before), count(*) FILTER (WHERE active AND NOT before AND first < week), count(*) FILTER (WHERE before AND NOT active)
     FROM state WHERE week BETWEEN (SELECT min(week) FROM plain) AND (SELECT max(week) FROM plain) GROUP BY week ORDER BY week$q$, 'activity_lifecycle');
SELECT is_empty($q$SELECT period FROM (SELECT *, lag(active_count, 1, 0::bigint) OVER (ORDER BY period) AS was FROM whole, activity_lifecycle(c)) x
  WHERE active_count <> new_count + returning_count + resurrecting_count OR active_count <> was + new_count + resurrecting_count - dormant_count$q$, 'the identities of activity_lifecycle');
SELECT is((SELECT round(avg(stickiness(activity_agg, '2024-02-01', '2024-03-01'))::numeric, 12) FROM (SELECT activity_agg(at, 'day', 'UTC') FROM log GROUP BY customer) d),
          (SELECT round(avg(dau) / (SELECT count(DISTINCT customer) FROM log WHERE at >= '2024-02-01' AND at < '2024-03-01'), 12) FROM (SELECT count(DISTINCT customer)::numeric AS dau FROM log WHERE at >= '2024-02-01' AND at < '2024-03-01' GROUP BY at::date) d), 'the mean stickiness is DAU / MAU');

-- sessions, paths, attribution against plain SQL
SELECT results_eq($q$SELECT customer, at, i, session_number(at, '5 hours') OVER (PARTITION BY customer ORDER BY at) FROM log ORDER BY 1, 2, 3$q$,
  $q$SELECT customer, at, i, sum(s) OVER (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)::bigint FROM (SELECT *, CASE WHEN at - lag(at) OVER (PARTITION BY customer ORDER BY at) <= interval '5 hours' THEN 0 ELSE 1 END AS s FROM log) x ORDER BY 1, 2, 3$q$, 'session_number');
SELECT results_eq('SELECT customer, t.* FROM serial, touchpoints(j) t ORDER BY customer, at, event COLLATE "C", channel COLLATE "C"', 'SELECT customer, at, event, channel FROM log WHERE event IS NOT NULL ORDER BY customer, at, event COLLATE "C", channel COLLATE "C"', 'touchpoints');
SELECT results_eq('SELECT customer, journey_path(j, collapse => false) FROM serial WHERE j IS NOT NULL ORDER BY 1', 'SELECT customer, array_agg(event ORDER BY at, event COLLATE "C") FROM log WHERE event IS NOT NULL GROUP BY 1 ORDER BY 1', 'journey_path');
SELECT results_eq($q$SELECT customer, s FROM serial, session_paths(j, gap => '5 hours', max_steps => 3) s ORDER BY 1, 2$q$,
  $q$SELECT customer, array_to_string((array_agg(event ORDER BY at, event COLLATE "C"))[1:3], '>') FROM (SELECT *, session_number(at, '5 hours') OVER (PARTITION BY customer ORDER BY at) AS n FROM log WHERE event IS NOT NULL) x GROUP BY customer, n ORDER BY 1, 2$q$, 'session_paths');
CREATE TABLE conversion AS SELECT customer, i, at FROM log WHERE event = 'purchase';
SELECT results_eq($q$SELECT customer, i, channel, round(credit::numeric, 9) FROM conversion k JOIN serial USING (customer), attribution(j, k.at, 'linear', '10 days') WHERE channel IS NOT NULL ORDER BY 1, 2, 3$q$,
  $q$SELECT customer, i, channel, round(count(*) / sum(count(*)) OVER (PARTITION BY customer, i), 9) FROM conversion k JOIN LATERAL (SELECT channel FROM log t WHERE t.customer = k.customer AND t.event IS NOT NULL AND t.channel IS NOT NULL AND t.at <= k.at AND t.at > k.at - interval '10 days') t ON true GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$q$, 'linear attribution');
SELECT is_empty($q$SELECT customer, i, rule FROM conversion k JOIN serial USING (customer), unnest(ARRAY['first', 'last', 'last_non_direct', 'linear', 'time_decay', 'position']) rule, attribution(j, k.at, rule) GROUP BY customer, i, rule HAVING abs(sum(credit) - 1) > 1e-12$q$, 'credits of a conversion sum to 1');
SELECT is((SELECT round(sum(credit)::numeric, 9) FROM whole, markov_attribution(p)), (SELECT sum(conversions) FROM whole, path_counts(p)), 'Markov credits are all conversions');
SELECT is((SELECT round(sum(credit)::numeric, 9) FROM whole, shapley_attribution(p)), (SELECT sum(conversions) FROM whole, path_counts(p)), 'Shapley credits are all conversions');

-- direct calls leave their arguments alone
CREATE TABLE kept AS SELECT *, j::text AS jt, a::text AS at FROM serial WHERE j IS NOT NULL LIMIT 50;
SELECT is((SELECT count(journey_summary_accum(j, now(), 'x')) + count(journey_summary_combine(j, j)) + count(activity_summary_accum(a, '1999-01-01', 'week', 'Europe/Berlin')) + count(activity_summary_combine(a, a)) FROM kept), 200::bigint, 'called directly');
SELECT is_empty('SELECT customer FROM kept WHERE j::text <> jt OR a::text <> at', 'and the arguments are as they were');

-- binary COPY there and back
COMMIT;
CREATE TABLE binary_out AS SELECT s.customer, s.j, s.j3, s.a, w.c, w.p, funnel_state_accum(NULL, at.at, '1 month', true, false) AS f FROM serial s, whole w, (SELECT timestamptz '2024-01-01' AS at) at WHERE s.customer <= 300;
CREATE TABLE binary_in (LIKE binary_out);
SELECT format('%s/journey_binary_%s', current_setting('data_directory'), pg_backend_pid()) AS file \gset
COPY binary_out TO :'file' (FORMAT binary);
COPY binary_in FROM :'file' (FORMAT binary);
SELECT is_empty('SELECT customer FROM binary_out o FULL JOIN binary_in i USING (customer) WHERE o.j <> i.j OR o.j3 <> i.j3 OR o.a <> i.a OR o.c <> i.c OR o.p <> i.p OR o.f::text <> i.f::text OR i.customer IS NULL', 'binary COPY there and back');
-- paths announced: no more than there can be in what is left, 20 bytes for the shortest; a bytea sends its bytes as they are
CREATE TABLE binary_paths (p path_summary);
COPY (SELECT decode('01' || '00000002' || repeat('00000000' || '0000000000000003' || '0000000000000001', 2), 'hex')) TO :'file' (FORMAT binary);
COPY binary_paths FROM :'file' (FORMAT binary);
SELECT is(p::text, '{"paths": [[]], "conversions": [6], "nulls": [2]}', 'as many paths as are announced') FROM binary_paths;
COPY (SELECT decode('01' || '00000003' || repeat('00000000' || '0000000000000003' || '0000000000000001', 2), 'hex')) TO :'file' (FORMAT binary);
SELECT throws_ok(format('COPY binary_paths FROM %L (FORMAT binary)', :'file'), '22P03', 'invalid binary value of type path_summary', 'one more path is announced than there can be');
SELECT * FROM finish();
DROP TABLE binary_out, binary_in, binary_paths, log, serial, whole, few, brute, plain, state, conversion, converting, kept;
DROP FUNCTION answers(text), plan_of(text);
