-- Touchpoints from code, forced moves, and the rows that a table has already.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_feed; SET search_path = ledger_feed, public;
SELECT ledger_create('fed');
SELECT ledger_create('fed_uuid', 'uuid');
SELECT ledger_create('fed_text', 'text');
SELECT ledger_touch('fed', 1, 'signup', '2024-01-01', source => 'app', source_key => 'a1');
SELECT ledger_touch('fed', 1, 'signup', '2024-01-01', source => 'app', source_key => 'a1');  -- again: nothing
SELECT ledger_touch('fed', customer => 1, kind => 'purchase', occurred_at => '2024-01-05', amount => 12.5);
SELECT ledger_touch('fed_uuid', 'a0000000-0000-0000-0000-000000000001'::uuid, 'purchase', '2024-01-05', 5);
SELECT ledger_touch('fed_text', 'jo', 'purchase', '2024-01-05', 5);
SELECT ledger_touch('fed', 2, 'no such kind');
SELECT ledger_touch('fed', 'x', 'purchase');
SELECT ledger_touch('nowhere', 1, 'purchase');
SELECT reason, customer_id, kind FROM fed.touchpoint_rejected;
SELECT customer_id, stage, purchase_amount FROM fed.customer_360;
SELECT customer_id, stage FROM fed_uuid.customer_360;
SELECT customer_id, stage FROM fed_text.customer_360;

-- messages of Segment's form
SELECT ledger_touch('fed', '{"type": "track", "event": "Order Completed", "userId": "3", "timestamp": "2024-02-01T10:00:00Z", "messageId": "m1", "properties": {"order_id": "o1", "revenue": 20}, "context": {"campaign": {"name": "spring", "medium": "email"}}}');
SELECT ledger_touch('fed', '{"type": "track", "event": "Order Completed", "userId": "3", "timestamp": "2024-02-01T10:00:00Z", "messageId": "m1"}');
SELECT ledger_touch('fed', '{"type": "identify", "userId": "3", "timestamp": "2024-02-01T10:00:00Z", "messageId": "m2", "traits": {"plan": "gold", "age": 33}}');
SELECT ledger_touch('fed', '{"type": "page", "userId": "3", "timestamp": "2024-02-01T09:00:00Z", "messageId": "m3"}');
SELECT ledger_touch('fed', '{"type": "alias", "userId": "3"}');
SELECT customer_id, stage, stage_since, channel, campaign, traits FROM fed.customer WHERE customer_id = 3;

-- forced moves keep their reason and who did it
SELECT ledger_set_stage('fed', 3, 'advocacy', 'spoke at our conference', '2024-03-01');
SELECT ledger_set_stage('fed', 3, 'engagement', 'a misunderstanding', '2024-03-02');
SELECT ledger_set_stage('fed', 3, 'advocacy', '');
SELECT ledger_set_stage('fed', 3, 'champion', 'why not');
SELECT stage, entered_at, left_at, episode, reason, actor = session_user AS by_me FROM fed.stage_history WHERE customer_id = 3 ORDER BY seq;
SELECT stage, max_stage FROM fed.customer WHERE customer_id = 3;

-- consent
SELECT ledger_touch('fed', 3, 'consent_given', '2024-03-01', properties => '{"purpose": "newsletter"}');
SELECT ledger_consent('fed', 3, 'newsletter'), ledger_consent('fed', 3, 'profiling');
SELECT ledger_touch('fed', 3, 'consent_withdrawn', '2024-03-02', properties => '{"purpose": "newsletter"}');
SELECT ledger_consent('fed', 3, 'newsletter'), ledger_consent('fed', 99, 'newsletter');

