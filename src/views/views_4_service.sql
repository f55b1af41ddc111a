--
-- views: how customers are served
--

CREATE FUNCTION ledger_view_tickets(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'tickets', $view$
--: each ticket of support: one row each
WITH logged AS (
  SELECT t.customer_id, t.subject, coalesce(t.subject, t.touchpoint_id::text) AS ticket, t.kind, t.occurred_at, t.channel,
         t.properties ->> 'topic' AS topic,
         min(t.occurred_at) FILTER (WHERE t.kind = 'ticket_opened') OVER ticket AS opened_at
    FROM @ledger@.touchpoint t
   WHERE t.kind IN ('ticket_opened', 'ticket_replied', 'ticket_resolved', 'ticket_reopened', 'ticket_escalated')
  WINDOW ticket AS (PARTITION BY t.customer_id, coalesce(t.subject, t.touchpoint_id::text))
), event AS (
  SELECT l.*, min(l.occurred_at) FILTER (WHERE l.kind = 'ticket_resolved') OVER (PARTITION BY l.customer_id, l.ticket) AS resolved_at
    FROM logged l
   WHERE l.occurred_at >= l.opened_at
), ticket AS (
  SELECT e.customer_id, e.ticket, e.subject, e.opened_at, e.resolved_at,
         (array_agg(e.topic ORDER BY e.occurred_at) FILTER (WHERE e.topic IS NOT NULL))[1] AS topic,
         (array_agg(e.channel ORDER BY e.occurred_at) FILTER (WHERE e.channel IS NOT NULL))[1] AS channel,
         min(e.occurred_at) FILTER (WHERE e.kind = 'ticket_replied') AS first_reply_at,
         count(*) FILTER (WHERE e.kind = 'ticket_replied') AS replies,
         count(*) FILTER (WHERE e.kind = 'ticket_replied' AND e.occurred_at <= e.resolved_at) AS replies_to_resolve,
         min(e.occurred_at) FILTER (WHERE e.kind IN ('ticket_opened', 'ticket_reopened') AND e.occurred_at >= e.resolved_at AND e.occurred_at > e.opened_at) AS reopened_at,
         count(*) FILTER (WHERE e.kind = 'ticket_escalated') AS escalations,
         max(e.occurred_at) FILTER (WHERE e.kind = 'ticket_resolved') AS last_resolved_at,
         max(e.occurred_at) FILTER (WHERE e.kind IN ('ticket_opened', 'ticket_reopened') AND e.occurred_at > e.opened_at) AS last_reopened_at
    FROM event e
   GROUP BY e.customer_id, e.ticket, e.subject, e.opened_at, e.resolved_at
), judged AS (
  SELECT t.*, array_agg(t.opened_at) OVER (PARTITION BY t.customer_id, t.topic) AS openings,
         extract(epoch FROM t.first_reply_at - t.opened_at)::double precision / 60 AS reply_minutes,
         CASE WHEN t.resolved_at + interval '168 hours' <= now()
              THEN t.replies_to_resolve = 1 AND (t.reopened_at IS NULL OR t.reopened_at > t.resolved_at + interval '168 hours') END AS one_touch,
         CASE WHEN t.subject IS NOT NULL THEN t.last_resolved_at IS NULL OR coalesce(t.last_reopened_at >= t.last_resolved_at, false) END AS is_open,
         coalesce((SELECT s.value::interval FROM @ledger@.setting s WHERE s.name = 'reply_within'), interval '2 hours') AS reply_within
    FROM ticket t
)
SELECT t.customer_id, --: key of the customer who opened it
       t.subject AS ticket, --: the ticket: subject of its touchpoints; NULL: it has none, so nothing that follows can be known
       t.topic, --: what it is about: the first property topic
       t.channel, --: how it came in
       t.opened_at, --: when it was opened
       t.first_reply_at, --: first reply; NULL: none yet
       t.resolved_at, --: first resolution; NULL: not yet
       t.reopened_at, --: when it was first reopened, or opened once more, after that; NULL: never
       t.last_resolved_at, --: last resolution; NULL: not yet
       t.is_open, --: not resolved, or reopened since
       t.replies AS reply_count, --: replies
       t.escalations AS escalation_count, --: escalations
       t.reply_minutes AS first_reply_minutes, --: minutes from opening to the first reply
       CASE WHEN NOT t.is_open THEN extract(epoch FROM t.last_resolved_at - t.opened_at)::double precision / 3600 END AS resolution_hours, --: hours from opening to the last resolution; NULL while it is open
       CASE WHEN t.first_reply_at IS NOT NULL THEN t.first_reply_at < t.opened_at + t.reply_within
            WHEN t.subject IS NOT NULL AND t.opened_at + t.reply_within <= now() THEN false END AS is_reply_in_time, --: first reply in less than two hours (setting reply_within); false: later, or none for so long; NULL: still pending
       t.one_touch AS is_one_touch, --: resolved with one reply and not reopened within 7 days (168 hours); NULL: not resolved, or younger than that
       CASE WHEN t.one_touch AND t.topic IS NOT NULL THEN NOT EXISTS (
         SELECT FROM unnest(t.openings) o (at) WHERE o.at > t.resolved_at AND o.at <= t.resolved_at + interval '168 hours')
       ELSE t.one_touch END AS is_no_repeat --: one-touch, and the customer opened no other ticket on the topic within 7 days (168 hours); NULL: not known yet
  FROM judged t
$view$);
COMMENT ON FUNCTION ledger_view_tickets(text) IS 'part of ledger_make_views(): tickets';

