SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 0;
-- a life: rows in any order, a repeated stage, two changes at one instant, NULLs
CREATE TABLE change (customer integer, stage lifecycle_stage, at timestamptz);
INSERT INTO change VALUES
  (1, 'retention',   '2024-03-01 12:00+00'),
  (1, 'awareness',   '2024-01-01 00:00+00'),
  (1, 'churned',     '2024-06-01 00:00+00'),
  (1, 'conversion',  '2024-01-11 00:00+00'),
  (1, 'acquisition', '2024-01-11 00:00+00'),
  (1, 'retention',   '2024-04-01 00:00+00'),
  (1, 'engagement',  '2024-07-01 00:00+00'),
  (1, NULL,          '2024-08-01 00:00+00'),
  (1, 'advocacy',    NULL),
  (2, 'awareness',   '2024-01-05 00:00+00');
CREATE TABLE life AS SELECT customer, stage_agg(stage, at) AS timeline FROM change GROUP BY customer;
SELECT customer, timeline FROM life ORDER BY customer;
SELECT customer, s.* FROM life, stage_spans(timeline) s ORDER BY customer, entered_at;
SELECT customer, t.* FROM life, transitions(timeline) t ORDER BY customer, changed_at;
SELECT customer, current_stage(timeline), max_stage(timeline), reactivations(timeline) FROM life ORDER BY customer;
SELECT s AS stage, entered_at(timeline, s), last_entered_at(timeline, s), left_at(timeline, s), time_in_stage(timeline, s)
FROM life, unnest(enum_range(NULL::lifecycle_stage)) s WHERE customer = 1 ORDER BY s;
-- the open span runs to as_of and never to now
SELECT s AS stage, time_in_stage(timeline, s, '2024-07-31 06:00+00') AS by_july,
       time_in_stage(timeline, s, as_of => '2024-01-21') AS by_january,
       time_in_stage(timeline, stage => s, as_of => '2024-01-01') AS by_the_start
FROM life, unnest(enum_range(NULL::lifecycle_stage)) s WHERE customer = 1 ORDER BY s;
SELECT * FROM stage_spans((SELECT timeline FROM life WHERE customer = 1), as_of => '2024-07-31');
SELECT * FROM stage_spans((SELECT timeline FROM life WHERE customer = 1), '2024-05-01');
SELECT * FROM stage_spans((SELECT timeline FROM life WHERE customer = 1), '2024-06-01');
SELECT * FROM stage_spans((SELECT timeline FROM life WHERE customer = 1), '2023-12-31');
-- the stage at an instant: nothing before the first change, a change counts from its very instant
SELECT at, stage_at(timeline, at) FROM life, (VALUES
  (timestamptz '-infinity'), ('2023-12-31 23:59:59.999999+00'), ('2024-01-01 00:00+00'),
  ('2024-01-10 23:59:59.999999+00'), ('2024-01-11 00:00+00'), ('2024-06-15 00:00+00'),
  ('2100-01-01 00:00+00'), ('infinity')) v(at)
WHERE customer = 1 ORDER BY at;
-- times entered and left several times
WITH t AS (SELECT stage_agg(s::lifecycle_stage, timestamptz '2024-01-01' + d * interval '1 day') AS timeline
           FROM (VALUES ('engagement', 0), ('churned', 10), ('retention', 12), ('churned', 20), ('engagement', 25),
                        ('churned', 26), ('awareness', 30)) v(s, d))
SELECT s AS stage, entered_at(timeline, s), last_entered_at(timeline, s), left_at(timeline, s),
       time_in_stage(timeline, s), reactivations(timeline), max_stage(timeline)
FROM t, unnest('{engagement,retention,churned,awareness}'::lifecycle_stage[]) s;
SELECT max_stage(stage_agg('churned', '2024-01-01')) AS only_churned,
       max_stage(stage_agg(s, '2024-01-01')) AS at_one_instant FROM unnest('{awareness,churned}'::lifecycle_stage[]) s;

-- no rows, all NULL, FILTER, one row, windows
SELECT stage_agg(stage, at) FROM change WHERE false;
SELECT stage_agg(stage, at) FROM change WHERE stage IS NULL OR at IS NULL;
SELECT stage_agg(stage, at) FILTER (WHERE stage = 'churned') FROM change;
SELECT rollup(timeline) FROM life WHERE false;
SELECT rollup(NULL::stage_timeline);
SELECT rollup(timeline) FROM life WHERE customer = 2;
SELECT at, stage, current_stage(stage_agg(stage, at) OVER (ORDER BY at)) AS so_far,
       max_stage(stage_agg(stage, at) OVER (ORDER BY at)) AS highest
FROM change WHERE customer = 1 AND at <> '2024-01-11' ORDER BY at;
SELECT stage_at(NULL, now()), current_stage(NULL), max_stage(NULL), reactivations(NULL), entered_at(NULL, 'churned'),
       time_in_stage(NULL, 'churned', now()), time_in_stage('{"changes": []}', NULL, now());
