-- A log that is partitioned by time: the same as one that is not, but for where its rows are.
SET client_min_messages = error;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_parted; SET search_path = ledger_parted, public;
SELECT ledger_create('parted', partition_by => '1 month');
SELECT ledger_create('whole');
SELECT ledger_create('parted', partition_by => '1 month') AS again, ledger_create('parted') AS and_again;
-- refused
SELECT ledger_create('whole', partition_by => '1 month');
SELECT ledger_create('other', partition_by => '0');
SELECT ledger_create('other', partition_by => '-1 month');
SELECT ledger_create('other', partition_by => '90 minutes');
SELECT ledger_create('other', partition_by => '1 month 1 day');
SELECT ledger_partition('whole');
SELECT ledger_partition('nowhere');
SELECT ledger_partition('parted', 'infinity');
UPDATE parted.setting SET value = '36 hours' WHERE name = 'partition_by';
UPDATE parted.setting SET value = 'soon' WHERE name = 'partition_by';
UPDATE parted.setting SET value = 'many' WHERE name = 'partitions_ahead';
-- where an instant is
SELECT p, ledger_period_start(i, p), ledger_period_end(ledger_period_start(i, p), p)
  FROM unnest('{1 month,3 months,1 year,7 days,1 day,14 days}'::interval[]) p, unnest('{2024-02-29 23:59:59.999999+00,1999-12-31 12:00+00}'::timestamptz[]) i ORDER BY i, p;
-- partitions are there for this month and the next three
SELECT count(*), min(from_at) <= now() AND min(from_at) > now() - interval '31 days' AS begins, max(to_at) > now() + interval '3 months' AS ends
  FROM ledger_partitions('parted') WHERE from_at IS NOT NULL;
SELECT ledger_partition('parted');
SELECT (SELECT count(*) FROM ledger_partition('parted', now() + interval '12 months')) BETWEEN 8 AND 10 AS made;

