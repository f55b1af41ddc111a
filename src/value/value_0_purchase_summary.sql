--
-- value: the purchases of one customer (docs/value.md)
--

@use stored_type
name = purchase_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = the purchases of one customer: when (by buckets, usually days), how many, how much; storable, mergeable with + and rollup(), read by frequency(), recency(), monetary_value() ... and the models
jsonb = the fields of the summary
equal = same purchases, same buckets, same observation
unequal = other purchases, buckets or observation
@end

-- merging

@use mergeable_type
name = purchase_summary
sum = both summaries together; different buckets, zones or ends of observation are an error
final = aggregate support: the summary in canonical form
size = 128
rollup = all summaries of a customer together, as if built from their rows; different buckets or zones are an error
@end

-- building

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz) RETURNS purchase_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 128,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz) IS
  'purchase_summary of one customer: purchases by days of the sessions time zone; amounts unknown; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric) RETURNS purchase_summary
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz, amount numeric) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 128,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz, numeric) IS
  'purchase_summary of one customer: purchases by days of the sessions time zone; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric, interval, text) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_summary_accum(purchase_summary, timestamptz, numeric, interval, text) IS
  'aggregate support: counts a purchase';
CREATE AGGREGATE purchase_agg(at timestamptz, amount numeric, bucket interval, time_zone text) (
  SFUNC = purchase_summary_accum,
  STYPE = purchase_summary,
  SSPACE = 128,
  FINALFUNC = purchase_summary_final,
  COMBINEFUNC = purchase_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_agg(timestamptz, numeric, interval, text) IS
  'purchase_summary of one customer: purchases by buckets (months, days or shorter) of a time zone; purchases of one bucket count as one, negative amounts are refunds, rows with a NULL are ignored; NULL if there are none';

CREATE FUNCTION make_purchase_summary(frequency bigint, recency interval, age interval, monetary numeric DEFAULT NULL) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION make_purchase_summary(bigint, interval, interval, numeric) IS
  'purchase_summary from numbers already summarised: repeat purchases, time from the first to the last, time observed since the first, mean spend of repeat purchases';
CREATE FUNCTION observe(history purchase_summary, as_of timestamptz) RETURNS purchase_summary
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION observe(purchase_summary, timestamptz) IS
  'the same purchases, known to be all until as_of (inclusive); a purchase after it is an error';

-- accessors

CREATE FUNCTION purchase_count(history purchase_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_count(purchase_summary) IS
  'buckets with a purchase, the first included';
CREATE FUNCTION frequency(history purchase_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION frequency(purchase_summary) IS
  'repeat purchases: buckets with a purchase but the first (x of the models); NULL without a first';
CREATE FUNCTION recency(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION recency(purchase_summary) IS
  'time from the first to the last purchase, between the starts of their buckets (t_x of the models)';
CREATE FUNCTION customer_age(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION customer_age(purchase_summary) IS
  'time from the first purchase to the end of observation (T of the models); NULL unless observe() set it';
CREATE FUNCTION mean_gap(history purchase_summary) RETURNS interval
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION mean_gap(purchase_summary) IS
  'mean time between purchases: recency / frequency; NULL before the second';
CREATE FUNCTION total_spend(history purchase_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION total_spend(purchase_summary) IS
  'sum of all amounts, refunds not subtracted; NULL if amounts are unknown';
CREATE FUNCTION total_refunds(history purchase_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION total_refunds(purchase_summary) IS
  'sum of the negative amounts, zero or less; NULL if amounts are unknown';
CREATE FUNCTION first_purchase_at(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION first_purchase_at(purchase_summary) IS
  'the first purchase; NULL if not known';
CREATE FUNCTION last_purchase_at(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION last_purchase_at(purchase_summary) IS
  'the last purchase; NULL if not known';
CREATE FUNCTION observed_until(history purchase_summary) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION observed_until(purchase_summary) IS
  'the end of observation; NULL unless observe() set it';
CREATE FUNCTION monetary_value(history purchase_summary, include_first boolean DEFAULT false) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION monetary_value(purchase_summary, boolean) IS
  'mean spend of repeat purchases, one bucket counting as one (of all with include_first); refunds left out; NULL if there are none';
