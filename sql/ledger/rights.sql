-- The writer needs no rights on the ledger, and gets none.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_ledger_owner;
CREATE ROLE regress_ledger_writer;
CREATE ROLE regress_ledger_thief;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_ledger_owner;
CREATE SCHEMA shop AUTHORIZATION regress_ledger_owner;
CREATE SCHEMA den AUTHORIZATION regress_ledger_thief;
SET client_min_messages = warning;

SET ROLE regress_ledger_owner;
SELECT ledger_create('owned');  -- without a warning: not a superuser's
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, total numeric);
SELECT ledger_track('owned', 'shop.orders', 'purchase', 'customer_id', 'ordered_at', 'total');
GRANT USAGE ON SCHEMA shop TO regress_ledger_writer;
GRANT INSERT, SELECT, UPDATE, DELETE ON shop.orders TO regress_ledger_writer;

SET ROLE regress_ledger_writer;
INSERT INTO shop.orders VALUES (1, 1, '2024-01-01', 5), (2, 2, '2024-01-01', 5);
UPDATE shop.orders SET total = 6 WHERE id = 1;
DELETE FROM shop.orders WHERE id = 2;
SELECT current_user;
SELECT * FROM owned.customer;
SELECT * FROM owned.touchpoint;

SET ROLE regress_ledger_owner;
SELECT customer_id, stage, purchase_amount FROM owned.customer_360;
-- row-level security of the ledger is for its readers, not for its triggers
ALTER TABLE owned.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned.customer FORCE ROW LEVEL SECURITY;
CREATE POLICY none ON owned.customer USING (false);
SET ROLE regress_ledger_writer;
INSERT INTO shop.orders VALUES (3, 1, '2024-01-20', 5);
SET ROLE regress_ledger_owner;
SELECT count(*) FROM owned.customer_360;
DROP POLICY none ON owned.customer;
ALTER TABLE owned.customer NO FORCE ROW LEVEL SECURITY;
SELECT customer_id, stage, purchase_amount FROM owned.customer_360;

-- a trigger that the owner didn't register
SET ROLE regress_ledger_thief;
CREATE TABLE den.loot (id bigint PRIMARY KEY, customer_id bigint, at timestamptz);
CREATE TRIGGER steal AFTER INSERT ON den.loot REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('owned', 'track=orders', 'kind=purchase', 'customer=customer_id', 'occurred_at=at');
INSERT INTO den.loot VALUES (1, 1, '2024-01-01');
SELECT ledger_register('owned', 'den.loot', 'steal');
DROP TRIGGER steal ON den.loot;
SELECT ledger_track('owned', 'den.loot', 'purchase', 'customer_id', 'at');
-- nor may the owner of a tracked table have another trigger than that which was agreed on
SET ROLE regress_ledger_owner;
CREATE TRIGGER other AFTER INSERT ON shop.orders REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('owned', 'track=shop.orders', 'kind=stage_set', 'customer=customer_id', 'occurred_at=ordered_at');
INSERT INTO shop.orders VALUES (4, 1, '2024-01-21', 5);
DROP TRIGGER other ON shop.orders;
-- but one made by hand may be registered
CREATE TABLE shop.calls (id bigint PRIMARY KEY, caller bigint, at timestamptz);
CREATE TRIGGER by_hand AFTER INSERT ON shop.calls REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('owned', 'track=calls', 'kind=check_in', 'customer=caller', 'occurred_at=at');
SELECT ledger_register('owned', 'shop.calls', 'no such trigger');
SELECT ledger_register('owned', 'shop.calls', 'by_hand');
INSERT INTO shop.calls VALUES (1, 77, '2024-01-01');
SELECT customer_id, stage FROM owned.customer WHERE customer_id = 77;
-- its track has the name of the table, unless it says another
CREATE TABLE shop.letters (id bigint PRIMARY KEY, writer bigint, at timestamptz);
CREATE TRIGGER by_hand AFTER INSERT ON shop.letters REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('owned', 'kind=check_in', 'customer=writer', 'occurred_at=at');
INSERT INTO shop.letters VALUES (1, 77, '2024-01-02');
SELECT ledger_register('owned', 'shop.letters', 'by_hand');
INSERT INTO shop.letters VALUES (1, 77, '2024-01-02');
SELECT source, count(*) FROM owned.touchpoint WHERE customer_id = 77 GROUP BY source ORDER BY source;
SELECT ledger_untrack('owned', 'shop.letters');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'shop.letters'::regclass;
-- touchpoint_fold() on a table of one's own acts as oneself
SET ROLE regress_ledger_thief;
CREATE TABLE den.touchpoint (touchpoint_id bigint, customer_id bigint);
CREATE TRIGGER fake AFTER INSERT ON den.touchpoint REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION touchpoint_fold();
INSERT INTO den.touchpoint VALUES (1, 1);
-- a trigger whose arguments make no sense says so at the first fire
CREATE TRIGGER nonsense AFTER INSERT ON den.loot REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('owned', 'colour=red');
INSERT INTO den.loot VALUES (2, 1, '2024-01-01');
DROP TRIGGER nonsense ON den.loot;
CREATE TRIGGER nonsense AFTER INSERT ON den.loot FOR EACH ROW
  EXECUTE FUNCTION touchpoint_capture('owned', 'track=x', 'kind=purchase', 'customer=customer_id', 'occurred_at=at');
INSERT INTO den.loot VALUES (3, 1, '2024-01-01');
-- expressions have the writer's rights, not the ledger's
SET ROLE regress_ledger_owner;
CREATE TABLE shop.tips (id bigint PRIMARY KEY, at timestamptz);
SELECT ledger_track('owned', 'shop.tips', 'purchase', '(SELECT min(c.customer_id) FROM owned.customer c)', 'at');
GRANT INSERT ON shop.tips TO regress_ledger_writer;
SET ROLE regress_ledger_writer;
INSERT INTO shop.tips VALUES (1, '2024-01-01');
RESET ROLE;
DROP SCHEMA owned, shop, den CASCADE;
DROP OWNED BY regress_ledger_owner;
DROP ROLE regress_ledger_owner, regress_ledger_writer, regress_ledger_thief;
