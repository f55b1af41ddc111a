--
-- value: what a customer is worth, in closed form (docs/value.md)
--

CREATE FUNCTION cltv(average_order double precision, orders_per_year double precision,
                     years double precision, margin double precision DEFAULT 1)
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv(double precision, double precision, double precision, double precision) IS
  'lifetime value, money: average_order x orders_per_year x years x margin (0..1, the fraction of revenue kept; 1: revenue)';

CREATE FUNCTION cltv_perpetuity(margin_per_period double precision, churn double precision,
                                cap double precision DEFAULT NULL)
  RETURNS double precision LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_perpetuity(double precision, double precision, double precision) IS
  'lifetime value, money, undiscounted: margin_per_period / churn (0..1 a period), counting at most cap periods; NULL without churn and cap';

CREATE FUNCTION cltv_discounted(margin_per_period double precision, retention double precision,
                                discount double precision, first_payment text DEFAULT 'now')
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_discounted(double precision, double precision, double precision, text) IS
  'lifetime value, money, for ever: m (1+d) / (1+d-r) with the first payment now, m r / (1+d-r) with it next; retention and discount 0..1 a period; NULL for r = 1 and d = 0';

CREATE FUNCTION cltv_over(margin_per_period double precision, retention double precision,
                          periods double precision, discount double precision DEFAULT 0)
  RETURNS double precision LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cltv_over(double precision, double precision, double precision, double precision) IS
  'lifetime value, money, of so many whole periods, the first payment now: m (1-q^T) / (1-q), q = retention / (1 + discount), rates 0..1 a period';
