-- Plays, replies that are due, silence: told once, and withdrawn where it turns out otherwise.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT ledger_create('stage', 'text');
UPDATE stage.setting SET value = 'never' WHERE name = 'health_every';
CREATE VIEW told AS SELECT event_id, customer_id, event, payload - 'stage_since' - 'source' AS payload FROM stage.event_outbox;
INSERT INTO stage.play (play, on_stage, action, payload, priority) VALUES ('gift', 'advocacy', 'send_gift', '{"gift": "mug"}', 10), ('win back', 'churned', 'call', '{}', 5);
INSERT INTO stage.play (play, on_silence, action) VALUES ('where are you', '30 days', 'mail');
INSERT INTO stage.play (play, on_survey, max_score, action) VALUES ('sorry', 'nps', 3, 'apologise');
INSERT INTO stage.play (play, on_survey, min_score, action, only_customers) VALUES ('thanks', 'csat', 5, 'thank', true);
INSERT INTO stage.play (play, on_stage, action, is_active) VALUES ('off', 'conversion', 'nothing', false);

-- a stage
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, source_key) VALUES ('ann', 'purchase', '2024-01-01', 'a'), ('bob', 'page_view', '2024-01-01', 'b');
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, source_key) VALUES ('ann', 'testimonial', '2024-01-05', 'c');
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, source_key) VALUES ('ann', 'testimonial', '2024-01-06', 'd');
SELECT * FROM told ORDER BY event_id;
SELECT * FROM stage.next_action;
-- told anew, not twice: the stage was entered before
UPDATE stage.touchpoint SET occurred_at = '2024-01-04' WHERE source_key = 'c';
SELECT * FROM told WHERE event_id > 4 ORDER BY event_id;
-- never entered
DELETE FROM stage.touchpoint WHERE source_key IN ('c', 'd');
SELECT * FROM told WHERE event_id > 5 ORDER BY event_id;
SELECT * FROM stage.next_action;
-- entered after all
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, source_key) VALUES ('ann', 'case_study', '2024-01-07', 'e');
SELECT * FROM told WHERE event_id > 7 ORDER BY event_id;

-- answers
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, score, source_key) VALUES ('bob', 'nps', '2024-01-08', 3, 'f'), ('bob', 'nps', '2024-01-08', 4, 'g'),
  ('bob', 'csat', '2024-01-08', 5, 'h'), ('ann', 'csat', '2024-01-08', 5, 'i'), ('ann', 'csat', '2024-01-08', 4, 'j'), ('ann', 'nps', '2024-01-08', 30, 'k');
SELECT * FROM told WHERE event_id > 9 ORDER BY event_id;
UPDATE stage.touchpoint SET score = 9 WHERE source_key = 'f';
UPDATE stage.touchpoint SET score = 5 WHERE source_key = 'g';
DELETE FROM stage.touchpoint WHERE source_key = 'i';
SELECT * FROM told WHERE event_id > 13 ORDER BY event_id;
UPDATE stage.touchpoint SET score = 2 WHERE source_key = 'f';
UPDATE stage.touchpoint SET score = -1 WHERE source_key = 'g';
SELECT * FROM told WHERE event_id > 16 ORDER BY event_id;
SELECT reason, source_key FROM stage.touchpoint_rejected ORDER BY rejected_id;

-- silence: once each
SELECT ledger_tick('stage', '2024-02-10') AS moved, count(*) FROM told;
SELECT ledger_tick('stage', '2024-02-10') AS moved, count(*) FROM told;
SELECT customer_id, occurred_at, payload ->> 'occurrence' AS occurrence FROM stage.event_outbox WHERE payload ->> 'play' = 'where are you' ORDER BY event_id;
-- he was alive, as becomes known
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at) VALUES ('bob', 'page_view', '2024-01-20');
SELECT ledger_tick('stage', '2024-02-10') AS moved;
SELECT * FROM told WHERE event_id > 21 ORDER BY event_id;
-- and silent all the same
SELECT ledger_tick('stage', '2024-02-20') AS moved;
SELECT * FROM told WHERE event_id > 22 ORDER BY event_id;
SELECT ledger_tick('stage', '2024-06-01') AS moved;
SELECT * FROM told WHERE event_id > 23 ORDER BY event_id;
SELECT * FROM stage.next_action ORDER BY customer_id COLLATE "C";
SELECT ledger_ack_events('stage', VARIADIC array_agg(event_id)) FROM stage.event_outbox WHERE payload ->> 'play' = 'win back';
SELECT * FROM stage.next_action ORDER BY customer_id COLLATE "C";

