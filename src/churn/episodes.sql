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
