/*
 * cox_likelihood.c: the partial likelihood of Cox's proportional hazards model (see
 * cox_likelihood.h).
 *
 * With r_i = w_i exp(x_i beta), S over those at risk at a duration and D over the d who leave then,
 *
 *   Breslow: log L = sum over D of w x beta - (sum over D of w) log S(r)
 *   Efron:   log L = sum over D of w x beta
 *                    - (mean over D of w) sum over l = 0 .. d-1 of log(S(r) - l/d D(r))
 *
 * Weights enter as in R's package survival.  Cox, "Regression models and life-tables", Journal of
 * the Royal Statistical Society B 34 (1972); Efron, "The efficiency of Cox's likelihood function
 * for censored data", Journal of the American Statistical Association 72 (1977).
 *
 * One pass from the longest duration down keeps the sums over those at risk; who entered late
 * leaves them again below the entry.  Sums carry what rounding took from them, so that neither
 * their length nor such removals cost digits.
 */
#include "churn/cox_likelihood.h"

#include <math.h>

#include "churn/survival_cells.h"
#include "common/special.h"
#include "miscadmin.h"

/* The moments of a set of customers: sum of r, of r x, of r x x' (lower triangle). */
typedef struct Moments
{
	double *sum;
	double *lost; /* what rounding took away */
} Moments;

typedef struct Pass
{
	const CoxData *data;
	double shift; /* largest linear predictor: cancels, and keeps exp() in range */
	Moments at_risk;
	Moments leaving;
	double *gradient;
	double *hessian;
	CompensatedSum value;
} Pass;

static inline void
add_to(Moments *m, int i, double value)
{
	double sum = m->sum[i] + value;
	double added = sum - m->sum[i];

	m->lost[i] += (m->sum[i] - (sum - added)) + (value - added);
	m->sum[i] = sum;
}

static inline double
moment(const Moments *m, int i)
{
	return m->sum[i] + m->lost[i];
}

static void
clear(Moments *m, int n)
{
	memset(m->sum, 0, n * sizeof(double));
	memset(m->lost, 0, n * sizeof(double));
}

static inline double
relative_risk(const Pass *pass, uint32 row)
{
	const CoxData *data = pass->data;

	return data->weights[row] * exp(data->linear_predictor[row] - pass->shift);
}

/* A customer joins a set, or leaves it: r then comes with a minus. */
static void
add_customer(Moments *m, const CoxData *data, uint32 row, double r)
{
	const double *x = data->covariates + (Size) row * data->p;
	int at = 1 + data->p;

	add_to(m, 0, r);
	for (int i = 0; i < data->p; i++)
	{
		double rx = r * x[i];

		add_to(m, 1 + i, rx);
		for (int j = 0; j <= i; j++)
			add_to(m, at++, rx * x[j]);
	}
}

/* What one event adds when part of those who leave with it are taken from those at risk. */
static void
add_event(Pass *pass, double weight, double part)
{
	int p = pass->data->p;
	int at = 1 + p;
	double total = moment(&pass->at_risk, 0) - part * moment(&pass->leaving, 0);

	compensated_add(&pass->value, -weight * log(total));
	for (int i = 0; i < p; i++)
	{
		double mean =
			(moment(&pass->at_risk, 1 + i) - part * moment(&pass->leaving, 1 + i)) / total;

		pass->gradient[i] -= weight * mean;
		for (int j = 0; j <= i; j++, at++)
		{
			double other =
				(moment(&pass->at_risk, 1 + j) - part * moment(&pass->leaving, 1 + j)) / total;
			double product =
				(moment(&pass->at_risk, at) - part * moment(&pass->leaving, at)) / total;

			pass->hessian[i * p + j] -= weight * (product - mean * other);
		}
	}
}

/* The events rows[first .. end) of one duration, whose moments are in pass->leaving. */
static void
add_events(Pass *pass, uint32 first, uint32 end)
{
	const CoxData *data = pass->data;
	uint32 events = end - first;
	double weight = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 row = first; row < end; row++)
	{
		const double *x = data->covariates + (Size) row * data->p;
		double w = data->weights[row];

		weight += w;
		compensated_add(&pass->value, w * (data->linear_predictor[row] - pass->shift));
		for (int i = 0; i < data->p; i++)
			pass->gradient[i] += w * x[i];
	}
	if (data->ties == COX_BRESLOW || events == 1)
		add_event(pass, weight, 0);
	else
		for (uint32 l = 0; l < events; l++)
		{
			CHECK_FOR_INTERRUPTS();
			add_event(pass, weight / events, (double) l / events);
		}
}

/* All customers of the duration that ends at row end; returns where they begin. */
static uint32
add_duration(Pass *pass, uint32 end)
{
	const CoxData *data = pass->data;
	uint64 duration = data->keys[end - 1] >> 1;
	uint32 first = end;
	uint32 events_end;

	for (; first > 0 && data->keys[first - 1] >> 1 == duration; first--)
		add_customer(&pass->at_risk, data, first - 1, relative_risk(pass, first - 1));
	for (events_end = first; events_end < end && (data->keys[events_end] & 1) == 0; events_end++)
		;
	if (events_end > first)
	{
		clear(&pass->leaving, cox_moments(data->p));
		for (uint32 row = first; row < events_end; row++)
			add_customer(&pass->leaving, data, row, relative_risk(pass, row));
		add_events(pass, first, events_end);
	}
	return first;
}

/* Who entered at this duration or later wasn't observed yet. */
static uint32
remove_late(Pass *pass, uint32 next, double duration)
{
	const CoxData *data = pass->data;

	for (; next < data->n_late && data->entries[data->late_entrants[next]] >= duration; next++)
	{
		uint32 row = data->late_entrants[next];

		add_customer(&pass->at_risk, data, row, -relative_risk(pass, row));
	}
	return next;
}

/* Fill data->linear_predictor; the largest is returned. */
static double
predict(const CoxData *data, const double *beta)
{
	double largest = -INFINITY;

	for (uint32 row = 0; row < data->n; row++)
	{
		const double *x = data->covariates + (Size) row * data->p;
		double sum = 0;

		for (int i = 0; i < data->p; i++)
			sum += x[i] * beta[i];
		data->linear_predictor[row] = sum;
		largest = fmax(largest, sum);
	}
	return largest;
}

static Pass
start_pass(const CoxData *data, const double *beta, double *gradient, double *hessian)
{
	int moments = cox_moments(data->p);
	Pass pass = {.data = data, .gradient = gradient, .hessian = hessian};

	pass.at_risk = (Moments){data->sums, data->sums + moments};
	pass.leaving = (Moments){data->sums + 2 * moments, data->sums + 3 * moments};
	clear(&pass.at_risk, moments);
	memset(gradient, 0, data->p * sizeof(double));
	memset(hessian, 0, data->p * data->p * sizeof(double));
	pass.shift = predict(data, beta);
	return pass;
}

double
cox_likelihood(const double *beta, double *gradient, double *hessian, void *arg)
{
	const CoxData *data = arg;
	Pass pass = start_pass(data, beta, gradient, hessian);
	uint32 late = 0;

	for (uint32 end = data->n; end > 0;)
	{
		CHECK_FOR_INTERRUPTS();
		late = remove_late(&pass, late, survival_key_duration(data->keys[end - 1]));
		end = add_duration(&pass, end);
	}
	for (int i = 0; i < data->p; i++)
		for (int j = 0; j < i; j++)
			hessian[j * data->p + i] = hessian[i * data->p + j];
	return compensated_value(&pass.value);
}
