--
-- survival: do groups stay equally long (docs/survival.md)
--

CREATE FUNCTION logrank_test(
  curves survival_curve[], rho double precision DEFAULT 0,
  OUT chi_square double precision, OUT df integer, OUT p_value double precision) RETURNS record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION logrank_test(survival_curve[], double precision) IS
  'log-rank test of whether the groups behind the curves stay equally long (rho 0), or its weighted form with weights S(t)^rho (Fleming-Harrington); NULL curves are left out; NULLs if fewer than two can be compared';
CREATE FUNCTION logrank_groups(
  curves survival_curve[], rho double precision DEFAULT 0,
  OUT ordinal integer, OUT customers double precision, OUT observed double precision, OUT expected double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION logrank_groups(survival_curve[], double precision) IS
  'for each curve that logrank_test() compares: how many customers left, and how many would have if all curves were alike (weighted by S(t)^rho)';
