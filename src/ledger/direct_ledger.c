/*
 * direct_ledger.c: one touchpoint in, its customer moved, without a query (see direct_ledger.h).
 *
 * What is out of the ordinary goes by queries here, too: a new customer is added by one, and whoever
 * must be folded anew is (see customer_fold.h).
 */
#include "ledger/direct_ledger.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "ledger/customer_fold.h"
#include "ledger/folding.h"

/* ---- describing ---- */

static const NamedColumn EVENT[EVENT_COLUMN_COUNT] = {
	{"customer_id", KEY_TYPE},
	{"event", TEXTOID},
	{"occurred_at", TIMESTAMPTZOID},
	{"payload", JSONBOID},
};

/* Find a column; false unless it has the type that it was made with. */
static bool
find_column(Oid table, const char *name, Oid type, AttrNumber *column)
{
	*column = get_attnum(table, name);
	return *column != InvalidAttrNumber && get_atttype(table, *column) == type;
}

static bool
find_columns(const Ledger *l, Oid table, const NamedColumn *named, int n, AttrNumber *columns)
{
	bool all = true;

	for (int i = 0; i < n; i++)
		all &= find_column(table, named[i].name, ledger_column_type(l, named[i].type), &columns[i]);
	return all;
}

static bool
find_customer_columns(const Ledger *l, DirectLedger *d)
{
	bool all = true;

	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		all &= find_column(d->customer.table, customer_column_name(i), customer_column_type(l, i),
						   &d->customer_column[i]);
	return all;
}

static bool
find_touch_columns(const Ledger *l, DirectLedger *d)
{
	bool all = true;

	for (int i = 0; i < TOUCH_COLUMN_COUNT; i++)
		all &= find_column(l->touchpoint, touch_column_name(i), touch_column_type(l, i),
						   &d->touch_column[i]);
	return all;
}

static int32
column_typmod(Oid table, AttrNumber column)
{
	Oid type;
	Oid collation;
	int32 typmod;

	get_atttypetypmodcoll(table, column, &type, &typmod, &collation);
	return typmod;
}

static DirectShape
describe_table(const Ledger *l, Oid schema, const char *name)
{
	return direct_describe(get_relname_relid(name, schema), l->owner, InvalidOid, InvalidOid);
}

