-- Every number of a view, recomputed by plain SQL from the log of the sample business of examples/, in
-- months of Berlin, with what the business lacks made of what it has: emails, refunds, resources, traits.
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pgtap;
\set customers 1000
\ir ../../examples/business.sql
\ir ../../examples/ledger.sql
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL timezone = 'America/New_York'; -- whose clock must not matter
SELECT plan(30);
SELECT ledger_create('num');
UPDATE num.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';
INSERT INTO num.touchpoint (customer_id, kind, occurred_at, amount, quantity, score, channel, campaign, subject, properties)
  SELECT customer_id, kind, occurred_at, amount, CASE WHEN kind LIKE 'loyalty%' THEN 10 END, score, channel, campaign, subject, properties FROM crm.touchpoint
  UNION ALL SELECT customer_id, k.kind, ordered_at + k.after, CASE k.kind WHEN 'refund' THEN -amount / 5 WHEN 'upsell' THEN amount / 2 WHEN 'cross_sell' THEN amount / 3 WHEN 'gift_sent' THEN 5 WHEN 'offer_redeemed' THEN 7 END, CASE WHEN k.kind IN ('resource_use', 'loyalty_redeemed') THEN 1 + order_id % 7 END,
                   CASE k.kind WHEN 'review' THEN 1 + order_id % 5 END, NULL, CASE WHEN k.kind LIKE 'email%' THEN 'campaign ' || order_id % 3 END, CASE k.kind WHEN 'referral_sent' THEN 'friend ' || order_id END,
                   CASE k.kind WHEN 'trait_set' THEN jsonb_build_object('name', CASE WHEN order_id % 2 = 0 THEN 'country' ELSE 'persona' END, 'value', 'v' || order_id % 3) WHEN 'resource_use' THEN '{"resource": "paper", "unit": "kg", "waste": 0.25}' WHEN 'consent_given' THEN '{"purpose": "email"}' WHEN 'consent_withdrawn' THEN '{"purpose": "email"}'
                               WHEN 'feedback_answered' THEN jsonb_build_object('topic', 'delivery') WHEN 'self_service' THEN jsonb_build_object('topic', 'delivery', 'solved', order_id % 2 = 0) WHEN 'survey_sent' THEN '{"topic": "delivery"}' END
              FROM demo.orders CROSS JOIN (VALUES ('email_sent', interval '1 day', 2), ('email_opened', '2 days', 4), ('email_clicked', '50 hours', 8), ('refund', '5 days', 11), ('upsell', '1 second', 13), ('cross_sell', '1 second', 17), ('resource_use', '1 hour', 1), ('trait_set', '2 seconds', 9),
                     ('consent_given', '3 seconds', 10), ('consent_withdrawn', '100 days', 30), ('review', '9 days', 14), ('referral_sent', '10 days', 15), ('gift_sent', '30 days', 19), ('offer_sent', '20 days', 7), ('offer_redeemed', '22 days', 21), ('loyalty_redeemed', '40 days', 6), ('feedback_answered', '8 days', 5), ('self_service', '6 days', 12), ('survey_sent', '1 day', 3), ('payment_failed', '15 days', 23)) k (kind, after, nth)
             WHERE order_id % k.nth = 0 AND ordered_at + k.after < '2026-01-01';
SELECT is((SELECT count(*) FROM num.touchpoint_rejected), 0::bigint, 'all can be used');
SELECT ledger_tick('num', '2026-01-01 00:00+00');
SELECT ledger_refresh_rfm('num');
INSERT INTO num.kpi_target (target, kpi, baseline, baseline_on, change, due_on) VALUES ('stay', 'churn_rate', 0.05, '2023-11-01', -0.5, '2025-01-01');
\ir views_from_log.psql
SELECT * FROM finish();
ROLLBACK;
SET client_min_messages = error;
SELECT ledger_drop('crm', 'crm');
DROP SCHEMA demo CASCADE;
