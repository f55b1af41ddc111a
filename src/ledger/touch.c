/*
 * touch.c: touchpoints as the ledger's tables hold them, made ready for the fold.
 */
#include "ledger/ledger.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* ---- can it be used? ---- */

static bool
off_scale(const LedgerKind *kind, bool has_score, double score)
{
	return kind->survey != SURVEY_NONE &&
		   (!has_score || !(score >= kind->scale_lo && score <= kind->scale_hi) ||
			score != floor(score));
}

bool
touch_is_nan(bool isnull, Datum numeric)
{
	Numeric number;
	bool is_nan;

	if (isnull)
		return false;
	number = DatumGetNumeric(numeric);
	is_nan = numeric_is_nan(number);
	/* a short one was copied, and a statement may have millions */
	if ((Pointer) number != DatumGetPointer(numeric))
		pfree(number);
	return is_nan;
}

const char *
touch_fault(const Ledger *ledger, const char *kind_name, bool has_customer, bool has_at,
			TimestampTz at, bool has_score, double score, bool has_nan)
{
	const LedgerKind *kind;

	if (kind_name == NULL)
		return "no kind";
	kind = ledger_kind(ledger, kind_name);
	if (kind == NULL)
		return "unknown kind";
	if (!has_at)
		return "no instant";
	if (TIMESTAMP_NOT_FINITE(at))
		return "infinite instant";
	if (at - GetCurrentTransactionStartTimestamp() > ledger->future_tolerance)
		return "in the future";
	if (kind->needs_customer && !has_customer)
		return "no customer";
	if (off_scale(kind, has_score, score))
		return "score not on the scale of the survey";
	if (has_nan)
		return "amount or quantity not a number";
	return NULL;
}

/* ---- properties ---- */

static char *
property(const Jsonb *properties, const char *name)
{
	JsonbValue value;

	if (properties == NULL || !JB_ROOT_IS_OBJECT(properties) ||
		getKeyJsonValueFromContainer((JsonbContainer *) &properties->root, name, strlen(name),
									 &value) == NULL ||
		value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

/*
 * An instant out of a property; FOLD_NEVER if it is none.  Words such as 'now' aren't: the fold
 * must not depend on when it is run.  Parsing text touches no data, so its error can be caught
 * here without a subtransaction.
 */
static int64
instant_property(const Ledger *ledger, const Jsonb *properties, const char *name)
{
	LedgerClock clock;
	char *text = property(properties, name);
	MemoryContext context = CurrentMemoryContext;
	volatile int64 result = FOLD_NEVER;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return FOLD_NEVER;
	ledger_enter_clock(ledger, &clock);
	PG_TRY();
	{
		result = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
														 ObjectIdGetDatum(InvalidOid),
														 Int32GetDatum(-1)));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	ledger_leave_clock(&clock);
	return result;
}

/* ---- reading ---- */

int64
touch_units(Datum numeric)
{
	Datum factor = DirectFunctionCall1(int4_numeric, Int32GetDatum(10000));

	return DatumGetInt64(
		DirectFunctionCall1(numeric_int8, DirectFunctionCall2(numeric_mul, numeric, factor)));
}

static char *
text_of(const Datum *values, const bool *nulls, TouchColumn column)
{
	return nulls[column] ? NULL : TextDatumGetCString(values[column]);
}

/* The date of an instant in the ledger's time zone, as a number. */
static int32
day_of(const Ledger *ledger, TimestampTz at)
{
	struct pg_tm tm;
	fsec_t fsec;
	int tz;

	if (timestamp2tm(at, &tz, &tm, &fsec, NULL, ledger->tz) != 0)
		return (int32) (at / FOLD_DAY);
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday);
}

