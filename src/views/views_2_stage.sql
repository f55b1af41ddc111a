--
-- views: stages, and how customers move through them
--

CREATE FUNCTION ledger_view_stage_funnel(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'stage_funnel', $view$
--: how many customers are in each stage, and how many ever came so far
WITH here AS (
  SELECT c.stage, c.max_stage, count(*) AS n
    FROM @ledger@.customer c WHERE c.stage IS NOT NULL GROUP BY 1, 2
), counted AS (
  SELECT s.stage,
         (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.stage = s.stage) AS customer_count,
         CASE WHEN s.stage = 'churned'
              THEN (SELECT count(DISTINCT h.customer_id) FROM @ledger@.stage_history h WHERE h.stage = 'churned')
              ELSE (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.max_stage >= s.stage AND h.max_stage <> 'churned')
         END AS reached_count,
         (SELECT coalesce(sum(h.n), 0) FROM here h) AS total
    FROM unnest(enum_range(NULL::@extschema@.lifecycle_stage)) AS s (stage)
)
SELECT @stage f.stage stage: stage of the lifecycle@
       f.customer_count, --: customers who are in the stage now
       f.reached_count, --: customers who ever came so far, or further; churned: who ever churned
       f.reached_count / nullif(f.total, 0)::double precision AS reached_rate, --: reached_count / all customers and prospects, 0..1
       CASE WHEN f.stage <> 'churned' THEN
         f.reached_count / nullif(lag(f.reached_count) OVER (ORDER BY f.stage), 0)::double precision
       END AS step_rate --: reached_count / reached_count of the stage before, 0..1; NULL for the first and for churned
  FROM counted f
 ORDER BY f.stage
$view$);
COMMENT ON FUNCTION ledger_view_stage_funnel(text) IS 'part of ledger_make_views(): stage_funnel';

CREATE FUNCTION ledger_view_stage_spans(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'stage_spans', $view$
--: each stay of a customer in a stage: one row each
SELECT h.customer_id, --: key of the customer
       h.seq, --: 1 for the first stay of the customer, 2 for the next ...
       @stage h.stage stage: stage of the lifecycle@
       h.entered_at, --: begin of the stay
       h.left_at, --: end of the stay, exclusive; NULL: still there
       h.left_at IS NULL AS is_open, --: the customer is there now
       extract(epoch FROM coalesce(h.left_at, now()) - h.entered_at)::double precision / 86400 AS stay_days, --: length of the stay in days, so far if it is open
       h.episode, --: 1, and one more with each return after churn
       h.reason, --: what began the stay: the kind of a touchpoint, silence, or the reason of a forced move
       h.actor --: who forced the move; NULL: nobody, the rules did
  FROM @ledger@.stage_history h
$view$);
COMMENT ON FUNCTION ledger_view_stage_spans(text) IS 'part of ledger_make_views(): stage_spans';

