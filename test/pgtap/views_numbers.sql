-- Every number of a view, recomputed from the log by plain SQL that uses nothing of the extension:
-- a generated year and a half of 500 customers, months cut by the clock of Berlin, DST included.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL timezone = 'America/New_York'; -- whose clock must not matter
SELECT plan(29);
SELECT setseed(0.2024);
SELECT ledger_create('num');
UPDATE num.setting SET value = 'Europe/Berlin' WHERE name = 'time_zone';

CREATE TEMP TABLE kinds AS
  SELECT kind, row_number() OVER () AS i
    FROM unnest('{page_view,product_view,add_to_cart,signup,lead,purchase,purchase,purchase,refund,login,login,feature_used,onboarding_step,activated,subscription_started,
      subscription_ended,cancelled,payment_failed,nps,nps,csat,ces,survey_sent,ticket_opened,ticket_opened,ticket_replied,ticket_replied,ticket_resolved,ticket_resolved,ticket_reopened,
      ticket_escalated,self_service,feedback,feedback_answered,email_sent,email_sent,email_opened,email_clicked,loyalty_earned,loyalty_redeemed,offer_sent,offer_redeemed,
      gift_sent,review,referral_sent,referral_converted,upsell,cross_sell,resource_use,trait_set,consent_given,consent_withdrawn,stage_set}'::text[]) kind;
CREATE TEMP TABLE drawn AS
  SELECT n, 1 + floor(500 * random() ^ 2.5)::bigint AS customer_id, 1 + floor(random() * (SELECT count(*) FROM kinds))::int AS pick,
         -- whole minutes: ties, and the hours at which clocks change
         CASE WHEN n % 40 = 0 THEN timestamptz '2024-03-31 00:00+00' + floor(random() * 240) * interval '1 minute'
              ELSE timestamptz '2023-11-01 00:00+00' + floor(random() * 550 * 1440) * interval '1 minute' END AS occurred_at,
         round((random() * 90 + 5)::numeric, 2) AS amount, random() AS r, random() AS s, random() AS t
    FROM generate_series(1, 12000) n;
INSERT INTO num.touchpoint (customer_id, kind, occurred_at, amount, quantity, score, channel, campaign, subject, properties)
  SELECT CASE WHEN k.kind <> 'resource_use' OR d.s < 0.3 THEN d.customer_id END, k.kind, d.occurred_at,
         CASE WHEN k.kind IN ('purchase', 'subscription_started', 'offer_redeemed', 'gift_sent', 'upsell', 'cross_sell') THEN d.amount WHEN k.kind = 'refund' THEN -d.amount / 4 END,
         CASE WHEN k.kind LIKE 'loyalty%' OR k.kind = 'resource_use' THEN ceil(d.r * 100) END,
         CASE k.kind WHEN 'nps' THEN floor(d.r * 11) WHEN 'csat' THEN 1 + floor(d.r * 5) WHEN 'ces' THEN 1 + floor(d.r * 7) WHEN 'review' THEN 1 + floor(d.r * 5) END,
         CASE WHEN d.s < 0.4 THEN (ARRAY['organic', 'email', 'referral'])[1 + floor(d.r * 3)::int] END,
         CASE WHEN k.kind LIKE 'email%' AND d.s < 0.9 THEN 'campaign ' || floor(d.t * 3) END,
         CASE WHEN k.kind LIKE 'ticket%' AND d.s < 0.95 THEN 'ticket ' || floor(d.t * 4) WHEN k.kind LIKE 'subscription%' OR k.kind = 'cancelled' THEN 'plan ' || floor(d.t * 2)
              WHEN k.kind LIKE 'feedback%' AND d.s < 0.3 THEN 'note ' || floor(d.t * 2) WHEN k.kind = 'referral_converted' THEN (1 + floor(d.r * 500))::text END,
         nullif(jsonb_strip_nulls(jsonb_build_object(
           'topic', CASE WHEN k.kind IN ('ticket_opened', 'feedback', 'feedback_answered', 'survey_sent', 'self_service') AND d.r < 0.8 THEN 'topic ' || floor(d.t * 3) END,
           'solved', CASE WHEN k.kind = 'self_service' THEN d.s < 0.6 END,
           'reason', CASE WHEN k.kind IN ('cancelled', 'subscription_ended') AND d.r < 0.7 THEN (ARRAY['price', 'payment failed', 'gone'])[1 + floor(d.r * 4)::int] END,
           'voluntary', CASE WHEN k.kind = 'cancelled' AND d.s < 0.5 THEN d.s < 0.3 END,
           'until', CASE WHEN k.kind = 'cancelled' AND d.r < 0.5 THEN d.occurred_at + floor(d.t * 60) * interval '1 day' END,
           'stage', CASE WHEN k.kind = 'stage_set' THEN CASE WHEN d.s < 0.5 THEN 'churned' ELSE 'engagement' END END,
           'actor', CASE WHEN k.kind = 'stage_set' THEN 'me' END,
           'name', CASE WHEN k.kind = 'trait_set' THEN CASE WHEN d.s < 0.5 THEN 'country' ELSE 'persona' END END, 'value', CASE WHEN k.kind = 'trait_set' THEN 'v' || floor(d.r * 4) END,
           'resource', CASE WHEN k.kind = 'resource_use' THEN CASE WHEN d.t < 0.5 THEN 'power' ELSE 'paper' END END, 'unit', CASE WHEN k.kind = 'resource_use' THEN CASE WHEN d.t < 0.5 THEN 'kWh' ELSE 'kg' END END,
           'waste', CASE WHEN k.kind = 'resource_use' AND d.s < 0.7 THEN round(d.s::numeric, 2) END,
           'purpose', CASE WHEN k.kind LIKE 'consent%' THEN CASE WHEN d.s < 0.5 THEN 'email' ELSE 'ads' END
                           WHEN k.kind = 'resource_use' AND d.t > 0.6 AND d.s < 0.8 THEN CASE WHEN d.s < 0.4 THEN 'acquisition' ELSE 'brand' END END)), '{}')
    FROM drawn d JOIN kinds k ON k.i = d.pick;
SELECT ledger_tick('num', '2025-06-01 00:00+00');
SELECT ledger_refresh_rfm('num');
INSERT INTO num.kpi_target (target, kpi, baseline, baseline_on, change, due_on) VALUES ('stay', 'churn_rate', 0.05, '2023-11-01', -0.5, '2025-01-01');

\ir views_from_log.psql
SELECT * FROM finish();
ROLLBACK;
