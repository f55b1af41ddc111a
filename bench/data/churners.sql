-- churners: as many as users, with eight features of mixed kinds and an outcome by a known logistic model.
CREATE FUNCTION hashed(i bigint, k bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$SELECT ((hashint8extended(i, k) & 1048575) + 0.5) / 1048576$$;
CREATE TABLE churners AS
SELECT i AS customer, u < 1 / (1 + exp(-(-2 + 0.03 * silent - 0.2 * orders + 0.3 * tickets - 0.002 * tenure + 0.5 * discount))) AS churned,
       silent, orders, tickets, tenure, amount, nps, discount, replies
FROM (SELECT i, hashed(i, 1) AS u, 90 * hashed(i, 2) AS silent, floor(10 * hashed(i, 3) ^ 2) AS orders, floor(-2 * ln(hashed(i, 4))) AS tickets,
             -300 * ln(hashed(i, 5)) AS tenure, 50 / sqrt(hashed(i, 6)) AS amount, floor(11 * hashed(i, 7)) AS nps,
             (hashed(i, 8) < 0.3)::int::double precision AS discount, hashed(i, 9) AS replies
      FROM generate_series(1, :users) i) x;
VACUUM (FREEZE, ANALYZE) churners;
