--
-- churn: who was there, came, came back and left in a period (docs/churn.md)
--

@use stored_type
name = churn_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = customers there at the start of a period, new, returned, lost, and there at its end: storable, mergeable with + and rollup(), read by churn_rate(), retention_rate(), churn_interval(), customers_lost() ...
jsonb = the period and the counts of customers
equal = same period and same counts
unequal = another period or other counts
@end

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

@for bound range unit in timestamptz tstzrange instants, date daterange dates
CREATE AGGREGATE churn_agg(started_at @bound@, ended_at @bound@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(@bound@, @bound@, @range@) IS
  'churn_summary of the period, one row a customer, in @unit@; ended_at is null for who is still there; rows without started_at are ignored; NULL if there are none';

CREATE AGGREGATE churn_rate(started_at @bound@, ended_at @bound@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(@bound@, @bound@, @range@) IS
  'customers lost in the period / customers at its start, one row a customer, in @unit@; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(started_at @bound@, ended_at @bound@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(@bound@, @bound@, @range@) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer, in @unit@; NULL if there were none at the start';
@end

@for episodes range unit in tstzmultirange tstzrange instants, datemultirange daterange dates
CREATE AGGREGATE churn_agg(episodes @episodes@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_agg(@episodes@, @range@) IS
  'churn_summary of the period, one row a customer with all episodes (merge_episodes), in @unit@: knows who returned; nulls are ignored; NULL if there are no rows';

CREATE AGGREGATE churn_rate(episodes @episodes@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_churn_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(@episodes@, @range@) IS
  'customers lost in the period / customers at its start, one row a customer with all episodes, in @unit@; NULL if there were none at the start';

CREATE AGGREGATE retention_rate(episodes @episodes@, period @range@) (
  SFUNC = churn_summary_accum,
  STYPE = churn_summary,
  SSPACE = 64,
  FINALFUNC = churn_summary_retention_rate,
  COMBINEFUNC = churn_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(@episodes@, @range@) IS
  '(customers at the end - new ones) / customers at the start of the period, one row a customer with all episodes, in @unit@; NULL if there were none at the start';
@end

-- rates of other lengths of time

CREATE FUNCTION annualize_rate(rate double precision, from_period interval, to_period interval DEFAULT '1 year') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION annualize_rate(double precision, interval, interval) IS
  'a rate of one length of time as the rate of another, 0..1: 1 - (1 - rate)^(to_period / from_period); the monthly churn 0.03 is 0.306 a year';
CREATE FUNCTION annualize_rate(rate double precision, from_period text, to_period text DEFAULT 'year') RETURNS double precision
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'text_annualize_rate';
COMMENT ON FUNCTION annualize_rate(double precision, text, text) IS
  'the same by words: day, week, month, quarter, year, or anything that is an interval';
