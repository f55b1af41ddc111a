--
-- views: what customers say, and what they hear
--

CREATE FUNCTION ledger_view_nps_by_month(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'nps_by_month', $view$
--: net promoter score of each month that has answers
WITH zone AS MATERIALIZED (
  SELECT @time_zone@ AS time_zone
), by_month AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', z.time_zone) AS day, @extschema@.rating_agg(t.score) AS ratings
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.survey = 'nps'
   CROSS JOIN zone z
   WHERE t.score BETWEEN 0 AND 10 AND t.score = floor(t.score)
   GROUP BY 1
)
SELECT @month m.day@
       @extschema@.responses(m.ratings) AS response_count, --: answers to the NPS question
       @extschema@.promoters(m.ratings) AS promoter_count, --: answers 9 and 10
       @extschema@.passives(m.ratings) AS passive_count, --: answers 7 and 8
       @extschema@.detractors(m.ratings) AS detractor_count, --: answers 0 to 6
       @extschema@.nps(m.ratings) AS nps, --: 100 (promoters - detractors) / responses, -100..100
       (@extschema@.nps_interval(m.ratings)).lower AS nps_lower, --: lower end of the 95 % interval (adjusted Wald), -100..100
       (@extschema@.nps_interval(m.ratings)).upper AS nps_upper --: upper end of the 95 % interval (adjusted Wald), -100..100
  FROM by_month m
 ORDER BY m.day
$view$);
COMMENT ON FUNCTION ledger_view_nps_by_month(text) IS 'part of ledger_make_views(): nps_by_month';

CREATE FUNCTION ledger_view_survey_results(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'survey_results', $view$
--: answers by survey, scale and month, with 95 % intervals
WITH zone AS MATERIALIZED (
  SELECT @time_zone@ AS time_zone
), answer AS (
  SELECT k.survey, k.scale_low, k.scale_high, @extschema@.period_start(t.occurred_at, 'month', z.time_zone) AS day,
         @extschema@.rating_agg(t.score, k.scale_low, k.scale_high) AS ratings, count(DISTINCT t.customer_id) AS customers
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.survey IS NOT NULL
   CROSS JOIN zone z
   WHERE t.score BETWEEN k.scale_low AND k.scale_high AND t.score = floor(t.score)
   GROUP BY 1, 2, 3, 4
), known AS (
  SELECT a.*, CASE WHEN a.survey = 'nps' AND a.scale_high = 10 AND a.scale_low IN (0, 1) THEN a.ratings END AS promoted
    FROM answer a
)
SELECT a.survey, --: nps (would you recommend us), csat (are you satisfied) or ces (was it easy)
       a.scale_low, --: lowest score of the scale
       a.scale_high, --: highest score of the scale
       @month a.day@
       @extschema@.responses(a.ratings) AS response_count, --: answers
       a.customers AS customer_count, --: customers who answered
       @extschema@.rating_mean(a.ratings) AS mean_score, --: mean of the scores, on their own scale
       @extschema@.rating_sd(a.ratings) AS standard_deviation, --: sample standard deviation of the scores; NULL for one answer
       @extschema@.csat(a.ratings) AS top_box_rate, --: answers with one of the two highest scores / all answers, 0..1; for csat: the satisfied
       (@extschema@.csat_interval(a.ratings)).lower AS top_box_lower, --: lower end of the 95 % interval (Wilson) of top_box_rate, 0..1
       (@extschema@.csat_interval(a.ratings)).upper AS top_box_upper, --: upper end of the 95 % interval (Wilson) of top_box_rate, 0..1
       CASE WHEN a.survey = 'ces' THEN @extschema@.ces_share(a.ratings) END AS easy_rate, --: of ces: answers above the middle of the scale (5..7 of 1..7) / all answers, 0..1
       @extschema@.nps(a.promoted) AS nps, --: of nps: 100 (promoters - detractors) / responses, -100..100
       (@extschema@.nps_interval(a.promoted)).lower AS nps_lower, --: lower end of the 95 % interval (adjusted Wald) of nps, -100..100
       (@extschema@.nps_interval(a.promoted)).upper AS nps_upper --: upper end of the 95 % interval (adjusted Wald) of nps, -100..100
  FROM known a
 ORDER BY a.survey, a.scale_low, a.scale_high, a.day
$view$);
COMMENT ON FUNCTION ledger_view_survey_results(text) IS 'part of ledger_make_views(): survey_results';

