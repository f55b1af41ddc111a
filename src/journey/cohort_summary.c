/*
 * cohort_summary.c: the type cohort_summary and its aggregates' state machine.
 *
 * Everything that retention and lifecycle tables tell comes from these counts, which merge by
 * addition: a customer costs one increment for each period that he was active in.
 */
#include "journey/cohort_summary.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

static const char TYPE_NAME[] = "cohort_summary";
static const char EXAMPLE[] =
	"{\"bucket\": \"week\", \"time_zone\": \"UTC\", \"first\": \"2024-01-01\", \"active\": [2, 1, "
	"3], \"last\": [1, 1, 3], \"pauses\": [0, 0]}";

/* Periods of a state that begins. */
#define FIRST_PERIODS 16

/* ---- layout ---- */

static Size
size_of(int32 periods)
{
	return COHORT_SUMMARY_HEADER + (2 * (Size) periods * periods + periods) * sizeof(int64);
}

static CohortSummary *
new_summary(PeriodUnit unit, const char *zone, int zone_length, int32 first, int32 periods)
{
	CohortSummary *s = palloc0(size_of(periods));

	SET_VARSIZE(s, size_of(periods));
	s->version = COHORT_SUMMARY_VERSION;
	s->unit = unit;
	s->zone_length = zone_length;
	s->first = first;
	s->periods = periods;
	memcpy(s->zone, zone, zone_length);
	return s;
}

static void
check_layout(const CohortSummary *s)
{
	if (VARSIZE(s) < COHORT_SUMMARY_HEADER || s->version != COHORT_SUMMARY_VERSION ||
		s->unit > PERIOD_YEAR || s->zone_length >= sizeof(s->zone) || s->periods < 1 ||
		s->periods > 2 * COHORT_MAX_PERIODS || VARSIZE(s) != size_of(s->periods))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

SUMMARY_WRITABLE(writable_summary, CohortSummary, check_layout);

const CohortSummary *
cohort_arg(FunctionCallInfo fcinfo, int i)
{
	const CohortSummary *s = (const CohortSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

int32
cohort_last_period(const CohortSummary *s)
{
	int32 result = -1;

	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = s->periods - 1 - cohort; age >= 0 && cohort + age > result; age--)
			if (cohort_last(s, cohort)[age] > 0)
				result = cohort + age;
	return result;
}

/* The first cohort with a customer, or -1. */
static int32
first_cohort(const CohortSummary *s)
{
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		if (cohort_active(s, cohort)[0] > 0)
			return cohort;
	return -1;
}

static void
add(int64 *to, int64 more)
{
	if (pg_add_s64_overflow(*to, more, to))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many customers for a cohort_summary"),
				 errdetail("A cell counts at most " INT64_FORMAT " customers.", PG_INT64_MAX)));
}

/* Add the counts of b, whose periods lie within those of s. */
static void
add_counts(CohortSummary *s, const CohortSummary *b)
{
	int32 shift = b->first - s->first;

	for (int32 cohort = 0; cohort < b->periods; cohort++)
	{
		CHECK_FOR_INTERRUPTS();
		if (cohort + shift < 0 || cohort + shift >= s->periods)
			continue; /* room, without customers */
		for (int32 age = 0; age < b->periods - cohort && age + cohort + shift < s->periods; age++)
		{
			add(&cohort_active(s, cohort + shift)[age], cohort_active(b, cohort)[age]);
			add(&cohort_last(s, cohort + shift)[age], cohort_last(b, cohort)[age]);
		}
		add(&cohort_pauses(s)[cohort + shift], cohort_pauses(b)[cohort]);
	}
}

/* A copy that has so many periods from a first one on. */
static CohortSummary *
with_periods(const CohortSummary *s, int32 first, int32 periods)
{
	CohortSummary *copy = new_summary(s->unit, s->zone, s->zone_length, first, periods);

	add_counts(copy, s);
	return copy;
}

