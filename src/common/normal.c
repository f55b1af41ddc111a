/*
 * normal.c: the standard normal distribution (see normal.h).
 *
 * All from the C library's erf and erfc, which are accurate in the tails as well as in the middle.
 */
#include "common/compat.h"

#include <math.h>

#include "common/normal.h"

/* Newton's method needs about five steps; this only bounds what rounding could prolong. */
#define MAX_STEPS 50

double
normal_cdf(double z)
{
	return 0.5 * erfc(-z * M_SQRT1_2);
}

double
normal_two_sided_p(double z)
{
	return erfc(fabs(z) * M_SQRT1_2);
}

static double
density(double z)
{
	return 0.5 * M_SQRT1_2 * M_2_SQRTPI * exp(-0.5 * z * z);
}

/*
 * Newton's step towards the quantile of p <= 1/2 from z.
 *
 * In the tail for ln P(Z <= z) = ln p: the left side is concave, so from a start below the root
 * every step stays below it and gets nearer.  In the middle for P(Z <= z) - 1/2 = p - 1/2, where
 * the differences of nearly equal numbers are exact.
 */
static double
newton_step(double z, double p)
{
	if (p > 0.25)
		return ((p - 0.5) - 0.5 * erf(z * M_SQRT1_2)) / density(z);
	return log(p / normal_cdf(z)) * normal_cdf(z) / density(z);
}

/* The quantile of 0 < p <= 1/2. */
static double
lower_quantile(double p)
{
	/* P(Z <= z) <= exp(-z^2 / 2) / 2 for z <= 0, so this is below the root, and 0 for 1/2 */
	double z = -sqrt(-2.0 * log(2.0 * p));

	for (int i = 0; i < MAX_STEPS; i++)
	{
		double step = newton_step(z, p);

		if (!isfinite(step))
			break;
		z += step;
		if (fabs(step) <= 1e-9 * fabs(z))
			break; /* the next one would be 1e-18 of it */
	}
	return z;
}

double
normal_quantile(double p)
{
	if (!(p >= 0.0 && p <= 1.0))
		return NAN;
	if (p == 0.0 || p == 1.0)
		return p == 0.0 ? -INFINITY : INFINITY;
	return p <= 0.5 ? lower_quantile(p) : -lower_quantile(1.0 - p);
}

double
normal_critical_value(double confidence)
{
	/* from the tail, where 1 - confidence loses nothing */
	return -normal_quantile((1.0 - confidence) / 2.0);
}
