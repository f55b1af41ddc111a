--
-- ledger: making one
--

CREATE FUNCTION ledger_parts() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN '{log,state,outbox,rules,health,plays,triggers}'::pg_catalog.text[];
COMMENT ON FUNCTION ledger_parts() IS
  'the parts of a ledger in the order in which they are made: ledger_make_<part>(name, customer_key) makes what a ledger lacks of one';

CREATE FUNCTION ledger_create(name text, customer_key regtype DEFAULT 'bigint') RETURNS regnamespace
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part text;
BEGIN
  PERFORM @extschema@.ledger_check_new(name, customer_key);
  IF NOT @extschema@.ledger_exists(name) THEN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', name);
    FOREACH part IN ARRAY @extschema@.ledger_parts() LOOP
      EXECUTE format('SELECT @extschema@.%I($1, $2)', 'ledger_make_' || part) USING name, customer_key;
    END LOOP;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      RAISE WARNING 'ledger "%" is owned by the superuser "%"', name, current_user
        USING HINT = 'Its triggers act as its owner: let a role without other rights own a ledger.';
    END IF;
  END IF;
  PERFORM @extschema@.ledger_make_views(name);
  RETURN quote_ident(name)::regnamespace;
END $$;
COMMENT ON FUNCTION ledger_create(text, regtype) IS
  'make a ledger: a schema of tables and views that the caller owns; one that is there is left as it is, but for its views';
