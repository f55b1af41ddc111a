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
