--
-- KPIs: the facts of periods
--
-- Facts come in families, each one query over the ledger's tables that gives (segment,
-- period_start, fact, value) for all periods of a range at once.  In a query stand for
--
--   @ledger@    the schema                        @grain@    'month'
--   @zone@      the time zone                     @periods@  (period_start, from_at, to_at) of each period
--   @from@      first instant of the range        @segment@  the segment of a row
--   @until@     end of the range, or now          @scope@    what joins a table t to its segment
--   @now@       now                               @segments@ all segments
--   @seen@      the instant whose log is asked    @log@      touchpoints    @history@  stage_history
--
-- Most families are parts that add up over customers (and visitors): of a period that goes on, those
-- of the touchpoints before an instant are kept, and those whom something has touched since are read
-- anew, as they are now and as they were then (views_5_kpi_4_basis.sql).  Where facts are more than
-- sums of parts, ledger_kpi_parts_<family>() gives the parts and the facts follow from @parts@.
--
-- A family is slow if it looks ahead, up to eight days after the end of a period; it is known only then.
-- A family is open if what happens any time later changes it: it is never kept.
--

CREATE FUNCTION ledger_kpi_families(OUT family text, OUT is_slow boolean, OUT is_open boolean) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
BEGIN ATOMIC
  VALUES ('calendar'::text, false, false), ('kinds', false, false), ('people', false, false), ('customers', false, false),
         ('leads', false, false), ('revenue', false, false), ('deals', false, false), ('health', false, false),
         ('sessions', true, false), ('tickets', true, false), ('emails', true, false), ('cohorts', false, true);
END;
COMMENT ON FUNCTION ledger_kpi_families() IS
  'families of facts: ledger_kpi_facts_<family>() gives the query; slow: known eight days after the period; open: never known for good';

CREATE FUNCTION ledger_kpi_facts_calendar() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
SELECT s.segment, p.period_start, f.fact, f.value
  FROM @periods@ p CROSS JOIN @segments@ s
 CROSS JOIN LATERAL (VALUES
   ('days', greatest(1, least((p.to_at AT TIME ZONE @zone@)::date, (@now@ AT TIME ZONE @zone@)::date + 1) - p.period_start)::numeric),
   ('months', CASE @grain@ WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 WHEN 'week' THEN 28 / 121.75 ELSE 4 / 121.75 END),
   ('margin', (SELECT m.value::numeric FROM @ledger@.setting m WHERE m.name = 'margin')),
   ('baseline_churn_rate', (SELECT g.baseline::numeric FROM @ledger@.kpi_target g WHERE g.kpi = 'churn_rate' AND g.segment = s.segment AND g.baseline IS NOT NULL ORDER BY g.baseline_on LIMIT 1))) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_calendar() IS 'facts of periods: their days so far, their months, margin and baseline';

