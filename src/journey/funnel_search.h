/*
 * funnel_search.h: how far a customer's rows reach in a funnel.
 *
 * The definition: the largest k such that there are k distinct rows e1 ... ek, ei satisfies step i,
 * t(e1) <= ... <= t(ek), and t(ek) is within the window that opens at t(e1), boundary included.
 * A funnel may be entered again and again; rows of one instant have no order among themselves.
 *
 * Pure: no palloc, no ereport, so that it can be fuzzed alone.
 */
#ifndef CUSTOMER_LIFECYCLE_FUNNEL_SEARCH_H
#define CUSTOMER_LIFECYCLE_FUNNEL_SEARCH_H

#include "journey/journey_window.h"

#define FUNNEL_MAX_STEPS 32

/* A row of a customer: when, and which steps it satisfies (bit i: step i + 1). */
typedef struct FunnelRow
{
	int64 at;
	uint32 steps;
	uint32 unused; /* 0, so that equal rows are equal bytes */
} FunnelRow;

/* What a search found: the steps reached, and when on the chain that reached furthest first. */
typedef struct FunnelReach
{
	int steps;
	uint32 taken; /* bit i: at[i] is known */
	int64 at[FUNNEL_MAX_STEPS];
} FunnelReach;

/*
 * The steps that rows reach, 0 to steps.  The rows are in order of time; those that satisfy no
 * step may be left out.  With later_only a step must be later in time than the one before it.
 * O(rows * steps) where no row satisfies two steps, else at each instant a matching more.
 *
 * If `reach` is not NULL, it is also told when: of the chains that reach furthest, the one that is
 * complete first, and of those the one that begins last, each step as early as this chain has it.
 */
extern int funnel_search(const FunnelRow *rows, int n, int steps, const JourneyWindow *within,
						 bool later_only, FunnelReach *reach);

#endif
