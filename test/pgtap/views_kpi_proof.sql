-- Every KPI of every month, its value, numerator, denominator and interval, recomputed from the log by
-- plain SQL that uses nothing of the extension: of a generated log of all kinds of touchpoints by the
-- clock of New York, and of the sample business of examples/.  A KPI that isn't recomputed here fails.
SET client_min_messages = error;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();
SELECT setseed(0.1848);

-- The kinds in their order, what they are evidence of, and whether they are a sign of life.
CREATE TEMP TABLE word AS
  SELECT row_number() OVER (ORDER BY g.n, k.n) AS rank, k.kind, g.evidence, g.alive
    FROM (VALUES (1, NULL, false, '{ad_impression,spend}'), (2, 'awareness', true, '{page_view,product_view,add_to_cart,checkout,tutorial_viewed,social_follow,social_share,social_like,social_mention,brand_mention,community_post}'),
      (3, 'acquisition', true, '{content_download,form_submit,webinar_attended,event_attended,email_clicked,signup,lead,demo,trial_started,opportunity_opened,opportunity_lost}'), (4, 'conversion', true, '{purchase,subscription_started}'), (5, 'retention', true, '{subscription_renewed}'),
      (6, 'conversion', true, '{subscription_changed,opportunity_won}'), (7, NULL, false, '{payment_failed}'), (8, 'onboarding', true, '{onboarding_step,welcome_opened}'), (9, 'engagement', true, '{activated}'), (10, NULL, true, '{login,feature_used,session}'), (11, 'engagement', true, '{upsell,cross_sell}'),
      (12, NULL, true, '{loyalty_earned,loyalty_redeemed}'), (13, NULL, false, '{offer_sent}'), (14, NULL, true, '{offer_redeemed}'), (15, NULL, false, '{gift_sent,cancelled,subscription_ended,refund,return}'), (16, NULL, true, '{nps,csat,ces}'), (17, NULL, false, '{survey_sent}'), (18, NULL, true, '{ticket_opened}'),
      (19, NULL, false, '{ticket_replied,ticket_resolved}'), (20, NULL, true, '{ticket_reopened,ticket_escalated,self_service}'), (21, NULL, false, '{email_sent}'), (22, NULL, true, '{email_opened}'), (23, NULL, false, '{check_in}'), (24, NULL, true, '{feedback}'), (25, NULL, false, '{feedback_answered}'),
      (26, NULL, true, '{advisory_board,co_creation,focus_group,forum_post,review,testimonial,case_study,referral_sent,referral_converted}'), (27, NULL, false, '{resource_use,experiment_exposure,trait_set,consent_given,consent_withdrawn,stage_set,health_reading,health_band_set}')) g (n, evidence, alive, kinds)
   CROSS JOIN LATERAL unnest(g.kinds::text[]) WITH ORDINALITY k (kind, n);

