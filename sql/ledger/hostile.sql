-- Names, words and expressions that mean harm; sessions and roles that do.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_hostile_owner;
CREATE ROLE regress_hostile_writer;
CREATE ROLE regress_hostile_reader;
CREATE ROLE regress_hostile_admin;
CREATE ROLE regress_hostile_thief;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_hostile_owner, regress_hostile_thief;
SET ROLE regress_hostile_owner;
CREATE SCHEMA hostile; SET search_path = hostile, public;

-- names that end quotes, comments, formats and parameters, of up to 63 bytes
CREATE TABLE names (n integer PRIMARY KEY, name text);
INSERT INTO names VALUES (1, '"; DROP SCHEMA hostile CASCADE; --''*'), (2, '%s %1$I %% $1 $$ $ddl$ $sql$ {a,"b"}'), (3, E'new\nline\ttab \\ /* */ -- @ ledger@'), (4, repeat('ü', 31));
SELECT ledger_create('@ledger@');
SELECT n, ledger_create(name, CASE WHEN n % 2 = 0 THEN 'text' ELSE 'bigint' END::regtype, CASE WHEN n % 3 = 0 THEN interval '1 month' END)::text = quote_ident(name) AS made FROM names ORDER BY n;
CREATE FUNCTION make_table(name text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('CREATE TABLE hostile.%1$I (%1$I bigint PRIMARY KEY, "the %%s" timestamptz, "%%1$I $1 ''" text)', name); RETURN format('hostile.%I', name)::regclass; END $$;
SELECT n, ledger_track(name, make_table(name), kind => 'purchase', customer => CASE WHEN n % 2 = 0 THEN format('%I::text', name) ELSE name END, occurred_at => 'the %s', subject => '%1$I $1 ''',
                       channel => quote_literal(name), properties => format('jsonb_build_object(%L, %L)', name, name), track => name) = name AS tracked FROM names ORDER BY n;
CREATE FUNCTION fill(name text) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN
  EXECUTE format('INSERT INTO hostile.%I VALUES (1, ''2024-01-01'', $1), (2, ''2024-01-02'', $1), (3, ''2024-01-02'', $1)', name) USING name;
  EXECUTE format('UPDATE hostile.%1$I SET "the %%s" = ''2024-01-03'' WHERE %1$I = 2', name);
  EXECUTE format('DELETE FROM hostile.%1$I WHERE %1$I = 3', name);
  EXECUTE format('SELECT count(*) FROM %I.touchpoint WHERE source = $1 AND subject = $1 AND channel = $1 AND properties ->> $1 = $1', name) INTO n USING name;
  RETURN n; END $$;
SELECT n, fill(name) FROM names ORDER BY n;
SELECT n, ledger_tick(name, '2025-01-01') AS moved, (SELECT count(*) FROM ledger_check(name)) AS wrong FROM names ORDER BY n;
SELECT n, ledger_touch(name, '9', name, '2024-01-01', source => name, source_key => name) AS unknown_kind, (SELECT count(*) FROM ledger_upgrade(name)) AS upgraded,
       ledger_to_stage(name, 'hubspot', 'customer') AS stage, (SELECT count(*) FROM ledger_claim_events(name, 1)) AS events FROM names ORDER BY n;
SELECT n, ledger_touch(name, jsonb_build_object('type', 'track', 'event', 'Order Completed', 'userId', '1', 'messageId', name, 'properties', jsonb_build_object(name, name))) FROM names ORDER BY n;
SELECT n, ledger_erase(name, '1') AS anonymised, ledger_erase(name, '2', 'delete') AS deleted, ledger_consents(name, '1') IS NULL AS silent FROM names ORDER BY n;
SELECT n, (SELECT count(*) FROM ledger_partition(name)) > 0 AS parted FROM names WHERE n % 3 = 0 ORDER BY n;
SELECT n, ledger_grant(name, 'regress_hostile_reader', 'read'), ledger_revoke(name, 'regress_hostile_reader') FROM names WHERE n < 3 ORDER BY n;
SELECT format('CALL ledger_backfill(%L, %L)', name, name) FROM names ORDER BY n \gexec
SELECT n, ledger_untrack(name, name) FROM names WHERE n > 2 ORDER BY n;
SELECT n, ledger_drop(name, name) FROM names ORDER BY n;
SELECT count(*) FROM names;

-- expressions are expressions: nothing else gets in by them
SELECT ledger_create('h');
CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, what text);
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', subject => 'what) FROM pg_authid --');
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', subject => E'what\n); DELETE FROM orders; SELECT (NULL');
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', only_when => 'true) OR (true');
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', only_when => '$1');
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', only_when => 'true; SELECT true');
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', only_when => 'true UNION SELECT true');
-- what more PostgreSQL says of a function that is missing differs between versions
\set VERBOSITY terse
SELECT ledger_track('h', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', subject => 'shout(what)');
\set VERBOSITY default
SELECT ledger_track('h', 'orders', kind => 'purchase'' || ''', customer => 'who', occurred_at => 'at');
SELECT ledger_track('h', 'orders', kind_from => 'what', customer => 'who', occurred_at => 'at', track => 'o');

-- a session whose search_path puts functions, operators, types and tables of its own before ours
SET ROLE regress_hostile_thief;
CREATE SCHEMA trap;
CREATE FUNCTION trap.sprung() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap has sprung, as %', current_user; END $$;
CREATE FUNCTION trap.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$ SELECT trap.sprung()::text $$;
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT trap.sprung()::text::timestamptz $$;
CREATE FUNCTION trap.jsonb_build_object(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT trap.sprung()::text::jsonb $$;
CREATE FUNCTION trap.equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.sprung() IS NULL $$;
CREATE FUNCTION trap.equal(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.sprung() IS NULL $$;
CREATE FUNCTION trap.less(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT trap.sprung() IS NULL $$;
CREATE FUNCTION trap.plus(bigint, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT trap.sprung()::text::bigint $$;
CREATE FUNCTION trap.concat(text, text) RETURNS text LANGUAGE sql AS $$ SELECT trap.sprung()::text $$;
CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR trap.< (FUNCTION = trap.less, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR trap.+ (FUNCTION = trap.plus, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR trap.|| (FUNCTION = trap.concat, LEFTARG = text, RIGHTARG = text);
CREATE DOMAIN trap.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN trap.regclass AS pg_catalog.text CHECK (false);
CREATE DOMAIN trap.timestamptz AS pg_catalog.timestamptz CHECK (false);
CREATE TABLE trap.touchpoint (i integer); CREATE TABLE trap.setting (i integer); CREATE TABLE trap.pg_class (i integer);
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SET ROLE regress_hostile_owner;
GRANT USAGE ON SCHEMA hostile TO regress_hostile_writer;
GRANT INSERT, UPDATE, DELETE, SELECT ON orders TO regress_hostile_writer;
SET search_path = trap, pg_catalog, public;
SET ROLE regress_hostile_writer;
INSERT INTO hostile.orders VALUES (1, 1, '2024-01-01'::pg_catalog.timestamptz, 'purchase'), (2, 2, '2024-01-01'::pg_catalog.timestamptz, 'nps');
UPDATE hostile.orders SET what = 'login' WHERE id OPERATOR(pg_catalog.=) 2;
DELETE FROM hostile.orders WHERE id OPERATOR(pg_catalog.=) 2;
SET ROLE regress_hostile_owner;
SELECT ledger_touch('h', 3::bigint, 'purchase', '2024-01-02'::pg_catalog.timestamptz, source => 's', source_key => 'k');
SELECT ledger_touch('h', '{"type": "page", "userId": "4", "timestamp": "2024-01-02T00:00:00Z", "messageId": "m"}');
SELECT ledger_set_stage('h', 3::bigint, 'advocacy', 'because', '2024-01-03'::pg_catalog.timestamptz);
CALL ledger_backfill('h', 'o');
SELECT ledger_tick('h', '2025-01-01'::pg_catalog.timestamptz), ledger_rebuild('h'), (SELECT count(*) FROM ledger_check('h')) AS wrong;
SELECT customer_id, stage_name FROM h.customer_360 ORDER BY customer_id OPERATOR(pg_catalog.*) 1;
SELECT count(*) FROM ledger_claim_events('h', 5);
SELECT count(*) FROM ledger_upgrade('h');
SELECT ledger_erase('h', 4::bigint, 'delete'), ledger_consent('h', 3::bigint, 'mail'), ledger_to_stage('h', 'hubspot', 'lead');
SELECT ledger_untrack('h', 'o');
SELECT ledger_track('h', 'hostile.orders', kind_from => 'what', customer => 'who', occurred_at => 'at', track => 'o');
SET search_path = hostile, public;

-- levels: what each may, and no more
SELECT ledger_grant('h', 'regress_hostile_reader', 'read'), ledger_grant('h', 'regress_hostile_writer', 'write'), ledger_grant('h', 'regress_hostile_admin', 'admin');
SET ROLE regress_hostile_reader;
SELECT count(*) FROM h.customer_360;
SELECT string_agg(table_name, ', ' ORDER BY table_name COLLATE "C") FROM information_schema.table_constraints WHERE table_schema = 'h' AND constraint_type = 'PRIMARY KEY'
  AND table_name IN ('customer', 'touchpoint', 'stage_history', 'event_outbox', 'touchpoint_kind', 'setting');
SELECT string_agg(DISTINCT privilege_type, ', ') FROM information_schema.table_privileges WHERE table_schema = 'h' AND grantee = 'regress_hostile_reader';
SELECT DISTINCT privilege_type FROM information_schema.column_privileges WHERE table_schema = 'h' AND grantee = 'regress_hostile_reader' AND privilege_type <> 'SELECT';
INSERT INTO h.setting VALUES ('x', 'y');
CREATE TABLE pg_temp.blocks (c bigint REFERENCES h.customer (customer_id));
CREATE TRIGGER mine AFTER INSERT ON h.touchpoint EXECUTE FUNCTION trap.sprung();
SELECT ledger_grant('h', 'regress_hostile_reader', 'admin');
SELECT ledger_partition('h');
SELECT ledger_upgrade('h');
SET ROLE regress_hostile_writer;
SELECT ledger_touch('h', 5, 'purchase', '2024-02-01');
SELECT count(*) FROM h.event_outbox WHERE event_id IN (SELECT event_id FROM ledger_claim_events('h', 3));
DELETE FROM h.event_outbox;
UPDATE h.touchpoint SET amount = 1;
UPDATE h.tracked_source SET arguments = '{}';
SET ROLE regress_hostile_admin;
UPDATE h.setting SET value = '80 days' WHERE name = 'silence_after';
SELECT ledger_rebuild('h') > 0 AS rebuilt, ledger_tick('h', '2025-02-01') >= 0 AS ticked, ledger_erase('h', 5, 'delete') AS erased;
INSERT INTO h.grantee VALUES ('regress_hostile_thief', 'admin');
CREATE TRIGGER mine AFTER INSERT ON h.touchpoint EXECUTE FUNCTION trap.sprung();
DROP TABLE h.backfill;
SET ROLE regress_hostile_owner;
-- a level takes the place of another, and can be taken back
SELECT ledger_grant('h', 'regress_hostile_admin', 'read'), ledger_revoke('h', 'regress_hostile_writer');
SELECT role_name, level FROM h.grantee ORDER BY 1;
SET ROLE regress_hostile_admin;
DELETE FROM h.touchpoint;
SET ROLE regress_hostile_writer;
SELECT count(*) FROM h.touchpoint;
SET ROLE regress_hostile_owner;
SELECT ledger_grant('h', 'no_such_role', 'read');
SELECT ledger_revoke('h', 999999::oid::regrole);

-- row-level security: a tenant sees his customers, through each view; what is written is counted for all
SET ROLE regress_hostile_owner;
TRUNCATE h.touchpoint;
CREATE TABLE tenant_of (customer_id bigint PRIMARY KEY, tenant name);
INSERT INTO tenant_of VALUES (1, 'regress_hostile_reader'), (2, 'regress_hostile_reader'), (3, 'regress_hostile_admin');
GRANT SELECT ON tenant_of TO PUBLIC; GRANT USAGE ON SCHEMA hostile TO PUBLIC;
SELECT format('ALTER TABLE h.%I ENABLE ROW LEVEL SECURITY; CREATE POLICY tenant ON h.%1$I USING (EXISTS (SELECT FROM hostile.tenant_of o WHERE o.customer_id = %1$I.customer_id AND o.tenant = current_user))', r)
  FROM unnest('{customer,touchpoint,stage_history}'::text[]) r \gexec
GRANT INSERT ON orders TO regress_hostile_reader;
SET ROLE regress_hostile_reader;
INSERT INTO hostile.orders VALUES (10, 1, '2024-01-01', 'purchase'), (11, 2, '2024-01-01', 'purchase'), (12, 3, '2024-01-01', 'purchase'), (13, 1, '2024-02-01', 'purchase');
SELECT customer_id, stage_name, purchase_count FROM h.customer_360 ORDER BY 1;
SELECT sum(customer_count) FROM h.stage_funnel;
SELECT count(*) FROM h.touchpoint;
SET ROLE regress_hostile_admin;
SELECT customer_id, stage_name, purchase_count FROM h.customer_360 ORDER BY 1;
SELECT sum(customer_count) FROM h.stage_funnel;
SET ROLE regress_hostile_writer;
SELECT count(*) FROM h.customer_360;
SET ROLE regress_hostile_owner;
SELECT customer_id, stage_name, purchase_count FROM h.customer_360 ORDER BY 1;
SELECT count(*) FROM ledger_check('h');
SELECT ledger_drop('h', 'h');
RESET ROLE;
DROP SCHEMA hostile, trap CASCADE;
DROP OWNED BY regress_hostile_owner, regress_hostile_thief;
DROP ROLE regress_hostile_owner, regress_hostile_writer, regress_hostile_reader, regress_hostile_admin, regress_hostile_thief;
