/*
 * logistic.c: logistic regression by maximum likelihood (see logistic.h).
 *
 * Features are standardised on the way in, so that seconds and centuries fit alike and a penalty
 * means the same for each.  A concave problem: Newton's method from the base rate gets there.
 *
 * McCullagh & Nelder, Generalized Linear Models, 2nd ed., chapter 4; on separation Albert &
 * Anderson, Biometrika 71 (1984), 1-10.
 */
#include "health/logistic.h"

#include <math.h>

#include "common/newton.h"
#include "common/special.h"

/* Rows are worked on in blocks: columns of a block lie together, and sums over it stay short. */
#define BLOCK 128

/* A feature of which the others explain all but this share of the variance is a copy of them. */
#define COLLINEAR 1e-10

/* No fitted probability is that close to 0 or 1 unless something tells the outcomes apart. */
#define SUSPICIOUS_Z 12.0

/* How far on the wrong side of a separating plane a row may seem to lie by rounding. */
#define SEPARATION_ROUNDING 1e-6

/* After so many iterations it is time to look whether there is a maximum at all. */
#define PATIENCE 25

#define STEP_CAP 4.0

/* Narrower features count as constant: their coefficients would leave double precision. */
#define NARROWEST 1e-140

/* One fit; the arrays live in the caller's workspace. */
typedef struct Problem
{
	const LogisticData *data;
	double l2;
	int p;			  /* parameters: intercept and identified features */
	int *column;	  /* [p] the feature (from 1) of each parameter; column[0] is the intercept */
	double *mean;	  /* [features] */
	double *scale;	  /* [features] standard deviation; 0: constant */
	double *block;	  /* [p * BLOCK] the standardised columns of a block */
	double *weighted; /* [BLOCK] */
	double *gradient_lost; /* [p] compensation of the sums */
	double *hessian_lost;  /* [p * p] */
} Problem;

