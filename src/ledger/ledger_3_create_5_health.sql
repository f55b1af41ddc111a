--
-- ledger: making one: how customers are, and the models fitted to them
--

CREATE FUNCTION ledger_make_measures(name text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.health_measure (
  measure text PRIMARY KEY,
  pillar text NOT NULL CHECK (pillar IN ('clarity', 'consistency', 'convenience', 'collaboration', 'care')),
  bad double precision NOT NULL,
  good double precision NOT NULL,
  weight double precision NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'infinity'),
  is_active boolean NOT NULL DEFAULT true,
  meaning text,
  CHECK (bad <> good)
);
COMMENT ON TABLE %1$I.health_measure IS 'what health is made of; a measure of your own is read from touchpoints health_reading whose subject is its name';
COMMENT ON COLUMN %1$I.health_measure.measure IS 'name of the measure';
COMMENT ON COLUMN %1$I.health_measure.pillar IS 'the pillar that it belongs to: clarity, consistency, convenience, collaboration, care';
COMMENT ON COLUMN %1$I.health_measure.bad IS 'value that scores 0 of 100; may be larger than good';
COMMENT ON COLUMN %1$I.health_measure.good IS 'value that scores 100 of 100';
COMMENT ON COLUMN %1$I.health_measure.weight IS 'its weight in the score';
COMMENT ON COLUMN %1$I.health_measure.is_active IS 'counts from the next reading on';
COMMENT ON COLUMN %1$I.health_measure.meaning IS 'what is measured';
CREATE TABLE IF NOT EXISTS %1$I.health_instant (
  read_at timestamptz PRIMARY KEY,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  customer_count bigint NOT NULL
);
COMMENT ON TABLE %1$I.health_instant IS 'the instants at which health has been read, for all customers at once';
COMMENT ON COLUMN %1$I.health_instant.read_at IS 'what had happened before this instant was looked at';
COMMENT ON COLUMN %1$I.health_instant.recorded_at IS 'when the reading was done';
COMMENT ON COLUMN %1$I.health_instant.customer_count IS 'customers that had a reading';
CREATE TABLE IF NOT EXISTS %1$I.fitted_model (
  model text PRIMARY KEY CHECK (model IN ('clv', 'churn')),
  fitted_at timestamptz NOT NULL DEFAULT now(),
  as_of timestamptz NOT NULL,
  clv %2$s.clv_model,
  risk %2$s.risk_model,
  note text
);
COMMENT ON TABLE %1$I.fitted_model IS 'models of the customers of this ledger, by ledger_fit(): one row each';
COMMENT ON COLUMN %1$I.fitted_model.model IS 'clv: purchases and spend to come; churn: who leaves within 90 days';
COMMENT ON COLUMN %1$I.fitted_model.fitted_at IS 'when ledger_fit() ran';
COMMENT ON COLUMN %1$I.fitted_model.as_of IS 'what had happened by this instant was looked at';
COMMENT ON COLUMN %1$I.fitted_model.clv IS 'the model of purchases and spend; NULL: too few customers, or not this row''s';
COMMENT ON COLUMN %1$I.fitted_model.risk IS 'the model of churn; NULL: too few who left or stayed, or not this row''s';
COMMENT ON COLUMN %1$I.fitted_model.note IS 'what it was fitted to, or why it was not';
  $ddl$, name, '@extschema@');
  PERFORM @extschema@.ledger_add_defaults(name, 'health_measure', '{measure}', '{measure,pillar,bad,good,weight,meaning}', 'SELECT * FROM @extschema@.ledger_default_measures()');
END $$;
COMMENT ON FUNCTION ledger_make_measures(text) IS 'part of ledger_create(): measures of health, instants of readings, fitted models';

