--
-- Retention by cohort, activity, channels, attribution, experiments, targets
--

CREATE FUNCTION ledger_view_cohort_retention(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'cohort_retention', $view$
--: the retention triangle: customers by month of their first payment, and how many showed a sign of life so many months later
WITH person AS (
  SELECT t.customer_id, @extschema@.activity_agg(t.occurred_at, 'month', z.time_zone) AS activity
    FROM @ledger@.touchpoint t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.alive
    JOIN @ledger@.customer c ON c.customer_id = t.customer_id AND t.occurred_at >= c.first_paid_at
   CROSS JOIN (SELECT s.value AS time_zone FROM @ledger@.setting s WHERE s.name = 'time_zone') z
   GROUP BY t.customer_id
), everyone AS MATERIALIZED (
  SELECT @extschema@.cohort_agg(p.activity) AS cohorts, (now() AT TIME ZONE @time_zone@)::date AS today FROM person p
)
SELECT n.cohort AS cohort_start, --: first day of the month in which they paid for the first time
       n.age AS age_months, --: months since: 0 is that month
       n.size AS customer_count, --: customers of the cohort
       n.retained AS retained_count, --: of them with a sign of life in exactly that month (n-day)
       n.rate AS retention_rate, --: retained_count / customer_count, 0..1
       u.retained AS retained_unbounded_count, --: of them with a sign of life in that month or any later one
       u.rate AS retention_unbounded_rate, --: retained_unbounded_count / customer_count, 0..1
       n.complete AS is_complete --: the month of that age is over; cohorts too young to have begun it are not here
  FROM everyone e
 CROSS JOIN LATERAL @extschema@.cohort_retention(e.cohorts, e.today + 1, 'n_day') n
  JOIN LATERAL @extschema@.cohort_retention(e.cohorts, e.today + 1, 'unbounded') u ON u.cohort = n.cohort AND u.age = n.age
$view$);
COMMENT ON FUNCTION ledger_view_cohort_retention(text) IS 'part of ledger_make_views(): cohort_retention';

CREATE FUNCTION ledger_view_activity_lifecycle(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'activity_lifecycle', $view$
--: who was active: by week and month, new, returning, resurrecting and dormant people
WITH daily AS MATERIALIZED (
  SELECT t.customer_id, @extschema@.activity_agg(t.occurred_at, 'week', z.time_zone) AS weeks, @extschema@.activity_agg(t.occurred_at, 'month', z.time_zone) AS months
    FROM @ledger@.touchpoint t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.alive
   CROSS JOIN (SELECT s.value AS time_zone FROM @ledger@.setting s WHERE s.name = 'time_zone') z
   WHERE t.customer_id IS NOT NULL GROUP BY t.customer_id
), everyone AS MATERIALIZED (
  SELECT @extschema@.cohort_agg(d.weeks) AS weeks, @extschema@.cohort_agg(d.months) AS months, (now() AT TIME ZONE @time_zone@)::date + 1 AS tomorrow FROM daily d
)
SELECT g.period_grain, --: week or month
       l.period AS period_start, --: first day of the period, by the clock of the ledger's time zone
       l.complete AS is_complete, --: the period is over
       l.active_count, --: people with a sign of life: new + returning + resurrecting
       l.new_count, --: active for the first time
       l.returning_count, --: active, and in the period before
       l.resurrecting_count, --: active, and earlier, but not in the period before
       l.dormant_count --: active in the period before, not in this one
  FROM everyone e
 CROSS JOIN LATERAL (VALUES ('week', e.weeks), ('month', e.months)) g (period_grain, cohorts)
 CROSS JOIN LATERAL @extschema@.activity_lifecycle(g.cohorts, e.tomorrow) l
$view$);
COMMENT ON FUNCTION ledger_view_activity_lifecycle(text) IS 'part of ledger_make_views(): activity_lifecycle';

