/*
 * direct_ledger.h: the tables of a ledger for the direct path (see direct_table.h), and that path:
 * one touchpoint in, its customer moved, without a query.
 */
#ifndef CUSTOMER_LIFECYCLE_DIRECT_LEDGER_H
#define CUSTOMER_LIFECYCLE_DIRECT_LEDGER_H

#include "ledger/customer_row.h"
#include "ledger/direct_table.h"
#include "ledger/span_row.h"

/* Columns of event_outbox. */
typedef enum EventColumn
{
	EVENT_CUSTOMER,
	EVENT_EVENT,
	EVENT_OCCURRED,
	EVENT_PAYLOAD,
	EVENT_COLUMN_COUNT
} EventColumn;

struct DirectLedger
{
	bool may_fold; /* customers may be moved directly */
	bool may_log;  /* ... and touchpoints written */
	DirectShape touchpoint;
	DirectShape customer;
	DirectShape history;
	DirectShape outbox;
	Oid clock;
	AttrNumber horizon;
	AttrNumber touch_column[TOUCH_COLUMN_COUNT];
	AttrNumber customer_column[CUSTOMER_COLUMN_COUNT];
	AttrNumber span_column[SPAN_COLUMN_COUNT];
	AttrNumber event_column[EVENT_COLUMN_COUNT];
	Oid key_equals; /* function */
	int32 amount_typmod;
	TimestampTz kept_before; /* KPIs of the time before it are kept */
};

/* Describe the tables of a ledger whose other fields are known. */
extern DirectLedger *direct_ledger_describe(const Ledger *ledger);

/*
 * May this transaction take the direct path?  Not where it can't see what others have written since
 * it began: what must be folded anew would then be folded wrongly.  Locks the tables.
 */
extern bool direct_possible(const Ledger *ledger);

/* The values of a touchpoint, as in the table: amounts are numeric. */
typedef struct TouchRow
{
	Datum value[TOUCH_COLUMN_COUNT];
	bool isnull[TOUCH_COLUMN_COUNT];
} TouchRow;

/* The touchpoint in a row of the table. */
extern void direct_touch_row(const Ledger *ledger, TupleTableSlot *slot, TouchRow *row);

/* Can it be used? */
extern bool direct_usable(const Ledger *ledger, const TouchRow *row);

/* May this touchpoint be written directly, standing in for the triggers of the log? */
extern bool direct_may_log(const Ledger *ledger, const TouchRow *row);

/* Write a touchpoint, unless its key is there; was it written? */
extern bool direct_log(Ledger *ledger, TouchRow *row);

/* Move the customer of a touchpoint that is in the log by now. */
extern void direct_fold(Ledger *ledger, const TouchRow *row);

#endif
