--
-- ledger: making one: customers and their history
--

CREATE FUNCTION ledger_make_state(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.customer (
  customer_id %2$s PRIMARY KEY,
  stage %3$s.lifecycle_stage,
  stage_since timestamptz,
  max_stage %3$s.lifecycle_stage,
  episode integer,
  first_touch_at timestamptz,
  last_touch_at timestamptz,
  last_alive_at timestamptz,
  first_paid_at timestamptz,
  touchpoint_count bigint,
  purchase_count bigint,
  purchase_amount numeric(18,4),
  first_purchase_at timestamptz,
  last_purchase_at timestamptz,
  mrr_amount numeric(18,4),
  nps %3$s.rating_summary,
  csat %3$s.rating_summary,
  ces %3$s.rating_summary,
  last_nps_score double precision,
  last_csat_score double precision,
  last_ces_score double precision,
  channel text,
  campaign text,
  traits jsonb,
  consents jsonb,
  due_at timestamptz,
  fold_state bytea
) WITH (fillfactor = 70);
-- columns since 0.2.0, here and in ledgers that were made before
ALTER TABLE %1$I.customer
  ADD COLUMN IF NOT EXISTS purchases %3$s.purchase_summary,
  ADD COLUMN IF NOT EXISTS activity %3$s.activity_summary,
  ADD COLUMN IF NOT EXISTS refund_count bigint,
  ADD COLUMN IF NOT EXISTS refund_amount numeric(18,4),
  ADD COLUMN IF NOT EXISTS ticket_count bigint,
  ADD COLUMN IF NOT EXISTS ticket_open_count bigint,
  ADD COLUMN IF NOT EXISTS ticket_resolved_count bigint,
  ADD COLUMN IF NOT EXISTS ticket_replied_count bigint,
  ADD COLUMN IF NOT EXISTS first_reply_hours double precision,
  ADD COLUMN IF NOT EXISTS resolution_hours double precision,
  ADD COLUMN IF NOT EXISTS referral_sent_count bigint,
  ADD COLUMN IF NOT EXISTS referral_converted_count bigint,
  ADD COLUMN IF NOT EXISTS review_count bigint,
  ADD COLUMN IF NOT EXISTS last_review_score double precision,
  ADD COLUMN IF NOT EXISTS loyalty_points numeric(18,4),
  ADD COLUMN IF NOT EXISTS ticket_state bytea;
COMMENT ON TABLE %1$I.customer IS 'a customer now: follows from touchpoint, the rules and clock; write touchpoints, not here';
COMMENT ON COLUMN %1$I.customer.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.customer.stage IS 'stage of the lifecycle now; NULL: nothing that says a stage has happened yet';
COMMENT ON COLUMN %1$I.customer.stage_since IS 'when the customer entered the stage; NULL: no stage';
COMMENT ON COLUMN %1$I.customer.max_stage IS 'the furthest stage ever reached; churned does not count; NULL: no stage';
COMMENT ON COLUMN %1$I.customer.episode IS '1, and one more with each return after churn';
COMMENT ON COLUMN %1$I.customer.first_touch_at IS 'first touchpoint of any kind';
COMMENT ON COLUMN %1$I.customer.last_touch_at IS 'last touchpoint of any kind';
COMMENT ON COLUMN %1$I.customer.touchpoint_count IS 'touchpoints of any kind';
COMMENT ON COLUMN %1$I.customer.purchase_count IS 'purchases: touchpoints of kinds that feed purchases';
COMMENT ON COLUMN %1$I.customer.purchase_amount IS 'sum of purchases, money; refunds are not deducted';
COMMENT ON COLUMN %1$I.customer.first_purchase_at IS 'first purchase; NULL: none';
COMMENT ON COLUMN %1$I.customer.last_purchase_at IS 'last purchase; NULL: none';
COMMENT ON COLUMN %1$I.customer.mrr_amount IS 'recurring revenue of open subscriptions, money a month';
COMMENT ON COLUMN %1$I.customer.nps IS 'answers to the NPS question: for nps() and other functions of rating_summary; NULL: none';
COMMENT ON COLUMN %1$I.customer.csat IS 'answers to the satisfaction question: for csat() and other functions of rating_summary; NULL: none';
COMMENT ON COLUMN %1$I.customer.ces IS 'answers to the effort question: for ces() and other functions of rating_summary; NULL: none';
COMMENT ON COLUMN %1$I.customer.last_nps_score IS 'last answer to the NPS question, 0..10; NULL: none';
COMMENT ON COLUMN %1$I.customer.last_csat_score IS 'last answer to the satisfaction question, 1..5; NULL: none';
COMMENT ON COLUMN %1$I.customer.last_ces_score IS 'last answer to the effort question, 1..7; NULL: none';
COMMENT ON COLUMN %1$I.customer.channel IS 'channel of the first touchpoint that names one: what brought the customer; NULL: none does';
COMMENT ON COLUMN %1$I.customer.campaign IS 'campaign of the first touchpoint that names one; NULL: none does';
COMMENT ON COLUMN %1$I.customer.traits IS 'what is known about the customer, by name: the last value of each trait; NULL: nothing';
COMMENT ON COLUMN %1$I.customer.consents IS 'by purpose, true: consented, false: withdrawn, by the last word on each; NULL: none';
COMMENT ON COLUMN %1$I.customer.referral_sent_count IS 'people referred';
COMMENT ON COLUMN %1$I.customer.referral_converted_count IS 'people referred who became customers';
COMMENT ON COLUMN %1$I.customer.review_count IS 'reviews written';
COMMENT ON COLUMN %1$I.customer.last_review_score IS 'stars of the last review that gave any, 1..5; NULL: none';
COMMENT ON COLUMN %1$I.customer.first_paid_at IS 'first payment ever: the cohort';
COMMENT ON COLUMN %1$I.customer.last_alive_at IS 'last sign of life';
COMMENT ON COLUMN %1$I.customer.due_at IS 'when time alone will change something next; ledger_tick() sees to it';
COMMENT ON COLUMN %1$I.customer.fold_state IS 'where the fold of the touchpoints stands; for touchpoint_fold() alone';
COMMENT ON COLUMN %1$I.customer.purchases IS 'purchases by day of the ledger''s time zone: recency, frequency, spend; for the models of value';
COMMENT ON COLUMN %1$I.customer.activity IS 'days with a sign of life, by the ledger''s time zone';
COMMENT ON COLUMN %1$I.customer.refund_amount IS 'sum of refunds and returns, as a positive amount';
COMMENT ON COLUMN %1$I.customer.ticket_state IS 'where each ticket stands; for touchpoint_fold() alone';
COMMENT ON COLUMN %1$I.customer.refund_count IS 'refunds and returns';
COMMENT ON COLUMN %1$I.customer.ticket_count IS 'tickets opened, those without a subject included';
COMMENT ON COLUMN %1$I.customer.ticket_open_count IS 'tickets that are open now, of those with a subject';
COMMENT ON COLUMN %1$I.customer.ticket_resolved_count IS 'tickets that are resolved now';
COMMENT ON COLUMN %1$I.customer.ticket_replied_count IS 'tickets that have had a first reply';
COMMENT ON COLUMN %1$I.customer.first_reply_hours IS 'hours from a ticket to its first reply, mean over replied tickets';
COMMENT ON COLUMN %1$I.customer.resolution_hours IS 'hours from a ticket to its last resolution, mean over resolved tickets';
COMMENT ON COLUMN %1$I.customer.loyalty_points IS 'points earned, less those redeemed';
CREATE TABLE IF NOT EXISTS %1$I.stage_history (
  customer_id %2$s NOT NULL,
  seq integer NOT NULL,
  stage %3$s.lifecycle_stage NOT NULL,
  entered_at timestamptz NOT NULL,
  left_at timestamptz,
  episode integer NOT NULL,
  reason text,
  actor text,
  PRIMARY KEY (customer_id, seq),
  CHECK (left_at > entered_at)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX IF NOT EXISTS stage_history_open_idx ON %1$I.stage_history (customer_id) WHERE left_at IS NULL;
COMMENT ON TABLE %1$I.stage_history IS 'stays of customers in stages, without gaps: follows from touchpoint, the rules and clock';
COMMENT ON COLUMN %1$I.stage_history.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.stage_history.seq IS '1 for the first stay of the customer, 2 for the next ...';
COMMENT ON COLUMN %1$I.stage_history.stage IS 'the stage that the customer was in';
COMMENT ON COLUMN %1$I.stage_history.entered_at IS 'begin of the stay';
COMMENT ON COLUMN %1$I.stage_history.left_at IS 'end of the stay, exclusive; NULL: still there';
COMMENT ON COLUMN %1$I.stage_history.episode IS '1, and one more with each return after churn';
COMMENT ON COLUMN %1$I.stage_history.reason IS 'kind of the touchpoint, silence, or the reason of a forced move';
COMMENT ON COLUMN %1$I.stage_history.actor IS 'who forced the move';
CREATE TABLE IF NOT EXISTS %1$I.clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  horizon timestamptz,
  ticked_at timestamptz
);
INSERT INTO %1$I.clock (only_row) VALUES (true) ON CONFLICT DO NOTHING;
COMMENT ON TABLE %1$I.clock IS 'the instant up to which ledger_tick() has let time pass, in one row';
COMMENT ON COLUMN %1$I.clock.only_row IS 'always true: the table has one row';
COMMENT ON COLUMN %1$I.clock.horizon IS 'the instant up to which time has passed for all customers; NULL: ledger_tick() never ran';
COMMENT ON COLUMN %1$I.clock.ticked_at IS 'when ledger_tick() last ran; NULL: never';
  $ddl$, name, customer_key, '@extschema@');
  IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('%I.clock', name)::regclass AND a.attname = 'told_horizon') THEN
    EXECUTE format($ddl$
ALTER TABLE %1$I.clock ADD COLUMN told_horizon timestamptz;
UPDATE %1$I.clock SET told_horizon = horizon;
COMMENT ON COLUMN %1$I.clock.told_horizon IS 'the instant up to which event_outbox has been told of silence: where the next tick goes on, after one that was interrupted too';
    $ddl$, name);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_make_state(text, regtype) IS 'part of ledger_create(): customers and their history';
