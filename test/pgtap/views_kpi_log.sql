-- KPIs of a generated log of all kinds of touchpoints, cut into months by the clock of New York,
-- recomputed from the log by plain queries that share nothing with the views; kept figures are
-- what is computed live, to the last bit; what comes late is said and restated.
SET client_min_messages = error;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(109);
SELECT setseed(0.4711);
SELECT ledger_create('made');
UPDATE made.setting SET value = 'America/New_York' WHERE name = 'time_zone';

-- Instants are whole quarters of an hour, so that there are ties, and touchpoints on the very edge of a month.
CREATE TEMP TABLE log AS
  SELECT n, CASE WHEN kind IN ('spend', 'ad_impression', 'resource_use') AND n % 3 > 0 THEN NULL ELSE customer_id END AS customer_id, kind, occurred_at, subject,
         CASE WHEN kind IN ('refund', 'return') THEN -amount ELSE amount END AS amount, CASE WHEN kind IN ('ad_impression', 'resource_use', 'loyalty_earned') AND n % 5 > 0 THEN 1 + n % 9 END AS quantity,
         CASE WHEN survey IS NOT NULL THEN scale_low + floor(dice * (scale_high - scale_low + 1)) WHEN kind = 'review' THEN 1 + floor(dice * 5) END AS score,
         CASE WHEN n % 4 = 0 THEN (ARRAY['organic', 'referral', 'email', 'direct'])[1 + n % 4 + (n / 4) % 4 - n % 4] END AS channel, CASE WHEN kind LIKE 'email%' THEN 'c' || n % 2 END AS campaign,
         CASE WHEN kind = 'page_view' AND n % 2 = 0 THEN jsonb_build_object('duration', n % 77) WHEN kind IN ('social_mention', 'brand_mention') THEN jsonb_build_object('sentiment', round(dice::numeric * 2 - 1, 2))
              WHEN kind = 'spend' THEN (ARRAY['{"purpose": "retention"}', '{"purpose": "brand"}', '{}'])[1 + n % 3]::jsonb WHEN kind = 'self_service' THEN jsonb_build_object('solved', n % 3 > 0)
              WHEN kind = 'ticket_opened' THEN jsonb_build_object('topic', 'topic ' || n % 2) WHEN kind = 'resource_use' THEN '{"resource": "power", "unit": "kWh", "waste": 0.5}'
              WHEN subject_effect <> 'none' AND n % 3 = 0 THEN jsonb_build_object('until', occurred_at + (n % 90) * interval '24 hours') END AS properties
    FROM (SELECT n, k.*, 1 + floor(random() * 150)::bigint AS customer_id, random() AS dice, round((random() * 100)::numeric, 2) AS amount,
                 timestamptz '2023-12-20 05:00+00' + floor(random() * 96 * 260) * interval '15 minutes' AS occurred_at,
                 CASE WHEN k.subject_effect <> 'none' THEN CASE WHEN random() < 0.8 THEN 's' || floor(random() * 2) END WHEN k.kind LIKE 'ticket%' OR k.kind LIKE 'opportunity%' THEN 'x' || floor(random() * 2) WHEN k.kind = 'referral_converted' THEN floor(random() * 200)::text END AS subject
            FROM generate_series(1, 9000) n
            JOIN (SELECT row_number() OVER () - 1 AS i, k.* FROM (SELECT * FROM ledger_default_kinds() d CROSS JOIN LATERAL generate_series(1, CASE WHEN d.kind IN ('page_view', 'purchase', 'subscription_started', 'ticket_opened', 'ticket_replied', 'ticket_resolved') THEN 5 ELSE 1 END) ORDER BY d.rank) k
                   WHERE kind NOT IN ('stage_set', 'health_reading')) k
              ON k.i = (hashint8(n) & 65535) % (SELECT count(*) FROM ledger_default_kinds() d CROSS JOIN LATERAL generate_series(1, CASE WHEN d.kind IN ('page_view', 'purchase', 'subscription_started', 'ticket_opened', 'ticket_replied', 'ticket_resolved') THEN 5 ELSE 1 END) WHERE kind NOT IN ('stage_set', 'health_reading'))) g;
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source_key)
  SELECT customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, n::text FROM log;
SELECT ledger_tick('made', now());

-- What happened, with its month.
CREATE TEMP VIEW t AS
  SELECT t.*, date_trunc('month', occurred_at AT TIME ZONE 'America/New_York')::date AS m, (occurred_at AT TIME ZONE 'America/New_York')::date AS d, k.stage AS evidence, k.alive, k.survey, k.is_payment
    FROM made.touchpoint t JOIN ledger_default_kinds() k USING (kind);
