SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
-- a customer's rows: view, cart, purchase; in any order
SELECT funnel(at, event, ARRAY['view', 'cart', 'purchase'], '7 days')
FROM (VALUES ('2024-01-03'::timestamptz, 'purchase'), ('2024-01-01', 'view'), ('2024-01-02', 'cart')) v(at, event);
-- the boundary is inclusive, and counts from the first step
SELECT funnel(at, event, ARRAY['a', 'b'], '10 s') AS inside, funnel(at, event, ARRAY['a', 'b'], '9.999999 s') AS outside
FROM (VALUES ('2024-01-01 00:00:00Z'::timestamptz, 'a'), ('2024-01-01 00:00:10Z', 'b')) v(at, event);
-- no limit; no rows that are a step; no rows; only NULLs
SELECT funnel(at, event, ARRAY['a', 'b'], NULL) AS no_limit, funnel(at, event, ARRAY['x', 'y'], '1 day') AS not_a_step,
       funnel(at, event, ARRAY['a', 'b'], NULL) FILTER (WHERE false) AS no_rows,
       funnel(NULL, event, ARRAY['a', 'b'], NULL) AS no_times, funnel(at, NULL::text, ARRAY['a', 'b'], NULL) AS no_events
FROM (VALUES ('1999-01-01'::timestamptz, 'a'), ('2024-01-01', 'b'), ('2025-01-01', NULL), (NULL, 'b')) v(at, event);
-- infinite instants
SELECT funnel(at, event, ARRAY['a', 'b'], '1 day') AS limited, funnel(at, event, ARRAY['a', 'b'], NULL) AS unlimited
FROM (VALUES ('-infinity'::timestamptz, 'a'), ('infinity', 'b')) v(at, event);
SELECT funnel(at, event, ARRAY['a', 'b'], '1 day')
FROM (VALUES ('infinity'::timestamptz, 'a'), ('infinity', 'b')) v(at, event);
-- months go by the calendar, clipped to the month: from Jan 30 12:00 until Feb 28 12:00
SELECT at_b, funnel(at, event, ARRAY['a', 'b'], '1 month')
FROM (VALUES ('2023-02-28 11:00Z'::timestamptz), ('2023-02-28 12:00Z'), ('2023-02-28 12:00:00.000001Z')) b(at_b),
     LATERAL (VALUES ('2023-01-30 12:00Z'::timestamptz, 'a'), ('2023-01-31 03:00Z', 'a'), (at_b, 'b')) v(at, event)
GROUP BY at_b ORDER BY at_b;
SELECT funnel(at, event, ARRAY['a', 'b'], '1 year 1 month') AS leap
FROM (VALUES ('2023-01-29Z'::timestamptz, 'a'), ('2024-02-29Z', 'b')) v(at, event);
-- events of every type
CREATE TYPE funnel_event AS ENUM ('view', 'cart', 'purchase');
SELECT funnel(at, e::text::varchar(9), ARRAY['view', 'cart'], NULL) AS varchar,
       funnel(at, e::text::char(9), ARRAY['view', 'cart']::char(9)[], NULL) AS char,
       funnel(at, e::text::name, ARRAY['view', 'cart']::name[], NULL) AS name,
       funnel(at, e, '{view,cart}', NULL) AS enum,
       funnel(at, n::smallint, ARRAY[1, 2]::smallint[], NULL) AS smallint,
       funnel(at, n, ARRAY[1, 2], NULL) AS integer,
       funnel(at, n::bigint, ARRAY[1, 2], NULL) AS bigint,
       funnel(at, n::numeric, ARRAY[1.0, 2.00], NULL) AS numeric,
       funnel(at, n::float8, ARRAY[1, 2], NULL) AS float8,
       funnel(at, md5(e::text)::uuid, ARRAY[md5('view'), md5('cart')]::uuid[], NULL) AS uuid
FROM (VALUES ('2024-01-01'::timestamptz, 'view'::funnel_event, 1), ('2024-01-02', 'cart', 2)) v(at, e, n);
CREATE COLLATION funnel_ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT funnel(at, e COLLATE funnel_ignore_case, ARRAY['View', 'CART'], NULL) AS ignoring_case,
       funnel(at, e, ARRAY['View', 'CART'], NULL) AS exact
