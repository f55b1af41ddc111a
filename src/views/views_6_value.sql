--
-- views: what customers are worth, and what they bring
--

-- RFM scores a customer among all others.  A look at one customer must not read all of them, so the
-- breaks between the scores are kept; rfm_score(value, breaks) gives what the window function gave
-- when they were taken.

CREATE FUNCTION ledger_make_rfm(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE IF NOT EXISTS %1$I.rfm_breaks (
  measure text PRIMARY KEY CHECK (measure IN ('recency', 'frequency', 'monetary')),
  breaks double precision[] NOT NULL,
  customer_count bigint NOT NULL,
  as_of timestamptz NOT NULL
);
COMMENT ON TABLE %1$I.rfm_breaks IS 'where the RFM scores 1 to 5 part, taken from all buyers by ledger_refresh_rfm()';
COMMENT ON COLUMN %1$I.rfm_breaks.measure IS 'recency (last purchase, in seconds since 1970), frequency (number of purchases), monetary (sum of purchases)';
COMMENT ON COLUMN %1$I.rfm_breaks.breaks IS 'increasing; the score is 1 + the number of breaks that a value reaches';
COMMENT ON COLUMN %1$I.rfm_breaks.customer_count IS 'customers with a purchase who were compared';
COMMENT ON COLUMN %1$I.rfm_breaks.as_of IS 'when they were compared';
  $ddl$, name);
END $$;
COMMENT ON FUNCTION ledger_make_rfm(text, regtype) IS 'part of ledger_create(): where the RFM scores part';

CREATE FUNCTION ledger_refresh_rfm(ledger text) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customers bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  -- a score that no value has leaves no break, but a step of two or more: the same break twice
  EXECUTE format($sql$
    WITH buyer AS MATERIALIZED (
      SELECT extract(epoch FROM c.last_purchase_at)::double precision AS recency, c.purchase_count::double precision AS frequency,
             c.purchase_amount::double precision AS monetary
        FROM %1$I.customer c WHERE c.purchase_count > 0
    ), given AS (
      SELECT 'recency' AS measure, b.recency AS value, count(*) AS n FROM buyer b GROUP BY 2
       UNION ALL
      SELECT 'frequency', b.frequency, count(*) FROM buyer b GROUP BY 2
       UNION ALL
      SELECT 'monetary', b.monetary, count(*) FROM buyer b GROUP BY 2
    ), scored AS (
      SELECT g.measure, g.value, g.n,
             1 + 5 * (sum(g.n) OVER (PARTITION BY g.measure ORDER BY g.value) - g.n)::bigint
                 / sum(g.n) OVER (PARTITION BY g.measure)::bigint AS score
        FROM given g
    ), broken AS (
      SELECT s.measure, sum(s.n)::bigint AS customers,
             array_remove(ARRAY[min(s.value) FILTER (WHERE s.score >= 2), min(s.value) FILTER (WHERE s.score >= 3),
                                min(s.value) FILTER (WHERE s.score >= 4), min(s.value) FILTER (WHERE s.score >= 5)], NULL) AS breaks
        FROM scored s GROUP BY s.measure
    ), written AS (
      INSERT INTO %1$I.rfm_breaks AS r (measure, breaks, customer_count, as_of)
      SELECT b.measure, b.breaks, b.customers, now() FROM broken b
      ON CONFLICT (measure) DO UPDATE SET breaks = excluded.breaks, customer_count = excluded.customer_count, as_of = excluded.as_of
      RETURNING r.customer_count
    )
    SELECT coalesce(max(w.customer_count), 0) FROM written w
  $sql$, ledger) INTO customers;
  RETURN customers;
END $$;
COMMENT ON FUNCTION ledger_refresh_rfm(text) IS
  'compares the purchases of all customers anew, for their RFM scores; the number of customers with a purchase';

