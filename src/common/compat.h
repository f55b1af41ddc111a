/*
 * compat.h: what differs between the PostgreSQL versions that we support.
 *
 * The only file that knows PG_VERSION_NUM.
 */
#ifndef CUSTOMER_LIFECYCLE_COMPAT_H
#define CUSTOMER_LIFECYCLE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "customer_lifecycle needs PostgreSQL 15 or newer"
#endif

#include "fmgr.h"

/* What postgres.h said of varlenas moved into a header of its own in PostgreSQL 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* heap_form_tuple() and what belongs to it, which funcapi.h brought along up to PostgreSQL 18. */
#if PG_VERSION_NUM >= 190000
#include "access/htup_details.h"
#endif

/*
 * We build with hidden symbols, so that our names can't clash with those of another library.
 * PostgreSQL 15 doesn't mark what SQL calls as visible; from 16 on it does.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))

#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname)                                                              \
	extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS);                                           \
	extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_, funcname)(void);                \
	const Pg_finfo_record *CppConcat(pg_finfo_, funcname)(void)                                    \
	{                                                                                              \
		static const Pg_finfo_record my_finfo = {1};                                               \
		return &my_finfo;                                                                          \
	}                                                                                              \
	extern int no_such_variable
#endif

/* PostgreSQL 18 marks functions that don't return in front, and dropped the older way. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* DecodeTimezoneNameToTz(): what date_trunc() makes of the name of a time zone */
#define HAVE_DECODE_TIMEZONE_NAME_TO_TZ (PG_VERSION_NUM >= 160000)

/* From 16 on, make_range() can report errors softly, which we never want. */
#if PG_VERSION_NUM >= 160000
#define make_range_compat(type, lower, upper) make_range(type, lower, upper, false, NULL)
#else
#define make_range_compat(type, lower, upper) make_range(type, lower, upper, false)
#endif

/* Up to 15 a walker of expressions is declared without arguments, which C23 takes at its word. */
#if PG_VERSION_NUM < 160000
#define expression_walker(function) ((bool (*)())(void (*)(void))(function))
#else
#define expression_walker(function) (function)
#endif

/* From 19 on a description of rows must be finished before it is used. */
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(desc) ((void) (desc))
#endif

/*
 * A jsonb is put together in a builder, token by token.  Macros: whoever uses them includes
 * utils/jsonb.h.
 */
#if PG_VERSION_NUM >= 190000
#define JSONB_BUILDER(name) JsonbInState name = {0}
#define push_jsonb(name, token, value) pushJsonbValue(&(name), token, value)
#define built_jsonb(name) JsonbValueToJsonb((name).result)
#else
#define JSONB_BUILDER(name)                                                                        \
	JsonbParseState *name = NULL;                                                                  \
	JsonbValue *name##_result = NULL
#define push_jsonb(name, token, value) (name##_result = pushJsonbValue(&(name), token, value))
#define built_jsonb(name) JsonbValueToJsonb(name##_result)
#endif

/* What ON CONFLICT DO NOTHING calls, for all unique indexes; callers include executor.h. */
#if PG_VERSION_NUM >= 180000
#define check_index_constraints_compat(result, slot, estate, conflict)                             \
	ExecCheckIndexConstraints(result, slot, estate, conflict, NULL, NIL)
#else
#define check_index_constraints_compat(result, slot, estate, conflict)                             \
	ExecCheckIndexConstraints(result, slot, estate, conflict, NIL)
#endif
#if PG_VERSION_NUM >= 190000
#define insert_index_tuples_compat(result, slot, estate, lost)                                     \
	ExecInsertIndexTuples(result, estate, EIIT_NO_DUPE_ERROR, slot, NIL, lost)
#elif PG_VERSION_NUM >= 160000
#define insert_index_tuples_compat(result, slot, estate, lost)                                     \
	ExecInsertIndexTuples(result, slot, estate, false, true, lost, NIL, false)
#else
#define insert_index_tuples_compat(result, slot, estate, lost)                                     \
	ExecInsertIndexTuples(result, slot, estate, false, true, lost, NIL)
#endif

#endif
