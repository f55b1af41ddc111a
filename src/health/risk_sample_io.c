/*
 * risk_sample_io.c: text and binary of risk_sample.
 *
 * The text is JSON, but a sample may have millions of numbers, more than the server's jsonb can
 * hold (256 MB).  So it is read here in one pass, by a scanner for just this object:
 *
 *   {"features": 2, "omitted": 0, "churned": [[count, f1, f2], ...], "stayed": [...]}
 */
#include "health/risk_sample.h"

#include <ctype.h>
#include <math.h>

#include "common/whole.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

static const char TYPE_NAME[] = "risk_sample";
static const char EXAMPLE[] =
	"{\"features\": 2, \"omitted\": 0, \"churned\": [[1, 90, 3]], \"stayed\": [[2, 7, 0]]}";

/* Numbers are read through a buffer of this size; longer ones are hardly numbers. */
#define MAX_NUMBER 400

/* ---- the scanner ---- */

enum
{
	FIELD_FEATURES,
	FIELD_OMITTED,
	FIELD_CHURNED,
	FIELD_STAYED,
	FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {"features", "omitted", "churned", "stayed"};

typedef struct Scanner
{
	SummaryText text; /* for messages */
	const char *at;
	bool seen[FIELD_COUNT];
	int64 features; /* as declared */
	int64 omitted;
	RiskSample *sample; /* NULL until the first row tells its features */
} Scanner;

static void
skip_space(Scanner *in)
{
	while (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r')
		in->at++;
}

/* Is the next sign that is no space this one?  Then go past it. */
static bool
take(Scanner *in, char c)
{
	skip_space(in);
	if (*in->at != c)
		return false;
	in->at++;
	return true;
}

static void
expect(Scanner *in, char c)
{
	if (!take(in, c))
		summary_text_invalid(&in->text, "There is no \"%c\" at character %d.", c,
							 (int) (in->at - in->text.text) + 1);
}

/* How many characters from here on form a number as JSON has it; 0 if none do. */
static int
number_length(const char *from)
{
	const char *at = from;
	const char *digits;

	if (*at == '-')
		at++;
	digits = at;
	while (isdigit((unsigned char) *at))
		at++;
	if (at == digits)
		return 0;
	if (*at == '.')
	{
		digits = ++at;
		while (isdigit((unsigned char) *at))
			at++;
		if (at == digits)
			return 0;
	}
	if (*at == 'e' || *at == 'E')
	{
		at++;
		if (*at == '+' || *at == '-')
			at++;
		digits = at;
		while (isdigit((unsigned char) *at))
			at++;
		if (at == digits)
			return 0;
	}
	return (int) (at - from);
}

static double
take_number(Scanner *in)
{
	char digits[MAX_NUMBER];
	int length;
	double value;

	skip_space(in);
	length = number_length(in->at);
	if (length == 0 || length >= MAX_NUMBER)
		summary_text_invalid(&in->text, "There is no number at character %d.",
							 (int) (in->at - in->text.text) + 1);
	memcpy(digits, in->at, length);
	digits[length] = '\0';
	value = strtod(digits, NULL);
	if (isinf(value))
		summary_text_invalid(&in->text, "The number %.40s is too large.", digits);
	in->at += length;
	return value + 0.0;
}

static int64
take_whole(Scanner *in, const char *what, int64 min, int64 max)
{
	int64 whole;

	if (!whole_from_float8(take_number(in), min, max, &whole))
		summary_text_invalid(
			&in->text, "\"%s\" is not a whole number from " INT64_FORMAT " to " INT64_FORMAT ".",
			what, min, max);
	return whole;
}

/* ---- text input ---- */

/* One row: [count, feature, ...]; the first one tells how many features there are. */
static void
take_row(Scanner *in, double sign)
{
	double row[1 + RISK_MAX_FEATURES];
	int features = 0;

	expect(in, '[');
	row[0] = sign * (double) take_whole(in, "count", 1, RISK_MAX_COUNT);
	while (take(in, ','))
	{
		if (features == RISK_MAX_FEATURES)
			summary_text_invalid(&in->text, "A row has more than %d features.", RISK_MAX_FEATURES);
		row[1 + features] = take_number(in);
		if (fabs(row[1 + features++]) > RISK_MAX_FEATURE)
			summary_text_invalid(&in->text, "A feature is not within %g to %g.", -RISK_MAX_FEATURE,
								 RISK_MAX_FEATURE);
	}
	expect(in, ']');
	if (features == 0)
		summary_text_invalid(&in->text, "A row has no features.");
	if (in->sample == NULL)
		in->sample = risk_sample_new(features, 1);
	if (in->sample->features != features)
		summary_text_invalid(&in->text, "One row has %d features and another one %d.",
							 in->sample->features, features);
	in->sample = risk_sample_append(in->sample, row);
}

static void
take_rows(Scanner *in, double sign)
{
	expect(in, '[');
	if (take(in, ']'))
		return;
	do
	{
		CHECK_FOR_INTERRUPTS();
		take_row(in, sign);
	} while (take(in, ','));
	expect(in, ']');
}

/* The next key, which must be one of ours and new. */
static int
take_key(Scanner *in)
{
	expect(in, '"');
	for (int field = 0; field < FIELD_COUNT; field++)
	{
		int length = strlen(field_names[field]);

		if (strncmp(in->at, field_names[field], length) != 0 || in->at[length] != '"')
			continue;
		if (in->seen[field])
			summary_text_invalid(&in->text, "The field \"%s\" appears twice.", field_names[field]);
		in->seen[field] = true;
		in->at += length + 1;
		expect(in, ':');
		return field;
	}
	summary_text_invalid(&in->text, "There is an unknown field at character %d.",
						 (int) (in->at - in->text.text));
	return FIELD_COUNT; /* not reached */
}

static void
take_field(Scanner *in)
{
	switch (take_key(in))
	{
		case FIELD_FEATURES:
			in->features = take_whole(in, "features", 0, RISK_MAX_FEATURES);
			break;
		case FIELD_OMITTED:
			in->omitted = take_whole(in, "omitted", 0, RISK_MAX_COUNT);
			break;
		case FIELD_CHURNED:
			take_rows(in, 1);
			break;
		case FIELD_STAYED:
			take_rows(in, -1);
			break;
	}
}

static void
take_object(Scanner *in)
{
	expect(in, '{');
	do
		take_field(in);
	while (take(in, ','));
	expect(in, '}');
	skip_space(in);
	if (*in->at != '\0')
		summary_text_invalid(&in->text, "There is something after the end of the object.");
	for (int field = 0; field < FIELD_COUNT; field++)
		if (!in->seen[field])
			summary_text_invalid(&in->text, "The field \"%s\" is missing.", field_names[field]);
}

PG_FUNCTION_INFO_V1(risk_sample_in);
Datum
risk_sample_in(PG_FUNCTION_ARGS)
{
	Scanner in = {.text = {TYPE_NAME, EXAMPLE, PG_GETARG_CSTRING(0), NULL}};

	in.at = in.text.text;
	take_object(&in);
	if (in.sample == NULL)
		in.sample = risk_sample_new((int) in.features, 0);
	if (in.sample->features != in.features)
		summary_text_invalid(&in.text, "\"features\" is %d, but rows have %d features.",
							 (int) in.features, in.sample->features);
	in.sample->omitted = in.omitted;
	PG_RETURN_POINTER(risk_sample_canonical(in.sample));
}

/* ---- text output ---- */

static void
append_rows(StringInfo out, const RiskSample *s, bool churned)
{
	bool first = true;

	appendStringInfoChar(out, '[');
	for (int i = 0; i < s->rows; i++)
	{
		const double *row = risk_row_const(s, i);

		CHECK_FOR_INTERRUPTS();
		if ((row[0] > 0) != churned)
			continue;
		appendStringInfo(out, "%s[%.0f", first ? "" : ", ", fabs(row[0]));
		first = false;
		for (int j = 1; j <= s->features; j++)
		{
			appendStringInfoString(out, ", ");
			summary_text_append_double(out, row[j]);
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, ']');
}

PG_FUNCTION_INFO_V1(risk_sample_out);
Datum
risk_sample_out(PG_FUNCTION_ARGS)
{
	const RiskSample *s = risk_sample_ordered_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out,
					 "{\"features\": %d, \"omitted\": " INT64_FORMAT ", \"churned\": ", s->features,
					 s->omitted);
	append_rows(&out, s, true);
	appendStringInfoString(&out, ", \"stayed\": ");
	append_rows(&out, s, false);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- binary ---- */

/*
 * Binary output: version (1 byte), features (2), omitted (8), rows (4); for each its count (8,
 * negative: stayed) and its features (8 each).
 */
PG_FUNCTION_INFO_V1(risk_sample_send);
Datum
risk_sample_send(PG_FUNCTION_ARGS)
{
	const RiskSample *s = risk_sample_ordered_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, (int) (risk_row_bytes(s->features) * s->rows) + 16);
	pq_sendbyte(&buf, s->version);
	pq_sendint16(&buf, s->features);
	pq_sendint64(&buf, s->omitted);
	pq_sendint32(&buf, s->rows);
	for (int i = 0; i < s->rows; i++)
	{
		const double *row = risk_row_const(s, i);

		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, (int64) row[0]);
		for (int j = 1; j <= s->features; j++)
			pq_sendfloat8(&buf, row[j]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
receive_row(StringInfo buf, RiskSample *s)
{
	double *row = risk_row(s, s->rows);
	int64 count = pq_getmsgint64(buf);

	if (count == 0 || count > RISK_MAX_COUNT || count < -RISK_MAX_COUNT)
		summary_wire_invalid(TYPE_NAME, "A row has a count of " INT64_FORMAT ".", count);
	row[0] = (double) count;
	for (int j = 1; j <= s->features; j++)
	{
		row[j] = pq_getmsgfloat8(buf) + 0.0;
		if (!(fabs(row[j]) <= RISK_MAX_FEATURE))
			summary_wire_invalid(TYPE_NAME, "A feature is %g.", row[j]);
	}
	s->rows++;
}

PG_FUNCTION_INFO_V1(risk_sample_recv);
Datum
risk_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int features;
	int64 omitted;
	int rows;
	RiskSample *s;

	summary_wire_version(buf, TYPE_NAME, RISK_SAMPLE_VERSION);
	features = (int16) pq_getmsgint(buf, 2);
	omitted = pq_getmsgint64(buf);
	rows = (int32) pq_getmsgint(buf, 4);
	if (features < 0 || features > RISK_MAX_FEATURES || omitted < 0 || omitted > RISK_MAX_COUNT)
		summary_wire_invalid(TYPE_NAME, "It has %d features and " INT64_FORMAT " omitted rows.",
							 features, omitted);
	/* what isn't there needs no room */
	if (rows < 0 || rows > (features == 0 ? 0 : risk_max_rows(features)) ||
		risk_row_bytes(features) * rows > (Size) (buf->len - buf->cursor))
		summary_wire_invalid(TYPE_NAME, "It announces %d rows, but has %d bytes.", rows,
							 buf->len - buf->cursor);
	s = risk_sample_new(features, rows);
	s->omitted = omitted;
	for (int i = 0; i < rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		receive_row(buf, s);
	}
	PG_RETURN_POINTER(risk_sample_canonical(s));
}
