--
-- ledger: making one: what is kept of closed periods, targets and segments
--

CREATE FUNCTION kpi_outdated() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION kpi_outdated() IS
  'trigger on a ledger''s tables: notes in kpi_late what touches periods that ledger_refresh() keeps, which end before its argument';

CREATE FUNCTION ledger_instant(text) RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_instant(text) IS
  'the instant that a text names, ISO 8601, by the session''s time zone where it names none; NULL if it is no instant';

CREATE FUNCTION ledger_kpi_boundary(ledger text) RETURNS timestamptz
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  RETURN (SELECT convert_from(substring(t.tgargs FOR octet_length(t.tgargs) - 1), 'SQL_ASCII')::timestamptz
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = ledger AND c.relname = 'touchpoint' AND t.tgname = 'kpi_outdated_by_insert');
COMMENT ON FUNCTION ledger_kpi_boundary(text) IS 'part of ledger_refresh(): touchpoints earlier than this are noted as late; NULL: none is';

CREATE FUNCTION ledger_kpi_boundary(ledger text, boundary timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  config text;
BEGIN
  EXECUTE format($ddl$
CREATE OR REPLACE TRIGGER kpi_outdated_by_insert AFTER INSERT ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.kpi_outdated(%3$L);
CREATE OR REPLACE TRIGGER kpi_outdated_by_update AFTER UPDATE ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.kpi_outdated(%3$L);
CREATE OR REPLACE TRIGGER kpi_outdated_by_delete AFTER DELETE ON %1$I.touchpoint
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.kpi_outdated(%3$L);
CREATE OR REPLACE TRIGGER kpi_outdated_by_truncate AFTER TRUNCATE ON %1$I.touchpoint
  FOR EACH STATEMENT EXECUTE FUNCTION %2$s.kpi_outdated(%3$L);
  $ddl$, ledger, '@extschema@', boundary);
  FOREACH config IN ARRAY '{touchpoint_kind,stage_rule,setting,kpi_target}'::text[] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER kpi_outdated AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %s.kpi_outdated(%L)', ledger, config, '@extschema@', boundary);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_kpi_boundary(text, timestamptz) IS
  'part of ledger_refresh(): from now on, note touchpoints earlier than this; waits for those who are writing';

CREATE FUNCTION ledger_default_segments(
  OUT segment text, OUT dimension text, OUT condition text, OUT value_of text, OUT priority integer, OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 23
BEGIN ATOMIC
  VALUES
    ('prospects'::text, 'stage'::text, $c$stage_name IN ('awareness', 'acquisition')$c$::text, NULL::text, 10, 'have not paid yet'::text),
    ('new customers', 'stage', $c$is_customer AND tenure_days < 30$c$, NULL, 20, 'paid for the first time within 30 days'),
    ('customers', 'stage', $c$is_customer$c$, NULL, 30, 'have paid and have not left'),
    ('advocates', 'stage', $c$stage_name = 'advocacy'$c$, NULL, 5, 'speak for the house'),
    ('churned', 'stage', $c$stage_name = 'churned'$c$, NULL, 40, 'have left'),
    ('subscribers', 'behaviour', $c$mrr_amount > 0$c$, NULL, 10, 'pay by the month'),
    ('frequent buyers', 'behaviour', $c$purchase_count >= 5$c$, NULL, 20, 'have bought five times or more'),
    ('one-time buyers', 'behaviour', $c$purchase_count = 1$c$, NULL, 30, 'have bought once'),
    ('quiet customers', 'behaviour', $c$is_customer AND silent_days > 45$c$, NULL, 15, 'customers without a sign of life for 45 days'),
    ('referrers', 'behaviour', $c$referral_sent_count > 0 OR referral_converted_count > 0$c$, NULL, 40, 'have referred someone'),
    ('supported', 'behaviour', $c$ticket_count > 0$c$, NULL, 50, 'have opened a ticket'),
    ('rfm', 'rfm', $c$rfm_segment IS NOT NULL$c$, 'rfm_segment', 10, 'by recency, frequency and amount of purchases'),
    ('promoters', 'voice', $c$last_nps_score >= 9$c$, NULL, 10, 'last answered 9 or 10'),
    ('detractors', 'voice', $c$last_nps_score <= 6$c$, NULL, 20, 'last answered 0 to 6'),
    ('health', 'health', $c$health_band IS NOT NULL$c$, 'health_band', 10, 'by band of health'),
    ('persona', 'persona', $c$persona IS NOT NULL$c$, 'persona', 10, 'by trait persona'),
    ('country', 'demographics', $c$country IS NOT NULL$c$, 'country', 10, 'by trait country'),
    ('age', 'demographics', $c$age_group IS NOT NULL$c$, 'age_group', 20, 'by trait age_group'),
    ('gender', 'demographics', $c$gender IS NOT NULL$c$, 'gender', 30, 'by trait gender'),
    ('industry', 'demographics', $c$industry IS NOT NULL$c$, 'industry', 40, 'by trait industry'),
    ('plan', 'behaviour', $c$plan_name IS NOT NULL$c$, 'plan_name', 60, 'by trait plan'),
    ('channel', 'acquisition', $c$acquisition_channel IS NOT NULL$c$, 'acquisition_channel', 10, 'by the channel that brought them');
END;
COMMENT ON FUNCTION ledger_default_segments() IS 'the segments that a new ledger has, as rows that a house changes as it likes';

CREATE FUNCTION ledger_make_kpi(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.kpi_period (
  segment text NOT NULL,
  period_grain text NOT NULL CHECK (period_grain IN ('day', 'week', 'month', 'quarter', 'year')),
  period_start date NOT NULL,
  as_of timestamptz NOT NULL,
  is_settled boolean NOT NULL,
  restated_at timestamptz,
  PRIMARY KEY (segment, period_grain, period_start)
);
COMMENT ON TABLE %1$I.kpi_period IS 'the periods whose figures ledger_refresh() keeps in kpi_fact';
COMMENT ON COLUMN %1$I.kpi_period.period_grain IS 'length of the period: day, week, month, quarter or year';
COMMENT ON COLUMN %1$I.kpi_period.period_start IS 'first day of the period, by the ledger''s time zone';
COMMENT ON COLUMN %1$I.kpi_period.segment IS 'a segment of customers; all: everyone';
COMMENT ON COLUMN %1$I.kpi_period.as_of IS 'the figures are as the log was then';
COMMENT ON COLUMN %1$I.kpi_period.is_settled IS 'what looks ahead is known, too: it was computed eight days after the end of the period';
COMMENT ON COLUMN %1$I.kpi_period.restated_at IS 'when a figure that had been published changed; NULL: never';
CREATE TABLE IF NOT EXISTS %1$I.kpi_fact (
  segment text NOT NULL,
  period_grain text NOT NULL,
  period_start date NOT NULL,
  fact text NOT NULL,
  value numeric NOT NULL,
  PRIMARY KEY (segment, period_grain, period_start, fact)
);
COMMENT ON TABLE %1$I.kpi_fact IS 'what KPIs of closed periods are made of: counts and sums, exact; what is 0 has no row';
COMMENT ON COLUMN %1$I.kpi_fact.segment IS 'a segment of customers; all: everyone';
COMMENT ON COLUMN %1$I.kpi_fact.period_grain IS 'length of the period: day, week, month, quarter or year';
COMMENT ON COLUMN %1$I.kpi_fact.period_start IS 'first day of the period, by the ledger''s time zone';
COMMENT ON COLUMN %1$I.kpi_fact.fact IS 'what was counted or summed';
COMMENT ON COLUMN %1$I.kpi_fact.value IS 'how many, or how much: the unit is the fact''s';
CREATE TABLE IF NOT EXISTS %1$I.kpi_late (
  late_since timestamptz NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  is_taken boolean NOT NULL DEFAULT false
);
ALTER TABLE %1$I.kpi_late REPLICA IDENTITY FULL; -- or a publication would stop its updates
COMMENT ON TABLE %1$I.kpi_late IS 'touchpoints that came late, corrections and changed rules since the last ledger_refresh(): what is kept of periods from late_since on is outdated';
COMMENT ON COLUMN %1$I.kpi_late.late_since IS 'periods from the one of this instant on are outdated';
COMMENT ON COLUMN %1$I.kpi_late.noted_at IS 'when the transaction that came late began';
COMMENT ON COLUMN %1$I.kpi_late.is_taken IS 'a ledger_refresh() is dealing with it, and removes it at its end';
CREATE TABLE IF NOT EXISTS %1$I.kpi_revenue_change (
  customer_id %2$s NOT NULL,
  changed_at timestamptz NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (customer_id, changed_at)
);
COMMENT ON TABLE %1$I.kpi_revenue_change IS 'when recurring revenue of a customer changed, and by how much a month; by touchpoints before revenue_until of kpi_revenue_until';
COMMENT ON COLUMN %1$I.kpi_revenue_change.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.kpi_revenue_change.changed_at IS 'when recurring revenue changed';
COMMENT ON COLUMN %1$I.kpi_revenue_change.amount IS 'by how much, money a month; negative: less';
CREATE INDEX IF NOT EXISTS kpi_revenue_change_changed_at_idx ON %1$I.kpi_revenue_change (changed_at);
CREATE TABLE IF NOT EXISTS %1$I.kpi_revenue_touched (
  customer_id %2$s PRIMARY KEY
);
COMMENT ON TABLE %1$I.kpi_revenue_touched IS 'customers whose subscriptions something touched between closed_until and revenue_until of kpi_revenue_until';
COMMENT ON COLUMN %1$I.kpi_revenue_touched.customer_id IS 'key of the customer';
DROP TABLE IF EXISTS %1$I.kpi_cohort; -- of an earlier release, now among kpi_part
CREATE TABLE IF NOT EXISTS %1$I.kpi_revenue_until (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revenue_until timestamptz
);
ALTER TABLE %1$I.kpi_revenue_until ADD COLUMN IF NOT EXISTS closed_until timestamptz;
INSERT INTO %1$I.kpi_revenue_until (only_row) VALUES (true) ON CONFLICT DO NOTHING;
UPDATE %1$I.kpi_revenue_until SET closed_until = revenue_until WHERE closed_until IS NULL AND revenue_until IS NOT NULL;
COMMENT ON TABLE %1$I.kpi_revenue_until IS 'the instant before which kpi_revenue_change knows all touchpoints, in one row; NULL: none';
COMMENT ON COLUMN %1$I.kpi_revenue_until.only_row IS 'always true: the table has one row';
COMMENT ON COLUMN %1$I.kpi_revenue_until.revenue_until IS 'the instant before which all touchpoints are known to kpi_revenue_change; NULL: ledger_refresh() never ran';
COMMENT ON COLUMN %1$I.kpi_revenue_until.closed_until IS 'beginning of the longest period that is open: what comes late before it is not known before the next ledger_refresh()';
CREATE TABLE IF NOT EXISTS %1$I.kpi_part (
  period_grain text NOT NULL,
  kept_until timestamptz NOT NULL,
  family text NOT NULL,
  period_start date NOT NULL,
  part text NOT NULL,
  value numeric NOT NULL,
  PRIMARY KEY (period_grain, kept_until, family, period_start, part)
);
COMMENT ON TABLE %1$I.kpi_part IS 'what facts of periods that go on consist of, by the touchpoints before kept_until: whom something touches later is read anew';
COMMENT ON COLUMN %1$I.kpi_part.period_grain IS 'length of the period: day, week, month, quarter or year';
COMMENT ON COLUMN %1$I.kpi_part.kept_until IS 'touchpoints before this instant are in it';
COMMENT ON COLUMN %1$I.kpi_part.family IS 'the family of facts that it is a part of, of ledger_kpi_families()';
COMMENT ON COLUMN %1$I.kpi_part.period_start IS 'first day of the period, by the ledger''s time zone';
COMMENT ON COLUMN %1$I.kpi_part.part IS 'what was counted or summed: a fact, or what the family makes its facts of';
COMMENT ON COLUMN %1$I.kpi_part.value IS 'how many, or how much: the unit is the part''s';
CREATE TABLE IF NOT EXISTS %1$I.kpi_target (
  target text PRIMARY KEY,
  kpi text NOT NULL,
  segment text NOT NULL DEFAULT 'all',
  baseline double precision,
  baseline_on date NOT NULL,
  change double precision NOT NULL,
  mode text NOT NULL DEFAULT 'relative' CHECK (mode IN ('relative', 'points')),
  due_on date NOT NULL,
  owner text,
  note text,
  CHECK (due_on > baseline_on)
);
COMMENT ON TABLE %1$I.kpi_target IS 'what is aimed at, for kpi_progress: such as retention_rate, change 0.15, relative: 15 per cent more than the baseline';
COMMENT ON COLUMN %1$I.kpi_target.target IS 'name of the target';
COMMENT ON COLUMN %1$I.kpi_target.segment IS 'whose KPI: a segment of customers; all: everyone';
COMMENT ON COLUMN %1$I.kpi_target.baseline_on IS 'the day from which the change counts';
COMMENT ON COLUMN %1$I.kpi_target.mode IS 'how change is meant: relative (a share of the baseline) or points (added to it)';
COMMENT ON COLUMN %1$I.kpi_target.due_on IS 'the day by which it is to be reached';
COMMENT ON COLUMN %1$I.kpi_target.note IS 'what else there is to say about it';
COMMENT ON COLUMN %1$I.kpi_target.kpi IS 'a kpi of kpi_definition';
COMMENT ON COLUMN %1$I.kpi_target.baseline IS 'where it began; NULL: the kpi''s value in the last month that was complete on baseline_on';
COMMENT ON COLUMN %1$I.kpi_target.change IS 'relative: 0.15 of 0.80 is 0.92; points: 0.15 more than 0.80 is 0.95; negative: less';
COMMENT ON COLUMN %1$I.kpi_target.owner IS 'who answers for it';
CREATE TABLE IF NOT EXISTS %1$I.segment (
  segment text PRIMARY KEY CHECK (segment <> '' AND segment <> 'all'),
  dimension text NOT NULL,
  condition text NOT NULL,
  value_of text,
  priority integer NOT NULL DEFAULT 100,
  is_active boolean NOT NULL DEFAULT true,
  meaning text
);
COMMENT ON TABLE %1$I.segment IS 'segments of customers as rows: customer_segment follows from them; only the owner may change them';
COMMENT ON COLUMN %1$I.segment.segment IS 'name of the segment';
COMMENT ON COLUMN %1$I.segment.is_active IS 'is computed; false: it stands here, and nobody belongs to it';
COMMENT ON COLUMN %1$I.segment.meaning IS 'who belongs to it, in words';
COMMENT ON COLUMN %1$I.segment.dimension IS 'what it is about: stage, behaviour, value, voice, health, demographics, persona, or a word of yours';
COMMENT ON COLUMN %1$I.segment.condition IS 'who belongs to it: an SQL expression over a row of customer_360, and trait, the jsonb of all traits';
COMMENT ON COLUMN %1$I.segment.value_of IS 'an SQL expression that splits the segment: one of each value, named segment: value; NULL: one segment';
COMMENT ON COLUMN %1$I.segment.priority IS 'which one to take, where a customer should have one of a dimension: the smallest';
CREATE TABLE IF NOT EXISTS %1$I.kpi_member (
  customer_id %2$s NOT NULL,
  segment text NOT NULL,
  PRIMARY KEY (segment, customer_id)
);
COMMENT ON TABLE %1$I.kpi_member IS 'who belonged to which segment at the last ledger_refresh(), for kpi_by_segment';
COMMENT ON COLUMN %1$I.kpi_member.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.kpi_member.segment IS 'a segment that the customer belonged to';
CREATE INDEX IF NOT EXISTS kpi_member_customer_id_idx ON %1$I.kpi_member (customer_id, segment); -- the segments of one, where the key would be asked for each segment
CREATE INDEX IF NOT EXISTS touchpoint_occurred_idx ON %1$I.touchpoint USING brin (occurred_at) WITH (pages_per_range = 32);
CREATE INDEX IF NOT EXISTS stage_history_entered_at_idx ON %1$I.stage_history (entered_at);
CREATE INDEX IF NOT EXISTS touchpoint_deal_idx ON %1$I.touchpoint (kind, occurred_at)
  WHERE kind IN ('opportunity_opened', 'opportunity_won', 'opportunity_lost');
CREATE INDEX IF NOT EXISTS touchpoint_dealer_idx ON %1$I.touchpoint (customer_id, kind)
  WHERE kind IN ('opportunity_opened', 'opportunity_won', 'opportunity_lost');
CREATE INDEX IF NOT EXISTS touchpoint_ticket_idx ON %1$I.touchpoint (customer_id, occurred_at)
  WHERE kind IN ('ticket_opened', 'ticket_replied', 'ticket_resolved', 'ticket_reopened');
CREATE INDEX IF NOT EXISTS touchpoint_loss_idx ON %1$I.touchpoint (customer_id, occurred_at) WHERE kind IN ('payment_failed', 'cancelled', 'subscription_ended');
CREATE INDEX IF NOT EXISTS customer_referral_idx ON %1$I.customer (customer_id) WHERE channel = 'referral';
CREATE INDEX IF NOT EXISTS touchpoint_referred_idx ON %1$I.touchpoint (subject) WHERE kind = 'referral_converted';
INSERT INTO %1$I.setting (name, value, meaning) VALUES
  ('margin', '1', 'contribution margin as a share of revenue, 0..1: for lifetime value and payback'),
  ('kpi_grains', 'month', 'lengths of period that ledger_refresh() keeps and kpi shows: month, and any of day, week, quarter, year'),
  ('session_gap', '30 minutes', 'silence longer than this ends a session'),
  ('attribution_lookback', '90 days', 'touches up to this long before a first payment share in it')
  ON CONFLICT DO NOTHING;
INSERT INTO %1$I.segment (segment, dimension, condition, value_of, priority, meaning)
  SELECT d.segment, d.dimension, d.condition, d.value_of, d.priority, d.meaning FROM %3$s.ledger_default_segments() d
  ON CONFLICT DO NOTHING;
  $ddl$, name, customer_key, '@extschema@');
  EXECUTE format('CREATE OR REPLACE TRIGGER segment_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I.segment '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s.segment_changed()', name, '@extschema@');
  EXECUTE format('CREATE OR REPLACE TRIGGER kpi_target_checked BEFORE INSERT OR UPDATE OF kpi, segment ON %I.kpi_target '
                 'FOR EACH ROW EXECUTE FUNCTION %s.kpi_target_checked()', name, '@extschema@');
  PERFORM @extschema@.ledger_kpi_boundary(name, coalesce(@extschema@.ledger_kpi_boundary(name), '-infinity'));
END $$;
COMMENT ON FUNCTION ledger_make_kpi(text, regtype) IS 'part of ledger_create(): what is kept of closed periods, targets, indexes for KPIs';
