--
-- value: the histories of many customers, to fit models to (docs/value.md)
--

CREATE TYPE clv_sample;

CREATE FUNCTION clv_sample_in(cstring) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_in(cstring) IS
  'text input of clv_sample';
CREATE FUNCTION clv_sample_out(clv_sample) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_out(clv_sample) IS
  'text output of clv_sample';
CREATE FUNCTION clv_sample_recv(internal) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_recv(internal) IS
  'binary input of clv_sample';
CREATE FUNCTION clv_sample_send(clv_sample) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_send(clv_sample) IS
  'binary output of clv_sample';

CREATE TYPE clv_sample (
  INPUT = clv_sample_in,
  OUTPUT = clv_sample_out,
  RECEIVE = clv_sample_recv,
  SEND = clv_sample_send,
  INTERNALLENGTH = variable,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE clv_sample IS
  'histories of many customers, equal ones collapsed: storable, mergeable with + and rollup(), what clv_fit() and sbg_fit() fit models to';

CREATE CAST (clv_sample AS jsonb) WITH INOUT;
COMMENT ON CAST (clv_sample AS jsonb) IS 'the columns of the two tables, histories and spends; times in microseconds';

CREATE FUNCTION clv_sample_eq(clv_sample, clv_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_eq(clv_sample, clv_sample) IS
  'same customers';
CREATE FUNCTION clv_sample_ne(clv_sample, clv_sample) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_ne(clv_sample, clv_sample) IS
  'other customers';
CREATE FUNCTION clv_sample_hash(clv_sample) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_hash(clv_sample) IS
  'hash of the histories';

CREATE OPERATOR = (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
CREATE OPERATOR <> (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR = (clv_sample, clv_sample) IS 'same customers';
COMMENT ON OPERATOR <> (clv_sample, clv_sample) IS 'other customers';

CREATE OPERATOR CLASS clv_sample_ops DEFAULT FOR TYPE clv_sample USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 clv_sample_hash(clv_sample);
COMMENT ON OPERATOR CLASS clv_sample_ops USING hash IS 'lets clv_sample values be grouped and made distinct';
COMMENT ON OPERATOR FAMILY clv_sample_ops USING hash IS 'lets clv_sample values be grouped and made distinct';

CREATE FUNCTION clv_sample_add(clv_sample, clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_add(clv_sample, clv_sample) IS
  'the customers of both';

CREATE OPERATOR + (
  LEFTARG = clv_sample, RIGHTARG = clv_sample, FUNCTION = clv_sample_add, COMMUTATOR = +
);
COMMENT ON OPERATOR + (clv_sample, clv_sample) IS 'the customers of both';

CREATE FUNCTION clv_sample_combine(clv_sample, clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_combine(clv_sample, clv_sample) IS
  'aggregate support: merges two states';
CREATE FUNCTION clv_sample_final(clv_sample) RETURNS clv_sample
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_final(clv_sample) IS
  'aggregate support: the sample in canonical form';
CREATE FUNCTION clv_sample_accum(clv_sample, purchase_summary) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum(clv_sample, purchase_summary) IS
  'aggregate support: one customer more';
CREATE FUNCTION clv_sample_accum(clv_sample, purchase_summary, bigint) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum(clv_sample, purchase_summary, bigint) IS
  'aggregate support: so many customers more';
CREATE FUNCTION clv_sample_accum_period(clv_sample, integer, bigint) RETURNS clv_sample
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION clv_sample_accum_period(clv_sample, integer, bigint) IS
  'aggregate support: survivors of a period';

CREATE AGGREGATE rollup(clv_sample) (
  SFUNC = clv_sample_combine,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(clv_sample) IS
  'all samples together, as if built from their customers';

CREATE AGGREGATE clv_agg(history purchase_summary) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_agg(purchase_summary) IS
  'clv_sample of customers, one history each, which must be observed (observe(), make_purchase_summary()); NULLs are ignored; NULL if there are none';

CREATE AGGREGATE clv_agg(history purchase_summary, customers bigint) (
  SFUNC = clv_sample_accum,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_agg(purchase_summary, bigint) IS
  'clv_sample of histories that so many customers have each';

CREATE AGGREGATE sbg_agg(period integer, survivors bigint) (
  SFUNC = clv_sample_accum_period,
  STYPE = clv_sample,
  SSPACE = 4096,
  FINALFUNC = clv_sample_final,
  COMBINEFUNC = clv_sample_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_agg(integer, bigint) IS
  'clv_sample of contracts: how many of a cohort are left after each period, from period 0 (its size) on; cohorts add up';

CREATE FUNCTION customers(sample clv_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_sample_customers';
COMMENT ON FUNCTION customers(clv_sample) IS
  'customers in the sample';
CREATE FUNCTION history_count(sample clv_sample) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION history_count(clv_sample) IS
  'different histories (x, t_x, T) in the sample';
