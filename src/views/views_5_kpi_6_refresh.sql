--
-- KPIs: keeping closed periods
--

CREATE FUNCTION ledger_refresh_plan(
  ledger text, as_of timestamptz, OUT period_grain text, OUT since date, OUT until date, OUT step interval
) RETURNS SETOF record
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  late_since timestamptz;
  range record;
  first_at timestamptz;
BEGIN
  EXECUTE format('SELECT min(l.late_since) - interval ''192 hours'' FROM %I.kpi_late l', ledger) INTO late_since;
  EXECUTE format('SELECT min(t.occurred_at) FROM %I.touchpoint t', ledger) INTO first_at;
  IF first_at IS NULL THEN
    RETURN;
  END IF;
  FOREACH period_grain IN ARRAY string_to_array(replace(coalesce(@extschema@.ledger_setting(ledger, 'kpi_grains'), 'month'), ' ', ''), ',') LOOP
    step := @extschema@.ledger_grain_step(period_grain);
    range := @extschema@.ledger_kpi_range(ledger, period_grain);
    since := least(range.live_start, range.slow_start);
    IF late_since IS NOT NULL THEN
      since := least(since, @extschema@.period_start(greatest(late_since, first_at), period_grain, zone));
    END IF;
    until := @extschema@.period_start(as_of, period_grain, zone);
    IF since < until THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_refresh_plan(text, timestamptz) IS 'part of ledger_refresh(): which closed periods are missing, not settled or touched since';

