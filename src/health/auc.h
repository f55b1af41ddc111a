/*
 * auc.h: how well scores rank.  Pure numerics: no palloc, no ereport.
 */
#ifndef CUSTOMER_LIFECYCLE_AUC_H
#define CUSTOMER_LIFECYCLE_AUC_H

#include "common/compat.h"

/* Some customers of one score and outcome. */
typedef struct ScoredCount
{
	double score;
	double count; /* > 0: churned, < 0: stayed */
} ScoredCount;

/*
 * The area under the receiver operating characteristic: the probability that one who churned scores
 * higher than one who stayed, equal scores counting half.  NaN if one outcome is missing.  Sorts
 * its input.
 */
extern double auc_of(ScoredCount *scored, size_t n);

#endif
