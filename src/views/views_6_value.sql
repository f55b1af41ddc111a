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
       avg(c.purchase_count)::double precision AS mean_purchase_count, --: purchases of a customer, mean
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
