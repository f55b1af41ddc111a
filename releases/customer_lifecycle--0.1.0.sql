\echo Use "CREATE EXTENSION customer_lifecycle" to load this file. \quit
--
-- common: what several rooms use
--

CREATE TYPE confidence_bounds AS (lower double precision, upper double precision);
COMMENT ON TYPE confidence_bounds IS
  'the two ends of a confidence interval, in the unit of what it is about; (nps_interval(s)).lower reads one';
COMMENT ON COLUMN confidence_bounds.lower IS 'lower end of the interval; NULL if it has none';
COMMENT ON COLUMN confidence_bounds.upper IS 'upper end of the interval; NULL if it has none';

-- Stable with a zone, too: what an abbreviation means is a setting (timezone_abbreviations).
CREATE FUNCTION period_start(at timestamptz, unit text, time_zone text) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'period_start';
CREATE FUNCTION period_start(at timestamptz, unit text) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'period_start';
COMMENT ON FUNCTION period_start(timestamptz, text, text) IS
  'first date of the day, ISO week, month, quarter or year that holds the instant, by the clock of the zone: the date of date_trunc(unit, at, time_zone), only faster';
COMMENT ON FUNCTION period_start(timestamptz, text) IS
  'first date of the day, ISO week, month, quarter or year that holds the instant, by the clock of the session''s time zone';
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
--
-- stage_timeline: one customer's stage changes (docs/stage.md)
--

CREATE TYPE stage_timeline;

CREATE FUNCTION stage_timeline_in(cstring) RETURNS stage_timeline
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_out(stage_timeline) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_recv(internal) RETURNS stage_timeline
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_send(stage_timeline) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_timeline_in(cstring) IS 'text input of stage_timeline';
COMMENT ON FUNCTION stage_timeline_out(stage_timeline) IS 'text output of stage_timeline';
COMMENT ON FUNCTION stage_timeline_recv(internal) IS 'binary input of stage_timeline';
COMMENT ON FUNCTION stage_timeline_send(stage_timeline) IS 'binary output of stage_timeline';

