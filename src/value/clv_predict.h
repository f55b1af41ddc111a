/*
 * clv_predict.h: what models of purchases say about one customer.
 *
 * Pure but for interrupts: long sums can be cancelled.  Times and the parameters alpha and beta are
 * in the model's unit.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_PREDICT_H
#define CUSTOMER_LIFECYCLE_CLV_PREDICT_H

#include "common/compat.h"

#include "value/clv_model.h"

typedef struct ClvCustomer
{
	bool met; /* false: nothing is known yet, the rest is not read */
	double x;
	double tx;
	double T;
	double mean; /* spend of the x repeat purchases; NaN: not known */
} ClvCustomer;

/*
 * What a customer who is still alive will do: purchases come at a gamma-distributed rate of shape A
 * and scale 1 / B; a and b, or s and D, govern how he leaves; and is he alive?
 */
typedef struct ClvFuture
{
	ClvKind kind;
	double alive; /* the probability */
	double A;
	double B;
	double a; /* s for Pareto/NBD, gamma for BG/BB */
	double b; /* D for Pareto/NBD, delta for BG/BB */
} ClvFuture;

extern ClvFuture clv_future(ClvKind kind, const double *p, const ClvCustomer *customer);

/* Expected purchases in the next t; infinite t: NaN where their number isn't finite. */
extern double clv_expected(const ClvFuture *future, double t);

/* The same, each discounted by exp(-delta t) at its time; delta > 0, t may be infinite. */
extern double clv_discounted(const ClvFuture *future, double t, double delta);

/* The probability of exactly n purchases in the next t. */
extern double clv_probability(const ClvFuture *future, double t, int64 n);

/* The expected amount of a purchase by Gamma-Gamma (p, q, v); NaN where it has no mean. */
extern double clv_expected_spend(const double *p, const ClvCustomer *customer);

/* Shifted beta-geometric (alpha, beta): who is left after so many periods. */
extern double sbg_survival(const double *p, double periods);

/*
 * Expected payments after so many renewals, the next one not discounted, those after it by 1 +
 * discount a period each; NaN where they aren't finite.
 */
extern double sbg_residual(const double *p, double renewals, double discount);

#endif
