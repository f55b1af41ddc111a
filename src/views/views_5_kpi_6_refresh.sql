--
-- KPIs: keeping closed periods
--

CREATE FUNCTION ledger_refresh_plan(
  ledger text, as_of timestamptz, OUT period_grain text, OUT segments text[], OUT since date, OUT until date, OUT step interval
) RETURNS SETOF record
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  late_since timestamptz;
  first_at timestamptz;
BEGIN
  EXECUTE format('SELECT min(l.late_since) - interval ''192 hours'' FROM %I.kpi_late l', ledger) INTO late_since;
  EXECUTE format('SELECT min(t.occurred_at) FROM %I.touchpoint t', ledger) INTO first_at;
  IF first_at IS NULL THEN
    RETURN;
  END IF;
  -- everyone, by each length of period; segments, by month
  RETURN QUERY EXECUTE format($sql$
    SELECT w.grain, CASE WHEN w.segment <> 'all' THEN array_agg(w.segment ORDER BY w.segment) END, d.since, d.until, w.step
      FROM (SELECT g.grain, 'all' AS segment, @extschema@.ledger_grain_step(g.grain) AS step FROM unnest($1) g (grain)
            UNION ALL SELECT 'month', s.segment, interval '1 month' FROM @extschema@.ledger_segments(%1$L) s (segment)) w
     CROSS JOIN LATERAL @extschema@.ledger_kpi_range(%1$L, w.grain, w.segment) r
     CROSS JOIN LATERAL (SELECT least(r.live_start, r.slow_start, CASE WHEN $2 IS NOT NULL THEN @extschema@.period_start(greatest($2, $3), w.grain, $4) END) AS since,
                                @extschema@.period_start($5, w.grain, $4) AS until) d
     WHERE d.since < d.until
     GROUP BY w.grain, w.segment <> 'all', CASE WHEN w.segment = 'all' THEN 'all' END, d.since, d.until, w.step
     ORDER BY w.segment <> 'all', w.step
  $sql$, ledger) USING @extschema@.ledger_kpi_grains(ledger), late_since, first_at, zone, as_of;
END $$;
COMMENT ON FUNCTION ledger_refresh_plan(text, timestamptz) IS 'part of ledger_refresh(): which closed periods, of everyone or of segments, are missing, not settled or touched since';

CREATE FUNCTION ledger_refresh_is_behind(ledger text, as_of timestamptz) RETURNS boolean
  LANGUAGE plpgsql STABLE
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
  RETURN horizon IS NULL OR horizon < as_of;
END $$;
COMMENT ON FUNCTION ledger_refresh_is_behind(text, timestamptz) IS
  'part of ledger_refresh(): whether time has to pass first, for who churned by silence churned when it fell due, before a period is closed';

CREATE FUNCTION ledger_refresh_line(ledger text, as_of timestamptz, OUT closed timestamptz, OUT opened timestamptz, OUT today timestamptz, OUT boundary timestamptz)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  grain text;
BEGIN
  today := @extschema@.period_start(as_of, 'day', zone)::timestamp AT TIME ZONE zone;
  boundary := today;
  FOREACH grain IN ARRAY @extschema@.ledger_kpi_grains(ledger) LOOP
    IF @extschema@.ledger_grain_step(grain) IS NULL THEN
      RAISE EXCEPTION 'setting "%" of ledger "%" names "%"', 'kpi_grains', ledger, grain
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Lengths of periods are day, week, month, quarter and year.';
    END IF;
    closed := greatest(closed, @extschema@.period_start(as_of, grain, zone)::timestamp AT TIME ZONE zone);
    opened := least(opened, @extschema@.period_start(as_of, grain, zone)::timestamp AT TIME ZONE zone);
    boundary := greatest(boundary, closed, @extschema@.period_start(as_of - interval '192 hours', grain, zone)::timestamp AT TIME ZONE zone + interval '192 hours');
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_refresh_line(text, timestamptz) IS
  'part of ledger_refresh(): the end of the last closed period, the beginning of the longest open one, that of the day, and the instant before which a touchpoint touches what is kept';

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
  -- never back: by another as_of, more may be kept already
  IF coalesce(@extschema@.ledger_kpi_boundary(ledger), '-infinity') < line.boundary THEN
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
  line record := @extschema@.ledger_refresh_line(ledger, as_of);
