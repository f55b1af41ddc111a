/*
 * nps.h: who promotes and who detracts.
 */
#ifndef CUSTOMER_LIFECYCLE_NPS_H
#define CUSTOMER_LIFECYCLE_NPS_H

#include "rating/rating_summary.h"

typedef struct NpsCounts
{
	int64 promoters;  /* 9 and 10 */
	int64 passives;	  /* 7 and 8 */
	int64 detractors; /* 6 or less */
	int64 n;
} NpsCounts;

/* Argument i, a summary; ERROR (22023) on other scales than 0..10 and 1..10. */
extern NpsCounts nps_counts_arg(FunctionCallInfo fcinfo, int i);

/* 100 (promoters - detractors) / n; not for n = 0. */
extern double nps_of(const NpsCounts *c);

/*
 * Variance of one answer that counts 1 for a promoter, -1 for a detractor and 0 for others, from
 * the shares of both; the variance of 100 times the mean of n answers is 100^2 of it / n.
 */
extern double nps_variance(double promoters, double detractors);

#endif
