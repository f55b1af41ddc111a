-- What SECURITY.md says, tried by roles that have no right to what they try.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_security_owner;
CREATE ROLE regress_security_admin;
CREATE ROLE regress_security_writer;
CREATE ROLE regress_security_reader;
CREATE ROLE regress_security_stranger;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_security_owner, regress_security_stranger;

-- no function acts as its owner; whatever runs SQL has its search_path pinned, but two procedures, which commit, and say each name in full
SELECT count(*) FILTER (WHERE p.prosecdef) AS definers,
       string_agg(p.proname, ', ' ORDER BY p.proname) FILTER (WHERE p.prosrc <> '' AND l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
         AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)) AS not_pinned,
       count(*) FILTER (WHERE 'internal'::regtype = ANY (p.proargtypes::oid[]) AND p.proname !~ '_recv$') AS taking_internal
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'customer_lifecycle' JOIN pg_proc p ON p.oid = d.objid JOIN pg_language l ON l.oid = p.prolang
 WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e';

-- a schema that somebody else has made, or can put things into, is no place for a ledger: not for a superuser's either
SET ROLE regress_security_stranger;
CREATE SCHEMA security_squat; GRANT ALL ON SCHEMA security_squat TO PUBLIC;
RESET ROLE;
SELECT ledger_create('security_squat');
SET ROLE regress_security_owner;
SELECT ledger_create('security_squat');
CREATE SCHEMA security_shared; GRANT CREATE ON SCHEMA security_shared TO regress_security_stranger;
SELECT ledger_create('security_shared');
REVOKE CREATE ON SCHEMA security_shared FROM regress_security_stranger;
SELECT ledger_create('security_shared') IS NOT NULL AS made;
SELECT ledger_drop('security_shared', 'security_shared');

