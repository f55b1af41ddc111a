--
-- ledger: bands of health that someone has set, and telling of bands
--

CREATE FUNCTION ledger_to_instant(given text) RETURNS timestamptz
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN given::timestamptz;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger_to_instant(text) IS 'the instant that a text says, or NULL if it says none';

CREATE FUNCTION ledger_health_overrides(ledger text, set_before timestamptz, holding_at timestamptz)
  RETURNS TABLE (customer_id text, band text, reason text, actor text, set_at timestamptz, holds_until timestamptz)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE format($sql$
    SELECT * FROM (
      SELECT DISTINCT ON (t.customer_id) t.customer_id::text, t.properties ->> 'band' AS band, t.properties ->> 'reason',
             t.properties ->> 'actor', t.occurred_at, @extschema@.ledger_to_instant(t.properties ->> 'until') AS holds_until
        FROM %I.touchpoint t
       WHERE t.kind = 'health_band_set' AND t.occurred_at < $1
       ORDER BY t.customer_id, t.occurred_at DESC, t.touchpoint_id DESC) o
     WHERE o.band IN ('red', 'yellow', 'green') AND o.holds_until > $2
  $sql$, ledger) USING set_before, holding_at;
END $$;
COMMENT ON FUNCTION ledger_health_overrides(text, timestamptz, timestamptz) IS
  'the bands of health that were set by someone: of each customer the last one set before an instant, if it holds at another';

