/*
 * stage_timeline.c: the type stage_timeline and its aggregates' state machine.
 *
 * Accumulate, combine and finish; text and binary I/O; equality.  What a timeline says (the stage
 * at an instant, the time spent in one, ...) is the accessors' business, in files of their own.
 */
#include "stage/stage_timeline.h"

#include "common/hashfn.h"
#include "common/instant.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

static const char TYPE_NAME[] = "stage_timeline";
static const char EXAMPLE[] = "{\"changes\": [[\"2024-01-31T00:00:00Z\", \"awareness\"], "
							  "[\"2024-02-05T09:30:00.5Z\", \"conversion\"]]}";

/* The first room that a state makes for points. */
#define FIRST_CAPACITY 4

/* ---- points, which are not aligned ---- */

static inline char *
point(StageTimeline *s, int i)
{
	return s->points + i * STAGE_TIMELINE_POINT;
}

static inline TimestampTz
point_at(const StageTimeline *s, int i)
{
	TimestampTz at;

	memcpy(&at, s->points + i * STAGE_TIMELINE_POINT, sizeof(at));
	return at;
}

static inline LifecycleStage
point_stage(const StageTimeline *s, int i)
{
	return (LifecycleStage) s->points[i * STAGE_TIMELINE_POINT + sizeof(TimestampTz)];
}

static inline void
set_point(StageTimeline *s, int i, TimestampTz at, LifecycleStage stage)
{
	memcpy(point(s, i), &at, sizeof(at));
	point(s, i)[sizeof(at)] = (char) stage;
}

static inline int
capacity_of(const StageTimeline *s)
{
	return (int) ((VARSIZE(s) - STAGE_TIMELINE_HEADER) / STAGE_TIMELINE_POINT);
}

/* An empty timeline with room for points. */
static StageTimeline *
new_timeline(int capacity)
{
	Size size = STAGE_TIMELINE_HEADER + (Size) capacity * STAGE_TIMELINE_POINT;
	StageTimeline *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = STAGE_TIMELINE_VERSION;
	s->settled = true;
	return s;
}

/* A copy with room for at least the points that are there. */
static StageTimeline *
with_capacity(const StageTimeline *s, int capacity)
{
	StageTimeline *copy = new_timeline(capacity);

	copy->settled = s->settled;
	copy->n = s->n;
	memcpy(copy->points, s->points, s->n * STAGE_TIMELINE_POINT);
	return copy;
}

/* ---- checks ---- */

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const StageTimeline *s)
{
	if (VARSIZE(s) < STAGE_TIMELINE_HEADER || s->version != STAGE_TIMELINE_VERSION || s->n < 0 ||
		s->n > capacity_of(s))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

static void
check_instant(TimestampTz at)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("a stage cannot be entered at %s",
							   TIMESTAMP_IS_NOBEGIN(at) ? "-infinity" : "infinity"),
						errhint("Leave such rows out with FILTER (WHERE isfinite(...)).")));
}

static void
check_size(int64 n)
{
	if (n > STAGE_TIMELINE_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("number of stage changes (" INT64_FORMAT
							   ") exceeds the maximum allowed (%d)",
							   n, STAGE_TIMELINE_MAX),
						errdetail("A %s holds the changes of one customer.", TYPE_NAME),
						errhint("Group by customer.")));
}

/* ---- settling ---- */

static int
compare_points(const void *a, const void *b)
{
	const char *p = a;
	const char *q = b;
	TimestampTz p_at;
	TimestampTz q_at;

	memcpy(&p_at, p, sizeof(p_at));
	memcpy(&q_at, q, sizeof(q_at));
	if (p_at != q_at)
		return p_at < q_at ? -1 : 1;
	return (int) p[sizeof(p_at)] - (int) q[sizeof(q_at)];
}

