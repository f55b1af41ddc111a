/*
 * activity_summary.c: the type activity_summary and its aggregates' state machine.
 */
#include "journey/activity_summary.h"

#include "catalog/pg_type.h"
#include "journey/aggregate_literal.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

static const char TYPE_NAME[] = "activity_summary";
static const char EXAMPLE[] = "{\"bucket\": \"week\", \"time_zone\": \"UTC\", \"active\": "
							  "[\"2024-01-01\", \"2024-01-15\"]}";

/* Bytes of the bitmap of a state that begins: 64 periods. */
#define FIRST_BYTES 8

/* More than the days from the first to the last timestamp. */
#define MAX_PERIODS 110000000

/* ---- layout ---- */

static inline uint8 *
bits_of(const ActivitySummary *s)
{
	return (uint8 *) s->data + s->zone_length;
}

static inline int32
bytes_of(const ActivitySummary *s)
{
	return (int32) (VARSIZE(s) - ACTIVITY_SUMMARY_HEADER - s->zone_length);
}

static ActivitySummary *
new_summary(PeriodUnit unit, const char *zone, int zone_length, int32 first, int32 bytes)
{
	Size size = ACTIVITY_SUMMARY_HEADER + zone_length + bytes;
	ActivitySummary *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = ACTIVITY_SUMMARY_VERSION;
	s->unit = unit;
	s->zone_length = zone_length;
	s->first = first;
	memcpy(s->data, zone, zone_length);
	return s;
}

/* From byte i on, the first of n that holds a bit, or n: megabytes without one may lie before it. */
static inline int32
next_byte(const uint8 *bits, int32 i, int32 n)
{
	uint64 eight;

	for (; i + (int32) sizeof(eight) <= n; i += sizeof(eight))
	{
		memcpy(&eight, bits + i, sizeof(eight));
		if (eight != 0)
			break;
	}
	while (i < n && bits[i] == 0)
		i++;
	return i;
}

/* ---- checks ---- */

pg_noreturn static void
damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
					errhint("The stored value is damaged or was written by a newer version.")));
}

static void
check_layout(const ActivitySummary *s)
{
	if (VARSIZE(s) <= ACTIVITY_SUMMARY_HEADER || s->version != ACTIVITY_SUMMARY_VERSION ||
		s->unit > PERIOD_YEAR || VARSIZE(s) <= ACTIVITY_SUMMARY_HEADER + s->zone_length ||
		bytes_of(s) > MAX_PERIODS / 4)
		damaged();
}

/* The value at a pointer, which may have a short header. */
static Activity
view(const struct varlena *value)
{
	const char *at = VARDATA_ANY(value);
	int64 length = VARSIZE_ANY_EXHDR(value);
	int64 header = ACTIVITY_SUMMARY_HEADER - VARHDRSZ;
	Activity a;
	int32 low;
	int32 high;

	if (length <= header || (uint8) at[0] != ACTIVITY_SUMMARY_VERSION ||
		(uint8) at[1] > PERIOD_YEAR || length <= header + (uint8) at[2])
		damaged();
	a.unit = (uint8) at[1];
	a.zone_length = (uint8) at[2];
	memcpy(&a.base, at + header - sizeof(int32), sizeof(int32));
	a.zone = at + header;
	a.bits = (const uint8 *) a.zone + a.zone_length;
	a.bytes = (int32) (length - header - a.zone_length);
	low = next_byte(a.bits, 0, a.bytes);
	if (low == a.bytes)
		damaged();
	high = a.bytes - 1;
	while (a.bits[high] == 0)
		high--;
	a.first = a.base + low * 8 + pg_rightmost_one_pos32(a.bits[low]);
	a.last = a.base + high * 8 + pg_leftmost_one_pos32(a.bits[high]);
	return a;
}

Activity
activity_arg(FunctionCallInfo fcinfo, int i)
{
	return view(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i)));
}

SUMMARY_WRITABLE(writable_summary, ActivitySummary, check_layout);

/* ---- accumulate ---- */

/* What a call knows of its clock, in fn_extra. */
typedef struct Clock
{
	PeriodWords words;
	bool literal;	  /* no other words can come */
	const char *name; /* of the zone */
	int name_length;
} Clock;

