/*
 * clv_sample.c: the type clv_sample and its aggregates' state machine.
 *
 * Accumulate, combine and finish; text and binary form are in clv_sample_io.c.
 */
#include "value/clv_sample.h"

#include <math.h>

#include "common/int.h"
#include "common/summary.h"
#include "miscadmin.h"
#include "value/purchase_summary.h"

#define FIRST_CAPACITY 16
#define EMPTY (-1)

/* ---- memory ---- */

static Size
size_for(int history_capacity, int spend_capacity, bool hashed)
{
	Size slots = hashed ? 2 * sizeof(int32) : 0;

	return offsetof(ClvSample, data) + history_capacity * (sizeof(ClvHistory) + slots) +
		   spend_capacity * (sizeof(ClvSpend) + slots);
}

ClvSample *
clv_sample_new(int history_capacity, int spend_capacity)
{
	Size size = size_for(history_capacity, spend_capacity, false);
	ClvSample *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = CLV_SAMPLE_VERSION;
	s->history_capacity = history_capacity;
	s->spend_capacity = spend_capacity;
	return s;
}

static int32 *
history_slots(const ClvSample *s)
{
	return (int32 *) (clv_spends(s) + s->spend_capacity);
}

static int32 *
spend_slots(const ClvSample *s)
{
	return history_slots(s) + 2 * s->history_capacity;
}

/* ---- finding equal rows ---- */

static inline uint64
mixed(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

static inline uint64
hash_history(const ClvHistory *h)
{
	return mixed((uint64) h->x + mixed((uint64) h->recency + mixed((uint64) h->age)));
}

static inline uint64
hash_spend(const ClvSpend *s)
{
	uint64 bits;

	memcpy(&bits, &s->mean, sizeof(bits));
	return mixed((uint64) s->x + mixed(bits));
}

/* The slot of an equal history, or the empty one where it belongs. */
static inline int32 *
find_history(const ClvSample *s, const ClvHistory *h)
{
	const ClvHistory *rows = clv_histories(s);
	int32 *slots = history_slots(s);
	uint32 mask = 2 * (uint32) s->history_capacity - 1;

	for (uint32 i = (uint32) hash_history(h) & mask;; i = (i + 1) & mask)
	{
		const ClvHistory *row = &rows[slots[i] == EMPTY ? 0 : slots[i]];

		if (slots[i] == EMPTY ||
			(row->x == h->x && row->recency == h->recency && row->age == h->age))
			return &slots[i];
	}
}

static inline int32 *
find_spend(const ClvSample *s, const ClvSpend *spend)
{
	const ClvSpend *rows = clv_spends(s);
	int32 *slots = spend_slots(s);
	uint32 mask = 2 * (uint32) s->spend_capacity - 1;

	for (uint32 i = (uint32) hash_spend(spend) & mask;; i = (i + 1) & mask)
	{
		const ClvSpend *row = &rows[slots[i] == EMPTY ? 0 : slots[i]];

		if (slots[i] == EMPTY || (row->x == spend->x && row->mean == spend->mean))
			return &slots[i];
	}
}

/* A copy with slots; the capacities are powers of two, and at least what is used. */
static ClvSample *
with_capacity(const ClvSample *s, int history_capacity, int spend_capacity)
{
	Size size = size_for(history_capacity, spend_capacity, true);
	ClvSample *copy = palloc(size);

	memcpy(copy, s, offsetof(ClvSample, data));
	SET_VARSIZE(copy, size);
	copy->flags |= CLV_HASHED;
	copy->history_capacity = history_capacity;
	copy->spend_capacity = spend_capacity;
	memcpy(clv_histories(copy), clv_histories(s), s->n_histories * sizeof(ClvHistory));
	memset(clv_histories(copy) + s->n_histories, 0,
		   (history_capacity - s->n_histories) * sizeof(ClvHistory));
	memcpy(clv_spends(copy), clv_spends(s), s->n_spends * sizeof(ClvSpend));
	memset(clv_spends(copy) + s->n_spends, 0, (spend_capacity - s->n_spends) * sizeof(ClvSpend));
	memset(history_slots(copy), 0xFF, 2 * sizeof(int32) * (history_capacity + spend_capacity));
	for (int i = 0; i < s->n_histories; i++)
		*find_history(copy, &clv_histories(copy)[i]) = i;
	for (int i = 0; i < s->n_spends; i++)
		*find_spend(copy, &clv_spends(copy)[i]) = i;
	return copy;
}

static int
power_of_two_for(int n)
{
	int capacity = FIRST_CAPACITY;

	while (capacity < n)
		capacity *= 2;
	return capacity;
}

static ClvSample *
hashed(const ClvSample *s)
{
	return with_capacity(s, power_of_two_for(s->n_histories), power_of_two_for(s->n_spends));
}

static void
too_many_rows(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many different %s for a clv_sample", what),
					errdetail("A sample holds at most %d of them; this one needs at least %d.",
							  CLV_MAX_ROWS, CLV_MAX_ROWS + 1),
					errhint("Count purchases in longer buckets, round amounts, or fit to a random "
							"sample of the customers.")));
}

