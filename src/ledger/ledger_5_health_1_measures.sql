--
-- ledger: what the measures of health are at an instant, from the log (docs/health.md)
--

CREATE FUNCTION ledger_setting(ledger text, name text) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  value text;
BEGIN
  EXECUTE format('SELECT s.value FROM %I.setting s WHERE s.name = $1', ledger) INTO value USING name;
  -- a ledger that was made before there was such a setting, or whose house has deleted it
  RETURN coalesce(value, (SELECT d.value FROM @extschema@.ledger_default_settings() d WHERE d.name = ledger_setting.name));
END $$;
COMMENT ON FUNCTION ledger_setting(text, text) IS 'value of a setting of the ledger, or its default; NULL: there is none of this name';

-- One row a customer: whoever was a customer just before the instant ($1), and the counts that the
-- measures are made of.  Windows are multiples of 24 hours.
CREATE FUNCTION ledger_measure_counts(ledger text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
population AS MATERIALIZED (
  SELECT c.customer_id, c.first_paid_at, c.last_alive_at
    FROM %1$I.stage_history h
    JOIN %1$I.customer c ON c.customer_id = h.customer_id
   WHERE h.entered_at < $1 AND (h.left_at IS NULL OR h.left_at >= $1) AND %2$s.is_customer(h.stage)
), counted AS (
  SELECT t.customer_id,
         count(*) FILTER (WHERE (k.feeds = 'purchases' OR t.kind = 'session') AND t.occurred_at >= $1 - interval '720 hours') AS recent,
         count(*) FILTER (WHERE (k.feeds = 'purchases' OR t.kind = 'session') AND t.occurred_at < $1 - interval '720 hours'
                            AND t.occurred_at >= $1 - interval '1440 hours') AS earlier,
         count(*) FILTER (WHERE t.kind = 'ticket_opened') AS tickets,
         count(*) FILTER (WHERE t.kind = 'ticket_opened' AND t.occurred_at >= $1 - interval '720 hours') AS recent_tickets,
         count(*) FILTER (WHERE t.kind = 'ticket_opened' AND t.properties ->> 'topic' IS NOT NULL) AS topics,
         count(*) FILTER (WHERE t.kind = 'ticket_opened' AND lower(t.properties ->> 'topic') IN
                            ('pricing', 'how-to', 'how_to', 'how to', 'howto')) AS basic_topics,
         count(*) FILTER (WHERE t.kind = 'self_service' AND lower(t.properties ->> 'solved') IN ('true', 'yes', '1')) AS solved,
         count(*) FILTER (WHERE t.kind = 'self_service' AND lower(t.properties ->> 'solved') IN ('false', 'no', '0')) AS unsolved,
         avg((t.score - k.scale_low) / (k.scale_high - k.scale_low)) FILTER (WHERE k.survey = 'csat') AS csat,
         count(*) FILTER (WHERE k.survey IS NOT NULL) AS answers,
         count(*) FILTER (WHERE t.kind = 'survey_sent') AS surveys,
         count(*) FILTER (WHERE t.kind IN ('onboarding_step', 'tutorial_viewed')) AS steps,
         count(*) FILTER (WHERE t.kind IN ('onboarding_step', 'tutorial_viewed') AND t.occurred_at >= p.first_paid_at
                            AND t.occurred_at < p.first_paid_at + interval '720 hours') AS first_steps,
         sum(t.amount) FILTER (WHERE k.feeds = 'purchases') AS purchased,
         coalesce(-sum(t.amount) FILTER (WHERE k.feeds = 'refunds'), 0) AS refunded
    FROM %1$I.touchpoint t
    JOIN %1$I.touchpoint_kind k ON k.kind = t.kind
    JOIN population p ON p.customer_id = t.customer_id
   WHERE t.occurred_at < $1
     AND (k.feeds IN ('purchases', 'refunds') OR k.survey IS NOT NULL OR k.kind IN
          ('session', 'ticket_opened', 'self_service', 'survey_sent', 'onboarding_step', 'tutorial_viewed'))
   GROUP BY t.customer_id
), replies AS (
  SELECT r.customer_id, avg(coalesce(r.replied_at < r.opened_at + $2, false)::integer) AS in_time
    FROM (SELECT t.customer_id, min(t.occurred_at) FILTER (WHERE t.kind = 'ticket_opened') AS opened_at,
                 min(t.occurred_at) FILTER (WHERE t.kind = 'ticket_replied') AS replied_at
            FROM %1$I.touchpoint t
           WHERE t.kind IN ('ticket_opened', 'ticket_replied') AND t.occurred_at < $1 AND t.subject IS NOT NULL
           GROUP BY t.customer_id, t.subject) r
   WHERE r.opened_at IS NOT NULL AND (r.replied_at IS NOT NULL OR r.opened_at <= $1 - $2)
   GROUP BY r.customer_id
), last_nps AS (
  SELECT DISTINCT ON (t.customer_id) t.customer_id, t.score
    FROM %1$I.touchpoint t
    JOIN %1$I.touchpoint_kind k ON k.kind = t.kind
   WHERE k.survey = 'nps' AND t.occurred_at < $1 AND t.score IS NOT NULL
   ORDER BY t.customer_id, t.occurred_at DESC, k.rank DESC, t.source COLLATE "C" DESC, t.source_key COLLATE "C" DESC, t.score DESC
)$sql$, ledger, '@extschema@');
COMMENT ON FUNCTION ledger_measure_counts(text) IS
  'part of ledger_measures(): text of the queries that count, for customers at the instant $1, what measures are made of; replies are due within $2';

