/*
 * newton.c: a damped Newton maximiser (see newton.h).
 *
 * Nocedal & Wright, Numerical Optimization, 2nd ed., chapters 3.1 (Armijo), 3.4 (raised diagonal)
 * and 16.7 (parameters at their limit are held while the gradient points outwards).
 */
#include "common/newton.h"

#include <float.h>
#include <math.h>

#define DEFAULT_STEP_CAP 1.5
#define DEFAULT_TOLERANCE 1e-12
#define DEFAULT_MAX_ITERATIONS 200

#define ARMIJO 1e-4
#define MAX_HALVINGS 40

/* A pivot smaller than this part of its diagonal element is rounding error. */
#define SMALLEST_PIVOT 1e-13

/* The relative rounding error of a log-likelihood: smaller differences say nothing. */
#define NOISE 1e-13

/* So many steps in a row that gain no more than rounding errors, while hardly more was hoped for. */
#define MAX_FLAT_STEPS 3
#define FLAT_DECREMENT 1e-7

/* Where one iteration stands; the arrays live in the caller's workspace. */
typedef struct Iteration
{
	const NewtonProblem *problem;
	NewtonResult *result;
	double step_cap;
	double tolerance;
	double *theta;
	double *gradient;
	double *hessian;
	double *step;
	double *factor;
	double *trial_theta;
	double *trial_gradient;
	double *trial_hessian;
} Iteration;

bool
cholesky_factor(int n, double *a)
{
	for (int i = 0; i < n; i++)
	{
		double diagonal = a[i * n + i];

		for (int j = 0; j <= i; j++)
		{
			double sum = a[i * n + j];

			for (int k = 0; k < j; k++)
				sum -= a[i * n + k] * a[j * n + k];
			if (i != j)
				a[i * n + j] = sum / a[j * n + j];
			else if (sum > SMALLEST_PIVOT * diagonal && !isinf(sum))
				a[i * n + i] = sqrt(sum);
			else
				return false;
		}
	}
	return true;
}

void
cholesky_solve(int n, const double *factor, double *b)
{
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= factor[i * n + k] * b[k];
		b[i] /= factor[i * n + i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			b[i] -= factor[k * n + i] * b[k];
		b[i] /= factor[i * n + i];
	}
}

/* The inverse of L, in its place: column by column, each element from those above it. */
static void
invert_lower(int n, double *l)
{
	for (int j = 0; j < n; j++)
	{
		l[j * n + j] = 1 / l[j * n + j];
		for (int i = j + 1; i < n; i++)
		{
			double sum = 0;

			for (int k = j; k < i; k++)
				sum -= l[i * n + k] * l[k * n + j];
			l[i * n + j] = sum / l[i * n + i];
		}
	}
}

void
cholesky_invert(int n, double *factor)
{
	invert_lower(n, factor);
	/* inverse = L^-T L^-1; element (i, j), j <= i, needs rows i and below only */
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double sum = 0;

			for (int k = i; k < n; k++)
				sum += factor[k * n + i] * factor[k * n + j];
			factor[i * n + j] = sum;
		}
	}
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			factor[i * n + j] = factor[j * n + i];
}

bool
newton_covariance(int n, const double *hessian, double *covariance)
{
	for (int i = 0; i < n * n; i++)
		covariance[i] = -hessian[i];
	if (!cholesky_factor(n, covariance))
		return false;
	cholesky_invert(n, covariance);
	return true;
}

/* Is parameter i at the limit, with the function still rising outwards? */
static bool
is_held(const Iteration *it, int i)
{
	double limit = it->problem->limit;

	if (limit <= 0)
		return false;
	return (it->theta[i] >= limit && it->gradient[i] > 0) ||
		   (it->theta[i] <= -limit && it->gradient[i] < 0);
}

/* -hessian with its diagonal raised by lambda; held parameters become steps of zero. */
static void
raised_matrix(const Iteration *it, double lambda)
{
	int n = it->problem->n;
	double largest = 0;

	for (int i = 0; i < n; i++)
		largest = fmax(largest, fabs(it->hessian[i * n + i]));
	if (largest == 0)
		largest = 1;
	for (int i = 0; i < n; i++)
	{
		bool held = is_held(it, i);
		double diagonal = it->hessian[i * n + i];

		for (int j = 0; j < n; j++)
			it->factor[i * n + j] = held || is_held(it, j) ? 0 : -it->hessian[i * n + j];
		it->factor[i * n + i] = held ? 1 : -diagonal + lambda * (fabs(diagonal) + 1e-8 * largest);
	}
}

/* Newton's step into it->step; its decrement is returned, NaN if there is no step at all. */
static double
newton_step(const Iteration *it)
{
	int n = it->problem->n;
	double lambda = 0;
	double decrement = 0;

	for (;;)
	{
		raised_matrix(it, lambda);
		if (cholesky_factor(n, it->factor))
			break;
		lambda = lambda == 0 ? 1e-3 : 4 * lambda;
		if (!(lambda < 1e30))
			return NAN;
	}
	for (int i = 0; i < n; i++)
		it->step[i] = is_held(it, i) ? 0 : it->gradient[i];
	cholesky_solve(n, it->factor, it->step);
	for (int i = 0; i < n; i++)
		decrement += it->step[i] * (is_held(it, i) ? 0 : it->gradient[i]);
	return decrement;
}

