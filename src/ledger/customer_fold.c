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
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "ledger/fold_state.h"
#include "ledger/summaries.h"

/* Customers that are folded anew by one query. */
#define ANEW_BATCH 5000

/* Columns of a query of customers. */
enum
{
	CUSTOMER_KEY = 1,
	CUSTOMER_HORIZON,
	CUSTOMER_STATE,
	CUSTOMER_RATING,
	CUSTOMER_LAST_SCORE = CUSTOMER_RATING + SURVEY_COUNT,
	CUSTOMER_CHANNEL = CUSTOMER_LAST_SCORE + SURVEY_COUNT,
	CUSTOMER_CAMPAIGN,
	CUSTOMER_TRAITS,
	CUSTOMER_CONSENTS,
	CUSTOMER_COUNT
};

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
	Output spans;	 /* new or changed spans */
	Output closed;	 /* stored spans that end, or no longer do */
	bool tells;		 /* some may have another stage than before */
	bool detractors; /* among the new touchpoints */
	bool cuts;		 /* some histories may have become shorter */
	Datum *anew;	 /* keys of customers to be folded anew, in order */
	int n_anew;
	int max_anew;
	Datum *gone; /* keys of customers that have no touchpoint any more */
	int n_gone;
};

/* A customer while he is folded. */
typedef struct Folding
{
	Datum key;
	FoldState state;
	FoldLog log;
	int room; /* for spans in the log */
	Summaries summaries;
} Folding;

/* ---- a run ---- */

typedef struct OutputColumn
{
	const char *name;
	Oid type; /* or one of the following */
} OutputColumn;

#define KEY_TYPE ((Oid) 0)
#define STAGE_TYPE ((Oid) 1)
#define RATING_TYPE ((Oid) 2)

static const OutputColumn MOVED[] = {
	{"customer_id", KEY_TYPE},
	{"stage", STAGE_TYPE},
	{"stage_since", TIMESTAMPTZOID},
	{"max_stage", STAGE_TYPE},
	{"episode", INT4OID},
	{"first_touch_at", TIMESTAMPTZOID},
	{"last_touch_at", TIMESTAMPTZOID},
	{"last_alive_at", TIMESTAMPTZOID},
	{"first_paid_at", TIMESTAMPTZOID},
	{"touchpoint_count", INT8OID},
	{"purchase_count", INT8OID},
	{"purchase_units", INT8OID},
	{"first_purchase_at", TIMESTAMPTZOID},
	{"last_purchase_at", TIMESTAMPTZOID},
	{"mrr_units", INT8OID},
	{"nps", RATING_TYPE},
	{"csat", RATING_TYPE},
	{"ces", RATING_TYPE},
	{"last_nps_score", FLOAT8OID},
	{"last_csat_score", FLOAT8OID},
	{"last_ces_score", FLOAT8OID},
	{"channel", TEXTOID},
	{"campaign", TEXTOID},
	{"traits", JSONBOID},
	{"consents", JSONBOID},
	{"due_at", TIMESTAMPTZOID},
	{"fold_state", BYTEAOID},
	{"last_seq", INT4OID},
};

static const OutputColumn SPANS[] = {
	{"customer_id", KEY_TYPE},	 {"seq", INT4OID},
	{"stage", STAGE_TYPE},		 {"entered_at", TIMESTAMPTZOID},
	{"left_at", TIMESTAMPTZOID}, {"episode", INT4OID},
	{"reason", TEXTOID},		 {"actor", TEXTOID},
};

static const OutputColumn CLOSED[] = {
	{"customer_id", KEY_TYPE}, {"seq", INT4OID}, {"left_at", TIMESTAMPTZOID}};

#define MAX_COLUMNS ((int) lengthof(MOVED))

static Oid
column_type(const Ledger *l, Oid type)
{
	switch (type)
	{
		case KEY_TYPE:
			return l->key_type;
		case STAGE_TYPE:
			return l->lifecycle_stage;
		case RATING_TYPE:
			return l->rating_summary;
		default:
			return type;
	}
}

