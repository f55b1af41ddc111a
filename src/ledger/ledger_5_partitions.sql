--
-- ledger: a log that is partitioned by time
--
-- Nothing is ever refused for want of a partition: what has none goes to touchpoint_default, and is
-- moved when its partition is made.  ledger_tick() makes them ahead of time.
--

CREATE FUNCTION ledger_check_period(partition_by interval) RETURNS void
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months integer := extract(year FROM partition_by) * 12 + extract(month FROM partition_by);
BEGIN
  IF partition_by < '1 day' OR partition_by > '100 years'
     OR extract(epoch FROM partition_by - make_interval(months => months))::numeric % 86400 <> 0
     OR (months <> 0 AND partition_by <> make_interval(months => months)) THEN
    RAISE EXCEPTION 'touchpoints cannot be partitioned by "%"', partition_by
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a number of months, or of days, such as ''1 month'' or ''7 days''.';
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_period(interval) IS 'an error unless a log can be partitioned by this length of time; NULL: it is not';

CREATE FUNCTION ledger_period_start(at timestamptz, partition_by interval) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
  SELECT CASE WHEN m.months = 0 THEN date_bin(partition_by, at, '2000-01-03 00:00+00')
              ELSE date_trunc('month', at) - make_interval(months => (((date_part('year', at) * 12 + date_part('month', at) - 1)::bigint % m.months + m.months) % m.months)::integer) END
    FROM (SELECT (date_part('year', partition_by) * 12 + date_part('month', partition_by))::bigint AS months) m
$$;
COMMENT ON FUNCTION ledger_period_start(timestamptz, interval) IS 'start of the partition in which an instant is, by UTC: months are counted from the year 0, days from Monday, 3 January 2000';

CREATE FUNCTION ledger_period_end(period_start timestamptz, partition_by interval) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$ SELECT period_start + partition_by $$;
COMMENT ON FUNCTION ledger_period_end(timestamptz, interval) IS 'end of the partition that begins then, exclusive, by UTC';

CREATE FUNCTION ledger_partitions(
  ledger text, OUT partition_table regclass, OUT from_at timestamptz, OUT to_at timestamptz
) RETURNS SETOF record
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO, YMD'
AS $$
  SELECT c.oid::regclass, b.bound[1]::timestamptz, b.bound[2]::timestamptz
    FROM pg_class p
    JOIN pg_namespace n ON n.oid = p.relnamespace AND n.nspname = ledger
    JOIN pg_inherits i ON i.inhparent = p.oid
    JOIN pg_class c ON c.oid = i.inhrelid
    LEFT JOIN LATERAL (SELECT ARRAY[nullif(m[1], 'MINVALUE'), nullif(m[2], 'MAXVALUE')] AS bound
                         FROM regexp_matches(pg_get_expr(c.relpartbound, c.oid), $re$^FOR VALUES FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)$re$) AS m) b ON true
   WHERE p.relname = 'touchpoint' AND p.relkind = 'p'
   ORDER BY b.bound[1]::timestamptz NULLS LAST, c.relname
$$;
COMMENT ON FUNCTION ledger_partitions(text) IS 'the partitions of a ledger''s log: which touchpoints they hold, from from_at until before to_at; both NULL: the default partition, which holds the rest';

CREATE FUNCTION ledger_act_as_owner(ledger text) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  owner name;
  acting text := current_setting('role');
BEGIN
  SELECT r.rolname INTO owner FROM pg_roles r WHERE r.oid = @extschema@.ledger_owner(ledger);
  IF NOT pg_has_role(owner, 'MEMBER') THEN
    RAISE EXCEPTION 'must be owner of ledger "%"', ledger USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF owner <> current_user THEN
    PERFORM set_config('role', owner, true);
  END IF;
  RETURN acting;
END $$;
COMMENT ON FUNCTION ledger_act_as_owner(text) IS
  'SET LOCAL ROLE to the owner of the ledger, of whom the caller must be a member, so that what is made belongs to him; the role to go back to';

