-- What every view of a ledger promises to a BI tool, by catalogue queries alone; and what a reader
-- may and may not do.  Keys of three types, and a name that needs quoting.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT plan(47);
SELECT ledger_create('by_number'), ledger_create('Kunden "der" Woche', customer_key => 'uuid'), ledger_create('by_text', customer_key => 'text'), ledger_create('in_parts', customer_key => 'uuid', partition_by => interval '1 month');
CREATE TEMP TABLE ledger (name text, key_type text);
INSERT INTO ledger VALUES ('by_number', 'bigint'), ('Kunden "der" Woche', 'uuid'), ('by_text', 'text'), ('in_parts', 'uuid');

CREATE TEMP VIEW shown AS
  SELECT l.name AS ledger, l.key_type, c.oid, c.relname, c.reloptions, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
         col_description(c.oid, a.attnum) AS meaning
    FROM ledger l
    JOIN pg_namespace n ON n.nspname = l.name
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'v'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped;

SELECT is((SELECT count(DISTINCT relname) FROM shown WHERE relname = ANY (ledger_view_names())), cardinality(ledger_view_names())::bigint,
  'each view has its name');
SELECT cmp_ok((SELECT count(*) FROM shown WHERE ledger = 'by_number'), '>', 300::bigint, 'there are columns to look at');

-- the contract
SELECT is_empty($$ SELECT ledger, relname, attname, type FROM shown
   WHERE type NOT IN ('bigint', 'integer', 'double precision', 'numeric(18,4)', 'text', 'date', 'timestamp with time zone', 'boolean', 'lifecycle_stage')
     AND NOT (attname = 'customer_id' AND type = key_type) $$, 'only types that every tool reads, and the key''s own');
SELECT is_empty($$ SELECT ledger, relname, attname FROM shown s WHERE type = 'lifecycle_stage'
     AND (SELECT count(*) FROM shown t WHERE t.oid = s.oid AND (t.attname, t.type) IN ((s.attname || '_name', 'text'), (s.attname || '_order', 'integer'))) <> 2 $$,
  'each stage comes with its name and its order');
SELECT is_empty($$ SELECT ledger, relname, attname, meaning FROM shown WHERE coalesce(length(meaning), 0) NOT BETWEEN 3 AND 200 $$,
  'each column has a comment of at most 200 characters');
SELECT is_empty($$ SELECT DISTINCT ledger, relname FROM shown WHERE coalesce(length(obj_description(oid, 'pg_class')), 0) NOT BETWEEN 10 AND 200 $$,
  'each view has a comment of at most 200 characters');
SELECT is_empty($$ SELECT l.name, c.relname, a.attname, col_description(c.oid, a.attnum) AS meaning
    FROM ledger l JOIN pg_namespace n ON n.nspname = l.name
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE coalesce(length(col_description(c.oid, a.attnum)), 0) NOT BETWEEN 3 AND 200 $$,
  'each column of a table has a comment of at most 200 characters');
SELECT is_empty($$ SELECT DISTINCT ledger, relname FROM shown WHERE NOT coalesce('security_invoker=true' = ANY (reloptions), false) $$,
  'each view reads with the rights of whoever reads');
SELECT is_empty($$ SELECT relname, attname FROM shown WHERE quote_ident(attname) <> attname OR quote_ident(relname) <> relname $$,
  'no name needs quotes: no reserved word, no capital');
SELECT is_empty($$ SELECT relname, attname FROM shown
   WHERE attname IN ('attributes', 'type', 'hash', 'class', 'errors', 'attribute', 'attribute_names', 'changed', 'changes', 'column', 'connection', 'delete', 'destroy',
     'display', 'dup', 'frozen', 'id_changed', 'inspect', 'metadata', 'model', 'new_record', 'object_id', 'objects', 'pk', 'query', 'raise', 'readonly', 'record', 'registry',
     'reload', 'save', 'send', 'test', 'toggle', 'touch', 'transaction', 'update', 'valid', 'validate') $$,
  'no name that an ORM keeps for itself');
