/*
 * attribution.h: which touch gets how much of a conversion.
 *
 * Pure: no palloc, no ereport.
 */
#ifndef CUSTOMER_LIFECYCLE_ATTRIBUTION_H
#define CUSTOMER_LIFECYCLE_ATTRIBUTION_H

#include "common/compat.h"

typedef enum AttributionRule
{
	ATTRIBUTION_FIRST,
	ATTRIBUTION_LAST,
	ATTRIBUTION_LAST_NON_DIRECT,
	ATTRIBUTION_LINEAR,
	ATTRIBUTION_TIME_DECAY,
	ATTRIBUTION_POSITION
} AttributionRule;

typedef struct AttributionOptions
{
	AttributionRule rule;
	double half_life;	/* microseconds; time_decay */
	double first_share; /* position; the middle gets what is left of 1 */
	double last_share;
} AttributionOptions;

/*
 * The credits of n >= 1 touches in order of time; they sum to 1.
 *
 *   first, last        that touch
 *   last_non_direct    the last touch that isn't direct, or the last if all are
 *   linear             equal
 *   time_decay         2^(-age / half_life), normalised
 *   position           first_share, last_share, the rest equally between them; of two touches each
 *                      in proportion to its share; of one, all
 */
extern void attribution_credits(const AttributionOptions *options, const int64 *at,
								const bool *direct, int n, double *credit);

#endif
