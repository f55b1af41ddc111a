/*
 * touchpoint_capture.c: the trigger function touchpoint_capture(), which feeds a ledger from any
 * table.
 *
 *   CREATE TRIGGER ... AFTER INSERT ON orders REFERENCING NEW TABLE AS new_rows
 *     FOR EACH STATEMENT EXECUTE FUNCTION
 *     touchpoint_capture('crm', 'track=orders', 'kind=purchase', 'customer=customer_id',
 *                        'occurred_at=ordered_at', 'amount=total', 'source_key=id::text')
 *
 * ledger_track() makes these.  Two must agree: who made the trigger wrote the expressions, which
 * are evaluated with the rights of whoever writes to the table; and the ledger's owner registered
 * this very trigger, in tracked_source, by whose rights the outcome is then written.
 */
#include "ledger/ledger.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "ledger/attempt.h"
#include "ledger/direct_ledger.h"
#include "ledger/expression.h"
#include "ledger/rejected.h"
#include "ledger/rows.h"

/* What a trigger's arguments may say, in the order of the columns of what is captured. */
typedef enum CaptureWord
{
	WORD_CUSTOMER,
	WORD_KIND,
	WORD_OCCURRED_AT,
	WORD_AMOUNT,
	WORD_SCORE,
	WORD_SUBJECT,
	WORD_CHANNEL,
	WORD_CAMPAIGN,
	WORD_QUANTITY,
	WORD_SOURCE_KEY,
	WORD_PROPERTIES,
	WORD_COLUMNS, /* so many columns; what follows are none */
	WORD_KIND_FROM = WORD_COLUMNS,
	WORD_ONLY_WHEN,
	WORD_TRACK,
	WORD_COUNT
} CaptureWord;

static const char *const WORDS[WORD_COUNT] = {
	"customer", "kind",		"occurred_at", "amount",	 "score",	  "subject",   "channel",
	"campaign", "quantity", "source_key",  "properties", "kind_from", "only_when", "track"};

static const char *const COLUMNS[WORD_COLUMNS] = {
	"customer_id", "kind",	   "occurred_at", "amount",		"score",	 "subject",
	"channel",	   "campaign", "quantity",	  "source_key", "properties"};

static const Oid TYPES[WORD_COLUMNS] = {InvalidOid, TEXTOID, TIMESTAMPTZOID, NUMERICOID,
										FLOAT8OID,	TEXTOID, TEXTOID,		 TEXTOID,
										NUMERICOID, TEXTOID, JSONBOID};

/* A query of a trigger's rows. */
typedef struct RowQuery
{
	SPIPlanPtr plan;
	bool attempted; /* by attempt_plan(): data may be such as the expressions fail on */
} RowQuery;

/* A trigger, and how to read its rows. */
typedef struct Capture
{
	Oid trigger;	 /* key of the cache */
	char *signature; /* of all that the queries depend on */
	RowQuery rows;	 /* what to capture of the new rows */
	RowQuery keys;	 /* source keys of the old rows */
} Capture;

static HTAB *captures = NULL;

/* One firing. */
typedef struct Firing
{
	const TriggerData *trigger;
	Ledger *ledger;
	const char *word[WORD_COUNT]; /* NULL: not said */
	TupleDesc desc;				  /* of the columns, and "reason" */
	TupleDesc key_desc;
	Tuplestorestate *captured;
	Tuplestorestate *refused;
	Tuplestorestate *old_keys;
	int64 n_captured;
	int64 n_refused;
	int64 n_old;
	EphemeralNamedRelation some; /* some of the new rows, looked at once more */
	SPIPlanPtr plan_of_word[WORD_COLUMNS];
} Firing;

/* ---- arguments ---- */

static void
wrong_argument(const TriggerData *trigger, const char *argument)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger \"%s\" has an argument that function \"%s\" doesn't know: \"%s\"",
					trigger->tg_trigger->tgname, "touchpoint_capture", argument),
			 errhint("Arguments are the ledger's name, and then word=value with the words track, "
					 "kind, kind_from, customer, occurred_at, amount, score, subject, channel, "
					 "campaign, quantity, source_key, properties and only_when.")));
}

static void
take_argument(Firing *f, const char *argument)
{
	const char *equals = strchr(argument, '=');

	for (int i = 0; equals != NULL && i < WORD_COUNT; i++)
		if (strlen(WORDS[i]) == (size_t) (equals - argument) &&
			strncmp(WORDS[i], argument, equals - argument) == 0)
		{
			f->word[i] = equals + 1;
			return;
		}
	wrong_argument(f->trigger, argument);
}

static void
missing_argument(const Firing *f, const char *word)
{
	ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					errmsg("trigger \"%s\" lacks the argument \"%s\" of function \"%s\"",
						   f->trigger->tg_trigger->tgname, word, "touchpoint_capture"),
					errhint("ledger_track() makes triggers that are complete.")));
}

