-- What test/run loads into the database of the pgTAP tests; `module` is the path of the library.
CREATE FUNCTION fuzz_type_input(
  type regtype, seeds text[], iterations integer, seed bigint, probes regprocedure[] DEFAULT '{}',
  OUT text_ok bigint, OUT text_errors bigint, OUT binary_ok bigint, OUT binary_errors bigint)
LANGUAGE C STRICT AS :'module', 'fuzz_type_input';
COMMENT ON FUNCTION fuzz_type_input IS
  'so many mutations of the text form of valid values of a type and as many of their binary form: each must be refused by an ERROR of SQLSTATE class other than XX, or be a value that prints and reads back to itself in both forms and that no probe (a function of that one argument) fails on with XX; anything else is an ERROR that shows the mutation; counts what was accepted and refused';

-- What to call with each value: the functions of the type alone that return one.
CREATE FUNCTION fuzz_probes(type regtype) RETURNS regprocedure[]
  LANGUAGE sql STABLE
  RETURN ARRAY(SELECT p.oid::regprocedure FROM pg_proc p
                WHERE p.proargtypes::oid[] = ARRAY[type::oid] AND p.prokind = 'f' AND NOT p.proretset AND p.prosrc !~ '_(out|send)$');
