
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
COMMENT ON TYPE activity_summary IS
  'periods (days, weeks, months ...) in which one customer was active: storable, mergeable with + and rollup(), read by activity_state(), retained(), active_periods() ...';

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
COMMENT ON FUNCTION activity_summary_hash(activity_summary) IS 'hash of the bucket, the time zone and the active periods';

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
CREATE FUNCTION activity_summary_final(activity_summary) RETURNS activity_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION activity_summary_combine(activity_summary, activity_summary) IS 'aggregate support: merges two states';
COMMENT ON FUNCTION activity_summary_final(activity_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(activity_summary) (
  SFUNC = activity_summary_combine,
  STYPE = activity_summary,
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
COMMENT ON TYPE cohort_summary IS
  'activity of many customers counted by cohort (first active period) and age: storable, mergeable with + and rollup(), read by cohort_retention() and activity_lifecycle()';

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
COMMENT ON FUNCTION cohort_summary_hash(cohort_summary) IS 'hash of the counts';

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
CREATE FUNCTION cohort_summary_final(cohort_summary) RETURNS cohort_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cohort_summary_combine(cohort_summary, cohort_summary) IS 'aggregate support: merges two states';
COMMENT ON FUNCTION cohort_summary_final(cohort_summary) IS 'aggregate support: the value of a state';

CREATE AGGREGATE rollup(cohort_summary) (
  SFUNC = cohort_summary_combine,
  STYPE = cohort_summary,
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
