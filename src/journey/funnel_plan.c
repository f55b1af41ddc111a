/*
 * funnel_plan.c: funnels with options (see funnel_plan.h).
 *
 * The same dynamic programming over instants as funnel_search(), with more to remember.  A chain
 * that ends with step k is known by two numbers: `due`, the deadline of its window, and `last`, when
 * it took step k, since a window per step counts from there.  A chain can be forgotten when another
 * one ends with the same step, not earlier, and has no earlier deadline.  What remains of step k is
 * a list in which `last` grows and `due` falls; without windows per step one chain is left of it.
 *
 * Chains are nodes of one array, linked to the chain that they extend, from which the times of the
 * steps are read at the end.
 *
 * How each option reads:
 *   optional     such a step may be missing; the reach is the last step that was taken.
 *   exclude      no excluded event strictly between the chain's first and last instant.
 *   reentry off  a chain begins at the first instant at which one can, and nowhere else.
 *   strict_order once begun, an event that is no step ends the search before its instant, and a
 *                step that couldn't come next, not even by the rows of its instant, after it.
 *   strict_dedup a step after the first that was taken at an earlier instant ends the search before
 *                its instant, unless the same event is a step that comes next.
 */
#include "journey/funnel_plan.h"

#define NONE (-1)
#define START (-1) /* the step before the first */

/* Instants between two breaths: some milliseconds. */
#define BREATH 4096

typedef struct Chain
{
	int64 due;
	int64 last;
	int32 parent; /* the chain that this one extends */
	int32 step;
	int32 older; /* neighbours in the list of chains that end with this step */
	int32 newer;
} Chain;

typedef struct Search
{
	const FunnelPlan *plan;
	Chain *chains;
	int n;
	int capacity;
	int32 oldest[FUNNEL_MAX_STEPS]; /* the list of each step: latest deadline first */
	int32 newest[FUNNEL_MAX_STEPS];
	uint32 taken; /* steps that some chain ever ended with */
	bool begun;
	int best; /* the chain that reaches furthest, or NONE */
} Search;

/* The best chain that the rows of an instant make of an earlier one, by its last step. */
typedef struct Offer
{
	bool valid;
	int64 due;
	int32 parent;
	int32 first; /* the first step that is taken at this instant */
} Offer;

static inline uint32
bit(int step)
{
	return (uint32) 1 << step;
}

static inline bool
is_optional(const FunnelPlan *plan, int step)
{
	return (plan->optional & bit(step)) != 0;
}

/* The first step that must be taken between `from` and `to`, or `to`. */
static int
next_needed(const FunnelPlan *plan, int from, int to)
{
	for (int step = from + 1; step < to; step++)
		if (!is_optional(plan, step))
			return step;
	return to;
}

/* ---- chains ---- */

static int32
new_chain(Search *s, int step, int64 due, int64 last, int32 parent)
{
	if (s->n == s->capacity)
	{
		s->capacity = s->capacity == 0 ? 64 : s->capacity * 2;
		s->chains = s->plan->resize(s->chains, s->capacity * sizeof(Chain));
	}
	s->chains[s->n] = (Chain){due, last, parent, step, NONE, NONE};
	return s->n++;
}

static void
unlink_chain(Search *s, int32 i)
{
	const Chain *c = &s->chains[i];

	if (c->older == NONE)
		s->oldest[c->step] = c->newer;
	else
		s->chains[c->older].newer = c->newer;
	if (c->newer == NONE)
		s->newest[c->step] = c->older;
	else
		s->chains[c->newer].older = c->older;
}

/* Keep a new chain, and forget those that it makes needless. */
static void
keep_chain(Search *s, int32 i)
{
	Chain *c = &s->chains[i];

	while (s->newest[c->step] != NONE && s->chains[s->newest[c->step]].due <= c->due)
		unlink_chain(s, s->newest[c->step]);
	c->older = s->newest[c->step];
	if (c->older == NONE)
		s->oldest[c->step] = i;
	else
		s->chains[c->older].newer = i;
	s->newest[c->step] = i;
}

