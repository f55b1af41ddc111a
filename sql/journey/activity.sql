SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TEMP TABLE visit (customer integer, at timestamptz);
INSERT INTO visit VALUES (1, '2024-01-02 10:00'), (1, '2024-01-02 11:00'), (1, '2024-01-09'), (1, '2024-01-30'), (1, NULL),
  (2, '2024-01-10'), (2, '2024-01-17'), (3, '2024-01-03'), (4, '2024-01-30');
SELECT customer, activity_agg(at, 'week', 'UTC') FROM visit GROUP BY customer ORDER BY customer;
-- by the clock of a zone, the session's by default; every bucket
SELECT activity_agg(at, 'day', 'Asia/Tokyo') AS tokyo, activity_agg(at, 'day') AS session, activity_agg(at, 'day', 'America/Los_Angeles') AS los_angeles FROM (VALUES ('2024-01-01 16:00Z'::timestamptz), ('2024-01-02 03:00Z')) v(at);
SELECT bucket, first_active(a), last_active(a), activity_bucket(a), activity_time_zone(a), active_periods(a)
FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) bucket, LATERAL (SELECT activity_agg(at, bucket, 'UTC') AS a FROM (VALUES ('1969-12-31'::timestamptz), ('2024-02-29'), ('1970-01-01'), ('0001-01-01 BC'), ('2024-12-31')) v(at)) x;
-- no rows, nothing but NULLs
SELECT activity_agg(at, 'week') FROM visit WHERE false;
SELECT activity_agg(at, 'week') FROM visit WHERE at IS NULL;
-- through the clock changes of a zone: 24 hours a day are 23 and 25
SELECT active_periods(activity_agg(at, 'day', 'Europe/Berlin')) FROM generate_series('2024-03-30 23:00Z'::timestamptz, '2024-03-31 21:59Z', '1 min') at;
SELECT active_periods(activity_agg(at, 'day', 'Europe/Berlin')) FROM generate_series('2024-10-26 22:00Z'::timestamptz, '2024-10-27 22:59Z', '1 min') at;
-- bitmaps of any length, in any order
SELECT active_periods(a), longest_streak(a), first_active(a), last_active(a) FROM (SELECT activity_agg(at, 'day', 'UTC') AS a FROM (VALUES ('4713-01-02 BC'::timestamptz), ('294276-12-31'), ('2024-01-01')) v(at)) x;
SELECT active_periods(a), longest_streak(a) FROM (SELECT activity_agg('2024-01-01'::timestamptz - n * interval '1 day', 'day', 'UTC') AS a FROM generate_series(0, 999) n WHERE n <> 300) x;
-- the first and the last period that there can be
SELECT bucket, first_active(a), last_active(a), a::text::activity_summary = a AS reads_back
FROM (VALUES ('day', '4714-11-24 BC'::timestamptz), ('week', '4714-11-24 BC'), ('month', '4714-12-01 BC'), ('quarter', '4713-01-01 BC'), ('year', '4713-01-01 BC')) b(bucket, low),
     LATERAL (SELECT activity_agg(at, bucket, 'UTC') AS a FROM (VALUES (low), ('294276-12-31 23:59:59.999999')) v(at)) x;

-- states
CREATE TEMP TABLE activity AS SELECT customer, activity_agg(at, 'week', 'UTC') AS a FROM visit GROUP BY customer;
SELECT customer, p::date AS period, activity_state(a, p::date), active_in(a, p::date) FROM activity, generate_series('2023-12-27'::timestamp, '2024-02-08', '1 week') p WHERE customer = 1 ORDER BY p;
SELECT activity_state(a, 'infinity'), activity_state(a, '-infinity'), activity_state(NULL, '2024-01-01') FROM activity WHERE customer = 1;
-- counts, streaks, stickiness, retention of one customer
SELECT customer, active_periods(a), active_periods(a, '2024-01-08', '2024-01-29') AS between, active_periods(a, since => '2024-01-10') AS since, longest_streak(a), stickiness(a, '2024-01-01', '2024-01-29'),
       retained(a, 0) AS w0, retained(a, 1) AS w1, retained(a, 2) AS w2, retained(a, 2, 'unbounded') AS w2_or_later, retained_between(a, 2, 4) AS w2_to_4 FROM activity ORDER BY customer;
SELECT d FROM activity, active_dates(a) d WHERE customer = 1;
-- merging, equality, hashing, jsonb
SELECT a.a + b.a AS both, a.a + b.a = b.a + a.a AS commutes, a.a = b.a AS same, a.a <> b.a AS differ, (a.a::jsonb -> 'active' -> 0) AS first FROM activity a, activity b WHERE a.customer = 1 AND b.customer = 2;
SELECT rollup(a) = (SELECT activity_agg(at, 'week', 'UTC') FROM visit) AS same FROM activity;
SELECT count(DISTINCT a::text), (SELECT count(*) FROM (SELECT DISTINCT a + a FROM activity) x) FROM activity;
SELECT activity_agg(at, 'week', 'UTC') = activity_agg(at, 'week', 'utc') AS same_zone, activity_agg(at, 'week', 'UTC') = activity_agg(at, 'week') AS same_as_session FROM visit;