CREATE FUNCTION ledger_make_health(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  PERFORM @extschema@.ledger_make_measures(name);
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.customer_health (
  customer_id %2$s PRIMARY KEY,
  read_at timestamptz NOT NULL,
  health_score double precision,
  health_band text CHECK (health_band IN ('red', 'yellow', 'green')),
  band_since timestamptz,
  computed_band text CHECK (computed_band IN ('red', 'yellow', 'green')),
  override_reason text,
  override_actor text,
  override_until timestamptz,
  previous_score double precision,
  coverage double precision,
  clarity double precision,
  consistency double precision,
  convenience double precision,
  collaboration double precision,
  care double precision,
  top_driver text,
  top_driver_cost double precision,
  measures %3$s.health_summary,
  churn_probability double precision,
  told_band text
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS customer_health_untold_idx ON %1$I.customer_health (customer_id)
  WHERE told_band IS DISTINCT FROM health_band;
CREATE INDEX IF NOT EXISTS customer_health_override_idx ON %1$I.customer_health (override_until)
  WHERE override_until IS NOT NULL;
COMMENT ON TABLE %1$I.customer_health IS 'how a customer is, by the last reading: one row for each who was a customer then';
COMMENT ON COLUMN %1$I.customer_health.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.customer_health.read_at IS 'the instant that was read: what had happened before it counts';
COMMENT ON COLUMN %1$I.customer_health.health_score IS 'health, 1 (bad) to 10 (good); NULL: too few measures have a value';
COMMENT ON COLUMN %1$I.customer_health.health_band IS 'red, yellow or green: the override''s while one holds, else computed_band';
COMMENT ON COLUMN %1$I.customer_health.band_since IS 'since when health_band is what it is';
COMMENT ON COLUMN %1$I.customer_health.computed_band IS 'red, yellow or green by the score; leaving the band of the reading before takes 0.25 more than its edge';
COMMENT ON COLUMN %1$I.customer_health.override_reason IS 'why someone set another band; NULL: nobody did';
COMMENT ON COLUMN %1$I.customer_health.override_actor IS 'who set it';
COMMENT ON COLUMN %1$I.customer_health.override_until IS 'until when it holds';
COMMENT ON COLUMN %1$I.customer_health.previous_score IS 'health_score of the reading before; NULL: there was none';
COMMENT ON COLUMN %1$I.customer_health.coverage IS 'share of the weight of the measures that has a value, 0..1';
COMMENT ON COLUMN %1$I.customer_health.clarity IS 'score of this pillar, 1 (bad) to 10 (good); NULL: too few of its measures have a value';
COMMENT ON COLUMN %1$I.customer_health.consistency IS 'score of this pillar, 1 (bad) to 10 (good); NULL: too few of its measures have a value';
COMMENT ON COLUMN %1$I.customer_health.convenience IS 'score of this pillar, 1 (bad) to 10 (good); NULL: too few of its measures have a value';
COMMENT ON COLUMN %1$I.customer_health.collaboration IS 'score of this pillar, 1 (bad) to 10 (good); NULL: too few of its measures have a value';
COMMENT ON COLUMN %1$I.customer_health.care IS 'score of this pillar, 1 (bad) to 10 (good); NULL: too few of its measures have a value';
COMMENT ON COLUMN %1$I.customer_health.top_driver IS 'the measure that costs most points; NULL: none costs any';
COMMENT ON COLUMN %1$I.customer_health.top_driver_cost IS 'points of the score, of 1..10, that it costs';
COMMENT ON COLUMN %1$I.customer_health.measures IS 'all measures: for health_drivers(), and for rollup() over a segment';
COMMENT ON COLUMN %1$I.customer_health.churn_probability IS 'of leaving within 90 days of the reading, 0..1, by the model of churn; NULL: there is none';
COMMENT ON COLUMN %1$I.customer_health.told_band IS 'the band that event_outbox has last told of; for ledger_tick()';
CREATE TABLE IF NOT EXISTS %1$I.health_history (
  customer_id %2$s NOT NULL,
  read_at timestamptz NOT NULL,
  health_score double precision,
  health_band text,
  computed_band text,
  PRIMARY KEY (customer_id, read_at)
);
CREATE INDEX IF NOT EXISTS health_history_read_at_idx ON %1$I.health_history (read_at);
CREATE INDEX IF NOT EXISTS touchpoint_band_set_idx ON %1$I.touchpoint (customer_id, occurred_at) WHERE kind = 'health_band_set';
COMMENT ON TABLE %1$I.health_history IS 'health of a customer at each reading; what becomes known later does not restate it';
COMMENT ON COLUMN %1$I.health_history.customer_id IS 'key of the customer';
COMMENT ON COLUMN %1$I.health_history.read_at IS 'the instant that was read';
COMMENT ON COLUMN %1$I.health_history.health_score IS 'health, 1 (bad) to 10 (good); NULL: too few measures had a value';
COMMENT ON COLUMN %1$I.health_history.health_band IS 'red, yellow or green: the override''s if one held at that instant, else computed_band';
COMMENT ON COLUMN %1$I.health_history.computed_band IS 'red, yellow or green by the score';
  $ddl$, name, customer_key, '@extschema@');
END $$;
COMMENT ON FUNCTION ledger_make_health(text, regtype) IS 'part of ledger_create(): how customers are';
