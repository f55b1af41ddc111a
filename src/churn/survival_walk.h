/*
 * survival_walk.h: the Kaplan-Meier estimate, point by point.
 *
 * Pure: no palloc, no ereport; the caller provides room for the numbers at risk.
 *
 *   S(t) = product over t_i <= t of (1 - d_i / n_i)
 *   Greenwood: var(log S(t)) = sum of d_i / (n_i (n_i - d_i))
 *   Nelson-Aalen: H(t) = sum of d_i / n_i
 *
 * d_i leave at t_i and n_i are at risk there: entered before t_i, and neither gone nor out of sight
 * before it.  Kaplan & Meier, "Nonparametric estimation from incomplete observations", Journal of
 * the American Statistical Association 53 (1958); Klein & Moeschberger, Survival Analysis, 2nd ed.,
 * chapter 4.
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_WALK_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_WALK_H

#include "churn/survival_cells.h"
#include "common/special.h"

typedef struct SurvivalWalk
{
	/* what is walked */
	const SurvivalCell *cells; /* collapsed */
	const double *at_risks;	   /* a cell: the sum of the weights from it on */
	uint32 n;
	uint32 next; /* the first cell not yet looked at */

	/* the point where we are; before the first: duration 0, survival 1 */
	double duration;
	double at_risk; /* n_i */
	double events;	/* d_i */
	double censored;
	double survival;
	double log_variance; /* Greenwood's; infinite from the point on where survival is 0 */
	double hazard;		 /* cumulative (Nelson-Aalen) */

	CompensatedSum variance_sum;
	CompensatedSum hazard_sum;
} SurvivalWalk;

/* Fill at_risks[n] for cells[n], and stand before the first point. */
extern SurvivalWalk survival_walk_start(const SurvivalCell *cells, uint32 n, double *at_risks);

/* Back to before the first point. */
extern void survival_walk_rewind(SurvivalWalk *w);

/* On to the next duration at which someone left or was last seen; false at the end. */
extern bool survival_walk_next(SurvivalWalk *w);

/* The duration of the point that survival_walk_next() would go to; infinity at the end. */
extern double survival_walk_peek(const SurvivalWalk *w);

/* The last duration at which someone left or was last seen; 0 for an empty curve. */
extern double survival_walk_last(const SurvivalWalk *w);

/* How many customers there are in all (the sum of their weights). */
extern double survival_walk_total(const SurvivalWalk *w);

#endif