/* As ledger_track_name() names it: quoted, with its schema. */
static const char *
name_of_table(Relation table)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
									  RelationGetRelationName(table));
}

static void
take_arguments(Firing *f)
{
	const Trigger *t = f->trigger->tg_trigger;

	if (t->tgnargs == 0)
		missing_argument(f, "ledger");
	for (int i = 1; i < t->tgnargs; i++)
		take_argument(f, t->tgargs[i]);
	if (f->word[WORD_TRACK] == NULL)
		f->word[WORD_TRACK] = name_of_table(f->trigger->tg_relation);
	if (f->word[WORD_CUSTOMER] == NULL)
		missing_argument(f, "customer");
	if (f->word[WORD_OCCURRED_AT] == NULL)
		missing_argument(f, "occurred_at");
	if (f->word[WORD_KIND] == NULL && f->word[WORD_KIND_FROM] == NULL)
		missing_argument(f, "kind");
	if (f->word[WORD_SOURCE_KEY] == NULL && !TRIGGER_FIRED_BY_INSERT(f->trigger->tg_event))
		missing_argument(f, "source_key");
}

/* ---- is it registered? ---- */

/*
 * A ledger that was dropped with its schema leaves the triggers on its sources.  To go on without
 * them would lose rows where a ledger is only away for a while: so this is an error, with the way
 * out.
 */
static void
check_there(const Firing *f)
{
	const Trigger *t = f->trigger->tg_trigger;
	const char *ledger = t->tgargs[0];
	Oid schema = get_namespace_oid(ledger, true);

	if (OidIsValid(schema) && OidIsValid(get_relname_relid("touchpoint", schema)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("ledger \"%s\" does not exist", ledger),
			 errdetail("Trigger \"%s\" of table \"%s\" feeds it.", t->tgname,
					   RelationGetRelationName(f->trigger->tg_relation)),
			 errhint("If it was dropped for good: SELECT ledger_untrack(%s, %s) drops the "
					 "triggers that it has left.  ledger_drop() does so by itself.",
					 quote_literal_cstr(ledger), quote_literal_cstr(f->word[WORD_TRACK]))));
}

static bool
same_arguments(const LedgerTrack *track, const Trigger *t)
{
	if (track->n != t->tgnargs - 1)
		return false;
	for (int i = 0; i < track->n; i++)
		if (strcmp(track->arguments[i], t->tgargs[i + 1]) != 0)
			return false;
	return true;
}

static void
check_registered(const Firing *f)
{
	const Trigger *t = f->trigger->tg_trigger;
	const Ledger *l = f->ledger;
	Oid table = RelationGetRelid(f->trigger->tg_relation);

	for (int i = 0; i < l->n_tracks; i++)
		if (l->tracks[i].table == table && same_arguments(&l->tracks[i], t))
			return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("trigger \"%s\" of table \"%s\" is not registered with ledger \"%s\"",
						   t->tgname, RelationGetRelationName(f->trigger->tg_relation), l->schema),
					errdetail("Only the owner of a ledger decides which triggers write into it."),
					errhint("As the ledger's owner: SELECT ledger_register(%s, %s, %s).",
							quote_literal_cstr(l->schema),
							quote_literal_cstr(name_of_table(f->trigger->tg_relation)),
							quote_literal_cstr(t->tgname))));
}

/* ---- queries over the rows ---- */

static char *
column_expression(const Firing *f, CaptureWord word)
{
	const char *expression = f->word[word];

	if (word == WORD_KIND && expression != NULL)
		return psprintf("%s::pg_catalog.text", quote_literal_cstr(expression));
	if (word == WORD_KIND)
		expression = f->word[WORD_KIND_FROM];
	if (expression != NULL)
		check_expression_text(WORDS[word], expression);
	/* the line break ends a comment that an expression may end with */
	return psprintf(
		"(%s\n)::%s", expression == NULL ? "NULL" : expression,
		format_type_be_qualified(word == WORD_CUSTOMER ? f->ledger->key_type : TYPES[word]));
}

/* ... FROM the transition table, under the name of the table, WHERE only_when */
static void
append_from(StringInfo sql, const Firing *f, const char *transition_table, bool filtered)
{
	appendStringInfo(sql, " FROM %s AS %s", quote_identifier(transition_table),
					 quote_identifier(RelationGetRelationName(f->trigger->tg_relation)));
	if (f->word[WORD_ONLY_WHEN] == NULL || !filtered)
		return;
	check_expression_text(WORDS[WORD_ONLY_WHEN], f->word[WORD_ONLY_WHEN]);
	appendStringInfo(sql, " WHERE (%s\n)", f->word[WORD_ONLY_WHEN]);
}

