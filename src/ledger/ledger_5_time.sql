--
-- ledger: time
--

CREATE FUNCTION ledger_tick_stages(ledger text, as_of timestamptz, after text, upto text) RETURNS bigint
  LANGUAGE C AS 'MODULE_PATHNAME', 'ledger_tick';
COMMENT ON FUNCTION ledger_tick_stages(text, timestamptz, text, text) IS
  'part of ledger_tick(): moves the clock, and customers whose silence, contract or onboarding is over, all or those with keys beyond after and up to upto; how many';

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
  told timestamptz;
  horizon timestamptz;
  due timestamptz;
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  n := @extschema@.ledger_tick_stages(ledger, as_of, NULL, NULL);
  EXECUTE format('SELECT k.told_horizon, k.horizon FROM %I.clock k', ledger) INTO told, horizon;
  FOR due IN SELECT i FROM @extschema@.ledger_health_instants(ledger, horizon) i LOOP
    PERFORM @extschema@.ledger_read_health(ledger, due);
  END LOOP;
  PERFORM @extschema@.ledger_tick_events(ledger, told, horizon);
  EXECUTE format('UPDATE %I.clock SET told_horizon = horizon', ledger);
  -- last, for the locks that it takes are in the way
  IF @extschema@.ledger_is_partitioned(ledger) THEN
    PERFORM @extschema@.ledger_partition_ahead(ledger);
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: customers churn, contracts end, onboarding is over, each when it fell due; reads health; tells of silence and late replies; how many customers moved';

-- The key of the last customer in a batch of those who are due; NULL: there are no more.
CREATE FUNCTION ledger_tick_batch(ledger text, as_of timestamptz, after text, batch integer) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  last text;
BEGIN
  EXECUTE format('SELECT b.customer_id FROM (SELECT c.customer_id FROM %I.customer c WHERE c.due_at < $1 %s '
                 'ORDER BY c.customer_id LIMIT $3) b ORDER BY b.customer_id DESC LIMIT 1',
                 ledger, CASE WHEN after IS NOT NULL THEN format('AND c.customer_id > $2::%s', @extschema@.ledger_key_type(ledger)) END)
    INTO last USING as_of, after, batch;
  RETURN last;
END $$;
COMMENT ON FUNCTION ledger_tick_batch(text, timestamptz, text, integer) IS
  'part of ledger_tick_batches(): the key of the last customer in the next batch of those who are due';

CREATE FUNCTION ledger_tick_progress(ledger text, n bigint, total bigint, started timestamptz) RETURNS text
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN format('%s: time has passed for %s of %s customers, %s left', ledger, n, greatest(n, total),
    date_trunc('second', (clock_timestamp() - started) * greatest(total - n, 0) / greatest(n, 1)));
COMMENT ON FUNCTION ledger_tick_progress(text, bigint, bigint, timestamptz) IS 'part of ledger_tick_batches(): how far it is';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_tick_batches(ledger text, as_of timestamptz DEFAULT now(), batch integer DEFAULT 20000)
  LANGUAGE plpgsql
AS $$
DECLARE
  upto pg_catalog.text;
  after pg_catalog.text;
  n bigint := 0;
  total bigint;
  started pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_tick_batches()');
  PERFORM @extschema@.ledger_require(ledger);
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM %I.customer c WHERE c.due_at OPERATOR(pg_catalog.<) $1', ledger) INTO total USING as_of;
  LOOP
    upto := @extschema@.ledger_tick_batch(ledger, as_of, after, batch);
    EXIT WHEN upto IS NULL;
    n := n OPERATOR(pg_catalog.+) @extschema@.ledger_tick_stages(ledger, as_of, after, upto);
    COMMIT;
    after := upto;
    RAISE NOTICE '%', @extschema@.ledger_tick_progress(ledger, n, total, started);
  END LOOP;
  -- what is left: who has become due meanwhile, health, and what backends are to be told of
  PERFORM @extschema@.ledger_tick(ledger, as_of);
END $$;
COMMENT ON PROCEDURE ledger_tick_batches(text, timestamptz, integer) IS
  'as ledger_tick(), in batches of so many customers that commit, so that no writer waits for long; what was interrupted goes on at the next; outside a transaction block';

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
