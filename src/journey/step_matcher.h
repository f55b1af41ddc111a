/*
 * step_matcher.h: which steps of a funnel an event is.
 */
#ifndef CUSTOMER_LIFECYCLE_STEP_MATCHER_H
#define CUSTOMER_LIFECYCLE_STEP_MATCHER_H

#include "common/compat.h"

#include "journey/funnel_search.h"
#include "utils/array.h"

/* The steps of a call, prepared once and kept in fn_extra as long as the same steps come. */
typedef struct StepMatcher StepMatcher;

/*
 * The matcher of the steps in argument `arg`, not null, any element type that has equality.  ERROR
 * if the array is not one of 1 to 32 events, none null.
 */
extern StepMatcher *step_matcher(FunctionCallInfo fcinfo, int arg);

extern int step_matcher_steps(const StepMatcher *m);

/* Bit i: the event equals step i + 1. */
extern uint32 step_matcher_match(StepMatcher *m, Datum event);

#endif
