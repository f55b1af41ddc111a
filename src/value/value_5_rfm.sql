--
-- value: recency, frequency, monetary (docs/value.md)
--

CREATE FUNCTION rfm_score(value anyelement, buckets integer DEFAULT 5)
  RETURNS integer LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rfm_score(anyelement, integer) IS
  'window function: score 1..buckets of a value among those of OVER (ORDER BY value), best last: 1 + floor(buckets (rank - 1) / n); ties score alike, no ORDER BY: all 1; recency: ORDER BY value DESC';

CREATE FUNCTION rfm_score(value double precision, breaks double precision[])
  RETURNS integer LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rfm_score_breaks';
COMMENT ON FUNCTION rfm_score(double precision, double precision[]) IS
  'score of a value by one''s own increasing breaks: 1 + the number of breaks that it reaches';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer)
  RETURNS text LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION rfm_segment(integer, integer, integer) IS
  'the first standard segment that fits scores 1..5: champions, loyal customers, cannot lose them, at risk, potential loyalists, new customers, promising, need attention, about to sleep, hibernating, lost';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer, rules jsonb)
  RETURNS text LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rfm_segment_rules';
COMMENT ON FUNCTION rfm_segment(integer, integer, integer, jsonb) IS
  'the segment of the first of one''s own rules that fits, NULL if none: [{"segment": "best", "r": [4, 5], "f": [4, 5]}, {"segment": "rest"}]; a range left out fits all scores';
