--
-- views: how customers are, and why they leave
--

CREATE FUNCTION ledger_view_health_overview(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'health_overview', $view$
--: customers by band of health: green is a score of 7 and more, yellow 4 and more, red less
WITH band AS (
  SELECT b.band, b.n FROM unnest(ARRAY['red', 'yellow', 'green', 'unknown']) WITH ORDINALITY AS b (band, n)
)
SELECT b.band AS health_band, --: red, yellow, green; unknown: too few measures have a value, or never read
       b.n::integer AS band_order, --: to sort by
       count(c.customer_id) AS customer_count, --: customers (conversion to advocacy) in the band
       count(c.customer_id) / nullif(sum(count(c.customer_id)) OVER (), 0)::double precision AS customer_rate, --: customer_count / customers of all bands, 0..1
       avg(h.health_score) AS mean_health_score, --: mean score, 1 (bad) to 10 (good)
       count(c.customer_id) FILTER (WHERE h.health_score > h.previous_score) AS improved_count, --: customers whose score has risen since the reading before
       count(c.customer_id) FILTER (WHERE h.health_score < h.previous_score) AS worsened_count, --: customers whose score has fallen since the reading before
       count(h.override_reason) AS override_count, --: customers whose band was set by someone
       avg(h.churn_probability) AS mean_churn_probability, --: mean probability of leaving within 90 days, 0..1, by the model of churn
       coalesce(sum(c.mrr_amount), 0)::numeric(18,4) AS mrr_amount, --: recurring revenue a month of these customers
       coalesce(sum(c.purchase_amount), 0)::numeric(18,4) AS purchase_amount, --: purchases of these customers so far
       min(h.read_at) AS oldest_read_at, --: oldest of the last readings
       max(h.read_at) AS newest_read_at --: newest of the last readings
  FROM band b
  LEFT JOIN (@ledger@.customer c
             LEFT JOIN @ledger@.customer_health h ON h.customer_id = c.customer_id)
    ON @extschema@.is_customer(c.stage) AND coalesce(h.health_band, 'unknown') = b.band
 GROUP BY b.band, b.n
 ORDER BY b.n
$view$);
COMMENT ON FUNCTION ledger_view_health_overview(text) IS 'part of ledger_make_views(): health_overview';

CREATE FUNCTION ledger_view_health_by_pillar(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'health_by_pillar', $view$
--: health of customers by pillar: clarity, consistency, convenience, collaboration, care
WITH score AS (
  SELECT p.pillar::text AS pillar, p.score, h.top_driver
    FROM @ledger@.customer_health h
    JOIN @ledger@.customer c ON c.customer_id = h.customer_id AND @extschema@.is_customer(c.stage)
   CROSS JOIN LATERAL (VALUES ('clarity', h.clarity), ('consistency', h.consistency), ('convenience', h.convenience),
                              ('collaboration', h.collaboration), ('care', h.care)) AS p (pillar, score)
), by_pillar AS (
  SELECT s.pillar, count(*) AS n, count(s.score) AS scored, avg(s.score) AS mean,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY s.score) AS median,
         count(*) FILTER (WHERE s.score < 4) AS red, count(*) FILTER (WHERE s.score >= 4 AND s.score < 7) AS yellow,
         count(*) FILTER (WHERE s.score >= 7) AS green,
         count(*) FILTER (WHERE EXISTS (SELECT FROM @ledger@.health_measure m WHERE m.measure = s.top_driver AND m.pillar = s.pillar)) AS worst
    FROM score s GROUP BY s.pillar
)
SELECT p.pillar::text AS pillar, --: the pillar
       p.n::integer AS pillar_order, --: to sort by
       coalesce(b.scored, 0) AS customer_count, --: customers who have a score of the pillar
       b.mean AS mean_score, --: mean score, 1 (bad) to 10 (good)
       b.median AS median_score, --: median score, 1 (bad) to 10 (good)
       coalesce(b.red, 0) AS red_count, --: customers with a score below 4
       coalesce(b.yellow, 0) AS yellow_count, --: customers with a score of 4 to below 7
       coalesce(b.green, 0) AS green_count, --: customers with a score of 7 and more
       b.green / nullif(b.scored, 0)::double precision AS green_rate, --: green_count / customer_count, 0..1
       coalesce(b.n, 0) - coalesce(b.scored, 0) AS unknown_count, --: customers read of whom too few measures of the pillar have a value
       coalesce(b.worst, 0) AS top_driver_count, --: customers whose score suffers most from a measure of this pillar
       (SELECT count(*) FROM @ledger@.health_measure m WHERE m.pillar = p.pillar AND m.is_active) AS measure_count --: active measures of the pillar
  FROM unnest(ARRAY['clarity', 'consistency', 'convenience', 'collaboration', 'care']) WITH ORDINALITY AS p (pillar, n)
  LEFT JOIN by_pillar b ON b.pillar = p.pillar
 ORDER BY p.n