static pg_noinline void
set_clock(Clock *clock, const text *unit, const text *zone)
{
	period_words_read(&clock->words, unit, zone);
	clock->name = activity_zone_name(clock->words.calendar->key.zone);
	clock->name_length = strlen(clock->name);
}

static void
check_words(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the bucket of activity must not be null"),
						errhint("Buckets are day, week, month, quarter and year.")));
	if (PG_NARGS() > 3 && PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the time zone of activity must not be null")));
}

static inline const Clock *
clock_of_call(FunctionCallInfo fcinfo)
{
	Clock *clock = fcinfo->flinfo->fn_extra;
	const text *unit;
	const text *zone;

	if (likely(clock != NULL && clock->literal))
		return clock;
	check_words(fcinfo);
	unit = PG_GETARG_TEXT_PP(2);
	zone = PG_NARGS() > 3 ? PG_GETARG_TEXT_PP(3) : NULL;
	if (clock == NULL)
	{
		clock = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Clock));
		fcinfo->flinfo->fn_extra = clock;
	}
	if (unlikely(!period_words_are(&clock->words, unit, zone)))
	{
		set_clock(clock, unit, zone);
		/* the session's zone is a variable */
		clock->literal = zone != NULL && aggregate_arg_is_literal(fcinfo, 2) &&
						 aggregate_arg_is_literal(fcinfo, 3);
	}
	return clock;
}

pg_noreturn static void
different_clocks(const ActivitySummary *s, PeriodUnit unit, const char *zone, int zone_length)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("cannot merge activity by %s in %.*s with activity by %s in %.*s",
						   activity_unit_name(s->unit), s->zone_length, s->data,
						   activity_unit_name(unit), zone_length, zone),
					errhint("Name one bucket and one time zone for all, as in activity_agg(at, "
							"'week', 'UTC').")));
}

static inline void
check_clock(const ActivitySummary *s, PeriodUnit unit, const char *zone, int zone_length)
{
	if (unlikely(s->unit != unit || s->zone_length != zone_length ||
				 memcmp(s->data, zone, zone_length) != 0))
		different_clocks(s, unit, zone, zone_length);
}

/* A copy that has room for periods low ... high; a state that grows doubles. */
static ActivitySummary *
with_room_for(const ActivitySummary *s, int32 low, int32 high)
{
	int32 bytes = bytes_of(s);
	int64 first = s->first;
	int64 end = first + (int64) bytes * 8;
	ActivitySummary *wider;

	if (low < first)
		first -= (Max(first - low, bytes * 8) + 7) / 8 * 8;
	if (high >= end)
		end += (Max(high - end + 1, bytes * 8) + 7) / 8 * 8;
	wider =
		new_summary(s->unit, s->data, s->zone_length, (int32) first, (int32) ((end - first) / 8));
	memcpy(bits_of(wider) + (s->first - first) / 8, bits_of(s), bytes);
	return wider;
}

static inline ActivitySummary *
mark(ActivitySummary *s, int32 period)
{
	int64 bit = (int64) period - s->first;

	if (unlikely(bit < 0 || bit >= (int64) bytes_of(s) * 8))
	{
		s = with_room_for(s, period, period);
		bit = (int64) period - s->first;
	}
	bits_of(s)[bit / 8] |= 1 << (bit % 8);
	return s;
}

/*
 * activity_summary_accum(activity_summary, at timestamptz, bucket text [, time_zone text]) ->
 * activity_summary
 *
 * The period of an instant is active.  NULL instants are ignored; an infinite one is an ERROR.
 */
PG_FUNCTION_INFO_V1(activity_summary_accum);
Datum
activity_summary_accum(PG_FUNCTION_ARGS)
{
	const Clock *clock = clock_of_call(fcinfo);
	TimestampTz at;
	int32 period;
	ActivitySummary *s;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	at = PG_GETARG_TIMESTAMPTZ(1);
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("an infinite timestamp is in no period"),
						errhint("Leave such rows out with FILTER (WHERE isfinite(at)).")));
	period = period_at(clock->words.calendar, at)->number;
	if (PG_ARGISNULL(0))
		s = new_summary(clock->words.calendar->key.unit, clock->name, clock->name_length, period,
						FIRST_BYTES);
	else
	{
		s = writable_summary(fcinfo, 0);
		check_clock(s, clock->words.calendar->key.unit, clock->name, clock->name_length);
	}
	PG_RETURN_POINTER(mark(s, period));
}

