SET TIME ZONE 'UTC';
SET DATESTYLE = ISO;
SET INTERVALSTYLE = postgres;
-- five rows: two on one day, one refund
CREATE TEMP TABLE purchase (customer int, at timestamptz, amount numeric);
INSERT INTO purchase VALUES
  (1, '2024-02-01 08:00', 20.25), (1, '2024-01-05 10:00', 10.50), (1, '2024-01-05 12:00', 3),
  (1, '2024-03-01 00:00', -5), (1, '2024-01-20 23:59:59', 7.125),
  (2, '2024-01-31 09:00', 100), (2, NULL, 1), (2, '2024-02-01', NULL),
  (3, '2024-02-02', -12.30);
CREATE TEMP TABLE history AS SELECT customer, purchase_agg(at, amount) AS h FROM purchase GROUP BY customer;
SELECT customer, h FROM history ORDER BY customer;
SELECT customer, purchase_count(h), frequency(h), recency(h), mean_gap(h), customer_age(h), observed_until(h)
FROM history ORDER BY customer;
SELECT customer, monetary_value(h), monetary_value(h, include_first => true) AS with_first, total_spend(h), total_refunds(h),
       first_purchase_at(h), last_purchase_at(h) FROM history ORDER BY customer;
SELECT customer, customer_age(observe(h, '2024-04-01')), observed_until(observe(h, '2024-04-01')) FROM history ORDER BY customer;
-- without amounts
SELECT h, monetary_value(h), total_spend(h), total_refunds(h), frequency(h)
FROM (SELECT purchase_agg(at) AS h FROM purchase WHERE customer = 1) s \gx
-- no rows, only NULLs, FILTER
SELECT purchase_agg(at, amount) FROM purchase WHERE false;
SELECT purchase_agg(at), purchase_agg(at, amount), purchase_agg(at, amount, '1 day', 'UTC') FROM (VALUES (NULL::timestamptz, NULL::numeric)) v(at, amount);
SELECT frequency(purchase_agg(at, amount) FILTER (WHERE at < '2024-01-06')) FROM purchase WHERE customer = 1;
-- parts that share a bucket: the first purchase of one part is a repeat purchase of the whole
SELECT rollup(h) = (SELECT h FROM history WHERE customer = 1) AS same, monetary_value(rollup(h))
FROM (SELECT purchase_agg(at, amount) AS h FROM purchase WHERE customer = 1 GROUP BY at) part;
SELECT a + b = b + a AS commutes, a + b
FROM (SELECT purchase_agg('2024-01-05 10:00'::timestamptz, 1.5) AS a, purchase_agg('2024-01-05 09:00'::timestamptz, 2.25) AS b) s;
SELECT h = h2 AS same_amounts, h <> h2 AS differ, purchase_summary_hash(h) = purchase_summary_hash(h2) AS same_hash
FROM (SELECT purchase_agg('2024-01-05'::timestamptz, 1.5) AS h, purchase_agg('2024-01-05'::timestamptz, 1.500) AS h2) s;
SELECT count(*) FROM (SELECT DISTINCT h FROM (SELECT h FROM history UNION ALL SELECT h FROM history) u) d;
-- exact where double precision is not
SELECT total_spend(purchase_agg('2024-01-01'::timestamptz + d * interval '1 day', 0.1)) FROM generate_series(1, 10) d;
SELECT total_spend(purchase_agg('2024-01-01', a)) FROM (VALUES (12345678901234567890123456.78901234), (0.00000001)) v(a);
-- a day is the zone's: the clocks change on 2024-03-31 in Berlin, 2024-03-10 in New York
SELECT z, frequency(h), recency(h), customer_age(observe(h, '2024-04-02 12:00'))
FROM (VALUES ('UTC'), ('Europe/Berlin'), ('America/New_York')) v(z),
     LATERAL (SELECT purchase_agg(at, 1, '1 day', z) AS h
              FROM unnest(ARRAY['2024-03-09 22:30', '2024-03-30 23:30', '2024-03-31 22:30', '2024-03-31 23:30']::timestamptz[]) at) s;