CREATE FUNCTION ledger_partition_name(ledger text, from_at timestamptz) RETURNS name
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
DECLARE
  name text := 'touchpoint_' || to_char(from_at, 'YYYYMMDD');
  n integer := 1;
BEGIN
  -- one that was detached may have the name
  WHILE to_regclass(format('%I.%I', ledger, CASE n WHEN 1 THEN name ELSE name || '_' || n END)) IS NOT NULL LOOP
    n := n + 1;
  END LOOP;
  RETURN CASE n WHEN 1 THEN name ELSE name || '_' || n END;
END $$;
COMMENT ON FUNCTION ledger_partition_name(text, timestamptz) IS 'a free name for the partition that begins then';

CREATE FUNCTION ledger_make_partition(ledger text, from_at timestamptz, to_at timestamptz) RETURNS regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  name name := @extschema@.ledger_partition_name(ledger, from_at);
BEGIN
  -- Who has chosen the default partition for a row while it still was the right one would meet an
  -- error: so no statement writes meanwhile. The triggers of touchpoint don't see rows that move.
  EXECUTE format($ddl$
LOCK TABLE ONLY %1$I.touchpoint IN ACCESS EXCLUSIVE MODE; -- nobody may have a partition and wait for the table
LOCK TABLE %1$I.touchpoint_default IN ACCESS EXCLUSIVE MODE;
CREATE TABLE %1$I.%2$I (LIKE %1$I.touchpoint INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE, CHECK (occurred_at >= %3$L AND occurred_at < %4$L));
WITH moved AS (DELETE FROM %1$I.touchpoint_default WHERE occurred_at >= %3$L AND occurred_at < %4$L RETURNING *)
  INSERT INTO %1$I.%2$I SELECT * FROM moved;
ALTER TABLE %1$I.touchpoint ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%3$L) TO (%4$L);
  $ddl$, ledger, name, from_at, to_at);
  EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT %I', ledger, name,
                 (SELECT k.conname FROM pg_constraint k WHERE k.conrelid = format('%I.%I', ledger, name)::regclass AND k.contype = 'c'
                    AND k.conislocal AND k.coninhcount = 0 LIMIT 1));
  RETURN format('%I.%I', ledger, name)::regclass;
END $$;
COMMENT ON FUNCTION ledger_make_partition(text, timestamptz, timestamptz) IS
  'part of ledger_partition(): makes one partition, and moves into it what is in the default partition';

