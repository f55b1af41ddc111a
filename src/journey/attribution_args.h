/*
 * attribution_args.h: the arguments that attribution functions share.
 */
#ifndef CUSTOMER_LIFECYCLE_ATTRIBUTION_ARGS_H
#define CUSTOMER_LIFECYCLE_ATTRIBUTION_ARGS_H

#include "journey/attribution.h"
#include "journey/journey_interval.h"
#include "journey/journey_summary.h"

typedef struct AttributionArgs
{
	AttributionOptions options;
	JourneyWindow lookback;
	const text *direct; /* NULL: no channel is */
} AttributionArgs;

/*
 * The arguments lookback, half_life, direct, first_share and last_share, which are `first` and the
 * four after it; the rule is linear.  ERROR if one is out of range.
 */
extern AttributionArgs attribution_args(FunctionCallInfo fcinfo, int first);

/* The rule of a name; ERROR (22023) if there is none. */
extern AttributionRule attribution_rule(const text *name);

extern const char *attribution_rule_name(AttributionRule rule);

/* The code of the direct channel in a journey, or -1. */
extern int attribution_direct_code(const AttributionArgs *args, const Journey *j);

#endif