SELECT * FROM stage_spans(NULL);
SELECT * FROM transitions(NULL);
-- an empty timeline
SELECT current_stage(t), max_stage(t), stage_at(t, 'infinity'), entered_at(t, 'churned'), left_at(t, 'churned'),
       time_in_stage(t, 'churned', '2024-01-01'), reactivations(t), t + t = t AS added
FROM (VALUES ('{"changes": []}'::stage_timeline)) v(t);
SELECT count(*) FROM stage_spans('{"changes": []}'), transitions('{"changes": []}');

-- repeated stages merge when read, but not before all rows are there
SELECT s.* FROM stage_spans('{"changes": [["2024-01-01T00:00:00Z", "engagement"], ["2024-01-03T00:00:00Z", "engagement"]]}') s;
SELECT s.* FROM stage_spans('{"changes": [["2024-01-01T00:00:00Z", "engagement"], ["2024-01-03T00:00:00Z", "engagement"]]}'
                          + '{"changes": [["2024-01-02T00:00:00Z", "churned"]]}'::stage_timeline) s;
-- so equality is that of what was reported: equal values merge equally
SELECT a = b AS same, a <> b AS differ, a = a + a AS itself FROM (VALUES
  ('{"changes": [["2024-01-01T00:00:00Z", "engagement"], ["2024-01-03T00:00:00Z", "engagement"]]}'::stage_timeline,
   '{"changes": [["2024-01-01T00:00:00Z", "engagement"]]}'::stage_timeline)) v(a, b);
SELECT count(*), count(DISTINCT timeline::text) FROM (SELECT timeline FROM life UNION SELECT timeline + timeline FROM life) u;
-- direct calls give values, and leave theirs alone
SELECT stage_timeline_accum(timeline, 'churned', '2024-01-06') AS accumulated, timeline FROM life WHERE customer = 2;
SELECT stage_timeline_accum(t, 'advocacy', '2024-01-05') AS accumulated, stage_timeline_combine(t, t) = t AS combined, t,
       pg_column_size(t) AS size, pg_column_size(stage_timeline_accum(t, 'churned', '2024-01-04')) AS size_of_two
FROM (SELECT stage_agg('awareness', '2024-01-05') AS t OFFSET 0) s;

-- text: any order, any zone, to the microsecond, from BC to the end of time, whatever the settings
SELECT '{"changes": [["2024-02-05T10:30:00.5+01:00", "conversion"], ["2024-01-31 00:00:00Z", "awareness"], ["2024-01-31T00:00:00Z", "acquisition"]]}'::stage_timeline;
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German';
SELECT stage_agg(stage, at) FROM (VALUES
  ('awareness'::lifecycle_stage, timestamptz '4714-11-24 00:00:00+00 BC'), ('acquisition', '0044-03-15 12:00:00.000001+00 BC'),
  ('conversion', '0001-01-01 00:00:00+00'), ('onboarding', '1969-12-31 23:59:59.9+00'), ('engagement', '2024-02-29 23:59:59.999999+00'),
  ('retention', '9999-12-31 00:00:00+00'), ('advocacy', '12345-06-07 08:09:10.12+00'), ('churned', '294276-12-31 23:59:59.999999+00')) v(stage, at);
SELECT time_in_stage(stage_agg(stage, at), 'awareness') FROM (VALUES
  ('awareness'::lifecycle_stage, timestamptz '4714-11-24 00:00:00+00 BC'), ('churned', '294276-12-31 23:59:59.999999+00')) v(stage, at);
SELECT bool_and(t::text::stage_timeline = t) AS round_trip, count(*) FROM (SELECT stage_agg('churned', at) AS t FROM (
  SELECT timestamptz '4714-11-24 00:00:00+00 BC' + i * interval '97 days 01:02:03.456789' AS at FROM generate_series(0, 20000) i) g GROUP BY at) v;
SELECT (timeline::jsonb -> 'changes' -> 0 ->> 0)::timestamptz = timestamptz '2024-01-05 00:00+00' AS reads_as_timestamptz,
       timeline::jsonb -> 'changes' -> 0 ->> 1 AS stage FROM life WHERE customer = 2;
SET timezone = 'UTC';
RESET datestyle;

-- daylight saving: time is absolute
SELECT time_in_stage(stage_agg(stage, at), 'conversion') AS spring_forward FROM (VALUES
  ('conversion'::lifecycle_stage, timestamptz '2024-03-31 00:00 Europe/Berlin'), ('churned', '2024-04-01 00:00 Europe/Berlin')) v(stage, at);

