/*
 * ledger.c: a ledger as C code sees it: names, owner, rules, plans; cached (see ledger.h).
 *
 * Rules change rarely and are read by every statement, so each backend keeps them.  A trigger on
 * the tables of rules invalidates their relation cache entries (ledger_rules_changed()), which
 * every backend hears.
 */
#include "ledger/ledger.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "ledger/customer_row.h"
#include "ledger/direct_ledger.h"
#include "ledger/ledger_rules.h"
#include "ledger/summaries.h"

/* Ledgers by the OID of their table touchpoint: pointers, so that an entry can be replaced. */
typedef struct LedgerEntry
{
	Oid touchpoint;
	Ledger *ledger;
} LedgerEntry;

static HTAB *ledgers = NULL;

/* Where rules go on changing while they are read, what was read serves one statement. */
#define MAX_READ_AGAIN 3

/* How often we have heard that a relation has changed. */
static uint64 changes = 0;

/* A relation has changed: a ledger that has read its rules from it must read them again. */
static void
relation_changed(Datum arg pg_attribute_unused(), Oid relation)
{
	HASH_SEQ_STATUS all;
	LedgerEntry *entry;

	changes++;
	hash_seq_init(&all, ledgers);
	while ((entry = hash_seq_search(&all)) != NULL)
	{
		Ledger *l = entry->ledger;

		if (l == NULL)
			continue;
		if (relation == InvalidOid || relation == l->touchpoint || relation == l->play)
			l->valid = false;
		for (int i = 0; i < (int) lengthof(l->watched); i++)
			if (relation == l->watched[i])
				l->valid = false;
	}
}

static void
start_cache(void)
{
	HASHCTL ctl = {0};

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(LedgerEntry);
	ledgers = hash_create("customer_lifecycle ledgers", 8, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static void
free_plans(void *arg)
{
	Ledger *l = arg;

	for (int i = 0; i < QUERY_COUNT; i++)
		if (l->plan[i] != NULL)
			SPI_freeplan(l->plan[i]);
}

/*
 * What was cached is freed when the transaction ends: callers further up may still use it, and may
 * be in the middle of running one of its plans, or even keep another.
 */
static void
retire(Ledger *l)
{
	MemoryContextSetParent(l->context, TopTransactionContext);
}

static Oid
config_table(const Ledger *l, Oid schema, const char *name)
{
	Oid table = get_relname_relid(name, schema);

	if (!OidIsValid(table))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("ledger \"%s\" has no table \"%s\"", l->schema, name),
						errhint("Restore it, or make a new ledger with ledger_create().")));
	return table;
}

/* The schema in which CREATE EXTENSION has put our types and functions. */
static Oid
extension_schema(FmgrInfo *flinfo)
{
	static Oid schema = InvalidOid;

	if (flinfo != NULL)
		schema = get_func_namespace(flinfo->fn_oid);
	return schema;
}

static Oid
our_type(Oid schema, const char *name)
{
	Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
							   ObjectIdGetDatum(schema));

	if (!OidIsValid(type))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("the extension customer_lifecycle has no type \"%s\"", name),
						errhint("ALTER EXTENSION customer_lifecycle UPDATE may bring it.")));
	return type;
}

static void
describe_key(Ledger *l, Oid schema)
{
	Oid customer = config_table(l, schema, "customer");
	AttrNumber column = get_attnum(customer, "customer_id");
	int32 typmod;

	if (column == InvalidAttrNumber)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("table \"%s\" of ledger \"%s\" has no column \"%s\"", "customer",
							   l->schema, "customer_id")));
	get_atttypetypmodcoll(customer, column, &l->key_type, &typmod, &l->key_collation);
	l->key_array = get_array_type(l->key_type);
	l->key = lookup_type_cache(l->key_type, TYPECACHE_CMP_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
}

/* Rules, and tables whose shape matters. */
static const char *const WATCHED[lengthof(((Ledger *) NULL)->watched)] = {
	"touchpoint_kind", "stage_rule",	"setting",		"tracked_source",
	"customer",		   "stage_history", "event_outbox", "clock"};

static Oid
our_trigger_function(Oid schema, const char *name)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(NULL, 0)), ObjectIdGetDatum(schema));
}

/* Columns come with releases; the last are looked at first. */
static bool
lacks_columns(const Ledger *l, Oid schema)
{
	Oid customer = config_table(l, schema, "customer");

	for (int i = CUSTOMER_COLUMN_COUNT - 1; i >= 0; i--)
		if (get_attnum(customer, customer_column_name(i)) == InvalidAttrNumber)
			return true;
	return false;
}

