SET TIME ZONE 'UTC';
SET INTERVALSTYLE = postgres;
-- data that breaks other implementations: finite answers, or NULL, and the flag says why
CREATE TEMP TABLE hard (name text, h purchase_summary);
INSERT INTO hard
SELECT 'all x = 0', make_purchase_summary(0, '0', (10 + i % 30) * interval '1 week') FROM generate_series(1, 500) i
UNION ALL SELECT 'ten customers', make_purchase_summary(x, recency * interval '1 week', '40 weeks', 10 + x)
  FROM (VALUES (0,0),(1,10),(2,30),(0,0),(5,39),(0,0),(1,3),(0,0),(3,20),(12,38)) v(x, recency)
UNION ALL SELECT 'one customer', make_purchase_summary(3, '5 weeks', '9 weeks', 30)
UNION ALL SELECT 'all the same', make_purchase_summary(20, '39 weeks', '40 weeks', 30) FROM generate_series(1, 500)
UNION ALL SELECT 'no dropout', make_purchase_summary(1 + i % 17, (40 - 1 / (1.0 + i % 17)) * interval '1 week', '40 weeks', 20 + i % 13) FROM generate_series(1, 500) i
UNION ALL SELECT 'frequency in the thousands', make_purchase_summary(1 + (i * 7919) % 5000, '3600 days', '3650 days', 1 + i % 90) FROM generate_series(1, 500) i
UNION ALL SELECT 'bought daily, then left', make_purchase_summary(20 + i % 80, (21 + i % 80) * interval '1 day', '4000 days', 5) FROM generate_series(1, 500) i
UNION ALL SELECT '95 % one purchase', CASE WHEN i % 20 = 0 THEN make_purchase_summary(1 + i % 3, (1 + i % 30) * interval '1 week', '40 weeks', 30 + i % 7)
                                          ELSE make_purchase_summary(0, '0', '40 weeks') END FROM generate_series(1, 1000) i
UNION ALL SELECT 'identical spend', make_purchase_summary(i % 5, (i % 5 * 7 + i % 3 * (i % 5)) * interval '1 week', '60 weeks', 30) FROM generate_series(1, 500) i
UNION ALL SELECT 'spend of zero', make_purchase_summary(i % 5, (i % 5 * 7) * interval '1 week', '60 weeks', 0) FROM generate_series(1, 100) i
UNION ALL SELECT 'not observed for any time', make_purchase_summary(0, '0', '0') FROM generate_series(1, 20)
UNION ALL SELECT 'one in microseconds, one in 200,000 years', make_purchase_summary(2, v.recency, v.age, 10)
  FROM (VALUES (interval '1 microsecond', interval '2 microseconds'), (interval '100000 years', interval '200000 years')) v(recency, age);
CREATE TEMP TABLE hard_fit AS
SELECT name, k, clv_fit(clv_agg(h), k) AS m FROM hard, unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) k GROUP BY 1, 2;
SELECT name, p.part, string_agg(DISTINCT p.status, ', ') AS status, bool_or(p.boundary) AS some_boundary,
       bool_and(p.status = 'no_data' OR log_likelihood(m, p.part) BETWEEN -1e8 AND 1e8) AS finite_likelihood,
       bool_and(NOT p.boundary OR p.reason IS NOT NULL) AS reason_given
FROM hard_fit, model_parts(m) p GROUP BY 1, 2 ORDER BY 1, 2;
SELECT bool_and(estimate > 0 AND estimate < 'Infinity') AS finite_parameters FROM hard_fit, parameters(m) WHERE estimate IS NOT NULL;
SELECT count(*) > 0 AS some, bool_and(p_alive(m, h) BETWEEN 0 AND 1) AS alive, bool_and(e BETWEEN 0 AND 1e9) AS purchases, bool_and(d BETWEEN 0 AND 1e9) AS discounted,
       bool_and(coalesce(expected_spend(m, h), 0) BETWEEN 0 AND 1e9) AS spend, bool_and(coalesce(cltv(m, h, '1 year'), 0) BETWEEN 0 AND 1e12) AS value,
       bool_and(p0 BETWEEN 0 AND 1 AND p3 BETWEEN 0 AND 1) AS probability
