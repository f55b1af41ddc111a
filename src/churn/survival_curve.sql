--
-- survival: how long customers stay (docs/survival.md)
--

CREATE TYPE survival_curve;

CREATE FUNCTION survival_curve_in(cstring) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_in(cstring) IS 'text input of survival_curve';
CREATE FUNCTION survival_curve_out(survival_curve) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_out(survival_curve) IS 'text output of survival_curve';
CREATE FUNCTION survival_curve_recv(internal) RETURNS survival_curve
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_recv(internal) IS 'binary input of survival_curve';
CREATE FUNCTION survival_curve_send(survival_curve) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
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
COMMENT ON TYPE survival_curve IS
  'how many customers left, were last seen and came under observation at each duration: storable, mergeable with + and rollup(), read by survival_at(), median_survival(), restricted_mean(), survival_points() ...; 16 bytes a distinct duration, at most 33554432 of them';

CREATE CAST (survival_curve AS jsonb) WITH INOUT;
COMMENT ON CAST (survival_curve AS jsonb) IS 'the durations, with the numbers of customers who left, were last seen and entered at each';

-- equality

CREATE FUNCTION survival_curve_eq(survival_curve, survival_curve) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_eq(survival_curve, survival_curve) IS 'same unit, durations and numbers of customers';
CREATE FUNCTION survival_curve_ne(survival_curve, survival_curve) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_ne(survival_curve, survival_curve) IS 'another unit, other durations or numbers of customers';
CREATE FUNCTION survival_curve_hash(survival_curve) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION survival_curve_hash(survival_curve) IS 'hash of the unit, the durations and the numbers of customers';

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
COMMENT ON FUNCTION survival_curve_add(survival_curve, survival_curve) IS
  'the customers of both; durations of different units are an error';
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

