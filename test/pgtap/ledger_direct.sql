-- Single rows take a path of their own, without queries; whatever a house has added to the tables
-- leads back to queries.  Both must leave the same rows, events included.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(24);
SELECT setseed(0.3);
SELECT ledger_create('direct'), ledger_create('queried', 'bigint');
UPDATE direct.setting SET value = 'America/New_York' WHERE name = 'time_zone';
UPDATE queried.setting SET value = 'America/New_York' WHERE name = 'time_zone';
-- a trigger is enough: what it is told must be told
CREATE TEMP TABLE heard (what text);
CREATE FUNCTION pg_temp.hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO pg_temp.heard VALUES (TG_TABLE_NAME || ' ' || TG_OP); RETURN NULL; END $$;
CREATE TRIGGER hear AFTER UPDATE ON queried.customer FOR EACH ROW EXECUTE FUNCTION pg_temp.hear();
CREATE TRIGGER hear AFTER INSERT ON queried.touchpoint FOR EACH ROW EXECUTE FUNCTION pg_temp.hear();

CREATE TABLE happened (n int PRIMARY KEY, who bigint, what text, at timestamptz, amount numeric, score float8, subject text, more jsonb, channel text, quantity numeric);
CREATE FUNCTION pg_temp.track(ledger text) RETURNS text LANGUAGE sql AS $$
  SELECT ledger_track(ledger, 'happened', kind_from => 'what', customer => 'who', occurred_at => 'at', amount => 'amount', score => 'score', subject => 'subject', properties => 'more', channel => 'channel', quantity => 'quantity', track => 'happened')::text $$;
SELECT pg_temp.track('direct'), pg_temp.track('queried');
SET LOCAL TimeZone = 'Asia/Kolkata';
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL search_path = public, pg_temp;

CREATE TEMP TABLE log AS
  SELECT n, CASE WHEN n % 40 > 0 THEN 1 + n % 25 END AS who, kind AS what, timestamptz '2024-01-01 00:00+00' + floor(n * 0.8 - CASE WHEN random() < 0.05 THEN 50 ELSE 0 END) * interval '6 hours' AS at,
         CASE WHEN random() < 0.7 THEN round((random() * 100)::numeric, 6) END AS amount,
         CASE WHEN kind IN ('nps', 'csat') THEN 1 + n % 5 WHEN kind = 'review' THEN n % 6 END AS score,
         CASE WHEN random() < 0.6 THEN 'subject "' || n % 3 || '"' END AS subject,
         CASE WHEN kind LIKE 'subs%' OR kind = 'cancelled' THEN jsonb_build_object('until', CASE n % 3 WHEN 0 THEN '2024-05-06' WHEN 1 THEN '2024-07-08 09:10' ELSE 'no date' END)
              WHEN kind = 'trait_set' THEN jsonb_build_object('name', 'colour', 'value', n)
              WHEN kind = 'stage_set' THEN jsonb_build_object('stage', 'engagement', 'reason', 'so', 'actor', 'me') END AS more,
         CASE WHEN n % 7 = 0 THEN 'email' END AS channel, n % 9 AS quantity
    FROM (SELECT n, (ARRAY['page_view', 'signup', 'purchase', 'purchase', 'login', 'nps', 'csat', 'review', 'refund', 'subscription_started', 'subscription_renewed', 'cancelled', 'subscription_ended',
                           'ticket_opened', 'ticket_replied', 'ticket_resolved', 'trait_set', 'stage_set', 'loyalty_earned', 'nothing known'])[1 + floor(random() * 20)::int] AS kind
            FROM generate_series(1, 1200) n) g;
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT n FROM pg_temp.log ORDER BY n LOOP
    INSERT INTO happened SELECT * FROM pg_temp.log l WHERE l.n = r.n;
    IF r.n % 100 = 0 THEN
      PERFORM ledger_tick('direct', timestamptz '2024-01-01 00:00+00' + r.n * interval '4 hours'), ledger_tick('queried', timestamptz '2024-01-01 00:00+00' + r.n * interval '4 hours');
    END IF;
  END LOOP; END $$;

