-- Who may do what, and people who want to be forgotten.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_ledger_reader;
CREATE ROLE regress_ledger_feeder;
SELECT ledger_create('forgetful', 'text');
SELECT ledger_grant('forgetful', 'regress_ledger_reader', 'read');
SELECT ledger_grant('forgetful', 'regress_ledger_feeder', 'write');
SELECT ledger_grant('forgetful', 'regress_ledger_feeder', 'everything');
SELECT ledger_grant('nowhere', 'regress_ledger_feeder', 'read');
SET ROLE regress_ledger_feeder;
SELECT ledger_touch('forgetful', 'Ada Secret', 'purchase', '2024-01-01', 10, subject => 'ticket of Ada Secret', properties => '{"note": "likes Ada Secret jokes"}', source => 'app', source_key => 'Ada Secret/1');
SELECT ledger_touch('forgetful', 'Ada Secret', 'purchase', '2024-01-09', 5);
SELECT ledger_touch('forgetful', 'Ada Secret', 'trait_set', '2024-01-09', properties => '{"name": "email", "value": "ada.secret@example.org"}');
SELECT ledger_touch('forgetful', 'Bo', 'purchase', '2024-01-09', 1);
SELECT ledger_touch('forgetful', 'Ada Secret', 'unheard of');
SELECT count(*) FROM ledger_claim_events('forgetful');
DELETE FROM forgetful.touchpoint;
UPDATE forgetful.customer SET stage = 'advocacy';
SET ROLE regress_ledger_reader;
SELECT customer_id, stage_name, purchase_amount FROM forgetful.customer_360 ORDER BY 1;
SELECT count(*) FROM forgetful.stage_funnel;
SELECT * FROM ledger_check('forgetful');
SELECT ledger_touch('forgetful', 'Cy', 'purchase');
SELECT * FROM ledger_claim_events('forgetful');
SELECT ledger_erase('forgetful', 'Bo');
SELECT ledger_tick('forgetful');
-- keys are visible to tools that ask information_schema
SELECT constraint_type FROM information_schema.table_constraints WHERE table_schema = 'forgetful' AND table_name = 'customer' AND constraint_type = 'PRIMARY KEY';
RESET ROLE;

SELECT ledger_erase('forgetful', 'Ada Secret', 'shred');
SELECT ledger_erase('forgetful', 'Ada Secret');
SELECT customer_id ~ '^[0-9a-f-]{36}$' AS unnamed, stage_name, purchase_amount FROM forgetful.customer_360 ORDER BY stage_name, purchase_amount;
SELECT event, payload FROM forgetful.event_outbox WHERE event = 'erased';
SELECT * FROM ledger_check('forgetful');
SELECT count(*) FROM forgetful.touchpoint_rejected;
-- nothing of a deleted person anywhere in the ledger
SELECT ledger_touch('forgetful', 'Eve Secret', 'purchase', '2024-01-01', 10, subject => 'Eve Secret');
SELECT ledger_erase('forgetful', 'Eve Secret', 'delete');
SELECT c.relname, x.hit FROM pg_class c CROSS JOIN LATERAL
  (SELECT query_to_xml(format('SELECT * FROM forgetful.%I', c.relname), true, false, '')::text ~ 'Eve Secret' AS hit) x
 WHERE c.relnamespace = 'forgetful'::regnamespace AND c.relkind = 'r' AND x.hit;
SELECT * FROM ledger_check('forgetful');
SELECT ledger_erase('forgetful', 'nobody', 'delete');
SELECT ledger_drop('forgetful', 'forgetful');
DROP ROLE regress_ledger_reader, regress_ledger_feeder;