$view$);
COMMENT ON FUNCTION ledger_view_health_by_pillar(text) IS 'part of ledger_make_views(): health_by_pillar';

CREATE FUNCTION ledger_view_churn_reasons(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'churn_reasons', pg_catalog.replace($view$
--: why customers left, by month
WITH churned AS (
  SELECT h.customer_id, h.entered_at, @extschema@.period_start(h.entered_at, 'month', @time_zone@) AS day, h.reason AS moved_by, h.actor
    FROM @ledger@.stage_history h
   WHERE h.stage = 'churned'
), explained AS (
  SELECT x.day, CASE WHEN NOT x.by_rule THEN 'stage_set' ELSE coalesce(x.kind, x.moved_by) END AS ended_by,
         CASE WHEN x.by_rule THEN x.reason ELSE x.moved_by END AS reason, x.is_voluntary
    FROM (@explained@) x
)
SELECT @month e.day@
       e.ended_by, --: what ended it: kind of a touchpoint (notice given, or the end itself), silence, last subject ended (a term ran out), stage_set (forced)
       e.reason, --: the reason given with it, property reason; NULL: none
       e.is_voluntary, --: the customer wanted it: property voluntary; false also after a failed payment within 30 days (720 hours) before; NULL: not known
       count(*) AS churn_count, --: customers who left so; who leaves twice counts twice
       count(*) / sum(count(*)) OVER (PARTITION BY e.day)::double precision AS churn_share --: churn_count / all who left in the month, 0..1
  FROM explained e
 GROUP BY e.day, e.ended_by, e.reason, e.is_voluntary
 ORDER BY e.day, count(*) DESC, e.ended_by, e.reason, e.is_voluntary
$view$, '@explained@', @extschema@.ledger_churn_explained()));
COMMENT ON FUNCTION ledger_view_churn_reasons(text) IS 'part of ledger_make_views(): churn_reasons';

CREATE FUNCTION ledger_view_churn_risk(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'churn_risk', $view$
--: customers who may leave: how likely, what is at stake, and what to do; one row a customer (conversion to advocacy)
SELECT c.customer_id, --: key of the customer
       @stage c.stage stage: stage of the lifecycle now@
       c.churn_probability, --: of leaving, 0..1; NULL: no model (ledger_fit)
       c.churn_method, --: where it comes from: model of churn (within 90 days of the last reading of health), or 1 - p_alive (has left already)
       CASE WHEN c.churn_probability >= 0.5 THEN 'high' WHEN c.churn_probability >= 0.2 THEN 'medium' WHEN c.churn_probability >= 0 THEN 'low' END AS risk_level, --: high: 0.5 and more; medium: 0.2 and more; low: less
       c.silent_days, --: days since the last sign of life
       @extschema@.ledger_churns_at(s.fold_state, coalesce((SELECT w.value::interval FROM @ledger@.setting w WHERE w.name = 'silence_after'), interval '90 days')) AS churns_at, --: when the customer churns if nothing happens until then: silence, or the last end of what is open; NULL: something open without an end
       c.mrr_amount, --: recurring revenue per month of open subscriptions
       c.cltv_predicted, --: revenue expected within 12 months, discounted at 10 % a year
       12 * c.churn_probability * c.mrr_amount::double precision AS mrr_at_risk, --: churn_probability x mrr_amount x 12, money a year
       c.health_score, --: health at the last reading, 1 (bad) to 10 (good)
       c.health_band, --: red, yellow or green
       c.health_trend, --: up, steady or down since the reading before
       c.top_driver, --: the measure that costs the health score most
       c.next_action --: what is to be done next
  FROM @ledger@.customer_360 c
  JOIN @ledger@.customer s ON s.customer_id = c.customer_id
 WHERE @extschema@.is_customer(c.stage)
$view$);
COMMENT ON FUNCTION ledger_view_churn_risk(text) IS 'part of ledger_make_views(): churn_risk';
