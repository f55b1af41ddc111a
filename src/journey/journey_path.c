/*
 * journey_path.c: the events or channels of a journey, one after another: journey_path(),
 * session_paths(), journey_edges(), journey_gaps(), time_between(), touchpoints().
 */
#include "journey/journey_path.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "journey/journey_interval.h"
#include "journey/result_rows.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

Path
journey_path_steps(const Journey *j, int begin, int end, bool channels, bool collapse,
				   int max_steps)
{
	Path path = {0, palloc(Max(end - begin, 1) * sizeof(PathStep))};

	for (int i = begin; i < end && path.n != max_steps; i++)
	{
		int code = channels ? j->touches[i].channel : j->touches[i].event;

		if (channels && code == TOUCH_NO_CHANNEL)
			continue;
		if (collapse && path.n > 0 && path.step[path.n - 1].code == code)
			continue;
		path.step[path.n++] = (PathStep){code, j->touches[i].at};
	}
	return path;
}

int
journey_max_steps(FunctionCallInfo fcinfo, int i)
{
	int max_steps;

	if (PG_ARGISNULL(i))
		return -1;
	max_steps = PG_GETARG_INT32(i);
	if (max_steps < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("max_steps must not be negative: %d", max_steps)));
	return max_steps;
}

static bool
reads_channels(FunctionCallInfo fcinfo, int i)
{
	char *what;

	if (PG_ARGISNULL(i))
		return false;
	what = text_to_cstring(PG_GETARG_TEXT_PP(i));
	if (strcmp(what, "event") != 0 && strcmp(what, "channel") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a journey has no path of \"%s\"", what),
						errhint("A path is of event or channel.")));
	return what[0] == 'c';
}

