/*
 * stage_timeline_accessors.c: what a stage_timeline says.
 *
 * All of them see spans (stage_timeline.h): repeated stages are merged, and the last span is open.
 * An open span has no end of its own; only as_of gives it one, never the clock.
 */
#include "stage/stage_timeline.h"

#include "stage/stage_rows.h"
#include "utils/timestamp.h"

/* ---- one stage ---- */

/*
 * stage_at(timeline stage_timeline, at timestamptz) -> lifecycle_stage
 *
 * The stage at an instant; that of a change begins at its very instant.  NULL before the first.
 */
PG_FUNCTION_INFO_V1(stage_at);
Datum
stage_at(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);

	for (int i = spans.n - 1; i >= 0; i--)
		if (spans.span[i].entered_at <= at)
			PG_RETURN_STAGE(spans.span[i].stage);
	PG_RETURN_NULL();
}

/* current_stage(timeline stage_timeline) -> lifecycle_stage: the stage of the last change. */
PG_FUNCTION_INFO_V1(current_stage);
Datum
current_stage(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);

	if (spans.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_STAGE(spans.span[spans.n - 1].stage);
}

/*
 * max_stage(timeline stage_timeline) -> lifecycle_stage
 *
 * The high-water mark: the highest stage from awareness to advocacy ever entered; churned only if
 * there was no other.
 */
PG_FUNCTION_INFO_V1(max_stage);
Datum
max_stage(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);
	LifecycleStage highest = STAGE_NONE;

	for (int i = 0; i < spans.n; i++)
		highest = stage_higher(highest, spans.span[i].stage);
	if (highest == STAGE_NONE)
		PG_RETURN_NULL();
	PG_RETURN_STAGE(highest);
}

/* ---- one instant ---- */

static const StageSpan *
first_span_in(const StageSpans *spans, LifecycleStage stage)
{
	for (int i = 0; i < spans->n; i++)
		if (spans->span[i].stage == stage)
			return &spans->span[i];
	return NULL;
}

static const StageSpan *
last_span_in(const StageSpans *spans, LifecycleStage stage)
{
	for (int i = spans->n - 1; i >= 0; i--)
		if (spans->span[i].stage == stage)
			return &spans->span[i];
	return NULL;
}

static Datum
entered(FunctionCallInfo fcinfo, const StageSpan *span)
{
	if (span == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(span->entered_at);
}

/*
 * entered_at(timeline stage_timeline, stage lifecycle_stage) -> timestamptz
 *
 * When the stage was entered for the first time; NULL: never.
 */
PG_FUNCTION_INFO_V1(entered_at);
Datum
entered_at(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);

	return entered(fcinfo, first_span_in(&spans, PG_GETARG_STAGE(1)));
}

/*
 * last_entered_at(timeline stage_timeline, stage lifecycle_stage) -> timestamptz
 *
 * When the stage was entered for the last time; NULL: never.
 */
PG_FUNCTION_INFO_V1(last_entered_at);
Datum
last_entered_at(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);

	return entered(fcinfo, last_span_in(&spans, PG_GETARG_STAGE(1)));
}

/*
 * left_at(timeline stage_timeline, stage lifecycle_stage) -> timestamptz
 *
 * When the stage was left for the last time, the end of the span that last_entered_at() begins;
 * NULL: never entered, or still there.
 */
PG_FUNCTION_INFO_V1(left_at);
Datum
left_at(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);
	const StageSpan *span = last_span_in(&spans, PG_GETARG_STAGE(1));

	if (span == NULL || span->left_at == STAGE_OPEN)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(span->left_at);
}

/* ---- spans, up to an instant ---- */

/* The spans as they were known at as_of: later ones are gone, and that of as_of ends there. */
static void
cut_off(StageSpans *spans, TimestampTz as_of)
{
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(
			ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("as_of must not be %s", TIMESTAMP_IS_NOBEGIN(as_of) ? "-infinity" : "infinity"),
			 errhint("Leave as_of out to have the last span open, or give an instant.")));
	while (spans->n > 0 && spans->span[spans->n - 1].entered_at >= as_of)
		spans->n--;
	if (spans->n > 0)
		spans->span[spans->n - 1].left_at = Min(spans->span[spans->n - 1].left_at, as_of);
}

/* The spans of a call f(timeline, ..., as_of), where as_of is argument i and may be NULL. */
static StageSpans
spans_as_of(FunctionCallInfo fcinfo, int i)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);

	if (!PG_ARGISNULL(i))
		cut_off(&spans, PG_GETARG_TIMESTAMPTZ(i));
	return spans;
}

