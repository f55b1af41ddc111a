/*
 * cohort_summary.h: the activity of many customers, counted by cohort and age.
 */
#ifndef CUSTOMER_LIFECYCLE_COHORT_SUMMARY_H
#define CUSTOMER_LIFECYCLE_COHORT_SUMMARY_H

#include "common/summary.h"
#include "journey/activity_summary.h"

/*
 * A cohort is the customers whose first active period is the same; age counts periods from it.
 * For `periods` periods from the first cohort on there are
 *
 *   active[cohort][age]	customers active at that age
 *   last[cohort][age]		customers active then, and never later
 *   pauses[period]			customers who were active in the period before, not in this one, and
 *							came back later
 *
 * Outside of aggregates the first cohort and the last period have somebody, and there is no room.
 */
typedef struct CohortSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unit;
	uint16 zone_length;
	int32 first; /* the period of the first cohort */
	int32 periods;
	char zone[256];
	int64 counts[FLEXIBLE_ARRAY_MEMBER];
} CohortSummary;

#define COHORT_SUMMARY_VERSION 1
#define COHORT_SUMMARY_HEADER offsetof(CohortSummary, counts)

/* Two squares of 16 bytes a cell must stay well below 1 GB. */
#define COHORT_MAX_PERIODS 5000

static inline int64 *
cohort_active(const CohortSummary *s, int32 cohort)
{
	return (int64 *) s->counts + (Size) cohort * s->periods;
}

static inline int64 *
cohort_last(const CohortSummary *s, int32 cohort)
{
	return (int64 *) s->counts + ((Size) s->periods + cohort) * s->periods;
}

static inline int64 *
cohort_pauses(const CohortSummary *s)
{
	return (int64 *) s->counts + 2 * (Size) s->periods * s->periods;
}

/* Argument i of an accessor, checked. */
extern const CohortSummary *cohort_arg(FunctionCallInfo fcinfo, int i);

/*
 * By period, counted from the first cohort: the active, and those who were active in it and never
 * again.  Both arrays have room for s->periods and begin as 0.  False if a sum overflows.
 */
extern bool cohort_sum_periods(const CohortSummary *s, int64 *active, int64 *last);

/* The last period in which somebody was active, counted from the first cohort; -1: nobody ever. */
extern int32 cohort_last_period(const CohortSummary *s);

#endif
