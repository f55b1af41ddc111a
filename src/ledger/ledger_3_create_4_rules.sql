--
-- ledger: making one: the rules, as rows
--

CREATE FUNCTION ledger_make_rules(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  stages text := $q$('awareness','acquisition','conversion','onboarding','engagement','retention','advocacy','churned')$q$;
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.touchpoint_kind (
  kind text PRIMARY KEY,
  rank integer NOT NULL UNIQUE DEFERRABLE,
  stage text CHECK (stage IN %2$s),
  is_payment boolean NOT NULL DEFAULT false,
  alive boolean NOT NULL DEFAULT true,
  revives text NOT NULL DEFAULT 'no' CHECK (revives IN ('no', 'after_silence', 'yes')),
  subject_effect text NOT NULL DEFAULT 'none'
    CHECK (subject_effect IN ('none', 'opens', 'opens_term', 'changes', 'notice', 'ends')),
  feeds text,
  survey text CHECK (survey IN ('nps', 'csat', 'ces')),
  scale_low integer,
  scale_high integer,
  needs_customer boolean NOT NULL DEFAULT true,
  pillar text CHECK (pillar IN ('clarity', 'consistency', 'convenience', 'collaboration', 'care')),
  meaning text,
  CHECK ((survey IS NULL) = (scale_low IS NULL) AND (survey IS NULL) = (scale_high IS NULL)),
  CHECK (scale_high > scale_low AND scale_high - scale_low <= 100)
);
COMMENT ON TABLE %1$I.touchpoint_kind IS 'what can happen; add rows of your own';
COMMENT ON COLUMN %1$I.touchpoint_kind.kind IS 'name of the kind, as touchpoints give it';
COMMENT ON COLUMN %1$I.touchpoint_kind.scale_low IS 'lowest score of its survey; NULL: it answers none';
COMMENT ON COLUMN %1$I.touchpoint_kind.scale_high IS 'highest score of its survey; NULL: it answers none';
COMMENT ON COLUMN %1$I.touchpoint_kind.meaning IS 'what happened, and which columns and properties of the touchpoint say more';
COMMENT ON COLUMN %1$I.touchpoint_kind.rank IS 'order of touchpoints at one instant';
COMMENT ON COLUMN %1$I.touchpoint_kind.stage IS 'the stage that it is evidence for';
COMMENT ON COLUMN %1$I.touchpoint_kind.is_payment IS 'opens the gate to the stages of customers';
COMMENT ON COLUMN %1$I.touchpoint_kind.alive IS 'a sign of life';
COMMENT ON COLUMN %1$I.touchpoint_kind.revives IS 'brings a churned customer back: no, after_silence, yes';
COMMENT ON COLUMN %1$I.touchpoint_kind.subject_effect IS 'what it does to its subscription or contract: opens, opens_term (only with property until), changes, notice, ends';
COMMENT ON COLUMN %1$I.touchpoint_kind.feeds IS 'what its amount or score feeds: purchases, refunds, mrr, rating, ticket, spend, trait, consent, stage, health, resource';
COMMENT ON COLUMN %1$I.touchpoint_kind.survey IS 'the survey that it answers, on the scale of scale_low to scale_high';
COMMENT ON COLUMN %1$I.touchpoint_kind.needs_customer IS 'is of no use without a customer';
COMMENT ON COLUMN %1$I.touchpoint_kind.pillar IS 'the pillar of the relationship that it speaks about';
CREATE TABLE IF NOT EXISTS %1$I.stage_rule (
  rule text NOT NULL,
  kind text,
  stage text NOT NULL CHECK (stage IN %2$s),
  min_count integer NOT NULL DEFAULT 1 CHECK (min_count > 0),
  count_days boolean NOT NULL DEFAULT false,
  within interval,
  min_tenure interval,
  min_amount numeric(18,4),
  min_score double precision,
  meaning text,
  UNIQUE NULLS NOT DISTINCT (rule, kind)
);
ALTER TABLE %1$I.stage_rule REPLICA IDENTITY FULL; -- a kind may be NULL, so no key could be primary
COMMENT ON TABLE %1$I.stage_rule IS 'how touchpoints add up to a stage, within an episode; rows of one rule are counted together';
COMMENT ON COLUMN %1$I.stage_rule.rule IS 'name of the rule';
COMMENT ON COLUMN %1$I.stage_rule.stage IS 'the stage that the customer comes to when the rule is met';
COMMENT ON COLUMN %1$I.stage_rule.min_amount IS 'only touchpoints of at least this amount count, money; NULL: all';
COMMENT ON COLUMN %1$I.stage_rule.min_score IS 'only touchpoints of at least this score count; NULL: all';
COMMENT ON COLUMN %1$I.stage_rule.meaning IS 'what the rule says, in words';
COMMENT ON COLUMN %1$I.stage_rule.kind IS 'what is counted; NULL: any sign of life';
COMMENT ON COLUMN %1$I.stage_rule.min_count IS 'so many are needed';
COMMENT ON COLUMN %1$I.stage_rule.count_days IS 'count days, not touchpoints';
COMMENT ON COLUMN %1$I.stage_rule.within IS 'counted this long after the first payment';
COMMENT ON COLUMN %1$I.stage_rule.min_tenure IS 'counted from this long after the first payment on; 0: from the payment on';
CREATE TABLE IF NOT EXISTS %1$I.setting (
  name text PRIMARY KEY,
  value text NOT NULL,
  meaning text,
  CHECK (name <> 'unusable' OR value IN ('keep', 'reject', 'error')),
  CHECK (name <> 'events' OR value IN ('on', 'off')),
  CHECK (name NOT IN ('silence_after', 'onboarding_lasts', 'future_tolerance') OR value::interval > '0')
);
CREATE OR REPLACE TRIGGER setting_checked BEFORE INSERT OR UPDATE ON %1$I.setting
  FOR EACH ROW EXECUTE FUNCTION %3$s.ledger_check_setting();
COMMENT ON TABLE %1$I.setting IS 'settings of the ledger';
COMMENT ON COLUMN %1$I.setting.name IS 'name of the setting';
COMMENT ON COLUMN %1$I.setting.meaning IS 'what it sets, and what values it takes';
COMMENT ON COLUMN %1$I.setting.value IS 'checked when it is written; holds from the next statement on, for each customer from his next touchpoint on';
CREATE TABLE IF NOT EXISTS %1$I.stage_alias (
  vocabulary text,
  label text,
  stage text NOT NULL CHECK (stage IN %2$s),
  PRIMARY KEY (vocabulary, label)
);
COMMENT ON TABLE %1$I.stage_alias IS 'stages by the words of a house, for ledger_to_stage() and ledger_stage_label()';
COMMENT ON COLUMN %1$I.stage_alias.vocabulary IS 'whose word: a name of yours, or one of stage_vocabularies() to add to it';
COMMENT ON COLUMN %1$I.stage_alias.label IS 'the word; capitals, blanks, - and _ make no difference when it is looked up';
COMMENT ON COLUMN %1$I.stage_alias.stage IS 'the stage that it means';
CREATE TABLE IF NOT EXISTS %1$I.tracked_source (
  track text PRIMARY KEY,
  source_table regclass NOT NULL,
  arguments text[] NOT NULL,
  tracked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE %1$I.tracked_source IS 'the tables whose triggers may write into the ledger; see ledger_track()';
COMMENT ON COLUMN %1$I.tracked_source.track IS 'name of the track, and source of the touchpoints that it writes';
COMMENT ON COLUMN %1$I.tracked_source.source_table IS 'the table whose rows become touchpoints';
COMMENT ON COLUMN %1$I.tracked_source.tracked_at IS 'when ledger_track() first named it';
COMMENT ON COLUMN %1$I.tracked_source.arguments IS 'arguments of the trigger; a trigger with others is refused';
CREATE TABLE IF NOT EXISTS %1$I.backfill (
  track text NOT NULL,
  source_part regclass NOT NULL,
  next_page bigint NOT NULL DEFAULT 0,
  page_count bigint NOT NULL,
  touchpoint_count bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz,
  PRIMARY KEY (track, source_part)
);
COMMENT ON TABLE %1$I.backfill IS 'how far ledger_backfill() is, by track and table; delete a row to start anew';
-- columns since 0.2.0
ALTER TABLE %1$I.backfill
  ADD COLUMN IF NOT EXISTS row_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS file_node oid,
  ADD COLUMN IF NOT EXISTS finished_at timestamptz;
COMMENT ON COLUMN %1$I.backfill.track IS 'the track whose table is read';
COMMENT ON COLUMN %1$I.backfill.source_part IS 'the table, or the part of it (a partition, an heir)';
COMMENT ON COLUMN %1$I.backfill.started_at IS 'when the backfill of it began';
COMMENT ON COLUMN %1$I.backfill.updated_at IS 'when a batch of it was last done; NULL: none yet';
COMMENT ON COLUMN %1$I.backfill.finished_at IS 'when all of it had been read; NULL: not yet';
COMMENT ON COLUMN %1$I.backfill.page_count IS 'pages that the table had when the backfill began';
COMMENT ON COLUMN %1$I.backfill.next_page IS 'pages that are done';
COMMENT ON COLUMN %1$I.backfill.row_count IS 'rows read';
COMMENT ON COLUMN %1$I.backfill.touchpoint_count IS 'touchpoints that came into the log; less than rows: others were there, can''t be used, or do not count';
COMMENT ON COLUMN %1$I.backfill.file_node IS 'the file that was read: VACUUM FULL or CLUSTER write another, which is begun anew';
  $ddl$, name, stages, '@extschema@');
  -- until 0.2.0 one of the words was not known
  IF (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = format('%I.setting', name)::regclass AND k.conname = 'setting_check') NOT LIKE '%reject%' THEN
    EXECUTE format('ALTER TABLE %I.setting DROP CONSTRAINT setting_check, '
                   'ADD CONSTRAINT setting_check CHECK (name <> ''unusable'' OR value IN (''keep'', ''reject'', ''error''))', name);
  END IF;
  PERFORM @extschema@.ledger_add_defaults(name, 'touchpoint_kind', '{kind}',
    '{kind,rank,stage,is_payment,alive,revives,subject_effect,feeds,survey,scale_low,scale_high,needs_customer,pillar,meaning}',
    -- a kind of the house may have taken the rank
    format($sql$SELECT k.kind, CASE WHEN EXISTS (SELECT FROM %1$I.touchpoint_kind t WHERE t.rank = k.rank AND t.kind <> k.kind)
                     THEN (SELECT max(t.rank) FROM %1$I.touchpoint_kind t) + k.rank ELSE k.rank END AS rank, k.stage, k.is_payment, k.alive, k.revives,
                  k.subject_effect, k.feeds, k.survey, k.scale_low, k.scale_high, k.needs_customer, k.pillar, k.meaning
             FROM @extschema@.ledger_default_kinds() k$sql$, name));
  PERFORM @extschema@.ledger_add_defaults(name, 'stage_rule', '{rule,kind}',
    '{rule,kind,stage,min_count,count_days,within,min_tenure,min_amount,min_score,meaning}', 'SELECT * FROM @extschema@.ledger_default_rules()');
  PERFORM @extschema@.ledger_add_defaults(name, 'setting', '{name}', '{name,value,meaning}', 'SELECT * FROM @extschema@.ledger_default_settings()');
END $$;
COMMENT ON FUNCTION ledger_make_rules(text, regtype) IS 'part of ledger_create(): kinds, rules, settings, sources';