/* Put the points in order of time; of each instant the highest stage stays. */
static void
settle(StageTimeline *s)
{
	int kept = 0;

	if (s->settled)
		return;
	qsort(s->points, s->n, STAGE_TIMELINE_POINT, compare_points);
	for (int i = 0; i < s->n; i++)
		if (i == s->n - 1 || point_at(s, i) != point_at(s, i + 1))
			memmove(point(s, kept++), point(s, i), STAGE_TIMELINE_POINT);
	s->n = kept;
	s->settled = true;
}

/* A settled copy without spare room: the form of a value outside of aggregates. */
static StageTimeline *
canonical(const StageTimeline *s)
{
	StageTimeline *copy = with_capacity(s, s->n);

	settle(copy);
	check_size(copy->n);
	return copy->n < s->n ? with_capacity(copy, copy->n) : copy;
}

/*
 * Make room for further points; the timeline may move.  It settles first, so that the limit is one
 * of instants, not of rows, and grows if that left less than half free, so that settling is rare.
 */
static StageTimeline *
with_room(StageTimeline *s, int more)
{
	int capacity = Max(capacity_of(s), FIRST_CAPACITY);

	if (s->n + more <= capacity_of(s))
		return s;
	CHECK_FOR_INTERRUPTS();
	settle(s);
	check_size(s->n);
	while (capacity < 2 * s->n || capacity < s->n + more)
		capacity *= 2;
	return capacity > capacity_of(s) ? with_capacity(s, capacity) : s;
}

/* ---- the state of an aggregate ---- */

/*
 * The timeline in argument i: within an aggregate our own state, to be changed in place; else a
 * copy of a user's value.
 */
static StageTimeline *
writable_timeline(FunctionCallInfo fcinfo, int i)
{
	StageTimeline *s = (StageTimeline *) PG_GETARG_POINTER(i);

	if (!summary_is_state(fcinfo) || VARATT_IS_EXTENDED(s))
		s = (StageTimeline *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i));
	check_layout(s);
	return s;
}

/* A settled timeline; not to be changed. */
static const StageTimeline *
readable_timeline(FunctionCallInfo fcinfo, int i)
{
	const StageTimeline *s = DatumGetStageTimeline(PG_GETARG_DATUM(i));

	check_layout(s);
	return s->settled ? s : canonical(s);
}

/* What a transition returns: the state, or to a direct call a value. */
static StageTimeline *
state_or_value(FunctionCallInfo fcinfo, StageTimeline *s)
{
	return summary_is_state(fcinfo) ? s : canonical(s);
}

/* Add a point; the timeline may move, to make room.  Rows in order of time stay settled. */
static StageTimeline *
add_point(StageTimeline *s, TimestampTz at, LifecycleStage stage)
{
	TimestampTz last = s->n > 0 ? point_at(s, s->n - 1) : DT_NOBEGIN;

	if (s->settled && at == last)
	{
		set_point(s, s->n - 1, at, Max(stage, point_stage(s, s->n - 1)));
		return s;
	}
	s = with_room(s, 1);
	s->settled = s->settled && (s->n == 0 || at > point_at(s, s->n - 1));
	set_point(s, s->n++, at, stage);
	return s;
}

/*
 * stage_timeline_accum(stage_timeline, lifecycle_stage, timestamptz) -> stage_timeline
 *
 * Adds a stage and the instant at which it was entered.  ERROR (22008) for an infinite instant,
 * (54000) for too many.
 */
PG_FUNCTION_INFO_V1(stage_timeline_accum);
Datum
stage_timeline_accum(PG_FUNCTION_ARGS)
{
	StageTimeline *s = writable_timeline(fcinfo, 0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);

	check_instant(at);
	PG_RETURN_POINTER(state_or_value(fcinfo, add_point(s, at, PG_GETARG_STAGE(1))));
}

/* ---- combine and finish ---- */

