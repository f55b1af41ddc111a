--
-- rating: satisfaction and effort in one step (docs/rating.md)
--

CREATE FUNCTION rating_summary_csat_final(rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_csat_final(rating_summary) IS 'aggregate support: the share of the two highest scores';

CREATE AGGREGATE csat_agg(score smallint) (
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
COMMENT ON AGGREGATE csat_agg(smallint) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_agg(score integer) (
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
COMMENT ON AGGREGATE csat_agg(integer) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_agg(score bigint) (
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
COMMENT ON AGGREGATE csat_agg(bigint) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_agg(score double precision) (
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
COMMENT ON AGGREGATE csat_agg(double precision) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_agg(score numeric) (
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
COMMENT ON AGGREGATE csat_agg(numeric) IS 'customer satisfaction: share (0..1) of 4 and 5 among the scores (1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score smallint) (
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
COMMENT ON AGGREGATE csat_mean(smallint) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score integer) (
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
COMMENT ON AGGREGATE csat_mean(integer) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score bigint) (
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
COMMENT ON AGGREGATE csat_mean(bigint) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score double precision) (
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
COMMENT ON AGGREGATE csat_mean(double precision) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE csat_mean(score numeric) (
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
COMMENT ON AGGREGATE csat_mean(numeric) IS 'customer satisfaction: mean of the scores (1..10, and so of 1..5); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score smallint) (
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
COMMENT ON AGGREGATE ces_agg(smallint) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score integer) (
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
COMMENT ON AGGREGATE ces_agg(integer) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score bigint) (
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
COMMENT ON AGGREGATE ces_agg(bigint) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score double precision) (
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
COMMENT ON AGGREGATE ces_agg(double precision) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE ces_agg(score numeric) (
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
COMMENT ON AGGREGATE ces_agg(numeric) IS 'customer effort score: mean of the scores (1..7); NULLs are ignored; NULL if there are none';
