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

-- the log, and the months of Berlin
CREATE TEMP VIEW log AS
  SELECT t.*, date_trunc('month', t.occurred_at AT TIME ZONE 'Europe/Berlin')::date AS month FROM num.touchpoint t;
CREATE FUNCTION pg_temp.days(i interval) RETURNS double precision LANGUAGE sql AS $$ SELECT (extract(epoch FROM i) / 86400)::double precision $$;
-- a set of numbers is another: to twelve digits, for sums in another order differ in the last
CREATE FUNCTION pg_temp.rounded(anyelement) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN jsonb_typeof(v.value) = 'number' THEN round(v.value::text::numeric, 12 - greatest(ceil(log(abs(v.value::text::numeric) + 0.1)), 0)::int)::float8::text
                         ELSE v.value #>> '{}' END, '|' ORDER BY v.n)
    FROM jsonb_array_elements((SELECT jsonb_agg(e.value) FROM jsonb_each(to_jsonb($1)) e)) WITH ORDINALITY v (value, n) $$;
CREATE FUNCTION pg_temp.same(ours text, theirs text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('CREATE TEMP TABLE ours ON COMMIT DROP AS %s', ours);
  CREATE TEMP TABLE theirs (LIKE ours);
  EXECUTE format('INSERT INTO theirs %s', theirs);
  SELECT count(*) INTO n FROM pg_temp.theirs;
  CREATE TEMP TABLE difference ON COMMIT DROP AS
    (SELECT 'the view: ' || pg_temp.rounded(o) AS row FROM pg_temp.ours o EXCEPT ALL SELECT 'the view: ' || pg_temp.rounded(t) FROM pg_temp.theirs t)
    UNION ALL
    (SELECT 'the log: ' || pg_temp.rounded(t) AS row FROM pg_temp.theirs t EXCEPT ALL SELECT 'the log: ' || pg_temp.rounded(o) FROM pg_temp.ours o);
  RETURN CASE WHEN n = 0 THEN fail(what || ': nothing to compare')
              ELSE is((SELECT string_agg(d.row, E'\n' ORDER BY d.row) FROM (SELECT * FROM pg_temp.difference LIMIT 6) d), NULL, format('%s (%s rows)', what, n)) END;
END $$;
CREATE FUNCTION pg_temp.forget() RETURNS void LANGUAGE sql AS $$ DROP TABLE IF EXISTS pg_temp.ours, pg_temp.theirs, pg_temp.difference $$;
-- tickets, one look-up a number
CREATE TEMP TABLE said AS SELECT l.*, coalesce(subject, '#' || touchpoint_id) AS ticket FROM log l WHERE kind LIKE 'ticket%';
CREATE TEMP TABLE ticket AS
  WITH o AS (SELECT customer_id, ticket, min(subject) AS subject, min(occurred_at) AS opened_at FROM said WHERE kind = 'ticket_opened' GROUP BY 1, 2),
       r AS (SELECT o.*, (SELECT min(occurred_at) FROM said s WHERE s.customer_id = o.customer_id AND s.ticket = o.ticket AND s.kind = 'ticket_resolved' AND s.occurred_at >= o.opened_at) AS resolved_at,
                    (SELECT max(occurred_at) FROM said s WHERE s.customer_id = o.customer_id AND s.ticket = o.ticket AND s.kind = 'ticket_resolved' AND s.occurred_at >= o.opened_at) AS last_resolved_at,
                    (SELECT s.properties ->> 'topic' FROM said s WHERE s.customer_id = o.customer_id AND s.ticket = o.ticket AND s.occurred_at >= o.opened_at AND s.properties ? 'topic' ORDER BY s.occurred_at LIMIT 1) AS topic FROM o),
       f AS (SELECT r.*, (SELECT min(occurred_at) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind = 'ticket_replied' AND s.occurred_at >= r.opened_at) AS first_reply_at,
                    (SELECT count(*) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind = 'ticket_replied' AND s.occurred_at >= r.opened_at) AS reply_count,
                    (SELECT count(*) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind = 'ticket_replied' AND s.occurred_at BETWEEN r.opened_at AND r.resolved_at) AS replies_to_resolve,
                    (SELECT count(*) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind = 'ticket_escalated' AND s.occurred_at >= r.opened_at) AS escalation_count,
                    (SELECT min(occurred_at) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind IN ('ticket_opened', 'ticket_reopened') AND s.occurred_at > r.opened_at AND s.occurred_at >= r.resolved_at) AS reopened_at,
                    (SELECT max(occurred_at) FROM said s WHERE s.customer_id = r.customer_id AND s.ticket = r.ticket AND s.kind IN ('ticket_opened', 'ticket_reopened') AND s.occurred_at > r.opened_at) AS last_reopened_at FROM r),
       -- all of the log is older than a week
       j AS (SELECT f.*, CASE WHEN resolved_at IS NOT NULL THEN replies_to_resolve = 1 AND NOT coalesce(reopened_at <= resolved_at + interval '168 hours', false) END AS one_touch FROM f)
  SELECT customer_id, subject AS ticket, topic, opened_at, first_reply_at, resolved_at, reopened_at, reply_count, escalation_count, one_touch,
         CASE WHEN subject IS NOT NULL THEN resolved_at IS NULL OR coalesce(last_reopened_at >= last_resolved_at, false) END AS is_open,
         CASE WHEN subject IS NOT NULL THEN coalesce(first_reply_at - opened_at < interval '2 hours', false) END AS in_time,
         one_touch AND NOT EXISTS (SELECT FROM j n WHERE n.customer_id = j.customer_id AND n.ticket <> j.ticket AND n.topic = j.topic AND n.opened_at > j.resolved_at AND n.opened_at <= j.resolved_at + interval '168 hours') AS no_repeat
    FROM j;
-- tickets as customers count them: a subject that is opened after it was resolved is another one
CREATE TEMP TABLE opened AS
  SELECT customer_id FROM (SELECT s.*, lag(s.kind) OVER (PARTITION BY s.customer_id, s.ticket ORDER BY s.occurred_at, k.rank) AS before
                             FROM said s JOIN num.touchpoint_kind k USING (kind)
                            WHERE s.kind IN ('ticket_opened', 'ticket_resolved', 'ticket_reopened')
                              AND s.occurred_at >= (SELECT min(occurred_at) FROM said o WHERE o.customer_id = s.customer_id AND o.ticket = s.ticket AND o.kind = 'ticket_opened')) x
   WHERE kind = 'ticket_opened' AND (before IS NULL OR before = 'ticket_resolved');

-- who came and left, month by month
CREATE TEMP TABLE movement AS
  WITH stay AS (SELECT h.*, stage NOT IN ('awareness', 'acquisition', 'churned') AS is_in, coalesce(lag(stage NOT IN ('awareness', 'acquisition', 'churned')) OVER (PARTITION BY customer_id ORDER BY seq), false) AS was_in FROM num.stage_history h),
       came AS (SELECT customer_id, entered_at, row_number() OVER (PARTITION BY customer_id ORDER BY entered_at) AS i, date_trunc('month', entered_at AT TIME ZONE 'Europe/Berlin')::date AS month FROM stay WHERE is_in AND NOT was_in),
       gone AS (SELECT customer_id, entered_at, date_trunc('month', entered_at AT TIME ZONE 'Europe/Berlin')::date AS month FROM stay WHERE was_in AND NOT is_in),
       named AS (SELECT DISTINCT month, subject FROM log WHERE kind = 'referral_converted'),
       months AS (SELECT g::date AS month, g AT TIME ZONE 'Europe/Berlin' AS since, (g + interval '1 month') AT TIME ZONE 'Europe/Berlin' AS until
                    FROM generate_series((SELECT min(month)::timestamp FROM log), date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') g)
  SELECT month, (SELECT count(*) FROM stay s WHERE s.is_in AND s.entered_at < since AND (s.left_at >= since OR s.left_at IS NULL)) AS at_start,
         (SELECT count(DISTINCT customer_id) FROM stay s WHERE s.is_in AND s.entered_at < until AND (s.left_at >= since OR s.left_at IS NULL)) AS served,
         (SELECT count(*) FROM came c WHERE c.month = m.month AND i = 1) AS new, (SELECT count(*) FROM gone g WHERE g.month = m.month) AS lost,
         (SELECT count(*) FROM named n WHERE n.month = m.month)
         + (SELECT count(*) FROM came c JOIN num.customer_360 s USING (customer_id)
             WHERE c.month = m.month AND i = 1 AND s.acquisition_channel = 'referral' AND c.customer_id::text NOT IN (SELECT subject FROM named n WHERE n.month <= m.month)) AS referred
    FROM months m;
CREATE TEMP TABLE there AS
  SELECT DISTINCT m.month, h.customer_id FROM movement m
    JOIN num.stage_history h ON h.stage NOT IN ('awareness', 'acquisition', 'churned') AND h.entered_at < (m.month + interval '1 month') AT TIME ZONE 'Europe/Berlin'
     AND (h.left_at >= m.month::timestamp AT TIME ZONE 'Europe/Berlin' OR h.left_at IS NULL);

SELECT pg_temp.same($$ SELECT stage_name, customer_count, reached_count, reached_rate, step_rate FROM num.stage_funnel $$,
$$ WITH reached AS (SELECT customer_id, stage::text AS stage FROM num.stage_history),
     best AS (SELECT customer_id, coalesce(max(array_position('{awareness,acquisition,conversion,onboarding,engagement,retention,advocacy}'::text[], stage)), 1) AS best FROM reached GROUP BY 1),
     stages AS (SELECT s, i::int FROM unnest('{awareness,acquisition,conversion,onboarding,engagement,retention,advocacy,churned}'::text[]) WITH ORDINALITY AS x (s, i)),
     counted AS (SELECT s, i, (SELECT count(*) FROM num.stage_history h WHERE h.stage::text = s AND h.left_at IS NULL) AS here,
                        CASE WHEN s = 'churned' THEN (SELECT count(DISTINCT customer_id) FROM reached r WHERE r.stage = 'churned') ELSE (SELECT count(*) FROM best b WHERE b.best >= i) END AS so_far FROM stages)
SELECT s, here, so_far, so_far::float8 / (SELECT count(*) FROM best), CASE WHEN i BETWEEN 2 AND 7 THEN so_far::float8 / (SELECT c.so_far FROM counted c WHERE c.i = counted.i - 1) END FROM counted $$, 'stage_funnel');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT from_stage_name, to_stage_name, from_stage_order, to_stage_order, transition_count, customer_count, entered_count, transition_rate, median_days FROM num.stage_transitions $$,
$$ WITH move AS (SELECT a.customer_id, a.stage AS a, b.stage AS b, pg_temp.days(b.entered_at - a.entered_at) AS d FROM num.stage_history a JOIN num.stage_history b ON b.customer_id = a.customer_id AND b.seq = a.seq + 1),
     ranked AS (SELECT *, row_number() OVER (PARTITION BY a, b ORDER BY d) AS i, count(*) OVER (PARTITION BY a, b) AS n FROM move)
SELECT a::text, b::text, (SELECT e.enumsortorder::int FROM pg_enum e WHERE e.enumtypid = 'lifecycle_stage'::regtype AND e.enumlabel = a::text),
       (SELECT e.enumsortorder::int FROM pg_enum e WHERE e.enumtypid = 'lifecycle_stage'::regtype AND e.enumlabel = b::text), count(*), count(DISTINCT customer_id),
       (SELECT count(*) FROM num.stage_history h WHERE h.stage = a), count(*)::float8 / (SELECT count(*) FROM num.stage_history h WHERE h.stage = a),
       avg(d) FILTER (WHERE i IN ((n + 1) / 2, (n + 2) / 2)) FROM ranked GROUP BY a, b $$, 'stage_transitions');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, seq, stage_name, entered_at, left_at, is_open, stay_days, episode, reason, actor FROM num.stage_spans $$,
$$ SELECT customer_id, seq, stage::text, entered_at, left_at, left_at IS NULL, pg_temp.days(coalesce(left_at, now()) - entered_at), episode, reason, actor FROM num.stage_history $$, 'stage_spans');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, awareness_entered_at, engagement_entered_at, engagement_left_at, engagement_days, churned_entered_at, churned_left_at, churned_days FROM num.stage_dates $$,
$$ SELECT c.customer_id, (SELECT min(entered_at) FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'awareness'),
       (SELECT min(entered_at) FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'engagement'),
       (SELECT CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) END FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'engagement'),
       (SELECT sum(pg_temp.days(coalesce(left_at, now()) - entered_at)) FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'engagement'),
       (SELECT min(entered_at) FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'churned'),
       (SELECT CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) END FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'churned'),
       (SELECT sum(pg_temp.days(coalesce(left_at, now()) - entered_at)) FROM num.stage_history h WHERE h.customer_id = c.customer_id AND h.stage = 'churned')
  FROM (SELECT DISTINCT customer_id FROM log WHERE customer_id IS NOT NULL) c $$, 'stage_dates');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT stage_name, ended_by, stay_count, entered_count, stay_rate, churned_count, churned_rate, median_days FROM num.bottlenecks $$,