CREATE FUNCTION ledger_view_support_sla(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'support_sla', $view$
--: support by month in which tickets were opened: replies within two hours, first-contact resolution
WITH by_month AS (
  SELECT @extschema@.period_start(t.opened_at, 'month', @time_zone@) AS day,
         count(*) AS n, count(t.first_reply_at) AS answered,
         count(*) FILTER (WHERE t.is_reply_in_time IS NULL AND t.ticket IS NOT NULL) AS pending,
         count(*) FILTER (WHERE t.is_reply_in_time) AS in_time, count(t.is_reply_in_time) AS due,
         percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY t.first_reply_minutes) AS minutes,
         count(t.resolved_at) AS resolved, count(t.is_one_touch) AS known,
         count(*) FILTER (WHERE t.is_one_touch) AS one_touch, count(*) FILTER (WHERE t.is_no_repeat) AS no_repeat,
         count(t.reopened_at) AS reopened, count(*) FILTER (WHERE t.escalation_count > 0) AS escalated,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY t.resolution_hours) AS hours
    FROM @ledger@.tickets t
   GROUP BY 1
)
SELECT @month m.day@
       m.n AS ticket_count, --: tickets opened
       m.answered AS answered_count, --: of these, those with a first reply
       m.pending AS pending_count, --: of these, those without a reply that are younger than two hours
       m.in_time AS in_time_count, --: of these, those with a first reply in less than two hours (setting reply_within)
       m.in_time / nullif(m.answered, 0)::double precision AS in_time_answered_rate, --: in_time_count / answered_count, 0..1
       m.in_time / nullif(m.due, 0)::double precision AS in_time_due_rate, --: in_time_count / tickets answered or without a reply for two hours, 0..1
       m.minutes[1] AS median_reply_minutes, --: minutes to the first reply, median over answered tickets
       m.minutes[2] AS p90_reply_minutes, --: minutes to the first reply, 90th percentile over answered tickets
       m.resolved AS resolved_count, --: of these, those resolved
       m.known AS known_count, --: of these, those resolved at least 7 days ago: first-contact resolution is known
       m.one_touch AS one_touch_count, --: known tickets resolved with one reply and not reopened within 7 days
       m.one_touch / nullif(m.known, 0)::double precision AS one_touch_rate, --: one_touch_count / known_count, 0..1
       m.no_repeat AS no_repeat_count, --: one-touch tickets without another ticket of the customer on the topic within 7 days
       m.no_repeat / nullif(m.known, 0)::double precision AS no_repeat_rate, --: no_repeat_count / known_count, 0..1
       m.reopened AS reopened_count, --: tickets reopened after they were resolved
       m.escalated AS escalated_count, --: tickets escalated
       m.hours AS median_resolution_hours --: hours to the last resolution, median over resolved tickets
  FROM by_month m
 ORDER BY m.day
