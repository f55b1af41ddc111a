-- A touchpoint that can't be used stops nobody: the application's row is written, the touchpoint goes to
-- touchpoint_rejected, by whatever way it comes.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'UTC';
SELECT plan(68);
SELECT ledger_create('crm'), ledger_create('part', partition_by => '1 month'), ledger_create('named', 'text');
CREATE FUNCTION pg_temp.rejected(ledger text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text; BEGIN
  EXECUTE format('SELECT string_agg(concat_ws(%L, r.source_key, r.reason), %L ORDER BY r.rejected_id) FROM %I.touchpoint_rejected r WHERE r.source = $1', ' ', '; ', ledger) INTO found USING source;
  RETURN found;
END $$;

-- numbers that the log has no room for
CREATE TABLE bill (id bigint PRIMARY KEY, who bigint, at timestamptz, amount numeric, quantity numeric, score float8, kind text DEFAULT 'purchase');
SELECT ledger_track(l, 'bill', kind_from => 'kind', customer => 'who', occurred_at => 'at', amount => 'amount', quantity => 'quantity', score => 'score', track => 'bill') FROM unnest('{crm,part}'::text[]) l;
SELECT lives_ok($$INSERT INTO bill VALUES (1, 1, '2024-01-01', 1e14)$$, 'a row alone goes through');
SELECT is((SELECT count(*) FROM bill), 1::bigint, '... and is there');
SELECT lives_ok($$INSERT INTO bill VALUES (2, 1, '2024-01-01', 99999999999999.99995, 0), (3, 1, '2024-01-01', -1e30, 0), (4, 1, '2024-01-01', 'Infinity', 0), (5, 1, '2024-01-01', '-Infinity', 0),
  (6, 1, '2024-01-01', 'NaN', 0), (7, 1, '2024-01-01', 7, 1e20), (8, 1, '2024-01-01', 8, 'NaN')$$, '... and many');
SELECT lives_ok($$INSERT INTO bill VALUES (9, 1, '2024-01-01', NULL, NULL, 'NaN', 'review'), (10, 1, '2024-01-01', NULL, NULL, '-Infinity', 'review'), (11, 1, '2024-01-01', NULL, NULL, 'Infinity', 'nps')$$, '... scores, too');
COPY bill (id, who, at, amount) FROM stdin;
20	2	2024-01-01	99999999999999.99994
21	3	2024-01-01	-123456789012345678
\.
INSERT INTO bill VALUES (22, 4, '2024-01-01', 5);
UPDATE bill SET amount = 1e20 WHERE id = 22;
PREPARE expected AS SELECT '1 amount out of range: 100000000000000; 2 amount out of range: 99999999999999.99995; 3 amount out of range: -1000000000000000000000000000000; '
  '4 amount out of range: Infinity; 5 amount out of range: -Infinity; 6 amount not a number; 7 quantity out of range: 100000000000000000000; 8 quantity not a number; '
  '9 score not a number; 10 score out of range: -Infinity; 11 score not on the scale of the survey; 21 amount out of range: -123456789012345678; 22 amount out of range: 100000000000000000000'::text;
SELECT results_eq('expected', $$SELECT pg_temp.rejected('crm', 'bill')$$, 'each is rejected, with column and value in the reason');
SELECT results_eq('expected', $$SELECT pg_temp.rejected('part', 'bill')$$, '... by a partitioned ledger, too');
SELECT is((SELECT string_agg(source_key || ' ' || amount, '; ' ORDER BY source_key) FROM crm.touchpoint), '20 99999999999999.9999', 'the largest amount is taken, and one that was corrected to a larger one is gone');
SELECT is((SELECT string_agg(source_key || ' ' || amount, '; ' ORDER BY source_key) FROM part.touchpoint), '20 99999999999999.9999', '... by a partitioned ledger, too');
SELECT is((SELECT amount FROM crm.touchpoint_rejected WHERE source_key = '7'), 7::numeric, 'numbers that have room are kept as numbers');
UPDATE bill SET amount = 6 WHERE id = 22;
SELECT is((SELECT amount FROM crm.touchpoint WHERE source_key = '22'), 6::numeric, 'a correction brings it into the log after all');
SELECT throws_ok($$INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) VALUES (1, 'purchase', '2024-01-01', 1e14)$$, '22003', NULL, 'by hand, the column itself refuses');

-- a trigger by hand, whose arguments nobody has looked at
CREATE TABLE hand (id bigint PRIMARY KEY, who bigint, at timestamptz, total text);
CREATE TRIGGER hand AFTER INSERT ON hand REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
  EXECUTE FUNCTION touchpoint_capture('crm', 'track=hand', 'kind=purchase', 'customer=who', 'occurred_at=at', 'amount=total::numeric', 'source_key=id::text', 'score=unnest(ARRAY[]::float8[])');