$$ WITH stay AS (SELECT a.stage, pg_temp.days(coalesce(a.left_at, now()) - a.entered_at) AS d, b.stage AS next,
            CASE WHEN b.seq IS NULL THEN 'waiting' WHEN b.actor IS NOT NULL THEN 'stage_set' ELSE b.reason END AS kind
       FROM num.stage_history a LEFT JOIN num.stage_history b ON b.customer_id = a.customer_id AND b.seq = a.seq + 1 WHERE a.stage <> 'churned'),
     ranked AS (SELECT *, row_number() OVER (PARTITION BY stage, kind ORDER BY d) AS i, count(*) OVER (PARTITION BY stage, kind) AS n FROM stay)
SELECT stage::text, kind, count(*), (SELECT count(*) FROM stay s WHERE s.stage = r.stage), count(*)::float8 / (SELECT count(*) FROM stay s WHERE s.stage = r.stage),
       count(*) FILTER (WHERE next = 'churned'), count(*) FILTER (WHERE next = 'churned')::float8 / (SELECT count(*) FROM stay s WHERE s.stage = r.stage),
       avg(d) FILTER (WHERE i IN ((n + 1) / 2, (n + 2) / 2)) FROM ranked r GROUP BY stage, kind $$, 'bottlenecks');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, period_end, is_complete, response_count, promoter_count, passive_count, detractor_count, nps, nps_lower, nps_upper FROM num.nps_by_month $$,
