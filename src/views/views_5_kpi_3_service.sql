--
-- KPIs: facts of support, email and health
--

CREATE FUNCTION ledger_kpi_facts_tickets() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH touched AS (
  SELECT DISTINCT @segment@ AS segment, t.customer_id, coalesce(t.subject, '') AS subject FROM @ledger@.touchpoint t @scope@
   WHERE t.kind IN ('ticket_opened', 'ticket_replied', 'ticket_resolved') AND t.occurred_at >= @from@ AND t.occurred_at < @until@ AND t.customer_id IS NOT NULL
), event AS (
  SELECT d.segment, d.customer_id, d.subject, e.kind, e.occurred_at, e.properties ->> 'topic' AS topic,
         min(e.occurred_at) FILTER (WHERE e.kind = 'ticket_opened') OVER (PARTITION BY d.segment, d.customer_id, d.subject) AS opened_at
    FROM touched d JOIN @ledger@.touchpoint e ON e.customer_id = d.customer_id AND coalesce(e.subject, '') = d.subject
     AND e.kind IN ('ticket_opened', 'ticket_replied', 'ticket_resolved', 'ticket_reopened') AND e.occurred_at < @now@
), since AS (
  SELECT e.*, min(e.occurred_at) FILTER (WHERE e.kind = 'ticket_resolved') OVER (PARTITION BY e.segment, e.customer_id, e.subject) AS resolved_at
    FROM event e WHERE e.occurred_at >= e.opened_at
), ticket AS (
  SELECT e.segment, e.customer_id, e.subject, e.opened_at, e.resolved_at,
         min(e.topic) FILTER (WHERE e.kind = 'ticket_opened' AND e.occurred_at = e.opened_at) AS topic, min(e.occurred_at) FILTER (WHERE e.kind = 'ticket_replied') AS replied_at,
         count(*) FILTER (WHERE e.kind = 'ticket_replied' AND e.occurred_at <= e.resolved_at) AS replies,
         bool_or(e.kind = 'ticket_reopened' AND e.occurred_at >= e.resolved_at AND e.occurred_at <= e.resolved_at + interval '168 hours') AS reopened
    FROM since e GROUP BY 1, 2, 3, 4, 5
), judged AS (
  SELECT k.*, k.replied_at - k.opened_at AS waited, k.replies = 1 AND NOT coalesce(k.reopened, false) AS one_touch,
         EXISTS (SELECT FROM @ledger@.touchpoint n WHERE n.customer_id = k.customer_id AND n.kind = 'ticket_opened' AND n.subject IS DISTINCT FROM nullif(k.subject, '') AND n.properties ->> 'topic' = k.topic
                    AND n.occurred_at > k.resolved_at AND n.occurred_at <= k.resolved_at + interval '168 hours') AS repeated
    FROM ticket k
), counted AS (
  SELECT j.segment, @extschema@.period_start(j.opened_at, @grain@, @zone@) AS period_start, 'opened' AS moment,
         count(*) FILTER (WHERE j.replied_at IS NOT NULL OR j.opened_at + interval '2 hours' <= @now@) AS n, count(*) FILTER (WHERE j.waited < interval '2 hours') AS good, 0 AS better, NULL::double precision AS median, NULL::double precision AS p90, 0 AS timed
    FROM judged j WHERE j.opened_at >= @from@ AND j.opened_at < @until@ GROUP BY 1, 2
  UNION ALL
  SELECT j.segment, @extschema@.period_start(j.replied_at, @grain@, @zone@), 'replied', count(j.waited), count(*) FILTER (WHERE j.waited < interval '2 hours'), 0,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM j.waited)::double precision / 3600), percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM j.waited)::double precision / 3600), count(j.waited)
    FROM judged j WHERE j.replied_at >= @from@ AND j.replied_at < @until@ GROUP BY 1, 2
  UNION ALL
  SELECT j.segment, @extschema@.period_start(j.resolved_at, @grain@, @zone@), 'resolved', count(*) FILTER (WHERE j.resolved_at + interval '168 hours' <= @now@),
         count(*) FILTER (WHERE j.one_touch AND j.resolved_at + interval '168 hours' <= @now@), count(*) FILTER (WHERE j.one_touch AND NOT j.repeated AND j.resolved_at + interval '168 hours' <= @now@),
         percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM j.resolved_at - j.opened_at)::double precision / 3600), NULL, count(j.resolved_at - j.opened_at)
    FROM judged j WHERE j.resolved_at >= @from@ AND j.resolved_at < @until@ GROUP BY 1, 2
)
SELECT c.segment, c.period_start, f.fact, f.value FROM counted c CROSS JOIN LATERAL (VALUES
  ('opened', 'tickets_due', c.n), ('opened', 'tickets_met', c.good),
  ('replied', 'first_replies', c.n), ('replied', 'replies_within_2h', c.good), ('replied', 'reply_hours_median', c.median::text::numeric), ('replied', 'reply_hours_p90', c.p90::text::numeric), ('replied', 'reply_hours_count', c.timed),
  ('resolved', 'tickets_known', c.n), ('resolved', 'tickets_one_touch', c.good), ('resolved', 'tickets_no_repeat', c.better), ('resolved', 'resolution_hours_median', c.median::text::numeric), ('resolved', 'resolution_hours_count', c.timed)) f (moment, fact, value)
 WHERE f.moment = c.moment
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_tickets() IS 'facts of periods: tickets by when they were opened, first replied to, and first resolved';

