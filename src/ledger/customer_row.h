/*
 * customer_row.h: the columns of a ledger's table customer that the fold keeps, as values.
 */
#ifndef CUSTOMER_LIFECYCLE_CUSTOMER_ROW_H
#define CUSTOMER_LIFECYCLE_CUSTOMER_ROW_H

#include "ledger/ledger.h"

/* A column of a ledger's tables, and its type: the server's, or one of the following. */
typedef struct NamedColumn
{
	const char *name;
	Oid type;
} NamedColumn;

/* Types that aren't the server's own; none of its types has such an OID. */
#define KEY_TYPE ((Oid) 1)
#define STAGE_TYPE ((Oid) 2)
#define RATING_TYPE ((Oid) 3)
#define PURCHASES_TYPE ((Oid) 4)
#define ACTIVITY_TYPE ((Oid) 5)

/* The type that such a column has in this ledger. */
extern Oid ledger_column_type(const Ledger *ledger, Oid type);

typedef enum CustomerColumn
{
	CUSTOMER_KEY,
	CUSTOMER_STAGE,
	CUSTOMER_STAGE_SINCE,
	CUSTOMER_MAX_STAGE,
	CUSTOMER_EPISODE,
	CUSTOMER_FIRST_TOUCH,
	CUSTOMER_LAST_TOUCH,
	CUSTOMER_LAST_ALIVE,
	CUSTOMER_FIRST_PAID,
	CUSTOMER_TOUCHPOINT_COUNT,
	CUSTOMER_PURCHASE_COUNT,
	CUSTOMER_PURCHASE_AMOUNT,
	CUSTOMER_FIRST_PURCHASE,
	CUSTOMER_LAST_PURCHASE,
	CUSTOMER_MRR,
	CUSTOMER_RATING, /* one a survey */
	CUSTOMER_LAST_SCORE = CUSTOMER_RATING + SURVEY_COUNT,
	CUSTOMER_CHANNEL = CUSTOMER_LAST_SCORE + SURVEY_COUNT,
	CUSTOMER_CAMPAIGN,
	CUSTOMER_TRAITS,
	CUSTOMER_CONSENTS,
	CUSTOMER_DUE,
	CUSTOMER_PURCHASES,
	CUSTOMER_ACTIVITY,
	CUSTOMER_REFUND_COUNT,
	CUSTOMER_REFUND_AMOUNT,
	CUSTOMER_TICKET_COUNT,
	CUSTOMER_TICKET_OPEN,
	CUSTOMER_TICKET_RESOLVED,
	CUSTOMER_TICKET_REPLIED,
	CUSTOMER_FIRST_REPLY_HOURS,
	CUSTOMER_RESOLUTION_HOURS,
	CUSTOMER_REFERRAL_SENT,
	CUSTOMER_REFERRAL_CONVERTED,
	CUSTOMER_REVIEW_COUNT,
	CUSTOMER_LAST_REVIEW_SCORE,
	CUSTOMER_LOYALTY_POINTS,
	CUSTOMER_FOLD_STATE,
	CUSTOMER_TICKET_STATE,
	CUSTOMER_COLUMN_COUNT
} CustomerColumn;

typedef struct CustomerRow
{
	Datum value[CUSTOMER_COLUMN_COUNT];
	bool isnull[CUSTOMER_COLUMN_COUNT];
} CustomerRow;

extern const char *customer_column_name(CustomerColumn column);
extern Oid customer_column_type(const Ledger *ledger, CustomerColumn column);

typedef enum CustomerList
{
	LIST_ALL,
	LIST_WRITTEN, /* all but the key */
	LIST_COMPARED /* what ledger_check compares; summaries as text: their = isn't in pg_catalog */
} CustomerList;

/* The columns in a list, made of a format in which %s is the column, such as "c.%s". */
extern char *customer_column_list(const char *format, CustomerList which);

/* Those that are written, of the table, as "c", in the types that the fold gives them. */
extern char *customer_column_casts(const Ledger *ledger);

/* A row without anything but a key. */
extern void customer_row_clear(CustomerRow *row, Datum key);

static inline void
customer_row_set(CustomerRow *row, CustomerColumn column, Datum value)
{
	row->value[column] = value;
	row->isnull[column] = false;
}

/* A sum in 1/10000, as numeric. */
extern void customer_row_set_amount(CustomerRow *row, CustomerColumn column, int64 units);

/* An instant of the fold: none is NULL. */
extern void customer_row_set_instant(CustomerRow *row, CustomerColumn column, int64 at);

#endif
