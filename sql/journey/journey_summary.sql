SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
CREATE TEMP TABLE log (customer integer, at timestamptz, event text, channel text);
INSERT INTO log VALUES
  (1, '2024-01-01 10:00', 'visit', 'email'), (1, '2024-01-01 10:05', 'view', NULL), (1, '2024-01-01 10:06', 'view', NULL),
  (1, '2024-01-02 09:00', 'visit', 'direct'), (1, '2024-01-02 09:01', 'cart', NULL), (1, '2024-01-02 09:05', 'purchase', NULL),
  (2, '2024-01-05 10:00', 'visit', 'social'), (2, '2024-01-05 10:00', 'view', NULL), (2, NULL, 'cart', NULL), (2, '2024-01-06', NULL, 'x');
SELECT customer, journey_agg(at, event, channel) FROM log GROUP BY customer ORDER BY customer;
SELECT journey_agg(at, event) FROM log WHERE customer = 2;
-- events and channels of any type
CREATE TYPE journey_event AS ENUM ('b', 'a');
SELECT journey_agg(at, 7::smallint, 8) AS numbers, journey_agg(at, 'a'::journey_event, 'b'::journey_event) AS enums,
       journey_agg(at, 'a'::varchar, NULL) AS varchar, journey_agg(at, md5('x')::uuid, 1.5) AS mixed
FROM (VALUES ('2024-01-01'::timestamptz)) v(at);
-- no rows, nothing but NULLs
SELECT journey_agg(at, event) FROM log WHERE false;
SELECT journey_agg(at, event, channel) FROM log WHERE at IS NULL OR event IS NULL;
-- the bound keeps the latest, ties by name, and says what it cut; in any order and in parts
SELECT journey_agg(at, event, channel, 3) FROM log WHERE customer = 1;
SELECT journey_agg(at, event, channel, 3 ORDER BY at DESC) = journey_agg(at, event, channel, 3) AS same FROM log WHERE customer = 1;
SELECT rollup(j) AS parts, rollup(j) = (SELECT journey_agg(at, event, channel, 1) FROM log) AS same
FROM (SELECT journey_agg(at, event, channel, 1) AS j FROM log GROUP BY customer, event) p;
SELECT touch_count(j), journey_cut(j) FROM (SELECT journey_agg(at, n, n % 7, 10) AS j FROM (SELECT to_timestamp((n * 7919) % 1000) AS at, n FROM generate_series(1, 1000) n) x) y;
-- merging, equality, hashing, jsonb
SELECT a + b = whole AS sum_is_whole, a = b AS parts_equal, a <> b AS parts_differ, jsonb_array_length(whole::jsonb -> 'touchpoints') AS touchpoints
FROM (SELECT journey_agg(at, event) FILTER (WHERE customer = 1) AS a, journey_agg(at, event) FILTER (WHERE customer = 2) AS b, journey_agg(at, event) AS whole FROM log) x;
SELECT count(*) FROM (SELECT DISTINCT journey_agg(at, event) FROM log, generate_series(1, 3) g GROUP BY g) x;
SELECT journey_agg(at, event, channel, 1) + journey_agg(at, event, channel, 2) FROM log;
-- a state that was made by hand, out of order and with room, is as good as any
SELECT s = journey_summary_final(s) AS equal, touch_count(s), journey_path(s)
FROM (SELECT journey_summary_accum(journey_summary_accum(NULL, '2024-01-02', 'b'), '2024-01-01', 'a') AS s) x;

-- paths
CREATE TEMP TABLE journey AS SELECT customer, journey_agg(at, event, channel) AS j FROM log GROUP BY customer;
SELECT customer, journey_path(j) AS collapsed, journey_path(j, collapse => false) AS whole, journey_path(j, 2) AS first_two, journey_path(j, what => 'channel') AS channels FROM journey ORDER BY customer;
SELECT journey_path(j, since => '2024-01-01 10:06', until => '2024-01-02 09:01', collapse => false) FROM journey WHERE customer = 1;
SELECT journey_path(j, 0) AS none, journey_path(j, since => '2030-01-01') AS later, journey_path(j, since => '2030-01-01', until => '2020-01-01') AS reversed FROM journey WHERE customer = 1;
SELECT customer, e.* FROM journey, journey_edges(j) e ORDER BY customer, step_number;
SELECT customer, e.* FROM journey, journey_edges(j, what => 'channel') e ORDER BY customer, step_number;
SELECT customer, s FROM journey, session_paths(j) WITH ORDINALITY s(s, n) ORDER BY customer, n;
SELECT s FROM journey, session_paths(j, gap => '1 day', max_steps => NULL, collapse => true, separator => ' > ') s WHERE customer = 1;
SELECT s FROM journey, session_paths(j, gap => NULL, max_steps => NULL) s WHERE customer = 1;
SELECT t.* FROM journey, touchpoints(j) t WHERE customer = 2;
SELECT customer, time_between(j, 'visit', 'purchase') AS visit_purchase, time_between(j, 'view', 'visit') AS view_visit,
       time_between(j, 'view', 'view') AS view_view, time_between(j, 'purchase', 'visit') AS backwards, time_between(j, 'x', 'visit') AS unknown FROM journey ORDER BY customer;