BEGIN
  PERFORM set_config('TimeZone', @extschema@.ledger_setting(ledger, 'time_zone'), true);
  EXECUTE format('DELETE FROM %I.kpi_revenue_change', ledger);
  EXECUTE format('INSERT INTO %I.kpi_revenue_change (customer_id, changed_at, amount) SELECT r.customer::%s, r.changed_at, sum(r.amount) FROM @extschema@.ledger_revenue_changes(%L, %L) r GROUP BY 1, 2 HAVING sum(r.amount) <> 0',
    ledger, @extschema@.ledger_key_type(ledger), ledger, format('t.occurred_at < %L::timestamptz', line.today));
  -- so that something late for the open period needs no more than those whom it has touched
  EXECUTE format('DELETE FROM %I.kpi_revenue_touched', ledger);
  EXECUTE format('INSERT INTO %1$I.kpi_revenue_touched (customer_id) SELECT DISTINCT t.customer_id FROM %1$I.touchpoint t JOIN %1$I.touchpoint_kind k ON k.kind = t.kind AND k.subject_effect <> ''none'''
    ' WHERE t.occurred_at >= $1 AND t.occurred_at < $2 AND t.customer_id IS NOT NULL', ledger) USING line.opened, line.today;
  EXECUTE format('UPDATE %I.kpi_revenue_until SET revenue_until = $1, closed_until = $2', ledger) USING line.today, line.opened;
  EXECUTE format('ANALYZE %I.kpi_revenue_change', ledger);
END $$;
COMMENT ON FUNCTION ledger_refresh_revenue(text, timestamptz) IS 'part of ledger_refresh(): when recurring revenue of each customer changed, by the touchpoints before the day';

-- Parts of the periods that go on, or aren't settled yet, by the touchpoints before today: views add what has been touched since.
CREATE FUNCTION ledger_refresh_parts(ledger text, grain text, as_of timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
  SET timezone = 'UTC'
  SET jit = off
  SET random_page_cost = 1.1
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  kept_until timestamptz := (@extschema@.ledger_refresh_line(ledger, as_of)).today;
  range record := @extschema@.ledger_kpi_range(ledger, grain);
  until date := @extschema@.period_start(as_of, grain, zone) + @extschema@.ledger_grain_step(grain);
  family text;
  kept boolean;
BEGIN
  PERFORM set_config('TimeZone', zone, true);
  -- those of the days before serve when something comes late
  EXECUTE format('DELETE FROM %1$I.kpi_part k WHERE k.period_grain = $1 AND (k.kept_until >= $2 OR k.kept_until < $2 - interval ''192 hours'' OR EXISTS (SELECT FROM %1$I.kpi_late l WHERE l.late_since < k.kept_until))', ledger)
    USING grain, kept_until;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.kpi_period)', ledger) INTO kept;
  IF NOT kept THEN
    RETURN; -- the first period: nothing is kept yet that ledger_rebuild() would outdate
  END IF;
  FOR family IN SELECT k.family FROM @extschema@.ledger_kpi_families() k WHERE k.family = 'calendar' OR (@extschema@.ledger_kpi_touched(k.family)).touched IS NOT NULL LOOP
    EXECUTE format('INSERT INTO %I.kpi_part (period_grain, kept_until, family, period_start, part, value) SELECT %L, %L, %L, q.period_start, q.part, q.value FROM (%s) q (segment, period_start, part, value) WHERE q.value <> 0',
      ledger, grain, kept_until, family,
      @extschema@.ledger_kpi_query(ledger, @extschema@.ledger_kpi_before(@extschema@.ledger_kpi_template(family, true)), grain,
        CASE WHEN family = 'cohorts' THEN range.first_start ELSE least(range.live_start, range.slow_start) END, until, NULL, NULL, kept_until));
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_refresh_parts(text, text, timestamptz) IS 'part of ledger_refresh(): what the facts of periods that go on consist of, by the touchpoints before the day';

