-- period_start() against date_trunc(), which it promises to equal: around every transition of zones
-- that have been hard on such code, over all of time, in order and out of order.
BEGIN;
SELECT plan(9);

CREATE TEMP TABLE zone (name text);
INSERT INTO zone VALUES
  ('UTC'), ('Europe/Berlin'), ('Europe/Dublin'), ('America/New_York'),
  ('America/Sao_Paulo'), ('America/Havana'), ('Asia/Beirut'), ('Asia/Amman'), -- change at midnight
  ('America/St_Johns'),   -- changed at 00:01, so that a date came twice
  ('Australia/Lord_Howe'), -- by half an hour
  ('Pacific/Apia'), ('Pacific/Kwajalein'), ('Pacific/Kiritimati'), ('Asia/Manila'), -- skipped a day
  ('America/Juneau'),     -- had a day twice
  ('Asia/Kathmandu'), ('Africa/Casablanca'), ('Africa/Monrovia'), ('Antarctica/Troll'),
  ('America/Scoresbysund'), ('Europe/Amsterdam');

CREATE TEMP TABLE unit (name text);
INSERT INTO unit VALUES ('day'), ('week'), ('month'), ('quarter'), ('year');

-- the days on which the clock changed between 1840 and 2045
CREATE TEMP TABLE changed AS
SELECT name AS zone, at
FROM zone,
  LATERAL (SELECT at, (at AT TIME ZONE name) - lag(at AT TIME ZONE name) OVER (ORDER BY at) AS passed
           FROM generate_series(timestamptz '1840-01-01 00:00+00', '2045-01-01', '1 day') at) days
WHERE passed <> '1 day';

SELECT cmp_ok((SELECT count(*) FROM changed), '>', 2000::bigint, 'there are transitions to test');
SELECT cmp_ok((SELECT count(*) FROM changed WHERE zone = 'Pacific/Apia' AND at = '2011-12-31 00:00+00'),
  '=', 1::bigint, 'Apia''s skipped day is one of them');

-- each quarter of an hour of the days around them, and the microseconds beside it
CREATE TEMP TABLE instant AS
SELECT zone, at + step * interval '15 minutes' + near AS at
FROM changed,
  generate_series(-27 * 4, 3 * 4) step,
  (VALUES (interval '-1 microsecond'), ('0'), ('1 second')) n(near)
WHERE extract(year FROM at)::int % 4 = 3 OR zone IN ('America/St_Johns', 'America/Juneau', 'Asia/Manila');

CREATE FUNCTION truncated(at timestamptz, unit text, zone text) RETURNS date
  LANGUAGE sql STABLE RETURN (date_trunc(unit, at, zone) AT TIME ZONE zone)::date;

SELECT is_empty($$
  SELECT zone, unit.name, at, period_start(at, unit.name, zone), truncated(at, unit.name, zone)
  FROM instant, unit
  WHERE period_start(at, unit.name, zone) IS DISTINCT FROM truncated(at, unit.name, zone)
  LIMIT 10 $$, 'equal around transitions, zone by zone');

SELECT is_empty($$
  SELECT zone, unit.name, at, period_start(at, unit.name, zone), truncated(at, unit.name, zone)
  FROM (SELECT * FROM instant WHERE hashtext(zone || at) % 4 = 0 ORDER BY hashtext(at::text || zone)) i, unit
  WHERE period_start(at, unit.name, zone) IS DISTINCT FROM truncated(at, unit.name, zone)
  LIMIT 10 $$, 'equal in random order, zones and units mixed');

SELECT is_empty($$
  WITH everywhere AS (
    SELECT name AS zone,
      timestamptz '2000-01-01 00:00+00'
        + (hashtextextended(name, i) % 86400 / 86400.0 * 2450000 * interval '1 day'
           + interval '1 day' * (i % 7000)) AS at
    FROM (SELECT name FROM pg_timezone_names WHERE name !~ '^posix|^right|localtime|Factory') z,
      generate_series(1, 40) i)
  SELECT zone, unit.name, at, period_start(at, unit.name, zone), truncated(at, unit.name, zone)
  FROM everywhere, unit
  WHERE period_start(at, unit.name, zone) IS DISTINCT FROM truncated(at, unit.name, zone)
  LIMIT 10 $$, 'equal in every zone, from 4700 BC to 8700 AD');

SELECT is_empty($$
  SELECT zone, name, at, period_start(at, name, zone), truncated(at, name, zone)
  FROM (VALUES ('Europe/Berlin'), ('+03:30'), ('EST'), ('cet'), ('Foo+5Bar,M3.2.0,M11.1.0')) z(zone), unit,
    generate_series(timestamptz '2024-02-27 05:59:59+00', '2025-03-15', '7 hours 13 minutes') at
  WHERE period_start(at, name, zone) IS DISTINCT FROM truncated(at, name, zone)
  LIMIT 10 $$, 'equal for names, offsets, abbreviations and POSIX rules');

SET LOCAL TIME ZONE 'Australia/Lord_Howe';
SELECT is_empty($$
  SELECT name, at FROM unit, generate_series(timestamptz '2023-03-01', '2024-11-01', '5 hours') at
  WHERE period_start(at, name) IS DISTINCT FROM date_trunc(name, at)::date $$,
  'two arguments: the session''s zone');

-- one expression, many zones in turn: what it remembers must follow the session
CREATE FUNCTION in_zone(zone text, at timestamptz) RETURNS date LANGUAGE plpgsql AS
  $$BEGIN PERFORM set_config('timezone', zone, true); RETURN period_start(at, 'day'); END$$;
SELECT results_eq($$SELECT in_zone(z, '2024-01-01 12:00+00') FROM unnest(ARRAY['Pacific/Apia', 'UTC',
  'Pacific/Niue', 'Pacific/Apia']) z$$,
  $$VALUES (date '2024-01-02'), ('2024-01-01'), ('2024-01-01'), ('2024-01-02')$$,
  'a change of the session''s zone is seen');

-- date_trunc() with a zone was stable, and is immutable from PostgreSQL 17 on
SELECT is_empty($$
  SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_proc t ON t.proname = 'date_trunc'
    AND t.proargtypes[1] = 'timestamptz'::regtype AND t.pronargs = p.pronargs
  WHERE p.proname = 'period_start' AND p.provolatile < t.provolatile $$, -- i < s < v
  'never said to be more stable than date_trunc');

SELECT finish();
ROLLBACK;
