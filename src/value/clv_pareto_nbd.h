/*
 * clv_pareto_nbd.h: nodes for the integral of the Pareto/NBD model.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_PARETO_NBD_H
#define CUSTOMER_LIFECYCLE_CLV_PARETO_NBD_H

#include "common/compat.h"

#define PARETO_MAX_NODES 32

/* A Gauss-Legendre rule on 0..1. */
typedef struct ParetoRule
{
	int n;
	double node[PARETO_MAX_NODES];
	double weight[PARETO_MAX_NODES];
} ParetoRule;

/* The rule of n <= PARETO_MAX_NODES nodes. */
extern void pareto_rule(int n, ParetoRule *rule);

/*
 * Log of the two parts of a customer's likelihood, without what depends on x alone: alive at T, and
 * left between t_x and T.  p is r, alpha, s, beta.
 */
extern double pareto_log_alive(double x, double T, const double *p);
extern double pareto_log_left(double x, double tx, double T, const double *p);

#endif
