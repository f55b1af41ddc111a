/*
 * funnel_search.c: how far a customer's rows reach in a funnel (see funnel_search.h).
 *
 * Dynamic programming over time.  Of all chains of k rows only one matters: the one whose window
 * closes last, since whatever extends another extends it too.  (That is the one that began last,
 * save for calendar months: Jan 31 03:00 and Jan 30 12:00 both have a month until Feb 28, and the
 * earlier one until a later hour.)  So due[k], the latest deadline of a chain of k rows, is all
 * there is to keep, and a row that satisfies step k either begins a chain or turns due[k - 1] into
 * due[k].
 *
 * Rows of one instant can take several steps at once, but no row two of them: a chain of `lo` rows
 * becomes one of `hi` if the steps lo + 1 ... hi can be assigned to distinct rows of the instant,
 * which is a bipartite matching (Kuhn's algorithm, one augmenting path a step).
 */
#include "journey/funnel_search.h"

#include "port/pg_bitutils.h"

/* The rows of an instant that a matching needs to look at: see choose_candidates(). */
#define MAX_CANDIDATES (FUNNEL_MAX_STEPS * FUNNEL_MAX_STEPS)

typedef struct Search
{
	int steps;
	int level; /* due[1 ... level] are set */
	const JourneyWindow *within;
	bool later_only;
	bool timed;
	int64 due[FUNNEL_MAX_STEPS + 1];
	int64 at[FUNNEL_MAX_STEPS + 1][FUNNEL_MAX_STEPS]; /* if timed: when due[k]'s chain took steps */
} Search;

typedef struct Matching
{
	int n;
	uint32 candidate[MAX_CANDIDATES];
	int8 step_of[MAX_CANDIDATES]; /* which step has the candidate, -1: none */
	bool seen[MAX_CANDIDATES];
} Matching;

/* A chain of `lo` steps and rows of instant t are a chain of `hi` steps, to be kept if it is best. */
static inline void
offer(Search *s, const Search *before, int lo, int hi, int64 due, int64 t)
{
	if (hi <= s->level && s->due[hi] >= due)
		return;
	s->due[hi] = due;
	if (s->level < hi)
		s->level = hi;
	if (!s->timed)
		return;
	if (lo > 0)
		/* cppcheck-suppress arrayIndexOutOfBoundsCond ; lo < hi <= FUNNEL_MAX_STEPS */
		memcpy(s->at[hi], before->at[lo], lo * sizeof(int64));
	for (int i = lo; i < hi; i++)
		s->at[hi][i] = t;
}

/* An instant with one row: from the last step to the first, so that the row is used only once. */
static inline void
take_row(Search *s, const FunnelRow *row)
{
	uint32 left = row->steps;

	while (left != 0)
	{
		int step = pg_leftmost_one_pos32(left);

		left ^= (uint32) 1 << step;
		if (step == 0)
			offer(s, s, 0, 1, journey_deadline(row->at, s->within), row->at);
		else if (step <= s->level && row->at <= s->due[step])
			offer(s, s, step, step + 1, s->due[step], row->at);
	}
}

/* Find another row for the step, moving others if need be. */
static bool
augment(Matching *m, int step)
{
	for (int c = 0; c < m->n; c++)
	{
		if (((m->candidate[c] >> step) & 1) == 0 || m->seen[c])
			continue;
		m->seen[c] = true;
		if (m->step_of[c] < 0 || augment(m, m->step_of[c]))
		{
			m->step_of[c] = (int8) step;
			return true;
		}
	}
	return false;
}

/*
 * The rows of an instant that can matter for a matching.  A step with as many candidates as there
 * are steps always finds a free one, so further rows for it aren't needed.
 */
static void
choose_candidates(Matching *m, const FunnelRow *rows, int n, int steps)
{
	int have[FUNNEL_MAX_STEPS] = {0};

	m->n = 0;
	for (int i = 0; i < n; i++)
	{
		bool needed = false;

		for (uint32 left = rows[i].steps; left != 0; left &= left - 1)
			needed |= have[pg_rightmost_one_pos32(left)] < steps;
		if (!needed)
			continue;
		for (uint32 left = rows[i].steps; left != 0; left &= left - 1)
			have[pg_rightmost_one_pos32(left)]++;
		m->candidate[m->n++] = rows[i].steps;
	}
}

/* Extend the best chain of `lo` steps by the rows of one instant, as far as they reach. */
static void
extend(Search *s, const Search *before, int lo, int64 t, uint32 any, Matching *m)
{
	int64 due = lo == 0 ? journey_deadline(t, s->within) : before->due[lo];

	if (lo > 0 && t > due)
		return;
	if (m != NULL)
		memset(m->step_of, -1, m->n);
	for (int step = lo; step < s->steps && ((any >> step) & 1) != 0; step++)
	{
		if (m != NULL)
		{
			memset(m->seen, 0, m->n);
			if (!augment(m, step))
				break;
		}
		offer(s, before, lo, step + 1, due, t);
		if (s->later_only)
			break;
	}
}

/* An instant with several rows. */
static void
take_instant(Search *s, const FunnelRow *rows, int n)
{
	Search before = *s;
	Matching matching;
	uint32 any = 0;
	bool one_step_each = true;

	for (int i = 0; i < n; i++)
	{
		any |= rows[i].steps;
		one_step_each &= (rows[i].steps & (rows[i].steps - 1)) == 0;
	}
	if (any == 0)
		return;
	if (!one_step_each)
		choose_candidates(&matching, rows, n, s->steps);
	/* of equal chains the one whose steps are earlier: it takes fewer of them at this instant */
	for (int lo = before.level; lo >= 0; lo--)
		extend(s, &before, lo, rows[0].at, any, one_step_each ? NULL : &matching);
}

int
funnel_search(const FunnelRow *rows, int n, int steps, const JourneyWindow *within, bool later_only,
			  FunnelReach *reach)
{
	Search s;
	int level = 0;

	s.steps = steps;
	s.level = 0;
	s.within = within;
	s.later_only = later_only;
	s.timed = reach != NULL;
	for (int i = 0, next; i < n && level < steps; i = next)
	{
		for (next = i + 1; next < n && rows[next].at == rows[i].at;)
			next++;
		if (next == i + 1)
			take_row(&s, &rows[i]);
		else
			take_instant(&s, &rows[i], next - i);
		if (s.level > level && reach != NULL)
			memcpy(reach->at, s.at[s.level], s.level * sizeof(int64));
		level = s.level;
	}
	if (reach != NULL)
	{
		reach->steps = level;
		reach->taken = level == 32 ? PG_UINT32_MAX : ((uint32) 1 << level) - 1;
	}
	return level;
}
