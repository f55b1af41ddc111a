/*
 * rows.h: the rows of a query, one after the other, without holding all of them.
 */
#ifndef CUSTOMER_LIFECYCLE_ROWS_H
#define CUSTOMER_LIFECYCLE_ROWS_H

#include "common/compat.h"
#include "executor/spi.h"
#include "utils/tuplestore.h"

typedef struct Rows
{
	Portal portal; /* NULL: all rows are in the table */
	SPITupleTable *table;
	uint64 n;
	uint64 next;
} Rows;

/* Run a plan; "few" rows are read at once, many by a cursor. */
extern Rows rows_open(SPIPlanPtr plan, Datum *values, bool few);

/* What the plan that was run last has given. */
extern Rows rows_given(void);

/* Many rows, as the calling query's snapshot sees them. */
extern Rows rows_open_stable(const char *sql);

/* The next row, which stays next, or NULL; valid until the row after it is asked for. */
extern HeapTuple rows_peek(Rows *rows);
extern void rows_skip(Rows *rows);
extern void rows_close(Rows *rows);

/* Let the statements to come see the rows of a tuplestore under a name. */
extern void rows_register(const char *name, TupleDesc desc, Tuplestorestate *rows, int64 n);

#endif
