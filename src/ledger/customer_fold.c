/*
 * customer_fold.c: bring customers and their stage history up to the touchpoints (see
 * customer_fold.h).
 *
 * One pass over touchpoints and customers side by side, both in the order of their keys.  What
 * comes out is put into two tuplestores, which SQL statements then join: so a million touchpoints
 * cost a handful of statements, and nothing is in memory but one customer.
 */
#include "ledger/customer_fold.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "ledger/folding.h"
#include "ledger/span_row.h"

/* Customers that are folded anew by one query. */
#define ANEW_BATCH 5000

/* Customers that are removed by one query: an array has an end. */
#define GONE_BATCH 100000

/* What is to be written, as an SQL statement sees it. */
typedef struct Output
{
	const char *name;
	TupleDesc desc;
	Tuplestorestate *rows;
	int64 n;
} Output;

struct CustomerFold
{
	Ledger *ledger;
	bool few;
	MemoryContext context; /* of the run */
	MemoryContext one;	   /* of one customer */
	int64 horizon;
	Output moved;	 /* customers */
	Output added;	 /* keys of those that were inserted */
	Output spans;	 /* new or changed spans */
	Output closed;	 /* stored spans that end, or no longer do */
	bool tells;		 /* some may have another stage than before */
	bool detractors; /* among the new touchpoints */
	bool cuts;		 /* some histories may have become shorter */
	bool again;		 /* some may be as they were */
	Datum *anew;	 /* keys of customers to be folded anew, in order */
	int n_anew;
	int max_anew;
	Datum *gone; /* keys of customers that have no touchpoint any more */
	int n_gone;
};

/* ---- a run ---- */

static const NamedColumn CLOSED[] = {
	{"customer_id", KEY_TYPE}, {"seq", INT4OID}, {"left_at", TIMESTAMPTZOID}};

static const NamedColumn ADDED[] = {{"customer_id", KEY_TYPE}};

static TupleDesc
span_desc(const Ledger *l, const NamedColumn *columns, int n)
{
	TupleDesc desc = CreateTemplateTupleDesc(n);

	for (int i = 0; i < n; i++)
		TupleDescInitEntry(desc, i + 1, columns[i].name, ledger_column_type(l, columns[i].type), -1,
						   0);
	TupleDescFinalize(desc);
	return desc;
}

/* The customer's columns, and the seq of his last span. */
static TupleDesc
moved_desc(const Ledger *l)
{
	TupleDesc desc = CreateTemplateTupleDesc(CUSTOMER_COLUMN_COUNT + 1);

	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		TupleDescInitEntry(desc, i + 1, customer_column_name(i), customer_column_type(l, i), -1, 0);
	TupleDescInitEntry(desc, CUSTOMER_COLUMN_COUNT + 1, "last_seq", INT4OID, -1, 0);
	TupleDescFinalize(desc);
	return desc;
}

static void
output_begin(const Ledger *l, Output *o, const char *name, TupleDesc desc)
{
	o->name = name;
	o->n = 0;
	o->desc = desc;
	TupleDescInitEntryCollation(o->desc, 1, l->key_collation);
	o->rows = tuplestore_begin_heap(false, false, work_mem);
}

static void
output_register(const Output *o)
{
	rows_register(o->name, o->desc, o->rows, o->n);
}

static void
output_put(Output *o, Datum *values, bool *nulls)
{
	tuplestore_putvalues(o->rows, o->desc, values, nulls);
	o->n++;
}

/* What was written is of no use any more. */
static void
output_restart(Output *o)
{
	SPI_unregister_relation(o->name);
	tuplestore_clear(o->rows);
	o->n = 0;
}

