-- What is stored of a value, as hexadecimal text, and back: types of the same layout whose input and output
-- are bytea's, and casts that change nothing; disk_bytes(value) and from_disk(text, NULL::type).
DO $$
DECLARE
  type text;
  layout text;
BEGIN
  FOREACH layout IN ARRAY '{int4,double}'::text[]
  LOOP
    EXECUTE format('CREATE TYPE disk_%1$s;
      CREATE FUNCTION disk_%1$s_in(cstring) RETURNS disk_%1$s LANGUAGE internal IMMUTABLE STRICT AS $f$byteain$f$;
      CREATE FUNCTION disk_%1$s_out(disk_%1$s) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS $f$byteaout$f$;
      CREATE TYPE disk_%1$s (INPUT = disk_%1$s_in, OUTPUT = disk_%1$s_out, INTERNALLENGTH = variable, ALIGNMENT = %1$s, STORAGE = extended)', layout);
  END LOOP;
  FOR type, layout IN
    SELECT t.oid::regtype::text, CASE t.typalign WHEN 'd' THEN 'double' ELSE 'int4' END
      FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
     WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_lifecycle') AND t.typtype = 'b' AND t.typelem = 0
  LOOP
    EXECUTE format('CREATE CAST (%1$s AS disk_%2$s) WITHOUT FUNCTION; CREATE CAST (disk_%2$s AS %1$s) WITHOUT FUNCTION;
      CREATE FUNCTION disk_bytes(%1$s) RETURNS text LANGUAGE sql RETURN $1::disk_%2$s::text;
      CREATE FUNCTION from_disk(text, %1$s) RETURNS %1$s LANGUAGE sql RETURN $1::disk_%2$s::%1$s', type, layout);
  END LOOP;
END $$;