/* ---- combine and finish ---- */

static ActivitySummary *
merge(ActivitySummary *s, const Activity *b)
{
	check_clock(s, b->unit, b->zone, b->zone_length);
	if (b->first < s->first || b->last >= (int64) s->first + (int64) bytes_of(s) * 8)
		s = with_room_for(s, b->first, b->last);
	for (int32 i = 0; i < b->bytes; i++)
		for (uint32 left = b->bits[i]; left != 0; left &= left - 1)
			s = mark(s, b->base + i * 8 + pg_rightmost_one_pos32(left));
	return s;
}

/* activity_summary_combine(activity_summary, activity_summary): active in either. */
PG_FUNCTION_INFO_V1(activity_summary_combine);
Datum
activity_summary_combine(PG_FUNCTION_ARGS)
{
	ActivitySummary *s = writable_summary(fcinfo, 0);
	Activity b = activity_arg(fcinfo, 1);

	PG_RETURN_POINTER(merge(s, &b));
}

/* The form of a value outside of aggregates. */
static ActivitySummary *
trimmed(const Activity *a)
{
	ActivitySummary *s =
		new_summary(a->unit, a->zone, a->zone_length, a->first, (a->last - a->first) / 8 + 1);
	int32 skipped = (a->first - a->base) / 8;
	int32 shift = (a->first - a->base) % 8;
	const uint8 *from = a->bits + skipped;
	int32 n = Min(a->bytes - skipped, bytes_of(s) + 1);
	uint8 *to = bits_of(s);

	/* a byte's upper bits stay in it, its lower ones go into the one before */
	for (int32 i = next_byte(from, 0, n); i < n; i = next_byte(from, i + 1, n))
	{
		if (i < bytes_of(s))
			to[i] |= (uint8) (from[i] >> shift);
		if (i > 0)
			to[i - 1] |= (uint8) (from[i] << (8 - shift));
	}
	return s;
}

/* activity_summary_final(activity_summary) -> activity_summary: without room. */
PG_FUNCTION_INFO_V1(activity_summary_final);
Datum
activity_summary_final(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);

	PG_RETURN_POINTER(trimmed(&a));
}

/* activity_summary + activity_summary -> activity_summary: active in either. */
PG_FUNCTION_INFO_V1(activity_summary_add);
Datum
activity_summary_add(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	Activity b = activity_arg(fcinfo, 1);
	Activity sum = view((const struct varlena *) merge(trimmed(&a), &b));

	PG_RETURN_POINTER(trimmed(&sum));
}

/* ---- text and binary ---- */

static int32
period_of_string(const SummaryText *t, PeriodUnit unit, const Jsonb *active, int i)
{
	JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &active->root, i);
	DateADT date;
	int32 period;

	if (v->type != jbvString)
		summary_text_invalid(t, "Element %d of \"active\" is not a date in quotes.", i + 1);
	date = DatumGetDateADT(DirectFunctionCall1(
		date_in, CStringGetDatum(pnstrdup(v->val.string.val, v->val.string.len))));
	if (DATE_NOT_FINITE(date))
		summary_text_invalid(t, "Element %d of \"active\" is infinite.", i + 1);
	period = period_number(unit, date);
	if (period < activity_first_period(unit) || period > activity_last_period(unit))
		summary_text_invalid(t, "Element %d of \"active\" is out of range.", i + 1);
	if (period_date(unit, period) != date)
		summary_text_invalid(t, "Element %d of \"active\" is not the first day of a %s.", i + 1,
							 activity_unit_name(unit));
	return period;
}

/* Text input: {"bucket": unit, "time_zone": name, "active": [first date of a period, ...]} */
PG_FUNCTION_INFO_V1(activity_summary_in);
Datum
activity_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 3);
	PeriodUnit unit = period_unit(cstring_to_text(summary_text_string(&t, "bucket")));
	const char *zone = activity_zone_read(summary_text_string(&t, "time_zone"));
	Jsonb *active = summary_text_array(&t, "active", MAX_PERIODS);
	ActivitySummary *s;
	Activity a;

	if (JB_ROOT_COUNT(active) == 0)
		summary_text_invalid(&t, "\"active\" is empty.");
	s = new_summary(unit, zone, strlen(zone), period_of_string(&t, unit, active, 0), FIRST_BYTES);
	for (int i = 0; i < (int) JB_ROOT_COUNT(active); i++)
		s = mark(s, period_of_string(&t, unit, active, i));
	a = view((struct varlena *) s);
	PG_RETURN_POINTER(trimmed(&a));
}

