/*
 * span_row.h: a row of a ledger's table stage_history, as values.
 */
#ifndef CUSTOMER_LIFECYCLE_SPAN_ROW_H
#define CUSTOMER_LIFECYCLE_SPAN_ROW_H

#include "ledger/customer_row.h"
#include "ledger/fold.h"

typedef enum SpanColumn
{
	SPAN_CUSTOMER,
	SPAN_SEQ,
	SPAN_STAGE,
	SPAN_ENTERED,
	SPAN_LEFT,
	SPAN_EPISODE,
	SPAN_REASON,
	SPAN_ACTOR,
	SPAN_COLUMN_COUNT
} SpanColumn;

extern const NamedColumn span_columns[SPAN_COLUMN_COUNT];

typedef struct SpanRow
{
	Datum value[SPAN_COLUMN_COUNT];
	bool isnull[SPAN_COLUMN_COUNT];
} SpanRow;

/* A customer's span; of a stored one, reason and actor are NULL. */
extern SpanRow span_row(Datum customer, const FoldSpan *span);

#endif