$$ WITH m AS (SELECT month, count(*)::float8 AS n, count(*) FILTER (WHERE score > 8) AS p, count(*) FILTER (WHERE score < 7) AS d FROM log WHERE kind = 'nps' GROUP BY 1),
     a AS (SELECT *, (p - d) / (n + 3) AS c, ((p + 0.75) + (d + 0.75)) / (n + 3) AS q FROM m)
SELECT month, (month + interval '1 month')::date, (month + interval '1 month') AT TIME ZONE 'Europe/Berlin' <= now(), n::bigint, p, (n - p - d)::bigint, d, 100 * (p - d) / n,
       greatest(-100, 100 * (c - 1.959963984540054 * sqrt((q - c * c) / (n + 3)))), least(100, 100 * (c + 1.959963984540054 * sqrt((q - c * c) / (n + 3)))) FROM a $$, 'nps_by_month');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, response_count, customer_count, mean_score, standard_deviation, top_box_rate, top_box_lower, top_box_upper, easy_rate, nps FROM num.survey_results WHERE survey = 'csat' AND scale_low = 1 AND scale_high = 5 $$,
$$ WITH m AS (SELECT month, count(*)::float8 AS n, count(DISTINCT customer_id) AS c, avg(score) AS mean, stddev_samp(score) AS sd, count(*) FILTER (WHERE score >= 4) / count(*)::float8 AS p, 1.959963984540054::float8 AS z FROM log WHERE kind = 'csat' GROUP BY 1)
SELECT month, n::bigint, c, mean, sd, p, (p + z*z/(2*n) - z * sqrt(p*(1-p)/n + z*z/(4*n*n))) / (1 + z*z/n), (p + z*z/(2*n) + z * sqrt(p*(1-p)/n + z*z/(4*n*n))) / (1 + z*z/n), NULL::float8, NULL::float8 FROM m $$, 'survey_results: csat');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, response_count, mean_score, easy_rate FROM num.survey_results WHERE survey = 'ces' $$,
$$ SELECT month, count(*), avg(score), count(*) FILTER (WHERE score >= 5) / count(*)::float8 FROM log WHERE kind = 'ces' GROUP BY 1 $$, 'survey_results: ces');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, response_count, nps, nps_lower, nps_upper FROM num.survey_results WHERE survey = 'nps' $$,
$$ SELECT period_start, response_count, nps, nps_lower, nps_upper FROM num.nps_by_month $$, 'survey_results: nps as in nps_by_month');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, ticket, topic, opened_at, first_reply_at, resolved_at, reopened_at, is_open, reply_count, escalation_count, first_reply_minutes, is_reply_in_time, is_one_touch, is_no_repeat FROM num.tickets $$,
$$ SELECT customer_id, ticket, topic, opened_at, first_reply_at, resolved_at, reopened_at, is_open, reply_count, escalation_count, pg_temp.days(first_reply_at - opened_at) * 1440, in_time, one_touch, no_repeat FROM pg_temp.ticket $$, 'tickets');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, ticket_count, answered_count, pending_count, in_time_count, in_time_answered_rate, in_time_due_rate, median_reply_minutes, p90_reply_minutes, resolved_count, known_count, one_touch_count,
          one_touch_rate, no_repeat_count, no_repeat_rate, reopened_count, escalated_count FROM num.support_sla $$,
