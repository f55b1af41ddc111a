/*
 * stage_rows.h: what the room's set-returning functions share.
 */
#ifndef CUSTOMER_LIFECYCLE_STAGE_ROWS_H
#define CUSTOMER_LIFECYCLE_STAGE_ROWS_H

#include "stage/stage.h"

#include "access/htup_details.h"
#include "funcapi.h"

/*
 * To be called first, once a row.  The first call finds the row type, and runs prepare (may be
 * NULL), whose result the later calls find in user_fctx.
 */
extern FuncCallContext *stage_rows(FunctionCallInfo fcinfo, void *(*prepare)(FunctionCallInfo));

/* A column of type lifecycle_stage; STAGE_NONE is NULL. */
extern Datum stage_column(LifecycleStage stage, bool *null);

#define STAGE_RETURN_ROW(call, values, nulls)                                                      \
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple((call)->tuple_desc, values, nulls)))

#endif
