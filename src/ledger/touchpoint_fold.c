/*
 * touchpoint_fold.c: the trigger function touchpoint_fold(), which moves customers.
 *
 * On a ledger's table touchpoint, AFTER INSERT, UPDATE or DELETE, FOR EACH STATEMENT, with
 * transition tables new_rows and old_rows.  Inserted touchpoints are folded into the stored state
 * of their customers; those who got something late, and those of whom something was corrected or
 * removed, are folded anew from the log.
 *
 * Order of locks: customers that don't exist are added in the order of their keys, before any that
 * exists is locked; those are then locked in the order of their keys.  So two statements never wait
 * for each other.  What a lock waited for is seen by the commands that follow it.
 */
#include "ledger/ledger.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "ledger/customer_fold.h"
#include "ledger/detractors.h"
#include "ledger/direct_ledger.h"
#include "ledger/plays.h"
#include "ledger/rejected.h"
#include "ledger/rows.h"
#include "ledger/touchpoint_key.h"

/* ---- queries ---- */

static const char READ_INSERTED[] =
	"SELECT " TOUCH_COLUMNS
	" FROM new_rows t WHERE t.customer_id IS NOT NULL ORDER BY t.customer_id";

/* Those of customers that don't exist, and those of others than have just been added. */
static const char READ_NEWCOMERS[] =
	"SELECT " TOUCH_COLUMNS " FROM new_rows t WHERE t.customer_id IS NOT NULL AND NOT EXISTS"
	" (SELECT FROM %1$s.customer c WHERE c.customer_id = t.customer_id) ORDER BY t.customer_id";

static const char READ_REST[] =
	"SELECT " TOUCH_COLUMNS " FROM new_rows t WHERE t.customer_id IS NOT NULL AND NOT EXISTS"
	" (SELECT FROM added a WHERE a.customer_id = t.customer_id) ORDER BY t.customer_id";

static const char ADD_CUSTOMERS[] =
	"INSERT INTO %1$s.customer (customer_id) SELECT DISTINCT n.customer_id FROM new_rows n"
	" WHERE n.customer_id IS NOT NULL AND NOT EXISTS"
	" (SELECT FROM %1$s.customer c WHERE c.customer_id = n.customer_id)"
	" ORDER BY n.customer_id ON CONFLICT DO NOTHING";

#define LOCK_CUSTOMERS(rows)                                                                       \
	"SELECT " CUSTOMER_COLUMNS " FROM %1$s.customer c WHERE c.customer_id IN (" rows               \
	") ORDER BY c.customer_id FOR NO KEY UPDATE OF c"

static const char LOCK_INSERTED[] = LOCK_CUSTOMERS("SELECT n.customer_id FROM new_rows n");
static const char LOCK_REST[] =
	LOCK_CUSTOMERS("SELECT n.customer_id FROM new_rows n WHERE NOT EXISTS"
				   " (SELECT FROM added a WHERE a.customer_id = n.customer_id)");
static const char LOCK_DELETED[] = LOCK_CUSTOMERS("SELECT o.customer_id FROM old_rows o");
static const char LOCK_UPDATED[] = LOCK_CUSTOMERS(
	"SELECT o.customer_id FROM old_rows o UNION SELECT n.customer_id FROM new_rows n");

static Rows
open_query(Ledger *l, LedgerQuery query, const char *format, int64 rows)
{
	SPIPlanPtr plan = ledger_plan(l, query, format, 0, NULL, rows);

	return rows_open(plan, NULL, rows <= LEDGER_FEW_ROWS);
}

static void
add_customers(Ledger *l, LedgerQuery query, int64 rows)
{
	SPIPlanPtr plan = ledger_plan(l, query, ADD_CUSTOMERS, 0, NULL, rows);
	int result = SPI_execute_plan(plan, NULL, NULL, false, 0);

	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not add customers: %s", SPI_result_code_string(result));
}

/*
 * Fold what was inserted into customers that exist, all but those just added; false if there is
 * but one touchpoint and its customer doesn't exist.
 */
static bool
fold_known(Ledger *l, CustomerFold *f, int64 rows)
{
	bool rest = customer_fold_added(f) > 0;
	Rows touches = rest ? open_query(l, QUERY_READ_REST, READ_REST, rows)
						: open_query(l, QUERY_READ_INSERTED, READ_INSERTED, rows);
	bool there = true;

	if (rows_peek(&touches) != NULL)
	{
		Rows customers = rest ? open_query(l, QUERY_LOCK_REST, LOCK_REST, rows)
							  : open_query(l, QUERY_LOCK_INSERTED, LOCK_INSERTED, rows);

		there = rows > 1 || rows_peek(&customers) != NULL;
		if (there)
			customer_fold_new(f, &touches, &customers);
		rows_close(&customers);
	}
	rows_close(&touches);
	return there;
}

