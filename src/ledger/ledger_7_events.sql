--
-- ledger: what a backend must hear
--

-- Which events may be claimed: the oldest of each customer alone, or two workers would lose their
-- order; and those that are nobody's.  The oldest events are looked through first.  Where many of
-- these wait for others of their customers, the customers are looked through, one after the other by
-- the index, from a random one on.

CREATE FUNCTION ledger_claim_oldest(ledger text, n integer, looked_through integer) RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  claimed bigint[];
BEGIN
  EXECUTE format($sql$
    WITH oldest AS MATERIALIZED (
      SELECT o.event_id FROM %1$I.event_outbox o WHERE o.acked_at IS NULL ORDER BY o.event_id LIMIT $2
    ), next AS (
      SELECT o.event_id FROM oldest JOIN %1$I.event_outbox o ON o.event_id = oldest.event_id
       WHERE o.acked_at IS NULL AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp())
         AND NOT EXISTS (SELECT FROM %1$I.event_outbox p
                          WHERE p.customer_id = o.customer_id AND p.acked_at IS NULL AND p.event_id < o.event_id)
       ORDER BY o.event_id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
    )
    SELECT array_agg(next.event_id) FROM next
  $sql$, ledger) INTO claimed USING n, looked_through;
  RETURN coalesce(claimed, '{}');
END $$;
COMMENT ON FUNCTION ledger_claim_oldest(text, integer, integer) IS
  'part of ledger_claim_events(): locks up to n events that may be claimed, of so many of the oldest';

CREATE FUNCTION ledger_claim_by_customer(ledger text, n integer, claimed bigint[], from_anywhere boolean) RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  more bigint[];
BEGIN
  EXECUTE format($sql$
    WITH RECURSIVE span AS (
      SELECT min(o.event_id) AS first_id, max(o.event_id) AS last_id FROM %1$I.event_outbox o WHERE o.acked_at IS NULL
    ), head (customer_id, event_id, leased_until) AS (
      (SELECT o.customer_id, o.event_id, o.leased_until FROM %1$I.event_outbox o
        WHERE o.acked_at IS NULL
          AND o.customer_id >= CASE WHEN $3
                THEN (SELECT a.customer_id FROM %1$I.event_outbox a
                       WHERE a.acked_at IS NULL AND a.customer_id IS NOT NULL
                         AND a.event_id >= (SELECT s.first_id + floor(random() * (s.last_id - s.first_id + 1))::bigint FROM span s)
                       ORDER BY a.event_id LIMIT 1)
                ELSE (SELECT a.customer_id FROM %1$I.event_outbox a WHERE a.acked_at IS NULL ORDER BY a.customer_id LIMIT 1) END
        ORDER BY o.customer_id, o.event_id LIMIT 1)
      UNION ALL
      SELECT o.* FROM head h CROSS JOIN LATERAL
        (SELECT o.customer_id, o.event_id, o.leased_until FROM %1$I.event_outbox o
          WHERE o.acked_at IS NULL AND o.customer_id > h.customer_id ORDER BY o.customer_id, o.event_id LIMIT 1) o
    ), found AS MATERIALIZED (
      SELECT f.event_id FROM (
        SELECT o.event_id, o.leased_until FROM %1$I.event_outbox o WHERE o.acked_at IS NULL AND o.customer_id IS NULL
        UNION ALL
        SELECT h.event_id, h.leased_until FROM head h) f
       WHERE (f.leased_until IS NULL OR f.leased_until < clock_timestamp()) AND f.event_id <> ALL ($2) LIMIT $1
    ), next AS (
      SELECT o.event_id FROM found JOIN %1$I.event_outbox o ON o.event_id = found.event_id
       WHERE o.acked_at IS NULL AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp())
       ORDER BY o.event_id FOR UPDATE OF o SKIP LOCKED
    )
    SELECT array_agg(next.event_id) FROM next
  $sql$, ledger) INTO more USING n, claimed, from_anywhere;
  RETURN coalesce(more, '{}');
END $$;
COMMENT ON FUNCTION ledger_claim_by_customer(text, integer, bigint[], boolean) IS
  'part of ledger_claim_events(): locks up to n events that may be claimed and are none of those given, customer after customer, from the first one or a random one on';

CREATE FUNCTION ledger_claim(ledger text, n integer) RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  looked_through integer := least(n, 100000) * 5 + 1000;
  claimed bigint[] := @extschema@.ledger_claim_oldest(ledger, n, looked_through);
  there_are_more boolean;
BEGIN
  IF cardinality(claimed) < n THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.event_outbox o WHERE o.acked_at IS NULL ORDER BY o.event_id OFFSET $1)', ledger)
      INTO there_are_more USING looked_through;
    IF there_are_more THEN
      claimed := claimed || @extschema@.ledger_claim_by_customer(ledger, n - cardinality(claimed), claimed, true);
    END IF;
    IF there_are_more AND claimed = '{}' THEN
      claimed := @extschema@.ledger_claim_by_customer(ledger, n, claimed, false);
    END IF;
  END IF;
  RETURN claimed;
END $$;
COMMENT ON FUNCTION ledger_claim(text, integer) IS 'part of ledger_claim_events(): locks up to n events that may be claimed';

CREATE FUNCTION ledger_claim_events(ledger text, n integer DEFAULT 100, lease interval DEFAULT '1 minute')
  RETURNS TABLE (event_id bigint, customer_id text, event text, occurred_at timestamptz, payload jsonb, attempts integer)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF n IS NULL OR lease IS NULL OR n < 1 OR lease <= '0' THEN
    RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN QUERY EXECUTE format($sql$
    WITH leased AS (
      UPDATE %1$I.event_outbox e SET leased_until = clock_timestamp() + $2, attempts = e.attempts + 1
       WHERE e.event_id = ANY ($1)
      RETURNING e.event_id, e.customer_id::text, e.event, e.occurred_at, e.payload, e.attempts
    )
    SELECT * FROM leased l ORDER BY l.event_id
  $sql$, ledger) USING @extschema@.ledger_claim(ledger, n), lease;
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
