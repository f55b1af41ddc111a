
-- paths of many customers

@use stored_type
name = path_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = int4
meaning = paths of many journeys, counted with their conversions and those that ended without: storable, mergeable with + and rollup(), read by markov_attribution(), shapley_attribution() and path_counts()
jsonb = the paths, the conversions and the journeys without one
equal = same paths and counts
unequal = not: same paths and counts
@end

@use mergeable_type
name = path_summary
sum = the journeys of both
final = aggregate support: the value of a state
size = 256
rollup = all together, as if built from their rows; the journeys of both
@end

CREATE FUNCTION path_summary_accum(path_summary, path text[], conversions bigint, nulls bigint) RETURNS path_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_accum(path_summary, path text[], converted boolean) RETURNS path_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'path_summary_accum_one';
COMMENT ON FUNCTION path_summary_accum(path_summary, text[], bigint, bigint) IS 'aggregate support: counts journeys of a path';
COMMENT ON FUNCTION path_summary_accum(path_summary, text[], boolean) IS 'aggregate support: counts a journey';
CREATE AGGREGATE path_agg(path text[], conversions bigint, nulls bigint) (
  SFUNC = path_summary_accum,
  STYPE = path_summary,
  SSPACE = 65536,
  FINALFUNC = path_summary_final,
  COMBINEFUNC = path_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE path_agg(text[], bigint, bigint) IS
  'path_summary of paths that are counted already: how many journeys took each and converted, and how many ended without; null paths and paths of no journey are ignored; NULL if there are none';
CREATE AGGREGATE path_agg(path text[], converted boolean) (
  SFUNC = path_summary_accum,
  STYPE = path_summary,
  SSPACE = 65536,
  FINALFUNC = path_summary_final,
  COMBINEFUNC = path_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE path_agg(text[], boolean) IS
  'path_summary of journeys, one a row: its path and whether it converted; rows with a null are ignored; NULL if there are none';

CREATE FUNCTION path_counts(path_summary, OUT path text[], OUT conversions bigint, OUT nulls bigint) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_counts(path_summary) IS 'each path with its conversions and the journeys that ended without, in order of the names'' bytes';

CREATE FUNCTION markov_attribution(path_summary, OUT channel text, OUT removal_effect double precision, OUT credit double precision)
  RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION markov_attribution(path_summary) IS
  'credit of each channel in conversions, together all of them, in proportion to its removal effect: the share 0..1 of the conversion probability of a first-order Markov chain that is lost without the channel; a null channel has the conversions of empty paths';

CREATE FUNCTION shapley_attribution(path_summary, OUT channel text, OUT credit double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION shapley_attribution(path_summary) IS
  'credit of each channel in conversions, together all of them: its Shapley value, where a set of channels is worth the conversions of the paths that use no other; a null channel has the conversions of empty paths';
