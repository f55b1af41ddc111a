/*
 * customer_row.c: the columns of a ledger's table customer that the fold keeps (see
 * customer_row.h).
 */
#include "ledger/customer_row.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

static const NamedColumn COLUMNS[CUSTOMER_COLUMN_COUNT] = {
	[CUSTOMER_KEY] = {"customer_id", KEY_TYPE},
	[CUSTOMER_STAGE] = {"stage", STAGE_TYPE},
	[CUSTOMER_STAGE_SINCE] = {"stage_since", TIMESTAMPTZOID},
	[CUSTOMER_MAX_STAGE] = {"max_stage", STAGE_TYPE},
	[CUSTOMER_EPISODE] = {"episode", INT4OID},
	[CUSTOMER_FIRST_TOUCH] = {"first_touch_at", TIMESTAMPTZOID},
	[CUSTOMER_LAST_TOUCH] = {"last_touch_at", TIMESTAMPTZOID},
	[CUSTOMER_LAST_ALIVE] = {"last_alive_at", TIMESTAMPTZOID},
	[CUSTOMER_FIRST_PAID] = {"first_paid_at", TIMESTAMPTZOID},
	[CUSTOMER_TOUCHPOINT_COUNT] = {"touchpoint_count", INT8OID},
	[CUSTOMER_PURCHASE_COUNT] = {"purchase_count", INT8OID},
	[CUSTOMER_PURCHASE_AMOUNT] = {"purchase_amount", NUMERICOID},
	[CUSTOMER_FIRST_PURCHASE] = {"first_purchase_at", TIMESTAMPTZOID},
	[CUSTOMER_LAST_PURCHASE] = {"last_purchase_at", TIMESTAMPTZOID},
	[CUSTOMER_MRR] = {"mrr_amount", NUMERICOID},
	[CUSTOMER_RATING + SURVEY_NPS] = {"nps", RATING_TYPE},
	[CUSTOMER_RATING + SURVEY_CSAT] = {"csat", RATING_TYPE},
	[CUSTOMER_RATING + SURVEY_CES] = {"ces", RATING_TYPE},
	[CUSTOMER_LAST_SCORE + SURVEY_NPS] = {"last_nps_score", FLOAT8OID},
	[CUSTOMER_LAST_SCORE + SURVEY_CSAT] = {"last_csat_score", FLOAT8OID},
	[CUSTOMER_LAST_SCORE + SURVEY_CES] = {"last_ces_score", FLOAT8OID},
	[CUSTOMER_CHANNEL] = {"channel", TEXTOID},
	[CUSTOMER_CAMPAIGN] = {"campaign", TEXTOID},
	[CUSTOMER_TRAITS] = {"traits", JSONBOID},
	[CUSTOMER_CONSENTS] = {"consents", JSONBOID},
	[CUSTOMER_DUE] = {"due_at", TIMESTAMPTZOID},
	[CUSTOMER_PURCHASES] = {"purchases", PURCHASES_TYPE},
	[CUSTOMER_ACTIVITY] = {"activity", ACTIVITY_TYPE},
	[CUSTOMER_REFUND_COUNT] = {"refund_count", INT8OID},
	[CUSTOMER_REFUND_AMOUNT] = {"refund_amount", NUMERICOID},
	[CUSTOMER_TICKET_COUNT] = {"ticket_count", INT8OID},
	[CUSTOMER_TICKET_OPEN] = {"ticket_open_count", INT8OID},
	[CUSTOMER_TICKET_RESOLVED] = {"ticket_resolved_count", INT8OID},
	[CUSTOMER_TICKET_REPLIED] = {"ticket_replied_count", INT8OID},
	[CUSTOMER_FIRST_REPLY_HOURS] = {"first_reply_hours", FLOAT8OID},
	[CUSTOMER_RESOLUTION_HOURS] = {"resolution_hours", FLOAT8OID},
	[CUSTOMER_REFERRAL_SENT] = {"referral_sent_count", INT8OID},
	[CUSTOMER_REFERRAL_CONVERTED] = {"referral_converted_count", INT8OID},
	[CUSTOMER_REVIEW_COUNT] = {"review_count", INT8OID},
	[CUSTOMER_LAST_REVIEW_SCORE] = {"last_review_score", FLOAT8OID},
	[CUSTOMER_LOYALTY_POINTS] = {"loyalty_points", NUMERICOID},
	[CUSTOMER_FOLD_STATE] = {"fold_state", BYTEAOID},
	[CUSTOMER_TICKET_STATE] = {"ticket_state", BYTEAOID},
};

const char *
customer_column_name(CustomerColumn column)
{
	return COLUMNS[column].name;
}

Oid
ledger_column_type(const Ledger *l, Oid type)
{
	switch (type)
	{
		case KEY_TYPE:
			return l->key_type;
		case STAGE_TYPE:
			return l->lifecycle_stage;
		case RATING_TYPE:
			return l->rating_summary;
		case PURCHASES_TYPE:
			return l->purchase_summary;
		case ACTIVITY_TYPE:
			return l->activity_summary;
		default:
			return type;
	}
}

Oid
customer_column_type(const Ledger *l, CustomerColumn column)
{
	return ledger_column_type(l, COLUMNS[column].type);
}

static bool
is_summary(CustomerColumn column)
{
	return COLUMNS[column].type == RATING_TYPE || COLUMNS[column].type == PURCHASES_TYPE ||
		   COLUMNS[column].type == ACTIVITY_TYPE;
}

/* What the columns are made from isn't compared: the key, and the states of the fold. */
static bool
is_listed(CustomerColumn column, CustomerList which)
{
	if (which == LIST_ALL)
		return true;
	return column != CUSTOMER_KEY && (which == LIST_WRITTEN || (column != CUSTOMER_FOLD_STATE &&
																column != CUSTOMER_TICKET_STATE));
}

char *
customer_column_list(const char *format, CustomerList which)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
	{
		if (!is_listed(i, which))
			continue;
		if (list.len > 0)
			appendStringInfoString(&list, ", ");
		appendStringInfo(&list, format, COLUMNS[i].name);
		if (which == LIST_COMPARED && is_summary(i))
			appendStringInfoString(&list, "::pg_catalog.text");
	}
	return list.data;
}

char *
customer_column_casts(const Ledger *l)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		if (is_listed(i, LIST_WRITTEN))
			appendStringInfo(&list, "%sc.%s::%s", list.len > 0 ? ", " : "", COLUMNS[i].name,
							 format_type_be_qualified(customer_column_type(l, i)));
	return list.data;
}

void
customer_row_clear(CustomerRow *row, Datum key)
{
	memset(row->value, 0, sizeof(row->value));
	memset(row->isnull, true, sizeof(row->isnull));
	customer_row_set(row, CUSTOMER_KEY, key);
}

void
customer_row_set_amount(CustomerRow *row, CustomerColumn column, int64 units)
{
	customer_row_set(row, column, NumericGetDatum(int64_div_fast_to_numeric(units, 4)));
}

void
customer_row_set_instant(CustomerRow *row, CustomerColumn column, int64 at)
{
	row->value[column] = TimestampTzGetDatum(at);
	row->isnull[column] = at == FOLD_NEVER || at == FOLD_ALWAYS;
}