-- over customers: by cohort, and by period
SELECT cohort_agg(a) FROM activity;
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity));
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), as_of => '2024-02-05', method => 'unbounded');
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), as_of => '2024-02-07') WHERE cohort = '2024-01-08';
SELECT * FROM activity_lifecycle((SELECT cohort_agg(a) FROM activity));
SELECT * FROM activity_lifecycle((SELECT cohort_agg(a) FROM activity), as_of => '2024-02-12');
SELECT count(*) FROM cohort_retention(NULL);
SELECT cohort_agg(a) FROM activity WHERE false;
SELECT rollup(c) = (SELECT cohort_agg(a) FROM activity) AS rolled_up, sum(1) AS parts FROM (SELECT cohort_agg(a) AS c FROM activity GROUP BY customer % 2) x;
SELECT c + c = c AS same, c + c <> c AS differ, cohort_agg(a) = c AS equal, (c + c)::jsonb -> 'active' -> 0 AS first FROM (SELECT cohort_agg(a) AS c FROM activity) x, activity GROUP BY c;
-- what a state is made of doesn't show: rows in descending order, years apart
SELECT cohort_agg(a ORDER BY first_active(a) DESC) = cohort_agg(a ORDER BY first_active(a)) AS same
FROM (SELECT activity_agg('2024-01-01'::timestamptz + (n * n % 1000) * interval '1 week', 'week', 'UTC') AS a FROM generate_series(1, 300) n GROUP BY n % 40) x;

-- mistakes
SELECT activity_agg(now(), 'fortnight');
SELECT activity_agg(now(), NULL);
SELECT activity_agg(now(), 'day', NULL);
SELECT activity_agg(now(), 'day', 'Mars/Olympus');
SELECT activity_agg('infinity', 'day');
SELECT activity_agg(now(), b) FROM unnest(ARRAY['day', 'week']) b;
SELECT activity_agg(at, 'day', 'UTC') + activity_agg(at, 'day', 'Asia/Tokyo') FROM visit;
SELECT cohort_agg(a) FROM (SELECT activity_agg(at, 'day', 'UTC') AS a FROM visit UNION ALL SELECT activity_agg(at, 'week', 'UTC') FROM visit) x;
SELECT cohort_agg(a) FROM (SELECT activity_agg(at, 'day', 'UTC') AS a FROM (VALUES ('2000-01-01'::timestamptz), ('2020-01-01')) v(at) GROUP BY at) x;
SELECT retained(a, -1) FROM activity;
SELECT retained(a, 1, 'day') FROM activity;
SELECT stickiness(a, '2024-01-01', 'infinity') FROM activity;
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), as_of => '2024-01-20');
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), as_of => 'infinity');
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), as_of => '9999-01-01');
SELECT * FROM cohort_retention((SELECT cohort_agg(a) FROM activity), method => 'rolling');
SELECT '{"bucket": "week", "time_zone": "UTC", "active": []}'::activity_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "active": ["2024-01-02"]}'::activity_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "active": ["infinity"]}'::activity_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "active": [7]}'::activity_summary;
SELECT '{"bucket": "decade", "time_zone": "UTC", "active": ["2024-01-01"]}'::activity_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [2, 1, 3], "last": [1, 1, 3], "pauses": [0, 0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-02", "active": [1], "last": [1], "pauses": [0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [1, 1], "last": [1, 1], "pauses": [0, 0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [1, 2, 0], "last": [1, 0, 0], "pauses": [0, 0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [2], "last": [1], "pauses": [0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [0], "last": [0], "pauses": [0]}'::cohort_summary;
-- pauses that nobody can have made, and counts that overflow when they are summed
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [2, 1, 3], "last": [1, 1, 3], "pauses": [0, 2]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [2, 1, 3], "last": [1, 1, 3], "pauses": [1, 0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [5, 1, 5, 3, 0, 3], "last": [0, 0, 5, 3, 0, 3], "pauses": [0, 0, 0]}'::cohort_summary;
SELECT '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [9223372036854775807, 9223372036854775807, 1], "last": [0, 9223372036854775807, 1], "pauses": [0, 0]}'::cohort_summary;
SELECT * FROM activity_lifecycle('{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [9223372036854775806, 9223372036854775806, 1], "last": [0, 9223372036854775806, 1], "pauses": [0, 0]}'::cohort_summary + '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-08", "active": [1], "last": [1], "pauses": [0]}');
-- the first month is one that there is, the second is none
SELECT '{"bucket": "month", "time_zone": "UTC", "first": "294277-01-01", "active": [0, 0, 1], "last": [0, 0, 1], "pauses": [0, 0]}'::cohort_summary;
-- a cell that is full
SELECT cohort_summary_accum('{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [9223372036854775807], "last": [9223372036854775807], "pauses": [0]}', activity_agg('2024-01-02', 'week', 'UTC'));
-- a zone that is called like an abbreviation is that zone again, read back from text, bytes and a cohort's
SET timezone = 'GMT';
SELECT activity_time_zone(a), activity_time_zone(a::text::activity_summary) AS from_text, cohort_agg(a)::text::cohort_summary = cohort_agg(a) AS same_cohort,
       activity_time_zone(activity_agg(timestamptz '2024-07-01 00:30', 'day', 'GMT')) AS of_abbreviation
  FROM (SELECT activity_agg(timestamptz '2024-07-01 00:30', 'day') AS a) s GROUP BY a;
SELECT activity_time_zone(z::activity_summary) FROM unnest('{gmt,EDT,Europe/Berlin,+02}'::text[]) zone, format('{"bucket": "month", "time_zone": "%s", "active": ["2024-01-01"]}', zone) z;
RESET timezone;
