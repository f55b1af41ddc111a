--
-- views: a customer now
--
-- One customer by key is read in less than a millisecond, and all of them in one pass: nothing here
-- looks at the log or at other customers, and what nobody asks for is not computed.  OFFSET 0 keeps
-- what is dear from being computed once for each column that shows it; that the interval seems to
-- depend on the customer's key keeps the planner from remembering intervals, which never come twice.
--

CREATE FUNCTION ledger_view_customer_360(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'customer_360', $view$
--: a customer now: one row each
SELECT c.customer_id, --: key of the customer
       @stage c.stage stage: stage of the lifecycle now@
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
       c.campaign AS acquisition_campaign, --: campaign of the first touchpoint that names one
       @order c.max_stage@ AS max_stage_order, --: the furthest stage ever reached, as a number: 1 awareness ... 7 advocacy, 8 churned
       extract(epoch FROM now() - c.last_alive_at)::double precision / 86400 AS silent_days, --: days since the last sign of life
       c.refund_count, --: number of refunds and returns
       c.refund_amount, --: sum of refunds and returns, as a positive amount
       (c.purchase_amount - coalesce(c.refund_amount, 0))::numeric(18,4) AS net_revenue_amount, --: purchase_amount - refund_amount
       r.recency_score, --: 1..5, 5: bought most recently, among all buyers when rfm_segments was taken; NULL: no purchase, or never taken
       r.frequency_score, --: 1..5, 5: most purchases, among all buyers when rfm_segments was taken
       r.monetary_score, --: 1..5, 5: largest purchase_amount, among all buyers when rfm_segments was taken
       @extschema@.rfm_segment(r.recency_score, r.frequency_score, r.monetary_score) AS rfm_segment, --: the standard segment of the three scores: champions, loyal customers, at risk ...
       (c.purchase_amount - coalesce(c.refund_amount, 0))::numeric(18,4) AS cltv_historic_amount, --: lifetime value so far: purchases - refunds
       @extschema@.cltv(k.model, r.history, interval '1 year') AS cltv_predicted, --: revenue expected within 12 months from now, discounted at 10 % a year; NULL: no model (ledger_fit), or no purchase
       (i.bounds).lower AS cltv_lower, --: lower end of the 95 % interval of cltv_predicted, money
       (i.bounds).upper AS cltv_upper, --: upper end of the 95 % interval of cltv_predicted, money
       CASE WHEN @extschema@.p_alive(k.model, r.history) IS NOT NULL THEN k.method END AS cltv_method, --: the models of purchases and spend that cltv_predicted comes from
       @extschema@.p_alive(k.model, r.history) AS p_alive, --: probability, 0..1, of still being a customer now, by the model of purchases
       @extschema@.expected_purchases(k.model, r.history, interval '90 days') AS expected_purchases_90_days, --: purchases expected within 90 days from now, by the model of purchases
       @extschema@.responses(c.nps) AS nps_response_count, --: answers to the NPS question
       @extschema@.rating_mean(c.nps) AS mean_nps_score, --: mean answer to the NPS question, 0..10
       @extschema@.responses(c.csat) AS csat_response_count, --: answers to the satisfaction question
       @extschema@.rating_mean(c.csat) AS mean_csat_score, --: mean answer to the satisfaction question, 1..5
       @extschema@.responses(c.ces) AS ces_response_count, --: answers to the effort question
       @extschema@.rating_mean(c.ces) AS mean_ces_score, --: mean answer to the effort question, 1..7
       c.ticket_count, --: tickets opened
       c.ticket_open_count, --: tickets that are open now
       c.ticket_resolved_count, --: tickets that are resolved now
       c.first_reply_hours, --: hours from a ticket to its first reply, mean over replied tickets
       c.resolution_hours, --: hours from a ticket to its last resolution, mean over resolved tickets
       h.health_score, --: health at the last reading, 1 (bad) to 10 (good); NULL: too few measures have a value, or never read
       h.health_band, --: red, yellow or green; set by someone where health_override_reason says why
       h.band_since AS health_band_since, --: since when health_band is what it is
       h.computed_band AS health_computed_band, --: red, yellow or green by the score alone
       h.override_reason AS health_override_reason, --: why someone set another band; NULL: nobody did
       h.override_until AS health_override_until, --: until when that holds
       h.read_at AS health_read_at, --: the instant that the last reading of health looked at
       h.health_score - h.previous_score AS health_change, --: health_score less that of the reading before
       CASE sign(h.health_score - h.previous_score) WHEN 1 THEN 'up' WHEN 0 THEN 'steady' WHEN -1 THEN 'down' END AS health_trend, --: up, steady or down since the reading before
       h.coverage AS health_coverage, --: share of the weight of the measures that has a value, 0..1
       h.clarity AS clarity_score, --: health of this pillar, 1 (bad) to 10 (good)
       h.consistency AS consistency_score, --: health of this pillar, 1 (bad) to 10 (good)
       h.convenience AS convenience_score, --: health of this pillar, 1 (bad) to 10 (good)
       h.collaboration AS collaboration_score, --: health of this pillar, 1 (bad) to 10 (good)
       h.care AS care_score, --: health of this pillar, 1 (bad) to 10 (good)
       h.top_driver, --: the measure that costs the health score most
       h.top_driver_cost, --: points of the score that it costs
       CASE WHEN @extschema@.is_customer(c.stage) THEN coalesce(h.churn_probability, 1 - @extschema@.p_alive(k.model, r.history)) END AS churn_probability, --: of leaving, 0..1: by the model of churn, else 1 - p_alive; NULL: not a customer, or no model
       CASE WHEN NOT @extschema@.is_customer(c.stage) THEN NULL
            WHEN h.churn_probability IS NOT NULL THEN 'model of churn'
            WHEN @extschema@.p_alive(k.model, r.history) IS NOT NULL THEN '1 - p_alive' END AS churn_method, --: where churn_probability comes from: model of churn (within 90 days of health_read_at), or 1 - p_alive (has left already)
       c.referral_sent_count, --: people referred
       c.referral_converted_count, --: people referred who became customers
       c.review_count, --: reviews written
       c.last_review_score, --: stars of the last review, 1..5
       c.loyalty_points, --: points earned, less those redeemed
       CASE WHEN c.consents IS NOT NULL THEN (SELECT string_agg(e.key, ', ' ORDER BY e.key) FROM jsonb_each_text(c.consents) e WHERE e.value = 'true') END AS consents_given, --: purposes that the customer consents to, by the last word on each
       CASE WHEN c.consents IS NOT NULL THEN (SELECT string_agg(e.key, ', ' ORDER BY e.key) FROM jsonb_each_text(c.consents) e WHERE e.value = 'false') END AS consents_withdrawn, --: purposes that the customer has withdrawn consent from
       c.traits ->> 'persona' AS persona, --: trait persona
       c.traits ->> 'country' AS country, --: trait country
       c.traits ->> 'language' AS language_name, --: trait language
       c.traits ->> 'industry' AS industry, --: trait industry
       c.traits ->> 'plan' AS plan_name, --: trait plan
       c.traits ->> 'age_group' AS age_group, --: trait age_group
       c.traits ->> 'gender' AS gender, --: trait gender
       c.traits ->> 'icp_fit' AS icp_fit, --: trait icp_fit: fit with the ideal customer profile
       CASE WHEN c.traits IS NOT NULL THEN (SELECT string_agg(t.key || ': ' || t.value, '; ' ORDER BY t.key) FROM jsonb_each_text(c.traits) t) END AS traits, --: all traits: name: value; name: value ...
       n.action AS next_action, --: what is to be done next, by the plays that no backend has acknowledged yet
       n.play AS next_action_play, --: the play that says so
       n.since AS next_action_since --: when its condition came true
  FROM (SELECT (SELECT m.clv FROM @ledger@.fitted_model m WHERE m.model = 'clv') AS model,
               (SELECT string_agg(p.model_name, ' x ' ORDER BY p.part) FROM @ledger@.fitted_model m CROSS JOIN @extschema@.model_parts(m.clv) p WHERE m.model = 'clv') AS method,
               (SELECT b.breaks FROM @ledger@.rfm_breaks b WHERE b.measure = 'recency') AS recency_breaks,
               (SELECT b.breaks FROM @ledger@.rfm_breaks b WHERE b.measure = 'frequency') AS frequency_breaks,
               (SELECT b.breaks FROM @ledger@.rfm_breaks b WHERE b.measure = 'monetary') AS monetary_breaks
        OFFSET 0) k
 CROSS JOIN @ledger@.customer c
  LEFT JOIN @ledger@.customer_health h ON h.customer_id = c.customer_id
  LEFT JOIN @ledger@.next_action n ON n.customer_id = c.customer_id
 CROSS JOIN LATERAL (
   SELECT 1 + width_bucket(extract(epoch FROM c.last_purchase_at)::double precision, k.recency_breaks) AS recency_score,
          1 + width_bucket(nullif(c.purchase_count, 0)::double precision, k.frequency_breaks) AS frequency_score,
          1 + width_bucket(CASE WHEN c.purchase_count > 0 THEN c.purchase_amount::double precision END, k.monetary_breaks) AS monetary_score,
          @extschema@.observe(c.purchases, greatest(now(), c.last_purchase_at)) AS history) r
 CROSS JOIN LATERAL (
   SELECT @extschema@.cltv_interval(k.model, r.history, interval '1 year') AS bounds
    WHERE c.customer_id IS NOT NULL OFFSET 0) i
 WHERE c.stage IS NOT NULL
$view$);
COMMENT ON FUNCTION ledger_view_customer_360(text) IS 'part of ledger_make_views(): customer_360';
