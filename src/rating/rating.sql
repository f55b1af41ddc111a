--
-- rating: surveys answered in whole numbers (docs/rating.md)
--

@use stored_type
name = rating_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = int4
meaning = exact histogram of whole-number scores on a declared scale: storable, mergeable with + and rollup(), read by nps(), csat(), rating_mean() ...
jsonb = the scale and the number of responses of each score
equal = same scale and same counts
unequal = another scale or other counts
@end

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

@for type c in smallint int2, integer int4, bigint int8, double_precision float8, numeric numeric
CREATE FUNCTION rating_summary_accum(rating_summary, @type@) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_@c@';
CREATE FUNCTION rating_summary_remove(rating_summary, @type@) RETURNS rating_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_@c@';
CREATE FUNCTION rating_summary_accum(rating_summary, @type@, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_accum_@c@';
CREATE FUNCTION rating_summary_remove(rating_summary, @type@, integer, integer) RETURNS rating_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rating_summary_remove_@c@';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, @type@) IS 'aggregate support: counts a score';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, @type@) IS 'aggregate support: a score leaves the window';
COMMENT ON FUNCTION rating_summary_accum(rating_summary, @type@, integer, integer) IS 'aggregate support: counts a score on a scale';
COMMENT ON FUNCTION rating_summary_remove(rating_summary, @type@, integer, integer) IS 'aggregate support: a score leaves the window';

CREATE AGGREGATE rating_agg(score @type@) (
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
COMMENT ON AGGREGATE rating_agg(@type@) IS 'rating_summary of whole-number scores on the scale 0..10; NULLs are ignored; NULL if there are none';

CREATE AGGREGATE rating_agg(score @type@, lo integer, hi integer) (
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
COMMENT ON AGGREGATE rating_agg(@type@, integer, integer) IS 'rating_summary of whole-number scores on the scale lo..hi (2 to 101 points); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE nps_agg(score @type@) (
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
COMMENT ON AGGREGATE nps_agg(@type@) IS 'net promoter score of the scores (0..10), -100..100; NULLs are ignored; NULL if there are none';
@end

