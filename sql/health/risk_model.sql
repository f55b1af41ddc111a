SET extra_float_digits = 0;
\set SHOW_CONTEXT never
-- z = -2 + .03 45 + .4 2 - .2 9 = -1.65
CREATE TEMP TABLE given AS
SELECT make_risk_model(-2, '{0.03, 0.4, -0.2}', names => '{days silent,tickets,logins}') AS m;
SELECT round(churn_probability(m, '{45, 2, 9}')::numeric, 10) AS probability FROM given;
SELECT m, model_status(m) FROM given;
SELECT d.* FROM given, churn_drivers(m, '{45, 2, 9}') d;
SELECT round(sum(contribution)::numeric, 12) AS z_without_intercept FROM given, churn_drivers(m, '{45, 2, 9}');
SELECT p.* FROM given, parameters(m) p;
SELECT log_likelihood(m), log_loss(m), auc(m), aic(m) FROM given;
SELECT d.* FROM (SELECT make_risk_model(-2, '{0.03, 0.4}', means => '{30, 1}') AS m) x, churn_drivers(m, '{45, 0}') d;
-- the far ends
SELECT x, churn_probability(make_risk_model(0, '{1}'), ARRAY[x]) AS p FROM (VALUES (-1e300::float8), (-800), (0), (40), (800), (1e300)) v(x);
SELECT churn_probability(m, '{45, NULL, 9}') AS unknown, churn_probability(NULL, '{1}') AS no_model FROM given;
SELECT count(*) FROM given, churn_drivers(m, '{45, NULL, 9}');

-- a fit by hand: one feature of two values, so that probabilities are the shares
CREATE TEMP TABLE shares AS
SELECT i <= CASE x WHEN 0 THEN 20 ELSE 60 END AS churned, x
FROM generate_series(0, 1) x, generate_series(1, 100) i;
CREATE TEMP TABLE fitted AS SELECT risk_fit(risk_agg(churned, ARRAY[x]), ARRAY['late']) AS m FROM shares;
SELECT round(churn_probability(m, '{0}')::numeric, 12) AS share_0, round(churn_probability(m, '{1}')::numeric, 12) AS share_1,
       model_status(m) FROM fitted;
-- the coefficient is the log odds ratio, its variance the sum of the four reciprocal counts
SELECT name, round(estimate::numeric, 10) AS estimate, round(std_error::numeric, 10) AS std_error FROM fitted, parameters(m);
SELECT round(ln(6.0), 10) AS log_odds_ratio, round(sqrt(1/20.0 + 1/80.0 + 1/60.0 + 1/40.0), 10) AS std_error;
SELECT name, round(odds_ratio::numeric, 10) AS odds_ratio, round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
FROM fitted, odds_ratios(m);
SELECT name, round(lower::numeric, 8) AS lower, round(upper::numeric, 8) AS upper FROM fitted, parameters(m, confidence => 0.5);
SELECT round(log_likelihood(m)::numeric, 10) AS log_likelihood, round(log_loss(m)::numeric, 12) AS log_loss,
       round(auc(m)::numeric, 12) AS auc, round(aic(m)::numeric, 9) AS aic FROM fitted;
SELECT round(20 * ln(0.2) + 80 * ln(0.8) + 60 * ln(0.6) + 40 * ln(0.4), 10) AS log_likelihood,
       (60 * 80 + 0.5 * (60 * 40 + 20 * 80)) / (80 * 120.0) AS auc;
-- the unit of a feature doesn't matter, nor where it begins
SELECT bool_and(abs(churn_probability(s.m, ARRAY[1.7e9 + x * 1e-3]) - churn_probability(f.m, ARRAY[x])) < 1e-6) AS same
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[1.7e9 + x * 1e-3])) AS m FROM shares) s, fitted f, (VALUES (0), (1)) v(x);
SELECT model_status(m), round(p.estimate::numeric / 1e100, 10) AS estimate
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[x * 1e-100])) AS m FROM shares) s, parameters(m) p WHERE name = 'x1';

