--
-- ledger: which there are, and what one may be called
--

CREATE FUNCTION ledger_exists(name text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN EXISTS (
    SELECT FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'touchpoint'
       AND t.tgfoid = '@extschema@.touchpoint_fold()'::pg_catalog.regprocedure);
COMMENT ON FUNCTION ledger_exists(text) IS 'is there a ledger of this name (a schema with a table touchpoint that moves customers)?';

CREATE FUNCTION ledger_check_remains(name text) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  aside text := left(name, 40) || '_old';
  columns text := 'customer_id, kind, occurred_at, recorded_at, channel, campaign, subject, amount, quantity, score, properties, source, source_key';
  log regclass := to_regclass(format('%I.touchpoint', name));
BEGIN
  -- DROP EXTENSION takes what is of its types and functions: triggers, views, columns such as customer.stage
  IF log IS NULL OR to_regclass(format('%I.touchpoint_rejected', name)) IS NULL OR @extschema@.ledger_exists(name)
     OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(format('%I.customer', name)) AND a.attname = 'stage') THEN
    RETURN;
  END IF;
  RAISE EXCEPTION 'schema "%" holds the remains of a ledger whose extension was dropped', name
    USING ERRCODE = 'object_not_in_prerequisite_state',
          DETAIL = 'DROP EXTENSION has taken its triggers, its views and the columns of the extension''s types; touchpoints and rules are there.',
          HINT = format('Make it anew from them: ALTER SCHEMA %1$I RENAME TO %2$I; SELECT ledger_create(%1$L, %3$L); '
                        'INSERT INTO %1$I.touchpoint (%4$s) SELECT %4$s FROM %2$I.touchpoint.  docs/ledger.md, "Without the extension", takes rules along, too.',
                        name, aside, (SELECT format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = log AND a.attname = 'customer_id'), columns);
END $$;
COMMENT ON FUNCTION ledger_check_remains(text) IS 'part of ledger_require() and ledger_create(): an error if what a ledger was made of is there, but not what DROP EXTENSION took of it';

CREATE FUNCTION ledger_require(name text) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF name IS NULL THEN
    RAISE EXCEPTION 'the name of a ledger must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT @extschema@.ledger_exists(name) THEN
    PERFORM @extschema@.ledger_check_remains(name);
    RAISE EXCEPTION 'ledger "%" does not exist', name
      USING ERRCODE = 'undefined_object', HINT = format('Make it with ledger_create(%L).', name);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_require(text) IS 'an error unless there is a ledger of this name';

CREATE FUNCTION ledger_key_type(name text) RETURNS regtype
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (
    SELECT a.atttypid::pg_catalog.regtype
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'customer' AND a.attname = 'customer_id');
COMMENT ON FUNCTION ledger_key_type(text) IS 'type of the key of customers of the ledger; NULL if there is no such ledger';

CREATE FUNCTION ledger_is_partitioned(name text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN EXISTS (
    SELECT FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'touchpoint' AND c.relkind = 'p');
COMMENT ON FUNCTION ledger_is_partitioned(text) IS 'is the log of the ledger partitioned?';

CREATE FUNCTION ledger_owner(name text) RETURNS regrole
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (
    SELECT c.relowner::pg_catalog.regrole
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'touchpoint');
COMMENT ON FUNCTION ledger_owner(text) IS 'the role that the ledger''s triggers act as; NULL if there is no such ledger';

CREATE FUNCTION ledger_relation_names() RETURNS SETOF text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT m[2] FROM pg_proc p CROSS JOIN LATERAL regexp_matches(p.prosrc, 'CREATE (TABLE IF NOT EXISTS|OR REPLACE VIEW) %1\$I\.(\w+)', 'g') AS m
     WHERE p.pronamespace = '@extschema@'::regnamespace AND starts_with(p.proname, 'ledger_make_')
    UNION SELECT unnest(@extschema@.ledger_view_names());
END $$;
COMMENT ON FUNCTION ledger_relation_names() IS 'names of the tables and views of a ledger, out of the functions that make them';

CREATE FUNCTION ledger_check_new(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  taken text;
BEGIN
  IF name IS NULL OR customer_key IS NULL THEN
    RAISE EXCEPTION 'name and customer_key of a ledger must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF name = '' OR octet_length(name) > 63 THEN
    RAISE EXCEPTION 'invalid name of a ledger: "%"', name
      USING ERRCODE = 'invalid_name', DETAIL = 'A ledger is a schema; its name has 1 to 63 bytes.';
  END IF;
  IF name ~ '@[a-z_]+@' THEN
    RAISE EXCEPTION 'invalid name of a ledger: "%"', name
      USING ERRCODE = 'invalid_name', DETAIL = 'Words between two @ stand for something else in the texts of views.';
  END IF;
  IF customer_key NOT IN ('bigint', 'integer', 'uuid', 'text') THEN
    RAISE EXCEPTION 'customers cannot have a key of type %', customer_key
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The types of keys are bigint, integer, uuid and text.',
            HINT = 'Cast your key in ledger_track(), or use text.';
  END IF;
  IF @extschema@.ledger_exists(name) AND @extschema@.ledger_key_type(name) <> customer_key THEN
    RAISE EXCEPTION 'ledger "%" exists and its customers have a key of type %', name,
                    @extschema@.ledger_key_type(name)
      USING ERRCODE = 'duplicate_object', HINT = 'Choose another name, or that type.';
  END IF;
  PERFORM @extschema@.ledger_check_remains(name);
  -- triggers act as the ledger's owner upon whatever its schema holds by the names of its tables
  IF EXISTS (SELECT FROM pg_namespace n LEFT JOIN LATERAL aclexplode(n.nspacl) a ON a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
              WHERE n.nspname = name AND NOT @extschema@.ledger_exists(name)
                AND (a.grantee IS NOT NULL OR n.nspowner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user))) THEN
    RAISE EXCEPTION 'schema "%" is not yours alone', name
      USING ERRCODE = 'insufficient_privilege', DETAIL = 'Its owner, or whoever may create in it, could put objects of theirs in the place of the ledger''s.',
            HINT = 'Let ledger_create() make a schema: choose a name that is free.';
  END IF;
  SELECT c.relname INTO taken FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = name AND NOT @extschema@.ledger_exists(name)
     AND c.relname IN (SELECT r FROM @extschema@.ledger_relation_names() AS r) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'relation "%.%" already exists', name, taken
      USING ERRCODE = 'duplicate_table', HINT = 'A ledger needs a schema of its own: choose another name.';
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_new(text, regtype) IS 'an error unless a ledger of this name and type of key may be made, or is there';