$view$);
COMMENT ON FUNCTION ledger_view_support_sla(text) IS 'part of ledger_make_views(): support_sla';

CREATE FUNCTION ledger_view_topics(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'topics', $view$
--: pain points: what tickets and feedback are about, by topic and by the stage that customers were in
WITH said AS (
  SELECT t.customer_id, t.topic, t.opened_at AS at, true AS is_ticket, t.is_open, t.reopened_at, t.escalation_count, t.resolution_hours,
         NULL::boolean AS solved, NULL::double precision AS sentiment
    FROM @ledger@.tickets t
   UNION ALL
  SELECT t.customer_id, t.properties ->> 'topic', t.occurred_at, false, NULL, NULL, NULL, NULL,
         CASE WHEN t.kind = 'self_service' THEN lower(t.properties ->> 'solved') IN ('true', 't', 'yes', '1') END,
         CASE WHEN t.kind = 'feedback' AND jsonb_typeof(t.properties -> 'sentiment') = 'number' THEN (t.properties ->> 'sentiment')::double precision END
    FROM @ledger@.touchpoint t
   WHERE t.kind IN ('feedback', 'self_service')
)
SELECT s.topic, --: what it is about: property topic; NULL: not said
       @stage h.stage stage: stage that the customer was in@
       count(*) FILTER (WHERE s.is_ticket) AS ticket_count, --: tickets opened
       count(*) FILTER (WHERE NOT s.is_ticket AND s.solved IS NULL) AS feedback_count, --: feedback given
       count(s.solved) AS self_service_count, --: tries of self-service
       count(*) FILTER (WHERE s.solved) / nullif(count(s.solved), 0)::double precision AS solved_rate, --: tries of self-service that solved it / all tries, 0..1
       count(DISTINCT s.customer_id) AS customer_count, --: customers concerned
       count(*) FILTER (WHERE s.is_open) AS open_count, --: tickets open now
       count(s.reopened_at) AS reopened_count, --: tickets reopened after they were resolved
       count(*) FILTER (WHERE s.escalation_count > 0) AS escalated_count, --: tickets escalated
       avg(s.resolution_hours) AS mean_resolution_hours, --: hours to the last resolution, mean over resolved tickets
       avg(s.sentiment) AS mean_sentiment, --: property sentiment of feedback, -1..1, mean over what has one
       count(*) FILTER (WHERE s.at >= now() - interval '720 hours' AND s.solved IS NULL) AS last_30_days_count, --: tickets and feedback of the last 30 days
       count(*) FILTER (WHERE s.at >= now() - interval '1440 hours' AND s.at < now() - interval '720 hours' AND s.solved IS NULL) AS previous_30_days_count, --: tickets and feedback of the 30 days before
       max(s.at) AS last_at --: last ticket, feedback or self-service
  FROM said s
  LEFT JOIN @ledger@.stage_history h
    ON h.customer_id = s.customer_id AND h.entered_at <= s.at AND (h.left_at > s.at OR h.left_at IS NULL)
 GROUP BY s.topic, h.stage
 ORDER BY s.topic, h.stage
$view$);
COMMENT ON FUNCTION ledger_view_topics(text) IS 'part of ledger_make_views(): topics';
