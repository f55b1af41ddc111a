--
-- ledger: making one: what moves customers
--

CREATE FUNCTION ledger_make_triggers(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  config text;
BEGIN
  EXECUTE format($ddl$
CREATE OR REPLACE TRIGGER touchpoint_inserted AFTER INSERT ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE OR REPLACE TRIGGER touchpoint_updated AFTER UPDATE ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE OR REPLACE TRIGGER touchpoint_deleted AFTER DELETE ON %1$I.touchpoint
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE OR REPLACE TRIGGER touchpoint_truncated AFTER TRUNCATE ON %1$I.touchpoint
  FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
  $ddl$, name, '@extschema@');
  FOREACH config IN ARRAY '{touchpoint_kind,stage_rule,setting,tracked_source}'::text[] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %s.ledger_rules_changed()',
                   name, config, '@extschema@');
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_triggers(text, regtype) IS 'part of ledger_create(): the triggers of its tables';
