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
  SELECT s.stage, s.stage_order::integer AS stage_order,
         (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.stage = s.stage) AS customer_count,
         CASE WHEN s.stage = 'churned'
              THEN (SELECT count(DISTINCT h.customer_id) FROM @ledger@.stage_history h WHERE h.stage = 'churned')
              ELSE (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.max_stage >= s.stage AND h.max_stage <> 'churned')
         END AS reached_count,
         (SELECT coalesce(sum(h.n), 0) FROM here h) AS total
    FROM unnest(enum_range(NULL::@extschema@.lifecycle_stage)) WITH ORDINALITY AS s (stage, stage_order)
)
SELECT f.stage, --: stage of the lifecycle, as an enum
       f.stage::text AS stage_name, --: stage of the lifecycle, as text
       f.stage_order, --: 1 awareness ... 7 advocacy, 8 churned: to sort by
       f.customer_count, --: customers who are in the stage now
       f.reached_count, --: customers who ever came so far, or further; churned: who ever churned
       f.reached_count / nullif(f.total, 0)::double precision AS reached_rate, --: reached_count / all customers and prospects, 0..1
       CASE WHEN f.stage <> 'churned' THEN
         f.reached_count / nullif(lag(f.reached_count) OVER (ORDER BY f.stage_order), 0)::double precision
       END AS step_rate --: reached_count / reached_count of the stage before, 0..1; NULL for the first and for churned
  FROM counted f
 ORDER BY f.stage_order
$view$);
COMMENT ON FUNCTION ledger_view_stage_funnel(text) IS 'part of ledger_make_views(): stage_funnel';