CREATE FUNCTION ledger_kpi_facts_emails() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
WITH sent AS (
  SELECT @segment@ AS segment, t.touchpoint_id, t.customer_id, concat_ws(' / ', coalesce(t.campaign, ''), coalesce(t.subject, '')) AS email, t.occurred_at
    FROM @log@ t @scope@ WHERE t.kind = 'email_sent' AND t.occurred_at >= @from@ AND t.occurred_at < @until@
), answered AS (
  SELECT DISTINCT s.segment, s.touchpoint_id, t.kind FROM sent s
    JOIN @ledger@.touchpoint t ON t.customer_id = s.customer_id AND t.kind IN ('email_opened', 'email_clicked') AND concat_ws(' / ', coalesce(t.campaign, ''), coalesce(t.subject, '')) = s.email
     AND t.occurred_at >= s.occurred_at AND t.occurred_at <= s.occurred_at + interval '168 hours' AND t.occurred_at >= @from@ AND t.occurred_at < least(@until@ + interval '168 hours', @now@)
)
SELECT s.segment, @extschema@.period_start(s.occurred_at, @grain@, @zone@) AS period_start, f.fact, count(*) FILTER (WHERE f.holds)::numeric AS value
  FROM sent s LEFT JOIN (SELECT a.segment, a.touchpoint_id, bool_or(a.kind = 'email_opened') AS opened, bool_or(a.kind = 'email_clicked') AS clicked FROM answered a GROUP BY 1, 2) a
    ON a.segment = s.segment AND a.touchpoint_id = s.touchpoint_id
 CROSS JOIN LATERAL (VALUES ('emails_sent', true), ('emails_opened', a.opened), ('emails_clicked', a.clicked)) f (fact, holds)
 GROUP BY 1, 2, 3
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_emails() IS 'facts of periods: emails sent, and those of them opened and clicked within seven days';

CREATE FUNCTION ledger_kpi_facts_health() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN $sql$
SELECT r.segment, r.period_start, f.fact, f.value
  FROM (SELECT l.segment, l.period_start, count(*)::numeric AS n, count(*) FILTER (WHERE l.score >= 7)::numeric AS good, sum(l.score::text::numeric) AS total
          FROM (SELECT DISTINCT ON (1, 2, 3) @segment@ AS segment, @extschema@.period_start(t.read_at, @grain@, @zone@) AS period_start, t.customer_id, t.health_score AS score
                  FROM @ledger@.health_history t @scope@ WHERE t.read_at >= @from@ AND t.read_at < @until@ AND t.health_score IS NOT NULL
                 ORDER BY 1, 2, 3, t.read_at DESC) l
         GROUP BY 1, 2) r
 CROSS JOIN LATERAL (VALUES ('health_read', r.n), ('health_good', r.good), ('health_sum', r.total)) f (fact, value)
$sql$;
COMMENT ON FUNCTION ledger_kpi_facts_health() IS 'facts of periods: customers by their last health score of the period';
