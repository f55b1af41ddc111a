/*
 * cox_likelihood.h: the partial likelihood of Cox's proportional hazards model.
 *
 * Pure: no palloc, no ereport (but for interrupts); the caller provides all memory.
 */
#ifndef CUSTOMER_LIFECYCLE_COX_LIKELIHOOD_H
#define CUSTOMER_LIFECYCLE_COX_LIKELIHOOD_H

#include "common/compat.h"

/* How events of one duration are treated. */
typedef enum CoxTies
{
	COX_EFRON,
	COX_BRESLOW
} CoxTies;

#define COX_TIES 2

/* The customers, sorted by key: by duration, at each duration those first who left. */
typedef struct CoxData
{
	uint32 n;
	int p;						 /* covariates */
	const uint64 *keys;			 /* see survival_cells.h */
	const double *entries;		 /* observed from here on; 0: from the beginning */
	const double *weights;		 /* > 0 */
	double *covariates;			 /* n rows of p, centred and scaled */
	const uint32 *late_entrants; /* those with an entry above 0, latest entry first */
	uint32 n_late;
	CoxTies ties;
	double *linear_predictor; /* n; filled by cox_likelihood() */
	double *sums;			  /* cox_sums_workspace(p) */
} CoxData;

/* The number of moments of p covariates: the sum of weights, p means, p (p + 1) / 2 products. */
static inline int
cox_moments(int p)
{
	return 1 + p + p * (p + 1) / 2;
}

static inline Size
cox_sums_workspace(int p)
{
	return 4 * (Size) cox_moments(p);
}

/*
 * The log partial likelihood at beta[p], its gradient[p] and hessian[p * p]; arg is a CoxData.  A
 * NewtonFunction.
 */
extern double cox_likelihood(const double *beta, double *gradient, double *hessian, void *arg);

#endif