-- a table with rows, tracked and taken in
CREATE TABLE old_orders (id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, total numeric);
INSERT INTO old_orders SELECT i, 100 + i % 50, timestamptz '2024-01-01' + i * interval '1 hour', i FROM generate_series(1, 1000) i;
INSERT INTO old_orders VALUES (2000, 100, NULL, 1), (2001, NULL, '2024-01-01', 1), (2002, 100, '2024-01-01', 1e14), (2003, 100, '2024-01-01', '-Infinity'), (2004, 100, '2024-01-01', 'NaN');
SELECT ledger_track('fed', 'old_orders', 'purchase', 'customer_id', 'ordered_at', 'total', track => 'old');
INSERT INTO old_orders VALUES (1001, 100, '2024-05-01', 1);
SELECT count(*) FROM fed.touchpoint WHERE source = 'old';
BEGIN;
CALL ledger_backfill('fed', 'old');
ROLLBACK;
CALL ledger_backfill('fed', 'no such track');
CALL ledger_backfill('fed', 'old', 0);
UPDATE fed.setting SET value = 'reject' WHERE name = 'unusable';
CALL ledger_backfill('fed', 'old', batch => 1000000);
UPDATE fed.setting SET value = 'keep' WHERE name = 'unusable';
CALL ledger_backfill('fed', 'old', batch => 100);
SELECT count(*), count(DISTINCT source_key), sum(amount) FROM fed.touchpoint WHERE source = 'old';
SELECT reason, source_key, amount FROM fed.touchpoint_rejected WHERE source = 'old' ORDER BY 1;
SELECT next_page >= page_count AS done, touchpoint_count FROM fed.backfill;
CALL ledger_backfill('fed', 'old');  -- again: it is done
DELETE FROM fed.backfill;
CALL ledger_backfill('fed', 'old');  -- anew: nothing twice
SELECT count(*), count(DISTINCT source_key), sum(amount) FROM fed.touchpoint WHERE source = 'old';
SELECT * FROM ledger_check('fed');
-- partitions, and columns in another order
CREATE TABLE parted (id bigint, who bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parted_1 (at timestamptz NOT NULL, id bigint NOT NULL, who bigint);
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO parted SELECT i, i % 7, timestamptz '2024-01-01' + i * interval '12 hours' FROM generate_series(0, 100) i;
SELECT ledger_track('fed', 'parted', kind => 'login', customer => 'parted.who', occurred_at => 'at', only_when => 'who > 0 -- none', track => 'parted');
CALL ledger_backfill('fed', 'parted');
SELECT count(*) FROM fed.touchpoint WHERE source = 'parted';
SELECT count(*) FROM parted WHERE who > 0;
-- expressions that fail: which, and where
CREATE TABLE imported (id bigint PRIMARY KEY, who text, at timestamptz, ok text DEFAULT 't');
INSERT INTO imported VALUES (1, '1', '2024-01-01'), (2, 'Jo', '2024-01-01');
SELECT ledger_track('fed', 'imported', kind => 'login', customer => 'who::bigint', occurred_at => 'at', only_when => 'ok::boolean', track => 'imported');
CALL ledger_backfill('fed', 'imported');
UPDATE imported SET ok = 'perhaps' WHERE id = 2;
CALL ledger_backfill('fed', 'imported');
UPDATE imported SET ok = 'f' WHERE id = 2;
CALL ledger_backfill('fed', 'imported');
SELECT source_key FROM fed.touchpoint WHERE source = 'imported';
-- without a key
CREATE TABLE keyless (who bigint, at timestamptz);
SELECT ledger_track('fed', 'keyless', 'login', 'who', 'at');
CALL ledger_backfill('fed', 'ledger_feed.keyless');
-- the end
SELECT ledger_drop('fed');
SELECT ledger_drop('fed', 'yes');
SELECT ledger_drop('fed', confirm => 'fed');
INSERT INTO old_orders VALUES (3000, 100, '2024-05-01', 1);
SELECT ledger_drop('fed', confirm => 'fed');
SELECT ledger_drop(name, confirm => name) FROM unnest('{fed_uuid,fed_text}'::text[]) name;
DROP SCHEMA ledger_feed CASCADE;
