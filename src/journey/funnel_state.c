/*
 * funnel_state.c: the state of the aggregates funnel() and funnel_times().
 *
 * Rows are kept as they come and put in order at the end, so any order of input, any partition of
 * it among workers and any tree of merges give the same answer; rows that come in order aren't
 * sorted.
 */
#include "journey/funnel_state.h"

#include "common/int.h"
#include "journey/funnel_times.h"
#include "journey/journey_interval.h"
#include "journey/step_matcher.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

static const char TYPE_NAME[] = "funnel_state";
static const char EXAMPLE[] =
	"{\"steps\": 2, \"within\": [0, 7, 0], \"at\": [0, 3600000000], \"satisfies\": [1, 2]}";

/* The first rows: with the header 128 bytes, which is what the allocator hands out. */
#define FIRST_ROWS 6

static inline int32
capacity_of(const FunnelState *s)
{
	return (int32) ((VARSIZE(s) - FUNNEL_STATE_HEADER) / sizeof(FunnelRow));
}

static inline uint32
all_steps(int steps)
{
	return PG_UINT32_MAX >> (FUNNEL_MAX_STEPS - steps);
}

/* A state without rows; within may be NULL. */
static FunnelState *
new_state(int steps, const Interval *within, int32 capacity)
{
	Size size = FUNNEL_STATE_HEADER + (Size) capacity * sizeof(FunnelRow);
	FunnelState *s = palloc0(size); /* room, too: whoever calls support functions sees it */

	SET_VARSIZE(s, size);
	s->version = FUNNEL_STATE_VERSION;
	s->steps = (uint8) steps;
	journey_window(within, "within");
	if (within == NULL)
		s->unlimited = true;
	else
	{
		s->months = within->month;
		s->days = within->day;
		s->time = within->time;
	}
	return s;
}

/* Unused room is part of the value until it is finished, so it must hold something. */
static FunnelState *
with_capacity(const FunnelState *s, int32 capacity)
{
	Size used = FUNNEL_STATE_HEADER + (Size) s->n * sizeof(FunnelRow);
	Size size = FUNNEL_STATE_HEADER + (Size) capacity * sizeof(FunnelRow);
	FunnelState *copy = palloc(size);

	memcpy(copy, s, used);
	memset((char *) copy + used, 0, size - used);
	SET_VARSIZE(copy, size);
	return copy;
}

static FunnelState *
with_room_for(FunnelState *s, int32 more)
{
	int64 needed = (int64) s->n + more;

	if (likely(needed <= capacity_of(s)))
		return s;
	if (needed > FUNNEL_STATE_MAX_ROWS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many rows for one funnel: " INT64_FORMAT, needed),
						errdetail("A funnel takes at most %d rows that satisfy a step.",
								  FUNNEL_STATE_MAX_ROWS),
						errhint("A funnel is for one customer: group by the customer.")));
	return with_capacity(
		s, (int32) Min(Max(needed, (int64) capacity_of(s) * 2 + 2), FUNNEL_STATE_MAX_ROWS));
}

/* ---- checks ---- */

static void
damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
					errhint("The stored value is damaged or was written by a newer version.")));
}

static void
check_state(const FunnelState *s)
{
	if (VARSIZE(s) < FUNNEL_STATE_HEADER || s->version != FUNNEL_STATE_VERSION || s->steps < 1 ||
		s->steps > FUNNEL_MAX_STEPS || s->n < 0 || s->n > capacity_of(s) || s->months < 0 ||
		s->days < 0 || s->time < 0)
		damaged();
	for (int32 i = 0; i < s->n; i++)
		if (s->rows[i].steps == 0 || (s->rows[i].steps & ~all_steps(s->steps)) != 0)
			damaged();
}

SUMMARY_WRITABLE(writable_state, FunnelState, check_state);

