-- Segments, targets, experiments, channels, attribution, retention and activity, each against plain
-- queries or numbers; who may read, and who may not change.
SET client_min_messages = error;
SET timezone = 'UTC';
BEGIN;
SELECT plan(51);
CREATE ROLE kpi_reader;
CREATE ROLE kpi_admin;
SELECT ledger_create('more');
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, channel, amount)
  SELECT i, k.kind, timestamptz '2024-01-01' + (i * 37 + k.n * 811) % 20000 * interval '10 minutes' + k.n * interval '3 days', (ARRAY['organic', 'email', 'paid_search', 'direct', NULL])[1 + (i + k.n * (i % 3)) % 5],
         CASE WHEN k.kind = 'purchase' THEN 10 + i % 7 END
    FROM generate_series(1, 300) i, (VALUES (0, 'page_view'), (1, 'page_view'), (2, 'signup'), (3, 'purchase'), (4, 'login'), (5, 'purchase')) k (n, kind) WHERE (i + k.n) % 6 > 0 OR k.n = 0;
INSERT INTO more.touchpoint (kind, occurred_at, channel, amount) SELECT 'spend', '2024-02-01', c, 500 FROM unnest('{email,paid_search,display}'::text[]) c;
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, properties) SELECT i, 'trait_set', '2024-01-01', jsonb_build_object('name', t.name, 'value', CASE t.name WHEN 'country' THEN (ARRAY['CH', 'US'])[1 + i % 2] ELSE 'Bern' END)
    FROM generate_series(1, 100) i, (VALUES ('country'), ('city')) t (name);
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, score) SELECT i, 'nps', '2024-07-02', 5 + i % 6 FROM generate_series(1, 120) i;
SELECT ledger_tick('more', now());

-- segments
SELECT results_eq($$SELECT segment, count(*) FROM more.customer_segment WHERE dimension = 'demographics' GROUP BY 1 ORDER BY 1$$, $$VALUES ('country: CH', 50::bigint), ('country: US', 50)$$, 'a segment can be split by a value');
SELECT is((SELECT count(*) FROM more.customer_segment WHERE segment = 'one-time buyers'), (SELECT count(*) FROM more.customer WHERE purchase_count = 1), 'a segment has those of its condition');
INSERT INTO more.segment (segment, dimension, condition) VALUES ('Bernese', 'place', $$trait ->> 'city' = 'Bern' -- by trait$$);
SELECT is((SELECT count(*) FROM more.customer_segment WHERE segment = 'Bernese'), 100::bigint, 'a row of segment changes the view at once, and may ask for any trait');
SELECT throws_ok($$INSERT INTO more.segment (segment, dimension, condition) VALUES ('bad', 'x', 'no_such_column > 1')$$, '42703', NULL, 'a wrong condition is refused at once');
SELECT throws_ok($$INSERT INTO more.segment (segment, dimension, condition) VALUES ('bad', 'x', 'purchase_count')$$, '42846', NULL, 'so is one that is neither true nor false');
SELECT throws_ok($$INSERT INTO more.segment (segment, dimension, condition) VALUES ('all', 'x', 'true')$$, '23514', NULL, 'and the name of everyone');
UPDATE more.segment SET is_active = false WHERE segment = 'Bernese';
SELECT is((SELECT count(*) FROM more.customer_segment WHERE segment = 'Bernese'), 0::bigint, 'a segment can rest');
SELECT is((SELECT n::bigint FROM more.kpi_by_segment WHERE segment = 'country: CH' AND kpi = 'nps' AND period_start = '2024-07-01'), (SELECT count(*) FROM more.touchpoint WHERE kind = 'nps' AND customer_id <= 100 AND customer_id % 2 = 0), 'KPIs of a segment are of its members');
SELECT is((SELECT round(value::numeric, 9) FROM more.kpi_by_segment WHERE segment = 'country: US' AND kpi = 'nps' AND period_start = '2024-07-01'),
  (SELECT round(nps_agg(score::integer)::numeric, 9) FROM more.touchpoint WHERE kind = 'nps' AND customer_id <= 100 AND customer_id % 2 = 1), 'and say what their answers say');
