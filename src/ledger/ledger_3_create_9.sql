--
-- ledger: making one, and bringing one up to date
--

CREATE FUNCTION ledger_parts() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN '{defaults,log,key_index,keys,state,outbox,rules,health,plays,rfm,kpi,triggers}'::pg_catalog.text[];
COMMENT ON FUNCTION ledger_parts() IS
  'the parts of a ledger in the order in which they are made: ledger_make_<part>(name, customer_key) makes what a ledger lacks of one';

CREATE FUNCTION ledger_make_parts(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part text;
BEGIN
  FOREACH part IN ARRAY @extschema@.ledger_parts() LOOP
    EXECUTE format('SELECT @extschema@.%I($1, $2)', 'ledger_make_' || part) USING name, customer_key;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_parts(text, regtype) IS 'part of ledger_create() and ledger_upgrade(): all tables, and what belongs to them';

CREATE FUNCTION ledger_create(
  name text, customer_key regtype DEFAULT 'bigint', partition_by interval DEFAULT NULL
) RETURNS regnamespace
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_check_new(name, customer_key);
  PERFORM @extschema@.ledger_check_period(partition_by);
  IF @extschema@.ledger_exists(name) THEN
    IF partition_by IS NOT NULL AND NOT @extschema@.ledger_is_partitioned(name) THEN
      RAISE EXCEPTION 'ledger "%" exists and is not partitioned', name
        USING ERRCODE = 'duplicate_object', HINT = 'Make a partitioned one of another name, and INSERT INTO its touchpoint what the touchpoint of this one holds.';
    END IF;
    RAISE NOTICE 'ledger "%" already exists, skipping', name
      USING HINT = format('ledger_upgrade(%L) brings one that an older release has made up to date.', name);
    RETURN quote_ident(name)::regnamespace;
  END IF;
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', name);
  PERFORM @extschema@.ledger_make_touchpoint(name, customer_key, partition_by);
  PERFORM @extschema@.ledger_make_parts(name, customer_key);
  PERFORM @extschema@.ledger_make_views(name);
  IF partition_by IS NOT NULL THEN
    EXECUTE format('INSERT INTO %I.setting (name, value, meaning) VALUES '
                   '(''partition_by'', $1, ''a partition of touchpoint holds this length of time; holds for partitions to come''), '
                   '(''partitions_ahead'', ''3'', ''ledger_tick() makes partitions for so many periods to come'')', name)
      USING partition_by::text;
    PERFORM @extschema@.ledger_partition(name);
  END IF;
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE WARNING 'ledger "%" is owned by the superuser "%"', name, current_user
      USING HINT = 'Its triggers act as its owner: let a role without other rights own a ledger.';
  END IF;
  RETURN quote_ident(name)::regnamespace;
END $$;
COMMENT ON FUNCTION ledger_create(text, regtype, interval) IS
  'make a ledger: a schema of tables and views that the caller owns, its log partitioned by time if partition_by is given; one that is there is left as it is';

CREATE FUNCTION ledger_catalogue(ledger text, OUT object text, OUT definition text) RETURNS SETOF record
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH relation AS (
    SELECT c.oid, c.relname, c.relkind, c.reloptions
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ledger AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  )
  SELECT format('%s %I', CASE r.relkind WHEN 'v' THEN 'view' ELSE 'table' END, r.relname),
         concat_ws(' ', r.reloptions::text, CASE r.relkind WHEN 'v' THEN pg_get_viewdef(r.oid) END)
    FROM relation r
  UNION ALL
  SELECT format('column %I.%I', r.relname, a.attname),
         concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
                   'default ' || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attidentity <> '' THEN 'identity' END)
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
  UNION ALL
  SELECT format('index %I', x.relname), pg_get_indexdef(i.indexrelid)
    FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid
  UNION ALL
  SELECT format('constraint %I of %I', k.conname, r.relname), pg_get_constraintdef(k.oid)
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype <> 'n'
  UNION ALL
  SELECT format('trigger %I on %I', t.tgname, r.relname), pg_get_triggerdef(t.oid)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT format('comment on %I', r.relname) || coalesce('.' || quote_ident(a.attname), ''), d.description
    FROM relation r JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
    LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid AND d.objsubid > 0
