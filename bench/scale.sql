-- One server and so many million touchpoints: how long each step takes beside a plain table, and what is stored.
--
--   tools/throwaway psql -Xq -v millions=1 -f bench/scale.sql
--
-- Ten touchpoints a customer, over two years, loaded in statements of 10 million at most: customer after customer, as
-- a backfill does. The plain table goes before the ledger comes, so that the disk holds one of them: 100 million
-- take 75 GB at the peak. docs/scale.md has the figures of a full run.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 2;
CREATE EXTENSION IF NOT EXISTS customer_lifecycle;
CREATE TEMP TABLE step (n serial, step text, started timestamptz DEFAULT clock_timestamp(), ended timestamptz);
PREPARE begin_step AS INSERT INTO step (step) VALUES ($1);
PREPARE end_step AS UPDATE step SET ended = clock_timestamp() WHERE ended IS NULL;
CREATE TEMP TABLE stored (relation text, row_count bigint, data text, indexes text, bytes_per_million numeric);

CREATE UNLOGGED TABLE made (customer_id bigint, occurred_at timestamptz, kind text, amount numeric, score float8, channel text, source_key text);
CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, LIKE made, recorded_at timestamptz DEFAULT now(), source text DEFAULT 'direct', UNIQUE (source, source_key));
CREATE INDEX ON plain (customer_id, occurred_at);

CREATE PROCEDURE make_touchpoints(after_customer bigint, up_to_customer bigint) LANGUAGE sql AS $$
	TRUNCATE made;
	INSERT INTO made
	SELECT c, timestamptz '2024-01-01' + (c * 7919::bigint + n * 6310007::bigint) % 63072000 * interval '1 second',
	  (ARRAY['page_view', 'page_view', 'login', 'signup', 'purchase', 'purchase', 'nps', 'review', 'login', 'session'])[n],
	  CASE WHEN n IN (5, 6) THEN round((c * 31 % 20000) / 100.0, 2) END,
	  CASE WHEN n = 7 THEN (c * 13 % 11)::float8 WHEN n = 8 THEN (c * 7 % 5 + 1)::float8 END,
	  (ARRAY['email', 'social', 'search', 'direct'])[1 + c % 4], c * 10 + n
	FROM generate_series(after_customer + 1, up_to_customer) c, generate_series(1, 10) n
$$;

-- Only the INSERT is timed: one row of step for each statement.
CREATE PROCEDURE load(target regclass, what text, customers bigint) LANGUAGE plpgsql AS $$
DECLARE
	most CONSTANT bigint := 1000000;
	moment timestamptz;
BEGIN
	FOR part IN 0 .. (customers - 1) / most LOOP
		CALL make_touchpoints(part * most, least((part + 1) * most, customers));
		COMMIT;
		moment := clock_timestamp();
		EXECUTE format('INSERT INTO %s (customer_id, occurred_at, kind, amount, score, channel, source_key) SELECT * FROM made', target);
		COMMIT;
		INSERT INTO step (step, started, ended) VALUES (what, moment, clock_timestamp());
	END LOOP;
	TRUNCATE made;
END
$$;

PREPARE store_sizes (text, numeric) AS
	INSERT INTO stored
	SELECT c.oid::regclass, c.reltuples::bigint, pg_size_pretty(pg_table_size(c.oid)), pg_size_pretty(pg_indexes_size(c.oid)), round(pg_total_relation_size(c.oid) / $2)
	FROM pg_class c WHERE c.relkind = 'r' AND c.oid::regclass::text ~ $1 AND pg_total_relation_size(c.oid) > 1000000 ORDER BY pg_total_relation_size(c.oid) DESC;

-- Times the INSERT into the plain table, or its count(*) where the log is only read.
PREPARE report AS
WITH took AS (
	SELECT step, min(n) AS n, count(*) AS statements, sum(extract(epoch FROM ended - started)) AS seconds,
	  (array_agg(extract(epoch FROM ended - started) ORDER BY n DESC))[1] / (array_agg(extract(epoch FROM ended - started) ORDER BY n))[1] AS last_of_first
	FROM step GROUP BY step
), plain AS (SELECT min(seconds) FILTER (WHERE step ~ 'plain' AND step ~ '^INSERT') AS load, min(seconds) FILTER (WHERE step ~ '^count') AS count FROM took)
SELECT step, statements, round(seconds, 3) AS seconds, round(seconds / CASE WHEN step ~ '^(INSERT|ledger_)' THEN load ELSE count END, 2) AS times_plain,
  CASE WHEN statements > 1 THEN round(last_of_first, 2) END AS last_statement_times_first
FROM took, plain ORDER BY n;
\pset border 2

CALL load('plain', 'INSERT into a plain table of the same columns and indexes', :millions * 100000);
VACUUM (ANALYZE) plain;
EXECUTE store_sizes('^plain$', :millions);
EXECUTE begin_step('count(*) of the plain table');
SELECT count(*) FROM plain \g /dev/null
EXECUTE end_step;
DROP TABLE plain;

SELECT ledger_create('crm') \g /dev/null
CALL load('crm.touchpoint', 'INSERT into the ledger: every customer is moved', :millions * 100000);
VACUUM (ANALYZE) crm.touchpoint, crm.customer, crm.stage_history, crm.event_outbox;
-- before anything is rewritten
EXECUTE store_sizes('^crm[.]', :millions);
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
EXECUTE report;
TABLE stored;
-- what follows needs room on disk once more
EXECUTE begin_step('ledger_check(): folded and compared');
SELECT count(*) FROM ledger_check('crm') \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('ledger_rebuild(): the whole log folded anew');
SELECT ledger_rebuild('crm') \g /dev/null
EXECUTE end_step;
EXECUTE begin_step('ledger_tick_batches(): half a year of silence');
CALL ledger_tick_batches('crm', '2026-06-01');
EXECUTE end_step;
EXECUTE report;