FROM (SELECT DISTINCT name, h FROM hard) h JOIN hard_fit USING (name),
     LATERAL (SELECT expected_purchases(m, h, '1 year') AS e, discounted_purchases(m, h) AS d, purchase_probability(m, h, '1 year', 0) AS p0,
                     purchase_probability(m, h, '1 year', 3) AS p3) q;
-- a + b < 1 and one purchase, where the hypergeometric form is not finite
SELECT round(expected_purchases(make_clv_model('bg_nbd', '{.2, 4, .3, .2}'), make_purchase_summary(0, '0', '30 weeks'), '52 weeks')::numeric, 9);
-- wrong arguments of a fit
\set VERBOSITY sqlstate
SELECT clv_fit(clv_agg(h), 'beta_gamma') FROM hard WHERE name = 'ten customers';
\set VERBOSITY default
SELECT clv_fit(clv_agg(h), 'beta_gamma') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), spend => 'normal') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), penalty => -1) FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), penalty => 'NaN') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), max_iterations => 0) FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), unit => '0') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), unit => '-1 day') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), start => '{1, 2}') FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(h), start => '{1, 2, -3, 4}') FROM hard WHERE name = 'ten customers';
SELECT model_status(clv_fit(clv_agg(h), max_iterations => 1)) FROM hard WHERE name = 'ten customers';
-- histories that don't say until when they go
SELECT clv_agg(purchase_agg) FROM (SELECT purchase_agg('2024-01-01'::timestamptz)) s;
SELECT p_alive(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), purchase_agg('2024-01-01'::timestamptz));
-- wrong counts and samples
SELECT clv_agg(h, -1) FROM hard WHERE name = 'ten customers';
SELECT sbg_agg(-1, 5);
SELECT sbg_fit(p, 10) FROM generate_series(0, 0) p;
SELECT sbg_fit(p, 10) FROM unnest(ARRAY[0, 1, 3]) p;
SELECT sbg_fit(p, 10 + p) FROM generate_series(0, 3) p;
SELECT clv_fit(sbg_agg(p, 10 - p)) FROM generate_series(0, 3) p;
SELECT sbg_fit(clv_agg(h)) FROM hard WHERE name = 'ten customers';
SELECT clv_agg(h) + sbg_agg(0, 10) FROM hard WHERE name = 'ten customers';
SELECT clv_fit(clv_agg(make_purchase_summary(1, '3 days', '1 week')), 'bg_bb');
SELECT clv_fit(clv_agg(make_purchase_summary(3, '1 week', '2 weeks')), 'bg_bb');
-- opportunities are counted one by one: too many are refused, where they are counted
SELECT clv_fit(clv_agg(make_purchase_summary(2, interval '120000 days 2 microseconds', interval '121000 days', 10)), 'bg_bb', unit => '1 microsecond');
SELECT clv_fit(clv_agg(make_purchase_summary(1, '1 second', '1000001 seconds')), 'bg_bb', unit => '1 second');
CREATE TEMP TABLE each_second AS SELECT make_clv_model('bg_bb', '{1.2, .7, .7, 2.8}', '{6, 4, 15}', unit => '1 second') AS m,
  make_purchase_summary(1, '999997 seconds', '1000000 seconds', 10) AS h, make_purchase_summary(1, '999997 seconds', '1000001 seconds', 10) AS longer;
SELECT p_alive(m, longer) FROM each_second;
SELECT p_alive_interval(m, longer) FROM each_second;
SELECT expected_purchases(m, longer, '1 minute') FROM each_second;
SELECT expected_purchases_interval(m, longer, '1 minute') FROM each_second;
SELECT discounted_purchases(m, longer) FROM each_second;
SELECT purchase_probability(m, longer, '1 minute', 1) FROM each_second;
SELECT purchase_probability(m, interval '200000 years', 0) FROM each_second;
SELECT cltv(m, longer, '1 minute') FROM each_second;
SELECT cltv_lifetime(m, longer) FROM each_second;
SELECT cltv_interval(m, longer, '1 minute') FROM each_second;
SELECT p_alive(m, h) BETWEEN 0 AND 1 AS alive, purchase_probability(m, interval '1000000 seconds', 1000000) BETWEEN 0 AND 1 AS probability,
       expected_purchases(m, interval '200000 years') > 0 AS closed_form FROM each_second;
