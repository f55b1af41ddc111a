/*
 * funnel_plan.h: funnels with options: modes, optional steps, exclusions, re-entry off, a window
 * per step.
 *
 * Where funnel_search() asks only which rows satisfy a step, these ask about all events of a
 * customer.  Steps are events, so two steps share rows only if they are the same event.
 *
 * Pure: no palloc (memory comes from the caller's function), no ereport.
 */
#ifndef CUSTOMER_LIFECYCLE_FUNNEL_PLAN_H
#define CUSTOMER_LIFECYCLE_FUNNEL_PLAN_H

#include "journey/funnel_search.h"

typedef enum FunnelMode
{
	FUNNEL_ORDERED,			/* other events may come between */
	FUNNEL_STRICT_INCREASE, /* each step later in time than the one before it */
	FUNNEL_STRICT_ORDER,	/* an event out of place ends the search */
	FUNNEL_STRICT_DEDUP,	/* a repeated step ends the search */
	FUNNEL_UNORDERED		/* the first k steps in any order */
} FunnelMode;

typedef struct FunnelPlan
{
	int steps;
	FunnelMode mode;
	bool reentry;					/* else only the first start counts */
	uint32 optional;				/* bit i: step i + 1 may be left out */
	int class_of[FUNNEL_MAX_STEPS]; /* the first step that is the same event */
	JourneyWindow within;
	const JourneyWindow *step_within; /* steps of them: time since the step before; or NULL */

	/* like realloc() that never fails; called with NULL first */
	void *(*resize)(void *memory, Size bytes);
	void (*release)(void *memory);
	void (*breathe)(void); /* called now and then, to be interrupted; or NULL */
} FunnelPlan;

/* An event of a customer; step -1: it is no step. */
typedef struct FunnelEvent
{
	int64 at;
	int16 step; /* the first step that it satisfies */
	bool excluded;
} FunnelEvent;

/* The steps that a customer's events, in order of time, reach by the plan. */
extern FunnelReach funnel_plan_search(const FunnelPlan *plan, const FunnelEvent *events, int n);

#endif