/* A duration in days of 24 hours and the rest, as subtracting timestamps gives it. */
static Interval *
duration(uint64 microseconds)
{
	Interval *result = palloc0(sizeof(Interval));

	result->day = (int32) (microseconds / USECS_PER_DAY);
	result->time = (TimeOffset) (microseconds % USECS_PER_DAY);
	return result;
}

/*
 * time_in_stage(timeline stage_timeline, stage lifecycle_stage, as_of timestamptz) -> interval
 *
 * The time spent in a stage in all of its spans, up to as_of.  NULL: never entered (by then), or
 * still there and as_of is NULL: then how long isn't known.
 */
PG_FUNCTION_INFO_V1(time_in_stage);
Datum
time_in_stage(PG_FUNCTION_ARGS)
{
	StageSpans spans;
	LifecycleStage stage;
	uint64 total = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	spans = spans_as_of(fcinfo, 2);
	stage = PG_GETARG_STAGE(1);
	for (int i = 0; i < spans.n; i++)
	{
		if (spans.span[i].stage != stage)
			continue;
		if (spans.span[i].left_at == STAGE_OPEN)
			PG_RETURN_NULL();
		/* unsigned, because all of time in microseconds just doesn't fit into an int64 */
		total += (uint64) spans.span[i].left_at - (uint64) spans.span[i].entered_at;
	}
	if (total == 0)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(duration(total));
}

static void *
keep(StageSpans spans)
{
	StageSpans *kept = palloc(sizeof(StageSpans));

	*kept = spans;
	return kept;
}

static void *
prepare_spans(FunctionCallInfo fcinfo)
{
	StageSpans none = {0, NULL};

	return keep(PG_ARGISNULL(0) ? none : spans_as_of(fcinfo, 1));
}

/*
 * stage_spans(timeline stage_timeline, as_of timestamptz)
 *     -> setof (stage lifecycle_stage, entered_at timestamptz, left_at timestamptz)
 *
 * The spans in order of time; the last ends at as_of, or has no end (NULL) if as_of is NULL.
 */
PG_FUNCTION_INFO_V1(stage_spans);
Datum
stage_spans(PG_FUNCTION_ARGS)
{
	FuncCallContext *call = stage_rows(fcinfo, prepare_spans);
	const StageSpans *spans = call->user_fctx;
	const StageSpan *span;
	Datum values[3];
	bool nulls[3] = {false};

	if (call->call_cntr >= (uint64) spans->n)
		SRF_RETURN_DONE(call);
	span = &spans->span[call->call_cntr];
	values[0] = stage_column(span->stage, &nulls[0]);
	values[1] = TimestampTzGetDatum(span->entered_at);
	values[2] = TimestampTzGetDatum(span->left_at);
	nulls[2] = span->left_at == STAGE_OPEN;
	STAGE_RETURN_ROW(call, values, nulls);
}

/* ---- from span to span ---- */

static void *
prepare_transitions(FunctionCallInfo fcinfo)
{
	return keep(stage_spans_arg(fcinfo, 0));
}

/*
 * transitions(timeline stage_timeline)
 *     -> setof (from_stage lifecycle_stage, to_stage lifecycle_stage, changed_at timestamptz)
 *
 * The moves from one stage to another, in order of time; entering the first stage is none.
 */
PG_FUNCTION_INFO_V1(transitions);
Datum
transitions(PG_FUNCTION_ARGS)
{
	FuncCallContext *call = stage_rows(fcinfo, prepare_transitions);
	const StageSpans *spans = call->user_fctx;
	const StageSpan *span;
	Datum values[3];
	bool nulls[3] = {false};

	if (call->call_cntr + 1 >= (uint64) spans->n)
		SRF_RETURN_DONE(call);
	span = &spans->span[call->call_cntr];
	values[0] = stage_column(span[0].stage, &nulls[0]);
	values[1] = stage_column(span[1].stage, &nulls[1]);
	values[2] = TimestampTzGetDatum(span[1].entered_at);
	STAGE_RETURN_ROW(call, values, nulls);
}

/*
 * reactivations(timeline stage_timeline) -> bigint
 *
 * How often the customer went from churned to a customer's stage.
 */
PG_FUNCTION_INFO_V1(reactivations);
Datum
reactivations(PG_FUNCTION_ARGS)
{
	StageSpans spans = stage_spans_arg(fcinfo, 0);
	int64 n = 0;

	for (int i = 1; i < spans.n; i++)
		n += spans.span[i - 1].stage == STAGE_CHURNED && stage_is_customer(spans.span[i].stage);
	PG_RETURN_INT64(n);
}
