-- The lives of docs/ledger.md: what happened to a customer, day by day, and the stages that follow.
SET client_min_messages = error;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA ledger_lives; SET search_path = ledger_lives, public;
SELECT ledger_create('lives', 'text');

CREATE FUNCTION day(n double precision) RETURNS timestamptz LANGUAGE sql
  AS $$ SELECT timestamptz '2024-01-01 00:00+00' + n * interval '24 hours' $$;
-- one customer: 'kind@day' with options: s subject, a amount, u until day, p score
CREATE PROCEDURE live(who text, VARIADIC events text[]) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lives.touchpoint (customer_id, kind, occurred_at, score, properties)
  SELECT who, m[1], day(m[2]::double precision), m[4]::double precision,
         CASE WHEN m[6] IS NOT NULL THEN jsonb_build_object('until', day(m[6]::double precision)) END
    FROM unnest(events) e, regexp_match(e, '^(\w+)@([\d.]+)( p([\d.]+))?( u([\d.]+))?$') m;
END $$;
CREATE FUNCTION spans(who text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s%s', stage, round(extract(epoch FROM entered_at - day(0)) / 86400, 2)::float8,
                           CASE WHEN episode > 1 THEN format(' (episode %s)', episode) END), ', ' ORDER BY seq)
    FROM lives.stage_history WHERE customer_id = who $$;

CALL live('one purchase on 10 after a visit on 0', 'page_view@0', 'purchase@10');
CALL live('weekly shopper from 0', 'purchase@0', 'purchase@7', 'purchase@14', 'purchase@21');
CALL live('SaaS', 'signup@0', 'subscription_started@14', 'onboarding_step@15', 'activated@20',
          'subscription_renewed@44', 'cancelled@200 u210', 'login@205', 'subscription_started@300');
CALL live('opportunity', 'opportunity_opened@0', 'opportunity_won@120 u485');
CALL live('visit 0, sign-up 5, nothing', 'page_view@0', 'signup@5');
CALL live('churned, then a review of 5', 'purchase@0', 'review@200 p5');
CALL live('second purchase before activation', 'purchase@0', 'purchase@3', 'activated@5');
-- more of section 10
CALL live('activated before paying', 'activated@0', 'review@1 p5', 'purchase@10');
CALL live('touch exactly at the end of the silence', 'purchase@0', 'login@90');
CALL live('touch just after it', 'purchase@0', 'login@90.01');
CALL live('login after notice does not revive', 'subscription_started@0', 'subscription_ended@10', 'login@20');
CALL live('third login within 30 days', 'purchase@0', 'login@1', 'login@2', 'login@30');
CALL live('third login on day 31', 'purchase@0', 'login@1', 'login@2', 'login@31');
CALL live('onboarding over by time, life seen', 'purchase@0', 'login@1', 'login@10');
CALL live('onboarding over at the first life after', 'purchase@0', 'login@1', 'login@40');
CALL live('tenure', 'purchase@0', 'login@60', 'login@120', 'login@180');
CALL live('review of 3', 'purchase@0', 'review@1 p3');
CALL live('review of 4', 'purchase@0', 'review@1 p4');
CALL live('two purchases on one day', 'purchase@0', 'purchase@0.5', 'purchase@1');
CALL live('login at the instant of the purchase', 'purchase@0', 'login@0');
CALL live('tenure anew after a return', 'purchase@0', 'purchase@1', 'purchase@200', 'purchase@230');
CALL live('notice without until', 'subscription_started@0', 'cancelled@30');
CALL live('notice, then renewed', 'subscription_started@0', 'cancelled@30 u40', 'subscription_renewed@40 u400');
CALL live('trial', 'trial_started@0', 'subscription_ended@14');
SELECT ledger_tick('lives', day(1000)) > 0 AS ticked;
SELECT customer_id, spans(customer_id), max_stage FROM lives.customer ORDER BY touchpoint_count > 0, customer_id COLLATE "C";

-- the same, one by one and in the worst order, is the same
CREATE TABLE once AS SELECT customer_id, seq, stage, entered_at, left_at, episode, reason FROM lives.stage_history;
CREATE TABLE log AS SELECT customer_id, kind, occurred_at, score, properties FROM lives.touchpoint;
TRUNCATE lives.touchpoint;
SELECT count(*) FROM lives.customer;
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT * FROM log ORDER BY occurred_at DESC, kind LOOP
    INSERT INTO lives.touchpoint (customer_id, kind, occurred_at, score, properties)
    VALUES (t.customer_id, t.kind, t.occurred_at, t.score, t.properties);
  END LOOP; END $$;
(TABLE once EXCEPT SELECT customer_id, seq, stage, entered_at, left_at, episode, reason FROM lives.stage_history)
UNION ALL
(SELECT customer_id, seq, stage, entered_at, left_at, episode, reason FROM lives.stage_history EXCEPT TABLE once);

-- the check finds what is wrong, and why; the rebuild mends it
SELECT * FROM ledger_check('lives');
UPDATE lives.customer SET stage = 'advocacy' WHERE customer_id = 'trial';
UPDATE lives.stage_history SET entered_at = entered_at - interval '1 hour' WHERE customer_id = 'tenure' AND seq = 1;
DELETE FROM lives.customer WHERE customer_id = 'review of 3';
UPDATE lives.customer SET fold_state = '\x00' WHERE customer_id = 'review of 4';
INSERT INTO lives.customer VALUES ('nobody');
SELECT * FROM ledger_check('lives');
SELECT ledger_rebuild('lives');
SELECT * FROM ledger_check('lives');
-- rules change: who would move?
UPDATE lives.touchpoint_kind SET stage = NULL WHERE kind = 'signup';
SELECT * FROM ledger_check('lives') WHERE stage <> right_stage;
SELECT DISTINCT problem FROM ledger_check('lives');
SELECT ledger_rebuild('lives');
SELECT * FROM ledger_check('lives');
SELECT * FROM ledger_check('no such ledger');
SELECT ledger_rebuild('no such ledger');
-- time: not back, not for ever ahead, and a word about the future
\set VERBOSITY terse
SELECT ledger_tick('lives', 'infinity');
DO $$ BEGIN PERFORM ledger_tick('lives', now() + interval '400 days'); EXCEPTION WHEN datetime_field_overflow THEN RAISE INFO '%', regexp_replace(SQLERRM, ':.*', ''); END $$;
SET client_min_messages = warning;
DO $$ BEGIN PERFORM ledger_tick('lives', now() + interval '23 hours'); END $$;
SELECT ledger_tick('lives', '2020-01-01') AS moved, horizon > now() AS horizon_stays FROM lives.clock;
SET client_min_messages = error;
SELECT ledger_tick('lives', now() + interval '30 days') >= 0 AS possible;
\set VERBOSITY default
SELECT ledger_drop('lives', confirm => 'lives');
DROP SCHEMA ledger_lives CASCADE;