SELECT ledger_register('crm', 'hand', 'hand');
SELECT throws_ok($$INSERT INTO hand VALUES (1, 1, '2024-01-01', 'junk')$$, '42803', 'trigger "hand" has an argument that is not an expression over one row', 'a set is no expression over one row');
DROP TRIGGER hand ON hand;

-- nobody, never, nothing
INSERT INTO bill VALUES (30, NULL, '2024-01-01', 1, 1, 1, 'purchase'), (31, 1, NULL, 1, 1, 1, 'purchase'), (32, 1, '2024-01-01', 1, 1, 1, NULL);
INSERT INTO bill VALUES (33, NULL, '2024-01-01', 1);
INSERT INTO bill VALUES (34, 1, NULL, 1);
INSERT INTO bill VALUES (35, 1, '2024-01-01', 1, 1, 1, NULL);
INSERT INTO bill VALUES (36, 1, 'infinity', 1);
SELECT is(split_part(pg_temp.rejected('crm', 'bill'), '22 amount out of range: 100000000000000000000; ', 2), '30 no customer; 31 no instant; 32 no kind; 33 no customer; 34 no instant; 35 no kind; 36 infinite instant', 'no customer, no instant, no kind');
SELECT is(pg_temp.rejected('part', 'bill'), pg_temp.rejected('crm', 'bill'), '... of a partitioned ledger, too');

-- expressions that fail on what a row holds
CREATE TABLE raw (id int PRIMARY KEY, who text, at text, amount text, doc jsonb, ok text DEFAULT 't');
SELECT ledger_track(l, 'raw', kind_from => $$doc ->> 'kind'$$, customer => 'who::bigint', occurred_at => 'at::timestamptz', amount => 'amount::numeric', score => $$(doc ->> 'score')::float8$$,
                    only_when => 'ok::boolean', track => 'raw') FROM unnest('{crm,part}'::text[]) l;
SELECT lives_ok($$INSERT INTO raw VALUES (1, 'abc', '2024-01-01', '5', '{"kind": "purchase"}')$$, 'a customer who is no number');
SELECT lives_ok($$INSERT INTO raw VALUES (2, '2', 'soon', '5', '{"kind": "purchase"}', 't'), (3, '3', '2024-01-01', 'much', '{"kind": "purchase"}', 't'), (4, '4', '2024-01-01', NULL, '{"kind": "nps", "score": "high"}', 't'),
  (5, '5', '2024-01-01', '5', '{"kind": "purchase"}', 't'), (6, '6', '2024-01-01', '5', '{"kind": "purchase"}', 'perhaps'), (7, 'x', 'y', 'z', '{"kind": "purchase"}', 'f'), (8, 'x', 'y', 'z', '{"kind": "purchase"}', 't')$$, 'many that fail, each by another word');
SELECT is(pg_temp.rejected('crm', 'raw'), '1 customer: invalid input syntax for type bigint: "abc"; 2 occurred_at: invalid input syntax for type timestamp with time zone: "soon"; '
  '3 amount: invalid input syntax for type numeric: "much"; 4 score: invalid input syntax for type double precision: "high"; 6 only_when: invalid input syntax for type boolean: "perhaps"; '
  '8 customer: invalid input syntax for type bigint: "x"', 'the reason names the word');
