--
-- stage: where a customer is in the lifecycle, and what others call it (docs/stage.md)
--

CREATE TYPE lifecycle_stage AS ENUM (
  'awareness', 'acquisition', 'conversion', 'onboarding', 'engagement', 'retention', 'advocacy', 'churned'
);
COMMENT ON TYPE lifecycle_stage IS
  'stage of the customer lifecycle, in order; churned is last, so use is_customer() and is_prospect() rather than >=. Never add a label: it would not be dumped';

-- SQL, not C, so that the planner sees the comparison: an index on the stage serves both

CREATE FUNCTION is_customer(stage lifecycle_stage) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN stage >= 'conversion'::lifecycle_stage AND stage <= 'advocacy'::lifecycle_stage;
CREATE FUNCTION is_prospect(stage lifecycle_stage) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN stage <= 'acquisition'::lifecycle_stage;
COMMENT ON FUNCTION is_customer(lifecycle_stage) IS
  'has paid and has not left: conversion to advocacy; NULL for NULL';
COMMENT ON FUNCTION is_prospect(lifecycle_stage) IS
  'has not paid yet: awareness or acquisition; NULL for NULL';

-- vocabularies

CREATE FUNCTION to_stage(vocabulary text, label text) RETURNS lifecycle_stage
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION to_stage(text, text) IS
  'the stage that a label of a vocabulary (cls, clm, clm_sustainability, cx, hubspot, aarrr) means exactly, whatever its case and separators; NULL if it means none';

CREATE FUNCTION stage_label(stage lifecycle_stage, vocabulary text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_label(lifecycle_stage, text) IS
  'the word of a vocabulary for exactly this stage, the first listed if there are several; NULL if there is none';

CREATE FUNCTION stage_rollup(stage lifecycle_stage, vocabulary text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_rollup(lifecycle_stage, text) IS
  'the word of a vocabulary under which a chart shows this stage, so that no customer gets lost; NULL only for churned where the vocabulary has no word for it';

CREATE FUNCTION stage_vocabularies(
  OUT vocabulary text, OUT label text, OUT "position" integer, OUT stage lifecycle_stage
) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 35 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_vocabularies() IS
  'every word of every vocabulary: its position in the vocabulary, from 1, and the stage that it means exactly (NULL: none)';
