--
-- ledger: feeding it from code, and with what is there already
--

CREATE FUNCTION ledger_tell_rejected(ledger text, kind text, source text, source_key text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  reason text;
BEGIN
  EXECUTE format('SELECT r.reason FROM %I.touchpoint_rejected r WHERE r.rejected_at = now() AND r.kind IS NOT DISTINCT FROM $1 '
                 '   AND r.source IS NOT DISTINCT FROM $2 AND r.source_key IS NOT DISTINCT FROM $3 ORDER BY r.rejected_id DESC LIMIT 1', ledger)
    INTO reason USING kind, source, source_key;
  IF reason IS NOT NULL THEN
    RAISE NOTICE 'touchpoint can''t be used: %', reason
      USING DETAIL = format('Its kind is "%s"; the ledger is "%s".', kind, ledger), HINT = format('It is kept in %I.touchpoint_rejected.', ledger);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_tell_rejected(text, text, text, text) IS 'part of ledger_touch(): a notice that says why a touchpoint that was just written was rejected';

-- is a value usable?

CREATE FUNCTION ledger_input_is_valid(value text, type regtype) RETURNS boolean
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_input_is_valid(text, regtype) IS 'can the text be read as a value of the type? Keys of customers, numbers and instants';

CREATE FUNCTION ledger_number_fault(word text, value numeric) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_number_fault(text, numeric) IS
  'why a number cannot be the amount or quantity of a touchpoint: it is none, or 10^14 or more in absolute value; NULL: it can';

CREATE FUNCTION ledger_number_fits(value numeric) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_number_fits(numeric) IS 'has a column of touchpoint_rejected room for the number?';

CREATE FUNCTION ledger_key_fault(word text, value text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_key_fault(text, text) IS 'why a text cannot be the key of a customer or of a touchpoint: it is longer than 2500 bytes; NULL: it can';

CREATE FUNCTION ledger_text_fault(word text, value text, type regtype) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE WHEN NOT @extschema@.ledger_input_is_valid(value, type)
    THEN pg_catalog.format('%s not of type %s: %s', word, type, CASE WHEN pg_catalog.length(value) > 100 THEN pg_catalog."left"(value, 100) OPERATOR(pg_catalog.||) '...' ELSE value END) END;
COMMENT ON FUNCTION ledger_text_fault(text, text, regtype) IS 'why a text cannot be read as what a touchpoint needs; NULL: it can, or there is none';

CREATE FUNCTION ledger_refuses(ledger text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  refuses boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.setting s WHERE s.name = ''unusable'' AND s.value <> ''keep'')', ledger) INTO refuses;
  RETURN refuses;
END $$;
COMMENT ON FUNCTION ledger_refuses(text) IS 'are touchpoints that cannot be used an error, by the setting unusable?';

CREATE FUNCTION ledger_refuse(ledger text, reason text, kind text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'touchpoint can''t be used: %', reason
    USING ERRCODE = 'check_violation', DETAIL = format('Its kind is "%s"; the ledger is "%s".', kind, ledger),
          HINT = 'Kinds are rows of touchpoint_kind.  With the setting "unusable" = ''keep'' such touchpoints go to touchpoint_rejected.';
END $$;
COMMENT ON FUNCTION ledger_refuse(text, text, text) IS 'the error for a touchpoint that cannot be used';

CREATE FUNCTION ledger_reject(
  ledger text, reason text, customer text, kind text, occurred_at timestamptz DEFAULT NULL,
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT NULL, source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF @extschema@.ledger_refuses(ledger) THEN
    PERFORM @extschema@.ledger_refuse(ledger, reason, kind);
  END IF;
  EXECUTE format('INSERT INTO %I.touchpoint_rejected (reason, customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, properties, source, source_key) '
                 'VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', ledger)
    USING reason, customer, kind, occurred_at, CASE WHEN @extschema@.ledger_number_fits(amount) THEN amount END, score, subject, channel, campaign,
          CASE WHEN @extschema@.ledger_number_fits(quantity) THEN quantity END, properties, source, source_key;
  PERFORM @extschema@.ledger_tell_rejected(ledger, kind, source, source_key);
  RETURN false;
END $$;
COMMENT ON FUNCTION ledger_reject(text, text, text, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'part of ledger_touch(): puts a touchpoint that cannot be used into touchpoint_rejected, with a notice, or raises the error if the setting unusable says so; false';

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
  key_type regtype;
  fault text;
  id bigint;
  at timestamptz;
  is_there boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  key_type := @extschema@.ledger_key_type(ledger);
  -- what the columns of the log would refuse; the rest is the trigger's to judge
  fault := CASE WHEN kind IS NULL THEN 'no kind' WHEN occurred_at IS NULL THEN 'no instant'
                ELSE coalesce(@extschema@.ledger_text_fault('customer', customer, key_type), @extschema@.ledger_number_fault('amount', amount),
                              @extschema@.ledger_number_fault('quantity', quantity), @extschema@.ledger_key_fault('customer', customer),
                              @extschema@.ledger_key_fault('source_key', source_key)) END;
  IF fault IS NOT NULL THEN
    RETURN @extschema@.ledger_reject(ledger, fault, customer, kind, occurred_at, amount, score, subject, channel, campaign, quantity, properties, source, source_key);
  END IF;
  EXECUTE format('INSERT INTO %I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, '
                 'campaign, quantity, properties, source, source_key) '
                 'VALUES ($1::%s, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING touchpoint_id, occurred_at',
                 ledger, key_type)
    INTO id, at
    USING customer, kind, occurred_at, amount, score, subject, channel, campaign, quantity, properties, source, source_key;
  IF id IS NULL THEN
    RETURN false;
  END IF;
  -- what can't be used, and in a partitioned log what repeats a key, is gone again
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.touchpoint t WHERE t.touchpoint_id = $1 AND t.occurred_at = $2)', ledger)
    INTO is_there USING id, at;
  IF NOT is_there THEN
    PERFORM @extschema@.ledger_tell_rejected(ledger, kind, source, source_key);
  END IF;
  RETURN is_there;
END $$;
COMMENT ON FUNCTION ledger_touch(text, text, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint, and says whether it did: the same source and source_key again changes nothing; one that cannot be used is rejected, with a notice';

@for key in bigint, uuid
CREATE FUNCTION ledger_touch(
  ledger text, customer @key@, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE sql
  RETURN @extschema@.ledger_touch(ledger, customer::text, kind, occurred_at, amount, score, subject,
    channel, campaign, quantity, properties, source, source_key);
COMMENT ON FUNCTION ledger_touch(text, @key@, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint, and says whether it did: the same source and source_key again changes nothing; one that cannot be used is rejected, with a notice';
@end

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

CREATE FUNCTION ledger_segment_number(properties jsonb, words text[], loose_words text[]) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (SELECT properties OPERATOR(pg_catalog.->>) w.word
            FROM pg_catalog.unnest(words OPERATOR(pg_catalog.||) loose_words) WITH ORDINALITY AS w (word, n)
           WHERE properties OPERATOR(pg_catalog.->>) w.word IS NOT NULL
             AND (w.word OPERATOR(pg_catalog.=) ANY (words) OR @extschema@.ledger_input_is_valid(properties OPERATOR(pg_catalog.->>) w.word, 'pg_catalog.numeric'))
           ORDER BY w.n LIMIT 1);
COMMENT ON FUNCTION ledger_segment_number(jsonb, text[], text[]) IS
  'part of ledger_touch(): the first property of these names that is given; of the loose ones, which may mean anything, only where it is a number';

CREATE FUNCTION ledger_segment_fault(message jsonb) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE
    WHEN message ->> 'type' IS NULL THEN 'no type of message'
    WHEN message ->> 'type' NOT IN ('track', 'page', 'screen', 'identify') THEN 'unknown type of message: ' || pg_catalog."left"(message ->> 'type', 100)
    WHEN message ->> 'type' = 'track' AND message ->> 'event' IS NULL THEN 'no event'
    WHEN message ->> 'type' = 'identify' AND pg_catalog.jsonb_typeof(message -> 'traits') NOT IN ('object', 'null') THEN 'traits not an object'
    ELSE coalesce(
      @extschema@.ledger_text_fault('timestamp', message ->> 'timestamp', 'timestamptz'),
      @extschema@.ledger_text_fault('amount', @extschema@.ledger_segment_number(message -> 'properties', '{revenue,amount,total}', '{value}'), 'numeric'),
      @extschema@.ledger_text_fault('score', @extschema@.ledger_segment_number(message -> 'properties', '{score}', '{rating}'), 'float8'),
      @extschema@.ledger_text_fault('quantity', message #>> '{properties,quantity}', 'numeric'))
  END;
COMMENT ON FUNCTION ledger_segment_fault(jsonb) IS 'part of ledger_touch(): why a message of Segment''s form cannot be read; NULL: it can';

CREATE FUNCTION ledger_touch_traits(
  ledger text, customer text, occurred_at timestamptz, traits jsonb, message_id text
) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  trait record;
  written boolean := false;
BEGIN
  FOR trait IN SELECT t.key, t.value FROM jsonb_each(CASE jsonb_typeof(traits) WHEN 'object' THEN traits ELSE '{}' END) t LOOP
    written := @extschema@.ledger_touch(ledger, customer, 'trait_set', occurred_at,
      properties => jsonb_build_object('name', trait.key, 'value', trait.value), source => 'segment',
      source_key => message_id || ' ' || trait.key) OR written;
  END LOOP;
  RETURN written;
END $$;
COMMENT ON FUNCTION ledger_touch_traits(text, text, timestamptz, jsonb, text) IS 'part of ledger_touch(): a touchpoint for each trait of a message identify; was any written?';

CREATE FUNCTION ledger_touch(ledger text, message jsonb) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customer text := nullif(message ->> 'userId', '');
  anonymous text := nullif(message ->> 'anonymousId', '');
  kind text := @extschema@.ledger_segment_kind(message);
  properties jsonb := CASE WHEN jsonb_typeof(message -> 'properties') <> 'null' THEN message -> 'properties' END;
  fault text := @extschema@.ledger_segment_fault(message);
  at timestamptz;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF fault IS NOT NULL THEN
    RETURN @extschema@.ledger_reject(ledger, fault, coalesce(customer, anonymous), kind, properties => message, source => 'segment', source_key => message ->> 'messageId');
  END IF;
  at := coalesce((message ->> 'timestamp')::timestamptz, now());
  IF customer IS NULL AND anonymous IS NOT NULL THEN
    -- who has no name yet is nobody where such a name could not be a customer's
    IF @extschema@.ledger_input_is_valid(anonymous, @extschema@.ledger_key_type(ledger)) THEN
      customer := anonymous;
    ELSIF properties IS NULL OR jsonb_typeof(properties) = 'object' THEN
      properties := coalesce(properties, '{}') || jsonb_build_object('anonymousId', anonymous);
    END IF;
  END IF;
  IF message ->> 'type' = 'identify' THEN
    RETURN @extschema@.ledger_touch_traits(ledger, customer, at, message -> 'traits', message ->> 'messageId');
  END IF;
  RETURN @extschema@.ledger_touch(ledger, customer, kind, at,
    amount => @extschema@.ledger_segment_number(properties, '{revenue,amount,total}', '{value}')::numeric,
    score => @extschema@.ledger_segment_number(properties, '{score}', '{rating}')::double precision,
    subject => coalesce(properties ->> 'subject', properties ->> 'order_id'),
    channel => coalesce(properties ->> 'channel', message #>> '{context,campaign,medium}'),
    campaign => message #>> '{context,campaign,name}',
    quantity => (properties ->> 'quantity')::numeric,
    properties => properties, source => 'segment', source_key => message ->> 'messageId');
END $$;
COMMENT ON FUNCTION ledger_touch(text, jsonb) IS
  'writes a message of Segment''s form (track, page, screen, identify); the same messageId again changes nothing; what cannot be read is rejected, with a notice, and gives false';

-- forced moves

CREATE FUNCTION ledger_set_stage(
  ledger text, customer text, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF customer IS NULL OR stage IS NULL OR occurred_at IS NULL OR coalesce(reason, '') = '' THEN
    RAISE EXCEPTION 'customer, stage, reason and occurred_at must be given'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'A forced move is part of the story: say why.';
  END IF;
  PERFORM @extschema@.ledger_touch(ledger, customer, 'stage_set', occurred_at,
    properties => jsonb_build_object('stage', stage, 'reason', reason, 'actor', session_user));
END $$;
COMMENT ON FUNCTION ledger_set_stage(text, text, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
@for key in bigint, uuid
CREATE FUNCTION ledger_set_stage(
  ledger text, customer @key@, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_stage(ledger, customer::text, stage, reason, occurred_at);
COMMENT ON FUNCTION ledger_set_stage(text, @key@, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
@end

-- rows that were there before the track

CREATE FUNCTION ledger_outside_block(what text) RETURNS void
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_outside_block(text) IS 'an error within a transaction block';

CREATE FUNCTION ledger_word(arguments text[], word text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (SELECT pg_catalog.substr(a, pg_catalog.length(word) + 2) FROM pg_catalog.unnest(arguments) AS a
           WHERE pg_catalog.starts_with(a, word || '='));
COMMENT ON FUNCTION ledger_word(text[], text) IS 'what the arguments of a trigger say for a word: the text after word=; NULL if they do not say it';

CREATE FUNCTION ledger_backfill_columns(ledger text, arguments text[]) RETURNS text
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
  RETURN array_to_string(columns, ', ');
END $$;
COMMENT ON FUNCTION ledger_backfill_columns(text, text[]) IS 'part of ledger_backfill(): what a row of the source gives, as the trigger reads it';

CREATE FUNCTION ledger_backfill_query(ledger text, source_part regclass, arguments text[], source_table regclass) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- Rows are kept from being changed until the batch has committed: who changes one then finds its
  -- touchpoint, and corrects or removes it. One that is being changed is not waited for, or both
  -- might wait for each other: if that comes to nothing, it is still to do (the last column).
  RETURN format($sql$
    WITH rows AS MATERIALIZED (
      SELECT %1$s FROM ONLY %2$s AS %3$I
       WHERE %3$I.ctid >= pg_catalog.format('(%%s,0)', $1)::pg_catalog.tid
         AND %3$I.ctid < pg_catalog.format('(%%s,0)', $2)::pg_catalog.tid AND (%4$s
) FOR SHARE SKIP LOCKED
    ), judged AS MATERIALIZED (
      SELECT r.*, CASE WHEN r.kind IS NULL THEN 'no kind' WHEN r.occurred_at IS NULL THEN 'no instant'
                       ELSE coalesce(@extschema@.ledger_number_fault('amount', r.amount), @extschema@.ledger_number_fault('quantity', r.quantity),
                                     @extschema@.ledger_key_fault('customer', r.customer_id::pg_catalog.text), @extschema@.ledger_key_fault('source_key', r.source_key)) END AS reason
        FROM rows r
    ), rejected AS (
      INSERT INTO %5$I.touchpoint_rejected (reason, customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
      SELECT r.reason, r.customer_id::pg_catalog.text, r.kind, r.occurred_at, CASE WHEN @extschema@.ledger_number_fits(r.amount) THEN r.amount END, r.score,
             r.subject, r.channel, r.campaign, CASE WHEN @extschema@.ledger_number_fits(r.quantity) THEN r.quantity END, r.source_key, r.properties, $3
        FROM judged r WHERE r.reason IS NOT NULL RETURNING reason, kind
    ), written AS (
      INSERT INTO %5$I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
      SELECT r.customer_id, r.kind, r.occurred_at, r.amount, r.score, r.subject, r.channel, r.campaign, r.quantity, r.source_key, r.properties, $3
        FROM judged r WHERE r.reason IS NULL %6$s
      ON CONFLICT DO NOTHING RETURNING 1)
    SELECT (SELECT pg_catalog.count(*) FROM rows), (SELECT pg_catalog.count(*) FROM written),
           (SELECT pg_catalog.count(*) FROM ONLY %2$s AS %3$I
             WHERE %3$I.ctid >= pg_catalog.format('(%%s,0)', $1)::pg_catalog.tid
               AND %3$I.ctid < pg_catalog.format('(%%s,0)', $2)::pg_catalog.tid AND (%4$s
)) - (SELECT pg_catalog.count(*) FROM rows),
           (SELECT ARRAY[j.reason, j.kind] FROM rejected j LIMIT 1), (SELECT pg_catalog.count(*) FROM rejected)
  $sql$, @extschema@.ledger_backfill_columns(ledger, arguments), source_part, (SELECT relname FROM pg_class WHERE oid = source_table),
    coalesce(@extschema@.ledger_word(arguments, 'only_when'), 'true'), ledger,
    CASE WHEN @extschema@.ledger_is_partitioned(ledger)
         THEN format('AND NOT EXISTS (SELECT FROM %I.touchpoint_key k WHERE k.source = $3 AND k.source_key = r.source_key AND k.touchpoint_id IS NOT NULL)', ledger) END);
END $$;
COMMENT ON FUNCTION ledger_backfill_query(text, regclass, text[], regclass) IS
  'part of ledger_backfill(): the statement that takes the rows of some pages of a table ($1 to $2) into the log, for a track ($3); how many rows, touchpoints, and rows that others had locked; reason and kind of one that was rejected here, and how many were';

CREATE FUNCTION ledger_backfill_fault(
  ledger text, source_part regclass, arguments text[], source_table regclass, first_page bigint, last_page bigint
) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  word text;
BEGIN
  FOREACH word IN ARRAY '{only_when,customer,kind_from,occurred_at,amount,score,subject,channel,campaign,quantity,source_key,properties}'::text[] LOOP
    CONTINUE WHEN @extschema@.ledger_word(arguments, word) IS NULL;
    BEGIN
      EXECUTE format(E'SELECT count((%1$s\n)::%2$s) FROM ONLY %3$s AS %4$I WHERE %4$I.ctid >= format(''(%%s,0)'', $1)::tid AND %4$I.ctid < format(''(%%s,0)'', $2)::tid AND (%5$s\n)',
                     @extschema@.ledger_word(arguments, word),
                     CASE word WHEN 'customer' THEN @extschema@.ledger_key_type(ledger)::text WHEN 'occurred_at' THEN 'timestamptz' WHEN 'amount' THEN 'numeric' WHEN 'quantity' THEN 'numeric'
                               WHEN 'score' THEN 'float8' WHEN 'properties' THEN 'jsonb' WHEN 'only_when' THEN 'boolean' ELSE 'text' END,
                     source_part, (SELECT relname FROM pg_class WHERE oid = source_table),
                     CASE word WHEN 'only_when' THEN 'true' ELSE coalesce(@extschema@.ledger_word(arguments, 'only_when'), 'true') END)
        USING first_page, last_page;
    EXCEPTION WHEN data_exception THEN
      RETURN word;
    END;
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger_backfill_fault(text, regclass, text[], regclass, bigint, bigint) IS
  'part of ledger_backfill(): the word of a track whose expression fails on what some pages of a table hold; NULL: none';

CREATE FUNCTION ledger_backfill_batch(
  ledger text, track text, source_part regclass, first_page bigint, last_page bigint,
  OUT row_count bigint, OUT written bigint, OUT left_over bigint
)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  source record;
  refused text[];
  refused_count bigint;
  last_rejected bigint;
  trouble text;
  state text;
BEGIN
  EXECUTE format('SELECT s.arguments, s.source_table, coalesce((SELECT value FROM %1$I.setting WHERE name = ''time_zone''), ''UTC'') AS time_zone '
                 'FROM %1$I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  IF source.source_table IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no track "%" any more', ledger, track USING ERRCODE = 'undefined_object';
  END IF;
  PERFORM set_config('TimeZone', source.time_zone, true);
  EXECUTE format('SELECT coalesce(max(r.rejected_id), 0) FROM %I.touchpoint_rejected r', ledger) INTO last_rejected;
  EXECUTE @extschema@.ledger_backfill_query(ledger, source_part, source.arguments, source.source_table)
    INTO row_count, written, left_over, refused, refused_count USING first_page, last_page, track;
  IF refused IS NOT NULL AND @extschema@.ledger_refuses(ledger) THEN
    PERFORM @extschema@.ledger_refuse(ledger, refused[1], refused[2]);
  END IF;
  -- the trigger has taken out of the log again what can't be used
  EXECUTE format('SELECT greatest($1 + $2 - count(*), 0) FROM %I.touchpoint_rejected r WHERE r.rejected_id > $3 AND r.rejected_at = now() AND r.source = $4', ledger)
    INTO written USING written, refused_count, last_rejected, track;
  EXECUTE format('UPDATE %I.backfill b SET next_page = CASE WHEN $6 > 0 THEN b.next_page ELSE $3 END, row_count = b.row_count + CASE WHEN $6 > 0 THEN 0 ELSE $4 END, '
                 '       touchpoint_count = b.touchpoint_count + $5, updated_at = clock_timestamp(), '
                 '       finished_at = CASE WHEN $3 >= b.page_count AND $6 <= 0 THEN clock_timestamp() END '
                 'WHERE b.track = $1 AND b.source_part = $2', ledger)
    USING track, source_part, last_page, row_count, written, left_over;
EXCEPTION WHEN serialization_failure OR deadlock_detected THEN
  -- nothing was done: do it again
  row_count := 0;
  written := 0;
  left_over := 1;
WHEN data_exception THEN
  trouble := SQLERRM;
  state := SQLSTATE;
  RAISE EXCEPTION '%', trouble
    USING ERRCODE = state,
          DETAIL = format('It is %s, in pages %s to %s of table "%s".',
                          coalesce('"' || @extschema@.ledger_backfill_fault(ledger, source_part, source.arguments, source.source_table, first_page, last_page) || '" of ', '') || format('track "%s"', track), first_page, last_page - 1, source_part),
          HINT = 'Mend the rows, or leave them out by only_when of the track; called again, it goes on where it was.';
END $$;
COMMENT ON FUNCTION ledger_backfill_batch(text, text, regclass, bigint, bigint) IS
  'part of ledger_backfill(): takes the rows of some pages, and notes that it is done, unless others had locked some of them';

CREATE FUNCTION ledger_backfill_start(ledger text, track text) RETURNS SETOF regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source record;
BEGIN
  EXECUTE format('SELECT s.arguments, s.source_table FROM %I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  IF @extschema@.ledger_word(source.arguments, 'source_key') IS NULL THEN
    RAISE EXCEPTION 'track "%" has no source_key', track
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Without a key a row could be written twice: give source_key to ledger_track().';
  END IF;
  -- a table that was written anew meanwhile (VACUUM FULL, CLUSTER) has its rows elsewhere
  EXECUTE format('INSERT INTO %I.backfill AS b (track, source_part, page_count, file_node, finished_at) '
                 'SELECT $1, p.relid, s.pages, pg_relation_filenode(p.relid), CASE WHEN s.pages = 0 THEN clock_timestamp() END '
                 '  FROM (SELECT t.relid FROM pg_partition_tree($2) t WHERE t.isleaf '
                 '        UNION SELECT c.oid::regclass FROM pg_class c WHERE c.oid = $2 AND c.relkind = ''r'' '
                 '        UNION SELECT h.child FROM @extschema@.ledger_heirs($2) h) p '
                 ' CROSS JOIN LATERAL (SELECT pg_relation_size(p.relid) / current_setting(''block_size'')::bigint AS pages) s '
                 'ON CONFLICT (track, source_part) DO UPDATE SET next_page = 0, page_count = excluded.page_count, '
                 '       file_node = excluded.file_node, finished_at = excluded.finished_at '
                 '  WHERE b.file_node IS DISTINCT FROM excluded.file_node', ledger)
    USING track, source.source_table;
  RETURN QUERY EXECUTE format('SELECT b.source_part FROM %I.backfill b JOIN pg_class c ON c.oid = b.source_part '
                              ' WHERE b.track = $1 AND b.next_page < b.page_count ORDER BY b.source_part', ledger)
    USING track;
END $$;
COMMENT ON FUNCTION ledger_backfill_start(text, text) IS
  'part of ledger_backfill(): notes which tables (partitions) have how many pages; those that are not done';

CREATE FUNCTION ledger_heirs(source_table regclass) RETURNS TABLE (child regclass)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE heir AS (
    SELECT i.inhrelid FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhparent = source_table AND p.relkind = 'r'
    UNION
    SELECT i.inhrelid FROM pg_inherits i JOIN heir h ON h.inhrelid = i.inhparent
  )
  SELECT c.oid::regclass FROM heir h JOIN pg_class c ON c.oid = h.inhrelid WHERE c.relkind = 'r'
$$;
COMMENT ON FUNCTION ledger_heirs(regclass) IS 'the tables that inherit from a table, directly or not';

CREATE FUNCTION ledger_backfill_rows_per_page(part regclass) RETURNS double precision
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN greatest(c.reltuples / c.relpages, 1) ELSE 100 END FROM pg_class c WHERE c.oid = part
$$;
COMMENT ON FUNCTION ledger_backfill_rows_per_page(regclass) IS 'part of ledger_backfill(): rows in a page of a table, by its statistics; a guess if it has none';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_backfill(ledger text, track text, batch integer DEFAULT 50000)
  LANGUAGE plpgsql
AS $$
DECLARE
  parts pg_catalog.regclass[];
  part pg_catalog.regclass;
  name pg_catalog.text;
  page bigint;
  pages bigint;
  first_page bigint;
  step bigint;
  density double precision;
  rows_read bigint;
  n bigint;
  n_rows bigint;
  left_over bigint;
  total bigint := 0;
  started pg_catalog.timestamptz;
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_backfill()');
  PERFORM @extschema@.ledger_require(ledger);
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  name := @extschema@.ledger_find_track(ledger, track);
  parts := ARRAY(SELECT @extschema@.ledger_backfill_start(ledger, name));
  COMMIT;
  FOREACH part IN ARRAY parts LOOP
    EXECUTE pg_catalog.format('SELECT b.next_page, b.page_count FROM %I.backfill b WHERE b.track OPERATOR(pg_catalog.=) $1 AND b.source_part OPERATOR(pg_catalog.=) $2', ledger)
      INTO page, pages USING name, part;
    first_page := page;
    started := pg_catalog.clock_timestamp();
    rows_read := 0;
    density := @extschema@.ledger_backfill_rows_per_page(part);
    WHILE page OPERATOR(pg_catalog.<) pages LOOP
      step := greatest(1, pg_catalog.ceil(batch OPERATOR(pg_catalog./) density)::bigint);
      SELECT b.row_count, b.written, b.left_over INTO n_rows, n, left_over
        FROM @extschema@.ledger_backfill_batch(ledger, name, part, page, page OPERATOR(pg_catalog.+) step) b;
      COMMIT;
      total := total OPERATOR(pg_catalog.+) n;
      IF left_over OPERATOR(pg_catalog.>) 0 THEN
        PERFORM pg_catalog.pg_sleep(0.02);
        CONTINUE;
      END IF;
      rows_read := rows_read OPERATOR(pg_catalog.+) n_rows;
      page := page OPERATOR(pg_catalog.+) step;
      -- by what was read, for the statistics may be old
      density := greatest(1, rows_read::double precision OPERATOR(pg_catalog./) (least(page, pages) OPERATOR(pg_catalog.-) first_page));
      RAISE NOTICE '%', @extschema@.ledger_progress(part, first_page, page, pages, rows_read, total, started);
    END LOOP;
  END LOOP;
END $$;
COMMENT ON PROCEDURE ledger_backfill(text, text, integer) IS
  'takes the rows that a tracked table has already into the ledger, in batches that commit; goes on where it was left; what is written meanwhile is neither missed nor doubled';

CREATE FUNCTION ledger_progress(
  part regclass, first_page bigint, page bigint, pages bigint, row_count bigint, total bigint, started timestamptz
) RETURNS text
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN format('%s: %s %%, %s rows, %s touchpoints, %s rows/s, %s left', part, least(100, 100 * page / greatest(pages, 1)), row_count, total,
    round(row_count / greatest(extract(epoch FROM clock_timestamp() - started), 0.001)),
    date_trunc('second', (clock_timestamp() - started) * greatest(pages - page, 0) / greatest(page - first_page, 1)));
COMMENT ON FUNCTION ledger_progress(regclass, bigint, bigint, bigint, bigint, bigint, timestamptz) IS 'part of ledger_backfill(): how far it is';