SELECT is(pg_temp.rejected('part', 'raw'), pg_temp.rejected('crm', 'raw'), '... in a partitioned ledger, too');
SELECT is((SELECT concat_ws(' ', customer_id, kind, occurred_at, amount) FROM crm.touchpoint_rejected WHERE source = 'raw' AND source_key = '2'), '2 purchase 5.0000', 'what the other words give is kept');
SELECT is((SELECT string_agg(source_key, ' ') FROM crm.touchpoint WHERE source = 'raw'), '5', 'the others are taken');
UPDATE raw SET who = '9' WHERE id = 1;
UPDATE raw SET at = 'later' WHERE id = 5;
SELECT is((SELECT string_agg(source_key || ' ' || customer_id, ' ') FROM crm.touchpoint WHERE source = 'raw'), '1 9', 'corrections: one comes in, another goes');
SELECT lives_ok($$INSERT INTO raw SELECT i, CASE WHEN i % 1700 = 0 THEN 'nobody' ELSE (1000 + i % 300)::text END, '2024-02-01', '5', '{"kind": "purchase"}' FROM generate_series(1001, 6000) i$$, 'thousands, some of which fail');
SELECT is((SELECT count(*) FROM crm.touchpoint WHERE source = 'raw'), 4998::bigint, '... and all others are taken');
SELECT is((SELECT count(*) FROM part.touchpoint WHERE source = 'raw'), (SELECT count(*) FROM crm.touchpoint WHERE source = 'raw'), '... by a partitioned ledger, too');
SELECT is((SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM crm.touchpoint_rejected WHERE source = 'raw' AND source_key::int > 1000), '1700 3400 5100', '... and these are rejected');
-- a column gets another type: what couldn't fail can
CREATE TABLE visit (id int PRIMARY KEY, who int, at timestamptz);
SELECT ledger_track('crm', 'visit', kind => 'login', customer => 'who', occurred_at => 'at', track => 'visit');
INSERT INTO visit VALUES (1, 1, '2024-01-01');
ALTER TABLE visit ALTER who TYPE numeric;
SELECT lives_ok($$INSERT INTO visit VALUES (2, 1e30, '2024-01-01'), (3, 2, '2024-01-01')$$, 'a column that is given another type');
SELECT is(pg_temp.rejected('crm', 'visit'), '2 customer: bigint out of range', '... whose value can''t be used');
-- keys that can't be told
SELECT ledger_track(l, 'raw', kind => 'login', customer => '1', occurred_at => $$'2024-01-01'::timestamptz$$, source_key => $$((doc ->> 'key')::int)::text$$, track => 'keyed') FROM unnest('{crm,part}'::text[]) l;
INSERT INTO raw VALUES (10001, '1', '2024-01-01', '1', '{"kind": "login", "key": "1"}'), (10002, '1', '2024-01-01', '1', '{"kind": "login", "key": "no"}'), (10003, '1', '2024-01-01', '1', '{"kind": "login", "key": "no"}');
SELECT lives_ok($$UPDATE raw SET doc = '{"key": "3"}' WHERE id = 10003$$, 'a row whose key could not be told gets one');
SELECT is((SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM crm.touchpoint WHERE source = 'keyed'), '1 3', '... and comes in');
SELECT lives_ok($$DELETE FROM raw WHERE id IN (10001, 10002)$$, 'a row whose key can''t be told is deleted, among others');
SELECT is((SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM crm.touchpoint WHERE source = 'keyed'), '3', '... whose touchpoints go');
SELECT lives_ok($$UPDATE raw SET amount = amount WHERE id > 1000$$, 'all of them, thousands');
SELECT is((SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM part.touchpoint WHERE source = 'keyed'), '3', '... which changes nothing');
SELECT ledger_untrack(l, 'keyed') FROM unnest('{crm,part}'::text[]) l;
CREATE FUNCTION pg_temp.veto(int) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'a veto'; END $$;
SELECT ledger_track('crm', 'visit', kind => 'login', customer => 'pg_temp.veto(id)', occurred_at => 'at', track => 'visit');
SELECT throws_ok($$INSERT INTO visit VALUES (4, 1, '2024-01-01')$$, 'P0001', 'a veto', 'what isn''t an error in the data is an error still');

-- dates that stand for none, keys that no index has room for
CREATE TABLE log (key text, who text, at timestamptz);
SELECT ledger_track(l, 'log', kind => 'login', customer => CASE l WHEN 'named' THEN 'who' ELSE '1' END, occurred_at => 'at', source_key => 'key', track => 'log') FROM unnest('{crm,part,named}'::text[]) l;
CREATE FUNCTION pg_temp.long(n int) RETURNS text LANGUAGE sql AS $$ SELECT left(string_agg(md5(i::text), ''), n) FROM generate_series(1, 200) i $$;
SELECT lives_ok($$INSERT INTO log VALUES ('a', 'a', '4714-11-24 00:00+00 BC')$$, 'the first instant that there is');
SELECT lives_ok($$INSERT INTO log VALUES ('b', 'b', '0001-01-01'), ('c', 'c', '1949-12-31 23:59:59.999999+00'), ('d', 'd', '1950-01-01 00:00+00')$$, '... dates that stand for none');
SELECT lives_ok($$INSERT INTO log VALUES (pg_temp.long(2501), 'e', '2024-01-01')$$, '... a key that is too long');
SELECT lives_ok($$INSERT INTO log VALUES (pg_temp.long(2500), pg_temp.long(2500), '2024-01-01'), ('f', pg_temp.long(2501), '2024-01-01')$$, '... a customer');
SELECT is((SELECT string_agg(left(source_key, 4) || ' ' || left(reason, 25), '; ' ORDER BY rejected_id) FROM crm.touchpoint_rejected WHERE source = 'log'), 'a before 1950; b before 1950; c before 1950; c4ca source_key too long: c4ca', 'each is rejected');
SELECT is((SELECT string_agg(left(source_key, 4) || ' ' || left(reason, 25), '; ' ORDER BY rejected_id) FROM part.touchpoint_rejected WHERE source = 'log'), 'a before 1950; b before 1950; c before 1950; c4ca source_key too long: c4ca', '... by a partitioned ledger, too');
SELECT is((SELECT string_agg(left(source_key, 4) || ' ' || left(reason, 25), '; ' ORDER BY rejected_id) FROM named.touchpoint_rejected WHERE source = 'log'), 'a before 1950; b before 1950; c before 1950; c4ca source_key too long: c4ca; f customer too long: c4ca42', '... and long customers, where they are texts');
SELECT is((SELECT string_agg(left(source_key, 4), ' ' ORDER BY source_key) FROM named.touchpoint WHERE source = 'log'), 'c4ca d', 'the longest and the oldest are taken');
SELECT ok(NOT ledger_touch('named', pg_temp.long(2501), 'login', '2024-01-01'), '... from code, too');
SELECT ok(NOT ledger_touch('named', 'a', 'login', '2024-01-01', source_key => pg_temp.long(2501)), '... with a long key');

