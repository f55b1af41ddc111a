--
-- KPIs: segments of customers
--

-- The rows of customer_segment: each row of customer_360 is asked for all segments at once.
CREATE FUNCTION ledger_segment_query(ledger text) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows text;
BEGIN
  EXECUTE format($sql$
    SELECT string_agg(format(E'(%%L::text, %%L::text, %%s::integer, (%%s\n)::boolean, (%%s\n)::text)', s.segment, s.dimension, s.priority, s.condition, coalesce(s.value_of, 'NULL')), ', ' ORDER BY s.segment)
      FROM %I.segment s WHERE s.is_active
  $sql$, ledger) INTO rows;
  RETURN format(E'SELECT c.*, k.traits AS trait FROM %1$I.customer_360 c JOIN %1$I.customer k ON k.customer_id = c.customer_id) b\n'
    ' CROSS JOIN LATERAL (VALUES %2$s) s (segment, dimension, priority, holds, part)\n WHERE s.holds', ledger,
    coalesce(rows, '(NULL::text, NULL::text, NULL::integer, false, NULL::text)'));
END $$;
COMMENT ON FUNCTION ledger_segment_query(text) IS 'part of customer_segment: where its rows come from, by the rows of segment';

CREATE FUNCTION ledger_view_customer_segment(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'customer_segment', pg_catalog.format($view$
--: the segments of each customer now, by the rows of segment: one row each
SELECT b.customer_id, --: key of the customer
       s.segment || coalesce(': ' || s.part, '') AS segment, --: a segment that the customer belongs to
       s.dimension, --: what the segment is about: stage, behaviour, rfm, voice, health, demographics, persona, acquisition ...
       s.priority AS segment_priority --: to take one of a dimension by: the smallest
  FROM (%s
$view$, @extschema@.ledger_segment_query(ledger)));
COMMENT ON FUNCTION ledger_view_customer_segment(text) IS 'part of ledger_make_views(): customer_segment';

CREATE FUNCTION segment_changed() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed record;
BEGIN
  IF NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
    RAISE EXCEPTION 'only the owner of ledger "%" may change its segments', TG_TABLE_SCHEMA
      USING ERRCODE = 'insufficient_privilege', DETAIL = 'Whoever reads customer_segment evaluates their conditions.';
  END IF;
  IF to_regclass(format('%I.customer_360', TG_TABLE_SCHEMA)) IS NULL THEN
    RETURN NULL; -- the ledger is being made
  END IF;
  FOR changed IN EXECUTE format('SELECT s.segment, s.condition, coalesce(s.value_of, ''NULL'') AS part FROM %I.segment s WHERE s.is_active', TG_TABLE_SCHEMA) LOOP
    BEGIN
      EXECUTE format(E'EXPLAIN SELECT (%s\n)::boolean, (%s\n)::text FROM (SELECT c.*, k.traits AS trait FROM %3$I.customer_360 c JOIN %3$I.customer k ON k.customer_id = c.customer_id) b',
                     changed.condition, changed.part, TG_TABLE_SCHEMA);
    EXCEPTION WHEN others THEN
      RAISE EXCEPTION 'segment "%" can''t be used: %', changed.segment, SQLERRM
        USING ERRCODE = SQLSTATE, HINT = 'Its condition is an SQL expression over the columns of customer_360, and trait, such as trait ->> ''city'' = ''Bern''; functions of yours are qualified by their schema.';
    END;
  END LOOP;
  PERFORM @extschema@.ledger_view_customer_segment(TG_TABLE_SCHEMA::text);
  -- what was kept of segments is of others
  EXECUTE format('DELETE FROM %I.kpi_member', TG_TABLE_SCHEMA);
  EXECUTE format('DELETE FROM %I.kpi_fact f WHERE f.segment <> ''all''', TG_TABLE_SCHEMA);
  EXECUTE format('DELETE FROM %I.kpi_period p WHERE p.segment <> ''all''', TG_TABLE_SCHEMA);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION segment_changed() IS 'trigger on a ledger''s table segment: checks the conditions and makes the view customer_segment anew';

-- The segments that are not kept share one reading of the log; those that are, another.
CREATE FUNCTION ledger_segments(ledger text) RETURNS SETOF text
  LANGUAGE plpgsql STABLE ROWS 30
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.kpi_member)', ledger) INTO kept;
  RETURN QUERY EXECUTE format('SELECT DISTINCT m.segment FROM %I.%I m ORDER BY 1', ledger, CASE WHEN kept THEN 'kpi_member' ELSE 'customer_segment' END);
END $$;
COMMENT ON FUNCTION ledger_segments(text) IS 'the segments that have members: by the last ledger_refresh(), or now where there was none since segments changed';

CREATE FUNCTION ledger_refresh_members(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('DELETE FROM %I.kpi_member', ledger);
  EXECUTE format('INSERT INTO %1$I.kpi_member (customer_id, segment) SELECT DISTINCT s.customer_id, s.segment FROM %1$I.customer_segment s', ledger);
  EXECUTE format('ANALYZE %I.kpi_member', ledger);
END $$;
COMMENT ON FUNCTION ledger_refresh_members(text) IS 'part of ledger_refresh(): notes who belongs to which segment now';

CREATE FUNCTION ledger_kpi_live_segments(
  ledger text, OUT segment text, OUT period_start date, OUT fact text, OUT value numeric
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE ROWS 1000
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
  scope text;
  kept boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.kpi_member)', ledger) INTO kept;
  -- two rows of segment may come to one name
  scope := format(CASE WHEN kept THEN '%I.kpi_member' ELSE '(SELECT DISTINCT s.customer_id, s.segment FROM %I.customer_segment s)' END, ledger);
  FOR part IN SELECT r.live_start, r.slow_start, r.first_start, r.until, array_agg(s.segment) AS segments
                FROM @extschema@.ledger_segments(ledger) s (segment) CROSS JOIN LATERAL @extschema@.ledger_kpi_range(ledger, 'month', s.segment) r
               GROUP BY 1, 2, 3, 4 LOOP
    RETURN QUERY SELECT f.segment, f.period_start, f.fact, f.value
                   FROM @extschema@.ledger_kpi_since(ledger, 'month', part.live_start, part.slow_start, part.first_start, part.until, scope, part.segments) f;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_kpi_live_segments(text) IS 'the facts of months by segment that ledger_refresh() doesn''t keep';

CREATE FUNCTION ledger_view_kpi_by_segment(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'kpi_by_segment', E'--: KPIs of each month by segment: one row each; a kept month has the members of then, others those of the last ledger_refresh()\n'
    || @extschema@.ledger_kpi_long(@extschema@.ledger_kpi_dated(ledger, @extschema@.ledger_kpi_pivot(
      format('SELECT f.segment, f.period_grain, f.period_start, f.fact, f.value FROM %1$I.kpi_fact f WHERE f.segment <> ''all'' AND f.period_grain = ''month'''
             ' UNION ALL SELECT l.segment, ''month'', l.period_start, l.fact, l.value FROM @extschema@.ledger_kpi_live_segments(%1$L) l', ledger), @extschema@.ledger_kpi_facts_known())), true));
COMMENT ON FUNCTION ledger_view_kpi_by_segment(text) IS 'part of ledger_make_views(): kpi_by_segment';
