--
-- stage_timeline: one customer's stage changes (docs/stage.md)
--

@use stored_type
name = stage_timeline
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = int4
meaning = the stage changes of one customer: storable, mergeable with + and rollup(), read by stage_at(), time_in_stage(), stage_spans(), transitions() ...
jsonb = the changes as pairs of an instant (UTC) and a stage
equal = same stages reported at the same instants
unequal = other stages or other instants
@end

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