/* The points of both; a is changed in place where it has room, else replaced.  b is settled. */
static StageTimeline *
merge(StageTimeline *a, const StageTimeline *b)
{
	if (b->n == 0)
		return a;
	a = with_room(a, b->n);
	a->settled = a->settled && (a->n == 0 || point_at(a, a->n - 1) < point_at(b, 0));
	memcpy(point(a, a->n), b->points, b->n * STAGE_TIMELINE_POINT);
	a->n += b->n;
	return a;
}

/*
 * stage_timeline_combine(stage_timeline, stage_timeline) -> stage_timeline
 *
 * The changes of both.  Also the transition of rollup() and the function of +.
 */
PG_FUNCTION_INFO_V1(stage_timeline_combine);
Datum
stage_timeline_combine(PG_FUNCTION_ARGS)
{
	StageTimeline *a = writable_timeline(fcinfo, 0);
	const StageTimeline *b = readable_timeline(fcinfo, 1);

	PG_RETURN_POINTER(state_or_value(fcinfo, merge(a, b)));
}

/* stage_timeline_final(stage_timeline) -> stage_timeline: NULL if there was no change. */
PG_FUNCTION_INFO_V1(stage_timeline_final);
Datum
stage_timeline_final(PG_FUNCTION_ARGS)
{
	const StageTimeline *s = DatumGetStageTimeline(PG_GETARG_DATUM(0));

	check_layout(s);
	if (s->n == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(canonical(s));
}

StageTimeline *
stage_timeline_from_changes(int n, const TimestampTz *at, const LifecycleStage *stage)
{
	StageTimeline *s;

	check_size(n);
	s = new_timeline(n);
	for (int i = 0; i < n; i++)
	{
		check_instant(at[i]);
		s = add_point(s, at[i], stage[i]);
	}
	return canonical(s);
}

/* ---- text and binary ---- */

/* The string at place i of a change, which is a pair; NULL if it isn't. */
static JsonbValue *
string_of_pair(const JsonbValue *pair, int i)
{
	JsonbValue *v = getIthJsonbValueFromContainer(pair->val.binary.data, i);

	return v != NULL && v->type == jbvString ? v : NULL;
}

/* Read the change at place i of the array and add it. */
static StageTimeline *
add_change(StageTimeline *s, const SummaryText *t, Jsonb *changes, int i)
{
	JsonbValue *pair = getIthJsonbValueFromContainer(&changes->root, i);
	JsonbValue *at_text;
	JsonbValue *stage_text;
	TimestampTz at;
	LifecycleStage stage;

	if (pair == NULL || pair->type != jbvBinary || !JsonContainerIsArray(pair->val.binary.data) ||
		JsonContainerSize(pair->val.binary.data) != 2 ||
		(at_text = string_of_pair(pair, 0)) == NULL ||
		(stage_text = string_of_pair(pair, 1)) == NULL)
		summary_text_invalid(t, "Change %d is not a pair of an instant and a stage.", i + 1);
	if (!instant_parse(at_text->val.string.val, at_text->val.string.len, &at))
		summary_text_invalid(t, "The instant of change %d is not like 2024-01-31T00:00:00Z.",
							 i + 1);
	stage = stage_from_name(stage_text->val.string.val, stage_text->val.string.len);
	if (stage == STAGE_NONE)
		summary_text_invalid(t, "The stage of change %d is none of lifecycle_stage.", i + 1);
	pfree(stage_text);
	pfree(at_text);
	pfree(pair);
	return add_point(s, at, stage);
}

/*
 * Text input: {"changes": [[instant, stage], ...]}, in any order
 */
PG_FUNCTION_INFO_V1(stage_timeline_in);
Datum
stage_timeline_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 1);
	Jsonb *changes = summary_text_array(&t, "changes", STAGE_TIMELINE_MAX);
	StageTimeline *s = new_timeline(JB_ROOT_COUNT(changes));

	for (int i = 0; i < (int) JB_ROOT_COUNT(changes); i++)
	{
		CHECK_FOR_INTERRUPTS();
		s = add_change(s, &t, changes, i);
	}
	PG_RETURN_POINTER(canonical(s));
}