CREATE TEMP TABLE months AS SELECT m::date AS m, m AT TIME ZONE 'America/New_York' AS from_at, (m + interval '1 month') AT TIME ZONE 'America/New_York' AS to_at FROM generate_series(timestamp '2023-12-01', '2024-09-01', '1 month') m;
-- a customer in the eyes of the history, at an instant; and when he became one or left
CREATE FUNCTION pg_temp.there(at timestamptz) RETURNS SETOF bigint LANGUAGE sql AS
  $$SELECT customer_id FROM made.stage_history WHERE stage BETWEEN 'conversion' AND 'advocacy' AND entered_at < at AND at <= coalesce(left_at, 'infinity')$$;
CREATE TEMP TABLE moves AS
  SELECT customer_id, entered_at, date_trunc('month', entered_at AT TIME ZONE 'America/New_York')::date AS m, now_in, row_number() OVER (PARTITION BY customer_id, now_in ORDER BY seq) AS nth
    FROM (SELECT *, stage BETWEEN 'conversion' AND 'advocacy' AS now_in, coalesce(lag(stage) OVER (PARTITION BY customer_id ORDER BY seq) BETWEEN 'conversion' AND 'advocacy', false) AS was_in FROM made.stage_history) h WHERE now_in <> was_in;
CREATE TEMP VIEW served AS SELECT DISTINCT m.m, h.customer_id FROM months m JOIN made.stage_history h ON h.stage BETWEEN 'conversion' AND 'advocacy' AND h.entered_at < m.to_at AND coalesce(h.left_at, 'infinity') > m.from_at;
CREATE TEMP VIEW visit AS
  SELECT began AT TIME ZONE 'America/New_York' AS at, date_trunc('month', began AT TIME ZONE 'America/New_York')::date AS m, pages FROM (
    SELECT customer_id, s, min(occurred_at) AS began, count(*) AS pages FROM (
      SELECT customer_id, occurred_at, count(*) FILTER (WHERE fresh) OVER (PARTITION BY customer_id ORDER BY occurred_at, touchpoint_id) AS s FROM (
        SELECT *, occurred_at - lag(occurred_at) OVER (PARTITION BY customer_id ORDER BY occurred_at, touchpoint_id) > interval '30 minutes' IS NOT FALSE AS fresh FROM t WHERE kind = 'page_view' AND customer_id IS NOT NULL) x) y GROUP BY 1, 2) z;
CREATE TEMP VIEW ticket AS
  SELECT o.customer_id, o.subject, o.opened, (SELECT min(properties ->> 'topic') FROM t e WHERE e.customer_id = o.customer_id AND e.subject = o.subject AND kind = 'ticket_opened' AND occurred_at = opened) AS topic,
         (SELECT min(occurred_at) FROM t e WHERE e.customer_id = o.customer_id AND e.subject = o.subject AND kind = 'ticket_replied' AND occurred_at >= opened) AS replied,
         (SELECT min(occurred_at) FROM t e WHERE e.customer_id = o.customer_id AND e.subject = o.subject AND kind = 'ticket_resolved' AND occurred_at >= opened) AS resolved
    FROM (SELECT customer_id, subject, min(occurred_at) AS opened FROM t WHERE kind = 'ticket_opened' GROUP BY 1, 2) o;
CREATE TEMP VIEW judged AS
  SELECT k.*, (SELECT count(*) FROM t r WHERE r.customer_id = k.customer_id AND r.subject = k.subject AND r.kind = 'ticket_replied' AND r.occurred_at BETWEEN k.opened AND k.resolved) = 1
           AND NOT EXISTS (SELECT FROM t r WHERE r.customer_id = k.customer_id AND r.subject = k.subject AND r.kind = 'ticket_reopened' AND r.occurred_at BETWEEN k.resolved AND k.resolved + interval '168 hours') AS touch,
         EXISTS (SELECT FROM t r WHERE r.customer_id = k.customer_id AND r.subject <> k.subject AND r.kind = 'ticket_opened' AND r.properties ->> 'topic' = k.topic AND r.occurred_at > k.resolved AND r.occurred_at <= k.resolved + interval '168 hours') AS again,
         date_trunc('month', opened AT TIME ZONE 'America/New_York')::date AS mo, date_trunc('month', replied AT TIME ZONE 'America/New_York')::date AS mr, date_trunc('month', resolved AT TIME ZONE 'America/New_York')::date AS ms FROM ticket k;

