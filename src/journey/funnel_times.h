/*
 * funnel_times.h: when a funnel's steps were taken, as an SQL array.
 */
#ifndef CUSTOMER_LIFECYCLE_FUNNEL_TIMES_H
#define CUSTOMER_LIFECYCLE_FUNNEL_TIMES_H

#include "journey/funnel_search.h"

#include "utils/array.h"

/* timestamptz[] of one element a step, NULL for a step that was not taken. */
extern ArrayType *funnel_reach_array(const FunnelReach *reach, int steps);

#endif