CREATE FUNCTION ledger_view_acquisition_channels(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'acquisition_channels', $view$
--: what each channel costs and brings, since the ledger began: customers count for the channel of their first touchpoint that names one
WITH spent AS (
  SELECT coalesce(t.channel, 'unknown') AS channel, sum(t.amount) AS amount
    FROM @ledger@.touchpoint t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.feeds = 'spend'
   WHERE coalesce(t.properties ->> 'purpose', 'acquisition') = 'acquisition' GROUP BY 1
), identified AS (
  SELECT t.customer_id, min(t.occurred_at) AS at
    FROM @ledger@.touchpoint t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.stage = 'acquisition' WHERE t.customer_id IS NOT NULL GROUP BY 1
), stay AS (
  SELECT h.customer_id, sum(extract(epoch FROM least(coalesce(h.left_at, now()), now()) - h.entered_at)) / 2629800 AS months
    FROM @ledger@.stage_history h WHERE @extschema@.is_customer(h.stage) GROUP BY 1
), lost AS (
  SELECT h.customer_id, count(*) AS n FROM @ledger@.stage_history h WHERE h.stage = 'churned' GROUP BY 1
), brought AS (
  SELECT coalesce(c.channel, 'unknown') AS channel, count(*) FILTER (WHERE i.at IS NOT NULL AND (c.first_paid_at IS NULL OR i.at <= c.first_paid_at)) AS leads,
         count(*) FILTER (WHERE @extschema@.is_customer(c.max_stage)) AS customers, count(*) FILTER (WHERE @extschema@.is_customer(c.stage)) AS customers_now,
         coalesce(sum(c.purchase_amount - coalesce(c.refund_amount, 0)), 0) AS revenue, coalesce(sum(c.mrr_amount), 0) AS mrr, sum(s.months) AS months, coalesce(sum(l.n), 0) AS lost
    FROM @ledger@.customer c LEFT JOIN identified i ON i.customer_id = c.customer_id LEFT JOIN stay s ON s.customer_id = c.customer_id LEFT JOIN lost l ON l.customer_id = c.customer_id
   WHERE c.stage IS NOT NULL GROUP BY 1
), joined AS (
  SELECT coalesce(b.channel, s.channel) AS channel, s.amount AS spend, coalesce(b.leads, 0) AS leads, coalesce(b.customers, 0) AS customers, coalesce(b.customers_now, 0) AS customers_now,
         coalesce(b.revenue, 0) AS revenue, coalesce(b.mrr, 0) AS mrr, coalesce(b.lost, 0) AS lost, b.months::double precision AS months,
         (SELECT m.value::double precision FROM @ledger@.setting m WHERE m.name = 'margin') AS margin
    FROM brought b FULL JOIN spent s ON s.channel = b.channel
), rated AS (
  SELECT j.*, j.spend::double precision / nullif(j.customers, 0) AS cac, j.lost / nullif(j.months, 0) AS churn,
         j.revenue::double precision / nullif(j.months, 0) + j.mrr::double precision / nullif(j.customers_now, 0) AS arpa
    FROM joined j
)
SELECT r.channel, --: channel of acquisition; unknown: none is known
       coalesce(r.spend, 0)::numeric(18,4) AS spend_amount, --: money spent on acquisition by this channel
       r.leads AS lead_count, --: people identified before any payment
       r.customers AS customer_count, --: who have ever become customers
       r.customers_now AS customer_now_count, --: of them, customers now
       (r.customers / nullif(r.leads, 0)::double precision) AS customers_per_lead, --: customer_count / lead_count
       (r.spend::double precision / nullif(r.leads, 0))::numeric(18,4) AS cost_per_lead_amount, --: spend_amount / lead_count; NULL where no spend of the channel is recorded
       r.cac::numeric(18,4) AS cac_amount, --: spend_amount / customer_count; NULL where no spend of the channel is recorded
       r.revenue::numeric(18,4) AS revenue_amount, --: purchases less refunds, of customers of the channel
       r.mrr::numeric(18,4) AS mrr_amount, --: recurring revenue a month, now
       r.arpa::numeric(18,4) AS arpa_amount, --: revenue of a customer a month: purchases less refunds / months as customers, plus recurring revenue / customers now
       r.churn AS churn_monthly_rate, --: customers lost / months as customers
       r.cac / nullif(r.arpa * r.margin, 0) AS payback_months, --: cac / (arpa * margin)
       (r.arpa * r.margin / nullif(r.churn, 0))::numeric(18,4) AS cltv_amount, --: lifetime value: arpa * margin / churn_monthly_rate; NULL without churn
       r.arpa * r.margin / nullif(r.churn, 0) / nullif(r.cac, 0) AS ltv_to_cac --: cltv / cac
  FROM rated r
$view$);
COMMENT ON FUNCTION ledger_view_acquisition_channels(text) IS 'part of ledger_make_views(): acquisition_channels';

