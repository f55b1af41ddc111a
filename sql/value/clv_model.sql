SET TIME ZONE 'UTC';
SET DATESTYLE = ISO;
SET INTERVALSTYLE = postgres;
\set week 'interval \'1 week\''
\set near 'abs(have / want - 1) <'
-- BG/NBD at stated parameters: the optimum of CDNOW in exact days / 7, and the paper's customers
CREATE TEMP TABLE stated AS
SELECT make_clv_model('bg_nbd', '{0.24259452243015709, 4.4136020190135038, 0.79292201722559758, 2.4259067768263321}',
                      '{6.249572271323756, 3.7442246671320245, 15.443520962589239}') AS m;
SELECT x, :near 1e-10 AS right
FROM stated, (VALUES (2, 30.43, 38.86, 39, 1.225906835428988), (10, 20, 39, 52, .3474837737004228),
                     (15, 20, 39, 52, .04283701633759327), (20, 20, 39, 52, .004159274309912765),
                     (25, 20, 39, 52, .0003583938230286595)) v(x, recency, age, horizon, want),
     LATERAL (SELECT expected_purchases(m, make_purchase_summary(x, recency * :week, age * :week), horizon * :week) AS have) e;
SELECT what, :near 1e-10 AS right
FROM stated, make_clv_model('bg_nbd', '{.243, 4.414, .793, 2.426}') AS rounded,
     LATERAL (VALUES ('p_alive', p_alive(m, make_purchase_summary(2, 30.43 * :week, 38.86 * :week)), 0.7266091626397163),
                     ('E[X(52)]', expected_purchases(m, 52 * :week), 1.444012397339873),
                     ('P(X(39)=0)', purchase_probability(rounded, 39 * :week, 0), .57378635209601),
                     ('P(X(2)=10)', purchase_probability(rounded, 2 * :week, 10), 1.0786896403557e-07),
                     ('p_alive(23)', p_alive(rounded, make_purchase_summary(23, 39 * :week, 39 * :week)), .96855545422102)) v(what, have, want);
-- the paper's own optimum, as it printed them
SELECT x, round(expected_purchases(make_clv_model('bg_nbd', '{.243, 4.414, .793, 2.426}'),
                                   make_purchase_summary(x, 20 * :week, 39 * :week), 52 * :week)::numeric, 2)
FROM unnest(ARRAY[10, 15, 20, 25]) x;
-- Pareto/NBD
SELECT round(expected_purchases(make_clv_model('pareto_nbd', '{0.55327704685317961, 10.577683463302315, 0.60623998912782592, 11.668735288855002}'),
                                52 * :week)::numeric, 6) AS "E[X(52)]";
SELECT :near 1e-10 AS right
FROM (SELECT discounted_purchases(make_clv_model('pareto_nbd', '{.5629966, 12.5590370, .4081095, 10.5148048}'),
                                  make_purchase_summary(7, 35 * :week, 77.86 * :week),
                                  discount_rate => exp(.0027 * 365.25 / 7) - 1) AS have, 1.86418332807133 AS want) v;
-- shifted beta-geometric
CREATE TEMP TABLE survivors (segment text, left_over int[]);
INSERT INTO survivors VALUES ('Regular', '{1000,631,468,382,326,289,262,241}'), ('High End', '{1000,869,743,653,593,551,517,491}');
CREATE TEMP TABLE contract AS
SELECT segment, sbg_fit(period::int - 1, n) AS m FROM survivors, unnest(left_over) WITH ORDINALITY u(n, period) GROUP BY segment;
SELECT segment, name, :near 1e-6 AS right
FROM contract CROSS JOIN LATERAL (SELECT name, estimate FROM parameters(m) UNION ALL SELECT 'log_likelihood', log_likelihood(m)) p(name, have)
JOIN (VALUES ('Regular', 'alpha', .70407729847351621), ('Regular', 'beta', 1.1820430262094757), ('Regular', 'log_likelihood', -1680.26518846328699),
             ('High End', 'alpha', .66808835110644622), ('High End', 'beta', 3.8060949640582669), ('High End', 'log_likelihood', -1611.15814739115644))
  w(segment, name, want) USING (segment, name) ORDER BY 1, 2;
