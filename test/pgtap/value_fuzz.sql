-- Mutated text and binary of the value room's types: an ERROR or a valid value that prints back.
\set mutations 40000
\set enough 300
CREATE TEMP TABLE fuzzed AS
SELECT t AS type, f.*
FROM (VALUES
  ('purchase_summary', ARRAY[
     '{"bucket": "1 day", "time_zone": "UTC", "first_at": "2024-01-05T10:00:00+00:00", "last_at": "2024-02-01T08:00:00+00:00", "as_of": "2024-04-01T00:00:00+00:00", "spend": 40.875, "first_spend": 13.500, "refunds": -5.000, "buckets": [8770, 8785, 8797]}',
     '{"bucket": "00:15:00", "time_zone": "Europe/Berlin", "first_at": "1969-07-20T20:17:40.5+00:00", "last_at": "1969-07-20T20:17:40.5+00:00", "as_of": null, "spend": null, "first_spend": null, "refunds": null, "buckets": [-1067631]}',
     '{"frequency": 2, "recency": "213 days", "age": "272 days", "monetary": 35.17}']),
  ('clv_sample', ARRAY[
     '{"kind": "purchases", "observed_from": null, "observed_until": null, "x": [0, 2, 2, 7], "recency": [0, 600, 700, 800], "age": [900, 900, 900, 900], "count": [3, 1, 1, 9], "spend_x": [2], "spend_mean": [35.5], "spend_count": [1]}',
     '{"kind": "contractual", "observed_from": null, "observed_until": null, "x": [0, 1], "recency": [0, 0], "age": [0, 0], "count": [10, 9], "spend_x": [], "spend_mean": [], "spend_count": []}']),
  ('clv_model', ARRAY[
     '{"unit": "7 days", "customers": 0, "observed_from": null, "observed_until": null, "purchases": {"model": "sbg", "alpha": 1, "beta": 2, "status": "stated", "boundary": false, "n": 0, "iterations": 0, "gradient_norm": "NaN", "log_likelihood": "NaN", "penalty": 0, "covariance": [1, 0, 2]}, "spend": {"model": "gamma_gamma", "p": 1, "q": 2, "v": 3, "status": "converged", "boundary": true, "n": 6, "iterations": 3, "gradient_norm": 0, "log_likelihood": -3.5, "penalty": 0, "covariance": [1, 0, 2, 0, 0, "NaN"]}}'])) v(t, seeds),
  LATERAL fuzz_type_input(t::regtype, seeds, :mutations, 3, ARRAY(SELECT oid FROM pg_proc
    WHERE proname IN ('frequency', 'recency', 'customer_age', 'monetary_value', 'purchase_summary_hash', 'clv_sample_hash', 'customers', 'clv_model_hash', 'model_status')
      AND pronargs = 1 AND proargtypes[0] = t::regtype)) f;
SELECT plan(12);
\ir fuzzed.psql
SELECT finish();