SELECT is_empty($$ SELECT relname, attname, type FROM shown WHERE
     (attname ~ '_at$' AND type <> 'timestamp with time zone' OR attname ~ '_count$' AND type <> 'bigint' OR attname ~ '_amount$' AND type <> 'numeric(18,4)'
      OR attname ~ '_(rate|days|hours|minutes)$' AND type <> 'double precision' AND attname !~ '^expected'
      OR attname ~ '^is_' AND type <> 'boolean' OR attname ~ '^period_(start|end)$' AND type <> 'date' OR attname ~ '_order$' AND type <> 'integer') $$,
  'what a column is called says what it is');
SELECT is_empty($$ SELECT meaning FROM shown WHERE meaning ~ '@\w+@' OR meaning ~ '%' AND meaning !~ '\d+ %' $$, 'no comment has a word left to fill in');
SELECT is_empty($$ SELECT relname, attname, count(*) FROM shown GROUP BY 1, 2 HAVING count(DISTINCT (attnum, meaning)) > 1 $$,
  'the views of all ledgers are the same');
SELECT throws_ok($$ SELECT ledger_create('pg_views') $$, '42939', NULL, 'no ledger hides behind a name of the system''s');

-- what release 0.1.0 showed is still there, in its order
SELECT is_empty($$
  SELECT v.relname, o.attname, o.attnum FROM (VALUES
    ('customer_360', '{customer_id,stage,stage_name,stage_order,stage_since,stage_days,is_customer,max_stage,max_stage_name,episode,first_touch_at,last_touch_at,last_alive_at,
       first_paid_at,tenure_days,touchpoint_count,purchase_count,purchase_amount,average_order_amount,first_purchase_at,last_purchase_at,mean_gap_days,mrr_amount,last_nps_score,
       last_csat_score,last_ces_score,acquisition_channel,acquisition_campaign}'),
    ('stage_funnel', '{stage,stage_name,stage_order,customer_count,reached_count,reached_rate,step_rate}'),
    ('nps_by_month', '{period_start,period_end,is_complete,response_count,promoter_count,passive_count,detractor_count,nps,nps_lower,nps_upper}'),
    ('ledger_sources', '{track,source_table,arguments,tracked_at,is_enabled,backfill_page_count,backfill_next_page,backfill_touchpoint_count}')) v (relname, columns)
   CROSS JOIN LATERAL unnest(v.columns::text[]) WITH ORDINALITY o (attname, attnum)
   WHERE NOT EXISTS (SELECT FROM shown s WHERE s.ledger = 'by_number' AND s.relname = v.relname AND s.attname = o.attname AND s.attnum = o.attnum) $$,
  'columns of release 0.1.0 are where they were');

-- making them again changes nothing, and mends what somebody broke
CREATE TEMP TABLE before AS SELECT oid, attnum, attname::text, type, meaning FROM shown;
COMMENT ON COLUMN by_number.stage_funnel.step_rate IS NULL;
DROP VIEW by_number.rfm_segments;
SELECT ledger_make_views('by_number');
SELECT is_empty($$ SELECT attnum, attname, type, meaning FROM before EXCEPT SELECT attnum, attname::text, type, meaning FROM shown $$, 'made anew, they are as before');
SELECT throws_ok($$ SELECT ledger_make_views('nobody''s') $$, '42704', 'ledger "nobody''s" does not exist', 'no views without a ledger');
SELECT throws_ok($$ SELECT ledger_make_view('by_number', 'half', E'SELECT 1 AS a, --: only this\n2 AS b') $$, 'P0001', 'view "half" has 2 columns and 0 meanings',
  'a column without a meaning is refused');