SELECT segment, string_agg(round(100 * survival(m, t)::numeric, 1)::text, ' ' ORDER BY t) AS survival
FROM contract, generate_series(8, 12) t GROUP BY 1;
SELECT round(residual_lifetime(m, renewals => 7, discount => 0.1)::numeric, 9) AS residual, round(retention(m, 1)::numeric, 6) AS r1,
       abs(survival(m, 5) / survival(m, 4) - retention(m, 5)) < 1e-14 AS consistent, residual_lifetime(m) AS not_finite
FROM contract WHERE segment = 'High End';
-- a mean that is finite: the sum of the survival function
SELECT abs(residual_lifetime(m) - sum(survival(m, t))) < 1e-3 FROM make_clv_model('sbg', '{5, 3}') m, generate_series(1, 1000) t GROUP BY m;
-- a small discount costs no more than a large one: 40-digit values of the hypergeometric form
SELECT alpha, beta, renewals, discount, :near 1e-13 AS right
FROM (VALUES (0.7, 2.5, 3, 1e-9, 4834.23099939584), (1.0, 0.25, 7, 1e-12, 181.289301451594), (0.05, 3000, 0, 1e-6, 770595.892630872), (400, 2e6, 1000, 0.001, 834.155070894648),
             (2.5, 0.001, 0, 1e-15, 0.000666666666666665), (0.7, 2.5, 3, 1, 1.62967638760133)) v(alpha, beta, renewals, discount, want),
     LATERAL (SELECT residual_lifetime(make_clv_model('sbg', ARRAY[alpha, beta]), renewals, discount) AS have) r;
-- by which any number of discounted payments of a cohort is found, here by adding them up
SELECT discount, :near 1e-13 AS right
FROM unnest(ARRAY[0.05, 0.5]) discount, make_clv_model('sbg', '{0.7, 2.5}') m,
     LATERAL (SELECT residual_lifetime(m, 3, discount) AS have, sum(survival(m, 3 + t) / survival(m, 3) * (1 + discount) ^ (1 - t)) AS want FROM generate_series(1, 800) t) s;
-- BG/BB, few opportunities and many: as adding up the chances to be there
SELECT n, :near 1e-12 AS right
FROM unnest(ARRAY[1, 100, 256, 257, 3000]) n, make_clv_model('bg_bb', '{1.2, 0.75, 0.66, 2.78}', unit => '1 day') m,
     LATERAL (SELECT expected_purchases(m, n * interval '1 day') AS have,
                     1.2 / 1.95 * sum(exp(ln_stays)) AS want
              FROM (SELECT sum(ln((2.78 + i) / (3.44 + i))) OVER (ORDER BY i) AS ln_stays FROM generate_series(0, n - 1) i) s) e;
-- BG/BB: donations
CREATE TEMP TABLE donor (x int, last int, n int);
INSERT INTO donor VALUES (6,6,1203),(5,6,728),(4,6,512),(3,6,357),(2,6,234),(1,6,129),(5,5,335),(4,5,284),(3,5,225),(2,5,173),(1,5,119),
  (4,4,240),(3,4,181),(2,4,155),(1,4,78),(3,3,322),(2,3,255),(1,3,129),(2,2,613),(1,2,277),(1,1,1091),(0,0,3464);
CREATE TEMP TABLE donation AS
SELECT clv_fit(clv_agg(make_purchase_summary(x, last * interval '1 year', '6 years'), n), 'bg_bb', spend => NULL, unit => '1 year') AS m FROM donor;
SELECT name, :near 1e-6 AS right
FROM donation CROSS JOIN LATERAL (SELECT name, estimate FROM parameters(m) UNION ALL SELECT 'log_likelihood', log_likelihood(m)) p(name, have)
JOIN (VALUES ('alpha', 1.2035223516019139), ('beta', .74971635817293889), ('gamma', .65671820844183243), ('delta', 2.7834422325773807),
             ('log_likelihood', -33225.5812743470068)) w(name, want) USING (name);
