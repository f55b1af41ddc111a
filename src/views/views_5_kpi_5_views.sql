--
-- KPIs: the views of them
--

CREATE FUNCTION ledger_kpi_value(numerator text, denominator text, unit text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN CASE WHEN unit = 'points' THEN '100 * ' ELSE '' END || format('(%s)::double precision', numerator)
      || CASE WHEN denominator IS NULL THEN '' ELSE format(' / nullif((%s)::double precision, 0)', denominator) END;
COMMENT ON FUNCTION ledger_kpi_value(text, text, text) IS 'part of KPIs: the value of a KPI as an expression over the facts of a period';

-- A row for each KPI and period, out of periods with their facts in columns: side by side in arrays, whose expressions
-- are prepared once, where those of VALUES would be for each row.
CREATE FUNCTION ledger_kpi_long(basis text, only_segments boolean, more_columns text DEFAULT '') RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  RETURN format($sql$
SELECT v.kpi, --: what is measured: see kpi_definition
       b.segment, --: the segment of customers; all: everyone
       b.period_grain, --: length of the period: month, or what else the setting kpi_grains names
       b.period_start, --: first day of the period, by the clock of the ledger's time zone
       b.period_end, --: first day after the period
       b.is_complete, --: the period is over
       CASE WHEN b.is_complete OR NOT v.needs_end THEN v.value END AS value, --: numerator / denominator (nps: times 100), in the unit; NULL: nothing to divide by, or known only when the period is over
       v.numerator, --: what is counted or summed
       v.denominator, --: out of how many, or per what; NULL: the numerator is the value
       v.n, --: size of the sample behind the value: the denominator, or how many a median is of
       i.lower, --: lower end of the 95 %% interval; NULL where the value has none
       i.upper, --: upper end of the 95 %% interval; NULL where the value has none
       v.unit, --: count, rate (1 is 100 %%), ratio, money, score, points, seconds, hours, days, months, quantity
       CASE WHEN v.method = 'cohort' AND v.unit = 'rate' AND v.kpi LIKE '%%_to_%%' AND b.period_end + 90 > b.today THEN 'cohort, young' ELSE v.method END AS method, --: how: by which method, or of which kind the interval is; young: a cohort of less than 90 days
       b.as_of, --: when the figures were taken from the log: by ledger_refresh(), or now
       b.is_fresh, --: nothing has touched the period since, and time has passed to its end; false: ledger_tick() and ledger_refresh() will restate it
       b.restated_at%3$s --: when a figure of the period that had been kept changed; NULL: never
  FROM (%1$s) b
 CROSS JOIN LATERAL (SELECT %2$s) v
 CROSS JOIN LATERAL (SELECT 1.959963984540054 * sqrt(greatest(b.ces_squares - b.ces_sum * b.ces_sum / nullif(b.ces_responses, 0), 0)::double precision / nullif(v.n - 1, 0) / v.n) AS half) h
 CROSS JOIN LATERAL (SELECT CASE WHEN NOT b.is_complete AND v.needs_end OR v.n IS NULL OR v.n <= 0 THEN NULL
    WHEN v.bounds = 'wilson' AND v.numerator BETWEEN 0 AND v.n THEN
      @extschema@.csat_interval(format('{"scale": [0, 1], "counts": [%%s, %%s]}', (v.n - v.numerator)::bigint, v.numerator::bigint)::@extschema@.rating_summary, 0.95, 1)
    WHEN v.bounds = 'nps' THEN
      @extschema@.nps_interval(format('{"scale": [0, 10], "counts": [%%s, 0, 0, 0, 0, 0, 0, %%s, 0, %%s, 0]}', b.nps_detractors::bigint, (b.nps_responses - b.nps_promoters - b.nps_detractors)::bigint, b.nps_promoters::bigint)::@extschema@.rating_summary)
    WHEN v.bounds = 'mean' AND v.n > 1 THEN
      ROW(v.value - h.half, v.value + h.half)::@extschema@.confidence_bounds
    END AS bounds OFFSET 0) c
 CROSS JOIN LATERAL (SELECT (c.bounds).lower, (c.bounds).upper) i
$sql$, basis, (SELECT concat_ws(', ', format('unnest(%L::text[]) AS kpi, unnest(%L::text[]) AS unit, unnest(%L::text[]) AS bounds, unnest(%L::boolean[]) AS needs_end, unnest(%L::text[]) AS method',
        array_agg(k.kpi ORDER BY k.kpi), array_agg(k.unit ORDER BY k.kpi), array_agg(k.bounds ORDER BY k.kpi), array_agg(k.needs_end ORDER BY k.kpi),
        array_agg(CASE WHEN k.kpi ~ '^churn_rate_' THEN substr(k.kpi, 12) WHEN k.kpi IN ('churn_rate', 'retention_rate') THEN 'start'
           WHEN k.kpi = 'retention_rate_cohort' OR k.meaning LIKE 'by cohort%' THEN 'cohort' WHEN k.meaning LIKE 'by period%' THEN 'period'
           WHEN k.numerator ~ '_median$' THEN 'median' WHEN k.numerator ~ '_p90$' THEN 'percentile' WHEN k.bounds = 'nps' THEN 'adjusted wald' WHEN k.bounds = 'mean' THEN 'normal' ELSE k.bounds END ORDER BY k.kpi)),
      'unnest(ARRAY[' || string_agg(@extschema@.ledger_kpi_value(k.numerator, k.denominator, k.unit), ', ' ORDER BY k.kpi) || ']::double precision[]) AS value',
      'unnest(ARRAY[' || string_agg(k.numerator, ', ' ORDER BY k.kpi) || ']::double precision[]) AS numerator',
      'unnest(ARRAY[' || string_agg(coalesce(k.denominator, 'NULL'), ', ' ORDER BY k.kpi) || ']::double precision[]) AS denominator',
      'unnest(ARRAY[' || string_agg(coalesce(k.denominator, CASE WHEN k.numerator ~ '_(median|p90)$' THEN regexp_replace(k.numerator, '_(median|p90)$', '_count') END, 'NULL'), ', ' ORDER BY k.kpi) || ']::double precision[]) AS n')
    FROM @extschema@.ledger_kpis() k WHERE k.by_segment OR NOT only_segments), more_columns);
COMMENT ON FUNCTION ledger_kpi_long(text, boolean, text) IS 'part of KPIs: the query of the views kpi and kpi_by_segment over a query of periods, with more of its columns if wanted';

CREATE FUNCTION ledger_view_kpi(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'kpi', E'--: every KPI of every period: one row each\n'
    || @extschema@.ledger_kpi_long(@extschema@.ledger_kpi_basis(ledger, '{month,quarter,year,week,day}', @extschema@.ledger_kpi_facts_known()), false));
COMMENT ON FUNCTION ledger_view_kpi(text) IS 'part of ledger_make_views(): kpi';

CREATE FUNCTION ledger_view_kpi_monthly(ledger text) RETURNS void
  LANGUAGE sql
  SET search_path = pg_catalog, pg_temp
  RETURN @extschema@.ledger_make_view(ledger, 'kpi_monthly', format($view$
--: every KPI by month: one row each month, a column each KPI
SELECT b.period_start, --: first day of the month, by the clock of the ledger's time zone
       b.period_end, --: first day after the month
       b.is_complete, --: the month is over
       b.as_of, --: when the figures were taken from the log: by ledger_refresh(), or now
       b.is_fresh, --: nothing has touched the month since, and time has passed to its end; false: ledger_tick() and ledger_refresh() will restate it
       b.restated_at, --: when a figure of the month that had been kept changed; NULL: never
%s
  FROM (%s) b
$view$, (SELECT string_agg(format('       (%s)::%s AS %I%s --: %s', CASE WHEN k.needs_end THEN 'CASE WHEN b.is_complete THEN ' || v.value || ' END' ELSE v.value END,
         CASE k.unit WHEN 'count' THEN 'bigint' WHEN 'money' THEN 'numeric(18,4)' ELSE 'double precision' END, k.kpi, CASE WHEN k.n < k.total THEN ',' ELSE '' END, k.meaning), E'\n' ORDER BY k.n)
    FROM (SELECT d.*, row_number() OVER () AS n, count(*) OVER () AS total FROM @extschema@.ledger_kpis() d) k
   CROSS JOIN LATERAL (SELECT @extschema@.ledger_kpi_value(k.numerator, k.denominator, k.unit) AS value) v),
  @extschema@.ledger_kpi_basis(ledger, '{month}', @extschema@.ledger_kpi_facts_known())));
COMMENT ON FUNCTION ledger_view_kpi_monthly(text) IS 'part of ledger_make_views(): kpi_monthly';

CREATE FUNCTION ledger_view_kpi_definition(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'kpi_definition', $view$
--: what each KPI is: one row each
SELECT k.kpi, --: its name in kpi, and of its column in kpi_monthly
       k.meaning, --: its definition
       k.unit, --: count, rate (1 is 100 %), ratio, money, score, points, seconds, hours, days, months, quantity
       k.numerator, --: what is counted or summed, over the facts of a period
       k.denominator, --: out of how many, or per what; NULL: the numerator is the value
       k.bounds, --: kind of its 95 % interval: wilson (a share), nps (adjusted Wald), mean (normal); NULL: it has none
       k.lower_is_better, --: less of it is better
       k.needs_end, --: is not told before the period is over
       k.by_segment, --: is told by segment, too
       k.section, --: section of the semantics that defines it
       k.kpi_order --: to sort by: from reach to sustainability
  FROM (SELECT d.*, (row_number() OVER ())::integer AS kpi_order FROM @extschema@.ledger_kpis() d) k
$view$);
COMMENT ON FUNCTION ledger_view_kpi_definition(text) IS 'part of ledger_make_views(): kpi_definition';

CREATE FUNCTION ledger_view_revenue_movements(ledger text) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_make_view(ledger, 'revenue_movements', pg_catalog.format($view$
--: how recurring revenue moved in each month: end = start + new + expansion + reactivation - contraction - churn
SELECT b.period_start, --: first day of the month, by the clock of the ledger's time zone
       b.period_end, --: first day after the month
       b.is_complete, --: the month is over
       b.mrr_start::numeric(18,4) AS start_amount, --: recurring revenue a month, immediately before the month
       b.mrr_new::numeric(18,4) AS new_amount, --: of those who never paid before
       b.mrr_expansion::numeric(18,4) AS expansion_amount, --: what those who pay more pay more
       b.mrr_contraction::numeric(18,4) AS contraction_amount, --: what those who pay less, but something, pay less
       b.mrr_churn::numeric(18,4) AS churn_amount, --: what those paid who pay nothing any more
       b.mrr_reactivation::numeric(18,4) AS reactivation_amount, --: of those who paid before, but not at the start
       b.mrr_end::numeric(18,4) AS end_amount, --: recurring revenue at the end of the month, or now
       b.subscribers_start::bigint AS start_count, --: customers with recurring revenue at the start
       b.mrr_new_count::bigint AS new_count, --: customers who are new
       b.mrr_expansion_count::bigint AS expansion_count, --: customers who pay more
       b.mrr_contraction_count::bigint AS contraction_count, --: customers who pay less
       b.mrr_churn_count::bigint AS churn_count, --: customers who pay nothing any more
       b.mrr_reactivation_count::bigint AS reactivation_count, --: customers who came back
       b.subscribers_end::bigint AS end_count, --: customers with recurring revenue at the end
       CASE WHEN b.is_complete THEN (b.mrr_start + b.mrr_expansion - b.mrr_contraction - b.mrr_churn)::double precision / nullif(b.mrr_start, 0)::double precision END AS nrr_rate, --: net revenue retention: (start + expansion - contraction - churn) / start; NULL before the end
       CASE WHEN b.is_complete THEN (b.mrr_start - b.mrr_contraction - b.mrr_churn)::double precision / nullif(b.mrr_start, 0)::double precision END AS grr_rate, --: gross revenue retention, 0..1: (start - contraction - churn) / start; NULL before the end
       CASE WHEN b.is_complete THEN (b.mrr_new + b.mrr_expansion)::double precision / nullif(b.mrr_contraction + b.mrr_churn, 0)::double precision END AS quick_ratio, --: (new + expansion) / (contraction + churn); NULL without losses, and before the end
       b.as_of, --: when the figures were taken from the log: by ledger_refresh(), or now
       b.is_fresh --: nothing has touched the month since, and time has passed to its end; false: ledger_tick() and ledger_refresh() will restate it
  FROM (%s) b
$view$, @extschema@.ledger_kpi_basis(ledger, '{month}', '{mrr_start,mrr_new,mrr_expansion,mrr_contraction,mrr_churn,mrr_reactivation,mrr_end,subscribers_start,mrr_new_count,mrr_expansion_count,mrr_contraction_count,mrr_churn_count,mrr_reactivation_count,subscribers_end}')));
COMMENT ON FUNCTION ledger_view_revenue_movements(text) IS 'part of ledger_make_views(): revenue_movements';
