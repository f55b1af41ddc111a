/*
 * episodes.c: merge_episodes(started_at, ended_at) -> the spans in which a customer was there.
 *
 * Subscriptions that overlap or touch become one episode, so that a customer whose second
 * subscription goes on has not left.  Like range_agg(), but on two columns, mergeable and parallel,
 * with an end of null for one that goes on, and with a flat state.
 */
#include "churn/churn_period.h"
#include "common/summary.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

/*
 * The state: episodes as they came, merged and sorted only when there is no room for another.
 *
 *   +---------+-------+------+------+-------+-------+-----------+--------+-----------------+
 *   | vl_len_ |version| unit |unused| count |unused | start 0   | end 0  | ... of capacity |
 *   |  4      |  1    |  1   |  2   |  4    |  4    |  8        |  8     |  16 each        |
 *   +---------+-------+------+------+-------+-------+-----------+--------+-----------------+
 *
 * Its SQL type is bytea: it is no value to keep; what it ends as, a multirange, is.
 */
typedef struct EpisodeSet
{
	int32 vl_len_;
	uint8 version;
	uint8 unit; /* a ChurnUnit */
	uint16 unused;
	int32 count;
	int32 unused2;
	Episode episode[FLEXIBLE_ARRAY_MEMBER];
} EpisodeSet;

#define EPISODE_SET_VERSION 1
#define EPISODE_SET_HEADER offsetof(EpisodeSet, episode)
#define FIRST_CAPACITY 2
#define MAX_CAPACITY (1 << 25) /* half a gigabyte */

static inline int
capacity_of(const EpisodeSet *s)
{
	return (int) ((VARSIZE(s) - EPISODE_SET_HEADER) / sizeof(Episode));
}

static EpisodeSet *
new_set(ChurnUnit unit, int capacity)
{
	Size size = EPISODE_SET_HEADER + (Size) capacity * sizeof(Episode);
	EpisodeSet *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = EPISODE_SET_VERSION;
	s->unit = unit;
	return s;
}

/* ---- checks: SQL can call a transition function with any bytes ---- */

static void
damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid state of the aggregate merge_episodes"),
					errhint("This function is only to be called by the aggregate.")));
}

static void
check_layout(const EpisodeSet *s)
{
	if (VARSIZE(s) < EPISODE_SET_HEADER || s->version != EPISODE_SET_VERSION ||
		s->unit > CHURN_DATES || (VARSIZE(s) - EPISODE_SET_HEADER) % sizeof(Episode) != 0 ||
		s->count < 0 || s->count > capacity_of(s) || capacity_of(s) > MAX_CAPACITY)
		damaged();
}

/* A copy of argument i, aligned and known to be one of ours. */
static EpisodeSet *
checked_copy(FunctionCallInfo fcinfo, int i)
{
	EpisodeSet *s = (EpisodeSet *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(i));

	check_layout(s);
	for (int j = 0; j < s->count; j++)
		if (s->episode[j].end < s->episode[j].start)
			damaged();
	return s;
}

/* An aggregate's state may be changed; who has made the aggregate may let it begin with any bytes. */
static EpisodeSet *
writable_set(FunctionCallInfo fcinfo, int i)
{
	EpisodeSet *s = (EpisodeSet *) PG_GETARG_POINTER(i);

	if (!summary_is_state(fcinfo) || VARATT_IS_EXTENDED(s))
		return checked_copy(fcinfo, i);
	check_layout(s);
	return s;
}

/* ---- merging ---- */

#define ST_SORT sort_episodes
#define ST_ELEMENT_TYPE Episode
#define ST_COMPARE(a, b) ((a)->start < (b)->start ? -1 : (a)->start > (b)->start)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Sort, and join what overlaps or touches. */
static void
compact(EpisodeSet *s)
{
	int last = 0;

	if (s->count == 0)
		return;
	sort_episodes(s->episode, s->count);
	for (int i = 1; i < s->count; i++)
	{
		Episode *e = &s->episode[last];

		if (s->episode[i].start <= e->end)
			e->end = Max(e->end, s->episode[i].end);
		else
			s->episode[++last] = s->episode[i];
	}
	s->count = last + 1;
}

static EpisodeSet *
doubled(const EpisodeSet *s)
{
	int capacity = Max(capacity_of(s) * 2, FIRST_CAPACITY);
	EpisodeSet *larger;

	if (capacity > MAX_CAPACITY)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many separate episodes in one group"),
						errdetail("There are more than %d, and at most %d are possible.", s->count,
								  MAX_CAPACITY),
						errhint("Group by the customer.")));
	larger = new_set(s->unit, capacity);
	larger->count = s->count;
	memcpy(larger->episode, s->episode, s->count * sizeof(Episode));
	return larger;
}

/*
 * Room for one more: by joining what can be joined if that frees a quarter, so that rows in any
 * order cost O(log n) each, else by moving into twice the space.
 */
