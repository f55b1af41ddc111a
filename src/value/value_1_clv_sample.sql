--
-- value: the histories of many customers, to fit models to (docs/value.md)
--

@use stored_type
name = clv_sample
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = histories of many customers, equal ones collapsed: storable, mergeable with + and rollup(), what clv_fit() and sbg_fit() fit models to
jsonb = the columns of the two tables, histories and spends; times in microseconds
equal = same customers
unequal = other customers
@end

@use mergeable_type
name = clv_sample
sum = the customers of both
final = aggregate support: the sample in canonical form
size = 4096
rollup = all samples together, as if built from their customers
@end
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