-- KPI by KPI: a query for (month, value) that knows nothing of facts; months without a row are 0 if zero says so, else NULL.
CREATE TEMP TABLE expected (kpi text PRIMARY KEY, zero boolean, query text);
INSERT INTO expected VALUES
  ('page_visits', true, $$SELECT m, count(*) FROM t WHERE kind = 'page_view' GROUP BY m$$), ('website_traffic', true, $$SELECT m, count(*) FROM visit GROUP BY m$$), ('visitors', true, $$SELECT m, count(DISTINCT customer_id) FROM t WHERE kind = 'page_view' GROUP BY m$$),
  ('bounce_rate', false, $$SELECT m, avg((pages = 1)::int) FROM visit GROUP BY m$$), ('pages_per_session', false, $$SELECT m, avg(pages) FROM visit GROUP BY m$$), ('time_on_page', false, $$SELECT m, avg((properties ->> 'duration')::numeric) FROM t WHERE kind = 'page_view' GROUP BY m$$),
  ('ad_impressions', true, $$SELECT m, sum(coalesce(quantity, 1)) FROM t WHERE kind = 'ad_impression' GROUP BY m$$), ('social_engagement', true, $$SELECT m, count(*) FROM t WHERE kind IN ('social_follow', 'social_share', 'social_like') GROUP BY m$$),
  ('social_follows', true, $$SELECT m, count(*) FROM t WHERE kind = 'social_follow' GROUP BY m$$), ('social_shares', true, $$SELECT m, count(*) FROM t WHERE kind = 'social_share' GROUP BY m$$), ('social_likes', true, $$SELECT m, count(*) FROM t WHERE kind = 'social_like' GROUP BY m$$),
  ('sentiment', false, $$SELECT m, avg((properties ->> 'sentiment')::numeric) FROM t WHERE kind IN ('social_mention', 'brand_mention') GROUP BY m$$), ('brand_mentions', true, $$SELECT m, count(*) FROM t WHERE kind = 'brand_mention' GROUP BY m$$), ('social_mentions', true, $$SELECT m, count(*) FROM t WHERE kind = 'social_mention' GROUP BY m$$),
  ('leads', true, $$SELECT date_trunc('month', a AT TIME ZONE 'America/New_York')::date, count(*) FROM (SELECT customer_id, min(occurred_at) FILTER (WHERE evidence = 'acquisition') AS a, min(occurred_at) FILTER (WHERE is_payment) AS p FROM t GROUP BY 1) x WHERE a <= coalesce(p, 'infinity') GROUP BY 1$$),
  ('acquisition_spend', true, $$SELECT m, sum(amount) FROM t WHERE kind = 'spend' AND coalesce(properties ->> 'purpose', 'acquisition') = 'acquisition' GROUP BY m$$), ('retention_spend', true, $$SELECT m, sum(amount) FROM t WHERE kind = 'spend' AND properties ->> 'purpose' = 'retention' GROUP BY m$$),
  ('opportunities', true, $$SELECT m, count(*) FROM t WHERE kind = 'opportunity_opened' GROUP BY m$$), ('deals_won', true, $$SELECT m, count(*) FROM t WHERE kind = 'opportunity_won' GROUP BY m$$), ('average_deal_size', false, $$SELECT m, avg(amount) FROM t WHERE kind = 'opportunity_won' GROUP BY m$$),
  ('opportunity_to_customer_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t w WHERE w.kind = 'opportunity_won' AND w.customer_id = t.customer_id AND w.subject IS NOT DISTINCT FROM t.subject AND w.occurred_at >= t.occurred_at))::int) FROM t WHERE kind = 'opportunity_opened' GROUP BY m$$),
  ('sales_cycle_days', false, $$SELECT m, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM occurred_at - o) / 86400) FROM (SELECT m, occurred_at, (SELECT min(w.occurred_at) FROM t w WHERE w.kind = 'opportunity_opened' AND w.customer_id = t.customer_id AND w.subject IS NOT DISTINCT FROM t.subject AND w.occurred_at <= t.occurred_at) AS o FROM t WHERE kind = 'opportunity_won') x WHERE o IS NOT NULL GROUP BY m$$),
  ('new_customers', true, $$SELECT m, count(*) FROM moves WHERE now_in AND nth = 1 GROUP BY m$$), ('customers_returned', true, $$SELECT m, count(*) FROM moves WHERE now_in AND nth > 1 GROUP BY m$$), ('customers_lost', true, $$SELECT m, count(*) FROM moves WHERE NOT now_in GROUP BY m$$),
  ('customers', true, $$SELECT m, (SELECT count(*) FROM pg_temp.there(to_at)) FROM months$$), ('churn_rate', false, $$SELECT m, (SELECT count(*) FROM moves v WHERE v.m = months.m AND NOT now_in) / nullif((SELECT count(*) FROM pg_temp.there(from_at)), 0)::numeric FROM months$$),
  ('retention_rate', false, $$SELECT m, ((SELECT count(*) FROM pg_temp.there(to_at)) - (SELECT count(*) FROM moves v WHERE v.m = months.m AND now_in AND nth = 1)) / nullif((SELECT count(*) FROM pg_temp.there(from_at)), 0)::numeric FROM months$$),
  ('retention_rate_cohort', false, $$SELECT m, (SELECT count(*) FROM (SELECT pg_temp.there(from_at) INTERSECT SELECT pg_temp.there(to_at)) x) / nullif((SELECT count(*) FROM pg_temp.there(from_at)), 0)::numeric FROM months$$),
  ('cac', false, $$SELECT m, (SELECT sum(amount) FROM t WHERE t.m = months.m AND kind = 'spend' AND coalesce(properties ->> 'purpose', 'acquisition') = 'acquisition') / nullif((SELECT count(*) FROM moves v WHERE v.m = months.m AND now_in AND nth = 1), 0) FROM months$$),
  ('orders', true, $$SELECT m, count(*) FROM t WHERE kind = 'purchase' GROUP BY m$$), ('purchase_revenue', true, $$SELECT m, sum(amount) FROM t WHERE kind = 'purchase' GROUP BY m$$), ('refunds', true, $$SELECT m, -sum(amount) FROM t WHERE kind IN ('refund', 'return') GROUP BY m$$), ('average_order_value', false, $$SELECT m, avg(amount) FROM t WHERE kind = 'purchase' GROUP BY m$$),
  ('repeat_purchase_rate', false, $$SELECT m, avg((days > 1)::int) FROM (SELECT m, customer_id, count(DISTINCT d) AS days FROM t WHERE kind = 'purchase' GROUP BY 1, 2) x GROUP BY m$$),
  ('returning_buyer_rate', false, $$SELECT m, avg(b::int) FROM (SELECT m, customer_id, EXISTS (SELECT FROM t e WHERE e.customer_id = t.customer_id AND e.kind = 'purchase' AND e.m < t.m) AS b FROM t WHERE kind = 'purchase' GROUP BY 1, 2) x GROUP BY m$$),
  ('cross_sell_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t WHERE t.m = served.m AND t.customer_id = served.customer_id AND kind = 'cross_sell'))::int) FROM served GROUP BY m$$), ('upsell_revenue', true, $$SELECT m, sum(amount) FROM t WHERE kind = 'upsell' GROUP BY m$$), ('cross_sell_revenue', true, $$SELECT m, sum(amount) FROM t WHERE kind = 'cross_sell' GROUP BY m$$),
  ('upsell_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t WHERE t.m = served.m AND t.customer_id = served.customer_id AND kind = 'upsell'))::int) FROM served GROUP BY m$$), ('payments_failed', true, $$SELECT m, count(*) FROM t WHERE kind = 'payment_failed' GROUP BY m$$),
  ('nps', false, $$SELECT m, 100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*) FROM t WHERE survey = 'nps' GROUP BY m$$), ('csat', false, $$SELECT m, avg((score >= 4)::int) FROM t WHERE survey = 'csat' GROUP BY m$$), ('csat_mean', false, $$SELECT m, avg(score) FROM t WHERE survey = 'csat' GROUP BY m$$),
  ('ces', false, $$SELECT m, avg(score) FROM t WHERE survey = 'ces' GROUP BY m$$), ('ces_agreeing_share', false, $$SELECT m, avg((score >= 5)::int) FROM t WHERE survey = 'ces' GROUP BY m$$),
  ('survey_response_rate', false, $$SELECT m, count(*) FILTER (WHERE survey IS NOT NULL) / nullif(count(*) FILTER (WHERE kind = 'survey_sent'), 0)::numeric FROM t GROUP BY m$$),
  ('loyalty_participation_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t WHERE t.m = served.m AND t.customer_id = served.customer_id AND kind IN ('loyalty_earned', 'loyalty_redeemed')))::int) FROM served GROUP BY m$$),
  ('referrals_sent', true, $$SELECT m, count(*) FROM t WHERE kind = 'referral_sent' GROUP BY m$$), ('referrals_converted', true, $$SELECT m, count(*) FROM t WHERE kind = 'referral_converted' GROUP BY m$$),
  ('viral_coefficient', false, $$SELECT m, (SELECT count(*) FROM t WHERE t.m = s.m AND kind = 'referral_converted') / count(*)::numeric FROM served s GROUP BY m$$), ('invites_per_customer', false, $$SELECT m, (SELECT count(*) FROM t WHERE t.m = s.m AND kind = 'referral_sent') / count(*)::numeric FROM served s GROUP BY m$$),
  ('reviews', true, $$SELECT m, count(*) FROM t WHERE kind = 'review' GROUP BY m$$), ('review_score', false, $$SELECT m, avg(score) FROM t WHERE kind = 'review' GROUP BY m$$), ('testimonials', true, $$SELECT m, count(*) FROM t WHERE kind IN ('testimonial', 'case_study') GROUP BY m$$),
  ('tickets_opened', true, $$SELECT m, count(*) FROM t WHERE kind = 'ticket_opened' GROUP BY m$$), ('escalation_rate', false, $$SELECT m, count(*) FILTER (WHERE kind = 'ticket_escalated') / nullif(count(*) FILTER (WHERE kind = 'ticket_opened'), 0)::numeric FROM t GROUP BY m$$),
  ('first_contact_resolution_rate', false, $$SELECT ms, avg(touch::int) FROM judged GROUP BY 1$$), ('first_contact_resolution_no_repeat_rate', false, $$SELECT ms, avg((touch AND NOT again)::int) FROM judged GROUP BY 1$$),
  ('response_within_2h_rate', false, $$SELECT mr, avg((replied - opened < interval '2 hours')::int) FROM judged WHERE opened IS NOT NULL GROUP BY 1$$), ('response_within_2h_due_rate', false, $$SELECT mo, avg(coalesce(replied - opened < interval '2 hours', false)::int) FROM judged GROUP BY 1$$),
  ('first_response_median_hours', false, $$SELECT mr, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM replied - opened) / 3600) FROM judged WHERE opened IS NOT NULL GROUP BY 1$$), ('first_response_p90_hours', false, $$SELECT mr, percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM replied - opened) / 3600) FROM judged WHERE opened IS NOT NULL GROUP BY 1$$),
  ('resolution_median_hours', false, $$SELECT ms, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved - opened) / 3600) FROM judged WHERE opened IS NOT NULL GROUP BY 1$$),
  ('active_people', true, $$SELECT m, count(DISTINCT customer_id) FROM t WHERE alive GROUP BY m$$), ('active_customers', true, $$SELECT m, count(DISTINCT customer_id) FROM t JOIN served USING (m, customer_id) WHERE alive GROUP BY m$$),
  ('engagement_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t WHERE t.m = served.m AND t.customer_id = served.customer_id AND alive))::int) FROM served GROUP BY m$$),
  ('stickiness', false, $$SELECT m, count(DISTINCT (customer_id, d)) / extract(day FROM m + interval '1 month' - interval '1 day') / nullif(count(DISTINCT customer_id), 0) FROM t WHERE alive AND customer_id IS NOT NULL GROUP BY m$$),
  ('emails_sent', true, $$SELECT m, count(*) FROM t WHERE kind = 'email_sent' GROUP BY m$$), ('email_open_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t o WHERE o.kind = 'email_opened' AND o.customer_id = t.customer_id AND o.campaign = t.campaign AND o.occurred_at BETWEEN t.occurred_at AND t.occurred_at + interval '168 hours'))::int) FROM t WHERE kind = 'email_sent' GROUP BY m$$),
  ('email_click_rate', false, $$SELECT m, avg((EXISTS (SELECT FROM t o WHERE o.kind = 'email_clicked' AND o.customer_id = t.customer_id AND o.campaign = t.campaign AND o.occurred_at BETWEEN t.occurred_at AND t.occurred_at + interval '168 hours'))::int) FROM t WHERE kind = 'email_sent' GROUP BY m$$),
  ('self_service_rate', false, $$SELECT m, s / nullif(s + o, 0)::numeric FROM (SELECT m, count(*) FILTER (WHERE kind = 'self_service' AND properties ->> 'solved' = 'true') AS s, count(*) FILTER (WHERE kind = 'ticket_opened') AS o FROM t GROUP BY m) x$$),
  ('self_service_solved_rate', false, $$SELECT m, avg((properties ->> 'solved')::boolean::int) FROM t WHERE kind = 'self_service' GROUP BY m$$),
  ('resource_use', true, $$SELECT m, sum(quantity) FROM t WHERE kind = 'resource_use' GROUP BY m$$), ('resource_use_per_customer', false, $$SELECT m, coalesce((SELECT sum(quantity) FROM t WHERE t.m = s.m AND kind = 'resource_use'), 0) / count(*) FROM served s GROUP BY m$$), ('resource_waste_share', false, $$SELECT m, sum(quantity * 0.5) / nullif(sum(quantity), 0) FROM t WHERE kind = 'resource_use' GROUP BY m$$);

CREATE FUNCTION pg_temp.differences(name text, zero boolean, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT string_agg(format(''%%s: %%s instead of %%s'', m, k.value, e.value), '', '' ORDER BY m) FROM pg_temp.months LEFT JOIN (%s) e (m, value) USING (m)
    FULL JOIN (SELECT period_start AS m, value FROM pg_temp.told WHERE kpi = %L AND period_start < ''2024-10-01'') k USING (m)
    WHERE abs(k.value - coalesce(e.value, CASE WHEN %L THEN 0 END)) > 1e-9 * greatest(1, abs(k.value)) OR (k.value IS NULL) <> (coalesce(e.value, CASE WHEN %L THEN 0 END) IS NULL)', query, name, zero, zero) INTO result;
  RETURN result;
END $$;
CREATE TEMP TABLE told AS SELECT * FROM made.kpi;
SELECT is(pg_temp.differences(kpi, zero, query), NULL, kpi || ' is what the log says') FROM expected ORDER BY kpi;

-- Recurring revenue: as the fold sees it at the edge of each month, from the touchpoints up to then alone.
CREATE TEMP TABLE paid (m date, customer_id bigint, mrr numeric);
DO $$ DECLARE edge record; BEGIN
  FOR edge IN SELECT * FROM pg_temp.months WHERE m > '2023-12-01' LOOP
    PERFORM ledger_create('edge');
    UPDATE edge.setting SET value = 'America/New_York' WHERE name = 'time_zone';
    INSERT INTO edge.touchpoint (customer_id, kind, occurred_at, subject, amount, properties, source_key)
      SELECT customer_id, kind, occurred_at, subject, amount, properties, n::text FROM pg_temp.log WHERE occurred_at < edge.from_at AND kind ~ '^(subscription|cancelled|opportunity_won)';
    PERFORM ledger_tick('edge', edge.from_at);
    INSERT INTO pg_temp.paid SELECT edge.m, c.customer_id, c.mrr_amount FROM edge.customer c WHERE c.mrr_amount > 0;
    PERFORM ledger_drop('edge', 'edge');
  END LOOP;
END $$;
SELECT cmp_ok(count(*)::int, '>', 300, 'there is recurring revenue to compare') FROM paid;
SELECT results_eq($$SELECT period_start, start_amount::numeric, start_count FROM made.revenue_movements WHERE period_start BETWEEN '2024-01-01' AND '2024-09-01' ORDER BY 1$$,
  $$SELECT m, sum(mrr), count(*) FROM paid GROUP BY m ORDER BY m$$, 'revenue at the start of each month is what the fold says of the touchpoints before it');
SELECT is_empty($$SELECT * FROM made.revenue_movements WHERE end_amount <> start_amount + new_amount + expansion_amount + reactivation_amount - contraction_amount - churn_amount OR end_count <> start_count + new_count + reactivation_count - churn_count$$, 'revenue at the end is that of the start and what moved, exactly');
SELECT is_empty($$SELECT * FROM made.revenue_movements a JOIN made.revenue_movements b ON b.period_start = a.period_end WHERE a.end_amount <> b.start_amount OR a.end_count <> b.start_count$$, 'and the start of the next month');
SELECT results_eq($$SELECT period_start, expansion_amount::numeric, contraction_amount::numeric, churn_amount::numeric, expansion_count FROM made.revenue_movements WHERE period_start BETWEEN '2024-01-01' AND '2024-08-01' ORDER BY 1$$,
  $$SELECT a.m, coalesce(sum(greatest(b.mrr - a.mrr, 0)), 0), coalesce(sum(greatest(a.mrr - b.mrr, 0)), 0), coalesce(sum(a.mrr) FILTER (WHERE b.mrr IS NULL), 0), count(*) FILTER (WHERE b.mrr > a.mrr)
      FROM paid a LEFT JOIN paid b ON b.customer_id = a.customer_id AND b.m = (a.m + interval '1 month')::date WHERE a.m < '2024-09-01' GROUP BY 1 ORDER BY 1$$, 'what moved is the difference of two edges, customer by customer');
SELECT is((SELECT end_amount FROM made.revenue_movements ORDER BY period_start DESC LIMIT 1)::numeric, (SELECT coalesce(sum(mrr_amount), 0) FROM made.customer), 'now they pay what the customers'' rows say');

-- Kept figures are those computed live, to the last bit.
CALL ledger_refresh('made');
CREATE TEMP TABLE kept AS SELECT * FROM made.kpi;
SELECT is_empty($$(SELECT kpi, period_start, value, numerator, denominator, n, lower, upper, method FROM told EXCEPT SELECT kpi, period_start, value, numerator, denominator, n, lower, upper, method FROM kept)
  UNION ALL (SELECT kpi, period_start, value, numerator, denominator, n, lower, upper, method FROM kept EXCEPT SELECT kpi, period_start, value, numerator, denominator, n, lower, upper, method FROM told)$$, 'what is kept is what was computed live');
SELECT ok(bool_and(is_fresh) AND bool_and(restated_at IS NULL), 'all is fresh, nothing restated') FROM kept;
SELECT is((SELECT max(period_start) FROM made.kpi_period WHERE segment = 'all'), (date_trunc('month', now() AT TIME ZONE 'America/New_York') - interval '1 month')::date, 'all months that are over are kept');
UPDATE made.kpi_fact SET value = 4242 WHERE segment = 'all' AND fact = 'page_views' AND period_start = '2024-03-01';
SELECT is(page_visits, 4242::bigint, 'a closed month is read from what is kept') FROM made.kpi_monthly WHERE period_start = '2024-03-01';

-- Something late is said at once, and restated by the next refresh.
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, score, source_key) SELECT 1, 'nps', '2024-04-15', 10, 'late ' || i FROM generate_series(1, 50) i;
SELECT results_eq($$SELECT period_start, is_fresh FROM made.kpi_monthly WHERE period_start BETWEEN '2024-02-01' AND '2024-05-01' ORDER BY 1$$,
  $$VALUES ('2024-02-01'::date, true), ('2024-03-01', true), ('2024-04-01', false), ('2024-05-01', false)$$, 'a late touchpoint makes its month and those after it stale, and says so');
CALL ledger_refresh('made');
SELECT ok(bool_and(is_fresh), 'refreshed, all is fresh') FROM made.kpi_monthly;
SELECT results_eq($$SELECT period_start FROM made.kpi_monthly WHERE restated_at IS NOT NULL ORDER BY 1$$, $$VALUES ('2024-04-01'::date)$$, 'the month that changed says that it was restated');
SELECT is(nps, (SELECT nps_agg(score::int) FROM t WHERE kind = 'nps' AND m = '2024-04-01'), 'and has the late answers') FROM made.kpi_monthly WHERE period_start = '2024-04-01';
DELETE FROM made.touchpoint WHERE source_key LIKE 'late %';
SELECT is(min(late_since), '2024-04-15'::timestamptz, 'a deletion is noted, too') FROM made.kpi_late;
UPDATE made.touchpoint SET occurred_at = '2024-02-10' WHERE source_key = (SELECT min(source_key) FROM made.touchpoint WHERE occurred_at > '2024-06-01' AND kind = 'page_view');
SELECT is(min(late_since), '2024-02-10'::timestamptz, 'and a correction, from the earlier of its instants on') FROM made.kpi_late;
INSERT INTO made.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'page_view', now());
SELECT is(count(*), 2::bigint, 'what comes in time is not late') FROM made.kpi_late;
UPDATE made.setting SET value = '0.5' WHERE name = 'margin';
SELECT is(min(late_since), '-infinity'::timestamptz, 'changed rules touch everything') FROM made.kpi_late;
CALL ledger_refresh('made', batch => 1000);
SELECT is(page_visits, (SELECT count(*) FROM t WHERE kind = 'page_view' AND m = '2024-02-01'), 'the correction is counted') FROM made.kpi_monthly WHERE period_start = '2024-02-01';
SELECT ok(bool_and(is_fresh), 'and all is fresh again') FROM made.kpi_monthly;

SELECT is(ledger_rebuild('made') > 0, true, 'the history may be made anew, by other rules');
SELECT ok(NOT bool_or(is_fresh), 'which outdates all that is kept') FROM made.kpi_monthly WHERE is_complete;
CALL ledger_refresh('made', batch => 1000);

-- One closed month after the other gives what closing all at once gives.
SELECT ledger_create('stepwise');
UPDATE stepwise.setting SET value = 'America/New_York' WHERE name = 'time_zone';
UPDATE stepwise.setting SET value = '0.5' WHERE name = 'margin';
UPDATE stepwise.setting SET value = 'month, quarter' WHERE name = 'kpi_grains';
INSERT INTO stepwise.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key)
  SELECT customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key FROM made.touchpoint WHERE occurred_at < '2024-03-10';