-- Lives, told from table log into table state: customer or not, and what he pays a month.
CREATE FUNCTION pg_temp.live(until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  e record; whose bigint; inside boolean; gone text; quiet_from timestamptz; names text[]; sums numeric[]; ends timestamptz[]; due timestamptz; i int; had int;
BEGIN
  FOR e IN SELECT * FROM (SELECT who, kind, at, amount, coalesce(subject, '') AS subject, (p ->> 'until')::timestamptz AS until, rank, source, source_key, alive FROM pg_temp.log WHERE who IS NOT NULL
           UNION ALL SELECT DISTINCT who, 'nothing', live.until, NULL::numeric, '', NULL::timestamptz, 0, NULL::text, NULL::text, false FROM pg_temp.log WHERE who IS NOT NULL) o
           ORDER BY who, at, rank, source COLLATE "C", source_key COLLATE "C" LOOP
    IF e.who IS DISTINCT FROM whose THEN
      whose := e.who; inside := false; gone := NULL; quiet_from := NULL; names := '{}'; sums := '{}'; ends := '{}';
    END IF;
    LOOP -- what time brings alone
      due := CASE WHEN cardinality(names) > 0 THEN (SELECT min(x) FROM unnest(ends) x) WHEN inside THEN quiet_from + interval '2160 hours' END;
      EXIT WHEN due IS NULL OR due >= e.at;
      had := cardinality(names);
      SELECT coalesce(array_agg(a), '{}'), coalesce(array_agg(b), '{}'), coalesce(array_agg(c), '{}') INTO names, sums, ends FROM unnest(names, sums, ends) x (a, b, c) WHERE c > due;
      IF inside AND cardinality(names) = 0 THEN
        inside := false; gone := CASE had WHEN 0 THEN 'silence' ELSE 'term' END;
      END IF;
      INSERT INTO pg_temp.state (who, at, inside, gone, mrr) VALUES (whose, due, inside, gone, (SELECT coalesce(sum(x), 0) FROM unnest(sums) x));
    END LOOP;
    IF gone IS NULL AND e.kind IN ('purchase', 'subscription_started', 'subscription_changed', 'opportunity_won')
       OR gone IS NOT NULL AND e.kind IN ('purchase', 'subscription_started', 'subscription_renewed', 'opportunity_won')
       OR gone = 'silence' AND e.kind IN ('login', 'feature_used', 'session') THEN
      IF NOT inside THEN quiet_from := e.at; END IF;
      inside := true; gone := NULL;
    END IF;
    i := array_position(names, e.subject);
    had := cardinality(names);
    IF e.kind IN ('subscription_started', 'subscription_renewed') OR e.kind = 'opportunity_won' AND e.until IS NOT NULL THEN
      i := coalesce(i, had + 1);
      had := greatest(had, i);
      names[i] := e.subject; ends[i] := coalesce(e.until, 'infinity'); sums[i] := coalesce(CASE WHEN e.kind <> 'opportunity_won' THEN e.amount END, sums[i], 0);
    ELSIF e.kind = 'subscription_changed' AND i IS NOT NULL THEN
      ends[i] := coalesce(e.until, ends[i]); sums[i] := coalesce(e.amount, sums[i]);
    ELSIF e.kind IN ('cancelled', 'subscription_ended') THEN
      FOR k IN 1 .. had LOOP -- the one that is named, or all
        IF k = i OR i IS NULL AND e.subject = '' THEN
          ends[k] := CASE WHEN e.kind = 'subscription_ended' THEN e.at WHEN e.until IS NOT NULL THEN e.until WHEN ends[k] = 'infinity' THEN e.at ELSE ends[k] END;
        END IF;
      END LOOP;
    END IF;
    SELECT coalesce(array_agg(a), '{}'), coalesce(array_agg(b), '{}'), coalesce(array_agg(c), '{}') INTO names, sums, ends FROM unnest(names, sums, ends) x (a, b, c) WHERE c > e.at;
    IF inside AND cardinality(names) = 0 AND (had > 0 OR e.kind = 'subscription_ended') THEN
      inside := false; gone := CASE WHEN e.kind IN ('cancelled', 'subscription_ended') THEN e.kind ELSE 'term' END;
    END IF;
    IF e.alive THEN quiet_from := e.at; END IF;
    INSERT INTO pg_temp.state (who, at, inside, gone, mrr) VALUES (whose, e.at, inside, gone, (SELECT coalesce(sum(x), 0) FROM unnest(sums) x));
  END LOOP;
END $$;

-- Each KPI: what is counted or summed, out of how many or per what, over the facts that kpi_from_log.psql makes; kind of
-- interval (w Wilson, n NPS, m mean); whether it says nothing before the month is over.
CREATE TEMP TABLE expected (kpi text PRIMARY KEY, numerator text, denominator text, bounds text, late boolean DEFAULT false);
INSERT INTO expected (kpi, numerator, denominator, bounds) VALUES
  ('website_traffic', 'sessions', NULL, NULL), ('visitors', 'visitors', NULL, NULL), ('page_visits', 'pages', NULL, NULL), ('pages_per_session', 'session_pages', 'sessions', NULL), ('time_on_page', 'seconds', 'seconds_n', NULL), ('bounce_rate', 'bounces', 'sessions', 'w'),
  ('ad_impressions', 'ads', NULL, NULL), ('social_engagement', 'follows + shares + likes', NULL, NULL), ('social_follows', 'follows', NULL, NULL), ('social_shares', 'shares', NULL, NULL), ('social_likes', 'likes', NULL, NULL), ('sentiment', 'sentiment', 'sentiment_n', NULL),
  ('brand_mentions', 'brand_mentions', NULL, NULL), ('social_mentions', 'social_mentions', NULL, NULL), ('leads', 'leads', NULL, NULL), ('lead_generation_rate', 'leads', 'sessions', 'w'), ('acquisition_spend', 'coalesce(acquisition, 0)', NULL, NULL), ('cost_per_lead', 'acquisition', 'leads', NULL),
  ('lead_to_opportunity_rate', 'lead_opportunities', 'leads', 'w'), ('lead_to_opportunity_period_rate', 'opened', 'leads', NULL), ('opportunities', 'opened', NULL, NULL), ('opportunity_to_customer_rate', 'won_since', 'opened', 'w'), ('opportunity_to_customer_period_rate', 'deals', 'opened', NULL),
  ('deals_won', 'deals', NULL, NULL), ('average_deal_size', 'deal_amount', 'deals_priced', NULL), ('sales_cycle_days', 'cycle', NULL, NULL), ('new_customers', 'new', NULL, NULL), ('cac', 'acquisition', 'new', NULL),
  ('customers', 'at_end', NULL, NULL), ('customers_returned', 'back', NULL, NULL), ('customers_lost', 'lost', NULL, NULL), ('involuntary_churn_share', 'involuntary', 'lost', 'w'), ('retention_spend', 'coalesce(keeping, 0)', NULL, NULL),
  ('revenue', 'pays + bought - refunded', NULL, NULL), ('arpa', 'pays + bought - refunded', 'at_end', NULL), ('orders', 'orders', NULL, NULL), ('purchase_revenue', 'bought', NULL, NULL), ('refunds', 'refunded', NULL, NULL), ('average_order_value', 'bought', 'orders', NULL),
  ('repeat_purchase_rate', 'twice', 'buyers', 'w'), ('returning_buyer_rate', 'again', 'buyers', 'w'), ('mrr', 'pays', NULL, NULL), ('mrr_new', 'mrr_new', NULL, NULL), ('mrr_expansion', 'mrr_more', NULL, NULL), ('mrr_contraction', 'mrr_less', NULL, NULL), ('mrr_churn', 'mrr_gone', NULL, NULL), ('mrr_reactivation', 'mrr_back', NULL, NULL), ('subscribers', 'subscribers', NULL, NULL),
  ('cross_sell_rate', 'crossers', 'served', 'w'), ('cross_sell_revenue', 'crossed', NULL, NULL), ('upsell_rate', 'uppers', 'served', 'w'), ('upsell_revenue', 'upped', NULL, NULL), ('payments_failed', 'failed', NULL, NULL),
  ('nps', 'promoters - detractors', 'nps_n', 'n'), ('csat', 'satisfied', 'csat_n', 'w'), ('csat_mean', 'csat_sum', 'csat_n', NULL), ('ces', 'ces_sum', 'ces_n', 'm'), ('ces_agreeing_share', 'easy', 'ces_n', 'w'), ('survey_response_rate', 'answers', 'asked', 'w'), ('loyalty_participation_rate', 'loyal', 'served', 'w'),
  ('referral_rate', 'referred', 'new', 'w'), ('referrals_sent', 'invites', NULL, NULL), ('referrals_converted', 'converted', NULL, NULL), ('invites_per_customer', 'invites', 'served', NULL), ('referral_conversion_rate', 'converted', 'invites', 'w'), ('viral_coefficient', 'converted', 'served', NULL),
  ('reviews', 'reviews', NULL, NULL), ('review_score', 'stars', 'stars_n', NULL), ('testimonials', 'testimonials', NULL, NULL), ('tickets_opened', 'tickets', NULL, NULL), ('first_contact_resolution_rate', 'one_touch', 'judged', 'w'), ('first_contact_resolution_no_repeat_rate', 'no_repeat', 'judged', 'w'),
  ('response_within_2h_rate', 'fast', 'first_replies', 'w'), ('response_within_2h_due_rate', 'met', 'due', 'w'), ('first_response_median_hours', 'reply_hours', NULL, NULL), ('first_response_p90_hours', 'reply_hours_p90', NULL, NULL), ('resolution_median_hours', 'solve_hours', NULL, NULL), ('escalation_rate', 'escalated', 'tickets', 'w'),
  ('health_good_share', 'good', 'read', 'w'), ('health_score', 'health', 'read', NULL), ('engagement_rate', 'active', 'served', 'w'), ('active_customers', 'active', NULL, NULL), ('active_people', 'people', NULL, NULL), ('daily_active_people', 'person_days', 'days', NULL), ('stickiness', 'person_days', 'days * people', NULL),
  ('email_open_rate', 'read_mail', 'sent', 'w'), ('email_click_rate', 'clicked', 'sent', 'w'), ('emails_sent', 'sent', NULL, NULL), ('self_service_rate', 'solved', 'solved + tickets', 'w'), ('self_service_solved_rate', 'solved', 'self', 'w'),
  ('resource_use', 'CASE WHEN one_unit IS NOT FALSE THEN used_all END', NULL, NULL), ('resource_use_per_customer', 'CASE WHEN one_unit THEN used_all END', 'served', NULL), ('resource_use_per_revenue', 'CASE WHEN one_unit THEN used_all END', 'pays + bought - refunded', NULL), ('resource_waste_share', 'wasted', 'CASE WHEN one_unit IS NOT FALSE THEN used_all END', NULL);
INSERT INTO expected (kpi, numerator, denominator, bounds, late) VALUES
  ('cac_payback_months', 'acquisition * at_end', 'new * (pays + bought - refunded) * margin', NULL, true), ('retention_rate', 'at_end - new', 'at_start', NULL, true), ('retention_rate_cohort', 'kept', 'at_start', 'w', true), ('churn_rate', 'lost', 'at_start', 'w', true), ('churn_rate_start_plus_new', 'lost', 'at_start + new', 'w', true),
  ('churn_rate_average', 'lost', '(at_start + at_end) / 2.0', NULL, true), ('churn_rate_cohort', 'at_start - kept', 'at_start', 'w', true), ('cost_to_retain', 'keeping', 'kept', NULL, true), ('cltv', '(pays + bought - refunded) * margin * at_start', 'at_end * lost', NULL, true), ('ltv_to_cac', '(pays + bought - refunded) * margin * at_start * new', 'at_end * lost * coalesce(acquisition, 0)', NULL, true),
  ('nrr', 'still_paid', 'paid', NULL, true), ('grr', 'no_more_than', 'paid', NULL, true), ('gross_revenue_churn', 'mrr_gone + mrr_less', 'paid', NULL, true), ('net_revenue_churn', 'paid - still_paid', 'paid', NULL, true), ('net_revenue_churn_with_reactivation', 'paid - still_paid - mrr_back', 'paid', NULL, true),
  ('quick_ratio', 'mrr_new + mrr_more', 'mrr_less + mrr_gone', NULL, true), ('quick_ratio_with_reactivation', 'mrr_new + mrr_more + mrr_back', 'mrr_less + mrr_gone', NULL, true), ('expansion_rate', 'mrr_more', 'paid', NULL, true),
  ('waste_avoided', '(baseline * at_start - lost) * CASE WHEN one_unit THEN acquiring END', 'new', NULL, true);
SELECT set_eq('SELECT kpi FROM expected', 'SELECT kpi FROM ledger_kpis()', 'each KPI has a recomputation here, and each is one');

-- Months in which a ledger says something else; whatever is NULL in one must be in the other.
CREATE FUNCTION pg_temp.differences(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  x pg_temp.expected := (SELECT e FROM pg_temp.expected e WHERE e.kpi = name);
  result text;
BEGIN
  EXECUTE format($sql$
    WITH basis AS (
      SELECT m, is_over OR NOT %4$L AS told, (%2$s)::float8 AS a, (%3$s)::float8 AS b, nullif(%3$s, 0)::float8 AS n, promoters, detractors, ces_sd FROM pg_temp.fact
    ), theirs AS (
      SELECT f.m, a, b, CASE WHEN told THEN %5$s * a / CASE WHEN %6$L THEN 1 ELSE n END END AS value, i.half, i.middle
        FROM basis f LEFT JOIN LATERAL (
          SELECT CASE %7$L WHEN 'w' THEN CASE WHEN a BETWEEN 0 AND n THEN (a / n + z * z / (2 * n)) / (1 + z * z / n) END WHEN 'n' THEN 100 * a / (n + 3) WHEN 'm' THEN CASE WHEN n > 1 THEN a / n END END AS middle,
                 CASE %7$L WHEN 'w' THEN z * sqrt(a / n * abs(1 - a / n) / n + z * z / (4 * n * n)) / (1 + z * z / n) WHEN 'n' THEN 100 * z * sqrt(((promoters + 0.75 + detractors + 0.75) / (n + 3) - (a / (n + 3)) ^ 2) / (n + 3)) WHEN 'm' THEN z * ces_sd / sqrt(n) END AS half
            FROM (SELECT 1.959963984540054::float8 AS z) z WHERE told) i ON true
    )
    SELECT string_agg(format('%%s: %%s = %%s / %%s [%%s, %%s] instead of %%s = %%s / %%s [%%s, %%s]', m, k.value, k.numerator, k.denominator, k.lower, k.upper, t.value, t.a, t.b, t.middle - t.half, t.middle + t.half), '; ' ORDER BY m)
      FROM theirs t FULL JOIN (SELECT period_start AS m, * FROM pg_temp.told WHERE kpi = %1$L) k USING (m)
     WHERE NOT (pg_temp.same(k.value, t.value) AND pg_temp.same(k.numerator, t.a) AND pg_temp.same(k.denominator, t.b) AND pg_temp.same(k.lower, CASE WHEN %1$L = 'nps' AND t.middle - t.half < -100 THEN -100 ELSE t.middle - t.half END) AND pg_temp.same(k.upper, CASE WHEN %1$L = 'nps' AND t.middle + t.half > 100 THEN 100 ELSE t.middle + t.half END))
  $sql$, name, x.numerator, coalesce(x.denominator, 'NULL'), x.late, CASE name WHEN 'nps' THEN '100' ELSE '1' END, x.denominator IS NULL, x.bounds) INTO result;
  RETURN result;
END $$;
CREATE FUNCTION pg_temp.same(a float8, b float8) RETURNS boolean LANGUAGE sql AS $$ SELECT coalesce(abs(a - b) <= 1e-9 * greatest(1, abs(b)), a IS NULL AND b IS NULL) $$;

-- A generated log: instants are whole quarters of an hour, one in ten on the edge of a month.
SELECT ledger_create('made');
UPDATE made.setting SET value = 'America/New_York' WHERE name = 'time_zone';
UPDATE made.setting SET value = '0.7' WHERE name = 'margin';
CREATE TEMP TABLE pick AS
  SELECT row_number() OVER () - 1 AS i, w.kind FROM word w CROSS JOIN LATERAL generate_series(1, CASE WHEN w.kind IN ('page_view', 'purchase', 'subscription_started', 'ticket_opened', 'ticket_replied', 'ticket_resolved', 'opportunity_opened', 'opportunity_won', 'email_sent') THEN 5 ELSE 1 END)
   WHERE w.kind NOT IN ('stage_set', 'health_reading', 'health_band_set', 'consent_given', 'consent_withdrawn', 'trait_set', 'experiment_exposure');
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, subject, amount, quantity, score, channel, campaign, properties, source_key)
  SELECT CASE WHEN kind NOT IN ('spend', 'ad_impression', 'resource_use') AND NOT (kind IN ('page_view', 'brand_mention') AND a < 0.3) THEN 1 + floor(b * b * 200)::bigint END, kind, at,
         CASE WHEN kind LIKE 'subscription%' OR kind = 'cancelled' THEN CASE WHEN c < 0.8 THEN 's' || n % 2 END WHEN kind LIKE 'ticket%' OR kind LIKE 'opportunity%' THEN CASE WHEN c < 0.9 THEN 'x' || n % 3 END WHEN kind LIKE 'email%' AND c < 0.3 THEN 'news' WHEN kind = 'referral_converted' AND c < 0.9 THEN (1 + floor(d * 200))::text END,
         CASE WHEN kind IN ('refund', 'return') THEN -round((c * 9)::numeric, 2) WHEN kind LIKE 'opportunity%' AND d < 0.4 THEN NULL ELSE round((d * 100)::numeric, 2) END,
         CASE WHEN kind IN ('ad_impression', 'resource_use') AND n % 5 > 0 THEN 1 + n % 9 END,
         CASE kind WHEN 'nps' THEN floor(d * 11) WHEN 'csat' THEN 1 + floor(d * 5) WHEN 'ces' THEN 1 + floor(d * 7) WHEN 'review' THEN CASE WHEN c < 0.9 THEN 1 + floor(d * 5) END END,
         CASE WHEN c < 0.3 THEN (ARRAY['organic', 'referral', 'email'])[1 + n % 3] END, CASE WHEN kind LIKE 'email%' AND d < 0.9 THEN 'c' || n % 2 END,
         CASE WHEN kind = 'page_view' THEN jsonb_strip_nulls(jsonb_build_object('duration', CASE WHEN d < 0.6 THEN n % 77 END, 'device', CASE WHEN a < 0.28 THEN 'd' || n % 40 END, 'session', CASE WHEN c < 0.2 THEN 'v' || n / 200 END))
              WHEN kind IN ('social_mention', 'brand_mention') AND c < 0.8 THEN jsonb_build_object('sentiment', round(d::numeric * 2 - 1, 2)) WHEN kind = 'spend' THEN (ARRAY['{"purpose": "retention"}', '{"purpose": "brand"}', '{}', '{"purpose": "acquisition"}'])[1 + n % 4]::jsonb
              WHEN kind = 'self_service' AND c < 0.9 THEN jsonb_build_object('solved', d < 0.6) WHEN kind = 'ticket_opened' AND c < 0.8 THEN jsonb_build_object('topic', (ARRAY['pricing', 'bug'])[1 + n % 2])
              -- power alone, but for two months
              WHEN kind = 'resource_use' THEN jsonb_strip_nulls(jsonb_build_object('resource', 'power', 'unit', CASE WHEN at BETWEEN '2024-04-10' AND '2024-05-20' AND d < 0.5 THEN 'MWh' ELSE 'kWh' END, 'waste', CASE WHEN c < 0.7 THEN round(d::numeric, 2) END, 'purpose', CASE WHEN at > '2024-03-05' AND c < 0.6 THEN (ARRAY['acquisition', 'service'])[1 + n % 2] END))
              WHEN kind IN ('cancelled', 'subscription_ended', 'subscription_started', 'subscription_renewed', 'subscription_changed', 'opportunity_won') THEN
                jsonb_strip_nulls(jsonb_build_object('until', CASE WHEN d < 0.4 AND kind <> 'subscription_ended' THEN at + (n % 90) * interval '24 hours' END, 'voluntary', CASE WHEN kind IN ('cancelled', 'subscription_ended') AND c < 0.5 THEN c < 0.2 END)) END, n::text
    FROM (SELECT n, p.kind, random() AS a, random() AS b, random() AS c, random() AS d,
                 CASE WHEN n % 10 = 0 THEN date_trunc('month', timestamp '2023-12-20' + floor(random() * 10) * interval '1 month') AT TIME ZONE 'America/New_York' ELSE timestamptz '2023-12-20 05:00+00' + floor(random() * 96 * 260) * interval '15 minutes' END AS at
            FROM generate_series(1, 12000) n JOIN pick p ON p.i = floor(random() * 0) + (hashint8(n) & 65535) % (SELECT count(*) FROM pick)) g
   -- in two months no money is spent, and no resources used
   WHERE NOT (kind IN ('spend', 'resource_use') AND at BETWEEN '2024-06-01 04:00+00' AND '2024-07-31') AND NOT (kind = 'page_view' AND a < 0.3 AND a >= 0.28 AND c >= 0.2);
INSERT INTO made.touchpoint (customer_id, kind, occurred_at, subject, source_key) SELECT customer_id, 'ticket_replied', occurred_at + hashint8(touchpoint_id) % 13 * interval '15 minutes', subject, 'reply ' || touchpoint_id FROM made.touchpoint WHERE kind = 'ticket_opened' AND hashint8(touchpoint_id) % 13 > 0;
INSERT INTO made.kpi_target (target, kpi, baseline, baseline_on, change, due_on) VALUES ('stay', 'churn_rate', 0.25, '2023-12-01', -0.5, '2024-12-01');
SELECT is((SELECT count(*) FROM made.touchpoint_rejected), 0::bigint, 'all can be used');
SELECT ledger_tick('made', g) FROM generate_series(timestamptz '2024-03-01 12:00+00', '2024-11-01', '80 days') g;
SELECT ledger_tick('made', now());
CREATE TEMP TABLE told AS SELECT * FROM made.kpi WHERE period_grain = 'month';
\set ledger made
\set zone America/New_York
\set margin 0.7
\set until now
\set readings 'SELECT g AT TIME ZONE ''America/New_York'' FROM generate_series(timestamp ''2023-12-11'', ''2024-10-21'', ''7 days'') g UNION SELECT date_trunc(''week'', now() AT TIME ZONE ''America/New_York'') AT TIME ZONE ''America/New_York'' - g * interval ''1 week'' FROM generate_series(0, 12) g'
\set baseline 0.25
\ir kpi_from_log.psql
SELECT is(pg_temp.differences(kpi), NULL, 'generated log: ' || kpi) FROM expected ORDER BY kpi;
SELECT is_empty($$ SELECT kpi, count(DISTINCT value) FROM told WHERE is_complete GROUP BY kpi HAVING count(DISTINCT value) < 3 $$, 'there is something to compare: each KPI has different values in different months');
SELECT isnt_empty($$ SELECT FROM log l JOIN month ON at = from_at JOIN move v USING (who, at) WHERE v.came $$, 'somebody comes in the first instant of a month');
SELECT isnt_empty($$ SELECT FROM month JOIN move ON at = from_at WHERE NOT came $$, '... and somebody leaves');
-- what is kept is the same
CALL ledger_refresh('made');
TRUNCATE told;
INSERT INTO told SELECT * FROM made.kpi WHERE period_grain = 'month';
SELECT is(string_agg(kpi || ': ' || pg_temp.differences(kpi), '; '), NULL, 'generated log: kept figures, too') FROM expected;
SELECT ledger_drop('made', 'made');

-- The sample business, to the end of its two years kept by ledger_refresh(), and what time alone brought since.
\set customers 1000
\ir ../../examples/business.sql
\ir ../../examples/ledger.sql
SET client_min_messages = error;
SET timezone = 'UTC';
SELECT ledger_tick('crm', now());
TRUNCATE told;
INSERT INTO told SELECT * FROM crm.kpi WHERE period_grain = 'month';
\set ledger crm
\set zone UTC
\set margin 1
\set baseline NULL
\set readings 'SELECT timestamptz ''2025-12-29'' - g * interval ''1 week'' FROM generate_series(0, 12) g UNION SELECT date_trunc(''week'', now()) - g * interval ''1 week'' FROM generate_series(0, 12) g'
\ir kpi_from_log.psql
SELECT is(pg_temp.differences(kpi), NULL, 'sample business: ' || kpi) FROM expected ORDER BY kpi;
SELECT cmp_ok((SELECT count(*) FROM (SELECT kpi FROM told WHERE period_start BETWEEN '2024-01-01' AND '2025-12-01' GROUP BY kpi HAVING count(DISTINCT value) > 2) k), '>', 60::bigint, 'there is something to compare');

-- and from the tables that the business was in before
CREATE TEMP TABLE source AS
  SELECT m::date AS m, (SELECT count(*) FROM demo.orders WHERE ordered_at >= m AND ordered_at < m + interval '1 month') AS orders, (SELECT sum(amount) FROM demo.orders WHERE ordered_at >= m AND ordered_at < m + interval '1 month') AS purchase_revenue,
         (SELECT count(DISTINCT customer_id)::float8 FROM demo.orders o WHERE ordered_at >= m AND ordered_at < m + interval '1 month' AND EXISTS (SELECT FROM demo.orders e WHERE e.customer_id = o.customer_id AND e.ordered_at < m)) / nullif((SELECT count(DISTINCT customer_id) FROM demo.orders WHERE ordered_at >= m AND ordered_at < m + interval '1 month'), 0) AS returning_buyer_rate,
         (SELECT 100 * avg(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 ELSE 0 END)::float8 FROM demo.survey WHERE survey = 'nps' AND answered_at >= m AND answered_at < m + interval '1 month') AS nps,
         (SELECT avg((score >= 4)::int)::float8 FROM demo.survey WHERE survey = 'csat' AND answered_at >= m AND answered_at < m + interval '1 month') AS csat, (SELECT avg(score)::float8 FROM demo.survey WHERE survey = 'ces' AND answered_at >= m AND answered_at < m + interval '1 month') AS ces,
         (SELECT count(*) FROM demo.ticket WHERE opened_at >= m AND opened_at < m + interval '1 month') AS tickets_opened, (SELECT avg((first_reply_at - opened_at < interval '2 hours')::int)::float8 FROM demo.ticket WHERE first_reply_at >= m AND first_reply_at < m + interval '1 month') AS response_within_2h_rate,
         (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - opened_at)::float8) / 3600 FROM demo.ticket WHERE resolved_at >= m AND resolved_at < m + interval '1 month') AS resolution_median_hours,
         (SELECT count(*) FROM demo.referral WHERE referred_at >= m AND referred_at < m + interval '1 month') AS referrals_converted, (SELECT count(*) FROM (SELECT customer_id, min(at) AS at FROM (SELECT customer_id, ordered_at FROM demo.orders UNION ALL SELECT customer_id, started_at FROM demo.subscription) p (customer_id, at) GROUP BY 1) f WHERE at >= m AND at < m + interval '1 month') AS new_customers
    FROM generate_series(timestamptz '2024-01-01', '2025-12-01', '1 month') m;
SELECT is(string_agg(CASE WHEN k.kpi IS NOT NULL THEN format('%s: %s instead of %s', s.m, k.value, e.value) END, '; ' ORDER BY s.m), NULL, 'from the source tables: ' || e.kpi)
  FROM source s CROSS JOIN LATERAL jsonb_each_text(to_jsonb(s) - 'm') e (kpi, value) LEFT JOIN told k ON k.kpi = e.kpi AND k.period_start = s.m AND NOT pg_temp.same(k.value, e.value::float8) GROUP BY e.kpi ORDER BY e.kpi;
SELECT * FROM finish();
SELECT ledger_drop('crm', 'crm');
DROP SCHEMA demo CASCADE;
