/*
 * kpi_outdated.c: the trigger function kpi_outdated(), which notes that kept KPIs have become old.
 *
 * On a ledger's table touchpoint, AFTER INSERT, UPDATE or DELETE, FOR EACH STATEMENT, with
 * transition tables.  Its argument is an instant, written by ledger_refresh(): periods that end
 * before it are kept in kpi_fact.  The usual touchpoint is later, and costs a comparison.  For an
 * earlier one a row goes into kpi_late; rows are only added, so that writers never wait for each
 * other.  On TRUNCATE, and on the tables of rules, everything is outdated.
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* The earliest occurred_at of a transition table, or the given instant if that is earlier. */
static TimestampTz
earliest(const TriggerData *trigger, Tuplestorestate *rows, TimestampTz so_far)
{
	TupleDesc desc = RelationGetDescr(trigger->tg_relation);
	int column = SPI_fnumber(desc, "occurred_at");
	TupleTableSlot *slot;

	if (rows == NULL)
		return so_far;
	if (column <= 0 || TupleDescAttr(desc, column - 1)->atttypid != TIMESTAMPTZOID)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("table \"%s\" has no column \"%s\" of type %s",
							   RelationGetRelationName(trigger->tg_relation), "occurred_at",
							   "timestamp with time zone"),
						errhint("Function \"%s\" is for a ledger's tables.", "kpi_outdated")));
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	tuplestore_select_read_pointer(rows, 0); /* whose scans of it have pointers of their own */
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool isnull;
		Datum at = slot_getattr(slot, column, &isnull);

		if (!isnull)
			so_far = Min(so_far, DatumGetTimestampTz(at));
	}
	ExecDropSingleTupleTableSlot(slot);
	return so_far;
}

static TimestampTz
kept_before(const TriggerData *trigger)
{
	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must have one argument", trigger->tg_trigger->tgname),
				 errhint("It is written by ledger_refresh(): call that.")));
	return DatumGetTimestampTz(
		DirectFunctionCall3(timestamptz_in, CStringGetDatum(trigger->tg_trigger->tgargs[0]),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* Acts as the owner of the table: whoever may write touchpoints needs no other right. */
static void
note_late(const TriggerData *trigger, TimestampTz since)
{
	const char *schema = get_namespace_name(RelationGetNamespace(trigger->tg_relation));
	char *sql =
		psprintf("INSERT INTO %s.kpi_late (late_since) VALUES ($1)", quote_identifier(schema));
	Oid type = TIMESTAMPTZOID;
	Datum value = TimestampTzGetDatum(since);
	LedgerScope scope = ledger_act_as_owner_of(trigger->tg_relation);

	SPI_connect();
	if (SPI_execute_with_args(sql, 1, &type, &value, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not note a late touchpoint");
	SPI_finish();
	ledger_leave(&scope);
}

/*
 * kpi_outdated('instant') -> trigger
 */
PG_FUNCTION_INFO_V1(kpi_outdated);
Datum
kpi_outdated(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TimestampTz boundary;
	TimestampTz since = DT_NOEND;

	ledger_check_trigger(fcinfo, "kpi_outdated");
	boundary = kept_before(trigger);
	if (TIMESTAMP_IS_NOBEGIN(boundary))
		return PointerGetDatum(NULL); /* nothing is kept */
	if (trigger->tg_newtable == NULL && trigger->tg_oldtable == NULL)
		since = DT_NOBEGIN;
	since = earliest(trigger, trigger->tg_newtable, since);
	since = earliest(trigger, trigger->tg_oldtable, since);
	if (since < boundary)
		note_late(trigger, since);
	return PointerGetDatum(NULL);
}

/*
 * ledger_instant(text) -> timestamptz
 *
 * The instant that a text names, as the fold reads the property "until": NULL if it is none or a
 * word such as 'now'.  Parsing text touches no data, so its error can be caught here.
 */
PG_FUNCTION_INFO_V1(ledger_instant);
Datum
ledger_instant(PG_FUNCTION_ARGS)
{
	char *word = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext context = CurrentMemoryContext;
	volatile bool valid = false;
	volatile Datum result = (Datum) 0;

	if (word[0] < '0' || word[0] > '9')
		PG_RETURN_NULL();
	PG_TRY();
	{
		result = DirectFunctionCall3(timestamptz_in, CStringGetDatum(word),
									 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		valid = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	if (!valid)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
