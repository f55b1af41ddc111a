/*
 * clv_beta_geometric.c: how long customers stay who may leave at each of many occasions (see
 * clv_beta_geometric.h).
 *
 * Few terms are added up.  Of many, which a small discount may make billions, the geometric sum is
 * taken for each theta, with q = (1 - theta) / (1 + discount):
 *
 *   E q (1 - q^n) / (1 - q)  over  theta ~ beta(a, b)
 *
 * By the trapezoidal rule in y = log(theta / (1 - theta)), where the density is smooth, falls
 * exponentially on both sides and has no singularity nearer than pi to the real line, so that the
 * rule's error falls as exp(-pi^2 / step) or faster.  All terms are positive: nothing cancels.
 */
#include "value/clv_beta_geometric.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

/* Up to so many terms are added up. */
#define FEW 256

/* Of the trapezoidal rule; and in standard deviations of y, where those are small. */
#define STEP 0.2
#define STEP_OF_DEVIATION 0.4

/* Nodes of less than this part of all are left out. */
#define NOTHING 1e-30

static double
sum_of_few(double a, double b, double n, double discount)
{
	double term = 1;
	double sum = 0;

	for (double i = 0; i < n; i++)
	{
		term *= (b + i) / (a + b + i) / (1 + discount);
		sum += term;
	}
	return sum;
}

typedef struct Mixture
{
	double a;
	double b;
	double n;
	double discount;
	double step;
	double weights; /* what the nodes so far weigh, and what they weigh times their sums */
	double sum;
} Mixture;

/* q (1 - q^n) / (1 - q) by the odds to leave, where 1 / q = (1 + odds) (1 + discount) */
static double
geometric_sum(const Mixture *mix, double odds)
{
	double fall = mix->n * (log1p(odds) + log1p(mix->discount));

	/* nobody leaves and nothing is discounted, as far as numbers of this size tell */
	if (fall < DBL_EPSILON)
		return mix->n;
	return -expm1(-fall) / (odds + mix->discount + odds * mix->discount);
}

/* The density of y against that at its mode, y away; of two equal forms the one without cancellation. */
static double
weight_at(const Mixture *mix, double y)
{
	double both = mix->a + mix->b;

	if (mix->a < mix->b)
		return exp(mix->a * y - both * log1p(mix->a / both * expm1(y)));
	return exp(-mix->b * y - both * log1p(mix->b / both * expm1(-y)));
}

/*
 * One node, k steps from the mode; true if it was the last one to its side: the others weigh
 * nothing, or fall geometrically and are added with it.
 */
static bool
add_node(Mixture *mix, double k)
{
	double y = k * mix->step;
	double odds = mix->a / mix->b * exp(y);
	double weight = weight_at(mix, y);
	double value = geometric_sum(mix, odds);
	/* how far from 1 the factors are that the geometric fall leaves out; no number ends it too */
	double left_out = (1 + mix->a + mix->b) * (k < 0 ? odds : 1 / odds) +
					  (k < 0 ? odds * fmin(mix->n, 1 / mix->discount) : 0);
	bool negligible = weight < NOTHING * mix->weights && weight * value < NOTHING * mix->sum;
	bool geometric = !(left_out >= DBL_EPSILON / 2);

	mix->weights += weight;
	mix->sum += weight * value;
	if (geometric && !negligible)
	{
		/* the sums are constant to the left, and 1 / odds to the right */
		double beyond = k < 0 ? mix->a : mix->b;
		double beyond_of_sum = k < 0 ? mix->a : mix->b + 1;

		mix->weights += weight / expm1(beyond * mix->step);
		mix->sum += weight * value / expm1(beyond_of_sum * mix->step);
	}
	return negligible || geometric;
}

double
beta_geometric_sum(double a, double b, double n, double discount)
{
	Mixture mix = {a, b, n, discount, STEP, 0, 0};

	if (n <= FEW)
		return sum_of_few(a, b, n, discount);
	if (isinf(n) && discount == 0)
		return a > 1 ? b / (a - 1) : NAN;
	mix.step = fmin(STEP, STEP_OF_DEVIATION * sqrt(1 / a + 1 / b));
	for (double k = 0; !add_node(&mix, k); k++)
		CHECK_FOR_INTERRUPTS();
	for (double k = -1; !add_node(&mix, k); k--)
		CHECK_FOR_INTERRUPTS();
	return mix.sum / mix.weights;
}
