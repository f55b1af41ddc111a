-- risk_sample and risk_model: the fit meets the equations that define it, in plain SQL; and any order, any plan, any pieces, any form: the same value.
BEGIN;
SELECT no_plan();

-- 6000 customers, of whom whole numbers make many equal; some rows lack something
CREATE TABLE customer AS
SELECT i, CASE WHEN h % 97 = 0 THEN NULL ELSE (h % 1000) / 1000.0 < 1 / (1 + exp(-(-2 + 0.04 * days - 0.5 * logins + 0.3 * tickets))) END AS churned,
       days, logins, tickets, spend
FROM (SELECT i, h, h / 1000 % 61 AS days, h / 100000 % 6 AS logins, CASE WHEN h % 89 <> 0 THEN h / 1000000 % 4 END AS tickets,
             ln(1 + (h / 10 % 100000)) AS spend
      FROM generate_series(1, 6000) i, LATERAL (SELECT abs(hashint8(i * 7919::bigint)::bigint) + 0 AS h) random) r;
ANALYZE customer;
CREATE TABLE usable AS SELECT i, churned, ARRAY[days, logins, tickets] AS few, ARRAY[days, logins, tickets, spend]::float8[] AS f FROM customer WHERE churned IS NOT NULL AND tickets IS NOT NULL;
CREATE TABLE sample AS SELECT risk_agg(churned, ARRAY[days, logins, tickets]) AS few, risk_agg(churned, ARRAY[days, logins, tickets, spend]) AS s FROM customer;

-- what a sample holds
SELECT results_eq('SELECT r.* FROM sample, risk_rows(few) r',
                  'SELECT churned, few::float8[], count(*) FROM usable GROUP BY 1, 2 ORDER BY churned DESC, 2', 'distinct rows, counted, in order');
SELECT is((SELECT (few::jsonb ->> 'omitted')::bigint FROM sample), (SELECT count(*) FROM customer) - (SELECT count(*) FROM usable), 'rows with a NULL are counted');
SELECT cmp_ok((SELECT count(*) FROM sample, risk_rows(few)), '<', 3000::bigint, 'equal rows are one');

-- any order: the same bytes
SELECT is((SELECT risk_agg(churned, ARRAY[days, logins, tickets, spend] ORDER BY hashint8(i * k)) FROM customer)::text, (SELECT s FROM sample)::text, 'shuffled rows, order ' || k)
FROM generate_series(1, 3) k;
-- any pieces
SELECT is((SELECT rollup(r ORDER BY hashint4(part)) FROM (SELECT abs(hashint8(i * k)) % (k * k) AS part, risk_agg(churned, ARRAY[days, logins, tickets, spend]) AS r FROM customer GROUP BY 1) p)::text,
          (SELECT s FROM sample)::text, format('rolled up from %s random parts', k * k)) FROM generate_series(1, 7, 3) k;
SELECT is((SELECT rollup(r) FROM (SELECT risk_agg(churned, ARRAY[days, logins, tickets, spend]) AS r FROM customer WHERE churned IS NOT NULL AND tickets IS NOT NULL GROUP BY i) p)::jsonb - 'omitted',
          (SELECT s FROM sample)::jsonb - 'omitted', 'rolled up from single rows');
SELECT ok(a + b = s AND b + a = s AND risk_sample_hash(a + b) = risk_sample_hash(s), 'a + b = b + a = all')
FROM sample, (SELECT risk_agg(churned, ARRAY[days, logins, tickets, spend]) FILTER (WHERE i % 3 = 0) AS a, risk_agg(churned, ARRAY[days, logins, tickets, spend]) FILTER (WHERE i % 3 > 0) AS b FROM customer) p;
-- windows that grow and windows that move
SELECT is_empty($$SELECT FROM (SELECT i, risk_agg(churned, ARRAY[days, logins]) OVER w AS grown, risk_agg(churned, ARRAY[days, logins]) OVER (w ROWS 20 PRECEDING) AS moved
    FROM customer WHERE i <= 100 WINDOW w AS (ORDER BY i)) x,
  LATERAL (SELECT risk_agg(churned, ARRAY[days, logins]) AS all_so_far, risk_agg(churned, ARRAY[days, logins]) FILTER (WHERE r.i >= x.i - 20) AS last_ones FROM customer r WHERE r.i <= x.i) r
  WHERE grown IS DISTINCT FROM all_so_far OR moved IS DISTINCT FROM last_ones$$, 'windows');