FROM (VALUES ('2024-01-01'::timestamptz, 'view'), ('2024-01-02', 'cart')) v(at, e);
-- conditions instead of events: a row may satisfy several, and NULL is no
SELECT funnel(at, '1 day', e = 'a', e = 'b' AND amount > 10, amount > 10)
FROM (VALUES ('2024-01-01 10:00'::timestamptz, 'a', NULL), ('2024-01-01 11:00', 'b', 20), ('2024-01-01 12:00', 'c', 30)) v(at, e, amount);
SELECT funnel(at, NULL, VARIADIC ARRAY[true, true, true]) FROM (VALUES ('2024-01-01'::timestamptz), ('2024-01-01')) v(at);
-- as many steps as there can be, at one instant and one after another
SELECT funnel('2024-01-01'::timestamptz, n, (SELECT array_agg(s) FROM generate_series(1, 32) s), '0') AS tied,
       funnel('2024-01-01'::timestamptz + n * interval '1 s', n, (SELECT array_agg(s) FROM generate_series(1, 32) s), '31 s') AS spread,
       funnel('2024-01-01'::timestamptz + n * interval '1 s', n, (SELECT array_agg(s) FROM generate_series(1, 32) s), '30 s') AS missed
FROM generate_series(1, 32) n;
-- distinct rows of one instant: three customers, each row satisfies several steps
SELECT customer, funnel(at, '0', a, b, c)
FROM (VALUES (1, '2024-01-01'::timestamptz, true, true, false), (1, '2024-01-01', true, false, false), (1, '2024-01-01', false, true, true),
             (2, '2024-01-01', true, true, true), (2, '2024-01-01', true, true, true),
             (3, '2024-01-01', false, true, true), (3, '2024-01-01', true, true, false), (3, '2024-01-01', true, false, false)) v(customer, at, a, b, c)
GROUP BY customer ORDER BY customer;

-- when
SELECT funnel_times(at, event, ARRAY['a', 'b', 'c', 'd'], '10 h')
FROM (VALUES ('2024-01-01 00:00'::timestamptz, 'a'), ('2024-01-01 01:00', 'b'), ('2024-01-01 02:00', 'a'),
             ('2024-01-01 03:00', 'b'), ('2024-01-01 04:00', 'b'), ('2024-01-01 05:00', 'c'), ('2024-01-01 06:00', 'c')) v(at, event);
SELECT funnel_times(at, '1 day', e = 'a', e = 'b') FROM (VALUES ('2024-01-01'::timestamptz, 'b')) v(at, e);
SELECT funnel_times(at, '1 day', e = 'a', e = 'b') FROM (VALUES ('2024-01-01'::timestamptz, 'b')) v(at, e) WHERE false;


-- The edge cases of the definition: events as event@second. What another engine's windowFunnel says
-- with 'strict_once' (an event serves one step) and with that and 'strict_increase'.
CREATE TEMP TABLE golden (name text, seconds integer, steps text, events text, strict_once integer, strict_increase integer);
COPY golden FROM stdin (DELIMITER '|');
basic|10|ABC|A@0 B@5 C@9|3|3
boundary_inclusive|10|AB|A@0 B@10|2|2
boundary_plus1|10|AB|A@0 B@11|1|1
window_from_first_not_prev|10|ABC|A@0 B@8 C@12|2|2
restart_latest_start|5|AB|A@0 A@8 B@12|2|2
restart_keeps_old_chain|10|ABC|A@0 B@3 A@9 C@10|3|3
restart_new_chain_needs_B_again|10|ABC|A@0 B@3 A@9 C@12|2|2
restart_then_full|10|ABC|A@0 B@3 A@9 B@11 C@12|3|3
out_of_order|10|ABC|C@0 B@1 A@2|1|1
skip_step|10|ABC|A@0 C@2|1|1
late_middle|10|ABC|A@0 C@2 B@3 C@4|3|3
intervening_X|10|ABC|A@0 X@1 B@2 C@3|3|3
intervening_future_step|10|ABCD|A@0 B@1 D@2 C@3|3|3
dup_step2|10|ABC|A@0 B@1 B@2 C@3|3|3
dup_ABCBD|10|ABCD|A@0 B@1 C@2 B@3 D@4|4|4
AABBCC|10|ABC|A@0 A@1 B@2 B@3 C@4 C@5|3|3
tie_A_B_same_ts|10|AB|A@5 B@5|2|1
tie_B_before_A_in_input|10|AB|B@5 A@5|2|1
tie_three|10|ABC|A@5 C@5 B@5|3|1
tie_then_later|10|ABC|A@0 B@5 A@5 C@5|3|2
same_event_two_steps_once|10|AA|A@0|1|1
same_event_two_steps_twice|10|AA|A@0 A@5|2|2
same_event_three_steps_twice|10|AAA|A@0 A@5|2|2
repeat_ABA|10|ABA|A@0 B@1 A@2|3|3
repeat_ABA_missing_last|10|ABA|A@0 B@1|2|2
empty|10|AB|X@0|0|0
no_first|10|AB|B@0 B@1|0|0
window_zero_tie|0|AB|A@5 B@5|2|1
strict_increase_overwrite_93789|10|AB|A@0 A@5 B@5|2|2
unsorted_input|10|ABC|C@9 A@0 B@5|3|3
\.
SELECT count(*) AS cases, count(*) FILTER (WHERE by_event = strict_once AND by_condition = strict_once) AS equal
FROM golden,
     LATERAL (SELECT funnel(at, event, string_to_array(steps, NULL), seconds * interval '1 s') AS by_event,
                     funnel(at, seconds * interval '1 s', VARIADIC ARRAY(SELECT event = step FROM string_to_table(steps, NULL) step)) AS by_condition
              FROM (SELECT to_timestamp(split_part(e, '@', 2)::int) AS at, split_part(e, '@', 1) AS event
                    FROM string_to_table(events, ' ') e) rows) f;

