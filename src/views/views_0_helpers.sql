--
-- views: what an analyst or a BI tool opens (docs/views.md)
--
-- Each view is made by a function of its own, ledger_view_<name>(ledger), from one query.  Comments
-- in it that begin with a colon say what is shown: the first the view, each further one the column
-- before it.  ledger_make_views() makes all views, in the order of ledger_view_names().  Words:
--
--   @ledger@                           the ledger's schema
--   @time_zone@                        its time zone
--   @month m.day@                      three columns: m.day as period_start, period_end, is_complete
--   @stage m.stage name: meaning@      three columns: the stage as an enum, as text, as a number
--   @order m.stage@                    the number alone
--

CREATE FUNCTION ledger_view_query(ledger text, query text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  query := regexp_replace(query, '@stage (\S+) (\w+): ([^@]+)@', $columns$\1 AS \2, --: \3, as an enum
       \1::text AS \2_name, --: \3, as text
       @order \1@ AS \2_order$columns$ || ', --: \3, as a number: 1 awareness ... 7 advocacy, 8 churned', 'g');
  -- not by enum_range(), which reads the catalogue for each row
  query := regexp_replace(query, '@order (\S+)@', $order$CASE \1 WHEN 'awareness' THEN 1 WHEN 'acquisition' THEN 2 WHEN 'conversion' THEN 3
         WHEN 'onboarding' THEN 4 WHEN 'engagement' THEN 5 WHEN 'retention' THEN 6 WHEN 'advocacy' THEN 7 WHEN 'churned' THEN 8 END$order$, 'g');
  query := regexp_replace(query, '@month (\S+)@', $columns$\1 AS period_start, --: first day of the month, by the clock of the ledger's time zone
       (\1 + interval '1 month')::date AS period_end, --: first day of the next month: not part of it
       (\1 + interval '1 month') AT TIME ZONE @time_zone@ <= now() AS is_complete$columns$ || ', --: the month is over', 'g');
  query := replace(query, '@time_zone@', '(SELECT time_zone.value FROM @ledger@.setting time_zone WHERE time_zone.name = ''time_zone'')');
  RETURN replace(query, '@ledger@', quote_ident(ledger));
END $$;
COMMENT ON FUNCTION ledger_view_query(text, text) IS
  'part of ledger_make_view(): the query with the words @ledger@, @time_zone@, @month ...@, @stage ...@ and @order ...@ filled in';

CREATE FUNCTION ledger_make_view(ledger text, view text, query text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  target text := format('%I.%I', ledger, view);
  meanings text[];
  columns text[];
BEGIN
  query := @extschema@.ledger_view_query(ledger, query);
  EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker) AS %s', target, query);
  SELECT array_agg(m.groups[1] ORDER BY m.n) INTO meanings
    FROM regexp_matches(query, '--: *([^\n]+)', 'g') WITH ORDINALITY AS m (groups, n);
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
