/*
 * cox_concordance.h: how often the customer with the higher risk is the one who leaves first.
 *
 * Pure: no palloc, no ereport (but for interrupts); the caller provides all memory.
 */
#ifndef CUSTOMER_LIFECYCLE_COX_CONCORDANCE_H
#define CUSTOMER_LIFECYCLE_COX_CONCORDANCE_H

#include "churn/cox_likelihood.h"

/*
 * Harrell's C over the linear predictors in data: of all pairs in which one customer is known to
 * have left while the other was observed and stayed longer, the share in which that one had the
 * higher predictor; equal predictors count one half.  0..1, NaN without any such pair.  Pairs weigh
 * the product of their weights; events of one duration don't form pairs.  n log n.
 *
 * order[n] and ranks[n] are scratch, tree[n + 1] doubles too.
 */
extern double cox_concordance(const CoxData *data, uint32 *order, uint32 *ranks, double *tree);

#endif
