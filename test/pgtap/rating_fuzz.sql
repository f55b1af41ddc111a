-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(4);

\set mutations 100000
\set enough 2000
CREATE TEMP TABLE fuzzed AS
SELECT 'rating_summary' AS type, * FROM fuzz_type_input('rating_summary', ARRAY[
    '{"scale": [0, 10], "counts": [0, 0, 1, 0, 2, 300, 0, 0, 70000, 0, 5000000000]}',
    '{"scale": [1, 5], "counts": [0, 2, 0, 7, 12]}',
    '{"scale": [-3, -2], "counts": [9223372036854775806, 1]}',
    (SELECT rating_agg(s, -50, 50)::text FROM generate_series(-50, 50) s)],
  :mutations, 3, fuzz_probes('rating_summary'));

\ir fuzzed.psql

SELECT finish();
ROLLBACK;