-- from code
SELECT ok(NOT ledger_touch('crm', 1, 'purchase', '2024-01-01', amount => 'Infinity', source => 'code', source_key => 'a'), 'ledger_touch: an amount without end');
SELECT ok(NOT ledger_touch('crm', 1, 'purchase', '2024-01-01', quantity => -1e15, source => 'code', source_key => 'b'), '... too small a quantity');
SELECT ok(NOT ledger_touch('crm', 1, 'purchase', NULL, source => 'code', source_key => 'c'), '... no instant');
SELECT ok(NOT ledger_touch('crm', 1, NULL, source => 'code', source_key => 'd'), '... no kind');
SELECT ok(NOT ledger_touch('crm', 'abc', 'purchase', source => 'code', source_key => 'e'), '... no such key');
SELECT ok(NOT ledger_touch('crm', NULL::text, 'purchase', source => 'code', source_key => 'f'), '... no customer');
SELECT is(pg_temp.rejected('crm', 'code'), 'a amount out of range: Infinity; b quantity out of range: -1000000000000000; c no instant; d no kind; e customer not of type bigint: abc; f no customer', '... and why');

-- a whole stream of messages
CREATE TEMP TABLE stream (n int, message jsonb);
INSERT INTO stream SELECT row_number() OVER (), m || jsonb_build_object('messageId', row_number() OVER ()) FROM (VALUES
  ('{"type": "group", "userId": "5", "groupId": "g"}'::jsonb), ('{"type": "alias", "userId": "5"}'), ('{}'), ('{"type": "track", "userId": "5"}'),
  ('{"type": "track", "event": "Order Completed", "userId": "5", "timestamp": "soon"}'), ('{"type": "track", "event": "Order Completed", "userId": "abc"}'),
  ('{"type": "track", "event": "Order Completed", "userId": "5", "properties": {"revenue": "20 EUR"}}'), ('{"type": "track", "event": "Order Completed", "userId": "5", "properties": {"revenue": 1e40}}'),
  ('{"type": "track", "event": "Order Completed", "userId": "5", "properties": {"quantity": "two"}}'), ('{"type": "track", "event": "Order Completed", "anonymousId": "507f"}'),
  ('{"type": "identify", "userId": "5", "traits": [1]}'), ('{"type": "identify", "userId": "5", "traits": null}'), ('{"type": "track", "event": "Danced", "userId": "5"}'),
  ('{"type": "page", "anonymousId": "507f", "properties": {"value": "dark", "rating": "PG-13"}}'), ('{"type": "track", "event": "Order Completed", "userId": "", "anonymousId": "6", "properties": {"amount": 7}}'),
  ('{"type": "track", "event": "Order Completed", "userId": 6, "properties": {"total": "8.5", "value": 1}}'), ('{"type": "track", "event": "Product Reviewed", "userId": "6", "properties": {"rating": 4, "value": 3}}')) v (m);
SELECT lives_ok($$SELECT ledger_touch('crm', message) FROM stream ORDER BY n$$, 'none of a stream of messages fails');
SELECT is(pg_temp.rejected('crm', 'segment'), '1 unknown type of message: group; 2 unknown type of message: alias; 3 no type of message; 4 no event; 5 timestamp not of type timestamp with time zone: soon; '
  '6 customer not of type bigint: abc; 7 amount not of type numeric: 20 EUR; 8 amount out of range: 10000000000000000000000000000000000000000; 9 quantity not of type numeric: two; 10 no customer; 11 traits not an object; 13 unknown kind', 'what can''t be used is rejected');