CREATE TYPE stage_timeline (
  INPUT = stage_timeline_in,
  OUTPUT = stage_timeline_out,
  RECEIVE = stage_timeline_recv,
  SEND = stage_timeline_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE stage_timeline IS 'the stage changes of one customer: storable, mergeable with + and rollup(), read by stage_at(), time_in_stage(), stage_spans(), transitions() ...';

CREATE CAST (stage_timeline AS jsonb) WITH INOUT;
COMMENT ON CAST (stage_timeline AS jsonb) IS 'the changes as pairs of an instant (UTC) and a stage';

CREATE FUNCTION stage_timeline_eq(stage_timeline, stage_timeline) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_ne(stage_timeline, stage_timeline) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_hash(stage_timeline) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_timeline_eq(stage_timeline, stage_timeline) IS 'same stages reported at the same instants';
COMMENT ON FUNCTION stage_timeline_ne(stage_timeline, stage_timeline) IS 'other stages or other instants';
COMMENT ON FUNCTION stage_timeline_hash(stage_timeline) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = stage_timeline, RIGHTARG = stage_timeline, FUNCTION = stage_timeline_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = stage_timeline, RIGHTARG = stage_timeline, FUNCTION = stage_timeline_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (stage_timeline, stage_timeline) IS 'same stages reported at the same instants';
COMMENT ON OPERATOR <> (stage_timeline, stage_timeline) IS 'other stages or other instants';

CREATE OPERATOR CLASS stage_timeline_ops DEFAULT FOR TYPE stage_timeline USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 stage_timeline_hash(stage_timeline);
COMMENT ON OPERATOR CLASS stage_timeline_ops USING hash IS 'lets stage_timeline values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY stage_timeline_ops USING hash IS 'lets stage_timeline values be grouped and made distinct';

-- building and merging

CREATE FUNCTION stage_timeline_accum(stage_timeline, lifecycle_stage, timestamptz) RETURNS stage_timeline
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_combine(stage_timeline, stage_timeline) RETURNS stage_timeline
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION stage_timeline_final(stage_timeline) RETURNS stage_timeline
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_timeline_accum(stage_timeline, lifecycle_stage, timestamptz) IS
  'aggregate support: adds a stage and the instant at which it was entered';
COMMENT ON FUNCTION stage_timeline_combine(stage_timeline, stage_timeline) IS 'the changes of both';
COMMENT ON FUNCTION stage_timeline_final(stage_timeline) IS 'aggregate support: the timeline, or NULL if there was no change';

CREATE AGGREGATE stage_agg(stage lifecycle_stage, at timestamptz) (
  SFUNC = stage_timeline_accum,
  STYPE = stage_timeline,
  SSPACE = 64,
  INITCOND = '{"changes": []}',
  FINALFUNC = stage_timeline_final,
  COMBINEFUNC = stage_timeline_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE stage_agg(lifecycle_stage, timestamptz) IS
  'stage_timeline of one customer from the stages entered and when, rows in any order; rows with a NULL are ignored; NULL if there are none';

CREATE AGGREGATE rollup(stage_timeline) (
  SFUNC = stage_timeline_combine,
  STYPE = stage_timeline,
  SSPACE = 64,
  FINALFUNC = stage_timeline_final,
  COMBINEFUNC = stage_timeline_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(stage_timeline) IS 'all timelines of one customer together, as if built from their rows';

CREATE OPERATOR + (
  LEFTARG = stage_timeline, RIGHTARG = stage_timeline, FUNCTION = stage_timeline_combine, COMMUTATOR = +
);
COMMENT ON OPERATOR + (stage_timeline, stage_timeline) IS 'the changes of both';

-- accessors

CREATE FUNCTION stage_at(timeline stage_timeline, at timestamptz) RETURNS lifecycle_stage
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_at(stage_timeline, timestamptz) IS
  'the stage at an instant, a change counting from its very instant; NULL before the first change';

CREATE FUNCTION current_stage(timeline stage_timeline) RETURNS lifecycle_stage
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION current_stage(stage_timeline) IS 'the stage of the last change';

CREATE FUNCTION max_stage(timeline stage_timeline) RETURNS lifecycle_stage
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION max_stage(stage_timeline) IS
  'high-water mark: the highest stage from awareness to advocacy ever entered; churned only if there was no other';

CREATE FUNCTION entered_at(timeline stage_timeline, stage lifecycle_stage) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION entered_at(stage_timeline, lifecycle_stage) IS 'when the stage was entered for the first time; NULL: never';

CREATE FUNCTION last_entered_at(timeline stage_timeline, stage lifecycle_stage) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION last_entered_at(stage_timeline, lifecycle_stage) IS 'when the stage was entered for the last time; NULL: never';

CREATE FUNCTION left_at(timeline stage_timeline, stage lifecycle_stage) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION left_at(stage_timeline, lifecycle_stage) IS
  'when the stage was left for the last time; NULL: never entered, or still there';

CREATE FUNCTION time_in_stage(timeline stage_timeline, stage lifecycle_stage, as_of timestamptz DEFAULT NULL)
  RETURNS interval
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION time_in_stage(stage_timeline, lifecycle_stage, timestamptz) IS
  'time spent in a stage, all spans together, up to as_of, in days of 24 hours; NULL: never entered, or still there and no as_of given';

CREATE FUNCTION stage_spans(
  timeline stage_timeline, as_of timestamptz DEFAULT NULL,
  OUT stage lifecycle_stage, OUT entered_at timestamptz, OUT left_at timestamptz
) RETURNS SETOF record
  LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stage_spans(stage_timeline, timestamptz) IS
  'the stages in order of time, each until the next; the last until as_of, or open (left_at NULL) if none is given; what is later than as_of is left out';

CREATE FUNCTION transitions(
  timeline stage_timeline,
  OUT from_stage lifecycle_stage, OUT to_stage lifecycle_stage, OUT changed_at timestamptz
) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION transitions(stage_timeline) IS 'the moves from stage to stage in order of time; entering the first stage is none';

CREATE FUNCTION reactivations(timeline stage_timeline) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION reactivations(stage_timeline) IS 'how often the customer went from churned to a customer''s stage';

-- the flow between stages

CREATE FUNCTION stage_transition_matrix(
  timelines stage_timeline[],
  OUT from_stage lifecycle_stage, OUT to_stage lifecycle_stage, OUT transition_count bigint,
  OUT entered_count bigint, OUT conversion_rate double precision,
  OUT median_days double precision, OUT p90_days double precision
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
  -- the k-th transition is that from the k-th span to the next; the last span has none
  SELECT m.stage, m.to_stage, m.transition_count, m.entered_count,
         m.transition_count / m.entered_count::double precision, m.days[1], m.days[2]
  FROM (SELECT s.stage, s.to_stage, count(*) AS transition_count,
               sum(count(*)) OVER (PARTITION BY s.stage) AS entered_count,
               percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
                 ORDER BY extract(epoch FROM s.left_at - s.entered_at)::double precision / 86400) AS days
        FROM unnest(timelines) AS t(timeline),
             ROWS FROM (stage_spans(t.timeline), transitions(t.timeline))
               AS s(stage, entered_at, left_at, from_stage, to_stage, changed_at)
        GROUP BY s.stage, s.to_stage) m
  WHERE m.to_stage IS NOT NULL
  ORDER BY m.stage, m.to_stage;
END;
COMMENT ON FUNCTION stage_transition_matrix(stage_timeline[]) IS
  'one row per pair of stages that customers moved between: how often; how often from_stage was entered; their ratio; median and 90th percentile of the days spent in from_stage before the move';
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
COMMENT ON TYPE rating_summary IS 'exact histogram of whole-number scores on a declared scale: storable, mergeable with + and rollup(), read by nps(), csat(), rating_mean() ...';

CREATE CAST (rating_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (rating_summary AS jsonb) IS 'the scale and the number of responses of each score';

CREATE FUNCTION rating_summary_eq(rating_summary, rating_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_ne(rating_summary, rating_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION rating_summary_hash(rating_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_summary_eq(rating_summary, rating_summary) IS 'same scale and same counts';
COMMENT ON FUNCTION rating_summary_ne(rating_summary, rating_summary) IS 'another scale or other counts';
COMMENT ON FUNCTION rating_summary_hash(rating_summary) IS 'hash of the value, the same for equal values';

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

--
-- rating: what a rating_summary says (docs/rating.md)
--

CREATE FUNCTION responses(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION responses(rating_summary) IS
  'number of responses counted';

CREATE FUNCTION promoters(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION promoters(rating_summary) IS
  'number of responses of 9 and 10, on the scale 0..10 or 1..10';

CREATE FUNCTION passives(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION passives(rating_summary) IS
  'number of responses of 7 and 8, on the scale 0..10 or 1..10';

CREATE FUNCTION detractors(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION detractors(rating_summary) IS
  'number of responses of 6 and less, on the scale 0..10 or 1..10';

CREATE FUNCTION nps_interval(ratings rating_summary, confidence double precision DEFAULT 0.95, method text DEFAULT 'adjusted_wald') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_interval(rating_summary, double precision, text) IS
  'confidence interval of nps(), within -100..100; method adjusted_wald (three answers added: holds for few and for extreme answers) or wald; NULL without responses';

CREATE FUNCTION nps_compare(a rating_summary, b rating_summary, OUT difference double precision, OUT z double precision, OUT p_value double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_compare(rating_summary, rating_summary) IS
  'nps(b) - nps(a), that in standard errors (variances not pooled), and the probability of such a difference by chance alone (two-sided); z and p_value NULL where no group disagrees within itself';

CREATE FUNCTION nps_sample_size(margin double precision, confidence double precision DEFAULT 0.95, promoter_rate double precision DEFAULT 0.5, detractor_rate double precision DEFAULT 0.5, population bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_sample_size(double precision, double precision, double precision, double precision, bigint) IS
  'responses needed to know nps to within margin points to either side; rates (0..1) as expected, by default the worst case; population: customers who could be asked, NULL for endless';

CREATE FUNCTION csat(ratings rating_summary, top_boxes integer DEFAULT 2) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION csat(rating_summary, integer) IS
  'share (0..1) of responses in the highest top_boxes scores of the summary''s own scale; NULL without responses';

CREATE FUNCTION csat_interval(ratings rating_summary, confidence double precision DEFAULT 0.95, top_boxes integer DEFAULT 2) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION csat_interval(rating_summary, double precision, integer) IS
  'confidence interval of csat() (Wilson), within 0..1; NULL without responses';

CREATE FUNCTION ces_share(ratings rating_summary, direction text DEFAULT 'high_is_easy') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ces_share(rating_summary, text) IS
  'share (0..1) of responses on the easy side of the middle of the scale: 5..7 of 1..7, or with direction low_is_easy 1..3; NULL without responses';

CREATE FUNCTION rating_mean(ratings rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_mean(rating_summary) IS
  'mean score, on the summary''s own scale; NULL without responses';

CREATE FUNCTION rating_sd(ratings rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_sd(rating_summary) IS
  'sample standard deviation of the scores (divisor n - 1); NULL for fewer than two responses';

CREATE FUNCTION rating_quantile(ratings rating_summary, fraction double precision, method text DEFAULT 'continuous') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_quantile(rating_summary, double precision, text) IS
  'score up to which that part (0..1) of the responses lies; method continuous (as percentile_cont) or discrete (as percentile_disc); NULL without responses';

CREATE FUNCTION rating_distribution(ratings rating_summary, OUT score integer, OUT responses bigint, OUT share double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_distribution(rating_summary) IS
  'one row for each score of the scale, lowest first: its responses and their share (0..1) of all; share is NULL without responses';
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

--
-- retention: cohorts by age
--

CREATE FUNCTION cohort_age(cohort date, period date, unit text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_age(date, date, text) IS
  'how many periods (day, week, month, quarter, year) lie from the one that holds the first date to the one that holds the second: 0 in the same, negative before; the age of a cohort in a retention triangle';
--
-- churn: who was there, came, came back and left in a period (docs/churn.md)
--

CREATE TYPE churn_summary;

CREATE FUNCTION churn_summary_in(cstring) RETURNS churn_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION churn_summary_out(churn_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION churn_summary_recv(internal) RETURNS churn_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION churn_summary_send(churn_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_in(cstring) IS 'text input of churn_summary';
COMMENT ON FUNCTION churn_summary_out(churn_summary) IS 'text output of churn_summary';
COMMENT ON FUNCTION churn_summary_recv(internal) IS 'binary input of churn_summary';
COMMENT ON FUNCTION churn_summary_send(churn_summary) IS 'binary output of churn_summary';

CREATE TYPE churn_summary (
  INPUT = churn_summary_in,
  OUTPUT = churn_summary_out,
  RECEIVE = churn_summary_recv,
  SEND = churn_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE churn_summary IS 'customers there at the start of a period, new, returned, lost, and there at its end: storable, mergeable with + and rollup(), read by churn_rate(), retention_rate(), churn_interval(), customers_lost() ...';

CREATE CAST (churn_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (churn_summary AS jsonb) IS 'the period and the counts of customers';

CREATE FUNCTION churn_summary_eq(churn_summary, churn_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION churn_summary_ne(churn_summary, churn_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION churn_summary_hash(churn_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_eq(churn_summary, churn_summary) IS 'same period and same counts';
COMMENT ON FUNCTION churn_summary_ne(churn_summary, churn_summary) IS 'another period or other counts';
COMMENT ON FUNCTION churn_summary_hash(churn_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = churn_summary, RIGHTARG = churn_summary, FUNCTION = churn_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = churn_summary, RIGHTARG = churn_summary, FUNCTION = churn_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (churn_summary, churn_summary) IS 'same period and same counts';
COMMENT ON OPERATOR <> (churn_summary, churn_summary) IS 'another period or other counts';

CREATE OPERATOR CLASS churn_summary_ops DEFAULT FOR TYPE churn_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 churn_summary_hash(churn_summary);
COMMENT ON OPERATOR CLASS churn_summary_ops USING hash IS 'lets churn_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY churn_summary_ops USING hash IS 'lets churn_summary values be grouped and made distinct';

-- merging

CREATE FUNCTION churn_summary_add(churn_summary, churn_summary) RETURNS churn_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_add(churn_summary, churn_summary) IS
  'the customers of both; different periods are an error';
CREATE OPERATOR + (
  LEFTARG = churn_summary, RIGHTARG = churn_summary, FUNCTION = churn_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (churn_summary, churn_summary) IS 'the customers of both; different periods are an error';

CREATE FUNCTION churn_summary_combine(churn_summary, churn_summary) RETURNS churn_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_combine(churn_summary, churn_summary) IS
  'aggregate support: merges two states';

CREATE AGGREGATE rollup(churn_summary) (
  SFUNC = churn_summary_combine,
  STYPE = churn_summary,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(churn_summary) IS 'all summaries together, as if built from their rows; different periods are an error';

-- accessors

CREATE FUNCTION churn_rate(summary churn_summary, method text DEFAULT 'start', as_of timestamptz DEFAULT NULL) RETURNS double precision
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_rate(churn_summary, text, timestamptz) IS
  'share of customers lost in the period, by method: start (lost / at start), start_plus_new (lost / (at start + new)), average (lost / mean of start and end), cohort (those of the start missing at the end / at start); NULL if the denominator is 0, or if the period is not over at as_of';
CREATE FUNCTION retention_rate(summary churn_summary, method text DEFAULT 'start', as_of timestamptz DEFAULT NULL) RETURNS double precision
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION retention_rate(churn_summary, text, timestamptz) IS
  'share of customers kept: (at end - new) / at start, or by the method cohort those there at both ends / at start; NULL if nobody was there at the start, or if the period is not over at as_of';
CREATE FUNCTION churn_interval(summary churn_summary, method text DEFAULT 'start', confidence double precision DEFAULT 0.95, as_of timestamptz DEFAULT NULL) RETURNS confidence_bounds
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_interval(churn_summary, text, double precision, timestamptz) IS
  'Wilson interval of churn_rate(summary, method), 0..1; NULL where the rate is no proportion (method average, or more lost than the denominator), and if the period is not over at as_of';
CREATE FUNCTION customers_at_start(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_at_start(churn_summary) IS
  'customers there immediately before the period: started_at < start <= ended_at';
CREATE FUNCTION customers_new(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_new(churn_summary) IS
  'customers whose first start ever is in the period';
CREATE FUNCTION customers_returned(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_returned(churn_summary) IS
  'starts in the period after a gap: customers who came back';
CREATE FUNCTION customers_lost(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_lost(churn_summary) IS
  'ends of the last open episode in the period; who leaves twice counts twice';
CREATE FUNCTION customers_at_end(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_at_end(churn_summary) IS
  'customers there immediately before the end of the period: at start + new + returned - lost';
CREATE FUNCTION customers_retained(churn_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customers_retained(churn_summary) IS
  'customers there both immediately before the period and immediately before its end';
CREATE FUNCTION churn_period_start(churn_summary) RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_period_start(churn_summary) IS
  'first instant of the period; dates begin at midnight of the session''s time zone';
CREATE FUNCTION churn_period_end(churn_summary) RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_period_end(churn_summary) IS
  'first instant after the period; dates begin at midnight of the session''s time zone';

-- one-step aggregates end with these

CREATE FUNCTION churn_summary_churn_rate(churn_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_churn_rate(churn_summary) IS
  'aggregate support: churn rate by the method start';
CREATE FUNCTION churn_summary_retention_rate(churn_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_summary_retention_rate(churn_summary) IS
  'aggregate support: retention rate by the method start';

-- building: one row a customer (started_at, ended_at), or a customer's episodes as a multirange

CREATE FUNCTION churn_summary_accum(churn_summary, timestamptz, timestamptz, tstzrange) RETURNS churn_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'churn_summary_accum_timestamptz';
COMMENT ON FUNCTION churn_summary_accum(churn_summary, timestamptz, timestamptz, tstzrange) IS
  'aggregate support: counts a customer';
CREATE FUNCTION churn_summary_accum(churn_summary, date, date, daterange) RETURNS churn_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'churn_summary_accum_date';
COMMENT ON FUNCTION churn_summary_accum(churn_summary, date, date, daterange) IS
  'aggregate support: counts a customer';
CREATE FUNCTION churn_summary_accum(churn_summary, tstzmultirange, tstzrange) RETURNS churn_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'churn_summary_accum_tstzmultirange';
COMMENT ON FUNCTION churn_summary_accum(churn_summary, tstzmultirange, tstzrange) IS
  'aggregate support: counts a customer with all episodes';
CREATE FUNCTION churn_summary_accum(churn_summary, datemultirange, daterange) RETURNS churn_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'churn_summary_accum_datemultirange';
COMMENT ON FUNCTION churn_summary_accum(churn_summary, datemultirange, daterange) IS
  'aggregate support: counts a customer with all episodes';

-- of instants and of dates

CREATE AGGREGATE churn_agg(started_at timestamptz, ended_at timestamptz, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(timestamptz, timestamptz, tstzrange) IS
  'churn_summary of the period, one row a customer, in instants; ended_at is null for who is still there; rows without started_at are ignored; NULL if there are none';

CREATE AGGREGATE churn_rate(started_at timestamptz, ended_at timestamptz, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(timestamptz, timestamptz, tstzrange) IS
  'customers lost in the period / customers at its start, one row a customer, in instants; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(started_at timestamptz, ended_at timestamptz, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(timestamptz, timestamptz, tstzrange) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer, in instants; NULL if there were none at the start';
CREATE AGGREGATE churn_agg(started_at date, ended_at date, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(date, date, daterange) IS
  'churn_summary of the period, one row a customer, in dates; ended_at is null for who is still there; rows without started_at are ignored; NULL if there are none';

CREATE AGGREGATE churn_rate(started_at date, ended_at date, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(date, date, daterange) IS
  'customers lost in the period / customers at its start, one row a customer, in dates; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(started_at date, ended_at date, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(date, date, daterange) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer, in dates; NULL if there were none at the start';

CREATE AGGREGATE churn_agg(episodes tstzmultirange, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(tstzmultirange, tstzrange) IS
  'churn_summary of the period, one row a customer with all episodes (merge_episodes), in instants: knows who returned; nulls are ignored; NULL if there are no rows';

CREATE AGGREGATE churn_rate(episodes tstzmultirange, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(tstzmultirange, tstzrange) IS
  'customers lost in the period / customers at its start, one row a customer with all episodes, in instants; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(episodes tstzmultirange, period tstzrange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(tstzmultirange, tstzrange) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer with all episodes, in instants; NULL if there were none at the start';
CREATE AGGREGATE churn_agg(episodes datemultirange, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(datemultirange, daterange) IS
  'churn_summary of the period, one row a customer with all episodes (merge_episodes), in dates: knows who returned; nulls are ignored; NULL if there are no rows';

CREATE AGGREGATE churn_rate(episodes datemultirange, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(datemultirange, daterange) IS
  'customers lost in the period / customers at its start, one row a customer with all episodes, in dates; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(episodes datemultirange, period daterange) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(datemultirange, daterange) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer with all episodes, in dates; NULL if there were none at the start';

-- rates of other lengths of time

CREATE FUNCTION annualize_rate(rate double precision, from_period interval, to_period interval DEFAULT '1 year') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION annualize_rate(double precision, interval, interval) IS
  'a rate of one length of time as the rate of another, 0..1: 1 - (1 - rate)^(to_period / from_period); the monthly churn 0.03 is 0.306 a year';
CREATE FUNCTION annualize_rate(rate double precision, from_period text, to_period text DEFAULT 'year') RETURNS double precision
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_annualize_rate';
COMMENT ON FUNCTION annualize_rate(double precision, text, text) IS
  'the same by words: day, week, month, quarter, year, or anything that is an interval';
--
-- cox: what makes customers stay shorter or longer (docs/survival.md)
--

CREATE TYPE cox_sample;

CREATE FUNCTION cox_sample_in(cstring) RETURNS cox_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_sample_out(cox_sample) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_sample_recv(internal) RETURNS cox_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_sample_send(cox_sample) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_sample_in(cstring) IS 'text input of cox_sample';
COMMENT ON FUNCTION cox_sample_out(cox_sample) IS 'text output of cox_sample';
COMMENT ON FUNCTION cox_sample_recv(internal) IS 'binary input of cox_sample';
COMMENT ON FUNCTION cox_sample_send(cox_sample) IS 'binary output of cox_sample';

CREATE TYPE cox_sample (
  INPUT = cox_sample_in,
  OUTPUT = cox_sample_out,
  RECEIVE = cox_sample_recv,
  SEND = cox_sample_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE cox_sample IS 'customers with their durations and covariates: storable, mergeable with + and rollup(), read by cox_fit(); 24 bytes and 8 more a covariate for each customer, at most 512 MB';

CREATE CAST (cox_sample AS jsonb) WITH INOUT;
COMMENT ON CAST (cox_sample AS jsonb) IS 'the customers with their durations and covariates';

CREATE FUNCTION cox_sample_eq(cox_sample, cox_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_sample_ne(cox_sample, cox_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_sample_hash(cox_sample) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_sample_eq(cox_sample, cox_sample) IS 'same customers';
COMMENT ON FUNCTION cox_sample_ne(cox_sample, cox_sample) IS 'not the same customers';
COMMENT ON FUNCTION cox_sample_hash(cox_sample) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = cox_sample, RIGHTARG = cox_sample, FUNCTION = cox_sample_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = cox_sample, RIGHTARG = cox_sample, FUNCTION = cox_sample_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (cox_sample, cox_sample) IS 'same customers';
COMMENT ON OPERATOR <> (cox_sample, cox_sample) IS 'not the same customers';

CREATE OPERATOR CLASS cox_sample_ops DEFAULT FOR TYPE cox_sample USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 cox_sample_hash(cox_sample);
COMMENT ON OPERATOR CLASS cox_sample_ops USING hash IS 'lets cox_sample values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY cox_sample_ops USING hash IS 'lets cox_sample values be grouped and made distinct';

CREATE FUNCTION cox_sample_add(cox_sample, cox_sample) RETURNS cox_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_sample_add(cox_sample, cox_sample) IS 'the customers of both; other units or numbers of covariates are an error';
CREATE OPERATOR + (
  LEFTARG = cox_sample, RIGHTARG = cox_sample, FUNCTION = cox_sample_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (cox_sample, cox_sample) IS 'the customers of both; other units or numbers of covariates are an error';

CREATE FUNCTION cox_sample_combine(cox_sample, cox_sample) RETURNS cox_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_sample_combine(cox_sample, cox_sample) IS 'aggregate support: merges two states';
CREATE FUNCTION cox_sample_final(cox_sample) RETURNS cox_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_sample_final(cox_sample) IS 'aggregate support: the sample, or NULL if nobody was counted';

CREATE AGGREGATE rollup(cox_sample) (
  SFUNC = cox_sample_combine,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cox_sample) IS 'all samples together, as if built from their rows; other units or numbers of covariates are an error';

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[]) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[]) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[]) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[]) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned); durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[], entry double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[], double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0); durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision, double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_float8';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, double precision, boolean, double precision[], double precision, double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration double precision, churned boolean, covariates double precision[], entry double precision, weight double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(double precision, boolean, double precision[], double precision, double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0), with case weights; durations are numbers of any unit; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[]) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[]) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[]) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[]) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned); durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[], entry interval) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[], interval) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0); durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval, double precision) RETURNS cox_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_sample_accum_interval';
COMMENT ON FUNCTION cox_sample_accum(cox_sample, interval, boolean, double precision[], interval, double precision) IS 'aggregate support: adds a customer';
CREATE AGGREGATE cox_agg(duration interval, churned boolean, covariates double precision[], entry interval, weight double precision) (
  SFUNC = cox_sample_accum,
  STYPE = cox_sample,
  SSPACE = 1024,
  FINALFUNC = cox_sample_final,
  COMBINEFUNC = cox_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cox_agg(interval, boolean, double precision[], interval, double precision) IS
  'cox_sample of customers with 1 to 100 covariates who left after the duration (churned) or were last seen then (not churned), observed from entry on (NULL: 0), with case weights; durations are intervals: days of 24 hours, no months; rows with a NULL, in the covariates too, are left out; NULL if there are none';

CREATE FUNCTION cox_customers(sample cox_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_customers(cox_sample) IS 'number of customers in the sample';

-- the fitted model

CREATE TYPE cox_model;

CREATE FUNCTION cox_model_in(cstring) RETURNS cox_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_model_out(cox_model) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_model_recv(internal) RETURNS cox_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_model_send(cox_model) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_model_in(cstring) IS 'text input of cox_model';
COMMENT ON FUNCTION cox_model_out(cox_model) IS 'text output of cox_model';
COMMENT ON FUNCTION cox_model_recv(internal) IS 'binary input of cox_model';
COMMENT ON FUNCTION cox_model_send(cox_model) IS 'binary output of cox_model';

CREATE TYPE cox_model (
  INPUT = cox_model_in,
  OUTPUT = cox_model_out,
  RECEIVE = cox_model_recv,
  SEND = cox_model_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE cox_model IS 'a fitted Cox model: storable, read by parameters(), hazard_ratio(), concordance() ...; equal fits of equal samples are equal';

CREATE CAST (cox_model AS jsonb) WITH INOUT;
COMMENT ON CAST (cox_model AS jsonb) IS 'the model with its coefficients and their covariances';

CREATE FUNCTION cox_model_eq(cox_model, cox_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_model_ne(cox_model, cox_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cox_model_hash(cox_model) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_model_eq(cox_model, cox_model) IS 'same model';
COMMENT ON FUNCTION cox_model_ne(cox_model, cox_model) IS 'not the same model';
COMMENT ON FUNCTION cox_model_hash(cox_model) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = cox_model, RIGHTARG = cox_model, FUNCTION = cox_model_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = cox_model, RIGHTARG = cox_model, FUNCTION = cox_model_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (cox_model, cox_model) IS 'same model';
COMMENT ON OPERATOR <> (cox_model, cox_model) IS 'not the same model';

CREATE OPERATOR CLASS cox_model_ops DEFAULT FOR TYPE cox_model USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 cox_model_hash(cox_model);
COMMENT ON OPERATOR CLASS cox_model_ops USING hash IS 'lets cox_model values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY cox_model_ops USING hash IS 'lets cox_model values be grouped and made distinct';

CREATE FUNCTION cox_fit(sample cox_sample, ties text DEFAULT 'efron', names text[] DEFAULT NULL) RETURNS cox_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cox_fit(cox_sample, text, text[]) IS
  'Cox proportional hazards model by maximum partial likelihood; ties efron or breslow; names of the covariates, x1, x2 ... by default; model_status() says how it ended';
CREATE FUNCTION parameters(
  model cox_model, confidence double precision DEFAULT 0.95,
  OUT name text, OUT estimate double precision, OUT std_error double precision,
  OUT lower double precision, OUT upper double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'cox_model_parameters';
COMMENT ON FUNCTION parameters(cox_model, double precision) IS
  'coefficients (log hazard ratios) with standard errors and Wald intervals, a row a covariate; NULLs for a collinear covariate, and for error and limits of an infinite coefficient';
CREATE FUNCTION hazard_ratio(model cox_model, covariates double precision[], reference double precision[] DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_hazard_ratio';
COMMENT ON FUNCTION hazard_ratio(cox_model, double precision[], double precision[]) IS
  'how many times as fast a customer with these covariates leaves as one with those of the reference (NULL: all 0); NULL if a covariate is NULL';
CREATE FUNCTION coefficients(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_coefficients';
COMMENT ON FUNCTION coefficients(cox_model) IS
  'log hazard ratios, in the order of the covariates; NULL for a collinear one';
CREATE FUNCTION hazard_ratios(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_hazard_ratios';
COMMENT ON FUNCTION hazard_ratios(cox_model) IS
  'hazard ratios of one unit more of each covariate: exp of coefficients()';
CREATE FUNCTION std_errors(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_std_errors';
COMMENT ON FUNCTION std_errors(cox_model) IS 'standard errors of coefficients(); NULL where unknown';
CREATE FUNCTION covariance(model cox_model) RETURNS double precision[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_covariance';
COMMENT ON FUNCTION covariance(cox_model) IS 'covariances of coefficients(), a square; NULL where unknown';
CREATE FUNCTION log_likelihood(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(cox_model) IS 'log partial likelihood at the maximum';
CREATE FUNCTION null_log_likelihood(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_null_log_likelihood';
COMMENT ON FUNCTION null_log_likelihood(cox_model) IS 'log partial likelihood with all coefficients 0';
CREATE FUNCTION aic(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_aic';
COMMENT ON FUNCTION aic(cox_model) IS
  'Akaike information criterion: 2 (number of coefficients - log_likelihood()); smaller is better';
CREATE FUNCTION concordance(model cox_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_concordance';
COMMENT ON FUNCTION concordance(cox_model) IS
  'share of comparable pairs in which who left first had the higher risk, 0..1; ties count half (Harrell); NULL if no pair compares';
CREATE FUNCTION model_status(model cox_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_model_status';
COMMENT ON FUNCTION model_status(cox_model) IS
  'converged; collinear: some covariates have no coefficient; monotone: some coefficients are infinite; not_converged; no_events';
CREATE FUNCTION model_iterations(model cox_model) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_model_iterations';
COMMENT ON FUNCTION model_iterations(cox_model) IS 'number of Newton iterations of the fit';
CREATE FUNCTION likelihood_ratio_test(
  model cox_model, OUT chi_square double precision, OUT df integer, OUT p_value double precision) RETURNS record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cox_model_likelihood_ratio_test';
COMMENT ON FUNCTION likelihood_ratio_test(cox_model) IS
  'test of whether all coefficients are 0: twice the gain in log-likelihood; NULLs if nothing was fitted';
--
-- episodes: several subscriptions, one customer
--

CREATE FUNCTION merge_episodes_accum(bytea, timestamptz, timestamptz) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'merge_episodes_accum_timestamptz';
COMMENT ON FUNCTION merge_episodes_accum(bytea, timestamptz, timestamptz) IS 'aggregate support: adds an episode';
CREATE FUNCTION merge_episodes_accum(bytea, date, date) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'merge_episodes_accum_date';
COMMENT ON FUNCTION merge_episodes_accum(bytea, date, date) IS 'aggregate support: adds an episode';
CREATE FUNCTION merge_episodes_combine(bytea, bytea) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION merge_episodes_combine(bytea, bytea) IS 'aggregate support: merges two states';
CREATE FUNCTION merge_episodes_final(bytea) RETURNS tstzmultirange
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION merge_episodes_final(bytea) IS 'aggregate support: the episodes, joined where they overlap or touch';
CREATE FUNCTION merge_episodes_final_date(bytea) RETURNS datemultirange
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION merge_episodes_final_date(bytea) IS 'aggregate support: the episodes, joined where they overlap or touch';

CREATE AGGREGATE merge_episodes(started_at timestamptz, ended_at timestamptz) (
  SFUNC = merge_episodes_accum,
  STYPE = bytea,
  SSPACE = 48,
  FINALFUNC = merge_episodes_final,
  COMBINEFUNC = merge_episodes_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE merge_episodes(timestamptz, timestamptz) IS
  'the spans in which a customer was there, from the rows of that customer: joined where they overlap or touch, ended_at null for one that goes on, an instant kept as [t,t]; for churn_agg(episodes, period); NULL without a started_at';

CREATE AGGREGATE merge_episodes(started_at date, ended_at date) (
  SFUNC = merge_episodes_accum,
  STYPE = bytea,
  SSPACE = 48,
  FINALFUNC = merge_episodes_final_date,
  COMBINEFUNC = merge_episodes_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE merge_episodes(date, date) IS
  'the spans in which a customer was there, in dates: joined where they overlap or touch, ended_at null for one that goes on, without those that end on the day they start; for churn_agg(episodes, period); NULL without a started_at';
--
-- revenue: how recurring revenue moved from one instant to the next
--

CREATE TYPE revenue_summary;

CREATE FUNCTION revenue_summary_in(cstring) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION revenue_summary_out(revenue_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION revenue_summary_recv(internal) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION revenue_summary_send(revenue_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_in(cstring) IS 'text input of revenue_summary';
COMMENT ON FUNCTION revenue_summary_out(revenue_summary) IS 'text output of revenue_summary';
COMMENT ON FUNCTION revenue_summary_recv(internal) IS 'binary input of revenue_summary';
COMMENT ON FUNCTION revenue_summary_send(revenue_summary) IS 'binary output of revenue_summary';

CREATE TYPE revenue_summary (
  INPUT = revenue_summary_in,
  OUTPUT = revenue_summary_out,
  RECEIVE = revenue_summary_recv,
  SEND = revenue_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE revenue_summary IS 'recurring revenue at the start, new, expansion, contraction, churn, reactivation, exact, and the customers of each: storable, mergeable with + and rollup(), read by nrr(), grr(), quick_ratio(), revenue_at_end() ...';

CREATE CAST (revenue_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (revenue_summary AS jsonb) IS 'the amounts, and the customers of each movement';

CREATE FUNCTION revenue_summary_eq(revenue_summary, revenue_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION revenue_summary_ne(revenue_summary, revenue_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION revenue_summary_hash(revenue_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_eq(revenue_summary, revenue_summary) IS 'same amounts and same customers';
COMMENT ON FUNCTION revenue_summary_ne(revenue_summary, revenue_summary) IS 'other amounts or other customers';
COMMENT ON FUNCTION revenue_summary_hash(revenue_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = revenue_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = revenue_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (revenue_summary, revenue_summary) IS 'same amounts and same customers';
COMMENT ON OPERATOR <> (revenue_summary, revenue_summary) IS 'other amounts or other customers';

CREATE OPERATOR CLASS revenue_summary_ops DEFAULT FOR TYPE revenue_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 revenue_summary_hash(revenue_summary);
COMMENT ON OPERATOR CLASS revenue_summary_ops USING hash IS 'lets revenue_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY revenue_summary_ops USING hash IS 'lets revenue_summary values be grouped and made distinct';

-- merging

CREATE FUNCTION revenue_summary_add(revenue_summary, revenue_summary) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_add(revenue_summary, revenue_summary) IS 'the customers of both';
CREATE OPERATOR + (
  LEFTARG = revenue_summary, RIGHTARG = revenue_summary, FUNCTION = revenue_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (revenue_summary, revenue_summary) IS 'the customers of both';

CREATE FUNCTION revenue_summary_combine(revenue_summary, revenue_summary) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_combine(revenue_summary, revenue_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION revenue_summary_final(revenue_summary) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_final(revenue_summary) IS 'aggregate support: the summary in its one form';

CREATE AGGREGATE rollup(revenue_summary) (
  SFUNC = revenue_summary_combine,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_final,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(revenue_summary) IS 'all summaries together, as if built from their rows: summaries of parts of the customers over the same two instants';

-- accessors

CREATE FUNCTION nrr(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nrr(revenue_summary) IS
  'net revenue retention: what those who paid at the start pay at the end / what they paid; without new and reactivated revenue; NULL if nothing was paid at the start';
CREATE FUNCTION grr(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION grr(revenue_summary) IS
  'gross revenue retention, 0..1: (start - contraction - churn) / start; NULL if nothing was paid at the start';
CREATE FUNCTION gross_revenue_churn(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION gross_revenue_churn(revenue_summary) IS
  '(churn + contraction) / start, 0..1; NULL if nothing was paid at the start';
CREATE FUNCTION net_revenue_churn(summary revenue_summary, with_reactivation boolean DEFAULT false) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION net_revenue_churn(revenue_summary, boolean) IS
  '(churn + contraction - expansion) / start, with_reactivation also less the reactivated; negative where revenue grows; NULL if nothing was paid at the start';
CREATE FUNCTION quick_ratio(summary revenue_summary, with_reactivation boolean DEFAULT false) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION quick_ratio(revenue_summary, boolean) IS
  '(new + expansion) / (contraction + churn), with_reactivation also plus the reactivated; NULL if nothing was lost';
CREATE FUNCTION revenue_at_start(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_at_start(revenue_summary) IS
  'what was paid at the start';
CREATE FUNCTION revenue_new(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_new(revenue_summary) IS
  'what those pay at the end who never paid before';
CREATE FUNCTION revenue_expansion(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_expansion(revenue_summary) IS
  'what those who pay more pay more';
CREATE FUNCTION revenue_contraction(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_contraction(revenue_summary) IS
  'what those who pay less, but something, pay less';
CREATE FUNCTION revenue_churned(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_churned(revenue_summary) IS
  'what those paid at the start who pay nothing at the end';
CREATE FUNCTION revenue_reactivated(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_reactivated(revenue_summary) IS
  'what those pay at the end who paid before, but not at the start';
CREATE FUNCTION revenue_at_end(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_at_end(revenue_summary) IS
  'what is paid at the end: start + new + expansion + reactivation - contraction - churn, exactly';
CREATE FUNCTION revenue_customers(summary revenue_summary, movement text) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_customers(revenue_summary, text) IS
  'customers of a movement (new, expansion, contraction, churn, reactivation, unchanged), or who paid at the start or end';

-- one customer; those who stay

CREATE FUNCTION revenue_movement(amount_before numeric, amount_after numeric, paid_before boolean) RETURNS text
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_movement(numeric, numeric, boolean) IS
  'how revenue moved: new, expansion, contraction, churn, reactivation or unchanged; a null amount is 0, a null paid_before false; NULL if nothing was paid at either end';
CREATE FUNCTION revenue_with_unchanged(moved revenue_summary, earlier revenue_summary) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_with_unchanged(revenue_summary, revenue_summary) IS
  'a period''s movements with those customers added who paid the same all through it, as all earlier movements (null: none) tell: for month-by-month revenue from changes alone';

-- one-step aggregates end with these

CREATE FUNCTION revenue_summary_net_churn(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'net_revenue_churn';
COMMENT ON FUNCTION revenue_summary_net_churn(revenue_summary) IS
  'aggregate support: net revenue churn without reactivation';
CREATE FUNCTION revenue_summary_quick_ratio(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'quick_ratio';
COMMENT ON FUNCTION revenue_summary_quick_ratio(revenue_summary) IS
  'aggregate support: quick ratio without reactivation';

-- building

CREATE FUNCTION revenue_summary_accum(revenue_summary, numeric, numeric, boolean) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_accum(revenue_summary, numeric, numeric, boolean) IS
  'aggregate support: counts a customer';

CREATE AGGREGATE revenue_agg(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_final,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_agg(numeric, numeric, boolean) IS
  'revenue_summary, one row a customer: what they paid at the start and pay at the end, and whether they had ever paid before the start; a null amount is 0, a null paid_before false; NULL if there are no rows';

CREATE AGGREGATE nrr(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = nrr,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(numeric, numeric, boolean) IS
  'net revenue retention, one row a customer: what those who paid at the start pay at the end / what they paid; NULL if nothing was paid at the start';

CREATE AGGREGATE grr(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = grr,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(numeric, numeric, boolean) IS
  'gross revenue retention, one row a customer, 0..1: (start - contraction - churn) / start; NULL if nothing was paid at the start';

CREATE AGGREGATE gross_revenue_churn(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = gross_revenue_churn,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE gross_revenue_churn(numeric, numeric, boolean) IS
  '(churn + contraction) / start, one row a customer, 0..1; NULL if nothing was paid at the start';

CREATE AGGREGATE net_revenue_churn(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_net_churn,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE net_revenue_churn(numeric, numeric, boolean) IS
  '(churn + contraction - expansion) / start, one row a customer; NULL if nothing was paid at the start';

CREATE AGGREGATE quick_ratio(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_quick_ratio,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(numeric, numeric, boolean) IS
  '(new + expansion) / (contraction + churn), one row a customer; NULL if nothing was lost';
--
-- survival: how long customers stay (docs/survival.md)
--

CREATE TYPE survival_curve;

CREATE FUNCTION survival_curve_in(cstring) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION survival_curve_out(survival_curve) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION survival_curve_recv(internal) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION survival_curve_send(survival_curve) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_in(cstring) IS 'text input of survival_curve';
COMMENT ON FUNCTION survival_curve_out(survival_curve) IS 'text output of survival_curve';
COMMENT ON FUNCTION survival_curve_recv(internal) IS 'binary input of survival_curve';
COMMENT ON FUNCTION survival_curve_send(survival_curve) IS 'binary output of survival_curve';

CREATE TYPE survival_curve (
  INPUT = survival_curve_in,
  OUTPUT = survival_curve_out,
  RECEIVE = survival_curve_recv,
  SEND = survival_curve_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE survival_curve IS 'how many customers left, were last seen and came under observation at each duration: storable, mergeable with + and rollup(), read by survival_at(), median_survival(), restricted_mean(), survival_points() ...; 16 bytes a distinct duration, at most 33554432 of them';

CREATE CAST (survival_curve AS jsonb) WITH INOUT;
COMMENT ON CAST (survival_curve AS jsonb) IS 'the durations, with the numbers of customers who left, were last seen and entered at each';

CREATE FUNCTION survival_curve_eq(survival_curve, survival_curve) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION survival_curve_ne(survival_curve, survival_curve) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION survival_curve_hash(survival_curve) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_eq(survival_curve, survival_curve) IS 'same unit, durations and numbers of customers';
COMMENT ON FUNCTION survival_curve_ne(survival_curve, survival_curve) IS 'another unit, other durations or numbers of customers';
COMMENT ON FUNCTION survival_curve_hash(survival_curve) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = survival_curve, RIGHTARG = survival_curve, FUNCTION = survival_curve_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = survival_curve, RIGHTARG = survival_curve, FUNCTION = survival_curve_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (survival_curve, survival_curve) IS 'same unit, durations and numbers of customers';
COMMENT ON OPERATOR <> (survival_curve, survival_curve) IS 'another unit, other durations or numbers of customers';

CREATE OPERATOR CLASS survival_curve_ops DEFAULT FOR TYPE survival_curve USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 survival_curve_hash(survival_curve);
COMMENT ON OPERATOR CLASS survival_curve_ops USING hash IS 'lets survival_curve values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY survival_curve_ops USING hash IS 'lets survival_curve values be grouped and made distinct';

-- merging

CREATE FUNCTION survival_curve_add(survival_curve, survival_curve) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_add(survival_curve, survival_curve) IS 'the customers of both; durations of different units are an error';
CREATE OPERATOR + (
  LEFTARG = survival_curve, RIGHTARG = survival_curve, FUNCTION = survival_curve_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (survival_curve, survival_curve) IS 'the customers of both; durations of different units are an error';

CREATE FUNCTION survival_curve_combine(survival_curve, survival_curve) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_combine(survival_curve, survival_curve) IS 'aggregate support: merges two states';
CREATE FUNCTION survival_curve_final(survival_curve) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_final(survival_curve) IS 'aggregate support: the curve, or NULL if nobody was counted';

CREATE AGGREGATE rollup(survival_curve) (
  SFUNC = survival_curve_combine,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(survival_curve) IS 'all curves together, as if built from their rows; durations of different units are an error';

-- building, from each type a duration may have (integer, numeric ... become double precision)

CREATE FUNCTION survival_curve_accum(survival_curve, double precision, boolean) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_float8';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, double precision, boolean) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration double precision, churned boolean) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(double precision, boolean) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned); durations are numbers of any unit; rows with a NULL are left out; NULL if there are none';

CREATE FUNCTION survival_curve_accum(survival_curve, double precision, boolean, double precision) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_float8';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, double precision, boolean, double precision) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration double precision, churned boolean, entry double precision) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(double precision, boolean, double precision) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned) who came under observation at entry (NULL: 0); durations are numbers of any unit; rows with a NULL are left out; NULL if there are none';

CREATE FUNCTION survival_curve_accum(survival_curve, double precision, boolean, double precision, double precision) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_float8';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, double precision, boolean, double precision, double precision) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration double precision, churned boolean, entry double precision, weight double precision) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(double precision, boolean, double precision, double precision) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned) who came under observation at entry (NULL: 0), counted with their weight; durations are numbers of any unit; rows with a NULL are left out; NULL if there are none';

CREATE FUNCTION survival_curve_accum(survival_curve, interval, boolean) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_interval';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, interval, boolean) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration interval, churned boolean) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(interval, boolean) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned); durations are intervals: days of 24 hours, no months; rows with a NULL are left out; NULL if there are none';

CREATE FUNCTION survival_curve_accum(survival_curve, interval, boolean, interval) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_interval';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, interval, boolean, interval) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration interval, churned boolean, entry interval) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(interval, boolean, interval) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned) who came under observation at entry (NULL: 0); durations are intervals: days of 24 hours, no months; rows with a NULL are left out; NULL if there are none';

CREATE FUNCTION survival_curve_accum(survival_curve, interval, boolean, interval, double precision) RETURNS survival_curve
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_curve_accum_interval';
COMMENT ON FUNCTION survival_curve_accum(survival_curve, interval, boolean, interval, double precision) IS 'aggregate support: counts a customer';
CREATE AGGREGATE survival_agg(duration interval, churned boolean, entry interval, weight double precision) (
  SFUNC = survival_curve_accum,
  STYPE = survival_curve,
  SSPACE = 1024,
  FINALFUNC = survival_curve_final,
  COMBINEFUNC = survival_curve_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_agg(interval, boolean, interval, double precision) IS
  'survival_curve of customers who left after the duration (churned) or were last seen then (not churned) who came under observation at entry (NULL: 0), counted with their weight; durations are intervals: days of 24 hours, no months; rows with a NULL are left out; NULL if there are none';

--
-- survival: what a survival_curve says (docs/survival.md)
--

CREATE FUNCTION survival_at(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_at_float8';
COMMENT ON FUNCTION survival_at(survival_curve, double precision) IS
  'share of customers who stay longer than the duration, 0..1 (Kaplan-Meier); NULL beyond the longest observed duration unless all have left; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_at(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_at_interval';
COMMENT ON FUNCTION survival_at(survival_curve, interval) IS
  'share of customers who stay longer than the duration, 0..1 (Kaplan-Meier); NULL beyond the longest observed duration unless all have left';
CREATE FUNCTION survival_std_error(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_std_error_float8';
COMMENT ON FUNCTION survival_std_error(survival_curve, double precision) IS
  'standard error of survival_at() (Greenwood); NULL where that is NULL or 0; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_std_error(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_std_error_interval';
COMMENT ON FUNCTION survival_std_error(survival_curve, interval) IS
  'standard error of survival_at() (Greenwood); NULL where that is NULL or 0';
CREATE FUNCTION survival_interval(curve survival_curve, duration double precision, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_interval_float8';
COMMENT ON FUNCTION survival_interval(survival_curve, double precision, double precision, text) IS
  'confidence interval of survival_at(); method log-log, log, plain, logit or arcsin; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION survival_interval(curve survival_curve, duration interval, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'survival_interval_interval';
COMMENT ON FUNCTION survival_interval(survival_curve, interval, double precision, text) IS
  'confidence interval of survival_at(); method log-log, log, plain, logit or arcsin';
CREATE FUNCTION cumulative_hazard(curve survival_curve, duration double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cumulative_hazard_float8';
COMMENT ON FUNCTION cumulative_hazard(survival_curve, double precision) IS
  'sum of left / at risk up to the duration (Nelson-Aalen); NULL beyond the longest observed duration; the duration is in the unit of the curve: days for one of intervals';
CREATE FUNCTION cumulative_hazard(curve survival_curve, duration interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cumulative_hazard_interval';
COMMENT ON FUNCTION cumulative_hazard(survival_curve, interval) IS
  'sum of left / at risk up to the duration (Nelson-Aalen); NULL beyond the longest observed duration';
CREATE FUNCTION survival_points(
  curve survival_curve, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log',
  OUT duration double precision, OUT at_risk double precision, OUT events double precision,
  OUT censored double precision, OUT survival double precision, OUT std_error double precision,
  OUT lower double precision, OUT upper double precision, OUT cumulative_hazard double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_points(survival_curve, double precision, text) IS
  'the curve as a table, a row for each duration at which customers left (events) or were last seen (censored), in the unit of the curve (days for one of intervals); survival 0..1 with its Greenwood standard error and confidence limits, method log-log, log, plain, logit or arcsin; cumulative hazard of Nelson and Aalen';
CREATE FUNCTION survival_quantile(curve survival_curve, share double precision) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_quantile(survival_curve, double precision) IS
  'duration by which the share (0..1) of customers have left, in the unit of the curve (days for one of intervals); the middle where a whole stretch fits; NULL if not reached';
CREATE FUNCTION median_survival(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_survival(survival_curve) IS
  'duration by which half of the customers have left, in the unit of the curve (days for one of intervals); NULL if not reached';
CREATE FUNCTION survival_quantile_interval(curve survival_curve, share double precision, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_quantile_interval(survival_curve, double precision, double precision, text) IS
  'confidence interval of survival_quantile(); NULL for an end that is not reached; method log-log, log, plain, logit or arcsin';
CREATE FUNCTION median_survival_interval(curve survival_curve, confidence double precision DEFAULT 0.95, method text DEFAULT 'log-log') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_survival_interval(survival_curve, double precision, text) IS
  'confidence interval of median_survival(); NULL for an end that is not reached; method log-log, log, plain, logit or arcsin';
CREATE FUNCTION lifetime_quantile(curve survival_curve, share double precision) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifetime_quantile(survival_curve, double precision) IS 'survival_quantile() of a curve of intervals as an interval';
CREATE FUNCTION median_lifetime(curve survival_curve) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION median_lifetime(survival_curve) IS 'median_survival() of a curve of intervals as an interval';
CREATE FUNCTION restricted_mean(curve survival_curve, horizon double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_float8';
COMMENT ON FUNCTION restricted_mean(survival_curve, double precision) IS
  'mean of the duration or the horizon, whichever is smaller, in the unit of the curve (days for one of intervals); horizon NULL: the longest observed duration; NULL for a later one unless all have left';
CREATE FUNCTION restricted_mean(curve survival_curve, horizon interval) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_interval';
COMMENT ON FUNCTION restricted_mean(survival_curve, interval) IS
  'mean of the duration or the horizon, whichever is smaller; NULL for a horizon beyond the longest observed duration unless all have left';
CREATE FUNCTION restricted_mean_std_error(curve survival_curve, horizon double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_std_error_float8';
COMMENT ON FUNCTION restricted_mean_std_error(survival_curve, double precision) IS
  'standard error of restricted_mean(), in the unit of the curve (days for one of intervals)';
CREATE FUNCTION restricted_mean_std_error(curve survival_curve, horizon interval) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'restricted_mean_std_error_interval';
COMMENT ON FUNCTION restricted_mean_std_error(survival_curve, interval) IS 'standard error of restricted_mean()';
CREATE FUNCTION hazard(curve survival_curve, after double precision DEFAULT 0, until double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'hazard_float8';
COMMENT ON FUNCTION hazard(survival_curve, double precision, double precision) IS
  'customers who leave / time spent by all, while the duration is in [after, until): per unit of the curve (per day for one of intervals); until NULL: without end; NULL if nobody was observed there';
CREATE FUNCTION hazard(curve survival_curve, after interval, until interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'hazard_interval';
COMMENT ON FUNCTION hazard(survival_curve, interval, interval) IS
  'customers who leave / days spent by all, while the duration is in [after, until): per day; NULL if nobody was observed there';
CREATE FUNCTION survival_exposure(curve survival_curve, after double precision DEFAULT 0, until double precision DEFAULT NULL) RETURNS double precision
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_exposure(survival_curve, double precision, double precision) IS
  'time that all customers were observed while their duration was in [after, until), in the unit of the curve (days for one of intervals): the denominator of hazard()';
CREATE FUNCTION survival_customers(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_customers(survival_curve) IS 'number of customers (the sum of their weights)';
CREATE FUNCTION survival_events(curve survival_curve) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_events(survival_curve) IS 'number of customers who left (the sum of their weights)';
--
-- survival: do groups stay equally long (docs/survival.md)
--

CREATE FUNCTION logrank_test(
  curves survival_curve[], rho double precision DEFAULT 0,
  OUT chi_square double precision, OUT df integer, OUT p_value double precision) RETURNS record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION logrank_test(survival_curve[], double precision) IS
  'log-rank test of whether the groups behind the curves stay equally long (rho 0), or its weighted form with weights S(t)^rho (Fleming-Harrington); NULL curves are left out; NULLs if fewer than two can be compared';
CREATE FUNCTION logrank_groups(
  curves survival_curve[], rho double precision DEFAULT 0,
  OUT ordinal integer, OUT customers double precision, OUT observed double precision, OUT expected double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION logrank_groups(survival_curve[], double precision) IS
  'for each curve that logrank_test() compares: how many customers left, and how many would have if all curves were alike (weighted by S(t)^rho)';
--
-- value: the purchases of one customer (docs/value.md)
--

CREATE TYPE purchase_summary;

CREATE FUNCTION purchase_summary_in(cstring) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION purchase_summary_out(purchase_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION purchase_summary_recv(internal) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION purchase_summary_send(purchase_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_in(cstring) IS 'text input of purchase_summary';
COMMENT ON FUNCTION purchase_summary_out(purchase_summary) IS 'text output of purchase_summary';
COMMENT ON FUNCTION purchase_summary_recv(internal) IS 'binary input of purchase_summary';
COMMENT ON FUNCTION purchase_summary_send(purchase_summary) IS 'binary output of purchase_summary';

CREATE TYPE purchase_summary (
  INPUT = purchase_summary_in,
  OUTPUT = purchase_summary_out,
  RECEIVE = purchase_summary_recv,
  SEND = purchase_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE purchase_summary IS 'the purchases of one customer: when (by buckets, usually days), how many, how much; storable, mergeable with + and rollup(), read by frequency(), recency(), monetary_value() ... and the models';

CREATE CAST (purchase_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (purchase_summary AS jsonb) IS 'the fields of the summary';

CREATE FUNCTION purchase_summary_eq(purchase_summary, purchase_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION purchase_summary_ne(purchase_summary, purchase_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION purchase_summary_hash(purchase_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_eq(purchase_summary, purchase_summary) IS 'same purchases, same buckets, same observation';
COMMENT ON FUNCTION purchase_summary_ne(purchase_summary, purchase_summary) IS 'other purchases, buckets or observation';
COMMENT ON FUNCTION purchase_summary_hash(purchase_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = purchase_summary, RIGHTARG = purchase_summary, FUNCTION = purchase_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = purchase_summary, RIGHTARG = purchase_summary, FUNCTION = purchase_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (purchase_summary, purchase_summary) IS 'same purchases, same buckets, same observation';
COMMENT ON OPERATOR <> (purchase_summary, purchase_summary) IS 'other purchases, buckets or observation';

CREATE OPERATOR CLASS purchase_summary_ops DEFAULT FOR TYPE purchase_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 purchase_summary_hash(purchase_summary);
COMMENT ON OPERATOR CLASS purchase_summary_ops USING hash IS 'lets purchase_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY purchase_summary_ops USING hash IS 'lets purchase_summary values be grouped and made distinct';

-- merging

CREATE FUNCTION purchase_summary_add(purchase_summary, purchase_summary) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_add(purchase_summary, purchase_summary) IS 'both summaries together; different buckets, zones or ends of observation are an error';
CREATE OPERATOR + (
  LEFTARG = purchase_summary, RIGHTARG = purchase_summary, FUNCTION = purchase_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (purchase_summary, purchase_summary) IS 'both summaries together; different buckets, zones or ends of observation are an error';

CREATE FUNCTION purchase_summary_combine(purchase_summary, purchase_summary) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_combine(purchase_summary, purchase_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION purchase_summary_final(purchase_summary) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_final(purchase_summary) IS 'aggregate support: the summary in canonical form';

CREATE AGGREGATE rollup(purchase_summary) (
  SFUNC = purchase_summary_combine,
  STYPE = purchase_summary,
  SSPACE = 256,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(purchase_summary) IS 'all summaries of a customer together, as if built from their rows; different buckets or zones are an error';

-- building

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz) RETURNS purchase_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 160,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz) IS
  'purchase_summary of one customer: purchases by days of the sessions time zone; amounts unknown; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric) RETURNS purchase_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz, amount numeric) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 160,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz, numeric) IS
  'purchase_summary of one customer: purchases by days of the sessions time zone; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric, interval, text) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric, interval, text) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz, amount numeric, bucket interval, time_zone text) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 160,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz, numeric, interval, text) IS
  'purchase_summary of one customer: purchases by buckets (months, days or shorter) of a time zone; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION make_purchase_summary(frequency bigint, recency interval, age interval, monetary numeric DEFAULT NULL) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_purchase_summary(bigint, interval, interval, numeric) IS
  'purchase_summary from numbers already summarised: repeat purchases, time from the first to the last, time observed since the first, mean spend of repeat purchases';
CREATE FUNCTION observe(history purchase_summary, as_of timestamptz) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION observe(purchase_summary, timestamptz) IS
  'the same purchases, known to be all until as_of (inclusive); a purchase after it is an error';

-- accessors

CREATE FUNCTION purchase_count(history purchase_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_count(purchase_summary) IS
  'buckets with a purchase, the first included';
CREATE FUNCTION frequency(history purchase_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION frequency(purchase_summary) IS
  'repeat purchases: buckets with a purchase but the first (x of the models); NULL without a first';
CREATE FUNCTION recency(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION recency(purchase_summary) IS
  'time from the first to the last purchase, between the starts of their buckets (t_x of the models)';
CREATE FUNCTION customer_age(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customer_age(purchase_summary) IS
  'time from the first purchase to the end of observation (T of the models); NULL unless observe() set it';
CREATE FUNCTION mean_gap(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mean_gap(purchase_summary) IS
  'mean time between purchases: recency / frequency; NULL before the second';
CREATE FUNCTION total_spend(history purchase_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION total_spend(purchase_summary) IS
  'sum of all amounts, refunds not subtracted; NULL if amounts are unknown';
CREATE FUNCTION total_refunds(history purchase_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION total_refunds(purchase_summary) IS
  'sum of the negative amounts, zero or less; NULL if amounts are unknown';
CREATE FUNCTION first_purchase_at(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION first_purchase_at(purchase_summary) IS
  'the first purchase; NULL if not known';
CREATE FUNCTION last_purchase_at(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION last_purchase_at(purchase_summary) IS
  'the last purchase; NULL if not known';
CREATE FUNCTION observed_until(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION observed_until(purchase_summary) IS
  'the end of observation; NULL unless observe() set it';
CREATE FUNCTION monetary_value(history purchase_summary, include_first boolean DEFAULT false) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION monetary_value(purchase_summary, boolean) IS
  'mean spend of repeat purchases, one bucket counting as one (of all with include_first); refunds left out; NULL if there are none';
--
-- value: the histories of many customers, to fit models to (docs/value.md)
--

CREATE TYPE clv_sample;

CREATE FUNCTION clv_sample_in(cstring) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_sample_out(clv_sample) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_sample_recv(internal) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_sample_send(clv_sample) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_in(cstring) IS 'text input of clv_sample';
COMMENT ON FUNCTION clv_sample_out(clv_sample) IS 'text output of clv_sample';
COMMENT ON FUNCTION clv_sample_recv(internal) IS 'binary input of clv_sample';
COMMENT ON FUNCTION clv_sample_send(clv_sample) IS 'binary output of clv_sample';

CREATE TYPE clv_sample (
  INPUT = clv_sample_in,
  OUTPUT = clv_sample_out,
  RECEIVE = clv_sample_recv,
  SEND = clv_sample_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE clv_sample IS 'histories of many customers, equal ones collapsed: storable, mergeable with + and rollup(), what clv_fit() and sbg_fit() fit models to';

CREATE CAST (clv_sample AS jsonb) WITH INOUT;
COMMENT ON CAST (clv_sample AS jsonb) IS 'the columns of the two tables, histories and spends; times in microseconds';

CREATE FUNCTION clv_sample_eq(clv_sample, clv_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_sample_ne(clv_sample, clv_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_sample_hash(clv_sample) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_eq(clv_sample, clv_sample) IS 'same customers';
COMMENT ON FUNCTION clv_sample_ne(clv_sample, clv_sample) IS 'other customers';
COMMENT ON FUNCTION clv_sample_hash(clv_sample) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (clv_sample, clv_sample) IS 'same customers';
COMMENT ON OPERATOR <> (clv_sample, clv_sample) IS 'other customers';

CREATE OPERATOR CLASS clv_sample_ops DEFAULT FOR TYPE clv_sample USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 clv_sample_hash(clv_sample);
COMMENT ON OPERATOR CLASS clv_sample_ops USING hash IS 'lets clv_sample values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY clv_sample_ops USING hash IS 'lets clv_sample values be grouped and made distinct';

CREATE FUNCTION clv_sample_add(clv_sample, clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_add(clv_sample, clv_sample) IS 'the customers of both';
CREATE OPERATOR + (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (clv_sample, clv_sample) IS 'the customers of both';

CREATE FUNCTION clv_sample_combine(clv_sample, clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_combine(clv_sample, clv_sample) IS 'aggregate support: merges two states';
CREATE FUNCTION clv_sample_final(clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_final(clv_sample) IS 'aggregate support: the sample in canonical form';

CREATE AGGREGATE rollup(clv_sample) (
  SFUNC = clv_sample_combine,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(clv_sample) IS 'all samples together, as if built from their customers';
CREATE FUNCTION clv_sample_accum(clv_sample, purchase_summary) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum(clv_sample, purchase_summary) IS
  'aggregate support: one customer more';
CREATE FUNCTION clv_sample_accum(clv_sample, purchase_summary, bigint) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum(clv_sample, purchase_summary, bigint) IS
  'aggregate support: so many customers more';
CREATE FUNCTION clv_sample_accum_period(clv_sample, integer, bigint) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum_period(clv_sample, integer, bigint) IS
  'aggregate support: survivors of a period';

CREATE AGGREGATE clv_agg(history purchase_summary) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_agg(purchase_summary) IS
  'clv_sample of customers, one history each, which must be observed (observe(), make_purchase_summary()); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE clv_agg(history purchase_summary, customers bigint) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_agg(purchase_summary, bigint) IS
  'clv_sample of histories that so many customers have each';

CREATE AGGREGATE sbg_agg(period integer, survivors bigint) (
  SFUNC = clv_sample_accum_period,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_agg(integer, bigint) IS
  'clv_sample of contracts: how many of a cohort are left after each period, from period 0 (its size) on; cohorts add up';

CREATE FUNCTION customers(sample clv_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_sample_customers';
COMMENT ON FUNCTION customers(clv_sample) IS
  'customers in the sample';
CREATE FUNCTION history_count(sample clv_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION history_count(clv_sample) IS
  'different histories (x, t_x, T) in the sample';
--
-- value: models of purchases and spend (docs/value.md)
--

CREATE TYPE clv_model;

CREATE FUNCTION clv_model_in(cstring) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_model_out(clv_model) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_model_recv(internal) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_model_send(clv_model) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_model_in(cstring) IS 'text input of clv_model';
COMMENT ON FUNCTION clv_model_out(clv_model) IS 'text output of clv_model';
COMMENT ON FUNCTION clv_model_recv(internal) IS 'binary input of clv_model';
COMMENT ON FUNCTION clv_model_send(clv_model) IS 'binary output of clv_model';

CREATE TYPE clv_model (
  INPUT = clv_model_in,
  OUTPUT = clv_model_out,
  RECEIVE = clv_model_recv,
  SEND = clv_model_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE clv_model IS 'a fitted model of purchases (and of spend): parameters, covariance, log-likelihood, how the fit ended, unit of time; read by parameters(), p_alive(), expected_purchases(), cltv() ...';

CREATE CAST (clv_model AS jsonb) WITH INOUT;
COMMENT ON CAST (clv_model AS jsonb) IS 'unit, observation window and both parts with their parameters by name';

CREATE FUNCTION clv_model_eq(clv_model, clv_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_model_ne(clv_model, clv_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION clv_model_hash(clv_model) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_model_eq(clv_model, clv_model) IS 'same parameters, covariance and circumstances of the fit';
COMMENT ON FUNCTION clv_model_ne(clv_model, clv_model) IS 'any difference';
COMMENT ON FUNCTION clv_model_hash(clv_model) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = clv_model, RIGHTARG = clv_model, FUNCTION = clv_model_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = clv_model, RIGHTARG = clv_model, FUNCTION = clv_model_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (clv_model, clv_model) IS 'same parameters, covariance and circumstances of the fit';
COMMENT ON OPERATOR <> (clv_model, clv_model) IS 'any difference';

CREATE OPERATOR CLASS clv_model_ops DEFAULT FOR TYPE clv_model USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 clv_model_hash(clv_model);
COMMENT ON OPERATOR CLASS clv_model_ops USING hash IS 'lets clv_model values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY clv_model_ops USING hash IS 'lets clv_model values be grouped and made distinct';

-- fitting

CREATE FUNCTION clv_fit(sample clv_sample, model text DEFAULT 'bg_nbd', spend text DEFAULT 'gamma_gamma', penalty double precision DEFAULT 0, max_iterations integer DEFAULT 200, unit interval DEFAULT '7 days', start double precision[] DEFAULT NULL) RETURNS clv_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_fit(clv_sample, text, text, double precision, integer, interval, double precision[]) IS
  'maximum-likelihood fit of model (bg_nbd, mbg_nbd, pareto_nbd, bg_bb) and spend (gamma_gamma, NULL: none); penalty times the squared logarithms of the scaled parameters is subtracted; alpha and beta come in units of time; start: parameters to begin at';
CREATE FUNCTION clv_fit_final(clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_fit_final(clv_sample) IS
  'aggregate support: the fit with all defaults';
CREATE FUNCTION sbg_fit_final(clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION sbg_fit_final(clv_sample) IS
  'aggregate support: the shifted beta-geometric fit';
CREATE FUNCTION sbg_fit(sample clv_sample) RETURNS clv_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sbg_fit_final';
COMMENT ON FUNCTION sbg_fit(clv_sample) IS
  'shifted beta-geometric model of a sample of sbg_agg()';

CREATE AGGREGATE clv_fit(history purchase_summary) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_fit_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_fit(purchase_summary) IS
  'BG/NBD and Gamma-Gamma fitted to customers, one history each: clv_fit(clv_agg(history))';

CREATE AGGREGATE sbg_fit(period integer, survivors bigint) (
  SFUNC = clv_sample_accum_period,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = sbg_fit_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(integer, bigint) IS
  'shifted beta-geometric model of contracts: how many are left after each period, from period 0 (all) on';

CREATE FUNCTION make_clv_model(model text, parameters double precision[], spend_parameters double precision[] DEFAULT NULL, unit interval DEFAULT '7 days') RETURNS clv_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_clv_model(text, double precision[], double precision[], interval) IS
  'a model with stated parameters: r, alpha, a, b (bg_nbd, mbg_nbd), r, alpha, s, beta (pareto_nbd), alpha, beta, gamma, delta (bg_bb), alpha, beta (sbg); spend: p, q, v';

-- what a model says about itself

CREATE FUNCTION parameters(model clv_model, confidence double precision DEFAULT 0.95,
                           OUT name text, OUT estimate double precision, OUT std_error double precision,
                           OUT lower double precision, OUT upper double precision)
  RETURNS SETOF record LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 7 AS 'MODULE_PATHNAME', 'clv_model_parameters';
COMMENT ON FUNCTION parameters(clv_model, double precision) IS
  'one row a parameter, purchases first: estimate, standard error and confidence bounds (of its logarithm); NULL where the data does not identify it';
CREATE FUNCTION model_parts(model clv_model,
                            OUT part text, OUT model_name text, OUT status text, OUT boundary boolean, OUT n bigint,
                            OUT iterations integer, OUT gradient_norm double precision,
                            OUT log_likelihood double precision, OUT penalty double precision, OUT reason text)
  RETURNS SETOF record LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2 AS 'MODULE_PATHNAME', 'clv_model_parts';
COMMENT ON FUNCTION model_parts(clv_model) IS
  'how each part (purchases, spend) was fitted: status, boundary flag, customers, iterations, gradient norm in the logs of scaled parameters, log-likelihood, and the reason if it is not well';

CREATE FUNCTION model_status(model clv_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_status';
COMMENT ON FUNCTION model_status(clv_model) IS
  'converged, or boundary, max_iterations, stalled, no_data, stated: of the purchases, else of the spend; model_parts() says why';
CREATE FUNCTION log_likelihood(model clv_model, part text DEFAULT 'purchases') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(clv_model, text) IS
  'maximum of the log-likelihood, penalty left out, times in the unit of the model; part is purchases or spend';
CREATE FUNCTION aic(model clv_model, part text DEFAULT 'purchases') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_aic';
COMMENT ON FUNCTION aic(clv_model, text) IS
  'Akaike information criterion: 2 x parameters - 2 x log-likelihood; smaller is better';
CREATE FUNCTION time_unit(model clv_model) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_time_unit';
COMMENT ON FUNCTION time_unit(clv_model) IS
  'the unit of time of alpha and beta';
CREATE FUNCTION customers(model clv_model) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_customers';
COMMENT ON FUNCTION customers(clv_model) IS
  'customers that the model was fitted to';
CREATE FUNCTION observed_from(model clv_model) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_observed_from';
COMMENT ON FUNCTION observed_from(clv_model) IS
  'the first purchase of the sample; NULL if not known';
CREATE FUNCTION observed_until(model clv_model) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_observed_until';
COMMENT ON FUNCTION observed_until(clv_model) IS
  'the end of observation of the sample; NULL if not known';
--
-- value: predictions of a model (docs/value.md)
--

CREATE FUNCTION p_alive(model clv_model, history purchase_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION p_alive(clv_model, purchase_summary) IS
  'probability, 0..1, that the customer is still a customer at the end of observation';
CREATE FUNCTION expected_purchases(model clv_model, history purchase_summary, horizon interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_purchases(clv_model, purchase_summary, interval) IS
  'expected number of purchases within the horizon from the end of observation';
CREATE FUNCTION expected_purchases(model clv_model, horizon interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'clv_model_expected_purchases';
COMMENT ON FUNCTION expected_purchases(clv_model, interval) IS
  'expected number of repeat purchases of a new customer within the horizon from the first one';
CREATE FUNCTION discounted_purchases(model clv_model, history purchase_summary, discount_rate double precision DEFAULT 0.10) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION discounted_purchases(clv_model, purchase_summary, double precision) IS
  'expected number of purchases for ever, each discounted to now at an effective rate a year (0..1); NULL if not finite';
CREATE FUNCTION discounted_purchases(model clv_model, discount_rate double precision DEFAULT 0.10) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'clv_model_discounted_purchases';
COMMENT ON FUNCTION discounted_purchases(clv_model, double precision) IS
  'the same of repeat purchases of a new customer';
CREATE FUNCTION purchase_probability(model clv_model, history purchase_summary, horizon interval, n integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_probability(clv_model, purchase_summary, interval, integer) IS
  'probability, 0..1, of exactly n purchases within the horizon from the end of observation';
CREATE FUNCTION purchase_probability(model clv_model, horizon interval, n integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'clv_model_purchase_probability';
COMMENT ON FUNCTION purchase_probability(clv_model, interval, integer) IS
  'probability, 0..1, of exactly n repeat purchases of a new customer within the horizon from the first one';
CREATE FUNCTION expected_spend(model clv_model, history purchase_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_spend(clv_model, purchase_summary) IS
  'expected amount of a purchase of the customer, money; NULL without a model of spend or where it has no mean (q <= 1)';
CREATE FUNCTION expected_spend(model clv_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_expected_spend';
COMMENT ON FUNCTION expected_spend(clv_model) IS
  'expected amount of a purchase of a new customer, money; NULL without a model of spend or where it has no mean (q <= 1)';
CREATE FUNCTION cltv(model clv_model, history purchase_summary, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'clv_model_cltv';
COMMENT ON FUNCTION cltv(clv_model, purchase_summary, interval, double precision, double precision) IS
  'expected spend x expected purchases within the horizon, discounted at an effective rate a year (0..1), x margin (0..1); money';
CREATE FUNCTION cltv(model clv_model, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'clv_model_cltv_new';
COMMENT ON FUNCTION cltv(clv_model, interval, double precision, double precision) IS
  'of a new customer after the first purchase, expected spend x expected purchases within the horizon, discounted at an effective rate a year (0..1), x margin (0..1); money';
CREATE FUNCTION cltv_lifetime(model clv_model, history purchase_summary, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_lifetime(clv_model, purchase_summary, double precision, double precision) IS
  'cltv without a horizon: for ever; NULL if not finite';
CREATE FUNCTION cltv_lifetime(model clv_model, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'cltv_lifetime_new';
COMMENT ON FUNCTION cltv_lifetime(clv_model, double precision, double precision) IS
  'cltv of a new customer without a horizon: for ever; NULL if not finite';

-- intervals: what the uncertainty of the parameters leaves open

CREATE FUNCTION p_alive_interval(model clv_model, history purchase_summary, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION p_alive_interval(clv_model, purchase_summary, double precision) IS
  'confidence bounds of p_alive, by the delta method on the log odds; NULL where the covariance is not known';
CREATE FUNCTION expected_purchases_interval(model clv_model, history purchase_summary, horizon interval, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_purchases_interval(clv_model, purchase_summary, interval, double precision) IS
  'confidence bounds of expected_purchases, by the delta method on the logarithm; NULL where the covariance is not known';
CREATE FUNCTION cltv_interval(model clv_model, history purchase_summary, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_interval(clv_model, purchase_summary, interval, double precision, double precision, double precision) IS
  'confidence bounds of cltv, by the delta method on the logarithm; NULL where the covariance is not known';

-- contracts (sbg_fit)

CREATE FUNCTION survival(model clv_model, period integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_survival';
COMMENT ON FUNCTION survival(clv_model, integer) IS
  'fraction, 0..1, of a cohort that is left after so many periods';
CREATE FUNCTION retention(model clv_model, period integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_retention';
COMMENT ON FUNCTION retention(clv_model, integer) IS
  'fraction, 0..1, of those left before a period who stay in it';
CREATE FUNCTION residual_lifetime(model clv_model, renewals integer DEFAULT 0, discount double precision DEFAULT 0) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION residual_lifetime(clv_model, integer, double precision) IS
  'expected further payments after so many renewals, discounted (0..1 a period) from the next one on; NULL if not finite';
--
-- value: what a customer is worth, in closed form (docs/value.md)
--

CREATE FUNCTION cltv(average_order double precision, orders_per_year double precision,
                     years double precision, margin double precision DEFAULT 1)
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv(double precision, double precision, double precision, double precision) IS
  'lifetime value, money: average_order x orders_per_year x years x margin (0..1, the fraction of revenue kept; 1: revenue)';

CREATE FUNCTION cltv_perpetuity(margin_per_period double precision, churn double precision,
                                cap double precision DEFAULT NULL)
  RETURNS double precision LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_perpetuity(double precision, double precision, double precision) IS
  'lifetime value, money, undiscounted: margin_per_period / churn (0..1 a period), counting at most cap periods; NULL without churn and cap';

CREATE FUNCTION cltv_discounted(margin_per_period double precision, retention double precision,
                                discount double precision, first_payment text DEFAULT 'now')
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_discounted(double precision, double precision, double precision, text) IS
  'lifetime value, money, for ever: m (1+d) / (1+d-r) with the first payment now, m r / (1+d-r) with it next; retention and discount 0..1 a period; NULL for r = 1 and d = 0';

CREATE FUNCTION cltv_over(margin_per_period double precision, retention double precision,
                          periods double precision, discount double precision DEFAULT 0)
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_over(double precision, double precision, double precision, double precision) IS
  'lifetime value, money, of so many whole periods, the first payment now: m (1-q^T) / (1-q), q = retention / (1 + discount), rates 0..1 a period';
--
-- value: recency, frequency, monetary (docs/value.md)
--

CREATE FUNCTION rfm_score(value anyelement, buckets integer DEFAULT 5)
  RETURNS integer LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rfm_score(anyelement, integer) IS
  'window function: score 1..buckets of a value among those of OVER (ORDER BY value), best last; 1 + floor(buckets (rank - 1) / n), so ties score alike; for recency ORDER BY value DESC';

CREATE FUNCTION rfm_score(value double precision, breaks double precision[])
  RETURNS integer LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rfm_score_breaks';
COMMENT ON FUNCTION rfm_score(double precision, double precision[]) IS
  'score of a value by one''s own increasing breaks: 1 + the number of breaks that it reaches';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer)
  RETURNS text LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rfm_segment(integer, integer, integer) IS
  'the first standard segment that fits scores 1..5: champions, loyal customers, cannot lose them, at risk, potential loyalists, new customers, promising, need attention, about to sleep, hibernating, lost';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer, rules jsonb)
  RETURNS text LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rfm_segment_rules';
COMMENT ON FUNCTION rfm_segment(integer, integer, integer, jsonb) IS
  'the segment of the first of one''s own rules that fits, NULL if none: [{"segment": "best", "r": [4, 5], "f": [4, 5]}, {"segment": "rest"}]; a range left out fits all scores';
--
-- health: how customers are, and why (docs/health.md)
--

CREATE TYPE cls_pillar AS ENUM ('clarity', 'consistency', 'convenience', 'collaboration', 'care');
COMMENT ON TYPE cls_pillar IS 'the five pillars of customer lifecycle success; every measure of health belongs to one';

CREATE TYPE health_summary;

CREATE FUNCTION health_summary_in(cstring) RETURNS health_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_out(health_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_recv(internal) RETURNS health_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_send(health_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_in(cstring) IS 'text input of health_summary';
COMMENT ON FUNCTION health_summary_out(health_summary) IS 'text output of health_summary';
COMMENT ON FUNCTION health_summary_recv(internal) IS 'binary input of health_summary';
COMMENT ON FUNCTION health_summary_send(health_summary) IS 'binary output of health_summary';

CREATE TYPE health_summary (
  INPUT = health_summary_in,
  OUTPUT = health_summary_out,
  RECEIVE = health_summary_recv,
  SEND = health_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE health_summary IS 'weights and weighted scores of each measure of health, and what is missing: storable, mergeable with + and rollup(), read by health_score(), health_drivers() ...';

CREATE CAST (health_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (health_summary AS jsonb) IS 'one object a measure: pillar, name, readings, weights';

CREATE FUNCTION health_summary_eq(health_summary, health_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_ne(health_summary, health_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION health_summary_hash(health_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_eq(health_summary, health_summary) IS 'same measures, same numbers of rows, same weights and scores';
COMMENT ON FUNCTION health_summary_ne(health_summary, health_summary) IS 'other measures, numbers of rows, weights or scores';
COMMENT ON FUNCTION health_summary_hash(health_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = health_summary, RIGHTARG = health_summary, FUNCTION = health_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = health_summary, RIGHTARG = health_summary, FUNCTION = health_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (health_summary, health_summary) IS 'same measures, same numbers of rows, same weights and scores';
COMMENT ON OPERATOR <> (health_summary, health_summary) IS 'other measures, numbers of rows, weights or scores';

CREATE OPERATOR CLASS health_summary_ops DEFAULT FOR TYPE health_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 health_summary_hash(health_summary);
COMMENT ON OPERATOR CLASS health_summary_ops USING hash IS 'lets health_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY health_summary_ops USING hash IS 'lets health_summary values be grouped and made distinct';

-- merging

CREATE FUNCTION health_summary_add(health_summary, health_summary) RETURNS health_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_add(health_summary, health_summary) IS 'both summaries together, measure by measure';
CREATE OPERATOR + (
  LEFTARG = health_summary, RIGHTARG = health_summary, FUNCTION = health_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (health_summary, health_summary) IS 'both summaries together, measure by measure';

CREATE FUNCTION health_summary_combine(health_summary, health_summary) RETURNS health_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_combine(health_summary, health_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION health_summary_final(health_summary) RETURNS health_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION health_summary_final(health_summary) IS 'aggregate support: the summary without spare room';

CREATE AGGREGATE rollup(health_summary) (
  SFUNC = health_summary_combine,
  STYPE = health_summary,
  SSPACE = 512,
  FINALFUNC = health_summary_final,
  COMBINEFUNC = health_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(health_summary) IS 'all summaries together, as if built from their rows: the health of a segment, and what drags it down';

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
--
-- risk: who is going to leave, learnt from those who did (docs/health.md)
--

CREATE TYPE risk_sample;

CREATE FUNCTION risk_sample_in(cstring) RETURNS risk_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_sample_out(risk_sample) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_sample_recv(internal) RETURNS risk_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_sample_send(risk_sample) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_in(cstring) IS 'text input of risk_sample';
COMMENT ON FUNCTION risk_sample_out(risk_sample) IS 'text output of risk_sample';
COMMENT ON FUNCTION risk_sample_recv(internal) IS 'binary input of risk_sample';
COMMENT ON FUNCTION risk_sample_send(risk_sample) IS 'binary output of risk_sample';

CREATE TYPE risk_sample (
  INPUT = risk_sample_in,
  OUTPUT = risk_sample_out,
  RECEIVE = risk_sample_recv,
  SEND = risk_sample_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE risk_sample IS 'who churned and who stayed, with their features; equal rows are one: storable, mergeable with + and rollup(), read by risk_fit()';

CREATE CAST (risk_sample AS jsonb) WITH INOUT;
COMMENT ON CAST (risk_sample AS jsonb) IS 'the rows of those who churned and of those who stayed, each with its count in front';

CREATE FUNCTION risk_sample_eq(risk_sample, risk_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_sample_ne(risk_sample, risk_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_sample_hash(risk_sample) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_eq(risk_sample, risk_sample) IS 'same customers, in whatever order';
COMMENT ON FUNCTION risk_sample_ne(risk_sample, risk_sample) IS 'other customers';
COMMENT ON FUNCTION risk_sample_hash(risk_sample) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = risk_sample, RIGHTARG = risk_sample, FUNCTION = risk_sample_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = risk_sample, RIGHTARG = risk_sample, FUNCTION = risk_sample_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (risk_sample, risk_sample) IS 'same customers, in whatever order';
COMMENT ON OPERATOR <> (risk_sample, risk_sample) IS 'other customers';

CREATE OPERATOR CLASS risk_sample_ops DEFAULT FOR TYPE risk_sample USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 risk_sample_hash(risk_sample);
COMMENT ON OPERATOR CLASS risk_sample_ops USING hash IS 'lets risk_sample values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY risk_sample_ops USING hash IS 'lets risk_sample values be grouped and made distinct';

-- merging

CREATE FUNCTION risk_sample_add(risk_sample, risk_sample) RETURNS risk_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_add(risk_sample, risk_sample) IS 'the customers of both; different numbers of features are an error';
CREATE OPERATOR + (
  LEFTARG = risk_sample, RIGHTARG = risk_sample, FUNCTION = risk_sample_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (risk_sample, risk_sample) IS 'the customers of both; different numbers of features are an error';

CREATE FUNCTION risk_sample_combine(risk_sample, risk_sample) RETURNS risk_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_combine(risk_sample, risk_sample) IS 'aggregate support: merges two states';
CREATE FUNCTION risk_sample_final(risk_sample) RETURNS risk_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_final(risk_sample) IS 'aggregate support: the sample with equal rows collapsed, or NULL if there are none';

CREATE AGGREGATE rollup(risk_sample) (
  SFUNC = risk_sample_combine,
  STYPE = risk_sample,
  SSPACE = 65536,
  FINALFUNC = risk_sample_final,
  COMBINEFUNC = risk_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(risk_sample) IS 'the customers of all samples; different numbers of features are an error';

-- building

CREATE FUNCTION risk_sample_accum(risk_sample, boolean, double precision[]) RETURNS risk_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_sample_accum(risk_sample, boolean, double precision[]) IS 'aggregate support: takes in a customer';

CREATE AGGREGATE risk_agg(churned boolean, features double precision[]) (
  SFUNC = risk_sample_accum,
  STYPE = risk_sample,
  SSPACE = 65536,
  FINALFUNC = risk_sample_final,
  COMBINEFUNC = risk_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE risk_agg(boolean, double precision[]) IS
  'risk_sample of customers: whether each churned, and 1 to 100 features; a row with a NULL in it is left out and counted; NULL if no row is left';

CREATE FUNCTION risk_rows(sample risk_sample)
  RETURNS TABLE (churned boolean, features double precision[], customer_count bigint)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_rows(risk_sample) IS
  'the distinct rows of a sample with the number of customers of each, those who churned first, then by features';

CREATE TYPE risk_model;

CREATE FUNCTION risk_model_in(cstring) RETURNS risk_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_model_out(risk_model) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_model_recv(internal) RETURNS risk_model
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_model_send(risk_model) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_model_in(cstring) IS 'text input of risk_model';
COMMENT ON FUNCTION risk_model_out(risk_model) IS 'text output of risk_model';
COMMENT ON FUNCTION risk_model_recv(internal) IS 'binary input of risk_model';
COMMENT ON FUNCTION risk_model_send(risk_model) IS 'binary output of risk_model';

CREATE TYPE risk_model (
  INPUT = risk_model_in,
  OUTPUT = risk_model_out,
  RECEIVE = risk_model_recv,
  SEND = risk_model_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE risk_model IS 'logistic model of churn: coefficients, their covariance, how the fit went; storable, read by churn_probability(), churn_drivers(), parameters() ...';

CREATE CAST (risk_model AS jsonb) WITH INOUT;
COMMENT ON CAST (risk_model AS jsonb) IS 'status, counts, likelihood, names, estimates, means of the features, lower triangle of the covariance';

CREATE FUNCTION risk_model_eq(risk_model, risk_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_model_ne(risk_model, risk_model) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION risk_model_hash(risk_model) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_model_eq(risk_model, risk_model) IS 'same numbers and names';
COMMENT ON FUNCTION risk_model_ne(risk_model, risk_model) IS 'other numbers or names';
COMMENT ON FUNCTION risk_model_hash(risk_model) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = risk_model, RIGHTARG = risk_model, FUNCTION = risk_model_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = risk_model, RIGHTARG = risk_model, FUNCTION = risk_model_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (risk_model, risk_model) IS 'same numbers and names';
COMMENT ON OPERATOR <> (risk_model, risk_model) IS 'other numbers or names';

CREATE OPERATOR CLASS risk_model_ops DEFAULT FOR TYPE risk_model USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 risk_model_hash(risk_model);
COMMENT ON OPERATOR CLASS risk_model_ops USING hash IS 'lets risk_model values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY risk_model_ops USING hash IS 'lets risk_model values be grouped and made distinct';

-- fitting

CREATE FUNCTION risk_fit(
  sample risk_sample,
  names text[] DEFAULT NULL,
  l2 double precision DEFAULT 0,
  max_iterations integer DEFAULT 100
) RETURNS risk_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION risk_fit(risk_sample, text[], double precision, integer) IS
  'logistic regression of churn on the features, by maximum likelihood; l2 / 2 times the sum of squared standardised coefficients (not the intercept) is taken off; names default to x1, x2 ...';

CREATE FUNCTION make_risk_model(
  intercept double precision,
  coefficients double precision[],
  names text[] DEFAULT NULL,
  means double precision[] DEFAULT NULL
) RETURNS risk_model
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_risk_model(double precision, double precision[], text[], double precision[]) IS
  'risk_model of coefficients known from elsewhere, in log-odds per unit; the means of the features (default 0) are what churn_drivers() compares with';

-- reading

CREATE FUNCTION churn_probability(model risk_model, features double precision[]) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_probability(risk_model, double precision[]) IS
  'probability of churn, 0..1: 1 / (1 + exp(-(intercept + sum of coefficient x feature))); NULL if a feature is, or if the model has met one outcome only';

CREATE FUNCTION churn_drivers(model risk_model, features double precision[])
  RETURNS TABLE (name text, value double precision, contribution double precision, odds_factor double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION churn_drivers(risk_model, double precision[]) IS
  'what sets a customer apart from the average one: coefficient x (value - mean) of each feature, in log-odds, and the factor on the odds that this is; what raises the risk most comes first';

CREATE FUNCTION parameters(model risk_model, confidence double precision DEFAULT 0.95)
  RETURNS TABLE (name text, estimate double precision, std_error double precision,
                 lower double precision, upper double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'risk_model_parameters';
COMMENT ON FUNCTION parameters(risk_model, double precision) IS
  'intercept and coefficients in log-odds per unit, with standard errors and bounds (Wald); NULL: not identified by the data, or not known';

CREATE FUNCTION odds_ratios(model risk_model, confidence double precision DEFAULT 0.95)
  RETURNS TABLE (name text, odds_ratio double precision, lower double precision, upper double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION odds_ratios(risk_model, double precision) IS
  'what one unit more of each feature multiplies the odds of churn by, with bounds (Wald); NULL: not identified by the data, or not known';

CREATE FUNCTION log_likelihood(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_log_likelihood';
COMMENT ON FUNCTION log_likelihood(risk_model) IS
  'log-likelihood of the customers that the model was fitted to, without the penalty; NULL if it was not fitted';

CREATE FUNCTION log_loss(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION log_loss(risk_model) IS
  'mean of -log(probability of what happened) over the customers that the model was fitted to; 0 is perfect, log(2) is tossing a coin; NULL if it was not fitted';

CREATE FUNCTION auc(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION auc(risk_model) IS
  'probability, 0..1, that of the customers that the model was fitted to one who churned scores above one who stayed; 0.5 is chance; NULL if it was not fitted';

CREATE FUNCTION aic(model risk_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_aic';
COMMENT ON FUNCTION aic(risk_model) IS
  'Akaike information criterion: 2 x estimated parameters - 2 x log-likelihood; smaller is better; NULL if the model was not fitted';

CREATE FUNCTION model_status(model risk_model) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'risk_model_status';
COMMENT ON FUNCTION model_status(risk_model) IS
  'how the fit went: converged, collinear (converged; some features told nothing of their own), separated (features tell the outcomes apart: no finite optimum), one_outcome, max_iterations, stalled, or given';
--
-- journey: what customers do (docs/journey.md)
--

-- funnels: the state, which is the rows that satisfy a step

CREATE TYPE funnel_state;

CREATE FUNCTION funnel_state_in(cstring) RETURNS funnel_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_out(funnel_state) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_recv(internal) RETURNS funnel_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_send(funnel_state) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION funnel_state_in(cstring) IS 'text input of funnel_state';
COMMENT ON FUNCTION funnel_state_out(funnel_state) IS 'text output of funnel_state';
COMMENT ON FUNCTION funnel_state_recv(internal) IS 'binary input of funnel_state';
COMMENT ON FUNCTION funnel_state_send(funnel_state) IS 'binary output of funnel_state';

CREATE TYPE funnel_state (
  INPUT = funnel_state_in,
  OUTPUT = funnel_state_out,
  RECEIVE = funnel_state_recv,
  SEND = funnel_state_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE funnel_state IS
  'aggregate support: state of funnel() and funnel_times(); to keep what customers did, use journey_summary';

CREATE FUNCTION funnel_state_accum(funnel_state, at timestamptz, event anycompatible, steps anycompatiblearray, within interval)
  RETURNS funnel_state
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_accum(funnel_state, at timestamptz, within interval, VARIADIC conditions boolean[])
  RETURNS funnel_state
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'funnel_state_accum_conditions';
CREATE FUNCTION funnel_state_combine(funnel_state, funnel_state) RETURNS funnel_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_steps(funnel_state) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION funnel_state_times(funnel_state) RETURNS timestamptz[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION funnel_state_accum(funnel_state, timestamptz, anycompatible, anycompatiblearray, interval) IS 'aggregate support: adds a row whose event may be a step';
COMMENT ON FUNCTION funnel_state_accum(funnel_state, timestamptz, interval, boolean[]) IS 'aggregate support: adds a row that satisfies steps by condition';
COMMENT ON FUNCTION funnel_state_combine(funnel_state, funnel_state) IS 'aggregate support: merges two states';
COMMENT ON FUNCTION funnel_state_steps(funnel_state) IS 'aggregate support: the steps reached';
COMMENT ON FUNCTION funnel_state_times(funnel_state) IS 'aggregate support: when the steps were taken';

-- funnels: the aggregates

CREATE AGGREGATE funnel(at timestamptz, event anycompatible, steps anycompatiblearray, within interval) (
  SFUNC = funnel_state_accum,
  STYPE = funnel_state,
  SSPACE = 256,
  FINALFUNC = funnel_state_steps,
  COMBINEFUNC = funnel_state_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel(timestamptz, anycompatible, anycompatiblearray, interval) IS
  'steps of the funnel that one customer reached, 0 to their number: the events named by steps, in order of time, all within the window that opens at the first; rows in any order; a null window is no limit; NULL if there are no rows';

CREATE AGGREGATE funnel(at timestamptz, within interval, VARIADIC conditions boolean[]) (
  SFUNC = funnel_state_accum,
  STYPE = funnel_state,
  SSPACE = 256,
  FINALFUNC = funnel_state_steps,
  COMBINEFUNC = funnel_state_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel(timestamptz, interval, boolean[]) IS
  'steps of the funnel that one customer reached, 0 to their number; step i is a row for which condition i holds; a null window is no limit; NULL if there are no rows';

CREATE AGGREGATE funnel_times(at timestamptz, event anycompatible, steps anycompatiblearray, within interval) (
  SFUNC = funnel_state_accum,
  STYPE = funnel_state,
  SSPACE = 256,
  FINALFUNC = funnel_state_times,
  COMBINEFUNC = funnel_state_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel_times(timestamptz, anycompatible, anycompatiblearray, interval) IS
  'when the customer took each step of the funnel, NULL for steps not reached: of the chains that reach furthest the one that is complete first, and of those the one that begins last';

CREATE AGGREGATE funnel_times(at timestamptz, within interval, VARIADIC conditions boolean[]) (
  SFUNC = funnel_state_accum,
  STYPE = funnel_state,
  SSPACE = 256,
  FINALFUNC = funnel_state_times,
  COMBINEFUNC = funnel_state_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel_times(timestamptz, interval, boolean[]) IS
  'when the customer took each step of the funnel, NULL for steps not reached; step i is a row for which condition i holds';

-- journeys: what one customer did, in order of time

CREATE TYPE journey_summary;

CREATE FUNCTION journey_summary_in(cstring) RETURNS journey_summary
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION journey_summary_out(journey_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION journey_summary_recv(internal) RETURNS journey_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION journey_summary_send(journey_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_summary_in(cstring) IS 'text input of journey_summary';
COMMENT ON FUNCTION journey_summary_out(journey_summary) IS 'text output of journey_summary';
COMMENT ON FUNCTION journey_summary_recv(internal) IS 'binary input of journey_summary';
COMMENT ON FUNCTION journey_summary_send(journey_summary) IS 'binary output of journey_summary';

CREATE TYPE journey_summary (
  INPUT = journey_summary_in,
  OUTPUT = journey_summary_out,
  RECEIVE = journey_summary_recv,
  SEND = journey_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE journey_summary IS 'touchpoints of one customer (when, event, channel) in order of time: storable, mergeable with + and rollup(), read by funnel(), attribution(), journey_path() ...';

CREATE CAST (journey_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (journey_summary AS jsonb) IS 'the bound, how many older touchpoints were cut, and the touchpoints';

CREATE FUNCTION journey_summary_eq(journey_summary, journey_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION journey_summary_ne(journey_summary, journey_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION journey_summary_hash(journey_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_summary_eq(journey_summary, journey_summary) IS 'same touchpoints, bound and cut';
COMMENT ON FUNCTION journey_summary_ne(journey_summary, journey_summary) IS 'not: same touchpoints, bound and cut';
COMMENT ON FUNCTION journey_summary_hash(journey_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = journey_summary, RIGHTARG = journey_summary, FUNCTION = journey_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = journey_summary, RIGHTARG = journey_summary, FUNCTION = journey_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (journey_summary, journey_summary) IS 'same touchpoints, bound and cut';
COMMENT ON OPERATOR <> (journey_summary, journey_summary) IS 'not: same touchpoints, bound and cut';

CREATE OPERATOR CLASS journey_summary_ops DEFAULT FOR TYPE journey_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 journey_summary_hash(journey_summary);
COMMENT ON OPERATOR CLASS journey_summary_ops USING hash IS 'lets journey_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY journey_summary_ops USING hash IS 'lets journey_summary values be grouped and made distinct';

CREATE FUNCTION journey_summary_add(journey_summary, journey_summary) RETURNS journey_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_summary_add(journey_summary, journey_summary) IS 'the touchpoints of both; different bounds are an error';
CREATE OPERATOR + (
  LEFTARG = journey_summary, RIGHTARG = journey_summary, FUNCTION = journey_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (journey_summary, journey_summary) IS 'the touchpoints of both; different bounds are an error';

CREATE FUNCTION journey_summary_combine(journey_summary, journey_summary) RETURNS journey_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_summary_combine(journey_summary, journey_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION journey_summary_final(journey_summary) RETURNS journey_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_summary_final(journey_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(journey_summary) (
  SFUNC = journey_summary_combine,
  STYPE = journey_summary,
  SSPACE = 256,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(journey_summary) IS 'all together, as if built from their rows; the touchpoints of both; different bounds are an error';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event text) RETURNS journey_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, text) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event text) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, text) IS
  'journey_summary of one customer: touchpoints without channel; the latest 10000, and how many older ones were cut; rows without instant or event are ignored; NULL if there are none';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event text, channel text) RETURNS journey_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, text, text) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event text, channel text) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, text, text) IS
  'journey_summary of one customer: touchpoints; the latest 10000, and how many older ones were cut; rows without instant or event are ignored; NULL if there are none';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event text, channel text, max_length integer) RETURNS journey_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, text, text, integer) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event text, channel text, max_length integer) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, text, text, integer) IS
  'journey_summary of one customer: the latest max_length touchpoints; rows without instant or event are ignored; NULL if there are none';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event anyelement) RETURNS journey_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum_any';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, anyelement) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event anyelement) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, anyelement) IS
  'journey_summary of one customer: touchpoints without channel, events and channels of any type known by their text; the latest 10000, and how many older ones were cut; rows without instant or event are ignored; NULL if there are none';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event anyelement, channel anycompatible) RETURNS journey_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum_any';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, anyelement, anycompatible) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event anyelement, channel anycompatible) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, anyelement, anycompatible) IS
  'journey_summary of one customer: touchpoints, events and channels of any type known by their text; the latest 10000, and how many older ones were cut; rows without instant or event are ignored; NULL if there are none';

CREATE FUNCTION journey_summary_accum(journey_summary, at timestamptz, event anyelement, channel anycompatible, max_length integer) RETURNS journey_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_accum_any';
COMMENT ON FUNCTION journey_summary_accum(journey_summary, timestamptz, anyelement, anycompatible, integer) IS 'aggregate support: adds a touchpoint';
CREATE AGGREGATE journey_agg(at timestamptz, event anyelement, channel anycompatible, max_length integer) (
  SFUNC = journey_summary_accum,
  STYPE = journey_summary,
  SSPACE = 512,
  FINALFUNC = journey_summary_final,
  COMBINEFUNC = journey_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey_agg(timestamptz, anyelement, anycompatible, integer) IS
  'journey_summary of one customer: the latest max_length touchpoints, events and channels of any type known by their text; rows without instant or event are ignored; NULL if there are none';

-- journeys: accessors

CREATE FUNCTION touch_count(journey_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touch_count(journey_summary) IS 'number of touchpoints that the journey holds';

CREATE FUNCTION journey_cut(journey_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_cut(journey_summary) IS 'number of older touchpoints that were left out for max_length; 0: the journey is whole';

CREATE FUNCTION touchpoints(journey_summary, OUT at timestamptz, OUT event text, OUT channel text) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touchpoints(journey_summary) IS 'the touchpoints in order of time, those of one instant by the bytes of event, then channel';

CREATE FUNCTION funnel(
    journey_summary, steps text[], within interval DEFAULT NULL, mode text DEFAULT 'ordered',
    exclude text[] DEFAULT NULL, optional text[] DEFAULT NULL, reentry boolean DEFAULT true,
    step_within interval[] DEFAULT NULL) RETURNS integer
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_funnel';
COMMENT ON FUNCTION funnel(journey_summary, text[], interval, text, text[], text[], boolean, interval[]) IS
  'steps of the funnel that the customer reached, 0 to their number; within: time from the first step, null is no limit; mode: ordered, strict_increase, strict_order, strict_dedup, unordered; exclude: events that may not come between; optional: steps that may be left out; reentry false: only the first start counts; step_within: time from each step to the next';

CREATE FUNCTION funnel_times(
    journey_summary, steps text[], within interval DEFAULT NULL, mode text DEFAULT 'ordered',
    exclude text[] DEFAULT NULL, optional text[] DEFAULT NULL, reentry boolean DEFAULT true,
    step_within interval[] DEFAULT NULL) RETURNS timestamptz[]
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'journey_summary_funnel_times';
COMMENT ON FUNCTION funnel_times(journey_summary, text[], interval, text, text[], text[], boolean, interval[]) IS
  'when the customer took each step of the funnel, NULL for steps not taken: of the chains that reach furthest the one that is complete first; options as of funnel()';

CREATE FUNCTION journey_path(
    journey_summary, max_steps integer DEFAULT NULL, collapse boolean DEFAULT true, what text DEFAULT 'event',
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS text[]
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_path(journey_summary, integer, boolean, text, timestamptz, timestamptz) IS
  'the events (what => channel: the channels) in order of time, since <= at <= until; collapse: without repeats of the one before; max_steps: at most so many';

CREATE FUNCTION session_paths(
    journey_summary, gap interval DEFAULT '30 minutes', max_steps integer DEFAULT 5, collapse boolean DEFAULT false,
    separator text DEFAULT '>') RETURNS SETOF text
  LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION session_paths(journey_summary, interval, integer, boolean, text) IS
  'the path of each session, such as view>cart>purchase: touchpoints with no more than the gap between them; max_steps null: whole';

CREATE FUNCTION journey_edges(
    journey_summary, max_steps integer DEFAULT NULL, collapse boolean DEFAULT true, what text DEFAULT 'event',
    OUT step_number integer, OUT source text, OUT target text, OUT elapsed interval) RETURNS SETOF record
  LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_edges(journey_summary, integer, boolean, text) IS
  'each step of the path (1, 2, ...) with the one after it and the time between: count them for a Sankey diagram';

CREATE FUNCTION time_between(journey_summary, first_event text, then_event text) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION time_between(journey_summary, text, text) IS
  'time from the first first_event to the first then_event that is not earlier; NULL if there is none; of one event: from the first to the second';

CREATE FUNCTION journey_gaps(journey_summary, event text DEFAULT NULL) RETURNS interval[]
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_gaps(journey_summary, text) IS
  'times between touchpoints with this event (null: all) and the next ones; touchpoints of one instant are one';

CREATE FUNCTION journey_contains(journey_summary, pattern text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION journey_contains(journey_summary, text) IS
  'does the journey contain the sequence? (view)(cart): one right after the other; .* any events between; . any one event; (a|b) either; (?t<=1 hour) time between the two';

CREATE FUNCTION attribution(
    journey_summary, conversion_at timestamptz, rule text DEFAULT 'linear', lookback interval DEFAULT '30 days',
    half_life interval DEFAULT '7 days', direct text DEFAULT 'direct',
    first_share double precision DEFAULT 0.4, last_share double precision DEFAULT 0.4,
    OUT channel text, OUT credit double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 3 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION attribution(journey_summary, timestamptz, text, interval, interval, text, double precision, double precision) IS
  'which channels get how much of a conversion, 0..1, together 1, over the touches in (conversion_at - lookback, conversion_at]; rule: first, last, last_non_direct, linear, time_decay, position; without a touch the channel is NULL';

-- sessions and identity: window functions

CREATE FUNCTION session_number(at timestamptz) RETURNS bigint
  LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION session_number(at timestamptz, gap interval) RETURNS bigint
  LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION session_number(timestamptz) IS
  'number of the session of each row, 1, 2, ..., over a customer''s rows in order of time: more than 30 minutes of silence end a session';
COMMENT ON FUNCTION session_number(timestamptz, interval) IS
  'number of the session of each row, 1, 2, ..., over a customer''s rows in order of time: silence longer than the gap ends a session';

CREATE FUNCTION stitched_id(known_id anyelement) RETURNS anyelement
  LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stitched_id(anyelement) IS
  'whose row it is, over the rows of one anonymous id in order of time: the customer known on it, else the last one known before, else the first one known after; customers are never merged';

-- activity: the periods in which one customer was active

CREATE TYPE activity_summary;

CREATE FUNCTION activity_summary_in(cstring) RETURNS activity_summary
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION activity_summary_out(activity_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION activity_summary_recv(internal) RETURNS activity_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION activity_summary_send(activity_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_in(cstring) IS 'text input of activity_summary';
COMMENT ON FUNCTION activity_summary_out(activity_summary) IS 'text output of activity_summary';
COMMENT ON FUNCTION activity_summary_recv(internal) IS 'binary input of activity_summary';
COMMENT ON FUNCTION activity_summary_send(activity_summary) IS 'binary output of activity_summary';

CREATE TYPE activity_summary (
  INPUT = activity_summary_in,
  OUTPUT = activity_summary_out,
  RECEIVE = activity_summary_recv,
  SEND = activity_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE activity_summary IS 'periods (days, weeks, months ...) in which one customer was active: storable, mergeable with + and rollup(), read by activity_state(), retained(), active_periods() ...';

CREATE CAST (activity_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (activity_summary AS jsonb) IS 'the bucket, the time zone and the first dates of the active periods';

CREATE FUNCTION activity_summary_eq(activity_summary, activity_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION activity_summary_ne(activity_summary, activity_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION activity_summary_hash(activity_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_eq(activity_summary, activity_summary) IS 'same bucket, time zone and active periods';
COMMENT ON FUNCTION activity_summary_ne(activity_summary, activity_summary) IS 'not: same bucket, time zone and active periods';
COMMENT ON FUNCTION activity_summary_hash(activity_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = activity_summary, RIGHTARG = activity_summary, FUNCTION = activity_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = activity_summary, RIGHTARG = activity_summary, FUNCTION = activity_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (activity_summary, activity_summary) IS 'same bucket, time zone and active periods';
COMMENT ON OPERATOR <> (activity_summary, activity_summary) IS 'not: same bucket, time zone and active periods';

CREATE OPERATOR CLASS activity_summary_ops DEFAULT FOR TYPE activity_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 activity_summary_hash(activity_summary);
COMMENT ON OPERATOR CLASS activity_summary_ops USING hash IS 'lets activity_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY activity_summary_ops USING hash IS 'lets activity_summary values be grouped and made distinct';

CREATE FUNCTION activity_summary_add(activity_summary, activity_summary) RETURNS activity_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_add(activity_summary, activity_summary) IS 'active in either; different buckets or time zones are an error';
CREATE OPERATOR + (
  LEFTARG = activity_summary, RIGHTARG = activity_summary, FUNCTION = activity_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (activity_summary, activity_summary) IS 'active in either; different buckets or time zones are an error';

CREATE FUNCTION activity_summary_combine(activity_summary, activity_summary) RETURNS activity_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_combine(activity_summary, activity_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION activity_summary_final(activity_summary) RETURNS activity_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_final(activity_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(activity_summary) (
  SFUNC = activity_summary_combine,
  STYPE = activity_summary,
  SSPACE = 256,
  FINALFUNC = activity_summary_final,
  COMBINEFUNC = activity_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(activity_summary) IS 'all together, as if built from their rows; active in either; different buckets or time zones are an error';

CREATE FUNCTION activity_summary_accum(activity_summary, at timestamptz, bucket text) RETURNS activity_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_accum(activity_summary, timestamptz, text) IS 'aggregate support: the period of an instant is active';
CREATE AGGREGATE activity_agg(at timestamptz, bucket text) (
  SFUNC = activity_summary_accum,
  STYPE = activity_summary,
  SSPACE = 64,
  FINALFUNC = activity_summary_final,
  COMBINEFUNC = activity_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE activity_agg(timestamptz, text) IS
  'activity_summary of one customer: the days, ISO weeks, months, quarters or years (bucket) with a row, by the clock of the session''s time zone, which is kept; null instants are ignored; NULL if there are none';

CREATE FUNCTION activity_summary_accum(activity_summary, at timestamptz, bucket text, time_zone text) RETURNS activity_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_accum(activity_summary, timestamptz, text, text) IS 'aggregate support: the period of an instant is active';
CREATE AGGREGATE activity_agg(at timestamptz, bucket text, time_zone text) (
  SFUNC = activity_summary_accum,
  STYPE = activity_summary,
  SSPACE = 64,
  FINALFUNC = activity_summary_final,
  COMBINEFUNC = activity_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE activity_agg(timestamptz, text, text) IS
  'activity_summary of one customer: the days, ISO weeks, months, quarters or years (bucket) with a row, by the clock of the time zone; null instants are ignored; NULL if there are none';

-- activity: accessors

CREATE FUNCTION activity_bucket(activity_summary) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_bucket(activity_summary) IS 'what a period is: day, week, month, quarter or year';
CREATE FUNCTION activity_time_zone(activity_summary) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_time_zone(activity_summary) IS 'whose clock cut the periods';
CREATE FUNCTION first_active(activity_summary) RETURNS date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION first_active(activity_summary) IS 'first date of the first active period: the cohort';
CREATE FUNCTION last_active(activity_summary) RETURNS date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION last_active(activity_summary) IS 'first date of the last active period';
CREATE FUNCTION active_dates(activity_summary) RETURNS SETOF date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION active_dates(activity_summary) IS 'first dates of the active periods, in order';
CREATE FUNCTION active_in(activity_summary, period date) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION active_in(activity_summary, date) IS 'active in the period that holds the date?';
CREATE FUNCTION activity_state(activity_summary, period date) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_state(activity_summary, date) IS
  'in the period that holds the date: new (first active ever), returning (active, and in the period before), resurrecting (active, and earlier, not in the period before), dormant (not active, but in the period before), else NULL';
CREATE FUNCTION active_periods(activity_summary, since date DEFAULT NULL, until date DEFAULT NULL) RETURNS integer
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION active_periods(activity_summary, date, date) IS
  'number of active periods, from the one that holds since to before the one that holds until; null: from the first, to the last';
CREATE FUNCTION stickiness(activity_summary, since date, until date) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION stickiness(activity_summary, date, date) IS
  'share 0..1 of the periods from the one that holds since to before the one that holds until in which the customer was active; NULL if in none: the mean over customers of days in a month is DAU / MAU';
CREATE FUNCTION longest_streak(activity_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION longest_streak(activity_summary) IS 'most active periods one after another';
CREATE FUNCTION retained(activity_summary, age integer, method text DEFAULT 'n_day') RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION retained(activity_summary, integer, text) IS
  'active exactly age periods after the first active one (n_day), or then or later (unbounded)?';
CREATE FUNCTION retained_between(activity_summary, first_age integer, last_age integer) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION retained_between(activity_summary, integer, integer) IS
  'active in any period from first_age to last_age periods after the first active one (bracket retention)?';

-- cohorts: the activity of many customers

CREATE TYPE cohort_summary;

CREATE FUNCTION cohort_summary_in(cstring) RETURNS cohort_summary
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cohort_summary_out(cohort_summary) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cohort_summary_recv(internal) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cohort_summary_send(cohort_summary) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_in(cstring) IS 'text input of cohort_summary';
COMMENT ON FUNCTION cohort_summary_out(cohort_summary) IS 'text output of cohort_summary';
COMMENT ON FUNCTION cohort_summary_recv(internal) IS 'binary input of cohort_summary';
COMMENT ON FUNCTION cohort_summary_send(cohort_summary) IS 'binary output of cohort_summary';

CREATE TYPE cohort_summary (
  INPUT = cohort_summary_in,
  OUTPUT = cohort_summary_out,
  RECEIVE = cohort_summary_recv,
  SEND = cohort_summary_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE cohort_summary IS 'activity of many customers counted by cohort (first active period) and age: storable, mergeable with + and rollup(), read by cohort_retention() and activity_lifecycle()';

CREATE CAST (cohort_summary AS jsonb) WITH INOUT;
COMMENT ON CAST (cohort_summary AS jsonb) IS 'the bucket, the time zone, the first cohort, and by cohort and age the active and those active for the last time, by period the pauses';

CREATE FUNCTION cohort_summary_eq(cohort_summary, cohort_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cohort_summary_ne(cohort_summary, cohort_summary) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION cohort_summary_hash(cohort_summary) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_eq(cohort_summary, cohort_summary) IS 'same bucket, time zone and counts';
COMMENT ON FUNCTION cohort_summary_ne(cohort_summary, cohort_summary) IS 'not: same bucket, time zone and counts';
COMMENT ON FUNCTION cohort_summary_hash(cohort_summary) IS 'hash of the value, the same for equal values';

CREATE OPERATOR = (
  LEFTARG = cohort_summary, RIGHTARG = cohort_summary, FUNCTION = cohort_summary_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = cohort_summary, RIGHTARG = cohort_summary, FUNCTION = cohort_summary_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (cohort_summary, cohort_summary) IS 'same bucket, time zone and counts';
COMMENT ON OPERATOR <> (cohort_summary, cohort_summary) IS 'not: same bucket, time zone and counts';

CREATE OPERATOR CLASS cohort_summary_ops DEFAULT FOR TYPE cohort_summary USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 cohort_summary_hash(cohort_summary);
COMMENT ON OPERATOR CLASS cohort_summary_ops USING hash IS 'lets cohort_summary values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY cohort_summary_ops USING hash IS 'lets cohort_summary values be grouped and made distinct';

CREATE FUNCTION cohort_summary_add(cohort_summary, cohort_summary) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_add(cohort_summary, cohort_summary) IS 'the customers of both, who must be different ones; different buckets or time zones are an error';
CREATE OPERATOR + (
  LEFTARG = cohort_summary, RIGHTARG = cohort_summary, FUNCTION = cohort_summary_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (cohort_summary, cohort_summary) IS 'the customers of both, who must be different ones; different buckets or time zones are an error';

CREATE FUNCTION cohort_summary_combine(cohort_summary, cohort_summary) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_combine(cohort_summary, cohort_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION cohort_summary_final(cohort_summary) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_final(cohort_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(cohort_summary) (
  SFUNC = cohort_summary_combine,
  STYPE = cohort_summary,
  SSPACE = 256,
  FINALFUNC = cohort_summary_final,
  COMBINEFUNC = cohort_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cohort_summary) IS 'all together, as if built from their rows; the customers of both, who must be different ones; different buckets or time zones are an error';

CREATE FUNCTION cohort_summary_accum(cohort_summary, activity_summary) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_accum(cohort_summary, activity_summary) IS 'aggregate support: counts a customer';
CREATE AGGREGATE cohort_agg(activity_summary) (
  SFUNC = cohort_summary_accum,
  STYPE = cohort_summary,
  SSPACE = 65536,
  FINALFUNC = cohort_summary_final,
  COMBINEFUNC = cohort_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_agg(activity_summary) IS
  'cohort_summary of customers, one activity_summary each; nulls are ignored; NULL if there are none';

CREATE FUNCTION cohort_retention(
    cohort_summary, as_of date DEFAULT NULL, method text DEFAULT 'n_day',
    OUT cohort date, OUT age integer, OUT size bigint, OUT retained bigint, OUT rate double precision,
    OUT complete boolean) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL SAFE ROWS 500 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_retention(cohort_summary, date, text) IS
  'the retention triangle: for each cohort (first active period) and each age in periods that it has reached, its size, how many were active at that age (method unbounded: then or later), their share of the size 0..1, and whether the period is over; activity is known before as_of, by default to the last active period, which is not over';

CREATE FUNCTION activity_lifecycle(
    cohort_summary, as_of date DEFAULT NULL,
    OUT period date, OUT active_count bigint, OUT new_count bigint, OUT returning_count bigint,
    OUT resurrecting_count bigint, OUT dormant_count bigint, OUT complete boolean) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL SAFE ROWS 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_lifecycle(cohort_summary, date) IS
  'by period: active customers = new (first ever) + returning (active in the period before, too) + resurrecting (earlier, not in the period before), and dormant ones (active in the period before, not in this one), and whether the period is over';

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
COMMENT ON TYPE path_summary IS 'paths of many journeys, counted with their conversions and those that ended without: storable, mergeable with + and rollup(), read by markov_attribution(), shapley_attribution() and path_counts()';

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
COMMENT ON FUNCTION path_summary_hash(path_summary) IS 'hash of the value, the same for equal values';

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
COMMENT ON FUNCTION path_summary_combine(path_summary, path_summary) IS 'aggregate support: merges two states';
CREATE FUNCTION path_summary_final(path_summary) RETURNS path_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION path_summary_final(path_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(path_summary) (
  SFUNC = path_summary_combine,
  STYPE = path_summary,
  SSPACE = 256,
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

-- time between purchases, or any event: three honest readings, each by its own name

CREATE FUNCTION event_gaps(journeys journey_summary[], event text DEFAULT NULL,
    OUT customers bigint, OUT gaps bigint, OUT mean_of_gaps interval, OUT mean_of_customer_means interval,
    OUT median_gap interval)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT count(*), coalesce(sum(pg_catalog.cardinality(g)), 0)::bigint,
         (SELECT avg(gap) FROM unnest(journeys) j, unnest(journey_gaps(j, event)) gap),
         avg((SELECT avg(gap) FROM unnest(g) gap)),
         (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM unnest(journeys) j, unnest(journey_gaps(j, event)) gap)
  FROM (SELECT journey_gaps(j, event) AS g FROM unnest(journeys) j) customer
  WHERE g <> '{}';
END;
COMMENT ON FUNCTION event_gaps(journey_summary[], text) IS
  'time between one event (null: any touchpoint) and the next of the same customer, over customers with two or more: the customers, the gaps, the mean of all gaps (heavy buyers dominate), the mean of the customers'' means (each customer once), and the median gap';
--
-- ledger: touchpoints in, customers moved (docs/ledger.md)
--

-- Trigger functions.  They may be called by nobody but triggers, and check what they are fired for:
-- touchpoint_fold() acts as the owner of the table that it is on, touchpoint_capture() only for
-- triggers that the ledger's owner has registered.

CREATE FUNCTION touchpoint_fold() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touchpoint_fold() IS
  'trigger on a ledger''s table touchpoint: folds what was written into customer and stage_history, as the owner of the table';

CREATE FUNCTION touchpoint_capture() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION touchpoint_capture() IS
  'trigger on any table: turns its rows into touchpoints of a ledger whose owner has registered the trigger; made by ledger_track()';

CREATE FUNCTION ledger_rules_changed() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_rules_changed() IS
  'trigger on a ledger''s tables of rules: lets every session read them again';

CREATE FUNCTION ledger_check_expression(
  word text, expression text, source_table regclass, wanted regtype
) RETURNS void
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME'
  SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION ledger_check_expression(text, text, regclass, regtype) IS
  'an error unless the text is one SQL expression over a row of the table whose value may be assigned to the wanted type';
--
-- ledger: what can happen, and what it means for a stage; copied into each new ledger as rows that
-- a house changes as it likes
--

CREATE FUNCTION ledger_default_kinds(
  OUT kind text, OUT rank integer, OUT stage text, OUT is_payment boolean, OUT alive boolean,
  OUT revives text, OUT subject_effect text, OUT feeds text, OUT survey text,
  OUT scale_low integer, OUT scale_high integer, OUT needs_customer boolean, OUT pillar text,
  OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 78
BEGIN ATOMIC
  VALUES
    ('ad_impression'::text, 10, NULL::text, false, false, 'no'::text, 'none'::text, NULL::text, NULL::text, NULL::integer, NULL::integer, false, NULL::text, 'an advertisement was shown; quantity'::text),
    ('spend', 20, NULL, false, false, 'no', 'none', 'spend', NULL, NULL, NULL, false, NULL, 'money spent on reaching or keeping customers; amount, property purpose: acquisition (default), retention, brand'),
    ('page_view', 30, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a page was viewed; properties duration, session, device'),
    ('product_view', 40, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a product was viewed'),
    ('add_to_cart', 50, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a product was put into the cart'),
    ('checkout', 60, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a checkout was begun'),
    ('tutorial_viewed', 70, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'a tutorial was viewed'),
    ('social_follow', 80, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'followed on a social network'),
    ('social_share', 90, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'shared on a social network'),
    ('social_like', 100, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'liked on a social network'),
    ('social_mention', 110, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'mentioned on a social network; property sentiment -1..1'),
    ('brand_mention', 120, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'mentioned elsewhere; property sentiment -1..1'),
    ('community_post', 130, 'awareness', false, true, 'no', 'none', NULL, NULL, NULL, NULL, false, 'clarity', 'posted in the community'),
    ('content_download', 140, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'downloaded content'),
    ('form_submit', 150, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'submitted a form'),
    ('webinar_attended', 160, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'attended a webinar'),
    ('event_attended', 170, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'attended an event'),
    ('email_clicked', 180, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'clicked in an email'),
    ('signup', 190, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'signed up'),
    ('lead', 200, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'became a lead'),
    ('demo', 210, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'had a demo'),
    ('trial_started', 220, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'started a trial'),
    ('opportunity_opened', 230, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'an opportunity was opened; subject, amount'),
    ('opportunity_lost', 240, 'acquisition', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'an opportunity was lost; subject, property reason'),
    ('purchase', 250, 'conversion', true, true, 'yes', 'none', 'purchases', NULL, NULL, NULL, true, NULL, 'bought; amount'),
    ('subscription_started', 260, 'conversion', true, true, 'yes', 'opens', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription began; subject, monthly amount, property until'),
    ('subscription_renewed', 270, 'retention', false, true, 'yes', 'opens', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription was renewed; subject, monthly amount, property until'),
    ('subscription_changed', 280, 'conversion', false, true, 'no', 'changes', 'mrr', NULL, NULL, NULL, true, 'consistency', 'a subscription changed; subject, monthly amount, property until'),
    ('opportunity_won', 290, 'conversion', true, true, 'yes', 'opens_term', NULL, NULL, NULL, NULL, true, NULL, 'a deal was won; subject, amount, property until opens a contract; the money is counted by its order or subscription'),
    ('payment_failed', 300, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'a payment failed; property reason'),
    ('onboarding_step', 310, 'onboarding', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'a step of onboarding was done'),
    ('welcome_opened', 320, 'onboarding', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'clarity', 'the welcome message was opened'),
    ('activated', 330, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'reached the first value of the product'),
    ('login', 340, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'logged in'),
    ('feature_used', 350, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'used a feature; quantity'),
    ('session', 360, NULL, false, true, 'after_silence', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'had a session; quantity'),
    ('upsell', 370, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'bought more of the same; the amount is already counted in its purchase or subscription'),
    ('cross_sell', 380, 'engagement', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'bought something beside; the amount is already counted in its purchase or subscription'),
    ('loyalty_earned', 390, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'earned points; quantity'),
    ('loyalty_redeemed', 400, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'redeemed points; quantity'),
    ('offer_sent', 410, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent an offer'),
    ('offer_redeemed', 420, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'redeemed an offer; amount'),
    ('gift_sent', 430, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent a gift; amount'),
    ('cancelled', 440, NULL, false, false, 'no', 'notice', NULL, NULL, NULL, NULL, true, NULL, 'gave notice; subject, properties reason, voluntary, until: churn comes when the last open subject ends'),
    ('subscription_ended', 450, 'churned', false, false, 'no', 'ends', NULL, NULL, NULL, NULL, true, NULL, 'a subscription ended; subject, property reason'),
    ('refund', 460, NULL, false, false, 'no', 'none', 'refunds', NULL, NULL, NULL, true, 'consistency', 'was refunded; negative amount'),
    ('return', 470, NULL, false, false, 'no', 'none', 'refunds', NULL, NULL, NULL, true, 'consistency', 'returned goods; negative amount'),
    ('nps', 480, NULL, false, true, 'no', 'none', 'rating', 'nps', 0, 10, true, 'collaboration', 'answered how likely a recommendation is; score 0..10'),
    ('csat', 490, NULL, false, true, 'no', 'none', 'rating', 'csat', 1, 5, true, 'collaboration', 'answered how satisfied; score 1..5'),
    ('ces', 500, NULL, false, true, 'no', 'none', 'rating', 'ces', 1, 7, true, 'collaboration', 'answered how easy it was; score 1..7'),
    ('survey_sent', 510, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'was sent a survey'),
    ('ticket_opened', 520, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'opened a ticket; subject, property topic'),
    ('ticket_replied', 530, NULL, false, false, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'was replied to; subject'),
    ('ticket_resolved', 540, NULL, false, false, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'a ticket was resolved; subject'),
    ('ticket_reopened', 550, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'reopened a ticket; subject'),
    ('ticket_escalated', 560, NULL, false, true, 'no', 'none', 'ticket', NULL, NULL, NULL, true, 'care', 'escalated a ticket; subject'),
    ('self_service', 570, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'convenience', 'used self-service; properties solved, topic'),
    ('email_sent', 580, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was sent an email; campaign'),
    ('email_opened', 590, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'opened an email; campaign'),
    ('check_in', 600, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'care', 'was checked in on by someone of the house'),
    ('feedback', 610, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'gave feedback; property topic'),
    ('feedback_answered', 620, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'feedback was answered; property topic'),
    ('advisory_board', 630, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in an advisory board'),
    ('co_creation', 640, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in creating'),
    ('focus_group', 650, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'took part in a focus group'),
    ('forum_post', 660, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, 'collaboration', 'posted in a forum'),
    ('review', 670, NULL, false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'reviewed; score 1..5 (4 and more: advocacy, by stage_rule)'),
    ('testimonial', 680, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'gave a testimonial'),
    ('case_study', 690, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'took part in a case study'),
    ('referral_sent', 700, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'referred someone; subject: the referred'),
    ('referral_converted', 710, 'advocacy', false, true, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'someone referred became a customer; subject: the referred'),
    ('resource_use', 720, NULL, false, false, 'no', 'none', 'resource', NULL, NULL, NULL, false, NULL, 'resources were used; quantity, properties resource, unit, waste (share)'),
    ('experiment_exposure', 730, NULL, false, false, 'no', 'none', NULL, NULL, NULL, NULL, true, NULL, 'saw a variant of an experiment; properties experiment, variant'),
    ('trait_set', 740, NULL, false, false, 'no', 'none', 'trait', NULL, NULL, NULL, true, NULL, 'something is known about the customer; properties name, value'),
    ('consent_given', 750, NULL, false, false, 'no', 'none', 'consent', NULL, NULL, NULL, true, NULL, 'consented; property purpose'),
    ('consent_withdrawn', 760, NULL, false, false, 'no', 'none', 'consent', NULL, NULL, NULL, true, NULL, 'withdrew consent; property purpose'),
    ('stage_set', 770, NULL, false, false, 'no', 'none', 'stage', NULL, NULL, NULL, true, NULL, 'someone decided the stage; properties stage, reason, actor'),
    ('health_reading', 780, NULL, false, false, 'no', 'none', 'health', NULL, NULL, NULL, true, NULL, 'a measure of health was read; subject: the measure, score');
END;
COMMENT ON FUNCTION ledger_default_kinds() IS
  'the kinds of touchpoints that a new ledger knows, in the order in which they are folded at one instant';

CREATE FUNCTION ledger_default_rules(
  OUT rule text, OUT kind text, OUT stage text, OUT min_count integer, OUT count_days boolean,
  OUT within interval, OUT min_tenure interval, OUT min_amount numeric, OUT min_score double precision,
  OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 7
BEGIN ATOMIC
  VALUES
    ('first_login'::text, 'login'::text, 'onboarding'::text, 1, false, NULL::interval, interval '0', NULL::numeric, NULL::double precision,
     'the first login later than the payment'::text),
    ('regular_use', 'login', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('regular_use', 'feature_used', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('regular_use', 'session', 'engagement', 3, false, interval '30 days', NULL, NULL, NULL,
     'the third login, use or session within 30 days of paying'),
    ('second_purchase_day', 'purchase', 'retention', 2, true, NULL, NULL, NULL, NULL,
     'purchases on two days'),
    ('tenure', NULL, 'retention', 1, false, NULL, interval '180 days', NULL, NULL,
     'a sign of life 180 days or more after the first payment'),
    ('good_review', 'review', 'advocacy', 1, false, NULL, NULL, NULL, 4,
     'a review of 4 or more of 5');
END;
COMMENT ON FUNCTION ledger_default_rules() IS
  'the rules by which touchpoints add up to a stage in a new ledger; rows of one rule are counted together';

CREATE FUNCTION ledger_default_settings(OUT name text, OUT value text, OUT meaning text)
  RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 6
BEGIN ATOMIC
  VALUES
    ('time_zone'::text, 'UTC'::text, 'days and months are cut by the clock of this zone'::text),
    ('silence_after', '90 days', 'a customer without an open subscription or contract who is silent for longer has churned'),
    ('onboarding_lasts', '30 days', 'onboarding ends after this at the latest, for those who show signs of life'),
    ('future_tolerance', '1 day', 'a touchpoint further in the future than this can''t be used'),
    ('events', 'on', 'write event_outbox: on or off'),
    ('unusable', 'keep', 'touchpoints that can''t be used: keep them in touchpoint_rejected, or raise an error');
END;
COMMENT ON FUNCTION ledger_default_settings() IS 'the settings of a new ledger';
--
-- ledger: making one
--

CREATE FUNCTION ledger_exists(name text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN EXISTS (
    SELECT FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'touchpoint'
       AND t.tgfoid = '@extschema@.touchpoint_fold()'::pg_catalog.regprocedure);
COMMENT ON FUNCTION ledger_exists(text) IS 'is there a ledger of this name (a schema with a table touchpoint that moves customers)?';

CREATE FUNCTION ledger_require(name text) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF name IS NULL THEN
    RAISE EXCEPTION 'the name of a ledger must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NOT @extschema@.ledger_exists(name) THEN
    RAISE EXCEPTION 'ledger "%" does not exist', name
      USING ERRCODE = 'undefined_object', HINT = format('Make it with ledger_create(%L).', name);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_require(text) IS 'an error unless there is a ledger of this name';

CREATE FUNCTION ledger_key_type(name text) RETURNS regtype
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (
    SELECT a.atttypid::pg_catalog.regtype
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = name AND c.relname = 'customer' AND a.attname = 'customer_id');
COMMENT ON FUNCTION ledger_key_type(text) IS 'type of the key of customers of the ledger; NULL if there is no such ledger';

CREATE FUNCTION ledger_check_new(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF name IS NULL OR customer_key IS NULL THEN
    RAISE EXCEPTION 'name and customer_key of a ledger must not be null'
      USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF name = '' OR octet_length(name) > 63 THEN
    RAISE EXCEPTION 'invalid name of a ledger: "%"', name
      USING ERRCODE = 'invalid_name', DETAIL = 'A ledger is a schema; its name has 1 to 63 bytes.';
  END IF;
  IF customer_key NOT IN ('bigint', 'integer', 'uuid', 'text') THEN
    RAISE EXCEPTION 'customers cannot have a key of type %', customer_key
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The types of keys are bigint, integer, uuid and text.',
            HINT = 'Cast your key in ledger_track(), or use text.';
  END IF;
  IF @extschema@.ledger_exists(name) AND @extschema@.ledger_key_type(name) <> customer_key THEN
    RAISE EXCEPTION 'ledger "%" exists and its customers have a key of type %', name,
                    @extschema@.ledger_key_type(name)
      USING ERRCODE = 'duplicate_object', HINT = 'Choose another name, or that type.';
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_new(text, regtype) IS 'an error unless a ledger of this name and type of key may be made, or is there';

CREATE FUNCTION ledger_make_log(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE %1$I.touchpoint (
  touchpoint_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  customer_id %2$s,
  kind text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  channel text,
  campaign text,
  subject text,
  amount numeric(18,4),
  quantity numeric(18,4),
  score double precision,
  properties jsonb,
  source text NOT NULL DEFAULT 'direct',
  source_key text,
  UNIQUE (source, source_key)
);
CREATE INDEX touchpoint_customer_idx ON %1$I.touchpoint (customer_id, occurred_at);
COMMENT ON TABLE %1$I.touchpoint IS 'what happened: one row a touchpoint; customer and stage_history follow from it';
COMMENT ON COLUMN %1$I.touchpoint.touchpoint_id IS 'number of arrival; means nothing else';
COMMENT ON COLUMN %1$I.touchpoint.customer_id IS 'whose touchpoint; NULL: nobody''s, such as advertising spend';
COMMENT ON COLUMN %1$I.touchpoint.kind IS 'what happened: a row of touchpoint_kind';
COMMENT ON COLUMN %1$I.touchpoint.occurred_at IS 'when it happened';
COMMENT ON COLUMN %1$I.touchpoint.recorded_at IS 'when it was written here';
COMMENT ON COLUMN %1$I.touchpoint.channel IS 'direct, organic, paid_search, paid_social, social, email, referral, affiliate, influencer, pr, word_of_mouth, display, partner, event, other';
COMMENT ON COLUMN %1$I.touchpoint.campaign IS 'campaign of marketing';
COMMENT ON COLUMN %1$I.touchpoint.subject IS 'which order, ticket, subscription, opportunity, referred person';
COMMENT ON COLUMN %1$I.touchpoint.amount IS 'money; negative for refunds';
COMMENT ON COLUMN %1$I.touchpoint.quantity IS 'how many';
COMMENT ON COLUMN %1$I.touchpoint.score IS 'answer of a survey, stars of a review';
COMMENT ON COLUMN %1$I.touchpoint.properties IS 'what else belongs to it, by name';
COMMENT ON COLUMN %1$I.touchpoint.source IS 'where it comes from: the name of a track, or of who wrote it';
COMMENT ON COLUMN %1$I.touchpoint.source_key IS 'its key there: the same twice is written once';
CREATE TABLE %1$I.touchpoint_rejected (
  rejected_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  rejected_at timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL,
  customer_id text,
  kind text,
  occurred_at timestamptz,
  channel text,
  campaign text,
  subject text,
  amount numeric(18,4),
  quantity numeric(18,4),
  score double precision,
  properties jsonb,
  source text,
  source_key text
);
COMMENT ON TABLE %1$I.touchpoint_rejected IS 'touchpoints that could not be used, and why';
  $ddl$, name, customer_key);
END $$;
COMMENT ON FUNCTION ledger_make_log(text, regtype) IS 'part of ledger_create(): the log';

CREATE FUNCTION ledger_make_state(name text, customer_key regtype) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE TABLE %1$I.customer (
  customer_id %2$s PRIMARY KEY,
  stage %3$s.lifecycle_stage,
  stage_since timestamptz,
  max_stage %3$s.lifecycle_stage,
  episode integer,
  first_touch_at timestamptz,
  last_touch_at timestamptz,
  last_alive_at timestamptz,
  first_paid_at timestamptz,
  touchpoint_count bigint,
  purchase_count bigint,
  purchase_amount numeric(18,4),
  first_purchase_at timestamptz,
  last_purchase_at timestamptz,
  mrr_amount numeric(18,4),
  nps %3$s.rating_summary,
  csat %3$s.rating_summary,
  ces %3$s.rating_summary,
  last_nps_score double precision,
  last_csat_score double precision,
  last_ces_score double precision,
  channel text,
  campaign text,
  traits jsonb,
  consents jsonb,
  due_at timestamptz,
  fold_state bytea
) WITH (fillfactor = 70);
COMMENT ON TABLE %1$I.customer IS 'a customer now: follows from touchpoint, the rules and clock; write touchpoints, not here';
COMMENT ON COLUMN %1$I.customer.first_paid_at IS 'first payment ever: the cohort';
COMMENT ON COLUMN %1$I.customer.last_alive_at IS 'last sign of life';
COMMENT ON COLUMN %1$I.customer.due_at IS 'when time alone will change something next; ledger_tick() sees to it';
COMMENT ON COLUMN %1$I.customer.fold_state IS 'where the fold of the touchpoints stands; for touchpoint_fold() alone';
CREATE TABLE %1$I.stage_history (
  customer_id %2$s NOT NULL,
  seq integer NOT NULL,
  stage %3$s.lifecycle_stage NOT NULL,
  entered_at timestamptz NOT NULL,
  left_at timestamptz,
  episode integer NOT NULL,
  reason text,
  actor text,
  PRIMARY KEY (customer_id, seq),
  CHECK (left_at > entered_at)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX stage_history_open_idx ON %1$I.stage_history (customer_id) WHERE left_at IS NULL;
COMMENT ON TABLE %1$I.stage_history IS 'stays of customers in stages, without gaps: follows from touchpoint, the rules and clock';
COMMENT ON COLUMN %1$I.stage_history.left_at IS 'end of the stay, exclusive; NULL: still there';
COMMENT ON COLUMN %1$I.stage_history.episode IS '1, and one more with each return after churn';
COMMENT ON COLUMN %1$I.stage_history.reason IS 'kind of the touchpoint, silence, or the reason of a forced move';
COMMENT ON COLUMN %1$I.stage_history.actor IS 'who forced the move';
CREATE TABLE %1$I.event_outbox (
  event_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  customer_id %2$s,
  event text NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  payload jsonb NOT NULL,
  leased_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  acked_at timestamptz
);
CREATE INDEX event_outbox_todo_idx ON %1$I.event_outbox (event_id) WHERE acked_at IS NULL;
CREATE INDEX event_outbox_customer_idx ON %1$I.event_outbox (customer_id, event_id) WHERE acked_at IS NULL;
COMMENT ON TABLE %1$I.event_outbox IS 'what backends must hear, for ledger_claim_events()';
COMMENT ON COLUMN %1$I.event_outbox.event IS 'stage_changed, detractor, erased';
COMMENT ON COLUMN %1$I.event_outbox.leased_until IS 'until then it is a worker''s';
COMMENT ON COLUMN %1$I.event_outbox.acked_at IS 'when a worker was done with it; NULL: to do';
CREATE TABLE %1$I.clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  horizon timestamptz,
  ticked_at timestamptz
);
INSERT INTO %1$I.clock (only_row) VALUES (true);
COMMENT ON TABLE %1$I.clock IS 'the instant up to which ledger_tick() has let time pass, in one row';
  $ddl$, name, customer_key, '@extschema@');
END $$;
COMMENT ON FUNCTION ledger_make_state(text, regtype) IS 'part of ledger_create(): customers and their history';

CREATE FUNCTION ledger_make_rules(name text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stages text := $q$('awareness','acquisition','conversion','onboarding','engagement','retention','advocacy','churned')$q$;
BEGIN
  EXECUTE format($ddl$
CREATE TABLE %1$I.touchpoint_kind (
  kind text PRIMARY KEY,
  rank integer NOT NULL UNIQUE DEFERRABLE,
  stage text CHECK (stage IN %2$s),
  is_payment boolean NOT NULL DEFAULT false,
  alive boolean NOT NULL DEFAULT true,
  revives text NOT NULL DEFAULT 'no' CHECK (revives IN ('no', 'after_silence', 'yes')),
  subject_effect text NOT NULL DEFAULT 'none'
    CHECK (subject_effect IN ('none', 'opens', 'opens_term', 'changes', 'notice', 'ends')),
  feeds text,
  survey text CHECK (survey IN ('nps', 'csat', 'ces')),
  scale_low integer,
  scale_high integer,
  needs_customer boolean NOT NULL DEFAULT true,
  pillar text CHECK (pillar IN ('clarity', 'consistency', 'convenience', 'collaboration', 'care')),
  meaning text,
  CHECK ((survey IS NULL) = (scale_low IS NULL) AND (survey IS NULL) = (scale_high IS NULL)),
  CHECK (scale_high > scale_low AND scale_high - scale_low <= 100)
);
COMMENT ON TABLE %1$I.touchpoint_kind IS 'what can happen; add rows of your own';
COMMENT ON COLUMN %1$I.touchpoint_kind.rank IS 'order of touchpoints at one instant';
COMMENT ON COLUMN %1$I.touchpoint_kind.stage IS 'the stage that it is evidence for';
COMMENT ON COLUMN %1$I.touchpoint_kind.is_payment IS 'opens the gate to the stages of customers';
COMMENT ON COLUMN %1$I.touchpoint_kind.alive IS 'a sign of life';
COMMENT ON COLUMN %1$I.touchpoint_kind.revives IS 'brings a churned customer back: no, after_silence, yes';
COMMENT ON COLUMN %1$I.touchpoint_kind.subject_effect IS 'what it does to its subscription or contract: opens, opens_term (only with property until), changes, notice, ends';
COMMENT ON COLUMN %1$I.touchpoint_kind.feeds IS 'what its amount or score feeds: purchases, refunds, mrr, rating, ticket, spend, trait, consent, stage, health, resource';
COMMENT ON COLUMN %1$I.touchpoint_kind.survey IS 'the survey that it answers, on the scale of scale_low to scale_high';
COMMENT ON COLUMN %1$I.touchpoint_kind.needs_customer IS 'is of no use without a customer';
COMMENT ON COLUMN %1$I.touchpoint_kind.pillar IS 'the pillar of the relationship that it speaks about';
INSERT INTO %1$I.touchpoint_kind (kind, rank, stage, is_payment, alive, revives, subject_effect, feeds,
  survey, scale_low, scale_high, needs_customer, pillar, meaning)
  SELECT kind, rank, stage, is_payment, alive, revives, subject_effect, feeds,
         survey, scale_low, scale_high, needs_customer, pillar, meaning
    FROM %3$s.ledger_default_kinds();
CREATE TABLE %1$I.stage_rule (
  rule text NOT NULL,
  kind text,
  stage text NOT NULL CHECK (stage IN %2$s),
  min_count integer NOT NULL DEFAULT 1 CHECK (min_count > 0),
  count_days boolean NOT NULL DEFAULT false,
  within interval,
  min_tenure interval,
  min_amount numeric(18,4),
  min_score double precision,
  meaning text,
  UNIQUE NULLS NOT DISTINCT (rule, kind)
);
COMMENT ON TABLE %1$I.stage_rule IS 'how touchpoints add up to a stage, within an episode; rows of one rule are counted together';
COMMENT ON COLUMN %1$I.stage_rule.kind IS 'what is counted; NULL: any sign of life';
COMMENT ON COLUMN %1$I.stage_rule.min_count IS 'so many are needed';
COMMENT ON COLUMN %1$I.stage_rule.count_days IS 'count days, not touchpoints';
COMMENT ON COLUMN %1$I.stage_rule.within IS 'counted this long after the first payment';
COMMENT ON COLUMN %1$I.stage_rule.min_tenure IS 'counted from this long after the first payment on; 0: from the payment on';
INSERT INTO %1$I.stage_rule (rule, kind, stage, min_count, count_days, within, min_tenure, min_amount, min_score, meaning)
  SELECT rule, kind, stage, min_count, count_days, within, min_tenure, min_amount, min_score, meaning
    FROM %3$s.ledger_default_rules();
CREATE TABLE %1$I.setting (
  name text PRIMARY KEY,
  value text NOT NULL,
  meaning text,
  CHECK (name <> 'unusable' OR value IN ('keep', 'error')),
  CHECK (name <> 'events' OR value IN ('on', 'off')),
  CHECK (name NOT IN ('silence_after', 'onboarding_lasts', 'future_tolerance') OR value::interval > '0')
);
COMMENT ON TABLE %1$I.setting IS 'settings of the ledger';
INSERT INTO %1$I.setting SELECT * FROM %3$s.ledger_default_settings();
CREATE TABLE %1$I.tracked_source (
  track text PRIMARY KEY,
  source_table regclass NOT NULL,
  arguments text[] NOT NULL,
  tracked_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE %1$I.backfill (
  track text NOT NULL,
  source_part regclass NOT NULL,
  next_page bigint NOT NULL DEFAULT 0,
  page_count bigint NOT NULL,
  touchpoint_count bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz,
  PRIMARY KEY (track, source_part)
);
COMMENT ON TABLE %1$I.backfill IS 'how far ledger_backfill() is, by track and table; delete a row to start anew';
COMMENT ON TABLE %1$I.tracked_source IS 'the tables whose triggers may write into the ledger; see ledger_track()';
COMMENT ON COLUMN %1$I.tracked_source.arguments IS 'arguments of the trigger; a trigger with others is refused';
  $ddl$, name, stages, '@extschema@');
END $$;
COMMENT ON FUNCTION ledger_make_rules(text) IS 'part of ledger_create(): kinds, rules, settings, sources';

CREATE FUNCTION ledger_make_triggers(name text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  config text;
BEGIN
  EXECUTE format($ddl$
CREATE TRIGGER touchpoint_inserted AFTER INSERT ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE TRIGGER touchpoint_updated AFTER UPDATE ON %1$I.touchpoint
  REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE TRIGGER touchpoint_deleted AFTER DELETE ON %1$I.touchpoint
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
CREATE TRIGGER touchpoint_truncated AFTER TRUNCATE ON %1$I.touchpoint
  FOR EACH STATEMENT EXECUTE FUNCTION %2$s.touchpoint_fold();
  $ddl$, name, '@extschema@');
  FOREACH config IN ARRAY '{touchpoint_kind,stage_rule,setting,tracked_source}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER rules_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I.%I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %s.ledger_rules_changed()',
                   name, config, '@extschema@');
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_triggers(text) IS 'part of ledger_create(): the triggers of its tables';

CREATE FUNCTION ledger_create(name text, customer_key regtype DEFAULT 'bigint') RETURNS regnamespace
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_check_new(name, customer_key);
  IF NOT @extschema@.ledger_exists(name) THEN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', name);
    PERFORM @extschema@.ledger_make_log(name, customer_key);
    PERFORM @extschema@.ledger_make_state(name, customer_key);
    PERFORM @extschema@.ledger_make_rules(name);
    PERFORM @extschema@.ledger_make_triggers(name);
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      RAISE WARNING 'ledger "%" is owned by the superuser "%"', name, current_user
        USING HINT = 'Its triggers act as its owner: let a role without other rights own a ledger.';
    END IF;
  END IF;
  PERFORM @extschema@.ledger_make_views(name);
  RETURN quote_ident(name)::regnamespace;
END $$;
COMMENT ON FUNCTION ledger_create(text, regtype) IS
  'make a ledger: a schema of tables and views that the caller owns; one that is there is left as it is, but for its views';
--
-- ledger: feeding it from tables
--

CREATE FUNCTION ledger_column_or_expression(source_table regclass, given text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CASE WHEN EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = source_table AND a.attname = given AND a.attnum > 0 AND NOT a.attisdropped)
    THEN pg_catalog.quote_ident(given) ELSE given END;
COMMENT ON FUNCTION ledger_column_or_expression(regclass, text) IS
  'what was given, quoted as a name if it is exactly the name of a column of the table';

CREATE FUNCTION ledger_primary_key(source_table regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (
    SELECT CASE pg_catalog.count(*)
             WHEN 0 THEN NULL
             WHEN 1 THEN pg_catalog.format('%s::text', pg_catalog.min(pg_catalog.quote_ident(a.attname)))
             ELSE pg_catalog.format('ROW(%s)::text', pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.n))
           END
      FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, n)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = source_table AND i.indisprimary);
COMMENT ON FUNCTION ledger_primary_key(regclass) IS 'an expression that gives the primary key of a row of the table as text; NULL if it has none';

CREATE FUNCTION ledger_check_source(source_table regclass) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation_kind "char";
BEGIN
  IF source_table IS NULL THEN
    RAISE EXCEPTION 'source_table must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  SELECT relkind INTO relation_kind FROM pg_class WHERE oid = source_table;
  IF relation_kind IS NULL OR relation_kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION '"%" is not a table', source_table
      USING ERRCODE = 'wrong_object_type',
            HINT = 'Only tables, partitioned ones included, have triggers that see the rows of a statement.';
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_source(regclass) IS 'an error unless this is a table that can be tracked';

CREATE FUNCTION ledger_check_kind(ledger text, kind text, kind_from text) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  known boolean;
BEGIN
  IF (kind IS NULL) = (kind_from IS NULL) THEN
    RAISE EXCEPTION 'exactly one of kind and kind_from must be given'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'kind is the name of a kind, such as ''purchase''; kind_from is a column or an expression that gives it.';
  END IF;
  IF kind IS NOT NULL THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.touchpoint_kind k WHERE k.kind = $1)', ledger)
      INTO known USING kind;
    IF NOT known THEN
      RAISE EXCEPTION 'ledger "%" knows no kind of touchpoint "%"', ledger, kind
        USING ERRCODE = 'invalid_parameter_value',
              HINT = format('Kinds are the rows of %I.touchpoint_kind; add one of your own.', ledger);
    END IF;
  END IF;
END $$;
COMMENT ON FUNCTION ledger_check_kind(text, text, text) IS 'an error unless one of both is given, and the kind is known';

CREATE FUNCTION ledger_track_arguments(
  ledger text, source_table regclass, words text[], given text[], types regtype[]
) RETURNS text[]
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text[] := '{}';
  expression text;
BEGIN
  FOR i IN 1 .. cardinality(words) LOOP
    CONTINUE WHEN given[i] IS NULL;
    expression := given[i];
    IF types[i] IS NOT NULL THEN
      expression := @extschema@.ledger_column_or_expression(source_table, expression);
      PERFORM @extschema@.ledger_check_expression(words[i], expression, source_table, types[i]);
    END IF;
    arguments := arguments || (words[i] || '=' || expression);
  END LOOP;
  RETURN arguments;
END $$;
COMMENT ON FUNCTION ledger_track_arguments(text, regclass, text[], text[], regtype[]) IS
  'part of ledger_track(): word=expression for what was given, each checked';

CREATE FUNCTION ledger_trigger_name(ledger text, track text, event text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN pg_catalog.format('touchpoint_%s_%s', pg_catalog.lower(event),
    pg_catalog.substr(pg_catalog.md5(pg_catalog.quote_ident(ledger) OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(track)), 1, 12));
COMMENT ON FUNCTION ledger_trigger_name(text, text, text) IS 'name of the trigger that feeds a track from one kind of event';

CREATE FUNCTION ledger_drop_triggers(ledger text, track text, source_table regclass) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  event text;
  name text;
BEGIN
  FOREACH event IN ARRAY '{insert,update,delete}'::text[] LOOP
    name := @extschema@.ledger_trigger_name(ledger, track, event);
    IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = source_table AND t.tgname = name) THEN
      EXECUTE format('DROP TRIGGER %I ON %s', name, source_table);
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_drop_triggers(text, text, regclass) IS 'part of ledger_track() and ledger_untrack(): no triggers of the track any more';

CREATE FUNCTION ledger_make_source_triggers(
  ledger text, track text, source_table regclass, arguments text[], with_key boolean
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  events text[] := CASE WHEN with_key THEN '{insert,update,delete}' ELSE '{insert}' END;
  event text;
  quoted text;
BEGIN
  SELECT string_agg(quote_literal(a.argument), ', ' ORDER BY a.n) INTO quoted
    FROM unnest(ledger || arguments) WITH ORDINALITY AS a (argument, n);
  FOREACH event IN ARRAY events LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING%s%s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION %s.touchpoint_capture(%s)',
                   @extschema@.ledger_trigger_name(ledger, track, event), event, source_table,
                   CASE WHEN event <> 'delete' THEN ' NEW TABLE AS new_rows' END,
                   CASE WHEN event <> 'insert' THEN ' OLD TABLE AS old_rows' END,
                   '@extschema@', quoted);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_source_triggers(text, text, regclass, text[], boolean) IS 'part of ledger_track(): the triggers of the track';

CREATE FUNCTION ledger_track(
  ledger text,
  source_table regclass,
  kind text DEFAULT NULL,
  customer text DEFAULT NULL,
  occurred_at text DEFAULT NULL,
  amount text DEFAULT NULL,
  track text DEFAULT NULL,
  kind_from text DEFAULT NULL,
  score text DEFAULT NULL,
  subject text DEFAULT NULL,
  channel text DEFAULT NULL,
  campaign text DEFAULT NULL,
  quantity text DEFAULT NULL,
  source_key text DEFAULT NULL,
  properties text DEFAULT NULL,
  only_when text DEFAULT NULL
) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key_expression text;
  arguments text[];
  old_table regclass;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  PERFORM @extschema@.ledger_check_source(source_table);
  PERFORM @extschema@.ledger_check_kind(ledger, kind, kind_from);
  IF customer IS NULL OR occurred_at IS NULL THEN
    RAISE EXCEPTION 'customer and occurred_at must be given'
      USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Each is a column or an expression over a row; occurred_at => ''now()'' is the instant of the statement, customer => ''NULL'' nobody.';
  END IF;
  track := coalesce(track, source_table::text);
  key_expression := coalesce(source_key, @extschema@.ledger_primary_key(source_table));
  arguments := @extschema@.ledger_track_arguments(ledger, source_table,
    ARRAY['track', 'kind', 'kind_from', 'customer', 'occurred_at', 'amount', 'score', 'subject',
          'channel', 'campaign', 'quantity', 'source_key', 'properties', 'only_when'],
    ARRAY[track, kind, kind_from, customer, occurred_at, amount, score, subject,
          channel, campaign, quantity, key_expression, properties, only_when],
    ARRAY[NULL, NULL, 'text', @extschema@.ledger_key_type(ledger), 'timestamptz', 'numeric', 'float8', 'text',
          'text', 'text', 'numeric', 'text', 'jsonb', 'boolean']::regtype[]);
  EXECUTE format('SELECT s.source_table FROM %I.tracked_source s WHERE s.track = $1', ledger)
    INTO old_table USING track;
  IF old_table <> source_table THEN
    RAISE EXCEPTION 'ledger "%" has a track "%" of table "%"', ledger, track, old_table
      USING ERRCODE = 'duplicate_object', HINT = 'Give this one another name: track => ''...''.';
  END IF;
  PERFORM @extschema@.ledger_drop_triggers(ledger, track, source_table);
  PERFORM @extschema@.ledger_make_source_triggers(ledger, track, source_table, arguments,
                                                  key_expression IS NOT NULL);
  EXECUTE format('INSERT INTO %I.tracked_source AS s (track, source_table, arguments) VALUES ($1, $2, $3) '
                 'ON CONFLICT (track) DO UPDATE SET arguments = excluded.arguments', ledger)
    USING track, source_table, arguments;
  IF key_expression IS NULL THEN
    RAISE NOTICE 'table "%" has no primary key: only its inserts are tracked', source_table
      USING HINT = 'Give source_key, and updates and deletes correct the ledger too.';
  END IF;
  RETURN track;
END $$;
COMMENT ON FUNCTION ledger_track(text, regclass, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
  'from now on the rows of the table are touchpoints of the ledger: each argument is a column or an SQL expression over a row, but kind and track, which are names; returns the name of the track';

CREATE FUNCTION ledger_trigger_arguments(source_table regclass, trigger_name text) RETURNS text[]
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rest bytea;
  arguments text[] := '{}';
BEGIN
  SELECT t.tgargs INTO rest FROM pg_trigger t
   WHERE t.tgrelid = source_table AND t.tgname = trigger_name
     AND t.tgfoid = '@extschema@.touchpoint_capture()'::regprocedure;
  IF rest IS NULL THEN
    RAISE EXCEPTION 'table "%" has no trigger "%" that executes touchpoint_capture()', source_table, trigger_name
      USING ERRCODE = 'undefined_object';
  END IF;
  WHILE position('\x00'::bytea IN rest) > 0 LOOP
    arguments := arguments || convert_from(substring(rest FROM 1 FOR position('\x00'::bytea IN rest) - 1), getdatabaseencoding());
    rest := substring(rest FROM position('\x00'::bytea IN rest) + 1);
  END LOOP;
  RETURN arguments;
END $$;
COMMENT ON FUNCTION ledger_trigger_arguments(regclass, text) IS 'the arguments of a trigger that executes touchpoint_capture()';

CREATE FUNCTION ledger_register(ledger text, source_table regclass, trigger_name text) RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text[];
  track text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  arguments := @extschema@.ledger_trigger_arguments(source_table, trigger_name);
  IF arguments[1] IS DISTINCT FROM ledger THEN
    RAISE EXCEPTION 'trigger "%" of table "%" is for ledger "%"', trigger_name, source_table, arguments[1]
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT substr(a, 7) INTO track FROM unnest(arguments) a WHERE a LIKE 'track=%';
  IF track IS NULL THEN
    RAISE EXCEPTION 'trigger "%" of table "%" has no argument "track"', trigger_name, source_table
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The track is the name that its touchpoints have as source.';
  END IF;
  EXECUTE format('INSERT INTO %I.tracked_source AS s (track, source_table, arguments) VALUES ($1, $2, $3) '
                 'ON CONFLICT (track) DO UPDATE SET source_table = excluded.source_table, arguments = excluded.arguments', ledger)
    USING track, source_table, arguments[2:];
  RETURN track;
END $$;
COMMENT ON FUNCTION ledger_register(text, regclass, text) IS
  'let a trigger that someone made by hand write into the ledger, with exactly the arguments that it has now; returns the name of the track';

CREATE FUNCTION ledger_untrack(ledger text, track text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source_table regclass;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('DELETE FROM %I.tracked_source s WHERE s.track = $1 RETURNING s.source_table', ledger)
    INTO source_table USING track;
  IF source_table IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no track "%"', ledger, track
      USING ERRCODE = 'undefined_object', HINT = format('Tracks are the rows of %I.tracked_source.', ledger);
  END IF;
  PERFORM @extschema@.ledger_drop_triggers(ledger, track, source_table);
END $$;
COMMENT ON FUNCTION ledger_untrack(text, text) IS
  'the table feeds the ledger no more; its touchpoints stay';
--
-- ledger: time
--

CREATE FUNCTION ledger_tick(ledger text, as_of timestamptz DEFAULT now()) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_tick(text, timestamptz) IS
  'lets time pass up to as_of: silent customers churn, contracts end, onboarding is over, each when it fell due; the number of customers for whom something did';

--
-- ledger: is the state what the log says?
--

CREATE FUNCTION ledger_check(
  ledger text, OUT customer_id text, OUT problem text, OUT stage text, OUT right_stage text
) RETURNS SETOF record
  LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_check(text) IS
  'the customers whose state or history is not what their touchpoints give: drift, rules have changed, time has passed, missing, without touchpoints; none: all is well';

CREATE FUNCTION ledger_rebuild(ledger text) RETURNS bigint
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_rebuild(text) IS
  'folds all customers anew from their touchpoints, by the rules as they are now, locking them until the end of the transaction; the number of customers';
--
-- ledger: feeding it from code, and with what is there already
--

CREATE FUNCTION ledger_touch(
  ledger text, customer text, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  written bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('INSERT INTO %I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, '
                 'campaign, quantity, properties, source, source_key) '
                 'VALUES ($1::%s, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING',
                 ledger, @extschema@.ledger_key_type(ledger))
    USING customer, kind, occurred_at, amount, score, subject, channel, campaign, quantity, properties, source, source_key;
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written > 0;
END $$;
COMMENT ON FUNCTION ledger_touch(text, text, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

CREATE FUNCTION ledger_touch(
  ledger text, customer bigint, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE sql
  RETURN @extschema@.ledger_touch(ledger, customer::text, kind, occurred_at, amount, score, subject,
    channel, campaign, quantity, properties, source, source_key);
COMMENT ON FUNCTION ledger_touch(text, bigint, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

CREATE FUNCTION ledger_touch(
  ledger text, customer uuid, kind text, occurred_at timestamptz DEFAULT now(),
  amount numeric DEFAULT NULL, score double precision DEFAULT NULL, subject text DEFAULT NULL,
  channel text DEFAULT NULL, campaign text DEFAULT NULL, quantity numeric DEFAULT NULL,
  properties jsonb DEFAULT NULL, source text DEFAULT 'direct', source_key text DEFAULT NULL
) RETURNS boolean
  LANGUAGE sql
  RETURN @extschema@.ledger_touch(ledger, customer::text, kind, occurred_at, amount, score, subject,
    channel, campaign, quantity, properties, source, source_key);
COMMENT ON FUNCTION ledger_touch(text, uuid, text, timestamptz, numeric, double precision, text, text, text, numeric, jsonb, text, text) IS
  'writes a touchpoint; the same source and source_key again changes nothing and gives false';

-- the words of Segment's specification for what has a kind here

CREATE FUNCTION ledger_segment_kind(message jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE
    WHEN message ->> 'type' IN ('page', 'screen') THEN 'page_view'
    WHEN message ->> 'type' = 'track' THEN
      CASE pg_catalog.lower(message ->> 'event')
        WHEN 'order completed' THEN 'purchase'
        WHEN 'order refunded' THEN 'refund'
        WHEN 'product viewed' THEN 'product_view'
        WHEN 'product added' THEN 'add_to_cart'
        WHEN 'checkout started' THEN 'checkout'
        WHEN 'signed up' THEN 'signup'
        WHEN 'signed in' THEN 'login'
        WHEN 'trial started' THEN 'trial_started'
        WHEN 'email opened' THEN 'email_opened'
        WHEN 'email link clicked' THEN 'email_clicked'
        WHEN 'product reviewed' THEN 'review'
        ELSE pg_catalog.replace(pg_catalog.lower(message ->> 'event'), ' ', '_')
      END
  END;
COMMENT ON FUNCTION ledger_segment_kind(jsonb) IS
  'the kind of touchpoint that a message of Segment''s form (track, page, screen) means; NULL for other messages';

CREATE FUNCTION ledger_touch(ledger text, message jsonb) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customer text := coalesce(message ->> 'userId', message ->> 'anonymousId');
  occurred_at timestamptz := coalesce((message ->> 'timestamp')::timestamptz, now());
  properties jsonb := message -> 'properties';
  written boolean := false;
  trait record;
BEGIN
  IF message ->> 'type' = 'identify' THEN
    FOR trait IN SELECT key, value FROM jsonb_each(message -> 'traits') LOOP
      written := @extschema@.ledger_touch(ledger, customer, 'trait_set', occurred_at,
        properties => jsonb_build_object('name', trait.key, 'value', trait.value), source => 'segment',
        source_key => (message ->> 'messageId') || ' ' || trait.key) OR written;
    END LOOP;
    RETURN written;
  END IF;
  IF @extschema@.ledger_segment_kind(message) IS NULL THEN
    RAISE EXCEPTION 'message is not of type track, page, screen or identify'
      USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Its type is "%s".', message ->> 'type');
  END IF;
  RETURN @extschema@.ledger_touch(ledger, customer, @extschema@.ledger_segment_kind(message), occurred_at,
    amount => coalesce(properties ->> 'revenue', properties ->> 'total', properties ->> 'value')::numeric,
    score => coalesce(properties ->> 'score', properties ->> 'rating')::double precision,
    subject => coalesce(properties ->> 'subject', properties ->> 'order_id'),
    channel => coalesce(properties ->> 'channel', message #>> '{context,campaign,medium}'),
    campaign => message #>> '{context,campaign,name}',
    quantity => (properties ->> 'quantity')::numeric,
    properties => properties, source => 'segment', source_key => message ->> 'messageId');
END $$;
COMMENT ON FUNCTION ledger_touch(text, jsonb) IS
  'writes a message of Segment''s form (track, page, screen, identify); the same messageId again changes nothing and gives false';

-- forced moves

CREATE FUNCTION ledger_set_stage(
  ledger text, customer text, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF customer IS NULL OR stage IS NULL OR coalesce(reason, '') = '' THEN
    RAISE EXCEPTION 'customer, stage and reason must be given'
      USING ERRCODE = 'null_value_not_allowed', HINT = 'A forced move is part of the story: say why.';
  END IF;
  PERFORM @extschema@.ledger_touch(ledger, customer, 'stage_set', occurred_at,
    properties => jsonb_build_object('stage', stage, 'reason', reason, 'actor', session_user));
END $$;
COMMENT ON FUNCTION ledger_set_stage(text, text, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
CREATE FUNCTION ledger_set_stage(
  ledger text, customer bigint, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_stage(ledger, customer::text, stage, reason, occurred_at);
COMMENT ON FUNCTION ledger_set_stage(text, bigint, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';
CREATE FUNCTION ledger_set_stage(
  ledger text, customer uuid, stage lifecycle_stage, reason text, occurred_at timestamptz DEFAULT now()
) RETURNS void
  LANGUAGE sql
  RETURN @extschema@.ledger_set_stage(ledger, customer::text, stage, reason, occurred_at);
COMMENT ON FUNCTION ledger_set_stage(text, uuid, lifecycle_stage, text, timestamptz) IS
  'moves a customer to a stage, backwards too, as a touchpoint that keeps the reason and who did it';

-- rows that were there before the track

CREATE FUNCTION ledger_outside_block(what text) RETURNS void
  LANGUAGE C STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ledger_outside_block(text) IS 'an error within a transaction block';

CREATE FUNCTION ledger_word(arguments text[], word text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (SELECT pg_catalog.substr(a, pg_catalog.length(word) + 2) FROM pg_catalog.unnest(arguments) AS a
           WHERE pg_catalog.starts_with(a, word || '='));
COMMENT ON FUNCTION ledger_word(text[], text) IS 'what the arguments of a trigger say for a word: the text after word=; NULL if they do not say it';

CREATE FUNCTION ledger_backfill_query(ledger text, source_part regclass, arguments text[], source_table regclass) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  word text;
  columns text[] := '{}';
  expression text;
BEGIN
  FOREACH word IN ARRAY '{customer,kind,occurred_at,amount,score,subject,channel,campaign,quantity,source_key,properties}'::text[] LOOP
    expression := @extschema@.ledger_word(arguments, word);
    IF word = 'kind' THEN
      expression := coalesce(quote_literal(expression), @extschema@.ledger_word(arguments, 'kind_from'));
    END IF;
    columns := columns || format(E'(%s\n)::%s AS %I', coalesce(expression, 'NULL'),
      CASE word WHEN 'customer' THEN @extschema@.ledger_key_type(ledger)::text WHEN 'occurred_at' THEN 'pg_catalog.timestamptz'
                WHEN 'amount' THEN 'pg_catalog.numeric' WHEN 'quantity' THEN 'pg_catalog.numeric'
                WHEN 'score' THEN 'pg_catalog.float8' WHEN 'properties' THEN 'pg_catalog.jsonb' ELSE 'pg_catalog.text' END,
      CASE word WHEN 'customer' THEN 'customer_id' ELSE word END);
  END LOOP;
  -- rows are kept from being deleted until the batch has committed, so that their deletion is seen
  RETURN format($sql$
    WITH rows AS MATERIALIZED (
      SELECT %1$s FROM %2$s AS %3$I
       WHERE %3$I.ctid >= pg_catalog.format('(%%s,0)', $1)::pg_catalog.tid
         AND %3$I.ctid < pg_catalog.format('(%%s,0)', $2)::pg_catalog.tid AND (%4$s
) FOR KEY SHARE
    ), rejected AS (
      INSERT INTO %5$I.touchpoint_rejected (reason, customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
      SELECT CASE WHEN r.kind IS NULL THEN 'no kind' ELSE 'no instant' END, r.customer_id::pg_catalog.text, r.kind, r.occurred_at, r.amount, r.score,
             r.subject, r.channel, r.campaign, r.quantity, r.source_key, r.properties, $3
        FROM rows r WHERE r.kind IS NULL OR r.occurred_at IS NULL)
    INSERT INTO %5$I.touchpoint (customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity, source_key, properties, source)
    SELECT r.customer_id, r.kind, r.occurred_at, r.amount, r.score, r.subject, r.channel, r.campaign, r.quantity, r.source_key, r.properties, $3
      FROM rows r WHERE r.kind IS NOT NULL AND r.occurred_at IS NOT NULL
    ON CONFLICT DO NOTHING
  $sql$, array_to_string(columns, ', '), source_part, (SELECT relname FROM pg_class WHERE oid = source_table),
    coalesce(@extschema@.ledger_word(arguments, 'only_when'), 'true'), ledger);
END $$;
COMMENT ON FUNCTION ledger_backfill_query(text, regclass, text[], regclass) IS
  'part of ledger_backfill(): the statement that takes the rows of some pages of a table ($1 to $2) into the log, for a track ($3)';

CREATE FUNCTION ledger_backfill_batch(
  ledger text, track text, source_part regclass, first_page bigint, last_page bigint
) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET datestyle = 'ISO, YMD'
AS $$
DECLARE
  source record;
  written bigint;
BEGIN
  EXECUTE format('SELECT s.arguments, s.source_table, (SELECT value FROM %1$I.setting WHERE name = ''time_zone'') AS time_zone '
                 'FROM %1$I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  PERFORM set_config('TimeZone', source.time_zone, true);
  EXECUTE @extschema@.ledger_backfill_query(ledger, source_part, source.arguments, source.source_table)
    USING first_page, last_page, track;
  GET DIAGNOSTICS written = ROW_COUNT;
  EXECUTE format('UPDATE %I.backfill b SET next_page = $3, touchpoint_count = b.touchpoint_count + $4, updated_at = clock_timestamp() '
                 'WHERE b.track = $1 AND b.source_part = $2', ledger)
    USING track, source_part, last_page, written;
  RETURN written;
END $$;
COMMENT ON FUNCTION ledger_backfill_batch(text, text, regclass, bigint, bigint) IS
  'part of ledger_backfill(): takes the rows of some pages, and notes that it is done';

CREATE FUNCTION ledger_backfill_start(ledger text, track text) RETURNS SETOF regclass
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source record;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT s.arguments, s.source_table FROM %I.tracked_source s WHERE s.track = $1', ledger)
    INTO source USING track;
  IF source.source_table IS NULL THEN
    RAISE EXCEPTION 'ledger "%" has no track "%"', ledger, track
      USING ERRCODE = 'undefined_object', HINT = 'Track the table first: what is written meanwhile is then not missed.';
  END IF;
  IF @extschema@.ledger_word(source.arguments, 'source_key') IS NULL THEN
    RAISE EXCEPTION 'track "%" has no source_key', track
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Without a key a row could be written twice: give source_key to ledger_track().';
  END IF;
  EXECUTE format('INSERT INTO %I.backfill (track, source_part, page_count) '
                 'SELECT $1, p.relid, pg_relation_size(p.relid) / current_setting(''block_size'')::bigint '
                 '  FROM (SELECT relid FROM pg_partition_tree($2) WHERE isleaf UNION SELECT $2 WHERE NOT EXISTS (SELECT FROM pg_partition_tree($2))) p '
                 'ON CONFLICT DO NOTHING', ledger)
    USING track, source.source_table;
  RETURN QUERY EXECUTE format('SELECT b.source_part FROM %I.backfill b WHERE b.track = $1 AND b.next_page < b.page_count ORDER BY b.source_part', ledger)
    USING track;
END $$;
COMMENT ON FUNCTION ledger_backfill_start(text, text) IS
  'part of ledger_backfill(): notes which tables (partitions) have how many pages; those that are not done';

-- No SET clause: a procedure that has one cannot commit.
CREATE PROCEDURE ledger_backfill(ledger text, track text, batch integer DEFAULT 50000)
  LANGUAGE plpgsql
AS $$
DECLARE
  parts regclass[];
  part regclass;
  page bigint;
  pages bigint;
  step bigint;
  started timestamptz := pg_catalog.clock_timestamp();
  total bigint := 0;
  first_page bigint;
BEGIN
  PERFORM @extschema@.ledger_outside_block('CALL ledger_backfill()');
  IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
    RAISE EXCEPTION 'batch must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  parts := ARRAY(SELECT @extschema@.ledger_backfill_start(ledger, track));
  COMMIT;
  FOREACH part IN ARRAY parts LOOP
    EXECUTE pg_catalog.format('SELECT b.next_page, b.page_count FROM %I.backfill b WHERE b.track OPERATOR(pg_catalog.=) $1 AND b.source_part OPERATOR(pg_catalog.=) $2', ledger)
      INTO page, pages USING track, part;
    first_page := page;
    SELECT greatest(1, (batch OPERATOR(pg_catalog./) greatest(1, c.reltuples OPERATOR(pg_catalog./) greatest(c.relpages, 1)))::bigint)
      INTO step FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) part;
    WHILE page OPERATOR(pg_catalog.<) pages LOOP
      total := total OPERATOR(pg_catalog.+) @extschema@.ledger_backfill_batch(ledger, track, part, page, page OPERATOR(pg_catalog.+) step);
      page := page OPERATOR(pg_catalog.+) step;
      COMMIT;
      RAISE NOTICE '%', @extschema@.ledger_progress(part, first_page, page, pages, total, started);
    END LOOP;
  END LOOP;
END $$;
COMMENT ON PROCEDURE ledger_backfill(text, text, integer) IS
  'takes the rows that a tracked table has already into the ledger, in batches that commit; goes on where it was left; what is written meanwhile is neither missed nor doubled';

CREATE FUNCTION ledger_progress(
  part regclass, first_page bigint, page bigint, pages bigint, total bigint, started timestamptz
) RETURNS text
  LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  RETURN format('%s: %s %%, %s touchpoints, %s a second, %s left', part, least(100, 100 * page / greatest(pages, 1)), total,
    round(total / greatest(extract(epoch FROM clock_timestamp() - started), 0.001)),
    date_trunc('second', (clock_timestamp() - started) * greatest(pages - page, 0) / greatest(page - first_page, 1)));
COMMENT ON FUNCTION ledger_progress(regclass, bigint, bigint, bigint, bigint, timestamptz) IS 'part of ledger_backfill(): how far it is';
--
-- ledger: what a backend must hear
--

CREATE FUNCTION ledger_claim_events(ledger text, n integer DEFAULT 100, lease interval DEFAULT '1 minute')
  RETURNS TABLE (event_id bigint, customer_id text, event text, occurred_at timestamptz, payload jsonb, attempts integer)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF n < 1 OR lease <= '0' THEN
    RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- the oldest event of each customer alone, or two workers would lose their order
  RETURN QUERY EXECUTE format($sql$
    WITH next AS (
      SELECT o.event_id FROM %1$I.event_outbox o
       WHERE o.acked_at IS NULL AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp())
         AND NOT EXISTS (SELECT FROM %1$I.event_outbox p
                          WHERE p.customer_id = o.customer_id AND p.acked_at IS NULL AND p.event_id < o.event_id)
       ORDER BY o.event_id LIMIT $1 FOR UPDATE OF o SKIP LOCKED
    ), claimed AS (
      UPDATE %1$I.event_outbox e SET leased_until = clock_timestamp() + $2, attempts = e.attempts + 1
        FROM next WHERE e.event_id = next.event_id
      RETURNING e.event_id, e.customer_id::text, e.event, e.occurred_at, e.payload, e.attempts
    )
    SELECT * FROM claimed c ORDER BY c.event_id
  $sql$, ledger) USING n, lease;
END $$;
COMMENT ON FUNCTION ledger_claim_events(text, integer, interval) IS
  'up to n events for a worker, the oldest of each customer, for the time of the lease: acknowledge them with ledger_ack_events(), or another worker gets them';

CREATE FUNCTION ledger_ack_events(ledger text, VARIADIC event_ids bigint[]) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('UPDATE %I.event_outbox e SET acked_at = now() WHERE e.event_id = ANY ($1) AND e.acked_at IS NULL', ledger)
    USING event_ids;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_ack_events(text, bigint[]) IS 'these events are done with; how many had not been';

CREATE FUNCTION ledger_purge_events(ledger text, older_than interval DEFAULT '30 days') RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('DELETE FROM %I.event_outbox e WHERE e.acked_at < now() - $1', ledger) USING older_than;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_purge_events(text, interval) IS 'forgets events that were acknowledged longer ago; how many';
--
-- ledger: rights, people, and the end of a ledger
--

CREATE FUNCTION ledger_grant(ledger text, role regrole, level text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation record;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  IF level IS NULL OR level NOT IN ('read', 'write', 'admin') THEN
    RAISE EXCEPTION 'level "%" is not known', level
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Levels are read, write and admin.';
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', ledger, role);
  FOR relation IN SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = ledger AND c.relkind IN ('r', 'p', 'v', 'm') LOOP
    EXECUTE format('GRANT %s ON %I.%I TO %s', CASE WHEN level = 'admin' THEN 'ALL' ELSE 'SELECT' END, ledger, relation.relname, role);
  END LOOP;
  -- makes keys visible in information_schema; not on the key itself: who may refer to it may block deletes
  EXECUTE format('GRANT REFERENCES (stage) ON %I.customer TO %s', ledger, role);
  EXECUTE format('GRANT REFERENCES (recorded_at) ON %I.touchpoint TO %s', ledger, role);
  IF level = 'write' THEN
    EXECUTE format('GRANT INSERT ON %I.touchpoint TO %s', ledger, role);
    EXECUTE format('GRANT UPDATE (leased_until, attempts, acked_at) ON %I.event_outbox TO %s', ledger, role);
  END IF;
END $$;
COMMENT ON FUNCTION ledger_grant(text, regrole, text) IS
  'read: see everything; write: also write touchpoints and work off events; admin: everything';

CREATE FUNCTION ledger_erase(ledger text, customer text, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  key_type regtype;
  n bigint;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  key_type := @extschema@.ledger_key_type(ledger);
  IF mode IS NULL OR mode NOT IN ('anonymise', 'delete') THEN
    RAISE EXCEPTION 'mode "%" is not known', mode
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Modes are anonymise, which keeps the statistics, and delete.';
  END IF;
  IF customer IS NULL THEN
    RAISE EXCEPTION 'customer must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  -- nobody else may have the customer's row while the log is changed
  EXECUTE format('SELECT FROM %I.customer c WHERE c.customer_id = $1::%s FOR UPDATE', ledger, key_type) USING customer;
  IF mode = 'delete' THEN
    EXECUTE format('DELETE FROM %I.touchpoint t WHERE t.customer_id = $1::%s', ledger, key_type) USING customer;
  ELSE
    EXECUTE format('UPDATE %I.touchpoint t SET customer_id = %s, subject = NULL, source_key = NULL, '
                   'properties = nullif(jsonb_strip_nulls(jsonb_build_object(''until'', t.properties -> ''until'', ''stage'', t.properties -> ''stage'', ''purpose'', t.properties -> ''purpose'')), ''{}'') '
                   'WHERE t.customer_id = $1::%s', ledger,
                   CASE key_type WHEN 'bigint'::regtype THEN format('(SELECT least(0, min(c.customer_id)) - 1 FROM %I.customer c)', ledger)
                                 WHEN 'integer'::regtype THEN format('(SELECT least(0, min(c.customer_id)) - 1 FROM %I.customer c)', ledger)
                                 ELSE format('%L::%s', gen_random_uuid(), key_type) END, key_type) USING customer;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  EXECUTE format('DELETE FROM %I.touchpoint_rejected r WHERE r.customer_id = $1', ledger) USING customer;
  EXECUTE format('DELETE FROM %I.event_outbox e WHERE e.customer_id = $1::%s', ledger, key_type) USING customer;
  IF mode = 'anonymise' THEN
    EXECUTE format('INSERT INTO %I.event_outbox (customer_id, event, occurred_at, payload) VALUES ($1::%s, ''erased'', now(), $2)', ledger, key_type)
      USING customer, jsonb_build_object('mode', mode);
  ELSE
    EXECUTE format('INSERT INTO %I.event_outbox (event, occurred_at, payload) VALUES (''erased'', now(), $1)', ledger)
      USING jsonb_build_object('mode', mode);
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION ledger_erase(text, text, text) IS
  'forgets a person: anonymise gives the touchpoints to an unnamed customer and drops what could name him, delete removes them; how many touchpoints. Tracked tables are their owner''s business: delete there first';
CREATE FUNCTION ledger_erase(ledger text, customer bigint, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE sql
  RETURN @extschema@.ledger_erase(ledger, customer::text, mode);
COMMENT ON FUNCTION ledger_erase(text, bigint, text) IS 'forgets a person: anonymise keeps the statistics, delete nothing; how many touchpoints';
CREATE FUNCTION ledger_erase(ledger text, customer uuid, mode text DEFAULT 'anonymise') RETURNS bigint
  LANGUAGE sql
  RETURN @extschema@.ledger_erase(ledger, customer::text, mode);
COMMENT ON FUNCTION ledger_erase(text, uuid, text) IS 'forgets a person: anonymise keeps the statistics, delete nothing; how many touchpoints';

CREATE FUNCTION ledger_consent(ledger text, customer text, purpose text) RETURNS boolean
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  given boolean;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  EXECUTE format('SELECT (c.consents ->> $2)::boolean FROM %I.customer c WHERE c.customer_id = $1::%s', ledger,
                 @extschema@.ledger_key_type(ledger)) INTO given USING customer, purpose;
  RETURN given;
END $$;
COMMENT ON FUNCTION ledger_consent(text, text, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';
CREATE FUNCTION ledger_consent(ledger text, customer bigint, purpose text) RETURNS boolean
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consent(ledger, customer::text, purpose);
COMMENT ON FUNCTION ledger_consent(text, bigint, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';
CREATE FUNCTION ledger_consent(ledger text, customer uuid, purpose text) RETURNS boolean
  LANGUAGE sql STABLE
  RETURN @extschema@.ledger_consent(ledger, customer::text, purpose);
COMMENT ON FUNCTION ledger_consent(text, uuid, text) IS 'has the customer consented to the purpose, by the last word on it? NULL: never said';

CREATE FUNCTION ledger_drop(name text, confirm text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  source record;
BEGIN
  PERFORM @extschema@.ledger_require(name);
  IF confirm IS DISTINCT FROM name THEN
    RAISE EXCEPTION 'ledger "%" is not dropped', name
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'All its touchpoints would be lost.',
            HINT = format('Say ledger_drop(%1$L, confirm => %1$L).', name);
  END IF;
  FOR source IN EXECUTE format('SELECT s.track, s.source_table FROM %I.tracked_source s', name) LOOP
    PERFORM @extschema@.ledger_drop_triggers(name, source.track, source.source_table);
  END LOOP;
  EXECUTE format('DROP SCHEMA %I CASCADE', name);
END $$;
COMMENT ON FUNCTION ledger_drop(text, text) IS 'drops a ledger with all its touchpoints, and the triggers that feed it; confirm is its name once more';
--
-- ledger: the same fold over any table, without a ledger
--

CREATE FUNCTION lifecycle_combine(bytea, bytea) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_combine(bytea, bytea) IS 'aggregate support: the touchpoints of both states';
CREATE FUNCTION lifecycle_final(bytea) RETURNS stage_timeline
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_final(bytea) IS 'aggregate support: puts the touchpoints in order and folds them';

CREATE FUNCTION lifecycle_accum(bytea, timestamptz, text) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_accum(bytea, timestamptz, text) IS 'aggregate support: notes a touchpoint';
CREATE AGGREGATE lifecycle(at timestamptz, kind text) (
  SFUNC = lifecycle_accum,
  STYPE = bytea,
  SSPACE = 1024,
  FINALFUNC = lifecycle_final,
  COMBINEFUNC = lifecycle_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle(timestamptz, text) IS
  'where the touchpoints of a customer, in any order, have led, by the rules of a new ledger, days cut in UTC; a row without a kind lets time pass up to its instant';

CREATE FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric) IS 'aggregate support: notes a touchpoint';
CREATE AGGREGATE lifecycle(at timestamptz, kind text, amount numeric) (
  SFUNC = lifecycle_accum,
  STYPE = bytea,
  SSPACE = 1024,
  FINALFUNC = lifecycle_final,
  COMBINEFUNC = lifecycle_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle(timestamptz, text, numeric) IS
  'where the touchpoints of a customer, in any order, have led, by the rules of a new ledger, days cut in UTC; a row without a kind lets time pass up to its instant';

CREATE FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric, text, timestamptz) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric, text, timestamptz) IS 'aggregate support: notes a touchpoint';
CREATE AGGREGATE lifecycle(at timestamptz, kind text, amount numeric, subject text, until timestamptz) (
  SFUNC = lifecycle_accum,
  STYPE = bytea,
  SSPACE = 1024,
  FINALFUNC = lifecycle_final,
  COMBINEFUNC = lifecycle_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle(timestamptz, text, numeric, text, timestamptz) IS
  'where the touchpoints of a customer, in any order, have led, by the rules of a new ledger, days cut in UTC; a row without a kind lets time pass up to its instant';

CREATE FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric, text, timestamptz, double precision) RETURNS bytea
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle_accum(bytea, timestamptz, text, numeric, text, timestamptz, double precision) IS 'aggregate support: notes a touchpoint';
CREATE AGGREGATE lifecycle(at timestamptz, kind text, amount numeric, subject text, until timestamptz, score double precision) (
  SFUNC = lifecycle_accum,
  STYPE = bytea,
  SSPACE = 1024,
  FINALFUNC = lifecycle_final,
  COMBINEFUNC = lifecycle_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle(timestamptz, text, numeric, text, timestamptz, double precision) IS
  'where the touchpoints of a customer, in any order, have led, by the rules of a new ledger, days cut in UTC; a row without a kind lets time pass up to its instant';
--
-- views: what an analyst or a BI tool opens (docs/views.md)
--
-- Each view is made by a function of its own, ledger_view_<name>(ledger): its text, and a comment
-- on it and on each column.  ledger_make_views() makes all of them, or makes them anew.
--

CREATE FUNCTION ledger_comment_view(ledger text, view text, meaning text, columns text[]) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('COMMENT ON VIEW %I.%I IS %L', ledger, view, meaning);
  FOR i IN 1 .. array_length(columns, 1) LOOP
    EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', ledger, view, columns[i][1], columns[i][2]);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_comment_view(text, text, text, text[]) IS
  'part of ledger_make_views(): comments on a view and its columns, given as pairs of name and meaning';

CREATE FUNCTION ledger_view_customer_360(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.customer_360 WITH (security_invoker) AS
SELECT c.customer_id,
       c.stage,
       c.stage::text AS stage_name,
       array_position(enum_range(NULL::%2$s.lifecycle_stage), c.stage) AS stage_order,
       c.stage_since,
       extract(epoch FROM now() - c.stage_since)::double precision / 86400 AS stage_days,
       %2$s.is_customer(c.stage) AS is_customer,
       c.max_stage,
       c.max_stage::text AS max_stage_name,
       c.episode,
       c.first_touch_at,
       c.last_touch_at,
       c.last_alive_at,
       c.first_paid_at,
       extract(epoch FROM now() - c.first_paid_at)::double precision / 86400 AS tenure_days,
       c.touchpoint_count,
       c.purchase_count,
       c.purchase_amount,
       (c.purchase_amount / nullif(c.purchase_count, 0))::numeric(18,4) AS average_order_amount,
       c.first_purchase_at,
       c.last_purchase_at,
       (extract(epoch FROM c.last_purchase_at - c.first_purchase_at)::double precision
         / 86400 / nullif(c.purchase_count - 1, 0)) AS mean_gap_days,
       c.mrr_amount,
       c.last_nps_score,
       c.last_csat_score,
       c.last_ces_score,
       c.channel AS acquisition_channel,
       c.campaign AS acquisition_campaign
  FROM %1$I.customer c
 WHERE c.stage IS NOT NULL
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'customer_360', 'a customer now: one row each', ARRAY[
    ['customer_id', 'key of the customer'],
    ['stage', 'stage of the lifecycle now, as an enum'],
    ['stage_name', 'stage of the lifecycle now, as text'],
    ['stage_order', '1 awareness ... 7 advocacy, 8 churned: to sort by'],
    ['stage_since', 'when the customer entered the stage'],
    ['stage_days', 'days in the stage so far'],
    ['is_customer', 'has paid and has not left: conversion to advocacy'],
    ['max_stage', 'the furthest stage ever reached, as an enum; churned does not count'],
    ['max_stage_name', 'the furthest stage ever reached, as text'],
    ['episode', '1, and one more with each return after churn'],
    ['first_touch_at', 'first touchpoint'],
    ['last_touch_at', 'last touchpoint of any kind'],
    ['last_alive_at', 'last sign of life: something that the customer did'],
    ['first_paid_at', 'first payment ever; NULL for prospects'],
    ['tenure_days', 'days since the first payment'],
    ['touchpoint_count', 'number of touchpoints'],
    ['purchase_count', 'number of purchases'],
    ['purchase_amount', 'sum of purchases, refunds not deducted'],
    ['average_order_amount', 'purchase_amount / purchase_count'],
    ['first_purchase_at', 'first purchase'],
    ['last_purchase_at', 'last purchase'],
    ['mean_gap_days', 'days between purchases, on average; NULL with fewer than two'],
    ['mrr_amount', 'recurring revenue per month of open subscriptions'],
    ['last_nps_score', 'last answer to the NPS question, 0..10'],
    ['last_csat_score', 'last answer to the satisfaction question, 1..5'],
    ['last_ces_score', 'last answer to the effort question, 1..7'],
    ['acquisition_channel', 'channel of the first touchpoint that names one'],
    ['acquisition_campaign', 'campaign of the first touchpoint that names one']]);
END $$;
COMMENT ON FUNCTION ledger_view_customer_360(text) IS 'part of ledger_make_views(): customer_360';

CREATE FUNCTION ledger_view_stage_funnel(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.stage_funnel WITH (security_invoker) AS
WITH here AS (
  SELECT c.stage, c.max_stage, count(*) AS n
    FROM %1$I.customer c WHERE c.stage IS NOT NULL GROUP BY 1, 2
), counted AS (
  SELECT s.stage, s.stage_order::integer AS stage_order,
         (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.stage = s.stage) AS customer_count,
         CASE WHEN s.stage = 'churned'
              THEN (SELECT count(DISTINCT h.customer_id) FROM %1$I.stage_history h WHERE h.stage = 'churned')
              ELSE (SELECT coalesce(sum(h.n), 0)::bigint FROM here h WHERE h.max_stage >= s.stage AND h.max_stage <> 'churned')
         END AS reached_count,
         (SELECT coalesce(sum(h.n), 0) FROM here h) AS total
    FROM unnest(enum_range(NULL::%2$s.lifecycle_stage)) WITH ORDINALITY AS s (stage, stage_order)
)
SELECT f.stage, f.stage::text AS stage_name, f.stage_order, f.customer_count, f.reached_count,
       f.reached_count / nullif(f.total, 0)::double precision AS reached_rate,
       CASE WHEN f.stage <> 'churned' THEN
         f.reached_count / nullif(lag(f.reached_count) OVER (ORDER BY f.stage_order), 0)::double precision
       END AS step_rate
  FROM counted f
 ORDER BY f.stage_order
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'stage_funnel', 'how many customers are in each stage, and how many ever came so far', ARRAY[
    ['stage', 'stage of the lifecycle, as an enum'],
    ['stage_name', 'stage of the lifecycle, as text'],
    ['stage_order', '1 awareness ... 7 advocacy, 8 churned: to sort by'],
    ['customer_count', 'customers who are in the stage now'],
    ['reached_count', 'customers who ever came so far, or further; churned: who ever churned'],
    ['reached_rate', 'reached_count / all customers and prospects, 0..1'],
    ['step_rate', 'reached_count / reached_count of the stage before, 0..1; NULL for the first and for churned']]);
END $$;
COMMENT ON FUNCTION ledger_view_stage_funnel(text) IS 'part of ledger_make_views(): stage_funnel';

CREATE FUNCTION ledger_view_nps_by_month(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.nps_by_month WITH (security_invoker) AS
WITH zone AS MATERIALIZED (
  SELECT s.value AS time_zone FROM %1$I.setting s WHERE s.name = 'time_zone'
), by_month AS (
  SELECT %2$s.period_start(t.occurred_at, 'month', z.time_zone) AS period_start,
         z.time_zone,
         count(*) AS response_count,
         count(*) FILTER (WHERE t.score >= 9) AS promoter_count,
         count(*) FILTER (WHERE t.score BETWEEN 7 AND 8) AS passive_count,
         count(*) FILTER (WHERE t.score <= 6) AS detractor_count
    FROM %1$I.touchpoint t
    JOIN %1$I.touchpoint_kind k ON k.kind = t.kind AND k.survey = 'nps'
   CROSS JOIN zone z
   WHERE t.score IS NOT NULL
   GROUP BY 1, 2
), adjusted AS (
  SELECT m.*, (m.period_start + interval '1 month')::date AS period_end,
         m.response_count + 3.0::double precision AS n,
         (m.promoter_count - m.detractor_count) / (m.response_count + 3.0::double precision) AS centre,
         (m.promoter_count + m.detractor_count + 1.5::double precision) / (m.response_count + 3.0::double precision) AS square
    FROM by_month m
)
SELECT a.period_start, a.period_end,
       a.period_end::timestamp AT TIME ZONE a.time_zone <= now() AS is_complete,
       a.response_count, a.promoter_count, a.passive_count, a.detractor_count,
       100 * (a.promoter_count - a.detractor_count) / a.response_count::double precision AS nps,
       greatest(100 * (a.centre - 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), -100) AS nps_lower,
       least(100 * (a.centre + 1.959963984540054 * sqrt((a.square - a.centre * a.centre) / a.n)), 100) AS nps_upper
  FROM adjusted a
 ORDER BY a.period_start
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'nps_by_month', 'net promoter score of each month that has answers', ARRAY[
    ['period_start', 'first day of the month, by the clock of the ledger''s time zone'],
    ['period_end', 'first day of the next month: not part of it'],
    ['is_complete', 'the month is over'],
    ['response_count', 'answers to the NPS question'],
    ['promoter_count', 'answers 9 and 10'],
    ['passive_count', 'answers 7 and 8'],
    ['detractor_count', 'answers 0 to 6'],
    ['nps', '100 (promoters - detractors) / responses, -100..100'],
    ['nps_lower', 'lower end of the 95 % interval (adjusted Wald), -100..100'],
    ['nps_upper', 'upper end of the 95 % interval (adjusted Wald), -100..100']]);
END $$;
COMMENT ON FUNCTION ledger_view_nps_by_month(text) IS 'part of ledger_make_views(): nps_by_month';

CREATE FUNCTION ledger_view_ledger_sources(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($ddl$
CREATE VIEW %1$I.ledger_sources WITH (security_invoker) AS
SELECT s.track,
       s.source_table::text AS source_table,
       array_to_string(s.arguments, E'\n') AS arguments,
       s.tracked_at,
       EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = s.source_table AND t.tgenabled <> 'D'
                  AND t.tgfoid = '%2$s.touchpoint_capture()'::regprocedure) AS is_enabled,
       b.page_count AS backfill_page_count,
       b.next_page AS backfill_next_page,
       b.touchpoint_count AS backfill_touchpoint_count
  FROM %1$I.tracked_source s
  LEFT JOIN (SELECT track, sum(page_count)::bigint AS page_count, sum(least(next_page, page_count))::bigint AS next_page,
                    sum(touchpoint_count)::bigint AS touchpoint_count
               FROM %1$I.backfill GROUP BY track) b ON b.track = s.track
  $ddl$, ledger, '@extschema@');
  PERFORM @extschema@.ledger_comment_view(ledger, 'ledger_sources', 'the tables that feed the ledger', ARRAY[
    ['track', 'name of the track: the source of its touchpoints'],
    ['source_table', 'the table; a number if it was dropped'],
    ['arguments', 'what its rows mean: word=expression, one a line'],
    ['tracked_at', 'since when'],
    ['is_enabled', 'the table has an enabled trigger that feeds a ledger'],
    ['backfill_page_count', 'pages that the table had when ledger_backfill() began; NULL: never called'],
    ['backfill_next_page', 'so many of them are done'],
    ['backfill_touchpoint_count', 'touchpoints that came of it']]);
END $$;
COMMENT ON FUNCTION ledger_view_ledger_sources(text) IS 'part of ledger_make_views(): ledger_sources';

CREATE FUNCTION ledger_make_views(ledger text) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  view text;
BEGIN
  PERFORM @extschema@.ledger_require(ledger);
  FOREACH view IN ARRAY '{customer_360,stage_funnel,nps_by_month,ledger_sources}'::text[] LOOP
    CONTINUE WHEN to_regclass(format('%I.%I', ledger, view)) IS NOT NULL;
    EXECUTE format('SELECT @extschema@.%I($1)', 'ledger_view_' || view) USING ledger;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger_make_views(text) IS 'make the views that a ledger lacks; those that are there stay';