-- the ledger: two customers, one of whom has a name to look for
SELECT ledger_create('vault', 'text') IS NOT NULL AS made;
CREATE SCHEMA security_shop;
CREATE TABLE security_shop.orders (id bigint PRIMARY KEY, who text, at timestamptz, total numeric);
SELECT ledger_track('vault', 'security_shop.orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total', subject => '''subject of '' || who', track => 'orders');
INSERT INTO security_shop.orders SELECT i, CASE i % 2 WHEN 0 THEN 'Lady X' ELSE 'nobody' END, timestamptz '2024-01-01' + i * interval '9 days', 10 FROM generate_series(1, 20) i;
SELECT ledger_touch('vault', 'Lady X', 'nps', '2024-06-01', score => 2, properties => '{"word": "of Lady X"}'), ledger_touch('vault', 'Lady X', 'consent_given', '2024-06-01', properties => '{"purpose": "Lady X"}');
SELECT ledger_tick('vault', '2024-07-10') >= 0 AS ticked;
CALL ledger_refresh('vault', '2024-07-10');
SELECT ledger_grant('vault', 'regress_security_reader', 'read'), ledger_grant('vault', 'regress_security_writer', 'write'), ledger_grant('vault', 'regress_security_admin', 'admin');

-- What each role gets from each function and view that there is: who reads the lady's name, and what is changed.
RESET ROLE;
CREATE FUNCTION security_print(OUT digest text) LANGUAGE plpgsql AS $$
DECLARE r regclass; part text; BEGIN digest := '';
  FOR r IN SELECT c.oid FROM pg_class c WHERE c.relnamespace IN ('vault'::regnamespace, 'security_shop'::regnamespace) AND c.relkind = 'r' ORDER BY c.relname LOOP
    EXECUTE format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s t', r) INTO part;
    digest := md5(digest || r::text || coalesce(part, '')); END LOOP; END $$;
CREATE FUNCTION security_argument(type regtype, n integer) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN n = 1 AND type = 'text'::regtype THEN quote_literal('vault') WHEN n = 2 AND type = 'text'::regtype THEN quote_literal('Lady X')
              WHEN type = 'text'::regtype THEN (ARRAY['''orders''', '''customer_360''', '''month''', '''delete''', '''read''', '''green''', '''because'''])[1 + n % 7]
              WHEN type = 'regclass'::regtype THEN '''security_shop.orders''' WHEN type = 'regrole'::regtype THEN quote_literal(current_user) WHEN type = 'regtype'::regtype THEN '''text'''
              WHEN type = 'timestamptz'::regtype THEN '''2024-06-01''' WHEN type = 'date'::regtype THEN '''2024-06-01''' WHEN type = 'interval'::regtype THEN '''1 month'''
              WHEN type IN ('bigint'::regtype, 'integer'::regtype, 'float8'::regtype, 'numeric'::regtype) THEN '1' WHEN type = 'boolean'::regtype THEN 'true'
              WHEN type = 'jsonb'::regtype THEN '''{"type": "page", "userId": "Lady X", "messageId": "1"}''' WHEN type = 'lifecycle_stage'::regtype THEN '''churned''' ELSE 'NULL' END || '::' || type $$;
CREATE FUNCTION security_try(but text, OUT called bigint, OUT refused bigint, OUT names text) LANGUAGE plpgsql AS $$
DECLARE one record; answer text; BEGIN called := 0; refused := 0;
  FOR one IN
    SELECT p.proname AS name, format('%s %I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT string_agg(r::text, '','') FROM' END, p.proname,
             (SELECT string_agg(security_argument(t, n::integer), ', ' ORDER BY n) FROM unnest(p.proargtypes::regtype[]) WITH ORDINALITY u (t, n))) || CASE p.prokind WHEN 'p' THEN '' ELSE ' r' END AS query
      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'customer_lifecycle' JOIN pg_proc p ON p.oid = d.objid
     WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND p.proname ~ '^ledger_' AND p.prorettype <> 'trigger'::regtype AND p.pronargs > 0 AND p.proname !~ but
    UNION ALL
    SELECT c.relname, format('SELECT string_agg(r::text, '','') FROM %s r', c.oid::regclass) FROM pg_class c WHERE c.relnamespace = 'vault'::regnamespace AND c.relkind IN ('r', 'v')
    ORDER BY 1, 2 LOOP
    BEGIN
      called := called + 1; answer := NULL;
      IF one.query ~ '^CALL' THEN EXECUTE one.query; ELSE EXECUTE one.query INTO answer; END IF;
      IF answer ~ 'Lady X' AND one.query !~ 'ledger_(view|kpi|column|word|make|measure|plain)' THEN names := concat_ws(', ', names, one.name); END IF;
    EXCEPTION WHEN insufficient_privilege THEN refused := refused + 1; WHEN others THEN NULL; END; END LOOP; END $$;
CREATE TEMP TABLE print AS SELECT digest FROM security_print();
GRANT EXECUTE ON FUNCTION security_try, security_argument TO PUBLIC;
-- a stranger reads nothing, and changes nothing
SET ROLE regress_security_stranger;
SELECT refused > 150 AS most_refused, names FROM security_try('^$');
RESET ROLE;
SELECT digest = (SELECT digest FROM print) AS unchanged FROM security_print();
-- a reader changes nothing
SET ROLE regress_security_reader;
SELECT refused > 20 AS some_refused, names ~ 'customer_360' AS reads FROM security_try('^ledger_(view|kpi|default)');
RESET ROLE;
SELECT digest = (SELECT digest FROM print) AS unchanged FROM security_print();

-- a policy on each table that has customers: who is of another tenant never sees the lady, by no view and no function
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY; CREATE POLICY tenant ON %1$s TO regress_security_reader USING (customer_id IS DISTINCT FROM ''Lady X'')', a.attrelid::regclass)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'vault'::regnamespace AND c.relkind = 'r' AND a.attname = 'customer_id' ORDER BY c.relname \gexec
SET ROLE regress_security_reader;
SELECT names FROM security_try('^ledger_(view|kpi|default|make|create|set|touch|grant|revoke)');
RESET ROLE;
SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY; DROP POLICY tenant ON %1$s', p.polrelid::regclass) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'vault'::regnamespace ORDER BY c.relname \gexec

-- a right on a view is no right on what it reads
GRANT USAGE ON SCHEMA vault TO regress_security_stranger; GRANT SELECT ON vault.customer_360, vault.nps_by_month TO regress_security_stranger;
SET ROLE regress_security_stranger;
-- which of the tables below it is missed first is PostgreSQL's choice
\set VERBOSITY sqlstate
SELECT count(*) FROM vault.customer_360;
\set VERBOSITY default
SELECT count(*) FROM vault.nps_by_month;
RESET ROLE;
REVOKE ALL ON vault.customer_360, vault.nps_by_month FROM regress_security_stranger; REVOKE USAGE ON SCHEMA vault FROM regress_security_stranger;

-- an administrator of a ledger changes its data, but nothing that others would evaluate with their rights
SET ROLE regress_security_admin;
UPDATE vault.tracked_source SET arguments = arguments || '{only_when=security_squat.sprung()}'::text[];
INSERT INTO vault.tracked_source VALUES ('mine', 'pg_authid', '{track=mine}');
UPDATE vault.backfill SET source_part = 'pg_authid';
INSERT INTO vault.segment (segment, dimension, condition) VALUES ('mine', 'mine', 'security_squat.sprung()');
UPDATE vault.segment SET condition = 'true) OR (security_squat.sprung()';
INSERT INTO vault.setting (name, value) VALUES ('time_zone', 'UTC''; DROP TABLE x; --');
UPDATE vault.setting SET value = '1 day''; DROP TABLE x; --' WHERE name = 'silence_after';
SET ROLE regress_security_owner;
INSERT INTO vault.segment (segment, dimension, condition) VALUES ('mine', 'mine', 'true), (''x'', ''y'', 1, true');

-- who reads blocks nobody: neither by locks on rows or tables, nor by references to keys, nor by advisory locks, of which there are none
SET ROLE regress_security_reader;
BEGIN; LOCK TABLE vault.customer IN SHARE MODE; ROLLBACK;
BEGIN; LOCK TABLE vault.customer IN ROW EXCLUSIVE MODE; ROLLBACK;
SELECT customer_id FROM vault.customer FOR KEY SHARE;
CREATE TABLE security_squat.blocks (c text REFERENCES vault.customer (customer_id));
CREATE TABLE security_squat.blocks (c bigint REFERENCES vault.touchpoint (touchpoint_id));
SET ROLE regress_security_owner;
SELECT ledger_create('vault_of_numbers') IS NOT NULL AS made, ledger_touch('vault_of_numbers', 1, 'purchase', '2024-01-01');
BEGIN; SELECT ledger_erase('vault_of_numbers', 1); SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'; COMMIT;
SELECT ledger_drop('vault_of_numbers', 'vault_of_numbers');

-- trigger functions upon tables of one's own act as oneself
SET ROLE regress_security_stranger;
CREATE TABLE security_squat.touchpoint (touchpoint_id bigint, customer_id text, occurred_at timestamptz);
CREATE TABLE security_squat.kpi_late (late_since timestamptz);
CREATE FUNCTION security_squat.who() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'acts as %', current_user; END $$;
CREATE TRIGGER who BEFORE INSERT ON security_squat.kpi_late EXECUTE FUNCTION security_squat.who();
CREATE TRIGGER k AFTER INSERT ON security_squat.touchpoint REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION kpi_outdated('2025-01-01');
GRANT INSERT ON security_squat.touchpoint TO PUBLIC;
RESET ROLE;
INSERT INTO security_squat.touchpoint VALUES (1, 'x', '2024-01-01');
SET ROLE regress_security_stranger;
DROP TRIGGER k ON security_squat.touchpoint;
CREATE TRIGGER s AFTER INSERT ON security_squat.touchpoint FOR EACH STATEMENT EXECUTE FUNCTION segment_changed();
INSERT INTO security_squat.touchpoint VALUES (1, 'x', '2024-01-01');
DROP TRIGGER s ON security_squat.touchpoint;
-- nor can a table of one's own be fed into a ledger, or a ledger be fed from a table of another's
SELECT ledger_track('vault', 'security_squat.touchpoint', kind => 'purchase', customer => 'customer_id', occurred_at => 'occurred_at');
SELECT ledger_create('vault_of_a_stranger') IS NOT NULL AS made;
SELECT ledger_track('vault_of_a_stranger', 'security_shop.orders'::regclass, kind => 'purchase', customer => '1', occurred_at => 'now()');
SELECT ledger_track('vault_of_a_stranger', (SELECT c.oid::regclass FROM pg_class c WHERE c.relname = 'orders' AND c.relnamespace::regnamespace::text = 'security_shop'), kind => 'purchase', customer => '1', occurred_at => 'now()');
SELECT ledger_drop('vault_of_a_stranger', 'vault_of_a_stranger');

-- names ahead of pg_catalog, and temporary ones: functions, operators, types, casts' input, tables
CREATE FUNCTION security_squat.sprung() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung, as %', current_user; END $$;
SELECT format('CREATE FUNCTION security_squat.%I(%s) RETURNS %s LANGUAGE sql AS $f$ SELECT security_squat.sprung()::text::%3$s $f$', f.name, f.arguments, f.result)
  FROM (VALUES ('format', 'text, text', 'text'), ('now', '', 'timestamptz'), ('clock_timestamp', '', 'timestamptz'), ('to_regclass', 'text', 'regclass'), ('count', 'bigint', 'bigint'), ('lower', 'text', 'text'), ('ceil', 'double precision', 'double precision'),
          ('date_trunc', 'text, timestamptz', 'timestamptz'), ('date_trunc', 'text, timestamptz, text', 'timestamptz'), ('least', 'bigint, bigint', 'bigint'), ('set_config', 'text, text, boolean', 'text'), ('current_setting', 'text', 'text'), ('pg_has_role', 'name, text', 'boolean')) f (name, arguments, result) \gexec
CREATE FUNCTION security_squat.t(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT security_squat.sprung() $$;
CREATE FUNCTION security_squat.t(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT security_squat.sprung() $$;
CREATE FUNCTION security_squat.t(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS $$ SELECT security_squat.sprung() $$;
CREATE FUNCTION security_squat.t(date, date) RETURNS boolean LANGUAGE sql AS $$ SELECT security_squat.sprung() $$;
CREATE FUNCTION security_squat.t(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT security_squat.sprung() $$;
SELECT format('CREATE OPERATOR security_squat.%s (FUNCTION = security_squat.t, LEFTARG = %s, RIGHTARG = %2$s)', o, t)
  FROM unnest('{=,<>,<,>,<=,>=,~}'::text[]) o, unnest('{bigint,text,timestamptz,date,integer}'::text[]) t \gexec
-- such as no operator of pg_catalog has both sides of, which would come before
CREATE FUNCTION security_squat.n(numeric, integer) RETURNS numeric LANGUAGE sql AS $$ SELECT security_squat.sprung()::text::numeric $$;
CREATE FUNCTION security_squat.n(double precision, integer) RETURNS double precision LANGUAGE sql AS $$ SELECT security_squat.sprung()::text::double precision $$;
SELECT format('CREATE OPERATOR security_squat.%s (FUNCTION = security_squat.n, LEFTARG = %s, RIGHTARG = integer)', o, t)
  FROM unnest('{*,/,+,-}'::text[]) o, unnest('{numeric,double precision}'::text[]) t \gexec
CREATE DOMAIN security_squat.text AS pg_catalog.text CHECK (false); CREATE DOMAIN security_squat.regclass AS pg_catalog.text CHECK (false);
CREATE DOMAIN security_squat.date AS pg_catalog.date CHECK (false); CREATE DOMAIN security_squat.timestamptz AS pg_catalog.timestamptz CHECK (false);
SET ROLE regress_security_owner;
SET search_path = security_squat, pg_catalog, public;
CREATE TEMP TABLE touchpoint (i integer); CREATE TEMP TABLE customer (i integer); CREATE TEMP TABLE setting (i integer); CREATE TEMP TABLE captured (i integer); CREATE TEMP TABLE new_rows (i integer); CREATE TEMP TABLE pg_class (i integer);
CREATE DOMAIN pg_temp.lifecycle_stage AS pg_catalog.text CHECK (false); CREATE DOMAIN pg_temp.numeric AS pg_catalog.numeric CHECK (false);
INSERT INTO security_shop.orders VALUES (100, 'Lady X', '2024-07-01'::pg_catalog.timestamptz, 5);
CALL ledger_backfill('vault', 'orders');
CALL ledger_refresh('vault', '2024-08-10'::pg_catalog.timestamptz);
SELECT ledger_tick('vault', '2024-08-11'::pg_catalog.timestamptz) OPERATOR(pg_catalog.>=) 0 AS ticked, ledger_rebuild('vault') OPERATOR(pg_catalog.>) 0 AS rebuilt, (SELECT pg_catalog.count(*) FROM ledger_check('vault')) AS wrong;
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 AS fitted FROM ledger_fit('vault', '2024-08-11'::pg_catalog.timestamptz) f;
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 AS measured FROM ledger_measures('vault', '2024-08-11'::pg_catalog.timestamptz);
SELECT pg_catalog.count(*) AS upgraded FROM ledger_upgrade('vault');
UPDATE vault.segment SET priority = priority;
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 AS claimed FROM ledger_claim_events('vault', 3);
SELECT ledger_erase('vault', 'nobody', 'delete') OPERATOR(pg_catalog.>) 0 AS erased;
-- the first of this session, which reads the rules
SELECT current_stage(lifecycle('2024-01-01'::pg_catalog.timestamptz, 'purchase'));
RESET search_path;
SELECT sum(customer_count) AS customers FROM vault.stage_funnel;

RESET ROLE;
DROP TABLE print;
DROP FUNCTION security_print, security_try, security_argument;
DROP SCHEMA vault, security_squat, security_shop CASCADE;
DROP OWNED BY regress_security_owner, regress_security_stranger;
DROP ROLE regress_security_owner, regress_security_admin, regress_security_writer, regress_security_reader, regress_security_stranger;
