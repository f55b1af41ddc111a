/*
 * survival_options.h: the arguments that the accessors of survival_curve share.
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_OPTIONS_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_OPTIONS_H

#include "churn/survival_bounds.h"
#include "churn/survival_curve.h"

/* How to put limits around an estimate. */
typedef struct SurvivalLimits
{
	double z;
	SurvivalMethod method;
} SurvivalLimits;

/* Arguments i (confidence) and i + 1 (method); ERROR (22023) if they make no sense. */
extern SurvivalLimits survival_limits_args(FunctionCallInfo fcinfo, int i);

/* The limits at the point where a walk stands. */
extern ConfidenceBounds survival_limits_at(const SurvivalWalk *w, const SurvivalLimits *limits);

/*
 * A duration to look at, in the curve's unit, from argument i: a number, ERROR (22003) for NaN, or
 * an interval, ERROR (22023) if the curve's durations are numbers.
 */
extern double survival_duration_arg(FunctionCallInfo fcinfo, int i, SurvivalUnit given,
									const SurvivalCurve *s);

/* ERROR (22023) unless the curve was built from intervals. */
extern void survival_check_days(const SurvivalCurve *s);

#endif