/* A copy without room. */
static CohortSummary *
trimmed(const CohortSummary *s)
{
	int32 first = first_cohort(s);
	int32 last = cohort_last_period(s);

	return with_periods(s, s->first + first, last - first + 1);
}

static CohortSummary *
with_room_for(CohortSummary *s, int32 low, int32 high)
{
	int64 first = Min((int64) low, s->first);
	int64 end = Max((int64) high + 1, (int64) s->first + s->periods);
	int64 room;

	if (likely(first == s->first && end == (int64) s->first + s->periods))
		return s;
	if (end - first > COHORT_MAX_PERIODS)
	{
		/* without the room that it has, or may have on the wrong side */
		s = trimmed(s);
		first = Min((int64) low, s->first);
		end = Max((int64) high + 1, (int64) s->first + s->periods);
	}
	if (end - first > COHORT_MAX_PERIODS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many periods for a cohort_summary: " INT64_FORMAT, end - first),
						errdetail("At most %d are allowed.", COHORT_MAX_PERIODS),
						errhint("Use larger buckets, such as 'week' or 'month'.")));
	room = Min(2 * (int64) s->periods, COHORT_MAX_PERIODS) - (end - first);
	if (room > 0 && first < s->first)
		first -= room;
	else if (room > 0)
		end += room;
	return with_periods(s, (int32) first, (int32) (end - first));
}

/* ---- accumulate ---- */

static void
check_clock(const CohortSummary *s, PeriodUnit unit, const char *zone, int zone_length)
{
	if (unlikely(s->unit != unit || s->zone_length != zone_length ||
				 memcmp(s->zone, zone, zone_length) != 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge activity by %s in %.*s with activity by %s in %.*s",
							   activity_unit_name(s->unit), (int) s->zone_length, s->zone,
							   activity_unit_name(unit), zone_length, zone),
						errhint("Name one bucket and one time zone for all, as in activity_agg(at, "
								"'week', 'UTC').")));
}

static void
count_customer(CohortSummary *s, const Activity *a)
{
	int32 cohort = a->first - s->first;
	int64 *active = cohort_active(s, cohort);
	int64 *pauses = cohort_pauses(s) + cohort;
	int32 expected = 0; /* the age that would go on without a pause */
	int32 shift = a->first - a->base;

	for (int32 i = shift / 8; i < a->bytes; i++)
		for (uint32 left = a->bits[i]; left != 0; left &= left - 1)
		{
			int32 age = i * 8 + pg_rightmost_one_pos32(left) - shift;

			add(&active[age], 1);
			if (age != expected)
				add(&pauses[expected], 1);
			expected = age + 1;
		}
	add(&cohort_last(s, cohort)[a->last - a->first], 1);
}

/* cohort_summary_accum(cohort_summary, activity_summary) -> cohort_summary: one customer more. */
PG_FUNCTION_INFO_V1(cohort_summary_accum);
Datum
cohort_summary_accum(PG_FUNCTION_ARGS)
{
	Activity a;
	CohortSummary *s;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	a = activity_arg(fcinfo, 1);
	if (PG_ARGISNULL(0))
		s = new_summary(a.unit, a.zone, a.zone_length, a.first, FIRST_PERIODS);
	else
	{
		s = writable_summary(fcinfo, 0);
		check_clock(s, a.unit, a.zone, a.zone_length);
	}
	s = with_room_for(s, a.first, a.last);
	count_customer(s, &a);
	PG_RETURN_POINTER(s);
}

/* ---- combine and finish ---- */

static CohortSummary *
merge(CohortSummary *s, const CohortSummary *b)
{
	int32 first = first_cohort(b);

	check_clock(s, b->unit, b->zone, b->zone_length);
	s = with_room_for(s, b->first + first, b->first + cohort_last_period(b));
	add_counts(s, b);
	return s;
}

/* cohort_summary_combine(cohort_summary, cohort_summary): the customers of both. */
PG_FUNCTION_INFO_V1(cohort_summary_combine);
Datum
cohort_summary_combine(PG_FUNCTION_ARGS)
{
	CohortSummary *s = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(s, cohort_arg(fcinfo, 1)));
}

