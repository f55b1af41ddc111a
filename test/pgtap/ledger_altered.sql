-- A ledger's tables are its house's own, which may alter them: what is read by its type is read as it
-- is, or refused with the column's name; the backend lives.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'UTC';
SELECT plan(56);
SELECT ledger_create('own'), ledger_create('keys', 'text');
CREATE TABLE source (id int PRIMARY KEY, who bigint, at timestamptz);
SELECT ledger_track('own', 'source', kind => 'login', customer => 'who', occurred_at => 'at', track => 'source');
INSERT INTO own.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, properties, source_key) VALUES
  (1, 'purchase', '2024-01-01', 5, NULL, 's', 'email', '{"until": "2024-05-05"}', 'k1'), (2, 'trait_set', '2024-01-02', NULL, NULL, NULL, NULL, '{"name": "a", "value": 1}', 'k2'),
  (2, 'nps', '2024-01-02', NULL, 9, NULL, NULL, NULL, 'k3');
SELECT ledger_tick('own', '2024-01-03');
CREATE TEMP TABLE backend AS SELECT pg_backend_pid() AS pid;
-- what depends on the columns goes first, as a house would have to do
DO $$ DECLARE v record; BEGIN FOR v IN SELECT viewname FROM pg_views WHERE schemaname = 'own' LOOP EXECUTE format('DROP VIEW IF EXISTS own.%I CASCADE', v.viewname); END LOOP; END $$;

-- alone, together, corrected, removed, looked at and made anew: by each path
CREATE FUNCTION pg_temp.use() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO source VALUES (1, 1, '2024-02-01');
  INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'login', '2024-02-02');
  INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'login', '2024-02-02'), (3, 'login', '2024-02-02');
  UPDATE source SET at = '2024-01-15';
  DELETE FROM source;
  PERFORM ledger_tick('own', '2024-03-01'), ledger_rebuild('own'), ledger_check('own');
