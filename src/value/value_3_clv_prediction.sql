--
-- value: predictions of a model (docs/value.md)
--

CREATE FUNCTION p_alive(model clv_model, history purchase_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION p_alive(clv_model, purchase_summary) IS
  'probability, 0..1, that the customer is still a customer at the end of observation';
CREATE FUNCTION expected_purchases(model clv_model, history purchase_summary, horizon interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_purchases(clv_model, purchase_summary, interval) IS
  'expected number of purchases within the horizon from the end of observation';
CREATE FUNCTION expected_purchases(model clv_model, horizon interval) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'clv_model_expected_purchases';
COMMENT ON FUNCTION expected_purchases(clv_model, interval) IS
  'expected number of repeat purchases of a new customer within the horizon from the first one';
CREATE FUNCTION discounted_purchases(model clv_model, history purchase_summary, discount_rate double precision DEFAULT 0.10) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION discounted_purchases(clv_model, purchase_summary, double precision) IS
  'expected number of purchases for ever, each discounted to now at an effective rate a year (0..1); NULL if not finite';
CREATE FUNCTION discounted_purchases(model clv_model, discount_rate double precision DEFAULT 0.10) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'clv_model_discounted_purchases';
COMMENT ON FUNCTION discounted_purchases(clv_model, double precision) IS
  'the same of repeat purchases of a new customer';
CREATE FUNCTION purchase_probability(model clv_model, history purchase_summary, horizon interval, n integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION purchase_probability(clv_model, purchase_summary, interval, integer) IS
  'probability, 0..1, of exactly n purchases within the horizon from the end of observation';
CREATE FUNCTION purchase_probability(model clv_model, horizon interval, n integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'clv_model_purchase_probability';
COMMENT ON FUNCTION purchase_probability(clv_model, interval, integer) IS
  'probability, 0..1, of exactly n repeat purchases of a new customer within the horizon from the first one';
CREATE FUNCTION expected_spend(model clv_model, history purchase_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_spend(clv_model, purchase_summary) IS
  'expected amount of a purchase of the customer, money; NULL without a model of spend or where it has no mean (q <= 1)';
CREATE FUNCTION expected_spend(model clv_model) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_expected_spend';
COMMENT ON FUNCTION expected_spend(clv_model) IS
  'expected amount of a purchase of a new customer, money; NULL without a model of spend or where it has no mean (q <= 1)';
CREATE FUNCTION cltv(model clv_model, history purchase_summary, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'clv_model_cltv';
COMMENT ON FUNCTION cltv(clv_model, purchase_summary, interval, double precision, double precision) IS
  'expected spend x expected purchases within the horizon, discounted at an effective rate a year (0..1), x margin (0..1); money';
CREATE FUNCTION cltv(model clv_model, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500 AS 'MODULE_PATHNAME', 'clv_model_cltv_new';
COMMENT ON FUNCTION cltv(clv_model, interval, double precision, double precision) IS
  'of a new customer after the first purchase, expected spend x expected purchases within the horizon, discounted at an effective rate a year (0..1), x margin (0..1); money';
CREATE FUNCTION cltv_lifetime(model clv_model, history purchase_summary, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_lifetime(clv_model, purchase_summary, double precision, double precision) IS
  'cltv without a horizon: for ever; NULL if not finite';
CREATE FUNCTION cltv_lifetime(model clv_model, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'cltv_lifetime_new';
COMMENT ON FUNCTION cltv_lifetime(clv_model, double precision, double precision) IS
  'cltv of a new customer without a horizon: for ever; NULL if not finite';

-- intervals: what the uncertainty of the parameters leaves open

CREATE FUNCTION p_alive_interval(model clv_model, history purchase_summary, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION p_alive_interval(clv_model, purchase_summary, double precision) IS
  'confidence bounds of p_alive, by the delta method on the log odds; NULL where the covariance is not known';
CREATE FUNCTION expected_purchases_interval(model clv_model, history purchase_summary, horizon interval, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION expected_purchases_interval(clv_model, purchase_summary, interval, double precision) IS
  'confidence bounds of expected_purchases, by the delta method on the logarithm; NULL where the covariance is not known';
CREATE FUNCTION cltv_interval(model clv_model, history purchase_summary, horizon interval, discount_rate double precision DEFAULT 0.10, margin double precision DEFAULT 1, confidence double precision DEFAULT 0.95) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_interval(clv_model, purchase_summary, interval, double precision, double precision, double precision) IS
  'confidence bounds of cltv, by the delta method on the logarithm; NULL where the covariance is not known';

-- contracts (sbg_fit)

CREATE FUNCTION survival(model clv_model, period integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_survival';
COMMENT ON FUNCTION survival(clv_model, integer) IS
  'fraction, 0..1, of a cohort that is left after so many periods';
CREATE FUNCTION retention(model clv_model, period integer) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'clv_model_retention';
COMMENT ON FUNCTION retention(clv_model, integer) IS
  'fraction, 0..1, of those left before a period who stay in it';
CREATE FUNCTION residual_lifetime(model clv_model, renewals integer DEFAULT 0, discount double precision DEFAULT 0) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION residual_lifetime(clv_model, integer, double precision) IS
  'expected further payments after so many renewals, discounted (0..1 a period) from the next one on; NULL if not finite';
