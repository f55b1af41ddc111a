-- cox_sample and cox_model: the 6-MP trial, a set with ties, weights and left truncation, hard data
SET extra_float_digits = -3;
CREATE TEMP TABLE trial AS
SELECT 0 AS placebo, weeks, relapsed
FROM unnest(ARRAY[6,6,6,6,7,9,10,10,11,13,16,17,19,20,22,23,25,32,32,34,35],
            ARRAY[1,1,1,0,1,0,1,0,0,1,1,0,0,0,1,1,0,0,0,0,0]::boolean[]) AS u(weeks, relapsed)
UNION ALL
SELECT 1, weeks, true
FROM unnest(ARRAY[1,1,2,2,3,4,4,5,5,8,8,8,8,11,11,12,12,15,17,22,23]) AS u(weeks);
CREATE TEMP TABLE trial_sample AS SELECT cox_agg(weeks, relapsed, ARRAY[placebo]) AS s FROM trial;

-- the published coefficients, to 1e-10
SELECT ties, abs(estimate - expected) < 1e-10 AS estimate,
       expected_error IS NULL OR abs(std_error - expected_error) < 1e-10 AS std_error
FROM trial_sample, (VALUES ('efron', 1.57212514882907, .412396717709455), ('breslow', 1.50919141258588, NULL)) e(ties, expected, expected_error),
     parameters(cox_fit(s, ties => ties));
SELECT p.*, model_status(m), hazard_ratio(m, ARRAY[1]), hazard_ratio(m, ARRAY[0]), hazard_ratio(m, ARRAY[0], reference => ARRAY[1]) AS inverse
FROM trial_sample, LATERAL (SELECT cox_fit(s, names => ARRAY['placebo']) AS m) f, parameters(m, confidence => 0.9) p;
SELECT coefficients(m), hazard_ratios(m), std_errors(m), covariance(m), null_log_likelihood(m), log_likelihood(m),
       concordance(m), aic(m), t.*
FROM trial_sample, LATERAL (SELECT cox_fit(s) AS m) f, likelihood_ratio_test(m) t;

-- R's package survival 3.5-3, coxph(Surv(entry, t, e) ~ x1 + x2 + x3), on 300 customers with ties
CREATE TEMP TABLE customer AS
SELECT i, t, e, w, x, CASE WHEN i % 3 = 0 THEN (i * 11) % t ELSE 0 END AS entry
FROM generate_series(1, 300) AS i,
     LATERAL (SELECT 1 + (i * i * 7 + i * 31) % 47 AS t, (i * 13) % 10 < 6 AS e, 1 + ((i * 5) % 4) * 0.5 AS w,
                     ARRAY[((i * 17) % 23) / 10.0, i % 2, (((i * 29) % 37) - 18) / 7.0] AS x) AS r;
CREATE TEMP TABLE model AS
SELECT 'ties' AS data, ties, cox_fit(s, ties) AS m FROM (SELECT cox_agg(t, e, x) AS s FROM customer) q, unnest(ARRAY['efron', 'breslow']) ties
UNION ALL
SELECT 'late', ties, cox_fit(s, ties) FROM (SELECT cox_agg(t, e, x, entry) AS s FROM customer) q, unnest(ARRAY['efron']) ties
UNION ALL
SELECT 'late, weighted', ties, cox_fit(s, ties) FROM (SELECT cox_agg(t, e, x, entry, w) AS s FROM customer) q, unnest(ARRAY['efron', 'breslow']) ties;
WITH expected(data, ties, coefficients, std_errors, null_ll, ll, c) AS (VALUES
  ('ties', 'efron', '{-0.014430377893409868,-0.016482983100897249,0.011624041604876432}'::float8[],
   '{0.11207674964655416,0.14941610298234809,0.049259486373970693}'::float8[], -837.75279251489223, -837.71018767716782, 0.4990852688514158),
  ('ties', 'breslow', '{-0.02334070651492182,0.0050795488136994174,0.010677983804342204}',
   '{0.11202595472726587,0.14912655123530963,0.049462216361025831}', -850.17583676180527, -850.13054433101195, 0.50027839643652561),
  ('late', 'efron', '{-0.013434042961043639,0.027281553724988014,0.031482725233981462}',
   '{0.11035872397455196,0.14972803227470205,0.049317293258717296}', -818.27658273520228, -818.05669182525241, 0.51076965927026274),
  ('late, weighted', 'efron', '{-0.024838333872319478,0.022117132119536125,0.039369983844559933}',
   '{0.083316217302444498,0.11466464121247762,0.037431949947427351}', -1609.3970105430953, -1608.8030367448457, 0.51252029058782833),
  ('late, weighted', 'breslow', '{-0.034703179159387587,0.037250337211270336,0.034715847507346735}',
   '{0.0834456228811601,0.11440599805541107,0.037560387182291877}', -1631.3364938901032, -1630.8001492563774, 0.51191965117295757))