-- many equal rows stay few: the state collapses while it grows
SELECT is((SELECT pg_column_size(risk_agg(i % 7 = 0, ARRAY[i % 100])) FROM generate_series(1, 300000) i) < 5000, true, '300,000 rows of 200 kinds stay small');

-- stored, compressed, out of line; text, jsonb and binary
CREATE TABLE stored (id serial, s risk_sample, m risk_model);
INSERT INTO stored (s, m) SELECT risk_agg(churned, few), risk_fit(risk_agg(churned, few)) FROM usable GROUP BY i % 300;
INSERT INTO stored (s, m) SELECT s, risk_fit(s, '{days,logins,tickets,spend}') FROM sample;
ALTER TABLE stored ALTER s SET STORAGE external;
INSERT INTO stored (s, m) SELECT s, risk_fit(s, '{days,logins,tickets,spend}') FROM sample;
SELECT is((SELECT a.s = b.s AND a.m = b.m AND risk_sample_hash(a.s) = risk_sample_hash(b.s) AND risk_model_hash(a.m) = risk_model_hash(b.m)
           FROM stored a, stored b WHERE a.id = 301 AND b.id = 302), true, 'compressed and external are equal, with equal hashes');
SELECT is_empty('SELECT id FROM stored WHERE s::text::risk_sample::text <> s::text OR s::jsonb::text::risk_sample <> s OR m::text::risk_model::text <> m::text OR m::jsonb::text::risk_model <> m', 'texts read back to the last bit');
\set original stored
\ir copied.psql
SELECT results_eq('SELECT id, s::text, m::text FROM copied ORDER BY id', 'SELECT id, s::text, m::text FROM stored ORDER BY id', 'the binary form reads back');
SELECT results_eq('SELECT id, s, m FROM copied_text ORDER BY id', 'SELECT id, s, m FROM stored ORDER BY id', 'so does the text of COPY');
SELECT is((SELECT count(*) FROM (SELECT s FROM stored UNION SELECT s FROM copied) u), 301::bigint, 'UNION hashes equal samples to one');

-- the fit: at the maximum of the likelihood the residuals are orthogonal to every feature
CREATE TABLE fitted AS SELECT risk_fit(s, '{days,logins,tickets,spend}') AS m FROM sample;
CREATE TABLE scored AS SELECT i, churned, f, churn_probability(m, f) AS p FROM usable, fitted;
SELECT is(model_status(m), 'converged', 'the fit converges') FROM fitted;
SELECT cmp_ok((SELECT abs(sum(churned::int - p)) FROM scored), '<', 1e-8::float8, 'expected and actual churn agree');
SELECT cmp_ok((SELECT abs(sum((churned::int - p) * f[k])) FROM scored), '<', 1e-6::float8, 'residuals are orthogonal to feature ' || k) FROM generate_series(1, 4) k;
SELECT cmp_ok((SELECT abs(sum(ln(CASE WHEN churned THEN p ELSE 1 - p END)) - log_likelihood(m)) FROM scored, fitted GROUP BY m), '<', 1e-8::float8, 'log_likelihood()');
SELECT cmp_ok((SELECT abs(-avg(ln(CASE WHEN churned THEN p ELSE 1 - p END)) - log_loss(m)) FROM scored, fitted GROUP BY m), '<', 1e-12::float8, 'log_loss()');
SELECT cmp_ok((SELECT abs(auc(m) - (sum(rank) - n1 * (n1 + 1) / 2.0) / (n1 * n0)) FROM fitted,
    (SELECT churned, rank() OVER (ORDER BY p) + (count(*) OVER (PARTITION BY p) - 1) / 2.0 AS rank, count(*) FILTER (WHERE churned) OVER () AS n1, count(*) FILTER (WHERE NOT churned) OVER () AS n0 FROM scored) r
  WHERE churned GROUP BY m, n1, n0), '<', 1e-9::float8, 'auc() is the rank sum''s');
