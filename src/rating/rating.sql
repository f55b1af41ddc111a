--
-- rating: surveys answered in whole numbers (docs/rating.md)
--

CREATE TYPE rating_summary;

CREATE FUNCTION rating_summary_in(cstring) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_out(rating_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_recv(internal) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_send(rating_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_in(cstring) IS 'text input of rating_summary';
COMMENT ON FUNCTION rating_summary_out(rating_summary) IS 'text output of rating_summary';
COMMENT ON FUNCTION rating_summary_recv(internal) IS 'binary input of rating_summary';
COMMENT ON FUNCTION rating_summary_send(rating_summary) IS 'binary output of rating_summary';

CREATE TYPE rating_summary (
  INPUT = rating_summary_in,
  OUTPUT = rating_summary_out,
  RECEIVE = rating_summary_recv,
  SEND = rating_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE rating_summary IS
  'exact histogram of whole-number scores on a declared scale: storable, mergeable with + and rollup(), read by nps(), csat(), rating_mean() ...';

CREATE CAST (rating_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (rating_summary AS jsonb) IS 'the scale and the number of responses of each score';

-- equality

CREATE FUNCTION rating_summary_eq(rating_summary, rating_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_ne(rating_summary, rating_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_hash(rating_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_eq(rating_summary, rating_summary) IS 'same scale and same counts';
COMMENT ON FUNCTION rating_summary_ne(rating_summary, rating_summary) IS 'another scale or other counts';
COMMENT ON FUNCTION rating_summary_hash(rating_summary) IS 'hash of the scale and the counts';

CREATE OPERATOR = (
  LEFTARG = rating_summary, RIGHTARG = rating_summary, FUNCTION = rating_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = rating_summary, RIGHTARG = rating_summary, FUNCTION = rating_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (rating_summary, rating_summary) IS 'same scale and same counts';
COMMENT ON OPERATOR <> (rating_summary, rating_summary) IS 'another scale or other counts';

CREATE OPERATOR CLASS rating_summary_ops DEFAULT FOR TYPE rating_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 rating_summary_hash(rating_summary);
COMMENT ON OPERATOR CLASS rating_summary_ops USING hash IS 'lets rating_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY rating_summary_ops USING hash IS 'lets rating_summary values be grouped and made distinct';

-- merging

CREATE FUNCTION rating_summary_add(rating_summary, rating_summary) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_add(rating_summary, rating_summary) IS 'both summaries together; different scales are an error';
CREATE OPERATOR + (
  LEFTARG = rating_summary, RIGHTARG = rating_summary, FUNCTION = rating_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (rating_summary, rating_summary) IS 'both summaries together; different scales are an error';

CREATE FUNCTION rating_summary_combine(rating_summary, rating_summary) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_combine(rating_summary, rating_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION rating_summary_uncombine(rating_summary, rating_summary) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_uncombine(rating_summary, rating_summary) IS 'aggregate support: a summary leaves the window';
CREATE FUNCTION rating_summary_final(rating_summary) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_final(rating_summary) IS 'aggregate support: the summary, or NULL if nothing was counted';

CREATE AGGREGATE rollup(rating_summary) (
  SFUNC = rating_summary_combine,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_combine,
  MINVFUNC = rating_summary_uncombine,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(rating_summary) IS 'all summaries together, as if built from their rows; different scales are an error';

-- accessors

CREATE FUNCTION nps(rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps(rating_summary) IS
  'net promoter score, -100..100: 100 (promoters - detractors) / responses; promoters answer 9-10, detractors 0-6, on the scale 0..10 (or 1..10)';

-- building, from every type a score may have

CREATE FUNCTION rating_summary_accum(rating_summary, smallint) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int2';
CREATE FUNCTION rating_summary_remove(rating_summary, smallint) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int2';
CREATE FUNCTION rating_summary_accum(rating_summary, smallint, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int2';
CREATE FUNCTION rating_summary_remove(rating_summary, smallint, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int2';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, smallint) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, smallint) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, smallint, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, smallint, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score smallint) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(smallint) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score smallint, lo integer, hi integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(smallint, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score smallint) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = nps,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = nps,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_agg(smallint) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';

CREATE FUNCTION rating_summary_accum(rating_summary, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int4';
CREATE FUNCTION rating_summary_remove(rating_summary, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int4';
CREATE FUNCTION rating_summary_accum(rating_summary, integer, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int4';
CREATE FUNCTION rating_summary_remove(rating_summary, integer, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int4';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, integer) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, integer) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, integer, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, integer, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(integer) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score integer, lo integer, hi integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(integer, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = nps,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = nps,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_agg(integer) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';

CREATE FUNCTION rating_summary_accum(rating_summary, bigint) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int8';
CREATE FUNCTION rating_summary_remove(rating_summary, bigint) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int8';
CREATE FUNCTION rating_summary_accum(rating_summary, bigint, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_int8';
CREATE FUNCTION rating_summary_remove(rating_summary, bigint, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_int8';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, bigint) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, bigint) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, bigint, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, bigint, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score bigint) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(bigint) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score bigint, lo integer, hi integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(bigint, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score bigint) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = nps,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = nps,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_agg(bigint) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';

CREATE FUNCTION rating_summary_accum(rating_summary, double precision) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_float8';
CREATE FUNCTION rating_summary_remove(rating_summary, double precision) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_float8';
CREATE FUNCTION rating_summary_accum(rating_summary, double precision, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_float8';
CREATE FUNCTION rating_summary_remove(rating_summary, double precision, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_float8';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, double precision) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, double precision) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, double precision, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, double precision, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score double precision) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(double precision) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score double precision, lo integer, hi integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(double precision, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score double precision) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = nps,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = nps,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_agg(double precision) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';

CREATE FUNCTION rating_summary_accum(rating_summary, numeric) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_numeric';
CREATE FUNCTION rating_summary_remove(rating_summary, numeric) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_numeric';
CREATE FUNCTION rating_summary_accum(rating_summary, numeric, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_numeric';
CREATE FUNCTION rating_summary_remove(rating_summary, numeric, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_numeric';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, numeric) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, numeric) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, numeric, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, numeric, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score numeric) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(numeric) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score numeric, lo integer, hi integer) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  FINALFUNC = rating_summary_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MFINALFUNC = rating_summary_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_agg(numeric, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score numeric) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = nps,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = nps,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_agg(numeric) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';
