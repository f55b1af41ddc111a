-- Tables that feed a ledger, as applications have them: several tracks, several ledgers, partitions,
-- inheritance, generated columns, triggers of their own; and what does not reach a ledger.
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_sources; SET search_path = ledger_sources, public;
SET client_min_messages = error;
SELECT ledger_create('src'), ledger_create('src2', 'text');
SET client_min_messages = notice;
CREATE VIEW log AS SELECT customer_id, kind, occurred_at, amount, quantity, score, subject, channel, campaign, properties, source, source_key FROM src.touchpoint ORDER BY source, source_key, occurred_at;

-- every argument, by name
CREATE TABLE answers (id integer PRIMARY KEY, what text, who bigint, at timestamptz, price numeric, points integer, stars double precision, about text, way text, push text, more jsonb, ok boolean);
INSERT INTO answers VALUES (0, 'nps', 1, '2024-01-01', 1, 2, 9, 'a', 'b', 'c', '{}', true);
SELECT ledger_track(ledger => 'src', source_table => 'answers', track => 'survey', kind_from => 'what', customer => 'who', occurred_at => 'at', amount => 'price',
                    score => 'stars', subject => 'about', channel => 'way', campaign => 'push', quantity => 'points', source_key => $$'answer ' || id$$, properties => 'more', only_when => 'ok');
INSERT INTO answers VALUES (1, 'nps', 1, '2024-01-01', 1.5, 2, 9, 'a', 'b', 'c', '{"d": "e"}', true), (2, 'nps', 1, '2024-01-01', 1, 2, 9, 'a', 'b', 'c', NULL, false), (3, 'csat', 1, '2024-01-02', NULL, NULL, 5, NULL, NULL, NULL, NULL, true);
TABLE log;

-- the same call again is nothing new; another one needs a name, or the name of that which it replaces
CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric);
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total');
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total');
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at');
SELECT ledger_track('src', 'orders', kind => 'login', customer => 'who', occurred_at => 'at', track => '');
SELECT ledger_track('src', 'orders', kind => 'login', customer => 'who', occurred_at => 'at', track => 'survey');
SELECT ledger_track('src', 'orders', kind => 'login', customer => 'who', occurred_at => 'at', track => 'logins');
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total * 2', track => 'ledger_sources.orders');
SELECT ledger_track('src', 'answers', kind => 'csat', customer => 'who', occurred_at => 'at');
-- two ledgers, whose customers have keys of other types
SELECT ledger_track('src2', 'orders', kind => 'purchase', customer => $$'c' || who$$, occurred_at => 'at', amount => 'total');
SELECT tgname ~ '^touchpoint_(insert|update|delete)_[0-9a-f]{12}$' AS ours, count(*) FROM pg_trigger WHERE tgrelid = 'orders'::regclass GROUP BY 1;
INSERT INTO orders VALUES (1, 7, '2024-02-01', 10);
UPDATE orders SET total = 20, who = 8;
SELECT customer_id, kind, amount, source FROM src.touchpoint WHERE source_key = '1' ORDER BY kind;
SELECT customer_id, kind, amount, source FROM src2.touchpoint;
-- named by the table where that is enough
SELECT ledger_untrack('src', 'orders');
SELECT ledger_untrack('src', 'logins');
SELECT ledger_untrack('src', 'orders');
SELECT ledger_untrack('src2', 'ledger_sources.orders');
SELECT ledger_untrack('src', 'answers');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('orders'::regclass, 'answers'::regclass);

-- COPY, upserts, MERGE, multi-row statements, CTEs
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total', track => 'o');
COPY orders FROM stdin;
10	1	2024-03-01 00:00+00	5
11	2	2024-03-02 00:00+00	6
\.
INSERT INTO orders VALUES (10, 1, '2024-03-01', 50), (12, 3, '2024-03-03', 7) ON CONFLICT DO NOTHING;
INSERT INTO orders VALUES (11, 2, '2024-03-02', 60), (13, 3, '2024-03-03', 8) ON CONFLICT (id) DO UPDATE SET total = excluded.total;
MERGE INTO orders o USING (VALUES (12, 70), (13, 0), (14, 9)) n (id, total) ON n.id = o.id
  WHEN MATCHED AND n.total = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET total = n.total WHEN NOT MATCHED THEN INSERT VALUES (n.id, 4, '2024-03-04', n.total);
WITH gone AS (DELETE FROM orders WHERE id = 10 RETURNING *) INSERT INTO orders SELECT id + 100, who, at, total FROM gone;
SELECT customer_id, amount, source_key FROM log WHERE source = 'o';
SELECT (SELECT count(*) FROM orders WHERE id > 1) = count(*) AS all_there FROM log WHERE source = 'o';
-- a subtransaction that is rolled back leaves nothing
BEGIN;
SAVEPOINT s;
INSERT INTO orders VALUES (20, 9, '2024-03-05', 1);
ROLLBACK TO s;
INSERT INTO orders VALUES (21, 9, '2024-03-05', 1);
COMMIT;
SELECT source_key FROM log WHERE customer_id = 9;

-- triggers of the application: what they make of a row counts, and what they write
CREATE TABLE lines (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who bigint, at timestamptz DEFAULT '2024-04-01', net numeric, gross numeric GENERATED ALWAYS AS (net * 1.2) STORED);
CREATE FUNCTION round_net() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.net := round(NEW.net); RETURN NEW; END $$;
CREATE FUNCTION add_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM new_lines WHERE net > 50) THEN INSERT INTO lines (who, net) SELECT who, 1 FROM new_lines WHERE net > 50; END IF; RETURN NULL; END $$;
CREATE TRIGGER round_net BEFORE INSERT OR UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION round_net();
CREATE TRIGGER add_line AFTER INSERT ON lines REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION add_line();
SELECT ledger_track('src', 'lines', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'gross', track => 'lines');
INSERT INTO lines (who, net) VALUES (30, 9.7), (31, 99.9);
UPDATE lines SET net = 20.2 WHERE who = 30;
SELECT customer_id, amount, source_key FROM log WHERE source = 'lines';

