SET datestyle = 'ISO, YMD';
-- the five units, by the clock of a zone and by the session's
SELECT unit, period_start('2024-03-15 23:30+00', unit, 'Europe/Berlin') AS berlin,
       period_start('2024-03-15 23:30+00', unit, 'America/Los_Angeles') AS los_angeles
FROM unnest('{day, week, month, quarter, year}'::text[]) unit;
SET timezone = 'Asia/Tokyo';
SELECT period_start('2023-12-31 15:00+00', 'year');
-- as date_trunc reads them: case, plurals and short forms of units; abbreviations and offsets
SELECT period_start('2024-03-15', 'WEEK', 'utc'), period_start('2024-03-15', 'months', 'EST'),
       period_start('2024-03-15', 'qtr', '+05:30'), period_start('2024-03-15', 'y', 'FOO+3');
-- Samoa went without 30 December 2011
SELECT period_start('2011-12-30 09:59:59+00', 'day', 'Pacific/Apia') AS before,
       period_start('2011-12-30 10:00:00+00', 'day', 'Pacific/Apia') AS after;
-- the ends of time
SELECT period_start('infinity', 'month', 'UTC'), period_start('-infinity', 'month', 'UTC'),
       period_start('4714-11-24 BC 12:00+00', 'day', 'UTC'), period_start('294276-12-31 12:00+00', 'week', 'UTC'),
       period_start('0001-01-01 BC 12:00+00', 'year', 'UTC'), period_start('0001-01-01 12:00+00', 'week', 'UTC');
SELECT period_start(NULL, 'month', 'UTC') IS NULL, period_start(now(), NULL, 'UTC') IS NULL,
       period_start(now(), 'month', NULL) IS NULL;
-- what it refuses
SELECT period_start(now(), 'hour');
SELECT period_start(now(), 'fortnight', 'UTC');
SELECT period_start(now(), '');
SELECT period_start(now(), 'day', 'Mars/Olympus_Mons');
SELECT period_start(now(), 'day', '');
SELECT period_start('4714-12-01 BC 12:00+00', 'year', 'UTC');
