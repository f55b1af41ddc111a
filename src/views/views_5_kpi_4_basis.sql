--
-- KPIs: facts, computed now or kept
--

CREATE FUNCTION ledger_grain_step(grain text) RETURNS interval
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE grain WHEN 'quarter' THEN interval '3 months' WHEN 'week' THEN interval '7 days' WHEN 'day' THEN interval '1 day'
                    WHEN 'month' THEN interval '1 month' WHEN 'year' THEN interval '1 year' END;
COMMENT ON FUNCTION ledger_grain_step(text) IS 'the length of a period: day, week, month, quarter or year';

-- The period before a range that goes on to now, where everyone's figures of it are kept.  Not of segments: who belongs to
-- them may be others by now.
CREATE FUNCTION ledger_kpi_kept_before(ledger text, grain text, since date, is_live boolean, segments text[]) RETURNS date
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept date;
BEGIN
  IF is_live AND segments IS NULL THEN
    EXECUTE format('SELECT p.period_start FROM %I.kpi_period p WHERE p.segment = ''all'' AND p.period_grain = $1 AND p.period_start = $2', ledger)
      INTO kept USING grain, (since - @extschema@.ledger_grain_step(grain))::date;
  END IF;
  RETURN kept;
END $$;
COMMENT ON FUNCTION ledger_kpi_kept_before(text, text, date, boolean, text[]) IS 'part of KPIs: the period before a range of periods, where what is kept of it may begin the range; else NULL';

-- Customers at the start: those of the end of the period before, where that is kept; else counted.
CREATE FUNCTION ledger_kpi_opening(ledger text, grain text, kept_before date) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
  RETURN CASE WHEN kept_before IS NOT NULL THEN
    format('SELECT f.segment, f.value AS n FROM %I.kpi_fact f WHERE f.segment = ''all'' AND f.period_grain = %L AND f.period_start = %L AND f.fact = ''customers_end''', ledger, grain, kept_before)
  ELSE 'SELECT @segment@ AS segment, count(*)::numeric AS n FROM @ledger@.stage_history t @scope@'
       ' WHERE t.entered_at < @from@ AND (t.left_at IS NULL OR t.left_at >= @from@) AND @extschema@.is_customer(t.stage) GROUP BY 1' END;
COMMENT ON FUNCTION ledger_kpi_opening(text, text, date) IS 'part of KPIs: the query for the customers at the start of a range of periods, by segment';

-- Recurring revenue at the start, in the same way; then only those whose revenue moves in the range need be read.
CREATE FUNCTION ledger_kpi_paying(ledger text, grain text, kept_before date) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
  RETURN CASE WHEN kept_before IS NOT NULL THEN
    format('SELECT ''all''::text AS segment, sum(f.value) FILTER (WHERE f.fact = ''mrr_end'') AS net, sum(f.value) FILTER (WHERE f.fact = ''subscribers_end'') AS subscribers FROM %I.kpi_fact f'
           ' WHERE f.segment = ''all'' AND f.period_grain = %L AND f.period_start = %L AND f.fact IN (''mrr_end'', ''subscribers_end'')', ledger, grain, kept_before)
  ELSE 'SELECT n.segment, n.net, n.subscribers FROM counted n WHERE n.period_start = ''-infinity''' END;
COMMENT ON FUNCTION ledger_kpi_paying(text, text, date) IS 'part of KPIs: the query for recurring revenue and who pays it at the start of a range of periods, by segment';

-- Who has touched subscriptions since what is kept in kpi_revenue_change; where something came late for the open period, since the end of the last closed one.
CREATE FUNCTION ledger_revenue_touched(ledger text) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  since timestamptz;
  narrow boolean;
BEGIN
  EXECUTE format('SELECT coalesce(CASE WHEN w.narrow THEN w.revenue_until ELSE w.closed_until END, ''-infinity''), w.narrow FROM (SELECT u.*, NOT EXISTS (SELECT FROM %1$I.kpi_late l WHERE l.late_since < u.revenue_until) AS narrow FROM %1$I.kpi_revenue_until u) w', ledger)
    INTO since, narrow;
  RETURN format('SELECT d.customer_id FROM %1$I.touchpoint d JOIN %1$I.touchpoint_kind j ON j.kind = d.kind AND j.subject_effect <> ''none'' WHERE d.occurred_at >= %2$L::timestamptz AND d.customer_id IS NOT NULL', ledger, since)
      || CASE WHEN narrow THEN '' ELSE format(' UNION SELECT r.customer_id FROM %I.kpi_revenue_touched r', ledger) END;