$$ WITH m AS (SELECT date_trunc('month', opened_at AT TIME ZONE 'Europe/Berlin')::date AS month, * FROM pg_temp.ticket)
SELECT month, count(*), count(first_reply_at), 0, count(*) FILTER (WHERE first_reply_at - opened_at < interval '2 hours'),
       count(*) FILTER (WHERE first_reply_at - opened_at < interval '2 hours') / nullif(count(first_reply_at), 0)::float8,
       count(*) FILTER (WHERE first_reply_at - opened_at < interval '2 hours') / nullif(count(*) FILTER (WHERE ticket IS NOT NULL), 0)::float8,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_temp.days(first_reply_at - opened_at) * 1440), percentile_cont(0.9) WITHIN GROUP (ORDER BY pg_temp.days(first_reply_at - opened_at) * 1440),
       count(resolved_at), count(one_touch), count(*) FILTER (WHERE one_touch), count(*) FILTER (WHERE one_touch) / nullif(count(one_touch), 0)::float8,
       count(*) FILTER (WHERE no_repeat), count(*) FILTER (WHERE no_repeat) / nullif(count(one_touch), 0)::float8, count(reopened_at), count(*) FILTER (WHERE escalation_count > 0)
  FROM m GROUP BY 1 $$, 'support_sla');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT topic, stage_name, ticket_count, feedback_count, self_service_count, solved_rate, customer_count, open_count, escalated_count, last_at FROM num.topics $$,
$$ WITH said AS (SELECT customer_id, topic, opened_at AS at, true AS is_ticket, is_open, escalation_count, NULL::boolean AS solved FROM pg_temp.ticket
       UNION ALL SELECT customer_id, properties ->> 'topic', occurred_at, false, NULL, NULL, CASE kind WHEN 'self_service' THEN (properties ->> 'solved')::boolean END FROM log WHERE kind IN ('feedback', 'self_service')),
     staged AS (SELECT *, (SELECT h.stage::text FROM num.stage_history h WHERE h.customer_id = said.customer_id AND h.entered_at <= said.at ORDER BY h.entered_at DESC LIMIT 1) AS stage FROM said)
SELECT topic, stage, count(*) FILTER (WHERE is_ticket), count(*) FILTER (WHERE NOT is_ticket AND solved IS NULL), count(solved), avg(solved::int)::float8, count(DISTINCT customer_id),
       count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE escalation_count > 0), max(at) FROM staged GROUP BY 1, 2 $$, 'topics');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT topic, asked_count, answered_count, answered_rate, feedback_count, closed_count, closed_rate, median_days_to_close, customer_count FROM num.feedback_loop $$,
$$ WITH said AS (SELECT *, CASE WHEN kind IN ('nps', 'csat', 'ces') THEN kind ELSE properties ->> 'topic' END AS topic FROM log WHERE kind IN ('survey_sent', 'nps', 'csat', 'ces', 'feedback', 'feedback_answered')),
     closed AS (SELECT s.*, (SELECT min(a.occurred_at) FROM said a WHERE s.kind = 'feedback' AND a.kind = 'feedback_answered' AND a.customer_id = s.customer_id AND a.occurred_at >= s.occurred_at
                               AND (a.subject = s.subject OR ((a.subject IS NULL OR s.subject IS NULL) AND (a.topic = s.topic OR a.topic IS NULL AND s.topic IS NULL)))) AS closed_at FROM said s)