/* cohort_summary_final(cohort_summary) -> cohort_summary: without room. */
PG_FUNCTION_INFO_V1(cohort_summary_final);
Datum
cohort_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(trimmed(cohort_arg(fcinfo, 0)));
}

/* cohort_summary + cohort_summary -> cohort_summary: the customers of both. */
PG_FUNCTION_INFO_V1(cohort_summary_add);
Datum
cohort_summary_add(PG_FUNCTION_ARGS)
{
	CohortSummary *a = trimmed(cohort_arg(fcinfo, 0));

	PG_RETURN_POINTER(trimmed(merge(a, cohort_arg(fcinfo, 1))));
}

/* ---- checks of what comes from outside ---- */

bool
cohort_sum_periods(const CohortSummary *s, int64 *active, int64 *last)
{
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = 0; age < s->periods - cohort; age++)
			if (pg_add_s64_overflow(active[cohort + age], cohort_active(s, cohort)[age],
									&active[cohort + age]) ||
				pg_add_s64_overflow(last[cohort + age], cohort_last(s, cohort)[age],
									&last[cohort + age]))
				return false;
	return true;
}

/*
 * Do the pauses fit to the cohorts?  Who is active in a period and doesn't pause or end in the next
 * is active there, and not new.  Returns what is wrong, or NULL.
 */
static const char *
contradiction_of_pauses(const CohortSummary *s)
{
	int64 *active = palloc0(s->periods * sizeof(int64));
	int64 *last = palloc0(s->periods * sizeof(int64));
	const int64 *pauses = cohort_pauses(s);

	if (!cohort_sum_periods(s, active, last))
		return "The counts are too large.";
	if (pauses[0] != 0)
		return "Nobody can pause in the first period.";
	for (int32 period = 1; period < s->periods; period++)
	{
		int64 may_return = active[period - 1] - last[period - 1];

		if (pauses[period] < 0 || pauses[period] > may_return)
			return "A pause is counted less than 0 times, or more often than there were customers "
				   "who could pause.";
		if (may_return - pauses[period] > active[period] - cohort_active(s, period)[0])
			return "There are fewer customers in a period than must have returned.";
	}
	return NULL;
}

/*
 * Do the counts fit together?  Each customer has one last age, and is counted once at age 0.
 * Returns what is wrong, or NULL.
 */
static const char *
contradiction(const CohortSummary *s)
{
	if ((int64) s->first + s->periods - 1 > activity_last_period(s->unit))
		return "A period is out of range.";
	for (int32 cohort = 0; cohort < s->periods; cohort++)
	{
		const int64 *active = cohort_active(s, cohort);
		const int64 *last = cohort_last(s, cohort);
		int64 customers = 0;

		for (int32 age = 0; age < s->periods - cohort; age++)
		{
			if (active[age] < last[age] || active[age] > active[0] || last[age] < 0)
				return "A cohort counts more customers at an age than it has, or fewer than end "
					   "there.";
			if (pg_add_s64_overflow(customers, last[age], &customers))
				return "The counts are too large.";
		}
		if (customers != active[0])
			return "The customers of a cohort are not those whose activity ends at some age.";
	}
	if (cohort_last_period(s) < 0)
		return "There are no customers.";
	return contradiction_of_pauses(s);
}

/* The number of periods of a triangle of so many cells, or 0. */
static int32
periods_of_cells(int64 cells)
{
	int64 periods = 1;

	while (periods * (periods + 1) / 2 < cells && periods < COHORT_MAX_PERIODS)
		periods++;
	return periods * (periods + 1) / 2 == cells ? (int32) periods : 0;
}

/* ---- text and binary ---- */