/* The first touchpoint at or after an instant (or, after: later than it). */
static int
first_touch(const Journey *j, int64 at, bool after)
{
	int low = 0;
	int high = j->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (j->touches[middle].at < at || (after && j->touches[middle].at == at))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * journey_path(journey_summary, max_steps integer, collapse boolean, what text, since timestamptz,
 * until timestamptz) -> text[]
 *
 * The names of events (or channels) in order of time, since <= at <= until, those of one instant in
 * the order of their bytes.
 */
PG_FUNCTION_INFO_V1(journey_path);
Datum
journey_path(PG_FUNCTION_ARGS)
{
	Journey j;
	Path path;
	Datum *names;
	int begin;
	int end;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	j = journey_arg(fcinfo, 0);
	begin = PG_ARGISNULL(4) ? 0 : first_touch(&j, PG_GETARG_TIMESTAMPTZ(4), false);
	end = PG_ARGISNULL(5) ? j.n : first_touch(&j, PG_GETARG_TIMESTAMPTZ(5), true);
	path = journey_path_steps(&j, begin, Max(begin, end), reads_channels(fcinfo, 3),
							  PG_ARGISNULL(2) || PG_GETARG_BOOL(2), journey_max_steps(fcinfo, 1));
	names = palloc(Max(path.n, 1) * sizeof(Datum));
	for (int i = 0; i < path.n; i++)
		names[i] = PointerGetDatum(journey_name_text(&j, path.step[i].code));
	PG_RETURN_ARRAYTYPE_P(construct_array(names, path.n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* ---- sets ---- */

static Datum
name_or_null(const Journey *j, int code, bool *null)
{
	*null = code == TOUCH_NO_CHANNEL;
	return *null ? (Datum) 0 : PointerGetDatum(journey_name_text(j, code));
}

static void
all_touchpoints(FunctionCallInfo fcinfo, ResultRows *rows)
{
	Journey j = journey_arg(fcinfo, 0);

	for (int i = 0; i < j.n; i++)
	{
		ResultRow *row = result_row(rows);

		row->value[0] = TimestampTzGetDatum(j.touches[i].at);
		row->value[1] = name_or_null(&j, j.touches[i].event, &row->null[1]);
		row->value[2] = name_or_null(&j, j.touches[i].channel, &row->null[2]);
	}
}

/*
 * touchpoints(journey_summary) -> set of (at timestamptz, event text, channel text)
 *
 * In order of time; those of one instant by the bytes of event, then channel.
 */
PG_FUNCTION_INFO_V1(touchpoints);
Datum
touchpoints(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, all_touchpoints);
}

static Datum
elapsed(int64 since, int64 until)
{
	return DirectFunctionCall2(timestamp_mi, TimestampGetDatum(until), TimestampGetDatum(since));
}

static void
all_edges(FunctionCallInfo fcinfo, ResultRows *rows)
{
	Journey j = journey_arg(fcinfo, 0);
	Path path =
		journey_path_steps(&j, 0, j.n, reads_channels(fcinfo, 3),
						   PG_ARGISNULL(2) || PG_GETARG_BOOL(2), journey_max_steps(fcinfo, 1));

	for (int i = 1; i < path.n; i++)
	{
		ResultRow *row = result_row(rows);

		row->value[0] = Int32GetDatum(i);
		row->value[1] = PointerGetDatum(journey_name_text(&j, path.step[i - 1].code));
		row->value[2] = PointerGetDatum(journey_name_text(&j, path.step[i].code));
		row->null[3] =
			TIMESTAMP_NOT_FINITE(path.step[i - 1].at) || TIMESTAMP_NOT_FINITE(path.step[i].at);
		if (!row->null[3])
			row->value[3] = elapsed(path.step[i - 1].at, path.step[i].at);
	}
}

/*
 * journey_edges(journey_summary, max_steps integer, collapse boolean, what text) -> set of
 * (step_number integer, source text, target text, elapsed interval)
 *
 * Each step of the path with the one after it.
 */
PG_FUNCTION_INFO_V1(journey_edges);
Datum
journey_edges(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		return result_rows_return(fcinfo, result_rows_none);
	return result_rows_return(fcinfo, all_edges);
}

/* What session_paths() still has to return. */
typedef struct SessionPaths
{
	Journey journey;
	JourneyWindow gap;
	int max_steps; /* < 0: no limit */
	bool collapse;
	const text *separator;
	int begin;	   /* where the next session does */
	uint16 *codes; /* room for the path of a session */
} SessionPaths;

static SessionPaths *
begin_session_paths(FunctionCallInfo fcinfo)
{
	SessionPaths *s = palloc(sizeof(SessionPaths));

	s->journey = journey_arg(fcinfo, 0);
	s->gap = journey_window(PG_ARGISNULL(1) ? NULL : PG_GETARG_INTERVAL_P(1), "gap");
	s->max_steps = journey_max_steps(fcinfo, 2);
	s->collapse = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	s->separator = PG_ARGISNULL(4) ? cstring_to_text(">") : PG_GETARG_TEXT_PP(4);
	s->begin = 0;
	s->codes = palloc(Max(s->journey.n, 1) * sizeof(uint16));
	return s;
}

static int
end_of_session(const SessionPaths *s)
{
	const Touch *touches = s->journey.touches;
	int end = s->begin + 1;

	while (end < s->journey.n && touches[end].at <= journey_deadline(touches[end - 1].at, &s->gap))
		end++;
	return end;
}

/* Puts the codes of the path of touchpoints begin ... end - 1 into s->codes.  Returns how many. */
static int
path_of_session(const SessionPaths *s, int end)
{
	const Touch *touches = s->journey.touches;
	int n = 0;

	for (int i = s->begin; i < end && n != s->max_steps; i++)
		if (!s->collapse || i == s->begin || touches[i].event != touches[i - 1].event)
			s->codes[n++] = touches[i].event;
	return n;
}

static inline char *
append_bytes(char *at, const char *bytes, int length)
{
	/* most separators, and many names, are of one byte */
	if (length == 1)
		*at = *bytes;
	else
		memcpy(at, bytes, length);
	return at + length;
}

static text *
joined_path(const SessionPaths *s, int n)
{
	const JourneyName *names = s->journey.name;
	const char *separator = VARDATA_ANY(s->separator);
	int separator_length = VARSIZE_ANY_EXHDR(s->separator);
	Size bytes = VARHDRSZ + (n > 1 ? (Size) (n - 1) * separator_length : 0);
	text *result;
	char *at;

	for (int i = 0; i < n; i++)
		bytes += names[s->codes[i]].length;
	if (bytes > MaxAllocSize)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("path of a session too long: %zu bytes", bytes),
						errdetail("At most %zu bytes are allowed.", (Size) MaxAllocSize),
						errhint("Give max_steps, or a shorter separator.")));
	result = palloc(bytes);
	SET_VARSIZE(result, bytes);
	at = VARDATA(result);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			at = append_bytes(at, separator, separator_length);
		at = append_bytes(at, names[s->codes[i]].bytes, names[s->codes[i]].length);
	}
	return result;
}

