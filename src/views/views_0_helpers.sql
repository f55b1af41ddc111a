--
-- views: what an analyst or a BI tool opens (docs/views.md)
--
-- Each view is made by a function of its own, ledger_view_<name>(ledger): one query, in which
-- @ledger@ stands for the ledger's schema and @time_zone@ for its time zone, and comments that begin
-- with a colon say what is shown: the first the view, each further one the column before it.
-- ledger_make_views() makes all of them, in the order of ledger_view_names().
--

CREATE FUNCTION ledger_make_view(ledger text, view text, query text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  meanings text[] := ARRAY(SELECT m.groups[1] FROM regexp_matches(query, '--: *([^\n]+)', 'g') WITH ORDINALITY AS m (groups, n) ORDER BY m.n);
  target text := format('%I.%I', ledger, view);
  columns text[];
BEGIN
  query := replace(query, '@time_zone@', '(SELECT time_zone.value FROM @ledger@.setting time_zone WHERE time_zone.name = ''time_zone'')');
  EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker) AS %s', target, replace(query, '@ledger@', quote_ident(ledger)));
  SELECT array_agg(a.attname ORDER BY a.attnum) INTO columns FROM pg_attribute a WHERE a.attrelid = target::regclass;
  IF cardinality(columns) + 1 IS DISTINCT FROM cardinality(meanings) THEN
    RAISE EXCEPTION 'view "%" has % columns and % meanings', view, cardinality(columns), cardinality(meanings) - 1;
  END IF;
  EXECUTE format('COMMENT ON VIEW %s IS %L', target, meanings[1]);
  FOR i IN 1 .. cardinality(columns) LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, columns[i], meanings[i + 1]);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_view(text, text, text) IS
  'part of ledger_make_views(): makes a view, or brings it up to date, from its query with the meaning of each column beside it';