/* The instant before which KPIs are kept: a touchpoint before it must be told to kpi_outdated(). */
static TimestampTz
kept_before(const Ledger *l)
{
	Relation rel = table_open(l->touchpoint, AccessShareLock);
	TimestampTz latest = DT_NOBEGIN;

	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *t = &rel->trigdesc->triggers[i];

		if (t->tgfoid == l->kpi_function && TRIGGER_FOR_INSERT(t->tgtype) && t->tgnargs == 1)
			latest = Max(latest, DatumGetTimestampTz(DirectFunctionCall3(
									 timestamptz_in, CStringGetDatum(t->tgargs[0]),
									 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	}
	table_close(rel, AccessShareLock);
	return latest;
}

DirectLedger *
direct_ledger_describe(const Ledger *l)
{
	DirectLedger *d = palloc0(sizeof(DirectLedger));
	Oid schema = get_rel_namespace(l->touchpoint);

	d->touchpoint = direct_describe(l->touchpoint, l->owner, l->fold_function, l->kpi_function);
	d->customer = describe_table(l, schema, "customer");
	d->history = describe_table(l, schema, "stage_history");
	d->outbox = direct_describe(get_relname_relid("event_outbox", schema), l->owner, InvalidOid,
								l->outbox_function);
	d->kept_before = kept_before(l);
	d->clock = get_relname_relid("clock", schema);
	d->key_equals = l->key->eq_opr_finfo.fn_oid;
	d->may_fold =
		d->customer.plain && d->history.plain && d->outbox.plain && OidIsValid(d->key_equals) &&
		find_customer_columns(l, d) &&
		find_columns(l, d->history.table, span_columns, SPAN_COLUMN_COUNT, d->span_column) &&
		find_columns(l, d->outbox.table, EVENT, EVENT_COLUMN_COUNT, d->event_column) &&
		find_touch_columns(l, d) && find_column(d->clock, "horizon", TIMESTAMPTZOID, &d->horizon) &&
		direct_has_key(&d->customer, &d->customer_column[CUSTOMER_KEY], 1) &&
		direct_has_key(&d->history, &d->span_column[SPAN_CUSTOMER], 2);
	d->may_log = d->may_fold && d->touchpoint.plain;
	if (d->may_log)
	{
		d->amount_typmod = column_typmod(l->touchpoint, d->touch_column[TOUCH_AMOUNT]);
		d->may_log =
			d->amount_typmod == column_typmod(l->touchpoint, d->touch_column[TOUCH_QUANTITY]);
	}
	return d;
}

bool
direct_possible(const Ledger *l)
{
	const DirectLedger *d = l->direct;

	if (!d->may_fold || IsolationUsesXactSnapshot())
		return false;
	/* somebody must be told of what is told */
	if (l->tells && (l->plays_events || l->plays_answers || l->notifies))
		return false;
	/* once they are locked, nobody gives them triggers or constraints any more */
	LockRelationOid(d->touchpoint.table, RowExclusiveLock);
	LockRelationOid(d->customer.table, RowExclusiveLock);
	LockRelationOid(d->history.table, RowExclusiveLock);
	LockRelationOid(d->outbox.table, RowExclusiveLock);
	return l->valid;
}

bool
direct_may_log(const Ledger *l, const TouchRow *row)
{
	return l->direct->may_log &&
		   DatumGetTimestampTz(row->value[TOUCH_AT]) >= l->direct->kept_before &&
		   SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA && direct_possible(l);
}

/* ---- touchpoints ---- */

void
direct_touch_row(const Ledger *l, TupleTableSlot *slot, TouchRow *row)
{
	for (int i = 0; i < TOUCH_COLUMN_COUNT; i++)
		row->value[i] = slot_getattr(slot, l->direct->touch_column[i], &row->isnull[i]);
}

bool
direct_usable(const Ledger *l, const TouchRow *row)
{
	const Datum *v = row->value;
	const bool *n = row->isnull;

	return touch_fault(l, n[TOUCH_KIND] ? NULL : TextDatumGetCString(v[TOUCH_KIND]),
					   !n[TOUCH_CUSTOMER], !n[TOUCH_AT],
					   n[TOUCH_AT] ? 0 : DatumGetTimestampTz(v[TOUCH_AT]), !n[TOUCH_SCORE],
					   n[TOUCH_SCORE] ? 0 : DatumGetFloat8(v[TOUCH_SCORE]),
					   touch_numbers_fault(n[TOUCH_AMOUNT], v[TOUCH_AMOUNT], n[TOUCH_QUANTITY],
										   v[TOUCH_QUANTITY])) == NULL;
}

static void
fit_amount(const DirectLedger *d, TouchRow *row, TouchColumn column)
{
	if (!row->isnull[column] && d->amount_typmod != -1)
		row->value[column] =
			DirectFunctionCall2(numeric, row->value[column], Int32GetDatum(d->amount_typmod));
}

bool
direct_log(Ledger *l, TouchRow *row)
{
	const DirectLedger *d = l->direct;
	DirectTable t;
	bool written;

	PushActiveSnapshot(GetTransactionSnapshot());
	fit_amount(d, row, TOUCH_AMOUNT);
	fit_amount(d, row, TOUCH_QUANTITY);
	t = direct_open(&d->touchpoint);
	direct_fill_defaults(&t);
	for (int i = 0; i < TOUCH_COLUMN_COUNT; i++)
		direct_set(&t, d->touch_column[i], row->value[i], row->isnull[i]);
	written = direct_insert_or_nothing(&t);
	direct_close(&t);
	PopActiveSnapshot();
	return written;
}

/* ---- the customer ---- */

static void
customer_key(const Ledger *l, Datum key, AttrNumber column, ScanKey scan)
{
	ScanKeyEntryInitialize(scan, 0, column, BTEqualStrategyNumber, l->key_type, l->key_collation,
						   l->direct->key_equals, key);
}

static TupleTableSlot *
lock_customer(const Ledger *l, const DirectTable *customers, Datum key)
{
	ScanKeyData scan;

	customer_key(l, key, l->direct->customer_column[CUSTOMER_KEY], &scan);
	return direct_lock(customers, &scan, 1);
}

static void
renew_snapshot(void)
{
	PopActiveSnapshot();
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
add_customer(Ledger *l, Datum key)
{
	static const char ADD_ONE[] =
		"INSERT INTO %1$s.customer (customer_id) VALUES ($1) ON CONFLICT DO NOTHING";
	LedgerScope scope = ledger_act_as_owner(l);
	SPIPlanPtr plan;

	SPI_connect();
	plan = ledger_plan(l, QUERY_ADD_ONE, ADD_ONE, 1, &l->key_type, 1);
	if (SPI_execute_plan(plan, &key, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not add a customer");
	SPI_finish();
	ledger_leave(&scope);
}

static void
read_customer(const Ledger *l, TupleTableSlot *slot, CustomerRow *row)
{
	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		row->value[i] = slot_getattr(slot, l->direct->customer_column[i], &row->isnull[i]);
}

static void
write_customer(const Ledger *l, DirectTable *customers, TupleTableSlot *slot,
			   const CustomerRow *row)
{
	direct_fill_row(customers, slot);
	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		if (i != CUSTOMER_KEY)
			direct_set(customers, l->direct->customer_column[i], row->value[i], row->isnull[i]);
	direct_update(customers, slot);
}

/* Up to when time has passed. */
static int64
read_horizon(const DirectLedger *d)
{
	Relation rel = table_open(d->clock, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(), 0, NULL);
	HeapTuple tuple = systable_getnext(scan);
	bool isnull = true;
	Datum horizon = 0;

	if (HeapTupleIsValid(tuple))
		horizon = heap_getattr(tuple, d->horizon, RelationGetDescr(rel), &isnull);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return isnull ? FOLD_ALWAYS : DatumGetTimestampTz(horizon);
}

/* ---- the history ---- */

static void
close_span(const Ledger *l, Datum key, const FoldSpan *span)
{
	const AttrNumber *column = l->direct->span_column;
	DirectTable t = direct_open(&l->direct->history);
	ScanKeyData scan[2];
	TupleTableSlot *slot;

	customer_key(l, key, column[SPAN_CUSTOMER], &scan[0]);
	ScanKeyInit(&scan[1], column[SPAN_SEQ], BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(span->seq));
	slot = direct_lock(&t, scan, 2); /* without it: drift, which ledger_check finds */
	if (slot != NULL)
	{
		direct_fill_row(&t, slot);
		direct_set(&t, column[SPAN_LEFT], TimestampTzGetDatum(span->left_at),
				   span->left_at == FOLD_NEVER);
		direct_update(&t, slot);
		ExecDropSingleTupleTableSlot(slot);
	}
	direct_close(&t);
}

/* False if there is another in its place. */
static bool
put_span(const Ledger *l, Datum key, const FoldSpan *span)
{
	const AttrNumber *column = l->direct->span_column;
	SpanRow row = span_row(key, span);
	DirectTable t = direct_open(&l->direct->history);
	bool written;

	direct_fill_defaults(&t);
	for (int i = 0; i < SPAN_COLUMN_COUNT; i++)
		direct_set(&t, column[i], row.value[i], row.isnull[i]);
	written = direct_insert_or_nothing(&t);
	direct_close(&t);
	return written;
}

/* Are the changes of the history an end of what is stored, and new spans, at most? */
static bool
history_is_simple(const Folding *c)
{
	if (folding_cuts(c))
		return false;
	for (int i = 0; i < c->log.n; i++)
		if (!c->log.span[i].stored && c->log.span[i].seq <= c->before.current.seq)
			return false;
	return true;
}

/* False if the history isn't what the row says: then it must be written anew. */
static bool
write_history(const Ledger *l, const Folding *c)
{
	Datum key = c->row.value[CUSTOMER_KEY];

	for (int i = 0; i < c->log.n; i++)
	{
		const FoldSpan *span = &c->log.span[i];

		if (!folding_span_changed(c, span))
			continue;
		if (span->stored)
			close_span(l, key, span);
		else if (!put_span(l, key, span))
			return false;
	}
	return true;
}

/* ---- events ---- */

static void
set_json_text(JsonbValue *value, const char *text)
{
	value->type = text == NULL ? jbvNull : jbvString;
	if (text != NULL)
	{
		value->val.string.val = (char *) text;
		value->val.string.len = strlen(text);
	}
}

#define PUSH_TEXT(builder, token, text)                                                            \
	do                                                                                             \
	{                                                                                              \
		JsonbValue value_;                                                                         \
                                                                                                   \
		set_json_text(&value_, text);                                                              \
		push_jsonb(builder, token, &value_);                                                       \
	} while (0)

/* An instant as jsonb_build_object() writes it under the ledger's clock. */
static char *
instant_text(const Ledger *l, TimestampTz at)
{
	char *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;
	fsec_t fsec;
	int offset;

	if (timestamp2tm(at, &offset, &tm, &fsec, NULL, l->tz) != 0)
		offset = 0;
	return JsonEncodeDateTime(text, TimestampTzGetDatum(at), TIMESTAMPTZOID, &offset);
}

/* The same object as customer_fold.c tells of many. */
static Jsonb *
stage_payload(const Ledger *l, const Folding *c)
{
	const FoldSpan *now = &c->state.current;
	LifecycleStage before = c->before.current.stage;
	JSONB_BUILDER(builder);
	JsonbValue episode;

	push_jsonb(builder, WJB_BEGIN_OBJECT, NULL);
	PUSH_TEXT(builder, WJB_KEY, "from_stage");
	PUSH_TEXT(builder, WJB_VALUE, before == STAGE_NONE ? NULL : stage_name(before));
	PUSH_TEXT(builder, WJB_KEY, "to_stage");
	PUSH_TEXT(builder, WJB_VALUE, stage_name(now->stage));
	PUSH_TEXT(builder, WJB_KEY, "stage_since");
	PUSH_TEXT(builder, WJB_VALUE, instant_text(l, now->entered_at));
	PUSH_TEXT(builder, WJB_KEY, "episode");
	episode.type = jbvNumeric;
	episode.val.numeric = int64_to_numeric(now->episode);
	push_jsonb(builder, WJB_VALUE, &episode);
	push_jsonb(builder, WJB_END_OBJECT, NULL);
	return built_jsonb(builder);
}

static void
tell(const Ledger *l, Datum key, const char *event, TimestampTz at, Jsonb *payload)
{
	const AttrNumber *column = l->direct->event_column;
	DirectTable t = direct_open(&l->direct->outbox);

	direct_fill_defaults(&t);
	direct_set(&t, column[EVENT_CUSTOMER], key, false);
	direct_set(&t, column[EVENT_EVENT], CStringGetTextDatum(event), false);
	direct_set(&t, column[EVENT_OCCURRED], TimestampTzGetDatum(at), false);
	direct_set(&t, column[EVENT_PAYLOAD], JsonbPGetDatum(payload), false);
	direct_insert(&t);
	direct_close(&t);
}

/* ---- folding ---- */

/* Fold the touchpoint into the row; false: the customer must be folded anew. */
static bool
fold_into(Ledger *l, DirectTable *customers, TupleTableSlot *slot, const Touch *touch)
{
	Folding c = {0};

	read_customer(l, slot, &c.row);
	if (!folding_resume(&c, l, touch, 1))
		return false;
	folding_run(&c, touch, 1, read_horizon(l->direct));
	if (!history_is_simple(&c))
		return false;
	if (folding_moved(&c) && !write_history(l, &c))
		return false;
	write_customer(l, customers, slot, &c.row);
	if (folding_moved(&c) && l->tells)
		tell(l, c.row.value[CUSTOMER_KEY], "stage_changed", c.state.current.entered_at,
			 stage_payload(l, &c));
	return true;
}

static bool
fold_touch_of(Ledger *l, Datum key, const Touch *touch)
{
	DirectTable customers = direct_open(&l->direct->customer);
	TupleTableSlot *slot = lock_customer(l, &customers, key);
	bool folded;

	/* who isn't there is added, and might be removed again before he is locked: a few times */
	for (int i = 0; slot == NULL && i < 10; i++)
	{
		add_customer(l, key);
		renew_snapshot();
		slot = lock_customer(l, &customers, key);
	}
	if (slot == NULL)
		customer_fold_lost();
	renew_snapshot(); /* what the lock has waited for is to be seen */
	folded = fold_into(l, &customers, slot, touch);
	ExecDropSingleTupleTableSlot(slot);
	direct_close(&customers);
	return folded;
}

static void
fold_anew(Ledger *l, Datum key)
{
	LedgerScope scope = ledger_act_as_owner(l);

	ledger_prefer_indexes();
	SPI_connect();
	customer_fold_one_anew(l, key);
	SPI_finish();
	ledger_leave(&scope);
}

/* A detractor is told of after his move; the same object as touchpoint_fold.c tells of many. */
static void
tell_detractor(const Ledger *l, Datum key, const Touch *t)
{
	JSONB_BUILDER(builder);
	JsonbValue score;

	push_jsonb(builder, WJB_BEGIN_OBJECT, NULL);
	PUSH_TEXT(builder, WJB_KEY, "score");
	score.type = jbvNumeric;
	score.val.numeric =
		DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(t->fold.score)));
	push_jsonb(builder, WJB_VALUE, &score);
	PUSH_TEXT(builder, WJB_KEY, "subject");
	PUSH_TEXT(builder, WJB_VALUE, t->fold.subject);
	PUSH_TEXT(builder, WJB_KEY, "source");
	PUSH_TEXT(builder, WJB_VALUE, t->source);
	PUSH_TEXT(builder, WJB_KEY, "source_key");
	PUSH_TEXT(builder, WJB_VALUE, t->source_key);
	push_jsonb(builder, WJB_END_OBJECT, NULL);
	tell(l, key, "detractor", t->fold.at, built_jsonb(builder));
}

void
direct_fold(Ledger *l, const TouchRow *row)
{
	TouchRow units = *row;
	Touch touch;
	bool folded;

	if (row->isnull[TOUCH_CUSTOMER])
		return;
	for (TouchColumn i = TOUCH_AMOUNT; i <= TOUCH_QUANTITY; i += TOUCH_QUANTITY - TOUCH_AMOUNT)
		if (!row->isnull[i])
			units.value[i] = Int64GetDatum(touch_units(row->value[i]));
	if (!touch_from_values(l, units.value, units.isnull, &touch))
		return;
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	folded = fold_touch_of(l, row->value[TOUCH_CUSTOMER], &touch);
	CommandCounterIncrement();
	if (!folded)
		fold_anew(l, row->value[TOUCH_CUSTOMER]);
	if (l->tells && touch.kind->survey == SURVEY_NPS && touch.fold.score <= 6)
		tell_detractor(l, row->value[TOUCH_CUSTOMER], &touch);
	PopActiveSnapshot();
}