-- what the data doesn't tell is said
CREATE TEMP TABLE odd AS
SELECT i % 7 < 2 AS churned, (i % 10)::float8 AS a, (i % 3)::float8 AS b FROM generate_series(1, 200) i;
SELECT model_status(m) AS status, name, estimate IS NULL AS unknown, std_error IS NULL AS no_error
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[a, 5, b, a - 2 * b])) AS m FROM odd) x, parameters(m);
SELECT churn_probability(m, '{1,5,2,-3}') = churn_probability(m, '{1,99,2,99}') AS ignored
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[a, 5, b, a - 2 * b])) AS m FROM odd) x;
SELECT model_status(m) AS status, name, estimate IS NULL AS unknown, std_error IS NULL AS no_error
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[a, 5, b, a - 2 * b]), l2 => 1) AS m FROM odd) x, parameters(m);
-- separated: outright, and in part (all of whom x = 1 churn)
SELECT model_status(m), churn_probability(m, '{1}') > 0.999999 AS churns, churn_probability(m, '{0}') < 0.000001 AS stays,
       auc(m), round(log_loss(m)::numeric, 9) AS log_loss
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[churned::int])) AS m FROM shares) x;
SELECT model_status(m), name, estimate IS NULL AS unknown, std_error
FROM (SELECT risk_fit(risk_agg(churned OR a = 3, ARRAY[a, b, (a = 3)::int])) AS m FROM odd) x, parameters(m);
SELECT model_status(risk_fit(risk_agg(y, ARRAY[x]))) AS touching FROM (VALUES (false, 1), (false, 2), (true, 2), (true, 3)) v(y, x);
SELECT model_status(risk_fit(risk_agg(y, ARRAY[x]))) AS overlapping FROM (VALUES (false, 1), (false, 2), (true, 2), (true, 3), (false, 4)) v(y, x);
-- one value that dwarfs all others is no separation
SELECT model_status(m), round(churn_probability(m, '{5}')::numeric, 6) AS p
FROM (SELECT risk_fit(risk_agg(i % 2 = 0 OR i % 7 = 0, ARRAY[CASE WHEN i = 500 THEN 1e5 ELSE i % 11 END])) AS m FROM generate_series(1, 1000) i) x;
-- a penalty gives separated data an answer
SELECT model_status(m), round(churn_probability(m, '{1}')::numeric, 10) AS p, std_error IS NOT NULL AS has_error
FROM (SELECT risk_fit(risk_agg(churned, ARRAY[churned::int]), l2 => 1) AS m FROM shares) x, parameters(m) WHERE name = 'x1';
-- one outcome, one customer, no features that vary
SELECT model_status(m), churn_probability(m, '{1}') AS p, auc(m), log_loss(m)
FROM (SELECT risk_fit(risk_agg(true, ARRAY[x])) AS m FROM shares) s;
SELECT count(*) FROM (SELECT risk_fit(risk_agg(true, ARRAY[x])) AS m FROM shares) s, churn_drivers(m, '{1}');
SELECT model_status(risk_fit(risk_agg(true, '{1}')));
SELECT model_status(m), round(churn_probability(m, '{7}')::numeric, 12) AS base_rate, auc(m)
FROM (SELECT risk_fit(risk_agg(churned, '{7}')) AS m FROM shares) s;
SELECT risk_fit(NULL) IS NULL AS null_sample, risk_fit(risk_sample_accum(NULL, NULL, NULL)) IS NULL AS nobody;
SELECT model_status(risk_fit(risk_agg(churned, ARRAY[x]), max_iterations => 1)) FROM shares;
-- stored, compared, grouped
SELECT m::text::risk_model = m AS text_round_trip, m <> (SELECT m FROM given) AS differ,
       make_risk_model(0, '{-0}') = make_risk_model(-0.0, '{0}') AS zero FROM fitted;
SELECT count(*) FROM (SELECT m FROM (SELECT m FROM given UNION ALL SELECT m FROM given UNION ALL SELECT m FROM fitted) x GROUP BY m) y;
-- bad input
SELECT risk_fit(risk_agg(churned, ARRAY[x]), '{a,b}') FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x]), '{NULL}') FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x]), ARRAY['']) FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x, x * x]), '{a,a}') FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x]), l2 => -1) FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x]), l2 => 'NaN') FROM shares;
SELECT risk_fit(risk_agg(churned, ARRAY[x]), max_iterations => 0) FROM shares;
SELECT churn_probability(m, '{1}') FROM given;
SELECT churn_probability(m, '{{45, 2, 9}}') FROM given;
SELECT churn_probability(m, '{45, 2, NaN}') FROM given;
SELECT d.* FROM given, churn_drivers(m, '{1,2,3,4}') d;
SELECT p.* FROM given, parameters(m, confidence => 1) p;
SELECT o.* FROM given, odds_ratios(m, 95) o;
SELECT make_risk_model('NaN', '{1}');
SELECT make_risk_model(0, '{}');
SELECT make_risk_model(0, '{Infinity}');
SELECT make_risk_model(0, '{1,NULL}');
SELECT make_risk_model(0, '{1}', means => '{1,2}');
SELECT make_risk_model(0, '{1e200}', means => '{1e200}');
-- text that is not a model
SELECT '{}'::risk_model;
CREATE FUNCTION pg_temp.model(key text, value text) RETURNS risk_model AS $$
  SELECT jsonb_set((SELECT m::jsonb FROM given), ARRAY[key], value::jsonb, false)::text::risk_model $$ LANGUAGE sql;
SELECT pg_temp.model('status', '"converged"');
SELECT pg_temp.model('status', '"fine"');
SELECT pg_temp.model('names', '["a", "b"]');
SELECT pg_temp.model('names', '[]');
SELECT pg_temp.model('names', '["a", "b", "a"]');
SELECT pg_temp.model('names', '["a", "b", 1]');
SELECT pg_temp.model('estimates', '[1, 2, null, "Infinity"]');
SELECT pg_temp.model('means', '[1, 2, null]');
SELECT pg_temp.model('auc', '1.5');
SELECT pg_temp.model('log_likelihood', '1');
SELECT pg_temp.model('centre', 'null');
SELECT pg_temp.model('churned', '5');
SELECT pg_temp.model('l2', '-1');
SELECT pg_temp.model('covariance', '[1]');
SELECT pg_temp.model('covariance', '[-1, 0, 1, 0, 0, 1, 0, 0, 0, 1]');
SELECT encode(risk_model_send(make_risk_model(1, '{2}', '{a}')), 'hex');
\set VERBOSITY sqlstate
SELECT risk_fit(risk_agg(churned, ARRAY[x]), l2 => -1) FROM shares;
SELECT churn_probability(m, '{1}') FROM given;
SELECT o.* FROM given, odds_ratios(m, 95) o;
SELECT pg_temp.model('auc', '1.5');
