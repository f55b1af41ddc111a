--
-- health: how customers are, and why (docs/health.md)
--

CREATE TYPE cls_pillar AS ENUM ('clarity', 'consistency', 'convenience', 'collaboration', 'care');
COMMENT ON TYPE cls_pillar IS 'the five pillars of customer lifecycle success; every measure of health belongs to one';

@use stored_type
name = health_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = weights and weighted scores of each measure of health, and what is missing: storable, mergeable with + and rollup(), read by health_score(), health_drivers() ...
jsonb = one object a measure: pillar, name, readings, weights
equal = same measures, same numbers of rows, same weights and scores
unequal = other measures, numbers of rows, weights or scores
@end

-- merging

@use mergeable_type
name = health_summary
sum = both summaries together, measure by measure
final = aggregate support: the summary without spare room
size = 512
rollup = all summaries together, as if built from their rows: the health of a segment, and what drags it down
@end

-- building

CREATE FUNCTION health_summary_accum(health_summary, double precision, double precision) RETURNS health_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_accum(health_summary, double precision, double precision, cls_pillar) RETURNS health_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_accum(health_summary, double precision, double precision, cls_pillar, text) RETURNS health_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_accum(health_summary, double precision, double precision) IS 'aggregate support: takes in a measure';
COMMENT ON FUNCTION health_summary_accum(health_summary, double precision, double precision, cls_pillar) IS 'aggregate support: takes in a measure of a pillar';
COMMENT ON FUNCTION health_summary_accum(health_summary, double precision, double precision, cls_pillar, text) IS 'aggregate support: takes in a named measure of a pillar';

CREATE AGGREGATE health_agg(score double precision, weight double precision) (
  SFUNC = health_summary_accum,
  STYPE = health_summary,
  SSPACE = 128,
  FINALFUNC = health_summary_final,
  COMBINEFUNC = health_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_agg(double precision, double precision) IS
  'health_summary of measures on 0..100 and their weights; a NULL score is a missing measure, rows with a NULL weight are ignored; NULL if there are none';

CREATE AGGREGATE health_agg(score double precision, weight double precision, pillar cls_pillar) (
  SFUNC = health_summary_accum,
  STYPE = health_summary,
  SSPACE = 512,
  FINALFUNC = health_summary_final,
  COMBINEFUNC = health_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_agg(double precision, double precision, cls_pillar) IS
  'health_summary of measures on 0..100, their weights and their pillars; a NULL score is a missing measure, rows with a NULL weight are ignored; NULL if there are none';

CREATE AGGREGATE health_agg(score double precision, weight double precision, pillar cls_pillar, measure text) (
  SFUNC = health_summary_accum,
  STYPE = health_summary,
  SSPACE = 1024,
  FINALFUNC = health_summary_final,
  COMBINEFUNC = health_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_agg(double precision, double precision, cls_pillar, text) IS
  'health_summary of named measures on 0..100, their weights and their pillars; a NULL score is a missing measure, rows with a NULL weight are ignored; NULL if there are none';

-- reading

CREATE FUNCTION health_score(
  summary health_summary,
  missing text DEFAULT 'renormalise',
  min_coverage double precision DEFAULT 0.5
) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_score(health_summary, text, double precision) IS
  'health, 1 (bad) to 10 (good): 1 + 9 weighted mean / 100; missing measures: renormalise, zero or neutral; NULL if less than min_coverage (0..1) of the weight has a score';

CREATE FUNCTION pillar_score(
  summary health_summary,
  pillar cls_pillar,
  missing text DEFAULT 'renormalise',
  min_coverage double precision DEFAULT 0.5
) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pillar_score(health_summary, cls_pillar, text, double precision) IS
  'health of one pillar, 1 (bad) to 10 (good), read as by health_score(); NULL if the pillar has too few measures';

CREATE FUNCTION health_coverage(summary health_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_coverage(health_summary) IS
  'share of the weight of all measures that has a score, 0..1; NULL if all weights are 0';

CREATE FUNCTION health_summary_score(health_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_score(health_summary) IS 'aggregate support: health_score() with its defaults';

CREATE AGGREGATE health_score(score double precision, weight double precision) (
  SFUNC = health_summary_accum,
  STYPE = health_summary,
  SSPACE = 128,
  FINALFUNC = health_summary_score,
  COMBINEFUNC = health_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(double precision, double precision) IS
  'health, 1 (bad) to 10 (good), of measures on 0..100 and their weights; a NULL score leaves its weight to the others; NULL if less than half of the weight has a score';

CREATE FUNCTION health_drivers(
  summary health_summary,
  missing text DEFAULT 'renormalise',
  min_coverage double precision DEFAULT 0.5
) RETURNS TABLE (measure text, pillar cls_pillar, contribution double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_drivers(health_summary, text, double precision) IS
  'points of the health score (1..10) that each measure costs, dearest first; they sum to 10 - health_score() with the same options; no rows where that is NULL';

CREATE FUNCTION health_measures(summary health_summary)
  RETURNS TABLE (measure text, pillar cls_pillar, score double precision, weight double precision,
                 reading_count bigint, missing_count bigint)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_measures(health_summary) IS
  'the measures of a summary: mean score 0..100 (NULL: no reading), weight (missing ones included), rows with and without a score';

-- one measure, one score

CREATE FUNCTION normalize_measure(value double precision, bad double precision, good double precision)
  RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION normalize_measure(double precision, double precision, double precision) IS
  'the value on the scale 0 (bad) to 100 (good), clamped; bad may be larger than good; NULL stays NULL, a missing measure';

CREATE FUNCTION health_band(
  score double precision,
  previous_band text DEFAULT NULL,
  yellow_at double precision DEFAULT 4,
  green_at double precision DEFAULT 7,
  margin double precision DEFAULT 0.25
) RETURNS text
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_band(double precision, text, double precision, double precision, double precision) IS
  'red < yellow_at <= yellow < green_at <= green; from a previous band an edge is crossed up at edge + margin, down below edge - margin; NULL score: NULL';
