--
-- ledger: feeding it from tables
--

CREATE FUNCTION ledger_column_or_expression(source_table regclass, given text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE WHEN EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = source_table AND a.attname = given AND a.attnum > 0 AND NOT a.attisdropped)
    THEN pg_catalog.quote_ident(given) ELSE given END;
COMMENT ON FUNCTION ledger_column_or_expression(regclass, text) IS
  'what was given, quoted as a name if it is exactly the name of a column of the table';

CREATE FUNCTION ledger_primary_key(source_table regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (
    SELECT CASE pg_catalog.count(*)
             WHEN 0 THEN NULL
             WHEN 1 THEN pg_catalog.format('%s::text', pg_catalog.min(pg_catalog.quote_ident(a.attname)))
             ELSE pg_catalog.format('ROW(%s)::text', pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.n))
           END
      FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, n)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = source_table AND i.indisprimary);
COMMENT ON FUNCTION ledger_primary_key(regclass) IS 'an expression that gives the primary key of a row of the table as text; NULL if it has none';

CREATE FUNCTION ledger_check_source(source_table regclass) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation_kind "char";
BEGIN
  IF source_table IS NULL THEN
    RAISE EXCEPTION 'source_table must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  SELECT relkind INTO relation_kind FROM pg_class WHERE oid = source_table;
  IF relation_kind IS NULL OR relation_kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION '"%" is not a table', source_table
      USING ERRCODE = 'wrong_object_type',
            HINT = 'Only tables, partitioned ones included, have triggers that see the rows of a statement.';
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_source(regclass) IS 'an error unless this is a table that can be tracked';

CREATE FUNCTION ledger_find_track(ledger text, given text) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  matches text[];
BEGIN
  EXECUTE format('SELECT array_agg(s.track ORDER BY s.track) FROM %I.tracked_source s WHERE s.track = $1', ledger) INTO matches USING given;
  IF matches IS NULL THEN
    EXECUTE format('SELECT array_agg(s.track ORDER BY s.track) FROM %I.tracked_source s '
                   '  JOIN pg_class c ON c.oid = s.source_table JOIN pg_namespace n ON n.oid = c.relnamespace '
                   ' WHERE $1 IN (c.relname, quote_ident(c.relname), n.nspname || ''.'' || c.relname, format(''%%I.%%I'', n.nspname, c.relname))', ledger)
      INTO matches USING given;
  END IF;
  IF matches IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no track "%"', ledger, given
      USING ERRCODE = 'undefined_object', HINT = format('Tracks are the rows of %I.tracked_source; ledger_track() makes them.', ledger);
  END IF;
  IF cardinality(matches) > 1 THEN
    RAISE EXCEPTION 'table "%" has several tracks in ledger "%"', given, ledger
      USING ERRCODE = 'ambiguous_alias', DETAIL = format('They are: %s.', array_to_string(matches, ', ')), HINT = 'Name one of them.';
  END IF;
  RETURN matches[1];
END $$;
COMMENT ON FUNCTION ledger_find_track(text, text) IS
  'the track of this name, or else the only one of the table of this name, with or without its schema; an error if there is none, or more than one';

CREATE FUNCTION ledger_check_kind(ledger text, kind text, kind_from text) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known boolean;
BEGIN
  IF (kind IS NULL) = (kind_from IS NULL) THEN
    RAISE EXCEPTION 'exactly one of kind and kind_from must be given'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'kind is the name of a kind, such as ''purchase''; kind_from is a column or an expression that gives it.';
  END IF;
  IF kind IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.touchpoint_kind k WHERE k.kind = $1)', ledger)
      INTO known USING kind;
    IF NOT known THEN
      RAISE EXCEPTION 'ledger "%" knows no kind of touchpoint "%"', ledger, kind
        USING ERRCODE = 'invalid_parameter_value',
              HINT = format('Kinds are the rows of %I.touchpoint_kind; add one of your own.', ledger);
    END IF;
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_kind(text, text, text) IS 'an error unless one of both is given, and the kind is known';

CREATE FUNCTION ledger_track_arguments(
  ledger text, source_table regclass, words text[], given text[], types regtype[]
) RETURNS text[]
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text[] := '{}';
  expression text;
BEGIN
  FOR i IN 1 .. cardinality(words) LOOP
    CONTINUE WHEN given[i] IS NULL;
    expression := given[i];
    IF types[i] IS NOT NULL THEN
      expression := @extschema@.ledger_column_or_expression(source_table, expression);
      PERFORM @extschema@.ledger_check_expression(words[i], expression, source_table, types[i]);
    END IF;
    arguments := arguments || (words[i] || '=' || expression);
  END LOOP;
  RETURN arguments;
