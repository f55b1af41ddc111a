-- Each worked number of the semantics that a ledger can hold, as touchpoints, and what the views of
-- KPIs make of them.  Every fixture is a month of its own, in a ledger of its own where stages matter.
SET client_min_messages = error;
SET timezone = 'UTC';
BEGIN;
SELECT plan(78);

CREATE FUNCTION pg_temp.kpi(ledger text, month date, name text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  result double precision;
BEGIN
  EXECUTE format('SELECT value FROM %I.kpi WHERE kpi = $1 AND period_grain = ''month'' AND period_start = $2', ledger) INTO STRICT result USING name, month;
  RETURN round(result::numeric, 10);
END $$;
-- all KPIs of one month, looked up once
CREATE FUNCTION pg_temp.check(ledger text, month date, expected jsonb, OUT ok text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  found jsonb;
  name text;
BEGIN
  EXECUTE format('SELECT jsonb_object_agg(kpi, round(value::numeric, 10)) FROM %I.kpi WHERE period_grain = ''month'' AND period_start = $1', ledger) INTO found USING month;
  FOR name IN SELECT jsonb_object_keys(expected) LOOP
    ok := is(trim_scale((found ->> name)::numeric), trim_scale(round((expected ->> name)::numeric, 10)), ledger || ': ' || name);
    RETURN NEXT;
  END LOOP;
END $$;

-- 1. customers: 500 at the start, 80 new, 5 back, 55 lost
SELECT ledger_create('churn');
INSERT INTO churn.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'subscription_started', '2024-01-10', 's', 100 FROM generate_series(1, 505) i;
INSERT INTO churn.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'subscription_ended', '2024-02-10', 's' FROM generate_series(501, 505) i;
INSERT INTO churn.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'subscription_ended', '2024-03-01', 's' FROM generate_series(1, 55) i;
INSERT INTO churn.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'subscription_started', '2024-03-31 23:59:59', 's', 100 FROM generate_series(501, 585) i;
-- ten had a payment fail within 30 days before, five earlier; five were ended by the house
INSERT INTO churn.touchpoint (customer_id, kind, occurred_at) SELECT i, 'payment_failed', CASE WHEN i <= 10 THEN timestamptz '2024-02-20' ELSE '2024-01-15' END FROM generate_series(1, 15) i;
UPDATE churn.touchpoint SET properties = '{"voluntary": false}' WHERE kind = 'subscription_ended' AND customer_id BETWEEN 16 AND 20;
SELECT pg_temp.check('churn', '2024-03-01', '{"involuntary_churn_share": 0.2727272727, "churn_rate": 0.11, "churn_rate_start_plus_new": 0.0948275862, "churn_rate_average": 0.1067961165, "retention_rate": 0.90, "customers": 530,
  "new_customers": 80, "customers_returned": 5, "customers_lost": 55, "churn_rate_cohort": 0.11, "retention_rate_cohort": 0.89}');
SELECT results_eq($$SELECT round(lower::numeric, 10), round(upper::numeric, 10) FROM churn.kpi WHERE kpi = 'churn_rate' AND period_start = '2024-03-01'$$,
  $$SELECT round(i.lower::numeric, 10), round(i.upper::numeric, 10) FROM csat_interval('{"scale": [0, 1], "counts": [445, 55]}', 0.95, 1) i$$, 'churn has its Wilson interval');
SELECT is(value, NULL, 'who is there does not churn before the month is over') FROM churn.kpi WHERE kpi = 'churn_rate' AND NOT is_complete;

-- 2. recurring revenue
SELECT ledger_create('revenue');
INSERT INTO revenue.touchpoint (customer_id, kind, occurred_at, subject, amount) VALUES
  (1, 'subscription_started', '2024-01-10', 'a', 9000), (2, 'subscription_started', '2024-01-10', 'a', 300), (3, 'subscription_started', '2024-01-10', 'a', 700), (6, 'subscription_started', '2024-01-10', 'a', 200),
  (6, 'subscription_ended', '2024-02-10', 'a', NULL),
  (4, 'subscription_started', '2024-03-05', 'a', 2000), (1, 'subscription_changed', '2024-03-06', 'a', 9800), (2, 'subscription_changed', '2024-03-07', 'a', NULL), (3, 'subscription_ended', '2024-03-08', 'a', NULL), (6, 'subscription_started', '2024-03-09', 'b', 200),
  (2, 'subscription_started', '2024-01-11', 'b', 300), (2, 'subscription_ended', '2024-03-20', 'b', NULL);
UPDATE revenue.touchpoint SET amount = 8700 WHERE customer_id = 1 AND kind = 'subscription_started';
UPDATE revenue.touchpoint SET amount = 9500 WHERE customer_id = 1 AND kind = 'subscription_changed';
SELECT pg_temp.check('revenue', '2024-03-01', '{"mrr": 12000, "mrr_new": 2000, "mrr_expansion": 800, "mrr_contraction": 300, "mrr_churn": 700, "mrr_reactivation": 200,
  "gross_revenue_churn": 0.10, "net_revenue_churn": 0.02, "net_revenue_churn_with_reactivation": 0, "nrr": 0.98, "grr": 0.90, "quick_ratio": 2.8, "quick_ratio_with_reactivation": 3}');
SELECT results_eq($$SELECT start_amount, new_amount, expansion_amount, contraction_amount, churn_amount, reactivation_amount, end_amount, end_count FROM revenue.revenue_movements WHERE period_start = '2024-03-01'$$,
  $$VALUES (10000::numeric(18,4), 2000::numeric(18,4), 800::numeric(18,4), 300::numeric(18,4), 700::numeric(18,4), 200::numeric(18,4), 12000::numeric(18,4), 4::bigint)$$, 'revenue moves as it does in the semantics');
SELECT is_empty($$SELECT FROM revenue.revenue_movements WHERE end_amount <> start_amount + new_amount + expansion_amount + reactivation_amount - contraction_amount - churn_amount$$, 'and the identity holds in each month');
SELECT is(quick_ratio, NULL, 'without losses there is no quick ratio') FROM revenue.revenue_movements WHERE period_start = '2024-01-01';
SELECT is((SELECT end_amount FROM revenue.revenue_movements ORDER BY period_start DESC LIMIT 1), (SELECT sum(mrr_amount)::numeric(18,4) FROM revenue.customer), 'what is paid now is what the customers say');

-- 3 and 4. voice and service
SELECT ledger_create('voice');
INSERT INTO voice.touchpoint (customer_id, kind, occurred_at, score)
  SELECT i, 'nps', '2024-03-02'::timestamptz, CASE WHEN i <= 50 THEN 9 + i % 2 WHEN i <= 80 THEN 7 + i % 2 ELSE i % 7 END FROM generate_series(1, 100) i
  UNION ALL SELECT i, 'csat', '2024-03-02', CASE WHEN i <= 3 THEN 1 WHEN i <= 8 THEN 2 WHEN i <= 20 THEN 3 WHEN i <= 60 THEN 4 ELSE 5 END FROM generate_series(1, 120) i
  UNION ALL SELECT i, 'ces', '2024-03-02', (ARRAY[7, 6, 5, 4, 2])[i] FROM generate_series(1, 5) i;
-- 200 tickets resolved: 150 with one reply, of which 10 reopened and 6 opened again on the topic; 50 with two
INSERT INTO voice.touchpoint (customer_id, kind, occurred_at, subject, properties)
  SELECT i, 'ticket_opened', '2024-04-02'::timestamptz, 'ticket ' || i, '{"topic": "delivery"}'::jsonb FROM generate_series(1, 200) i
  UNION ALL SELECT i, 'ticket_replied', '2024-04-03', 'ticket ' || i, NULL FROM generate_series(1, 200) i
  UNION ALL SELECT i, 'ticket_replied', '2024-04-04', 'ticket ' || i, NULL FROM generate_series(151, 200) i
  UNION ALL SELECT i, 'ticket_resolved', '2024-04-05', 'ticket ' || i, NULL FROM generate_series(1, 200) i
  UNION ALL SELECT i, 'ticket_reopened', '2024-04-12', 'ticket ' || i, NULL FROM generate_series(1, 10) i
  UNION ALL SELECT i, 'ticket_reopened', '2024-04-12 00:00:01', 'ticket ' || i, NULL FROM generate_series(11, 20) i
  UNION ALL SELECT i, 'ticket_opened', '2024-04-10', 'again ' || i, '{"topic": "delivery"}' FROM generate_series(21, 26) i
  UNION ALL SELECT i, 'ticket_opened', '2024-04-10', 'other ' || i, '{"topic": "price"}' FROM generate_series(27, 40) i;
-- first replies after 10, 95, 119, 121, 400 minutes, and one never
INSERT INTO voice.touchpoint (customer_id, kind, occurred_at, subject)
  SELECT i, 'ticket_opened', '2024-05-02'::timestamptz, 'may ' || i FROM generate_series(1, 6) i
  UNION ALL SELECT i, 'ticket_replied', '2024-05-02'::timestamptz + (ARRAY[10, 95, 119, 121, 400])[i] * interval '1 minute', 'may ' || i FROM generate_series(1, 5) i
  UNION ALL SELECT i, 'ticket_replied', '2024-05-03', 'may ' || i FROM generate_series(1, 5) i;
SELECT pg_temp.check('voice', '2024-03-01', '{"nps": 30, "csat": 0.8333333333, "csat_mean": 4.2416666667, "ces": 4.8, "ces_agreeing_share": 0.6}');
SELECT results_eq($$SELECT round(lower::numeric, 7), round(upper::numeric, 7) FROM voice.kpi WHERE kpi = 'nps' AND period_start = '2024-03-01'$$, $$VALUES (14.0511302, 44.2012970)$$, 'nps has its interval');
SELECT results_eq($$SELECT round(lower::numeric, 10), round(upper::numeric, 10) FROM voice.kpi WHERE kpi = 'csat' AND period_start = '2024-03-01'$$, $$VALUES (0.7565471861, 0.8894400363)$$, 'and csat');
SELECT pg_temp.check('voice', '2024-04-01', '{"first_contact_resolution_rate": 0.70, "first_contact_resolution_no_repeat_rate": 0.67}');
SELECT pg_temp.check('voice', '2024-05-01', '{"response_within_2h_rate": 0.6, "response_within_2h_due_rate": 0.5, "first_response_median_hours": 1.9833333333, "first_response_p90_hours": 4.8066666667}');

-- 5. acquisition and reach, one month each
SELECT ledger_create('reach');
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at) SELECT i, 'purchase', '2024-01-05' FROM generate_series(1, 100) i;
INSERT INTO reach.touchpoint (kind, occurred_at, amount) VALUES ('spend', '2024-01-05', 40000), ('spend', '2024-01-31 23:59:59', 10000);
INSERT INTO reach.touchpoint (kind, occurred_at, amount, properties) VALUES ('spend', '2024-01-05', 7000, '{"purpose": "retention"}'), ('spend', '2024-01-05', 90, '{"purpose": "brand"}');
-- 125 leads of 5,000 sessions, 25 opportunities, 10 won for 84,000 after 30 to 39 days, in March
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at) SELECT i, 'lead', '2024-02-10' FROM generate_series(1001, 1125) i;
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at) SELECT i, 'page_view', '2024-02-01'::timestamptz + (i % 3) * interval '31 minutes' FROM generate_series(1001, 2000) i, generate_series(1, 5) j
  UNION ALL SELECT i, 'page_view', '2024-02-08'::timestamptz + j * interval '31 minutes' FROM generate_series(1001, 2000) i, generate_series(1, 4) j;
