--
-- ledger: making one: plays, what a house wants to be done when
--

CREATE FUNCTION ledger_make_plays(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.play (
  play text PRIMARY KEY,
  on_stage text CHECK (on_stage IN ('awareness','acquisition','conversion','onboarding','engagement','retention','advocacy','churned')),
  on_band text CHECK (on_band IN ('red', 'yellow', 'green')),
  on_silence interval CHECK (on_silence > '0'),
  on_survey text CHECK (on_survey IN ('nps', 'csat', 'ces')),
  min_score double precision,
  max_score double precision,
  only_customers boolean NOT NULL DEFAULT false,
  action text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  priority integer NOT NULL DEFAULT 100,
  is_active boolean NOT NULL DEFAULT true,
  meaning text,
  CHECK (num_nonnulls(on_stage, on_band, on_silence, on_survey) = 1),
  CHECK (on_survey IS NOT NULL OR num_nonnulls(min_score, max_score) = 0),
  CHECK (on_stage IS NULL OR NOT only_customers)
);
COMMENT ON TABLE %1$I.play IS 'what is to be done when: each time its condition comes true for a customer, event_outbox gets an event play';
COMMENT ON COLUMN %1$I.play.play IS 'name of the play';
COMMENT ON COLUMN %1$I.play.on_stage IS 'when a customer enters this stage, once an episode';
COMMENT ON COLUMN %1$I.play.on_band IS 'when the health of a customer comes into this band';
COMMENT ON COLUMN %1$I.play.on_silence IS 'when a customer has given no sign of life for so long, once a silence';
COMMENT ON COLUMN %1$I.play.on_survey IS 'when a customer answers this survey (nps, csat, ces)';
COMMENT ON COLUMN %1$I.play.min_score IS 'with at least this score; NULL: no bound';
COMMENT ON COLUMN %1$I.play.max_score IS 'with at most this score; NULL: no bound';
COMMENT ON COLUMN %1$I.play.only_customers IS 'for those who have paid, not for prospects; not with on_stage, which says it';
COMMENT ON COLUMN %1$I.play.action IS 'what a backend is to do; the event carries it';
COMMENT ON COLUMN %1$I.play.payload IS 'what it needs to know; the event carries it';
COMMENT ON COLUMN %1$I.play.priority IS 'the smallest of a customer''s open plays is his next action';
COMMENT ON COLUMN %1$I.play.is_active IS 'plays now; from when it is set on';
COMMENT ON COLUMN %1$I.play.meaning IS 'what it is good for';
CREATE TABLE IF NOT EXISTS %1$I.play_fired (
  customer_id %2$s NOT NULL,
  play text NOT NULL,
  occurrence text NOT NULL,
  action text NOT NULL,
  priority integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  event_id bigint NOT NULL,
  withdrawn_at timestamptz,
  PRIMARY KEY (customer_id, play, occurrence)
);
CREATE INDEX IF NOT EXISTS play_fired_occurred_at_idx ON %1$I.play_fired (occurred_at) WHERE withdrawn_at IS NULL;
COMMENT ON TABLE %1$I.play_fired IS 'which plays have been told for whom, so that none is told twice';
COMMENT ON COLUMN %1$I.play_fired.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.play_fired.play IS 'name of the play';
COMMENT ON COLUMN %1$I.play_fired.occurrence IS 'what is told but once: the episode, the instant the band or the silence began, the touchpoint';
COMMENT ON COLUMN %1$I.play_fired.action IS 'what a backend is to do';
COMMENT ON COLUMN %1$I.play_fired.priority IS 'of the play when it fired';
COMMENT ON COLUMN %1$I.play_fired.occurred_at IS 'when its condition came true';
COMMENT ON COLUMN %1$I.play_fired.event_id IS 'the event that told it';
COMMENT ON COLUMN %1$I.play_fired.withdrawn_at IS 'when it turned out otherwise, and was told so; NULL: it stands';
CREATE TABLE IF NOT EXISTS %1$I.reply_told (
  touchpoint_id bigint PRIMARY KEY,
  customer_id %2$s NOT NULL,
  asked_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  withdrawn_at timestamptz
);
COMMENT ON TABLE %1$I.reply_told IS 'the tickets and answers of which reply_due has been told, so that none is told twice; for ledger_tick()';
COMMENT ON COLUMN %1$I.reply_told.touchpoint_id IS 'the touchpoint that waits for a reply';
COMMENT ON COLUMN %1$I.reply_told.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.reply_told.asked_at IS 'when the customer asked';
COMMENT ON COLUMN %1$I.reply_told.due_at IS 'by when a reply was due';
COMMENT ON COLUMN %1$I.reply_told.withdrawn_at IS 'when it turned out to have been replied to in time; NULL: it was not';
CREATE INDEX IF NOT EXISTS touchpoint_asked_idx ON %1$I.touchpoint (occurred_at)
  WHERE kind IN ('ticket_opened', 'ticket_reopened', 'feedback', 'nps');
CREATE OR REPLACE VIEW %1$I.next_action WITH (security_invoker) AS
  SELECT DISTINCT ON (f.customer_id) f.customer_id, f.play, f.action, f.priority, f.occurred_at AS since
    FROM %1$I.play_fired f
    JOIN %1$I.event_outbox o ON o.event_id = f.event_id AND o.acked_at IS NULL
   WHERE f.withdrawn_at IS NULL
   ORDER BY f.customer_id, f.priority, f.occurred_at, f.play;
COMMENT ON VIEW %1$I.next_action IS 'what is to be done next for a customer: of the plays that no backend has acknowledged yet, the one of the smallest priority';
COMMENT ON COLUMN %1$I.next_action.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.next_action.play IS 'name of the play';
COMMENT ON COLUMN %1$I.next_action.action IS 'what is to be done';
COMMENT ON COLUMN %1$I.next_action.priority IS 'the smallest comes first; then what has waited longest';
COMMENT ON COLUMN %1$I.next_action.since IS 'when the condition of the play came true';
CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %1$I.play
  FOR EACH STATEMENT EXECUTE FUNCTION %3$s.ledger_rules_changed();
CREATE OR REPLACE TRIGGER event_outbox_told AFTER INSERT ON %1$I.event_outbox
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %3$s.event_outbox_told();
  $ddl$, name, customer_key, '@extschema@');
END $$;
COMMENT ON FUNCTION ledger_make_plays(text, regtype) IS 'part of ledger_create(): plays, what has been told, and the next action';
