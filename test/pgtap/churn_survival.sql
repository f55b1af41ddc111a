-- survival_curve and cox_sample: what must hold for any data
BEGIN;
SELECT no_plan();
SET extra_float_digits = 1;

-- 5,000 customers with whole days, ties, late entries and weights from a fixed generator
CREATE TABLE stay AS
SELECT i, 1 + (h >> 3) % 200 AS days, ((h >> 11) % 1000003)::float8 / 1000 AS continuous, (h >> 5) % 10 < 6 AS churned,
       CASE WHEN i % 4 = 0 THEN (h >> 7) % (1 + (h >> 3) % 200) ELSE 0 END AS entry,
       (1 + (h >> 9) % 5) * 0.1 AS weight, 1 + (h >> 9) % 3 AS copies, i % 3 AS g,
       ARRAY[(h >> 4) % 7, (h >> 13) % 2, ((h >> 6) % 1001) / 100.0] AS x
FROM generate_series(1, 5000) AS i, LATERAL (SELECT hashint8(i)::bigint + 2147483648 AS h) AS r;
ANALYZE stay;

-- the definition in plain SQL: at risk are entry < t <= duration
CREATE FUNCTION pg_temp.kaplan_meier(source text)
RETURNS TABLE (duration float8, at_risk float8, events float8, survival float8, std_error float8, cumulative_hazard float8)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    WITH r(d, e, entry, w) AS (%s),
    t AS (SELECT d, sum(w) FILTER (WHERE e) AS events FROM r GROUP BY d),
    n AS (SELECT t.d, coalesce(t.events, 0) AS events,
                 (SELECT sum(w) FROM r WHERE r.entry < t.d AND r.d >= t.d) AS n FROM t),
    s AS (SELECT d, n, events, exp(sum(ln(CASE WHEN n = events THEN 1e-300 ELSE 1 - events / n END)) OVER w) AS s,
                 sum(CASE WHEN n = events THEN 0 ELSE events / (n * (n - events)) END) OVER w AS v, sum(events / n) OVER w AS h
          FROM n WINDOW w AS (ORDER BY d))
    SELECT d, n, events, CASE WHEN s < 1e-200 THEN 0 ELSE s END, CASE WHEN s < 1e-200 THEN NULL ELSE s * sqrt(v) END, h FROM s$q$, source);