-- the session's zone cuts the day where none is given
SET TIME ZONE 'Asia/Tokyo';
SELECT frequency(purchase_agg(at)) FROM unnest(ARRAY['2024-03-09 14:30+00', '2024-03-09 15:30+00']::timestamptz[]) at;
SET TIME ZONE 'UTC';
SELECT frequency(purchase_agg(at)) FROM unnest(ARRAY['2024-03-09 14:30+00', '2024-03-09 15:30+00']::timestamptz[]) at;
-- other buckets: weeks start on Mondays, months on the first
SELECT b, purchase_count(h), recency(h), customer_age(observe(h, '2024-03-20'))
FROM unnest(ARRAY['1 day', '7 days', '10 days', '1 month', '1 year', '1 hour', '00:00:00.000001']::interval[]) b,
     LATERAL (SELECT purchase_agg(at, 1, b, 'UTC') AS h
              FROM unnest(ARRAY['2024-01-07 10:10', '2024-01-07 10:50', '2024-01-08 09:00', '2024-03-11 00:00', '2024-03-17 23:59']::timestamptz[]) at) s;
SELECT h, h::text::purchase_summary = h AS round_trip FROM (SELECT purchase_agg('1969-07-20 20:17:40.5+00', 1, '15 minutes', 'europe/berlin') AS h) s;
-- zones of any length, any number of buckets, both widths of bucket numbers: states grow from 128 bytes on
SELECT z, b, bool_and(purchase_count(h) = n AND h::text::purchase_summary = h AND rollup = h AND observe(h, '2024-12-31')::text::purchase_summary = observe(h, '2024-12-31')) AS right
FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/Argentina/Rio_Gallegos']) z, unnest(ARRAY['1 day', '1 hour']::interval[]) b, generate_series(1, 70) n,
     LATERAL (SELECT purchase_agg(at, i, b, z) AS h FROM generate_series(n, 1, -1) i, LATERAL (SELECT '2024-01-01 12:00'::timestamptz + i * b AS at) t) s,
     LATERAL (SELECT rollup(part) FROM (SELECT purchase_agg('2024-01-01 12:00'::timestamptz + i * b, i, b, z) AS part FROM generate_series(1, n) i GROUP BY i % 3) p) r
