-- the stages, in order
SELECT enum_range(NULL::lifecycle_stage);
SELECT s AS stage, is_prospect(s), is_customer(s) FROM unnest(enum_range(NULL::lifecycle_stage)) s ORDER BY s;
SELECT is_prospect(NULL), is_customer(NULL);
-- the planner sees through both: an index on the stage serves them
CREATE TEMPORARY TABLE c (id integer, stage lifecycle_stage);
INSERT INTO c SELECT i, (enum_range(NULL::lifecycle_stage))[1 + i % 8] FROM generate_series(1, 8000) i;
CREATE INDEX c_stage ON c (stage);
ANALYZE c;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM c WHERE is_customer(stage);
EXPLAIN (COSTS OFF) SELECT count(*) FROM c WHERE is_prospect(stage);
RESET enable_seqscan;
RESET enable_bitmapscan;

-- all words of all vocabularies
SELECT * FROM stage_vocabularies();
-- each word leads to its stage, and the stage to the first of its words
SELECT count(*) AS wrong FROM stage_vocabularies() v
WHERE to_stage(v.vocabulary, v.label) IS DISTINCT FROM v.stage
   OR stage_label(v.stage, v.vocabulary) IS DISTINCT FROM
      (SELECT w.label FROM stage_vocabularies() w
       WHERE w.vocabulary = v.vocabulary AND w.stage = v.stage ORDER BY w.position LIMIT 1);
-- the exact word, and the one under which a chart shows the stage
SELECT v.vocabulary, s.stage, stage_label(s.stage, v.vocabulary), stage_rollup(s.stage, v.vocabulary)
FROM (SELECT DISTINCT vocabulary FROM stage_vocabularies()) v,
     unnest(enum_range(NULL::lifecycle_stage)) s(stage)
ORDER BY v.vocabulary COLLATE "C", s.stage;
-- a chart loses nobody but those who left
SELECT v.vocabulary, s.stage
FROM (SELECT DISTINCT vocabulary FROM stage_vocabularies()) v,
     unnest(enum_range(NULL::lifecycle_stage)) s(stage)
WHERE stage_rollup(s.stage, v.vocabulary) IS NULL
ORDER BY v.vocabulary COLLATE "C", s.stage;
-- where there is an exact word, the chart uses it
SELECT count(*) AS wrong
FROM (SELECT DISTINCT vocabulary FROM stage_vocabularies()) v,
     unnest(enum_range(NULL::lifecycle_stage)) s(stage)
WHERE stage_label(s.stage, v.vocabulary) <> stage_rollup(s.stage, v.vocabulary);

-- case and separators do not matter, in labels and in names of vocabularies
SELECT v, l, to_stage(v, l) FROM (VALUES
  ('hubspot', 'Marketing Qualified Lead'), ('hubspot', 'marketingqualifiedlead'),
  ('HubSpot', 'MARKETING_QUALIFIED_LEAD'), ('hub-spot', ' sales-qualified.lead '),
  ('cx', 'Post-Purchase'), ('CX', 'post purchase'), ('cx', 'postpurchase'),
  ('cx', E'post\u2011purchase'), ('cx', E'Post\u00a0Purchase'), ('cx', E'post \u2013 purchase'),
  ('CLM Sustainability', 'Churn'), ('clm-sustainability', 'churn'), ('clmsustainability', 'CHURN')) t(v, l);
-- words without a stage
SELECT to_stage('hubspot', 'other'), to_stage('hubspot', 'Other'), to_stage('clm', '-'),
       to_stage('clm', E'\u2013'), to_stage('clm', E'\u2014');
SELECT to_stage(NULL, 'lead'), to_stage('hubspot', NULL), stage_label(NULL, 'cx'),
       stage_label('churned', NULL), stage_rollup(NULL, 'cx'), stage_rollup('churned', NULL);

-- what isn't a word
SELECT to_stage('pirate', 'acquisition');
SELECT stage_label('churned', 'pirate');
SELECT stage_rollup('churned', '');
SELECT to_stage('hubspot', 'leads');
SELECT to_stage('hubspot', 'lea');
SELECT to_stage('cls', '');
SELECT to_stage('cls', ' ');
SELECT to_stage('cls', '--');
SELECT to_stage('aarrr', repeat('r', 300));
SELECT to_stage('cx', E'post\u00e9purchase');
SELECT to_stage('clm', 'churned');
SELECT 'lead'::lifecycle_stage;

-- words are looked up in the extension, not on the search_path
SET search_path = pg_catalog;
SELECT public.to_stage('cx', 'purchase'), public.stage_label('conversion', 'cx'), public.is_customer('conversion');
CREATE SCHEMA decoy;
CREATE TYPE decoy.lifecycle_stage AS ENUM ('conversion', 'awareness');
SET search_path = decoy, pg_catalog;
SELECT public.to_stage('cx', 'purchase'), pg_typeof(public.to_stage('cx', 'purchase')), public.is_customer('conversion');
RESET search_path;
DROP SCHEMA decoy CASCADE;
