-- One server and so many million touchpoints: how long each step takes beside a plain table, and what is stored.
--
--   tools/throwaway psql -Xq -v millions=1 -f bench/scale.sql
--
-- Ten touchpoints a customer, over two years; docs/scale.md has the figures of a full run.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 2;
CREATE EXTENSION IF NOT EXISTS customer_lifecycle;
SELECT ledger_create('crm') \g /dev/null
CREATE TEMP TABLE step (n serial, step text, started timestamptz DEFAULT clock_timestamp(), ended timestamptz);
PREPARE begin_step AS INSERT INTO step (step) VALUES ($1);
PREPARE end_step AS UPDATE step SET ended = clock_timestamp() WHERE ended IS NULL;

CREATE UNLOGGED TABLE made AS
SELECT c AS customer_id, timestamptz '2024-01-01' + (c * 7919::bigint + n * 6310007::bigint) % 63072000 * interval '1 second' AS occurred_at,
  (ARRAY['page_view', 'page_view', 'login', 'signup', 'purchase', 'purchase', 'nps', 'review', 'login', 'session'])[n] AS kind,
  CASE WHEN n IN (5, 6) THEN round((c * 31 % 20000) / 100.0, 2) END AS amount,
  CASE WHEN n = 7 THEN (c * 13 % 11)::float8 WHEN n = 8 THEN (c * 7 % 5 + 1)::float8 END AS score,
  (ARRAY['email', 'social', 'search', 'direct'])[1 + c % 4] AS channel
FROM generate_series(1, :millions * 100000) c, generate_series(1, 10) n;
CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, LIKE made, recorded_at timestamptz DEFAULT now(), source text DEFAULT 'direct', source_key text, UNIQUE (source, source_key));
CREATE INDEX ON plain (customer_id, occurred_at);

EXECUTE begin_step('INSERT into a plain table of the same columns and indexes');
INSERT INTO plain (customer_id, occurred_at, kind, amount, score, channel, source_key) SELECT m.*, row_number() OVER () FROM made m;
EXECUTE end_step;
EXECUTE begin_step('INSERT into the ledger: every customer is moved');
INSERT INTO crm.touchpoint (customer_id, occurred_at, kind, amount, score, channel, source_key) SELECT m.*, row_number() OVER () FROM made m;
EXECUTE end_step;
VACUUM (ANALYZE) plain;
VACUUM (ANALYZE) crm.touchpoint, crm.customer, crm.stage_history;
-- before anything is rewritten
ANALYZE;
CREATE TEMP TABLE stored AS
SELECT c.oid::regclass AS relation, c.reltuples::bigint AS row_count, pg_size_pretty(pg_table_size(c.oid)) AS data, pg_size_pretty(pg_indexes_size(c.oid)) AS indexes,
  round(pg_total_relation_size(c.oid) / (:millions)::numeric) AS bytes_per_million
FROM pg_class c WHERE c.relkind = 'r' AND (c.oid = 'plain'::regclass OR relnamespace = 'crm'::regnamespace) AND pg_total_relation_size(c.oid) > 1000000
ORDER BY pg_total_relation_size(c.oid) DESC;
EXECUTE begin_step('ledger_tick(): half a year of silence');
SELECT ledger_tick('crm', '2026-06-01') \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('ledger_rebuild(): the whole log folded anew');
SELECT ledger_rebuild('crm') \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('ledger_check(): folded and compared');
SELECT count(*) FROM ledger_check('crm') \g /dev/null
EXECUTE end_step;
VACUUM (ANALYZE) crm.touchpoint, crm.customer, crm.stage_history;
EXECUTE begin_step('count(*) of the plain table');
SELECT count(*) FROM plain \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('nps_agg(score) of the log');
SELECT nps_agg(score::integer) FROM crm.touchpoint WHERE kind = 'nps' \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('purchases of each customer, and a sample of all');
SELECT clv_agg(observe(h, '2026-06-01')) FROM (SELECT purchase_agg(occurred_at, amount) AS h FROM crm.touchpoint WHERE kind = 'purchase' GROUP BY customer_id) x \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('stage_funnel, all of it');
SELECT count(*) FROM crm.stage_funnel \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('customer_360, every row and column');
SELECT count(v::text) FROM crm.customer_360 v \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('customer_360 of one customer');
SELECT * FROM crm.customer_360 WHERE customer_id = 4711 \g /dev/null
EXECUTE end_step;

\pset border 2
SELECT step, round(extract(epoch FROM ended - started)::numeric, 3) AS seconds,
  round((extract(epoch FROM ended - started) / (SELECT extract(epoch FROM ended - started) FROM step WHERE n = CASE WHEN s.n < 6 THEN 1 ELSE 6 END))::numeric, 2) AS times_plain
FROM step s ORDER BY n;
TABLE stored;