static void
too_many_customers(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many customers for a clv_sample"),
			 errdetail("A sample holds at most " INT64_FORMAT " customers.", PG_INT64_MAX)));
}

/* ---- checks ---- */

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const ClvSample *s)
{
	if (VARSIZE(s) < offsetof(ClvSample, data) || s->version != CLV_SAMPLE_VERSION ||
		s->n_histories < 0 || s->n_histories > s->history_capacity || s->n_spends < 0 ||
		s->n_spends > s->spend_capacity || s->history_capacity > CLV_MAX_ROWS ||
		s->spend_capacity > CLV_MAX_ROWS ||
		VARSIZE(s) !=
			size_for(s->history_capacity, s->spend_capacity, clv_sample_is(s, CLV_HASHED)))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type clv_sample"),
						errhint("The stored value is damaged or was written by a newer version.")));
}

/*
 * The sample in argument i, with slots: within an aggregate our own state, to be changed in place;
 * else a checked copy of a user's value.
 */
static ClvSample *
writable_sample(FunctionCallInfo fcinfo, int i)
{
	ClvSample *s = (ClvSample *) PG_GETARG_POINTER(i);

	if (summary_is_state(fcinfo) && !VARATT_IS_EXTENDED(s) && clv_sample_is(s, CLV_HASHED))
		return s;
	s = (ClvSample *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));
	check_layout(s);
	return hashed(s);
}