-- errors
SELECT stage_agg('churned', 'infinity');
SELECT stage_agg('churned', '-infinity');
SELECT stage_agg('lost', now());
SELECT time_in_stage(timeline, 'churned', 'infinity') FROM life;
SELECT stage_spans(timeline, '-infinity') FROM life;
\set VERBOSITY terse
SELECT 'x'::stage_timeline;
\set VERBOSITY default
SELECT '[]'::stage_timeline;
SELECT '{}'::stage_timeline;
SELECT '{"change": []}'::stage_timeline;
SELECT '{"changes": [], "x": 1}'::stage_timeline;
SELECT '{"changes": {}}'::stage_timeline;
SELECT '{"changes": [1]}'::stage_timeline;
SELECT '{"changes": [["2024-01-31T00:00:00Z"]]}'::stage_timeline;
SELECT '{"changes": [["2024-01-31T00:00:00Z", 1]]}'::stage_timeline;
SELECT '{"changes": [{"2024-01-31T00:00:00Z": "churned"}]}'::stage_timeline;
SELECT '{"changes": [["2024-01-31T00:00:00Z", "lost"]]}'::stage_timeline;
SELECT '{"changes": [["2024-01-31T00:00:00Z", "churned"], ["infinity", "churned"]]}'::stage_timeline;
-- none of these is an instant
SELECT t, format('{"changes": [[%s, "churned"]]}', to_json(t))::stage_timeline FROM (VALUES ('2024-02-30T00:00:00Z')) v(t);
CREATE FUNCTION is_timeline(t text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM format('{"changes": [[%s, "churned"]]}', to_json(t))::stage_timeline;
  RETURN true;
EXCEPTION WHEN invalid_text_representation THEN RETURN false;
END $$;
SELECT t, is_timeline(t) FROM (VALUES
  ('2023-02-29T00:00:00Z'), ('1900-02-29T00:00:00Z'), ('2000-02-29T00:00:00Z'), ('2024-13-01T00:00:00Z'), ('2024-00-01T00:00:00Z'),
  ('2024-01-00T00:00:00Z'), ('2024-01-32T00:00:00Z'), ('2024-01-01T24:00:00Z'), ('2024-01-01T00:60:00Z'), ('2024-01-01T00:00:60Z'),
  ('2024-01-01T00:00:00.1234567Z'), ('2024-01-01T00:00:00.Z'), ('2024-01-01T00:00:00'), ('2024-01-01'), ('2024-1-1T00:00:00Z'),
  ('0000-01-01T00:00:00Z'), ('4714-11-23T23:59:59Z BC'), ('294277-01-01T00:00:00Z'), ('294276-12-31T23:59:59-01'), ('999999-01-01T00:00:00Z'),
  ('2024-01-01T00:00:00+16'), ('2024-01-01T00:00:00+01:60'), ('2024-01-01T00:00:00+15:59'), ('2024-01-01T00:00:00-05'),
  ('2024-01-01T00:00:00Z '), ('2024-01-01T00:00:00Z bc'), ('2024-01-01t00:00:00Z'), ('+2024-01-01T00:00:00Z'), ('now'), ('')) v(t);
-- too many changes, or the same customer's rows counted twice: only instants count
SELECT count(*) FROM (SELECT stage_agg(s, timestamptz '2024-01-01' + i % 1000 * interval '1 s')
                      FROM generate_series(1, 20000) i, unnest('{awareness,acquisition}'::lifecycle_stage[]) s) t;
SELECT reactivations(stage_agg('churned', timestamptz '2024-01-01' + i * interval '1 us')) FROM generate_series(1, 1000000) i;
SELECT reactivations(stage_agg('churned', timestamptz '2024-01-01' + i * interval '1 us')) FROM generate_series(1, 1000001) i;
SELECT reactivations(stage_agg('churned', timestamptz '2024-01-01' - i * interval '1 us')) FROM generate_series(1, 2000000) i;

-- the flow between stages
SELECT from_stage, to_stage, transition_count, entered_count, round(conversion_rate::numeric, 4) AS conversion_rate, median_days, p90_days
FROM stage_transition_matrix(ARRAY(SELECT timeline FROM life));
SELECT * FROM stage_transition_matrix(NULL);
SELECT * FROM stage_transition_matrix('{}');
SELECT * FROM stage_transition_matrix(ARRAY[NULL::stage_timeline]);
-- eleven customers convert after 1 to 11 days, one after awareness is still there, another one churns
SELECT m.* FROM stage_transition_matrix(ARRAY(
  SELECT stage_agg(stage, at) FROM (
    SELECT i, 'awareness'::lifecycle_stage AS stage, timestamptz '2024-01-01' AS at FROM generate_series(1, 12) i
    UNION ALL SELECT i, 'conversion', timestamptz '2024-01-01' + i * interval '24 hours' FROM generate_series(1, 11) i
    UNION ALL SELECT 1, 'churned', timestamptz '2024-02-01 12:00') c GROUP BY i)) m;

DROP FUNCTION is_timeline;
DROP TABLE life, change;
