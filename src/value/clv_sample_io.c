/*
 * clv_sample_io.c: text and binary form, and equality, of clv_sample.
 */
#include "value/clv_sample.h"

#include "catalog/pg_type.h"
#include "common/summary.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

static const char TYPE_NAME[] = "clv_sample";
static const char EXAMPLE[] =
	"{\"kind\": \"purchases\", \"observed_from\": null, \"observed_until\": null, \"x\": [0, 2], "
	"\"recency\": [0, 600], \"age\": [900, 900], \"count\": [3, 1], \"spend_x\": [2], "
	"\"spend_mean\": [35.5], \"spend_count\": [1]}";

#define FIELDS 10

/* ---- text ---- */

static void
append_timestamp(StringInfo out, const char *field, const ClvSample *s, TimestampTz at)
{
	const int utc = 0;
	char shown[MAXDATELEN + 1];

	if (!clv_sample_is(s, CLV_OBSERVED))
		appendStringInfo(out, ", \"%s\": null", field);
	else
		appendStringInfo(out, ", \"%s\": \"%s\"", field,
						 JsonEncodeDateTime(shown, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc));
}

static void
append_int64s(StringInfo out, const char *field, const char *first, int n, Size stride)
{
	appendStringInfo(out, ", \"%s\": [", field);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfo(out, "%s" INT64_FORMAT, i > 0 ? ", " : "",
						 *(const int64 *) (first + i * stride));
	}
	appendStringInfoChar(out, ']');
}

/* Text output: the columns of the two tables; times in microseconds. */
PG_FUNCTION_INFO_V1(clv_sample_out);
Datum
clv_sample_out(PG_FUNCTION_ARGS)
{
	const ClvSample *s = clv_sample_arg(fcinfo, 0);
	const char *h = (const char *) clv_histories(s);
	const char *p = (const char *) clv_spends(s);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"kind\": \"%s\"",
					 clv_sample_is(s, CLV_CONTRACTUAL) ? "contractual" : "purchases");
	append_timestamp(&out, "observed_from", s, s->observed_from);
	append_timestamp(&out, "observed_until", s, s->observed_until);
	append_int64s(&out, "x", h + offsetof(ClvHistory, x), s->n_histories, sizeof(ClvHistory));
	append_int64s(&out, "recency", h + offsetof(ClvHistory, recency), s->n_histories,
				  sizeof(ClvHistory));
	append_int64s(&out, "age", h + offsetof(ClvHistory, age), s->n_histories, sizeof(ClvHistory));
	append_int64s(&out, "count", h + offsetof(ClvHistory, count), s->n_histories,
				  sizeof(ClvHistory));
	append_int64s(&out, "spend_x", p + offsetof(ClvSpend, x), s->n_spends, sizeof(ClvSpend));
	appendStringInfoString(&out, ", \"spend_mean\": [");
	for (int i = 0; i < s->n_spends; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&out, i > 0 ? ", " : "");
		summary_text_append_double(&out, clv_spends(s)[i].mean);
	}
	appendStringInfoChar(&out, ']');
	append_int64s(&out, "spend_count", p + offsetof(ClvSpend, count), s->n_spends,
				  sizeof(ClvSpend));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* An array of exactly so many elements. */
static Jsonb *
array_of(const SummaryText *t, const char *field, int n)
{
	Jsonb *array = summary_text_array(t, field, CLV_MAX_ROWS);

	if ((int) JB_ROOT_COUNT(array) != n)
		summary_text_invalid(t, "\"%s\" has %d elements instead of %d.", field,
							 (int) JB_ROOT_COUNT(array), n);
	return array;
}

static void
read_int64s(const SummaryText *t, const char *field, char *first, int n, Size stride)
{
	Jsonb *array = array_of(t, field, n);

	for (int i = 0; i < n; i++)
		*(int64 *) (first + i * stride) =
			summary_text_element_int64(t, field, array, i, 0, PG_INT64_MAX);
}

static void
read_spends(const SummaryText *t, ClvSample *s)
{
	char *p = (char *) clv_spends(s);
	Jsonb *mean = array_of(t, "spend_mean", s->n_spends);

	read_int64s(t, "spend_x", p + offsetof(ClvSpend, x), s->n_spends, sizeof(ClvSpend));
	read_int64s(t, "spend_count", p + offsetof(ClvSpend, count), s->n_spends, sizeof(ClvSpend));
	for (int i = 0; i < s->n_spends; i++)
		clv_spends(s)[i].mean = summary_text_element_double(t, "spend_mean", mean, i);
}