CALL ledger_refresh('stepwise', as_of => '2024-03-05');
INSERT INTO stepwise.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key)
  SELECT customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key FROM made.touchpoint WHERE occurred_at >= '2024-03-10';
SELECT is((SELECT count(*) FROM stepwise.kpi_late), 0::bigint, 'what goes on where the last refresh stopped is not late');
SELECT ledger_tick('stepwise', now());
SELECT is_empty($$SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM made.kpi WHERE is_complete AND kpi NOT LIKE 'health%' EXCEPT SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM stepwise.kpi WHERE period_grain = 'month'$$, 'what is kept of the months before, and what is read since, are the same figures');
INSERT INTO stepwise.touchpoint (customer_id, kind, occurred_at, subject, source_key) SELECT customer_id, 'opportunity_won', '2024-06-01', subject, 'won ' || touchpoint_id FROM stepwise.touchpoint WHERE kind = 'opportunity_opened' AND occurred_at < '2024-03-01 00:00-05';
SELECT results_eq($$SELECT numerator, denominator > 5 FROM stepwise.kpi WHERE kpi = 'opportunity_to_customer_rate' AND period_grain = 'month' AND period_start BETWEEN '2024-01-01' AND '2024-02-01'$$,
  $$SELECT denominator, true FROM stepwise.kpi WHERE kpi = 'opportunity_to_customer_rate' AND period_grain = 'month' AND period_start BETWEEN '2024-01-01' AND '2024-02-01'$$, 'opportunities of months that were kept are won since');
