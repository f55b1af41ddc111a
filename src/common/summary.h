/*
 * summary.h: what every summary type is built from.
 *
 * A summary is a small flat varlena that is at once the transition state of its family's
 * aggregates, their result, a value to store and what accessors read (docs/architecture.md).
 * This file holds what all of them share: when a state may be changed in place, and how values
 * are read from text (JSON) and from the wire.
 */
#ifndef CUSTOMER_LIFECYCLE_SUMMARY_H
#define CUSTOMER_LIFECYCLE_SUMMARY_H

#include "common/compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/nodes.h"
#include "utils/jsonb.h"

/*
 * Is this call part of an aggregate, so that its first argument is a state which we made and which
 * we may change?  Everywhere else that argument is a user's value: to be copied, and checked.
 */
static inline bool
summary_is_state(FunctionCallInfo fcinfo)
{
	/* as AggCheckCallContext() has it, but inline, since this runs for each row */
	return fcinfo->context != NULL &&
		   (IsA(fcinfo->context, AggState) || IsA(fcinfo->context, WindowAggState));
}

/*
 * function(fcinfo, i): the value in argument i, to be changed.  Within an aggregate our own state, in
 * place; else a copy of a user's value, which check() has looked at.
 */
#define SUMMARY_WRITABLE(function, type, check)                                                    \
	static type *function(FunctionCallInfo fcinfo, int i)                                          \
	{                                                                                              \
		type *s = (type *) PG_GETARG_POINTER(i);                                                   \
                                                                                                   \
		if (summary_is_state(fcinfo) && !VARATT_IS_EXTENDED(s))                                    \
			return s;                                                                              \
		s = (type *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i));                                    \
		check(s);                                                                                  \
		return s;                                                                                  \
	}                                                                                              \
	extern int no_such_variable

/*
 * The text form of a summary is a JSON object with one key per field, in a fixed order.  The
 * server's own parser reads it, so that hostile text meets code that has seen it all; these
 * functions then take the fields.  Each raises an ERROR that names the type, the field, what was
 * wrong and what the type looks like.
 */
typedef struct SummaryText
{
	const char *type;	 /* SQL name of the type, for messages */
	const char *example; /* a valid value, for hints */
	const char *text;	 /* what was given */
	JsonbContainer *object;
} SummaryText;

extern SummaryText summary_text_open(const char *text, const char *type, const char *example,
									 int fields);
extern int64 summary_text_int64(const SummaryText *t, const char *field, int64 min, int64 max);
extern double summary_text_double(const SummaryText *t, const char *field);
extern Jsonb *summary_text_array(const SummaryText *t, const char *field, int max_elements);
extern int64 summary_text_element_int64(const SummaryText *t, const char *field, const Jsonb *array,
										int i, int64 min, int64 max);
extern double summary_text_element_double(const SummaryText *t, const char *field,
										  const Jsonb *array, int i);
extern char *summary_text_string(const SummaryText *t, const char *field);
extern Datum summary_text_numeric(const SummaryText *t, const char *field);
extern SummaryText summary_text_object(const SummaryText *t, const char *field, int fields);
extern bool summary_text_is_null(const SummaryText *t, const char *field);
pg_noreturn extern void summary_text_invalid(const SummaryText *t, const char *format, ...)
	pg_attribute_printf(2, 3);

/* Append a double so that reading it back gives the same bits; NaN and infinities as strings. */
extern void summary_text_append_double(StringInfo out, double value);

/* Read the version byte of a binary value; an ERROR if it isn't the one that we write. */
extern void summary_wire_version(StringInfo buf, const char *type, int version);

/* Raise the ERROR for a binary value that breaks a rule of its type. */
pg_noreturn extern void summary_wire_invalid(const char *type, const char *format, ...)
	pg_attribute_printf(2, 3);

/*
 * Equality and hash of values without padding whose equal ones are equal bytes; not of a value with
 * a short header, nor of a growing state.
 */
extern bool summary_same_bytes(const void *a, const void *b);
extern uint32 summary_hash_bytes(const void *value);

/*
 * type_eq() and type_ne() of a type: read(fcinfo, i) gives the checked value of argument i, same(a, b)
 * compares two.
 */
#define SUMMARY_EQUAL(type, read, same)                                                            \
	PG_FUNCTION_INFO_V1(type##_eq);                                                                \
	Datum type##_eq(PG_FUNCTION_ARGS)                                                              \
	{                                                                                              \
		PG_RETURN_BOOL(same(read(fcinfo, 0), read(fcinfo, 1)));                                    \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(type##_ne);                                                                \
	Datum type##_ne(PG_FUNCTION_ARGS)                                                              \
	{                                                                                              \
		PG_RETURN_BOOL(!same(read(fcinfo, 0), read(fcinfo, 1)));                                   \
	}                                                                                              \
	extern int no_such_variable

/* The same and type_hash(), of a type whose equal values are equal bytes. */
#define SUMMARY_EQUAL_BY_BYTES(type, read)                                                         \
	SUMMARY_EQUAL(type, read, summary_same_bytes);                                                 \
	PG_FUNCTION_INFO_V1(type##_hash);                                                              \
	Datum type##_hash(PG_FUNCTION_ARGS)                                                            \
	{                                                                                              \
		PG_RETURN_UINT32(summary_hash_bytes(read(fcinfo, 0)));                                     \
	}                                                                                              \
	extern int no_such_variable

#endif