static void
describe(Ledger *l, Oid touchpoint)
{
	Oid schema = get_rel_namespace(touchpoint);
	Oid ours = extension_schema(NULL);
	HeapTuple class = SearchSysCache1(RELOID, ObjectIdGetDatum(touchpoint));

	if (!HeapTupleIsValid(class))
		elog(ERROR, "cache lookup failed for relation %u", touchpoint);
	l->owner = ((Form_pg_class) GETSTRUCT(class))->relowner;
	l->partitioned = ((Form_pg_class) GETSTRUCT(class))->relkind == RELKIND_PARTITIONED_TABLE;
	ReleaseSysCache(class);
	l->touchpoint = touchpoint;
	l->schema = get_namespace_name(schema);
	l->qschema = pstrdup(quote_identifier(l->schema));
	l->qextension = pstrdup(quote_identifier(get_namespace_name(ours)));
	l->customers = customer_column_list("c.%s", LIST_ALL);
	l->written = customer_column_list("%s", LIST_WRITTEN);
	l->moved = customer_column_list("m.%s", LIST_WRITTEN);
	l->rating_summary = our_type(ours, "rating_summary");
	l->purchase_summary = our_type(ours, "purchase_summary");
	l->activity_summary = our_type(ours, "activity_summary");
	l->lifecycle_stage = our_type(ours, "lifecycle_stage");
	for (int i = 0; i < (int) lengthof(WATCHED); i++)
		l->watched[i] = config_table(l, schema, WATCHED[i]);
	l->play = get_relname_relid("play", schema); /* a ledger of release 0.1.0 has none */
	l->fold_function = our_trigger_function(ours, "touchpoint_fold");
	l->outbox_function = our_trigger_function(ours, "event_outbox_told");
	l->kpi_function = our_trigger_function(ours, "kpi_outdated");
	describe_key(l, schema);
	l->kept = customer_column_casts(l);
	l->outdated = lacks_columns(l, schema);
	ledger_check_columns(l);
	l->direct = direct_ledger_describe(l);
}

static Ledger *
make_ledger(Oid touchpoint)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle ledger",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Ledger *l = palloc0(sizeof(Ledger));
	LedgerScope scope;
	uint64 before = changes;
	MemoryContextCallback *freeing = palloc0(sizeof(MemoryContextCallback));

	freeing->func = free_plans;
	freeing->arg = l;
	MemoryContextRegisterResetCallback(context, freeing);
	l->context = context;
	describe(l, touchpoint);
	MemoryContextSwitchTo(old);
	scope = ledger_act_as_owner(l);
	ledger_read_rules(l);
	summaries_prepare(l);
	ledger_leave(&scope);
	/* what has changed meanwhile may be what was read first */
	l->valid = changes == before;
	return l;
}

/* Is the cached ledger still in the schema that its plans name? */
static bool
still_there(const Ledger *l)
{
	char *schema = get_namespace_name(get_rel_namespace(l->touchpoint));
	bool same = schema != NULL && strcmp(schema, l->schema) == 0;

	if (schema != NULL)
		pfree(schema);
	return same;
}

Ledger *
ledger_of_touchpoint(Oid touchpoint)
{
	LedgerEntry *entry;
	bool found;

	if (ledgers == NULL)
		start_cache();
	entry = hash_search(ledgers, &touchpoint, HASH_FIND, NULL);
	if (entry != NULL && entry->ledger != NULL && entry->ledger->valid &&
		still_there(entry->ledger))
		return entry->ledger;
	entry = hash_search(ledgers, &touchpoint, HASH_ENTER, &found);
	if (!found)
		entry->ledger = NULL;
	if (entry->ledger != NULL)
	{
		Ledger *old = entry->ledger;

		entry->ledger = NULL;
		retire(old);
	}
	{
		Ledger *l = make_ledger(touchpoint);

		for (int again = 0; !l->valid && again < MAX_READ_AGAIN; again++)
		{
			MemoryContextDelete(l->context);
			l = make_ledger(touchpoint);
		}
		MemoryContextSetParent(l->context, CacheMemoryContext);
		/* reading the rules may have moved the entry */
		entry = hash_search(ledgers, &touchpoint, HASH_ENTER, &found);
		entry->ledger = l;
		return l;
	}
}

Ledger *
ledger_by_name(const char *name)
{
	Oid schema = get_namespace_oid(name, true);
	Oid touchpoint = OidIsValid(schema) ? get_relname_relid("touchpoint", schema) : InvalidOid;

	if (!OidIsValid(touchpoint) || !OidIsValid(get_relname_relid("stage_rule", schema)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("ledger \"%s\" does not exist", name),
				 errhint("Make it with ledger_create('%s').", name)));
	return ledger_of_touchpoint(touchpoint);
}

#define UPGRADE_HINT                                                                               \
	"ALTER EXTENSION customer_lifecycle UPDATE, and then SELECT * FROM ledger_upgrade(%s)."