static void
append_period(StringInfo out, const Activity *a, int32 period)
{
	char date[MAXDATELEN + 1];

	JsonEncodeDateTime(date, DateADTGetDatum(period_date(a->unit, period)), DATEOID, NULL);
	appendStringInfo(out, "%s\"%s\"", period > a->first ? ", " : "", date);
}

PG_FUNCTION_INFO_V1(activity_summary_out);
Datum
activity_summary_out(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"bucket\": \"%s\", \"time_zone\": ", activity_unit_name(a.unit));
	escape_json(&out, pnstrdup(a.zone, a.zone_length));
	appendStringInfoString(&out, ", \"active\": [");
	for (int32 i = next_byte(a.bits, 0, a.bytes); i < a.bytes;
		 i = next_byte(a.bits, i + 1, a.bytes))
		for (uint32 left = a.bits[i]; left != 0; left &= left - 1)
		{
			CHECK_FOR_INTERRUPTS();
			append_period(&out, &a, a.base + i * 8 + pg_rightmost_one_pos32(left));
		}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Binary: version (1), unit (1), zone length (2) and name, first (4), bytes (4), the bitmap. */
PG_FUNCTION_INFO_V1(activity_summary_recv);
Datum
activity_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int unit;
	int length;
	const char *zone;
	int32 first;
	int32 bytes;
	ActivitySummary *s;
	Activity a;

	summary_wire_version(buf, TYPE_NAME, ACTIVITY_SUMMARY_VERSION);
	unit = pq_getmsgbyte(buf);
	length = pq_getmsgint(buf, 2);
	if (unit > PERIOD_YEAR || length > TZ_STRLEN_MAX)
		summary_wire_invalid(TYPE_NAME, "Its bucket is %d and its time zone has %d bytes.", unit,
							 length);
	zone = activity_zone_read(pq_getmsgtext(buf, length, &length));
	first = (int32) pq_getmsgint(buf, 4);
	bytes = (int32) pq_getmsgint(buf, 4);
	if (bytes < 1 || bytes > buf->len - buf->cursor || first < activity_first_period(unit) ||
		(int64) first + (int64) bytes * 8 - 8 > activity_last_period(unit))
		summary_wire_invalid(TYPE_NAME, "It has %d bytes of periods from %d on.", bytes, first);
	s = new_summary(unit, zone, strlen(zone), first, bytes);
	memcpy(bits_of(s), pq_getmsgbytes(buf, bytes), bytes);
	for (int32 i = 0; i < bytes && bits_of(s)[i] == 0; i++)
		if (i == bytes - 1)
			summary_wire_invalid(TYPE_NAME, "No period is active.");
	a = view((struct varlena *) s);
	PG_RETURN_POINTER(trimmed(&a));
}

PG_FUNCTION_INFO_V1(activity_summary_send);
Datum
activity_summary_send(PG_FUNCTION_ARGS)
{
	Activity given = activity_arg(fcinfo, 0);
	const ActivitySummary *s = trimmed(&given);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->unit);
	pq_sendint16(&buf, s->zone_length);
	pq_sendbytes(&buf, s->data, s->zone_length);
	pq_sendint32(&buf, s->first);
	pq_sendint32(&buf, bytes_of(s));
	pq_sendbytes(&buf, (const char *) bits_of(s), bytes_of(s));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

/* Argument i as it is outside of aggregates; a state that an engine compares may have room. */
static const ActivitySummary *
trimmed_arg(FunctionCallInfo fcinfo, int i)
{
	Activity a = activity_arg(fcinfo, i);

	return trimmed(&a);
}

SUMMARY_EQUAL_BY_BYTES(activity_summary, trimmed_arg);

/* ---- what accessors read ---- */

int32
activity_count(const Activity *a, int64 since, int64 until)
{
	int32 n = 0;

	since = Max(since, a->first);
	until = Min(until, (int64) a->last + 1);
	for (int64 period = since; period < until; period++)
		n += activity_in(a, (int32) period);
	return n;
}
