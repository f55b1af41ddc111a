--
-- views: a customer now
--

CREATE FUNCTION ledger_view_customer_360(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'customer_360', $view$
--: a customer now: one row each
SELECT c.customer_id, --: key of the customer
       c.stage, --: stage of the lifecycle now, as an enum
       c.stage::text AS stage_name, --: stage of the lifecycle now, as text
       array_position(enum_range(NULL::@extschema@.lifecycle_stage), c.stage) AS stage_order, --: 1 awareness ... 7 advocacy, 8 churned: to sort by
       c.stage_since, --: when the customer entered the stage
       extract(epoch FROM now() - c.stage_since)::double precision / 86400 AS stage_days, --: days in the stage so far
       @extschema@.is_customer(c.stage) AS is_customer, --: has paid and has not left: conversion to advocacy
       c.max_stage, --: the furthest stage ever reached, as an enum; churned does not count
       c.max_stage::text AS max_stage_name, --: the furthest stage ever reached, as text
       c.episode, --: 1, and one more with each return after churn
       c.first_touch_at, --: first touchpoint
       c.last_touch_at, --: last touchpoint of any kind
       c.last_alive_at, --: last sign of life: something that the customer did
       c.first_paid_at, --: first payment ever; NULL for prospects
       extract(epoch FROM now() - c.first_paid_at)::double precision / 86400 AS tenure_days, --: days since the first payment
       c.touchpoint_count, --: number of touchpoints
       c.purchase_count, --: number of purchases
       c.purchase_amount, --: sum of purchases, refunds not deducted
       (c.purchase_amount / nullif(c.purchase_count, 0))::numeric(18,4) AS average_order_amount, --: purchase_amount / purchase_count
       c.first_purchase_at, --: first purchase
       c.last_purchase_at, --: last purchase
       extract(epoch FROM c.last_purchase_at - c.first_purchase_at)::double precision / 86400 / nullif(c.purchase_count - 1, 0) AS mean_gap_days, --: days between purchases, on average; NULL with fewer than two
       c.mrr_amount, --: recurring revenue per month of open subscriptions
       c.last_nps_score, --: last answer to the NPS question, 0..10
       c.last_csat_score, --: last answer to the satisfaction question, 1..5
       c.last_ces_score, --: last answer to the effort question, 1..7
       c.channel AS acquisition_channel, --: channel of the first touchpoint that names one
       c.campaign AS acquisition_campaign --: campaign of the first touchpoint that names one
  FROM @ledger@.customer c
 WHERE c.stage IS NOT NULL
$view$);
COMMENT ON FUNCTION ledger_view_customer_360(text) IS 'part of ledger_make_views(): customer_360';
