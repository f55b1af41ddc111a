-- Making ledgers: names that need quotes, types of keys, and what is refused.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT ledger_create('made');
SELECT ledger_create('made');  -- again: nothing happens
SELECT ledger_create('Quoted "name"; DROP TABLE x; --', 'uuid');
SELECT ledger_create('by_text', customer_key => 'text');
SELECT ledger_create('by_integer', 'integer');
-- what it is made of; a schema that has one of these is refused
SELECT c.relname AS made, r AS said FROM (SELECT relname::text FROM pg_class WHERE relnamespace = 'made'::regnamespace AND relkind IN ('r', 'v')) c
  FULL JOIN (SELECT r FROM ledger_relation_names() r WHERE r NOT IN ('touchpoint_default', 'touchpoint_key')) r ON r = c.relname WHERE r IS NULL OR c.relname IS NULL;
SELECT count(*) AS kinds, count(DISTINCT rank) AS ranks, count(stage) AS with_evidence FROM made.touchpoint_kind;
SELECT rule, kind, stage, min_count, count_days, within, min_tenure, min_score FROM made.stage_rule ORDER BY rule, kind;
TABLE made.setting ORDER BY name;

-- refused
SELECT ledger_create('made', 'text');
SELECT ledger_create(NULL);
SELECT ledger_create('');
SELECT ledger_create(repeat('x', 64));
SELECT ledger_create('pg_mine');
SELECT ledger_create('made2', 'money');
SELECT ledger_create('made2', NULL);
SELECT ledger_create('made2', 'nonsense');
SELECT ledger_track('nobody', 'pg_class');
SELECT ledger_tick('nobody');
SELECT ledger_tick('made', 'infinity');

-- keys of each type
INSERT INTO "Quoted ""name""; DROP TABLE x; --".touchpoint (customer_id, kind, occurred_at)
  VALUES ('b0000000-0000-0000-0000-000000000001', 'purchase', '2024-01-02'), ('a0000000-0000-0000-0000-000000000001', 'signup', '2024-01-01');
SELECT customer_id, stage, stage_since FROM "Quoted ""name""; DROP TABLE x; --".customer_360 ORDER BY 1;
INSERT INTO by_text.touchpoint (customer_id, kind, occurred_at)
  VALUES ('Robert''); DROP TABLE students; --', 'purchase', '2024-01-02'), ('', 'signup', '2024-01-01');
SELECT customer_id, stage, stage_since FROM by_text.customer_360 ORDER BY 1;
INSERT INTO by_integer.touchpoint (customer_id, kind, occurred_at) VALUES (7, 'purchase', '2024-01-02');
SELECT customer_id, stage, stage_since FROM by_integer.customer_360 ORDER BY 1;

-- what can't be used goes aside, with the reason, and the rest goes through
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, score) VALUES
  (1, 'purchase', '2024-01-02', NULL), (1, 'unheard of', '2024-01-02', NULL), (NULL, 'purchase', '2024-01-02', NULL),
  (2, 'purchase', '2524-01-02', NULL), (3, 'purchase', 'infinity', NULL), (4, 'nps', '2024-01-02', 11),
  (5, 'nps', '2024-01-02', 'NaN'), (6, 'csat', '2024-01-02', 4.5), (7, 'csat', '2024-01-02', 5), (NULL, 'spend', '2024-01-02', NULL);