INSERT INTO reach.touchpoint (kind, occurred_at, amount) VALUES ('spend', '2024-02-05', 2500);
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'opportunity_opened', '2024-02-20', 'deal' FROM generate_series(1001, 1025) i;
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'opportunity_won', '2024-02-20'::timestamptz + (i - 971) * interval '24 hours', 'deal', 8400 FROM generate_series(1001, 1010) i;
-- 420 of 1,000 sessions are of one page
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, properties)
  SELECT i, 'page_view', '2024-06-03'::timestamptz + (j - 1) * interval '30 minutes', jsonb_build_object('duration', 20 * j) FROM generate_series(1001, 2000) i, generate_series(1, 2) j WHERE j = 1 OR i > 1420;
-- 180 of 600 buyers bought on two days
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, amount) SELECT i, 'purchase', '2024-07-03 10:00'::timestamptz, 10 FROM generate_series(3001, 3600) i
  UNION ALL SELECT i, 'purchase', '2024-07-03 23:59', 10 FROM generate_series(3001, 3600) i UNION ALL SELECT i, 'purchase', '2024-07-04', 10 FROM generate_series(3001, 3180) i;
-- 45 of 300 new customers were referred: 30 are named, 15 came by the channel
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, channel) SELECT i, 'purchase', '2024-08-03', CASE WHEN i <= 4015 THEN 'referral' END FROM generate_series(4001, 4300) i;
INSERT INTO reach.touchpoint (customer_id, kind, occurred_at, subject) SELECT 3001, 'referral_converted', '2024-08-03', i::text FROM generate_series(4016, 4045) i;
SELECT pg_temp.check('reach', '2024-01-01', '{"cac": 500, "acquisition_spend": 50000, "retention_spend": 7000, "new_customers": 100}');
SELECT pg_temp.check('reach', '2024-02-01', '{"cost_per_lead": 20, "lead_generation_rate": 0.025, "lead_to_opportunity_rate": 0.20, "lead_to_opportunity_period_rate": 0.20, "opportunity_to_customer_rate": 0.40, "opportunity_to_customer_period_rate": 0, "leads": 125, "website_traffic": 5000}');
SELECT pg_temp.check('reach', '2024-03-01', '{"average_deal_size": 8400, "sales_cycle_days": 34.5, "deals_won": 10}');
SELECT pg_temp.check('reach', '2024-06-01', '{"bounce_rate": 0.42, "website_traffic": 1000, "page_visits": 1580, "time_on_page": 27.3417721519}');
SELECT pg_temp.check('reach', '2024-07-01', '{"repeat_purchase_rate": 0.30}');
SELECT pg_temp.check('reach', '2024-08-01', '{"referral_rate": 0.15}');