-- what the fitted model expects of its own past: all donors, all years
SELECT customers(m), model_status(m), round((11104 * expected_purchases(m, interval '6 years'))::numeric, 0) AS expected, (SELECT sum(x * n) FROM donor) AS actual
FROM donation;
-- each model: probabilities sum to 1, and to the expectation
SELECT name, abs(sum(purchase_probability(m, h, 30 * :week, n)) - 1) < 1e-9 AS sums_to_1,
       abs(sum(n * purchase_probability(m, h, 30 * :week, n)) - expected_purchases(m, h, 30 * :week)) < 1e-9 AS has_the_mean
FROM (VALUES ('bg_nbd', '{.25, 4.4, .8, 2.4}'::float8[]), ('mbg_nbd', '{.5, 6.2, .9, 1.6}'), ('pareto_nbd', '{.55, 10.6, .6, 11.7}'), ('bg_bb', '{1.2, .75, .66, 2.78}')) v(name, p),
     LATERAL make_clv_model(name, p) m, make_purchase_summary(7, 35 * :week, 78 * :week) h, generate_series(0, 60) n
GROUP BY name, m, h ORDER BY 1;
SELECT name, abs(sum(purchase_probability(m, 30 * :week, n)) - 1) < 1e-9 AS sums_to_1,
       abs(sum(n * purchase_probability(m, 30 * :week, n)) - expected_purchases(m, 30 * :week)) < 1e-9 AS has_the_mean
FROM (VALUES ('bg_nbd', '{.25, 14.4, .8, 2.4}'::float8[]), ('mbg_nbd', '{.5, 16.2, .9, 1.6}'), ('pareto_nbd', '{.55, 20.6, .6, 11.7}'), ('bg_bb', '{1.2, .75, .66, 2.78}')) v(name, p),
     LATERAL make_clv_model(name, p) m, generate_series(0, 300) n
GROUP BY name, m ORDER BY 1;
-- discounting: as the sum of what comes in each thousandth of a year
SELECT name, abs(cltv(m, h, interval '2 years', 0.10, 0.5) / sum(0.5 * expected_spend(m, h)
         * (expected_purchases(m, h, i * step) - expected_purchases(m, h, (i - 1) * step)) / 1.1 ^ ((i - 0.5) / 1000)) - 1) < 1e-7 AS right
FROM (VALUES ('bg_nbd', '{.25, 4.4, .8, 2.4}'::float8[]), ('mbg_nbd', '{.5, 6.2, .9, 1.6}'), ('pareto_nbd', '{.55, 10.6, .6, 11.7}')) v(name, p),
     LATERAL (SELECT make_clv_model(name, p, '{6.25, 3.74, 15.44}') AS m, make_purchase_summary(7, 35 * :week, 78 * :week, 20) AS h, interval '365.25 days' / 1000 AS step) s,
     generate_series(1, 2000) i
GROUP BY name, m, h ORDER BY 1;
SELECT name, cltv(m, h, interval '5 years') < cltv(m, h, interval '80 years') AS grows,
       abs(cltv(m, h, interval '900 years') / cltv_lifetime(m, h) - 1) < 1e-9 AS to_its_limit,
       abs(cltv_lifetime(m, h, 0.2) / expected_spend(m, h) / discounted_purchases(m, h, 0.2) - 1) < 1e-15 AS is_the_product,
       cltv_lifetime(m) > 0 AS stranger, discounted_purchases(m, 0) AS not_finite
FROM (VALUES ('bg_nbd', '{.25, 4.4, .8, 2.4}'::float8[]), ('mbg_nbd', '{.5, 6.2, .9, 1.6}'), ('pareto_nbd', '{.55, 10.6, .6, 11.7}')) v(name, p),
     LATERAL (SELECT make_clv_model(name, p, '{6.25, 3.74, 15.44}') AS m, make_purchase_summary(7, 35 * :week, 78 * :week, 20) AS h) s
