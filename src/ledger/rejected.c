/*
 * rejected.c: touchpoints that can't be used (see rejected.h).
 *
 * The rows are looked at where the executor has put them, without a query: all of them are usable,
 * nearly always.
 */
#include "ledger/rejected.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "ledger/rows.h"

/* Where the columns are that decide. */
typedef struct Places
{
	AttrNumber id;
	AttrNumber customer;
	AttrNumber kind;
	AttrNumber at;
	AttrNumber score;
	AttrNumber amount;
	AttrNumber quantity;
} Places;

/* The rows to be moved: id and reason, as the query sees them, for they may be millions. */
typedef struct Unusable
{
	Tuplestorestate *rows; /* NULL: none */
	TupleDesc desc;
	int64 n;
} Unusable;

void
refuse_touchpoint(const Ledger *l, const char *fault, const char *kind)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_CHECK_VIOLATION), errmsg("touchpoint can't be used: %s", fault),
		 errdetail("Its kind is \"%s\"; the ledger is \"%s\".", kind == NULL ? "" : kind,
				   l->schema),
		 errhint("Kinds are rows of touchpoint_kind.  With the setting \"unusable\" = 'keep' such "
				 "touchpoints go to touchpoint_rejected.")));
}

/* They are there, and of their types: the ledger has looked. */
static Places
places(const Ledger *l)
{
	Places p;

	p.id = get_attnum(l->touchpoint, "touchpoint_id");
	p.customer = get_attnum(l->touchpoint, touch_column_name(TOUCH_CUSTOMER));
	p.kind = get_attnum(l->touchpoint, touch_column_name(TOUCH_KIND));
	p.at = get_attnum(l->touchpoint, touch_column_name(TOUCH_AT));
	p.score = get_attnum(l->touchpoint, touch_column_name(TOUCH_SCORE));
	p.amount = get_attnum(l->touchpoint, touch_column_name(TOUCH_AMOUNT));
	p.quantity = get_attnum(l->touchpoint, touch_column_name(TOUCH_QUANTITY));
	return p;
}

static void
start_unusable(Unusable *u)
{
	u->desc = CreateTemplateTupleDesc(2);
	TupleDescInitEntry(u->desc, 1, "id", INT8OID, -1, 0);
	TupleDescInitEntry(u->desc, 2, "reason", TEXTOID, -1, 0);
	TupleDescFinalize(u->desc);
	u->rows = tuplestore_begin_heap(false, false, work_mem);
}

/* In a context of this one row. */
static void
note(Unusable *u, Datum id, const char *fault)
{
	Datum values[2] = {id, CStringGetTextDatum(fault)};
	bool nulls[2] = {false, false};
	MemoryContext one = CurrentMemoryContext;

	if (u->rows == NULL)
	{
		MemoryContextSwitchTo(MemoryContextGetParent(one));
		start_unusable(u);
		MemoryContextSwitchTo(one);
	}
	tuplestore_putvalues(u->rows, u->desc, values, nulls);
	u->n++;
	MemoryContextReset(one);
}

static void
judge(const Ledger *l, const Places *p, TupleTableSlot *slot, Unusable *u)
{
	bool no_kind;
	bool no_customer;
	bool no_at;
	bool no_score;
	bool no_amount;
	bool no_quantity;
	bool no_id;
	Datum kind = slot_getattr(slot, p->kind, &no_kind);
	Datum at = slot_getattr(slot, p->at, &no_at);
	Datum score = slot_getattr(slot, p->score, &no_score);
	Datum amount = slot_getattr(slot, p->amount, &no_amount);
	Datum quantity = slot_getattr(slot, p->quantity, &no_quantity);
	char *name = no_kind ? NULL : TextDatumGetCString(kind);
	const char *fault;

	slot_getattr(slot, p->customer, &no_customer);
	fault = touch_fault(l, name, !no_customer, !no_at, no_at ? 0 : DatumGetTimestampTz(at),
						!no_score, no_score ? 0 : DatumGetFloat8(score),
						touch_numbers_fault(no_amount, amount, no_quantity, quantity));
	if (fault == NULL)
	{
		pfree(name);
		return;
	}
	if (l->refuses)
		refuse_touchpoint(l, fault, name);
	note(u, slot_getattr(slot, p->id, &no_id), fault);
}

static Unusable
judge_all(const Ledger *l, const TriggerData *trigger)
{
	Places p = places(l);
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(RelationGetDescr(trigger->tg_relation), &TTSOpsMinimalTuple);
	Tuplestorestate *rows = trigger->tg_newtable;
	Unusable u = {0};
	int readptr = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle judgement",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(one);

	tuplestore_select_read_pointer(rows, readptr);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		judge(l, &p, slot, &u);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(one);
	ExecDropSingleTupleTableSlot(slot);
	return u;
}

/* A house may have given a column of the log room for more than that of the rejected has. */
#define FITTING(number)                                                                            \
	"CASE WHEN " number " = 'NaN' OR pg_catalog.abs(" number ") < " TOUCH_NUMBER_LIMIT             \
	" THEN " number " END"

bool
reject_unusable(Ledger *l, const TriggerData *trigger)
{
	static const char SQL[] =
		"WITH bad AS (DELETE FROM %1$s.touchpoint t USING unusable u"
		" WHERE t.touchpoint_id = u.id RETURNING t.*, u.reason)"
		" INSERT INTO %1$s.touchpoint_rejected (reason, customer_id, kind, occurred_at, channel,"
		" campaign, subject, amount, quantity, score, properties, source, source_key)"
		" SELECT b.reason, b.customer_id::pg_catalog.text, b.kind, b.occurred_at, b.channel,"
		" b.campaign, b.subject, " FITTING("b.amount") ", " FITTING(
			"b.quantity") ", b.score,"
						  " b.properties, b.source, b.source_key"
						  " FROM bad b ORDER BY b.touchpoint_id";
	Unusable u = judge_all(l, trigger);

	if (u.n == 0)
		return false;
	rows_register("unusable", u.desc, u.rows, u.n);
	if (SPI_execute(psprintf(SQL, l->qschema), false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not reject touchpoints");
	SPI_unregister_relation("unusable");
	tuplestore_end(u.rows);
	return true;
}