static int32
first_of_text(const SummaryText *t, PeriodUnit unit)
{
	DateADT date = DatumGetDateADT(
		DirectFunctionCall1(date_in, CStringGetDatum(summary_text_string(t, "first"))));
	int32 period;

	if (DATE_NOT_FINITE(date))
		summary_text_invalid(t, "\"first\" is infinite.");
	period = period_number(unit, date);
	if (period < activity_first_period(unit) || period > activity_last_period(unit))
		summary_text_invalid(t, "\"first\" is out of range.");
	if (period_date(unit, period) != date)
		summary_text_invalid(t, "\"first\" is not the first day of a %s.",
							 activity_unit_name(unit));
	return period;
}

static void
read_triangle(const SummaryText *t, const char *field, const Jsonb *array, CohortSummary *s,
			  int64 *(*row)(const CohortSummary *, int32))
{
	int i = 0;

	if ((int64) JB_ROOT_COUNT(array) != (int64) s->periods * (s->periods + 1) / 2)
		summary_text_invalid(t, "\"%s\" has %d elements.", field, (int) JB_ROOT_COUNT(array));
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = 0; age < s->periods - cohort; age++)
			row(s, cohort)[age] = summary_text_element_int64(t, field, array, i++, 0, PG_INT64_MAX);
}

/*
 * Text input: {"bucket": unit, "time_zone": name, "first": date of the first cohort, "active":
 * [cohort by cohort, age by age], "last": [the same], "pauses": [by period]}
 */
PG_FUNCTION_INFO_V1(cohort_summary_in);
Datum
cohort_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 6);
	PeriodUnit unit = period_unit(cstring_to_text(summary_text_string(&t, "bucket")));
	const char *zone = activity_zone_read(summary_text_string(&t, "time_zone"));
	int max_cells = COHORT_MAX_PERIODS * (COHORT_MAX_PERIODS + 1) / 2;
	Jsonb *active = summary_text_array(&t, "active", max_cells);
	Jsonb *last = summary_text_array(&t, "last", max_cells);
	Jsonb *pauses = summary_text_array(&t, "pauses", COHORT_MAX_PERIODS);
	int32 periods = periods_of_cells(JB_ROOT_COUNT(active));
	CohortSummary *s;
	const char *wrong;

	if (periods == 0)
		summary_text_invalid(&t, "\"active\" has %d elements, which is no triangle of cohorts.",
							 (int) JB_ROOT_COUNT(active));
	s = new_summary(unit, zone, strlen(zone), first_of_text(&t, unit), periods);
	read_triangle(&t, "active", active, s, cohort_active);
	read_triangle(&t, "last", last, s, cohort_last);
	if ((int) JB_ROOT_COUNT(pauses) != periods)
		summary_text_invalid(&t, "\"pauses\" has %d elements instead of %d.",
							 (int) JB_ROOT_COUNT(pauses), periods);
	for (int32 i = 0; i < periods; i++)
		cohort_pauses(s)[i] = summary_text_element_int64(&t, "pauses", pauses, i, 0, PG_INT64_MAX);
	wrong = contradiction(s);
	if (wrong != NULL)
		summary_text_invalid(&t, "%s", wrong);
	PG_RETURN_POINTER(trimmed(s));
}

static void
append_triangle(StringInfo out, const CohortSummary *s, int64 *(*row)(const CohortSummary *, int32))
{
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = 0; age < s->periods - cohort; age++)
			appendStringInfo(out, "%s" INT64_FORMAT, cohort + age > 0 ? ", " : "",
							 row(s, cohort)[age]);
}

