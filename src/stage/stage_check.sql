--
-- stage_check: has anyone changed the enum?
--

CREATE FUNCTION lifecycle_check_stage_type(
  OUT label text, OUT problem text, OUT consequence text, OUT remedy text, OUT used_by text[]
) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  WITH installed AS (
    SELECT l.label::name, l.i
    FROM unnest(ARRAY['awareness', 'acquisition', 'conversion', 'onboarding',
                      'engagement', 'retention', 'advocacy', 'churned']) WITH ORDINALITY l(label, i)
  ), used AS (
    SELECT array_agg(format('%I.%I.%I', n.nspname, c.relname, a.attname)
                     ORDER BY n.nspname, c.relname, a.attname) AS columns
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE a.atttypid IN ('lifecycle_stage'::regtype, 'lifecycle_stage[]'::regtype)
      AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f')
  )
  SELECT coalesce(e.enumlabel, i.label)::text,
         CASE WHEN i.label IS NULL
              THEN 'added to lifecycle_stage by ALTER TYPE, or a label was renamed to it'
              ELSE 'missing from lifecycle_stage: it was renamed' END,
         'pg_dump writes CREATE EXTENSION, not the labels of its types: a restore knows the eight original labels only, so it fails to load every table that holds another, and these tables come back empty',
         CASE WHEN i.label IS NULL
              THEN 'Before the next dump, move the rows that use it to one of the eight stages, and keep words of your own in a table beside them; a label cannot be dropped, so then dump, and restore into a new database.'
              ELSE 'Give it its name back with ALTER TYPE lifecycle_stage RENAME VALUE.' END,
         u.columns
  FROM (SELECT * FROM pg_catalog.pg_enum WHERE enumtypid = 'lifecycle_stage'::regtype) e
  FULL JOIN installed i ON i.label = e.enumlabel
  CROSS JOIN used u
  WHERE e.enumlabel IS NULL OR i.label IS NULL
  ORDER BY i.i, e.enumsortorder;
END;
COMMENT ON FUNCTION lifecycle_check_stage_type() IS
  'labels that someone added to lifecycle_stage or renamed, what that would cost at the next restore, what to do, and the columns concerned; no rows: all is well';
