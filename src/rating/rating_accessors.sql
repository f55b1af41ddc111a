--
-- rating: what a rating_summary says (docs/rating.md)
--

CREATE FUNCTION responses(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION responses(rating_summary) IS
  'number of responses counted';

CREATE FUNCTION promoters(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION promoters(rating_summary) IS
  'number of responses of 9 and 10, on the scale 0..10 or 1..10';

CREATE FUNCTION passives(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION passives(rating_summary) IS
  'number of responses of 7 and 8, on the scale 0..10 or 1..10';

CREATE FUNCTION detractors(ratings rating_summary) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION detractors(rating_summary) IS
  'number of responses of 6 and less, on the scale 0..10 or 1..10';

CREATE FUNCTION nps_interval(ratings rating_summary, confidence double precision DEFAULT 0.95, method text DEFAULT 'adjusted_wald') RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_interval(rating_summary, double precision, text) IS
  'confidence interval of nps(), within -100..100; method adjusted_wald (three answers added: holds for few and for extreme answers) or wald; NULL without responses';

CREATE FUNCTION nps_compare(a rating_summary, b rating_summary, OUT difference double precision, OUT z double precision, OUT p_value double precision)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_compare(rating_summary, rating_summary) IS
  'nps(b) - nps(a), that in standard errors (variances not pooled), and the probability of such a difference by chance alone (two-sided); z and p_value NULL where no group disagrees within itself';

CREATE FUNCTION nps_sample_size(margin double precision, confidence double precision DEFAULT 0.95, promoter_rate double precision DEFAULT 0.5, detractor_rate double precision DEFAULT 0.5, population bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION nps_sample_size(double precision, double precision, double precision, double precision, bigint) IS
  'responses needed to know nps to within margin points to either side; rates (0..1) as expected, by default the worst case; population: customers who could be asked, NULL for endless';

CREATE FUNCTION csat(ratings rating_summary, top_boxes integer DEFAULT 2) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION csat(rating_summary, integer) IS
  'share (0..1) of responses in the highest top_boxes scores of the summary''s own scale; NULL without responses';

CREATE FUNCTION csat_interval(ratings rating_summary, confidence double precision DEFAULT 0.95, top_boxes integer DEFAULT 2) RETURNS confidence_bounds
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION csat_interval(rating_summary, double precision, integer) IS
  'confidence interval of csat() (Wilson), within 0..1; NULL without responses';

CREATE FUNCTION ces_share(ratings rating_summary, direction text DEFAULT 'high_is_easy') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ces_share(rating_summary, text) IS
  'share (0..1) of responses on the easy side of the middle of the scale: 5..7 of 1..7, or with direction low_is_easy 1..3; NULL without responses';

CREATE FUNCTION rating_mean(ratings rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_mean(rating_summary) IS
  'mean score, on the summary''s own scale; NULL without responses';

CREATE FUNCTION rating_sd(ratings rating_summary) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_sd(rating_summary) IS
  'sample standard deviation of the scores (divisor n - 1); NULL for fewer than two responses';

CREATE FUNCTION rating_quantile(ratings rating_summary, fraction double precision, method text DEFAULT 'continuous') RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_quantile(rating_summary, double precision, text) IS
  'score up to which that part (0..1) of the responses lies; method continuous (as percentile_cont) or discrete (as percentile_disc); NULL without responses';

CREATE FUNCTION rating_distribution(ratings rating_summary, OUT score integer, OUT responses bigint, OUT share double precision) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rating_distribution(rating_summary) IS
  'one row for each score of the scale, lowest first: its responses and their share (0..1) of all; share is NULL without responses';