CREATE FUNCTION ledger_kpi_parts_kinds() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH counted AS (
  SELECT @segment@ AS segment, @extschema@.period_start(t.occurred_at, @grain@, @zone@) AS period_start, t.kind, k.feeds, k.survey, k.scale_low, k.scale_high, k.stage,
         CASE WHEN k.feeds = 'spend' THEN coalesce(t.properties ->> 'purpose', 'acquisition')
              WHEN k.feeds = 'resource' THEN concat_ws(' ', t.properties ->> 'resource', t.properties ->> 'unit')
              WHEN t.kind = 'self_service' THEN t.properties ->> 'solved' END AS detail,
         CASE WHEN k.survey IS NOT NULL OR t.kind = 'review' THEN t.score END AS score,
         count(*) AS n, sum(t.amount) AS amount, sum(t.quantity) AS quantity, count(t.quantity) AS quantified,
         sum(CASE WHEN t.kind IN ('page_view', 'social_mention', 'brand_mention', 'resource_use') THEN p.value * CASE WHEN t.kind = 'resource_use' THEN t.quantity ELSE 1 END END) AS property, count(p.value) AS propertied,
         sum(t.quantity) FILTER (WHERE k.feeds = 'resource' AND t.properties ->> 'purpose' = 'acquisition') AS acquiring,
         count(*) FILTER (WHERE k.feeds = 'resource' AND t.properties ? 'purpose') AS purposed
    FROM @log@ t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind @scope@
   CROSS JOIN LATERAL (SELECT CASE WHEN t.properties IS NOT NULL AND t.kind IN ('page_view', 'social_mention', 'brand_mention', 'resource_use') THEN
           t.properties -> CASE t.kind WHEN 'page_view' THEN 'duration' WHEN 'resource_use' THEN 'waste' ELSE 'sentiment' END END AS json OFFSET 0) j
   CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(j.json) = 'number' THEN j.json::numeric END AS value) p
   WHERE t.occurred_at >= @from@ AND t.occurred_at < @until@
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
), known AS (
  SELECT c.segment, c.period_start,
         sum(n) FILTER (WHERE kind = 'page_view') AS page_views, sum(property) FILTER (WHERE kind = 'page_view') AS page_seconds, sum(propertied) FILTER (WHERE kind = 'page_view') AS page_seconds_count,
         sum(coalesce(quantity, 0) + n - quantified) FILTER (WHERE kind = 'ad_impression') AS ad_impressions,
         sum(n) FILTER (WHERE kind = 'social_follow') AS social_follows, sum(n) FILTER (WHERE kind = 'social_share') AS social_shares, sum(n) FILTER (WHERE kind = 'social_like') AS social_likes,
         sum(n) FILTER (WHERE kind = 'social_mention') AS social_mentions, sum(n) FILTER (WHERE kind = 'brand_mention') AS brand_mentions,
         sum(property) FILTER (WHERE kind IN ('social_mention', 'brand_mention')) AS sentiment_sum, sum(propertied) FILTER (WHERE kind IN ('social_mention', 'brand_mention')) AS sentiment_count,
         sum(amount) FILTER (WHERE feeds = 'spend' AND detail = 'acquisition') AS spend_acquisition, sum(amount) FILTER (WHERE feeds = 'spend' AND detail = 'retention') AS spend_retention,
         sum(n) FILTER (WHERE feeds = 'purchases') AS purchases, sum(amount) FILTER (WHERE feeds = 'purchases') AS purchase_amount,
         sum(n) FILTER (WHERE feeds = 'refunds') AS refunds, -sum(amount) FILTER (WHERE feeds = 'refunds') AS refund_amount,
         sum(n) FILTER (WHERE kind = 'payment_failed') AS payments_failed,
         sum(amount) FILTER (WHERE kind = 'upsell') AS upsell_amount, sum(amount) FILTER (WHERE kind = 'cross_sell') AS cross_sell_amount,
         sum(n) FILTER (WHERE kind = 'survey_sent') AS surveys_sent, sum(n) FILTER (WHERE survey IS NOT NULL) AS survey_answers,
         sum(n) FILTER (WHERE survey = 'nps' AND score >= 9) AS nps_promoters, sum(n) FILTER (WHERE survey = 'nps' AND score <= 6) AS nps_detractors, sum(n) FILTER (WHERE survey = 'nps' AND score IS NOT NULL) AS nps_responses,
         sum(n) FILTER (WHERE survey = 'csat' AND score >= scale_high - 1) AS csat_satisfied, sum(n) FILTER (WHERE survey = 'csat' AND score IS NOT NULL) AS csat_responses, sum(n * score::numeric) FILTER (WHERE survey = 'csat') AS csat_sum,
         sum(n) FILTER (WHERE survey = 'ces' AND 2 * score > scale_low + scale_high) AS ces_agreeing, sum(n) FILTER (WHERE survey = 'ces' AND score IS NOT NULL) AS ces_responses,
         sum(n * score::numeric) FILTER (WHERE survey = 'ces') AS ces_sum, sum(n * score::numeric * score::numeric) FILTER (WHERE survey = 'ces') AS ces_squares,
         sum(n) FILTER (WHERE kind = 'ticket_opened') AS tickets_opened, sum(n) FILTER (WHERE kind = 'ticket_escalated') AS tickets_escalated,
         sum(n) FILTER (WHERE kind = 'self_service') AS self_service, sum(n) FILTER (WHERE kind = 'self_service' AND lower(detail) IN ('true', 'yes', '1')) AS self_service_solved,
         sum(n) FILTER (WHERE kind = 'review') AS reviews, sum(n) FILTER (WHERE kind = 'review' AND score IS NOT NULL) AS review_scores, sum(n * score::numeric) FILTER (WHERE kind = 'review') AS review_sum,
         sum(n) FILTER (WHERE kind IN ('testimonial', 'case_study')) AS testimonials,
         sum(n) FILTER (WHERE kind = 'referral_sent') AS referrals_sent, sum(n) FILTER (WHERE kind = 'referral_converted') AS referrals_converted,
         sum(quantity) FILTER (WHERE feeds = 'resource') AS resource_use, sum(property) FILTER (WHERE kind = 'resource_use') AS resource_waste,
         sum(acquiring) AS resource_acquiring, sum(purposed) AS resource_purposed,
         sum(n) FILTER (WHERE kind = 'opportunity_opened') AS opportunities_opened
    FROM counted c GROUP BY 1, 2
)
SELECT k.segment, k.period_start, f.fact, f.value FROM known k CROSS JOIN LATERAL (VALUES
  ('page_views', k.page_views), ('page_seconds', k.page_seconds), ('page_seconds_count', k.page_seconds_count), ('ad_impressions', k.ad_impressions),
  ('social_follows', k.social_follows), ('social_shares', k.social_shares), ('social_likes', k.social_likes), ('social_mentions', k.social_mentions), ('brand_mentions', k.brand_mentions),
  ('sentiment_sum', k.sentiment_sum), ('sentiment_count', k.sentiment_count), ('spend_acquisition', k.spend_acquisition), ('spend_retention', k.spend_retention),
  ('purchases', k.purchases), ('purchase_amount', k.purchase_amount), ('refunds', k.refunds), ('refund_amount', k.refund_amount), ('payments_failed', k.payments_failed),
  ('upsell_amount', k.upsell_amount), ('cross_sell_amount', k.cross_sell_amount), ('surveys_sent', k.surveys_sent), ('survey_answers', k.survey_answers),
  ('nps_promoters', k.nps_promoters), ('nps_detractors', k.nps_detractors), ('nps_responses', k.nps_responses), ('csat_satisfied', k.csat_satisfied), ('csat_responses', k.csat_responses), ('csat_sum', k.csat_sum),
  ('ces_agreeing', k.ces_agreeing), ('ces_responses', k.ces_responses), ('ces_sum', k.ces_sum), ('ces_squares', k.ces_squares), ('tickets_opened', k.tickets_opened), ('tickets_escalated', k.tickets_escalated),
  ('self_service', k.self_service), ('self_service_solved', k.self_service_solved), ('reviews', k.reviews), ('review_scores', k.review_scores), ('review_sum', k.review_sum), ('testimonials', k.testimonials),
  ('referrals_sent', k.referrals_sent), ('referrals_converted', k.referrals_converted), ('resource_use', k.resource_use), ('resource_waste', k.resource_waste),
  ('resource_acquiring', k.resource_acquiring), ('resource_purposed', k.resource_purposed), ('opportunities_opened', k.opportunities_opened)) f (fact, value)