-- Keeps the facts of some periods; how many of them had been kept and turned out otherwise.
CREATE FUNCTION ledger_refresh_periods(ledger text, grain text, segments text[], since date, until date, as_of timestamptz) RETURNS bigint
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
        FROM @extschema@.ledger_kpi_facts(%2$L, $1, $2, $3, ARRAY(SELECT k.family FROM @extschema@.ledger_kpi_families() k WHERE NOT k.is_open), CASE WHEN $5 IS NOT NULL THEN %3$L END, $5) f
        JOIN @extschema@.ledger_kpi_families() k ON k.family = f.family
       WHERE NOT k.is_slow OR f.period_start < $4
    ), slow AS (
      SELECT DISTINCT f.fact FROM fresh f WHERE f.is_slow
    ), told AS (
      SELECT o.segment, o.period_start, s.fact IS NOT NULL AS is_slow, md5(string_agg(concat_ws(' ', o.fact, trim_scale(o.value)), ',' ORDER BY o.fact COLLATE "C")) AS digest
        FROM %1$I.kpi_fact o LEFT JOIN slow s ON s.fact = o.fact
       WHERE o.segment = ANY (coalesce($5, '{all}')) AND o.period_grain = $1 AND o.period_start >= $2 AND o.period_start < $3 GROUP BY 1, 2, 3
    ), found AS (
      SELECT f.segment, f.period_start, f.is_slow, md5(string_agg(concat_ws(' ', f.fact, trim_scale(f.value)), ',' ORDER BY f.fact COLLATE "C")) AS digest FROM fresh f GROUP BY 1, 2, 3
    ), changed AS (
      SELECT DISTINCT p.segment, p.period_start
        FROM told t FULL JOIN found n ON n.segment = t.segment AND n.period_start = t.period_start AND n.is_slow = t.is_slow
        JOIN %1$I.kpi_period p ON p.segment = coalesce(n.segment, t.segment) AND p.period_grain = $1 AND p.period_start = coalesce(n.period_start, t.period_start)
       WHERE t.digest IS DISTINCT FROM n.digest AND (p.is_settled OR NOT coalesce(n.is_slow, t.is_slow))
    ), gone AS (
      DELETE FROM %1$I.kpi_fact o WHERE o.segment = ANY (coalesce($5, '{all}')) AND o.period_grain = $1 AND o.period_start >= $2 AND o.period_start < $3
         AND (o.segment, o.period_start, o.fact) NOT IN (SELECT f.segment, f.period_start, f.fact FROM fresh f)
    ), written AS (
      INSERT INTO %1$I.kpi_fact AS o (segment, period_grain, period_start, fact, value)
      SELECT f.segment, $1, f.period_start, f.fact, f.value FROM fresh f
      ON CONFLICT (segment, period_grain, period_start, fact) DO UPDATE SET value = excluded.value WHERE o.value <> excluded.value
    ), dated AS (
      INSERT INTO %1$I.kpi_period AS o (segment, period_grain, period_start, as_of, is_settled)
      SELECT DISTINCT f.segment, $1, f.period_start, now(), f.period_start < $4 FROM fresh f
      ON CONFLICT (segment, period_grain, period_start) DO UPDATE SET as_of = excluded.as_of, is_settled = excluded.is_settled,
        restated_at = CASE WHEN EXISTS (SELECT FROM changed c WHERE c.segment = excluded.segment AND c.period_start = excluded.period_start) THEN excluded.as_of ELSE o.restated_at END
    )
    SELECT array_agg(DISTINCT c.period_start ORDER BY c.period_start) FROM changed c
  $sql$, ledger, ledger, format('%I.kpi_member', ledger)) INTO restated USING grain, since, until, settled, segments;
  IF restated IS NOT NULL THEN
    RAISE NOTICE 'ledger "%": restated % % from % to %', ledger, cardinality(restated),
                 grain || CASE WHEN cardinality(restated) > 1 THEN 's' ELSE '' END || CASE WHEN segments IS NOT NULL THEN ' of segments' ELSE '' END, restated[1], restated[cardinality(restated)]
      USING DETAIL = 'Touchpoints, corrections or rules came after these periods had been kept.';
  END IF;
  RETURN coalesce(cardinality(restated), 0);