SELECT reason, customer_id, kind, occurred_at, score FROM made.touchpoint_rejected ORDER BY rejected_id;
SELECT customer_id, stage FROM made.customer ORDER BY 1;
SELECT customer_id, kind FROM made.touchpoint ORDER BY 1, 2;
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, amount, quantity) VALUES (8, 'purchase', '2024-01-02', 'NaN', NULL), (8, 'resource_use', '2024-01-02', NULL, 'NaN');
SELECT ledger_touch('made', 8, 'purchase', '2024-01-02', amount => 'NaN');
SELECT reason, kind, amount, quantity FROM made.touchpoint_rejected WHERE customer_id = '8' ORDER BY rejected_id;
\set VERBOSITY terse
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (8, NULL, '2024-01-02');
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (8, 'purchase', NULL);
\set VERBOSITY default
UPDATE made.setting SET value = 'error' WHERE name = 'unusable';
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (8, 'unheard of', '2024-01-02');
UPDATE made.setting SET value = 'perhaps' WHERE name = 'unusable';
UPDATE made.setting SET value = 'Middle/Earth' WHERE name = 'time_zone';
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (8, 'purchase', '2024-01-02');
UPDATE made.setting SET value = 'UTC' WHERE name = 'time_zone';
-- a setting that would break a reading later is refused when it is written, and so is one that nothing reads
UPDATE made.setting SET value = '0,4' WHERE name = 'margin';
UPDATE made.setting SET value = '40' WHERE name = 'margin';
UPDATE made.setting SET value = 'half an hour' WHERE name = 'session_gap';
UPDATE made.setting SET value = 'x' WHERE name = 'attribution_lookback';
UPDATE made.setting SET value = 'week, fortnight' WHERE name = 'kpi_grains';
INSERT INTO made.setting VALUES ('silence', '3 days', 'mine');
INSERT INTO made.setting (name, value) VALUES ('silence', '3 days') ON CONFLICT DO NOTHING;
UPDATE made.setting SET name = 'gap' WHERE name = 'session_gap';
\set VERBOSITY terse
SELECT name, value FROM ledger_setting_forms() CROSS JOIN unnest('{0,1,.4,0.4,1.0,1.1,-0.1,NaN,"","0,4",on,day,"week, year",-1 day,1 day,1 month,2000 years,UTC,keep,error}'::text[]) value
  WHERE name IN ('margin', 'kpi_grains', 'session_gap', 'notify', 'unusable', 'health_every', 'partitions_ahead') AND ledger_setting_fits(form, value) ORDER BY name, value COLLATE "C";
SELECT f.form, ledger_setting_hint(f.form) FROM ledger_setting_forms() f WHERE NOT ledger_setting_fits(f.form, 'nonsense') GROUP BY f.form ORDER BY f.form;
SELECT s.name, f.name FROM made.setting s FULL JOIN ledger_setting_forms() f ON f.name = s.name WHERE s.name IS NULL OR f.name IS NULL ORDER BY 2;
-- what is there from before that was checked may stay, and be changed and deleted
ALTER TABLE made.setting DISABLE TRIGGER setting_checked;
INSERT INTO made.setting VALUES ('silence', '3 days', 'mine');
ALTER TABLE made.setting ENABLE TRIGGER setting_checked;
UPDATE made.setting SET value = '4 days' WHERE name = 'silence';
SELECT count(*) FROM ledger_upgrade('made');
DELETE FROM made.setting WHERE name = 'silence' RETURNING *;
\set VERBOSITY default
UPDATE made.setting SET value = value;

-- a kind and a rule of one's own take effect at once
INSERT INTO made.touchpoint_kind (kind, rank, stage, meaning) VALUES ('tasting', 10000, 'acquisition', 'came to taste');
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (9, 'tasting', '2024-01-02');
SELECT stage FROM made.customer WHERE customer_id = 9;
INSERT INTO made.stage_rule (rule, kind, stage, min_count) VALUES ('third_tasting', 'tasting', 'conversion', 3);
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (9, 'tasting', '2024-01-03'), (9, 'tasting', '2024-01-04');
SELECT stage, stage_since FROM made.customer WHERE customer_id = 9;

-- the triggers' functions are for triggers, and for triggers of their kind
SELECT touchpoint_fold();
CREATE TABLE made.stray (i integer);
CREATE TRIGGER wrong_level AFTER INSERT ON made.stray FOR EACH ROW EXECUTE FUNCTION touchpoint_fold();
INSERT INTO made.stray VALUES (1);
DROP TRIGGER wrong_level ON made.stray;
CREATE TRIGGER wrong_timing BEFORE INSERT ON made.stray FOR EACH STATEMENT EXECUTE FUNCTION touchpoint_fold();
INSERT INTO made.stray VALUES (1);
DROP TRIGGER wrong_timing ON made.stray;
CREATE TRIGGER no_tables AFTER INSERT ON made.stray FOR EACH STATEMENT EXECUTE FUNCTION touchpoint_fold();
INSERT INTO made.stray VALUES (1);
SELECT ledger_drop(name, confirm => name) FROM unnest(ARRAY['made', 'Quoted "name"; DROP TABLE x; --', 'by_text', 'by_integer']) name;
