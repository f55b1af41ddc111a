-- customer satisfaction: 3, 5, 12, 40, 60 answers of 1..5
CREATE TEMP TABLE answer AS
SELECT score FROM (VALUES (1, 3), (2, 5), (3, 12), (4, 40), (5, 60)) v(score, n), generate_series(1, n);
SELECT round(csat_agg(score)::numeric, 10) AS csat, round(csat_mean(score)::numeric, 10) AS mean FROM answer;
SELECT round(csat(r)::numeric, 10) AS csat, round(rating_mean(r)::numeric, 10) AS mean, csat(r, top_boxes => 1) AS top,
       csat(r, 4) AS four, responses(r)
FROM (SELECT rating_agg(score, 1, 5) AS r FROM answer) g;
-- Wilson: 100 of 120
SELECT round(lower::numeric, 10) AS lower, round(upper::numeric, 10) AS upper
FROM (SELECT rating_agg(score, 1, 5) AS r FROM answer) g, csat_interval(r);
SELECT ones, fives, confidence, top_boxes, round(lower::numeric, 10) AS lower, round(upper::numeric, 10) AS upper
FROM (VALUES (0, 1, 0.95, 2), (1, 0, 0.95, 2), (0, 1, 0.5, 1)) v(ones, fives, confidence, top_boxes),
  csat_interval(format('{"scale": [1, 5], "counts": [%s, 0, 0, 0, %s]}', ones, fives)::rating_summary, confidence, top_boxes);
-- other scales: the top boxes are the summary's own
SELECT csat(rating_agg(s, 1, 10), top_boxes => 2), csat(rating_agg(s, 1, 10), top_boxes => 3),
       csat_mean(s), csat_mean(s::numeric), csat_mean(s::float8), csat_mean(s::smallint), csat_mean(s::bigint)
FROM unnest('{10,9,9,8,7}'::int[]) s;
SELECT csat_agg(5::smallint), csat_agg(5), csat_agg(5::bigint), csat_agg(5::float8), csat_agg(5.0);
-- customer effort: 7, 6, 5, 4, 2 on 1..7
SELECT ces_agg(s), ces_share(rating_agg(s, 1, 7)), ces_share(rating_agg(s, 1, 7), direction => 'low_is_easy')
FROM unnest('{7,6,5,4,2}'::int[]) s;
SELECT ces_agg(7::smallint), ces_agg(7), ces_agg(7::bigint), ces_agg(7::float8), ces_agg(7.0);
-- the older question, 1..5; a scale without a middle
SELECT ces_share(rating_agg(s, 1, 5), 'low_is_easy'), ces_share(rating_agg(s, 1, 4)) FROM unnest('{1,2,3,4}'::int[]) s;
-- nothing asked, nothing answered
SELECT csat_agg(s), csat_mean(s), ces_agg(s) FROM (VALUES (NULL::int)) v(s);
SELECT csat_agg(5) FILTER (WHERE false), csat_mean(5) FILTER (WHERE false), ces_agg(5) FILTER (WHERE false);
SELECT csat_agg(s), csat_mean(s), ces_agg(s) FROM (SELECT 1 WHERE false) v(s);
-- rolling
SELECT day, csat_agg(score) OVER w, csat_mean(score) OVER w, ces_agg(score) OVER w
FROM (VALUES (1, 5), (2, 2), (3, NULL), (4, NULL), (5, 4)) v(day, score)
WINDOW w AS (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
-- what it refuses
SELECT csat_agg(6);
\echo :LAST_ERROR_SQLSTATE
SELECT csat_agg(0);
SELECT csat_mean(0);
SELECT ces_agg(8);
SELECT csat(rating_agg(3, 1, 5), top_boxes => 5);
\echo :LAST_ERROR_SQLSTATE
SELECT csat(rating_agg(3, 1, 5), 0);
SELECT csat_interval(rating_agg(3, 1, 5), top_boxes => -1);
SELECT csat_interval(rating_agg(3, 1, 5), confidence => 95);
\echo :LAST_ERROR_SQLSTATE
SELECT ces_share(rating_agg(3, 1, 7), 'down');