END $$;
COMMENT ON FUNCTION ledger_track_arguments(text, regclass, text[], text[], regtype[]) IS
  'part of ledger_track(): word=expression for what was given, each checked';

CREATE FUNCTION ledger_trigger_name(ledger text, track text, event text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.format('touchpoint_%s_%s', pg_catalog.lower(event),
    pg_catalog.substr(pg_catalog.md5(pg_catalog.quote_ident(ledger) OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(track)), 1, 12));
COMMENT ON FUNCTION ledger_trigger_name(text, text, text) IS 'name of the trigger that feeds a track from one kind of event';

CREATE FUNCTION ledger_trigger_arguments(source_table regclass, trigger_name text) RETURNS text[]
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rest bytea;
  arguments text[] := '{}';
BEGIN
  SELECT t.tgargs INTO rest FROM pg_trigger t
   WHERE t.tgrelid = source_table AND t.tgname = trigger_name
     AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure;
  IF rest IS NULL THEN
    RAISE EXCEPTION 'table "%" has no trigger "%" that executes touchpoint_capture()', source_table, trigger_name
      USING ERRCODE = 'undefined_object';
  END IF;
  WHILE position('\x00'::bytea IN rest) > 0 LOOP
    arguments := arguments || convert_from(substring(rest FROM 1 FOR position('\x00'::bytea IN rest) - 1), getdatabaseencoding());
    rest := substring(rest FROM position('\x00'::bytea IN rest) + 1);
  END LOOP;
  RETURN arguments;
END $$;
COMMENT ON FUNCTION ledger_trigger_arguments(regclass, text) IS 'the arguments of a trigger that executes touchpoint_capture()';

CREATE FUNCTION ledger_is_of_track(source_table regclass, trigger_name text, ledger text, track text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text[] := @extschema@.ledger_trigger_arguments(source_table, trigger_name);
BEGIN
  RETURN arguments[1] = ledger AND track = coalesce((SELECT substr(a, 7) FROM unnest(arguments[2:]) a WHERE a LIKE 'track=%'), source_table::text);
END $$;
COMMENT ON FUNCTION ledger_is_of_track(regclass, text, text, text) IS 'does this trigger, which executes touchpoint_capture(), feed the track of the ledger?';

CREATE FUNCTION ledger_drop_triggers(ledger text, track text, source_table regclass) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT t.tgname FROM pg_trigger t
     WHERE t.tgrelid = source_table AND t.tgparentid = 0 AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure
       AND @extschema@.ledger_is_of_track(t.tgrelid, t.tgname, ledger, track) LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', name, source_table);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_drop_triggers(text, text, regclass) IS 'part of ledger_track() and ledger_untrack(): no triggers of the track any more';

CREATE FUNCTION ledger_make_source_triggers(
  ledger text, track text, source_table regclass, arguments text[], with_key boolean
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  events text[] := CASE WHEN with_key THEN '{insert,update,delete}' ELSE '{insert}' END;
  event text;
  quoted text;
BEGIN
  SELECT string_agg(quote_literal(a.argument), ', ' ORDER BY a.n) INTO quoted
    FROM unnest(ledger || arguments) WITH ORDINALITY AS a (argument, n);
  FOREACH event IN ARRAY events LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING%s%s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION %s.touchpoint_capture(%s)',
                   @extschema@.ledger_trigger_name(ledger, track, event), event, source_table,
                   CASE WHEN event <> 'delete' THEN ' NEW TABLE AS new_rows' END,
                   CASE WHEN event <> 'insert' THEN ' OLD TABLE AS old_rows' END,
                   '@extschema@', quoted);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_source_triggers(text, text, regclass, text[], boolean) IS 'part of ledger_track(): the triggers of the track';

CREATE FUNCTION ledger_track_name(ledger text, source_table regclass, track text) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_table regclass;
  others text[];
BEGIN
  IF track = '' THEN
    RAISE EXCEPTION 'the name of a track must not be empty' USING ERRCODE = 'invalid_name';
  END IF;
  EXECUTE format('SELECT s.source_table FROM %I.tracked_source s WHERE s.track = $1', ledger)
    INTO old_table USING coalesce(track, source_table::text);
  IF old_table <> source_table AND EXISTS (SELECT FROM pg_class c WHERE c.oid = old_table) THEN
    RAISE EXCEPTION 'ledger "%" has a track "%" of table "%"', ledger, coalesce(track, source_table::text), old_table
      USING ERRCODE = 'duplicate_object', HINT = 'Give this one another name: track => ''...''.';
  END IF;
  EXECUTE format('SELECT array_agg(s.track ORDER BY s.track) FROM %I.tracked_source s WHERE s.source_table = $1 AND s.track <> $2', ledger)
    INTO others USING source_table, source_table::text;
  IF track IS NULL AND others IS NOT NULL THEN
    RAISE EXCEPTION 'table "%" is tracked already', source_table
      USING ERRCODE = 'duplicate_object', DETAIL = format('Its tracks in ledger "%s": %s.', ledger, array_to_string(others, ', ')),
            HINT = 'Give a further one a name, track => ''...'', or the name of the one that this is to replace.';
  END IF;
  RETURN coalesce(track, source_table::text);
END $$;
COMMENT ON FUNCTION ledger_track_name(text, regclass, text) IS 'part of ledger_track(): the name of a track, given or the table''s; an error if it is another table''s, or if it must be given';

CREATE FUNCTION ledger_check_redefined(ledger text, track text, arguments text[]) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_arguments text[];
BEGIN
  EXECUTE format('SELECT s.arguments FROM %I.tracked_source s WHERE s.track = $1', ledger) INTO old_arguments USING track;
  IF old_arguments <> arguments THEN
    RAISE EXCEPTION 'table "%" is tracked already', track
      USING ERRCODE = 'duplicate_object', DETAIL = format('Its track in ledger "%s" has other arguments: %s.', ledger, array_to_string(old_arguments, ', ')),
            HINT = format('Give a second one a name, track => ''...'', or say track => %L to replace that one.', track);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_redefined(text, text, text[]) IS
  'part of ledger_track(): without a name for the track, the same call again is nothing new, but another one is an error';

CREATE FUNCTION ledger_tell_waiting(ledger text, source_table regclass, track text, with_key boolean) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  any_rows boolean;
BEGIN
  IF NOT with_key THEN
    RAISE NOTICE 'table "%" has no primary key: only its inserts are tracked', source_table
      USING HINT = 'Give source_key, and updates and deletes correct the ledger too.';
    RETURN;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)', source_table) INTO any_rows;
  IF any_rows THEN
    RAISE NOTICE 'table "%" has rows already: they are not in the ledger yet', source_table
      USING HINT = format('CALL ledger_backfill(%L, %L) takes them in.', ledger, track);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  NULL;  -- who may make triggers on a table need not be able to read it
END $$;
COMMENT ON FUNCTION ledger_tell_waiting(text, regclass, text, boolean) IS 'part of ledger_track(): what a new track does not do';

CREATE FUNCTION ledger_track(
  ledger text,
  source_table regclass,
  kind text DEFAULT NULL,
  customer text DEFAULT NULL,
  occurred_at text DEFAULT NULL,
  amount text DEFAULT NULL,
  track text DEFAULT NULL,
  kind_from text DEFAULT NULL,
  score text DEFAULT NULL,
  subject text DEFAULT NULL,
  channel text DEFAULT NULL,
  campaign text DEFAULT NULL,
  quantity text DEFAULT NULL,
  source_key text DEFAULT NULL,
  properties text DEFAULT NULL,
  only_when text DEFAULT NULL
) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key_expression text;
  arguments text[];
  named boolean := track IS NOT NULL;
  known boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  PERFORM @extschema@.ledger_check_source(source_table);
  PERFORM @extschema@.ledger_check_kind(ledger, kind, kind_from);
  IF customer IS NULL OR occurred_at IS NULL THEN
    RAISE EXCEPTION 'customer and occurred_at must be given'
      USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Each is a column or an expression over a row; occurred_at => ''now()'' is the instant of the statement, customer => ''NULL'' nobody.';
  END IF;
  track := @extschema@.ledger_track_name(ledger, source_table, track);
  key_expression := coalesce(source_key, @extschema@.ledger_primary_key(source_table));
  arguments := @extschema@.ledger_track_arguments(ledger, source_table,
    ARRAY['track', 'kind', 'kind_from', 'customer', 'occurred_at', 'amount', 'score', 'subject',
          'channel', 'campaign', 'quantity', 'source_key', 'properties', 'only_when'],
    ARRAY[track, kind, kind_from, customer, occurred_at, amount, score, subject,
          channel, campaign, quantity, key_expression, properties, only_when],
    ARRAY[NULL, NULL, 'text', @extschema@.ledger_key_type(ledger), 'timestamptz', 'numeric', 'float8', 'text',
          'text', 'text', 'numeric', 'text', 'jsonb', 'boolean']::regtype[]);
  IF NOT named THEN
    PERFORM @extschema@.ledger_check_redefined(ledger, track, arguments);
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.tracked_source s WHERE s.track = $1 AND s.source_table = $2)', ledger) INTO known USING track, source_table;
  PERFORM @extschema@.ledger_drop_triggers(ledger, track, source_table);
  PERFORM @extschema@.ledger_make_source_triggers(ledger, track, source_table, arguments,
                                                  key_expression IS NOT NULL);
  EXECUTE format('INSERT INTO %I.tracked_source AS s (track, source_table, arguments) VALUES ($1, $2, $3) '
                 'ON CONFLICT (track) DO UPDATE SET source_table = excluded.source_table, arguments = excluded.arguments', ledger)
    USING track, source_table, arguments;
  IF NOT known THEN
    PERFORM @extschema@.ledger_tell_waiting(ledger, source_table, track, key_expression IS NOT NULL);
  END IF;
  RETURN track;