END $$;
COMMENT ON FUNCTION ledger_revenue_touched(text) IS 'part of KPIs: the query for the customers whose recurring revenue is not as kpi_revenue_change has it';

-- Of whom the parts of a period that goes on are read anew, where those of the touchpoints before @kept_until@ are kept:
-- a query for what has been touched since, and where rows of theirs are.  NULL: such parts are not kept.
CREATE FUNCTION ledger_kpi_touched(family text, OUT touched text, OUT log text, OUT history text)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN (SELECT ROW(w.touched, w.log, w.history) FROM (VALUES
    -- touchpoints that are only counted and summed
    ('{kinds,revenue}'::text[], 'SELECT'::text, '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.occurred_at >= @kept_until@)'::text, NULL::text),
    ('{people}', 'SELECT u.customer_id FROM @ledger@.touchpoint u WHERE u.occurred_at >= @kept_until@ AND u.customer_id IS NOT NULL UNION SELECT h.customer_id FROM @ledger@.stage_history h WHERE h.entered_at >= @kept_until@',
     '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d))', NULL),
    ('{customers}', 'SELECT h.customer_id FROM @ledger@.stage_history h WHERE h.entered_at >= @kept_until@ UNION SELECT u.customer_id FROM @ledger@.touchpoint u WHERE u.occurred_at >= @kept_until@ AND u.customer_id IS NOT NULL AND u.channel = ''referral''', NULL,
     '(SELECT u.* FROM @ledger@.stage_history u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d))'),
    ('{leads}', 'SELECT u.customer_id FROM @ledger@.touchpoint u JOIN @ledger@.touchpoint_kind k ON k.kind = u.kind AND k.stage = ''acquisition'' WHERE u.occurred_at >= @kept_until@ AND u.customer_id IS NOT NULL',
     '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d))', NULL),
    ('{emails}', 'SELECT u.customer_id FROM @ledger@.touchpoint u WHERE u.kind IN (''email_sent'', ''email_opened'', ''email_clicked'') AND u.occurred_at >= @kept_until@ AND u.customer_id IS NOT NULL',
     '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d) UNION ALL SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IS NULL AND u.occurred_at >= @kept_until@)', NULL),
    -- whole sessions, by customer, device or name, and all views of whoever is counted as a visitor
    ('{sessions}', 'SELECT u.customer_id, u.properties ->> ''session'' AS named, CASE WHEN u.customer_id IS NULL THEN u.properties ->> ''device'' END AS device FROM @ledger@.touchpoint u WHERE u.kind = ''page_view'' AND u.occurred_at >= @kept_until@',
     '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d)'
     ' UNION ALL SELECT u.* FROM @ledger@.touchpoint u WHERE (SELECT bool_or(d.named IS NOT NULL OR d.device IS NOT NULL) FROM touched d) AND (u.customer_id IS NULL OR u.properties ? ''session'')'
     ' AND NOT EXISTS (SELECT FROM touched d WHERE d.customer_id = u.customer_id)'
     ' AND (u.properties ->> ''session'' IN (SELECT d.named FROM touched d) OR u.customer_id IS NULL AND u.properties ->> ''device'' IN (SELECT d.device FROM touched d)))', NULL),
    ('{cohorts}', 'SELECT u.customer_id FROM @ledger@.touchpoint u JOIN @ledger@.touchpoint_kind k ON k.kind = u.kind WHERE u.occurred_at >= @kept_until@ AND u.customer_id IS NOT NULL AND (k.stage = ''acquisition'' OR u.kind IN (''opportunity_opened'', ''opportunity_won''))'
     ' AND EXISTS (SELECT FROM @ledger@.touchpoint o WHERE o.customer_id = u.customer_id AND o.kind = ''opportunity_opened'')',
     '(SELECT u.* FROM @ledger@.touchpoint u WHERE u.customer_id IN (SELECT d.customer_id FROM touched d))', NULL)) w (families, touched, log, history)
   WHERE family = ANY (w.families));
