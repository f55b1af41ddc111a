--
-- survival: how long customers stay (docs/survival.md)
--

@use stored_type
name = survival_curve
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = how many customers left, were last seen and came under observation at each duration: storable, mergeable with + and rollup(), read by survival_at(), median_survival(), restricted_mean(), survival_points() ...; 16 bytes a distinct duration, at most 33554432 of them
jsonb = the durations, with the numbers of customers who left, were last seen and entered at each
equal = same unit, durations and numbers of customers
unequal = another unit, other durations or numbers of customers
@end

-- merging

@use mergeable_type
name = survival_curve
sum = the customers of both; durations of different units are an error
final = aggregate support: the curve, or NULL if nobody was counted
size = 1024
rollup = all curves together, as if built from their rows; durations of different units are an error
@end

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

