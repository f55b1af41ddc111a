/*
 * result_rows.c: set-returning functions that work out all their rows at once (see result_rows.h).
 */
#include "journey/result_rows.h"

#include "funcapi.h"
#include "miscadmin.h"

ResultRow *
result_row(ResultRows *rows)
{
	CHECK_FOR_INTERRUPTS();
	if (rows->n == rows->capacity)
	{
		Size bytes;

		rows->capacity = rows->capacity == 0 ? 8 : rows->capacity * 2;
		bytes = (Size) rows->capacity * sizeof(ResultRow);
		rows->row = rows->row == NULL ? palloc(bytes) : repalloc_huge(rows->row, bytes);
	}
	memset(&rows->row[rows->n], 0, sizeof(ResultRow));
	return &rows->row[rows->n++];
}

static void
first_call(FunctionCallInfo fcinfo, FuncCallContext *context,
		   void (*compute)(FunctionCallInfo fcinfo, ResultRows *rows))
{
	MemoryContext previous = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	ResultRows *rows = palloc0(sizeof(ResultRows));
	TupleDesc columns;

	if (get_call_result_type(fcinfo, NULL, &columns) == TYPEFUNC_COMPOSITE)
		context->tuple_desc = BlessTupleDesc(columns);
	compute(fcinfo, rows);
	context->user_fctx = rows;
	MemoryContextSwitchTo(previous);
}

Datum
result_rows_return(FunctionCallInfo fcinfo,
				   void (*compute)(FunctionCallInfo fcinfo, ResultRows *rows))
{
	FuncCallContext *context;
	const ResultRows *rows;
	ResultRow *row;
	Datum result;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		first_call(fcinfo, context, compute);
	}
	context = SRF_PERCALL_SETUP();
	rows = context->user_fctx;
	if (context->call_cntr >= (uint64) rows->n)
		SRF_RETURN_DONE(context);
	row = &rows->row[context->call_cntr];
	if (context->tuple_desc != NULL)
		result = HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, row->value, row->null));
	else if (row->null[0])
		SRF_RETURN_NEXT_NULL(context);
	else
		result = row->value[0];
	SRF_RETURN_NEXT(context, result);
}

void
result_rows_none(FunctionCallInfo fcinfo pg_attribute_unused(),
				 ResultRows *rows pg_attribute_unused())
{
}
