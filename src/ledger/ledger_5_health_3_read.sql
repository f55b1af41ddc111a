--
-- ledger: reading the health of all customers at fixed instants
--

CREATE FUNCTION ledger_health_instants(ledger text, horizon timestamptz) RETURNS SETOF timestamptz
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unit text := @extschema@.ledger_setting(ledger, 'health_every');
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
BEGIN
  IF unit = 'never' OR horizon IS NULL THEN
    RETURN;
  END IF;
  IF unit NOT IN ('day', 'week', 'month') THEN
    RAISE EXCEPTION 'invalid setting "health_every": "%"', unit
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Health is read every day, week or month, or never.';
  END IF;
  RETURN QUERY EXECUTE format($sql$
    SELECT d.due_at
      FROM (SELECT (date_trunc($2, $1 AT TIME ZONE $3) - n * ('1 ' || $2)::interval) AT TIME ZONE $3 AS due_at
              FROM generate_series(0, 12) AS n) d
     WHERE d.due_at > coalesce((SELECT max(i.read_at) FROM %1$I.health_instant i), '-infinity')
       AND d.due_at > (SELECT min(c.first_paid_at) FROM %1$I.customer c)
     ORDER BY d.due_at
  $sql$, ledger) USING horizon, unit, zone;
END $$;
COMMENT ON FUNCTION ledger_health_instants(text, timestamptz) IS
  'the instants up to the horizon at which health is still to be read: starts of days, weeks or months of the ledger''s time zone; the last 13 at most';

CREATE FUNCTION ledger_churn_features(ledger text) RETURNS text[]
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names text[];
BEGIN
  EXECUTE format($sql$
    SELECT f.names
      FROM (SELECT ARRAY(SELECT p.name FROM @extschema@.parameters(m.risk) WITH ORDINALITY AS p (name, estimate, std_error, lower, upper, n)
                          WHERE p.n > 1 ORDER BY p.n) AS names
              FROM %1$I.fitted_model m WHERE m.model = 'churn' AND m.risk IS NOT NULL) f
     WHERE f.names <@ ARRAY(SELECT h.measure FROM %1$I.health_measure h WHERE h.is_active)
  $sql$, ledger) INTO names;
  RETURN names;
END $$;
COMMENT ON FUNCTION ledger_churn_features(text) IS
  'the measures of health that the ledger''s model of churn looks at, in its order; NULL: there is no model, or it wants a measure that is not active';

-- One statement, two tables: what customer_health shows, and what health_history keeps.
CREATE FUNCTION ledger_health_statement(ledger text) RETURNS text
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
WITH summed AS (
  SELECT q.customer_id, %2$s.health_agg(q.score, q.weight, q.pillar, q.measure) AS measures,
         array_agg(coalesce(q.score, 50) ORDER BY f.n) FILTER (WHERE f.n IS NOT NULL) AS features
    FROM (%3$s) q
    LEFT JOIN unnest($5::text[]) WITH ORDINALITY AS f (measure, n) ON f.measure = q.measure
   GROUP BY q.customer_id
), scored AS (
  SELECT s.*, %2$s.health_score(s.measures, 'renormalise', $4) AS score, p.health_score AS previous_score, p.computed_band AS previous_band
    FROM summed s
    LEFT JOIN %1$I.health_history p ON p.customer_id = s.customer_id AND p.read_at = $3
), banded AS MATERIALIZED (
  SELECT s.*, %2$s.health_band(s.score, s.previous_band) AS computed_band, o.band AS set_band, o.reason, o.actor, o.set_at, o.holds_until,
         t.band AS then_band
    FROM scored s
    LEFT JOIN %2$s.ledger_health_overrides(%4$L, 'infinity', $1) o ON o.customer_id = s.customer_id::text
    LEFT JOIN %2$s.ledger_health_overrides(%4$L, $1, $1) t ON t.customer_id = s.customer_id::text
), remembered AS (
  INSERT INTO %1$I.health_history (customer_id, read_at, health_score, health_band, computed_band)
  SELECT b.customer_id, $1, b.score, coalesce(b.then_band, b.computed_band), b.computed_band FROM banded b
)
INSERT INTO %1$I.customer_health AS h (customer_id, read_at, health_score, health_band, band_since, computed_band,
  override_reason, override_actor, override_until, previous_score, coverage, clarity, consistency, convenience, collaboration, care,
  top_driver, top_driver_cost, measures, churn_probability)