/*
 * session_paths(journey_summary, gap interval, max_steps integer, collapse boolean, separator text)
 * -> set of text
 *
 * The path of each session: touchpoints with no more than the gap between them.  Made one by one:
 * people group millions of them.
 */
PG_FUNCTION_INFO_V1(session_paths);
Datum
session_paths(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	SessionPaths *s;
	text *path;
	int end;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext previous;

		context = SRF_FIRSTCALL_INIT();
		previous = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		context->user_fctx = PG_ARGISNULL(0) ? NULL : begin_session_paths(fcinfo);
		MemoryContextSwitchTo(previous);
	}
	context = SRF_PERCALL_SETUP();
	s = context->user_fctx;
	if (s == NULL || s->begin >= s->journey.n)
		SRF_RETURN_DONE(context);
	end = end_of_session(s);
	path = joined_path(s, path_of_session(s, end));
	s->begin = end;
	SRF_RETURN_NEXT(context, PointerGetDatum(path));
}

/* ---- times ---- */

static int
code_arg(FunctionCallInfo fcinfo, const Journey *j, int i)
{
	text *name = PG_GETARG_TEXT_PP(i);

	return journey_code(j, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

/* The first touchpoint from i on with this event, or n. */
static int
next_event(const Journey *j, int i, int code)
{
	while (i < j->n && j->touches[i].event != code)
		i++;
	return i;
}

/*
 * time_between(journey_summary, first_event text, then_event text) -> interval
 *
 * From the first first_event to the first then_event that isn't earlier; NULL if there is none.
 * For one event twice: from the first to the second.
 */
PG_FUNCTION_INFO_V1(time_between);
Datum
time_between(PG_FUNCTION_ARGS)
{
	Journey j = journey_arg(fcinfo, 0);
	int a = code_arg(fcinfo, &j, 1);
	int b = code_arg(fcinfo, &j, 2);
	int begin = next_event(&j, 0, a);
	int end;

	/* the name may be one of a channel only */
	if (a < 0 || b < 0 || begin >= j.n)
		PG_RETURN_NULL();
	/* of one instant either may be first */
	end = a == b ? begin + 1 : first_touch(&j, j.touches[begin].at, false);
	end = next_event(&j, end, b);
	if (end >= j.n || TIMESTAMP_NOT_FINITE(j.touches[begin].at) ||
		TIMESTAMP_NOT_FINITE(j.touches[end].at))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(elapsed(j.touches[begin].at, j.touches[end].at));
}

/*
 * journey_gaps(journey_summary, event text) -> interval[]
 *
 * The times between one touchpoint with this event and the next; touchpoints of one instant are
 * one, infinite instants none.  A NULL event: all touchpoints.
 */
PG_FUNCTION_INFO_V1(journey_gaps);
Datum
journey_gaps(PG_FUNCTION_ARGS)
{
	Journey j;
	Datum *gaps;
	int n = 0;
	int code = -1;
	int last = -1;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	j = journey_arg(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		code = code_arg(fcinfo, &j, 1);
	gaps = palloc(Max(j.n, 1) * sizeof(Datum));
	for (int i = 0; i < j.n; i++)
	{
		const Touch *t = &j.touches[i];

		if ((!PG_ARGISNULL(1) && t->event != code) || TIMESTAMP_NOT_FINITE(t->at))
			continue;
		if (last >= 0 && j.touches[last].at != t->at)
			gaps[n++] = elapsed(j.touches[last].at, t->at);
		last = i;
	}
	PG_RETURN_ARRAYTYPE_P(
		construct_array(gaps, n, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE));
}

/* touch_count(journey_summary) -> bigint: the touchpoints that the journey holds. */
PG_FUNCTION_INFO_V1(touch_count);
Datum
touch_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(journey_arg(fcinfo, 0).n);
}

/* journey_cut(journey_summary) -> bigint: the older touchpoints left out for max_length. */
PG_FUNCTION_INFO_V1(journey_cut);
Datum
journey_cut(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(journey_arg(fcinfo, 0).cut);
}
