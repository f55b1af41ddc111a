--
-- KPIs: their views
--

CREATE FUNCTION ledger_kpi_view_names() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[
    'customer_segment',
    'kpi_definition',
    'kpi',
    'kpi_monthly',
    'kpi_by_segment',
    'revenue_movements',
    'cohort_retention',
    'activity_lifecycle',
    'acquisition_channels',
    'attribution_by_channel',
    'experiments',
    'experiment_kpis',
    'kpi_progress'
  ]::pg_catalog.text[];
COMMENT ON FUNCTION ledger_kpi_view_names() IS 'the views of KPIs in the order in which they are made';
