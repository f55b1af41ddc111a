/*
 * stage_rows.c: what the room's set-returning functions share (see stage_rows.h).
 */
#include "stage/stage_rows.h"

FuncCallContext *
stage_rows(FunctionCallInfo fcinfo, void *(*prepare)(FunctionCallInfo))
{
	if (SRF_IS_FIRSTCALL())
	{
		FuncCallContext *call = SRF_FIRSTCALL_INIT();
		MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);

		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "function %u does not return rows", fcinfo->flinfo->fn_oid);
		if (prepare != NULL)
			call->user_fctx = prepare(fcinfo);
		MemoryContextSwitchTo(old);
	}
	return SRF_PERCALL_SETUP();
}

Datum
stage_column(LifecycleStage stage, bool *null)
{
	*null = stage == STAGE_NONE;
	return *null ? (Datum) 0 : ObjectIdGetDatum(stage_oid(stage));
}
