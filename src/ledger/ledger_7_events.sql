--
-- ledger: what a backend must hear
--

CREATE FUNCTION ledger_claim_events(ledger text, n integer DEFAULT 100, lease interval DEFAULT '1 minute')
  RETURNS TABLE (event_id bigint, customer_id text, event text, occurred_at timestamptz, payload jsonb, attempts integer)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF n < 1 OR lease <= '0' THEN
    RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- the oldest event of each customer alone, or two workers would lose their order
  RETURN QUERY EXECUTE format($sql$
    WITH next AS (
      SELECT o.event_id FROM %1$I.event_outbox o
       WHERE o.acked_at IS NULL AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp())
         AND NOT EXISTS (SELECT FROM %1$I.event_outbox p
                          WHERE p.customer_id = o.customer_id AND p.acked_at IS NULL AND p.event_id < o.event_id)
       ORDER BY o.event_id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
    ), claimed AS (
      UPDATE %1$I.event_outbox e SET leased_until = clock_timestamp() + $2, attempts = e.attempts + 1
        FROM next WHERE e.event_id = next.event_id
      RETURNING e.event_id, e.customer_id::text, e.event, e.occurred_at, e.payload, e.attempts
    )
    SELECT * FROM claimed c ORDER BY c.event_id
  $sql$, ledger) USING n, lease;
END $$;
COMMENT ON FUNCTION ledger_claim_events(text, integer, interval) IS
  'up to n events for a worker, the oldest of each customer, for the time of the lease: acknowledge them with ledger_ack_events(), or another worker gets them';

CREATE FUNCTION ledger_ack_events(ledger text, VARIADIC event_ids bigint[]) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('UPDATE %I.event_outbox e SET acked_at = now() WHERE e.event_id = ANY ($1) AND e.acked_at IS NULL', ledger)
    USING event_ids;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_ack_events(text, bigint[]) IS 'these events are done with; how many had not been';

CREATE FUNCTION ledger_purge_events(ledger text, older_than interval DEFAULT '30 days') RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('DELETE FROM %I.event_outbox e WHERE e.acked_at < now() - $1', ledger) USING older_than;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_purge_events(text, interval) IS 'forgets events that were acknowledged longer ago; how many';
