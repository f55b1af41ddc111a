-- A user's own tables feed a ledger.
SET client_min_messages = error;
SET timezone = 'UTC';
CREATE SCHEMA ledger_track; SET search_path = ledger_track, public;
\set SHOW_CONTEXT never
SELECT ledger_create('crm');
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, total numeric, status text DEFAULT 'paid');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer_id', occurred_at => 'ordered_at',
                    amount => 'total', only_when => $$status = 'paid'$$);
INSERT INTO orders VALUES (1, 10, '2024-01-01', 50, 'paid'), (2, 10, '2024-01-09', 20.5, 'paid'), (3, 11, '2024-01-02', 7, 'paid'), (4, 12, '2024-01-03', 1, 'draft');
SELECT customer_id, kind, occurred_at, amount, source, source_key FROM crm.touchpoint ORDER BY touchpoint_id;
SELECT customer_id, stage, stage_since, purchase_count, purchase_amount FROM crm.customer_360 ORDER BY 1;

-- corrections: a draft is paid, an amount and a date are corrected, an order gets another number, one is deleted
UPDATE orders SET status = 'paid' WHERE id = 4;
UPDATE orders SET total = 60, ordered_at = '2023-12-31' WHERE id = 1;
UPDATE orders SET id = 30 WHERE id = 3;
DELETE FROM orders WHERE id = 2;
SELECT customer_id, kind, occurred_at, amount, source, source_key FROM crm.touchpoint ORDER BY source_key;
SELECT customer_id, stage, stage_since, purchase_count, purchase_amount FROM crm.customer_360 ORDER BY 1;
-- an upsert of the source is a correction, and nothing happens twice
INSERT INTO orders VALUES (30, 11, '2024-01-02', 8), (5, 11, '2024-02-02', 1) ON CONFLICT (id) DO UPDATE SET total = excluded.total;
UPDATE orders SET total = total;
SELECT customer_id, stage, touchpoint_count, purchase_count, purchase_amount FROM crm.customer_360 ORDER BY 1;
-- nobody is left without touchpoints
DELETE FROM orders WHERE customer_id = 12;
SELECT count(*) FROM crm.customer WHERE customer_id = 12;
SELECT count(*) FROM crm.stage_history WHERE customer_id = 12;
-- a customer who isn't one: the order goes through, the touchpoint goes aside
INSERT INTO orders VALUES (6, NULL, '2024-02-02', 1), (60, 10, '2024-02-02', 'NaN');
SELECT reason, customer_id, kind, source, source_key FROM crm.touchpoint_rejected;

-- kind_from, expressions, names that need quotes, a hostile literal and no key
CREATE TABLE "Web ""Log""" ("User Id" text, what text, happened timestamp, "O'Reilly" text);
SELECT ledger_track('crm', '"Web ""Log"""', kind_from => 'CASE what WHEN ''view'' THEN ''page_view'' ELSE what END',
                    customer => '"User Id"::bigint -- a comment', occurred_at => 'happened', channel => $$'it''s; DROP TABLE orders; --'$$,
                    campaign => 'O''Reilly', track => 'web');
INSERT INTO "Web ""Log""" VALUES ('20', 'view', '2024-01-01 12:00', 'x''); DROP TABLE orders; --'), ('20', 'signup', '2024-01-02', NULL), (NULL, 'spend', '2024-01-02', NULL), ('20', 'never', '2024-01-03', NULL);
SELECT customer_id, kind, occurred_at, channel, campaign, source, source_key FROM crm.touchpoint WHERE source = 'web' ORDER BY 1, 2;
SELECT reason, kind FROM crm.touchpoint_rejected WHERE source = 'web';
SELECT customer_id, stage, acquisition_channel, acquisition_campaign FROM crm.customer_360 WHERE customer_id = 20;
INSERT INTO "Web ""Log""" VALUES ('not a number', 'view', '2024-01-01', NULL);
-- a second track of one table
SELECT ledger_track('crm', 'orders', kind => 'login', customer => 'customer_id', occurred_at => 'ordered_at', track => 'orders as logins');
INSERT INTO orders VALUES (7, 13, '2024-03-01', 1);
SELECT kind, source, source_key FROM crm.touchpoint WHERE customer_id = 13 ORDER BY kind;
SELECT track, source_table, arguments FROM crm.tracked_source ORDER BY track COLLATE "C";
-- no more
SELECT ledger_untrack('crm', 'orders as logins');
SELECT ledger_untrack('crm', 'orders as logins');
INSERT INTO orders VALUES (8, 13, '2024-03-02', 1);
SELECT kind, source, source_key FROM crm.touchpoint WHERE customer_id = 13 ORDER BY kind, source_key;
-- partitions
CREATE TABLE visits (customer bigint, at timestamptz, PRIMARY KEY (customer, at)) PARTITION BY RANGE (at);
CREATE TABLE visits_24 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT ledger_track('crm', 'visits', 'page_view', 'customer', 'at');
INSERT INTO visits VALUES (40, '2024-05-05'), (41, '2024-05-06');
SELECT customer_id, kind, source_key FROM crm.touchpoint WHERE source LIKE '%visits' ORDER BY 1;

-- refused
SELECT ledger_track('crm', 'orders', kind => 'purchase', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer_id');
SELECT ledger_track('crm', 'orders', customer => 'customer_id', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'buy', customer => 'customer_id', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', kind_from => 'status', customer => 'customer_id', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'no_such_column', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'status', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer_id', occurred_at => 'total');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer_id', occurred_at => 'ordered_at', amount => 'sum(total)');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'generate_series(1, 2)', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => '1), (2', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => '1); DROP TABLE orders; SELECT (1', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => '1) FROM orders WHERE (true', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => '', occurred_at => 'ordered_at');
SELECT ledger_track('crm', 'crm.customer_360', kind => 'purchase', customer => 'customer_id', occurred_at => 'first_paid_at');
SELECT ledger_track('crm', NULL, kind => 'purchase', customer => 'customer_id', occurred_at => 'first_paid_at');
SELECT ledger_track('crm', 'visits', kind => 'purchase', customer => 'customer', occurred_at => 'at', track => 'web');

-- much more than work_mem holds, with updates and deletes
SET client_min_messages = warning;
SET work_mem = '64kB';
CREATE TABLE many (id bigint PRIMARY KEY, who bigint, at timestamptz, note text);
SELECT ledger_track('crm', 'many', 'login', 'who', 'at', track => 'many', subject => 'note');
INSERT INTO many SELECT i, i % 500, timestamptz '2024-01-01' + i * interval '1 minute', repeat('x', 50) FROM generate_series(1, 20000) i;
UPDATE many SET at = at + interval '1 day';
DELETE FROM many WHERE id % 2 = 0;
SELECT count(*), min(occurred_at), max(occurred_at) FROM crm.touchpoint WHERE source = 'many';
SELECT * FROM ledger_check('crm');
RESET work_mem;
SELECT ledger_drop('crm', confirm => 'crm');
DROP SCHEMA ledger_track CASCADE;
