--
-- views: what an analyst or a BI tool opens (docs/views.md)
--
-- Each view is made by a function of its own, ledger_view_<name>(ledger): its text, and a comment
-- on it and on each column.  ledger_make_views() makes all of them, or makes them anew.
--

CREATE FUNCTION ledger_comment_view(ledger text, view text, meaning text, columns text[]) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('COMMENT ON VIEW %I.%I IS %L', ledger, view, meaning);
  FOR i IN 1 .. array_length(columns, 1) LOOP
    EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', ledger, view, columns[i][1], columns[i][2]);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_comment_view(text, text, text, text[]) IS
  'part of ledger_make_views(): comments on a view and its columns, given as pairs of name and meaning';

CREATE FUNCTION ledger_view_customer_360(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.customer_360 WITH (security_invoker) AS
SELECT c.customer_id,
       c.stage,
       c.stage::text AS stage_name,
       array_position(enum_range(NULL::%2$s.lifecycle_stage), c.stage) AS stage_order,
       c.stage_since,
       extract(epoch FROM now() - c.stage_since)::double precision / 86400 AS stage_days,
       %2$s.is_customer(c.stage) AS is_customer,
       c.max_stage,
       c.max_stage::text AS max_stage_name,
       c.episode,
       c.first_touch_at,
       c.last_touch_at,
       c.last_alive_at,
       c.first_paid_at,
       extract(epoch FROM now() - c.first_paid_at)::double precision / 86400 AS tenure_days,
       c.touchpoint_count,
       c.purchase_count,
       c.purchase_amount,
       (c.purchase_amount / nullif(c.purchase_count, 0))::numeric(18,4) AS average_order_amount,
       c.first_purchase_at,
       c.last_purchase_at,
       (extract(epoch FROM c.last_purchase_at - c.first_purchase_at)::double precision
         / 86400 / nullif(c.purchase_count - 1, 0)) AS mean_gap_days,
       c.mrr_amount,
       c.last_nps_score,
       c.last_csat_score,
       c.last_ces_score,
       c.channel AS acquisition_channel,
       c.campaign AS acquisition_campaign
  FROM %1$I.customer c
 WHERE c.stage IS NOT NULL
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'customer_360', 'a customer now: one row each', ARRAY[
    ['customer_id', 'key of the customer'],
    ['stage', 'stage of the lifecycle now, as an enum'],
    ['stage_name', 'stage of the lifecycle now, as text'],
    ['stage_order', '1 awareness ... 7 advocacy, 8 churned: to sort by'],
    ['stage_since', 'when the customer entered the stage'],
    ['stage_days', 'days in the stage so far'],
    ['is_customer', 'has paid and has not left: conversion to advocacy'],
    ['max_stage', 'the furthest stage ever reached, as an enum; churned does not count'],
    ['max_stage_name', 'the furthest stage ever reached, as text'],
    ['episode', '1, and one more with each return after churn'],
    ['first_touch_at', 'first touchpoint'],
    ['last_touch_at', 'last touchpoint of any kind'],
    ['last_alive_at', 'last sign of life: something that the customer did'],
    ['first_paid_at', 'first payment ever; NULL for prospects'],
    ['tenure_days', 'days since the first payment'],
    ['touchpoint_count', 'number of touchpoints'],
    ['purchase_count', 'number of purchases'],
    ['purchase_amount', 'sum of purchases, refunds not deducted'],
    ['average_order_amount', 'purchase_amount / purchase_count'],
    ['first_purchase_at', 'first purchase'],
    ['last_purchase_at', 'last purchase'],
    ['mean_gap_days', 'days between purchases, on average; NULL with fewer than two'],
    ['mrr_amount', 'recurring revenue per month of open subscriptions'],
    ['last_nps_score', 'last answer to the NPS question, 0..10'],
    ['last_csat_score', 'last answer to the satisfaction question, 1..5'],
    ['last_ces_score', 'last answer to the effort question, 1..7'],
    ['acquisition_channel', 'channel of the first touchpoint that names one'],
    ['acquisition_campaign', 'campaign of the first touchpoint that names one']]);
END $$;
COMMENT ON FUNCTION ledger_view_customer_360(text) IS 'part of ledger_make_views(): customer_360';

CREATE FUNCTION ledger_view_stage_funnel(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.stage_funnel WITH (security_invoker) AS
WITH here AS (
  SELECT c.stage, c.max_stage, count(*) AS n
    FROM %1$I.customer c WHERE c.stage IS NOT NULL GROUP BY 1, 2
), counted AS (
  SELECT s.stage, s.stage_order::integer AS stage_order,
         (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.stage = s.stage) AS customer_count,
         CASE WHEN s.stage = 'churned'
              THEN (SELECT count(DISTINCT h.customer_id) FROM %1$I.stage_history h WHERE h.stage = 'churned')
              ELSE (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.max_stage >= s.stage AND h.max_stage <> 'churned')
         END AS reached_count,
         (SELECT coalesce(sum(h.n), 0) FROM here h) AS total
    FROM unnest(enum_range(NULL::%2$s.lifecycle_stage)) WITH ORDINALITY AS s (stage, stage_order)
)
SELECT f.stage, f.stage::text AS stage_name, f.stage_order, f.customer_count, f.reached_count,
       f.reached_count / nullif(f.total, 0)::double precision AS reached_rate,
       CASE WHEN f.stage <> 'churned' THEN
         f.reached_count / nullif(lag(f.reached_count) OVER (ORDER BY f.stage_order), 0)::double precision
       END AS step_rate
  FROM counted f
 ORDER BY f.stage_order
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'stage_funnel', 'how many customers are in each stage, and how many ever came so far', ARRAY[
    ['stage', 'stage of the lifecycle, as an enum'],
    ['stage_name', 'stage of the lifecycle, as text'],
    ['stage_order', '1 awareness ... 7 advocacy, 8 churned: to sort by'],
    ['customer_count', 'customers who are in the stage now'],
    ['reached_count', 'customers who ever came so far, or further; churned: who ever churned'],
    ['reached_rate', 'reached_count / all customers and prospects, 0..1'],
    ['step_rate', 'reached_count / reached_count of the stage before, 0..1; NULL for the first and for churned']]);