SELECT topic, count(*) FILTER (WHERE kind = 'survey_sent'), count(*) FILTER (WHERE kind IN ('nps', 'csat', 'ces')),
       count(*) FILTER (WHERE kind IN ('nps', 'csat', 'ces')) / nullif(count(*) FILTER (WHERE kind = 'survey_sent'), 0)::float8, count(*) FILTER (WHERE kind = 'feedback'), count(closed_at),
       count(closed_at) / nullif(count(*) FILTER (WHERE kind = 'feedback'), 0)::float8, percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_temp.days(closed_at - occurred_at)), count(DISTINCT customer_id) FROM closed GROUP BY 1 $$, 'feedback_loop');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT campaign, first_sent_at, sent_count, recipient_count, opened_count, clicked_count, converted_count, opened_rate, clicked_rate, click_to_open_rate, converted_rate, converted_amount FROM num.email_performance $$,
$$ WITH who AS (SELECT DISTINCT customer_id, campaign FROM log WHERE kind IN ('email_sent', 'email_opened', 'email_clicked')),
     did AS (SELECT w.*, (SELECT count(*) FROM log l WHERE l.customer_id = w.customer_id AND l.campaign IS NOT DISTINCT FROM w.campaign AND l.kind = 'email_sent') AS sent,
                    EXISTS (SELECT FROM log l WHERE l.customer_id = w.customer_id AND l.campaign IS NOT DISTINCT FROM w.campaign AND l.kind IN ('email_opened', 'email_clicked')) AS opened,
                    (SELECT min(occurred_at) FROM log l WHERE l.customer_id = w.customer_id AND l.campaign IS NOT DISTINCT FROM w.campaign AND l.kind = 'email_clicked') AS clicked_at FROM who w),
     paid AS (SELECT d.*, (SELECT count(*) FROM log p WHERE p.customer_id = d.customer_id AND p.kind IN ('purchase', 'subscription_started') AND p.occurred_at >= d.clicked_at AND p.occurred_at < d.clicked_at + interval '168 hours') AS n,
                     (SELECT sum(amount) FROM log p WHERE p.customer_id = d.customer_id AND p.kind IN ('purchase', 'subscription_started') AND p.occurred_at >= d.clicked_at AND p.occurred_at < d.clicked_at + interval '168 hours') AS money FROM did d)
SELECT campaign, (SELECT min(occurred_at) FROM log l WHERE l.kind = 'email_sent' AND l.campaign IS NOT DISTINCT FROM paid.campaign), sum(sent)::bigint, count(*) FILTER (WHERE sent > 0), count(*) FILTER (WHERE opened), count(clicked_at), count(*) FILTER (WHERE n > 0),
       count(*) FILTER (WHERE opened) / nullif(count(*) FILTER (WHERE sent > 0), 0)::float8, count(clicked_at) / nullif(count(*) FILTER (WHERE sent > 0), 0)::float8, count(clicked_at) / nullif(count(*) FILTER (WHERE opened), 0)::float8,
       count(*) FILTER (WHERE n > 0) / nullif(count(*) FILTER (WHERE sent > 0), 0)::float8, sum(money) FROM paid GROUP BY 1 $$, 'email_performance');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, earning_count, redeeming_count, earned_points, redeemed_points, redeemed_rate, open_points, offer_sent_count, offer_redeemed_count, offer_redeemed_rate, offer_redeemed_amount, gift_count, gift_amount FROM num.loyalty $$,
$$ WITH m AS (SELECT DISTINCT month FROM log WHERE kind IN ('loyalty_earned', 'loyalty_redeemed', 'offer_sent', 'offer_redeemed', 'gift_sent'))
SELECT month, (SELECT count(DISTINCT customer_id) FROM log l WHERE l.month = m.month AND kind = 'loyalty_earned'), (SELECT count(DISTINCT customer_id) FROM log l WHERE l.month = m.month AND kind = 'loyalty_redeemed'),
       (SELECT coalesce(sum(quantity), 0) FROM log l WHERE l.month = m.month AND kind = 'loyalty_earned'), (SELECT coalesce(sum(quantity), 0) FROM log l WHERE l.month = m.month AND kind = 'loyalty_redeemed'),
       (SELECT sum(quantity) FILTER (WHERE kind = 'loyalty_redeemed')::float8 / nullif(sum(quantity) FILTER (WHERE kind = 'loyalty_earned'), 0)::float8 FROM log l WHERE l.month = m.month),
       (SELECT sum(CASE kind WHEN 'loyalty_earned' THEN quantity WHEN 'loyalty_redeemed' THEN -quantity END) FROM log l WHERE l.month <= m.month),
       (SELECT count(*) FROM log l WHERE l.month = m.month AND kind = 'offer_sent'), (SELECT count(*) FROM log l WHERE l.month = m.month AND kind = 'offer_redeemed'),
       (SELECT count(*) FILTER (WHERE kind = 'offer_redeemed')::float8 / nullif(count(*) FILTER (WHERE kind = 'offer_sent'), 0) FROM log l WHERE l.month = m.month),
       (SELECT sum(amount) FROM log l WHERE l.month = m.month AND kind = 'offer_redeemed'), (SELECT count(*) FROM log l WHERE l.month = m.month AND kind = 'gift_sent'), (SELECT sum(amount) FROM log l WHERE l.month = m.month AND kind = 'gift_sent') FROM m $$, 'loyalty');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, recency_score, frequency_score, monetary_score, rfm_segment FROM num.customer_360 WHERE purchase_count > 0 $$,
