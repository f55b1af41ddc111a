--
-- ledger: rights, people, and the end of a ledger
--

CREATE FUNCTION ledger_revoke_all(ledger text, role regrole) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation record;
BEGIN
  FOR relation IN SELECT c.relname, (SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_attribute a
                                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = ledger AND c.relkind IN ('r', 'p', 'v', 'm') LOOP
    EXECUTE format('REVOKE ALL ON %1$I.%2$I FROM %3$s; REVOKE ALL (%4$s) ON %1$I.%2$I FROM %3$s', ledger, relation.relname, role, relation.columns);
  END LOOP;
  EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', ledger, role);
END $$;
COMMENT ON FUNCTION ledger_revoke_all(text, regrole) IS 'part of ledger_grant() and ledger_revoke(): the role has no right on the ledger any more, but what it has by others';

CREATE FUNCTION ledger_visible_key_columns(ledger text, OUT relation name, OUT attribute name) RETURNS SETOF record
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT DISTINCT ON (c.relname) c.relname, a.attname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ledger
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
     AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey::int2[]))
   ORDER BY c.relname, a.attnum
$$;
COMMENT ON FUNCTION ledger_visible_key_columns(text) IS
  'part of ledger_grant(): a column of each table that is part of no key: REFERENCES on it makes the table''s keys visible in information_schema, and lets nobody refer to them';