SELECT is((SELECT properties ->> 'groupId' FROM crm.touchpoint_rejected WHERE source = 'segment' AND source_key = '1'), 'g', '... and kept whole');
SELECT is((SELECT string_agg(concat_ws(' ', source_key, customer_id, kind, amount, score, properties ->> 'anonymousId'), '; ' ORDER BY source_key) FROM crm.touchpoint WHERE source = 'segment'),
  '14 page_view 507f; 15 6 purchase 7.0000; 16 6 purchase 8.5000; 17 6 review 3.0000 4', 'the others are taken: amounts by the name that they have, one without a name as nobody''s');
SELECT ledger_touch('named', message) FROM stream WHERE n IN (6, 10, 14) ORDER BY n;
SELECT is((SELECT string_agg(concat_ws(' ', customer_id, kind), '; ' ORDER BY source_key) FROM named.touchpoint WHERE source = 'segment'), '507f purchase; 507f page_view; abc purchase', 'where keys are texts, whoever has no name is a customer');
-- who may write
CREATE ROLE ledger_unusable_writer;
SELECT ledger_grant('crm', 'ledger_unusable_writer', 'write');
SET LOCAL ROLE ledger_unusable_writer;
SELECT lives_ok($$SELECT ledger_touch('crm', 1, NULL), ledger_touch('crm', 1, 'no such kind'), ledger_touch('crm', '{"type": "alias"}')$$, 'who may write touchpoints may write those that are rejected');
RESET ROLE;
SELECT lives_ok($$SELECT ledger_touch('crm', m) FROM unnest('{null,3,[]}'::jsonb[]) m$$, 'not even what is no message');

SELECT is((SELECT count(*) FROM ledger_check('crm')) + (SELECT count(*) FROM ledger_check('part')), 0::bigint, 'customers are the fold of the log');

-- sums stop at the most that they can hold, and stop nobody
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, quantity)
SELECT 77, k, timestamptz '2024-02-01' + i * interval '1 hour', 99999999999999.9999, 99999999999999.9999 FROM generate_series(1, 3) i, unnest('{purchase,refund,loyalty_earned}'::text[]) k;
SELECT lives_ok($$INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount, subject) VALUES (77, 'subscription_started', '2024-03-01', 99999999999999, 'a'), (77, 'subscription_started', '2024-03-01', 99999999999999, 'b'),
  (77, 'purchase', '2024-03-02', 1, NULL), (78, 'purchase', '2024-03-02', 1, NULL)$$, 'who has spent more than a sum can hold stops nobody');
SELECT is((SELECT concat_ws(' ', touchpoint_count, purchase_count, purchase_amount, refund_amount, mrr_amount, loyalty_points) FROM crm.customer WHERE customer_id = 77),
  '12 4 99999999999999.9999 99999999999999.9999 99999999999999.9999 99999999999999.9999', '... sums stop there');
INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) VALUES (77, 'purchase', '2024-01-15', 5), (77, 'purchase', '2024-03-03', -99999999999999.9999);
SELECT is((SELECT concat_ws(' ', touchpoint_count, purchase_amount) FROM crm.customer WHERE customer_id = 77), '14 0.0000', '... and go on from there, late ones folded in');
SELECT is((SELECT count(*) FROM ledger_check('crm')), 0::bigint, '... always as the log says');
SELECT lives_ok('SELECT count(*), sum(purchase_amount) FROM crm.customer_360', '... and are shown');

SELECT lives_ok('SELECT count(*) FROM named.activity_lifecycle', 'views by the week go back to the first instant that is taken');
-- a house that wants to know at once
UPDATE crm.setting SET value = 'reject' WHERE name = 'unusable';
UPDATE part.setting SET value = 'error' WHERE name = 'unusable';
SELECT throws_ok($$INSERT INTO bill VALUES (50, 1, '2024-01-01', 1e14)$$, '23514', 'touchpoint can''t be used: amount out of range: 100000000000000', 'reject: the statement fails');
SELECT throws_ok($$INSERT INTO raw VALUES (50, 'abc', '2024-01-01')$$, '23514', 'touchpoint can''t be used: customer: invalid input syntax for type bigint: "abc"', '... by an expression, too');
SELECT throws_ok($$SELECT ledger_touch('part', '{"type": "alias"}')$$, '23514', 'touchpoint can''t be used: unknown type of message: alias', '... error is the same');
SELECT * FROM finish();
ROLLBACK;
