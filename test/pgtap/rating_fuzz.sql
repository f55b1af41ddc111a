-- Hostile text and hostile bytes: an ERROR or a value that means itself, and no accessor stumbles.
BEGIN;
SELECT plan(4);

CREATE TEMP TABLE fuzzed AS
SELECT * FROM fuzz_type_input('rating_summary', ARRAY[
    '{"scale": [0, 10], "counts": [0, 0, 1, 0, 2, 300, 0, 0, 70000, 0, 5000000000]}',
    '{"scale": [1, 5], "counts": [0, 2, 0, 7, 12]}',
    '{"scale": [-3, -2], "counts": [9223372036854775806, 1]}',
    (SELECT rating_agg(s, -50, 50)::text FROM generate_series(-50, 50) s)],
  100000, 3, ARRAY(SELECT oid FROM pg_proc
    WHERE proargtypes::oid[] = ARRAY['rating_summary'::regtype::oid] AND prokind = 'f' AND NOT proretset
      AND prosrc !~ '_(out|send)$'));

SELECT is(text_ok + text_errors, 100000::bigint, '100,000 mutations of the text form') FROM fuzzed;
SELECT is(binary_ok + binary_errors, 100000::bigint, '100,000 mutations of the binary form') FROM fuzzed;
SELECT cmp_ok(text_ok, '>', 2000::bigint, 'enough of them are valid text') FROM fuzzed;
SELECT cmp_ok(binary_ok, '>', 2000::bigint, 'enough of them are valid bytes') FROM fuzzed;

SELECT finish();
ROLLBACK;
