/*
 * result_rows.h: set-returning functions that work out all their rows at once.
 */
#ifndef CUSTOMER_LIFECYCLE_RESULT_ROWS_H
#define CUSTOMER_LIFECYCLE_RESULT_ROWS_H

#include "common/compat.h"

#include "access/tupdesc.h"
#include "fmgr.h"

#define RESULT_MAX_COLUMNS 8

typedef struct ResultRow
{
	Datum value[RESULT_MAX_COLUMNS];
	bool null[RESULT_MAX_COLUMNS];
} ResultRow;

typedef struct ResultRows
{
	int64 n;
	int64 capacity;
	ResultRow *row;
} ResultRows;

/* A further row, all columns 0 and not null; valid until the next one. */
extern ResultRow *result_row(ResultRows *rows);

/*
 * The body of a set-returning function: on the first call `compute` makes the rows, in memory that
 * lives until the last one is returned.  One column: a set of values, else of rows.
 */
extern Datum result_rows_return(FunctionCallInfo fcinfo,
								void (*compute)(FunctionCallInfo fcinfo, ResultRows *rows));

/* A `compute` that makes no rows: what a function of a NULL returns. */
extern void result_rows_none(FunctionCallInfo fcinfo, ResultRows *rows);

#endif
