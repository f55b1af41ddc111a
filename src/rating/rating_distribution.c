/*
 * rating_distribution.c: a summary as rows, for charts.
 */
#include "rating/rating_summary.h"

#include "access/htup_details.h"
#include "funcapi.h"

#define COLUMNS 3

/* Start the result: its row type and the counts live as long as the call does. */
static void
start_rows(FunctionCallInfo fcinfo)
{
	FuncCallContext *call = SRF_FIRSTCALL_INIT();
	MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	RatingCounts *r = palloc(sizeof(RatingCounts));
	TupleDesc row;

	*r = rating_counts_arg(fcinfo, 0);
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "rating_distribution does not return a composite type");
	call->tuple_desc = BlessTupleDesc(row);
	call->user_fctx = r;
	call->max_calls = r->hi - r->lo + 1;
	MemoryContextSwitchTo(caller);
}

/*
 * rating_distribution(rating_summary) -> (score, responses, share), one row a score of the scale
 *
 * Lowest score first, scores that nobody gave included; share is that of the responses, 0..1.
 */
PG_FUNCTION_INFO_V1(rating_distribution);
Datum
rating_distribution(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const RatingCounts *r;
	Datum values[COLUMNS];
	bool nulls[COLUMNS] = {false};
	int64 count;

	if (SRF_IS_FIRSTCALL())
		start_rows(fcinfo);
	call = SRF_PERCALL_SETUP();
	r = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	count = r->count[call->call_cntr];
	values[0] = Int32GetDatum(r->lo + (int) call->call_cntr);
	values[1] = Int64GetDatum(count);
	values[2] = Float8GetDatum(r->n == 0 ? 0.0 : (double) count / (double) r->n);
	nulls[2] = r->n == 0;
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
