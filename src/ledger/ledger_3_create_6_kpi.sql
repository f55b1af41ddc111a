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
CREATE TABLE IF NOT EXISTS %1$I.kpi_late (
  late_since timestamptz NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  is_taken boolean NOT NULL DEFAULT false
);
ALTER TABLE %1$I.kpi_late REPLICA IDENTITY FULL; -- or a publication would stop its updates
COMMENT ON TABLE %1$I.kpi_late IS 'touchpoints that came late, corrections and changed rules since the last ledger_refresh(): what is kept of periods from late_since on is outdated';
CREATE TABLE IF NOT EXISTS %1$I.kpi_revenue_change (
  customer_id %2$s NOT NULL,
  changed_at timestamptz NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (customer_id, changed_at)
);
COMMENT ON TABLE %1$I.kpi_revenue_change IS 'when recurring revenue of a customer changed, and by how much a month; by touchpoints before kpi_revenue_until';
CREATE TABLE IF NOT EXISTS %1$I.kpi_revenue_until (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revenue_until timestamptz
);
INSERT INTO %1$I.kpi_revenue_until (only_row) VALUES (true) ON CONFLICT DO NOTHING;
COMMENT ON TABLE %1$I.kpi_revenue_until IS 'the instant before which kpi_revenue_change knows all touchpoints, in one row; NULL: none';
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
COMMENT ON COLUMN %1$I.kpi_target.kpi IS 'a kpi of kpi_definition';
COMMENT ON COLUMN %1$I.kpi_target.baseline IS 'where it began; NULL: the kpi''s value in the last month that was complete on baseline_on';
COMMENT ON COLUMN %1$I.kpi_target.change IS 'relative: 0.15 of 0.80 is 0.92; points: 0.15 more than 0.80 is 0.95; negative: less';
COMMENT ON COLUMN %1$I.kpi_target.owner IS 'who answers for it';
CREATE INDEX IF NOT EXISTS touchpoint_occurred_idx ON %1$I.touchpoint USING brin (occurred_at) WITH (pages_per_range = 32);
CREATE INDEX IF NOT EXISTS touchpoint_deal_idx ON %1$I.touchpoint (kind, occurred_at)
  WHERE kind IN ('opportunity_opened', 'opportunity_won', 'opportunity_lost');
CREATE INDEX IF NOT EXISTS touchpoint_referred_idx ON %1$I.touchpoint (subject) WHERE kind = 'referral_converted';
INSERT INTO %1$I.setting (name, value, meaning) VALUES
  ('margin', '1', 'contribution margin as a share of revenue, 0..1: for lifetime value and payback'),
  ('kpi_grains', 'month', 'lengths of period that ledger_refresh() keeps and kpi shows: month, and any of day, week, quarter, year'),
  ('session_gap', '30 minutes', 'silence longer than this ends a session')
  ON CONFLICT DO NOTHING;
  $ddl$, name, customer_key);
  PERFORM @extschema@.ledger_kpi_boundary(name, coalesce(@extschema@.ledger_kpi_boundary(name), '-infinity'));
END $$;
COMMENT ON FUNCTION ledger_make_kpi(text, regtype) IS 'part of ledger_create(): what is kept of closed periods, targets, indexes for KPIs';