CREATE FUNCTION ledger_view_attribution_by_channel(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'attribution_by_channel', $view$
--: first payments shared among the channels that led to them, by all rules side by side; each rule's credits add up to all first payments
WITH choice AS (
  SELECT coalesce((SELECT s.value FROM @ledger@.setting s WHERE s.name = 'attribution_lookback'), '90 days')::interval AS lookback
), journey AS MATERIALIZED (
  SELECT c.first_paid_at AS converted_at, j.journey, coalesce(c.first_paid_at, j.last_at) AS until
    FROM @ledger@.customer c LEFT JOIN (
      SELECT t.customer_id, @extschema@.journey_agg(t.occurred_at, t.kind, t.channel) AS journey, max(t.occurred_at) AS last_at
        FROM @ledger@.touchpoint t WHERE t.channel IS NOT NULL AND t.customer_id IS NOT NULL GROUP BY 1) j ON j.customer_id = c.customer_id
   WHERE j.customer_id IS NOT NULL OR c.first_paid_at IS NOT NULL
), ruled AS (
  SELECT a.channel, a.rule, sum(a.credit) AS credit
    FROM journey j CROSS JOIN choice o
   CROSS JOIN LATERAL @extschema@.attribution_totals(j.journey, ARRAY[j.converted_at], rules => '{first,last,last_non_direct,linear,time_decay,position}', lookback => o.lookback) a
   WHERE j.converted_at IS NOT NULL GROUP BY 1, 2
), paths AS MATERIALIZED (
  SELECT @extschema@.path_agg(coalesce(@extschema@.journey_path(j.journey, what => 'channel', since => j.until - o.lookback + interval '1 microsecond', until => j.until), '{}'), j.converted_at IS NOT NULL) AS paths
    FROM journey j CROSS JOIN choice o
), credited AS (
  SELECT r.channel, r.rule, r.credit, NULL::double precision AS removal FROM ruled r
  UNION ALL SELECT m.channel, 'markov', m.credit, m.removal_effect FROM paths p CROSS JOIN LATERAL @extschema@.markov_attribution(p.paths) m
  UNION ALL SELECT s.channel, 'shapley', s.credit, NULL FROM paths p CROSS JOIN LATERAL @extschema@.shapley_attribution(p.paths) s
)
SELECT coalesce(c.channel, 'unknown') AS channel, --: channel of touchpoints; unknown: none within the lookback (setting attribution_lookback) before the first payment
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'first'), 0) AS first_credit, --: first payments credited to the first touch
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'last'), 0) AS last_credit, --: ... to the last touch
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'last_non_direct'), 0) AS last_non_direct_credit, --: ... to the last touch that is not direct
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'linear'), 0) AS linear_credit, --: ... to all touches alike
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'time_decay'), 0) AS time_decay_credit, --: ... half as much for each 7 days before
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'position'), 0) AS position_credit, --: ... 40 % to the first, 40 % to the last, the rest between
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'markov'), 0) AS markov_credit, --: ... by what would be lost without the channel, in a Markov chain of all journeys
       coalesce(sum(c.credit) FILTER (WHERE c.rule = 'shapley'), 0) AS shapley_credit, --: ... by Shapley value
       max(c.removal) AS removal_effect --: share 0..1 of the conversions that would be lost without the channel
  FROM credited c GROUP BY 1
$view$);
COMMENT ON FUNCTION ledger_view_attribution_by_channel(text) IS 'part of ledger_make_views(): attribution_by_channel';

