/*
 * special.c: special functions for likelihoods (see special.h).
 *
 * digamma and trigamma: upward recurrence to where the asymptotic series of Abramowitz & Stegun,
 * Handbook of Mathematical Functions, 6.3.18 and 6.4.12, has converged.
 */
#include "common/special.h"

/* From here on the asymptotic series are exact to double precision with the terms we keep. */
#define ASYMPTOTIC 12.0

/* Above this, differences of gamma functions come from their series rather than by subtraction. */
#define LARGE 1000.0

/* Up to this many factors, a difference of gamma functions is their plain sum. */
#define FEW 32.0

double
special_digamma(double x)
{
	double below = 0;
	double f;

	while (x < ASYMPTOTIC)
	{
		below += 1 / x;
		x += 1;
	}
	f = 1 / (x * x);
	return log(x) - 0.5 / x -
		   f * (1.0 / 12 -
				f * (1.0 / 120 -
					 f * (1.0 / 252 -
						  f * (1.0 / 240 - f * (1.0 / 132 - f * (691.0 / 32760 - f / 12)))))) -
		   below;
}

double
special_trigamma(double x)
{
	double below = 0;
	double f;

	while (x < ASYMPTOTIC)
	{
		below += 1 / (x * x);
		x += 1;
	}
	f = 1 / (x * x);
	return below + 1 / x + f / 2 +
		   f / x *
			   (1.0 / 6 - f * (1.0 / 30 -
							   f * (1.0 / 42 - f * (1.0 / 30 - f * (5.0 / 66 - f * (691.0 / 2730 -
																					f * 7 / 6))))));
}

/* Stirling's correction: log gamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2], x large */
static double
stirling(double x)
{
	double f = 1 / (x * x);

	return (1.0 / 12 - f * (1.0 / 360 - f * (1.0 / 1260 - f / 1680))) / x;
}

static bool
few_whole_steps(double n)
{
	return n <= FEW && n == floor(n);
}

double
special_lgamma_rise(double x, double n)
{
	if (few_whole_steps(n))
	{
		double product = 1;
		double sum = 0;

		for (int i = 0; i < (int) n; i++)
		{
			product *= x + i;
			if (product > 1e250 || product < 1e-250)
			{
				sum += log(product);
				product = 1;
			}
		}
		return sum + log(product);
	}
	if (x > LARGE)
		return n * (log(x) - 1) + (x + n - 0.5) * log1p(n / x) + stirling(x + n) - stirling(x);
	return lgamma(x + n) - lgamma(x);
}

double
special_digamma_rise(double x, double n)
{
	if (few_whole_steps(n))
	{
		double sum = 0;

		for (int i = 0; i < (int) n; i++)
			sum += 1 / (x + i);
		return sum;
	}
	if (x > LARGE)
	{
		double y = x + n;

		return log1p(n / x) + n / (2 * x * y) + n * (x + y) / (12 * x * x * y * y);
	}
	return special_digamma(x + n) - special_digamma(x);
}

double
special_trigamma_rise(double x, double n)
{
	if (few_whole_steps(n))
	{
		double sum = 0;

		for (int i = 0; i < (int) n; i++)
			sum -= 1 / ((x + i) * (x + i));
		return sum;
	}
	return special_trigamma(x + n) - special_trigamma(x);
}

double
special_lbeta(double a, double b)
{
	double small = a < b ? a : b;
	double large = a < b ? b : a;

	/* log gamma(large + small) - log gamma(large) loses nothing in special_lgamma_rise() */
	return lgamma(small) - special_lgamma_rise(large, small);
}

double
special_logaddexp(double a, double b)
{
	double large = a > b ? a : b;
	double small = a > b ? b : a;

	if (isinf(small) && small < 0)
		return large;
	return large + log1p(exp(small - large));
}
