-- The first views of a ledger: empty, and with the numbers of a small business.
SET client_min_messages = error;
SET timezone = 'UTC';
SELECT ledger_create('bi');
SELECT customer_id, stage, purchase_amount, rfm_segment, health_band FROM bi.customer_360;
SELECT * FROM bi.stage_funnel;
SELECT * FROM bi.nps_by_month;
INSERT INTO bi.touchpoint (customer_id, kind, occurred_at, amount, score, channel) VALUES
  (1, 'page_view', '2024-01-01', NULL, NULL, 'organic'), (1, 'purchase', '2024-01-05', 30, NULL, NULL), (1, 'purchase', '2024-01-15', 50, NULL, NULL),
  (2, 'signup', '2024-01-02', NULL, NULL, 'email'), (3, 'page_view', '2024-01-03', NULL, NULL, NULL), (4, 'purchase', '2024-01-03', 10, NULL, NULL);
-- SEMANTICS: 50 promoters, 30 passives, 20 detractors give 30, (14.0511301788, 44.2012969970)
INSERT INTO bi.touchpoint (customer_id, kind, occurred_at, score)
  SELECT 1, 'nps', '2024-02-01'::timestamptz + i * interval '1 minute', CASE WHEN i < 50 THEN 9 WHEN i < 80 THEN 7 ELSE 6 END FROM generate_series(0, 99) i;
SELECT ledger_tick('bi', '2024-04-05');
SELECT customer_id, stage_name, stage_order, stage_since, is_customer, max_stage_name, purchase_count, purchase_amount, average_order_amount, mean_gap_days, last_nps_score, acquisition_channel FROM bi.customer_360 ORDER BY 1;
SELECT * FROM bi.stage_funnel;
SELECT period_start, period_end, is_complete, response_count, promoter_count, passive_count, detractor_count, nps, round(nps_lower::numeric, 10) AS lower, round(nps_upper::numeric, 10) AS upper FROM bi.nps_by_month;
-- the contract: every view and column has a comment of at most 200 characters, and a type that BI tools read
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE c.relnamespace = 'bi'::regnamespace AND c.relkind = 'v'
   AND (coalesce(length(col_description(c.oid, a.attnum)), 0) NOT BETWEEN 1 AND 200
        OR coalesce(length(obj_description(c.oid, 'pg_class')), 0) NOT BETWEEN 1 AND 200
        OR format_type(a.atttypid, a.atttypmod) NOT IN ('bigint', 'integer', 'double precision', 'numeric(18,4)', 'text', 'date', 'timestamp with time zone', 'boolean', 'lifecycle_stage')
        OR NOT c.reloptions @> '{security_invoker=true}');
SELECT ledger_drop('bi', confirm => 'bi');