COMMENT ON FUNCTION ledger_kpi_touched(text) IS 'part of KPIs: a query for whom something has touched since parts of a family were kept, and for where their rows are; NULL: its parts are not kept';

-- The facts of a family, or its parts where facts are more than sums of them.
CREATE FUNCTION ledger_kpi_template(family text, want_parts boolean) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  facts text;
  parts text;
BEGIN
  EXECUTE format('SELECT @extschema@.%I()', 'ledger_kpi_facts_' || family) INTO facts;
  IF facts LIKE '%@parts@%' THEN
    EXECUTE format('SELECT @extschema@.%I()', 'ledger_kpi_parts_' || family) INTO parts;
  END IF;
  RETURN CASE WHEN want_parts THEN coalesce(parts, facts) ELSE facts END;
END $$;
COMMENT ON FUNCTION ledger_kpi_template(text, boolean) IS 'part of KPIs: the query of a family as it is written, for its facts or for the parts that add up';

-- A query as it was at @kept_until@, by the touchpoints before.
CREATE FUNCTION ledger_kpi_before(query text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN replace(replace(replace(query, '@until@', 'least(@until@, @kept_until@)'), '@now@', '@kept_until@'), '@seen@', '@kept_until@');
COMMENT ON FUNCTION ledger_kpi_before(text) IS 'part of KPIs: a query of facts as it was at the instant until which parts are kept';

-- The facts of a family now: from the log, or from parts kept until an instant and what has been touched since.
CREATE FUNCTION ledger_kpi_family(family text, is_kept boolean) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  facts text := @extschema@.ledger_kpi_template(family, false);
  parts text := @extschema@.ledger_kpi_template(family, true);
  touched text;
  again text;
BEGIN
  SELECT s.touched, replace(replace(parts, '@log@', coalesce(s.log, '@log@')), '@history@', coalesce(s.history, '@history@'))
    INTO touched, again FROM @extschema@.ledger_kpi_touched(family) s;
  IF is_kept AND touched IS NOT NULL THEN
    parts := format('WITH touched AS MATERIALIZED (%s)
SELECT x.segment, x.period_start, x.part, sum(x.value) AS value
  FROM (SELECT ''all''::text AS segment, k.period_start, k.part, k.value FROM @ledger@.kpi_part k WHERE k.period_grain = @grain@ AND k.kept_until = @kept_until@ AND k.family = %L AND (k.period_start::timestamp AT TIME ZONE @zone@) >= @from@
        UNION ALL SELECT n.* FROM (%s) n
        UNION ALL SELECT b.segment, b.period_start, b.part, -b.value FROM (%s) b (segment, period_start, part, value)) x
 GROUP BY 1, 2, 3', touched, family, again, @extschema@.ledger_kpi_before(again));
  END IF;
  RETURN CASE WHEN facts LIKE '%@parts@%' THEN replace(facts, '@parts@', parts) ELSE parts END;
END $$;
COMMENT ON FUNCTION ledger_kpi_family(text, boolean) IS 'part of KPIs: the query for the facts of a family from the log, or from the parts of it that are kept and the log since';

-- Until when parts of the periods from since on are kept and nothing has come late for: NULL where the log is nearly as short.
CREATE FUNCTION ledger_kpi_kept_until(ledger text, grain text, since date, is_open boolean) RETURNS timestamptz
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept timestamptz;
BEGIN
  EXECUTE format($sql$
    SELECT max(k.kept_until) FROM %1$I.kpi_part k
     WHERE k.period_grain = $1 AND k.family = 'calendar' AND (k.period_start = $2 OR $4) AND k.kept_until - $3 > now() - k.kept_until
       AND NOT EXISTS (SELECT FROM %1$I.kpi_late l WHERE l.late_since < k.kept_until)
  $sql$, ledger) INTO kept USING grain, since, since::timestamp AT TIME ZONE @extschema@.ledger_setting(ledger, 'time_zone'), is_open;
  RETURN kept;
END $$;
COMMENT ON FUNCTION ledger_kpi_kept_until(text, text, date, boolean) IS 'part of KPIs: the instant by whose log ledger_refresh() keeps parts of periods that go on, if nothing has come late before it; else NULL';

CREATE FUNCTION ledger_kpi_query(ledger text, query text, grain text, since date, until date, scope text, segments text[], kept_until timestamptz DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  step interval := @extschema@.ledger_grain_step(grain);
  filled text := query;
  words text[];
  touched text;
  kept_before date := @extschema@.ledger_kpi_kept_before(ledger, grain, since, until > now() AT TIME ZONE zone, segments);
BEGIN
  IF query LIKE '%@revenue_touched@%' THEN
    touched := @extschema@.ledger_revenue_touched(ledger);
  END IF;
  words := ARRAY[
    ['@opening@', @extschema@.ledger_kpi_opening(ledger, grain, kept_before)],
    ['@paying@', @extschema@.ledger_kpi_paying(ledger, grain, kept_before)],
    ['@moving@', CASE WHEN kept_before IS NULL THEN '' ELSE ' AND c.customer_id IN (SELECT m.customer_id FROM @ledger@.kpi_revenue_change m WHERE m.changed_at >= @from@ AND m.changed_at < @until@)' END],
    ['@revenue_changes@', format('SELECT r.customer::%s AS customer_id, r.changed_at, sum(r.amount) AS amount FROM @extschema@.ledger_revenue_changes(%L, %L) r GROUP BY 1, 2 HAVING sum(r.amount) <> 0',
                                 @extschema@.ledger_key_type(ledger), ledger, format('t.customer_id IN (%s)', touched))],
    ['@revenue_touched@', touched],
    ['@segments@', CASE WHEN scope IS NULL THEN '(SELECT ''all''::text AS segment)' ELSE format('(SELECT unnest(%L::text[]) AS segment)', segments) END],
    ['@segment@', CASE WHEN scope IS NULL THEN '''all''::text' ELSE 'g.segment' END],
    ['@scope@', CASE WHEN scope IS NULL THEN '' ELSE format('JOIN %s g ON g.customer_id = t.customer_id AND g.segment = ANY (%L)', scope, segments) END],
    ['@periods@', format('(SELECT p::date AS period_start, p AT TIME ZONE %3$L AS from_at, (p + %4$L::interval) AT TIME ZONE %3$L AS to_at FROM generate_series(%1$L::timestamp, %2$L::timestamp - interval ''1 day'', %4$L::interval) p OFFSET 0)', -- computed once, not for each row that is compared
                         since, until, zone, step)],
    ['@log@', '@ledger@.touchpoint'], ['@history@', '@ledger@.stage_history'], ['@seen@', 'timestamptz ''infinity'''],
    ['@from@', format('%L::timestamptz', since::timestamp AT TIME ZONE zone)],
    ['@until@', format('%L::timestamptz', least(until::timestamp AT TIME ZONE zone, now()))],
    ['@now@', format('%L::timestamptz', now())],
    ['@kept_until@', format('%L::timestamptz', kept_until)],
    ['@gap@', format('%L::interval', coalesce(@extschema@.ledger_setting(ledger, 'session_gap'), '30 minutes'))],
    ['@zone@', format('%L::text', zone)], ['@grain@', format('%L::text', grain)], ['@ledger@', quote_ident(ledger)]];
  FOR i IN 1 .. array_length(words, 1) LOOP
    filled := replace(filled, words[i][1], coalesce(words[i][2], ''));
  END LOOP;
  RETURN filled;
END $$;
COMMENT ON FUNCTION ledger_kpi_query(text, text, text, date, date, text, text[], timestamptz) IS
  'part of KPIs: the query of a family of facts for the periods from since to before until, for everyone, or for some of the segments that the relation scope gives customers';

CREATE FUNCTION ledger_kpi_facts(
  ledger text, grain text, since date, until date, families text[], scope text DEFAULT NULL, segments text[] DEFAULT NULL,
  OUT family text, OUT segment text, OUT period_start date, OUT fact text, OUT value numeric
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
  SET timezone = 'UTC'
  SET jit = off
  SET random_page_cost = 1.1
AS $$
DECLARE
  wanted text;
  kept_until timestamptz;
  is_live boolean := scope IS NULL AND until > now() AT TIME ZONE @extschema@.ledger_setting(ledger, 'time_zone');
BEGIN
  PERFORM set_config('TimeZone', @extschema@.ledger_setting(ledger, 'time_zone'), true);
  FOREACH wanted IN ARRAY families LOOP
    CONTINUE WHEN wanted = 'health' AND to_regclass(format('%I.health_history', ledger)) IS NULL;
    kept_until := CASE WHEN is_live THEN @extschema@.ledger_kpi_kept_until(ledger, grain, since, wanted = 'cohorts') END;
    RETURN QUERY EXECUTE format('SELECT %L::text, q.segment, q.period_start, q.fact::text, q.value::numeric FROM (%s) q (segment, period_start, fact, value) WHERE q.value <> 0', wanted,
      @extschema@.ledger_kpi_query(ledger, @extschema@.ledger_kpi_family(wanted, kept_until IS NOT NULL), grain, since, until, scope, segments, kept_until));
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_kpi_facts(text, text, date, date, text[], text, text[]) IS
  'the facts of the periods from since to before until, computed from the ledger''s tables now, for everyone, or for some of the segments that the relation scope (customer_id, segment) gives customers; what is 0 has no row';

CREATE FUNCTION ledger_kpi_range(
  ledger text, grain text, segment_wanted text DEFAULT 'all',
  OUT first_start date, OUT live_start date, OUT slow_start date, OUT until date
)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  step interval := @extschema@.ledger_grain_step(grain);
  first_at timestamptz;
BEGIN
  EXECUTE format('SELECT min(p.period_start), max(p.period_start) + $3, min(p.period_start) FILTER (WHERE NOT p.is_settled) FROM %I.kpi_period p '
                 'WHERE p.segment = $1 AND p.period_grain = $2', ledger) INTO first_start, live_start, slow_start USING segment_wanted, grain, step;
  IF first_start IS NULL THEN
    EXECUTE format('SELECT min(t.occurred_at) FROM %I.touchpoint t', ledger) INTO first_at;
    first_start := @extschema@.period_start(coalesce(first_at, now()), grain, zone);
    live_start := first_start;
  END IF;
  until := @extschema@.period_start(now(), grain, zone) + step;
  slow_start := coalesce(slow_start, live_start);
END $$;
COMMENT ON FUNCTION ledger_kpi_range(text, text, text) IS
  'part of KPIs: the first period, the first that is not kept, the first that is not settled, and the end of the current one';

CREATE FUNCTION ledger_kpi_since(
  ledger text, grain text, live_start date, slow_start date, first_start date, until date, scope text, segments text[], OUT segment text, OUT period_start date, OUT fact text, OUT value numeric
) RETURNS SETOF record
  LANGUAGE sql STABLE ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT f.segment, f.period_start, f.fact, f.value
    FROM (VALUES (false, false, live_start), (true, false, slow_start), (false, true, first_start)) w (is_slow, is_open, since)
   CROSS JOIN LATERAL @extschema@.ledger_kpi_facts(ledger, grain, w.since, until,
     ARRAY(SELECT k.family FROM @extschema@.ledger_kpi_families() k WHERE k.is_slow = w.is_slow AND k.is_open = w.is_open), scope, segments) f
$$;
COMMENT ON FUNCTION ledger_kpi_since(text, text, date, date, date, date, text, text[]) IS
  'part of KPIs: facts of periods that are not kept, of those that are not settled, and of cohorts that go on';

CREATE FUNCTION ledger_kpi_grains(ledger text) RETURNS text[]
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  RETURN ARRAY(SELECT DISTINCT g FROM unnest(string_to_array(replace(coalesce(@extschema@.ledger_setting(ledger, 'kpi_grains'), ''), ' ', ''), ',') || 'month'::text) g WHERE g <> '');
COMMENT ON FUNCTION ledger_kpi_grains(text) IS 'the lengths of periods for which a ledger has KPIs: month, and those of the setting kpi_grains';

CREATE FUNCTION ledger_kpi_live(
  ledger text, grain text, OUT period_start date, OUT fact text, OUT value numeric
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  range record;
BEGIN
  IF grain <> ALL (@extschema@.ledger_kpi_grains(ledger)) THEN
    RETURN;
  END IF;
  range := @extschema@.ledger_kpi_range(ledger, grain);
  RETURN QUERY SELECT f.period_start, f.fact, f.value
                 FROM @extschema@.ledger_kpi_since(ledger, grain, range.live_start, range.slow_start, range.first_start, range.until, NULL, NULL) f;
END $$;
COMMENT ON FUNCTION ledger_kpi_live(text, text) IS
  'the facts of everyone that ledger_refresh() doesn''t keep: of periods since, of those that are not settled, and of cohorts that go on';

-- The facts of a period side by side: what the views of KPIs are written over.
CREATE FUNCTION ledger_kpi_pivot(facts text, columns text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format('SELECT x.segment, x.period_grain, x.period_start, %s FROM (%s) x GROUP BY x.segment, x.period_grain, x.period_start',
    (SELECT string_agg(format(CASE WHEN c ~ '(_median|_p90|^baseline_churn_rate)$' THEN 'sum(x.value) FILTER (WHERE x.fact = %L) AS %I' ELSE 'coalesce(sum(x.value) FILTER (WHERE x.fact = %L), 0) AS %I' END, c, c), ', ')
       FROM unnest(columns) c), facts);
COMMENT ON FUNCTION ledger_kpi_pivot(text, text[]) IS 'part of KPIs: a query for periods with their facts in columns';

-- What is the same of all periods, and of all KPIs of a period, is read once behind an OFFSET 0: the planner would take each
-- copy of it into each KPI of each period, and, by what that seems to cost, compile the query for seconds.
CREATE FUNCTION ledger_kpi_dated(ledger text, pivot text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
    SELECT b.*, s.period_end, d.is_complete, coalesce(p.as_of, now()) AS as_of, p.restated_at, d.is_fresh, w.today
      FROM (%2$s) b
      LEFT JOIN %1$I.kpi_period p ON p.segment = b.segment AND p.period_grain = b.period_grain AND p.period_start = b.period_start
     CROSS JOIN (SELECT z.zone, (now() AT TIME ZONE z.zone)::date AS today, (SELECT min(l.late_since) FROM %1$I.kpi_late l) AS late_since, (SELECT u.closed_until FROM %1$I.kpi_revenue_until u) AS closed_until,
                        coalesce((SELECT k.horizon FROM %1$I.clock k), '-infinity') AS horizon FROM (SELECT @time_zone@ AS zone OFFSET 0) z OFFSET 0) w
     CROSS JOIN LATERAL (SELECT (b.period_start + CASE b.period_grain WHEN 'month' THEN interval '1 month' WHEN 'quarter' THEN interval '3 months' WHEN 'year' THEN interval '1 year' WHEN 'week' THEN interval '7 days' ELSE interval '1 day' END)::date AS period_end) s
     CROSS JOIN LATERAL (SELECT s.period_end::timestamp AT TIME ZONE w.zone AS ended_at) e
     CROSS JOIN LATERAL (SELECT e.ended_at <= now() AS is_complete,
           coalesce(w.late_since >= CASE
             WHEN p.as_of IS NULL THEN greatest(w.closed_until,
               ((SELECT max(k.period_start) FROM %1$I.kpi_period k WHERE k.segment = b.segment AND k.period_grain = b.period_grain) + @extschema@.ledger_grain_step(b.period_grain)) AT TIME ZONE w.zone)
             WHEN p.is_settled THEN e.ended_at + interval '192 hours' ELSE e.ended_at END, true)
             AND w.horizon >= least(e.ended_at, now() - interval '24 hours') AS is_fresh OFFSET 0) d
  $sql$, ledger, pivot);
COMMENT ON FUNCTION ledger_kpi_dated(text, text) IS 'part of KPIs: a query for periods with their ends and whether their figures are fresh';

CREATE FUNCTION ledger_kpi_basis(ledger text, grains text[], columns text[]) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_kpi_dated(ledger, @extschema@.ledger_kpi_pivot(
    format('SELECT f.segment, f.period_grain, f.period_start, f.fact, f.value FROM %I.kpi_fact f WHERE f.segment = ''all'' AND f.period_grain = ANY (%L)', ledger, grains)
    || (SELECT string_agg(format(' UNION ALL SELECT ''all''::text, %L::text, l.period_start, l.fact, l.value FROM @extschema@.ledger_kpi_live(%L, %1$L) l', g, ledger), '') FROM unnest(grains) g), columns));

COMMENT ON FUNCTION ledger_kpi_basis(text, text[], text[]) IS 'part of KPIs: a query for the periods of everyone with their facts in columns, kept or computed now';