GROUP BY 1, 2 ORDER BY 1, 2;
-- already summarised
SELECT h, frequency(h), recency(h), customer_age(h), monetary_value(h), h::text::purchase_summary = h AS round_trip
FROM (SELECT make_purchase_summary(2, '30.43 weeks', '38.86 weeks', 35.17) AS h) s \gx
SELECT mean_gap(h), total_spend(h), first_purchase_at(h), monetary_value(h, true), purchase_count(h)
FROM (SELECT make_purchase_summary(frequency => 4, recency => '2 months', age => '1 year') AS h) s;
SELECT make_purchase_summary(NULL, '1 day', '2 days'), make_purchase_summary(0, '0', '0');
-- jsonb
SELECT jsonb_pretty(h::jsonb - 'buckets'), h::jsonb -> 'buckets' FROM history WHERE customer = 1;
-- wrong rows
SELECT purchase_agg('infinity'::timestamptz, 1);
SELECT purchase_agg('2024-01-01'::timestamptz, 'NaN');
SELECT purchase_agg('2024-01-01'::timestamptz, 'Infinity');
SELECT purchase_agg('2024-01-01'::timestamptz, 1e40);
SELECT purchase_agg('2024-01-01'::timestamptz, 1e-31);
SELECT purchase_agg('2024-01-01'::timestamptz, a) FROM (VALUES (9e37), (9e37)) v(a);
SELECT purchase_agg('2024-01-01', 1, '0', 'UTC');
SELECT purchase_agg('2024-01-01', 1, '-1 day', 'UTC');
SELECT purchase_agg('2024-01-01', 1, '1 month 3 days', 'UTC');
SELECT purchase_agg('2024-01-01', 1, '1 day', 'Europe/Atlantis');
SELECT purchase_agg('2024-01-01', 1, NULL, 'UTC');
SELECT purchase_agg('2024-01-01', 1, b, 'UTC') FROM unnest(ARRAY['1 day', '7 days']::interval[]) b;
-- wrong merges
SELECT purchase_agg('2024-01-01', 1, '1 day', 'UTC') + purchase_agg('2024-01-01', 1, '1 day', 'Europe/Berlin');
SELECT purchase_agg('2024-01-01'::timestamptz, 1) + purchase_agg('2024-01-01'::timestamptz);
SELECT purchase_agg('2024-01-01'::timestamptz) + observe(purchase_agg('2024-01-01'::timestamptz), '2024-02-01');
SELECT purchase_agg('2024-01-01'::timestamptz) + make_purchase_summary(0, '0', '1 day');
-- wrong observation
SELECT observe(h, '2024-01-31') FROM history WHERE customer = 1;
SELECT observe(h, 'infinity') FROM history WHERE customer = 1;
SELECT observe(make_purchase_summary(0, '0', '1 day'), '2024-01-31');
-- wrong numbers
SELECT make_purchase_summary(-1, '0', '1 day');
SELECT make_purchase_summary(2, '3 days', '2 days');
SELECT make_purchase_summary(2, '-1 days', '2 days');
SELECT make_purchase_summary(0, '1 day', '2 days');
SELECT make_purchase_summary(2, '1 day', '2 days', -3);
-- wrong text
SELECT '[]'::purchase_summary;
SELECT '{"frequency": 2}'::purchase_summary;
SELECT '{"frequency": 1.5, "recency": "1 day", "age": "2 days", "monetary": null}'::purchase_summary;
SELECT '{"frequency": 1, "recency": "1 day", "age": "2 days", "money": null}'::purchase_summary;
\set good '{"bucket": "1 day", "time_zone": "UTC", "first_at": "2024-01-05T10:00:00+00:00", "last_at": "2024-02-01T08:00:00+00:00", "as_of": null, "spend": 4, "first_spend": 1, "refunds": 0, "buckets": [8770, 8797]}'
SELECT :'good'::purchase_summary;
SELECT replace(:'good', '8797', '8770')::purchase_summary;
SELECT replace(:'good', '8797', '87970000000')::purchase_summary;
SELECT replace(:'good', '8797', '2147483647')::purchase_summary;
SELECT replace(:'good', '[8770, 8797]', '[]')::purchase_summary;
SELECT replace(:'good', '"spend": 4', '"spend": 0.5')::purchase_summary;
SELECT replace(:'good', '"spend": 4', '"spend": null')::purchase_summary;
SELECT replace(:'good', '"refunds": 0', '"refunds": 1')::purchase_summary;
SELECT replace(:'good', '"as_of": null', '"as_of": "2024-01-31"')::purchase_summary;
SELECT replace(:'good', 'UTC', 'Nowhere')::purchase_summary;
SELECT replace(:'good', '2024-02', '2023-02')::purchase_summary;
-- a time zone that PostgreSQL takes, though its name has quotes
SELECT s, s::text::purchase_summary = s AS reads_back FROM (SELECT purchase_agg('2024-01-05', 1, '1 day', '<"\">-1') AS s) x;
-- functions of the aggregates, called with a user's value: copied and checked
SELECT frequency(purchase_summary_accum(h, '2024-06-01', 1)), frequency(h) FROM history WHERE customer = 1;
SELECT frequency(purchase_summary_combine(h, h)), total_spend(purchase_summary_combine(h, h)), total_spend(h) FROM history WHERE customer = 1;
SELECT purchase_summary_accum(observe(h, '2024-05-01'), '2024-06-01', 1) FROM history WHERE customer = 1;