SELECT data, ties,
       (SELECT bool_and(abs(a - b) < 1e-10) FROM unnest(coefficients(m), e.coefficients) u(a, b)) AS coefficients,
       (SELECT bool_and(abs(a - b) < 1e-10) FROM unnest(std_errors(m), e.std_errors) u(a, b)) AS std_errors,
       abs(null_log_likelihood(m) - null_ll) < 1e-9 AS null_ll, abs(log_likelihood(m) - ll) < 1e-9 AS ll,
       abs(concordance(m) - c) < 1e-12 AS concordance, model_status(m)
FROM model JOIN expected e USING (data, ties) ORDER BY data, ties;

-- and survival_agg() with entries and weights, survfit(..., weights, robust = FALSE)
SELECT bool_and(abs(survival_at(c, t) - s) < 1e-12) AS survival, bool_and(abs(cumulative_hazard(c, t) - h) < 1e-12) AS hazard
FROM (SELECT survival_agg(t, e, entry, w) AS c FROM customer) q,
     (VALUES (5, 0.92587327590762558, NULL), (20, 0.67076122505475533, 0.39124853472552412), (40, 0.19210177674632622, 1.5421854299156295)) r(t, s, h);
SELECT t.*, abs(chi_square - 0.14632125926400555) < 1e-10 AS r FROM (SELECT array_agg(c) AS cs FROM (SELECT survival_agg(t, e) AS c FROM customer GROUP BY i % 3) g) q, logrank_test(cs) t;
SELECT t.*, abs(chi_square - 0.15157402944763548) < 1e-10 AS r FROM (SELECT array_agg(c) AS cs FROM (SELECT survival_agg(t, e) AS c FROM customer GROUP BY i % 3) g) q, logrank_test(cs, rho => 1) t;

-- what can't be estimated is said
SELECT name, estimate IS NULL AS none, std_error, lower, upper, model_status(m)
FROM (SELECT cox_fit(cox_agg(i, i % 4 < 3, ARRAY[i % 3, 5, 2 * (i % 3) + 1, i * i % 7]), names => ARRAY['a', 'constant', 'a again', 'b']) AS m
      FROM generate_series(1, 50) i) q, parameters(m);
SELECT name, estimate > 10 AS endless, std_error, lower, upper, model_status(m), log_likelihood(m) - round(log_likelihood(m)::numeric, 6)::float8 < 1e-6 AS settled
FROM (SELECT cox_fit(cox_agg(i, true, ARRAY[(i <= 10)::int, i % 3])) AS m FROM generate_series(1, 20) i) q, parameters(m);
SELECT p.*, model_status(m), concordance(m), t.*
FROM (SELECT cox_fit(cox_agg(i, false, ARRAY[i % 3])) AS m FROM generate_series(1, 50) i) q, parameters(m) p, likelihood_ratio_test(m) t;
SELECT coefficients(m), model_status(m), concordance(m) FROM (SELECT cox_fit(cox_agg(1, true, ARRAY[7])) AS m) q;
-- neither the unit of time nor those of covariates matter
SELECT (SELECT bool_and(abs(a / 1e200 / b - 1) < 1e-9) FROM unnest(coefficients(m), coefficients(small)) u(b, a)) AS scaled,
       abs(log_likelihood(m) - log_likelihood(small)) < 1e-9 AS ll, log_likelihood(m) = log_likelihood(long) AS any_time
FROM (SELECT cox_fit(cox_agg(i, true, ARRAY[i * i % 7, i % 5])) AS m, cox_fit(cox_agg(i, true, ARRAY[(i * i % 7) * 1e-200, (i % 5) * 1e-200])) AS small,
             cox_fit(cox_agg(i * 1e-9, true, ARRAY[i * i % 7, i % 5])) AS long
      FROM generate_series(1, 40) i) q;
-- but one so narrow that its coefficient would be no number counts as constant; every model reads back
SELECT width, (coefficients(m))[1] IS NULL AS none, round(((coefficients(m))[1] * width)::numeric, 6) AS standardised, (coefficients(m))[2] IS NOT NULL AS other, model_status(m), m::text::cox_model = m AS round_trip
FROM (SELECT width, cox_fit(cox_agg(d, e, ARRAY[x * width, d * d % 4])) AS m
      FROM (VALUES (1, true, 1), (2, true, -1), (3, true, 0), (4, true, 1), (5, false, 0)) v(d, e, x), unnest('{1, 1e-249, 1e-251, 1e-310}'::float8[]) width
      GROUP BY width) q ORDER BY width DESC;

-- the sample is a value: merging, equality, NULLs, intervals
SELECT s FROM (SELECT cox_agg(t, e, x, entry, w) AS s FROM customer WHERE i IN (3, 4)) q;
SELECT (SELECT rollup(s) FROM (SELECT cox_agg(t, e, x, entry) AS s FROM customer GROUP BY i % 7) g) = cox_agg(t, e, x, entry) AS rolled_up,
       cox_agg(t, e, x) FILTER (WHERE i <= 100) + cox_agg(t, e, x) FILTER (WHERE i > 100) = cox_agg(t, e, x) AS added,
       cox_agg(t, e, x) = cox_agg(t, e, x, 0) AS from_the_beginning, cox_agg(t, e, x) <> cox_agg(t, e, x, 0, 2) AS weighted,
       cox_customers(cox_agg(t, e, x)) AS customers