-- both are fed from the same tables
CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric, status text DEFAULT 'paid');
SELECT ledger_track(l, 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total', only_when => $$status = 'paid'$$, track => 'orders')
  FROM unnest('{parted,whole}'::text[]) l;
CREATE FUNCTION differences(relation text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE columns text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = ('whole.' || relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN ('touchpoint_id', 'rejected_id', 'event_id', 'recorded_at', 'rejected_at', 'fold_state', 'ticket_state'));
BEGIN
  RETURN QUERY EXECUTE format('SELECT ''whole '' || d::text FROM (SELECT %1$s FROM whole.%2$I EXCEPT ALL SELECT %1$s FROM parted.%2$I) d UNION ALL '
                              'SELECT ''parted '' || d::text FROM (SELECT %1$s FROM parted.%2$I EXCEPT ALL SELECT %1$s FROM whole.%2$I) d', columns, relation);
END $$;
CREATE VIEW all_differences AS
  SELECT r, count(*), min(d) AS first FROM unnest('{touchpoint,touchpoint_rejected,customer,stage_history,event_outbox}'::text[]) r, differences(r) d GROUP BY r;
CREATE VIEW wrong_keys AS
  SELECT k.source, k.source_key, t.touchpoint_id AS of, k.touchpoint_id AS has FROM parted.touchpoint_key k
    FULL JOIN (SELECT * FROM parted.touchpoint WHERE source_key IS NOT NULL) t USING (source, source_key)
   WHERE (t.touchpoint_id, t.occurred_at) IS DISTINCT FROM (k.touchpoint_id, k.occurred_at);
INSERT INTO orders SELECT i, i % 11, timestamptz '2024-01-01' + i * interval '1 day', i, CASE WHEN i % 9 = 0 THEN 'draft' ELSE 'paid' END FROM generate_series(1, 400) i;
TABLE all_differences; TABLE wrong_keys;
SELECT count(*) > 300 AS in_default FROM parted.touchpoint_default;
-- what is there has moved when its partition is made, and nobody has noticed
SELECT count(*) AS made FROM ledger_partition('parted');
SELECT count(*) FROM parted.touchpoint_default;
TABLE all_differences; TABLE wrong_keys;
-- corrections: of amounts, of dates into another partition, of customers, of keys; drafts that are paid, and the reverse
UPDATE orders SET total = total + 1 WHERE id % 5 = 0;
UPDATE orders SET at = at + interval '70 days' WHERE id % 7 = 0;
UPDATE orders SET who = who + 1 WHERE id % 13 = 0;
UPDATE orders SET id = id + 1000 WHERE id % 17 = 0;
UPDATE orders SET status = CASE status WHEN 'paid' THEN 'draft' ELSE 'paid' END WHERE id % 3 = 0;
UPDATE orders SET total = total;
DELETE FROM orders WHERE id % 19 = 0;
INSERT INTO orders VALUES (1, 3, '2024-01-01', 99), (5000, 4, '2024-01-01', 1) ON CONFLICT (id) DO UPDATE SET total = excluded.total, at = '2023-06-01';
MERGE INTO orders o USING (VALUES (2, 5), (6000, 6)) AS n (id, who) ON n.id = o.id
  WHEN MATCHED THEN UPDATE SET who = n.who WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.who, '2022-05-05', 7);
UPDATE orders SET who = NULL WHERE id IN (4, 8);
UPDATE orders SET at = 'infinity' WHERE id = 10;
TABLE all_differences; TABLE wrong_keys;
SELECT count(*) > 200 AS many FROM parted.touchpoint;
-- from code: the same key again changes nothing, wherever it is
SELECT ledger_touch(l, 50, 'signup', '2024-03-03', source => 'app', source_key => 'a') FROM unnest('{parted,whole}'::text[]) l;
SELECT ledger_touch(l, 50, 'purchase', '2021-03-03', source => 'app', source_key => 'a') FROM unnest('{parted,whole}'::text[]) l;
SELECT ledger_touch(l, 50, 'unheard of', '2024-03-03', source => 'app', source_key => 'b') FROM unnest('{parted,whole}'::text[]) l;
SELECT ledger_touch(l, 50, 'purchase', '2024-03-04', source => 'app', source_key => 'b') FROM unnest('{parted,whole}'::text[]) l;
INSERT INTO parted.touchpoint (customer_id, kind, occurred_at, source, source_key) VALUES (51, 'purchase', '2020-01-01', 'app', 'c'), (51, 'purchase', '2021-01-01', 'app', 'c'), (50, 'login', '2021-01-01', 'app', 'a'), (52, 'login', '2021-01-01', 'app', 'd');
INSERT INTO whole.touchpoint (customer_id, kind, occurred_at, source, source_key) VALUES (51, 'purchase', '2020-01-01', 'app', 'c'), (51, 'purchase', '2021-01-01', 'app', 'c'), (50, 'login', '2021-01-01', 'app', 'a'), (52, 'login', '2021-01-01', 'app', 'd') ON CONFLICT DO NOTHING;
TABLE all_differences; TABLE wrong_keys;
-- corrections in the log itself; a key that another has is refused
UPDATE parted.touchpoint SET source_key = 'e' WHERE source_key = 'd';
UPDATE parted.touchpoint SET source_key = 'c' WHERE source_key = 'e';
UPDATE whole.touchpoint SET source_key = 'e' WHERE source_key = 'd';
UPDATE parted.touchpoint SET kind = 'unheard of' WHERE source_key = 'e';
UPDATE whole.touchpoint SET kind = 'unheard of' WHERE source_key = 'e';
UPDATE parted.touchpoint SET source_key = CASE source_key WHEN 'a' THEN 'b' ELSE 'a' END WHERE source_key IN ('a', 'b');
TABLE wrong_keys;
UPDATE parted.touchpoint SET source_key = CASE source_key WHEN 'a' THEN 'b' ELSE 'a' END WHERE source_key IN ('a', 'b');
TABLE all_differences; TABLE wrong_keys;
-- rows that were there before
CREATE TABLE old (LIKE orders INCLUDING ALL);
INSERT INTO old SELECT i, i % 11, timestamptz '2019-01-01' + i * interval '1 day', i, 'paid' FROM generate_series(1, 400) i;
SELECT ledger_track(l, 'old', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total', track => 'old') FROM unnest('{parted,whole}'::text[]) l;
UPDATE old SET total = total + 1 WHERE id % 3 = 0;
CALL ledger_backfill('parted', 'old', batch => 100);
CALL ledger_backfill('whole', 'old', batch => 100);
DELETE FROM parted.backfill;
CALL ledger_backfill('parted', 'old', batch => 100);
SELECT row_count, touchpoint_count FROM parted.backfill;
SELECT count(*) AS made FROM ledger_partition('parted');
TABLE all_differences; TABLE wrong_keys;
-- time, and what comes ahead of it
UPDATE parted.setting SET value = '30' WHERE name = 'partitions_ahead';
SELECT ledger_tick(l, '2025-06-01') > 0 FROM unnest('{parted,whole}'::text[]) l;
SELECT max(to_at) > now() + interval '30 months' AS ahead FROM ledger_partitions('parted');
-- another length from now on: what is free is taken
UPDATE parted.setting SET value = '1 year' WHERE name = 'partition_by';
INSERT INTO parted.touchpoint (customer_id, kind, occurred_at, source) VALUES (70, 'purchase', '2018-01-31', 'hand'), (70, 'purchase', '2018-12-31', 'hand');
INSERT INTO whole.touchpoint (customer_id, kind, occurred_at, source) VALUES (70, 'purchase', '2018-01-31', 'hand'), (70, 'purchase', '2018-12-31', 'hand');
SELECT ledger_partition('parted', now());
SELECT * FROM ledger_partitions('parted') WHERE from_at < '2019-02-02';
TABLE all_differences;
SELECT * FROM ledger_check('parted');
-- people who are forgotten
SELECT ledger_erase('parted', 5) = ledger_erase('whole', 5) AS anonymised, ledger_erase('parted', 6, 'delete') = ledger_erase('whole', 6, 'delete') AS deleted;
TABLE all_differences; TABLE wrong_keys;
-- what is detached is forgotten, and doesn't come back
SELECT ledger_detach('parted', '2021-01-01');
SELECT ledger_detach('parted', '2021-01-01');
SELECT * FROM ledger_check('parted');
SELECT count(*) > 300 AS kept_aside FROM (TABLE parted.touchpoint_20190101 UNION ALL TABLE parted.touchpoint_20190201 UNION ALL TABLE parted.touchpoint_20190301 UNION ALL TABLE parted.touchpoint_20190401
  UNION ALL TABLE parted.touchpoint_20190501 UNION ALL TABLE parted.touchpoint_20190601 UNION ALL TABLE parted.touchpoint_20190701 UNION ALL TABLE parted.touchpoint_20190801
  UNION ALL TABLE parted.touchpoint_20190901 UNION ALL TABLE parted.touchpoint_20191001 UNION ALL TABLE parted.touchpoint_20191101 UNION ALL TABLE parted.touchpoint_20191201) t;
DELETE FROM whole.touchpoint WHERE occurred_at < '2021-01-01';
TABLE all_differences;
DELETE FROM parted.backfill;
CALL ledger_backfill('parted', 'old');
UPDATE old SET total = total + 1 WHERE id > 1;
SELECT count(*) FROM parted.touchpoint WHERE source = 'old' AND customer_id NOT IN (5, 6);  -- those two are forgotten here, not in the table
-- nothing has ever happened
TRUNCATE parted.touchpoint;
SELECT (SELECT count(*) FROM parted.touchpoint_key) AS keys, (SELECT count(*) FROM parted.customer) AS customers;
SELECT ledger_drop(l, l) FROM unnest('{parted,whole}'::text[]) l;
DROP SCHEMA ledger_parted CASCADE;