CREATE FUNCTION ledger_measure_query(ledger text) RETURNS text
  LANGUAGE sql STABLE STRICT
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
WITH %3$s, measured AS (
  SELECT p.customer_id,
         extract(epoch FROM $1 - CASE WHEN p.last_alive_at < $1 THEN p.last_alive_at ELSE
           (SELECT t.occurred_at FROM %1$I.touchpoint t JOIN %1$I.touchpoint_kind k ON k.kind = t.kind
             WHERE t.customer_id = p.customer_id AND t.occurred_at < $1 AND k.alive
             ORDER BY t.occurred_at DESC LIMIT 1) END)::double precision / 86400 AS days_since_alive,
         c.recent::double precision / nullif(c.earlier, 0) AS activity_trend,
         r.in_time::double precision AS replies_in_time,
         CASE WHEN (SELECT bool_or(a.tickets > 0) FROM counted a)
              THEN coalesce(c.recent_tickets, 0)::double precision END AS tickets_30_days,
         c.solved::double precision / nullif(c.solved + c.unsolved, 0) AS self_service_solved,
         c.csat AS csat_mean,
         n.score AS last_nps,
         c.answers::double precision / nullif(c.surveys, 0) AS survey_response,
         CASE WHEN (SELECT bool_or(a.steps > 0) FROM counted a) AND p.first_paid_at <= $1 - interval '720 hours'
              THEN coalesce(c.first_steps, 0)::double precision END AS onboarding_steps,
         c.basic_topics::double precision / nullif(c.topics, 0) AS basic_tickets,
         c.refunded::double precision / nullif(c.purchased, 0)::double precision AS refund_share
    FROM population p
    LEFT JOIN counted c ON c.customer_id = p.customer_id
    LEFT JOIN replies r ON r.customer_id = p.customer_id
    LEFT JOIN last_nps n ON n.customer_id = p.customer_id
), own AS (
  SELECT DISTINCT ON (t.customer_id, t.subject) t.customer_id, t.subject, t.score
    FROM %1$I.touchpoint t
   WHERE t.kind = 'health_reading' AND t.occurred_at < $1 AND t.score IS NOT NULL
     AND t.subject IN (SELECT m.measure FROM %1$I.health_measure m WHERE m.is_active
                       EXCEPT SELECT d.measure FROM %2$s.ledger_default_measures() d)
   ORDER BY t.customer_id, t.subject, t.occurred_at DESC, t.source COLLATE "C" DESC, t.source_key COLLATE "C" DESC, t.score DESC
), valued AS (
  SELECT m.customer_id, v.measure, v.value
    FROM measured m
   CROSS JOIN LATERAL (VALUES ('days_since_alive', m.days_since_alive), ('activity_trend', m.activity_trend),
     ('replies_in_time', m.replies_in_time), ('tickets_30_days', m.tickets_30_days),
     ('self_service_solved', m.self_service_solved), ('csat_mean', m.csat_mean), ('last_nps', m.last_nps),
     ('survey_response', m.survey_response), ('onboarding_steps', m.onboarding_steps),
     ('basic_tickets', m.basic_tickets), ('refund_share', m.refund_share)) AS v (measure, value)
  UNION ALL
  SELECT p.customer_id, m.measure, o.score
    FROM population p
   CROSS JOIN (SELECT m.measure FROM %1$I.health_measure m
               EXCEPT SELECT d.measure FROM %2$s.ledger_default_measures() d) m
    LEFT JOIN own o ON o.customer_id = p.customer_id AND o.subject = m.measure
)
SELECT v.customer_id, m.measure, m.pillar::%2$s.cls_pillar AS pillar, m.weight, v.value,
       %2$s.normalize_measure(v.value, m.bad, m.good) AS score
  FROM valued v
  JOIN %1$I.health_measure m ON m.measure = v.measure AND m.is_active
  $sql$, ledger, '@extschema@', @extschema@.ledger_measure_counts(ledger));
COMMENT ON FUNCTION ledger_measure_query(text) IS
  'part of ledger_measures(): text of the query, one row a customer and measure, with the instant as $1 and the time within which replies are due as $2';

CREATE FUNCTION ledger_measures(ledger text, as_of timestamptz DEFAULT now())
  RETURNS TABLE (customer_id text, measure text, pillar cls_pillar, weight double precision, value double precision, score double precision)
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  RETURN QUERY EXECUTE format('SELECT q.customer_id::text, q.measure, q.pillar, q.weight, q.value, q.score FROM (%s) q',
                              @extschema@.ledger_measure_query(ledger))
    USING as_of, @extschema@.ledger_setting(ledger, 'reply_within')::interval;
END $$;
COMMENT ON FUNCTION ledger_measures(text, timestamptz) IS
  'the measures of health of all customers at an instant, from what the log says had happened before it: value (NULL: missing) and score, 0 (bad) to 100 (good)';