ORDER BY 1;
-- time has a unit: the same customers in seconds, days and centuries
CREATE TEMP TABLE few (x int, recency float8, age float8, monetary numeric);
INSERT INTO few VALUES (0,0,39,NULL),(1,10,38,5),(2,30,38,40),(0,0,35,NULL),(5,31,33,25),(0,0,33,NULL),(1,3,30,90),(0,0,30,NULL),(3,20,30,18),(12,28,30,15),
  (0,0,29,NULL),(0,0,28,NULL),(2,4,28,12),(1,20,27,41),(0,0,27,NULL),(7,25,27,29),(0,0,26,NULL),(3,4,26,30),(1,1,25,17),(0,0,25,NULL);
CREATE TEMP TABLE by_unit AS
SELECT k, u, clv_fit(clv_agg(make_purchase_summary(x, recency * u, age * u, monetary)), k, unit => u) AS m
FROM few, unnest(ARRAY['1 second', '1 day', '1 week', '100 years']::interval[]) u, unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) k GROUP BY k, u;
SELECT k, name, max(estimate) / min(estimate) - 1 < 1e-9 AS same_estimate, max(std_error) / min(std_error) - 1 < 1e-7 AS same_error
FROM by_unit, parameters(m) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT k, bool_and(abs(expected_purchases(m, make_purchase_summary(3, 20 * u, 30 * u), 26 * u) - e) < 1e-9) AS same_prediction
FROM (SELECT *, first_value(expected_purchases(m, make_purchase_summary(3, 20 * u, 30 * u), 26 * u)) OVER (PARTITION BY k) AS e FROM by_unit) b GROUP BY 1 ORDER BY 1;
-- the unit changes alpha, and the likelihood by the number of repeat purchases
SELECT abs(w.estimate * 7 / d.estimate - 1) < 1e-9 AS alpha, abs(log_likelihood(wm) - log_likelihood(dm) - 38 * ln(7)) < 1e-8 AS likelihood
FROM (SELECT clv_fit(s) AS wm, clv_fit(s, unit => '1 day') AS dm
      FROM (SELECT clv_agg(make_purchase_summary(x, recency * :week, age * :week)) AS s FROM few) a) f, parameters(wm) w, parameters(dm) d
WHERE w.name = 'alpha' AND d.name = 'alpha';
-- the optimum doesn't depend on where one starts
SELECT k, max(log_likelihood(m)) - min(log_likelihood(m)) < 1e-9 AS same
FROM (SELECT clv_agg(make_purchase_summary(x, recency * :week, age * :week)) AS s FROM few) a, unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) k,
     unnest(ARRAY[0.1, 1, 10]) p, unnest(ARRAY[0.3, 3, 30]) q, LATERAL clv_fit(s, k, spend => NULL, start => ARRAY[p, q, p, q]) m
GROUP BY 1 ORDER BY 1;
-- the one-step aggregate; counts instead of rows; parts
SELECT clv_fit(h) = clv_fit(clv_agg(h)) AS one_step, clv_fit(clv_agg(h, 3)) = clv_fit(clv_agg(h) + clv_agg(h) + clv_agg(h)) AS counted,
       customers(clv_agg(h, 3)), history_count(clv_agg(h, 3)), customers(clv_fit(clv_agg(h, 3)))
FROM (SELECT make_purchase_summary(x, recency * :week, age * :week, monetary) AS h FROM few) f;
-- a penalty pulls parameters towards the mean
SELECT p, model_status(m), sum(ln(estimate / CASE name WHEN 'alpha' THEN 30.2 ELSE 1 END) ^ 2) < lag(sum(ln(estimate / CASE name WHEN 'alpha' THEN 30.2 ELSE 1 END) ^ 2)) OVER (ORDER BY p) AS nearer
FROM (SELECT clv_agg(make_purchase_summary(x, recency * :week, age * :week)) AS s FROM few) a, unnest(ARRAY[0, 0.1, 1, 10]) p,
     LATERAL clv_fit(s, spend => NULL, penalty => p) m, parameters(m) GROUP BY p, m ORDER BY p;
