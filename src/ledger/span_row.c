/*
 * span_row.c: see span_row.h.
 */
#include "ledger/span_row.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

const NamedColumn span_columns[SPAN_COLUMN_COUNT] = {
	[SPAN_CUSTOMER] = {"customer_id", KEY_TYPE}, [SPAN_SEQ] = {"seq", INT4OID},
	[SPAN_STAGE] = {"stage", STAGE_TYPE},		 [SPAN_ENTERED] = {"entered_at", TIMESTAMPTZOID},
	[SPAN_LEFT] = {"left_at", TIMESTAMPTZOID},	 [SPAN_EPISODE] = {"episode", INT4OID},
	[SPAN_REASON] = {"reason", TEXTOID},		 [SPAN_ACTOR] = {"actor", TEXTOID},
};

static void
set_text(SpanRow *row, SpanColumn column, const char *text)
{
	row->isnull[column] = text == NULL;
	row->value[column] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

SpanRow
span_row(Datum customer, const FoldSpan *span)
{
	SpanRow row;

	memset(row.isnull, false, sizeof(row.isnull));
	row.value[SPAN_CUSTOMER] = customer;
	row.value[SPAN_SEQ] = Int32GetDatum(span->seq);
	row.value[SPAN_STAGE] = ObjectIdGetDatum(stage_oid(span->stage));
	row.value[SPAN_ENTERED] = TimestampTzGetDatum(span->entered_at);
	row.value[SPAN_LEFT] = TimestampTzGetDatum(span->left_at);
	row.isnull[SPAN_LEFT] = span->left_at == FOLD_NEVER;
	row.value[SPAN_EPISODE] = Int32GetDatum(span->episode);
	set_text(&row, SPAN_REASON, span->stored ? NULL : span->reason);
	set_text(&row, SPAN_ACTOR, span->stored ? NULL : span->actor);
	return row;
}