CustomerFold *
customer_fold_begin(Ledger *ledger, bool few)
{
	CustomerFold *f = palloc0(sizeof(CustomerFold));

	f->ledger = ledger;
	f->few = few;
	f->context = CurrentMemoryContext;
	f->one = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle customer",
								   ALLOCSET_DEFAULT_SIZES);
	f->horizon = FOLD_ALWAYS;
	output_begin(ledger, &f->moved, "moved", moved_desc(ledger));
	output_begin(ledger, &f->added, "added", span_desc(ledger, ADDED, lengthof(ADDED)));
	output_begin(ledger, &f->spans, "spans", span_desc(ledger, span_columns, SPAN_COLUMN_COUNT));
	output_begin(ledger, &f->closed, "closed", span_desc(ledger, CLOSED, lengthof(CLOSED)));
	return f;
}

/* ---- keys ---- */

static int
compare_keys(const CustomerFold *f, Datum a, Datum b)
{
	return DatumGetInt32(
		FunctionCall2Coll(&f->ledger->key->cmp_proc_finfo, f->ledger->key_collation, a, b));
}

static Datum
copy_key(const CustomerFold *f, Datum key)
{
	return datumCopy(key, f->ledger->key->typbyval, f->ledger->key->typlen);
}

static Datum
key_of(HeapTuple row, TupleDesc desc)
{
	bool isnull;

	return heap_getattr(row, 1, desc, &isnull);
}

static void
note_anew(CustomerFold *f, Datum key)
{
	MemoryContext old = MemoryContextSwitchTo(f->context);

	if (f->n_anew == f->max_anew)
	{
		f->max_anew = Max(64, f->max_anew * 2);
		f->anew = f->anew == NULL ? MemoryContextAllocHuge(f->context, f->max_anew * sizeof(Datum))
								  : repalloc_huge(f->anew, f->max_anew * sizeof(Datum));
	}
	f->anew[f->n_anew++] = copy_key(f, key);
	MemoryContextSwitchTo(old);
}

/* ---- one customer ---- */

static void
put_span(CustomerFold *f, const Folding *c, const FoldSpan *span)
{
	SpanRow row = span_row(c->row.value[CUSTOMER_KEY], span);

	if (span->stored)
	{
		Datum values[lengthof(CLOSED)] = {row.value[SPAN_CUSTOMER], row.value[SPAN_SEQ],
										  row.value[SPAN_LEFT]};
		bool nulls[lengthof(CLOSED)] = {false, false, row.isnull[SPAN_LEFT]};

		output_put(&f->closed, values, nulls);
	}
	else
		output_put(&f->spans, row.value, row.isnull);
}

static void
put_customer(CustomerFold *f, const Folding *c)
{
	Datum values[CUSTOMER_COLUMN_COUNT + 1];
	bool nulls[CUSTOMER_COLUMN_COUNT + 1];

	memcpy(values, c->row.value, sizeof(c->row.value));
	memcpy(nulls, c->row.isnull, sizeof(c->row.isnull));
	values[CUSTOMER_COLUMN_COUNT] = Int32GetDatum(c->state.current.seq);
	nulls[CUSTOMER_COLUMN_COUNT] = false;
	output_put(&f->moved, values, nulls);
	for (int i = 0; i < c->log.n; i++)
		if (folding_span_changed(c, &c->log.span[i]))
			put_span(f, c, &c->log.span[i]);
	f->cuts |= folding_cuts(c);
	f->tells |= folding_moved(c);
}

/* ---- touchpoints of one customer ---- */

/* Take the rows of the customer who is next, in the order of the fold. */
static Touch *
take_touches(CustomerFold *f, Rows *rows, Datum key, int *n)
{
	int room = 8;
	Touch *touches = palloc(room * sizeof(Touch));
	HeapTuple row;

	*n = 0;
	while ((row = rows_peek(rows)) != NULL &&
		   compare_keys(f, key_of(row, rows->table->tupdesc), key) == 0)
	{
		if (*n == room)
		{
			room *= 2;
			touches = repalloc_huge(touches, room * sizeof(Touch));
		}
		if (touch_read(f->ledger, row, rows->table->tupdesc, &touches[*n]))
			(*n)++;
		rows_skip(rows);
	}
	if (*n > 1)
		qsort(touches, *n, sizeof(Touch), touch_compare);
	return touches;
}