SELECT is((SELECT sum(value)::bigint FROM more.kpi_by_segment WHERE segment LIKE 'country%' AND kpi = 'orders'), (SELECT count(*) FROM more.touchpoint WHERE kind = 'purchase' AND customer_id <= 100), 'segments that part the customers part their orders');
INSERT INTO more.segment (segment, dimension, condition) VALUES ('country: CH', 'place', $$trait ->> 'country' = 'CH'$$);
SELECT is((SELECT sum(value)::bigint FROM more.kpi_by_segment WHERE segment LIKE 'country%' AND kpi = 'orders'), (SELECT count(*) FROM more.touchpoint WHERE kind = 'purchase' AND customer_id <= 100), 'two segments of one name have one member each customer');
DELETE FROM more.segment WHERE segment = 'country: CH';
SELECT is_empty($$SELECT FROM more.kpi_by_segment k JOIN more.kpi_definition d USING (kpi) WHERE NOT d.by_segment$$, 'what is nobody''s in particular is not told by segment');

-- targets: 15 % more of 0.80
INSERT INTO more.kpi_target (target, kpi, baseline, baseline_on, change, mode, due_on) VALUES ('relative', 'nps', 0.80, '2024-01-01', 0.15, 'relative', '2024-12-31'), ('points', 'nps', 0.80, '2024-01-01', 0.15, 'points', '2024-12-31'),
  ('less', 'nps', -20, '2024-01-01', 0.5, 'relative', '2024-12-31'), ('measured', 'orders', NULL, '2024-03-15', 0.10, 'relative', '2024-12-31'), ('of a segment', 'nps', 10, '2024-01-01', 5, 'points', '2024-12-31');
UPDATE more.kpi_target SET segment = 'country: CH' WHERE target = 'of a segment';
SELECT is(round(target_value::numeric, 10), 0.92, 'relative: 0.92') FROM more.kpi_progress WHERE target = 'relative';
SELECT is(round(target_value::numeric, 10), 0.95, 'in points: 0.95') FROM more.kpi_progress WHERE target = 'points';
SELECT is(target_value, -10::double precision, 'half of -20 up is -10') FROM more.kpi_progress WHERE target = 'less';
SELECT is(baseline, (SELECT count(*)::double precision FROM more.touchpoint WHERE kind = 'purchase' AND occurred_at >= '2024-02-01' AND occurred_at < '2024-03-01'), 'without a baseline it is that of the last month that was over') FROM more.kpi_progress WHERE target = 'measured';
SELECT is(now_value, (SELECT value FROM more.kpi_by_segment WHERE kpi = 'nps' AND segment = 'country: CH' AND period_start = '2024-07-01'), 'a target may be a segment''s') FROM more.kpi_progress WHERE target = 'of a segment';
SELECT is(round(progress_rate::numeric, 9), round(((now_value - 10) / 5)::numeric, 9), 'progress is the part of the way') FROM more.kpi_progress WHERE target = 'of a segment';
SELECT is(elapsed_rate, ('2024-08-01'::date - '2024-01-01'::date) / 365.0::double precision, 'beside the part of the time') FROM more.kpi_progress WHERE target = 'of a segment';
SELECT is(on_track, progress_rate >= elapsed_rate, 'on track if not behind') FROM more.kpi_progress WHERE target = 'of a segment';

SELECT throws_ok($$INSERT INTO more.kpi_target (target, kpi, baseline_on, change, due_on) VALUES ('x', 'retention', '2024-01-01', 1, '2024-12-31')$$, '23503', 'target "x" is of an unknown KPI: "retention"', 'a target of no KPI is refused');
SELECT throws_ok($$UPDATE more.kpi_target SET kpi = 'order' WHERE target = 'measured'$$, '23503', 'target "measured" is of an unknown KPI: "order"', 'at any time');
SELECT throws_ok($$UPDATE more.kpi_target SET kpi = 'cac' WHERE target = 'of a segment'$$, '22023', 'target "of a segment" is of segment "country: CH", but KPI "cac" is told of everyone only', 'so is one of a segment, where the KPI has none');

-- experiments: 120 of 400 against 80 of 400; by the definition
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, properties) SELECT 10000 + i, 'experiment_exposure', '2025-01-01', jsonb_build_object('experiment', 'e', 'variant', CASE WHEN i <= 400 THEN 'control' ELSE 'b' END) FROM generate_series(1, 800) i;
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, amount) SELECT 10000 + i, 'purchase', '2025-01-02', 10 FROM generate_series(1, 800) i WHERE i <= 80 OR i BETWEEN 401 AND 520;
SELECT results_eq($$SELECT variant, is_control, exposed_count, total, value FROM more.experiments WHERE kpi = 'conversion_rate' ORDER BY 1$$, $$VALUES ('b', false, 400::bigint, 120::double precision, 0.3::double precision), ('control', true, 400, 80, 0.2)$$, 'variants are counted');
SELECT results_eq($$SELECT round(difference::numeric, 10), round(difference_lower::numeric, 10), round(difference_upper::numeric, 10), round(z::numeric, 10) FROM more.experiments WHERE kpi = 'conversion_rate' AND variant = 'b'$$,
  $$SELECT 0.1::numeric(11,10), round((0.1 - 1.959963984540054 * s)::numeric, 10), round((0.1 + 1.959963984540054 * s)::numeric, 10), round((0.1 / s)::numeric, 10) FROM (SELECT sqrt(0.3 * 0.7 / 400 + 0.2 * 0.8 / 400) AS s) x$$, 'and compared, variances not pooled');
