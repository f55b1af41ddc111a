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
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

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

/* The rows to be moved. */
typedef struct Unusable
{
	Datum *ids;
	Datum *reasons;
	int n;
	int room;
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

/* Where a column is; an ERROR if it isn't there, or has another type than it was made with. */
static AttrNumber
place(const Ledger *l, const char *name, Oid type)
{
	AttrNumber column = get_attnum(l->touchpoint, name);
	Oid is;

	if (column == InvalidAttrNumber)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("table \"%s\" of ledger \"%s\" has no column \"%s\"", "touchpoint",
							   l->schema, name),
						errhint("Columns may be added to it; its own keep their names.")));
	is = get_atttype(l->touchpoint, column);
	if (!IsBinaryCoercible(is, type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" of ledger \"%s\" is of type %s, not %s",
						name, "touchpoint", l->schema, format_type_be(is), format_type_be(type)),
				 errhint("Columns may be added to it; its own keep their types.")));
	return column;
}

static Places
places(const Ledger *l)
{
	Places p;

	p.id = place(l, "touchpoint_id", INT8OID);
	p.customer = place(l, "customer_id", l->key_type);
	p.kind = place(l, "kind", TEXTOID);
	p.at = place(l, "occurred_at", TIMESTAMPTZOID);
	p.score = place(l, "score", FLOAT8OID);
	p.amount = place(l, "amount", NUMERICOID);
	p.quantity = place(l, "quantity", NUMERICOID);
	return p;
}

static void
note(Unusable *u, Datum id, const char *fault)
{
	if (u->n == u->room)
	{
		u->room = Max(64, u->room * 2);
		u->ids = u->ids == NULL ? palloc(u->room * sizeof(Datum))
								: repalloc_huge(u->ids, u->room * sizeof(Datum));
		u->reasons = u->reasons == NULL ? palloc(u->room * sizeof(Datum))
										: repalloc_huge(u->reasons, u->room * sizeof(Datum));
	}
	u->ids[u->n] = id;
	u->reasons[u->n++] = CStringGetTextDatum(fault);
}

static bool
has_nan(TupleTableSlot *slot, AttrNumber column)
{
	bool isnull;
	Datum number = slot_getattr(slot, column, &isnull);

	return touch_is_nan(isnull, number);
}

static void
judge(const Ledger *l, const Places *p, TupleTableSlot *slot, Unusable *u)
{
	bool no_kind;
	bool no_customer;
	bool no_at;
	bool no_score;
	bool no_id;
	Datum kind = slot_getattr(slot, p->kind, &no_kind);
	Datum at = slot_getattr(slot, p->at, &no_at);
	Datum score = slot_getattr(slot, p->score, &no_score);
	char *name = no_kind ? NULL : TextDatumGetCString(kind);
	const char *fault;

	slot_getattr(slot, p->customer, &no_customer);
	fault = touch_fault(l, name, !no_customer, !no_at, no_at ? 0 : DatumGetTimestampTz(at),
						!no_score, no_score ? 0 : DatumGetFloat8(score),
						has_nan(slot, p->amount) || has_nan(slot, p->quantity));
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

	tuplestore_select_read_pointer(rows, readptr);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		judge(l, &p, slot, &u);
		CHECK_FOR_INTERRUPTS();
	}
	ExecDropSingleTupleTableSlot(slot);
	return u;
}

static Datum
array_of(Datum *values, int n, Oid type, int16 length, bool by_value, char align)
{
	return PointerGetDatum(construct_array(values, n, type, length, by_value, align));
}

bool
reject_unusable(Ledger *l, const TriggerData *trigger)
{
	static const char SQL[] =
		"WITH bad AS (DELETE FROM %1$s.touchpoint t"
		" USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u (id, reason)"
		" WHERE t.touchpoint_id = u.id RETURNING t.*, u.reason)"
		" INSERT INTO %1$s.touchpoint_rejected (reason, customer_id, kind, occurred_at, channel,"
		" campaign, subject, amount, quantity, score, properties, source, source_key)"
		" SELECT b.reason, b.customer_id::pg_catalog.text, b.kind, b.occurred_at, b.channel,"
		" b.campaign, b.subject, b.amount, b.quantity, b.score, b.properties, b.source, "
		"b.source_key"
		" FROM bad b ORDER BY b.touchpoint_id";
	Unusable u = judge_all(l, trigger);
	Oid types[] = {INT8ARRAYOID, TEXTARRAYOID};
	Datum values[2];

	if (u.n == 0)
		return false;
	values[0] = array_of(u.ids, u.n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	values[1] = array_of(u.reasons, u.n, TEXTOID, -1, false, TYPALIGN_INT);
	if (SPI_execute_with_args(psprintf(SQL, l->qschema), 2, types, values, NULL, false, 0) !=
		SPI_OK_INSERT)
		elog(ERROR, "could not reject touchpoints");
	return true;
}
