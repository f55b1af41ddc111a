/*
 * special.h: special functions for likelihoods, and sums that don't lose digits.
 *
 * Pure: no palloc, no ereport, no state.  Arguments are positive unless said otherwise.
 */
#ifndef CUSTOMER_LIFECYCLE_SPECIAL_H
#define CUSTOMER_LIFECYCLE_SPECIAL_H

#include "common/compat.h"

#include <math.h>

/* d/dx log gamma(x), to about 1e-15 relative to the larger of 1 and the value. */
extern double special_digamma(double x);

/* d2/dx2 log gamma(x), to about 1e-15 relative. */
extern double special_trigamma(double x);

/* log gamma(x + n) - log gamma(x) for n >= 0, without cancellation where x is large against n. */
extern double special_lgamma_rise(double x, double n);

/* digamma(x + n) - digamma(x) and trigamma(x + n) - trigamma(x), as accurately. */
extern double special_digamma_rise(double x, double n);
extern double special_trigamma_rise(double x, double n);

/* log B(a, b) */
extern double special_lbeta(double a, double b);

/* log(exp(a) + exp(b)); -infinity stands for a term that is absent. */
extern double special_logaddexp(double a, double b);

/*
 * A compensated sum (Neumaier's variant of Kahan's): the error doesn't grow with the number of
 * terms, so that row order and parallel plans don't show.  Start from {0, 0}.
 */
typedef struct CompensatedSum
{
	double sum;
	double lost; /* what rounding took away so far */
} CompensatedSum;

static inline void
compensated_add(CompensatedSum *s, double value)
{
	double sum = s->sum + value;

	if (fabs(s->sum) >= fabs(value))
		s->lost += (s->sum - sum) + value;
	else
		s->lost += (value - sum) + s->sum;
	s->sum = sum;
}

static inline double
compensated_value(const CompensatedSum *s)
{
	return s->sum + s->lost;
}

#endif