SELECT cmp_ok((SELECT max(abs(p - 1 / (1 + exp(-(e[1] + e[2] * f[1] + e[3] * f[2] + e[4] * f[3] + e[5] * f[4]))))) FROM scored,
    (SELECT array_agg(estimate) AS e FROM fitted, parameters(m)) c), '<', 1e-12::float8, 'churn_probability() by hand');
SELECT is_empty($$SELECT i FROM usable, fitted WHERE i % 20 = 0 AND abs((SELECT sum(contribution) FROM churn_drivers(m, f)) + (m::jsonb ->> 'centre')::float8 - ln(churn_probability(m, f) / (1 - churn_probability(m, f)))) > 1e-9$$, 'drivers sum to z, seen from the average customer');
-- standard errors: the inverse of the information, which is the sum of p (1 - p) x x'
SELECT is_empty($$WITH c AS (SELECT (m::jsonb -> 'covariance') AS v FROM fitted),
    cov AS (SELECT a, b, (v ->> (greatest(a, b) * (greatest(a, b) + 1) / 2 + least(a, b)))::float8 AS x FROM c, generate_series(0, 4) a, generate_series(0, 4) b),
    info AS (SELECT a, b, sum(p * (1 - p) * (1.0::float8 || f)[a + 1] * (1.0::float8 || f)[b + 1]) AS x FROM scored, generate_series(0, 4) a, generate_series(0, 4) b GROUP BY a, b)
  SELECT cov.a, info.b FROM cov JOIN info ON cov.b = info.a GROUP BY 1, 2 HAVING abs(sum(cov.x * info.x) - (cov.a = info.b)::int) > 1e-9$$, 'covariance x information = identity');
SELECT is_empty($$SELECT p.name FROM fitted, parameters(m) WITH ORDINALITY p(name, estimate, std_error, lower, upper, n)
  WHERE abs(std_error ^ 2 - (m::jsonb -> 'covariance' ->> (n * (n + 1) / 2 - 1)::int)::float8) > 1e-14 OR abs(upper - estimate - 1.959963984540054 * std_error) > 1e-13 OR abs(estimate - lower - 1.959963984540054 * std_error) > 1e-13$$, 'parameters()');
SELECT is_empty($$SELECT p.name FROM fitted, parameters(m) p, odds_ratios(m) o WHERE o.name = p.name
  AND (abs(ln(o.odds_ratio) - p.estimate) > 1e-12 OR abs(ln(o.lower) - p.lower) > 1e-12 OR abs(ln(o.upper) - p.upper) > 1e-12)$$, 'odds_ratios()');
-- with a penalty: the residuals' products are l2 times the standardised coefficient, over the deviation
SELECT cmp_ok(max(abs(residual - 10 * estimate * variance)), '<', 1e-5::float8, 'a penalised optimum') FROM (
  SELECT name, estimate, sum((churned::int - churn_probability(m, f)) * f[n - 1]) AS residual, var_pop(f[n - 1]) AS variance
  FROM (SELECT risk_fit(s, l2 => 10) AS m FROM sample OFFSET 0) x, parameters(m) WITH ORDINALITY p(name, estimate, e, l, u, n), usable WHERE n > 1 GROUP BY 1, 2) r;