END $$;
COMMENT ON FUNCTION ledger_view_stage_funnel(text) IS 'part of ledger_make_views(): stage_funnel';

CREATE FUNCTION ledger_view_nps_by_month(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.nps_by_month WITH (security_invoker) AS
WITH zone AS MATERIALIZED (
  SELECT s.value AS time_zone FROM %1$I.setting s WHERE s.name = 'time_zone'
), by_month AS (
  SELECT %2$s.period_start(t.occurred_at, 'month', z.time_zone) AS period_start,
         z.time_zone,
         count(*) AS response_count,
         count(*) FILTER (WHERE t.score >= 9) AS promoter_count,
         count(*) FILTER (WHERE t.score BETWEEN 7 AND 8) AS passive_count,
         count(*) FILTER (WHERE t.score <= 6) AS detractor_count
    FROM %1$I.touchpoint t
    JOIN %1$I.touchpoint_kind k ON k.kind = t.kind AND k.survey = 'nps'
   CROSS JOIN zone z
   WHERE t.score IS NOT NULL
   GROUP BY 1, 2
), adjusted AS (
  SELECT m.*, (m.period_start + interval '1 month')::date AS period_end,
         m.response_count + 3.0::double precision AS n,
         (m.promoter_count - m.detractor_count) / (m.response_count + 3.0::double precision) AS centre,
         (m.promoter_count + m.detractor_count + 1.5::double precision) / (m.response_count + 3.0::double precision) AS square
    FROM by_month m
)
SELECT a.period_start, a.period_end,
       a.period_end::timestamp AT TIME ZONE a.time_zone <= now() AS is_complete,
       a.response_count, a.promoter_count, a.passive_count, a.detractor_count,
       100 * (a.promoter_count - a.detractor_count) / a.response_count::double precision AS nps,
       greatest(100 * (a.centre - 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), -100) AS nps_lower,
       least(100 * (a.centre + 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), 100) AS nps_upper
  FROM adjusted a
 ORDER BY a.period_start
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'nps_by_month', 'net promoter score of each month that has answers', ARRAY[
    ['period_start', 'first day of the month, by the clock of the ledger''s time zone'],
    ['period_end', 'first day of the next month: not part of it'],
    ['is_complete', 'the month is over'],
    ['response_count', 'answers to the NPS question'],
    ['promoter_count', 'answers 9 and 10'],
    ['passive_count', 'answers 7 and 8'],
    ['detractor_count', 'answers 0 to 6'],
    ['nps', '100 (promoters - detractors) / responses, -100..100'],
    ['nps_lower', 'lower end of the 95 % interval (adjusted Wald), -100..100'],
    ['nps_upper', 'upper end of the 95 % interval (adjusted Wald), -100..100']]);
END $$;
COMMENT ON FUNCTION ledger_view_nps_by_month(text) IS 'part of ledger_make_views(): nps_by_month';

CREATE FUNCTION ledger_view_ledger_sources(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.ledger_sources WITH (security_invoker) AS
SELECT s.track,
       s.source_table::text AS source_table,
       array_to_string(s.arguments, E'\n') AS arguments,
       s.tracked_at,
       EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = s.source_table AND t.tgenabled <> 'D'
                  AND t.tgfoid = '%2$s.touchpoint_capture()'::regprocedure) AS is_enabled,
       b.page_count AS backfill_page_count,
       b.next_page AS backfill_next_page,
       b.touchpoint_count AS backfill_touchpoint_count
  FROM %1$I.tracked_source s
  LEFT JOIN (SELECT track, sum(page_count)::bigint AS page_count, sum(least(next_page, page_count))::bigint AS next_page,
                    sum(touchpoint_count)::bigint AS touchpoint_count
               FROM %1$I.backfill GROUP BY track) b ON b.track = s.track
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'ledger_sources', 'the tables that feed the ledger', ARRAY[
    ['track', 'name of the track: the source of its touchpoints'],
    ['source_table', 'the table; a number if it was dropped'],
    ['arguments', 'what its rows mean: word=expression, one a line'],
    ['tracked_at', 'since when'],
    ['is_enabled', 'the table has an enabled trigger that feeds a ledger'],
    ['backfill_page_count', 'pages that the table had when ledger_backfill() began; NULL: never called'],
    ['backfill_next_page', 'so many of them are done'],
    ['backfill_touchpoint_count', 'touchpoints that came of it']]);
END $$;
COMMENT ON FUNCTION ledger_view_ledger_sources(text) IS 'part of ledger_make_views(): ledger_sources';

CREATE FUNCTION ledger_make_views(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  view text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  FOREACH view IN ARRAY '{customer_360,stage_funnel,nps_by_month,ledger_sources}'::text[] LOOP
    CONTINUE WHEN to_regclass(format('%I.%I', ledger, view)) IS NOT NULL;
    EXECUTE format('SELECT @extschema@.%I($1)', 'ledger_view_' || view) USING ledger;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_views(text) IS 'make the views that a ledger lacks; those that are there stay';
