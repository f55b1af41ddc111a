-- what each measure costs of the 10 points: worked by hand, weights 3 2 1 2 1 of 9
CREATE TEMP TABLE reading AS
SELECT * FROM (VALUES
  (70, 3, 'care'::cls_pillar, 'days silent'), (40, 2, 'care', 'csat'), (NULL, 1, 'collaboration', 'nps'),
  (100, 1, 'convenience', 'tickets'), (10, 2, 'consistency', 'purchases'), (55, 1, NULL, 'other')
) v(score, weight, pillar, measure);
CREATE TEMP TABLE customer AS SELECT health_agg(score, weight, pillar, measure) AS h FROM reading;
SELECT measure, pillar, round(contribution::numeric, 12) AS contribution,
       round(9 * weight * (100 - score) / 100.0 / 9, 12) AS by_hand
FROM customer, health_drivers(h) LEFT JOIN reading r USING (measure, pillar)
ORDER BY 3 DESC, 1;
SELECT way, d.measure, round(d.contribution::numeric, 12) AS contribution
FROM customer, (VALUES ('zero'), ('neutral')) w(way), health_drivers(h, missing => way) d
WHERE d.measure IN ('nps', 'csat') ORDER BY 1 DESC, 3 DESC;
SELECT way, round(sum(contribution)::numeric, 12) AS sum,
       round((10 - health_score(h, way))::numeric, 12) AS lacking
FROM customer, (VALUES ('renormalise'), ('zero'), ('neutral')) w(way), health_drivers(h, missing => way)
GROUP BY way, h ORDER BY way;
-- by pillar
SELECT pillar, round(sum(contribution)::numeric, 12) AS contribution
FROM customer, health_drivers(h) GROUP BY pillar ORDER BY pillar;
-- a segment: what drags it down
SELECT measure, round(contribution::numeric, 12) AS contribution
FROM (SELECT rollup(h) AS h FROM (SELECT h FROM customer UNION ALL
                                  SELECT health_agg(0, 3, 'convenience', 'tickets')) c) s, health_drivers(h);
-- too little known: no score, no drivers, unless asked for
SELECT count(*) FROM (SELECT health_agg(NULL, 1) AS h) x, health_drivers(h);
SELECT d.* FROM (SELECT health_agg(s, w) AS h FROM (VALUES (50, 1), (NULL, 2)) v(s, w)) x,
              health_drivers(h, 'zero', 0) d;
SELECT * FROM health_drivers(NULL);
SELECT d.* FROM (SELECT health_agg(50, 1) AS h) x, health_drivers(h, 'guess') d;
-- what a summary holds
SELECT m.* FROM customer, health_measures(h) m;
SELECT m.* FROM (SELECT health_agg(50, 0) UNION ALL SELECT health_agg(NULL, 2)) x(h), health_measures(h) m;