END $$;
COMMENT ON FUNCTION ledger_refresh_periods(text, text, text[], date, date, timestamptz) IS
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
  RETURN least((since + step * greatest(1, floor(batch::double precision * 2592000 / EXTRACT(epoch FROM step)::double precision))::double precision)::date, until);
COMMENT ON FUNCTION ledger_refresh_next(date, interval, integer, date) IS 'part of ledger_refresh(): where the next batch, of about so many months, begins';

CREATE FUNCTION ledger_refresh_progress(ledger text, grain text, segments text[], since date, done date, until date, started timestamptz) RETURNS text
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN format('ledger "%s": by %s%s: %s %%, %s left', ledger, grain, CASE WHEN segments IS NOT NULL THEN ' and segment' ELSE '' END, 100 * (done - since) / (until - since),
    date_trunc('second', (clock_timestamp() - started) * (until - done) / greatest(done - since, 1)));
COMMENT ON FUNCTION ledger_refresh_progress(text, text, text[], date, date, date, timestamptz) IS 'part of ledger_refresh(): how far it is';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_refresh(ledger text, as_of timestamptz DEFAULT now(), batch integer DEFAULT 3)
  LANGUAGE plpgsql
AS $$
DECLARE
  plan record;
  part date;
  next_part date;
  started timestamptz;
  told timestamptz := pg_catalog.clock_timestamp();
  grain text;
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_refresh()');
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF @extschema@.ledger_refresh_is_behind(ledger, as_of) THEN
    CALL @extschema@.ledger_tick_batches(ledger, as_of);
    COMMIT;
  END IF;
  PERFORM @extschema@.ledger_refresh_begin(ledger, as_of);
  COMMIT;
  PERFORM @extschema@.ledger_refresh_revenue(ledger, as_of);
  COMMIT;
  PERFORM @extschema@.ledger_refresh_rfm(ledger);
  COMMIT;
  PERFORM * FROM @extschema@.ledger_fit(ledger, as_of);
  COMMIT;
  PERFORM @extschema@.ledger_refresh_members(ledger);
  COMMIT;
  FOR plan IN SELECT * FROM @extschema@.ledger_refresh_plan(ledger, as_of) LOOP
    part := plan.since;
    started := pg_catalog.clock_timestamp();
    WHILE part OPERATOR(pg_catalog.<) plan.until LOOP
      next_part := @extschema@.ledger_refresh_next(part, plan.step, batch, plan.until);
      PERFORM @extschema@.ledger_refresh_periods(ledger, plan.period_grain, plan.segments, part, next_part, as_of);
      COMMIT;
      part := next_part;
      IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) told OPERATOR(pg_catalog.>=) interval '1 second' THEN
        told := pg_catalog.clock_timestamp();
        RAISE NOTICE '%', @extschema@.ledger_refresh_progress(ledger, plan.period_grain, plan.segments, plan.since, part, plan.until, started);
      END IF;
    END LOOP;
  END LOOP;
  FOREACH grain IN ARRAY @extschema@.ledger_kpi_grains(ledger) LOOP
    PERFORM @extschema@.ledger_refresh_parts(ledger, grain, as_of);
    COMMIT;
  END LOOP;
  PERFORM @extschema@.ledger_refresh_end(ledger);
END $$;
COMMENT ON PROCEDURE ledger_refresh(text, timestamptz, integer) IS
  'once a day: takes RFM scores and fits models anew, keeps the figures of periods that were over at as_of, and restates those that something has touched since, in batches of about so many months that commit; outside a transaction block';
