/*
 * chi_square.c: the chi-square distribution (see chi_square.h).
 *
 * With y = x / 2 the tail is the regularised incomplete gamma function Q(df / 2, y), which for
 * whole df is a finite sum of positive terms, so that no digits cancel (Abramowitz & Stegun 26.4.4
 * and 26.4.5):
 *
 *   df even: exp(-y) sum of y^k / k!, k = 0 .. df/2 - 1
 *   df odd:  erfc(sqrt y) + exp(-y) sum of y^(k - 1/2) / gamma(k + 1/2), k = 1 .. (df - 1)/2
 */
#include "common/compat.h"

#include "common/chi_square.h"

#include <math.h>

/* exp(-y) is applied in steps of exp(-CHUNK), which neither underflow nor lose digits. */
#define CHUNK 500.0

/* The sum is brought down when it grows beyond this. */
#define LARGE 1e200

/* exp(-y) (term + term y/(first) + term y^2/(first (first + 1)) + ...), n terms in all */
static double
damped_sum(double term, double y, double first, int n)
{
	double pending = floor(y / CHUNK);
	double rest = y - pending * CHUNK;
	double chunk = exp(-CHUNK);
	double sum = 0;

	for (int k = 0; k < n; k++)
	{
		if (k > 0)
			term *= y / (first + k - 1);
		sum += term;
		if (sum > LARGE && pending > 0)
		{
			sum *= chunk;
			term *= chunk;
			pending--;
		}
	}
	sum *= exp(-rest);
	for (; pending > 0 && sum > 0; pending--)
		sum *= chunk;
	return sum;
}

/* erfc(sqrt y): what rounding takes from the root would cost y units in the last place. */
static double
erfc_of_root(double y)
{
	double root = sqrt(y);
	double lost = fma(-root, root, y) / (2 * root);

	return erfc(root) - M_2_SQRTPI * exp(-root * root) * lost;
}

double
chi_square_upper_tail(double x, int df)
{
	double y = x / 2;
	double root_pi = 2 / M_2_SQRTPI;

	if (isnan(x) || df < 1)
		return NAN;
	if (x <= 0)
		return 1;
	if (isinf(x))
		return 0;
	if (df % 2 == 0)
		return fmin(1, damped_sum(1, y, 1, df / 2));
	if (df == 1)
		return erfc_of_root(y);
	/* the first term is y^(1/2) / gamma(3/2) */
	return fmin(1, erfc_of_root(y) + damped_sum(2 * sqrt(y) / root_pi, y, 1.5, (df - 1) / 2));
}
