-- one step, two steps, rolled up
SELECT nps_agg(s) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT rating_agg(s) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT nps(rating_agg(s)) FROM (VALUES (10), (9), (8), (3), (NULL)) v(s);
SELECT nps(rollup(r)) FROM (SELECT rating_agg(s) AS r FROM generate_series(0, 10) s GROUP BY s % 3) g;
-- every type of score
SELECT nps_agg(9::smallint), nps_agg(9), nps_agg(9::bigint), nps_agg(9::real),
       nps_agg(9::double precision), nps_agg(9.0);