static EpisodeSet *
with_room(EpisodeSet *s)
{
	CHECK_FOR_INTERRUPTS();
	compact(s);
	return s->count <= capacity_of(s) * 3 / 4 ? s : doubled(s);
}

static inline bool
touches(const Episode *a, const Episode *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static EpisodeSet *
add_episode(EpisodeSet *s, Episode e)
{
	/* neither who never starts nor who ended before all time was ever there */
	if (e.start == PG_INT64_MAX || e.end == PG_INT64_MIN)
		return s;
	/* rows that come in order of time are merged at once */
	if (s->count > 0 && touches(&s->episode[s->count - 1], &e))
	{
		Episode *last = &s->episode[s->count - 1];

		last->start = Min(last->start, e.start);
		last->end = Max(last->end, e.end);
		return s;
	}
	if (s->count == capacity_of(s))
		s = with_room(s);
	s->episode[s->count++] = e;
	return s;
}

/* ---- the aggregate ---- */

static Datum
accum(FunctionCallInfo fcinfo, ChurnUnit unit)
{
	EpisodeSet *s;
	Episode e;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	e.start = churn_point_arg(fcinfo, 1, unit);
	e.end = PG_ARGISNULL(2) ? PG_INT64_MAX : churn_point_arg(fcinfo, 2, unit);
	if (unlikely(e.end < e.start))
		churn_ends_before_start(e.start, e.end, unit);
	s = PG_ARGISNULL(0) ? new_set(unit, FIRST_CAPACITY) : writable_set(fcinfo, 0);
	if (s->unit != unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge episodes in dates with episodes in instants")));
	PG_RETURN_POINTER(add_episode(s, e));
}

/* merge_episodes_accum(bytea, started_at, ended_at) -> bytea: one subscription more. */
PG_FUNCTION_INFO_V1(merge_episodes_accum_timestamptz);
Datum
merge_episodes_accum_timestamptz(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, CHURN_INSTANTS);
}

PG_FUNCTION_INFO_V1(merge_episodes_accum_date);
Datum
merge_episodes_accum_date(PG_FUNCTION_ARGS)
{
	return accum(fcinfo, CHURN_DATES);
}

/* merge_episodes_combine(bytea, bytea) -> bytea: the episodes of both. */
PG_FUNCTION_INFO_V1(merge_episodes_combine);
Datum
merge_episodes_combine(PG_FUNCTION_ARGS)
{
	EpisodeSet *a = writable_set(fcinfo, 0);
	const EpisodeSet *b = checked_copy(fcinfo, 1);

	if (a->unit != b->unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge episodes in dates with episodes in instants")));
	for (int i = 0; i < b->count; i++)
		a = add_episode(a, b->episode[i]);
	PG_RETURN_POINTER(a);
}

/*
 * [start, end); an instant as [t, t], so that who came and left at once is still counted.  In dates
 * there is no such range: false.
 */
static bool
range_of(TypeCacheEntry *type, Episode e, ChurnUnit unit, RangeType **range)
{
	RangeBound lower = {0};
	RangeBound upper = {0};

	if (unit == CHURN_DATES && e.start == e.end)
		return false;
	lower.infinite = e.start == PG_INT64_MIN;
	lower.val = lower.infinite ? (Datum) 0 : churn_point_datum(e.start, unit);
	lower.inclusive = !lower.infinite;
	lower.lower = true;
	upper.infinite = e.end == PG_INT64_MAX;
	upper.val = upper.infinite ? (Datum) 0 : churn_point_datum(e.end, unit);
	upper.inclusive = e.start == e.end;
	*range = make_range_compat(type, &lower, &upper);
	return true;
}

static Datum
multirange_result(FunctionCallInfo fcinfo, ChurnUnit unit)
{
	EpisodeSet *s = checked_copy(fcinfo, 0);
	TypeCacheEntry *type = lookup_type_cache(unit == CHURN_INSTANTS ? TSTZRANGEOID : DATERANGEOID,
											 TYPECACHE_RANGE_INFO);
	RangeType **ranges =
		MemoryContextAllocHuge(CurrentMemoryContext, Max(s->count, 1) * sizeof(RangeType *));
	int count = 0;

	compact(s);
	for (int i = 0; i < s->count; i++)
		if (range_of(type, s->episode[i], unit, &ranges[count]))
			count++;
	PG_RETURN_MULTIRANGE_P(make_multirange(
		unit == CHURN_INSTANTS ? TSTZMULTIRANGEOID : DATEMULTIRANGEOID, type, count, ranges));
}

/* merge_episodes_final(bytea) -> tstzmultirange */
PG_FUNCTION_INFO_V1(merge_episodes_final);
Datum
merge_episodes_final(PG_FUNCTION_ARGS)
{
	return multirange_result(fcinfo, CHURN_INSTANTS);
}

/* merge_episodes_final_date(bytea) -> datemultirange: without those of no length. */
PG_FUNCTION_INFO_V1(merge_episodes_final_date);
Datum
merge_episodes_final_date(PG_FUNCTION_ARGS)
{
	return multirange_result(fcinfo, CHURN_DATES);
}
