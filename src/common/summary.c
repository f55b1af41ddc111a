/*
 * summary.c: what every summary type is built from (see summary.h).
 */
#include "common/summary.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "common/whole.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

/* The longest detail of an error message, in bytes. */
#define MAX_DETAIL 400

/* How much of a wrong value an error message shows, in bytes. */
#define MAX_SHOWN 200

void
summary_text_invalid(const SummaryText *t, const char *format, ...)
{
	char detail[MAX_DETAIL];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", t->type,
					pnstrdup(t->text, pg_mbcliplen(t->text, strlen(t->text), MAX_SHOWN))),
			 errdetail_internal("%s", detail), errhint("A value looks like %s.", t->example)));
}

/*
 * Parse the text of a summary into an object of exactly so many fields, or of any number (0).
 *
 * Malformed JSON is reported by the server's own parser (22P02).
 */
SummaryText
summary_text_open(const char *text, const char *type, const char *example, int fields)
{
	SummaryText t = {type, example, text, NULL};
	Jsonb *jb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	if (!JB_ROOT_IS_OBJECT(jb))
		summary_text_invalid(&t, "The value is not a JSON object.");
	if (fields > 0 && (int) JB_ROOT_COUNT(jb) != fields)
		summary_text_invalid(&t, "The object has %d fields instead of %d.", (int) JB_ROOT_COUNT(jb),
							 fields);
	t.object = &jb->root;
	return t;
}

static JsonbValue *
field_value(const SummaryText *t, const char *field)
{
	JsonbValue *v = getKeyJsonValueFromContainer(t->object, field, strlen(field), NULL);

	if (v == NULL)
		summary_text_invalid(t, "The field \"%s\" is missing.", field);
	return v;
}

/* A JSON number as int64, exact: 1.5 and 1e40 are errors, 1.0 is 1. */
static int64
value_int64(const SummaryText *t, const char *field, const JsonbValue *v, int64 min, int64 max)
{
	int64 result;

	if (v->type != jbvNumeric ||
		!whole_from_numeric(NumericGetDatum(v->val.numeric), min, max, &result))
		summary_text_invalid(
			t, "\"%s\" is not a whole number from " INT64_FORMAT " to " INT64_FORMAT ".", field,
			min, max);
	return result;
}

/*
 * A JSON number, or one of the strings "NaN", "Infinity" and "-Infinity".  There is one NaN and one
 * zero, so that equal numbers are equal bytes.
 */
static double
value_double(const SummaryText *t, const char *field, const JsonbValue *v)
{
	double value;

	if (v->type == jbvNumeric)
		return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(v->val.numeric)));
	if (v->type != jbvString)
		summary_text_invalid(t, "\"%s\" has a value that is not a number.", field);
	value = DatumGetFloat8(DirectFunctionCall1(
		float8in, CStringGetDatum(pnstrdup(v->val.string.val, v->val.string.len))));
	return isnan(value) ? get_float8_nan() : value + 0.0;
}

int64
summary_text_int64(const SummaryText *t, const char *field, int64 min, int64 max)
{
	return value_int64(t, field, field_value(t, field), min, max);
}

double
summary_text_double(const SummaryText *t, const char *field)
{
	return value_double(t, field, field_value(t, field));
}

/* A JSON number as numeric, exact. */
Datum
summary_text_numeric(const SummaryText *t, const char *field)
{
	const JsonbValue *v = field_value(t, field);

	if (v->type != jbvNumeric)
		summary_text_invalid(t, "\"%s\" is not a number.", field);
	return NumericGetDatum(v->val.numeric);
}

/* An object within the object, of exactly so many fields. */
SummaryText
summary_text_object(const SummaryText *t, const char *field, int fields)
{
	const JsonbValue *v = field_value(t, field);
	SummaryText inner = *t;

	if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		summary_text_invalid(t, "\"%s\" is not an object.", field);
	inner.object = v->val.binary.data;
	if ((int) JsonContainerSize(inner.object) != fields)
		summary_text_invalid(t, "\"%s\" has %d fields instead of %d.", field,
							 (int) JsonContainerSize(inner.object), fields);
	return inner;
}

bool
summary_text_is_null(const SummaryText *t, const char *field)
{
	return field_value(t, field)->type == jbvNull;
}

char *
summary_text_string(const SummaryText *t, const char *field)
{
	const JsonbValue *v = field_value(t, field);

	if (v->type != jbvString)
		summary_text_invalid(t, "\"%s\" is not a string.", field);
	return pnstrdup(v->val.string.val, v->val.string.len);
}

/* The array of a field; JB_ROOT_COUNT() is its length. */
Jsonb *
summary_text_array(const SummaryText *t, const char *field, int max_elements)
{
	JsonbValue *v = field_value(t, field);
	Jsonb *array;

	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		summary_text_invalid(t, "\"%s\" is not an array.", field);
	array = JsonbValueToJsonb(v);
	if ((int) JB_ROOT_COUNT(array) > max_elements)
		summary_text_invalid(t, "\"%s\" has %d elements; at most %d are allowed.", field,
							 (int) JB_ROOT_COUNT(array), max_elements);
	return array;
}

static JsonbValue *
element(const SummaryText *t, const char *field, const Jsonb *array, int i)
{
	JsonbValue *v;

	CHECK_FOR_INTERRUPTS();
	v = getIthJsonbValueFromContainer((JsonbContainer *) &array->root, i);

	if (v == NULL)
		summary_text_invalid(t, "\"%s\" has no element %d.", field, i);
	return v;
}

int64
summary_text_element_int64(const SummaryText *t, const char *field, const Jsonb *array, int i,
						   int64 min, int64 max)
{
	return value_int64(t, field, element(t, field, array, i), min, max);
}

double
summary_text_element_double(const SummaryText *t, const char *field, const Jsonb *array, int i)
{
	return value_double(t, field, element(t, field, array, i));
}

void
summary_text_append_double(StringInfo out, double value)
{
	char digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(value))
		appendStringInfoString(out, "\"NaN\"");
	else if (isinf(value))
		appendStringInfoString(out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else
	{
		double_to_shortest_decimal_buf(value, digits);
		appendStringInfoString(out, digits);
	}
}

void
summary_wire_version(StringInfo buf, const char *type, int version)
{
	int found = pq_getmsgbyte(buf);

	if (found != version)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("unsupported version %d of type %s", found, type),
						errdetail("This build reads version %d.", version),
						errhint("Use the same version of customer_lifecycle on both sides, or the "
								"text format.")));
}

void
summary_wire_invalid(const char *type, const char *format, ...)
{
	char detail[MAX_DETAIL];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value of type %s", type), errdetail_internal("%s", detail)));
}

bool
summary_same_bytes(const void *a, const void *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

uint32
summary_hash_bytes(const void *value)
{
	return hash_bytes((const unsigned char *) VARDATA(value), VARSIZE(value) - VARHDRSZ);
}
