-- health_readings: five measures of each user, one in eight of them missing; by customer.
CREATE TABLE health_readings AS
SELECT i AS customer, 'measure ' || k AS measure, (enum_range(NULL::cls_pillar))[k] AS pillar, (1 + k / 2.0)::double precision AS weight,
       CASE WHEN h & 7 > 0 THEN (h >> 3 & 1023) / 10.23 END AS score
FROM generate_series(1, :users) i, generate_series(1, 5) k, LATERAL (SELECT hashint8extended(i, k) AS h) x;
VACUUM (FREEZE, ANALYZE) health_readings;
