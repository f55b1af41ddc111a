/*
 * purchase_summary.c: the type purchase_summary and its aggregates' state machine.
 *
 * Accumulate, combine, observe and finish.  Text and binary form are in purchase_summary_io.c, what
 * the numbers mean in purchase_accessors.c.
 */
#include "value/purchase_summary.h"

#include "common/summary.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "value/purchase_summary_v1.h"

/* A state begins with so many bytes, or twice as many until a bucket fits. */
#define FIRST_SIZE 128

/* ---- memory ---- */

static inline Size
layout_size(int flags, int zone_len, int kind, int capacity)
{
	Size end = (flags & (PURCHASE_OBSERVED | PURCHASE_GIVEN)) != 0 ? sizeof(PurchaseEnd) : 0;
	Size width = kind == BUCKET_TIME ? sizeof(int64) : sizeof(int32);

	return offsetof(PurchaseSummary, data) + end + MAXALIGN(zone_len) + width * capacity;
}

static inline Size
size_for(const PurchaseSummary *s, int capacity)
{
	return layout_size(s->flags, s->zone_len, s->bucket_kind, capacity);
}

static inline int
capacity_of(const PurchaseSummary *s)
{
	return (int) ((VARSIZE(s) - size_for(s, 0)) / purchase_bucket_width(s));
}

/* The size of a state with room for what takes so many bytes. */
static Size
state_size(Size needed)
{
	Size size = FIRST_SIZE;

	while (size < needed)
		size *= 2;
	return size;
}

/* A summary of another size and with other flags, which govern where everything is. */
static PurchaseSummary *
with_layout(const PurchaseSummary *s, int flags, Size size)
{
	PurchaseSummary *copy = palloc0(size);

	memcpy(copy, s, offsetof(PurchaseSummary, data));
	SET_VARSIZE(copy, size);
	copy->flags = flags;
	if (purchase_has_end(copy) && purchase_has_end(s))
		*purchase_end(copy) = *purchase_end(s);
	memcpy(purchase_zone_name(copy), purchase_zone_name(s), s->zone_len);
	if (!purchase_is(s, PURCHASE_GIVEN))
		memcpy(purchase_buckets(copy), purchase_buckets(s),
			   (Size) s->count * purchase_bucket_width(s));
	return copy;
}

static PurchaseSummary *
new_with_size(const PurchaseBucket *bucket, const char *zone, int flags, Size size)
{
	PurchaseSummary *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = PURCHASE_SUMMARY_VERSION;
	s->flags = flags;
	s->zone_len = strlen(zone);
	s->bucket_kind = bucket->kind;
	s->bucket_size = bucket->size;
	memcpy(purchase_zone_name(s), zone, s->zone_len);
	return s;
}

PurchaseSummary *
purchase_summary_new(const PurchaseBucket *bucket, const char *zone, int flags, int capacity)
{
	return new_with_size(bucket, zone, flags,
						 layout_size(flags, strlen(zone), bucket->kind, capacity));
}

static void
too_many_buckets(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many purchases for a purchase_summary"),
			 errdetail("A summary holds at most %d buckets with a purchase; this one needs at "
					   "least %d.",
					   PURCHASE_MAX_BUCKETS, PURCHASE_MAX_BUCKETS + 1),
			 errhint("Group by customer, or count purchases in longer buckets.")));
}

/* ---- checks ---- */

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static inline bool
layout_is_sound(const PurchaseSummary *s)
{
	if (VARSIZE(s) < offsetof(PurchaseSummary, data) || s->version != PURCHASE_SUMMARY_VERSION ||
		(s->flags & ~PURCHASE_ALL_FLAGS) != 0 || s->bucket_kind < BUCKET_DAYS ||
		s->bucket_kind > BUCKET_TIME || s->bucket_size <= 0 || s->scale > MONEY_MAX_SCALE)
		return false;
	if (purchase_is(s, PURCHASE_GIVEN))
		return s->count > 0 && VARSIZE(s) == size_for(s, 0);
	return s->count >= 0 && s->count <= PURCHASE_MAX_BUCKETS && VARSIZE(s) >= size_for(s, s->count);
}

/* The value that an argument holds, in the present layout. */
static PurchaseSummary *
checked(PurchaseSummary *s)
{
	if (unlikely(s->version == PURCHASE_SUMMARY_VERSION_1))
		s = purchase_summary_from_v1(s);
	if (unlikely(s == NULL || !layout_is_sound(s)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type purchase_summary"),
				 errhint("The stored value is damaged or was written by a newer version.")));
	return s;
}

