
-- activity: the periods in which one customer was active

@use stored_type
name = activity_summary
input = STABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = int4
meaning = periods (days, weeks, months ...) in which one customer was active: storable, mergeable with + and rollup(), read by activity_state(), retained(), active_periods() ...
jsonb = the bucket, the time zone and the first dates of the active periods
equal = same bucket, time zone and active periods
unequal = not: same bucket, time zone and active periods
@end

@use mergeable_type
name = activity_summary
sum = active in either; different buckets or time zones are an error
final = aggregate support: the value of a state
size = 256
rollup = all together, as if built from their rows; active in either; different buckets or time zones are an error
@end

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

@use stored_type
name = cohort_summary
input = STABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = activity of many customers counted by cohort (first active period) and age: storable, mergeable with + and rollup(), read by cohort_retention() and activity_lifecycle()
jsonb = the bucket, the time zone, the first cohort, and by cohort and age the active and those active for the last time, by period the pauses
equal = same bucket, time zone and counts
unequal = not: same bucket, time zone and counts
@end

@use mergeable_type
name = cohort_summary
sum = the customers of both, who must be different ones; different buckets or time zones are an error
final = aggregate support: the value of a state
size = 256
rollup = all together, as if built from their rows; the customers of both, who must be different ones; different buckets or time zones are an error
@end

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