CREATE FUNCTION ledger_view_rfm_segments(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'rfm_segments', $view$
--: buyers by RFM segment: how recently, how often and for how much they buy
WITH segment AS (
  SELECT s.segment, s.n FROM unnest(ARRAY['champions', 'loyal customers', 'cannot lose them', 'at risk', 'potential loyalists', 'new customers',
    'promising', 'need attention', 'about to sleep', 'hibernating', 'lost']) WITH ORDINALITY AS s (segment, n)
)
SELECT s.segment, --: name of the segment, by rfm_segment()
       s.n::integer AS segment_order, --: the first that fits counts: to sort by
       count(c.rfm_segment) AS customer_count, --: customers with a purchase who are in the segment
       count(c.rfm_segment) / nullif(sum(count(c.rfm_segment)) OVER (), 0)::double precision AS customer_rate, --: customer_count / customers of all segments, 0..1
       count(c.rfm_segment) FILTER (WHERE c.is_customer) AS active_count, --: of these, those who have not churned
       sum(c.purchase_amount)::numeric(18,4) AS purchase_amount, --: their purchases
       (sum(c.purchase_amount) / nullif(sum(sum(c.purchase_amount)) OVER (), 0))::double precision AS purchase_rate, --: purchase_amount / purchases of all segments, 0..1
       (sum(c.purchase_amount) / nullif(sum(c.purchase_count), 0))::numeric(18,4) AS average_order_amount, --: purchase_amount / number of their purchases
       avg(c.purchase_count)::double precision AS purchases_per_customer, --: purchases of a customer, mean
       avg(extract(epoch FROM now() - c.last_purchase_at)::double precision / 86400) AS mean_recency_days, --: days since the last purchase, mean
       avg(c.recency_score)::double precision AS mean_recency_score, --: mean recency score, 1..5
       avg(c.frequency_score)::double precision AS mean_frequency_score, --: mean frequency score, 1..5
       avg(c.monetary_score)::double precision AS mean_monetary_score, --: mean monetary score, 1..5
       (SELECT min(b.as_of) FROM @ledger@.rfm_breaks b) AS as_of --: when the scores' breaks were taken by ledger_refresh_rfm(); NULL: never, so no scores
  FROM segment s
  LEFT JOIN @ledger@.customer_360 c ON c.rfm_segment = s.segment
 GROUP BY s.segment, s.n
 ORDER BY s.n
$view$);
COMMENT ON FUNCTION ledger_view_rfm_segments(text) IS 'part of ledger_make_views(): rfm_segments';

CREATE FUNCTION ledger_view_loyalty(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'loyalty', $view$
--: the loyalty programme by month: points, offers, gifts
WITH by_month AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', @time_zone@) AS day,
         sum(t.quantity) FILTER (WHERE t.kind = 'loyalty_earned') AS earned, sum(t.quantity) FILTER (WHERE t.kind = 'loyalty_redeemed') AS redeemed,
         count(DISTINCT t.customer_id) FILTER (WHERE t.kind = 'loyalty_earned') AS earners,
         count(DISTINCT t.customer_id) FILTER (WHERE t.kind = 'loyalty_redeemed') AS redeemers,
         count(*) FILTER (WHERE t.kind = 'offer_sent') AS offers, count(*) FILTER (WHERE t.kind = 'offer_redeemed') AS offers_redeemed,
         sum(t.amount) FILTER (WHERE t.kind = 'offer_redeemed') AS offers_amount,
         count(*) FILTER (WHERE t.kind = 'gift_sent') AS gifts, sum(t.amount) FILTER (WHERE t.kind = 'gift_sent') AS gifts_amount
    FROM @ledger@.touchpoint t
   WHERE t.kind IN ('loyalty_earned', 'loyalty_redeemed', 'offer_sent', 'offer_redeemed', 'gift_sent')
   GROUP BY 1
)
SELECT @month m.day@
       m.earners AS earning_count, --: customers who earned points
       m.redeemers AS redeeming_count, --: customers who redeemed points
       coalesce(m.earned, 0)::numeric(18,4) AS earned_points, --: points earned
       coalesce(m.redeemed, 0)::numeric(18,4) AS redeemed_points, --: points redeemed
       (m.redeemed / nullif(m.earned, 0))::double precision AS redeemed_rate, --: redeemed_points / earned_points of the month
       (sum(coalesce(m.earned, 0) - coalesce(m.redeemed, 0)) OVER (ORDER BY m.day))::numeric(18,4) AS open_points, --: points earned less those redeemed, up to the end of the month
       m.offers AS offer_sent_count, --: offers sent
       m.offers_redeemed AS offer_redeemed_count, --: offers redeemed
       m.offers_redeemed / nullif(m.offers, 0)::double precision AS offer_redeemed_rate, --: offer_redeemed_count / offer_sent_count
       m.offers_amount::numeric(18,4) AS offer_redeemed_amount, --: money of offers redeemed
       m.gifts AS gift_count, --: gifts sent
       m.gifts_amount::numeric(18,4) AS gift_amount --: money of gifts sent
  FROM by_month m
 ORDER BY m.day