static TimestampTz
read_timestamp(const SummaryText *t, const char *field)
{
	TimestampTz at = DatumGetTimestampTz(
		DirectFunctionCall3(timestamptz_in, CStringGetDatum(summary_text_string(t, field)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (TIMESTAMP_NOT_FINITE(at))
		summary_text_invalid(t, "\"%s\" is not finite.", field);
	return at;
}

static void
read_observation(const SummaryText *t, ClvSample *s)
{
	bool unknown = summary_text_is_null(t, "observed_from");

	if (summary_text_is_null(t, "observed_until") != unknown)
		summary_text_invalid(t, "Only one end of the observation is null.");
	if (unknown)
		return;
	s->flags |= CLV_OBSERVED;
	s->observed_from = read_timestamp(t, "observed_from");
	s->observed_until = read_timestamp(t, "observed_until");
}

static int64
sum_of_customers(const ClvSample *s)
{
	int64 sum = 0;

	for (int i = 0; i < s->n_histories; i++)
		sum += clv_histories(s)[i].count; /* clv_sample_problem() has seen that it fits */
	return sum;
}

PG_FUNCTION_INFO_V1(clv_sample_in);
Datum
clv_sample_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, FIELDS);
	const char *kind = summary_text_string(&t, "kind");
	int n_histories = JB_ROOT_COUNT(summary_text_array(&t, "x", CLV_MAX_ROWS));
	int n_spends = JB_ROOT_COUNT(summary_text_array(&t, "spend_x", CLV_MAX_ROWS));
	ClvSample *s = clv_sample_new(n_histories, n_spends);
	char *h = (char *) clv_histories(s);
	const char *problem;

	if (strcmp(kind, "contractual") == 0)
		s->flags |= CLV_CONTRACTUAL;
	else if (strcmp(kind, "purchases") != 0)
		summary_text_invalid(&t, "\"kind\" is neither \"purchases\" nor \"contractual\".");
	s->n_histories = n_histories;
	s->n_spends = n_spends;
	read_int64s(&t, "x", h + offsetof(ClvHistory, x), n_histories, sizeof(ClvHistory));
	read_int64s(&t, "recency", h + offsetof(ClvHistory, recency), n_histories, sizeof(ClvHistory));
	read_int64s(&t, "age", h + offsetof(ClvHistory, age), n_histories, sizeof(ClvHistory));
	read_int64s(&t, "count", h + offsetof(ClvHistory, count), n_histories, sizeof(ClvHistory));
	read_spends(&t, s);
	read_observation(&t, s);
	problem = clv_sample_problem(s);
	if (problem != NULL)
		summary_text_invalid(&t, "%s", problem);
	s->customers = sum_of_customers(s);
	PG_RETURN_POINTER(s);
}

/* ---- binary ---- */

/*
 * Binary form: version, flags (1 byte each), observed_from, observed_until (8 each), the number of
 * histories and of spends (4 each); then x, recency, age, count (8 each) of every history, and x,
 * mean, count (8 each) of every spend.
 */
PG_FUNCTION_INFO_V1(clv_sample_send);
Datum
clv_sample_send(PG_FUNCTION_ARGS)
{
	const ClvSample *s = clv_sample_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->flags);
	pq_sendint64(&buf, s->observed_from);
	pq_sendint64(&buf, s->observed_until);
	pq_sendint32(&buf, s->n_histories);
	pq_sendint32(&buf, s->n_spends);
	for (int i = 0; i < s->n_histories; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, clv_histories(s)[i].x);
		pq_sendint64(&buf, clv_histories(s)[i].recency);
		pq_sendint64(&buf, clv_histories(s)[i].age);
		pq_sendint64(&buf, clv_histories(s)[i].count);
	}
	for (int i = 0; i < s->n_spends; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, clv_spends(s)[i].x);
		pq_sendfloat8(&buf, clv_spends(s)[i].mean);
		pq_sendint64(&buf, clv_spends(s)[i].count);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
recv_rows(StringInfo buf, ClvSample *s)
{
	for (int i = 0; i < s->n_histories; i++)
	{
		clv_histories(s)[i].x = pq_getmsgint64(buf);
		clv_histories(s)[i].recency = pq_getmsgint64(buf);
		clv_histories(s)[i].age = pq_getmsgint64(buf);
		clv_histories(s)[i].count = pq_getmsgint64(buf);
	}
	for (int i = 0; i < s->n_spends; i++)
	{
		clv_spends(s)[i].x = pq_getmsgint64(buf);
		clv_spends(s)[i].mean = pq_getmsgfloat8(buf) + 0.0; /* no -0 */
		clv_spends(s)[i].count = pq_getmsgint64(buf);
	}
}

PG_FUNCTION_INFO_V1(clv_sample_recv);
Datum
clv_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int flags;
	TimestampTz observed_from;
	TimestampTz observed_until;
	int n_histories;
	int n_spends;
	ClvSample *s;
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, CLV_SAMPLE_VERSION);
	flags = pq_getmsgbyte(buf);
	observed_from = pq_getmsgint64(buf);
	observed_until = pq_getmsgint64(buf);
	n_histories = (int) pq_getmsgint(buf, 4);
	n_spends = (int) pq_getmsgint(buf, 4);
	if ((flags & ~(CLV_CONTRACTUAL | CLV_OBSERVED)) != 0 || !IS_VALID_TIMESTAMP(observed_from) ||
		!IS_VALID_TIMESTAMP(observed_until))
		summary_wire_invalid(TYPE_NAME, "The flags are %d, or a time is out of range.", flags);
	if (n_histories < 0 || n_histories > CLV_MAX_ROWS || n_spends < 0 || n_spends > CLV_MAX_ROWS ||
		(int64) n_histories * 32 + (int64) n_spends * 24 != buf->len - buf->cursor)
		summary_wire_invalid(TYPE_NAME, "The numbers of rows are %d and %d.", n_histories,
							 n_spends);
	if ((flags & CLV_OBSERVED) == 0 && (observed_from != 0 || observed_until != 0))
		summary_wire_invalid(TYPE_NAME, "There is an observation window that is not known.");
	s = clv_sample_new(n_histories, n_spends);
	s->flags = flags;
	s->observed_from = observed_from;
	s->observed_until = observed_until;
	s->n_histories = n_histories;
	s->n_spends = n_spends;
	recv_rows(buf, s);
	problem = clv_sample_problem(s);
	if (problem != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	s->customers = sum_of_customers(s);
	PG_RETURN_POINTER(s);
}

/* ---- equality: of canonical values ---- */

SUMMARY_EQUAL_BY_BYTES(clv_sample, clv_sample_arg);