-- wrong questions
SELECT p_alive(make_clv_model('sbg', '{1, 2}'), make_purchase_summary(0, '0', '1 day'));
SELECT survival(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), 3);
SELECT survival(make_clv_model('sbg', '{1, 2}'), -1);
SELECT retention(make_clv_model('sbg', '{1, 2}'), 0);
SELECT residual_lifetime(make_clv_model('sbg', '{1, 2}'), 3, 10);
SELECT expected_purchases(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), interval '-1 day');
SELECT purchase_probability(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), interval '1 day', -1);
SELECT cltv(make_clv_model('bg_nbd', '{1, 2, 3, 4}', '{1, 2, 3}'), interval '1 year', discount_rate => 10);
SELECT cltv(make_clv_model('bg_nbd', '{1, 2, 3, 4}', '{1, 2, 3}'), interval '1 year', margin => -0.1);
SELECT p_alive_interval(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), make_purchase_summary(1, '1 day', '2 days'), 95);
SELECT log_likelihood(make_clv_model('bg_nbd', '{1, 2, 3, 4}'), 'money');
SELECT make_clv_model('bg_nbd', '{1, 2, 3}');
SELECT make_clv_model('bg_nbd', '{1, 2, 3, NULL}');
SELECT make_clv_model('bg_nbd', '{1, 2, 3, 0}');
SELECT make_clv_model('bg_nbd', '{1, 2, 3, NaN}');
SELECT make_clv_model('bg_nbd', '{1, 2, 3, 4}', unit => '0 days');
SELECT make_clv_model('normal', '{1, 2}');
-- a horizon of nothing, and discounting of nothing
SELECT expected_purchases(m, interval '0'), cltv(m, interval '0'), purchase_probability(m, interval '0', 0), purchase_probability(m, interval '0', 1)
FROM unnest(ARRAY['bg_nbd', 'pareto_nbd']) k, make_clv_model(k, '{1, 2, 3, 4}', '{1, 2, 3}') m;
-- wrong text
SELECT '{}'::clv_model;
SELECT replace(m::text, '"r": 1', '"r": -1')::clv_model FROM make_clv_model('bg_nbd', '{1, 2, 3, 4}') m;
SELECT replace(m::text, '"r": 1', '"q": 1')::clv_model FROM make_clv_model('bg_nbd', '{1, 2, 3, 4}') m;
SELECT replace(m::text, 'bg_nbd', 'bg_xyz')::clv_model FROM make_clv_model('bg_nbd', '{1, 2, 3, 4}') m;
SELECT replace(m::text, 'stated', 'guessed')::clv_model FROM make_clv_model('bg_nbd', '{1, 2, 3, 4}') m;
SELECT replace(m::text, '"7 days"', '"0 days"')::clv_model FROM make_clv_model('bg_nbd', '{1, 2, 3, 4}') m;
SELECT '{}'::clv_sample;
\set good '{"kind": "purchases", "observed_from": null, "observed_until": null, "x": [0, 2], "recency": [0, 600], "age": [900, 900], "count": [3, 1], "spend_x": [2], "spend_mean": [35.5], "spend_count": [1]}'
SELECT customers(:'good'::clv_sample);
SELECT replace(:'good', '[0, 600]', '[0, 901]')::clv_sample;
SELECT replace(:'good', '[0, 600]', '[1, 600]')::clv_sample;
SELECT replace(:'good', '[0, 600]', '[600]')::clv_sample;
SELECT replace(:'good', '[3, 1]', '[3, 0]')::clv_sample;
SELECT replace(:'good', '"x": [0, 2]', '"x": [2, 0]')::clv_sample;
SELECT replace(:'good', '35.5', '"NaN"')::clv_sample;
SELECT replace(:'good', 'purchases', 'contractual')::clv_sample;
SELECT replace(:'good', '[3, 1]', '[9223372036854775807, 1]')::clv_sample;
-- a horizon longer than all time
SELECT expected_purchases(make_clv_model('bg_nbd', '{0.243,4.414,0.793,2.426}'), '2147483647 days');