SELECT is(round(p_value::numeric, 6), 0.001009, 'two-sided') FROM more.experiments WHERE kpi = 'conversion_rate' AND variant = 'b';
SELECT results_eq($$SELECT round(value_lower::numeric, 9), round(value_upper::numeric, 9) FROM more.experiments WHERE kpi = 'conversion_rate' AND variant = 'b'$$,
  $$SELECT round(((0.3 + z * z / 800 - z * sqrt(0.3 * 0.7 / 400 + z * z / 640000)) / (1 + z * z / 400))::numeric, 9), round(((0.3 + z * z / 800 + z * sqrt(0.3 * 0.7 / 400 + z * z / 640000)) / (1 + z * z / 400))::numeric, 9) FROM (SELECT 1.959963984540054 AS z) x$$, 'each with its Wilson interval');
SELECT is(value, 3::double precision, 'revenue per person is a mean') FROM more.experiments WHERE kpi = 'revenue_per_person' AND variant = 'b';
-- any KPI by variant: 12 of the 80 buyers of one and 30 of the 120 of the other buy again in the month; p by erfc of the C library
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, amount) SELECT 10000 + i, 'purchase', '2025-01-20', 10 FROM generate_series(1, 800) i WHERE i <= 12 OR i BETWEEN 401 AND 430;
-- answers as in the semantics: 100 (50 promoters, 20 detractors) beside 120 (72, 18); and of effort
INSERT INTO more.touchpoint (customer_id, kind, occurred_at, score) SELECT 10000 + i, 'nps', timestamptz '2025-01-21', CASE WHEN i <= 50 THEN 9 WHEN i <= 80 THEN 8 ELSE 3 END FROM generate_series(1, 100) i
  UNION ALL SELECT 10400 + i, 'nps', '2025-01-21', CASE WHEN i <= 72 THEN 10 WHEN i <= 102 THEN 7 ELSE 6 END FROM generate_series(1, 120) i
  UNION ALL SELECT 10000 + i, 'ces', '2025-01-21', (ARRAY[7, 6, 5, 4, 2])[i] FROM generate_series(1, 5) i UNION ALL SELECT 10400 + i, 'ces', '2025-01-21', (ARRAY[7, 7, 6, 6, 5, 7])[i] FROM generate_series(1, 6) i;
CREATE TEMP TABLE by_variant AS SELECT * FROM more.experiment_kpis;
SELECT set_eq($$SELECT kpi FROM by_variant WHERE experiment = 'e' AND variant = 'b' AND period_start = '2025-01-01'$$, $$SELECT kpi FROM ledger_kpis() WHERE by_segment$$, 'each KPI is told of a variant');
SELECT results_eq($$SELECT variant, is_control, numerator, denominator, value FROM by_variant WHERE kpi = 'repeat_purchase_rate' AND period_start = '2025-01-01' ORDER BY 1$$,
  $$VALUES ('b', false, 30::double precision, 120::double precision, 0.25::double precision), ('control', true, 12, 80, 0.15)$$, 'with what it is made of');
SELECT results_eq($$SELECT round(difference::numeric, 10), round(difference_lower::numeric, 10), round(difference_upper::numeric, 10), round(z::numeric, 10), round(p_value::numeric, 10) FROM by_variant WHERE kpi = 'repeat_purchase_rate' AND period_start = '2025-01-01' AND variant = 'b'$$,
  $$SELECT 0.1::numeric(11,10), round((0.1 - 1.959963984540054 * s)::numeric, 10), round((0.1 + 1.959963984540054 * s)::numeric, 10), round((0.1 / s)::numeric, 10), 0.0750797841 FROM (SELECT sqrt(0.25 * 0.75 / 120 + 0.15 * 0.85 / 80) AS s) x$$, 'and two proportions compared');
SELECT results_eq($$SELECT round(difference::numeric, 10), round(z::numeric, 9), round(p_value::numeric, 9), round((difference_upper - difference)::numeric, 8), method FROM by_variant WHERE kpi = 'nps' AND period_start = '2025-01-01' AND variant = 'b'$$,
  $$SELECT 15.0000000000, 1.452652504, 0.146320261, round(1.959963984540054 * 15 / 1.4526525038, 8), 'nps, not pooled'$$, 'NPS is compared as the semantics say');
