/*
 * lifecycle.c: the aggregate lifecycle(at, kind, ...): where touchpoints of any table lead, by the
 * rules that a new ledger has, as a stage_timeline.
 *
 * The state is a bytea: how many of its bytes are in use, then the touchpoints as they came, with
 * room that doubles.  They are put in order, and folded, at the end; so any order will do.
 */
#include "ledger/ledger.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "common/summary.h"
#include "ledger/fold_state.h"
#include "ledger/ledger_rules.h"
#include "stage/stage_timeline.h"

#define STATE_HEADER (VARHDRSZ + sizeof(uint32))
#define STATE_FIRST 512
#define STATE_MAX ((Size) 256 * 1024 * 1024)

/* A touchpoint; the names of kind and subject follow. */
typedef struct Entry
{
	int64 at;
	int64 until;
	int64 amount;
	double score;
	uint32 kind_length; /* 0: only time passes */
	uint32 subject_length;
	uint8 has_amount; /* not bool: a hostile state has any bits */
	uint8 has_score;
	uint8 has_subject;
} Entry;

static uint32
used_bytes(const bytea *state)
{
	uint32 used;

	memcpy(&used, (const char *) state + VARHDRSZ, sizeof(used));
	return used;
}

static void
set_used(bytea *state, uint32 used)
{
	memcpy((char *) state + VARHDRSZ, &used, sizeof(used));
}

static void
damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of aggregate %s", "lifecycle"),
					errhint("Use the aggregate; its support functions are not for calling.")));
}

/*
 * The state of an aggregate, or a copy of what a user has given.  It is looked at in any case: an
 * aggregate that anybody has made of our functions begins with any bytes.
 */
static bytea *
state_arg(FunctionCallInfo fcinfo, int i)
{
	bytea *state = (bytea *) PG_GETARG_POINTER(i);

	if (i > 0 || !summary_is_state(fcinfo) || VARATT_IS_EXTENDED(state))
		state = (bytea *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i));
	if (VARSIZE(state) < STATE_HEADER || used_bytes(state) < STATE_HEADER ||
		used_bytes(state) > VARSIZE(state))
		damaged();
	return state;
}

static bytea *
new_state(Size size)
{
	bytea *state = palloc(size);

	SET_VARSIZE(state, size);
	set_used(state, STATE_HEADER);
	return state;
}

/* A state with room for so many bytes more. */
static bytea *
with_room(bytea *state, Size more)
{
	Size needed = used_bytes(state) + more;
	Size size = VARSIZE(state);
	bytea *bigger;

	if (needed <= size)
		return state;
	if (needed > STATE_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many touchpoints for one lifecycle"),
						errdetail("They would take %zu bytes; at most %zu are allowed.", needed,
								  STATE_MAX),
						errhint("Group by customer.")));
	while (size < needed)
		size = Max(size, STATE_FIRST) * 2;
	bigger = new_state(size);
	memcpy((char *) bigger + VARHDRSZ, (char *) state + VARHDRSZ, used_bytes(state) - VARHDRSZ);
	return bigger;
}

static bytea *
append(bytea *state, const void *what, Size size)
{
	uint32 used = used_bytes(state);

	memcpy((char *) state + used, what, size);
	set_used(state, used + size);
	return state;
}

/* ---- accumulate ---- */

static bool
given(FunctionCallInfo fcinfo, int i)
{
	return PG_NARGS() > i && !PG_ARGISNULL(i);
}

static text *
text_arg(FunctionCallInfo fcinfo, int i, uint32 *length)
{
	text *t = given(fcinfo, i) ? PG_GETARG_TEXT_PP(i) : NULL;

	*length = t == NULL ? 0 : VARSIZE_ANY_EXHDR(t);
	return t;
}

static Entry
entry_args(FunctionCallInfo fcinfo)
{
	Entry e;

	memset(&e, 0, sizeof(e));
	e.at = PG_GETARG_TIMESTAMPTZ(1);
	e.has_amount = given(fcinfo, 3);
	e.amount = e.has_amount ? touch_units(PG_GETARG_DATUM(3)) : 0;
	e.has_subject = given(fcinfo, 4);
	e.until = given(fcinfo, 5) ? PG_GETARG_TIMESTAMPTZ(5) : FOLD_NEVER;
	e.has_score = given(fcinfo, 6);
	e.score = e.has_score ? PG_GETARG_FLOAT8(6) : 0;
	if (TIMESTAMP_NOT_FINITE(e.at))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("a touchpoint must have a finite instant"),
						errhint("Leave such rows out with FILTER (WHERE isfinite(...)).")));
	return e;
}

/*
 * lifecycle_accum(state, at, kind [, amount [, subject, until [, score]]]) -> state
 *
 * A row without an instant is ignored; one without a kind lets time pass up to its instant.
 */
PG_FUNCTION_INFO_V1(lifecycle_accum);
Datum
lifecycle_accum(PG_FUNCTION_ARGS)
{
	bytea *state = PG_ARGISNULL(0) ? NULL : state_arg(fcinfo, 0);
	Entry e;
	text *kind;
	text *subject;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_BYTEA_P(state);
	}
	e = entry_args(fcinfo);
	kind = text_arg(fcinfo, 2, &e.kind_length);
	subject = text_arg(fcinfo, 4, &e.subject_length);
	if (state == NULL)
		state = new_state(STATE_FIRST);
	state = with_room(state, sizeof(e) + (Size) e.kind_length + e.subject_length);
	append(state, &e, sizeof(e));
	if (kind != NULL)
		append(state, VARDATA_ANY(kind), e.kind_length);
	if (subject != NULL)
		append(state, VARDATA_ANY(subject), e.subject_length);
	PG_RETURN_BYTEA_P(state);
}