$$ WITH b AS (SELECT customer_id, max(occurred_at) AS r, count(*) AS f, sum(amount) AS m FROM log WHERE kind = 'purchase' GROUP BY 1),
     s AS (SELECT customer_id, (1 + 5 * (rank() OVER (ORDER BY r) - 1) / count(*) OVER ())::int AS r, (1 + 5 * (rank() OVER (ORDER BY f) - 1) / count(*) OVER ())::int AS f, (1 + 5 * (rank() OVER (ORDER BY m) - 1) / count(*) OVER ())::int AS m FROM b)
SELECT customer_id, r, f, m, CASE WHEN r = 5 AND f >= 4 AND m >= 4 THEN 'champions' WHEN r >= 3 AND f >= 4 THEN 'loyal customers' WHEN r <= 2 AND f = 5 THEN 'cannot lose them' WHEN r <= 2 AND f >= 3 THEN 'at risk'
       WHEN r >= 4 AND f BETWEEN 2 AND 3 THEN 'potential loyalists' WHEN r = 5 THEN 'new customers' WHEN r = 4 THEN 'promising' WHEN f = 3 THEN 'need attention' WHEN r = 3 THEN 'about to sleep'
       WHEN r = 2 THEN 'hibernating' ELSE 'lost' END FROM s $$, 'rfm scores, by rank()');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT segment, segment_order, customer_count, customer_rate, active_count, purchase_amount, purchase_rate, average_order_amount, purchases_per_customer, mean_recency_days FROM num.rfm_segments WHERE customer_count > 0 $$,
$$ WITH c AS (SELECT s.rfm_segment AS segment, count(*) AS n, count(*) FILTER (WHERE (SELECT h.stage NOT IN ('awareness', 'acquisition', 'churned') FROM num.stage_history h WHERE h.customer_id = s.customer_id AND h.left_at IS NULL)) AS active,
       sum(l.amount) AS amount, sum(l.n) AS orders, avg(pg_temp.days(now() - l.last_at)) AS recency
  FROM num.customer_360 s JOIN (SELECT customer_id, sum(amount) AS amount, count(*) AS n, max(occurred_at) AS last_at FROM log WHERE kind = 'purchase' GROUP BY 1) l USING (customer_id) GROUP BY 1)
SELECT segment, array_position(ARRAY['champions', 'loyal customers', 'cannot lose them', 'at risk', 'potential loyalists', 'new customers', 'promising', 'need attention', 'about to sleep', 'hibernating', 'lost'], segment), n,
       n::float8 / (SELECT sum(n) FROM c), active, amount, amount::float8 / (SELECT sum(amount)::float8 FROM c), round(amount / orders, 4), (orders / n)::float8, recency FROM c $$, 'rfm_segments');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, purchase_count, purchase_amount, average_order_amount, first_purchase_at, last_purchase_at, mean_gap_days, refund_count, refund_amount, net_revenue_amount, cltv_historic_amount,
          mean_nps_score, nps_response_count, mean_csat_score, csat_response_count, mean_ces_score, ces_response_count FROM num.customer_360 $$,
$$ SELECT c.customer_id, p.n, coalesce(p.amount, 0), round(p.amount / nullif(p.n, 0), 4), p.first_at, p.last_at, pg_temp.days(p.last_at - p.first_at) / nullif(p.n - 1, 0), r.n, coalesce(r.amount, 0), coalesce(p.amount, 0) - coalesce(r.amount, 0), coalesce(p.amount, 0) - coalesce(r.amount, 0),
       a.nps, a.nps_n, a.csat, a.csat_n, a.ces, a.ces_n
  FROM (SELECT DISTINCT customer_id FROM log WHERE customer_id IS NOT NULL) c
 CROSS JOIN LATERAL (SELECT count(*) AS n, sum(amount) AS amount, min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM log l WHERE l.customer_id = c.customer_id AND kind = 'purchase') p
 CROSS JOIN LATERAL (SELECT count(*) AS n, -sum(amount) AS amount FROM log l WHERE l.customer_id = c.customer_id AND kind = 'refund') r
 CROSS JOIN LATERAL (SELECT avg(score) FILTER (WHERE kind = 'nps') AS nps, nullif(count(*) FILTER (WHERE kind = 'nps'), 0) AS nps_n, avg(score) FILTER (WHERE kind = 'csat') AS csat,
       nullif(count(*) FILTER (WHERE kind = 'csat'), 0) AS csat_n, avg(score) FILTER (WHERE kind = 'ces') AS ces, nullif(count(*) FILTER (WHERE kind = 'ces'), 0) AS ces_n FROM log l WHERE l.customer_id = c.customer_id) a $$, 'customer_360: purchases, refunds, answers');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT customer_id, referral_sent_count, referral_converted_count, review_count, loyalty_points, consents_given, consents_withdrawn, persona, country, ticket_count, acquisition_channel FROM num.customer_360 $$,
$$ WITH word AS (SELECT DISTINCT ON (customer_id, properties ->> 'purpose') customer_id, properties ->> 'purpose' AS purpose, kind FROM log WHERE kind LIKE 'consent%' ORDER BY customer_id, properties ->> 'purpose', occurred_at DESC, kind DESC),
     trait AS (SELECT DISTINCT ON (customer_id, properties ->> 'name') customer_id, properties ->> 'name' AS name, properties ->> 'value' AS value FROM log WHERE kind = 'trait_set' ORDER BY customer_id, properties ->> 'name', occurred_at DESC, properties::text DESC)
