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
#include "utils/timestamp.h"

enum
{
	COLUMN_CUSTOMER = 1,
	COLUMN_KIND,
	COLUMN_AT,
	COLUMN_AMOUNT,
	COLUMN_SCORE,
	COLUMN_SUBJECT,
	COLUMN_CHANNEL,
	COLUMN_CAMPAIGN,
	COLUMN_SOURCE,
	COLUMN_SOURCE_KEY,
	COLUMN_PROPERTIES,
	COLUMN_QUANTITY
};

/* ---- can it be used? ---- */

static bool
off_scale(const LedgerKind *kind, bool has_score, double score)
{
	return kind->survey != SURVEY_NONE &&
		   (!has_score || !(score >= kind->scale_lo && score <= kind->scale_hi) ||
			score != floor(score));
}

const char *
touch_fault(const Ledger *ledger, const char *kind_name, bool has_customer, bool has_at,
			TimestampTz at, bool has_score, double score)
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
instant_property(const Jsonb *properties, const char *name)
{
	char *text = property(properties, name);
	MemoryContext context = CurrentMemoryContext;
	volatile int64 result = FOLD_NEVER;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return FOLD_NEVER;
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
	return result;
}

/* ---- reading ---- */

static char *
text_column(HeapTuple row, TupleDesc desc, int column)
{
	bool isnull;
	Datum value = heap_getattr(row, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
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
read_numbers(HeapTuple row, TupleDesc desc, Touch *t)
{
	FoldTouch *f = &t->fold;
	bool isnull;
	Datum value = heap_getattr(row, COLUMN_AMOUNT, desc, &isnull);

	f->has_amount = !isnull;
	f->amount = isnull ? 0 : DatumGetInt64(value);
	value = heap_getattr(row, COLUMN_SCORE, desc, &isnull);
	f->has_score = !isnull;
	f->score = isnull ? 0 : DatumGetFloat8(value);
	value = heap_getattr(row, COLUMN_QUANTITY, desc, &isnull);
	t->quantity = isnull ? 0 : DatumGetInt64(value);
}

static void
read_properties(HeapTuple row, TupleDesc desc, Touch *t)
{
	bool isnull;
	Datum value = heap_getattr(row, COLUMN_PROPERTIES, desc, &isnull);
	char *stage;

	t->properties = isnull ? NULL : DatumGetJsonbPCopy(value);
	t->fold.until = FOLD_NEVER;
	t->fold.forced = STAGE_NONE;
	t->fold.reason = t->kind->name;
	if (t->kind->fold.effect != FOLD_EFFECT_NONE)
		t->fold.until = instant_property(t->properties, "until");
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
touch_read(const Ledger *ledger, HeapTuple row, TupleDesc desc, Touch *t)
{
	bool isnull;

	memset(t, 0, sizeof(*t));
	t->kind = ledger_kind(ledger, text_column(row, desc, COLUMN_KIND));
	if (t->kind == NULL)
		return false;
	t->fold.kind = &t->kind->fold;
	t->fold.at = DatumGetTimestampTz(heap_getattr(row, COLUMN_AT, desc, &isnull));
	t->fold.day = day_of(ledger, t->fold.at);
	read_numbers(row, desc, t);
	t->fold.subject = text_column(row, desc, COLUMN_SUBJECT);
	t->fold.subject_length = t->fold.subject == NULL ? 0 : (int) strlen(t->fold.subject);
	t->channel = text_column(row, desc, COLUMN_CHANNEL);
	t->campaign = text_column(row, desc, COLUMN_CAMPAIGN);
	t->source = text_column(row, desc, COLUMN_SOURCE);
	t->source_key = text_column(row, desc, COLUMN_SOURCE_KEY);
	read_properties(row, desc, t);
	return true;
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