/* Add who doesn't exist yet; true if that was all. */
static bool
add_newcomers(Ledger *l, CustomerFold *f, int64 rows)
{
	Rows touches = open_query(l, QUERY_READ_NEWCOMERS, READ_NEWCOMERS, rows);
	bool all = customer_fold_add(f, &touches, rows);

	rows_close(&touches);
	return all;
}

/*
 * One row may look first whether its customer exists: he is alone, so that there is no order of
 * locks to keep.
 */
static void
fold_inserted(Ledger *l, const TriggerData *trigger, int64 rows)
{
	CustomerFold *f = customer_fold_begin(l, rows <= LEDGER_FEW_ROWS);

	if ((rows > 1 || !fold_known(l, f, rows)) && !add_newcomers(l, f, rows) &&
		!fold_known(l, f, rows))
		customer_fold_lost();
	customer_fold_end(f);
	if (customer_fold_detractors(f))
		tell_detractors(l, trigger, rows);
	customer_fold_free(f);
}

static void
fold_changed(Ledger *l, LedgerQuery query, const char *lock, int64 rows)
{
	CustomerFold *f = customer_fold_begin(l, rows <= LEDGER_FEW_ROWS);
	Rows customers = open_query(l, query, lock, rows);

	customer_fold_note(f, &customers);
	rows_close(&customers);
	customer_fold_end(f);
	customer_fold_free(f);
}

/* A removal from the log by this trigger itself: the table, and how deep in triggers it began. */
typedef struct Removal
{
	Oid table;
	int depth;
} Removal;

/* What nobody has counted: repetitions, and what is rejected, for the statement that wrote it tells. */
static Removal of_repeated = {InvalidOid, 0};
static Removal of_rejected = {InvalidOid, 0};

static int
trigger_depth(void)
{
	return DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0));
}

/* Is this the removal?  Triggers of the house may remove others meanwhile, which is deeper. */
static bool
is_removal(const Removal *r, const TriggerData *trigger)
{
	return TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		   r->table == RelationGetRelid(trigger->tg_relation) && trigger_depth() == r->depth + 1;
}

static Removal
removal_by(const TriggerData *trigger)
{
	return (Removal){RelationGetRelid(trigger->tg_relation), trigger_depth()};
}

/* The keys of a partitioned log; was anything removed from it? */
static bool
keep_keys(Ledger *l, const TriggerData *trigger, bool rejected, int64 rows)
{
	bool removed = false;

	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		touchpoint_keys_deleted(l, rows);
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		touchpoint_keys_updated(l, rejected, rows);
	else
	{
		const Removal outer = of_repeated;

		of_repeated = removal_by(trigger);
		PG_TRY();
		{
			removed = touchpoint_keys_inserted(l, rejected, rows);
		}
		PG_FINALLY();
		{
			of_repeated = outer;
		}
		PG_END_TRY();
	}
	return removed;
}

static bool
reject(Ledger *l, const TriggerData *trigger)
{
	const Removal outer = of_rejected;
	bool rejected;

	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		return false;
	of_rejected = removal_by(trigger);
	PG_TRY();
	{
		rejected = reject_unusable(l, trigger);
	}
	PG_FINALLY();
	{
		of_rejected = outer;
	}
	PG_END_TRY();
	return rejected;
}

static void
fold_event(Ledger *l, const TriggerData *trigger, int64 rows)
{
	bool rejected = reject(l, trigger);

	if (l->partitioned)
		rejected |= keep_keys(l, trigger, rejected, rows);
	/* the statement that wrote them folds whoever they concern, in the order of all its locks */
	if (ledger_awaits_upgrade(l) || is_removal(&of_rejected, trigger))
		return;
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !rejected)
		fold_inserted(l, trigger, rows);
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		/* what is left in the log counts, not what was inserted */
		add_customers(l, QUERY_ADD_INSERTED, rows);
		fold_changed(l, QUERY_LOCK_INSERTED, LOCK_INSERTED, rows);
	}
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		fold_changed(l, QUERY_LOCK_DELETED, LOCK_DELETED, rows);
	else
	{
		add_customers(l, QUERY_ADD_UPDATED, rows);
		fold_changed(l, QUERY_LOCK_UPDATED, LOCK_UPDATED, rows);
	}
	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || rejected)
		tell_detractors(l, trigger, rows);
	plays_of_answers(l, trigger, rows);
}