-- 5 and 6. payback, lifetime value, viral coefficient: 100 customers at 100 a month, margin 0.8, 3 of them leave
SELECT ledger_create('worth');
UPDATE worth.setting SET value = '0.8' WHERE name = 'margin';
INSERT INTO worth.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'subscription_started', '2024-01-10', 's', 100 FROM generate_series(1, 100) i;
INSERT INTO worth.touchpoint (kind, occurred_at, amount) VALUES ('spend', '2024-01-05', 50000), ('spend', '2024-02-05', 1500);
INSERT INTO worth.touchpoint (customer_id, kind, occurred_at, subject) SELECT i, 'subscription_ended', '2024-02-10', 's' FROM generate_series(1, 3) i;
INSERT INTO worth.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'subscription_started', '2024-02-10', 's', 100 FROM generate_series(101, 103) i;
INSERT INTO worth.touchpoint (customer_id, kind, occurred_at, subject) SELECT 1 + i % 97, 'referral_sent', '2024-03-05'::timestamptz, i::text FROM generate_series(1, 250) i
  UNION ALL SELECT 5, 'referral_converted', '2024-03-06', i::text FROM generate_series(1, 50) i;
INSERT INTO worth.kpi_target (target, kpi, baseline, baseline_on, change, due_on) VALUES ('less churn', 'churn_rate', 0.05, '2024-01-31', -0.2, '2024-12-31');
INSERT INTO worth.touchpoint (kind, occurred_at, quantity, properties) VALUES ('resource_use', '2024-02-11', 600, '{"resource": "power", "unit": "kWh", "waste": 0.25}');
SELECT pg_temp.check('worth', '2024-01-01', '{"cac": 500, "cac_payback_months": 6.25, "arpa": 100}');
SELECT pg_temp.check('worth', '2024-02-01', '{"churn_rate": 0.03, "cltv": 2666.6666666667, "cac": 500, "ltv_to_cac": 5.3333333333, "waste_avoided": 400, "resource_use": 600, "resource_waste_share": 0.25, "resource_use_per_revenue": 0.06}');
SELECT pg_temp.check('worth', '2024-03-01', '{"viral_coefficient": 0.5, "invites_per_customer": 2.5, "referral_conversion_rate": 0.2}');

SELECT * FROM finish();
ROLLBACK;