UNION ALL
SELECT c.segment, c.period_start, 'resource_unit ' || c.detail, sum(c.n) FROM counted c WHERE c.feeds = 'resource' GROUP BY 1, 2, 3
$sql$;
COMMENT ON FUNCTION ledger_kpi_parts_kinds() IS 'part of KPIs: the query for touchpoints counted and summed by kind';

CREATE FUNCTION ledger_kpi_facts_kinds() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH part (segment, period_start, fact, value) AS MATERIALIZED (@parts@)
SELECT p.segment, p.period_start, p.fact, p.value FROM part p WHERE p.fact !~ '^resource_(unit |acquiring$|purposed$)'
UNION ALL
SELECT p.segment, p.period_start, 'resource_units', count(*)::numeric FROM part p WHERE p.fact ~ '^resource_unit ' AND p.value <> 0 GROUP BY 1, 2
UNION ALL
SELECT p.segment, p.period_start, 'resource_acquisition', sum(p.value) FILTER (WHERE p.fact = CASE WHEN p.purposed > 0 THEN 'resource_acquiring' ELSE 'resource_use' END)
  FROM (SELECT w.*, sum(w.value) FILTER (WHERE w.fact = 'resource_purposed') OVER (PARTITION BY w.segment, w.period_start) AS purposed
          FROM part w WHERE w.fact IN ('resource_use', 'resource_acquiring', 'resource_purposed')) p GROUP BY 1, 2
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_kinds() IS 'facts of periods: touchpoints counted and summed by kind';