$view$);
COMMENT ON FUNCTION ledger_view_loyalty(text) IS 'part of ledger_make_views(): loyalty';

-- What follows is told of the facts of KPIs, so that a month's figures are the same here and there.

CREATE FUNCTION ledger_view_referrals(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'referrals', format($view$
--: referrals by month: sent, converted, and the customers they brought
WITH sender AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', @time_zone@) AS day, count(DISTINCT t.customer_id) AS n
    FROM @ledger@.touchpoint t WHERE t.kind = 'referral_sent' GROUP BY 1
)
SELECT @month b.period_start@
       b.referrals_sent::bigint AS sent_count, --: referrals sent
       coalesce(s.n, 0) AS sender_count, --: customers who sent one
       b.referrals_converted::bigint AS converted_count, --: people referred who became customers
       (b.referrals_converted / nullif(b.referrals_sent, 0))::double precision AS converted_rate, --: converted_count / sent_count, both of the month
       b.customers_new::bigint AS new_customer_count, --: new customers, whoever sent them
       b.customers_referred::bigint AS referred_customer_count, --: of these, those by referral: people named by referral_converted of the month, and new customers of the channel referral named by none so far
       (b.customers_referred / nullif(b.customers_new, 0))::double precision AS referral_rate, --: referred_customer_count / new_customer_count, 0..1
       b.customers_served::bigint AS customer_count, --: customers who were there in the month
       (b.referrals_sent / nullif(b.customers_served, 0))::double precision AS invites_per_customer, --: sent_count / customer_count
       (b.referrals_converted / nullif(b.customers_served, 0))::double precision AS viral_coefficient --: invites_per_customer x converted_rate
  FROM (%s) b
  LEFT JOIN sender s ON s.day = b.period_start
$view$, @extschema@.ledger_kpi_basis(ledger, '{month}', '{referrals_sent,referrals_converted,customers_new,customers_referred,customers_served}')));
COMMENT ON FUNCTION ledger_view_referrals(text) IS 'part of ledger_make_views(): referrals';

CREATE FUNCTION ledger_view_revenue_from_existing(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'revenue_from_existing', format($view$
--: how much revenue comes from customers who are customers already, by month
WITH bought AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', @time_zone@) AS day, @extschema@.period_start(c.first_paid_at, 'month', @time_zone@) AS cohort, sum(t.amount) AS amount
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.feeds = 'purchases'
    JOIN @ledger@.customer c ON c.customer_id = t.customer_id
   GROUP BY 1, 2
), existing AS (
  SELECT p.day, coalesce(sum(p.amount) FILTER (WHERE p.cohort < p.day), 0) AS amount, sum(p.amount) AS total FROM bought p GROUP BY 1
)
SELECT @month b.period_start@
       b.monthly_revenue::numeric(18,4) AS revenue_amount, --: revenue of the month: purchases less refunds, and recurring revenue at its end
       coalesce(e.total, 0)::numeric(18,4) AS purchase_amount, --: purchases of the month, refunds not deducted
       coalesce(e.amount, 0)::numeric(18,4) AS existing_purchase_amount, --: of these, purchases by customers who first paid before the month
       (e.amount / nullif(e.total, 0))::double precision AS existing_purchase_rate, --: existing_purchase_amount / purchase_amount, 0..1
       b.mrr_expansion::numeric(18,4) AS expansion_amount, --: recurring revenue a month that subscribers pay more than at the start of the month
       (b.mrr_expansion / nullif(b.mrr_start, 0))::double precision AS expansion_rate, --: expansion_amount / recurring revenue at the start
       b.upsell_amount::numeric(18,4) AS upsell_amount, --: sum of upsells; counted in purchases or recurring revenue already
       (b.upsell_amount / nullif(b.monthly_revenue, 0))::double precision AS upsell_rate, --: upsell_amount / revenue_amount
       b.cross_sell_amount::numeric(18,4) AS cross_sell_amount, --: sum of cross-sells; counted in purchases or recurring revenue already
       (b.cross_sell_amount / nullif(b.monthly_revenue, 0))::double precision AS cross_sell_rate, --: cross_sell_amount / revenue_amount
       b.upsell_customers::bigint AS upsell_customer_count, --: customers who bought more of the same, of those there in the month
       b.cross_sell_customers::bigint AS cross_sell_customer_count, --: customers who bought something beside, of those there in the month
       b.customers_served::bigint AS customer_count --: customers who were there in the month
  FROM (%s) b
  LEFT JOIN existing e ON e.day = b.period_start
$view$, @extschema@.ledger_kpi_basis(ledger, '{month}', '{monthly_revenue,mrr_start,mrr_expansion,upsell_amount,cross_sell_amount,upsell_customers,cross_sell_customers,customers_served}')));
COMMENT ON FUNCTION ledger_view_revenue_from_existing(text) IS 'part of ledger_make_views(): revenue_from_existing';