/* Is a new chain that ends with this step of use?  Without windows per step only if it is best. */
static bool
is_needed(const Search *s, int step, int64 due)
{
	return s->plan->step_within != NULL || s->oldest[step] == NONE ||
		   s->chains[s->oldest[step]].due < due;
}

/* Can no step be taken any more in time after this chain's last one? */
static bool
is_expired(const Search *s, const Chain *c, int64 t)
{
	if (t > c->due)
		return true;
	for (int to = c->step + 1; to < s->plan->steps; to++)
	{
		if (t <= journey_deadline(c->last, &s->plan->step_within[to]))
			return false;
		if (!is_optional(s->plan, to))
			break;
	}
	return true;
}

/* The chain ending with `from` whose window closes last, of those that can take `to` at t. */
static int32
extendable_chain(Search *s, int from, int to, int64 t)
{
	int32 i = s->oldest[from];

	if (s->plan->step_within == NULL)
		return i != NONE && t <= s->chains[i].due ? i : NONE;
	while (i != NONE)
	{
		int32 newer = s->chains[i].newer;

		if (is_expired(s, &s->chains[i], t))
			unlink_chain(s, i);
		else if (t <= journey_deadline(s->chains[i].last, &s->plan->step_within[to]))
			return i;
		i = newer;
	}
	return NONE;
}

/* ---- an instant ---- */

/* Offer the chain that goes on from `from` with `first` at this instant, and there gets to `to`. */
static void
offer(Search *s, Offer *offers, int from, int first, int to, int64 t)
{
	Offer o = {true, 0, NONE, first};

	if (from == START)
		o.due = journey_deadline(t, &s->plan->within);
	else
	{
		o.parent = extendable_chain(s, from, first, t);
		if (o.parent == NONE)
			return;
		o.due = s->chains[o.parent].due;
	}
	if (!offers[to].valid || offers[to].due < o.due)
		offers[to] = o;
}

/*
 * The same by way of optional steps: where `to` itself is too late after the chain's last step, a
 * step between them, at the same instant as `to`, may not be.
 */
static void
offer_by_way(Search *s, Offer *offers, int from, int to, const int *used, const int *rows, int64 t)
{
	const FunnelPlan *plan = s->plan;
	int needed = next_needed(plan, from, to);

	for (int first = from + 1; first < needed; first++)
	{
		int class = plan->class_of[first];

		if (used[class] + (class == plan->class_of[to]) < rows[class])
			offer(s, offers, from, first, to, t);
	}
}

/* All that the rows of an instant make of the chains that end with `from`. */
static void
offer_from(Search *s, Offer *offers, int from, const int *rows, int64 t)
{
	const FunnelPlan *plan = s->plan;
	bool one_row = plan->mode == FUNNEL_STRICT_INCREASE;
	int used[FUNNEL_MAX_STEPS] = {0}; /* rows for steps that must be taken on the way */

	for (int to = from + 1; to < plan->steps; to++)
	{
		int class = plan->class_of[to];

		if (used[class] < rows[class])
		{
			offer(s, offers, from, next_needed(plan, from, to), to, t);
			if (plan->step_within != NULL && from != START && !one_row)
				offer_by_way(s, offers, from, to, used, rows, t);
		}
		if (is_optional(plan, to))
			continue;
		if (++used[class] > rows[class] || one_row)
			break;
	}
}

/* The chain of an offer, on top of those of the steps that it took at the same instant before. */
static int32
chain_of_offer(Search *s, const Offer *o, int step, int64 t)
{
	int32 parent = o->parent;
	int between = o->first;

	while (between < step)
	{
		parent = new_chain(s, between, o->due, t, parent);
		between = next_needed(s->plan, between, step);
	}
	return new_chain(s, step, o->due, t, parent);
}

/*
 * Record the chains of an instant.  Steps that were taken between the parent's last and the
 * chain's own, at the same instant, get chains of their own that are in no list.
 */
static void
take_offers(Search *s, const Offer *offers, int64 t)
{
	for (int step = 0; step < s->plan->steps; step++)
	{
		const Offer *o = &offers[step];
		bool farthest = s->best == NONE || s->chains[s->best].step < step;
		int32 i;

		if (!o->valid)
			continue;
		s->taken |= bit(step);
		if (!farthest && !is_needed(s, step, o->due))
			continue;
		i = chain_of_offer(s, o, step, t);
		if (farthest)
			s->best = i;
		keep_chain(s, i);
	}
}

