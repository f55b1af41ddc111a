/*
 * survival_points.c: a survival_curve as a table, one row a duration.
 */
#include "churn/survival_options.h"

#include <math.h>

#include "common/float8_or_null.h"
#include "funcapi.h"

#define COLUMNS 9

typedef struct PointsState
{
	SurvivalWalk walk;
	SurvivalLimits limits;
} PointsState;

/* What the calls of one scan share, in memory that lives as long. */
static void
start_scan(FunctionCallInfo fcinfo, FuncCallContext *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->multi_call_memory_ctx);
	PointsState *state = palloc(sizeof(PointsState));
	TupleDesc row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "survival_points does not return a composite type");
	scan->tuple_desc = BlessTupleDesc(row);
	state->limits = survival_limits_args(fcinfo, 1);
	/* detoasted here, so that the cells live as long as the scan */
	state->walk = survival_walk(
		survival_from_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)))));
	scan->user_fctx = state;
	MemoryContextSwitchTo(caller);
}

static Datum
point_row(FuncCallContext *scan, const PointsState *state)
{
	const SurvivalWalk *w = &state->walk;
	ConfidenceBounds bounds = survival_limits_at(w, &state->limits);
	double numbers[COLUMNS] = {
		w->duration,  w->at_risk,	w->events,
		w->censored,  w->survival,	w->survival > 0 ? w->survival * sqrt(w->log_variance) : NAN,
		bounds.lower, bounds.upper, w->hazard};
	Datum values[COLUMNS];
	bool nulls[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		float8_or_null_set(values, nulls, i, numbers[i]);
	return HeapTupleGetDatum(heap_form_tuple(scan->tuple_desc, values, nulls));
}

/*
 * survival_points(survival_curve, confidence, method) -> setof (duration, at_risk, events,
 * censored, survival, std_error, lower, upper, cumulative_hazard)
 *
 * One row for each duration at which someone left or was last seen, lowest first; durations of
 * intervals in days.  std_error is Greenwood's, cumulative_hazard Nelson and Aalen's; NULL where an
 * error or a limit isn't defined.
 */
PG_FUNCTION_INFO_V1(survival_points);
Datum
survival_points(PG_FUNCTION_ARGS)
{
	FuncCallContext *scan;
	PointsState *state;

	if (SRF_IS_FIRSTCALL())
	{
		scan = SRF_FIRSTCALL_INIT();
		start_scan(fcinfo, scan);
	}
	scan = SRF_PERCALL_SETUP();
	state = scan->user_fctx;
	if (!survival_walk_next(&state->walk))
		SRF_RETURN_DONE(scan);
	SRF_RETURN_NEXT(scan, point_row(scan, state));
}