CREATE FUNCTION ledger_kpi_facts_people() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH daily AS (
  SELECT t.customer_id, @extschema@.period_start(t.occurred_at, 'day', @zone@) AS day,
         bool_or(k.alive) AS alive, bool_or(k.feeds = 'purchases') AS bought, bool_or(t.kind IN ('loyalty_earned', 'loyalty_redeemed')) AS loyal,
         bool_or(t.kind = 'cross_sell') AS crossed, bool_or(t.kind = 'upsell') AS upped
    FROM @log@ t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind
   WHERE t.occurred_at >= @from@ AND t.occurred_at < @until@ AND t.customer_id IS NOT NULL AND (k.alive OR k.feeds = 'purchases')
   GROUP BY 1, 2
), person AS (
  SELECT date_trunc(@grain@, d.day::timestamp)::date AS period_start, d.customer_id,
         count(*) FILTER (WHERE d.alive) AS alive_days, count(*) FILTER (WHERE d.bought) AS buying_days,
         bool_or(d.loyal) AS loyal, bool_or(d.crossed) AS crossed, bool_or(d.upped) AS upped
    FROM daily d GROUP BY 1, 2
), known AS MATERIALIZED ( -- once a person, whatever segments he is in
  SELECT p.*, EXISTS (SELECT FROM @ledger@.stage_history h WHERE h.customer_id = p.customer_id AND h.entered_at < least(q.to_at, @seen@) AND (h.left_at IS NULL OR h.left_at > q.from_at) AND @extschema@.is_customer(h.stage)) AS is_served,
         CASE WHEN p.buying_days > 0 THEN (SELECT c.first_purchase_at FROM @ledger@.customer c WHERE c.customer_id = p.customer_id) < q.from_at END AS bought_before
    FROM (SELECT o.* FROM person o ORDER BY o.customer_id OFFSET 0) p -- in the order of the indexes, whose pages are then at hand
    JOIN @periods@ q ON q.period_start = p.period_start
), counted AS (
  SELECT @segment@ AS segment, t.period_start,
         count(*) FILTER (WHERE t.alive_days > 0) AS people_active, sum(t.alive_days) AS people_days,
         count(*) FILTER (WHERE t.alive_days > 0 AND t.is_served) AS customers_active,
         count(*) FILTER (WHERE t.buying_days > 0) AS buyers, count(*) FILTER (WHERE t.buying_days > 1) AS buyers_again,
         count(*) FILTER (WHERE t.bought_before) AS buyers_returning,
         count(*) FILTER (WHERE t.loyal AND t.is_served) AS loyalty_customers,
         count(*) FILTER (WHERE t.crossed AND t.is_served) AS cross_sell_customers,
         count(*) FILTER (WHERE t.upped AND t.is_served) AS upsell_customers
    FROM known t @scope@
   GROUP BY 1, 2
)
SELECT c.segment, c.period_start, f.fact, f.value::numeric FROM counted c CROSS JOIN LATERAL (VALUES
  ('people_active', c.people_active), ('people_days', c.people_days), ('customers_active', c.customers_active), ('buyers', c.buyers), ('buyers_again', c.buyers_again),
  ('buyers_returning', c.buyers_returning), ('loyalty_customers', c.loyalty_customers), ('cross_sell_customers', c.cross_sell_customers), ('upsell_customers', c.upsell_customers)) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_people() IS 'facts of periods: different people who were active, bought, took part';

CREATE FUNCTION ledger_kpi_facts_sessions() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH page AS (
  SELECT @segment@ AS segment, t.occurred_at, t.customer_id, CASE WHEN t.customer_id IS NULL THEN t.properties ->> 'device' END AS device,
         t.properties ->> 'session' AS named, CASE WHEN t.properties ? 'session' THEN NULL ELSE coalesce(t.customer_id::text, t.properties ->> 'device') END AS unnamed,
         CASE WHEN t.properties ? 'session' THEN interval '24 hours' ELSE @gap@ END AS gap
    FROM @log@ t @scope@
   WHERE t.kind = 'page_view' AND t.occurred_at >= @from@ - interval '24 hours' AND t.occurred_at < least(@until@ + interval '24 hours', @now@)
     AND (t.customer_id IS NOT NULL OR t.properties ? 'device' OR t.properties ? 'session')
), neighbour AS (
  SELECT p.*, coalesce(p.occurred_at - lag(p.occurred_at) OVER thread > p.gap, true) AS begins
    FROM page p WINDOW thread AS (PARTITION BY p.segment, p.named, p.unnamed, p.customer_id IS NULL AND p.named IS NULL ORDER BY p.occurred_at)
), numbered AS (
  SELECT n.*, sum(n.begins::integer) OVER (PARTITION BY n.segment, n.named, n.unnamed, n.customer_id IS NULL AND n.named IS NULL ORDER BY n.occurred_at ROWS UNBOUNDED PRECEDING) AS session
    FROM neighbour n
), session AS (
  SELECT n.segment, min(n.occurred_at) AS began_at, count(*) AS pages FROM numbered n GROUP BY n.segment, n.named, n.unnamed, n.customer_id IS NULL AND n.named IS NULL, n.session
)
SELECT s.segment, @extschema@.period_start(s.began_at, @grain@, @zone@) AS period_start, f.fact, sum(f.value)::numeric
  FROM session s CROSS JOIN LATERAL (VALUES ('sessions', 1), ('bounces', (s.pages = 1)::integer), ('session_pages', s.pages)) f (fact, value)
 WHERE s.began_at >= @from@ AND s.began_at < @until@ GROUP BY 1, 2, 3
UNION ALL
SELECT p.segment, @extschema@.period_start(p.occurred_at, @grain@, @zone@), 'visitors', (count(DISTINCT p.customer_id) + count(DISTINCT p.device))::numeric
  FROM page p WHERE p.occurred_at >= @from@ AND p.occurred_at < @until@ GROUP BY 1, 2
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_sessions() IS 'facts of periods: sessions of the website, which silence ends or which are named, by their beginning; visitors';
