--
-- rating: satisfaction and effort in one step (docs/rating.md)
--

CREATE FUNCTION rating_summary_csat_final(rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_csat_final(rating_summary) IS 'aggregate support: the share of the two highest scores';

@for type c in smallint int2, integer int4, bigint int8, double_precision float8, numeric numeric
CREATE AGGREGATE csat_agg(score @type@) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [1, 5], "counts": [0, 0, 0, 0, 0]}',
  FINALFUNC = rating_summary_csat_final,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [1, 5], "counts": [0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_summary_csat_final,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat_agg(@type@) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score @type@) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [1, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_mean,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [1, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_mean,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat_mean(@type@) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score @type@) (
  SFUNC = rating_summary_accum,
  STYPE = rating_summary,
  SSPACE = 32,
  INITCOND = '{"scale": [1, 7], "counts": [0, 0, 0, 0, 0, 0, 0]}',
  FINALFUNC = rating_mean,
  COMBINEFUNC = rating_summary_combine,
  MSFUNC = rating_summary_accum,
  MINVFUNC = rating_summary_remove,
  MSTYPE = rating_summary,
  MINITCOND = '{"scale": [1, 7], "counts": [0, 0, 0, 0, 0, 0, 0]}',
  MFINALFUNC = rating_mean,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces_agg(@type@) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';
@end