SELECT c.customer_id, count(*) FILTER (WHERE kind = 'referral_sent'), count(*) FILTER (WHERE kind = 'referral_converted'), count(*) FILTER (WHERE kind = 'review'),
       coalesce(sum(CASE kind WHEN 'loyalty_earned' THEN quantity WHEN 'loyalty_redeemed' THEN -quantity END), 0),
       (SELECT string_agg(purpose, ', ' ORDER BY purpose) FROM word w WHERE w.customer_id = c.customer_id AND w.kind = 'consent_given'), (SELECT string_agg(purpose, ', ' ORDER BY purpose) FROM word w WHERE w.customer_id = c.customer_id AND w.kind = 'consent_withdrawn'),
       (SELECT value FROM trait t WHERE t.customer_id = c.customer_id AND name = 'persona'), (SELECT value FROM trait t WHERE t.customer_id = c.customer_id AND name = 'country'),
       (SELECT count(*) FROM pg_temp.opened o WHERE o.customer_id = c.customer_id),
       (array_agg(channel ORDER BY occurred_at, (SELECT k.rank FROM num.touchpoint_kind k WHERE k.kind = c.kind)) FILTER (WHERE channel IS NOT NULL))[1] FROM log c WHERE customer_id IS NOT NULL GROUP BY 1 $$, 'customer_360: referrals, reviews, loyalty, consent, traits');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, sum(churn_count)::bigint AS n, sum(churn_share) AS share FROM num.churn_reasons GROUP BY 1 $$,
$$ SELECT date_trunc('month', entered_at AT TIME ZONE 'Europe/Berlin')::date, count(*), 1::float8 FROM num.stage_history WHERE stage = 'churned' GROUP BY 1 $$, 'churn_reasons: all who churned');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT ended_by, reason, is_voluntary, sum(churn_count)::bigint AS n FROM num.churn_reasons GROUP BY 1, 2, 3 $$,
$$ WITH c AS (SELECT h.*, CASE WHEN actor IS NOT NULL THEN 'stage_set' ELSE reason END AS kind,
              coalesce((SELECT min(b.entered_at) FROM num.stage_history b WHERE b.customer_id = h.customer_id AND b.episode = h.episode AND b.stage <> 'churned'), h.entered_at) AS began_at FROM num.stage_history h WHERE stage = 'churned'),
     e AS (SELECT c.*, CASE WHEN kind NOT IN ('silence', 'stage_set') THEN (SELECT l.touchpoint_id FROM log l WHERE l.customer_id = c.customer_id AND (l.kind = c.kind OR c.kind = 'last subject ended' AND l.kind = 'cancelled')
                    AND l.occurred_at <= c.entered_at AND l.occurred_at >= CASE WHEN c.episode = 1 THEN '-infinity' ELSE c.began_at END ORDER BY l.occurred_at DESC LIMIT 1) END AS said_id,
            EXISTS (SELECT FROM log l WHERE l.customer_id = c.customer_id AND l.kind = 'payment_failed' AND l.occurred_at > c.entered_at - interval '720 hours' AND l.occurred_at <= c.entered_at) AS unpaid FROM c)
SELECT coalesce(l.kind, e.kind), CASE WHEN e.kind = 'stage_set' THEN reason ELSE l.properties ->> 'reason' END,
       CASE WHEN l.properties ? 'voluntary' THEN (l.properties ->> 'voluntary')::boolean WHEN l.properties ->> 'reason' = 'payment failed' OR unpaid THEN false END, count(*) FROM e LEFT JOIN log l ON l.touchpoint_id = said_id GROUP BY 1, 2, 3 $$, 'churn_reasons: what they said');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT activity_id, ts, customer, activity, revenue_impact, activity_occurrence, activity_repeated_at FROM num.activity_stream $$,
$$ SELECT touchpoint_id::text, occurred_at, customer_id::text, kind, CASE WHEN kind IN ('purchase', 'refund') THEN amount::float8 END,
       (SELECT count(*) FROM log b WHERE b.customer_id = l.customer_id AND b.kind = l.kind AND (b.occurred_at, b.touchpoint_id) <= (l.occurred_at, l.touchpoint_id)),
       (SELECT min(b.occurred_at) FROM log b WHERE b.customer_id = l.customer_id AND b.kind = l.kind AND (b.occurred_at, b.touchpoint_id) > (l.occurred_at, l.touchpoint_id)) FROM log l WHERE customer_id IS NOT NULL $$, 'activity_stream');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT step_number, from_kind, to_kind, customer_count, transition_rate FROM num.journey_edges $$,
$$ WITH step AS (SELECT l.customer_id, l.kind, lag(l.kind) OVER w AS before, row_number() OVER w AS i FROM log l JOIN num.touchpoint_kind k ON k.kind = l.kind AND k.alive WINDOW w AS (PARTITION BY l.customer_id ORDER BY l.occurred_at, l.kind COLLATE "C", l.channel COLLATE "C")),
     path AS (SELECT customer_id, kind, row_number() OVER (PARTITION BY customer_id ORDER BY i) AS i FROM step WHERE kind IS DISTINCT FROM before),
     edge AS (SELECT a.i, a.kind AS a, b.kind AS b FROM path a JOIN path b ON b.customer_id = a.customer_id AND b.i = a.i + 1 WHERE a.i <= 10)