static const FunnelState *
readable_state(FunctionCallInfo fcinfo, int i)
{
	const FunnelState *s = (const FunnelState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	if (!summary_is_state(fcinfo))
		check_state(s);
	return s;
}

static inline bool
is_window(const FunnelState *s, const Interval *within)
{
	if (within == NULL)
		return s->unlimited;
	return !s->unlimited && within->month == s->months && within->day == s->days &&
		   within->time == s->time;
}

/* ---- accumulate ---- */

/* The state in argument 0, made by the first row; every row must ask the same question. */
static inline FunnelState *
state_for_row(FunctionCallInfo fcinfo, int steps, const Interval *within)
{
	FunnelState *s;

	if (PG_ARGISNULL(0))
		return new_state(steps, within, FIRST_ROWS);
	s = writable_state(fcinfo, 0);
	if (unlikely(s->steps != steps || !is_window(s, within)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the steps or the window of a funnel change within one aggregate"),
						errhint("Use the same steps and window for all rows of a group.")));
	return s;
}

static inline FunnelState *
add_row(FunnelState *s, TimestampTz at, uint32 steps)
{
	if (steps == 0)
		return s;
	s = with_room_for(s, 1);
	s->rows[s->n].at = at;
	s->rows[s->n].steps = steps;
	s->rows[s->n].unused = 0;
	s->n++;
	return s;
}

static Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * funnel_state_accum(funnel_state, at timestamptz, event anycompatible, steps
 * anycompatiblearray, within interval) -> funnel_state
 *
 * Rows whose instant or event is NULL are ignored; within NULL is no limit.
 */
PG_FUNCTION_INFO_V1(funnel_state_accum);
Datum
funnel_state_accum(PG_FUNCTION_ARGS)
{
	const Interval *within = PG_ARGISNULL(4) ? NULL : PG_GETARG_INTERVAL_P(4);
	StepMatcher *matcher;
	FunnelState *s;

	if (PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the steps of a funnel must not be null")));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	matcher = step_matcher(fcinfo, 3);
	s = state_for_row(fcinfo, step_matcher_steps(matcher), within);
	PG_RETURN_POINTER(
		add_row(s, PG_GETARG_TIMESTAMPTZ(1), step_matcher_match(matcher, PG_GETARG_DATUM(2))));
}

/* Bit i: condition i + 1 holds; NULL doesn't. */
static uint32
conditions_met(ArrayType *conditions, int n)
{
	const uint8 *nulls = ARR_NULLBITMAP(conditions);
	const bool *value = (const bool *) ARR_DATA_PTR(conditions);
	uint32 met = 0;

	for (int i = 0; i < n; i++)
	{
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		met |= (uint32) *value++ << i;
	}
	return met;
}

/*
 * funnel_state_accum(funnel_state, at timestamptz, within interval, VARIADIC conditions boolean[])
 * -> funnel_state
 *
 * Row by row, whether it satisfies each step.  Rows whose instant is NULL are ignored.
 */
PG_FUNCTION_INFO_V1(funnel_state_accum_conditions);
Datum
funnel_state_accum_conditions(PG_FUNCTION_ARGS)
{
	const Interval *within = PG_ARGISNULL(2) ? NULL : PG_GETARG_INTERVAL_P(2);
	ArrayType *conditions;
	FunnelState *s;
	int n;

	if (PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the conditions of a funnel must not be null")));
	if (PG_ARGISNULL(1))
		return unchanged_state(fcinfo);
	conditions = PG_GETARG_ARRAYTYPE_P(3);
	n = ArrayGetNItems(ARR_NDIM(conditions), ARR_DIMS(conditions));
	if (n < 1 || n > FUNNEL_MAX_STEPS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid funnel of %d conditions", n),
						errdetail("A funnel has 1 to %d steps.", FUNNEL_MAX_STEPS)));
	s = state_for_row(fcinfo, n, within);
	PG_RETURN_POINTER(add_row(s, PG_GETARG_TIMESTAMPTZ(1), conditions_met(conditions, n)));
}

/* funnel_state_combine(funnel_state, funnel_state) -> funnel_state: the rows of both. */
PG_FUNCTION_INFO_V1(funnel_state_combine);
Datum
funnel_state_combine(PG_FUNCTION_ARGS)
{
	FunnelState *a = writable_state(fcinfo, 0);
	const FunnelState *b = readable_state(fcinfo, 1);

	if (a->steps != b->steps || a->unlimited != b->unlimited || a->months != b->months ||
		a->days != b->days || a->time != b->time)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge funnels with different steps or windows")));
	a = with_room_for(a, b->n);
	memcpy(a->rows + a->n, b->rows, b->n * sizeof(FunnelRow));
	a->n += b->n;
	PG_RETURN_POINTER(a);
}

/* ---- finish ---- */

#define ST_SORT sort_funnel_rows
#define ST_ELEMENT_TYPE FunnelRow
#define ST_COMPARE(a, b) ((a)->at < (b)->at ? -1 : (a)->at > (b)->at)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

const FunnelRow *
funnel_state_ordered(const FunnelState *s)
{
	FunnelRow *copy;
	int32 i = 1;

	while (i < s->n && s->rows[i - 1].at <= s->rows[i].at)
		i++;
	if (i >= s->n)
		return s->rows;
	copy = palloc_extended((Size) s->n * sizeof(FunnelRow), MCXT_ALLOC_HUGE);
	memcpy(copy, s->rows, (Size) s->n * sizeof(FunnelRow));
	sort_funnel_rows(copy, s->n);
	return copy;
}

static int
search_state(const FunnelState *s, FunnelReach *reach)
{
	Interval interval = {.time = s->time, .day = s->days, .month = s->months};
	JourneyWindow within = journey_window(s->unlimited ? NULL : &interval, "within");

	return funnel_search(funnel_state_ordered(s), s->n, s->steps, &within, false, reach);
}

/* funnel_state_steps(funnel_state) -> integer: the steps reached, 0 to the number of steps. */
PG_FUNCTION_INFO_V1(funnel_state_steps);
Datum
funnel_state_steps(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(search_state(readable_state(fcinfo, 0), NULL));
}

/* funnel_state_times(funnel_state) -> timestamptz[]: one element a step, NULL if not reached. */
PG_FUNCTION_INFO_V1(funnel_state_times);
Datum
funnel_state_times(PG_FUNCTION_ARGS)
{
	const FunnelState *s = readable_state(fcinfo, 0);
	FunnelReach reach;

	search_state(s, &reach);
	PG_RETURN_ARRAYTYPE_P(funnel_reach_array(&reach, s->steps));
}

/* ---- text and binary ---- */

/*
 * Text input: {"steps": n, "within": [months, days, microseconds] or null, "at": [microseconds
 * since 2000-01-01 UTC, ...], "satisfies": [bits, ...]}
 */
PG_FUNCTION_INFO_V1(funnel_state_in);
Datum
funnel_state_in(PG_FUNCTION_ARGS)
{
	SummaryText input = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 4);
	int steps = (int) summary_text_int64(&input, "steps", 1, FUNNEL_MAX_STEPS);
	bool unlimited = summary_text_is_null(&input, "within");
	Jsonb *at = summary_text_array(&input, "at", FUNNEL_STATE_MAX_ROWS);
	Jsonb *satisfies = summary_text_array(&input, "satisfies", FUNNEL_STATE_MAX_ROWS);
	int n = JB_ROOT_COUNT(at);
	Interval within = {0};
	FunnelState *s;

	if (!unlimited)
	{
		Jsonb *parts = summary_text_array(&input, "within", 3);

		within.month = summary_text_element_int64(&input, "within", parts, 0, 0, PG_INT32_MAX);
		within.day = summary_text_element_int64(&input, "within", parts, 1, 0, PG_INT32_MAX);
		within.time = summary_text_element_int64(&input, "within", parts, 2, 0, PG_INT64_MAX);
	}
	if ((int) JB_ROOT_COUNT(satisfies) != n)
		summary_text_invalid(&input, "\"at\" has %d elements, \"satisfies\" %d.", n,
							 (int) JB_ROOT_COUNT(satisfies));
	s = new_state(steps, unlimited ? NULL : &within, n);
	for (int i = 0; i < n; i++)
	{
		int64 t = summary_text_element_int64(&input, "at", at, i, PG_INT64_MIN, PG_INT64_MAX);
		uint32 steps_of_row =
			summary_text_element_int64(&input, "satisfies", satisfies, i, 1, all_steps(steps));

		if (!TIMESTAMP_NOT_FINITE(t) && !IS_VALID_TIMESTAMP(t))
			summary_text_invalid(&input, "Element %d of \"at\" is no timestamp.", i + 1);
		s = add_row(s, t, steps_of_row);
	}
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(funnel_state_out);
Datum
funnel_state_out(PG_FUNCTION_ARGS)
{
	const FunnelState *s = readable_state(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"steps\": %d, \"within\": ", s->steps);
	if (s->unlimited)
		appendStringInfoString(&out, "null");
	else
		appendStringInfo(&out, "[%d, %d, " INT64_FORMAT "]", s->months, s->days, s->time);
	appendStringInfoString(&out, ", \"at\": [");
	for (int32 i = 0; i < s->n; i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i > 0 ? ", " : "", s->rows[i].at);
	appendStringInfoString(&out, "], \"satisfies\": [");
	for (int32 i = 0; i < s->n; i++)
		appendStringInfo(&out, "%s%u", i > 0 ? ", " : "", s->rows[i].steps);
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Binary: version (1), steps (1), unlimited (1), months (4), days (4), time (8), n (4), rows. */
PG_FUNCTION_INFO_V1(funnel_state_recv);
Datum
funnel_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int steps;
	bool unlimited;
	Interval within;
	int32 n;
	FunnelState *s;

	summary_wire_version(buf, TYPE_NAME, FUNNEL_STATE_VERSION);
	steps = pq_getmsgbyte(buf);
	unlimited = pq_getmsgbyte(buf) != 0;
	within.month = (int32) pq_getmsgint(buf, 4);
	within.day = (int32) pq_getmsgint(buf, 4);
	within.time = pq_getmsgint64(buf);
	n = (int32) pq_getmsgint(buf, 4);
	if (steps < 1 || steps > FUNNEL_MAX_STEPS)
		summary_wire_invalid(TYPE_NAME, "It has %d steps; 1 to %d are allowed.", steps,
							 FUNNEL_MAX_STEPS);
	if (within.month < 0 || within.day < 0 || within.time < 0)
		summary_wire_invalid(TYPE_NAME, "Its window is negative.");
	if (n < 0 || n > FUNNEL_STATE_MAX_ROWS || n > (buf->len - buf->cursor) / 12)
		summary_wire_invalid(TYPE_NAME, "It announces %d rows.", n);
	s = new_state(steps, unlimited ? NULL : &within, n);
	for (int32 i = 0; i < n; i++)
	{
		int64 at = pq_getmsgint64(buf);
		uint32 satisfies = pq_getmsgint(buf, 4);

		if (!TIMESTAMP_NOT_FINITE(at) && !IS_VALID_TIMESTAMP(at))
			summary_wire_invalid(TYPE_NAME, "Row %d is at no timestamp.", i + 1);
		if (satisfies == 0 || (satisfies & ~all_steps(steps)) != 0)
			summary_wire_invalid(TYPE_NAME, "Row %d satisfies steps that do not exist.", i + 1);
		s = add_row(s, at, satisfies);
	}
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(funnel_state_send);
Datum
funnel_state_send(PG_FUNCTION_ARGS)
{
	const FunnelState *s = readable_state(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->steps);
	pq_sendbyte(&buf, s->unlimited);
	pq_sendint32(&buf, s->months);
	pq_sendint32(&buf, s->days);
	pq_sendint64(&buf, s->time);
	pq_sendint32(&buf, s->n);
	for (int32 i = 0; i < s->n; i++)
	{
		pq_sendint64(&buf, s->rows[i].at);
		pq_sendint32(&buf, s->rows[i].steps);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
