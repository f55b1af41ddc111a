-- the age of a cohort in periods
SET datestyle = 'ISO, YMD';
SELECT unit, cohort_age('2025-11-17', '2026-03-01', unit) AS age, cohort_age('2026-03-01', '2025-11-17', unit) AS back,
       cohort_age('2025-12-31', '2026-01-01', unit) AS next_day, cohort_age('2026-01-31', '2026-02-01', unit) AS sunday,
       cohort_age('2026-01-31', '2026-01-31', unit) AS same
FROM unnest('{day,week,month,quarter,year}'::text[]) unit;
-- as many as period_start() has between, before the epoch too
SELECT unit, count(*), count(*) FILTER (WHERE cohort_age('1990-05-23', (d AT TIME ZONE 'UTC')::date, unit) = age) AS agree
FROM (SELECT unit, d, dense_rank() OVER (PARTITION BY unit ORDER BY period_start(d, unit, 'UTC')) - 1 AS age
      FROM generate_series(timestamptz '1990-05-23 UTC', '2010-12-31 UTC', '1 day') d, unnest('{day,week,month,quarter,year}'::text[]) unit) x
GROUP BY unit ORDER BY unit;
SELECT cohort_age('4713-01-01 BC', '5874897-12-31', 'day'), cohort_age(NULL, '2026-01-01', 'day'), cohort_age('2026-01-01', NULL, 'month');
SELECT cohort_age('-infinity', '2026-01-01', 'day');
SELECT cohort_age('2026-01-01', 'infinity', 'day');
SELECT cohort_age('2026-01-01', '2026-01-01', 'fortnight');
SELECT cohort_age('2026-01-01', '2026-01-01', 'hour');
-- a variable of PL/pgSQL is no constant, though one expression is evaluated with all of its values
DO $$
DECLARE
  unit text;
  age integer;
BEGIN
  FOREACH unit IN ARRAY ARRAY['day', 'month', 'year'] LOOP
    age := cohort_age('2023-11-30', '2024-01-01', unit);
    RAISE NOTICE '% %s', age, unit;
  END LOOP;
END $$;