$$;
COMMENT ON FUNCTION ledger_catalogue(text) IS
  'what a ledger is made of: tables, columns, indexes, constraints, triggers, views and comments, with their definitions; partitions are left out';

CREATE FUNCTION ledger_inventory(ledger text) RETURNS jsonb
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  objects jsonb := (SELECT jsonb_object_agg(c.object, c.definition) FROM @extschema@.ledger_catalogue(ledger) c);
  offered jsonb := '{}';
BEGIN
  IF to_regclass(format('%I.default_row', ledger)) IS NOT NULL THEN
    EXECUTE format('SELECT coalesce(jsonb_object_agg(format(''row "%%s" of %%I'', r.row_key, r.table_name), ''offered''), ''{}'') FROM %I.default_row r', ledger)
      INTO offered;
  ELSE
    SELECT jsonb_object_agg(format('row "%s" of %I', r.row_key, r.table_name), 'offered') INTO offered FROM @extschema@.ledger_defaults_of_0_1_0() r;
  END IF;
  RETURN objects || offered;
END $$;
COMMENT ON FUNCTION ledger_inventory(text) IS 'part of ledger_upgrade(): the catalogue of a ledger and the default rows that it was offered, to compare';

CREATE FUNCTION ledger_upgrade_views(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  trouble text;
  detail text;
BEGIN
  PERFORM @extschema@.ledger_make_views(ledger);
EXCEPTION WHEN invalid_table_definition OR dependent_objects_still_exist OR wrong_object_type THEN
  GET STACKED DIAGNOSTICS trouble = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION 'a view of ledger "%" cannot be replaced: %', ledger, trouble
    USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = coalesce(nullif(detail, ''), 'Someone has made or changed it, or its columns are of other names or types.'),
          HINT = 'Columns of a view can be added, not changed: keep the definitions of views of yours that use it, DROP VIEW ... CASCADE, and upgrade again.';
END $$;
COMMENT ON FUNCTION ledger_upgrade_views(text) IS 'part of ledger_upgrade(): makes and replaces the views, and says so if one cannot be';

CREATE FUNCTION ledger_upgrade(ledger text, OUT object text, OUT change text) RETURNS SETOF record
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  before jsonb;
  after jsonb;
  acting text;
  refold boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  acting := @extschema@.ledger_act_as_owner(ledger);
  before := @extschema@.ledger_inventory(ledger);
  PERFORM @extschema@.ledger_make_parts(ledger, @extschema@.ledger_key_type(ledger));
  PERFORM @extschema@.ledger_upgrade_views(ledger);
  after := @extschema@.ledger_inventory(ledger);
  PERFORM @extschema@.ledger_grant_again(ledger);
  -- what a release keeps of each customer is filled from the log
  refold := EXISTS (SELECT FROM jsonb_object_keys(after) k WHERE k LIKE 'column customer.%' AND NOT before ? k);
  IF refold THEN
    PERFORM @extschema@.ledger_rebuild(ledger);
  END IF;
  PERFORM set_config('role', acting, true);
  RETURN QUERY
    SELECT 'customers', 'folded anew' WHERE refold
    UNION ALL
    (SELECT coalesce(a.key, b.key),
           CASE WHEN b.key IS NULL THEN 'added' WHEN a.key IS NULL THEN 'removed' ELSE 'changed' END
      FROM jsonb_each_text(after) a FULL JOIN jsonb_each_text(before) b ON b.key = a.key
     WHERE a.value IS DISTINCT FROM b.value OR a.key IS NULL OR b.key IS NULL
     ORDER BY coalesce(a.key, b.key) COLLATE "C");
END $$;
COMMENT ON FUNCTION ledger_upgrade(text) IS
  'brings a ledger that an older release has made up to this one, and says what it did; rows that the house has deleted stay deleted; again: nothing';
