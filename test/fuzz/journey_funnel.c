/*
 * journey_funnel.c: the funnel searches against brute force.
 *
 *   journey_funnel CASES SEED
 *
 * Builds alone, from src/journey/funnel_*.c and journey_window.c and this file.  The brute force
 * tries all chains of distinct rows, as the definition says, and knows nothing of the searches but
 * their headers.  Prints TAP.
 */
#include "journey/funnel_plan.h"

#include "port/pg_bitutils.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_ROWS 8
#define MAX_STEPS 4

/* postgres.h redirects printf; this program has no backend to print with */
#undef printf
#undef fprintf

static uint64 seed;

static uint32
pick(uint32 n)
{
	uint64 z = (seed += UINT64CONST(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return (uint32) ((z ^ (z >> 31)) >> 33) % n;
}

/* ---- the definition, with options; a row may satisfy several steps ---- */

typedef struct Row
{
	int64 at;
	uint32 steps;
	bool excluded;
} Row;

typedef struct Rules
{
	int steps;
	FunnelMode mode;
	bool reentry;
	uint32 optional;
	int64 within; /* -1: none */
	int64 step_within[MAX_STEPS];
} Rules;

typedef struct Best
{
	int steps;
	int64 complete; /* earliest end of a chain that reaches `steps` */
	uint32 ends;	/* steps that some chain ends with */
} Best;

static bool
is_barred(const Row *rows, int n, int64 after, int64 before)
{
	for (int i = 0; i < n; i++)
		if (rows[i].excluded && rows[i].at > after && rows[i].at < before)
			return true;
	return false;
}

static void
chains(const Rules *r, const Row *rows, int n, int from, uint32 used, int64 first, int64 last,
	   int64 only_start, Best *best)
{
	for (int to = from + 1; to < r->steps; to++)
	{
		for (int i = 0; i < n; i++)
		{
			int64 t = rows[i].at;

			if (((used >> i) & 1) || !((rows[i].steps >> to) & 1))
				continue;
			if (from < 0 && !r->reentry && t != only_start)
				continue;
			if (from >= 0 && (t < last || (r->mode == FUNNEL_STRICT_INCREASE && t == last)))
				continue;
			if (from >= 0 && r->within >= 0 && t - first > r->within)
				continue;
			if (from >= 0 && r->step_within[to] >= 0 && t - last > r->step_within[to])
				continue;
			if (from >= 0 && is_barred(rows, n, first, t))
				continue;
			best->ends |= 1u << to;
			if (to + 1 > best->steps || (to + 1 == best->steps && t < best->complete))
			{
				best->steps = to + 1;
				best->complete = t;
			}
			chains(r, rows, n, to, used | 1u << i, from < 0 ? t : first, t, only_start, best);
		}
		if (!((r->optional >> to) & 1))
			break;
	}
}

static Best
ordered(const Rules *r, const Row *rows, int n)
{
	Best best = {0};
	int64 start = 0;
	uint32 startable = 0;

	for (int step = 0; step < r->steps; step++)
	{
		startable |= 1u << step;
		if (!((r->optional >> step) & 1))
			break;
	}
	for (int i = n - 1; i >= 0; i--)
		if (rows[i].steps & startable)
			start = rows[i].at;
	chains(r, rows, n, -1, 0, 0, 0, start, &best);
	return best;
}

/* Which steps have a step before them, possibly over optional ones, that was taken? */
static uint32
can_come_next(const Rules *r, uint32 ends)
{
	uint32 result = 0;

	for (int to = 0; to < r->steps; to++)
		for (int from = to - 1; from >= -1; from--)
		{
			if (from < 0 || ((ends >> from) & 1))
			{
				result |= 1u << to;
				break;
			}
			if (!((r->optional >> from) & 1))
				break;
		}
	return result;
}

/* How many rows does a strict mode look at? */
static int
strict_rows(const Rules *r, const Row *rows, int n)
{
	for (int i = 0, next; i < n; i = next)
	{
		uint32 ends = ordered(r, rows, i).ends;
		uint32 after;

		for (next = i; next < n && rows[next].at == rows[i].at;)
			next++;
		after = ordered(r, rows, next).ends;
		for (int k = i; k < next; k++)
		{
			if (r->mode == FUNNEL_STRICT_ORDER && ends != 0 && rows[k].steps == 0)
				return i;
			if (r->mode == FUNNEL_STRICT_DEDUP && (rows[k].steps & ends & ~1u) &&
				!(rows[k].steps & can_come_next(r, ends) & ~ends))
				return i;
		}
		for (int k = i; k < next; k++)
			if (r->mode == FUNNEL_STRICT_ORDER && after != 0 && rows[k].steps != 0 &&
				!(rows[k].steps & can_come_next(r, after)))
				return next;
	}
	return n;
}

/* Give rows to the needed steps below `steps`, in any order. */
static bool
assign(const Rules *r, const Row *rows, int n, int step, int steps, uint32 used, int64 low,
	   int64 high)
{
	if (step == steps)
		return (r->within < 0 || high - low <= r->within) && !is_barred(rows, n, low, high);
	if (((r->optional >> step) & 1) && step < steps - 1)
		return assign(r, rows, n, step + 1, steps, used, low, high);
	for (int i = 0; i < n; i++)
		if (!((used >> i) & 1) && ((rows[i].steps >> step) & 1) &&
			assign(r, rows, n, step + 1, steps, used | 1u << i,
				   used ? Min(low, rows[i].at) : rows[i].at,
				   used ? Max(high, rows[i].at) : rows[i].at))
			return true;
	return false;
}

static Best
by_definition(const Rules *r, const Row *rows, int n)
{
	Best best = {0};

	if (r->mode != FUNNEL_UNORDERED)
		return ordered(r, rows, strict_rows(r, rows, n));
	for (int steps = 1; steps <= r->steps; steps++)
		if (assign(r, rows, n, 0, steps, 0, 0, 0))
			best.steps = steps;
	return best;
}

/* ---- random cases ---- */

static void
sort_by_time(Row *rows, int n)
{
	for (int i = 1; i < n; i++)
		for (int k = i; k > 0 && rows[k - 1].at > rows[k].at; k--)
		{
			Row swapped = rows[k];

			rows[k] = rows[k - 1];
			rows[k - 1] = swapped;
		}
}

static JourneyWindow
window_of(int64 length)
{
	JourneyWindow w = {length < 0 ? 0 : length, 0, length < 0};

	return w;
}

static int
random_rows(Row *rows, int steps, bool by_event)
{
	static const uint32 spans[] = {3, 7, 21};
	int n = pick(MAX_ROWS + 1);
	uint32 span = spans[pick(3)];

	for (int i = 0; i < n; i++)
	{
		rows[i] = (Row){pick(span), 0, false};
		if (by_event || pick(10) >= 4)
			rows[i].steps = 1u << pick(steps);
		else
			rows[i].steps = pick(1u << steps);
	}
	sort_by_time(rows, n);
	return n;
}

static int64
random_window(void)
{
	static const int64 windows[] = {-1, 0, 1, 3, 8};

	return windows[pick(5)];
}

/* funnel_search(): rows that satisfy any set of steps. */
static bool
case_of_search(void)
{
	Rules r = {1 + pick(MAX_STEPS),
			   pick(2) ? FUNNEL_STRICT_INCREASE : FUNNEL_ORDERED,
			   true,
			   0,
			   random_window(),
			   {-1, -1, -1, -1}};
	Row rows[MAX_ROWS];
	FunnelRow input[MAX_ROWS];
	int n = random_rows(rows, r.steps, false);
	JourneyWindow within = window_of(r.within);
	FunnelReach reach;
	Best best = by_definition(&r, rows, n);
	int plain;

	for (int i = 0; i < n; i++)
		input[i] = (FunnelRow){rows[i].at, rows[i].steps, 0};
	plain = funnel_search(input, n, r.steps, &within, r.mode == FUNNEL_STRICT_INCREASE, NULL);
	funnel_search(input, n, r.steps, &within, r.mode == FUNNEL_STRICT_INCREASE, &reach);
	return plain == best.steps && reach.steps == best.steps &&
		   (best.steps == 0 || reach.at[best.steps - 1] == best.complete);
}

static void
make_plan(FunnelPlan *plan, JourneyWindow *step_within, const Rules *r)
{
	bool any = false;

	memset(plan, 0, sizeof(*plan));
	plan->steps = r->steps;
	plan->mode = r->mode;
	plan->reentry = r->reentry;
	plan->optional = r->optional;
	plan->within = window_of(r->within);
	for (int step = 0; step < r->steps; step++)
	{
		any |= r->step_within[step] >= 0;
		step_within[step] = window_of(r->step_within[step]);
		plan->class_of[step] = step;
	}
	plan->step_within = any ? step_within : NULL;
	plan->resize = realloc;
	plan->release = free;
}

/* Is what the search says about times a chain of the rules? */
static bool
times_hold(const Rules *r, const FunnelReach *reach)
{
	int64 first = -1;
	int64 last = -1;

	for (int step = 0; step < reach->steps; step++)
	{
		if (!((reach->taken >> step) & 1))
		{
			if (!((r->optional >> step) & 1) || step == reach->steps - 1)
				return false;
			continue;
		}
		if (first < 0)
			first = reach->at[step];
		else if (reach->at[step] < last ||
				 (r->step_within[step] >= 0 && reach->at[step] - last > r->step_within[step]))
			return false;
		last = reach->at[step];
	}
	return r->within < 0 || last - first <= r->within;
}

/* funnel_plan_search(): rows are events; an event can be several steps. */
static bool
case_of_plan(FunnelMode mode, bool options)
{
	Rules r = {1 + pick(MAX_STEPS), mode, true, 0, random_window(), {-1, -1, -1, -1}};
	JourneyWindow step_within[MAX_STEPS];
	Row rows[MAX_ROWS];
	FunnelEvent events[MAX_ROWS];
	FunnelPlan plan;
	FunnelReach reach;
	Best best;
	int n = random_rows(rows, MAX_STEPS, true);
	int event_of_step[MAX_STEPS];

	if (options)
	{
		r.optional = pick(2) ? pick(1u << r.steps) : 0;
		r.reentry = mode == FUNNEL_UNORDERED || pick(3) > 0;
		for (int step = 0; step < r.steps && mode != FUNNEL_UNORDERED; step++)
			r.step_within[step] = pick(2) ? random_window() : -1;
	}
	make_plan(&plan, step_within, &r);
	for (int step = 0; step < r.steps; step++)
		event_of_step[step] = pick(4) ? step : (int) pick(r.steps);
	for (int step = r.steps - 1; step >= 0; step--)
		for (int same = r.steps - 1; same >= 0; same--)
			if (event_of_step[same] == event_of_step[step])
				plan.class_of[step] = same;
	for (int i = 0; i < n; i++)
	{
		int event = pg_rightmost_one_pos32(rows[i].steps);

		rows[i].steps = 0;
		events[i] = (FunnelEvent){rows[i].at, -1, false};
		for (int step = r.steps - 1; step >= 0; step--)
			if (event_of_step[step] == event)
			{
				rows[i].steps |= 1u << step;
				events[i].step = step;
			}
		if (options && rows[i].steps == 0)
			events[i].excluded = rows[i].excluded = pick(2);
	}
	best = by_definition(&r, rows, n);
	reach = funnel_plan_search(&plan, events, n);
	return reach.steps == best.steps &&
		   (best.steps == 0 || mode == FUNNEL_UNORDERED ||
			(reach.at[best.steps - 1] == best.complete && times_hold(&r, &reach)));
}

static void
report(int test, const char *what, int cases, int wrong)
{
	printf("%s %d - %s: %d cases, %d differences\n", wrong == 0 ? "ok" : "not ok", test, what,
		   cases, wrong);
}

int
main(int argc, char **argv)
{
	static const char *names[] = {"ordered", "strict_increase", "strict_order", "strict_dedup",
								  "unordered"};
	int cases = argc > 1 ? atoi(argv[1]) : 100000;
	int test = 0;
	int wrong = 0;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	printf("1..11\n");
	for (int i = 0; i < cases; i++)
		wrong += !case_of_search();
	report(++test, "rows that satisfy any steps", cases, wrong);
	for (int mode = FUNNEL_ORDERED; mode <= FUNNEL_UNORDERED; mode++)
		for (int options = 0; options <= 1; options++)
		{
			wrong = 0;
			for (int i = 0; i < cases; i++)
				wrong += !case_of_plan(mode, options);
			printf("# %s\n", names[mode]);
			report(++test, options ? "events, with options" : "events", cases, wrong);
		}
	return 0;
}
