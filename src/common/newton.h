/*
 * newton.h: a damped Newton maximiser for smooth functions of any number of parameters.
 *
 * Made for log-likelihoods: analytic gradient and Hessian, a handful of iterations, and an honest
 * account of how it ended.  Pure: no palloc, no ereport; the caller provides the workspace.
 *
 *     double *work = palloc(sizeof(double) * newton_workspace(n));
 *     NewtonProblem problem = {.n = n, .evaluate = my_function, .arg = &my_data};
 *     NewtonResult result;
 *
 *     newton_maximise(&problem, theta, work, &result);
 *     if (newton_covariance(n, result.hessian, covariance)) ...
 */
#ifndef CUSTOMER_LIFECYCLE_NEWTON_H
#define CUSTOMER_LIFECYCLE_NEWTON_H

#include "common/compat.h"

/*
 * The value of the function at theta[n], its gradient[n] and its hessian[n * n] (row-major and
 * symmetric; both triangles are to be filled).  A value that isn't finite means: not here, step
 * back.  The function may leave by ereport (for CHECK_FOR_INTERRUPTS()): nothing needs cleaning up.
 */
typedef double (*NewtonFunction)(const double *theta, double *gradient, double *hessian, void *arg);

typedef struct NewtonProblem
{
	int n;
	NewtonFunction evaluate;
	void *arg;
	double step_cap;	/* the largest change of one parameter in an iteration; 0: 1.5 */
	double limit;		/* parameters stay in -limit..limit; 0: no limit */
	double tolerance;	/* on the Newton decrement, in units of the function; 0: 1e-12 */
	int max_iterations; /* 0: 200 */
} NewtonProblem;

typedef enum NewtonStatus
{
	NEWTON_CONVERGED,	   /* the decrement is below the tolerance, or what it promises is noise */
	NEWTON_MAX_ITERATIONS, /* stopped by the number of iterations */
	NEWTON_STALLED,		   /* no step improves the function, yet the decrement isn't small */
	NEWTON_NOT_FINITE	   /* the function isn't finite where we were to start */
} NewtonStatus;

typedef struct NewtonResult
{
	NewtonStatus status;
	int iterations;
	int evaluations;
	double value;
	double gradient_norm;	/* largest absolute element, parameters at the limit left out */
	double decrement;		/* gradient . step of the last iteration: twice the gain hoped for */
	bool at_limit;			/* a parameter ended at the limit */
	const double *gradient; /* both live in the workspace */
	const double *hessian;
} NewtonResult;

/* The number of doubles of workspace for n parameters. */
static inline Size
newton_workspace(int n)
{
	return 4 * (Size) n + 3 * (Size) n * n;
}

/*
 * Maximise from theta[n], which is left at the best point found.
 *
 * Newton's step with the diagonal raised until the matrix is positive definite, capped per
 * parameter, then halved until Armijo's condition holds.  The Newton decrement, by which it stops,
 * doesn't depend on how the parameters are scaled.
 */
extern void newton_maximise(const NewtonProblem *problem, double *theta, double *work,
							NewtonResult *result);

/*
 * covariance[n * n] = inverse of -hessian; false (and nothing written but scratch) if that isn't
 * positive definite, so that the data doesn't identify all parameters.
 */
extern bool newton_covariance(int n, const double *hessian, double *covariance);

/*
 * Factor a symmetric matrix a[n * n] in place into L L' (lower triangle); false if it isn't
 * positive definite.  cholesky_solve() then replaces b by the solution of L L' x = b, and
 * cholesky_invert() the factor by the whole inverse.
 */
extern bool cholesky_factor(int n, double *a);
extern void cholesky_solve(int n, const double *factor, double *b);
extern void cholesky_invert(int n, double *factor);

#endif