DELETE FROM stepwise.touchpoint WHERE source_key LIKE 'won %';
SELECT is((SELECT count(*) FROM stepwise.kpi_late), 0::bigint, 'of which nothing is late');
CALL ledger_refresh('stepwise', as_of => '2024-05-20');
CALL ledger_refresh('stepwise');
SELECT is_empty($$SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM made.kpi WHERE is_complete AND kpi NOT LIKE 'health%' EXCEPT SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM stepwise.kpi WHERE period_grain = 'month'$$, 'one month after the other: the same figures');
SELECT is(k.value, sum(m.orders)::double precision, 'a quarter is its months') FROM stepwise.kpi k JOIN stepwise.kpi_monthly m ON m.period_start >= k.period_start AND m.period_start < k.period_end
 WHERE k.period_grain = 'quarter' AND k.kpi = 'orders' AND k.period_start = '2024-04-01' GROUP BY k.value;

-- Partitions and another type of key change nothing.
SELECT ledger_create('parted', customer_key => 'text', partition_by => interval '3 months');
UPDATE parted.setting SET value = 'America/New_York' WHERE name = 'time_zone';
UPDATE parted.setting SET value = '0.5' WHERE name = 'margin';
INSERT INTO parted.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key)
  SELECT customer_id::text, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source, source_key FROM made.touchpoint;