/*
 * The summary in argument i: within an aggregate our own state, to be changed in place; else a
 * checked copy of a user's value.
 */
static PurchaseSummary *
writable_summary(FunctionCallInfo fcinfo, int i)
{
	PurchaseSummary *s = (PurchaseSummary *) PG_GETARG_POINTER(i);

	if (!summary_is_state(fcinfo) || VARATT_IS_EXTENDED(s))
		s = (PurchaseSummary *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i));
	return checked(s);
}

static const PurchaseSummary *
readable_summary(FunctionCallInfo fcinfo, int i)
{
	return checked((PurchaseSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i)));
}

static char *
rule_shown(const PurchaseBucket *bucket, const char *zone, int zone_len)
{
	return psprintf("%s in time zone %.*s", purchase_bucket_to_string(bucket), zone_len, zone);
}

static char *
summary_rule_shown(const PurchaseSummary *s)
{
	PurchaseBucket bucket = purchase_bucket_of(s);

	return rule_shown(&bucket, purchase_zone_name(s), s->zone_len);
}

/* ---- the list of buckets ---- */

static void
set_bucket(PurchaseSummary *s, int i, int64 number)
{
	char *buckets = purchase_buckets(s);

	if (s->bucket_kind == BUCKET_TIME)
		((int64 *) buckets)[i] = number;
	else
		((int32 *) buckets)[i] = (int32) number;
}

static int
compare_int32(const void *a, const void *b)
{
	int32 x = *(const int32 *) a;
	int32 y = *(const int32 *) b;

	return (x > y) - (x < y);
}

static int
compare_int64(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* Sort, and drop what is there twice. */
static void
sort_buckets(PurchaseSummary *s)
{
	char *buckets = purchase_buckets(s);
	int kept = 0;

	if (!purchase_is(s, PURCHASE_UNSORTED))
		return;
	CHECK_FOR_INTERRUPTS();
	qsort(buckets, s->count, purchase_bucket_width(s),
		  s->bucket_kind == BUCKET_TIME ? compare_int64 : compare_int32);
	for (int i = 0; i < s->count; i++)
		if (i == 0 || purchase_bucket_at(s, i) != purchase_bucket_at(s, kept - 1))
			set_bucket(s, kept++, purchase_bucket_at(s, i));
	s->count = kept;
	s->flags &= ~PURCHASE_UNSORTED;
}

/*
 * Room for one more, after dropping duplicates: doubled unless that freed half of it.  The largest
 * state has more room than a summary may hold.
 */
static PurchaseSummary *
with_room(PurchaseSummary *s)
{
	int capacity = Min(capacity_of(s), PURCHASE_MAX_BUCKETS);

	if (likely(s->count < capacity))
		return s;
	sort_buckets(s);
	if (s->count >= PURCHASE_MAX_BUCKETS)
		too_many_buckets();
	if (capacity < PURCHASE_MAX_BUCKETS && (s->count > capacity / 2 || s->count == capacity))
	{
		/* a stored value may have any capacity: twice that could be more than palloc() gives */
		int more = Min(Max(2 * capacity, 1), PURCHASE_MAX_BUCKETS);

		s = with_layout(s, s->flags, state_size(size_for(s, more)));
	}
	return s;
}

/* In time order and without gaps in memory is the usual case: then it never needs sorting. */
PurchaseSummary *
purchase_summary_append(PurchaseSummary *s, int64 number)
{
	if (s->count > 0 && number == purchase_bucket_at(s, s->count - 1))
		return s;
	s = with_room(s);
	if (s->count > 0 && number <= purchase_bucket_at(s, s->count - 1))
		s->flags |= PURCHASE_UNSORTED;
	set_bucket(s, s->count++, number);
	return s;
}

PurchaseSummary *
purchase_summary_canonical(const PurchaseSummary *s)
{
	PurchaseSummary *copy;

	if (purchase_is(s, PURCHASE_GIVEN))
		return with_layout(s, s->flags, size_for(s, 0));
	copy = with_layout(s, s->flags, size_for(s, s->count));
	sort_buckets(copy);
	SET_VARSIZE(copy, size_for(copy, copy->count));
	return copy;
}

const PurchaseSummary *
purchase_summary_arg(FunctionCallInfo fcinfo, int i)
{
	const PurchaseSummary *s = readable_summary(fcinfo, i);

	if (purchase_is(s, PURCHASE_UNSORTED) ||
		(!purchase_is(s, PURCHASE_GIVEN) && VARSIZE(s) != size_for(s, s->count)))
		s = purchase_summary_canonical(s);
	return s;
}

/* ---- one row of an aggregate ---- */

/* The bucket and zone of the rows, as the last row gave them: only remembered, never relied on. */
typedef struct RowRule
{
	Interval interval;
	char given_zone[TZ_STRLEN_MAX + 1];
	PurchaseBucket bucket;
	PeriodCalendar *calendar; /* of the zone; NULL: not known yet */
	const char *zone;		  /* its canonical name */
	int zone_len;
} RowRule;

static void
use_zone(RowRule *rule, pg_tz *tz)
{
	rule->calendar = purchase_calendar(tz);
	rule->zone = pg_get_timezone_name(tz);
	rule->zone_len = strlen(rule->zone);
}

/* Arguments bucket (3) and time_zone (4). */
static void
use_given_rule(FunctionCallInfo fcinfo, RowRule *rule)
{
	const Interval *interval;
	const text *zone;
	Size zone_len;

	if (PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the bucket and the time zone of purchases must not be null"),
				 errhint("For example: purchase_agg(at, amount, '1 day', 'Europe/Berlin').")));
	interval = PG_GETARG_INTERVAL_P(3);
	zone = PG_GETARG_TEXT_PP(4);
	zone_len = VARSIZE_ANY_EXHDR(zone);
	if (rule->calendar != NULL && memcmp(interval, &rule->interval, sizeof(Interval)) == 0 &&
		strlen(rule->given_zone) == zone_len &&
		memcmp(VARDATA_ANY(zone), rule->given_zone, zone_len) == 0)
		return;
	rule->calendar = NULL;
	rule->bucket = purchase_bucket_from_interval(interval);
	use_zone(rule, purchase_zone(text_to_cstring(zone)));
	rule->interval = *interval;
	/* longer names than the time zone database has were refused just now */
	memcpy(rule->given_zone, VARDATA_ANY(zone), zone_len);
	rule->given_zone[zone_len] = '\0';
}