CREATE FUNCTION ledger_view_stage_dates(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  columns text;
BEGIN
  SELECT string_agg(format($column$
       , min(h.entered_at) FILTER (WHERE h.stage = %1$L) AS %1$s_entered_at --: when the customer entered %1$s for the first time; NULL: never
       , CASE WHEN NOT bool_or(h.left_at IS NULL AND h.stage = %1$L) THEN max(h.left_at) FILTER (WHERE h.stage = %1$L) END AS %1$s_left_at --: when the customer left %1$s for the last time; NULL: never there, or there now
       , (sum(extract(epoch FROM coalesce(h.left_at, now()) - h.entered_at)) FILTER (WHERE h.stage = %1$L))::double precision / 86400 AS %1$s_days --: days spent in %1$s, all stays together, so far if the customer is there now
    $column$, s.stage), '' ORDER BY s.stage)
    INTO columns
    FROM unnest(enum_range(NULL::@extschema@.lifecycle_stage)) AS s (stage);
  PERFORM @extschema@.ledger_make_view(ledger, 'stage_dates', format($view$
--: when each customer entered and left each stage, and how long each stay was: one row a customer
SELECT h.customer_id --: key of the customer
       %s
  FROM @ledger@.stage_history h
 GROUP BY h.customer_id
  $view$, columns));
END $$;
COMMENT ON FUNCTION ledger_view_stage_dates(text) IS 'part of ledger_make_views(): stage_dates';

CREATE FUNCTION ledger_view_stage_transitions(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'stage_transitions', $view$
--: the moves between stages: how often, and after how many days
WITH stay AS (
  SELECT h.customer_id, h.stage, lead(h.stage) OVER (PARTITION BY h.customer_id ORDER BY h.seq) AS next_stage,
         extract(epoch FROM h.left_at - h.entered_at)::double precision / 86400 AS days
    FROM @ledger@.stage_history h
), move AS (
  SELECT s.stage, s.next_stage, count(*) AS n, count(DISTINCT s.customer_id) AS customers,
         sum(count(*)) OVER (PARTITION BY s.stage)::bigint AS entered,
         percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY s.days) AS days
    FROM stay s
   GROUP BY s.stage, s.next_stage
)
SELECT @stage m.stage from_stage: stage that was left@
       @stage m.next_stage to_stage: stage that was entered@
       m.n AS transition_count, --: moves from from_stage to to_stage
       m.customers AS customer_count, --: customers who moved so
       m.entered AS entered_count, --: stays in from_stage, those that last included
       m.n / m.entered::double precision AS transition_rate, --: transition_count / entered_count, 0..1
       m.days[1] AS median_days, --: days in from_stage before the move, median
       m.days[2] AS p90_days --: days in from_stage before the move, 90th percentile
  FROM move m
 WHERE m.next_stage IS NOT NULL
 ORDER BY m.stage, m.next_stage
$view$);
COMMENT ON FUNCTION ledger_view_stage_transitions(text) IS 'part of ledger_make_views(): stage_transitions';

CREATE FUNCTION ledger_view_bottlenecks(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'bottlenecks', $view$
--: where customers wait longest and leave most: stays in a stage by what ended them
WITH stay AS (
  SELECT h.stage, h.left_at, lead(h.stage) OVER customer AS next_stage,
         lead(CASE WHEN h.actor IS NULL THEN h.reason ELSE 'stage_set' END) OVER customer AS next_reason,
         extract(epoch FROM coalesce(h.left_at, now()) - h.entered_at)::double precision / 86400 AS days
    FROM @ledger@.stage_history h
  WINDOW customer AS (PARTITION BY h.customer_id ORDER BY h.seq)
), ended AS (
  SELECT s.stage,
         CASE WHEN s.left_at IS NULL THEN 'waiting'
              WHEN s.next_reason IN ('silence', 'last subject ended', 'onboarding over') OR EXISTS (SELECT FROM @ledger@.touchpoint_kind k WHERE k.kind = s.next_reason) THEN s.next_reason
              ELSE 'stage_set' END AS kind,
         count(*) AS n, count(*) FILTER (WHERE s.next_stage = 'churned') AS lost,
         percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY s.days) AS days
    FROM stay s
   WHERE s.stage <> 'churned'
   GROUP BY 1, 2
)
SELECT @stage e.stage stage: stage that customers were in@
       e.kind AS ended_by, --: what ended the stay: kind of a touchpoint, silence, last subject ended, onboarding over, stage_set (forced); waiting: nothing yet
       e.n AS stay_count, --: stays in the stage that ended so, or wait
       sum(e.n) OVER stage::bigint AS entered_count, --: all stays in the stage
       e.n / sum(e.n) OVER stage::double precision AS stay_rate, --: stay_count / entered_count, 0..1
       e.lost AS churned_count, --: stays that ended in churn
       e.lost / sum(e.n) OVER stage::double precision AS churned_rate, --: churned_count / entered_count, 0..1
       e.days[1] AS median_days, --: days of the stay, so far for those who wait, median
       e.days[2] AS p90_days, --: days of the stay, so far for those who wait, 90th percentile
       rank() OVER (ORDER BY e.n * e.days[1] DESC) AS wait_rank, --: 1: most customers x days waited; by stay_count x median_days
       rank() OVER (ORDER BY e.lost DESC) AS churn_rank --: 1: most customers lost
  FROM ended e
WINDOW stage AS (PARTITION BY e.stage)
 ORDER BY e.stage, e.n DESC, e.kind
$view$);
COMMENT ON FUNCTION ledger_view_bottlenecks(text) IS 'part of ledger_make_views(): bottlenecks';