-- What someone has set since, or what has expired; customers whose reading is anew have it already.
CREATE FUNCTION ledger_apply_overrides(ledger text, holding_at timestamptz, customer text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($sql$
    WITH held AS (
      SELECT o.* FROM @extschema@.ledger_health_overrides($1, 'infinity', $2) o WHERE $3 IS NULL OR o.customer_id = $3
    ), wanted AS (
      SELECT h.customer_id, coalesce(o.band, h.computed_band) AS band, o.reason, o.actor, o.holds_until,
             CASE WHEN coalesce(o.band, h.computed_band) IS NOT DISTINCT FROM h.health_band THEN h.band_since
                  ELSE coalesce(o.set_at, CASE WHEN h.override_until <= $2 THEN h.override_until ELSE now() END) END AS since
        FROM %1$I.customer_health h
        LEFT JOIN held o ON o.customer_id = h.customer_id::text
       WHERE (o.band IS NOT NULL OR h.override_until IS NOT NULL) AND ($3 IS NULL OR h.customer_id::text = $3)
         AND (h.override_reason, h.override_actor, h.override_until, h.health_band) IS DISTINCT FROM
             (o.reason, o.actor, o.holds_until, coalesce(o.band, h.computed_band))
    )
    UPDATE %1$I.customer_health h
       SET health_band = w.band, band_since = w.since, override_reason = w.reason, override_actor = w.actor, override_until = w.holds_until
      FROM wanted w WHERE w.customer_id = h.customer_id
  $sql$, ledger) USING ledger, holding_at, customer;
END $$;
COMMENT ON FUNCTION ledger_apply_overrides(text, timestamptz, text) IS
  'part of ledger_tick() and ledger_set_health_band(): customer_health shows the bands that were set and hold, of all customers or of one';

-- Customers are locked before their events are numbered.  One who is locked by someone else is left
-- to the next tick: waiting for him could be waiting for each other.
CREATE FUNCTION ledger_tell_bands(ledger text) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format($sql$
    WITH locked AS MATERIALIZED (
      SELECT h.customer_id, h.told_band
        FROM %1$I.customer_health h
        JOIN %1$I.customer c ON c.customer_id = h.customer_id
       WHERE h.told_band IS DISTINCT FROM h.health_band
       ORDER BY h.customer_id FOR NO KEY UPDATE OF c, h SKIP LOCKED
    ), told AS (
      UPDATE %1$I.customer_health h SET told_band = h.health_band FROM locked l WHERE l.customer_id = h.customer_id
      RETURNING h.customer_id, l.told_band AS from_band, h.health_band AS to_band, h.band_since, h.read_at, h.health_score, h.computed_band,
                h.override_reason, h.top_driver
    )
    INSERT INTO %1$I.event_outbox (customer_id, event, occurred_at, payload)
    SELECT t.customer_id, 'band_changed', coalesce(t.band_since, t.read_at),
           jsonb_build_object('from_band', t.from_band, 'to_band', t.to_band, 'band_since', t.band_since, 'computed_band', t.computed_band,
                              'health_score', t.health_score, 'override_reason', t.override_reason, 'top_driver', t.top_driver)
      FROM told t
     WHERE $1 AND t.from_band IS DISTINCT FROM t.to_band
     ORDER BY t.customer_id
  $sql$, ledger) USING @extschema@.ledger_setting(ledger, 'events') = 'on';
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_tell_bands(text) IS
  'part of ledger_tick(): event_outbox hears of the bands that have changed since it was last told; how many';

-- bands by hand

CREATE FUNCTION ledger_show_band(ledger text, customer text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  horizon timestamptz;
BEGIN
  EXECUTE format('SELECT coalesce(k.horizon, ''-infinity'') FROM %I.clock k', ledger) INTO horizon;
  EXECUTE format('INSERT INTO %1$I.customer_health (customer_id, read_at) SELECT c.customer_id, now() FROM %1$I.customer c '
                 ' WHERE c.customer_id = $1::%2$s AND @extschema@.is_customer(c.stage) ON CONFLICT DO NOTHING',
                 ledger, @extschema@.ledger_key_type(ledger)) USING customer;
  PERFORM @extschema@.ledger_apply_overrides(ledger, horizon, customer);
  PERFORM @extschema@.ledger_tell_bands(ledger);
END $$;
COMMENT ON FUNCTION ledger_show_band(text, text) IS 'part of ledger_set_health_band(): customer_health shows the band at once, and event_outbox hears of it';

CREATE FUNCTION ledger_set_health_band(
  ledger text, customer text, band text, reason text, until timestamptz, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF customer IS NULL OR coalesce(reason, '') = '' THEN
    RAISE EXCEPTION 'customer and reason must be given'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'A band that someone sets is part of the story: say why.';
  END IF;
  IF band NOT IN ('red', 'yellow', 'green') THEN
    RAISE EXCEPTION 'band "%" is not known', band
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Bands are red, yellow and green; NULL takes back what was set.';
  END IF;
  IF band IS NOT NULL AND (until IS NULL OR until <= occurred_at OR NOT isfinite(until)) THEN
    RAISE EXCEPTION 'until must be an instant after %', occurred_at
      USING ERRCODE = 'invalid_parameter_value', HINT = 'A band that someone sets holds for a time; set it again if it is to hold longer.';
  END IF;
  PERFORM @extschema@.ledger_touch(ledger, customer, 'health_band_set', occurred_at,
    properties => jsonb_build_object('band', band, 'reason', reason, 'actor', session_user, 'until', until));
  -- who may but write touchpoints leaves the rest to ledger_tick()
  IF has_table_privilege(format('%I.customer_health', ledger), 'INSERT, UPDATE')
     AND has_table_privilege(format('%I.event_outbox', ledger), 'INSERT') THEN
    PERFORM @extschema@.ledger_show_band(ledger, customer);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_set_health_band(text, text, text, text, timestamptz, timestamptz) IS
  'sets the band of health of a customer (red, yellow, green; NULL: as computed) until an instant, as a touchpoint that keeps the reason and who did it';
@for key in bigint, uuid
CREATE FUNCTION ledger_set_health_band(
  ledger text, customer @key@, band text, reason text, until timestamptz, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_health_band(ledger, customer::text, band, reason, until, occurred_at);
COMMENT ON FUNCTION ledger_set_health_band(text, @key@, text, text, timestamptz, timestamptz) IS
  'sets the band of health of a customer (red, yellow, green; NULL: as computed) until an instant, as a touchpoint that keeps the reason and who did it';
@end