double
logistic_probability(double z)
{
	double e = exp(-fabs(z));

	return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* sum_i a_i b_i with four partial sums, which a processor adds at once. */
static double
dot(const double *a, const double *b, int n)
{
	double sum[4] = {0, 0, 0, 0};
	int i = 0;

	for (; i + 4 <= n; i += 4)
	{
		sum[0] += a[i] * b[i];
		sum[1] += a[i + 1] * b[i + 1];
		sum[2] += a[i + 2] * b[i + 2];
		sum[3] += a[i + 3] * b[i + 3];
	}
	for (; i < n; i++)
		sum[0] += a[i] * b[i];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* *sum += value, what is lost being kept apart. */
static void
add_to(double *sum, double *lost, double value)
{
	CompensatedSum s = {*sum, *lost};

	compensated_add(&s, value);
	*sum = s.sum;
	*lost = s.lost;
}

static const double *
row_at(const LogisticData *data, int64 i)
{
	return data->cells + i * (1 + data->features);
}

static int
block_length(const LogisticData *data, int64 start)
{
	return (int) (data->rows - start < BLOCK ? data->rows - start : BLOCK);
}

/* ---- the features: how many, where, how wide ---- */

static void
count_outcomes(const LogisticData *data, LogisticFit *fit)
{
	CompensatedSum n = {0, 0};
	CompensatedSum churned = {0, 0};

	for (int64 i = 0; i < data->rows; i++)
	{
		double count = row_at(data, i)[0];

		compensated_add(&n, fabs(count));
		compensated_add(&churned, fmax(count, 0));
	}
	fit->n = compensated_value(&n);
	fit->churned = compensated_value(&churned);
}

/* Mean of feature j (from 1), measured from a value of it, so that large offsets cost no digits. */
static double
mean_of(const LogisticData *data, int j, double n)
{
	double origin = data->rows > 0 ? row_at(data, 0)[j] : 0;
	CompensatedSum sum = {0, 0};

	for (int64 i = 0; i < data->rows; i++)
	{
		const double *row = row_at(data, i);

		compensated_add(&sum, fabs(row[0]) / n * (row[j] - origin));
	}
	return origin + compensated_value(&sum);
}

/* Standard deviation (divisor n) of feature j around its mean; 0 if all values are equal. */
static double
deviation_of(const LogisticData *data, int j, double n, double mean)
{
	CompensatedSum sum = {0, 0};
	double widest = 0;
	bool constant = true;

	for (int64 i = 0; i < data->rows; i++)
	{
		widest = fmax(widest, fabs(row_at(data, i)[j] - mean));
		constant = constant && row_at(data, i)[j] == row_at(data, 0)[j];
	}
	if (constant || widest < NARROWEST)
		return 0;
	for (int64 i = 0; i < data->rows; i++)
	{
		const double *row = row_at(data, i);
		double distance = (row[j] - mean) / widest;

		compensated_add(&sum, fabs(row[0]) / n * distance * distance);
	}
	return widest * sqrt(compensated_value(&sum));
}

static void
measure_features(const LogisticData *data, LogisticFit *fit, Problem *problem)
{
	for (int j = 1; j <= data->features; j++)
	{
		problem->mean[j - 1] = mean_of(data, j, fit->n);
		problem->scale[j - 1] = deviation_of(data, j, fit->n, problem->mean[j - 1]);
		fit->mean[j - 1] = problem->mean[j - 1];
	}
}

/* ---- blocks of standardised columns ---- */

/* The standardised columns of the rows from start on; column 0 is 1. */
static void
load_block(const Problem *problem, int64 start, int length)
{
	const LogisticData *data = problem->data;
	int width = 1 + data->features;
	const double *first = row_at(data, start);

	for (int r = 0; r < length; r++)
		problem->block[r] = 1;
	for (int j = 1; j < problem->p; j++)
	{
		int feature = problem->column[j];
		double mean = problem->mean[feature - 1];
		double scale = problem->scale[feature - 1];
		double *column = problem->block + j * BLOCK;

		for (int r = 0; r < length; r++)
			column[r] = (first[r * width + feature] - mean) / scale;
	}
}

/* z of a block's rows at theta. */
static void
block_scores(const Problem *problem, const double *theta, int length, double *z)
{
	for (int r = 0; r < length; r++)
		z[r] = theta[0];
	for (int j = 1; j < problem->p; j++)
	{
		const double *column = problem->block + j * BLOCK;

		for (int r = 0; r < length; r++)
			z[r] += theta[j] * column[r];
	}
}

/* ---- which coefficients the data identifies ---- */

/* Add a block's weighted products of columns to the lower triangle of a matrix. */
static void
add_products(Problem *problem, const double *weight, int length, double *matrix)
{
	int p = problem->p;

	for (int i = 0; i < p; i++)
	{
		const double *column = problem->block + i * BLOCK;

		for (int r = 0; r < length; r++)
			problem->weighted[r] = weight[r] * column[r];
		for (int j = 0; j <= i; j++)
			add_to(&matrix[i * p + j], &problem->hessian_lost[i * p + j],
				   dot(problem->weighted, problem->block + j * BLOCK, length));
	}
}

static void
clear(double *values, int n)
{
	for (int i = 0; i < n; i++)
		values[i] = 0;
}

/* Take over what was lost, and mirror the lower triangle. */
static void
complete_matrix(const Problem *problem, double *matrix)
{
	int p = problem->p;

	for (int i = 0; i < p; i++)
		for (int j = 0; j <= i; j++)
		{
			matrix[i * p + j] += problem->hessian_lost[i * p + j];
			matrix[j * p + i] = matrix[i * p + j];
		}
}

/* Means of products of standardised columns: their correlations. */
static void
correlations(Problem *problem, double n, double *matrix)
{
	const LogisticData *data = problem->data;
	double weight[BLOCK];

	clear(matrix, problem->p * problem->p);
	clear(problem->hessian_lost, problem->p * problem->p);
	for (int64 start = 0; start < data->rows; start += BLOCK)
	{
		int length = block_length(data, start);

		load_block(problem, start, length);
		for (int r = 0; r < length; r++)
			weight[r] = fabs(row_at(data, start + r)[0]) / n;
		add_products(problem, weight, length, matrix);
		if (data->breathe != NULL)
			data->breathe();
	}
	complete_matrix(problem, matrix);
}

/*
 * Eliminate column by column what the columns before it explain.  What is left of its variance is
 * the pivot; a column that has none left is dropped.
 */
static void
drop_collinear(Problem *problem, double *matrix)
{
	int p = problem->p;
	int kept = 0;

	for (int i = 0; i < p; i++)
	{
		double pivot = matrix[i * p + i];

		if (!(pivot > COLLINEAR))
			continue;
		problem->column[kept++] = problem->column[i];
		for (int j = i + 1; j < p; j++)
			for (int k = i + 1; k < p; k++)
				matrix[j * p + k] -= matrix[j * p + i] * matrix[i * p + k] / pivot;
	}
	problem->p = kept;
}

/* Choose the parameters: the intercept and the features that tell something of their own. */
static void
choose_columns(Problem *problem, double n, double *matrix)
{
	problem->p = 0;
	problem->column[problem->p++] = 0;
	for (int j = 1; j <= problem->data->features; j++)
		if (problem->scale[j - 1] > 0)
			problem->column[problem->p++] = j;
	/* a penalty makes even copies identified */
	if (problem->l2 > 0)
		return;
	correlations(problem, n, matrix);
	drop_collinear(problem, matrix);
}

/* ---- likelihood, gradient, Hessian ---- */

/* What a block's rows say at their scores z: sums, and per row residual and weight. */
static void
block_outcomes(const Problem *problem, int64 start, int length, const double *z, double *residual,
			   double *weight, CompensatedSum *log_likelihood)
{
	for (int r = 0; r < length; r++)
	{
		double count = row_at(problem->data, start + r)[0];
		double margin = count > 0 ? z[r] : -z[r];
		double e = exp(-fabs(z[r]));
		double likely = 1 / (1 + e);

		/* the probability of what did not happen, without cancellation */
		residual[r] = count * (margin >= 0 ? e * likely : likely);
		weight[r] = fabs(count) * e * likely * likely;
		compensated_add(log_likelihood, fabs(count) * (fmin(margin, 0) - log1p(e)));
	}
}

static double
penalised(const Problem *problem, const double *theta, double value, double *gradient,
		  double *hessian)
{
	int p = problem->p;

	for (int i = 0; i < p * p; i++)
		hessian[i] = -hessian[i];
	for (int j = 1; j < p; j++)
	{
		value -= problem->l2 / 2 * theta[j] * theta[j];
		gradient[j] -= problem->l2 * theta[j];
		hessian[j * p + j] -= problem->l2;
	}
	return value;
}

/* The NewtonFunction: the penalised log-likelihood of standardised coefficients. */
static double
evaluate(const double *theta, double *gradient, double *hessian, void *arg)
{
	Problem *problem = (Problem *) arg;
	const LogisticData *data = problem->data;
	int p = problem->p;
	CompensatedSum value = {0, 0};
	double z[BLOCK];
	double residual[BLOCK];
	double weight[BLOCK];

	clear(gradient, p);
	clear(hessian, p * p);
	clear(problem->gradient_lost, p);
	clear(problem->hessian_lost, p * p);
	for (int64 start = 0; start < data->rows; start += BLOCK)
	{
		int length = block_length(data, start);

		load_block(problem, start, length);
		block_scores(problem, theta, length, z);
		block_outcomes(problem, start, length, z, residual, weight, &value);
		for (int j = 0; j < p; j++)
			add_to(&gradient[j], &problem->gradient_lost[j],
				   dot(residual, problem->block + j * BLOCK, length));
		add_products(problem, weight, length, hessian);
		if (data->breathe != NULL)
			data->breathe();
	}
	for (int j = 0; j < p; j++)
		gradient[j] += problem->gradient_lost[j];
	complete_matrix(problem, hessian);
	return penalised(problem, theta, compensated_value(&value), gradient, hessian);
}

/* ---- separation ---- */

/* How the rows lie to a plane: margins are z, signed so that the right side is positive. */
typedef struct Margins
{
	double largest; /* absolute */
	double worst;	/* smallest margin, relative to the terms that it is the sum of */
	bool beyond;	/* is some row on the right side, off the plane? */
} Margins;

/* Sum of the absolute terms of z: what a margin of zero is zero against. */
static double
sum_of_terms(const Problem *problem, const double *direction, int r)
{
	double sum = 0;

	for (int j = 0; j < problem->p; j++)
		sum += fabs(direction[j] * problem->block[j * BLOCK + r]);
	return sum;
}

static Margins
margins(const Problem *problem, const double *direction)
{
	const LogisticData *data = problem->data;
	Margins m = {0, 1, false};
	double z[BLOCK];

	for (int64 start = 0; start < data->rows; start += BLOCK)
	{
		int length = block_length(data, start);

		load_block(problem, start, length);
		block_scores(problem, direction, length, z);
		for (int r = 0; r < length; r++)
		{
			double margin = row_at(data, start + r)[0] > 0 ? z[r] : -z[r];
			double terms = sum_of_terms(problem, direction, r);

			m.largest = fmax(m.largest, fabs(margin));
			m.worst = terms > 0 ? fmin(m.worst, margin / terms) : m.worst;
			m.beyond = m.beyond || margin > SEPARATION_ROUNDING * terms;
		}
	}
	return m;
}

/* Is nobody on the wrong side of a plane, and somebody not on it? */
static bool
separates(const Problem *problem, const double *direction)
{
	Margins m = margins(problem, direction);

	return m.beyond && m.worst >= -SEPARATION_ROUNDING;
}

/*
 * Along a direction that separates, the likelihood rises for ever.  The coefficients run off in
 * that direction, and so does Newton's step in the end, while all else has converged: look
 * whether the one or the other is such a direction, which is a proof.
 */
static bool
is_separated(const Problem *problem, const double *theta, const NewtonResult *result,
			 double *matrix, double *direction)
{
	int p = problem->p;
	double raise = 0;

	if (result->status == NEWTON_CONVERGED && margins(problem, theta).largest < SUSPICIOUS_Z)
		return false;
	if (separates(problem, theta))
		return true;
	for (int j = 0; j < p; j++)
		raise = fmax(raise, 1e-9 * fabs(result->hessian[j * p + j]));
	for (int i = 0; i < p * p; i++)
		matrix[i] = -result->hessian[i];
	for (int j = 0; j < p; j++)
	{
		matrix[j * p + j] += raise;
		direction[j] = result->gradient[j];
	}
	if (!cholesky_factor(p, matrix))
		return false;
	cholesky_solve(p, matrix, direction);
	return separates(problem, direction);
}

/* ---- results on the scale of the features ---- */

static void
forget_results(const LogisticData *data, LogisticFit *fit)
{
	int width = 1 + data->features;

	fit->centre = NAN;
	for (int j = 0; j < width; j++)
		fit->estimate[j] = NAN;
	for (int i = 0; i < width * width; i++)
		fit->covariance[i] = NAN;
}

/* Coefficient = theta / scale; the intercept takes the means' share. */
static void
unscale_estimates(const Problem *problem, const double *theta, LogisticFit *fit)
{
	fit->centre = theta[0];
	fit->estimate[0] = theta[0];
	for (int j = 1; j < problem->p; j++)
	{
		int feature = problem->column[j];

		fit->estimate[feature] = theta[j] / problem->scale[feature - 1];
		fit->estimate[0] -= fit->estimate[feature] * problem->mean[feature - 1];
	}
}

/* Element (a, b) of J C J', J being what unscale_estimates() does; row 0 is the intercept's. */
static void
unscale_covariance(const Problem *problem, double *c, LogisticFit *fit)
{
	int p = problem->p;
	int width = 1 + problem->data->features;

	/* the rows of J C, in place: first each feature's, then the intercept's from those */
	for (int i = 1; i < p; i++)
		for (int j = 0; j < p; j++)
			c[i * p + j] /= problem->scale[problem->column[i] - 1];
	for (int i = 1; i < p; i++)
		for (int j = 0; j < p; j++)
			c[j] -= problem->mean[problem->column[i] - 1] * c[i * p + j];
	/* then its columns alike */
	for (int i = 0; i < p; i++)
		for (int j = 1; j < p; j++)
		{
			c[i * p + j] /= problem->scale[problem->column[j] - 1];
			c[i * p] -= problem->mean[problem->column[j] - 1] * c[i * p + j];
		}
	for (int i = 0; i < p; i++)
		for (int j = 0; j < p; j++)
			fit->covariance[problem->column[i] * width + problem->column[j]] =
				(c[i * p + j] + c[j * p + i]) / 2;
}

/* ---- the fit ---- */

Size
logistic_workspace(int features)
{
	int p = 1 + features;

	return newton_workspace(p) + 4 * (Size) p + 2 * (Size) features + 2 * (Size) p * p +
		   (Size) p * BLOCK + BLOCK;
}

/* Cut the workspace into pieces; what is left is Newton's. */
static double *
lay_out(Problem *problem, double *work, double **theta, double **matrix)
{
	int features = problem->data->features;
	int p = 1 + features;

	/* cppcheck-suppress invalidPointerCast ; ints that take the place of doubles, never read as such */
	problem->column = (int *) work;
	work += p;
	problem->mean = work;
	work += features;
	problem->scale = work;
	work += features;
	problem->gradient_lost = work;
	work += p;
	problem->hessian_lost = work;
	work += p * p;
	problem->weighted = work;
	work += BLOCK;
	problem->block = work;
	work += p * BLOCK;
	*theta = work;
	work += 2 * p; /* with room for a direction */
	*matrix = work;
	return work + p * p;
}

static LogisticStatus
status_of(NewtonStatus status)
{
	switch (status)
	{
		case NEWTON_CONVERGED:
			return LOGISTIC_CONVERGED;
		case NEWTON_MAX_ITERATIONS:
			return LOGISTIC_MAX_ITERATIONS;
		default:
			return LOGISTIC_STALLED;
	}
}

static void
maximise(Problem *problem, const LogisticOptions *options, double *theta, double *matrix,
		 double *work, LogisticFit *fit)
{
	NewtonProblem newton = {
		.n = problem->p, .evaluate = evaluate, .arg = problem, .step_cap = STEP_CAP};
	NewtonResult result;
	bool separated;

	clear(theta, problem->p);
	theta[0] = log(fit->churned / (fit->n - fit->churned));
	for (;;)
	{
		newton.max_iterations = Min(PATIENCE, options->max_iterations - fit->iterations);
		newton_maximise(&newton, theta, work, &result);
		fit->iterations += result.iterations;
		separated =
			problem->l2 == 0 && is_separated(problem, theta, &result, matrix, theta + problem->p);
		if (separated || result.status != NEWTON_MAX_ITERATIONS ||
			fit->iterations >= options->max_iterations)
			break;
	}
	fit->status = separated ? LOGISTIC_SEPARATED : status_of(result.status);
	fit->log_likelihood = result.value;
	for (int j = 1; j < problem->p; j++)
		fit->log_likelihood += problem->l2 / 2 * theta[j] * theta[j];
	if (!separated && newton_covariance(problem->p, result.hessian, matrix))
		unscale_covariance(problem, matrix, fit);
	unscale_estimates(problem, theta, fit);
}

void
logistic_fit(const LogisticData *data, const LogisticOptions *options, double *work,
			 LogisticFit *fit)
{
	Problem problem = {.data = data, .l2 = options->l2};
	double *theta;
	double *matrix;

	work = lay_out(&problem, work, &theta, &matrix);
	forget_results(data, fit);
	count_outcomes(data, fit);
	measure_features(data, fit, &problem);
	fit->status = LOGISTIC_ONE_OUTCOME;
	fit->iterations = 0;
	fit->log_likelihood = 0;
	fit->dropped = false;
	if (fit->churned == 0 || fit->churned == fit->n)
		return;
	choose_columns(&problem, fit->n, matrix);
	fit->dropped = problem.p <= data->features;
	maximise(&problem, options, theta, matrix, work, fit);
}