CREATE FUNCTION ledger_lacking_partitions(
  ledger text, upto timestamptz, of_rows boolean, OUT from_at timestamptz, OUT to_at timestamptz
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
AS $$
DECLARE
  period interval;
  ahead integer;
  starts timestamptz[];
  next timestamptz;
BEGIN
  EXECUTE format('SELECT (SELECT s.value::interval FROM %1$I.setting s WHERE s.name = ''partition_by''), '
                 '(SELECT s.value::integer FROM %1$I.setting s WHERE s.name = ''partitions_ahead'')', ledger) INTO period, ahead;
  IF upto > now() + interval '100 years' THEN
    RAISE EXCEPTION 'partitions are made for 100 years at most' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  period := coalesce(period, '1 month');
  next := @extschema@.ledger_period_start(now(), period);
  WHILE next <= coalesce(upto, now() + coalesce(ahead, 3) * period) LOOP
    starts := starts || next;
    next := @extschema@.ledger_period_end(next, period);
  END LOOP;
  IF of_rows THEN
    EXECUTE format('SELECT $1 || array_agg(p.start) FROM (SELECT DISTINCT @extschema@.ledger_period_start(t.occurred_at, $2) AS start '
                   'FROM (SELECT date_trunc(''day'', t.occurred_at) AS occurred_at FROM %I.touchpoint_default t WHERE isfinite(t.occurred_at) GROUP BY 1) t) p', ledger)
      INTO starts USING starts, period;
  END IF;
  -- periods of another length may have been in force before: only what is free is taken
  RETURN QUERY
    SELECT lower(r), upper(r)
      FROM (SELECT DISTINCT u FROM unnest(starts) u WHERE u IS NOT NULL) s (start)
     CROSS JOIN LATERAL unnest(tstzmultirange(tstzrange(s.start, @extschema@.ledger_period_end(s.start, period)))
                               - coalesce((SELECT range_agg(tstzrange(p.from_at, p.to_at)) FROM @extschema@.ledger_partitions(ledger) p
                                            WHERE p.partition_table <> format('%I.touchpoint_default', ledger)::regclass), '{}')) r
     ORDER BY 1;
END $$;
COMMENT ON FUNCTION ledger_lacking_partitions(text, timestamptz, boolean) IS
  'part of ledger_partition(): the partitions that are to be made, from now to upto and, of_rows, for what is in the default partition';

CREATE FUNCTION ledger_partition(ledger text, upto timestamptz DEFAULT NULL) RETURNS SETOF regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting text;
  part record;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF NOT @extschema@.ledger_is_partitioned(ledger) THEN
    RAISE EXCEPTION 'ledger "%" is not partitioned', ledger
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Make one that is: ledger_create(''...'', partition_by => ''1 month'').';
  END IF;
  acting := @extschema@.ledger_act_as_owner(ledger);
  EXECUTE format('LOCK TABLE ONLY %I.touchpoint IN ACCESS EXCLUSIVE MODE', ledger);
  FOR part IN SELECT * FROM @extschema@.ledger_lacking_partitions(ledger, upto, true) LOOP
    RETURN NEXT @extschema@.ledger_make_partition(ledger, part.from_at, part.to_at);
  END LOOP;
  PERFORM set_config('role', acting, true);
END $$;
COMMENT ON FUNCTION ledger_partition(text, timestamptz) IS
  'makes the partitions that the log lacks up to an instant (NULL: as far ahead as the setting says), and for what is in the default partition, which is moved; gives those it made';

CREATE FUNCTION ledger_partition_ahead(ledger text) RETURNS integer
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
  n integer := 0;
  acting text;
  patience text := current_setting('lock_timeout');
BEGIN
  IF NOT @extschema@.ledger_is_partitioned(ledger) OR NOT pg_has_role(@extschema@.ledger_owner(ledger)::oid, 'MEMBER') THEN
    RETURN 0;
  END IF;
  acting := @extschema@.ledger_act_as_owner(ledger);
  -- who waits for a lock makes others wait: the next tick will do
  PERFORM set_config('lock_timeout', '500ms', true);
  BEGIN
    FOR part IN SELECT * FROM @extschema@.ledger_lacking_partitions(ledger, NULL, false) LOOP
      PERFORM @extschema@.ledger_make_partition(ledger, part.from_at, part.to_at);
      n := n + 1;
    END LOOP;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RAISE NOTICE 'ledger "%" lacks partitions: its log is in use', ledger USING HINT = 'The next tick will try again.';
    n := 0;
  END;
  PERFORM set_config('lock_timeout', patience, true), set_config('role', acting, true);
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_partition_ahead(text) IS
  'part of ledger_tick(): makes partitions for the time to come, if the caller may and nobody is in the way; how many';

CREATE FUNCTION ledger_detach(ledger text, before timestamptz) RETURNS SETOF regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting text;
  part regclass;
  detached regclass[] := '{}';
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  acting := @extschema@.ledger_act_as_owner(ledger);
  FOR part IN SELECT p.partition_table FROM @extschema@.ledger_partitions(ledger) p WHERE p.to_at <= before LOOP
    EXECUTE format('ALTER TABLE %I.touchpoint DETACH PARTITION %s', ledger, part);
    detached := detached || part;
  END LOOP;
  IF cardinality(detached) > 0 THEN
    PERFORM @extschema@.ledger_rebuild(ledger);
  END IF;
  PERFORM set_config('role', acting, true);
  RETURN QUERY SELECT unnest(detached);
END $$;
COMMENT ON FUNCTION ledger_detach(text, timestamptz) IS
  'detaches the partitions that end before an instant, as tables to archive or drop, and folds what is left; keys stay, so that nothing of it is written again';
