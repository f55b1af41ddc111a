
-- paths of many customers

CREATE TYPE path_summary;

CREATE FUNCTION path_summary_in(cstring) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_out(path_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_recv(internal) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_send(path_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_summary_in(cstring) IS 'text input of path_summary';
COMMENT ON FUNCTION path_summary_out(path_summary) IS 'text output of path_summary';
COMMENT ON FUNCTION path_summary_recv(internal) IS 'binary input of path_summary';
COMMENT ON FUNCTION path_summary_send(path_summary) IS 'binary output of path_summary';

CREATE TYPE path_summary (
  INPUT = path_summary_in,
  OUTPUT = path_summary_out,
  RECEIVE = path_summary_recv,
  SEND = path_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE path_summary IS
  'paths of many journeys, counted with their conversions and those that ended without: storable, mergeable with + and rollup(), read by markov_attribution(), shapley_attribution() and path_counts()';

CREATE CAST (path_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (path_summary AS jsonb) IS 'the paths, the conversions and the journeys without one';

CREATE FUNCTION path_summary_eq(path_summary, path_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_ne(path_summary, path_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_hash(path_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_summary_eq(path_summary, path_summary) IS 'same paths and counts';
COMMENT ON FUNCTION path_summary_ne(path_summary, path_summary) IS 'not: same paths and counts';
COMMENT ON FUNCTION path_summary_hash(path_summary) IS 'hash of the paths and counts';

CREATE OPERATOR = (
  LEFTARG = path_summary, RIGHTARG = path_summary, FUNCTION = path_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = path_summary, RIGHTARG = path_summary, FUNCTION = path_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (path_summary, path_summary) IS 'same paths and counts';
COMMENT ON OPERATOR <> (path_summary, path_summary) IS 'not: same paths and counts';

CREATE OPERATOR CLASS path_summary_ops DEFAULT FOR TYPE path_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 path_summary_hash(path_summary);
COMMENT ON OPERATOR CLASS path_summary_ops USING hash IS 'lets path_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY path_summary_ops USING hash IS 'lets path_summary values be grouped and made distinct';

CREATE FUNCTION path_summary_add(path_summary, path_summary) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_summary_add(path_summary, path_summary) IS 'the journeys of both';
CREATE OPERATOR + (
  LEFTARG = path_summary, RIGHTARG = path_summary, FUNCTION = path_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (path_summary, path_summary) IS 'the journeys of both';

CREATE FUNCTION path_summary_combine(path_summary, path_summary) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION path_summary_final(path_summary) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_summary_combine(path_summary, path_summary) IS 'aggregate support: merges two states';
COMMENT ON FUNCTION path_summary_final(path_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(path_summary) (
  SFUNC = path_summary_combine,
  STYPE = path_summary,
  FINALFUNC = path_summary_final,
  COMBINEFUNC = path_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(path_summary) IS 'all together, as if built from their rows; the journeys of both';

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