/* TRUNCATE: nothing has ever happened. */
static void
forget_all(Ledger *l)
{
	static const char *const tables[] = {"stage_history",  "customer",		 "customer_health",
										 "health_history", "health_instant", "play_fired",
										 "reply_told"};
	Oid schema = get_rel_namespace(l->touchpoint);

	if (l->partitioned)
		touchpoint_keys_truncated(l);
	for (int i = 0; i < (int) lengthof(tables); i++)
		if (OidIsValid(get_relname_relid(tables[i], schema)))
			SPI_execute(psprintf("DELETE FROM %s.%s", l->qschema, tables[i]), false, 0);
}

/* ---- a single touchpoint ---- */

/*
 * One that was inserted alone takes the direct path; false if it can't, or can't be used.
 */
static bool
fold_single(Ledger *l, const TriggerData *trigger)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(RelationGetDescr(trigger->tg_relation), &TTSOpsMinimalTuple);
	int readptr = tuplestore_alloc_read_pointer(trigger->tg_newtable, EXEC_FLAG_REWIND);
	TouchRow row;
	bool usable;

	tuplestore_select_read_pointer(trigger->tg_newtable, readptr);
	tuplestore_rescan(trigger->tg_newtable);
	if (!tuplestore_gettupleslot(trigger->tg_newtable, true, false, slot))
		elog(ERROR, "could not read a touchpoint");
	direct_touch_row(l, slot, &row);
	usable = direct_usable(l, &row);
	if (usable)
	{
		LedgerScope scope = ledger_act_as_owner_directly(l);

		direct_fold(l, &row);
		ledger_leave(&scope);
	}
	ExecDropSingleTupleTableSlot(slot);
	return usable;
}

/* ---- the trigger ---- */

static void
check_transition_tables(const TriggerData *trigger)
{
	const char *new_name = trigger->tg_trigger->tgnewtable;
	const char *old_name = trigger->tg_trigger->tgoldtable;

	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		return;
	if ((TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
		 (new_name != NULL && strcmp(new_name, "new_rows") == 0)) &&
		(TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		 (old_name != NULL && strcmp(old_name, "old_rows") == 0)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger \"%s\" lacks the transition tables of function \"%s\"",
					trigger->tg_trigger->tgname, "touchpoint_fold"),
			 errhint("Declare REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows, as far as "
					 "the event has them.")));
}

static int64
affected_rows(const TriggerData *trigger)
{
	int64 rows = 0;

	if (trigger->tg_newtable != NULL)
		rows = tuplestore_tuple_count(trigger->tg_newtable);
	if (trigger->tg_oldtable != NULL)
		rows = Max(rows, tuplestore_tuple_count(trigger->tg_oldtable));
	return rows;
}

/*
 * touchpoint_fold() -> trigger
 *
 * Acts as the owner of the table: whoever may write touchpoints needs no other right.
 */
PG_FUNCTION_INFO_V1(touchpoint_fold);
Datum
touchpoint_fold(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Ledger *l;
	LedgerScope scope;
	int64 rows;

	ledger_check_trigger(fcinfo, "touchpoint_fold");
	check_transition_tables(trigger);
	rows = affected_rows(trigger);
	if ((rows == 0 && !TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) ||
		is_removal(&of_repeated, trigger))
		return PointerGetDatum(NULL);
	l = ledger_of_touchpoint(RelationGetRelid(trigger->tg_relation));
	if (rows == 1 && TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !l->partitioned &&
		direct_possible(l) && fold_single(l, trigger))
		return PointerGetDatum(NULL);
	scope = ledger_act_as_owner(l);
	if (rows <= LEDGER_FEW_ROWS)
		ledger_prefer_indexes();
	SPI_connect();
	SPI_register_trigger_data(trigger);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		forget_all(l);
	else
		fold_event(l, trigger, rows);
	SPI_finish();
	ledger_leave(&scope);
	return PointerGetDatum(NULL);
}

/*
 * ledger_rules_changed() -> trigger
 *
 * On the tables of rules: makes every backend read them again.
 */
PG_FUNCTION_INFO_V1(ledger_rules_changed);
Datum
ledger_rules_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	ledger_check_trigger(fcinfo, "ledger_rules_changed");
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
