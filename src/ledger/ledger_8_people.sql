--
-- ledger: rights, people, and the end of a ledger
--

CREATE FUNCTION ledger_grant(ledger text, role regrole, level text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation record;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF level IS NULL OR level NOT IN ('read', 'write', 'admin') THEN
    RAISE EXCEPTION 'level "%" is not known', level
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Levels are read, write and admin.';
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', ledger, role);
  FOR relation IN SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = ledger AND c.relkind IN ('r', 'p', 'v', 'm') LOOP
    EXECUTE format('GRANT %s ON %I.%I TO %s', CASE WHEN level = 'admin' THEN 'ALL' ELSE 'SELECT' END, ledger, relation.relname, role);
  END LOOP;
  -- makes keys visible in information_schema; not on the key itself: who may refer to it may block deletes
  EXECUTE format('GRANT REFERENCES (stage) ON %I.customer TO %s', ledger, role);
  EXECUTE format('GRANT REFERENCES (recorded_at) ON %I.touchpoint TO %s', ledger, role);
  IF level = 'write' THEN
    EXECUTE format('GRANT INSERT ON %I.touchpoint TO %s', ledger, role);
    EXECUTE format('GRANT UPDATE (leased_until, attempts, acked_at) ON %I.event_outbox TO %s', ledger, role);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_grant(text, regrole, text) IS
  'read: see everything; write: also write touchpoints and work off events; admin: everything';

CREATE FUNCTION ledger_erase(ledger text, customer text, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key_type regtype;
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  key_type := @extschema@.ledger_key_type(ledger);
  IF mode IS NULL OR mode NOT IN ('anonymise', 'delete') THEN
    RAISE EXCEPTION 'mode "%" is not known', mode
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Modes are anonymise, which keeps the statistics, and delete.';
  END IF;
  IF customer IS NULL THEN
    RAISE EXCEPTION 'customer must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  -- nobody else may have the customer's row while the log is changed
  EXECUTE format('SELECT FROM %I.customer c WHERE c.customer_id = $1::%s FOR UPDATE', ledger, key_type) USING customer;
  IF mode = 'delete' THEN
    EXECUTE format('DELETE FROM %I.touchpoint t WHERE t.customer_id = $1::%s', ledger, key_type) USING customer;
  ELSE
    EXECUTE format('UPDATE %I.touchpoint t SET customer_id = %s, subject = NULL, source_key = NULL, '
                   'properties = nullif(jsonb_strip_nulls(jsonb_build_object(''until'', t.properties -> ''until'', ''stage'', t.properties -> ''stage'', ''purpose'', t.properties -> ''purpose'')), ''{}'') '
                   'WHERE t.customer_id = $1::%s', ledger,
                   CASE key_type WHEN 'bigint'::regtype THEN format('(SELECT least(0, min(c.customer_id)) - 1 FROM %I.customer c)', ledger)
                                 WHEN 'integer'::regtype THEN format('(SELECT least(0, min(c.customer_id)) - 1 FROM %I.customer c)', ledger)
                                 ELSE format('%L::%s', gen_random_uuid(), key_type) END, key_type) USING customer;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  EXECUTE format('DELETE FROM %I.touchpoint_rejected r WHERE r.customer_id = $1', ledger) USING customer;
  EXECUTE format('DELETE FROM %I.event_outbox e WHERE e.customer_id = $1::%s', ledger, key_type) USING customer;
  IF mode = 'anonymise' THEN
    EXECUTE format('INSERT INTO %I.event_outbox (customer_id, event, occurred_at, payload) VALUES ($1::%s, ''erased'', now(), $2)', ledger, key_type)
      USING customer, jsonb_build_object('mode', mode);
  ELSE
    EXECUTE format('INSERT INTO %I.event_outbox (event, occurred_at, payload) VALUES (''erased'', now(), $1)', ledger)
      USING jsonb_build_object('mode', mode);
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_erase(text, text, text) IS
  'forgets a person: anonymise gives the touchpoints to an unnamed customer and drops what could name him, delete removes them; how many touchpoints. Tracked tables are their owner''s business: delete there first';
CREATE FUNCTION ledger_erase(ledger text, customer bigint, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE sql
  RETURN @extschema@.ledger_erase(ledger, customer::text, mode);
COMMENT ON FUNCTION ledger_erase(text, bigint, text) IS 'forgets a person: anonymise keeps the statistics, delete nothing; how many touchpoints';
CREATE FUNCTION ledger_erase(ledger text, customer uuid, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE sql
  RETURN @extschema@.ledger_erase(ledger, customer::text, mode);
COMMENT ON FUNCTION ledger_erase(text, uuid, text) IS 'forgets a person: anonymise keeps the statistics, delete nothing; how many touchpoints';

CREATE FUNCTION ledger_consent(ledger text, customer text, purpose text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  given boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT (c.consents ->> $2)::boolean FROM %I.customer c WHERE c.customer_id = $1::%s', ledger,
                 @extschema@.ledger_key_type(ledger)) INTO given USING customer, purpose;
  RETURN given;
END $$;
COMMENT ON FUNCTION ledger_consent(text, text, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';
CREATE FUNCTION ledger_consent(ledger text, customer bigint, purpose text) RETURNS boolean
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consent(ledger, customer::text, purpose);
COMMENT ON FUNCTION ledger_consent(text, bigint, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';
CREATE FUNCTION ledger_consent(ledger text, customer uuid, purpose text) RETURNS boolean
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consent(ledger, customer::text, purpose);
COMMENT ON FUNCTION ledger_consent(text, uuid, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';

CREATE FUNCTION ledger_drop(name text, confirm text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source record;
BEGIN
  PERFORM @extschema@.ledger_require(name);
  IF confirm IS DISTINCT FROM name THEN
    RAISE EXCEPTION 'ledger "%" is not dropped', name
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'All its touchpoints would be lost.',
            HINT = format('Say ledger_drop(%1$L, confirm => %1$L).', name);
  END IF;
  FOR source IN EXECUTE format('SELECT s.track, s.source_table FROM %I.tracked_source s', name) LOOP
    PERFORM @extschema@.ledger_drop_triggers(name, source.track, source.source_table);
  END LOOP;
  EXECUTE format('DROP SCHEMA %I CASCADE', name);
END $$;
COMMENT ON FUNCTION ledger_drop(text, text) IS 'drops a ledger with all its touchpoints, and the triggers that feed it; confirm is its name once more';
