-- What the catalogue says of the extension's objects, one line an object, without an OID: catalogue, object,
-- attributes. Two installations that print the same are the same. The text of what it reads is stable over
-- sessions of one server, not over versions of PostgreSQL.
SET search_path = pg_catalog;
CREATE TEMP TABLE member AS
  SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
   WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'customer_lifecycle');

SELECT 'member', pg_describe_object(classid, objid, objsubid), '' FROM member
UNION ALL
SELECT 'function', p.oid::regprocedure::text, jsonb_build_object('kind', prokind, 'language', prolang::text::int, 'owner', proowner::regrole,
    'cost', procost, 'rows', prorows, 'variadic', provariadic::regtype, 'support', prosupport, 'definer', prosecdef, 'leakproof', proleakproof,
    'strict', proisstrict, 'set', proretset, 'volatile', provolatile, 'parallel', proparallel, 'defaults', pronargdefaults,
    'returns', prorettype::regtype, 'all', proallargtypes::regtype[], 'modes', proargmodes, 'names', proargnames,
    'default_values', pg_get_expr(proargdefaults, 0), 'source', prosrc, 'library', probin, 'body', pg_get_function_sqlbody(p.oid),
    'settings', proconfig, 'rights', proacl)::text
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
UNION ALL
SELECT 'aggregate', a.aggfnoid::regprocedure::text, jsonb_build_object('kind', aggkind, 'direct', aggnumdirectargs,
    'functions', ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]::regprocedure[],
    'extra', ARRAY[aggfinalextra, aggmfinalextra], 'modify', ARRAY[aggfinalmodify, aggmfinalmodify], 'sort', aggsortop::regoperator,
    'states', ARRAY[aggtranstype, aggmtranstype]::regtype[], 'space', ARRAY[aggtransspace, aggmtransspace], 'initial', ARRAY[agginitval, aggminitval])::text
  FROM pg_aggregate a JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = a.aggfnoid
UNION ALL
SELECT 'type', t.oid::regtype::text, jsonb_build_object('owner', typowner::regrole, 'length', typlen, 'by_value', typbyval, 'kind', typtype,
    'category', typcategory, 'preferred', typispreferred, 'delimiter', typdelim, 'subscript', typsubscript, 'element', typelem::regtype,
    'array', typarray::regtype, 'functions', ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze]::oid[]::regprocedure[],
    'alignment', typalign, 'storage', typstorage, 'not_null', typnotnull, 'base', typbasetype::regtype, 'modifier', typtypmod, 'collation', typcollation,
    'default', typdefault, 'rights', typacl,
    'labels', (SELECT jsonb_agg(jsonb_build_array(enumlabel, enumsortorder) ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
    'columns', (SELECT jsonb_agg(jsonb_build_array(attname, format_type(atttypid, atttypmod), attnotnull) ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = t.typrelid AND NOT attisdropped))::text
  FROM pg_type t WHERE t.oid IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
    OR t.typelem IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
UNION ALL
SELECT 'cast', pg_describe_object(m.classid, m.objid, 0), jsonb_build_array(castfunc::regprocedure, castcontext, castmethod)::text
  FROM pg_cast c JOIN member m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid
UNION ALL
SELECT 'operator', o.oid::regoperator::text, jsonb_build_object('owner', oprowner::regrole, 'kind', oprkind, 'merge', oprcanmerge, 'hash', oprcanhash,
    'result', oprresult::regtype, 'commutator', oprcom::regoperator, 'negator', oprnegate::regoperator, 'function', oprcode::oid::regprocedure,
    'estimators', ARRAY[oprrest, oprjoin]::oid[]::regprocedure[])::text
  FROM pg_operator o JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
UNION ALL
SELECT 'operator class', pg_describe_object(m.classid, m.objid, 0), jsonb_build_array(opcowner::regrole, opcintype::regtype, opcdefault, opckeytype::regtype,
    (SELECT amname FROM pg_am WHERE oid = opcmethod), pg_describe_object('pg_opfamily'::regclass, opcfamily, 0))::text
  FROM pg_opclass c JOIN member m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid
UNION ALL
SELECT 'operator of family', pg_describe_object('pg_opfamily'::regclass, amopfamily, 0) || ' ' || amopstrategy,
    jsonb_build_array(amoplefttype::regtype, amoprighttype::regtype, amoppurpose, amopopr::regoperator)::text
  FROM pg_amop a JOIN member m ON m.classid = 'pg_opfamily'::regclass AND m.objid = a.amopfamily
UNION ALL
SELECT 'function of family', pg_describe_object('pg_opfamily'::regclass, amprocfamily, 0) || ' ' || amprocnum,
    jsonb_build_array(amproclefttype::regtype, amprocrighttype::regtype, amproc::oid::regprocedure)::text
  FROM pg_amproc a JOIN member m ON m.classid = 'pg_opfamily'::regclass AND m.objid = a.amprocfamily
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
  FROM pg_description d JOIN member m ON m.classid = d.classoid AND m.objid = d.objoid
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
  FROM pg_description d JOIN pg_type t ON d.classoid = 'pg_class'::regclass AND d.objoid = t.typrelid
  JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
UNION ALL
SELECT 'dependency', pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) || ' ' || d.deptype::text
  FROM pg_depend d JOIN member m ON (m.classid, m.objid) = (d.classid, d.objid)
UNION ALL
SELECT 'initial right', pg_describe_object(i.classoid, i.objoid, i.objsubid), i.privtype::text || i.initprivs::text
  FROM pg_init_privs i JOIN member m ON (m.classid, m.objid) = (i.classoid, i.objoid)
UNION ALL
SELECT 'extension', extname, jsonb_build_array(extowner::regrole, extnamespace::regnamespace, extrelocatable, extversion, extconfig::regclass[], extcondition)::text
  FROM pg_extension WHERE extname = 'customer_lifecycle';