/* After an excluded event only chains that begin at its instant go on. */
static void
forget_older_chains(Search *s, const int *rows, int64 t, bool may_begin)
{
	Offer offers[FUNNEL_MAX_STEPS] = {{0}};
	int best = s->best;

	for (int step = 0; step < s->plan->steps; step++)
		s->oldest[step] = s->newest[step] = NONE;
	if (may_begin)
		offer_from(s, offers, START, rows, t);
	take_offers(s, offers, t);
	s->best = best;
}

/* The steps that could come next: those whose predecessor was taken. */
static uint32
possible_steps(const Search *s)
{
	uint32 possible = 0;
	bool open = true;

	for (int step = 0; step < s->plan->steps; step++)
	{
		if (open)
			possible |= bit(step);
		open = (s->taken & bit(step)) != 0 || (open && is_optional(s->plan, step));
	}
	return possible;
}

static uint32
steps_of_event(const FunnelPlan *plan, const FunnelEvent *e)
{
	uint32 steps = 0;

	for (int step = 0; e->step >= 0 && step < plan->steps; step++)
		if (plan->class_of[step] == e->step)
			steps |= bit(step);
	return steps;
}

/* Does an event of this instant end the search before it? */
static bool
ends_before(const Search *s, const FunnelEvent *events, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint32 steps = steps_of_event(s->plan, &events[i]);

		if (s->plan->mode == FUNNEL_STRICT_ORDER && s->begun && steps == 0)
			return true;
		if (s->plan->mode == FUNNEL_STRICT_DEDUP && (steps & s->taken & ~bit(0)) != 0 &&
			(steps & possible_steps(s) & ~s->taken) == 0)
			return true;
	}
	return false;
}

/* Does a step of this instant, out of its turn, end the search after it? */
static bool
ends_after(const Search *s, const FunnelEvent *events, int n)
{
	if (s->plan->mode != FUNNEL_STRICT_ORDER || !s->begun)
		return false;
	for (int i = 0; i < n; i++)
	{
		uint32 steps = steps_of_event(s->plan, &events[i]);

		if (steps != 0 && (steps & possible_steps(s)) == 0)
			return true;
	}
	return false;
}

/* Take the events of one instant; false: the search ends. */
static bool
take_instant(Search *s, const FunnelEvent *events, int n)
{
	Offer offers[FUNNEL_MAX_STEPS] = {{0}};
	int rows[FUNNEL_MAX_STEPS] = {0}; /* by class of steps */
	int64 t = events[0].at;
	bool excluded = false;
	bool may_begin = s->plan->reentry || !s->begun;

	if (ends_before(s, events, n))
		return false;
	for (int i = 0; i < n; i++)
	{
		excluded |= events[i].excluded;
		if (events[i].step >= 0)
			rows[events[i].step]++;
	}
	for (int from = s->plan->steps - 2; from >= START; from--)
		if (from == START ? may_begin : s->oldest[from] != NONE)
			offer_from(s, offers, from, rows, t);
	take_offers(s, offers, t);
	s->begun |= s->taken != 0;
	if (excluded)
		forget_older_chains(s, rows, t, may_begin);
	return !ends_after(s, events, n);
}

static FunnelReach
reach_of_chain(const Search *s, int32 i)
{
	FunnelReach reach = {0};

	if (i != NONE)
		reach.steps = s->chains[i].step + 1;
	for (; i != NONE; i = s->chains[i].parent)
	{
		reach.taken |= bit(s->chains[i].step);
		reach.at[s->chains[i].step] = s->chains[i].last;
	}
	return reach;
}

static inline int
end_of_instant(const FunnelEvent *events, int n, int i)
{
	int64 t = events[i].at;

	while (i < n && events[i].at == t)
		i++;
	return i;
}

static inline void
breathe(const FunnelPlan *plan, int *instants)
{
	if (++*instants % BREATH == 0 && plan->breathe != NULL)
		plan->breathe();
}