SELECT results_eq($$SELECT round(difference::numeric, 10), round(z::numeric, 10), p_value, method FROM by_variant WHERE kpi = 'ces' AND period_start = '2025-01-01' AND variant = 'b'$$,
  $$SELECT round(b.m - a.m, 10), round((b.m - a.m) / sqrt(a.v / 5 + b.v / 6), 10), NULL::double precision, 'means, normal' FROM (SELECT avg(x) AS m, var_samp(x) AS v FROM unnest('{7,6,5,4,2}'::numeric[]) x) a, (SELECT avg(x) AS m, var_samp(x) AS v FROM unnest('{7,7,6,6,5,7}'::numeric[]) x) b$$, 'and the mean of effort as means are');
SELECT is_empty($$SELECT FROM by_variant WHERE (is_control OR unit <> 'rate' AND kpi NOT IN ('nps', 'ces')) AND (z IS NOT NULL OR p_value IS NOT NULL OR method IS NOT NULL) OR is_control AND difference IS NOT NULL$$, 'what is neither, and the control, has no test');
SELECT set_eq($$SELECT kpi FROM by_variant WHERE z IS NOT NULL$$, $$SELECT b.kpi FROM by_variant a JOIN by_variant b USING (kpi, period_start) JOIN ledger_kpis() k USING (kpi) WHERE a.is_control AND NOT b.is_control AND k.bounds IS NOT NULL AND a.value_lower IS NOT NULL AND b.value_lower IS NOT NULL AND NOT (a.value IN (0, 1) AND b.value IN (0, 1))$$, 'each KPI that both variants have an interval of has a test');
SELECT results_eq($$SELECT variant, period_start, value FROM by_variant WHERE kpi = 'orders' AND value > 0 ORDER BY 1, 2$$,
  $$SELECT e.properties ->> 'variant', date_trunc('month', p.occurred_at)::date, count(*)::double precision FROM more.touchpoint p JOIN more.touchpoint e ON e.customer_id = p.customer_id AND e.kind = 'experiment_exposure' WHERE p.kind = 'purchase' AND p.occurred_at >= '2025-01-01' GROUP BY 1, 2 ORDER BY 1, 2$$, 'a KPI by variant and month is what a plain query says');

-- channels and attribution
SELECT results_eq($$SELECT sum(customer_count)::bigint, sum(lead_count)::bigint, sum(revenue_amount), sum(spend_amount) FROM more.acquisition_channels$$,
  $$SELECT (SELECT count(*) FROM more.customer WHERE first_paid_at IS NOT NULL), (SELECT count(*) FROM (SELECT customer_id, min(occurred_at) FILTER (WHERE kind = 'signup') AS s, min(occurred_at) FILTER (WHERE kind = 'purchase') AS p FROM more.touchpoint GROUP BY 1) x WHERE s <= coalesce(p, 'infinity')),
           (SELECT sum(amount) FROM more.touchpoint WHERE kind = 'purchase'), 1500::numeric$$, 'channels part customers, leads, revenue and spend');
SELECT results_eq($$SELECT cac_amount, cost_per_lead_amount FROM more.acquisition_channels WHERE channel = 'email'$$, $$SELECT (500.0 / customer_count)::numeric(18,4), (500.0 / lead_count)::numeric(18,4) FROM more.acquisition_channels WHERE channel = 'email'$$, 'with cost per customer and per lead');
SELECT is(cac_amount, NULL, 'a channel that brought nobody has no cost per customer') FROM more.acquisition_channels WHERE channel = 'display';
SELECT results_eq($$SELECT spend_amount, cac_amount, cost_per_lead_amount, payback_months, ltv_to_cac FROM more.acquisition_channels WHERE channel = 'organic' AND customer_count > 0 AND lead_count > 0$$, $$SELECT 0::numeric(18,4), NULL::numeric(18,4), NULL::numeric(18,4), NULL::double precision, NULL::double precision$$, 'nor has one for which no spend is recorded');
SELECT results_eq($$SELECT round(sum(first_credit)::numeric, 6), round(sum(last_credit)::numeric, 6), round(sum(last_non_direct_credit)::numeric, 6), round(sum(linear_credit)::numeric, 6), round(sum(time_decay_credit)::numeric, 6), round(sum(position_credit)::numeric, 6), round(sum(markov_credit)::numeric, 6), round(sum(shapley_credit)::numeric, 6) FROM more.attribution_by_channel$$,
  $$SELECT n, n, n, n, n, n, n, n FROM (SELECT round(count(*)::numeric, 6) AS n FROM more.customer WHERE first_paid_at IS NOT NULL) x$$, 'the credits of each rule add up to the first payments');