-- collapsing, units and the order of features change nothing
SELECT cmp_ok(max(abs(a.estimate - b.estimate * CASE name WHEN 'days' THEN 86400 WHEN 'spend' THEN 1e-9 ELSE 1 END)), '<', 1e-9::float8, 'another unit, another order') FROM
  (SELECT p.* FROM fitted, parameters(m) p) a JOIN
  (SELECT p.* FROM (SELECT risk_fit(risk_agg(churned, ARRAY[spend * 1e-9, tickets, days * 86400, logins]), '{spend,tickets,days,logins}') AS m FROM customer) x, parameters(m) p) b USING (name);

-- recovery of known parameters: 20 seeds, five parameters, within 4 standard errors (80 of them: one set in 200 would have a miss), and with the spread that the errors promise
SELECT setseed(0.42);
CREATE TABLE recovered AS
SELECT seed, p.name, (p.estimate - t.truth) / p.std_error AS z
FROM (SELECT seed, risk_fit(risk_agg(random() < 1 / (1 + exp(-(-1 + 0.8 * a - 0.5 * b + 0.3 * c))), ARRAY[a, b, c]), '{a,b,c}') AS m
      FROM (SELECT seed, random() * 4 AS a, floor(random() * 3) AS b, sqrt(-2 * ln(random())) * cos(6.283185307 * random()) AS c
            FROM generate_series(1, 20) seed, generate_series(1, 2000)) r GROUP BY seed) s,
     parameters(m) p JOIN (VALUES ('(intercept)', -1), ('a', 0.8), ('b', -0.5), ('c', 0.3)) t(name, truth) USING (name);
SELECT is_empty('SELECT * FROM recovered WHERE abs(z) > 4', 'the truth is within 4 standard errors');
SELECT ok(sqrt(avg(z * z)) BETWEEN 0.75 AND 1.25, 'standard errors are of the right size') FROM recovered;

-- parallel, partial or not
\ir plan_of.psql
CREATE TABLE parts AS SELECT i % 50 AS part, risk_agg(churned, ARRAY[days, logins, tickets, spend]) AS s FROM customer GROUP BY 1;
ANALYZE parts;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
\set from_rows 'SELECT risk_agg(churned, ARRAY[days, logins, tickets, spend]) FROM customer'
\set from_parts 'SELECT rollup(s) FROM parts'
SELECT matches(plan_of(:'from_rows'), 'Partial Aggregate', 'risk_agg() runs in parallel');
SELECT matches(plan_of(:'from_parts'), 'Partial Aggregate', 'rollup() runs in parallel');
SELECT results_eq(:'from_rows', 'SELECT s FROM sample', 'parallel rows');
SELECT results_eq(:'from_parts', 'SELECT s FROM sample', 'parallel parts');
SELECT is((SELECT risk_fit(risk_agg(churned, ARRAY[days, logins, tickets, spend]), '{days,logins,tickets,spend}') FROM customer), (SELECT m FROM fitted), 'and the same model, to the last bit');
SELECT is((SELECT risk_agg(churned, ARRAY[days]) FROM customer WHERE i < 0), NULL, 'parallel workers with nothing to do');
SELECT is((SELECT risk_agg(churned, ARRAY[days]) FROM customer WHERE i = 17), (SELECT risk_agg(churned, ARRAY[days]) FROM (SELECT * FROM customer WHERE i = 17 OFFSET 0) x), 'all but one worker with nothing to do');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT doesnt_match(plan_of(:'from_rows'), 'Partial', 'and without workers');
SELECT results_eq(:'from_rows', 'SELECT s FROM sample', 'serial rows');

-- the bound is an error that says so, not a crash: 101 cells a row, all different
SELECT throws_like($$SELECT risk_agg(i % 2 = 0, array_fill(i::float8, ARRAY[100])) FROM generate_series(1, 340000) i$$,
                   'a risk_sample of % rows of 100 features exceeds the maximum allowed (%)', 'the bound of a sample');

SELECT finish();
ROLLBACK;