CREATE FUNCTION ledger_grant_level(ledger text, role regrole, level text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  one record;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', ledger, role);
  -- partitions are reached through their table; TRIGGER would let a role act as whoever writes
  -- so would what the owner evaluates by ledger_backfill(): tracks, and how far they are
  FOR one IN SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = ledger AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition LOOP
    EXECUTE format('GRANT %s ON %I.%I TO %s', CASE WHEN level = 'admin' AND one.relkind IN ('r', 'p') AND one.relname NOT IN ('grantee', 'tracked_source', 'backfill')
                                                   THEN 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE' ELSE 'SELECT' END, ledger, one.relname, role);
  END LOOP;
  FOR one IN SELECT * FROM @extschema@.ledger_visible_key_columns(ledger) LOOP
    EXECUTE format('GRANT REFERENCES (%I) ON %I.%I TO %s', one.attribute, ledger, one.relation, role);
  END LOOP;
  IF level = 'write' THEN
    EXECUTE format('GRANT INSERT ON %1$I.touchpoint, %1$I.touchpoint_rejected TO %2$s', ledger, role);
    EXECUTE format('GRANT UPDATE (leased_until, attempts, acked_at) ON %I.event_outbox TO %s', ledger, role);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_grant_level(text, regrole, text) IS 'part of ledger_grant(): the rights of a level, on all that the ledger has now';

CREATE FUNCTION ledger_grant_usage(role regrole) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  home regnamespace := '@extschema@'::regnamespace;
BEGIN
  IF has_schema_privilege(role, home, 'USAGE') THEN
    RETURN;
  END IF;
  IF has_schema_privilege(current_user, home, 'USAGE WITH GRANT OPTION') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', home, role);
  ELSE
    RAISE WARNING 'role "%" may not use schema "%", where the extension is', (SELECT r.rolname FROM pg_roles r WHERE r.oid = role), (SELECT n.nspname FROM pg_namespace n WHERE n.oid = home)
      USING DETAIL = 'Views and functions of the ledger are denied to it.', HINT = format('Let the owner of the schema say: GRANT USAGE ON SCHEMA %s TO %s', home, role);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_grant_usage(regrole) IS
  'part of ledger_grant(): who may read a ledger may use the schema of the extension, if the caller can give it; else a warning says who can';

CREATE FUNCTION ledger_grant(ledger text, role regrole, level text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF level IS NULL OR level NOT IN ('read', 'write', 'admin') THEN
    RAISE EXCEPTION 'level "%" is not known', level
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Levels are read, write and admin.';
  END IF;
  IF role IS NULL OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
    RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
  END IF;
  acting := @extschema@.ledger_act_as_owner(ledger);
  IF role <> @extschema@.ledger_owner(ledger) THEN
    PERFORM @extschema@.ledger_revoke_all(ledger, role);
    PERFORM @extschema@.ledger_grant_level(ledger, role, level);
    EXECUTE format('INSERT INTO %I.grantee AS g (role_name, level) SELECT r.rolname, $2 FROM pg_roles r WHERE r.oid = $1 '
                   'ON CONFLICT (role_name) DO UPDATE SET level = excluded.level, granted_at = now()', ledger) USING role, level;
  END IF;
  PERFORM set_config('role', acting, true);
  -- by the rights of whoever calls
  PERFORM @extschema@.ledger_grant_usage(role);
END $$;
COMMENT ON FUNCTION ledger_grant(text, regrole, text) IS
  'read: see everything; write: also write touchpoints and work off events; admin: also change everything, but for the ledger''s make-up; holds for what ledger_upgrade() adds, too';

CREATE FUNCTION ledger_grant_again(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  one record;
BEGIN
  FOR one IN EXECUTE format('SELECT r.oid::regrole AS role, g.level FROM %I.grantee g JOIN pg_roles r ON r.rolname = g.role_name', ledger) LOOP
    PERFORM @extschema@.ledger_grant_level(ledger, one.role, one.level);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_grant_again(text) IS 'part of ledger_upgrade(): who was granted a level has it on what is new, too';

CREATE FUNCTION ledger_revoke(ledger text, role regrole) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF role IS NULL OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
    RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object';
  END IF;
  acting := @extschema@.ledger_act_as_owner(ledger);
  IF role <> @extschema@.ledger_owner(ledger) THEN
    PERFORM @extschema@.ledger_revoke_all(ledger, role);
    EXECUTE format('DELETE FROM %I.grantee g USING pg_roles r WHERE r.oid = $1 AND g.role_name = r.rolname', ledger) USING role;
  END IF;
  PERFORM set_config('role', acting, true);
END $$;
COMMENT ON FUNCTION ledger_revoke(text, regrole) IS 'takes back what ledger_grant() has given';

CREATE FUNCTION ledger_unnamed_customer(ledger text, key_type regtype) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unnamed text;
BEGIN
  IF key_type IN ('uuid', 'text') THEN
    RETURN gen_random_uuid();
  END IF;
  -- one after the other, or two persons would become one; by rows that only an administrator can
  -- lock, where anyone could hold an advisory lock
  EXECUTE format('SELECT FROM %I.setting s ORDER BY s.name FOR UPDATE', ledger);
  EXECUTE format('SELECT least(0, min(c.customer_id)) - 1 FROM %I.customer c', ledger) INTO unnamed;
  RETURN unnamed;
END $$;
COMMENT ON FUNCTION ledger_unnamed_customer(text, regtype) IS 'part of ledger_erase(): a key that nobody has: a random uuid, or a number below zero';

CREATE FUNCTION ledger_erase_mentions(ledger text, person text, unnamed text, key_type regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a number may be the key of many a thing; of those referred it is a customer's
  named text := CASE WHEN key_type IN ('uuid', 'text') THEN 'true' ELSE 't.kind IN (''referral_sent'', ''referral_converted'')' END;
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{touchpoint,touchpoint_rejected}'::text[] LOOP
    EXECUTE format('UPDATE %I.%I t SET subject = CASE WHEN t.subject = $1 THEN $2 ELSE t.subject END, '
                   '       properties = CASE WHEN jsonb_typeof(t.properties) = ''object'' THEN '
                   '         (SELECT jsonb_object_agg(p.key, p.value) FROM jsonb_each(t.properties) p WHERE p.value <> to_jsonb($1)) ELSE t.properties END '
                   ' WHERE (%s) AND (t.subject = $1 OR jsonb_path_exists(t.properties, ''$.* ? (@ == $person)'', jsonb_build_object(''person'', $1)))',
                   ledger, relation, named)
      USING person, unnamed;
  END LOOP;
  EXECUTE format('UPDATE %I.event_outbox t SET payload = (SELECT coalesce(jsonb_object_agg(p.key, p.value), ''{}'') FROM jsonb_each(t.payload) p WHERE p.value <> to_jsonb($1)) '
                 ' WHERE %L AND jsonb_typeof(t.payload) = ''object'' AND jsonb_path_exists(t.payload, ''$.* ? (@ == $person)'', jsonb_build_object(''person'', $1))',
                 ledger, key_type IN ('uuid', 'text'))
    USING person;
END $$;
COMMENT ON FUNCTION ledger_erase_mentions(text, text, text, regtype) IS
  'part of ledger_erase(): where others'' touchpoints and events name the person: as who was referred, and, where keys are uuids or texts, as any subject or property';

CREATE FUNCTION ledger_erase_elsewhere(ledger text, person text, unnamed text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT c.relname, format_type(a.atttypid, a.atttypmod) AS type,
                    c.relname IN ('event_outbox', 'touchpoint_rejected') AS always
               FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ledger
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ('touchpoint', 'customer', 'stage_history') LOOP
    IF unnamed IS NULL OR one.always THEN
      EXECUTE format('DELETE FROM %I.%I t WHERE t.customer_id = $1::%s', ledger, one.relname, one.type) USING person;
    ELSE
      EXECUTE format('UPDATE %I.%I t SET customer_id = $2::%4$s WHERE t.customer_id = $1::%3$s', ledger, one.relname, one.type, one.type) USING person, unnamed;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_erase_elsewhere(text, text, text) IS
  'part of ledger_erase(): all other tables of the ledger that have a column customer_id, those of a house too';

CREATE FUNCTION ledger_erase(ledger text, customer text, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key_type regtype;
  person text;
  unnamed text;
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
  EXECUTE format('SELECT $1::%s::text', key_type) INTO person USING customer;
  IF mode = 'anonymise' THEN
    unnamed := @extschema@.ledger_unnamed_customer(ledger, key_type);
  END IF;
  -- nobody else may have the customer's row while the log is changed
  EXECUTE format('SELECT FROM %I.customer c WHERE c.customer_id = $1::%s FOR UPDATE', ledger, key_type) USING person;
  IF mode = 'anonymise' THEN
    -- ahead of the log, whose change would tell the plays once more, of someone whom no backend can reach
    EXECUTE format('UPDATE %I.play_fired f SET customer_id = $2::%s WHERE f.customer_id = $1::%2$s', ledger, key_type) USING person, unnamed;
  END IF;
  IF mode = 'delete' THEN
    EXECUTE format('DELETE FROM %I.touchpoint t WHERE t.customer_id = $1::%s', ledger, key_type) USING person;
  ELSE
    EXECUTE format('UPDATE %I.touchpoint t SET customer_id = $2::%s, subject = NULL, source_key = NULL, '
                   'properties = nullif(jsonb_strip_nulls(jsonb_build_object(''until'', t.properties -> ''until'', ''stage'', t.properties -> ''stage'', ''purpose'', t.properties -> ''purpose'')), ''{}'') '
                   'WHERE t.customer_id = $1::%s', ledger, key_type, key_type) USING person, unnamed;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  PERFORM @extschema@.ledger_erase_elsewhere(ledger, person, unnamed);
  PERFORM @extschema@.ledger_erase_mentions(ledger, person, unnamed, key_type);
  EXECUTE format('INSERT INTO %I.event_outbox (customer_id, event, occurred_at, payload) VALUES ($1::%s, ''erased'', now(), $2)', ledger, key_type)
    USING CASE mode WHEN 'anonymise' THEN person END, jsonb_build_object('mode', mode);
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_erase(text, text, text) IS
  'forgets a person: anonymise gives the touchpoints to an unnamed customer and drops what could name him, delete removes them; how many touchpoints. Tracked tables are their owner''s business: delete there first';
@for key in bigint, uuid
CREATE FUNCTION ledger_erase(ledger text, customer @key@, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE sql
  RETURN @extschema@.ledger_erase(ledger, customer::text, mode);
COMMENT ON FUNCTION ledger_erase(text, @key@, text) IS 'forgets a person: anonymise keeps the statistics, delete nothing; how many touchpoints';
@end

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
@for key in bigint, uuid
CREATE FUNCTION ledger_consent(ledger text, customer @key@, purpose text) RETURNS boolean
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consent(ledger, customer::text, purpose);
COMMENT ON FUNCTION ledger_consent(text, @key@, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';
@end

CREATE FUNCTION ledger_consents(ledger text, customer text) RETURNS jsonb
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  consents jsonb;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT c.consents FROM %I.customer c WHERE c.customer_id = $1::%s', ledger, @extschema@.ledger_key_type(ledger)) INTO consents USING customer;
  RETURN consents;
END $$;
COMMENT ON FUNCTION ledger_consents(text, text) IS 'by purpose, true: consented, false: withdrawn, by the last word on each; NULL: never said anything';
@for key in bigint, uuid
CREATE FUNCTION ledger_consents(ledger text, customer @key@) RETURNS jsonb
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consents(ledger, customer::text);
COMMENT ON FUNCTION ledger_consents(text, @key@) IS 'by purpose, true: consented, false: withdrawn, by the last word on each; NULL: never said anything';
@end

CREATE FUNCTION ledger_drop(name text, confirm text DEFAULT NULL) RETURNS void
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
