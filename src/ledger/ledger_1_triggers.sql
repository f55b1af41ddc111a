--
-- ledger: touchpoints in, customers moved (docs/ledger.md)
--

-- Trigger functions.  They may be called by nobody but triggers, and check what they are fired for:
-- touchpoint_fold() acts as the owner of the table that it is on, touchpoint_capture() only for
-- triggers that the ledger's owner has registered.

CREATE FUNCTION touchpoint_fold() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touchpoint_fold() IS
  'trigger on a ledger''s table touchpoint: folds what was written into customer and stage_history, as the owner of the table';

CREATE FUNCTION touchpoint_capture() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touchpoint_capture() IS
  'trigger on any table: turns its rows into touchpoints of a ledger whose owner has registered the trigger; made by ledger_track()';

CREATE FUNCTION ledger_rules_changed() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_rules_changed() IS
  'trigger on a ledger''s tables of rules: lets every session read them again';

CREATE FUNCTION ledger_check_expression(
  word text, expression text, source_table regclass, wanted regtype
) RETURNS void
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME'
  SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION ledger_check_expression(text, text, regclass, regtype) IS
  'an error unless the text is one SQL expression over a row of the table whose value may be assigned to the wanted type';

CREATE FUNCTION event_outbox_told() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION event_outbox_told() IS
  'trigger on a ledger''s table event_outbox: fires plays that wait for stages and bands, and wakes whoever listens, as the owner of the table';
