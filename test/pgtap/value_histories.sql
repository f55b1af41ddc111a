-- Purchase histories: any order, parts, parallel plans, text and binary, against plain SQL.
SET client_min_messages = warning;
SET TIME ZONE 'Europe/Berlin';
SELECT plan(20);

-- amounts of any scale, refunds, several purchases a day, both changes of the clocks
CREATE TABLE purchase AS
SELECT c AS customer,
       timestamptz '2024-03-25 00:00:00 UTC' + (hashint4(c * 1000 + k) & 1048575) * interval '17.31 seconds' AS at,
       (((hashint4(c * 7919 + k) & 65535) - 4000) / (10.0 ^ (k % 4)))::numeric(20, 3) / (CASE WHEN k % 3 = 0 THEN 1 ELSE 2 END) AS amount
FROM generate_series(1, 500) c, generate_series(1, 40) k WHERE k <= 1 + (c * c) % 40;
CREATE TABLE history AS SELECT customer, purchase_agg(at, amount) AS h FROM purchase GROUP BY customer;

-- the same by plain SQL
CREATE TABLE plain AS
WITH day AS (SELECT customer, (at AT TIME ZONE 'Europe/Berlin')::date AS d, sum(amount) AS spend, min(at) AS first_at, max(at) AS last_at
             FROM purchase WHERE amount >= 0 GROUP BY 1, 2),
numbered AS (SELECT *, row_number() OVER (PARTITION BY customer ORDER BY d) AS n FROM day)
SELECT customer, count(*) - 1 AS frequency, max(d) - min(d) AS recency, sum(spend) AS total, min(first_at) AS first_at, max(last_at) AS last_at,
       sum(spend) FILTER (WHERE n > 1) / NULLIF(count(*) - 1, 0) AS monetary
FROM numbered GROUP BY 1;
SELECT is((SELECT count(*) FROM history WHERE purchase_count(h) > 0), (SELECT count(*) FROM plain), 'as many customers as in plain SQL');
SELECT is_empty($$
  SELECT * FROM history JOIN plain p USING (customer)
  WHERE (frequency(h), recency(h), total_spend(h), first_purchase_at(h), last_purchase_at(h), round(monetary_value(h), 10))
        IS DISTINCT FROM (p.frequency, p.recency * interval '1 day', p.total, p.first_at, p.last_at, round(p.monetary, 10))
$$, 'every number as in plain SQL');
SELECT is((SELECT sum(total_spend(h) + total_refunds(h)) FROM history), (SELECT sum(amount) FROM purchase), 'spend and refunds add up to all amounts, exactly');
SELECT is((SELECT h::text FROM history WHERE customer = 39), (SELECT purchase_agg(at, amount, '1 day', 'Europe/Berlin')::text FROM purchase WHERE customer = 39),
          'the session''s zone is the default');

-- order, parts, parallel plans
SELECT is_empty($$
  SELECT * FROM history JOIN (SELECT customer, purchase_agg(at, amount ORDER BY at DESC) AS h FROM purchase GROUP BY 1) o USING (customer) WHERE o.h <> history.h
$$, 'latest first');
SELECT is_empty($$
  SELECT * FROM history JOIN (SELECT customer, purchase_agg(at, amount ORDER BY hashtext(at::text)) AS h FROM purchase GROUP BY 1) o USING (customer) WHERE o.h::text <> history.h::text
$$, 'shuffled, to the last character');
SELECT is_empty($$
  SELECT * FROM history JOIN (SELECT customer, rollup(part ORDER BY p DESC) AS h
    FROM (SELECT customer, hashtext(at::text) % 5 AS p, purchase_agg(at, amount) AS part FROM purchase GROUP BY 1, 2) s GROUP BY 1) o USING (customer) WHERE o.h::text <> history.h::text
$$, 'rolled up from random parts that share days');
SELECT is((SELECT rollup(h)::text FROM history), (SELECT purchase_agg(at, amount)::text FROM purchase), 'all customers as one');
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off; SET enable_hashagg = off;
SET max_parallel_workers_per_gather = 2;
\ir plan_of.psql
SELECT matches(plan_of('SELECT purchase_agg(at, amount) FROM purchase'), 'Partial Aggregate', 'the plan is parallel');
SELECT is((SELECT purchase_agg(at, amount)::text FROM purchase), (SELECT rollup(h)::text FROM history), 'parallel as serial');
SELECT is((SELECT purchase_agg(at, amount) FROM purchase WHERE at < '1999-01-01'), NULL, 'empty workers');
SELECT matches(plan_of('SELECT clv_agg(observe(h, ''2025-01-01'')) FROM history'), 'Partial Aggregate', 'the plan of clv_agg is parallel');
CREATE TABLE parallel_sample AS SELECT clv_agg(observe(h, '2025-01-01')) AS s FROM history;
RESET max_parallel_workers_per_gather; SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial_sample AS SELECT clv_agg(observe(h, '2025-01-01') ORDER BY customer DESC) AS s FROM history;
SELECT ok(p.s = q.s AND p.s::text = q.s::text AND clv_fit(p.s) = clv_fit(q.s), 'sample and model, parallel as serial') FROM parallel_sample p, serial_sample q;
SELECT ok((SELECT rollup(s) FROM (SELECT clv_agg(observe(h, '2025-01-01')) AS s FROM history GROUP BY customer % 7) g) = s, 'rolled up from parts') FROM serial_sample;

-- text and binary
SELECT is_empty($$SELECT * FROM history WHERE h::text::purchase_summary <> h OR h::text::purchase_summary::text <> h::text$$, 'text round trip of histories');
SELECT ok(s::text::clv_sample = s, 'text round trip of samples') FROM serial_sample;
CREATE TABLE model AS SELECT k, clv_fit(s, k) AS m FROM serial_sample, unnest(ARRAY['bg_nbd', 'mbg_nbd', 'pareto_nbd']) k;
SELECT is_empty($$SELECT * FROM model WHERE m::text::clv_model <> m$$, 'text round trip of models');
SELECT current_setting('data_directory') || '/value_copy' AS file \gset
CREATE TABLE back (LIKE history);
COPY history TO :'file' (FORMAT binary);
COPY back FROM :'file' (FORMAT binary);
SELECT set_eq('SELECT customer, h::text FROM back', 'SELECT customer, h::text FROM history', 'binary round trip of histories');
CREATE TABLE back2 (s clv_sample);
COPY serial_sample TO :'file' (FORMAT binary);
COPY back2 FROM :'file' (FORMAT binary);
SELECT ok((SELECT b.s = s.s FROM back2 b, serial_sample s), 'binary round trip of samples');
CREATE TABLE back3 (k text, m clv_model);
COPY model TO :'file' (FORMAT binary);
COPY back3 FROM :'file' (FORMAT binary);
SELECT is((SELECT count(*) FROM back3 b JOIN model m USING (k) WHERE b.m = m.m), 3::bigint, 'binary round trip of models');
SELECT finish();
DROP TABLE purchase, history, plain, parallel_sample, serial_sample, model, back, back2, back3;
DROP FUNCTION plan_of(text);