static void
output_begin(const Ledger *l, Output *o, const char *name, const OutputColumn *columns, int n)
{
	o->name = name;
	o->n = 0;
	o->desc = CreateTemplateTupleDesc(n);
	for (int i = 0; i < n; i++)
		TupleDescInitEntry(o->desc, i + 1, columns[i].name, column_type(l, columns[i].type), -1, 0);
	TupleDescInitEntryCollation(o->desc, 1, l->key_collation);
	o->rows = tuplestore_begin_heap(false, false, work_mem);
}

static void
output_put(Output *o, Datum *values, bool *nulls)
{
	tuplestore_putvalues(o->rows, o->desc, values, nulls);
	o->n++;
}

/* Let the statements to come see the rows under their name. */
static void
output_register(Output *o)
{
	EphemeralNamedRelation enr = palloc0(sizeof(EphemeralNamedRelationData));
	int result;

	enr->md.name = pstrdup(o->name);
	enr->md.reliddesc = InvalidOid;
	enr->md.tupdesc = o->desc;
	enr->md.enrtype = ENR_NAMED_TUPLESTORE;
	enr->md.enrtuples = (double) o->n;
	enr->reldata = o->rows;
	result = SPI_register_relation(enr);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register \"%s\": %s", o->name, SPI_result_code_string(result));
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
	output_begin(ledger, &f->moved, "moved", MOVED, lengthof(MOVED));
	output_begin(ledger, &f->spans, "spans", SPANS, lengthof(SPANS));
	output_begin(ledger, &f->closed, "closed", CLOSED, lengthof(CLOSED));
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
room_for_spans(Folding *c)
{
	if (c->log.n + FOLD_MAX_NEW_SPANS <= c->room)
		return;
	c->room *= 2;
	c->log.span = repalloc(c->log.span, c->room * sizeof(FoldSpan));
}

static void
start_log(Folding *c)
{
	c->room = 8;
	c->log.span = palloc(c->room * sizeof(FoldSpan));
	fold_resume(&c->state, &c->log);
}

static void
fold_all(const CustomerFold *f, Folding *c, const Touch *touches, int n)
{
	const FoldRules *rules = &f->ledger->rules;

	for (int i = 0; i < n; i++)
	{
		room_for_spans(c);
		fold_touch(&c->state, rules, &touches[i].fold, &c->log);
		summaries_touch(&c->summaries, &touches[i]);
	}
	room_for_spans(c);
	fold_advance(&c->state, rules, f->horizon, &c->log);
}

static void
set_instant(Datum *values, bool *nulls, int i, int64 at)
{
	values[i] = TimestampTzGetDatum(at);
	nulls[i] = at == FOLD_NEVER || at == FOLD_ALWAYS;
}

