--
-- views: what customers say
--

CREATE FUNCTION ledger_view_nps_by_month(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'nps_by_month', $view$
--: net promoter score of each month that has answers
WITH zone AS MATERIALIZED (
  SELECT @time_zone@ AS time_zone
), by_month AS (
  SELECT @extschema@.period_start(t.occurred_at, 'month', z.time_zone) AS period_start,
         z.time_zone,
         count(*) AS response_count,
         count(*) FILTER (WHERE t.score >= 9) AS promoter_count,
         count(*) FILTER (WHERE t.score BETWEEN 7 AND 8) AS passive_count,
         count(*) FILTER (WHERE t.score <= 6) AS detractor_count
    FROM @ledger@.touchpoint t
    JOIN @ledger@.touchpoint_kind k ON k.kind = t.kind AND k.survey = 'nps'
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
SELECT a.period_start, --: first day of the month, by the clock of the ledger's time zone
       a.period_end, --: first day of the next month: not part of it
       a.period_end::timestamp AT TIME ZONE a.time_zone <= now() AS is_complete, --: the month is over
       a.response_count, --: answers to the NPS question
       a.promoter_count, --: answers 9 and 10
       a.passive_count, --: answers 7 and 8
       a.detractor_count, --: answers 0 to 6
       100 * (a.promoter_count - a.detractor_count) / a.response_count::double precision AS nps, --: 100 (promoters - detractors) / responses, -100..100
       greatest(100 * (a.centre - 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), -100) AS nps_lower, --: lower end of the 95 % interval (adjusted Wald), -100..100
       least(100 * (a.centre + 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), 100) AS nps_upper --: upper end of the 95 % interval (adjusted Wald), -100..100
  FROM adjusted a
 ORDER BY a.period_start
$view$);
COMMENT ON FUNCTION ledger_view_nps_by_month(text) IS 'part of ledger_make_views(): nps_by_month';