END $$;
CREATE FUNCTION pg_temp.refused(tab text, col text, type text, is_type text, should text, using_value text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT throws_ok(format('ALTER TABLE own.%I ALTER %I TYPE %s USING %s; SELECT pg_temp.use()', tab, col, type, coalesce(using_value, format('%I::%s', col, type))), '42804',
                   format('column "%s" of table "%s" of ledger "own" is of type %s, not %s', col, tab, is_type, should), format('%s.%s as %s', tab, col, type)) $$;

SELECT pg_temp.refused('touchpoint', c, t, coalesce(i, t), s, u) FROM (VALUES
  ('kind', 'char(20)', 'character', 'text', NULL), ('amount', 'double precision', NULL, 'numeric', NULL), ('amount', 'integer', NULL, 'numeric', NULL), ('amount', 'text', NULL, 'numeric', NULL),
  ('quantity', 'money', NULL, 'numeric', NULL), ('score', 'numeric', NULL, 'double precision', NULL), ('score', 'real', NULL, 'double precision', NULL), ('score', 'text', NULL, 'double precision', NULL),
  ('occurred_at', 'timestamp without time zone', NULL, 'timestamp with time zone', NULL), ('occurred_at', 'date', NULL, 'timestamp with time zone', NULL), ('properties', 'json', NULL, 'jsonb', NULL),
  ('properties', 'text', NULL, 'jsonb', NULL), ('subject', 'bytea', NULL, 'text', 'NULL'), ('subject', 'integer', NULL, 'text', '1'), ('channel', 'name', NULL, 'text', NULL), ('campaign', 'xml', NULL, 'text', 'NULL'),
  ('source', 'name', NULL, 'text', NULL), ('source_key', 'bigint', NULL, 'text', 'NULL'), ('touchpoint_id', 'integer', NULL, 'bigint', NULL), ('customer_id', 'integer', NULL, 'bigint', NULL), ('customer_id', 'text', NULL, 'bigint', NULL)) v (c, t, i, s, u);
SELECT pg_temp.refused('customer', c, t, coalesce(i, t), s, u) FROM (VALUES
  ('stage', 'text', NULL, 'lifecycle_stage', NULL), ('fold_state', 'text', NULL, 'bytea', '''x'''), ('ticket_state', 'jsonb', NULL, 'bytea', '''[]'''), ('traits', 'json', NULL, 'jsonb', NULL),
  ('purchase_amount', 'double precision', NULL, 'numeric', NULL), ('purchase_count', 'integer', NULL, 'bigint', NULL), ('stage_since', 'date', NULL, 'timestamp with time zone', NULL),
  ('nps', 'text', NULL, 'rating_summary', NULL), ('purchases', 'text', NULL, 'purchase_summary', NULL), ('activity', 'bytea', NULL, 'activity_summary', '''x''')) v (c, t, i, s, u);
SELECT pg_temp.refused('clock', 'horizon', 'date', 'date', 'timestamp with time zone');
SELECT throws_ok('ALTER TABLE own.customer ALTER customer_id TYPE text; SELECT pg_temp.use()', '42804', 'column "customer_id" of table "touchpoint" of ledger "own" is of type bigint, not text', 'the key of one table only');

-- what is read alike goes on
SELECT lives_ok('ALTER TABLE own.' || what || '; SELECT pg_temp.use()', what) FROM unnest('{touchpoint ALTER kind TYPE varchar(30),touchpoint ALTER subject TYPE varchar,touchpoint ALTER amount TYPE numeric,customer ALTER channel TYPE varchar,
  touchpoint ALTER recorded_at TYPE date,stage_history ALTER seq TYPE bigint,stage_history ALTER reason TYPE varchar,event_outbox ALTER payload TYPE json,event_outbox ALTER event TYPE varchar,
  touchpoint_kind ALTER rank TYPE bigint,touchpoint_kind ALTER meaning TYPE varchar,stage_rule ALTER min_count TYPE bigint}'::text[]) what;
SELECT is((SELECT count(*) FROM ledger_check('own')), 0::bigint, '... and is the fold of the log');
SELECT is((SELECT array_agg(DISTINCT stage::text) FROM own.customer WHERE customer_id = 1), '{onboarding}', '... of whoever was there');
-- rules are read with their types
ALTER TABLE own.stage_rule ALTER min_score TYPE numeric, ALTER kind TYPE name;
INSERT INTO own.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'review', '2024-02-03', 3.9);
SELECT is((SELECT stage::text FROM own.customer WHERE customer_id = 1), 'onboarding', 'a review of 3.9 is no advocacy');
INSERT INTO own.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'review', '2024-02-04', 4);
SELECT is((SELECT stage::text FROM own.customer WHERE customer_id = 1), 'advocacy', '... one of 4 is');
SELECT throws_ok('ALTER TABLE own.tracked_source ALTER arguments TYPE jsonb USING to_jsonb(arguments); SELECT pg_temp.use()', '42846', NULL, 'tracks that aren''t lists');
-- amounts without bounds, kinds and instants that may be missing
INSERT INTO own.touchpoint (customer_id, kind, occurred_at, amount) VALUES (1, 'purchase', '2024-01-03', 1e20);
INSERT INTO own.touchpoint (customer_id, kind, occurred_at, amount) VALUES (1, 'purchase', '2024-01-03', 'Infinity'), (1, 'purchase', '2024-01-03', -1e15), (1, 'purchase', '2024-01-03', 7);
ALTER TABLE own.touchpoint ALTER kind DROP NOT NULL, ALTER occurred_at DROP NOT NULL;
INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, NULL, '2024-02-01');
INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'login', NULL), (1, NULL, NULL);
SELECT is((SELECT string_agg(reason, '; ' ORDER BY rejected_id) FROM own.touchpoint_rejected), 'amount out of range: 100000000000000000000; amount out of range: Infinity; amount out of range: -1000000000000000; no kind; no instant; no kind', 'where the log would take it, it is rejected');
ALTER TABLE own.touchpoint DISABLE TRIGGER USER;
INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, NULL, '2024-02-01'), (1, 'login', NULL), (1, NULL, NULL);
ALTER TABLE own.touchpoint ENABLE TRIGGER USER;
SELECT lives_ok('SELECT ledger_rebuild(''own'')', 'what got in past the triggers is passed over');
SELECT is((SELECT purchase_amount FROM own.customer WHERE customer_id = 1), 12::numeric, '... and all else counts');
SELECT is((SELECT count(*) FROM ledger_check('own')), 0::bigint, '... as the check has it');
SELECT throws_ok('ALTER TABLE own.touchpoint DROP COLUMN channel; SELECT pg_temp.use()', '42703', 'table "touchpoint" of ledger "own" has no column "channel"', 'a column that is gone');
SELECT is(pg_backend_pid(), pid, 'the backend lives') FROM backend;
SELECT * FROM finish();
ROLLBACK;
