-- Customers simulated from known parameters: the fit finds them again, within three standard
-- errors, for 20 seeds of each model. Deterministic: every draw is a hash.
SET client_min_messages = warning;
SELECT plan(8);
CREATE FUNCTION uniform(seed int, customer int, k int) RETURNS float8 LANGUAGE sql IMMUTABLE
  RETURN (((hashint8extended(hashint8extended(k, hashint8extended(customer, seed)), 99) >> 12) & ((1::bigint << 51) - 1)) + 0.5) / (1::bigint << 51)::float8;

-- With shapes that are whole numbers, gamma draws are sums of exponentials and beta(1, b) and
-- beta(2, 1)-like draws are powers of uniforms: r = 1, alpha = 5 weeks, a = 1, b = 3, s = 1,
-- beta = 20; p = 5, q = 3, v = 40. A year observed.
CREATE TABLE rate AS
SELECT seed, c, -ln(uniform(seed, c, 0)) / 5 AS a_week, 1 - uniform(seed, c, -1) ^ (1.0 / 3) AS leaves,
       -ln(uniform(seed, c, -2)) / (-ln(uniform(seed, c, -3)) / 20) AS lifetime,
       (-ln(uniform(seed, c, -4)) - ln(uniform(seed, c, -5)) - ln(uniform(seed, c, -6))) / 40 AS thrift
FROM generate_series(1, 20) seed, generate_series(1, 800) c;
CREATE TABLE drawn AS
SELECT seed, c, k, sum(-ln(uniform(seed, c, 10 * k)) / a_week) OVER w AS week,
       bool_and(k = 1 OR uniform(seed, c, 10 * k + 1) >= leaves) OVER w AS stayed,
       bool_and(uniform(seed, c, 10 * k - 9) >= leaves) OVER w AS stayed_from_the_first,
       lifetime,
       -(ln(uniform(seed, c, 10 * k + 2)) + ln(uniform(seed, c, 10 * k + 3)) + ln(uniform(seed, c, 10 * k + 4)) + ln(uniform(seed, c, 10 * k + 5)) + ln(uniform(seed, c, 10 * k + 6))) / thrift AS amount
FROM rate, generate_series(1, 60) k
WINDOW w AS (PARTITION BY seed, c ORDER BY k);
CREATE TABLE fitted AS
SELECT model, seed, clv_fit(clv_agg(make_purchase_summary(x, coalesce(last, 0) * interval '1 week', '52 weeks', round(mean::numeric, 10))), model) AS m
FROM (SELECT model, seed, c, count(week) AS x, max(week) AS last, avg(amount) AS mean
      FROM (VALUES ('bg_nbd'), ('mbg_nbd'), ('pareto_nbd')) v(model) CROSS JOIN rate
      LEFT JOIN LATERAL (SELECT d.* FROM drawn d WHERE d.seed = rate.seed AND d.c = rate.c AND week <= 52
             AND CASE model WHEN 'bg_nbd' THEN stayed WHEN 'mbg_nbd' THEN stayed_from_the_first ELSE week <= d.lifetime END) d USING (seed, c)
      GROUP BY 1, 2, 3) h
GROUP BY 1, 2;
CREATE TABLE truth (model text, name text, value float8);
INSERT INTO truth SELECT model, name, value FROM (VALUES ('bg_nbd'), ('mbg_nbd')) m(model), (VALUES ('r', 1), ('alpha', 5), ('a', 1), ('b', 3)) v(name, value)
UNION ALL SELECT 'pareto_nbd', * FROM (VALUES ('r', 1), ('alpha', 5), ('s', 1), ('beta', 20)) v
UNION ALL SELECT model, name, value FROM (VALUES ('bg_nbd'), ('mbg_nbd'), ('pareto_nbd')) m(model), (VALUES ('p', 5), ('q', 3), ('v', 40)) v(name, value);
CREATE TABLE z AS
SELECT model, seed, p.name, (ln(estimate) - ln(value)) / (std_error / estimate) AS z
FROM fitted CROSS JOIN LATERAL parameters(m) p JOIN truth USING (model, name);
SELECT is((SELECT count(*) FROM fitted WHERE model_status(m) = 'converged'), 60::bigint, 'all fits converge');
SELECT cmp_ok((SELECT max(abs(z)) FROM z WHERE model = m AND name NOT IN ('p', 'q', 'v')), '<', 3::float8, m || ' within three standard errors')
FROM unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) m;
SELECT cmp_ok((SELECT max(abs(z)) FROM z WHERE name IN ('p', 'q', 'v')), '<', 3::float8, 'gamma_gamma within three standard errors');
-- the standard errors are right: z is spread as a standard normal variable
SELECT ok((SELECT avg(z * z) FROM z) BETWEEN 0.6 AND 1.5, 'the standard errors are neither too small nor too large');
-- a large sample begins at the optimum of every 16th history, and ends where it does from any start
CREATE TABLE large AS
SELECT clv_agg(make_purchase_summary(x, CASE WHEN x > 0 THEN greatest(1, floor(lived * u ^ (1.0 / greatest(x, 1)) * 86400))::int ELSE 0 END * interval '1 second', age * interval '1 day')) AS s
FROM (SELECT least(floor(-ln(uniform(1, c, 1)) * lived / 28)::int, 300) AS x, lived, uniform(1, c, 2) AS u, age
      FROM (SELECT c, 100 + c % 265 AS age, least(99 + c % 265, 100 * (uniform(1, c, 3) ^ -1.25 - 1)) AS lived FROM generate_series(1, 40000) c) a) b;
SELECT cmp_ok((SELECT history_count(s) FROM large), '>', 20000::bigint, 'enough histories to begin with a part of them');
SELECT cmp_ok((SELECT max(abs(p.estimate / q.estimate - 1)) FROM large, unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) k, clv_fit(s, k, NULL) f, clv_fit(s, k, NULL, start => '{1, 5, 1, 5}') g,
                 parameters(f) p JOIN LATERAL parameters(g) q USING (name) WHERE model_status(f) = 'converged' AND model_status(g) = 'converged' HAVING count(DISTINCT k) = 3), '<', 1e-9::float8, 'it ends where it does from any start');
SELECT finish();
DROP TABLE large;
DROP TABLE rate, drawn, fitted, truth, z;
DROP FUNCTION uniform(int, int, int);