-- a channel is no event, whatever follows the touchpoints in memory
SELECT time_between(journey_agg(at, 'visit', channel), 'aaaaaé', 'visit') AS from_channel FROM (VALUES (timestamptz '2024-01-01', 'aaaaaé'), ('2024-01-02', 'z')) v (at, channel);
SELECT customer, journey_gaps(j, 'visit') AS visits, journey_gaps(j) AS every, journey_gaps(j, 'x') AS unknown FROM journey ORDER BY customer;
SELECT journey_path(NULL) AS path, funnel(NULL::journey_summary, ARRAY['a']) AS funnel, (SELECT count(*) FROM journey_edges(NULL)) AS edges, (SELECT count(*) FROM attribution(NULL, now())) AS credits;

-- sequences
SELECT p, journey_contains(j, p) FROM journey, unnest(ARRAY[
  '(visit)(view)', '(visit)(cart)', '(view)(visit)', '(visit).*(purchase)', '(visit).(view)', '(visit)..(visit)', '(cart)(view)',
  '(view)(view)(visit)', '(view)(view)(view)', '(visit)(?t<=5 minutes)(view)', '(visit)(?t<5 minutes)(view)', '(visit).*(?t>=1 day)(purchase)',
  '(visit).*(?t>24 hours)(purchase)', '(visit).*(?t<=5 min)(purchase)', '(visit).*(?t>1 s)(?t=23 hours)(?t>=1 s)(visit)', '(visit).*(?t=23 hours)(?t<23 hours)(visit)',
  '(x|cart)(purchase)', '("purchase")', '.......', '......', '(purchase).*', '.* (visit) .* (cart|view) (purchase)']) p WHERE customer = 1;
-- names with everything in them
SELECT journey_contains(journey_agg('2024-01-01', 'a "b" (c|d)'), '("a ""b"" (c|d)")');
SELECT journey_contains(j, '') FROM journey;
SELECT journey_contains(j, '(?t<=1 hour)(view)') FROM journey;
SELECT journey_contains(j, '(view)(?t<=1 hour)') FROM journey;
SELECT journey_contains(j, '(view)(?t<=1 month)(cart)') FROM journey;
SELECT journey_contains(j, '(view)(?t!1 hour)(cart)') FROM journey;
SELECT journey_contains(j, '(view') FROM journey;
SELECT journey_contains(j, '("view)') FROM journey;
SELECT journey_contains(j, '("view"x)') FROM journey;
SELECT journey_contains(j, 'view') FROM journey;
SELECT journey_contains(j, '(view)(?t<=soon)(cart)') FROM journey;

-- mistakes
SELECT journey_agg(at, event, channel, 0) FROM log;
SELECT journey_agg(at, event, channel, NULL) FROM log;
SELECT journey_agg(at, event, channel, customer) FROM log;
SELECT journey_agg(now(), repeat('x', 1025));
SELECT journey_path(j, -1) FROM journey;
SELECT journey_path(j, what => 'amount') FROM journey;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": [["2024-01-01Z", "a"], ["2024-01-02Z", "b"]]}'::journey_summary;
SELECT '{"max_length": 1, "cut": -1, "touchpoints": []}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": [["2024-01-01Z"]]}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": ["2024-01-01Z"]}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": [["2024-01-01Z", 1]]}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": [["soon", "a"]]}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": {}}'::journey_summary;
SELECT '{"max_length": 1, "cut": 0, "touchpoints": []}'::journey_summary;

-- time between purchases: gaps of 2 and 4 days of one customer, of 12 days of another, none of a third
CREATE TEMP TABLE purchase AS SELECT customer, journey_agg(at, 'purchase') AS j
FROM (VALUES (1, '2024-01-01'::timestamptz), (1, '2024-01-03'), (1, '2024-01-07'), (2, '2024-01-01'), (2, '2024-01-13'), (2, '2024-01-13'), (3, '2024-01-01')) v(customer, at) GROUP BY customer;
SELECT * FROM event_gaps(ARRAY(SELECT j FROM purchase), 'purchase');
SELECT * FROM event_gaps(ARRAY(SELECT j FROM purchase WHERE customer = 3));
SELECT * FROM event_gaps(NULL);