CREATE FUNCTION ledger_view_feedback_loop(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'feedback_loop', $view$
--: is what customers say asked for, answered and closed? by topic
WITH said AS (
  SELECT t.customer_id, t.kind, t.occurred_at, t.subject, k.survey,
         coalesce(t.properties ->> 'topic', CASE WHEN t.kind NOT IN ('feedback', 'feedback_answered') THEN coalesce(t.properties ->> 'survey', k.survey) END) AS topic
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind
   WHERE t.kind IN ('survey_sent', 'feedback', 'feedback_answered') OR k.survey IS NOT NULL
), loop AS (
  SELECT s.*, a.closed_at
    FROM said s
    LEFT JOIN LATERAL (SELECT min(t.occurred_at) AS closed_at
                         FROM @ledger@.touchpoint t
                        WHERE t.customer_id = s.customer_id AND t.occurred_at >= s.occurred_at AND t.kind = 'feedback_answered'
                          AND CASE WHEN s.subject IS NULL OR t.subject IS NULL THEN t.properties ->> 'topic' IS NOT DISTINCT FROM s.topic
                                   ELSE t.subject = s.subject END) a ON s.kind = 'feedback'
)
SELECT l.topic, --: what it is about: property topic; of surveys else property survey, else nps, csat, ces; NULL: not said
       count(*) FILTER (WHERE l.kind = 'survey_sent') AS asked_count, --: surveys sent
       count(*) FILTER (WHERE l.survey IS NOT NULL) AS answered_count, --: answers to surveys
       count(*) FILTER (WHERE l.survey IS NOT NULL) / nullif(count(*) FILTER (WHERE l.kind = 'survey_sent'), 0)::double precision AS answered_rate, --: answered_count / asked_count; above 1 where more answer than were sent a survey
       count(*) FILTER (WHERE l.kind = 'feedback') AS feedback_count, --: feedback given
       count(l.closed_at) AS closed_count, --: feedback that was answered: same subject, or same topic where one has no subject
       count(l.closed_at) / nullif(count(*) FILTER (WHERE l.kind = 'feedback'), 0)::double precision AS closed_rate, --: closed_count / feedback_count, 0..1
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM l.closed_at - l.occurred_at)::double precision / 86400) AS median_days_to_close, --: days from feedback to its answer, median over what was answered
       count(DISTINCT l.customer_id) AS customer_count, --: customers concerned
       max(l.occurred_at) AS last_at --: last touchpoint on the topic
  FROM loop l
 GROUP BY l.topic
 ORDER BY l.topic
$view$);
COMMENT ON FUNCTION ledger_view_feedback_loop(text) IS 'part of ledger_make_views(): feedback_loop';

CREATE FUNCTION ledger_view_email_performance(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'email_performance', $view$
--: email by campaign: sent, opened, clicked, converted; customers count once a campaign
WITH recipient AS (
  SELECT t.customer_id, t.campaign,
         count(*) FILTER (WHERE t.kind = 'email_sent') AS sent,
         min(t.occurred_at) FILTER (WHERE t.kind = 'email_sent') AS sent_at,
         min(t.occurred_at) FILTER (WHERE t.kind IN ('email_opened', 'email_clicked')) AS opened_at,
         min(t.occurred_at) FILTER (WHERE t.kind = 'email_clicked') AS clicked_at
    FROM @ledger@.touchpoint t
   WHERE t.kind IN ('email_sent', 'email_opened', 'email_clicked')
   GROUP BY 1, 2
), outcome AS (
  SELECT r.*, p.n AS payments, p.amount
    FROM recipient r
    LEFT JOIN LATERAL (SELECT count(*) AS n, sum(t.amount) AS amount
                         FROM @ledger@.touchpoint t JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.is_payment
                        WHERE t.customer_id = r.customer_id AND t.occurred_at >= r.clicked_at
                          AND t.occurred_at < r.clicked_at + interval '168 hours') p ON r.clicked_at IS NOT NULL
)
SELECT o.campaign, --: campaign of the emails; NULL: none was named
       min(o.sent_at) AS first_sent_at, --: first email sent
       sum(o.sent)::bigint AS sent_count, --: emails sent
       count(*) FILTER (WHERE o.sent > 0) AS recipient_count, --: customers who were sent at least one
       count(o.opened_at) AS opened_count, --: customers who opened or clicked one
       count(o.clicked_at) AS clicked_count, --: customers who clicked in one
       count(*) FILTER (WHERE o.payments > 0) AS converted_count, --: customers who paid within 168 hours (7 days) of their first click
       count(o.opened_at) / nullif(count(*) FILTER (WHERE o.sent > 0), 0)::double precision AS opened_rate, --: opened_count / recipient_count
       count(o.clicked_at) / nullif(count(*) FILTER (WHERE o.sent > 0), 0)::double precision AS clicked_rate, --: clicked_count / recipient_count
       count(o.clicked_at) / nullif(count(o.opened_at), 0)::double precision AS click_to_open_rate, --: clicked_count / opened_count, 0..1
       count(*) FILTER (WHERE o.payments > 0) / nullif(count(*) FILTER (WHERE o.sent > 0), 0)::double precision AS converted_rate, --: converted_count / recipient_count
       sum(o.amount)::numeric(18,4) AS converted_amount --: money of those payments; a payment that follows clicks in two campaigns counts in both
  FROM outcome o
 GROUP BY o.campaign
 ORDER BY o.campaign
$view$);
COMMENT ON FUNCTION ledger_view_email_performance(text) IS 'part of ledger_make_views(): email_performance';
