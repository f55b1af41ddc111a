--
-- views: the ledger itself
--

CREATE FUNCTION ledger_view_ledger_sources(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'ledger_sources', $view$
--: the tables that feed the ledger
SELECT s.track, --: name of the track: the source of its touchpoints
       s.source_table::text AS source_table, --: the table; a number if it was dropped
       array_to_string(s.arguments, E'\n') AS arguments, --: what its rows mean: word=expression, one a line
       s.tracked_at, --: since when
       EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = s.source_table AND t.tgenabled <> 'D'
                  AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure) AS is_enabled, --: the table has an enabled trigger that feeds a ledger
       b.page_count AS backfill_page_count, --: pages that the table had when ledger_backfill() began; NULL: never called
       b.next_page AS backfill_next_page, --: so many of them are done
       b.touchpoint_count AS backfill_touchpoint_count --: touchpoints that came of it
  FROM @ledger@.tracked_source s
  LEFT JOIN (SELECT track, sum(page_count)::bigint AS page_count, sum(least(next_page, page_count))::bigint AS next_page,
                    sum(touchpoint_count)::bigint AS touchpoint_count
               FROM @ledger@.backfill GROUP BY track) b ON b.track = s.track
$view$);
COMMENT ON FUNCTION ledger_view_ledger_sources(text) IS 'part of ledger_make_views(): ledger_sources';

CREATE FUNCTION ledger_view_activity_stream(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'activity_stream', $view$
--: the touchpoints of customers as an activity stream (ActivitySchema 2.0)
SELECT t.touchpoint_id::text AS activity_id, --: unique identifier of the activity
       t.occurred_at AS ts, --: when it happened
       t.customer_id::text AS customer, --: key of the customer, as text
       t.kind AS activity, --: what happened: a kind of touchpoint
       t.properties ->> 'anonymous_id' AS anonymous_customer_id, --: property anonymous_id: who it was to the source
       (coalesce(t.properties, '{}') || jsonb_strip_nulls(jsonb_build_object('channel', t.channel, 'campaign', t.campaign, 'subject', t.subject,
         'quantity', t.quantity, 'score', t.score)))::text AS feature_json, --: properties, channel, campaign, subject, quantity and score as text of a JSON object
       CASE WHEN k.feeds IN ('purchases', 'refunds') THEN t.amount WHEN k.feeds = 'spend' THEN -t.amount END::double precision AS revenue_impact, --: amount of purchases and refunds, negative amount of spend; NULL: no money moved
       coalesce(t.properties ->> 'link', t.properties ->> 'url') AS link, --: property link or url
       row_number() OVER activity AS activity_occurrence, --: 1 for the first time that the customer did this, 2 for the second ...
       lead(t.occurred_at) OVER activity AS activity_repeated_at, --: when the customer did this again; NULL: not yet
       t.customer_id --: key of the customer in its own type: to filter and join by
  FROM @ledger@.touchpoint t
  LEFT JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind
 WHERE t.customer_id IS NOT NULL
WINDOW activity AS (PARTITION BY t.customer_id, t.kind ORDER BY t.occurred_at, t.touchpoint_id)
$view$);
COMMENT ON FUNCTION ledger_view_activity_stream(text) IS 'part of ledger_make_views(): activity_stream';

CREATE FUNCTION ledger_view_journey_edges(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'journey_edges', $view$
--: the first ten steps of customers' journeys, from kind to kind: for a Sankey diagram
WITH journey AS (
  SELECT t.customer_id, @extschema@.journey_agg(t.occurred_at, t.kind) AS journey
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.alive
   WHERE t.customer_id IS NOT NULL
   GROUP BY t.customer_id
)
SELECT e.step_number, --: 1: from the first step to the second, 2: from the second ...
       e.source AS from_kind, --: what the customer did
       e.target AS to_kind, --: what the customer did next; the same again is no step, nor is what is no sign of life
       count(*) AS customer_count, --: customers who went this way
       count(*) / sum(count(*)) OVER (PARTITION BY e.step_number, e.source)::double precision AS transition_rate, --: customer_count / customers who went on from from_kind at this step, 0..1
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM e.elapsed)::double precision / 3600) AS median_hours --: hours between the two, median
  FROM journey j
 CROSS JOIN @extschema@.journey_edges(j.journey, 11) e
 GROUP BY e.step_number, e.source, e.target
 ORDER BY e.step_number, count(*) DESC, e.source, e.target