/* ---- new touchpoints ---- */

/* Columns of a query of customers: the horizon comes after them. */
static void
read_row(CustomerFold *f, HeapTuple tuple, TupleDesc desc, CustomerRow *row)
{
	Datum values[CUSTOMER_COLUMN_COUNT + 1];
	bool nulls[CUSTOMER_COLUMN_COUNT + 1];

	heap_deform_tuple(tuple, desc, values, nulls);
	memcpy(row->value, values, sizeof(row->value));
	memcpy(row->isnull, nulls, sizeof(row->isnull));
	f->horizon = nulls[CUSTOMER_COLUMN_COUNT] ? FOLD_ALWAYS
											  : DatumGetTimestampTz(values[CUSTOMER_COLUMN_COUNT]);
}

/* Fold these touchpoints, or time alone, into what is stored; or note to fold all anew. */
static void
fold_into(CustomerFold *f, Folding *c, const Touch *touches, int n)
{
	if (!folding_resume(c, f->ledger, touches, n))
	{
		note_anew(f, c->row.value[CUSTOMER_KEY]);
		return;
	}
	folding_run(c, touches, n, f->horizon);
	put_customer(f, c);
}

void
customer_fold_lost(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not fold touchpoints due to a concurrent removal of a customer"),
					errhint("The transaction might succeed if retried.")));
}

static void
note_detractors(CustomerFold *f, const Touch *touches, int n)
{
	for (int i = 0; i < n; i++)
		if (touches[i].kind->survey == SURVEY_NPS && touches[i].fold.score <= 6)
			f->detractors = true;
}

/* The new touchpoints of the customer in this row. */
static void
fold_new(CustomerFold *f, Folding *c, Rows *rows)
{
	Datum key = c->row.value[CUSTOMER_KEY];
	HeapTuple first = rows_peek(rows);
	Touch *touches;
	int n;

	if (first == NULL || compare_keys(f, key_of(first, rows->table->tupdesc), key) != 0)
		customer_fold_lost();
	touches = take_touches(f, rows, key, &n);
	note_detractors(f, touches, n);
	fold_into(f, c, touches, n);
}

