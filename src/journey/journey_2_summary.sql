
-- journeys: what one customer did, in order of time

@use stored_type
name = journey_summary
input = STABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = touchpoints of one customer (when, event, channel) in order of time: storable, mergeable with + and rollup(), read by funnel(), attribution(), journey_path() ...
jsonb = the bound, how many older touchpoints were cut, and the touchpoints
equal = same touchpoints, bound and cut
unequal = not: same touchpoints, bound and cut
@end

@use mergeable_type
name = journey_summary
sum = the touchpoints of both; different bounds are an error
final = aggregate support: the value of a state
size = 256
rollup = all together, as if built from their rows; the touchpoints of both; different bounds are an error
@end

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

CREATE FUNCTION attribution_totals(
    journey_summary, conversion_at timestamptz[], conversion_value double precision[] DEFAULT NULL, rules text[] DEFAULT '{linear}',
    lookback interval DEFAULT '30 days', half_life interval DEFAULT '7 days', direct text DEFAULT 'direct',
    first_share double precision DEFAULT 0.4, last_share double precision DEFAULT 0.4,
    OUT rule text, OUT channel text, OUT credit double precision, OUT value double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION attribution_totals(journey_summary, timestamptz[], double precision[], text[], interval, interval, text, double precision, double precision) IS
  'attribution() of all of a customer''s conversions at once: by rule and channel the sums of credits and of credit * value; conversions without a touch are those of channel NULL';

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
