-- histories: as many customers as users; purchases at rates gamma(1, 4 weeks), leaving at rates
-- gamma(0.8, 100 days), observed for 100 to 365 days; as numbers for other tools, as histories, as
-- a sample.
CREATE TABLE simulated AS
SELECT customer, x, CASE WHEN x = 0 THEN 0 ELSE greatest(1, round(lived * u3 ^ (1.0 / x)))::int END AS recency_days, age_days,
       CASE WHEN x > 0 THEN round((120 * exp((u4 - 0.5) * 1.5 / sqrt(x)) / -ln(u5 * u6 * u7))::numeric, 2) END AS monetary
FROM (SELECT *, least(floor(-ln(u2) * 0.25 * lived / 7)::int, 300) AS x
      FROM (SELECT *, least(age_days - 1, 1 + 100 * (u1 ^ (-1 / 0.8) - 1)) AS lived
            FROM (SELECT customer, 100 + (hashint8extended(customer, 5) & 1023)::int * 265 / 1023 AS age_days,
                         ((hashint8extended(customer, 1) & 1099511627775) + 0.5::float8) / 1099511627776 AS u1,
                         ((hashint8extended(customer, 2) & 1099511627775) + 0.5::float8) / 1099511627776 AS u2,
                         ((hashint8extended(customer, 3) & 1099511627775) + 0.5::float8) / 1099511627776 AS u3,
                         ((hashint8extended(customer, 4) & 1099511627775) + 0.5::float8) / 1099511627776 AS u4,
                         ((hashint8extended(hashint8extended(customer, 7), 9) & 1099511627775) + 0.5::float8) / 1099511627776 AS u5,
                         ((hashint8extended(hashint8extended(customer, 8), 9) & 1099511627775) + 0.5::float8) / 1099511627776 AS u6,
                         ((hashint8extended(hashint8extended(customer, 9), 9) & 1099511627775) + 0.5::float8) / 1099511627776 AS u7
                  FROM generate_series(1, :users) customer) a) l) s;
CREATE TABLE histories AS
SELECT customer, make_purchase_summary(x, recency_days * interval '1 day', age_days * interval '1 day', monetary) AS h FROM simulated;
CREATE TABLE samples AS SELECT clv_agg(h) AS s FROM histories;
CREATE TABLE models AS SELECT clv_fit(s) AS m FROM samples;
VACUUM (FREEZE, ANALYZE) simulated, histories, samples, models;