-- an empty ledger answers
CREATE FUNCTION pg_temp.count_all(ledger text) RETURNS TABLE (view text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOREACH view IN ARRAY ledger_view_names() LOOP
    -- ::text, or the columns would not be computed
    EXECUTE format('SELECT count(v::text) FROM %I.%I v', ledger, view) INTO n;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT results_eq($$ SELECT view, n FROM pg_temp.count_all('by_number') WHERE view IN ('customer_360', 'stage_funnel', 'nps_by_month', 'support_sla', 'rfm_segments',
    'health_overview', 'health_by_pillar', 'ledger_health', 'tickets') ORDER BY view COLLATE "C" $$,
  $$ VALUES ('customer_360', 0::bigint), ('health_by_pillar', 5), ('health_overview', 4), ('ledger_health', 1), ('nps_by_month', 0), ('rfm_segments', 11), ('stage_funnel', 8),
            ('support_sla', 0), ('tickets', 0) $$, 'an empty ledger answers: those with fixed rows have them, the others none');
SELECT is((SELECT count(*) FROM pg_temp.count_all('Kunden "der" Woche')), cardinality(ledger_view_names())::bigint, 'so does one with a key of uuid');
SELECT is((SELECT count(*) FROM pg_temp.count_all('by_text')), cardinality(ledger_view_names())::bigint, 'so does one with a key of text');
SELECT is((SELECT count(*) FROM pg_temp.count_all('in_parts')), cardinality(ledger_view_names())::bigint, 'so does one in partitions');
SELECT is_empty($$ SELECT * FROM by_number.stage_funnel WHERE customer_count <> 0 OR reached_count <> 0 OR reached_rate IS NOT NULL OR step_rate IS NOT NULL $$,
  'nothing of nothing is no rate');

-- a customer each
INSERT INTO by_number.touchpoint (customer_id, kind, occurred_at, amount) VALUES (7, 'purchase', now() - interval '3 days', 12), (7, 'purchase', now() - interval '1 day', 8);
INSERT INTO "Kunden ""der"" Woche".touchpoint (customer_id, kind, occurred_at, amount) VALUES ('6f6c1f5e-7d7e-4c1a-9b9f-0123456789ab', 'purchase', now() - interval '1 day', 12);
INSERT INTO by_text.touchpoint (customer_id, kind, occurred_at, amount) VALUES ('it''s me', 'purchase', now() - interval '1 day', 12);
SELECT is((SELECT purchase_amount FROM by_number.customer_360 WHERE customer_id = 7), 20.0000, 'bigint');
SELECT is((SELECT purchase_amount FROM "Kunden ""der"" Woche".customer_360 WHERE customer_id = '6f6c1f5e-7d7e-4c1a-9b9f-0123456789ab'), 12.0000, 'uuid');
SELECT is((SELECT activity_occurrence FROM by_text.activity_stream WHERE customer = 'it''s me'), 1::bigint, 'text');

-- what a reader may, and what not
CREATE ROLE views_reader;
SELECT ledger_grant(l, 'views_reader', 'read') FROM unnest('{by_number,in_parts}'::text[]) l;
INSERT INTO in_parts.touchpoint (customer_id, kind, occurred_at, amount, score) SELECT ('00000000-0000-0000-0000-' || lpad((n % 9)::text, 12, '0'))::uuid, (ARRAY['purchase', 'nps', 'ticket_opened', 'page_view', 'email_sent', 'referral_sent', 'resource_use', 'experiment_exposure'])[1 + n % 8], timestamptz '2024-01-01' + n * interval '13 hours', CASE WHEN n % 8 = 0 THEN n END, CASE WHEN n % 8 = 1 THEN n % 11 END FROM generate_series(1, 400) n;
SELECT ledger_tick('in_parts', now());
SET LOCAL ROLE views_reader;
SELECT results_eq($$ SELECT count(*), count(*) FILTER (WHERE n > 0) > 30 FROM pg_temp.count_all('in_parts') $$, $$ SELECT cardinality(ledger_view_names())::bigint, true $$, 'a reader reads every view of a ledger in partitions, and most have rows');
CREATE TEMP TABLE seen AS
  SELECT (SELECT count(*) FROM pg_temp.count_all('by_number')) AS views,
         (SELECT count(*) FROM information_schema.columns WHERE table_schema = 'by_number' AND table_name = 'customer_360') AS columns,
         (SELECT string_agg(k.column_name, ',') FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
           WHERE c.table_schema = 'by_number' AND c.table_name = 'customer' AND c.constraint_type = 'PRIMARY KEY') AS key;
SELECT is(views, cardinality(ledger_view_names())::bigint, 'a reader reads every view') FROM seen;
SELECT cmp_ok(columns, '>', 80::bigint, 'sees the columns') FROM seen;
SELECT is(key, 'customer_id', 'and the key of customers') FROM seen;
SELECT is_empty($$ SELECT c.relname, p.privilege FROM pg_class c CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p (privilege)
   WHERE c.relnamespace = 'by_number'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege(c.oid, p.privilege) $$,
  'a reader may not write into any table or view');
SELECT is_empty($$ SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
   WHERE c.relnamespace = 'by_number'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND (has_column_privilege(c.oid, a.attnum, 'UPDATE') OR has_column_privilege(c.oid, a.attnum, 'INSERT')) $$,
  'nor into any column');
SELECT throws_ok($$ UPDATE by_number.stage_spans SET seq = 9 $$, '42501', NULL, 'nor through a view');
SELECT throws_ok($$ SELECT ledger_refresh_rfm('by_number') $$, '42501', NULL, 'nor by a function');
SELECT throws_ok($$ SELECT ledger_tick('by_number') $$, '42501', NULL, 'nor by letting time pass');
SELECT throws_ok($$ SELECT ledger_make_views('by_number') $$, '42501', NULL, 'nor make views');
SELECT throws_ok($$ SELECT count(*) FROM by_text.customer_360 $$, '42501', NULL, 'nor read another ledger');
RESET ROLE;

-- shapes of plans: one customer by key never reads all
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  lines text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    lines := lines || line || E'\n';
  END LOOP;
  RETURN lines;
END $$;
SELECT matches(pg_temp.plan_of('SELECT * FROM by_number.customer_360 WHERE customer_id = 7'), 'Index Scan using customer_pkey on customer c\s+Index Cond: \(customer_id = 7\)', 'customer_360 by key: the key''s index');
SELECT is_empty(format($$ SELECT v.view, p.plan FROM unnest(%L::text[]) v (view), LATERAL (SELECT pg_temp.plan_of(format('SELECT * FROM by_number.%%I WHERE customer_id = 7', v.view))) p (plan)
   WHERE p.plan ~ 'Seq Scan on|Index (Only )?Scan using \w+ on (customer|customer_health|stage_history|touchpoint) \w+\n(?! *Index Cond)' $$,
  '{customer_360,stage_spans,stage_dates,tickets,churn_risk,activity_stream}'), 'nor does any view of customers read all for one');
SELECT unalike(pg_temp.plan_of('SELECT customer_id, stage, mrr_amount FROM by_number.customer_360'), '%customer_health%', 'health is not read where nobody asks for it');
SELECT unalike(pg_temp.plan_of('SELECT * FROM by_number.customer_360'), '%on touchpoint%', 'all customers: without the log');
SELECT alike(pg_temp.plan_of('SELECT period_start, nps FROM by_number.kpi_monthly'), '%on kpi_fact%Function Scan on ledger_kpi_live%', 'kpi_monthly: closed months from what is kept, and what goes on from one function');
SELECT unalike(pg_temp.plan_of('SELECT * FROM by_number.kpi_monthly'), '%on touchpoint %', '... not from the log');
SELECT is_empty($$ SELECT v FROM unnest('{kpi,kpi_by_segment,revenue_movements,kpi_progress,stage_transitions,stage_spans,stage_dates,health_overview,health_by_pillar,rfm_segments,customer_segment,kpi_definition}'::text[]) v WHERE pg_temp.plan_of(format('SELECT * FROM by_number.%I', v)) ~ 'on touchpoint ' $$, 'nor do other views of what is kept of customers read it');
SELECT unalike(pg_temp.plan_of('SELECT * FROM by_number.customer_360'), '%WindowAgg%', 'all customers: without comparing them');
SELECT unalike(pg_temp.plan_of('SELECT * FROM by_number.stage_funnel'), '%on touchpoint%', 'stage_funnel: without the log');
SELECT unalike(pg_temp.plan_of('SELECT * FROM by_number.bottlenecks'), '%on touchpoint %', 'bottlenecks: without the log');
SELECT * FROM finish();
ROLLBACK;