static RowRule *
row_rule(FunctionCallInfo fcinfo)
{
	RowRule *rule = fcinfo->flinfo->fn_extra;

	if (rule == NULL)
	{
		rule = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RowRule));
		rule->bucket = (PurchaseBucket){BUCKET_DAYS, 1};
		fcinfo->flinfo->fn_extra = rule;
	}
	if (PG_NARGS() == 5)
		use_given_rule(fcinfo, rule);
	else if (rule->calendar == NULL || rule->calendar->key.zone != session_timezone)
		use_zone(rule, session_timezone);
	return rule;
}

static void
check_same_rule(const PurchaseSummary *s, const RowRule *rule)
{
	if (likely(s->bucket_size == rule->bucket.size && s->bucket_kind == (int) rule->bucket.kind &&
			   s->zone_len == rule->zone_len &&
			   memcmp(purchase_zone_name(s), rule->zone, rule->zone_len) == 0 &&
			   !purchase_is(s, PURCHASE_GIVEN)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the bucket changes from %s to %s within one aggregate", summary_rule_shown(s),
					rule_shown(&rule->bucket, rule->zone, rule->zone_len)),
			 errhint("Group by the bucket and the time zone, so that each summary has one.")));
}

/* The summary that the row is to change; the first row makes it. */
static PurchaseSummary *
state_for_row(FunctionCallInfo fcinfo, const RowRule *rule)
{
	PurchaseSummary *s;
	bool has_amount = PG_NARGS() > 2;

	if (PG_ARGISNULL(0))
	{
		int flags = has_amount ? PURCHASE_HAS_AMOUNT : 0;

		return new_with_size(&rule->bucket, rule->zone, flags,
							 state_size(layout_size(flags, rule->zone_len, rule->bucket.kind, 1)));
	}
	s = writable_summary(fcinfo, 0);
	check_same_rule(s, rule);
	if (purchase_is(s, PURCHASE_HAS_AMOUNT) != has_amount)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("some purchases of a purchase_summary have amounts and some have not"),
				 errhint("Build all parts with purchase_agg(at, amount), or all without.")));
	return s;
}

