--
-- ledger: time
--

CREATE FUNCTION ledger_tick_stages(ledger text, as_of timestamptz) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'ledger_tick';
COMMENT ON FUNCTION ledger_tick_stages(text, timestamptz) IS
  'part of ledger_tick(): moves the clock, and customers whose silence, contract or onboarding is over; how many';

-- Silence that has become long enough a month before is told even if a tick comes late.
CREATE FUNCTION ledger_tick_events(ledger text, before timestamptz, horizon timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_apply_overrides(ledger, horizon);
  PERFORM @extschema@.ledger_tell_bands(ledger);
  IF @extschema@.ledger_setting(ledger, 'events') = 'on' THEN
    PERFORM @extschema@.ledger_withdraw_replies(ledger, horizon);
    PERFORM @extschema@.ledger_tell_replies(ledger, horizon);
    PERFORM @extschema@.ledger_withdraw_silence(ledger, horizon);
    PERFORM @extschema@.ledger_play_silence(ledger, CASE WHEN before IS NOT NULL THEN least(before, horizon - interval '720 hours') END, horizon);
  END IF;
  PERFORM @extschema@.ledger_purge_events(ledger, @extschema@.ledger_setting(ledger, 'events_kept')::interval);
END $$;
COMMENT ON FUNCTION ledger_tick_events(text, timestamptz, timestamptz) IS
  'part of ledger_tick(): bands, replies that are due, silence; forgets old events';

CREATE FUNCTION ledger_tick(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE plpgsql STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before timestamptz;
  horizon timestamptz;
  due timestamptz;
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT k.horizon FROM %I.clock k', ledger) INTO before;
  n := @extschema@.ledger_tick_stages(ledger, as_of);
  EXECUTE format('SELECT k.horizon FROM %I.clock k', ledger) INTO horizon;
  FOR due IN SELECT i FROM @extschema@.ledger_health_instants(ledger, horizon) i LOOP
    PERFORM @extschema@.ledger_read_health(ledger, due);
  END LOOP;
  PERFORM @extschema@.ledger_tick_events(ledger, before, horizon);
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: customers churn, contracts end, onboarding is over, each when it fell due; reads health; tells of silence and late replies; how many customers moved';

--
-- ledger: is the state what the log says?
--

CREATE FUNCTION ledger_check(
  ledger text, OUT customer_id text, OUT problem text, OUT stage text, OUT right_stage text
) RETURNS SETOF record
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_check(text) IS
  'the customers whose state or history is not what their touchpoints give: drift, rules have changed, time has passed, missing, without touchpoints; none: all is well';

CREATE FUNCTION ledger_rebuild_stages(ledger text) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'ledger_rebuild';
COMMENT ON FUNCTION ledger_rebuild_stages(text) IS
  'part of ledger_rebuild(): folds all customers anew, locking them until the end of the transaction; the number of customers';

CREATE FUNCTION ledger_rebuild(ledger text) RETURNS bigint
  LANGUAGE plpgsql STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint := @extschema@.ledger_rebuild_stages(ledger);
  last_read timestamptz;
BEGIN
  EXECUTE format('SELECT max(i.read_at) FROM %I.health_instant i', ledger) INTO last_read;
  IF last_read IS NOT NULL THEN
    PERFORM @extschema@.ledger_read_health(ledger, last_read);
    PERFORM @extschema@.ledger_tell_bands(ledger);
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_rebuild(text) IS
  'folds all customers anew from their touchpoints, by the rules as they are now, locking them until the end of the transaction; reads the last health anew; the number of customers';

CREATE FUNCTION ledger_churns_at(fold_state bytea, silence_after interval) RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_churns_at(bytea, interval) IS
  'when a customer churns if nothing happens until then, by customer.fold_state and the setting silence_after; NULL: no end is known, or no customer';