-- text
SELECT m::text::clv_model = m AS round_trip, m FROM stated;
SELECT bool_and(m::text::clv_model = m) AS round_trip FROM by_unit;
SELECT s::text::clv_sample = s AS round_trip, s FROM (SELECT clv_agg(make_purchase_summary(x, recency * :week, age * :week, monetary)) AS s FROM few WHERE x > 2) a;
SELECT sbg_agg(p, 10 - p)::text::clv_sample = sbg_agg(p, 10 - p) AS round_trip, sbg_agg(p, 10 - p) FROM generate_series(0, 3) p;
SELECT jsonb_pretty(m::jsonb) FROM make_clv_model('sbg', '{1.5, 2}', unit => '1 month') m;
-- what a model says about itself
SELECT m.part, model_name, status, boundary, n, iterations < 30 AS few_iterations, gradient_norm < 1e-6 AS flat, penalty, reason
FROM (SELECT clv_fit(make_purchase_summary(x, recency * :week, age * :week, monetary)) AS f FROM few) s, model_parts(f) m;
SELECT time_unit(m), customers(m), model_status(m), aic(m), log_likelihood(m, 'spend'), observed_from(m), observed_until(m) FROM stated;
SELECT aic(m) + 2 * log_likelihood(m) AS twice_the_parameters, aic(m, 'spend') + 2 * log_likelihood(m, part => 'spend') AS of_spend,
       observed_from(m), observed_until(m)
FROM (SELECT clv_fit(observe(h, '2024-12-31')) AS m
      FROM (SELECT purchase_agg('2024-01-01'::timestamptz + c * interval '5 days' + d * d * interval '1 day', 5 + c + d) AS h
            FROM generate_series(1, 9) c, generate_series(0, 9) d WHERE d < c * c % 10 + 1 GROUP BY c) s) s;
SELECT name, estimate, std_error IS NULL AS no_error FROM stated, parameters(m);
-- intervals are NULL where no covariance is known, and around the estimate where it is
SELECT p_alive_interval(m, make_purchase_summary(2, '3 weeks', '9 weeks')), cltv_interval(m, make_purchase_summary(2, '3 weeks', '9 weeks'), '1 year') FROM stated;
SELECT (i).lower < p AND p < (i).upper AS p_alive, (j).lower < e AND e < (j).upper AS purchases, (k).lower < v AND v < (k).upper AS value,
       (j95).upper - (j95).lower < (j).upper - (j).lower AS wider_at_99
FROM (SELECT p_alive(m, h) AS p, p_alive_interval(m, h) AS i, expected_purchases(m, h, '1 year') AS e, expected_purchases_interval(m, h, '1 year', 0.99) AS j,
             expected_purchases_interval(m, h, '1 year') AS j95, cltv(m, h, '1 year') AS v, cltv_interval(m, h, '1 year') AS k
      FROM (SELECT clv_fit(make_purchase_summary(x, recency * :week, age * :week, monetary)) AS m FROM few) f,
           make_purchase_summary(2, '3 weeks', '9 weeks', 20) h) s;
-- spend without a mean: NULL, never negative
SELECT expected_spend(m), expected_spend(m, h0), expected_spend(m, h2) > 0 AS known_customer, cltv(m, interval '1 year'), cltv(m, h0, '1 year')
FROM make_clv_model('bg_nbd', '{.25, 4.4, .8, 2.4}', '{6, 0.9, 15}') m, make_purchase_summary(0, '0', '1 year') h0, make_purchase_summary(2, '3 weeks', '1 year', 20) h2;
-- NULLs, refunds only, no rows
SELECT p_alive(m, NULL), expected_purchases(m, NULL::interval), cltv(NULL::clv_model, interval '1 year'), p_alive(m, observe(purchase_agg('2024-01-01'::timestamptz, -1), '2024-02-01'))
FROM stated GROUP BY m;
SELECT clv_agg(h), clv_fit(h) FROM (SELECT make_purchase_summary(0, '0', '0') AS h) s WHERE false;
SELECT clv_agg(NULL), clv_agg(NULL, 1), sbg_agg(NULL, 1), sbg_fit(NULL, 1), clv_fit(NULL::clv_sample);
SELECT customers(clv_agg(h)) FROM (SELECT observe(purchase_agg('2024-01-01'::timestamptz, -1), '2024-02-01') AS h) s;