PG_FUNCTION_INFO_V1(stage_timeline_out);
Datum
stage_timeline_out(PG_FUNCTION_ARGS)
{
	const StageTimeline *s = readable_timeline(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"changes\": [");
	for (int i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&out, i > 0 ? ", [\"" : "[\"");
		instant_append(&out, point_at(s, i));
		appendStringInfo(&out, "\", \"%s\"]", stage_name(point_stage(s, i)));
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Binary input: version (1 byte), points (4), each point's instant (8) and stage (1). */
PG_FUNCTION_INFO_V1(stage_timeline_recv);
Datum
stage_timeline_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	StageTimeline *s;
	int n;

	summary_wire_version(buf, TYPE_NAME, STAGE_TIMELINE_VERSION);
	n = (int32) pq_getmsgint(buf, 4);
	if (n < 0 || n > STAGE_TIMELINE_MAX)
		summary_wire_invalid(TYPE_NAME, "It claims to have %d points; %d are allowed.", n,
							 STAGE_TIMELINE_MAX);
	if ((Size) n * STAGE_TIMELINE_POINT > (Size) (buf->len - buf->cursor))
		summary_wire_invalid(TYPE_NAME, "It claims to have %d points but ends before.", n);
	s = new_timeline(n);
	for (int i = 0; i < n; i++)
	{
		TimestampTz at = pq_getmsgint64(buf);
		int stage = pq_getmsgbyte(buf);

		if (!IS_VALID_TIMESTAMP(at) || stage >= STAGE_COUNT)
			summary_wire_invalid(TYPE_NAME, "Point %d has no valid instant and stage.", i + 1);
		s = add_point(s, at, (LifecycleStage) stage);
	}
	PG_RETURN_POINTER(canonical(s));
}

PG_FUNCTION_INFO_V1(stage_timeline_send);
Datum
stage_timeline_send(PG_FUNCTION_ARGS)
{
	const StageTimeline *s = readable_timeline(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendint32(&buf, s->n);
	for (int i = 0; i < s->n; i++)
	{
		pq_sendint64(&buf, point_at(s, i));
		pq_sendbyte(&buf, point_stage(s, i));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

/*
 * The same points, not merely the same spans: of equal values, one may stand for the other
 * everywhere, in a merge too.
 */
static bool
same_points(const StageTimeline *a, const StageTimeline *b)
{
	return a->n == b->n && memcmp(a->points, b->points, a->n * STAGE_TIMELINE_POINT) == 0;
}

SUMMARY_EQUAL(stage_timeline, readable_timeline, same_points);

PG_FUNCTION_INFO_V1(stage_timeline_hash);
Datum
stage_timeline_hash(PG_FUNCTION_ARGS)
{
	const StageTimeline *s = readable_timeline(fcinfo, 0);

	PG_RETURN_UINT32(
		hash_bytes((const unsigned char *) s->points, s->n * (int) STAGE_TIMELINE_POINT));
}

/* ---- what accessors read ---- */

StageSpans
stage_timeline_spans(const StageTimeline *s)
{
	StageSpans spans = {0, palloc(sizeof(StageSpan) * Max(s->n, 1))};

	Assert(s->settled);
	for (int i = 0; i < s->n; i++)
	{
		StageSpan *last = spans.n > 0 ? &spans.span[spans.n - 1] : NULL;

		if (last != NULL && last->stage == point_stage(s, i))
			continue;
		if (last != NULL)
			last->left_at = point_at(s, i);
		spans.span[spans.n++] = (StageSpan){point_stage(s, i), point_at(s, i), STAGE_OPEN};
	}
	return spans;
}

StageSpans
stage_spans_arg(FunctionCallInfo fcinfo, int i)
{
	return stage_timeline_spans(readable_timeline(fcinfo, i));
}