END $$;
COMMENT ON FUNCTION ledger_track(text, regclass, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
  'from now on the rows of the table are touchpoints of the ledger: each argument is a column or an SQL expression over a row, but kind and track, which are names; returns the name of the track';

CREATE FUNCTION ledger_register(ledger text, source_table regclass, trigger_name text) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text[];
  track text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  arguments := @extschema@.ledger_trigger_arguments(source_table, trigger_name);
  IF arguments[1] IS DISTINCT FROM ledger THEN
    RAISE EXCEPTION 'trigger "%" of table "%" is for ledger "%"', trigger_name, source_table, arguments[1]
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT substr(a, 7) INTO track FROM unnest(arguments) a WHERE a LIKE 'track=%';
  track := coalesce(track, source_table::text);
  EXECUTE format('INSERT INTO %I.tracked_source AS s (track, source_table, arguments) VALUES ($1, $2, $3) '
                 'ON CONFLICT (track) DO UPDATE SET source_table = excluded.source_table, arguments = excluded.arguments', ledger)
    USING track, source_table, arguments[2:];
  RETURN track;
END $$;
COMMENT ON FUNCTION ledger_register(text, regclass, text) IS
  'let a trigger that someone made by hand write into the ledger, with exactly the arguments that it has now; returns the name of the track';

CREATE FUNCTION ledger_drop_stray_triggers(ledger text, given text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stray record;
  any_stray boolean := false;
BEGIN
  FOR stray IN SELECT t.tgrelid::regclass AS source_table, t.tgname FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE t.tgparentid = 0 AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure
       AND (@extschema@.ledger_trigger_arguments(t.tgrelid, t.tgname))[1] = ledger
       AND (given IN (c.relname, quote_ident(c.relname), n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname))
            OR @extschema@.ledger_is_of_track(t.tgrelid, t.tgname, ledger, given)) LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', stray.tgname, stray.source_table);
    any_stray := true;
  END LOOP;
  IF NOT any_stray THEN
    PERFORM @extschema@.ledger_require(ledger);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_drop_stray_triggers(text, text) IS 'part of ledger_untrack(): drops the triggers that a ledger has left behind that is gone';

CREATE FUNCTION ledger_untrack(ledger text, track text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source_table regclass;
  name text;
BEGIN
  IF ledger IS NOT NULL AND NOT @extschema@.ledger_exists(ledger) THEN
    PERFORM @extschema@.ledger_drop_stray_triggers(ledger, track);
    RETURN;
  END IF;
  PERFORM @extschema@.ledger_require(ledger);
  name := @extschema@.ledger_find_track(ledger, track);
  EXECUTE format('DELETE FROM %I.tracked_source s WHERE s.track = $1 RETURNING s.source_table', ledger)
    INTO source_table USING name;
  EXECUTE format('DELETE FROM %I.backfill b WHERE b.track = $1', ledger) USING name;
  PERFORM @extschema@.ledger_drop_triggers(ledger, name, source_table);
END $$;
COMMENT ON FUNCTION ledger_untrack(text, text) IS
  'the table feeds the ledger no more, named by its track or, if it has but one, by its own name; its touchpoints stay. Of a ledger that was dropped: drops the triggers that it left';
