--
-- ledger: time
--

CREATE FUNCTION ledger_tick_stages(ledger text, as_of timestamptz) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'ledger_tick';
COMMENT ON FUNCTION ledger_tick_stages(text, timestamptz) IS
  'part of ledger_tick(): moves the clock, and customers whose silence, contract or onboarding is over; how many';

CREATE FUNCTION ledger_tick(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE plpgsql STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  horizon timestamptz;
  due timestamptz;
  n bigint;
BEGIN
  n := @extschema@.ledger_tick_stages(ledger, as_of);
  EXECUTE format('SELECT k.horizon FROM %I.clock k', ledger) INTO horizon;
  FOR due IN SELECT i FROM @extschema@.ledger_health_instants(ledger, horizon) i LOOP
    PERFORM @extschema@.ledger_read_health(ledger, due);
  END LOOP;
  PERFORM @extschema@.ledger_apply_overrides(ledger, horizon);
  PERFORM @extschema@.ledger_tell_bands(ledger);
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: silent customers churn, contracts end, onboarding is over, each when it fell due; the number of customers for whom something did';

--
-- ledger: is the state what the log says?
--

CREATE FUNCTION ledger_check(
  ledger text, OUT customer_id text, OUT problem text, OUT stage text, OUT right_stage text
) RETURNS SETOF record
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_check(text) IS
  'the customers whose state or history is not what their touchpoints give: drift, rules have changed, time has passed, missing, without touchpoints; none: all is well';

CREATE FUNCTION ledger_rebuild(ledger text) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_rebuild(text) IS
  'folds all customers anew from their touchpoints, by the rules as they are now, locking them until the end of the transaction; the number of customers';