/* All sums of s at one scale with the amount; the amount's units at that scale are returned. */
static int128
at_common_scale(PurchaseSummary *s, ExactMoney amount)
{
	int finer = amount.scale - s->scale;

	if (likely(finer == 0))
		return amount.units;
	if (finer < 0)
		return money_rescale(amount.units, -finer);
	money_units_set(&s->spend, money_rescale(money_units_get(&s->spend), finer));
	money_units_set(&s->first_spend, money_rescale(money_units_get(&s->first_spend), finer));
	money_units_set(&s->refunds, money_rescale(money_units_get(&s->refunds), finer));
	s->scale = amount.scale;
	return amount.units;
}

static inline void
add_units(MoneyUnits *sum, int128 units)
{
	money_units_set(sum, money_add(money_units_get(sum), units));
}

static void
check_observed(TimestampTz at, TimestampTz as_of)
{
	if (at > as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a purchase at %s is after the end of observation, %s",
						pstrdup(timestamptz_to_str(at)), pstrdup(timestamptz_to_str(as_of))),
				 errhint("Leave later purchases out with FILTER (WHERE at <= as_of), or observe "
						 "longer.")));
}

/* spend is at the summary's scale */
static PurchaseSummary *
add_purchase(PurchaseSummary *s, TimestampTz at, int64 bucket, int128 spend)
{
	bool first = s->count == 0;

	if (purchase_is(s, PURCHASE_OBSERVED))
		check_observed(at, purchase_end(s)->as_of);
	if (first || at < s->first_at)
		s->first_at = at;
	if (first || at > s->last_at)
		s->last_at = at;
	if (first || bucket < s->first_bucket)
	{
		s->first_bucket = bucket;
		money_units_set(&s->first_spend, spend);
	}
	else if (bucket == s->first_bucket)
		add_units(&s->first_spend, spend);
	add_units(&s->spend, spend);
	return purchase_summary_append(s, bucket);
}

/*
 * purchase_summary_accum(purchase_summary, at [, amount [, bucket, time_zone]]) -> purchase_summary
 *
 * Counts a purchase; a row in which at or amount is NULL is ignored.  A negative amount is a refund
 * and no purchase.  ERROR on infinite times and amounts, and on a bucket or zone that changes.
 */
PG_FUNCTION_INFO_V1(purchase_summary_accum);
Datum
purchase_summary_accum(PG_FUNCTION_ARGS)
{
	const bool has_amount = PG_NARGS() > 2;
	ExactMoney amount = {0, 0};
	RowRule *rule;
	PurchaseSummary *s;
	TimestampTz at;

	if (PG_ARGISNULL(1) || (has_amount && PG_ARGISNULL(2)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	rule = row_rule(fcinfo);
	s = state_for_row(fcinfo, rule);
	at = PG_GETARG_TIMESTAMPTZ(1);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("a purchase cannot be at %s", timestamptz_to_str(at)),
						errhint("Leave out rows whose time is not known, or give NULL.")));
	if (has_amount)
	{
		amount = money_from_numeric(PG_GETARG_DATUM(2));
		amount.units = at_common_scale(s, amount);
	}
	if (amount.units < 0)
	{
		add_units(&s->refunds, amount.units);
		PG_RETURN_POINTER(s);
	}
	PG_RETURN_POINTER(add_purchase(s, at, purchase_bucket_number(&rule->bucket, rule->calendar, at),
								   amount.units));
}

/* ---- combine and finish ---- */

static void
check_mergeable(const PurchaseSummary *a, const PurchaseSummary *b)
{
	const int must_agree = PURCHASE_HAS_AMOUNT | PURCHASE_OBSERVED;

	if (purchase_is(a, PURCHASE_GIVEN) || purchase_is(b, PURCHASE_GIVEN))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge a purchase_summary made from a frequency"),
						errdetail("It does not know when its purchases were."),
						errhint("Build summaries with purchase_agg() to merge them.")));
	if (a->bucket_kind != b->bucket_kind || a->bucket_size != b->bucket_size ||
		a->zone_len != b->zone_len ||
		memcmp(purchase_zone_name(a), purchase_zone_name(b), a->zone_len) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge purchases by %s with purchases by %s",
							   summary_rule_shown(a), summary_rule_shown(b)),
						errhint("Build both with the same bucket and time zone.")));
	if ((a->flags & must_agree) != (b->flags & must_agree) ||
		(purchase_is(a, PURCHASE_OBSERVED) && purchase_end(a)->as_of != purchase_end(b)->as_of))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge purchase summaries that differ in %s",
							   ((a->flags ^ b->flags) & PURCHASE_HAS_AMOUNT) != 0
								   ? "whether amounts are known"
								   : "the end of observation"),
						errhint("Build all parts with amounts or all without, and use observe() "
								"after merging.")));
}