CREATE FUNCTION ledger_view_resource_footprint(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'resource_footprint', format($view$
--: resources used, by month and resource: per customer, per revenue, per acquired customer, and what keeping customers has saved
WITH used AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', @time_zone@) AS day, t.properties ->> 'resource' AS resource, t.properties ->> 'unit' AS unit,
         sum(t.quantity) AS quantity, count(t.properties ->> 'purpose') AS purposes,
         sum(t.quantity) FILTER (WHERE t.properties ->> 'purpose' = 'acquisition') AS acquisition,
         sum(t.quantity * CASE WHEN jsonb_typeof(t.properties -> 'waste') = 'number' THEN (t.properties ->> 'waste')::numeric END) AS waste
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.feeds = 'resource'
   GROUP BY 1, 2, 3
), told AS (
  SELECT u.*, CASE WHEN u.purposes > 0 THEN coalesce(u.acquisition, 0) ELSE u.quantity END AS acquiring FROM used u
)
SELECT @month b.period_start@
       u.resource, --: what was used: property resource
       u.unit, --: unit of quantities: property unit
       u.quantity::numeric(18,4) AS used_quantity, --: quantity used
       u.waste::numeric(18,4) AS waste_quantity, --: quantity x property waste (share): what was used in vain; NULL: not said
       (u.waste / nullif(u.quantity, 0))::double precision AS waste_rate, --: waste_quantity / used_quantity, 0..1
       b.customers_served::bigint AS customer_count, --: customers who were there in the month
       (u.quantity / nullif(b.customers_served, 0))::double precision AS used_per_customer, --: used_quantity / customer_count
       (u.quantity / nullif(b.monthly_revenue, 0))::double precision AS used_per_revenue, --: used_quantity / revenue of the month (purchases less refunds, and recurring revenue at its end)
       u.acquiring::numeric(18,4) AS acquisition_quantity, --: quantity used for acquisition: property purpose; all of it in a month in which none is given
       b.customers_new::bigint AS new_customer_count, --: new customers of the month
       (u.acquiring / nullif(b.customers_new, 0))::double precision AS used_per_acquisition, --: acquisition_quantity / new_customer_count: the footprint of an acquired customer
       b.baseline_churn_rate::double precision AS baseline_churn_rate, --: monthly churn before, 0..1: baseline of the target for churn_rate (kpi_target); NULL: none is set
       (b.baseline_churn_rate * b.customers_start)::double precision AS baseline_churned, --: customers who would have left at that rate: baseline_churn_rate x customers at the start
       b.customers_lost::bigint AS churned_count, --: customers who left
       CASE WHEN b.is_complete THEN ((b.baseline_churn_rate * b.customers_start - b.customers_lost) * u.acquiring / nullif(b.customers_new, 0))::double precision END AS waste_avoided --: (baseline_churned - churned_count) x used_per_acquisition: what replacing them would have used; NULL while the month lasts
  FROM (%s) b
  JOIN told u ON u.day = b.period_start
$view$, @extschema@.ledger_kpi_basis(ledger, '{month}', '{monthly_revenue,customers_served,customers_new,customers_start,customers_lost,baseline_churn_rate}')));
COMMENT ON FUNCTION ledger_view_resource_footprint(text) IS 'part of ledger_make_views(): resource_footprint';
