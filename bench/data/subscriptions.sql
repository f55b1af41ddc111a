-- subscriptions: as many as users, of six tenths as many customers, over two years; a third go on. In order of their start.
CREATE FUNCTION h(i bigint, k bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$SELECT ((hashint8extended(i, k) & 1048575) + 0.5) / 1048576$$;
CREATE TABLE subscriptions AS
SELECT customer, amount, started_at, CASE WHEN ended_at < '2026-01-01' THEN ended_at END AS ended_at
FROM (SELECT (h(i, 1) * :users * 0.6)::bigint AS customer, (5 + floor(h(i, 2) * 9500) / 100)::numeric(18, 2) AS amount,
             s AS started_at, s - ln(h(i, 4)) * interval '300 days' AS ended_at
      FROM generate_series(1, :users) i,
           LATERAL (SELECT date_trunc('second', timestamptz '2024-01-01' + h(i, 3) * interval '730 days') AS s) started) x
ORDER BY started_at;
CREATE INDEX subscriptions_customer ON subscriptions (customer);
VACUUM (FREEZE, ANALYZE) subscriptions;
-- one row a customer: what they paid on 2025-06-01 and on 2025-07-01, and whether they had paid before
CREATE TABLE paid AS
SELECT customer, coalesce(sum(amount) FILTER (WHERE started_at < '2025-06-01' AND (ended_at IS NULL OR ended_at >= '2025-06-01')), 0) AS before,
       coalesce(sum(amount) FILTER (WHERE started_at < '2025-07-01' AND (ended_at IS NULL OR ended_at >= '2025-07-01')), 0) AS after,
       min(started_at) < '2025-06-01' AS paid_before
FROM subscriptions GROUP BY customer;
VACUUM (FREEZE, ANALYZE) paid;