CALL ledger_refresh('parted');
SELECT is_empty($$SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM made.kpi WHERE is_complete AND kpi NOT LIKE 'health%' EXCEPT SELECT kpi, period_start, value, numerator, denominator, n, lower, upper FROM parted.kpi$$, 'partitions and keys of text: the same figures');
INSERT INTO parted.touchpoint (customer_id, kind, occurred_at, source_key) VALUES ('1', 'page_view', '2024-05-01', 'late');
SELECT is(min(late_since), '2024-05-01'::timestamptz, 'and what comes late is noted there, too') FROM parted.kpi_late;

-- Who leaves a segment's customers has been one of them, though the segment had none of it when the month before was kept.
SELECT ledger_create('moved');
INSERT INTO moved.touchpoint (customer_id, kind, occurred_at, subject, amount) SELECT i, 'subscription_started', date_trunc('month', now()) - interval '40 days', 's', 10 FROM generate_series(1, 3) i;
CALL ledger_refresh('moved');
INSERT INTO moved.touchpoint (customer_id, kind, occurred_at, subject) VALUES (1, 'subscription_ended', greatest(now() - interval '1 hour', date_trunc('month', now())), 's');
CALL ledger_refresh('moved');
SELECT results_eq($$SELECT kpi, value FROM moved.kpi_by_segment WHERE segment = 'churned' AND NOT is_complete AND kpi IN ('customers', 'customers_lost') ORDER BY 1$$,
  $$VALUES ('customers', 0::double precision), ('customers_lost', 1)$$, 'customers of a segment at the start are those of who belongs to it now');

-- Without touchpoints each view answers.
SELECT ledger_create('empty');
CALL ledger_refresh('empty');
SELECT is((SELECT count(*) FROM empty.kpi_monthly), 1::bigint, 'an empty ledger has its current month') ;
SELECT is((SELECT count(*) FROM empty.cohort_retention) + (SELECT count(*) FROM empty.activity_lifecycle) + (SELECT count(*) FROM empty.experiments) + (SELECT count(*) FROM empty.acquisition_channels)
  + (SELECT count(*) FROM empty.attribution_by_channel) + (SELECT count(*) FROM empty.kpi_progress) + (SELECT count(*) FROM empty.customer_segment) + (SELECT count(*) FROM empty.kpi_by_segment), 0::bigint, 'and its other views are empty');
SELECT * FROM finish();
SELECT ledger_drop(l, l) FROM unnest('{made,stepwise,parted,moved,empty}'::text[]) l;
