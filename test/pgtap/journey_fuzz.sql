-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(20);

CREATE TEMP TABLE seed (type regtype, text text);
INSERT INTO seed VALUES
  ('funnel_state', '{"steps": 3, "within": [1, 7, 3600000000], "at": [0, 5, 3600000000, -9223372036854775808], "satisfies": [1, 3, 7, 4]}'),
  ('funnel_state', '{"steps": 32, "within": null, "at": [9223372036854775807, 5], "satisfies": [4294967295, 1]}'),
  ('funnel_state', '{"steps": 1, "within": [0, 0, 0], "at": [], "satisfies": []}'),
  ('journey_summary', '{"max_length": 10000, "cut": 0, "touchpoints": [["2024-01-31T10:00:00+00:00", "visit", "email"], ["2024-02-01T12:30:00+00:00", "purchase"], ["2024-02-01T12:30:00+00:00", "visit"]]}'),
  ('journey_summary', '{"max_length": 2, "cut": 9223372036854775807, "touchpoints": [["-infinity", "a", "b"], ["infinity", "a \"quoted\" one"]]}'),
  ('journey_summary', (SELECT journey_agg('2024-01-01Z'::timestamptz + n * interval '7 hours', 'e' || n % 5, NULLIF('c' || n % 3, 'c0'))::text FROM generate_series(1, 40) n)),
  ('activity_summary', '{"bucket": "week", "time_zone": "UTC", "active": ["2024-01-01", "2024-01-15"]}'),
  ('activity_summary', '{"bucket": "month", "time_zone": "Europe/Berlin", "active": ["1999-12-01", "2024-01-01", "2024-02-01"]}'),
  ('activity_summary', '{"bucket": "day", "time_zone": "Asia/Tokyo", "active": ["2023-12-31", "2024-01-01", "2024-01-15", "2024-03-15"]}'),
  ('activity_summary', '{"bucket": "month", "time_zone": "<é>-01", "active": ["2024-01-01"]}'),
  ('cohort_summary', '{"bucket": "month", "time_zone": "<é>-01", "first": "2024-01-01", "active": [3], "last": [3], "pauses": [0]}'),
  ('cohort_summary', '{"bucket": "week", "time_zone": "UTC", "first": "2024-01-01", "active": [2, 1, 3], "last": [1, 1, 3], "pauses": [0, 0]}'),
  ('cohort_summary', (SELECT cohort_agg(a)::text FROM (SELECT activity_agg('2024-01-01Z'::timestamptz + n * n % 150 * interval '1 day', 'month', 'UTC') AS a FROM generate_series(1, 90) n GROUP BY n % 20) x)),
  ('path_summary', '{"paths": [["email", "social"], ["email"], []], "conversions": [3, 1, 9223372036854775807], "nulls": [0, 2, 1]}'),
  ('path_summary', (SELECT path_agg(ARRAY['c' || n % 3, 'c' || n % 7, 'c' || n % 2], n % 3 = 0)::text FROM generate_series(1, 60) n));

\set mutations 100000
\set enough 1000
CREATE TEMP TABLE fuzzed AS
SELECT t.type, f.*
FROM (SELECT type, array_agg(text) AS seeds, row_number() OVER (ORDER BY type::text) AS i FROM seed GROUP BY type) t,
     LATERAL fuzz_type_input(t.type, t.seeds, :mutations, 100 + t.i, fuzz_probes(t.type)) f;

\ir fuzzed.psql

SELECT finish();
ROLLBACK;