-- mistakes
SELECT funnel(now(), 'a', NULL::text[], '1 day');
SELECT funnel(now(), 'a', '{}'::text[], '1 day');
SELECT funnel(now(), 'a', ARRAY['a', NULL], '1 day');
SELECT funnel(now(), 1, (SELECT array_agg(s) FROM generate_series(1, 33) s), '1 day');
SELECT funnel(now(), 'a', ARRAY[['a', 'b'], ['c', 'd']], '1 day');
SELECT funnel(now(), 'a', ARRAY['a', 'b'], '-1 day');
SELECT funnel(now(), 'a', ARRAY['a', 'b'], '1 month -1 day');
SELECT funnel(at, 'a', ARRAY['a', 'b'], w) FROM (VALUES (now(), interval '1 day'), (now(), '2 days')) v(at, w);
SELECT funnel(at, 'a', steps, NULL) FROM (VALUES (now(), ARRAY['a', 'b']), (now(), ARRAY['a'])) v(at, steps);
SELECT funnel(now(), '1 day', VARIADIC NULL::boolean[]);
SELECT funnel(now(), '1 day', VARIADIC '{}'::boolean[]);
SELECT funnel(now(), '{}'::point, ARRAY[point(1, 2)], NULL);
SELECT funnel(now(), point(1, 2)::text::xml, ARRAY['<a/>'::xml], NULL);

-- a window longer than all time is none
SELECT funnel(at, event, ARRAY['a', 'b'], '2147483647 days') FROM (VALUES (timestamptz '4713-01-01 BC', 'a'), ('294276-12-31', 'b')) v (at, event);

-- the state is a value like any other, and not trusted
SELECT funnel_state_accum(NULL, '2000-01-01 00:00:01Z', 'b', ARRAY['a', 'b'], '7 days');
SELECT funnel_state_accum(NULL, '2000-01-01 00:00:01Z', NULL, true, false, true);
SELECT funnel_state_combine('{"steps": 2, "within": null, "at": [5], "satisfies": [2]}', '{"steps": 2, "within": null, "at": [3], "satisfies": [1]}');
SELECT funnel_state_steps('{"steps": 2, "within": null, "at": [5, 3], "satisfies": [2, 1]}');
SELECT funnel_state_combine('{"steps": 2, "within": null, "at": [], "satisfies": []}', '{"steps": 3, "within": null, "at": [], "satisfies": []}');
SELECT '{"steps": 33, "within": null, "at": [], "satisfies": []}'::funnel_state;
SELECT '{"steps": 2, "within": [0, -1, 0], "at": [], "satisfies": []}'::funnel_state;
SELECT '{"steps": 2, "within": null, "at": [1, 2], "satisfies": [1]}'::funnel_state;
SELECT '{"steps": 2, "within": null, "at": [1], "satisfies": [4]}'::funnel_state;
SELECT '{"steps": 2, "within": null, "at": [1], "satisfies": [0]}'::funnel_state;
