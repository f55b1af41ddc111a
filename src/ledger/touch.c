/*
 * touch.c: touchpoints as the ledger's tables hold them, made ready for the fold.
 */
#include "ledger/ledger.h"

#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* ---- columns ---- */

static const struct
{
	const char *name;
	Oid type; /* InvalidOid: the key's */
} COLUMNS[TOUCH_COLUMN_COUNT] = {
	[TOUCH_CUSTOMER] = {"customer_id", InvalidOid}, [TOUCH_KIND] = {"kind", TEXTOID},
	[TOUCH_AT] = {"occurred_at", TIMESTAMPTZOID},	[TOUCH_AMOUNT] = {"amount", NUMERICOID},
	[TOUCH_SCORE] = {"score", FLOAT8OID},			[TOUCH_SUBJECT] = {"subject", TEXTOID},
	[TOUCH_CHANNEL] = {"channel", TEXTOID},			[TOUCH_CAMPAIGN] = {"campaign", TEXTOID},
	[TOUCH_SOURCE] = {"source", TEXTOID},			[TOUCH_SOURCE_KEY] = {"source_key", TEXTOID},
	[TOUCH_PROPERTIES] = {"properties", JSONBOID},	[TOUCH_QUANTITY] = {"quantity", NUMERICOID},
};

const char *
touch_column_name(TouchColumn column)
{
	return COLUMNS[column].name;
}

Oid
touch_column_type(const Ledger *ledger, TouchColumn column)
{
	return OidIsValid(COLUMNS[column].type) ? COLUMNS[column].type : ledger->key_type;
}

/* ---- can it be used? ---- */

/*
 * 1950-01-01 in UTC.  What is said to be older has a date that stands for none, and everything by
 * month would go on for centuries.
 */
#define EARLIEST (-18262 * USECS_PER_DAY)

static bool
off_scale(const LedgerKind *kind, bool has_score, double score)
{
	return kind->survey != SURVEY_NONE &&
		   (!has_score || !(score >= kind->scale_lo && score <= kind->scale_hi) ||
			score != floor(score));
}

/* What the columns of the log hold, numeric(18,4), once rounded. */
static void
number_limits(Datum *low, Datum *high)
{
	static Datum limits[2] = {0, 0};

	if (limits[1] == 0)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		for (int i = 0; i < 2; i++)
			limits[i] = DirectFunctionCall3(
				numeric_in, CStringGetDatum(i == 0 ? "-" TOUCH_NUMBER_LIMIT : TOUCH_NUMBER_LIMIT),
				ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		MemoryContextSwitchTo(old);
	}
	*low = limits[0];
	*high = limits[1];
}

/* NaN and the infinities are beyond the limits, too. */
static bool
within_limits(Datum numeric)
{
	Datum low;
	Datum high;

	number_limits(&low, &high);
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, numeric, high)) < 0 &&
		   DatumGetInt32(DirectFunctionCall2(numeric_cmp, numeric, low)) > 0;
}

bool
touch_number_fits(bool isnull, Datum numeric)
{
	return isnull || numeric_is_nan(DatumGetNumeric(numeric)) || within_limits(numeric);
}

char *
touch_clipped(const char *text)
{
	int length = strlen(text);
	int clipped = pg_mbcliplen(text, length, TOUCH_CLIPPED);

	return clipped == length ? pstrdup(text) : psprintf("%.*s...", clipped, text);
}

const char *
touch_number_fault(const char *word, bool isnull, Datum numeric)
{
	Numeric number;
	const char *fault = NULL;

	if (isnull)
		return NULL;
	number = DatumGetNumeric(numeric);
	if (!within_limits(NumericGetDatum(number)))
		fault = numeric_is_nan(number) ? psprintf("%s not a number", word)
									   : psprintf("%s out of range: %s", word,
												  touch_clipped(DatumGetCString(DirectFunctionCall1(
													  numeric_out, NumericGetDatum(number)))));
	/* a short one was copied, and a statement may have millions */
	if ((Pointer) number != DatumGetPointer(numeric))
		pfree(number);
	return fault;
}

const char *
touch_numbers_fault(bool no_amount, Datum amount, bool no_quantity, Datum quantity)
{
	const char *fault = touch_number_fault("amount", no_amount, amount);

	return fault != NULL ? fault : touch_number_fault("quantity", no_quantity, quantity);
}

const char *
touch_key_fault(const char *word, bool isnull, Datum key)
{
	if (isnull || toast_raw_datum_size(key) - VARHDRSZ <= TOUCH_KEY_LENGTH)
		return NULL;
	return psprintf("%s too long: %s", word, touch_clipped(TextDatumGetCString(key)));
}

static const char *
score_fault(const LedgerKind *kind, bool has_score, double score)
{
	if (off_scale(kind, has_score, score))
		return "score not on the scale of the survey";
	if (has_score && isnan(score))
		return "score not a number";
	if (has_score && isinf(score))
		return score > 0 ? "score out of range: Infinity" : "score out of range: -Infinity";
	return NULL;
}

const char *
touch_fault(const Ledger *ledger, const char *kind_name, bool has_customer, bool has_at,
			TimestampTz at, bool has_score, double score, const char *number_fault)
{
	const LedgerKind *kind;
	const char *fault;

	if (kind_name == NULL)
		return "no kind";
	kind = ledger_kind(ledger, kind_name);
	if (kind == NULL)
		return "unknown kind";
	if (!has_at)
		return "no instant";
	if (TIMESTAMP_NOT_FINITE(at))
		return "infinite instant";
	if (at < EARLIEST)
		return "before 1950";
	if (at - GetCurrentTransactionStartTimestamp() > ledger->future_tolerance)
		return "in the future";
	if (kind->needs_customer && !has_customer)
		return "no customer";
	fault = score_fault(kind, has_score, score);
	return fault != NULL ? fault : number_fault;
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
	if (nulls[TOUCH_KIND] || nulls[TOUCH_AT])
		return false;
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