static double
largest_step(const Iteration *it)
{
	double largest = 0;

	for (int i = 0; i < it->problem->n; i++)
		largest = fmax(largest, fabs(it->step[i]));
	return largest;
}

static double
clipped(double theta, double limit)
{
	if (limit <= 0)
		return theta;
	return fmin(fmax(theta, -limit), limit);
}

static double
evaluate_trial(const Iteration *it, double length)
{
	const NewtonProblem *p = it->problem;

	for (int i = 0; i < p->n; i++)
		it->trial_theta[i] = clipped(it->theta[i] + length * it->step[i], p->limit);
	it->result->evaluations++;
	return p->evaluate(it->trial_theta, it->trial_gradient, it->trial_hessian, p->arg);
}

/* What the trial point promises: gradient . (trial - theta), which clipping may have shortened. */
static double
promised_gain(const Iteration *it)
{
	double gain = 0;

	for (int i = 0; i < it->problem->n; i++)
		gain += it->gradient[i] * (it->trial_theta[i] - it->theta[i]);
	return gain;
}

static void
swap(double **a, double **b)
{
	double *was = *a;

	*a = *b;
	*b = was;
}

static void
accept_trial(Iteration *it, double value)
{
	for (int i = 0; i < it->problem->n; i++)
		it->theta[i] = it->trial_theta[i];
	swap(&it->gradient, &it->trial_gradient);
	swap(&it->hessian, &it->trial_hessian);
	it->result->value = value;
}

/* Halve the step until Armijo's condition holds, up to rounding; false if it never does. */
static bool
line_search(Iteration *it)
{
	double largest = largest_step(it);
	double length = largest > it->step_cap ? it->step_cap / largest : 1;
	double before = it->result->value;

	for (int i = 0; i < MAX_HALVINGS; i++, length /= 2)
	{
		double value = evaluate_trial(it, length);

		if (isfinite(value) && value >= before + ARMIJO * promised_gain(it) - NOISE * fabs(before))
		{
			accept_trial(it, value);
			return true;
		}
	}
	return false;
}

static NewtonStatus
iterate(Iteration *it)
{
	const NewtonProblem *p = it->problem;
	int most = p->max_iterations > 0 ? p->max_iterations : DEFAULT_MAX_ITERATIONS;
	int flat = 0;

	while (it->result->iterations < most)
	{
		double before = it->result->value;
		double decrement = newton_step(it);

		it->result->iterations++;
		it->result->decrement = decrement;
		if (!isfinite(decrement))
			return NEWTON_STALLED;
		/* the step is still taken where it helps: it doubles the number of right digits */
		if (!line_search(it))
			return decrement <= FLAT_DECREMENT ? NEWTON_CONVERGED : NEWTON_STALLED;
		if (it->result->value - before > NOISE * fabs(before) || decrement > FLAT_DECREMENT)
			flat = 0;
		else
			flat++;
		if (decrement <= it->tolerance || flat == MAX_FLAT_STEPS)
			return NEWTON_CONVERGED;
	}
	return NEWTON_MAX_ITERATIONS;
}

static void
lay_out(Iteration *it, double *work)
{
	int n = it->problem->n;

	it->gradient = work;
	it->trial_gradient = work + n;
	it->step = work + 2 * n;
	it->trial_theta = work + 3 * n;
	it->hessian = work + 4 * n;
	it->trial_hessian = it->hessian + n * n;
	it->factor = it->trial_hessian + n * n;
}

static void
describe_end(const Iteration *it)
{
	NewtonResult *r = it->result;
	double limit = it->problem->limit;

	r->gradient = it->gradient;
	r->hessian = it->hessian;
	for (int i = 0; i < it->problem->n; i++)
	{
		if (limit > 0 && fabs(it->theta[i]) >= limit)
			r->at_limit = true;
		if (!is_held(it, i))
			r->gradient_norm = fmax(r->gradient_norm, fabs(it->gradient[i]));
	}
}

void
newton_maximise(const NewtonProblem *problem, double *theta, double *work, NewtonResult *result)
{
	Iteration it = {.problem = problem, .result = result, .theta = theta};

	*result = (NewtonResult){.status = NEWTON_NOT_FINITE, .decrement = INFINITY};
	it.step_cap = problem->step_cap > 0 ? problem->step_cap : DEFAULT_STEP_CAP;
	it.tolerance = problem->tolerance > 0 ? problem->tolerance : DEFAULT_TOLERANCE;
	lay_out(&it, work);
	for (int i = 0; i < problem->n; i++)
		theta[i] = clipped(theta[i], problem->limit);
	result->evaluations = 1;
	result->value = problem->evaluate(theta, it.gradient, it.hessian, problem->arg);
	if (isfinite(result->value))
		result->status = iterate(&it);
	describe_end(&it);
}