SELECT b.customer_id, $1, b.score, coalesce(b.set_band, b.computed_band), coalesce(b.set_at, $1), b.computed_band,
       b.reason, b.actor, b.holds_until, b.previous_score, %2$s.health_coverage(b.measures),
       %2$s.pillar_score(b.measures, 'clarity', 'renormalise', $4), %2$s.pillar_score(b.measures, 'consistency', 'renormalise', $4),
       %2$s.pillar_score(b.measures, 'convenience', 'renormalise', $4), %2$s.pillar_score(b.measures, 'collaboration', 'renormalise', $4),
       %2$s.pillar_score(b.measures, 'care', 'renormalise', $4), d.measure, d.contribution, b.measures,
       CASE WHEN $5 IS NOT NULL THEN %2$s.churn_probability($6, b.features) END
  FROM banded b
  LEFT JOIN LATERAL (SELECT v.measure, v.contribution FROM %2$s.health_drivers(b.measures, 'renormalise', $4) v
                      WHERE v.contribution > 0 ORDER BY v.contribution DESC, v.measure LIMIT 1) d ON true
ON CONFLICT (customer_id) DO UPDATE SET read_at = excluded.read_at, health_score = excluded.health_score,
  health_band = excluded.health_band,
  band_since = CASE WHEN h.health_band IS NOT DISTINCT FROM excluded.health_band THEN h.band_since ELSE excluded.band_since END,
  computed_band = excluded.computed_band, override_reason = excluded.override_reason, override_actor = excluded.override_actor,
  override_until = excluded.override_until, previous_score = excluded.previous_score, coverage = excluded.coverage,
  clarity = excluded.clarity, consistency = excluded.consistency, convenience = excluded.convenience,
  collaboration = excluded.collaboration, care = excluded.care, top_driver = excluded.top_driver,
  top_driver_cost = excluded.top_driver_cost, measures = excluded.measures, churn_probability = excluded.churn_probability
  $sql$, ledger, '@extschema@', @extschema@.ledger_measure_query(ledger), ledger);
COMMENT ON FUNCTION ledger_health_statement(text) IS
  'part of ledger_read_health(): text of the statement that reads the instant $1; replies are due within $2, $3 is the reading before, $4 the least coverage, $5 and $6 the measures and the model of churn';

CREATE FUNCTION ledger_read_health(ledger text, read_at timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
DECLARE
  previous_at timestamptz;
  features text[] := @extschema@.ledger_churn_features(ledger);
  model @extschema@.risk_model;
  n bigint;
BEGIN
  EXECUTE format('SELECT max(i.read_at) FROM %I.health_instant i WHERE i.read_at < $1', ledger) INTO previous_at USING read_at;
  EXECUTE format('SELECT m.risk FROM %I.fitted_model m WHERE m.model = ''churn''', ledger) INTO model;
  EXECUTE format('DELETE FROM %I.health_history h WHERE h.read_at = $1', ledger) USING read_at;
  EXECUTE @extschema@.ledger_health_statement(ledger)
    USING read_at, @extschema@.ledger_setting(ledger, 'reply_within')::interval, previous_at,
          @extschema@.ledger_setting(ledger, 'health_min_coverage')::double precision, features, model;
  GET DIAGNOSTICS n = ROW_COUNT;
  EXECUTE format('DELETE FROM %1$I.customer_health c WHERE c.read_at <= $1 AND NOT EXISTS '
                 '(SELECT FROM %1$I.health_history h WHERE h.customer_id = c.customer_id AND h.read_at = $1)', ledger) USING read_at;
  EXECUTE format('INSERT INTO %I.health_instant (read_at, customer_count) VALUES ($1, $2) '
                 'ON CONFLICT (read_at) DO UPDATE SET recorded_at = now(), customer_count = excluded.customer_count', ledger)
    USING read_at, n;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_read_health(text, timestamptz) IS
  'part of ledger_tick() and ledger_health(): reads the health of all customers at an instant; how many there were';

CREATE FUNCTION ledger_health(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  due timestamptz;
  horizon timestamptz;
  n bigint := 0;
  done boolean := false;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  -- time may not pass, nor others read, meanwhile
  EXECUTE format('SELECT k.horizon FROM %I.clock k FOR UPDATE', ledger) INTO horizon;
  FOR due IN SELECT i FROM @extschema@.ledger_health_instants(ledger, least(as_of, horizon)) i LOOP
    n := @extschema@.ledger_read_health(ledger, due);
    done := true;
  END LOOP;
  IF NOT done THEN
    EXECUTE format('SELECT max(i.read_at) FROM %I.health_instant i', ledger) INTO due;
    IF due IS NOT NULL THEN
      n := @extschema@.ledger_read_health(ledger, due);
    END IF;
  END IF;
  PERFORM @extschema@.ledger_apply_overrides(ledger, horizon);
  PERFORM @extschema@.ledger_tell_bands(ledger);
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_health(text, timestamptz) IS
  'reads the health of all customers at the instants that are due, or the last one anew (late touchpoints, other measures), as far as ledger_tick() has let time pass; how many customers have a reading';
