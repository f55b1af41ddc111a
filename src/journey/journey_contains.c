/*
 * journey_contains.c: does a journey contain a sequence of events?
 *
 * Touchpoint i is reached by the first k events of the pattern if it fits the k-th and follows a
 * touchpoint reached by the first k - 1 as the pattern says: right after it, or somewhere after it,
 * at a distance in time.  Touchpoints are in order of time, so the ones that it may follow are a
 * range, found by bisection, and running counts say whether one in the range is reached: no
 * backtracking, O(touchpoints * events * log).
 */
#include "journey/journey_pattern.h"

#include "common/int.h"
#include "fmgr.h"
#include "miscadmin.h"

/* The instant so long before another, clipped. */
static int64
before(int64 at, int64 length)
{
	int64 result;

	if (at == PG_INT64_MIN || at == PG_INT64_MAX)
		return at;
	return pg_sub_s64_overflow(at, length, &result) ? PG_INT64_MIN : result;
}

/* How many of the first n touchpoints are earlier than the instant (or not later)? */
static int
touches_before(const Journey *j, int n, int64 at, bool or_equal)
{
	int low = 0;
	int high = n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (j->touches[middle].at < at || (or_equal && j->touches[middle].at == at))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is a touchpoint reached that touchpoint i may follow?  reached[k]: how many of the first k are. */
static bool
follows(const Journey *j, const PatternEvent *e, const int *reached, int i)
{
	int64 t = j->touches[i].at;
	int begin = e->later ? 0 : i - 1;
	int end = i;

	if (i == 0)
		return false;
	if (e->has_at_most)
		begin = Max(begin, touches_before(j, i, before(t, e->at_most), e->below));
	if (e->has_at_least)
		end = Min(end, touches_before(j, i, before(t, e->at_least), !e->above));
	return begin < end && reached[end] - reached[begin] > 0;
}

static bool
contains(const Journey *j, const Pattern *p)
{
	int *reached = palloc_extended((j->n + 1) * sizeof(int), MCXT_ALLOC_HUGE);
	int *next = palloc_extended((j->n + 1) * sizeof(int), MCXT_ALLOC_HUGE);

	for (int k = 0; k < p->n; k++)
	{
		const PatternEvent *e = &p->event[k];
		int *swapped = reached;

		next[0] = 0;
		for (int i = 0; i < j->n; i++)
		{
			bool fits =
				(e->any || e->is[j->touches[i].event]) && (k == 0 || follows(j, e, reached, i));

			CHECK_FOR_INTERRUPTS();
			next[i + 1] = next[i] + fits;
		}
		if (next[j->n] == 0)
			return false;
		reached = next;
		next = swapped;
	}
	return true;
}

/*
 * journey_contains(journey_summary, pattern text) -> boolean
 *
 * Touchpoints of one instant are in the order of their names' bytes.
 */
PG_FUNCTION_INFO_V1(journey_contains);
Datum
journey_contains(PG_FUNCTION_ARGS)
{
	Journey j = journey_arg(fcinfo, 0);
	Pattern p = journey_pattern(PG_GETARG_TEXT_PP(1), &j);

	PG_RETURN_BOOL(contains(&j, &p));
}
