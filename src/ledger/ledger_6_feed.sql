--
-- ledger: feeding it from code, and with what is there already
--

CREATE FUNCTION ledger_touch(
  ledger text, customer text, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  written bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('INSERT INTO %I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, '
                 'campaign, quantity, properties, source, source_key) '
                 'VALUES ($1::%s, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING',
                 ledger, @extschema@.ledger_key_type(ledger))
    USING customer, kind, occurred_at, amount, score, subject, channel, campaign, quantity, properties, source, source_key;
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written > 0;
END $$;
COMMENT ON FUNCTION ledger_touch(text, text, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

CREATE FUNCTION ledger_touch(
  ledger text, customer bigint, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE sql
  RETURN @extschema@.ledger_touch(ledger, customer::text, kind, occurred_at, amount, score, subject,
    channel, campaign, quantity, properties, source, source_key);
COMMENT ON FUNCTION ledger_touch(text, bigint, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

CREATE FUNCTION ledger_touch(
  ledger text, customer uuid, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE sql
  RETURN @extschema@.ledger_touch(ledger, customer::text, kind, occurred_at, amount, score, subject,
    channel, campaign, quantity, properties, source, source_key);
COMMENT ON FUNCTION ledger_touch(text, uuid, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

-- the words of Segment's specification for what has a kind here

CREATE FUNCTION ledger_segment_kind(message jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN message ->> 'type' IN ('page', 'screen') THEN 'page_view'
    WHEN message ->> 'type' = 'track' THEN
      CASE pg_catalog.lower(message ->> 'event')
        WHEN 'order completed' THEN 'purchase'
        WHEN 'order refunded' THEN 'refund'
        WHEN 'product viewed' THEN 'product_view'
        WHEN 'product added' THEN 'add_to_cart'
        WHEN 'checkout started' THEN 'checkout'
        WHEN 'signed up' THEN 'signup'
        WHEN 'signed in' THEN 'login'
        WHEN 'trial started' THEN 'trial_started'
        WHEN 'email opened' THEN 'email_opened'
        WHEN 'email link clicked' THEN 'email_clicked'
        WHEN 'product reviewed' THEN 'review'
        ELSE pg_catalog.replace(pg_catalog.lower(message ->> 'event'), ' ', '_')
      END
  END;
COMMENT ON FUNCTION ledger_segment_kind(jsonb) IS
  'the kind of touchpoint that a message of Segment''s form (track, page, screen) means; NULL for other messages';

CREATE FUNCTION ledger_touch(ledger text, message jsonb) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customer text := coalesce(message ->> 'userId', message ->> 'anonymousId');
  occurred_at timestamptz := coalesce((message ->> 'timestamp')::timestamptz, now());
  properties jsonb := message -> 'properties';
  written boolean := false;
  trait record;
BEGIN
  IF message ->> 'type' = 'identify' THEN
    FOR trait IN SELECT key, value FROM jsonb_each(message -> 'traits') LOOP
      written := @extschema@.ledger_touch(ledger, customer, 'trait_set', occurred_at,
        properties => jsonb_build_object('name', trait.key, 'value', trait.value), source => 'segment',
        source_key => (message ->> 'messageId') || ' ' || trait.key) OR written;
    END LOOP;
    RETURN written;
  END IF;
  IF @extschema@.ledger_segment_kind(message) IS NULL THEN
    RAISE EXCEPTION 'message is not of type track, page, screen or identify'
      USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Its type is "%s".', message ->> 'type');
  END IF;
  RETURN @extschema@.ledger_touch(ledger, customer, @extschema@.ledger_segment_kind(message), occurred_at,
    amount => coalesce(properties ->> 'revenue', properties ->> 'total', properties ->> 'value')::numeric,
    score => coalesce(properties ->> 'score', properties ->> 'rating')::double precision,
    subject => coalesce(properties ->> 'subject', properties ->> 'order_id'),
    channel => coalesce(properties ->> 'channel', message #>> '{context,campaign,medium}'),
    campaign => message #>> '{context,campaign,name}',
    quantity => (properties ->> 'quantity')::numeric,
    properties => properties, source => 'segment', source_key => message ->> 'messageId');
END $$;
COMMENT ON FUNCTION ledger_touch(text, jsonb) IS
  'writes a message of Segment''s form (track, page, screen, identify); the same messageId again changes nothing and gives false';

-- forced moves

CREATE FUNCTION ledger_set_stage(
  ledger text, customer text, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF customer IS NULL OR stage IS NULL OR coalesce(reason, '') = '' THEN
    RAISE EXCEPTION 'customer, stage and reason must be given'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'A forced move is part of the story: say why.';
  END IF;
  PERFORM @extschema@.ledger_touch(ledger, customer, 'stage_set', occurred_at,
    properties => jsonb_build_object('stage', stage, 'reason', reason, 'actor', session_user));
END $$;
COMMENT ON FUNCTION ledger_set_stage(text, text, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
CREATE FUNCTION ledger_set_stage(
  ledger text, customer bigint, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_stage(ledger, customer::text, stage, reason, occurred_at);
COMMENT ON FUNCTION ledger_set_stage(text, bigint, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
CREATE FUNCTION ledger_set_stage(
  ledger text, customer uuid, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_stage(ledger, customer::text, stage, reason, occurred_at);
COMMENT ON FUNCTION ledger_set_stage(text, uuid, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';

-- rows that were there before the track

CREATE FUNCTION ledger_outside_block(what text) RETURNS void
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_outside_block(text) IS 'an error within a transaction block';

CREATE FUNCTION ledger_word(arguments text[], word text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (SELECT pg_catalog.substr(a, pg_catalog.length(word) + 2) FROM pg_catalog.unnest(arguments) AS a
           WHERE pg_catalog.starts_with(a, word || '='));
COMMENT ON FUNCTION ledger_word(text[], text) IS 'what the arguments of a trigger say for a word: the text after word=; NULL if they do not say it';

CREATE FUNCTION ledger_backfill_query(ledger text, source_part regclass, arguments text[], source_table regclass) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  word text;
  columns text[] := '{}';
  expression text;
BEGIN
  FOREACH word IN ARRAY '{customer,kind,occurred_at,amount,score,subject,channel,campaign,quantity,source_key,properties}'::text[] LOOP
    expression := @extschema@.ledger_word(arguments, word);
    IF word = 'kind' THEN
      expression := coalesce(quote_literal(expression), @extschema@.ledger_word(arguments, 'kind_from'));
    END IF;
    columns := columns || format(E'(%s\n)::%s AS %I', coalesce(expression, 'NULL'),
      CASE word WHEN 'customer' THEN @extschema@.ledger_key_type(ledger)::text WHEN 'occurred_at' THEN 'pg_catalog.timestamptz'
                WHEN 'amount' THEN 'pg_catalog.numeric' WHEN 'quantity' THEN 'pg_catalog.numeric'
                WHEN 'score' THEN 'pg_catalog.float8' WHEN 'properties' THEN 'pg_catalog.jsonb' ELSE 'pg_catalog.text' END,
      CASE word WHEN 'customer' THEN 'customer_id' ELSE word END);
  END LOOP;
  -- rows are kept from being deleted until the batch has committed, so that their deletion is seen
  RETURN format($sql$
    WITH rows AS MATERIALIZED (
      SELECT %1$s FROM %2$s AS %3$I
       WHERE %3$I.ctid >= pg_catalog.format('(%%s,0)', $1)::pg_catalog.tid
         AND %3$I.ctid < pg_catalog.format('(%%s,0)', $2)::pg_catalog.tid AND (%4$s
) FOR KEY SHARE
    ), rejected AS (
      INSERT INTO %5$I.touchpoint_rejected (reason, customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
      SELECT CASE WHEN r.kind IS NULL THEN 'no kind' ELSE 'no instant' END, r.customer_id::pg_catalog.text, r.kind, r.occurred_at, r.amount, r.score,
             r.subject, r.channel, r.campaign, r.quantity, r.source_key, r.properties, $3
        FROM rows r WHERE r.kind IS NULL OR r.occurred_at IS NULL)
    INSERT INTO %5$I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
    SELECT r.customer_id, r.kind, r.occurred_at, r.amount, r.score, r.subject, r.channel, r.campaign, r.quantity, r.source_key, r.properties, $3
      FROM rows r WHERE r.kind IS NOT NULL AND r.occurred_at IS NOT NULL
    ON CONFLICT DO NOTHING
  $sql$, array_to_string(columns, ', '), source_part, (SELECT relname FROM pg_class WHERE oid = source_table),
    coalesce(@extschema@.ledger_word(arguments, 'only_when'), 'true'), ledger);
END $$;
COMMENT ON FUNCTION ledger_backfill_query(text, regclass, text[], regclass) IS
  'part of ledger_backfill(): the statement that takes the rows of some pages of a table ($1 to $2) into the log, for a track ($3)';

CREATE FUNCTION ledger_backfill_batch(
  ledger text, track text, source_part regclass, first_page bigint, last_page bigint
) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  source record;
  written bigint;
BEGIN
  EXECUTE format('SELECT s.arguments, s.source_table, (SELECT value FROM %1$I.setting WHERE name = ''time_zone'') AS time_zone '
                 'FROM %1$I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  PERFORM set_config('TimeZone', source.time_zone, true);
  EXECUTE @extschema@.ledger_backfill_query(ledger, source_part, source.arguments, source.source_table)
    USING first_page, last_page, track;
  GET DIAGNOSTICS written = ROW_COUNT;
  EXECUTE format('UPDATE %I.backfill b SET next_page = $3, touchpoint_count = b.touchpoint_count + $4, updated_at = clock_timestamp() '
                 'WHERE b.track = $1 AND b.source_part = $2', ledger)
    USING track, source_part, last_page, written;
  RETURN written;
END $$;
COMMENT ON FUNCTION ledger_backfill_batch(text, text, regclass, bigint, bigint) IS
  'part of ledger_backfill(): takes the rows of some pages, and notes that it is done';

CREATE FUNCTION ledger_backfill_start(ledger text, track text) RETURNS SETOF regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source record;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT s.arguments, s.source_table FROM %I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  IF source.source_table IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no track "%"', ledger, track
      USING ERRCODE = 'undefined_object', HINT = 'Track the table first: what is written meanwhile is then not missed.';
  END IF;
  IF @extschema@.ledger_word(source.arguments, 'source_key') IS NULL THEN
    RAISE EXCEPTION 'track "%" has no source_key', track
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Without a key a row could be written twice: give source_key to ledger_track().';
  END IF;
  EXECUTE format('INSERT INTO %I.backfill (track, source_part, page_count) '
                 'SELECT $1, p.relid, pg_relation_size(p.relid) / current_setting(''block_size'')::bigint '
                 '  FROM (SELECT relid FROM pg_partition_tree($2) WHERE isleaf UNION SELECT $2 WHERE NOT EXISTS (SELECT FROM pg_partition_tree($2))) p '
                 'ON CONFLICT DO NOTHING', ledger)
    USING track, source.source_table;
  RETURN QUERY EXECUTE format('SELECT b.source_part FROM %I.backfill b WHERE b.track = $1 AND b.next_page < b.page_count ORDER BY b.source_part', ledger)
    USING track;
END $$;
COMMENT ON FUNCTION ledger_backfill_start(text, text) IS
  'part of ledger_backfill(): notes which tables (partitions) have how many pages; those that are not done';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_backfill(ledger text, track text, batch integer DEFAULT 50000)
  LANGUAGE plpgsql
AS $$
DECLARE
  parts regclass[];
  part regclass;
  page bigint;
  pages bigint;
  step bigint;
  started timestamptz := pg_catalog.clock_timestamp();
  total bigint := 0;
  first_page bigint;
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_backfill()');
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  parts := ARRAY(SELECT @extschema@.ledger_backfill_start(ledger, track));
  COMMIT;
  FOREACH part IN ARRAY parts LOOP
    EXECUTE pg_catalog.format('SELECT b.next_page, b.page_count FROM %I.backfill b WHERE b.track OPERATOR(pg_catalog.=) $1 AND b.source_part OPERATOR(pg_catalog.=) $2', ledger)
      INTO page, pages USING track, part;
    first_page := page;
    SELECT greatest(1, (batch OPERATOR(pg_catalog./) greatest(1, c.reltuples OPERATOR(pg_catalog./) greatest(c.relpages, 1)))::bigint)
      INTO step FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) part;
    WHILE page OPERATOR(pg_catalog.<) pages LOOP
      total := total OPERATOR(pg_catalog.+) @extschema@.ledger_backfill_batch(ledger, track, part, page, page OPERATOR(pg_catalog.+) step);
      page := page OPERATOR(pg_catalog.+) step;
      COMMIT;
      RAISE NOTICE '%', @extschema@.ledger_progress(part, first_page, page, pages, total, started);
    END LOOP;
  END LOOP;
END $$;
COMMENT ON PROCEDURE ledger_backfill(text, text, integer) IS
  'takes the rows that a tracked table has already into the ledger, in batches that commit; goes on where it was left; what is written meanwhile is neither missed nor doubled';

CREATE FUNCTION ledger_progress(
  part regclass, first_page bigint, page bigint, pages bigint, total bigint, started timestamptz
) RETURNS text
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN format('%s: %s %%, %s touchpoints, %s a second, %s left', part, least(100, 100 * page / greatest(pages, 1)), total,
    round(total / greatest(extract(epoch FROM clock_timestamp() - started), 0.001)),
    date_trunc('second', (clock_timestamp() - started) * greatest(pages - page, 0) / greatest(page - first_page, 1)));
COMMENT ON FUNCTION ledger_progress(regclass, bigint, bigint, bigint, bigint, timestamptz) IS 'part of ledger_backfill(): how far it is';