PG_FUNCTION_INFO_V1(cohort_summary_out);
Datum
cohort_summary_out(PG_FUNCTION_ARGS)
{
	const CohortSummary *s = trimmed(cohort_arg(fcinfo, 0));
	StringInfoData out;
	char date[MAXDATELEN + 1];

	initStringInfo(&out);
	appendStringInfo(&out, "{\"bucket\": \"%s\", \"time_zone\": ", activity_unit_name(s->unit));
	escape_json(&out, pnstrdup(s->zone, s->zone_length));
	JsonEncodeDateTime(date, DateADTGetDatum(period_date(s->unit, s->first)), DATEOID, NULL);
	appendStringInfo(&out, ", \"first\": \"%s\", \"active\": [", date);
	append_triangle(&out, s, cohort_active);
	appendStringInfoString(&out, "], \"last\": [");
	append_triangle(&out, s, cohort_last);
	appendStringInfoString(&out, "], \"pauses\": [");
	for (int32 i = 0; i < s->periods; i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i > 0 ? ", " : "", cohort_pauses(s)[i]);
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static int64
receive_count(StringInfo buf)
{
	int64 count = pq_getmsgint64(buf);

	if (count < 0)
		summary_wire_invalid(TYPE_NAME, "A count is " INT64_FORMAT ".", count);
	return count;
}

/*
 * Binary: version (1), unit (1), zone length (2) and name, first (4), periods (4), and 8 bytes each
 * for the counts, in the order of the text.
 */
PG_FUNCTION_INFO_V1(cohort_summary_recv);
Datum
cohort_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int unit;
	int length;
	const char *zone;
	int32 first;
	int32 periods;
	CohortSummary *s;
	const char *wrong;

	summary_wire_version(buf, TYPE_NAME, COHORT_SUMMARY_VERSION);
	unit = pq_getmsgbyte(buf);
	length = pq_getmsgint(buf, 2);
	if (unit > PERIOD_YEAR || length > TZ_STRLEN_MAX)
		summary_wire_invalid(TYPE_NAME, "Its bucket is %d and its time zone has %d bytes.", unit,
							 length);
	zone = activity_zone_read(pq_getmsgtext(buf, length, &length));
	first = (int32) pq_getmsgint(buf, 4);
	periods = (int32) pq_getmsgint(buf, 4);
	if (first < activity_first_period(unit) || first > activity_last_period(unit) || periods < 1 ||
		periods > COHORT_MAX_PERIODS ||
		((int64) periods * (periods + 1) + periods) * 8 > buf->len - buf->cursor)
		summary_wire_invalid(TYPE_NAME, "It announces %d periods from %d on.", periods, first);
	s = new_summary(unit, zone, strlen(zone), first, periods);
	for (int32 cohort = 0; cohort < periods; cohort++)
		for (int32 age = 0; age < periods - cohort; age++)
			cohort_active(s, cohort)[age] = receive_count(buf);
	for (int32 cohort = 0; cohort < periods; cohort++)
		for (int32 age = 0; age < periods - cohort; age++)
			cohort_last(s, cohort)[age] = receive_count(buf);
	for (int32 i = 0; i < periods; i++)
		cohort_pauses(s)[i] = receive_count(buf);
	wrong = contradiction(s);
	if (wrong != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", wrong);
	PG_RETURN_POINTER(trimmed(s));
}

PG_FUNCTION_INFO_V1(cohort_summary_send);
Datum
cohort_summary_send(PG_FUNCTION_ARGS)
{
	const CohortSummary *s = trimmed(cohort_arg(fcinfo, 0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->unit);
	pq_sendint16(&buf, s->zone_length);
	pq_sendbytes(&buf, s->zone, s->zone_length);
	pq_sendint32(&buf, s->first);
	pq_sendint32(&buf, s->periods);
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = 0; age < s->periods - cohort; age++)
			pq_sendint64(&buf, cohort_active(s, cohort)[age]);
	for (int32 cohort = 0; cohort < s->periods; cohort++)
		for (int32 age = 0; age < s->periods - cohort; age++)
			pq_sendint64(&buf, cohort_last(s, cohort)[age]);
	for (int32 i = 0; i < s->periods; i++)
		pq_sendint64(&buf, cohort_pauses(s)[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

static const CohortSummary *
trimmed_arg(FunctionCallInfo fcinfo, int i)
{
	return trimmed(cohort_arg(fcinfo, i));
}

SUMMARY_EQUAL_BY_BYTES(cohort_summary, trimmed_arg);