static void
read_properties(const Ledger *ledger, const Datum *values, const bool *nulls, Touch *t)
{
	char *stage;

	t->properties = nulls[TOUCH_PROPERTIES] ? NULL : DatumGetJsonbPCopy(values[TOUCH_PROPERTIES]);
	t->fold.until = FOLD_NEVER;
	t->fold.forced = STAGE_NONE;
	t->fold.reason = t->kind->name;
	if (t->kind->fold.effect != FOLD_EFFECT_NONE)
		t->fold.until = instant_property(ledger, t->properties, "until");
	if (!t->kind->fold.forces)
		return;
	stage = property(t->properties, "stage");
	if (stage != NULL)
		t->fold.forced = stage_from_name(stage, strlen(stage));
	t->fold.actor = property(t->properties, "actor");
	t->fold.reason = property(t->properties, "reason");
	if (t->fold.reason == NULL)
		t->fold.reason = t->kind->name;
}

bool
touch_from_values(const Ledger *ledger, const Datum *values, const bool *nulls, Touch *t)
{
	FoldTouch *f = &t->fold;

	memset(t, 0, sizeof(*t));
	t->kind = ledger_kind(ledger, text_of(values, nulls, TOUCH_KIND));
	if (t->kind == NULL)
		return false;
	f->kind = &t->kind->fold;
	f->at = DatumGetTimestampTz(values[TOUCH_AT]);
	f->day = day_of(ledger, f->at);
	f->has_amount = !nulls[TOUCH_AMOUNT];
	f->amount = f->has_amount ? DatumGetInt64(values[TOUCH_AMOUNT]) : 0;
	f->has_score = !nulls[TOUCH_SCORE];
	f->score = f->has_score ? DatumGetFloat8(values[TOUCH_SCORE]) : 0;
	f->subject = text_of(values, nulls, TOUCH_SUBJECT);
	f->subject_length = f->subject == NULL ? 0 : (int) strlen(f->subject);
	t->quantity = nulls[TOUCH_QUANTITY] ? 0 : DatumGetInt64(values[TOUCH_QUANTITY]);
	t->channel = text_of(values, nulls, TOUCH_CHANNEL);
	t->campaign = text_of(values, nulls, TOUCH_CAMPAIGN);
	t->source = text_of(values, nulls, TOUCH_SOURCE);
	t->source_key = text_of(values, nulls, TOUCH_SOURCE_KEY);
	read_properties(ledger, values, nulls, t);
	return true;
}

bool
touch_read(const Ledger *ledger, HeapTuple row, TupleDesc desc, Touch *t)
{
	Datum values[TOUCH_COLUMN_COUNT];
	bool nulls[TOUCH_COLUMN_COUNT];

	heap_deform_tuple(row, desc, values, nulls);
	return touch_from_values(ledger, values, nulls, t);
}

/* ---- order ---- */

static int
compare_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int
compare_properties(const Jsonb *a, const Jsonb *b)
{
	int order;

	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(VARSIZE_ANY_EXHDR(a), VARSIZE_ANY_EXHDR(b)));
	return order != 0 ? order : COMPARE(VARSIZE_ANY_EXHDR(a), VARSIZE_ANY_EXHDR(b));
}

/* Touchpoints that are equal in all that the fold reads may come in any order. */
static int
compare_content(const Touch *a, const Touch *b)
{
	int order = compare_text(a->kind->name, b->kind->name);

	if (order == 0)
		order = compare_text(a->fold.subject, b->fold.subject);
	if (order == 0)
		order = COMPARE(a->fold.has_amount, b->fold.has_amount);
	if (order == 0)
		order = COMPARE(a->fold.amount, b->fold.amount);
	if (order == 0)
		order = COMPARE(a->fold.has_score, b->fold.has_score);
	if (order == 0)
		order = COMPARE(a->fold.score, b->fold.score);
	if (order == 0)
		order = COMPARE(a->quantity, b->quantity);
	if (order == 0)
		order = compare_text(a->channel, b->channel);
	if (order == 0)
		order = compare_text(a->campaign, b->campaign);
	return order != 0 ? order : compare_properties(a->properties, b->properties);
}

int
touch_compare(const void *x, const void *y)
{
	const Touch *a = x;
	const Touch *b = y;
	int order = COMPARE(a->fold.at, b->fold.at);

	if (order == 0)
		order = COMPARE(a->fold.kind->rank, b->fold.kind->rank);
	if (order == 0)
		order = compare_text(a->source, b->source);
	if (order == 0)
		order = compare_text(a->source_key, b->source_key);
	return order != 0 ? order : compare_content(a, b);
}