/* Each customer in turn: his new touchpoints, or, if there are none to be had, time. */
static void
fold_each(CustomerFold *f, Rows *touches, Rows *customers)
{
	HeapTuple row;

	while ((row = rows_peek(customers)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);
		Folding c = {0};

		read_row(f, row, customers->table->tupdesc, &c.row);
		if (touches != NULL)
			fold_new(f, &c, touches);
		else
			fold_into(f, &c, NULL, 0);
		rows_skip(customers);
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
}

void
customer_fold_new(CustomerFold *f, Rows *touches, Rows *customers)
{
	fold_each(f, touches, customers);
	if (rows_peek(touches) != NULL)
		customer_fold_lost();
}

void
customer_fold_tick(CustomerFold *f, Rows *customers)
{
	fold_each(f, NULL, customers);
}

void
customer_fold_note(CustomerFold *f, Rows *customers)
{
	HeapTuple row;
	CustomerRow columns;

	while ((row = rows_peek(customers)) != NULL)
	{
		read_row(f, row, customers->table->tupdesc, &columns);
		note_anew(f, columns.value[CUSTOMER_KEY]);
		rows_skip(customers);
	}
}

/* ---- anew ---- */

static void
fold_anew(CustomerFold *f, Datum key, Rows *rows)
{
	Folding c = {0};
	int n;
	Touch *touches = take_touches(f, rows, key, &n);

	if (n == 0)
	{
		if (f->gone != NULL)
			f->gone[f->n_gone++] = key;
		return;
	}
	folding_start(&c, f->ledger, key, n);
	folding_run(&c, touches, n, f->horizon);
	put_customer(f, &c);
	f->again = true;
}

void
customer_fold_log(CustomerFold *f, Rows *touches, int64 horizon)
{
	HeapTuple row;

	f->horizon = horizon;
	while ((row = rows_peek(touches)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);
		Datum key = copy_key(f, key_of(row, touches->table->tupdesc));

		fold_anew(f, key, touches);
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
}

static Datum
key_array(const CustomerFold *f, Datum *keys, int n)
{
	const TypeCacheEntry *key = f->ledger->key;

	return PointerGetDatum(
		construct_array(keys, n, f->ledger->key_type, key->typlen, key->typbyval, key->typalign));
}

static void
fold_batch_anew(CustomerFold *f, Datum *keys, int n)
{
	static const char SQL[] =
		"SELECT " TOUCH_COLUMNS " FROM %1$s.touchpoint t WHERE t.customer_id = ANY ($1)"
		" ORDER BY t.customer_id";
	Datum array = key_array(f, keys, n);
	SPIPlanPtr plan = ledger_plan(f->ledger, QUERY_LOG, SQL, 1, &f->ledger->key_array, n);
	Rows rows = rows_open(plan, &array, false);

	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);

		fold_anew(f, keys[i], &rows);
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
	rows_close(&rows);
}

/* ---- writing ---- */

static void
run_write(CustomerFold *f, LedgerQuery query, const char *format, int nargs, Oid type, Datum value,
		  int64 rows)
{
	SPIPlanPtr plan = ledger_plan(f->ledger, query, format, nargs, &type, rows);
	int result = SPI_execute_plan(plan, &value, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not write: %s", SPI_result_code_string(result));
}

/* Formats may not leave out an argument: %2$.0s prints nothing of it. */
static const char UPDATE_CUSTOMERS[] = "UPDATE %1$s.customer c SET %2$.0s(%3$s) = ROW(%4$s)"
									   " FROM moved m WHERE c.customer_id = m.customer_id";

/* Those who were folded anew may be as they were, to the bit. */
static const char UPDATE_CHANGED[] =
	"UPDATE %1$s.customer c SET %2$.0s(%3$s) = ROW(%4$s) FROM moved m"
	" WHERE c.customer_id = m.customer_id AND pg_catalog.record_image_ne(ROW(%5$s), ROW(%4$s))";

/*
 * Before the customers are updated.  What was told before and turns out otherwise is told anew: an
 * event is never taken back.
 */
static const char TELL_STAGES[] =
	"INSERT INTO %1$s.event_outbox (customer_id, event, occurred_at, payload)"
	" SELECT m.customer_id, 'stage_changed', m.stage_since, pg_catalog.jsonb_build_object("
	"'from_stage', c.stage, 'to_stage', m.stage, 'stage_since', m.stage_since,"
	" 'episode', m.episode)"
	" FROM moved m JOIN %1$s.customer c ON c.customer_id = m.customer_id"
	" WHERE (c.stage, c.stage_since, c.episode) IS DISTINCT FROM (m.stage, m.stage_since, "
	"m.episode)"
	" ORDER BY m.customer_id";

static const char CUT_HISTORY[] = "DELETE FROM %1$s.stage_history h USING moved m"
								  " WHERE h.customer_id = m.customer_id AND h.seq > m.last_seq";

static const char CLOSE_SPANS[] =
	"UPDATE %1$s.stage_history h SET left_at = s.left_at FROM closed s"
	" WHERE h.customer_id = s.customer_id AND h.seq = s.seq";

/* In the order of seq: a span must be closed before the next one is open. */
#define PUT_SPANS(which)                                                                           \
	"INSERT INTO %1$s.stage_history AS h (customer_id, seq, stage, entered_at, left_at, episode,"  \
	" reason, actor) SELECT s.customer_id, s.seq, s.stage, s.entered_at, s.left_at, s.episode,"    \
	" s.reason, s.actor FROM spans s " which " ORDER BY s.customer_id, s.seq"                      \
	" ON CONFLICT (customer_id, seq) DO UPDATE SET stage = excluded.stage,"                        \
	" entered_at = excluded.entered_at, left_at = excluded.left_at, episode = excluded.episode,"   \
	" reason = excluded.reason, actor = excluded.actor"                                            \
	" WHERE (h.stage, h.entered_at, h.left_at, h.episode, h.reason, h.actor) IS DISTINCT FROM"     \
	" (excluded.stage, excluded.entered_at, excluded.left_at, excluded.episode, excluded.reason,"  \
	" excluded.actor)"

static void
remove_gone(CustomerFold *f)
{
	const Ledger *l = f->ledger;
	Oid type = l->key_array;
	const char *tables[] = {"stage_history", "customer"};

	for (int done = 0; done < f->n_gone; done += GONE_BATCH)
	{
		Datum keys = key_array(f, f->gone + done, Min(GONE_BATCH, f->n_gone - done));

		for (int i = 0; i < (int) lengthof(tables); i++)
			SPI_execute_with_args(
				psprintf("DELETE FROM %s.%s WHERE customer_id = ANY ($1)", l->qschema, tables[i]),
				1, &type, &keys, NULL, false, 0);
		pfree(DatumGetPointer(keys));
	}
}

void
customer_fold_show(CustomerFold *f)
{
	output_register(&f->moved);
	output_register(&f->spans);
	output_register(&f->closed);
}

static void
write_all(CustomerFold *f)
{
	customer_fold_show(f);
	if (f->tells && f->ledger->tells)
		run_write(f, QUERY_TELL_STAGES, TELL_STAGES, 0, InvalidOid, 0, f->moved.n);
	if (f->moved.n > 0 && f->again)
		run_write(f, QUERY_UPDATE_CHANGED, UPDATE_CHANGED, 0, InvalidOid, 0, f->moved.n);
	else if (f->moved.n > 0)
		run_write(f, QUERY_UPDATE_CUSTOMERS, UPDATE_CUSTOMERS, 0, InvalidOid, 0, f->moved.n);
	if (f->cuts)
		run_write(f, QUERY_CUT_HISTORY, CUT_HISTORY, 0, InvalidOid, 0, f->moved.n);
	if (f->closed.n > 0)
		run_write(f, QUERY_CLOSE_SPANS, CLOSE_SPANS, 0, InvalidOid, 0, f->closed.n);
	if (f->spans.n > 0)
		run_write(f, QUERY_PUT_SPANS, PUT_SPANS(""), 0, InvalidOid, 0, f->spans.n);
	if (f->n_gone > 0)
		remove_gone(f);
}

/* ---- newcomers ---- */

/* In the order of their keys, which is that of the rows. */
static const char INSERT_CUSTOMERS[] =
	"INSERT INTO %1$s.customer (customer_id, %2$.0s%3$s) SELECT m.customer_id, %4$s FROM moved m"
	" ON CONFLICT DO NOTHING RETURNING customer_id";

#define TELL_ADDED(which)                                                                          \
	"INSERT INTO %1$s.event_outbox (customer_id, event, occurred_at, payload)"                     \
	" SELECT m.customer_id, 'stage_changed', m.stage_since, pg_catalog.jsonb_build_object("        \
	"'from_stage', NULL, 'to_stage', m.stage, 'stage_since', m.stage_since,"                       \
	" 'episode', m.episode) FROM moved m WHERE m.stage IS NOT NULL " which

/* If others were faster to add some. */
#define IS_ADDED(alias) " EXISTS (SELECT FROM added a WHERE a.customer_id = " alias ".customer_id)"

static int64
horizon_now(CustomerFold *f)
{
	SPIPlanPtr plan =
		ledger_plan(f->ledger, QUERY_HORIZON, "SELECT k.horizon FROM %1$s.clock k WHERE k.only_row",
					0, NULL, 1);
	Rows rows = rows_open(plan, NULL, true);
	HeapTuple row = rows_peek(&rows);
	int64 horizon = FOLD_ALWAYS;
	bool isnull;

	if (row != NULL)
	{
		Datum at = heap_getattr(row, 1, rows.table->tupdesc, &isnull);

		if (!isnull)
			horizon = DatumGetTimestampTz(at);
	}
	rows_close(&rows);
	return horizon;
}

static int64
fold_newcomers(CustomerFold *f, Rows *rows)
{
	HeapTuple row;
	int64 total = 0;

	f->horizon = horizon_now(f);
	while ((row = rows_peek(rows)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);
		Folding c = {0};
		int n;
		Datum key = copy_key(f, key_of(row, rows->table->tupdesc));
		Touch *touches = take_touches(f, rows, key, &n);

		note_detractors(f, touches, n);
		folding_start(&c, f->ledger, key, n);
		folding_run(&c, touches, n, f->horizon);
		put_customer(f, &c);
		total += n;
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
	return total;
}

static void
insert_newcomers(CustomerFold *f)
{
	SPIPlanPtr plan =
		ledger_plan(f->ledger, QUERY_INSERT_CUSTOMERS, INSERT_CUSTOMERS, 0, NULL, f->moved.n);
	Rows keys = rows_open(plan, NULL, f->few);
	HeapTuple row;
	bool isnull = false;

	while ((row = rows_peek(&keys)) != NULL)
	{
		Datum key = key_of(row, keys.table->tupdesc);

		output_put(&f->added, &key, &isnull);
		rows_skip(&keys);
	}
	rows_close(&keys);
}

bool
customer_fold_add(CustomerFold *f, Rows *touches, int64 rows)
{
	int64 total = fold_newcomers(f, touches);
	bool all;

	if (f->moved.n == 0)
		return false;
	customer_fold_show(f);
	insert_newcomers(f);
	output_register(&f->added);
	all = f->added.n == f->moved.n;
	if (f->ledger->tells)
		run_write(f, all ? QUERY_TELL_ADDED : QUERY_TELL_SOME_ADDED,
				  all ? TELL_ADDED("") : TELL_ADDED("AND" IS_ADDED("m")), 0, InvalidOid, 0,
				  f->moved.n);
	if (f->spans.n > 0)
		run_write(f, all ? QUERY_PUT_SPANS : QUERY_PUT_SOME_SPANS,
				  all ? PUT_SPANS("") : PUT_SPANS("WHERE" IS_ADDED("s")), 0, InvalidOid, 0,
				  f->spans.n);
	output_restart(&f->moved);
	output_restart(&f->spans);
	output_restart(&f->closed);
	f->tells = f->cuts = false;
	return all && total == rows;
}

int64
customer_fold_added(const CustomerFold *f)
{
	return f->added.n;
}

void
customer_fold_end(CustomerFold *f)
{
	if (f->n_anew > 0)
		f->gone = MemoryContextAllocHuge(f->context, f->n_anew * sizeof(Datum));
	for (int i = 0; i < f->n_anew; i += ANEW_BATCH)
		fold_batch_anew(f, f->anew + i, Min(ANEW_BATCH, f->n_anew - i));
	write_all(f);
}

void
customer_fold_one_anew(Ledger *ledger, Datum key)
{
	static const char LOCK_ONE[] = "SELECT " CUSTOMER_COLUMNS " FROM %1$s.customer c"
								   " WHERE c.customer_id = $1 FOR NO KEY UPDATE OF c";
	CustomerFold *f = customer_fold_begin(ledger, true);
	SPIPlanPtr plan = ledger_plan(ledger, QUERY_LOCK_KEYS, LOCK_ONE, 1, &ledger->key_type, 1);
	Rows customer = rows_open(plan, &key, true);

	customer_fold_note(f, &customer);
	rows_close(&customer);
	customer_fold_end(f);
	customer_fold_free(f);
}

void
customer_fold_free(CustomerFold *f)
{
	/* before the resource owner looks: what has spilled to disk is a file that is open */
	tuplestore_end(f->moved.rows);
	tuplestore_end(f->added.rows);
	tuplestore_end(f->spans.rows);
	tuplestore_end(f->closed.rows);
	MemoryContextDelete(f->one);
}

int64
customer_fold_count(const CustomerFold *f)
{
	return f->moved.n;
}

bool
customer_fold_detractors(const CustomerFold *f)
{
	return f->detractors;
}