CREATE FUNCTION ledger_refresh_tick(ledger text, as_of timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  horizon timestamptz;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF as_of IS NULL OR as_of > now() THEN
    RAISE EXCEPTION 'as_of must not be null or in the future' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('SELECT k.horizon FROM %I.clock k', ledger) INTO horizon;
  RETURN CASE WHEN horizon IS NULL OR horizon < as_of THEN @extschema@.ledger_tick(ledger, as_of) ELSE 0 END;
END $$;
COMMENT ON FUNCTION ledger_refresh_tick(text, timestamptz) IS
  'part of ledger_refresh(): lets time pass, for who churned by silence churned when it fell due, before a period is closed';

CREATE FUNCTION ledger_refresh_line(ledger text, as_of timestamptz, OUT closed timestamptz, OUT boundary timestamptz)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  grain text;
BEGIN
  FOREACH grain IN ARRAY string_to_array(replace(coalesce(@extschema@.ledger_setting(ledger, 'kpi_grains'), 'month'), ' ', ''), ',') LOOP
    IF @extschema@.ledger_grain_step(grain) IS NULL THEN
      RAISE EXCEPTION 'setting "%" of ledger "%" names "%"', 'kpi_grains', ledger, grain
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Lengths of periods are day, week, month, quarter and year.';
    END IF;
    closed := greatest(closed, @extschema@.period_start(as_of, grain, zone)::timestamp AT TIME ZONE zone);
    boundary := greatest(boundary, closed, @extschema@.period_start(as_of - interval '192 hours', grain, zone)::timestamp AT TIME ZONE zone + interval '192 hours');
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_refresh_line(text, timestamptz) IS
  'part of ledger_refresh(): the end of the last closed period, and the instant before which a touchpoint touches what is kept';

CREATE FUNCTION ledger_refresh_begin(ledger text, as_of timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '30s'
AS $$
DECLARE
  line record := @extschema@.ledger_refresh_line(ledger, as_of);
BEGIN
  -- waits for those who are writing now; who writes later, and earlier than the line, is noted in kpi_late
  EXECUTE format('LOCK TABLE %I.touchpoint IN SHARE ROW EXCLUSIVE MODE', ledger);
  IF @extschema@.ledger_kpi_boundary(ledger) IS DISTINCT FROM line.boundary THEN
    PERFORM @extschema@.ledger_kpi_boundary(ledger, line.boundary);
  END IF;
  EXECUTE format('UPDATE %I.kpi_late SET is_taken = true', ledger);
END $$;
COMMENT ON FUNCTION ledger_refresh_begin(text, timestamptz) IS 'part of ledger_refresh(): draws the line behind which touchpoints are late';

CREATE FUNCTION ledger_refresh_revenue(ledger text, as_of timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET jit = off
AS $$
DECLARE
  until timestamptz := (@extschema@.ledger_refresh_line(ledger, as_of)).closed;
BEGIN
  PERFORM set_config('TimeZone', @extschema@.ledger_setting(ledger, 'time_zone'), true);
  EXECUTE format('DELETE FROM %I.kpi_revenue_change', ledger);
  EXECUTE replace(format('INSERT INTO %I.kpi_revenue_change (customer_id, changed_at, amount) %s', ledger,
    @extschema@.ledger_revenue_changes(format('t.occurred_at < %L::timestamptz', until))), '@ledger@', quote_ident(ledger));
  EXECUTE format('UPDATE %I.kpi_revenue_until SET revenue_until = $1', ledger) USING until;
END $$;
COMMENT ON FUNCTION ledger_refresh_revenue(text, timestamptz) IS 'part of ledger_refresh(): when recurring revenue of each customer changed';

-- Keeps the facts of some periods; how many of them had been kept and turned out otherwise.
CREATE FUNCTION ledger_refresh_periods(ledger text, grain text, since date, until date, as_of timestamptz) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  settled date := @extschema@.period_start(as_of - interval '192 hours', grain, @extschema@.ledger_setting(ledger, 'time_zone'));
  restated date[];
BEGIN
  -- facts of slow families are kept when they are known
  EXECUTE format($sql$
    WITH fresh AS MATERIALIZED (
      SELECT f.segment, f.period_start, f.fact, f.value, k.is_slow
        FROM @extschema@.ledger_kpi_facts(%2$L, $1, $2, $3, ARRAY(SELECT k.family FROM @extschema@.ledger_kpi_families() k WHERE NOT k.is_open)) f
        JOIN @extschema@.ledger_kpi_families() k ON k.family = f.family
       WHERE NOT k.is_slow OR f.period_start < $4
    ), slow AS (
      SELECT DISTINCT f.fact FROM fresh f WHERE f.is_slow
    ), told AS (
      SELECT o.period_start, s.fact IS NOT NULL AS is_slow, md5(string_agg(concat_ws(' ', o.fact, trim_scale(o.value)), ',' ORDER BY o.fact COLLATE "C")) AS digest
        FROM %1$I.kpi_fact o LEFT JOIN slow s ON s.fact = o.fact
       WHERE o.segment = 'all' AND o.period_grain = $1 AND o.period_start >= $2 AND o.period_start < $3 GROUP BY 1, 2
    ), found AS (
      SELECT f.period_start, f.is_slow, md5(string_agg(concat_ws(' ', f.fact, trim_scale(f.value)), ',' ORDER BY f.fact COLLATE "C")) AS digest FROM fresh f GROUP BY 1, 2
    ), changed AS (
      SELECT DISTINCT p.period_start
        FROM told t FULL JOIN found n ON n.period_start = t.period_start AND n.is_slow = t.is_slow
        JOIN %1$I.kpi_period p ON p.segment = 'all' AND p.period_grain = $1 AND p.period_start = coalesce(n.period_start, t.period_start)
       WHERE t.digest IS DISTINCT FROM n.digest AND (p.is_settled OR NOT coalesce(n.is_slow, t.is_slow))
    ), gone AS (
      DELETE FROM %1$I.kpi_fact o WHERE o.segment = 'all' AND o.period_grain = $1 AND o.period_start >= $2 AND o.period_start < $3
         AND (o.period_start, o.fact) NOT IN (SELECT f.period_start, f.fact FROM fresh f)
    ), written AS (
      INSERT INTO %1$I.kpi_fact AS o (segment, period_grain, period_start, fact, value)
      SELECT f.segment, $1, f.period_start, f.fact, f.value FROM fresh f
      ON CONFLICT (segment, period_grain, period_start, fact) DO UPDATE SET value = excluded.value WHERE o.value <> excluded.value
    ), dated AS (
      INSERT INTO %1$I.kpi_period AS o (segment, period_grain, period_start, as_of, is_settled)
      SELECT DISTINCT f.segment, $1, f.period_start, statement_timestamp(), f.period_start < $4 FROM fresh f
      ON CONFLICT (segment, period_grain, period_start) DO UPDATE SET as_of = excluded.as_of, is_settled = excluded.is_settled,
        restated_at = CASE WHEN EXISTS (SELECT FROM changed c WHERE c.period_start = excluded.period_start) THEN excluded.as_of ELSE o.restated_at END
    )
    SELECT array_agg(c.period_start ORDER BY c.period_start) FROM changed c
  $sql$, ledger, ledger) INTO restated USING grain, since, until, settled;
  IF restated IS NOT NULL THEN
    RAISE NOTICE 'ledger "%": restated % % of % to %', ledger, cardinality(restated), grain || CASE WHEN cardinality(restated) > 1 THEN 's' ELSE '' END, restated[1], restated[cardinality(restated)]
      USING DETAIL = 'Touchpoints, corrections or rules came after these periods had been kept.';
  END IF;
  RETURN coalesce(cardinality(restated), 0);
END $$;
COMMENT ON FUNCTION ledger_refresh_periods(text, text, date, date, timestamptz) IS
  'part of ledger_refresh(): keeps the facts of the periods from since to before until; how many had been kept and turned out otherwise';

CREATE FUNCTION ledger_refresh_end(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('DELETE FROM %I.kpi_late l WHERE l.is_taken', ledger);
END $$;
COMMENT ON FUNCTION ledger_refresh_end(text) IS 'part of ledger_refresh(): what came late is dealt with';

CREATE FUNCTION ledger_refresh_next(since date, step interval, batch integer, until date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN least((since + step * greatest(1, floor(batch * 2592000 / EXTRACT(epoch FROM step)))::double precision)::date, until);
COMMENT ON FUNCTION ledger_refresh_next(date, interval, integer, date) IS 'part of ledger_refresh(): where the next batch, of about so many months, begins';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_refresh(ledger text, as_of timestamptz DEFAULT now(), batch integer DEFAULT 3)
  LANGUAGE plpgsql
AS $$
DECLARE
  plan record;
  part date;
  next_part date;
  done bigint;
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_refresh()');
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM @extschema@.ledger_refresh_tick(ledger, as_of);
  COMMIT;
  PERFORM @extschema@.ledger_refresh_begin(ledger, as_of);
  COMMIT;
  PERFORM @extschema@.ledger_refresh_revenue(ledger, as_of);
  COMMIT;
  FOR plan IN SELECT * FROM @extschema@.ledger_refresh_plan(ledger, as_of) LOOP
    part := plan.since;
    WHILE part OPERATOR(pg_catalog.<) plan.until LOOP
      next_part := @extschema@.ledger_refresh_next(part, plan.step, batch, plan.until);
      PERFORM @extschema@.ledger_refresh_periods(ledger, plan.period_grain, part, next_part, as_of);
      COMMIT;
      part := next_part;
      RAISE NOTICE 'ledger "%": % up to % of %', ledger, plan.period_grain, part, plan.until;
    END LOOP;
  END LOOP;
  PERFORM @extschema@.ledger_refresh_end(ledger);
END $$;
COMMENT ON PROCEDURE ledger_refresh(text, timestamptz, integer) IS
  'keeps the figures of periods that were over at as_of, and restates those that something has touched since, in batches of about so many months that commit; call it outside a transaction block, once a day';