$view$);
COMMENT ON FUNCTION ledger_view_journey_edges(text) IS 'part of ledger_make_views(): journey_edges';

CREATE FUNCTION ledger_view_ledger_health(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'ledger_health', $view$
--: is the ledger well? one row
WITH recent AS MATERIALIZED (
  SELECT t.touchpoint_id, t.occurred_at, t.recorded_at FROM @ledger@.touchpoint t ORDER BY t.touchpoint_id DESC LIMIT 10000
), arrival AS (
  SELECT count(*) AS n, max(r.recorded_at) AS recorded_at, max(r.occurred_at) AS occurred_at,
         count(*) FILTER (WHERE r.recorded_at > r.occurred_at + interval '1 hour') AS late,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM r.recorded_at - r.occurred_at)::double precision) AS seconds
    FROM recent r
), outbox AS (
  SELECT count(*) AS n, min(o.recorded_at) AS since, count(*) FILTER (WHERE o.leased_until > now()) AS leased, max(o.attempts) AS attempts
    FROM @ledger@.event_outbox o WHERE o.acked_at IS NULL
), rejected AS (
  SELECT count(*) AS n, max(r.rejected_at) AS last_at FROM @ledger@.touchpoint_rejected r
)
SELECT (SELECT count(*) FROM @ledger@.customer c WHERE c.stage IS NOT NULL) AS customer_count, --: customers and prospects
       a.recorded_at AS last_recorded_at, --: when the last touchpoint was written
       a.occurred_at AS last_occurred_at, --: latest event among the last 10,000 touchpoints written
       a.n AS recent_count, --: touchpoints looked at for what follows: the last 10,000 written, or all
       a.seconds AS median_lag_seconds, --: seconds from event to touchpoint, median over these
       a.late AS late_count, --: of these, those written more than an hour after the event
       a.late / nullif(a.n, 0)::double precision AS late_rate, --: late_count / recent_count, 0..1
       k.horizon AS tick_horizon, --: the instant up to which ledger_tick() has let time pass; NULL: it never ran
       k.ticked_at, --: when ledger_tick() last ran; NULL: never
       extract(epoch FROM now() - k.horizon)::double precision / 3600 AS tick_lag_hours, --: hours since tick_horizon
       (SELECT count(*) FROM @ledger@.customer c WHERE c.due_at <= now()) AS due_count, --: customers for whom ledger_tick() has something to do
       o.n AS event_count, --: events in the outbox that no worker has acknowledged
       o.since AS oldest_event_at, --: when the oldest of these was written
       o.leased AS leased_event_count, --: of these, those that a worker has at the moment
       o.attempts AS max_attempts, --: most deliveries of one of these events
       r.n AS rejected_count, --: touchpoints that could not be used: touchpoint_rejected
       r.last_at AS last_rejected_at, --: when the last of these was rejected
       (SELECT count(*) FROM @ledger@.ledger_sources s WHERE NOT s.is_enabled) AS disabled_source_count, --: tracked tables that do not feed the ledger: trigger disabled, or table gone
       (SELECT coalesce(sum(greatest(b.page_count - b.next_page, 0)), 0)::bigint FROM @ledger@.backfill b) AS backfill_pages_left, --: pages that ledger_backfill() has still to read
       (SELECT max(h.read_at) FROM @ledger@.health_instant h) AS health_read_at, --: the last instant at which health was read
       (SELECT min(m.fitted_at) FROM @ledger@.fitted_model m) AS models_fitted_at, --: when the older of the models was fitted by ledger_fit()
       (SELECT min(b.as_of) FROM @ledger@.rfm_breaks b) AS rfm_as_of --: when RFM scores were taken by ledger_refresh_rfm()
  FROM arrival a CROSS JOIN outbox o CROSS JOIN rejected r CROSS JOIN @ledger@.clock k
$view$);
COMMENT ON FUNCTION ledger_view_ledger_health(text) IS 'part of ledger_make_views(): ledger_health';