FROM customer;
SELECT count(*) FROM (SELECT DISTINCT m FROM model, generate_series(1, 2)) q;
SELECT cox_agg(d, e, x, NULL, w) FROM (VALUES (NULL, true, ARRAY[1.0], 1.0), (1, NULL, '{1}', 1), (1, true, NULL, 1), (1, true, '{NULL}', 1), (1, true, '{1}', NULL), (1, true, '{1}', 0)) v(d, e, x, w);
SELECT cox_fit(NULL), hazard_ratio(m, NULL), hazard_ratio(m, ARRAY[NULL, 1, 1]::float8[]) FROM model LIMIT 1;
SELECT cox_agg(interval '36 hours', true, ARRAY[1]);
SELECT m::jsonb ->> 'status' AS status, m::text::cox_model = m AS round_trip FROM model LIMIT 1;

-- what is wrong is said
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS TABLE (state text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;
\x on
SELECT e.* FROM unnest(ARRAY[
  'SELECT cox_agg(-1, true, ARRAY[1])',
  'SELECT cox_agg(1, true, ARRAY[''NaN''::float8])',
  'SELECT cox_agg(1, true, ARRAY[1, 1e200])',
  'SELECT cox_agg(1, true, ''{}''::float8[])',
  'SELECT cox_agg(1, true, ARRAY[ARRAY[1]])',
  'SELECT cox_agg(1, true, (SELECT array_agg(i) FROM generate_series(1, 101) i))',
  'SELECT cox_agg(1, true, ARRAY[1], 2)',
  'SELECT cox_agg(1, true, ARRAY[1], 0, -1)',
  'SELECT cox_agg(1, true, (SELECT array_agg(j) FROM generate_series(1, i) j)) FROM generate_series(1, 2) i',
  'SELECT cox_agg(1, true, ARRAY[1]) + cox_agg(interval ''1 day'', true, ARRAY[1])',
  'SELECT cox_fit(cox_agg(1, true, ARRAY[1]), ties => ''exact'')',
  'SELECT cox_fit(cox_agg(1, true, ARRAY[1]), names => ARRAY[''a'', ''b''])',
  'SELECT cox_fit(cox_agg(1, true, ARRAY[1]), names => ARRAY[NULL])',
  'SELECT cox_fit(cox_agg(1, true, ARRAY[1]), names => ARRAY[repeat(''a'', 201)])',
  'SELECT hazard_ratio(cox_fit(cox_agg(1, true, ARRAY[1])), ARRAY[1, 2])',
  'SELECT parameters(cox_fit(cox_agg(1, true, ARRAY[1])), 2)',
  'SELECT cox_model ''{"ties": "exact"}''']) AS statement, pg_temp.error_of(statement) e;
\x off
SELECT e.state, e.detail FROM (VALUES
  ('{"unit": "number", "covariates": 0, "durations": [6], "churned": [1], "entries": [0], "weights": [1], "values": []}'),
  ('{"unit": "number", "covariates": 1, "durations": [6], "churned": [2], "entries": [0], "weights": [1], "values": [1]}'),
  ('{"unit": "number", "covariates": 1, "durations": [-6], "churned": [1], "entries": [0], "weights": [1], "values": [1]}'),
  ('{"unit": "number", "covariates": 1, "durations": [6], "churned": [1], "entries": [6], "weights": [1], "values": [1]}'),
  ('{"unit": "number", "covariates": 1, "durations": [6], "churned": [1], "entries": [0], "weights": [0], "values": [1]}'),
  ('{"unit": "number", "covariates": 1, "durations": [6], "churned": [1], "entries": [0], "weights": [1], "values": ["Infinity"]}'),
  ('{"unit": "number", "covariates": 2, "durations": [6], "churned": [1], "entries": [0], "weights": [1], "values": [1]}'),
  ('{"unit": "years", "covariates": 1, "durations": [6], "churned": [1], "entries": [0], "weights": [1], "values": [1]}')) v(t),
  pg_temp.error_of(format('SELECT %L::cox_sample', t)) e;
SELECT e.state, e.detail FROM model, unnest(ARRAY[
  m::jsonb || '{"status": "fine"}', m::jsonb || '{"concordance": 2}', m::jsonb || '{"coefficients": [1]}',
  m::jsonb || '{"events": 301}', m::jsonb || '{"log_likelihood": "NaN"}', m::jsonb || '{"names": [1, 2, 3]}',
  m::jsonb || '{"names": []}', m::jsonb || '{"coefficients": [1, 2, "Infinity"]}', m::jsonb || '{"covariances": [-1, 0, 0, 0, 1, 0, 0, 0, 1]}']) AS t,
  pg_temp.error_of(format('SELECT %L::cox_model', t)) e WHERE data = 'late';