END $$;
CREATE FUNCTION pg_temp.agrees(source text, label text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT (SELECT is(count(*) FILTER (WHERE b.duration IS NULL OR p.duration IS NULL
           OR abs(b.at_risk - p.at_risk) > 1e-9 * b.at_risk OR abs(b.events - p.events) > 1e-9
           OR abs(b.survival - p.survival) > 1e-11 OR abs(b.std_error - p.std_error) > 1e-10 * b.std_error
           OR (b.std_error IS NULL) <> (p.std_error IS NULL) OR abs(b.cumulative_hazard - p.cumulative_hazard) > 1e-10), 0::bigint, label)
    FROM pg_temp.kaplan_meier(source) b FULL JOIN
         (SELECT p.* FROM pg_temp.curve_of(source) c, survival_points(c) p) p ON p.duration = b.duration);
END $$;
CREATE FUNCTION pg_temp.curve_of(source text) RETURNS survival_curve LANGUAGE plpgsql AS $$
DECLARE c survival_curve;
BEGIN
  EXECUTE format('SELECT survival_agg(d, e, entry, w) FROM (%s) AS r(d, e, entry, w)', source) INTO c;
  RETURN c;
END $$;
SELECT pg_temp.agrees('SELECT days::float8, churned, 0::float8, 1::float8 FROM stay', 'whole days agree with plain SQL');
SELECT pg_temp.agrees('SELECT days::float8, churned, entry::float8, 1::float8 FROM stay', 'late entries agree with plain SQL');
SELECT pg_temp.agrees('SELECT days::float8, churned, entry::float8, weight::float8 FROM stay', 'weights agree with plain SQL');
SELECT pg_temp.agrees('SELECT continuous, churned, 0::float8, 1::float8 FROM stay WHERE i <= 1500', 'continuous durations agree with plain SQL');

-- any order of rows, any partition: the same value
SELECT is((SELECT survival_agg(continuous, churned) FROM (SELECT * FROM stay ORDER BY hashint4(i + seed)) s),
          (SELECT survival_agg(continuous, churned) FROM stay), 'shuffled rows, ' || seed)
FROM generate_series(1, 5) AS seed;
SELECT is((SELECT survival_agg(continuous, churned) FROM (SELECT * FROM stay ORDER BY continuous) s),
          (SELECT survival_agg(continuous, churned) FROM (SELECT * FROM stay ORDER BY continuous DESC) s), 'sorted either way');
SELECT is((SELECT rollup(c) FROM (SELECT survival_agg(days, churned, entry) AS c FROM stay GROUP BY hashint4(i + seed) % parts) g),
          (SELECT survival_agg(days, churned, entry) FROM stay), format('rolled up from %s parts', parts))
FROM generate_series(1, 2) AS seed, unnest(ARRAY[2, 50, 3000]) AS parts;
SELECT is((SELECT rollup(c) FROM (SELECT survival_agg(continuous, churned) AS c FROM stay WHERE i <= 3000 GROUP BY i ORDER BY hashint4(i + seed)) g),
          (SELECT survival_agg(continuous, churned) FROM stay WHERE i <= 3000), 'rolled up from single customers')
FROM generate_series(1, 2) AS seed;
SELECT is((SELECT rollup(c) FROM (SELECT survival_agg(CASE WHEN i % 2 = 0 THEN days ELSE continuous END, churned, entry / 2) AS c FROM stay
                                  GROUP BY width_bucket(i, parts) ORDER BY hashint4(width_bucket(i, parts) + seed)) g),
          (SELECT survival_agg(CASE WHEN i % 2 = 0 THEN days ELSE continuous END, churned, entry / 2) FROM stay), 'rolled up from curves large and small')
FROM generate_series(1, 6) AS seed, (SELECT array_agg(s ORDER BY s) AS parts FROM (SELECT generate_series(1, 900, 1) UNION SELECT generate_series(1000, 3000, 500)) p(s)) p;
SELECT ok(bool_and(running = (SELECT survival_agg(continuous, churned) FROM stay s WHERE s.i <= w.i)), 'a running rollup')
FROM (SELECT i, rollup(c) OVER (ORDER BY i) AS running FROM (SELECT i, survival_agg(continuous, churned) AS c FROM stay WHERE i <= 300 GROUP BY i) g) w;
SELECT is((SELECT survival_agg(days, churned, entry) FROM stay WHERE i % 2 = 0) + (SELECT survival_agg(days, churned, entry) FROM stay WHERE i % 2 = 1),
          (SELECT survival_agg(days, churned, entry) FROM stay), 'a + b');
SELECT ok((SELECT max(abs(p.survival - q.survival)) FROM
             (SELECT p.* FROM (SELECT rollup(c) AS c FROM (SELECT survival_agg(days, churned, entry, weight) AS c FROM stay GROUP BY i % 100) g) r, survival_points(c) p) p
             JOIN (SELECT p.* FROM (SELECT survival_agg(days, churned, entry, weight) AS c FROM stay) r, survival_points(c) p) q USING (duration)) < 1e-12,
          'weights rolled up: equal to 1e-12');

-- duplicated rows are weights
SELECT is((SELECT survival_agg(days, churned, entry) FROM stay, generate_series(1, copies)),
          (SELECT survival_agg(days, churned, entry, copies) FROM stay), 'copies are weights');
SELECT is((SELECT survival_quantile(survival_agg(days, churned, 0, 7), 0.3) FROM stay), (SELECT survival_quantile(survival_agg(days, churned), 0.3) FROM stay),
          'a common weight changes no quantile');
-- the unit of time is nobody's business
SELECT ok((SELECT abs(restricted_mean(survival_agg(days * 3600.0, churned), 360000) / 3600 / restricted_mean(survival_agg(days, churned), 100) - 1) < 1e-12
             AND survival_at(survival_agg(days * 3600.0, churned), 360000.0) = survival_at(survival_agg(days, churned), 100)
             AND median_survival(survival_agg(days * 4.0, churned)) = 4 * median_survival(survival_agg(days, churned)) FROM stay), 'time scales');
SELECT is((SELECT median_lifetime(survival_agg(days * interval '1 day', churned)) FROM stay),
          (SELECT median_survival(survival_agg(days, churned)) FROM stay) * interval '1 day', 'intervals are days');
SELECT is((SELECT array_agg(p.survival ORDER BY duration) FROM (SELECT survival_agg(days * interval '1 day', churned) AS c FROM stay) q, survival_points(c) p),
          (SELECT array_agg(p.survival ORDER BY duration) FROM (SELECT survival_agg(days, churned) AS c FROM stay) q, survival_points(c) p), 'the same curve from intervals');

-- what accessors say follows from the points
CREATE TABLE point AS SELECT p.*, lead(duration) OVER (ORDER BY duration) AS next FROM (SELECT survival_agg(days, churned, entry) AS c FROM stay) q, survival_points(c) p;
CREATE TABLE curve AS SELECT survival_agg(days, churned, entry) AS c FROM stay;
SELECT is((SELECT count(*) FROM curve, point WHERE survival_at(c, duration) <> survival OR survival_at(c, (duration + next) / 2) <> survival
             OR survival_interval(c, duration) IS DISTINCT FROM (lower, upper)::confidence_bounds OR survival_std_error(c, duration) IS DISTINCT FROM std_error
             OR cumulative_hazard(c, duration) <> cumulative_hazard), 0::bigint, 'survival_at() and its like agree with the points');
SELECT ok((SELECT abs(restricted_mean(c, 150) - (SELECT min(duration) + sum(survival * (least(next, 150) - duration)) FROM point WHERE duration < 150)) < 1e-9 FROM curve),
          'restricted_mean() is the area');
SELECT is((SELECT count(*) FROM curve, generate_series(0.01, 0.95, 0.01) p
           WHERE survival_quantile(c, p::float8) IS DISTINCT FROM (SELECT min(duration) FROM point WHERE 1 - survival >= p)), 0::bigint, 'survival_quantile() is the first crossing');
SELECT ok((SELECT abs(hazard(c) * survival_exposure(c) - survival_events(c)) < 1e-6 AND survival_exposure(c) = (SELECT sum(days - entry) FROM stay)
             AND survival_events(c) = (SELECT count(*) FROM stay WHERE churned) AND survival_customers(c) = 5000
             AND survival_exposure(c, 30, 60) = (SELECT sum(greatest(least(days, 60) - greatest(entry, 30), 0)) FROM stay)
             AND hazard(c, 30, 60) * survival_exposure(c, 30, 60) - (SELECT count(*) FROM stay WHERE churned AND days >= 30 AND days < 60) < 1e-9
           FROM curve), 'hazard is leavers over time');

-- log-rank: groups in any order, a group split in name only, brute force
CREATE FUNCTION pg_temp.logrank_by_hand(rho float8) RETURNS float8 LANGUAGE sql AS $$
  WITH t AS (SELECT days AS d, count(*) FILTER (WHERE churned) AS e, count(*) FILTER (WHERE churned AND g = 0) AS e0 FROM stay WHERE g < 2 GROUP BY 1),
  n AS (SELECT d, e, e0, (SELECT count(*) FROM stay WHERE g < 2 AND days >= d) AS n, (SELECT count(*) FROM stay WHERE g = 0 AND days >= d) AS n0 FROM t WHERE e > 0),
  w AS (SELECT *, power(coalesce(exp(sum(ln(CASE WHEN n = e THEN 1e-300 ELSE 1 - e::float8 / n END)) OVER (ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1), rho) AS w FROM n)
  SELECT power(sum(w * (e0 - e::float8 * n0 / n)), 2) / sum(w * w * CASE WHEN n > 1 THEN e::float8 * n0 / n * (1 - n0::float8 / n) * (n - e) / (n - 1) ELSE 0 END) FROM w $$;
SELECT ok((SELECT abs(chi_square / pg_temp.logrank_by_hand(rho) - 1) < 1e-9 AND df = 1
           FROM (SELECT array_agg(c) AS cs FROM (SELECT survival_agg(days, churned) AS c FROM stay WHERE g < 2 GROUP BY g) q) q, logrank_test(cs, rho)), 'log-rank by hand, rho ' || rho)
FROM unnest(ARRAY[0, 0.5, 1, 2]) AS rho;
SELECT ok((SELECT abs(a.chi_square / b.chi_square - 1) < 1e-12 AND a.df = 2 AND b.df = 2
           FROM (SELECT array_agg(c ORDER BY g) AS up, array_agg(c ORDER BY g DESC) AS down FROM (SELECT g, survival_agg(days, churned, entry) AS c FROM stay GROUP BY g) q) q,
                logrank_test(up) a, logrank_test(down) b), 'groups in any order');
SELECT ok((SELECT abs(sum(observed) - sum(expected)) < 1e-9 FROM (SELECT array_agg(c) AS cs FROM (SELECT survival_agg(days, churned, entry) AS c FROM stay GROUP BY g) q) q, logrank_groups(cs)),
          'what is observed is expected');

-- Cox: any order, any partition, copies; the score test at 0 is the log-rank test
SELECT is((SELECT cox_agg(days, churned, x, entry, weight) FROM (SELECT * FROM stay ORDER BY hashint4(i + seed)) s),
          (SELECT cox_agg(days, churned, x, entry, weight) FROM stay), 'Cox: shuffled rows, ' || seed) FROM generate_series(1, 2) AS seed;
SELECT is((SELECT rollup(s) FROM (SELECT cox_agg(days, churned, x, entry) AS s FROM stay GROUP BY hashint4(i) % 500) g),
          (SELECT cox_agg(days, churned, x, entry) FROM stay), 'Cox: rolled up');
SELECT ok((SELECT bool_and(abs(a.estimate - b.estimate) < 1e-9 AND abs(a.std_error - b.std_error) < 1e-9)
           FROM parameters((SELECT cox_fit(cox_agg(days, churned, x, entry), ties => 'breslow') FROM stay, generate_series(1, copies))) a
           JOIN parameters((SELECT cox_fit(cox_agg(days, churned, x, entry, copies), ties => 'breslow') FROM stay)) b USING (name)), 'Cox: copies are weights');
SELECT ok((SELECT bool_and(abs(a.estimate * scale - b.estimate) < 1e-9) AND bool_and(abs(a.std_error * abs(scale) - b.std_error) < 1e-9)
           FROM parameters((SELECT cox_fit(cox_agg(days, churned, x)) FROM stay)) a
           JOIN parameters((SELECT cox_fit(cox_agg(days * 1e6, churned, ARRAY[x[1] / 10.0, x[2] + 1e6, x[3] / -1000])) FROM stay)) b USING (name)
           JOIN (VALUES ('x1', 10), ('x2', 1), ('x3', -1000)) s(name, scale) USING (name)), 'Cox: units of time and covariates');
SELECT ok((SELECT abs(concordance(m) - (SELECT sum(CASE WHEN a.r > b.r THEN 1 WHEN a.r = b.r THEN 0.5 ELSE 0 END) / count(*)
             FROM (SELECT *, hazard_ratio(m, x) AS r FROM stay WHERE i <= 700) a, (SELECT *, hazard_ratio(m, x) AS r FROM stay WHERE i <= 700) b
             WHERE a.churned AND b.entry < a.days AND (b.days > a.days OR b.days = a.days AND NOT b.churned))) < 1e-9
           FROM (SELECT cox_fit(cox_agg(days, churned, x, entry)) AS m FROM stay WHERE i <= 700) q), 'concordance by hand');
SELECT ok((SELECT abs(2 * (log_likelihood(m) - null_log_likelihood(m)) - chi_square) < 1e-9 AND df = 3 AND p_value BETWEEN 0 AND 1
           FROM (SELECT cox_fit(cox_agg(days, churned, x)) AS m FROM stay) q, likelihood_ratio_test(m)), 'likelihood ratio');

-- parallel plans give what serial ones do
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
  RETURN plan;
END $$;
CREATE TABLE serial AS SELECT survival_agg(days, churned, entry) AS c, survival_agg(continuous, churned) AS k, cox_agg(days, churned, x) AS s FROM stay;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_leader_participation = off;
SELECT matches(pg_temp.plan_of('SELECT survival_agg(days, churned, entry), survival_agg(continuous, churned), cox_agg(days, churned, x) FROM stay'), 'Partial Aggregate', 'the plan is parallel');
SELECT ok((SELECT s.c = p.c AND s.k = p.k AND s.s = p.s FROM serial s,
          (SELECT survival_agg(days, churned, entry) AS c, survival_agg(continuous, churned) AS k, cox_agg(days, churned, x) AS s FROM stay) p), 'parallel = serial');
SELECT ok((SELECT survival_agg(days, churned) IS NULL AND cox_agg(days, churned, x) IS NULL FROM stay WHERE i < 0), 'parallel: no rows are NULL');
SELECT is((SELECT rollup(c) FROM (SELECT survival_agg(days, churned, entry) AS c FROM stay GROUP BY g) q), (SELECT c FROM serial), 'parallel groups');

-- text and bytes come back
SELECT ok((SELECT c::text::survival_curve = c AND k::text::survival_curve = k AND s::text::cox_sample = s FROM serial), 'text round trip');
SELECT is((SELECT cox_fit(s)::text::cox_model FROM serial), (SELECT cox_fit(s) FROM serial), 'text round trip of a model');
CREATE TABLE stored AS SELECT c, k, s, cox_fit(s) AS m FROM serial;
DO $$
DECLARE file text := (SELECT setting FROM pg_settings WHERE name = 'data_directory') || '/survival_round_trip';
BEGIN
  EXECUTE format('COPY stored TO %L (FORMAT binary)', file);
  CREATE TABLE returned (LIKE stored);
  EXECUTE format('COPY returned FROM %L (FORMAT binary)', file);
  EXECUTE format('COPY (SELECT 1) TO %L', file);
END $$;
SELECT ok((SELECT a.c = b.c AND a.k = b.k AND a.s = b.s AND a.m = b.m AND a.c::text = b.c::text FROM stored a, returned b), 'binary round trip');
SELECT is((SELECT count(*) FROM (SELECT c FROM stored UNION SELECT c FROM returned) u), 1::bigint, 'equal values hash alike');

SELECT * FROM finish();
ROLLBACK;