/* lifecycle_combine(state, state) -> state: the touchpoints of both. */
PG_FUNCTION_INFO_V1(lifecycle_combine);
Datum
lifecycle_combine(PG_FUNCTION_ARGS)
{
	bytea *a = state_arg(fcinfo, 0);
	const bytea *b = state_arg(fcinfo, 1);
	Size size = used_bytes(b) - STATE_HEADER;

	a = with_room(a, size);
	PG_RETURN_BYTEA_P(append(a, (const char *) b + STATE_HEADER, size));
}

/* ---- finish ---- */

/* The default rules, read once a session. */
static const Ledger *
default_rules(FunctionCallInfo fcinfo)
{
	static Ledger *rules = NULL;
	Ledger *l;
	MemoryContext context;

	if (rules != NULL)
		return rules;
	context = AllocSetContextCreate(CurrentMemoryContext, "customer_lifecycle default rules",
									ALLOCSET_DEFAULT_SIZES);
	l = MemoryContextAllocZero(context, sizeof(Ledger));
	l->context = context;
	ledger_read_default_rules(
		l, quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid))));
	MemoryContextSetParent(context, CacheMemoryContext);
	rules = l;
	return rules;
}

static const LedgerKind *
known_kind(const Ledger *rules, const char *name)
{
	const LedgerKind *kind = ledger_kind(rules, name);

	if (kind == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown kind of touchpoint: \"%s\"", name),
						errhint("Kinds are those of ledger_default_kinds(); map your words with "
								"CASE, or leave rows out with FILTER.")));
	return kind;
}

/* Read the next entry, whose names begin at *at; false at the end. */
static bool
next_entry(const char **at, const char *end, Entry *e)
{
	if (*at == end)
		return false;
	if (end - *at < (ptrdiff_t) sizeof(*e))
		damaged();
	memcpy(e, *at, sizeof(*e));
	*at += sizeof(*e);
	if (e->kind_length > (size_t) (end - *at) ||
		e->subject_length > (size_t) (end - *at) - e->kind_length)
		damaged();
	return true;
}

static Touch
touch_of(const Ledger *rules, const Entry *e, const char *names)
{
	Touch t;

	memset(&t, 0, sizeof(t));
	t.kind = known_kind(rules, pnstrdup(names, e->kind_length));
	t.fold.kind = &t.kind->fold;
	t.fold.at = e->at;
	t.fold.day = (int32) floor((double) e->at / FOLD_DAY);
	t.fold.has_amount = e->has_amount != 0;
	t.fold.amount = e->amount;
	t.fold.has_score = e->has_score != 0;
	t.fold.score = e->score;
	t.fold.until = e->until;
	t.fold.subject = e->has_subject ? pnstrdup(names + e->kind_length, e->subject_length) : NULL;
	t.fold.subject_length = e->subject_length;
	t.fold.forced = STAGE_NONE;
	t.source = "";
	return t;
}

static Touch *
touches_of(const Ledger *rules, const bytea *state, int *n, int64 *horizon)
{
	const char *at = (const char *) state + STATE_HEADER;
	const char *end = (const char *) state + used_bytes(state);
	Touch *touches = MemoryContextAllocHuge(CurrentMemoryContext,
											((end - at) / sizeof(Entry) + 1) * sizeof(Touch));
	Entry e;

	*n = 0;
	*horizon = FOLD_ALWAYS;
	while (next_entry(&at, end, &e))
	{
		if (e.kind_length == 0)
			*horizon = Max(*horizon, e.at);
		else
			touches[(*n)++] = touch_of(rules, &e, at);
		at += e.kind_length + e.subject_length;
		CHECK_FOR_INTERRUPTS();
	}
	qsort(touches, *n, sizeof(Touch), touch_compare);
	return touches;
}

static StageTimeline *
timeline_of(const FoldLog *log)
{
	TimestampTz *at = palloc(log->n * sizeof(TimestampTz));
	LifecycleStage *stage = palloc(log->n * sizeof(LifecycleStage));

	for (int i = 0; i < log->n; i++)
	{
		at[i] = log->span[i].entered_at;
		stage[i] = log->span[i].stage;
	}
	return stage_timeline_from_changes(log->n, at, stage);
}

/* lifecycle_final(state) -> stage_timeline; NULL without a touchpoint. */
PG_FUNCTION_INFO_V1(lifecycle_final);
Datum
lifecycle_final(PG_FUNCTION_ARGS)
{
	const Ledger *l = default_rules(fcinfo);
	int n;
	int64 horizon;
	Touch *touches = touches_of(l, state_arg(fcinfo, 0), &n, &horizon);
	FoldState s;
	FoldLog log = {NULL, 0};

	if (n == 0)
		PG_RETURN_NULL();
	fold_state_new(&l->rules, n, &s);
	/* at most as many as each call may make, all of them together */
	log.span = MemoryContextAllocHuge(CurrentMemoryContext,
									  ((Size) n + 2) * FOLD_MAX_NEW_SPANS * sizeof(FoldSpan));
	for (int i = 0; i < n; i++)
		fold_touch(&s, &l->rules, &touches[i].fold, &log);
	fold_advance(&s, &l->rules, horizon, &log);
	PG_RETURN_POINTER(timeline_of(&log));
}
