/*
 * journey_path.h: the events or channels of a journey, one after another.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_PATH_H
#define CUSTOMER_LIFECYCLE_JOURNEY_PATH_H

#include "journey/journey_summary.h"

typedef struct PathStep
{
	int code;
	int64 at; /* of the first of equal steps */
} PathStep;

typedef struct Path
{
	int n;
	PathStep *step;
} Path;

/*
 * The steps of touchpoints begin ... end - 1; channels instead of events: only of touchpoints that
 * have one.  collapse: a step that repeats the one before is left out.  max_steps < 0: no limit.
 */
extern Path journey_path_steps(const Journey *j, int begin, int end, bool channels, bool collapse,
							   int max_steps);

/* A limit argument: NULL is none; ERROR if it is negative. */
extern int journey_max_steps(FunctionCallInfo fcinfo, int i);

#endif