static const ClvSample *
readable_sample(FunctionCallInfo fcinfo, int i)
{
	const ClvSample *s = (const ClvSample *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

/* ---- canonical form ---- */

static inline int
compare_histories(const ClvHistory *x, const ClvHistory *y)
{
	if (x->x != y->x)
		return x->x < y->x ? -1 : 1;
	if (x->age != y->age)
		return x->age < y->age ? -1 : 1;
	return (x->recency > y->recency) - (x->recency < y->recency);
}

static inline int
compare_spends(const ClvSpend *x, const ClvSpend *y)
{
	if (x->x != y->x)
		return x->x < y->x ? -1 : 1;
	return (x->mean > y->mean) - (x->mean < y->mean);
}

#define ST_SORT sort_histories
#define ST_ELEMENT_TYPE ClvHistory
#define ST_COMPARE(a, b) compare_histories(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_spends
#define ST_ELEMENT_TYPE ClvSpend
#define ST_COMPARE(a, b) compare_spends(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static ClvSample *
canonical(const ClvSample *s)
{
	ClvSample *copy = clv_sample_new(s->n_histories, s->n_spends);

	copy->flags = s->flags & ~CLV_HASHED;
	copy->customers = s->customers;
	copy->observed_from = s->observed_from;
	copy->observed_until = s->observed_until;
	copy->n_histories = s->n_histories;
	copy->n_spends = s->n_spends;
	memcpy(clv_histories(copy), clv_histories(s), s->n_histories * sizeof(ClvHistory));
	memcpy(clv_spends(copy), clv_spends(s), s->n_spends * sizeof(ClvSpend));
	sort_histories(clv_histories(copy), copy->n_histories);
	sort_spends(clv_spends(copy), copy->n_spends);
	return copy;
}

const ClvSample *
clv_sample_arg(FunctionCallInfo fcinfo, int i)
{
	const ClvSample *s = readable_sample(fcinfo, i);

	return clv_sample_is(s, CLV_HASHED) ? canonical(s) : s;
}

static const char *
problem_of_history(const ClvSample *s, const ClvHistory *h)
{
	if (h->x < 0 || h->count < 0 || (h->count == 0 && !clv_sample_is(s, CLV_CONTRACTUAL)))
		return "A count is negative or zero.";
	if (h->recency < 0 || h->age < h->recency)
		return "A recency is longer than its age, or negative.";
	if (h->recency != 0 && h->x == 0)
		return "A recency is not zero, but the frequency is.";
	if (h->age != 0 && clv_sample_is(s, CLV_CONTRACTUAL))
		return "A period has an age.";
	return NULL;
}

const char *
clv_sample_problem(const ClvSample *s)
{
	const ClvHistory *h = clv_histories(s);
	const ClvSpend *spend = clv_spends(s);
	int64 customers = 0;

	for (int i = 0; i < s->n_histories; i++)
	{
		const char *problem = problem_of_history(s, &h[i]);

		if (problem != NULL)
			return problem;
		if (i > 0 && compare_histories(&h[i - 1], &h[i]) >= 0)
			return "The histories are not in order, or there are equal ones.";
		if (pg_add_s64_overflow(customers, h[i].count, &customers))
			return "There are too many customers.";
	}
	for (int i = 0; i < s->n_spends; i++)
	{
		if (spend[i].x < 1 || spend[i].count < 1 || !(spend[i].mean >= 0) || isinf(spend[i].mean))
			return "A spend is negative or not finite, or a count is not positive.";
		if (i > 0 && compare_spends(&spend[i - 1], &spend[i]) >= 0)
			return "The spends are not in order, or there are equal ones.";
	}
	if (clv_sample_is(s, CLV_CONTRACTUAL) && s->n_spends > 0)
		return "A contractual sample has spends.";
	return NULL;
}

/* ---- adding ---- */

static int64
sum_of_counts(int64 a, int64 b)
{
	int64 sum;

	if (pg_add_s64_overflow(a, b, &sum))
		too_many_customers();
	return sum;
}

static ClvSample *
add_history(ClvSample *s, const ClvHistory *h)
{
	int32 *slot = find_history(s, h);
	ClvHistory *row;

	s->customers = sum_of_counts(s->customers, h->count);
	if (*slot != EMPTY)
	{
		row = &clv_histories(s)[*slot];
		row->count += h->count; /* at most s->customers */
		return s;
	}
	if (s->n_histories == s->history_capacity)
	{
		CHECK_FOR_INTERRUPTS();
		if (s->n_histories >= CLV_MAX_ROWS)
			too_many_rows("histories");
		s = with_capacity(s, 2 * s->history_capacity, s->spend_capacity);
		slot = find_history(s, h);
	}
	*slot = s->n_histories;
	clv_histories(s)[s->n_histories++] = *h;
	return s;
}

static ClvSample *
add_spend(ClvSample *s, const ClvSpend *spend)
{
	int32 *slot = find_spend(s, spend);
	ClvSpend *row;

	if (*slot != EMPTY)
	{
		row = &clv_spends(s)[*slot];
		row->count = sum_of_counts(row->count, spend->count);
		return s;
	}
	if (s->n_spends == s->spend_capacity)
	{
		CHECK_FOR_INTERRUPTS();
		if (s->n_spends >= CLV_MAX_ROWS)
			too_many_rows("amounts");
		s = with_capacity(s, s->history_capacity, 2 * s->spend_capacity);
		slot = find_spend(s, spend);
	}
	*slot = s->n_spends;
	clv_spends(s)[s->n_spends++] = *spend;
	return s;
}

static void
add_observation(ClvSample *s, TimestampTz observed_from, TimestampTz observed_until)
{
	bool known = clv_sample_is(s, CLV_OBSERVED);

	s->observed_from = known ? Min(s->observed_from, observed_from) : observed_from;
	s->observed_until = known ? Max(s->observed_until, observed_until) : observed_until;
	s->flags |= CLV_OBSERVED;
}

static void
check_kind(const ClvSample *s, int kind)
{
	if ((s->flags & CLV_CONTRACTUAL) != kind)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge purchase histories with contractual survivors"),
						errhint("Build samples with clv_agg(history) or with sbg_agg(period, "
								"survivors), not both.")));
}

/* One customer's history, or count customers with it. */
static ClvSample *
add_customer(ClvSample *s, const PurchaseSummary *h, int64 count)
{
	ClvHistory row;
	ClvSpend spend;
	ExactMoney repeat;

	if (h->count == 0 || count == 0)
		return s; /* refunds alone make no customer */
	if (!purchase_has_end(h))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a purchase history does not say until when it was observed"),
						errdetail("A model needs to know how long each customer has been silent."),
						errhint("Say so: clv_agg(observe(history, as_of)).")));
	row = (ClvHistory){h->count - 1, purchase_recency(h), purchase_age(h), count};
	s = add_history(s, &row);
	if (!purchase_is(h, PURCHASE_GIVEN))
		add_observation(s, h->first_at, purchase_end(h)->as_of);
	if (row.x == 0 || !purchase_is(h, PURCHASE_HAS_AMOUNT))
		return s;
	repeat = purchase_repeat_spend(h);
	spend = (ClvSpend){row.x, money_to_double(repeat), count};
	if (!purchase_is(h, PURCHASE_GIVEN))
		spend.mean /= (double) row.x;
	return add_spend(s, &spend);
}

