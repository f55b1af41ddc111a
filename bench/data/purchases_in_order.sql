-- purchases_in_order: ten purchases of each user on average, in order of time, to be written into a ledger.
CREATE TABLE purchases_in_order AS
SELECT 1 + (hashint8extended(i, 7) & 2147483647) % :users AS customer_id,
       timestamptz '2024-01-01 00:00+00' + i * (interval '60 days' / (10 * :users)) AS occurred_at,
       ((hashint8extended(i, 8) & 1048575) / 100.0)::numeric(18,4) AS amount
FROM generate_series(1, 10 * :users) i;
VACUUM (FREEZE, ANALYZE) purchases_in_order;
