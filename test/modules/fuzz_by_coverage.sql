-- What test/fuzz/types loads into its own cluster; `module` is the path of the library.
CREATE FUNCTION fuzz_by_coverage(type regtype, form text, seeds text[], probes regprocedure[], folder text, options text[])
RETURNS void LANGUAGE C STRICT AS :'module', 'fuzz_by_coverage';
COMMENT ON FUNCTION fuzz_by_coverage IS
  'libFuzzer, with its options, on the text or binary form of a type''s input, beginning with valid values (folder/seeds takes their form); what is asked of an input is as in fuzz_type_input(); ends the process';
