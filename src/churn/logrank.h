/*
 * logrank.h: do groups of customers stay equally long?
 *
 * Pure: no palloc, no ereport; the caller provides the workspace.
 */
#ifndef CUSTOMER_LIFECYCLE_LOGRANK_H
#define CUSTOMER_LIFECYCLE_LOGRANK_H

#include "churn/survival_walk.h"

typedef struct LogrankResult
{
	double chi_square; /* NaN if the groups can't be compared */
	int df;
} LogrankResult;

/* What is collected over the durations at which anybody left; each array is the caller's. */
typedef struct Logrank
{
	const SurvivalWalk *groups; /* freshly started */
	int n_groups;
	double rho;				  /* weight of a duration: S(t-)^rho, S of all groups together */
	uint32 *next;			  /* a group: the cell that was reached */
	double *upcoming;		  /* a group: its first event from there on; infinity: none */
	double *at_risk;		  /* a group */
	CompensatedSum *observed; /* a group: the weighted number who left */
	CompensatedSum *expected; /* a group: how many would have if all groups were alike */
	double *covariance;		  /* n_groups squared */
} Logrank;

/* Collect and test; leaves observed and expected filled, and destroys covariance. */
extern LogrankResult logrank_compare(Logrank *l);

#endif