void
ledger_check_upgraded(const Ledger *l)
{
	if (l->outdated)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("ledger \"%s\" was made by an older release of customer_lifecycle",
							   l->schema),
						errhint(UPGRADE_HINT, quote_literal_cstr(l->schema))));
}

bool
ledger_awaits_upgrade(const Ledger *l)
{
	static Oid warned = InvalidOid;

	if (!l->outdated)
		return false;
	if (warned != l->touchpoint)
		ereport(WARNING, (errmsg("ledger \"%s\" was made by an older release of "
								 "customer_lifecycle: its customers don't move",
								 l->schema),
						  errdetail("Touchpoints are written; the upgrade will count them."),
						  errhint(UPGRADE_HINT, quote_literal_cstr(l->schema))));
	warned = l->touchpoint;
	return true;
}

const LedgerKind *
ledger_kind(const Ledger *ledger, const char *name)
{
	return hash_search(ledger->kinds, &name, HASH_FIND, NULL);
}

/* ---- acting as someone ---- */

static void
pin(const char *setting, const char *value)
{
	const char *now = GetConfigOption(setting, false, false);

	if (now == NULL || strcmp(now, value) != 0)
		(void) set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
								 0, false);
}

static LedgerScope
enter(const char *time_zone)
{
	LedgerScope scope;

	GetUserIdAndSecContext(&scope.user, &scope.security);
	scope.nest_level = NewGUCNestLevel();
	pin("search_path", "pg_catalog, pg_temp");
	pin("DateStyle", "ISO, YMD");
	pin("jit", "off"); /* our statements are many and short, or estimated to be long */
	if (time_zone != NULL)
		pin("TimeZone", time_zone);
	return scope;
}

static void
become(Oid owner, const LedgerScope *scope)
{
	SetUserIdAndSecContext(owner,
						   scope->security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
}

LedgerScope
ledger_act_as_owner(const Ledger *ledger)
{
	LedgerScope scope = enter(ledger->time_zone);

	become(ledger->owner, &scope);
	return scope;
}

LedgerScope
ledger_act_as_owner_of(Relation table)
{
	LedgerScope scope = enter(NULL);

	become(table->rd_rel->relowner, &scope);
	return scope;
}

LedgerScope
ledger_act_as_owner_directly(const Ledger *ledger)
{
	LedgerScope scope;

	GetUserIdAndSecContext(&scope.user, &scope.security);
	scope.nest_level = 0;
	SetUserIdAndSecContext(ledger->owner, scope.security | SECURITY_LOCAL_USERID_CHANGE);
	return scope;
}

LedgerScope
ledger_act_as_invoker(const Ledger *ledger)
{
	return enter(ledger->time_zone);
}

void
ledger_prefer_indexes(void)
{
	pin("enable_seqscan", "off");
}

void
ledger_leave(const LedgerScope *scope)
{
	if (scope->nest_level > 0)
		AtEOXact_GUC(true, scope->nest_level);
	SetUserIdAndSecContext(scope->user, scope->security);
}

void
ledger_enter_clock(const Ledger *ledger, LedgerClock *before)
{
	*before = (LedgerClock){session_timezone, DateStyle, DateOrder};
	session_timezone = ledger->tz;
	DateStyle = USE_ISO_DATES;
	DateOrder = DATEORDER_YMD;
}

void
ledger_leave_clock(const LedgerClock *before)
{
	session_timezone = before->zone;
	DateStyle = before->style;
	DateOrder = before->order;
}

/* ---- triggers and plans ---- */

void
ledger_note_extension(FunctionCallInfo fcinfo)
{
	extension_schema(fcinfo->flinfo);
}

void
ledger_check_trigger(FunctionCallInfo fcinfo, const char *function)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" was not called by trigger manager", function)));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired AFTER the statement", function),
						errhint("Create the trigger as AFTER ... FOR EACH STATEMENT.")));
	if (!TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function \"%s\" must be fired for each statement", function),
						errhint("Create the trigger as AFTER ... FOR EACH STATEMENT.")));
	extension_schema(fcinfo->flinfo);
}

char *
ledger_sql(const Ledger *ledger, const char *format)
{
	return psprintf(format, ledger->qschema, ledger->customers, ledger->written, ledger->moved,
					ledger->kept);
}

SPIPlanPtr
ledger_plan(Ledger *ledger, LedgerQuery query, const char *format, int nargs, Oid *types,
			int64 rows)
{
	bool few = rows <= LEDGER_FEW_ROWS;
	SPIPlanPtr plan = few ? ledger->plan[query] : NULL;
	const char *sql;

	/* one that isn't valid any more is made valid where it runs: a caller further up may be running it */
	if (plan != NULL)
		return plan;
	sql = ledger_sql(ledger, format);
	plan = SPI_prepare(sql, nargs, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	if (few)
	{
		SPI_keepplan(plan);
		ledger->plan[query] = plan;
	}
	return plan;
}
