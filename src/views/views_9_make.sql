--
-- views: making all of them
--

CREATE FUNCTION ledger_view_names() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[
    'customer_360',
    'stage_funnel',
    'stage_transitions',
    'stage_spans',
    'stage_dates',
    'bottlenecks',
    'nps_by_month',
    'survey_results',
    'feedback_loop',
    'email_performance',
    'tickets',
    'support_sla',
    'topics',
    'rfm_segments',
    'loyalty',
    'health_overview',
    'health_by_pillar',
    'churn_reasons',
    'churn_risk',
    'activity_stream',
    'journey_edges',
    'referrals',
    'revenue_from_existing',
    'resource_footprint',
    'ledger_sources',
    'ledger_health'
  ]::pg_catalog.text[] || @extschema@.ledger_kpi_view_names();
COMMENT ON FUNCTION ledger_view_names() IS
  'the views of a ledger in the order in which they are made: ledger_view_<name>(ledger) makes one';

CREATE FUNCTION ledger_make_views(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  view text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  FOREACH view IN ARRAY @extschema@.ledger_view_names() LOOP
    EXECUTE format('SELECT @extschema@.%I($1)', 'ledger_view_' || view) USING ledger;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_views(text) IS 'make the views of a ledger, or bring those that are there up to date';