SELECT results_eq($$SELECT channel, last_credit FROM more.attribution_by_channel ORDER BY 1$$,
  $$SELECT channel, sum(n)::double precision FROM (SELECT coalesce(l.channel, 'unknown') AS channel, 1 AS n FROM more.customer c LEFT JOIN LATERAL (SELECT t.channel FROM more.touchpoint t WHERE t.customer_id = c.customer_id AND t.channel IS NOT NULL AND t.occurred_at <= c.first_paid_at AND t.occurred_at > c.first_paid_at - interval '90 days' ORDER BY t.occurred_at DESC LIMIT 1) l ON true WHERE c.first_paid_at IS NOT NULL
     UNION ALL SELECT channel, 0 FROM more.touchpoint WHERE channel IS NOT NULL AND customer_id IS NOT NULL) x GROUP BY 1 HAVING sum(n) > 0 OR channel <> 'unknown' ORDER BY 1$$, 'last touch is what a plain query says') ;

-- retention and activity
SELECT results_eq($$SELECT cohort_start, age_months, customer_count, retained_count, retained_unbounded_count FROM more.cohort_retention WHERE age_months <= 6 AND cohort_start < '2024-06-01' ORDER BY 1, 2$$,
  $$WITH a AS (SELECT DISTINCT c.customer_id, date_trunc('month', c.first_paid_at)::date AS cohort, (extract(year FROM age(date_trunc('month', t.occurred_at), date_trunc('month', c.first_paid_at))) * 12 + extract(month FROM age(date_trunc('month', t.occurred_at), date_trunc('month', c.first_paid_at))))::integer AS age
       FROM more.touchpoint t JOIN ledger_default_kinds() k USING (kind) JOIN more.customer c USING (customer_id) WHERE k.alive AND t.occurred_at >= c.first_paid_at)
    SELECT cohort, g, count(DISTINCT customer_id), count(DISTINCT customer_id) FILTER (WHERE age = g), count(DISTINCT customer_id) FILTER (WHERE age >= g) FROM a, generate_series(0, 6) g WHERE cohort < '2024-06-01' GROUP BY 1, 2 ORDER BY 1, 2$$, 'the triangle is what a plain query says');
SELECT is((SELECT count(*) FROM more.cohort_retention WHERE cohort_start + age_months * interval '1 month' > now()), 0::bigint, 'without ages that have not come');
SELECT is_empty($$SELECT FROM (SELECT *, lag(active_count) OVER (PARTITION BY period_grain ORDER BY period_start) AS before FROM more.activity_lifecycle) x
  WHERE active_count <> new_count + returning_count + resurrecting_count OR active_count <> before + new_count + resurrecting_count - dormant_count$$, 'the identities of activity hold, by week and month');
SELECT is((SELECT sum(new_count)::bigint FROM more.activity_lifecycle WHERE period_grain = 'week'), (SELECT count(DISTINCT customer_id) FROM more.touchpoint JOIN ledger_default_kinds() k USING (kind) WHERE k.alive), 'everyone is new once');

-- who may what
SELECT ledger_grant('more', 'kpi_reader', 'read');
SELECT ledger_grant('more', 'kpi_admin', 'admin');
SET LOCAL ROLE kpi_reader;
SELECT is(view, NULL, 'a reader can read each view of KPIs') FROM (SELECT string_agg(v, ', ') AS view FROM unnest(ledger_kpi_view_names()) v WHERE query_to_xml(format('SELECT 1 FROM more.%I LIMIT 1', v), true, false, '') IS NULL) x;
SELECT throws_ok($$UPDATE more.kpi_fact SET value = 0$$, '42501', NULL, 'and change nothing');
SET LOCAL ROLE kpi_admin;
SELECT throws_ok($$INSERT INTO more.segment (segment, dimension, condition) VALUES ('sly', 'x', 'true')$$, '42501', NULL, 'segments are the owner''s: their conditions are evaluated by whoever reads');
RESET ROLE;
SELECT is((SELECT count(*) FROM unnest(ledger_kpi_view_names()) v WHERE to_regclass('more.' || v) IS NULL), 0::bigint, 'all views are there');
SELECT throws_ok($$CALL ledger_refresh('more')$$, '25001', NULL, 'a refresh commits, and so can''t be part of a transaction');
SELECT * FROM finish();
ROLLBACK;