CREATE FUNCTION ledger_view_experiments(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'experiments', $view$
--: what became of those who saw each variant of an experiment, since they first saw it, beside the control: one row each measure
WITH exposure AS (
  SELECT DISTINCT ON (t.customer_id, t.properties ->> 'experiment') t.customer_id, t.properties ->> 'experiment' AS experiment, coalesce(t.properties ->> 'variant', 'unknown') AS variant, t.occurred_at AS at
    FROM @ledger@.touchpoint t WHERE t.kind = 'experiment_exposure' AND t.customer_id IS NOT NULL AND t.properties ->> 'experiment' IS NOT NULL
   ORDER BY t.customer_id, t.properties ->> 'experiment', t.occurred_at, t.properties ->> 'variant'
), person AS (
  SELECT e.experiment, e.variant, e.customer_id, @extschema@.is_customer(c.stage) AS is_customer,
         count(*) FILTER (WHERE k.is_payment) > 0 AS paid, count(*) FILTER (WHERE k.feeds = 'purchases') > 1 AS again, count(*) FILTER (WHERE t.kind = 'activated') > 0 AS activated,
         count(*) FILTER (WHERE t.kind = 'signup') > 0 AS signed_up, count(*) FILTER (WHERE t.kind = 'ticket_opened') > 0 AS opened_ticket, count(*) FILTER (WHERE t.kind IN ('referral_sent', 'referral_converted')) > 0 AS referred,
         coalesce(bool_or(k.alive AND t.occurred_at > now() - interval '720 hours'), false) AS active,
         EXISTS (SELECT FROM @ledger@.stage_history h WHERE h.customer_id = e.customer_id AND h.stage = 'churned' AND h.entered_at > e.at) AS churned,
         EXISTS (SELECT FROM @ledger@.stage_history h WHERE h.customer_id = e.customer_id AND @extschema@.is_customer(h.stage) AND (h.left_at IS NULL OR h.left_at > e.at)) AS served,
         count(*) FILTER (WHERE k.survey = 'nps') AS nps, count(*) FILTER (WHERE k.survey = 'nps' AND t.score >= 9) AS promoters, count(*) FILTER (WHERE k.survey = 'csat') AS csat, count(*) FILTER (WHERE k.survey = 'csat' AND t.score >= k.scale_high - 1) AS satisfied,
         coalesce(sum(t.amount) FILTER (WHERE k.feeds IN ('purchases', 'refunds')), 0) AS revenue
    FROM exposure e JOIN @ledger@.customer c ON c.customer_id = e.customer_id
    LEFT JOIN @ledger@.touchpoint t ON t.customer_id = e.customer_id AND t.occurred_at > e.at
    LEFT JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind
   GROUP BY e.experiment, e.variant, e.customer_id, e.at, c.stage
), measured AS (
  SELECT p.experiment, p.variant, count(*) AS exposed, v.kpi, v.is_share, sum(v.n)::bigint AS n, sum(v.hits)::double precision AS hits, sum(v.hits * v.hits)::double precision AS squares
    FROM person p CROSS JOIN LATERAL (VALUES
      ('conversion_rate', true, 1::bigint, p.paid::integer::numeric), ('repeat_purchase_rate', true, p.paid::integer, (p.paid AND p.again)::integer), ('signup_rate', true, 1, p.signed_up::integer), ('activation_rate', true, 1, p.activated::integer),
      ('engagement_rate', true, 1, p.active::integer), ('churn_rate', true, p.served::integer, (p.served AND p.churned)::integer), ('referral_rate', true, 1, p.referred::integer), ('ticket_rate', true, 1, p.opened_ticket::integer),
      ('promoter_share', true, p.nps, p.promoters), ('csat', true, p.csat, p.satisfied), ('revenue_per_person', false, 1, p.revenue)) v (kpi, is_share, n, hits)
   GROUP BY 1, 2, 4, 5
), controlled AS (
  SELECT m.*, first_value(m.variant) OVER w = m.variant AS is_control, first_value(m.n) OVER w AS control_n, first_value(m.hits) OVER w AS control_hits, first_value(m.squares) OVER w AS control_squares,
         m.hits / nullif(m.n, 0) AS value
    FROM measured m WINDOW w AS (PARTITION BY m.experiment, m.kpi ORDER BY lower(m.variant) <> 'control', m.variant COLLATE "C" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), tested AS (
  SELECT c.*, c.control_hits / nullif(c.control_n, 0) AS control_value,
         CASE WHEN c.is_share AND c.n > 0 THEN @extschema@.csat_interval(format('{"scale": [0, 1], "counts": [%s, %s]}', (c.n - c.hits)::bigint, c.hits::bigint)::@extschema@.rating_summary, 0.95, 1)
              WHEN c.n > 1 THEN (SELECT ROW(c.value - w.half, c.value + w.half)::@extschema@.confidence_bounds FROM (SELECT 1.959963984540054 * sqrt(greatest(c.squares - c.hits * c.hits / c.n, 0) / (c.n - 1) / c.n) AS half) w) END AS bounds,
         e.z, e.p_value,
         CASE WHEN c.is_share THEN sqrt(c.value * (1 - c.value) / nullif(c.n, 0) + c.control_hits / nullif(c.control_n, 0) * (1 - c.control_hits / nullif(c.control_n, 0)) / nullif(c.control_n, 0))
              WHEN c.n > 1 AND c.control_n > 1 THEN sqrt(greatest(c.squares - c.hits * c.hits / c.n, 0) / (c.n - 1) / c.n + greatest(c.control_squares - c.control_hits * c.control_hits / c.control_n, 0) / (c.control_n - 1) / c.control_n) END AS error
    FROM controlled c
    LEFT JOIN LATERAL @extschema@.nps_compare(
      (CASE WHEN c.is_share AND NOT c.is_control THEN format('{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, %s, 0, %s, 0]}', (c.control_n - c.control_hits)::bigint, c.control_hits::bigint) END)::@extschema@.rating_summary,
      (CASE WHEN c.is_share AND NOT c.is_control THEN format('{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, %s, 0, %s, 0]}', (c.n - c.hits)::bigint, c.hits::bigint) END)::@extschema@.rating_summary) e
      ON c.is_share AND NOT c.is_control AND c.n > 0 AND c.control_n > 0
)
SELECT t.experiment, --: property experiment of experiment_exposure
       t.variant, --: property variant of the first exposure
       t.kpi, --: what is compared; people who were exposed, unless said otherwise: churn_rate of customers, promoter_share and csat of answers, repeat_purchase_rate of buyers
       t.is_control, --: the others are compared with this one: named control, else the first by name
       t.exposed AS exposed_count, --: people who saw the variant
       t.n AS sample_count, --: out of how many: people, customers, buyers or answers
       t.hits AS total, --: how many of them did it, or the sum of their revenue
       t.value, --: total / sample_count
       (t.bounds).lower AS value_lower, --: lower end of the 95 % interval of value: Wilson for shares, normal for means
       (t.bounds).upper AS value_upper, --: upper end of the 95 % interval of value
       CASE WHEN NOT t.is_control THEN t.value - t.control_value END AS difference, --: value less the control's
       CASE WHEN NOT t.is_control THEN t.value - t.control_value - 1.959963984540054 * t.error END AS difference_lower, --: lower end of the 95 % interval of the difference (Wald, variances not pooled)
       CASE WHEN NOT t.is_control THEN t.value - t.control_value + 1.959963984540054 * t.error END AS difference_upper, --: upper end of the 95 % interval of the difference
       CASE WHEN t.is_share THEN t.z WHEN NOT t.is_control THEN (t.value - t.control_value) / nullif(t.error, 0) END AS z, --: the difference in standard errors
       t.p_value, --: probability of such a difference by chance alone, two-sided two-proportion test; NULL for means and the control
       CASE WHEN t.is_share THEN 'two proportions, not pooled' ELSE 'means, normal' END AS method --: how the variants were compared
  FROM tested t
$view$);
COMMENT ON FUNCTION ledger_view_experiments(text) IS 'part of ledger_make_views(): experiments';

-- Who saw which variant of an experiment first; a variant stands where a segment would: experiment, unit separator, variant.
CREATE FUNCTION ledger_experiment_variants(ledger text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$(SELECT DISTINCT ON (v.customer_id, v.properties ->> 'experiment') v.customer_id, v.properties ->> 'experiment' AS experiment, v.occurred_at AS seen_at,
    (v.properties ->> 'experiment') || chr(31) || coalesce(v.properties ->> 'variant', 'unknown') AS segment
  FROM %I.touchpoint v WHERE v.kind = 'experiment_exposure' AND v.customer_id IS NOT NULL AND v.properties ->> 'experiment' IS NOT NULL
 ORDER BY v.customer_id, v.properties ->> 'experiment', v.occurred_at, v.properties ->> 'variant')$sql$, ledger);
COMMENT ON FUNCTION ledger_experiment_variants(text) IS 'part of experiment_kpis: the query for the variant of each experiment that a customer saw first';

CREATE FUNCTION ledger_kpi_live_variants(
  ledger text, OUT segment text, OUT period_start date, OUT fact text, OUT value numeric
) RETURNS SETOF record
  LANGUAGE plpgsql STABLE ROWS 10000
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope text := @extschema@.ledger_experiment_variants(ledger);
  zone text := @extschema@.ledger_setting(ledger, 'time_zone');
  part record;
BEGIN
  FOR part IN EXECUTE format('SELECT min(x.seen_at) AS began_at, array_agg(DISTINCT x.segment) AS variants FROM %s x GROUP BY x.experiment', scope) LOOP
    RETURN QUERY SELECT f.segment, f.period_start, f.fact, f.value
                   FROM @extschema@.ledger_kpi_facts(ledger, 'month', @extschema@.period_start(part.began_at, 'month', zone), (@extschema@.period_start(now(), 'month', zone) + interval '1 month')::date,
                          ARRAY(SELECT k.family FROM @extschema@.ledger_kpi_families() k), scope, part.variants) f;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_kpi_live_variants(text) IS 'the facts of months by variant of each experiment, since the month in which somebody saw the first';

CREATE FUNCTION ledger_view_experiment_kpis(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'experiment_kpis', format($view$
--: every KPI of those who saw each variant of an experiment, by month, beside the control: one row each
WITH known AS (
  SELECT l.*, split_part(l.segment, chr(31), 1) AS experiment, split_part(l.segment, chr(31), 2) AS variant, a.yes, a.no
    FROM (%s) l JOIN @extschema@.ledger_kpis() d ON d.kpi = l.kpi
    -- a share is of those who say yes and those who don't, as promoters and passives
   CROSS JOIN LATERAL (SELECT CASE WHEN l.value IS NULL OR l.denominator <= 0 THEN NULL WHEN l.kpi = 'nps' THEN l.nps_promoters WHEN d.bounds = 'wilson' AND l.numerator BETWEEN 0 AND l.denominator THEN l.numerator END AS yes,
                              CASE WHEN l.kpi = 'nps' THEN l.nps_detractors ELSE 0 END AS no) a
), varied AS MATERIALIZED (
  SELECT k.*, CASE WHEN k.yes IS NOT NULL THEN
           format('{"scale": [0, 10], "counts": [%%s, 0, 0, 0, 0, 0, 0, %%s, 0, %%s, 0]}', k.no::bigint, (k.denominator - k.yes - k.no)::bigint, k.yes::bigint)::@extschema@.rating_summary END AS answers,
         CASE WHEN k.yes IS NOT NULL THEN CASE k.kpi WHEN 'nps' THEN 10000 ELSE 1 END * greatest(k.yes + k.no - (k.yes - k.no) ^ 2 / k.denominator, 0) / k.denominator ^ 2
              WHEN k.kpi = 'ces' AND k.denominator > 1 THEN greatest(k.ces_squares::double precision - k.numerator ^ 2 / k.denominator, 0) / (k.denominator - 1) / k.denominator END AS variance
    FROM known k
), controlled AS (
  SELECT v.*, first_value(v.variant) OVER w = v.variant AS is_control, first_value(v.value) OVER w AS control_value, first_value(v.answers) OVER w AS control_answers, first_value(v.variance) OVER w AS control_variance
    FROM varied v WINDOW w AS (PARTITION BY v.experiment, v.kpi, v.period_start ORDER BY lower(v.variant) <> 'control', v.variant COLLATE "C" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), tested AS (
  SELECT c.*, e.p_value, CASE WHEN NOT c.is_control THEN sqrt(c.variance + c.control_variance) END AS error
    FROM controlled c LEFT JOIN LATERAL @extschema@.nps_compare(c.control_answers, c.answers) e ON NOT c.is_control
)
SELECT t.experiment, --: property experiment of experiment_exposure
       t.variant, --: property variant of the first exposure
       t.kpi, --: what is measured: see kpi_definition; of everyone who has seen the variant by now, in the whole month
       t.period_start, --: first day of the month, from the one in which somebody saw the experiment first
       t.period_end, --: first day after the month
       t.is_complete, --: the month is over
       t.is_control, --: the others are compared with this one: named control, else the first by name
       t.value, --: numerator / denominator (nps: times 100), in the unit; NULL: nothing to divide by, or known only when the month is over
       t.numerator, --: what is counted or summed
       t.denominator, --: out of how many, or per what; NULL: the numerator is the value
       t.lower AS value_lower, --: lower end of the 95 %% interval of value; NULL where it has none
       t.upper AS value_upper, --: upper end of the 95 %% interval of value
       t.unit, --: count, rate (1 is 100 %%), ratio, money, score, points, seconds, hours, days, months, quantity
       CASE WHEN NOT t.is_control THEN t.value - t.control_value END AS difference, --: value less the control's
       CASE WHEN NOT t.is_control THEN t.value - t.control_value - 1.959963984540054 * t.error END AS difference_lower, --: lower end of the 95 %% interval of the difference (Wald, variances not pooled); NULL for what is neither share nor score of answers
       CASE WHEN NOT t.is_control THEN t.value - t.control_value + 1.959963984540054 * t.error END AS difference_upper, --: upper end of the 95 %% interval of the difference
       (t.value - t.control_value) / nullif(t.error, 0) AS z, --: the difference in standard errors, variances not pooled; NULL for what is neither share nor score of answers, and the control
       t.p_value, --: probability of such a difference by chance alone, two-sided: of two proportions, or of two NPS; NULL for what is neither, and the control
       CASE WHEN t.error IS NULL THEN NULL WHEN t.kpi = 'nps' THEN 'nps, not pooled' WHEN t.kpi = 'ces' THEN 'means, normal' ELSE 'two proportions, not pooled' END AS method --: how the two were compared; NULL: they were not
  FROM tested t
$view$, regexp_replace(@extschema@.ledger_kpi_long(@extschema@.ledger_kpi_dated(ledger, @extschema@.ledger_kpi_pivot(
    format('SELECT l.segment, ''month''::text AS period_grain, l.period_start, l.fact, l.value FROM @extschema@.ledger_kpi_live_variants(%L) l', ledger), @extschema@.ledger_kpi_facts_known())), true, ', b.nps_promoters, b.nps_detractors, b.ces_squares'), ' --: [^\n]*', '', 'g')));
COMMENT ON FUNCTION ledger_view_experiment_kpis(text) IS 'part of ledger_make_views(): experiment_kpis';

CREATE FUNCTION ledger_view_kpi_progress(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'kpi_progress', $view$
--: how far each target of kpi_target is: one row each
WITH known AS MATERIALIZED (
  SELECT k.kpi, k.segment, k.period_start, k.period_end, k.value, k.is_fresh FROM @ledger@.kpi k WHERE k.period_grain = 'month' AND k.is_complete AND k.value IS NOT NULL AND EXISTS (SELECT FROM @ledger@.kpi_target) AND (k.kpi, k.segment) IN (SELECT t.kpi, t.segment FROM @ledger@.kpi_target t)
  UNION ALL
  SELECT k.kpi, k.segment, k.period_start, k.period_end, k.value, k.is_fresh FROM @ledger@.kpi_by_segment k WHERE k.is_complete AND k.value IS NOT NULL AND EXISTS (SELECT FROM @ledger@.kpi_target t WHERE t.segment <> 'all') AND (k.kpi, k.segment) IN (SELECT t.kpi, t.segment FROM @ledger@.kpi_target t)
), aimed AS (
  SELECT t.*, coalesce(t.baseline, b.value) AS began, n.value AS now_value, n.period_start AS now_start, n.period_end AS now_end, n.is_fresh
    FROM @ledger@.kpi_target t
    LEFT JOIN (SELECT DISTINCT ON (w.target) w.target, k.value FROM @ledger@.kpi_target w JOIN known k ON k.kpi = w.kpi AND k.segment = w.segment AND k.period_end <= w.baseline_on ORDER BY w.target, k.period_end DESC) b ON b.target = t.target
    LEFT JOIN (SELECT DISTINCT ON (k.kpi, k.segment) k.* FROM known k ORDER BY k.kpi, k.segment, k.period_end DESC) n ON n.kpi = t.kpi AND n.segment = t.segment
), rated AS (
  SELECT a.*, CASE a.mode WHEN 'relative' THEN a.began + abs(a.began) * a.change ELSE a.began + a.change END AS aim,
         greatest(0, least(1, (a.now_end - a.baseline_on) / (a.due_on - a.baseline_on)::double precision)) AS elapsed
    FROM aimed a
), judged AS (
  SELECT r.*, (r.now_value - r.began) / nullif(r.aim - r.began, 0) AS progress FROM rated r
)
SELECT j.target, --: name of the target
       j.kpi, --: what is measured: see kpi_definition
       j.segment, --: of which segment; all: everyone
       j.owner AS target_owner, --: who answers for it
       j.mode, --: relative: the change is a share of the baseline; points: it is added
       j.change, --: what is aimed at: 0.15 of 0.80 is 0.92 relative, 0.95 in points
       j.baseline_on, --: where the way begins
       j.due_on, --: when it should be reached
       j.began AS baseline, --: the value at the beginning: as given, or of the last month that was over then
       j.aim AS target_value, --: the value aimed at
       j.now_value, --: the value of the last month that is over
       j.now_start AS now_period_start, --: first day of that month
       j.progress AS progress_rate, --: part of the way done: (now - baseline) / (target - baseline); below 0: the wrong way
       j.elapsed AS elapsed_rate, --: part of the time gone by the end of that month, 0..1
       j.progress >= j.elapsed AS on_track, --: as much of the way is done as time has gone
       j.progress >= 1 AS is_reached, --: the target is reached
       j.due_on < (now() AT TIME ZONE @time_zone@)::date AS is_over, --: the due date has passed
       j.is_fresh, --: nothing has touched that month since it was kept
       j.note --: what else there is to say
  FROM judged j
$view$);
COMMENT ON FUNCTION ledger_view_kpi_progress(text) IS 'part of ledger_make_views(): kpi_progress';

CREATE FUNCTION kpi_target_checked() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known record;
BEGIN
  SELECT k.kpi, k.by_segment INTO known FROM @extschema@.ledger_kpis() k WHERE k.kpi = NEW.kpi;
  IF known.kpi IS NULL THEN
    RAISE EXCEPTION 'target "%" is of an unknown KPI: "%"', NEW.target, NEW.kpi
      USING ERRCODE = 'foreign_key_violation', HINT = format('The view kpi_definition of ledger "%s" lists all KPIs.', TG_TABLE_SCHEMA);
  ELSIF NEW.segment <> 'all' AND NOT known.by_segment THEN
    RAISE EXCEPTION 'target "%" is of segment "%", but KPI "%" is told of everyone only', NEW.target, NEW.segment, NEW.kpi
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Column by_segment of kpi_definition says which KPIs are told by segment.';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION kpi_target_checked() IS 'trigger on kpi_target: refuses targets of KPIs that don''t exist, or are not told of the segment';
