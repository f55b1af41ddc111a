/*
 * rows.c: the rows of a query, one after the other (see rows.h).
 */
#include "ledger/rows.h"

#include "miscadmin.h"

/* Rows that a cursor fetches at a time. */
#define ROWS_BATCH 1000

/*
 * What SPI does ends in the context of its procedure; the caller's may be of one row, and is reset
 * with it.
 */

static void
take_table(Rows *rows)
{
	rows->table = SPI_tuptable;
	rows->n = SPI_processed;
	rows->next = 0;
}

Rows
rows_given(void)
{
	Rows rows = {NULL, NULL, 0, 0};

	take_table(&rows);
	return rows;
}

Rows
rows_open(SPIPlanPtr plan, Datum *values, bool few)
{
	MemoryContext context = CurrentMemoryContext;
	Rows rows = {NULL, NULL, 0, 0};
	int result;

	if (!few)
	{
		rows.portal = SPI_cursor_open(NULL, plan, values, NULL, false);
		MemoryContextSwitchTo(context);
		return rows;
	}
	result = SPI_execute_plan(plan, values, NULL, false, 0);
	MemoryContextSwitchTo(context);
	if (result < 0)
		elog(ERROR, "could not run a plan: %s", SPI_result_code_string(result));
	return rows_given();
}

Rows
rows_open_stable(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	Rows rows = {NULL, NULL, 0, 0};

	rows.portal = SPI_cursor_open_with_args(NULL, sql, 0, NULL, NULL, NULL, true, 0);
	MemoryContextSwitchTo(context);
	return rows;
}

HeapTuple
rows_peek(Rows *rows)
{
	MemoryContext context = CurrentMemoryContext;

	if (rows->next < rows->n)
		return rows->table->vals[rows->next];
	if (rows->portal == NULL)
		return NULL;
	CHECK_FOR_INTERRUPTS();
	if (rows->table != NULL)
		SPI_freetuptable(rows->table);
	SPI_cursor_fetch(rows->portal, true, ROWS_BATCH);
	MemoryContextSwitchTo(context);
	take_table(rows);
	return rows->n > 0 ? rows->table->vals[0] : NULL;
}

void
rows_skip(Rows *rows)
{
	rows->next++;
}

void
rows_close(Rows *rows)
{
	if (rows->table != NULL)
		SPI_freetuptable(rows->table);
	if (rows->portal != NULL)
		SPI_cursor_close(rows->portal);
	rows->table = NULL;
	rows->portal = NULL;
}

void
rows_register(const char *name, TupleDesc desc, Tuplestorestate *rows, int64 n)
{
	EphemeralNamedRelation enr = palloc0(sizeof(EphemeralNamedRelationData));
	int result;

	enr->md.name = pstrdup(name);
	enr->md.tupdesc = desc;
	enr->md.enrtype = ENR_NAMED_TUPLESTORE;
	enr->md.enrtuples = (double) n;
	enr->reldata = rows;
	result = SPI_register_relation(enr);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register \"%s\": %s", name, SPI_result_code_string(result));
}