SELECT i, a, b, count(*), count(*)::float8 / (SELECT count(*) FROM edge f WHERE f.i = e.i AND f.a = e.a) FROM edge e GROUP BY i, a, b $$, 'journey_edges');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, new_customer_count, customer_count FROM num.referrals $$,
$$ SELECT month, new, served FROM pg_temp.movement $$, 'customers of each month: as KPIs count them');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, sent_count, sender_count, converted_count, converted_rate, referred_customer_count, referral_rate, invites_per_customer, viral_coefficient FROM num.referrals $$,
$$ SELECT month, (SELECT count(*) FROM log l WHERE l.month = m.month AND kind = 'referral_sent') AS sent, (SELECT count(DISTINCT customer_id) FROM log l WHERE l.month = m.month AND kind = 'referral_sent'), (SELECT count(*) FROM log l WHERE l.month = m.month AND kind = 'referral_converted'),
       (SELECT count(*) FILTER (WHERE kind = 'referral_converted')::float8 / nullif(count(*) FILTER (WHERE kind = 'referral_sent'), 0) FROM log l WHERE l.month = m.month),
       least(referred, new), least(referred, new)::float8 / nullif(new, 0), (SELECT count(*)::float8 FROM log l WHERE l.month = m.month AND kind = 'referral_sent') / nullif(served, 0),
       (SELECT count(*)::float8 FROM log l WHERE l.month = m.month AND kind = 'referral_converted') / nullif(served, 0) FROM pg_temp.movement m $$, 'referrals');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, purchase_amount, existing_purchase_amount, existing_purchase_rate, upsell_amount, cross_sell_amount, upsell_customer_count, cross_sell_customer_count, customer_count FROM num.revenue_from_existing $$,
$$ SELECT m.month, coalesce(sum(amount) FILTER (WHERE kind = 'purchase'), 0), coalesce(sum(amount) FILTER (WHERE kind = 'purchase' AND month_paid < m.month), 0),
       sum(CASE WHEN month_paid < m.month THEN amount ELSE 0 END) FILTER (WHERE kind = 'purchase')::float8 / nullif(sum(amount) FILTER (WHERE kind = 'purchase'), 0)::float8,
       coalesce(sum(amount) FILTER (WHERE kind = 'upsell'), 0), coalesce(sum(amount) FILTER (WHERE kind = 'cross_sell'), 0), count(DISTINCT customer_id) FILTER (WHERE kind = 'upsell' AND (customer_id, m.month) IN (SELECT t.customer_id, t.month FROM pg_temp.there t)), count(DISTINCT customer_id) FILTER (WHERE kind = 'cross_sell' AND (customer_id, m.month) IN (SELECT t.customer_id, t.month FROM pg_temp.there t)), served
  FROM pg_temp.movement m LEFT JOIN (SELECT l.*, (SELECT min(p.month) FROM log p WHERE p.customer_id = l.customer_id AND p.kind IN ('purchase', 'subscription_started')) AS month_paid FROM log l) l ON l.month = m.month GROUP BY m.month, served $$, 'revenue_from_existing');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, revenue_amount, upsell_rate, cross_sell_rate, expansion_amount, expansion_rate FROM num.revenue_from_existing $$,
$$ SELECT period_start, revenue, upsell_revenue::float8 / nullif(revenue, 0)::float8, cross_sell_revenue::float8 / nullif(revenue, 0)::float8, mrr_expansion, CASE WHEN is_complete THEN expansion_rate ELSE mrr_expansion::float8 / nullif(mrr - mrr_new - mrr_expansion - mrr_reactivation + mrr_contraction + mrr_churn, 0)::float8 END FROM num.kpi_monthly $$, 'revenue_from_existing: rates of the revenue that KPIs tell');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, resource, unit, used_quantity, waste_quantity, used_per_customer, acquisition_quantity, used_per_acquisition, baseline_churned, churned_count, waste_avoided FROM num.resource_footprint $$,
$$ WITH u AS (SELECT month, properties ->> 'resource' AS r, properties ->> 'unit' AS u, sum(quantity) AS q, sum(quantity * (properties ->> 'waste')::numeric) AS w,
                  CASE WHEN bool_or(properties ? 'purpose') THEN coalesce(sum(quantity) FILTER (WHERE properties ->> 'purpose' = 'acquisition'), 0) ELSE sum(quantity) END AS a FROM log WHERE kind = 'resource_use' GROUP BY 1, 2, 3)
SELECT month, r, u, q, w, q::float8 / nullif(served, 0), a, a::float8 / nullif(new, 0), 0.05 * at_start, lost, (0.05 * at_start - lost) * a::float8 / nullif(new, 0) FROM u JOIN pg_temp.movement m USING (month) $$, 'resource_footprint');
SELECT pg_temp.forget();

SELECT pg_temp.same($$ SELECT period_start, sum(used_quantity) AS q, sum(used_per_revenue) AS r FROM num.resource_footprint GROUP BY 1 $$,
$$ SELECT month, sum(quantity), sum(quantity)::float8 / (SELECT nullif(revenue, 0) FROM num.kpi_monthly k WHERE k.period_start = month)::float8 FROM log WHERE kind = 'resource_use' GROUP BY 1 $$, 'resource_footprint: per revenue');
SELECT pg_temp.forget();
SELECT * FROM finish();
ROLLBACK;