CREATE FUNCTION pg_temp.differ(columns text, tab text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; BEGIN
  EXECUTE format('SELECT count(*) FROM ((SELECT %1$s FROM direct.%2$s t EXCEPT ALL SELECT %1$s FROM queried.%2$s t) UNION ALL (SELECT %1$s FROM queried.%2$s t EXCEPT ALL SELECT %1$s FROM direct.%2$s t)) d', columns, tab) INTO n;
  RETURN n;
END $$;
SELECT is(pg_temp.differ('customer_id, kind, occurred_at, recorded_at, channel, campaign, subject, amount, quantity, score, properties, source, source_key', 'touchpoint'), 0::bigint, 'the same log');
SELECT is(pg_temp.differ('t::text', 'customer'), 0::bigint, 'the same customers, to the byte');
SELECT is(pg_temp.differ('t::text', 'stage_history'), 0::bigint, 'the same history');
SELECT is(pg_temp.differ('customer_id, event, occurred_at, recorded_at, payload::text, acked_at, attempts, row_number() OVER (PARTITION BY customer_id ORDER BY event_id)', 'event_outbox'), 0::bigint, 'the same events, in the same order');
SELECT is(pg_temp.differ('reason, customer_id, kind, occurred_at, source_key', 'touchpoint_rejected'), 0::bigint, 'the same is rejected');
SELECT is((SELECT count(*) FROM ledger_check('direct')), 0::bigint, 'and it is the fold of the log');
SELECT cmp_ok(count(DISTINCT event)::int, '>=', 2, 'moves and detractors are told') FROM direct.event_outbox;
SELECT is((SELECT string_agg(what, ', ' ORDER BY what) FROM (SELECT DISTINCT what FROM heard) h), 'customer UPDATE, touchpoint INSERT', 'triggers of the house are fired');
SELECT is((SELECT count(*) FROM heard WHERE what = 'touchpoint INSERT'), (SELECT count(*) FROM queried.touchpoint), '... for each row');

-- a key that is in the log already changes nothing
ALTER TABLE happened DISABLE TRIGGER USER;
DELETE FROM happened WHERE n = 1;
ALTER TABLE happened ENABLE TRIGGER USER;
CREATE TEMP TABLE before AS SELECT * FROM direct.customer;
INSERT INTO happened SELECT * FROM log WHERE n = 1;
SELECT is((SELECT count(*) FROM ((TABLE before) EXCEPT TABLE direct.customer) d), 0::bigint, 'the same key again changes nothing');

-- constraints hold, defaults are filled in, what is computed is computed
ALTER TABLE direct.touchpoint ADD CHECK (amount < 5000), ADD COLUMN house text DEFAULT 'of mine', ADD COLUMN moment timestamptz DEFAULT now();
SELECT throws_ok($$INSERT INTO happened VALUES (5001, 1, 'purchase', '2025-01-01', 5000)$$, '23514', NULL, 'a constraint of the house holds');
SELECT throws_ok($$INSERT INTO happened VALUES (5001, 1, 'purchase', '2025-01-01', 4999.99999)$$, '23514', NULL, '... for the amount as it is stored');
INSERT INTO happened VALUES (5002, 1, 'purchase', '2025-01-01', 4999.9999);
SELECT is((SELECT (amount, house, moment = now())::text FROM direct.touchpoint WHERE source_key = '5002'), '(4999.9999,"of mine",t)', 'columns of the house get their defaults');
ALTER TABLE direct.touchpoint ADD COLUMN half numeric GENERATED ALWAYS AS (amount / 2) STORED;
ALTER TABLE direct.customer ADD COLUMN twice numeric GENERATED ALWAYS AS (purchase_amount * 2) STORED;
INSERT INTO happened VALUES (5003, 1, 'purchase', '2025-01-02', 10);
SELECT is((SELECT half FROM direct.touchpoint WHERE source_key = '5003'), 5::numeric, 'columns are computed') ;
SELECT is((SELECT twice = purchase_amount * 2 FROM direct.customer WHERE customer_id = 1), true, '... of customers, too');
-- whoever may shape the session must not get his function run by the ledger's owner
CREATE FUNCTION pg_temp.check_span(lifecycle_stage) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('search_path') = 'pg_catalog, pg_temp'; END $$;
ALTER TABLE direct.stage_history ADD CHECK (pg_temp.check_span(stage)) NOT VALID;
INSERT INTO happened VALUES (5004, 900, 'purchase', '2025-01-02', 10);
SELECT is((SELECT count(*) FROM direct.stage_history WHERE customer_id = 900), 1::bigint, 'functions of the house run under the pinned search_path');
ALTER TABLE direct.touchpoint DISABLE TRIGGER touchpoint_inserted;
INSERT INTO happened VALUES (5005, 901, 'purchase', '2025-01-02', 10);
SELECT is((SELECT count(*) FROM direct.customer WHERE customer_id = 901), 0::bigint, 'a trigger that is switched off is off');
ALTER TABLE direct.touchpoint ENABLE TRIGGER touchpoint_inserted;
SELECT is((SELECT string_agg(customer_id || ' ' || problem, ', ') FROM ledger_check('direct')), '901 missing', '... which the check finds');
SELECT is((SELECT count(*) FROM queried.customer WHERE customer_id IN (900, 901)), 2::bigint, 'the other ledger has them');

-- tables that are not what they were
SELECT ledger_create('own');
INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'signup', '2024-01-01');
DELETE FROM own.customer;
INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'purchase', '2024-01-02');
SELECT is((SELECT count(*) FROM ledger_check('own')), 0::bigint, 'a customer who was deleted by hand is folded anew over the history that he has left');
ALTER TABLE own.stage_history DROP CONSTRAINT stage_history_pkey, ADD UNIQUE (customer_id, seq), ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
SELECT lives_ok($$INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'activated', '2024-01-03')$$, 'a house may give the history another primary key');
SELECT is((SELECT count(*) FROM ledger_check('own')), 0::bigint, '... which changes nothing else');
ALTER TABLE own.touchpoint RENAME score TO points;
SELECT throws_ok($$INSERT INTO own.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'login', '2024-01-04')$$, '42703', 'table "touchpoint" of ledger "own" has no column "score"', 'a column that was renamed is missed');
ALTER TABLE own.touchpoint RENAME points TO score;
ALTER TABLE own.touchpoint RENAME kind TO what;
SELECT throws_ok($$INSERT INTO own.touchpoint (customer_id, what, occurred_at) VALUES (1, 'login', '2024-01-04')$$, '42703', 'table "touchpoint" of ledger "own" has no column "kind"', '... also one whose values are looked at first');
SELECT * FROM finish();
ROLLBACK;
