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
