-- worked numbers (50 / 30 / 20 of 100)
CREATE TEMP TABLE answer (survey text, score integer);
INSERT INTO answer
SELECT survey, score FROM (VALUES
  ('a', 10, 30), ('a', 9, 20), ('a', 8, 20), ('a', 7, 10), ('a', 6, 15), ('a', 0, 5),
  ('b', 9, 72), ('b', 7, 30), ('b', 3, 18),
  ('c', 10, 200), ('c', 8, 120), ('c', 6, 80),
  ('d', 10, 240), ('d', 7, 100), ('d', 1, 60),
  ('e', 9, 5), ('e', 8, 3), ('e', 5, 2),
  ('f', 10, 10), ('g', 2, 7)) v(survey, score, n), generate_series(1, n);
CREATE TEMP TABLE asked AS SELECT survey, rating_agg(score) AS r FROM answer GROUP BY survey;
SELECT survey, nps(r), responses(r), promoters(r), passives(r), detractors(r) FROM asked ORDER BY 1;
SELECT survey, nps_agg(score) FROM answer GROUP BY 1 ORDER BY 1;
-- intervals; the bounds stay within -100..100
SELECT survey, round(lower::numeric, 10) AS lower, round(upper::numeric, 10) AS upper
FROM asked, nps_interval(r) ORDER BY 1;
SELECT survey, round(lower::numeric, 10) AS lower, round(upper::numeric, 10) AS upper
FROM asked, nps_interval(r, method => 'wald') ORDER BY 1;
SELECT round((nps_interval(r, confidence => 0.9)).lower::numeric, 6) AS lower,
       round(((nps_interval(r)).upper - (nps_interval(r)).lower)::numeric / 2 / 1.959963984540054, 10) AS se
FROM asked WHERE survey = 'a';
-- the critical values, to 14 digits: with a million on either side the score is 0 and its error 100 / sqrt(2000000)
SELECT confidence, round((upper / (100 / sqrt(2000000::float8)))::numeric, 14) AS z
FROM (VALUES (0.000001::float8), (0.5), (0.8), (0.9), (0.95), (0.99), (0.999), (0.999999)) v(confidence),
  nps_interval('{"scale": [0, 10], "counts": [1000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000000]}', confidence, 'wald');
-- comparisons
SELECT a.survey, b.survey, difference, round(z::numeric, 10) AS z, round(p_value::numeric, 10) AS p_value
FROM asked a, asked b, nps_compare(a.r, b.r)
WHERE (a.survey, b.survey) IN (('a', 'b'), ('b', 'a'), ('c', 'd'), ('f', 'g'), ('f', 'f')) ORDER BY 1, 2;
-- sample sizes: (1.96 * 100 / margin)^2 times the variance of an answer
SELECT nps_sample_size(10), nps_sample_size(5), nps_sample_size(10, 0.99),
       nps_sample_size(10, promoter_rate => 0.5, detractor_rate => 0.2),
       nps_sample_size(10, population => 500), nps_sample_size(10, promoter_rate => 1, detractor_rate => 0),
       nps_sample_size(NULL), nps_sample_size(10, population => 1);
-- answers on 1..10 work unchanged
SELECT nps(rating_agg(s, 1, 10)), nps_agg(s) FROM unnest('{1,6,7,8,9,10,10}'::int[]) s;
-- nothing asked, nothing answered
SELECT nps_agg(s), nps(rating_agg(s)), rating_agg(s) FROM (VALUES (NULL::int)) v(s);
SELECT nps_agg(9) FILTER (WHERE false), nps_agg(9.0) FILTER (WHERE false), rating_agg(9, 1, 10) FILTER (WHERE false);
SELECT nps(e), responses(e), promoters(e), nps_interval(e), nps_compare(e, e), csat(e), csat_interval(e),
       rating_mean(e), rating_sd(e), rating_quantile(e, 0.5), ces_share(e)
FROM (VALUES ('{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}'::rating_summary)) v(e);
SELECT nps(NULL), nps_interval(NULL), nps_compare(NULL, NULL), csat(NULL), rating_mean(NULL);
-- rolling
SELECT day, nps_agg(score) OVER (ORDER BY day ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
FROM (VALUES (1, 10), (2, 0), (3, NULL), (4, NULL), (5, NULL), (6, 9), (7, 8)) v(day, score);
-- what it refuses
SELECT nps_agg(11);
\echo :LAST_ERROR_SQLSTATE
SELECT nps_agg(-1);
SELECT nps_agg(7.5);
SELECT nps_agg('NaN'::float8);
SELECT nps_agg('Infinity'::numeric);
SELECT nps_agg(9223372036854775807), nps_agg(9);
SELECT nps(rating_agg(3, 1, 5));
\echo :LAST_ERROR_SQLSTATE
SELECT nps_interval(r, confidence => 1) FROM asked LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT nps_interval(r, 'NaN') FROM asked LIMIT 1;
SELECT nps_interval(r, method => 'wilson') FROM asked LIMIT 1;
SELECT nps_compare(rating_agg(3), rating_agg(3, 1, 5));
SELECT nps_sample_size(0);
SELECT nps_sample_size('NaN');
SELECT nps_sample_size(5, 1.5);
SELECT nps_sample_size(5, promoter_rate => 0.9, detractor_rate => 0.2);
SELECT nps_sample_size(5, population => 0);
SELECT nps_sample_size(1e-9);
