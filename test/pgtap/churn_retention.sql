-- the retention triangle of docs/churn.md against one that asks every question on its own
BEGIN;
SELECT no_plan();
SET LOCAL timezone = 'UTC';
SELECT setseed(0.75);

CREATE TABLE activity AS
SELECT (random() * 400)::int AS customer, timestamptz '2025-01-01' + random() ^ 2 * interval '400 days' AS at,
       round((random() * 100)::numeric, 2) AS amount
FROM generate_series(1, 2500);

CREATE VIEW triangle AS
WITH active AS (
  SELECT customer, period_start(at, 'month') AS period, sum(amount) AS amount FROM activity GROUP BY 1, 2
), aged AS (
  SELECT min(period) OVER c AS cohort, period, period = max(period) OVER c AS last, amount
  FROM active WINDOW c AS (PARTITION BY customer)
), cell AS (
  SELECT cohort, cohort_age(cohort, period, 'month') AS age, count(*) AS active, count(*) FILTER (WHERE last) AS last_active,
         sum(amount) AS amount
  FROM aged GROUP BY 1, 2
)
SELECT cohort, age, first_value(active) OVER ages AS size, coalesce(active, 0) AS active,
       sum(coalesce(last_active, 0)) OVER (ages ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)::bigint AS active_or_later,
       coalesce(amount, 0) AS amount, first_value(amount) OVER ages AS first_amount,
       (cohort + (age + 1) * interval '1 month')::date <= date '2026-02-05' AS complete
FROM (SELECT DISTINCT cohort FROM cell) c CROSS JOIN LATERAL generate_series(0, cohort_age(cohort, '2026-02-05', 'month')) age
     LEFT JOIN cell USING (cohort, age)
WINDOW ages AS (PARTITION BY cohort ORDER BY age);

CREATE TABLE first_seen AS SELECT customer, date_trunc('month', min(at)) AS cohort FROM activity GROUP BY 1;
CREATE VIEW brute AS
SELECT cohort::date, age,
       (SELECT count(*) FROM first_seen f WHERE f.cohort = c.cohort) AS size,
       (SELECT count(*) FROM first_seen f WHERE f.cohort = c.cohort AND EXISTS (
          SELECT FROM activity a WHERE a.customer = f.customer AND date_trunc('month', a.at) = p)) AS active,
       (SELECT count(*) FROM first_seen f WHERE f.cohort = c.cohort AND EXISTS (
          SELECT FROM activity a WHERE a.customer = f.customer AND a.at >= p)) AS active_or_later,
       (SELECT coalesce(sum(a.amount), 0) FROM first_seen f JOIN activity a USING (customer)
        WHERE f.cohort = c.cohort AND date_trunc('month', a.at) = p) AS amount,
       (SELECT sum(a.amount) FROM first_seen f JOIN activity a USING (customer)
        WHERE f.cohort = c.cohort AND date_trunc('month', a.at) = c.cohort) AS first_amount,
       p + interval '1 month' <= '2026-02-05' AS complete
FROM (SELECT DISTINCT cohort FROM first_seen) c, generate_series(0, 13) age,
     LATERAL (SELECT cohort + age * interval '1 month' AS p) p
WHERE p <= '2026-02-05';

SELECT cmp_ok((SELECT count(*) FROM triangle), '>', 90::bigint, 'a triangle of 13 months');
SELECT cmp_ok((SELECT count(*) FROM triangle WHERE active = 0), '>', 0::bigint, 'with cells in which nobody came back');
SELECT results_eq('SELECT * FROM triangle ORDER BY cohort, age', 'SELECT * FROM brute ORDER BY cohort, age',
                  'each cell: size, n-day, unbounded, revenue, complete');
SELECT is_empty('SELECT * FROM triangle WHERE active > active_or_later OR active_or_later > size', 'n-day <= unbounded <= size');
SELECT is_empty('SELECT * FROM triangle WHERE age = 0 AND (active <> size OR active_or_later <> size)', 'everybody is there at age 0');
SELECT is((SELECT sum(size) FROM triangle WHERE age = 0), (SELECT count(DISTINCT customer)::numeric FROM activity), 'every customer has one cohort');

SELECT results_eq('SELECT cohort, age, size, active, active::float8 / size, complete FROM triangle ORDER BY cohort, age',
  $$SELECT r.* FROM (SELECT cohort_agg(a) AS c FROM (SELECT activity_agg(at, 'month') AS a FROM activity GROUP BY customer) x) y,
      cohort_retention(c, as_of => '2026-02-05') r ORDER BY cohort, age$$, 'cohort_retention() gives the same triangle');
SELECT results_eq('SELECT cohort, age, size, active_or_later, active_or_later::float8 / size, complete FROM triangle ORDER BY cohort, age',
  $$SELECT r.* FROM (SELECT cohort_agg(a) AS c FROM (SELECT activity_agg(at, 'month') AS a FROM activity GROUP BY customer) x) y,
      cohort_retention(c, as_of => '2026-02-05', method => 'unbounded') r ORDER BY cohort, age$$, 'unbounded too');

SELECT finish();
ROLLBACK;
