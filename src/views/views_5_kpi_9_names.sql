--
-- KPIs: their views
--

CREATE FUNCTION ledger_kpi_view_names() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[
    'kpi_definition',
    'kpi',
    'kpi_monthly',
    'revenue_movements'
  ]::pg_catalog.text[];
COMMENT ON FUNCTION ledger_kpi_view_names() IS 'the views of KPIs in the order in which they are made';