static void
set_text(Datum *values, bool *nulls, int i, const char *text)
{
	nulls[i] = text == NULL;
	values[i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
put_span(CustomerFold *f, const Folding *c, const FoldSpan *span)
{
	Datum values[lengthof(SPANS)];
	bool nulls[lengthof(SPANS)] = {0};

	values[0] = c->key;
	values[1] = Int32GetDatum(span->seq);
	if (span->stored)
	{
		set_instant(values, nulls, 2, span->left_at);
		output_put(&f->closed, values, nulls);
		return;
	}
	values[2] = ObjectIdGetDatum(stage_oid(span->stage));
	values[3] = TimestampTzGetDatum(span->entered_at);
	set_instant(values, nulls, 4, span->left_at);
	values[5] = Int32GetDatum(span->episode);
	set_text(values, nulls, 6, span->reason);
	set_text(values, nulls, 7, span->actor);
	output_put(&f->spans, values, nulls);
}

/* Stored spans are written again only where their end has changed. */
static void
put_spans(CustomerFold *f, const Folding *c, const FoldState *before)
{
	for (int i = 0; i < c->log.n; i++)
	{
		const FoldSpan *span = &c->log.span[i];
		bool was_current = before != NULL && span->seq == before->current.seq;
		bool is_current = span->seq == c->state.current.seq;

		if (!span->stored || was_current != is_current)
			put_span(f, c, span);
	}
	if (before == NULL || before->current.seq > c->state.current.seq)
		f->cuts = true;
	if (before == NULL || before->current.stage != c->state.current.stage ||
		before->current.seq != c->state.current.seq)
		f->tells = true;
}

static void
put_fold(const Folding *c, const FoldRules *rules, Datum *values, bool *nulls)
{
	const FoldState *s = &c->state;

	values[1] = ObjectIdGetDatum(stage_oid(s->current.stage));
	values[2] = TimestampTzGetDatum(s->current.entered_at);
	values[3] = ObjectIdGetDatum(stage_oid(s->max_stage));
	values[4] = Int32GetDatum(s->current.episode);
	set_instant(values, nulls, 5, s->first_at);
	set_instant(values, nulls, 6, s->last_at);
	set_instant(values, nulls, 7, s->last_alive);
	set_instant(values, nulls, 8, s->first_paid_at);
	values[9] = Int64GetDatum(s->touch_count);
	values[10] = Int64GetDatum(s->purchase_count);
	values[11] = Int64GetDatum(s->purchase_amount);
	set_instant(values, nulls, 12, s->first_purchase_at);
	set_instant(values, nulls, 13, s->last_purchase_at);
	values[14] = Int64GetDatum(fold_recurring((FoldState *) s));
	set_instant(values, nulls, 25, fold_due(s, rules));
	values[26] = PointerGetDatum(fold_state_to_bytes(s));
	values[27] = Int32GetDatum(s->current.seq);
}

static void
put_summaries(const Summaries *s, Datum *values, bool *nulls)
{
	for (int i = 0; i < SURVEY_COUNT; i++)
	{
		nulls[15 + i] = nulls[18 + i] = s->rating[i] == (Datum) 0;
		values[15 + i] = s->rating[i];
		values[18 + i] = Float8GetDatum(s->last_score[i]);
	}
	set_text(values, nulls, 21, s->channel);
	set_text(values, nulls, 22, s->campaign);
	nulls[23] = s->traits == NULL;
	values[23] = PointerGetDatum(s->traits);
	nulls[24] = s->consents == NULL;
	values[24] = PointerGetDatum(s->consents);
}

/* "before" is the stored state that was carried on, or NULL. */
static void
put_customer(CustomerFold *f, const Folding *c, const FoldState *before)
{
	Datum values[lengthof(MOVED)];
	bool nulls[lengthof(MOVED)] = {0};

	if (c->state.overflow)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the purchases of a customer sum up to more than a ledger can hold"),
						errdetail("The limit is %s.", "922337203685477.5807")));
	values[0] = c->key;
	put_fold(c, &f->ledger->rules, values, nulls);
	put_summaries(&c->summaries, values, nulls);
	output_put(&f->moved, values, nulls);
	put_spans(f, c, before);
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

static char *
stored_text(HeapTuple row, TupleDesc desc, int column)
{
	bool isnull;
	Datum value = heap_getattr(row, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static Jsonb *
stored_jsonb(HeapTuple row, TupleDesc desc, int column)
{
	bool isnull;
	Datum value = heap_getattr(row, column, desc, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

static void
read_summaries(HeapTuple row, TupleDesc desc, Summaries *s)
{
	bool isnull;

	for (int i = 0; i < SURVEY_COUNT; i++)
	{
		Datum rating = heap_getattr(row, CUSTOMER_RATING + i, desc, &isnull);

		if (isnull)
			continue;
		s->rating[i] = PointerGetDatum(PG_DETOAST_DATUM_COPY(rating));
		s->last_score[i] =
			DatumGetFloat8(heap_getattr(row, CUSTOMER_LAST_SCORE + i, desc, &isnull));
	}
	s->channel = stored_text(row, desc, CUSTOMER_CHANNEL);
	s->campaign = stored_text(row, desc, CUSTOMER_CAMPAIGN);
	s->traits = stored_jsonb(row, desc, CUSTOMER_TRAITS);
	s->consents = stored_jsonb(row, desc, CUSTOMER_CONSENTS);
}

/* Has nothing ever been folded into this row?  Then it was added for these touchpoints. */
static bool
is_new(HeapTuple row, TupleDesc desc)
{
	bool isnull;

	heap_getattr(row, CUSTOMER_COUNT, desc, &isnull);
	return isnull;
}

/* The stored state, if these touchpoints may be folded into it. */
static bool
read_state(const CustomerFold *f, HeapTuple row, TupleDesc desc, const Touch *first, int n,
		   FoldState *s)
{
	bool isnull;
	Datum bytes = heap_getattr(row, CUSTOMER_STATE, desc, &isnull);

	if (isnull && n > 0 && is_new(row, desc))
	{
		fold_state_new(&f->ledger->rules, n + 1, s);
		return true;
	}
	return !isnull && fold_state_from_bytes(DatumGetByteaPP(bytes), &f->ledger->rules, n + 1, s) &&
		   (n == 0 || fold_in_order(s, first->fold.at, first->fold.kind->rank));
}

static void
read_horizon(CustomerFold *f, HeapTuple row, TupleDesc desc)
{
	bool isnull;
	Datum horizon = heap_getattr(row, CUSTOMER_HORIZON, desc, &isnull);

	f->horizon = isnull ? FOLD_ALWAYS : DatumGetTimestampTz(horizon);
}

static void
fold_into(CustomerFold *f, HeapTuple row, TupleDesc desc, Datum key, Rows *rows)
{
	Folding c = {0};
	FoldState before;
	int n;
	Touch *touches = take_touches(f, rows, key, &n);

	for (int i = 0; i < n; i++)
		if (touches[i].kind->survey == SURVEY_NPS && touches[i].fold.score <= 6)
			f->detractors = true;
	if (!read_state(f, row, desc, touches, n, &c.state))
	{
		note_anew(f, key);
		return;
	}
	before = c.state;
	c.key = key;
	start_log(&c);
	read_summaries(row, desc, &c.summaries);
	fold_all(f, &c, touches, n);
	put_customer(f, &c, &before);
}

static void
lost_customer(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not fold touchpoints due to a concurrent removal of a customer"),
					errhint("The transaction might succeed if retried.")));
}

void
customer_fold_new(CustomerFold *f, Rows *touches, Rows *customers)
{
	HeapTuple row;

	while ((row = rows_peek(customers)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);
		HeapTuple touch = rows_peek(touches);
		Datum key = copy_key(f, key_of(row, customers->table->tupdesc));

		if (touch == NULL || compare_keys(f, key_of(touch, touches->table->tupdesc), key) != 0)
			lost_customer();
		read_horizon(f, row, customers->table->tupdesc);
		fold_into(f, row, customers->table->tupdesc, key, touches);
		rows_skip(customers);
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
	if (rows_peek(touches) != NULL)
		lost_customer();
}

static void
tick_one(CustomerFold *f, HeapTuple row, TupleDesc desc)
{
	Folding c = {0};
	FoldState before;

	c.key = key_of(row, desc);
	read_horizon(f, row, desc);
	if (!read_state(f, row, desc, NULL, 0, &c.state))
	{
		note_anew(f, c.key);
		return;
	}
	before = c.state;
	start_log(&c);
	read_summaries(row, desc, &c.summaries);
	fold_all(f, &c, NULL, 0);
	put_customer(f, &c, &before);
}

void
customer_fold_tick(CustomerFold *f, Rows *customers)
{
	HeapTuple row;

	while ((row = rows_peek(customers)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(f->one);

		tick_one(f, row, customers->table->tupdesc);
		rows_skip(customers);
		MemoryContextSwitchTo(old);
		MemoryContextReset(f->one);
	}
}

void
customer_fold_note(CustomerFold *f, Rows *customers)
{
	HeapTuple row;

	while ((row = rows_peek(customers)) != NULL)
	{
		read_horizon(f, row, customers->table->tupdesc);
		note_anew(f, key_of(row, customers->table->tupdesc));
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
	c.key = key;
	fold_state_new(&f->ledger->rules, n, &c.state);
	start_log(&c);
	fold_all(f, &c, touches, n);
	put_customer(f, &c, NULL);
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
	SPIPlanPtr plan = ledger_plan(f->ledger, QUERY_LOG, psprintf(SQL, f->ledger->qschema), 1,
								  &f->ledger->key_array, n);
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
	const Ledger *l = f->ledger;
	SPIPlanPtr plan =
		ledger_plan(f->ledger, query, psprintf(format, l->qschema), nargs, &type, rows);
	int result = SPI_execute_plan(plan, &value, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not write: %s", SPI_result_code_string(result));
}

static const char UPDATE_CUSTOMERS[] =
	"UPDATE %1$s.customer c SET stage = m.stage, stage_since = m.stage_since,"
	" max_stage = m.max_stage, episode = m.episode, first_touch_at = m.first_touch_at,"
	" last_touch_at = m.last_touch_at, last_alive_at = m.last_alive_at,"
	" first_paid_at = m.first_paid_at, touchpoint_count = m.touchpoint_count,"
	" purchase_count = m.purchase_count, purchase_amount = m.purchase_units * 0.0001,"
	" first_purchase_at = m.first_purchase_at, last_purchase_at = m.last_purchase_at,"
	" mrr_amount = m.mrr_units * 0.0001, nps = m.nps, csat = m.csat, ces = m.ces,"
	" last_nps_score = m.last_nps_score, last_csat_score = m.last_csat_score,"
	" last_ces_score = m.last_ces_score, channel = m.channel, campaign = m.campaign,"
	" traits = m.traits, consents = m.consents, due_at = m.due_at, fold_state = m.fold_state"
	" FROM moved m WHERE c.customer_id = m.customer_id";

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
static const char PUT_SPANS[] =
	"INSERT INTO %1$s.stage_history AS h (customer_id, seq, stage, entered_at, left_at, episode,"
	" reason, actor) SELECT s.customer_id, s.seq, s.stage, s.entered_at, s.left_at, s.episode,"
	" s.reason, s.actor FROM spans s ORDER BY s.customer_id, s.seq"
	" ON CONFLICT (customer_id, seq) DO UPDATE SET stage = excluded.stage,"
	" entered_at = excluded.entered_at, left_at = excluded.left_at, episode = excluded.episode,"
	" reason = excluded.reason, actor = excluded.actor"
	" WHERE (h.stage, h.entered_at, h.left_at, h.episode, h.reason, h.actor) IS DISTINCT FROM"
	" (excluded.stage, excluded.entered_at, excluded.left_at, excluded.episode, excluded.reason,"
	" excluded.actor)";

static void
remove_gone(CustomerFold *f)
{
	const Ledger *l = f->ledger;
	Datum keys = key_array(f, f->gone, f->n_gone);
	Oid type = l->key_array;
	const char *tables[] = {"stage_history", "customer"};

	for (int i = 0; i < (int) lengthof(tables); i++)
		SPI_execute_with_args(
			psprintf("DELETE FROM %s.%s WHERE customer_id = ANY ($1)", l->qschema, tables[i]), 1,
			&type, &keys, NULL, false, 0);
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
	if (f->moved.n > 0)
		run_write(f, QUERY_UPDATE_CUSTOMERS, UPDATE_CUSTOMERS, 0, InvalidOid, 0, f->moved.n);
	if (f->cuts)
		run_write(f, QUERY_CUT_HISTORY, CUT_HISTORY, 0, InvalidOid, 0, f->moved.n);
	if (f->closed.n > 0)
		run_write(f, QUERY_CLOSE_SPANS, CLOSE_SPANS, 0, InvalidOid, 0, f->closed.n);
	if (f->spans.n > 0)
		run_write(f, QUERY_PUT_SPANS, PUT_SPANS, 0, InvalidOid, 0, f->spans.n);
	if (f->n_gone > 0)
		remove_gone(f);
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
customer_fold_free(CustomerFold *f)
{
	/* before the resource owner looks: what has spilled to disk is a file that is open */
	tuplestore_end(f->moved.rows);
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
