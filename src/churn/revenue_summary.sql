--
-- revenue: how recurring revenue moved from one instant to the next
--

@use stored_type
name = revenue_summary
input = IMMUTABLE
output = IMMUTABLE
receive = IMMUTABLE
alignment = double
meaning = recurring revenue at the start, new, expansion, contraction, churn, reactivation, exact, and the customers of each: storable, mergeable with + and rollup(), read by nrr(), grr(), quick_ratio(), revenue_at_end() ...
jsonb = the amounts, and the customers of each movement
equal = same amounts and same customers
unequal = other amounts or other customers
@end

-- merging

@use mergeable_type
name = revenue_summary
sum = the customers of both
final = aggregate support: the summary in its one form
size = 200
rollup = all summaries together, as if built from their rows: summaries of parts of the customers over the same two instants
@end

-- accessors

CREATE FUNCTION nrr(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nrr(revenue_summary) IS
  'net revenue retention: what those who paid at the start pay at the end / what they paid; without new and reactivated revenue; NULL if nothing was paid at the start';
CREATE FUNCTION grr(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION grr(revenue_summary) IS
  'gross revenue retention, 0..1: (start - contraction - churn) / start; NULL if nothing was paid at the start';
CREATE FUNCTION gross_revenue_churn(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION gross_revenue_churn(revenue_summary) IS
  '(churn + contraction) / start, 0..1; NULL if nothing was paid at the start';
CREATE FUNCTION net_revenue_churn(summary revenue_summary, with_reactivation boolean DEFAULT false) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION net_revenue_churn(revenue_summary, boolean) IS
  '(churn + contraction - expansion) / start, with_reactivation also less the reactivated; negative where revenue grows; NULL if nothing was paid at the start';
CREATE FUNCTION quick_ratio(summary revenue_summary, with_reactivation boolean DEFAULT false) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION quick_ratio(revenue_summary, boolean) IS
  '(new + expansion) / (contraction + churn), with_reactivation also plus the reactivated; NULL if nothing was lost';
CREATE FUNCTION revenue_at_start(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_at_start(revenue_summary) IS
  'what was paid at the start';
CREATE FUNCTION revenue_new(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_new(revenue_summary) IS
  'what those pay at the end who never paid before';
CREATE FUNCTION revenue_expansion(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_expansion(revenue_summary) IS
  'what those who pay more pay more';
CREATE FUNCTION revenue_contraction(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_contraction(revenue_summary) IS
  'what those who pay less, but something, pay less';
CREATE FUNCTION revenue_churned(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_churned(revenue_summary) IS
  'what those paid at the start who pay nothing at the end';
CREATE FUNCTION revenue_reactivated(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_reactivated(revenue_summary) IS
  'what those pay at the end who paid before, but not at the start';
CREATE FUNCTION revenue_at_end(revenue_summary) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_at_end(revenue_summary) IS
  'what is paid at the end: start + new + expansion + reactivation - contraction - churn, exactly';
CREATE FUNCTION revenue_customers(summary revenue_summary, movement text) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_customers(revenue_summary, text) IS
  'customers of a movement (new, expansion, contraction, churn, reactivation, unchanged), or who paid at the start or end';

-- one customer; those who stay

CREATE FUNCTION revenue_movement(amount_before numeric, amount_after numeric, paid_before boolean) RETURNS text
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_movement(numeric, numeric, boolean) IS
  'how revenue moved: new, expansion, contraction, churn, reactivation or unchanged; a null amount is 0, a null paid_before false; NULL if nothing was paid at either end';
CREATE FUNCTION revenue_with_unchanged(moved revenue_summary, earlier revenue_summary) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_with_unchanged(revenue_summary, revenue_summary) IS
  'a period''s movements with those customers added who paid the same all through it, as all earlier movements (null: none) tell: for month-by-month revenue from changes alone';

-- one-step aggregates end with these

CREATE FUNCTION revenue_summary_net_churn(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'net_revenue_churn';
COMMENT ON FUNCTION revenue_summary_net_churn(revenue_summary) IS
  'aggregate support: net revenue churn without reactivation';
CREATE FUNCTION revenue_summary_quick_ratio(revenue_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'quick_ratio';
COMMENT ON FUNCTION revenue_summary_quick_ratio(revenue_summary) IS
  'aggregate support: quick ratio without reactivation';

-- building

CREATE FUNCTION revenue_summary_accum(revenue_summary, numeric, numeric, boolean) RETURNS revenue_summary
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION revenue_summary_accum(revenue_summary, numeric, numeric, boolean) IS
  'aggregate support: counts a customer';

CREATE AGGREGATE revenue_agg(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_final,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_agg(numeric, numeric, boolean) IS
  'revenue_summary, one row a customer: what they paid at the start and pay at the end, and whether they had ever paid before the start; a null amount is 0, a null paid_before false; NULL if there are no rows';

CREATE AGGREGATE nrr(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = nrr,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(numeric, numeric, boolean) IS
  'net revenue retention, one row a customer: what those who paid at the start pay at the end / what they paid; NULL if nothing was paid at the start';

CREATE AGGREGATE grr(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = grr,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(numeric, numeric, boolean) IS
  'gross revenue retention, one row a customer, 0..1: (start - contraction - churn) / start; NULL if nothing was paid at the start';

CREATE AGGREGATE gross_revenue_churn(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = gross_revenue_churn,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE gross_revenue_churn(numeric, numeric, boolean) IS
  '(churn + contraction) / start, one row a customer, 0..1; NULL if nothing was paid at the start';

CREATE AGGREGATE net_revenue_churn(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_net_churn,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE net_revenue_churn(numeric, numeric, boolean) IS
  '(churn + contraction - expansion) / start, one row a customer; NULL if nothing was paid at the start';

CREATE AGGREGATE quick_ratio(amount_before numeric, amount_after numeric, paid_before boolean) (
  SFUNC = revenue_summary_accum,
  STYPE = revenue_summary,
  SSPACE = 200,
  FINALFUNC = revenue_summary_quick_ratio,
  COMBINEFUNC = revenue_summary_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(numeric, numeric, boolean) IS
  '(new + expansion) / (contraction + churn), one row a customer; NULL if nothing was lost';