/* What b spent in the first bucket of both; both are at one scale. */
static void
merge_first_bucket(PurchaseSummary *a, const PurchaseSummary *b, int128 b_first_spend)
{
	if (a->count == 0 || b->first_bucket < a->first_bucket)
	{
		a->first_bucket = b->first_bucket;
		money_units_set(&a->first_spend, b_first_spend);
	}
	else if (b->first_bucket == a->first_bucket)
		add_units(&a->first_spend, b_first_spend);
}

/* a + b; a is changed in place where it has room, else replaced. */
static PurchaseSummary *
merge(PurchaseSummary *a, const PurchaseSummary *b)
{
	int coarser;

	check_mergeable(a, b);
	at_common_scale(a, (ExactMoney){0, b->scale});
	coarser = a->scale - b->scale;
	add_units(&a->spend, money_rescale(money_units_get(&b->spend), coarser));
	add_units(&a->refunds, money_rescale(money_units_get(&b->refunds), coarser));
	if (b->count == 0)
		return a;
	merge_first_bucket(a, b, money_rescale(money_units_get(&b->first_spend), coarser));
	a->first_at = a->count == 0 ? b->first_at : Min(a->first_at, b->first_at);
	a->last_at = a->count == 0 ? b->last_at : Max(a->last_at, b->last_at);
	for (int i = 0; i < b->count; i++)
		a = purchase_summary_append(a, purchase_bucket_at(b, i));
	return a;
}

/*
 * purchase_summary_combine(purchase_summary, purchase_summary) -> purchase_summary
 *
 * The purchases of both; different buckets or zones are an ERROR.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(purchase_summary_combine);
Datum
purchase_summary_combine(PG_FUNCTION_ARGS)
{
	PurchaseSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, readable_summary(fcinfo, 1)));
}

/* purchase_summary_final(purchase_summary) -> purchase_summary: in canonical form. */
PG_FUNCTION_INFO_V1(purchase_summary_final);
Datum
purchase_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(purchase_summary_canonical(readable_summary(fcinfo, 0)));
}

/* purchase_summary + purchase_summary -> purchase_summary: both together. */
PG_FUNCTION_INFO_V1(purchase_summary_add);
Datum
purchase_summary_add(PG_FUNCTION_ARGS)
{
	PurchaseSummary *a = purchase_summary_canonical(readable_summary(fcinfo, 0));

	PG_RETURN_POINTER(purchase_summary_canonical(merge(a, readable_summary(fcinfo, 1))));
}

PurchaseSummary *
purchase_summary_observed(const PurchaseSummary *s, TimestampTz as_of)
{
	const PurchaseSummary *sorted = purchase_summary_canonical(s);
	PurchaseBucket bucket = purchase_bucket_of(s);
	int flags = s->flags | PURCHASE_OBSERVED;
	PurchaseSummary *copy =
		with_layout(sorted, flags & ~PURCHASE_UNSORTED,
					layout_size(flags, s->zone_len, s->bucket_kind, sorted->count));
	PurchaseEnd *end = purchase_end(copy);

	end->as_of = as_of;
	end->as_of_bucket = purchase_bucket_number(
		&bucket, purchase_calendar(purchase_zone(pnstrdup(purchase_zone_name(s), s->zone_len))),
		as_of);
	/* a zone's rules may have changed since the purchases were counted */
	if (copy->count > 0)
		end->as_of_bucket = Max(end->as_of_bucket, purchase_bucket_at(copy, copy->count - 1));
	return copy;
}

/*
 * observe(history purchase_summary, as_of timestamptz) -> purchase_summary
 *
 * The same purchases, known to be all until as_of (inclusive).  A purchase after it is an ERROR.
 */
PG_FUNCTION_INFO_V1(observe);
Datum
observe(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = readable_summary(fcinfo, 0);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(1);

	if (purchase_is(s, PURCHASE_GIVEN))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot observe a purchase_summary made from a frequency"),
						errdetail("Its age was given when it was made.")));
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("the end of observation cannot be %s", timestamptz_to_str(as_of)),
						errhint("Give the instant up to which all purchases are known.")));
	if (s->count > 0)
		check_observed(s->last_at, as_of);
	PG_RETURN_POINTER(purchase_summary_observed(s, as_of));
}