-- replies
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, subject, score, source_key) VALUES ('cy', 'ticket_opened', '2024-06-02 10:00', '1', NULL, 't1'),
  ('cy', 'ticket_opened', '2024-06-02 10:00', '2', NULL, 't2'), ('cy', 'ticket_replied', '2024-06-02 11:59', '2', NULL, 't3'), ('cy', 'nps', '2024-06-02 10:10', NULL, 6, 't4'),
  ('dee', 'feedback', '2024-06-02 10:00', NULL, NULL, 't5'), ('dee', 'nps', '2024-06-02 10:00', NULL, 7, 't6'), ('eve', 'feedback', '2024-06-02 10:00', 'x', NULL, 't7'),
  ('eve', 'feedback_answered', '2024-06-02 12:00', 'x', NULL, 't8'), ('eve', 'ticket_opened', '2024-04-02 10:00', '3', NULL, 't9');
SELECT max(event_id) AS seen FROM told \gset
SELECT ledger_tick('stage', '2024-06-02 11:59:59') AS moved;
SELECT * FROM told WHERE event = 'reply_due';
SELECT ledger_tick('stage', '2024-06-02 12:10') AS moved;
SELECT ledger_tick('stage', '2024-06-02 12:10') AS moved;
SELECT customer_id, occurred_at, payload - 'touchpoint_id' AS payload FROM stage.event_outbox WHERE event = 'reply_due' ORDER BY event_id;
-- a reply in time that becomes known later; one that came late changes nothing
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, subject) VALUES ('cy', 'ticket_replied', '2024-06-02 12:00', '1'), ('dee', 'feedback_answered', '2024-06-02 12:00:01', NULL);
SELECT ledger_tick('stage', '2024-06-02 12:10') AS moved;
SELECT customer_id, event FROM told WHERE event LIKE 'reply_due%' ORDER BY event_id;
-- corrected, and due after all
UPDATE stage.touchpoint SET occurred_at = '2024-06-02 12:05' WHERE customer_id = 'cy' AND kind = 'ticket_replied' AND subject = '1';
SELECT ledger_tick('stage', '2024-06-02 12:20') AS moved;
SELECT customer_id, event FROM told WHERE event LIKE 'reply_due%' ORDER BY event_id;
SELECT ledger_tick('stage', '2024-08-01') AS moved;
SELECT count(*) FROM stage.reply_told;

-- whoever is forgotten: his plays go with the log, and none is told anew of the customer without a name
SELECT count(*) AS fired FROM stage.play_fired WHERE customer_id = 'ann' \gset
SELECT max(event_id) AS seen FROM told \gset
SELECT ledger_erase('stage', 'ann');
SELECT count(*) = :fired AND :fired > 0 AS moved FROM stage.play_fired WHERE customer_id NOT IN (SELECT customer_id FROM stage.touchpoint WHERE customer_id IN ('bob', 'cy', 'dee', 'eve'));
SELECT event FROM told WHERE event_id > :seen AND event LIKE 'play%';

-- refused
INSERT INTO stage.play (play, action) VALUES ('never', 'x');
INSERT INTO stage.play (play, on_stage, on_silence, action) VALUES ('both', 'churned', '1 day', 'x');
INSERT INTO stage.play (play, on_stage, action) VALUES ('where', 'nirvana', 'x');
INSERT INTO stage.play (play, on_band, action) VALUES ('which', 'blue', 'x');
INSERT INTO stage.play (play, on_stage, max_score, action) VALUES ('score of what', 'churned', 3, 'x');
UPDATE stage.setting SET value = 'soon' WHERE name = 'reply_within';
UPDATE stage.setting SET value = 'maybe' WHERE name = 'notify';
CREATE TABLE mine (i integer);
CREATE TRIGGER told AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION event_outbox_told();
INSERT INTO mine VALUES (1);
DROP TABLE mine;
-- no events, no plays
UPDATE stage.setting SET value = 'off' WHERE name = 'events';
SELECT count(*) AS seen FROM told \gset
INSERT INTO stage.touchpoint (customer_id, kind, occurred_at, score) VALUES ('ann', 'case_study', '2024-08-01', NULL), ('zoe', 'nps', '2024-08-01', 0);
SELECT ledger_tick('stage', '2024-10-01') > 0 AS moved, (SELECT count(*) - :seen FROM told) AS told;
DROP VIEW told;
SELECT ledger_drop('stage', confirm => 'stage');