static char *
rows_sql(const Firing *f, const char *transition_table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (int i = 0; i < WORD_COLUMNS; i++)
		appendStringInfo(&sql, "%s%s AS %s", i > 0 ? ", " : "", column_expression(f, i),
						 COLUMNS[i]);
	append_from(&sql, f, transition_table, true);
	return sql.data;
}

/* Keys of all old rows: what didn't count before has no touchpoint, and needs no exception. */
static char *
keys_sql(const Firing *f, const char *transition_table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s AS source_key", column_expression(f, WORD_SOURCE_KEY));
	append_from(&sql, f, transition_table, false);
	return sql.data;
}

/* ledger_track() has looked at the expressions, but not at what they have become, or by hand. */
static SPIPlanPtr
prepared(const Firing *f, const char *sql)
{
	SPIPlanPtr plan = SPI_prepare(sql, 0, NULL);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	if (!is_over_one_row(plan))
		ereport(
			ERROR,
			(errcode(ERRCODE_GROUPING_ERROR),
			 errmsg("trigger \"%s\" has an argument that is not an expression over one row",
					f->trigger->tg_trigger->tgname),
			 errhint("Aggregates, window functions and functions that return sets can't be used "
					 "here.")));
	return plan;
}

static SPIPlanPtr
kept_plan(const Firing *f, const char *sql)
{
	SPIPlanPtr plan = prepared(f, sql);

	SPI_keepplan(plan);
	return plan;
}

static void
free_plan(void *plan)
{
	SPI_freeplan(plan);
}

/* A caller further up may be running the plan: it goes when the transaction ends. */
static void
forget_query(RowQuery *q)
{
	MemoryContextCallback *freeing;

	if (q->plan == NULL)
		return;
	freeing = MemoryContextAllocZero(TopTransactionContext, sizeof(MemoryContextCallback));
	freeing->func = free_plan;
	freeing->arg = q->plan;
	MemoryContextRegisterResetCallback(TopTransactionContext, freeing);
	q->plan = NULL;
}

static void
forget_queries(Capture *c)
{
	forget_query(&c->rows);
	forget_query(&c->keys);
	if (c->signature != NULL)
		pfree(c->signature);
	c->signature = NULL;
}

/* All that the text of the queries depends on. */
static char *
signature_of(const Firing *f)
{
	const Trigger *t = f->trigger->tg_trigger;
	StringInfoData s;

	initStringInfo(&s);
	appendStringInfo(
		&s, "%u %s %s %s", f->ledger->key_type, RelationGetRelationName(f->trigger->tg_relation),
		t->tgnewtable == NULL ? "" : t->tgnewtable, t->tgoldtable == NULL ? "" : t->tgoldtable);
	for (int i = 0; i < t->tgnargs; i++)
		appendStringInfo(&s, "\n%s", t->tgargs[i]);
	return s.data;
}

