/*
 * logistic.h: logistic regression by maximum likelihood.
 *
 *   P(churned | x) = 1 / (1 + exp(-z)),  z = b0 + sum_j b_j x_j
 *
 * Pure numerics: no palloc, no ereport; the caller provides the workspace.
 */
#ifndef CUSTOMER_LIFECYCLE_LOGISTIC_H
#define CUSTOMER_LIFECYCLE_LOGISTIC_H

#include "common/compat.h"

/*
 * A table of rows of 1 + features doubles: +count of those who churned or -count of those who
 * stayed, then the features, all finite.
 */
typedef struct LogisticData
{
	int features;
	int64 rows;
	const double *cells;
	void (*breathe)(void); /* called now and then: a place to leave by ereport, or NULL */
} LogisticData;

typedef enum LogisticStatus
{
	LOGISTIC_CONVERGED,
	LOGISTIC_MAX_ITERATIONS,
	LOGISTIC_STALLED,	 /* no step improves the likelihood, yet the gradient isn't small */
	LOGISTIC_SEPARATED,	 /* some combination of features tells the outcomes apart: no optimum */
	LOGISTIC_ONE_OUTCOME /* everybody churned, or nobody */
} LogisticStatus;

/* The options of a fit. */
typedef struct LogisticOptions
{
	double l2; /* penalty: l2 / 2 times the sum of squared standardised coefficients */
	int max_iterations;
} LogisticOptions;

/*
 * What a fit found.  Arrays are the caller's; a coefficient that is not identified (a constant
 * feature, or one that is a combination of those before it) is NaN, and so are the rows and columns
 * of the covariance that belong to it.  The whole covariance is NaN where there is none.
 */
typedef struct LogisticFit
{
	LogisticStatus status;
	int iterations;
	bool dropped; /* is some coefficient not identified? */
	double n;	  /* rows, counted */
	double churned;
	double log_likelihood; /* without the penalty */
	double centre;		   /* z where all features are at their means */
	double *estimate;	   /* [1 + features], intercept first */
	double *mean;		   /* [features] */
	double *covariance;	   /* [(1 + features)^2] */
} LogisticFit;

/* The number of doubles of workspace. */
extern Size logistic_workspace(int features);

extern void logistic_fit(const LogisticData *data, const LogisticOptions *options, double *work,
						 LogisticFit *fit);

/* 1 / (1 + exp(-z)), without overflow. */
extern double logistic_probability(double z);

#endif
