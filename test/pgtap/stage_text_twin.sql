-- BI tools compare a stage with text, which the enum has no operator for: so each view that has a stage has it as text, too,
-- under the same name with _name at its end.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = error; -- a superuser's ledger is warned about

CREATE FUNCTION stages_without_twin(in_schema name) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = in_schema AND c.relkind IN ('v', 'm') AND a.atttypid = 'lifecycle_stage'::regtype
    AND NOT EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = a.attrelid AND t.attname = a.attname || '_name' AND t.atttypid = 'text'::regtype)
  ORDER BY 1 $$;

CREATE SCHEMA bi;
CREATE VIEW bi.met AS SELECT s AS stage, s::text AS stage_name FROM unnest(enum_range(NULL::lifecycle_stage)) s;
CREATE VIEW bi.forgotten AS SELECT s AS stage, s::varchar AS stage_name FROM unnest(enum_range(NULL::lifecycle_stage)) s;
SELECT results_eq($$SELECT s COLLATE "C" FROM stages_without_twin('bi') s$$, $$VALUES ('bi.forgotten.stage' COLLATE "C")$$, 'a view without the twin is found');

SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'ledger_create') AS has_ledger \gset
\if :has_ledger
  SELECT count(*) FROM (SELECT ledger_create('twin_test')) made;
  SELECT cmp_ok((SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                 WHERE c.relnamespace = 'twin_test'::regnamespace AND c.relkind = 'v' AND a.atttypid = 'lifecycle_stage'::regtype),
                '>=', 2::bigint, 'a ledger has views with stages');
  SELECT is_empty($$SELECT stages_without_twin('twin_test')$$, 'every view of a ledger has it');
\else
  SELECT skip('there are no ledgers yet', 1);
\endif

SELECT finish();
ROLLBACK;