static Capture *
find_capture(const Firing *f)
{
	Oid trigger = f->trigger->tg_trigger->tgoid;
	char *signature = signature_of(f);
	Capture *c;
	bool found;

	if (captures == NULL)
	{
		HASHCTL ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(Capture);
		captures = hash_create("customer_lifecycle captures", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	c = hash_search(captures, &trigger, HASH_ENTER, &found);
	if (!found)
	{
		c->signature = NULL;
		c->rows.plan = c->keys.plan = NULL;
	}
	if (c->signature == NULL || strcmp(c->signature, signature) != 0)
	{
		forget_queries(c);
		c->signature = MemoryContextStrdup(TopMemoryContext, signature);
	}
	return c;
}

/* ---- capturing, with the rights of who writes ---- */

/* The fault is NULL, or why it can't be used. */
static void
put_values(Firing *f, Datum *values, bool *nulls, const char *fault)
{
	if (fault != NULL && f->ledger->refuses)
		refuse_touchpoint(f->ledger, fault,
						  nulls[WORD_KIND] ? NULL : TextDatumGetCString(values[WORD_KIND]));
	if (fault != NULL)
	{
		/* what touchpoint_rejected can't keep is in the reason */
		nulls[WORD_AMOUNT] |= !touch_number_fits(nulls[WORD_AMOUNT], values[WORD_AMOUNT]);
		nulls[WORD_QUANTITY] |= !touch_number_fits(nulls[WORD_QUANTITY], values[WORD_QUANTITY]);
	}
	nulls[WORD_COLUMNS] = fault == NULL;
	values[WORD_COLUMNS] = fault == NULL ? (Datum) 0 : CStringGetTextDatum(fault);
	tuplestore_putvalues(fault == NULL ? f->captured : f->refused, f->desc, values, nulls);
	if (fault == NULL)
		f->n_captured++;
	else
		f->n_refused++;
}

static const char *
key_fault(const Firing *f, const Datum *values, const bool *nulls)
{
	const char *fault =
		touch_key_fault("source_key", nulls[WORD_SOURCE_KEY], values[WORD_SOURCE_KEY]);

	if (fault == NULL && f->ledger->key_type == TEXTOID)
		fault = touch_key_fault("customer", nulls[WORD_CUSTOMER], values[WORD_CUSTOMER]);
	return fault;
}

static void
put_row(Firing *f, TupleDesc desc, HeapTuple row)
{
	Datum values[WORD_COLUMNS + 1];
	bool nulls[WORD_COLUMNS + 1];
	char *kind = SPI_getvalue(row, desc, WORD_KIND + 1);
	const char *fault;

	heap_deform_tuple(row, desc, values, nulls);
	fault =
		touch_fault(f->ledger, kind, !nulls[WORD_CUSTOMER], !nulls[WORD_OCCURRED_AT],
					nulls[WORD_OCCURRED_AT] ? 0 : DatumGetTimestampTz(values[WORD_OCCURRED_AT]),
					!nulls[WORD_SCORE], nulls[WORD_SCORE] ? 0 : DatumGetFloat8(values[WORD_SCORE]),
					touch_numbers_fault(nulls[WORD_AMOUNT], values[WORD_AMOUNT],
										nulls[WORD_QUANTITY], values[WORD_QUANTITY]));
	put_values(f, values, nulls, fault != NULL ? fault : key_fault(f, values, nulls));
}

/* What a query of the new rows has given. */
static void
put_rows(Firing *f, Rows *rows)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle capture",
											  ALLOCSET_DEFAULT_SIZES);
	HeapTuple row;

	while ((row = rows_peek(rows)) != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(one);

		put_row(f, rows->table->tupdesc, row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(one);
		rows_skip(rows);
	}
	rows_close(rows);
	MemoryContextDelete(one);
}

static void
put_keys(Firing *f, Rows *rows)
{
	HeapTuple row;

	while ((row = rows_peek(rows)) != NULL)
	{
		Datum value;
		bool isnull;

		value = heap_getattr(row, 1, rows->table->tupdesc, &isnull);
		tuplestore_putvalues(f->old_keys, f->key_desc, &value, &isnull);
		f->n_old++;
		rows_skip(rows);
	}
	rows_close(rows);
}

/* ---- rows that the expressions fail on ---- */

/* What the queries call some of the new rows. */
#define SOME_ROWS "touchpoint_capture_rows"

static void
register_some(Firing *f)
{
	if (f->some != NULL)
		return;
	f->some = palloc0(sizeof(EphemeralNamedRelationData));
	f->some->md.name = SOME_ROWS;
	f->some->md.reliddesc = RelationGetRelid(f->trigger->tg_relation);
	f->some->md.enrtype = ENR_NAMED_TUPLESTORE;
	f->some->md.enrtuples = 1;
	if (SPI_register_relation(f->some) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register \"%s\"", SOME_ROWS);
}

/* Try a query of some of the rows; what it gives is in SPI_tuptable. */
static bool
attempt_rows(const Firing *f, SPIPlanPtr plan, Tuplestorestate *rows, char **message)
{
	f->some->reldata = rows;
	return attempt_plan(plan, message);
}

/* The query of one word of a row, whether it counts or not. */
static SPIPlanPtr
plan_of_word(Firing *f, CaptureWord word)
{
	StringInfoData sql;

	if (f->plan_of_word[word] != NULL)
		return f->plan_of_word[word];
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s", column_expression(f, word));
	append_from(&sql, f, SOME_ROWS, false);
	f->plan_of_word[word] = prepared(f, sql.data);
	return f->plan_of_word[word];
}

/*
 * Which word is it that the row fails on?  If none is, it was only_when.  What the others give goes
 * to touchpoint_rejected.
 */
static void
refuse_row(Firing *f, Tuplestorestate *row, const char *message)
{
	Datum values[WORD_COLUMNS + 1] = {0};
	bool nulls[WORD_COLUMNS + 1];
	SPITupleTable *given[WORD_COLUMNS] = {NULL};
	CaptureWord failed = WORD_ONLY_WHEN;

	for (int i = 0; i < WORD_COLUMNS; i++)
	{
		char *why;

		nulls[i] = true;
		if (attempt_rows(f, plan_of_word(f, i), row, &why))
		{
			given[i] = SPI_tuptable;
			if (SPI_processed == 1)
				values[i] = SPI_getbinval(given[i]->vals[0], given[i]->tupdesc, 1, &nulls[i]);
		}
		else if (failed == WORD_ONLY_WHEN)
		{
			failed = i == WORD_KIND ? WORD_KIND_FROM : (CaptureWord) i;
			message = why;
		}
	}
	put_values(f, values, nulls, psprintf("%s: %s", WORDS[failed], touch_clipped(message)));
	for (int i = 0; i < WORD_COLUMNS; i++)
		if (given[i] != NULL)
			SPI_freetuptable(given[i]);
}

/* An old row whose key can't be told had none before, and so has no touchpoint. */
static void
pass_over(Firing *f pg_attribute_unused(), Tuplestorestate *row pg_attribute_unused(),
		  const char *message pg_attribute_unused())
{
}

/* What is asked of rows, and done with what they give, and with one that fails. */
typedef struct Asking
{
	char *(*sql)(const Firing *f, const char *transition_table);
	void (*put)(Firing *f, Rows *rows);
	void (*refuse)(Firing *f, Tuplestorestate *row, const char *message);
} Asking;

static const Asking NEW_ROWS = {rows_sql, put_rows, refuse_row};
static const Asking OLD_KEYS = {keys_sql, put_keys, pass_over};

/* Take some of the rows if none of them fails. */
static bool
take_all(Firing *f, const Asking *a, SPIPlanPtr plan, Tuplestorestate *rows, char **message)
{
	Rows given;

	if (!attempt_rows(f, plan, rows, message))
		return false;
	given = rows_given();
	a->put(f, &given);
	return true;
}

/* Up to so many rows, from where a read pointer is; NULL if there are no more. */
static Tuplestorestate *
next_rows(Tuplestorestate *from, int pointer, TupleTableSlot *slot, int n)
{
	Tuplestorestate *rows = NULL;

	tuplestore_select_read_pointer(from, pointer);
	for (int i = 0; i < n && tuplestore_gettupleslot(from, true, false, slot); i++)
	{
		if (rows == NULL)
			rows = tuplestore_begin_heap(true, false, work_mem);
		tuplestore_puttupleslot(rows, slot);
	}
	return rows;
}

/* So many rows at a time, and those among whom one fails each by itself. */
static void
take_some(Firing *f, const Asking *a, SPIPlanPtr plan, Tuplestorestate *from, int n)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(RelationGetDescr(f->trigger->tg_relation), &TTSOpsMinimalTuple);
	int pointer = tuplestore_alloc_read_pointer(from, EXEC_FLAG_REWIND);
	MemoryContext some = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle attempts",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(some);
	Tuplestorestate *rows;
	char *message;

	tuplestore_select_read_pointer(from, pointer);
	tuplestore_rescan(from);
	while ((rows = next_rows(from, pointer, slot, n)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!take_all(f, a, plan, rows, &message))
		{
			if (n > 1)
				take_some(f, a, plan, rows, 1);
			else
				a->refuse(f, rows, message);
		}
		tuplestore_end(rows);
		ExecClearTuple(slot); /* what was read from disk is in this context */
		MemoryContextReset(some);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(some);
	ExecDropSingleTupleTableSlot(slot);
}

/* Plan the query, anew if columns may be of other types now. */
static void
prepare_query(const Firing *f, const Asking *a, RowQuery *q, const char *transition_table)
{
	if (q->plan != NULL && !SPI_plan_is_valid(q->plan))
		forget_query(q);
	if (q->plan != NULL)
		return;
	q->plan = kept_plan(f, a->sql(f, transition_table));
	q->attempted = attempt_needed(q->plan);
}

static void
ask(Firing *f, const Asking *a, RowQuery *q, const char *transition_table, Tuplestorestate *from)
{
	bool few = tuplestore_tuple_count(from) <= LEDGER_FEW_ROWS;
	char *message;
	Rows rows;

	prepare_query(f, a, q, transition_table);
	if (!q->attempted)
		rows = rows_open(q->plan, NULL, few);
	else if (few && attempt_plan(q->plan, &message))
		rows = rows_given();
	else
	{
		register_some(f);
		take_some(f, a, prepared(f, a->sql(f, SOME_ROWS)), from, LEDGER_FEW_ROWS);
		return;
	}
	a->put(f, &rows);
}

/* Errors in the expressions are the table's: say which track they belong to. */
static void
capture_context(void *arg)
{
	const Firing *f = arg;

	errcontext("track \"%s\" of ledger \"%s\"", f->word[WORD_TRACK], f->ledger->schema);
}

static void
capture(Firing *f)
{
	const TriggerData *t = f->trigger;
	ErrorContextCallback context = {error_context_stack, capture_context, f};
	LedgerScope scope = ledger_act_as_invoker(f->ledger);
	Capture *c = find_capture(f);

	error_context_stack = &context;
	if (t->tg_newtable != NULL)
		ask(f, &NEW_ROWS, &c->rows, t->tg_trigger->tgnewtable, t->tg_newtable);
	if (t->tg_oldtable != NULL)
		ask(f, &OLD_KEYS, &c->keys, t->tg_trigger->tgoldtable, t->tg_oldtable);
	error_context_stack = context.previous;
	ledger_leave(&scope);
}

/* ---- writing, with the rights of the ledger's owner ---- */

#define CAPTURED_COLUMNS                                                                           \
	"customer_id, kind, occurred_at, amount, score, subject, channel, campaign, quantity,"         \
	" source_key, properties"

static const char ADD_TOUCHPOINTS[] =
	"INSERT INTO %1$s.touchpoint (" CAPTURED_COLUMNS ", source)"
	" SELECT " CAPTURED_COLUMNS ", $1 FROM captured ON CONFLICT DO NOTHING";

/* An update of a source row is a correction of its touchpoint, or brings it into being. */
static const char CORRECT_TOUCHPOINTS[] =
	"INSERT INTO %1$s.touchpoint AS t (" CAPTURED_COLUMNS ", source)"
	" SELECT DISTINCT ON (source_key) " CAPTURED_COLUMNS ", $1 FROM captured"
	" WHERE source_key IS NOT NULL ORDER BY source_key"
	" ON CONFLICT (source, source_key) WHERE source_key IS NOT NULL"
	" DO UPDATE SET customer_id = excluded.customer_id,"
	" kind = excluded.kind, occurred_at = excluded.occurred_at, amount = excluded.amount,"
	" score = excluded.score, subject = excluded.subject, channel = excluded.channel,"
	" campaign = excluded.campaign, quantity = excluded.quantity, properties = excluded.properties"
	" WHERE (t.customer_id, t.kind, t.occurred_at, t.amount, t.score, t.subject, t.channel,"
	" t.campaign, t.quantity, t.properties) IS DISTINCT FROM (excluded.customer_id, excluded.kind,"
	" excluded.occurred_at, excluded.amount, excluded.score, excluded.subject, excluded.channel,"
	" excluded.campaign, excluded.quantity, excluded.properties)";

static const char REMOVE_TOUCHPOINTS[] =
	"DELETE FROM %1$s.touchpoint t USING old_keys o"
	" WHERE t.source = $1 AND t.source_key = o.source_key"
	" AND NOT EXISTS (SELECT FROM captured c WHERE c.source_key = o.source_key)";

/*
 * An UPDATE of the source may remove some touchpoints, correct others and add yet others, by as many
 * statements: so whom any of them concerns is locked first, or each would be in order, but not all.
 * As everywhere, those who don't exist are added before any that exists is locked.
 */
static const char ADD_CORRECTED[] =
	"INSERT INTO %1$s.customer (customer_id) SELECT DISTINCT n.customer_id FROM captured n"
	" WHERE n.customer_id IS NOT NULL AND NOT EXISTS"
	" (SELECT FROM %1$s.customer c WHERE c.customer_id = n.customer_id)"
	" ORDER BY n.customer_id ON CONFLICT DO NOTHING";

#define LOCK_CORRECTED(touchpoints)                                                                \
	"SELECT pg_catalog.count(*) FROM (SELECT FROM %1$s.customer c WHERE c.customer_id IN ("        \
	"SELECT t.customer_id FROM old_keys o JOIN " touchpoints " UNION SELECT n.customer_id"         \
	" FROM captured n) ORDER BY c.customer_id FOR NO KEY UPDATE OF c) l"

static const char LOCK_CORRECTED_ROWS[] =
	LOCK_CORRECTED("%1$s.touchpoint t ON t.source = $1 AND t.source_key = o.source_key");

static const char LOCK_BY_KEY[] =
	LOCK_CORRECTED("%1$s.touchpoint_key k ON k.source = $1 AND k.source_key = o.source_key"
				   " JOIN %1$s.touchpoint t ON t.touchpoint_id = k.touchpoint_id"
				   " AND t.occurred_at = k.occurred_at");

/*
 * A partitioned log has no unique index that ON CONFLICT could name, so a correction claims the
 * keys first, which waits for whoever is writing one of them: what has a touchpoint by then is
 * updated, what has none is added.
 */
static const char CLAIM_KEYS[] =
	"INSERT INTO %1$s.touchpoint_key (source, source_key, occurred_at)"
	" SELECT DISTINCT ON (c.source_key) $1, c.source_key, c.occurred_at FROM captured c"
	" WHERE c.source_key IS NOT NULL ORDER BY c.source_key ON CONFLICT DO NOTHING";

static const char UPDATE_CLAIMED[] =
	"UPDATE %1$s.touchpoint t SET customer_id = c.customer_id, kind = c.kind,"
	" occurred_at = c.occurred_at, amount = c.amount, score = c.score, subject = c.subject,"
	" channel = c.channel, campaign = c.campaign, quantity = c.quantity, properties = c.properties"
	" FROM (SELECT DISTINCT ON (d.source_key) d.* FROM captured d ORDER BY d.source_key) c"
	" JOIN %1$s.touchpoint_key k ON k.source = $1 AND k.source_key = c.source_key"
	" WHERE t.touchpoint_id = k.touchpoint_id AND t.occurred_at = k.occurred_at"
	" AND (t.customer_id, t.kind, t.occurred_at, t.amount, t.score, t.subject, t.channel,"
	" t.campaign, t.quantity, t.properties) IS DISTINCT FROM (c.customer_id, c.kind,"
	" c.occurred_at, c.amount, c.score, c.subject, c.channel, c.campaign, c.quantity,"
	" c.properties)";

static const char ADD_CLAIMED[] =
	"INSERT INTO %1$s.touchpoint (" CAPTURED_COLUMNS ", source)"
	" SELECT DISTINCT ON (c.source_key) " CAPTURED_COLUMNS ", $1 FROM captured c"
	" WHERE EXISTS (SELECT FROM %1$s.touchpoint_key k WHERE k.source = $1"
	" AND k.source_key = c.source_key AND k.touchpoint_id IS NULL) ORDER BY c.source_key";

static const char REMOVE_BY_KEY[] =
	"DELETE FROM %1$s.touchpoint t USING old_keys o"
	" JOIN %1$s.touchpoint_key k ON k.source = $1 AND k.source_key = o.source_key"
	" WHERE t.touchpoint_id = k.touchpoint_id AND t.occurred_at = k.occurred_at"
	" AND NOT EXISTS (SELECT FROM captured c WHERE c.source_key = o.source_key)";

static const char ADD_REJECTED[] =
	"INSERT INTO %1$s.touchpoint_rejected (reason, " CAPTURED_COLUMNS ", source)"
	" SELECT reason, customer_id::pg_catalog.text, kind, occurred_at, amount, score, subject,"
	" channel, campaign, quantity, source_key, properties, $1 FROM refused";

static void
run_write(const Firing *f, LedgerQuery query, const char *format, int64 rows)
{
	Oid type = TEXTOID;
	Datum track = CStringGetTextDatum(f->word[WORD_TRACK]);
	SPIPlanPtr plan = ledger_plan(f->ledger, query, format, 1, &type, rows);
	int result = SPI_execute_plan(plan, &track, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not write touchpoints: %s", SPI_result_code_string(result));
}

static void
lock_corrected(const Firing *f)
{
	run_write(f, QUERY_ADD_CORRECTED, ADD_CORRECTED, f->n_captured);
	run_write(f, QUERY_LOCK_CORRECTED, f->ledger->partitioned ? LOCK_BY_KEY : LOCK_CORRECTED_ROWS,
			  Max(f->n_old, f->n_captured));
}

static void
remove_touchpoints(const Firing *f)
{
	if (f->ledger->partitioned)
		run_write(f, QUERY_REMOVE_BY_KEY, REMOVE_BY_KEY, f->n_old);
	else
		run_write(f, QUERY_REMOVE_TOUCHPOINTS, REMOVE_TOUCHPOINTS, f->n_old);
}

static void
correct_touchpoints(const Firing *f)
{
	if (!f->ledger->partitioned)
	{
		run_write(f, QUERY_CORRECT_TOUCHPOINTS, CORRECT_TOUCHPOINTS, f->n_captured);
		return;
	}
	run_write(f, QUERY_CLAIM_KEYS, CLAIM_KEYS, f->n_captured);
	run_write(f, QUERY_UPDATE_CLAIMED, UPDATE_CLAIMED, f->n_captured);
	run_write(f, QUERY_ADD_CLAIMED, ADD_CLAIMED, f->n_captured);
}

/* The captured row as one of the table touchpoint. */
static void
take_single(const Firing *f, TupleTableSlot *slot, TouchRow *row)
{
	static const TouchColumn PLACES[WORD_COLUMNS] = {
		TOUCH_CUSTOMER, TOUCH_KIND,		  TOUCH_AT,		   TOUCH_AMOUNT,
		TOUCH_SCORE,	TOUCH_SUBJECT,	  TOUCH_CHANNEL,   TOUCH_CAMPAIGN,
		TOUCH_QUANTITY, TOUCH_SOURCE_KEY, TOUCH_PROPERTIES};

	int pointer = tuplestore_alloc_read_pointer(f->captured, EXEC_FLAG_REWIND);

	tuplestore_select_read_pointer(f->captured, pointer);
	tuplestore_rescan(f->captured);
	if (!tuplestore_gettupleslot(f->captured, true, true, slot))
		elog(ERROR, "could not read a captured row");
	tuplestore_select_read_pointer(f->captured, 0);
	for (int i = 0; i < WORD_COLUMNS; i++)
		row->value[PLACES[i]] = slot_getattr(slot, i + 1, &row->isnull[PLACES[i]]);
	row->value[TOUCH_SOURCE] = CStringGetTextDatum(f->word[WORD_TRACK]);
	row->isnull[TOUCH_SOURCE] = false;
}

/* One new row takes the direct path, the trigger of touchpoint included; false if it can't. */
static bool
write_single(const Firing *f)
{
	TupleTableSlot *slot;
	TouchRow row;
	bool may;

	if (!TRIGGER_FIRED_BY_INSERT(f->trigger->tg_event) || f->n_captured != 1 || f->n_refused != 0 ||
		f->ledger->partitioned)
		return false;
	slot = MakeSingleTupleTableSlot(f->desc, &TTSOpsMinimalTuple);
	take_single(f, slot, &row);
	may = direct_may_log(f->ledger, &row);
	if (may)
	{
		LedgerScope scope = ledger_act_as_owner_directly(f->ledger);

		if (direct_log(f->ledger, &row))
			direct_fold(f->ledger, &row);
		ledger_leave(&scope);
	}
	ExecDropSingleTupleTableSlot(slot);
	return may;
}

static void
write_captured(const Firing *f)
{
	bool inserted = TRIGGER_FIRED_BY_INSERT(f->trigger->tg_event);
	LedgerScope scope = ledger_act_as_owner(f->ledger);

	if (Max(f->n_old, f->n_captured + f->n_refused) <= LEDGER_FEW_ROWS)
		ledger_prefer_indexes();
	if (f->n_old > 1 && f->n_captured > 0)
		lock_corrected(f);
	if (f->n_old > 0)
		remove_touchpoints(f);
	if (f->n_captured > 0 && inserted)
		run_write(f, QUERY_ADD_TOUCHPOINTS, ADD_TOUCHPOINTS, f->n_captured);
	else if (f->n_captured > 0)
		correct_touchpoints(f);
	if (f->n_refused > 0)
		run_write(f, QUERY_ADD_REJECTED, ADD_REJECTED, f->n_refused);
	ledger_leave(&scope);
}

/* ---- the trigger ---- */

static TupleDesc
captured_desc(const Ledger *l)
{
	TupleDesc desc = CreateTemplateTupleDesc(WORD_COLUMNS + 1);

	for (int i = 0; i < WORD_COLUMNS; i++)
		TupleDescInitEntry(desc, i + 1, COLUMNS[i], i == WORD_CUSTOMER ? l->key_type : TYPES[i], -1,
						   0);
	TupleDescInitEntry(desc, WORD_COLUMNS + 1, "reason", TEXTOID, -1, 0);
	TupleDescFinalize(desc);
	return desc;
}

static TupleDesc
key_desc(void)
{
	TupleDesc desc = CreateTemplateTupleDesc(1);

	TupleDescInitEntry(desc, 1, "source_key", TEXTOID, -1, 0);
	TupleDescFinalize(desc);
	return desc;
}

static void
check_capture_tables(const TriggerData *trigger)
{
	bool wants_new = !TRIGGER_FIRED_BY_DELETE(trigger->tg_event);
	bool wants_old = !TRIGGER_FIRED_BY_INSERT(trigger->tg_event);

	if ((wants_new && trigger->tg_newtable == NULL) || (wants_old && trigger->tg_oldtable == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" lacks the transition tables of function \"%s\"",
						trigger->tg_trigger->tgname, "touchpoint_capture"),
				 errhint("Declare REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows, as far "
						 "as the event has them.")));
}

/* Is there anything to do? */
static bool
any_rows(const TriggerData *trigger)
{
	return (trigger->tg_newtable != NULL && tuplestore_tuple_count(trigger->tg_newtable) > 0) ||
		   (trigger->tg_oldtable != NULL && tuplestore_tuple_count(trigger->tg_oldtable) > 0);
}

static void
fire(Firing *f)
{
	f->desc = captured_desc(f->ledger);
	f->key_desc = key_desc();
	f->captured = tuplestore_begin_heap(false, false, work_mem);
	f->refused = tuplestore_begin_heap(false, false, work_mem);
	f->old_keys = tuplestore_begin_heap(false, false, work_mem);
	capture(f);
	if (!write_single(f))
	{
		rows_register("captured", f->desc, f->captured, f->n_captured);
		rows_register("refused", f->desc, f->refused, f->n_refused);
		rows_register("old_keys", f->key_desc, f->old_keys, f->n_old);
		write_captured(f);
	}
	/* before the resource owner looks: what has spilled to disk is a file that is open */
	tuplestore_end(f->captured);
	tuplestore_end(f->refused);
	tuplestore_end(f->old_keys);
}

/* touchpoint_capture(ledger, word=value ...) -> trigger */
PG_FUNCTION_INFO_V1(touchpoint_capture);
Datum
touchpoint_capture(PG_FUNCTION_ARGS)
{
	Firing f = {0};

	ledger_check_trigger(fcinfo, "touchpoint_capture");
	f.trigger = (TriggerData *) fcinfo->context;
	take_arguments(&f);
	check_capture_tables(f.trigger);
	if (!any_rows(f.trigger))
		return PointerGetDatum(NULL);
	check_there(&f);
	f.ledger = ledger_by_name(f.trigger->tg_trigger->tgargs[0]);
	check_registered(&f);
	SPI_connect();
	SPI_register_trigger_data((TriggerData *) f.trigger);
	fire(&f);
	SPI_finish();
	return PointerGetDatum(NULL);
}