-- partitions: those that come later, too; straight into one only if it is tracked itself
CREATE TABLE visits (id bigint, who bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
SELECT ledger_track('src', 'visits', kind => 'login', customer => 'who', occurred_at => 'at', source_key => 'id::text', track => 'visits');
CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE visits_3 (who bigint, at timestamptz NOT NULL, id bigint NOT NULL);
INSERT INTO visits_3 VALUES (40, '2024-03-03', 1);
ALTER TABLE visits ATTACH PARTITION visits_3 FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
INSERT INTO visits VALUES (2, 40, '2024-01-05'), (3, 40, '2024-02-05'), (4, 40, '2024-03-05');
UPDATE visits SET at = '2024-02-06' WHERE id = 2;  -- moves to another partition
INSERT INTO visits_2 VALUES (5, 40, '2024-02-07');
SELECT source_key, occurred_at FROM log WHERE source = 'visits' ORDER BY 1;
SET client_min_messages = warning;
CALL ledger_backfill('src', 'visits');
SELECT source_key, occurred_at FROM log WHERE source = 'visits' ORDER BY 1;
SELECT ledger_track('src', 'visits_2', kind => 'login', customer => 'who', occurred_at => 'at', source_key => 'id::text', track => 'visits straight');
INSERT INTO visits_2 VALUES (6, 40, '2024-02-08');
INSERT INTO visits VALUES (7, 40, '2024-02-09');
ALTER TABLE visits DETACH PARTITION visits_3;
DELETE FROM visits_3;
SELECT source, source_key, occurred_at FROM log WHERE source LIKE 'visits%' ORDER BY 2;

-- inheritance: inserts into the heir are not the parent's, updates through the parent are
CREATE TABLE parent (id bigint PRIMARY KEY, who bigint, at timestamptz);
CREATE TABLE heir (extra text) INHERITS (parent);
SELECT ledger_track('src', 'parent', kind => 'login', customer => 'who', occurred_at => 'at', track => 'parent');
INSERT INTO parent VALUES (1, 50, '2024-01-01');
INSERT INTO heir VALUES (2, 51, '2024-01-01');
SELECT customer_id, source_key FROM log WHERE source = 'parent';
UPDATE parent SET at = at + interval '1 day';
DELETE FROM parent WHERE id = 1;
INSERT INTO heir VALUES (3, 52, '2024-01-01');
SET client_min_messages = warning;
CALL ledger_backfill('src', 'parent');
SELECT customer_id, source_key, occurred_at FROM log WHERE source = 'parent';

-- what does not reach it: TRUNCATE, and sessions that fire no triggers
TRUNCATE orders;
SELECT count(*) FROM log WHERE source = 'o';
SET session_replication_role = replica;
INSERT INTO orders VALUES (60, 60, '2024-05-01', 1);
RESET session_replication_role;
SELECT count(*) FROM log WHERE customer_id = 60;
SET client_min_messages = warning;
CALL ledger_backfill('src', 'orders');
SELECT count(*) FROM log WHERE customer_id = 60;
SELECT * FROM ledger_check('src');

-- a column gets another name: the next statement says which track is concerned; tracked again, all is well
ALTER TABLE orders RENAME COLUMN total TO total_amount;
\set SHOW_CONTEXT errors
INSERT INTO orders VALUES (70, 70, '2024-05-01', 1);
\set SHOW_CONTEXT never
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total_amount', track => 'o');
INSERT INTO orders VALUES (70, 70, '2024-05-01', 1);
ALTER TABLE orders DROP COLUMN total_amount;
INSERT INTO orders VALUES (71, 70, '2024-05-01');
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', track => 'o');
-- columns of other types, the table of another name: nothing is to be done
ALTER TABLE orders ALTER COLUMN who TYPE integer;
ALTER TABLE orders RENAME TO bestellungen;
INSERT INTO bestellungen VALUES (72, 71, '2024-05-02');
UPDATE bestellungen SET at = '2024-05-03' WHERE id = 72;
SELECT customer_id, source, source_key, occurred_at FROM log WHERE customer_id IN (70, 71);
-- the table is dropped: its track can go, and its name be taken by another
DROP TABLE bestellungen;
CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz);
SELECT ledger_track('src', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', track => 'o');
INSERT INTO orders VALUES (73, 71, '2024-05-04');
SELECT customer_id, source_key FROM log WHERE customer_id = 71;
DROP TABLE parent CASCADE;
SELECT ledger_untrack('src', 'parent');

-- a ledger that was dropped as a schema: no row is lost silently, and the way out is said
SET client_min_messages = warning;
DROP SCHEMA src CASCADE;
INSERT INTO orders VALUES (74, 71, '2024-05-05');
SELECT ledger_untrack('src', 'o');
SELECT ledger_untrack('src', 'visits');
SELECT ledger_untrack('src', 'visits straight');
SELECT ledger_untrack('src', 'ledger_sources.lines');
SELECT ledger_untrack('src', 'o');
INSERT INTO orders VALUES (74, 71, '2024-05-05');
INSERT INTO visits VALUES (8, 40, '2024-02-09');
SELECT ledger_drop('src2', confirm => 'src2');
DROP SCHEMA ledger_sources CASCADE;
