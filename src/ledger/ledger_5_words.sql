--
-- ledger: stages by the words of a house
--

CREATE FUNCTION ledger_plain_label(label text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.translate(pg_catalog.lower(label), ' -_', '');
COMMENT ON FUNCTION ledger_plain_label(text) IS 'a label without what makes no difference: capitals, blanks, - and _';

CREATE FUNCTION ledger_to_stage(ledger text, vocabulary text, label text) RETURNS lifecycle_stage
  LANGUAGE plpgsql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  alias text;
  known boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT (SELECT a.stage FROM %1$I.stage_alias a WHERE a.vocabulary = $1 AND @extschema@.ledger_plain_label(a.label) = @extschema@.ledger_plain_label($2) '
                 '         ORDER BY (a.label = $2) DESC, a.label LIMIT 1), EXISTS (SELECT FROM %1$I.stage_alias a WHERE a.vocabulary = $1)', ledger)
    INTO alias, known USING vocabulary, label;
  IF alias IS NOT NULL THEN
    RETURN alias::@extschema@.lifecycle_stage;
  END IF;
  IF known AND NOT EXISTS (SELECT FROM @extschema@.stage_vocabularies() v WHERE v.vocabulary = ledger_to_stage.vocabulary) THEN
    RETURN NULL;
  END IF;
  RETURN @extschema@.to_stage(vocabulary, label);
END $$;
COMMENT ON FUNCTION ledger_to_stage(text, text, text) IS
  'the stage that a word means: by the ledger''s stage_alias, or else by to_stage(); NULL: the vocabulary has no such word';

CREATE FUNCTION ledger_stage_label(ledger text, vocabulary text, stage lifecycle_stage) RETURNS text
  LANGUAGE plpgsql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  alias text;
  known boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT (SELECT a.label FROM %1$I.stage_alias a WHERE a.vocabulary = $1 AND a.stage = $2::text ORDER BY a.label COLLATE "C" LIMIT 1), '
                 '       EXISTS (SELECT FROM %1$I.stage_alias a WHERE a.vocabulary = $1)', ledger)
    INTO alias, known USING vocabulary, stage;
  IF alias IS NULL AND (NOT known OR EXISTS (SELECT FROM @extschema@.stage_vocabularies() v WHERE v.vocabulary = ledger_stage_label.vocabulary)) THEN
    RETURN @extschema@.stage_label(stage, vocabulary);
  END IF;
  RETURN alias;
END $$;
COMMENT ON FUNCTION ledger_stage_label(text, text, lifecycle_stage) IS
  'the word of a vocabulary for a stage: of the ledger''s stage_alias, the first of several, or else by stage_label(); NULL: it has none';