static int64
count_arg(FunctionCallInfo fcinfo, int i)
{
	int64 count = PG_GETARG_INT64(i);

	if (count < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("count " INT64_FORMAT " is out of range", count),
						errdetail("A count of customers is zero or more.")));
	return count;
}

static ClvSample *
state_for_row(FunctionCallInfo fcinfo, int kind)
{
	ClvSample *s;

	if (PG_ARGISNULL(0))
	{
		s = hashed(clv_sample_new(0, 0));
		s->flags |= kind;
		return s;
	}
	s = writable_sample(fcinfo, 0);
	check_kind(s, kind);
	return s;
}

static Datum
state_unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * clv_sample_accum(clv_sample, purchase_summary [, count]) -> clv_sample
 *
 * One customer more (or count of them); rows with a NULL are ignored.  ERROR unless the history was
 * observed, and on negative counts.
 */
PG_FUNCTION_INFO_V1(clv_sample_accum);
Datum
clv_sample_accum(PG_FUNCTION_ARGS)
{
	bool counted = PG_NARGS() > 2;

	if (PG_ARGISNULL(1) || (counted && PG_ARGISNULL(2)))
		return state_unchanged(fcinfo);
	PG_RETURN_POINTER(add_customer(state_for_row(fcinfo, 0), purchase_summary_arg(fcinfo, 1),
								   counted ? count_arg(fcinfo, 2) : 1));
}

/*
 * clv_sample_accum_period(clv_sample, period, survivors) -> clv_sample
 *
 * How many of a cohort are left at the end of a period (0: how many there were); rows with a NULL
 * are ignored, equal periods of several cohorts are added up.
 */
PG_FUNCTION_INFO_V1(clv_sample_accum_period);
Datum
clv_sample_accum_period(PG_FUNCTION_ARGS)
{
	ClvHistory row = {0};

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_unchanged(fcinfo);
	row.x = PG_GETARG_INT32(1);
	row.count = count_arg(fcinfo, 2);
	if (row.x < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("period " INT64_FORMAT " is out of range", row.x),
						errdetail("Periods are 0 (the start), 1, 2, ...")));
	PG_RETURN_POINTER(add_history(state_for_row(fcinfo, CLV_CONTRACTUAL), &row));
}

/* ---- combine and finish ---- */

/* a + b; a has slots and is changed in place where it has room, else replaced. */
static ClvSample *
merge(ClvSample *a, const ClvSample *b)
{
	check_kind(a, b->flags & CLV_CONTRACTUAL);
	if (clv_sample_is(b, CLV_OBSERVED))
		add_observation(a, b->observed_from, b->observed_until);
	for (int i = 0; i < b->n_histories; i++)
		a = add_history(a, &clv_histories(b)[i]);
	for (int i = 0; i < b->n_spends; i++)
		a = add_spend(a, &clv_spends(b)[i]);
	return a;
}

/*
 * clv_sample_combine(clv_sample, clv_sample) -> clv_sample
 *
 * The customers of both.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(clv_sample_combine);
Datum
clv_sample_combine(PG_FUNCTION_ARGS)
{
	ClvSample *a = writable_sample(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, readable_sample(fcinfo, 1)));
}

/* clv_sample_final(clv_sample) -> clv_sample: sorted; NULL without customers. */
PG_FUNCTION_INFO_V1(clv_sample_final);
Datum
clv_sample_final(PG_FUNCTION_ARGS)
{
	const ClvSample *s = readable_sample(fcinfo, 0);

	if (s->n_histories == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(canonical(s));
}

/* clv_sample + clv_sample -> clv_sample: the customers of both. */
PG_FUNCTION_INFO_V1(clv_sample_add);
Datum
clv_sample_add(PG_FUNCTION_ARGS)
{
	ClvSample *a = hashed(readable_sample(fcinfo, 0));

	PG_RETURN_POINTER(canonical(merge(a, readable_sample(fcinfo, 1))));
}

/* customers(clv_sample) -> bigint */
PG_FUNCTION_INFO_V1(clv_sample_customers);
Datum
clv_sample_customers(PG_FUNCTION_ARGS)
{
	const ClvSample *s = clv_sample_arg(fcinfo, 0);

	/* a cohort is counted at each of its periods */
	PG_RETURN_INT64(clv_sample_is(s, CLV_CONTRACTUAL) && s->n_histories > 0
						? clv_histories(s)[0].count
						: s->customers);
}

/* history_count(clv_sample) -> bigint: different histories. */
PG_FUNCTION_INFO_V1(history_count);
Datum
history_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(readable_sample(fcinfo, 0)->n_histories);
}