static FunnelReach
search_chains(const FunnelPlan *plan, const FunnelEvent *events, int n)
{
	Search s = {0};
	FunnelReach reach;
	int instants = 0;

	s.plan = plan;
	s.best = NONE;
	for (int step = 0; step < plan->steps; step++)
		s.oldest[step] = s.newest[step] = NONE;
	for (int i = 0, next; i < n; i = next)
	{
		breathe(plan, &instants);
		next = end_of_instant(events, n, i);
		if (!take_instant(&s, events + i, next - i))
			break;
		if (s.best != NONE && s.chains[s.best].step == plan->steps - 1)
			break;
	}
	reach = reach_of_chain(&s, s.best);
	if (s.chains != NULL)
		plan->release(s.chains);
	return reach;
}

/* ---- any order ---- */

/* How many of the first steps have rows of their own, given the rows of each class of steps? */
static int
steps_covered(const FunnelPlan *plan, const int *rows)
{
	int used[FUNNEL_MAX_STEPS] = {0};
	int covered = 0;

	for (int step = 0; step < plan->steps; step++)
	{
		int class = plan->class_of[step];

		if (used[class] < rows[class])
			covered = step + 1;
		if (!is_optional(plan, step) && ++used[class] > rows[class])
			break;
	}
	return covered;
}

/* Take the first row in begin ... end - 1 for the step that no step before it has taken. */
static void
take_first_row(const FunnelPlan *plan, const FunnelEvent *events, int end, int step, int *next,
			   FunnelReach *reach)
{
	int class = plan->class_of[step];
	int i = next[class];

	while (i < end && events[i].step != class)
		i++;
	next[class] = i + 1;
	if (i >= end)
		return;
	reach->taken |= bit(step);
	reach->at[step] = events[i].at;
}

/* When each of so many steps was first taken by rows begin ... end - 1; optional ones get the rest. */
static FunnelReach
reach_of_rows(const FunnelPlan *plan, const FunnelEvent *events, int begin, int end, int steps)
{
	FunnelReach reach = {0};
	int next[FUNNEL_MAX_STEPS];

	reach.steps = steps;
	for (int step = 0; step < steps; step++)
		next[step] = begin;
	for (int step = 0; step < steps; step++)
		if (step == steps - 1 || !is_optional(plan, step))
			take_first_row(plan, events, end, step, next, &reach);
	for (int step = 0; step < steps - 1; step++)
		if (is_optional(plan, step))
			take_first_row(plan, events, end, step, next, &reach);
	return reach;
}

/*
 * The first k steps in any order: a window slides over the events, from each instant to its
 * deadline or to the first excluded event after it, and counts the rows of each class.
 */
static FunnelReach
search_any_order(const FunnelPlan *plan, const FunnelEvent *events, int n)
{
	FunnelReach best = {0};
	int rows[FUNNEL_MAX_STEPS] = {0};
	int end = 0;
	int barrier = 0;
	int instants = 0;

	for (int i = 0, next; i < n; i = next)
	{
		int64 due = journey_deadline(events[i].at, &plan->within);
		int covered;

		breathe(plan, &instants);
		next = end_of_instant(events, n, i);
		for (barrier = Max(barrier, next); barrier < n && !events[barrier].excluded;)
			barrier++;
		if (barrier < n)
			due = Min(due, events[barrier].at);
		for (; end < n && events[end].at <= due; end++)
			if (events[end].step >= 0)
				rows[events[end].step]++;
		for (; end > next && events[end - 1].at > due; end--)
			if (events[end - 1].step >= 0)
				rows[events[end - 1].step]--;
		covered = steps_covered(plan, rows);
		if (covered > best.steps)
			best = reach_of_rows(plan, events, i, end, covered);
		for (int k = i; k < next; k++)
			if (events[k].step >= 0)
				rows[events[k].step]--;
	}
	return best;
}

FunnelReach
funnel_plan_search(const FunnelPlan *plan, const FunnelEvent *events, int n)
{
	if (plan->mode == FUNNEL_UNORDERED)
		return search_any_order(plan, events, n);
	return search_chains(plan, events, n);
}
