-- What backends hear: the outbox, claimed in order, redelivered, acknowledged.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT ledger_create('heard');
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'page_view', '2024-01-01', NULL), (2, 'signup', '2024-01-01', NULL);
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'purchase', '2024-01-02', NULL);
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at, score) VALUES (1, 'nps', '2024-01-03', 6), (2, 'nps', '2024-01-03', 7);
SELECT event_id, customer_id, event, occurred_at, payload FROM heard.event_outbox ORDER BY event_id;
-- the oldest of each customer alone
SELECT event_id, customer_id, event, attempts FROM ledger_claim_events('heard', 10);
SELECT event_id, customer_id, event, attempts FROM ledger_claim_events('heard', 10);
SELECT ledger_ack_events('heard', 1, 1, 999);
SELECT event_id, customer_id, event, attempts FROM ledger_claim_events('heard', 10);
-- a worker that was killed: its lease ends
UPDATE heard.event_outbox SET leased_until = clock_timestamp() - interval '1 second' WHERE acked_at IS NULL AND leased_until IS NOT NULL;
SELECT event_id, customer_id, event, attempts FROM ledger_claim_events('heard', 10);
SELECT ledger_ack_events('heard', VARIADIC array_agg(event_id)) FROM heard.event_outbox;
-- what was told and turns out otherwise is told anew; nothing is taken back
DELETE FROM heard.touchpoint WHERE kind = 'purchase';
SELECT event_id, customer_id, event, payload FROM ledger_claim_events('heard');
-- time tells too
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at) VALUES (3, 'purchase', '2024-01-01');
SELECT ledger_tick('heard', '2024-05-01');
SELECT customer_id, event, occurred_at, payload ->> 'to_stage' AS to_stage FROM heard.event_outbox WHERE customer_id = 3 ORDER BY event_id;
-- nothing new, nothing told
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at) VALUES (2, 'page_view', '2024-01-04');
SELECT count(*) FROM heard.event_outbox;
UPDATE heard.setting SET value = 'off' WHERE name = 'events';
INSERT INTO heard.touchpoint (customer_id, kind, occurred_at) VALUES (2, 'purchase', '2024-01-05');
SELECT count(*) FROM heard.event_outbox;
UPDATE heard.event_outbox SET acked_at = now() - interval '40 days' WHERE event_id = 1;
SELECT ledger_purge_events('heard');
SELECT * FROM ledger_claim_events('heard', 0);
SELECT * FROM ledger_claim_events('nowhere');
SELECT ledger_drop('heard', confirm => 'heard');
