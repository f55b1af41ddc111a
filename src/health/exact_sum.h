/*
 * exact_sum.h: sums of double precision numbers that don't depend on the order of the rows.
 *
 * A sum is an unevaluated pair high + low with |low| <= ulp(high) / 2, about 106 bits.  Sums of
 * non-negative terms then agree to some 30 digits in any order, so that the double they round to is
 * the same; sums and products of short numbers (whole scores, weights such as 0.4) are exact.
 *
 * T. J. Dekker, "A floating-point technique for extending the available precision", Numerische
 * Mathematik 18 (1971), 224-242.
 */
#ifndef CUSTOMER_LIFECYCLE_EXACT_SUM_H
#define CUSTOMER_LIFECYCLE_EXACT_SUM_H

#include <math.h>

typedef struct ExactSum
{
	double high; /* the sum, rounded */
	double low;	 /* what the rounding left out */
} ExactSum;

static inline ExactSum
exact_two_sum(double a, double b)
{
	double sum = a + b;
	double b_part = sum - a;

	return (ExactSum){sum, (a - (sum - b_part)) + (b - b_part)};
}

/* a + b */
static inline ExactSum
exact_add(ExactSum a, ExactSum b)
{
	ExactSum high = exact_two_sum(a.high, b.high);
	ExactSum low = exact_two_sum(a.low, b.low);

	high = exact_two_sum(high.high, high.low + low.high);
	return exact_two_sum(high.high, high.low + low.low);
}

/* The product of two doubles, exactly. */
static inline ExactSum
exact_product(double a, double b)
{
	double product = a * b;

	return (ExactSum){product, fma(a, b, -product)};
}

static inline ExactSum
exact_from_double(double a)
{
	return (ExactSum){a, 0};
}

#endif
