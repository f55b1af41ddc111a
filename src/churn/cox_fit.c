/*
 * cox_fit.c: from a cox_sample to a cox_model.
 *
 * Covariates are centred and divided by their standard deviations first, so that units don't matter
 * to the numerics; what can't be estimated is found and said:
 *
 *   collinear  a covariate that is constant or a combination of those before it has no coefficient;
 *   monotone   a coefficient that goes on growing while the likelihood no longer does is infinite.
 */
#include "churn/cox_model.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "churn/cox_concordance.h"
#include "common/newton.h"
#include "common/special.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* A covariate whose information that others don't have is this part of its own has none. */
#define COLLINEAR 1e-11

/* Narrower covariates count as constant: their coefficients would leave double precision. */
#define NARROWEST 1e-250

/* When the likelihood has settled, a step this large (part of the coefficient) is without end. */
#define ENDLESS_STEP 1e-3
#define SMALLEST_STEP 1e-4

/* A coefficient of a standardised covariate as uncertain as this isn't known at all. */
#define ENDLESS_ERROR 100

/* What a fit works with. */
typedef struct CoxFit
{
	CoxData data;  /* its covariates are the kept ones, standardised */
	int p;		   /* covariates of the sample */
	int *kept;	   /* which of them have a coefficient: kept[0 .. data.p) */
	double *scale; /* their standard deviations, of all p */
	double *beta;  /* of the kept, standardised */
	double *gradient;
	double *hessian;
	double *covariance;
	double null_value;
	NewtonResult result;
	bool *endless; /* of the kept */
	bool known;	   /* beta and covariance are there */
} CoxFit;

/* ---- arguments ---- */

static CoxTies
ties_arg(FunctionCallInfo fcinfo, int i)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(i));

	for (int ties = 0; ties < COX_TIES; ties++)
		if (strcmp(name, cox_ties_names[ties]) == 0)
			return ties;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown way \"%s\" to treat ties", name),
					errhint("Ties are treated by efron or by breslow.")));
}

static char **
default_names(int covariates)
{
	char **names = palloc(sizeof(char *) * covariates);

	for (int i = 0; i < covariates; i++)
		names[i] = psprintf("x%d", i + 1);
	return names;
}

/* The names of the covariates: argument i, or x1, x2 ... */
static char **
names_arg(FunctionCallInfo fcinfo, int i, int covariates)
{
	Datum *elements;
	bool *nulls;
	int n;
	char **names;

	if (PG_ARGISNULL(i))
		return default_names(covariates);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls,
					  &n);
	if (n != covariates)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%d names for %d covariates", n, covariates),
						errhint("Name each covariate, in the order of the array that cox_agg() "
								"was given.")));
	names = palloc(sizeof(char *) * n);
	for (int j = 0; j < n; j++)
	{
		if (nulls[j])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("the name of covariate %d is null", j + 1)));
		names[j] = TextDatumGetCString(elements[j]);
		cox_check_name(names[j]);
	}
	return names;
}

/* ---- the data as the likelihood wants it ---- */

static int
compare_late(uint32 a, uint32 b, const double *entries)
{
	return (entries[a] < entries[b]) - (entries[a] > entries[b]);
}

#define ST_SORT sort_latest_first
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE_ARG_TYPE const double
#define ST_COMPARE(a, b, arg) compare_late(*(a), *(b), arg)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static void
list_late_entrants(CoxData *data)
{
	uint32 *late = palloc(sizeof(uint32) * Max(data->n, 1));

	for (uint32 i = 0; i < data->n; i++)
		if (data->entries[i] > 0)
			late[data->n_late++] = i;
	sort_latest_first(late, data->n_late, data->entries);
	data->late_entrants = late;
}

/* Column by column what the sample has row by row. */
static CoxData
unpack(const CoxSample *s, CoxTies ties)
{
	Size n = Max(s->rows, 1);
	uint64 *keys = palloc(sizeof(uint64) * n);
	double *entries = palloc(sizeof(double) * n);
	double *weights = palloc(sizeof(double) * n);
	CoxData data = {.n = s->rows,
					.p = s->covariates,
					.keys = keys,
					.entries = entries,
					.weights = weights,
					.ties = ties};

	data.covariates = palloc(sizeof(double) * n * s->covariates);
	data.linear_predictor = palloc(sizeof(double) * n);
	data.sums = palloc(sizeof(double) * cox_sums_workspace(s->covariates));
	for (uint32 i = 0; i < s->rows; i++)
	{
		const CoxRow *row = cox_row(s, i);

		keys[i] = row->key;
		entries[i] = row->entry;
		weights[i] = row->weight;
		memcpy(data.covariates + (Size) i * s->covariates, row->covariates,
			   sizeof(double) * s->covariates);
	}
	list_late_entrants(&data);
	return data;
}

static double
weighted_mean(const CoxData *data, int j)
{
	CompensatedSum sum = {0, 0};
	CompensatedSum weight = {0, 0};

	for (uint32 i = 0; i < data->n; i++)
	{
		compensated_add(&sum, data->weights[i] * data->covariates[(Size) i * data->p + j]);
		compensated_add(&weight, data->weights[i]);
	}
	return compensated_value(&sum) / compensated_value(&weight);
}

/*
 * Centre and scale covariate j; its standard deviation, 0 for one that is constant.  In units of the
 * largest deviation, so that squares neither overflow nor vanish.
 */
static double
standardise(CoxData *data, int j)
{
	double mean = weighted_mean(data, j);
	double largest = 0;
	double deviation = 0;
	double scale;
	CompensatedSum squares = {0, 0};
	CompensatedSum weight = {0, 0};

	for (uint32 i = 0; i < data->n; i++)
	{
		double *x = &data->covariates[(Size) i * data->p + j];

		largest = fmax(largest, fabs(*x));
		*x -= mean;
		deviation = fmax(deviation, fabs(*x));
	}
	/* what differs by rounding only is constant */
	if (!(deviation > 1e-13 * largest) || deviation < NARROWEST)
		deviation = 0;
	for (uint32 i = 0; i < data->n; i++)
	{
		double *x = &data->covariates[(Size) i * data->p + j];

		*x = deviation > 0 ? *x / deviation : 0;
		compensated_add(&squares, data->weights[i] * *x * *x);
		compensated_add(&weight, data->weights[i]);
	}
	scale = deviation > 0 ? sqrt(compensated_value(&squares) / compensated_value(&weight)) : 1;
	for (uint32 i = 0; i < data->n; i++)
		data->covariates[(Size) i * data->p + j] /= scale;
	return deviation * scale;
}

/* ---- which covariates have a coefficient ---- */

/*
 * Mark the covariates that have information of their own: Cholesky's factor of -hessian, leaving
 * out each that has nothing left when those before it are taken away.
 */
static int
independent_covariates(int p, const double *hessian, int *kept, double *factor)
{
	int n = 0;

	for (int i = 0; i < p; i++)
	{
		double left = -hessian[i * p + i];

		for (int a = 0; a < n; a++)
		{
			double sum = -hessian[i * p + kept[a]];

			for (int b = 0; b < a; b++)
				sum -= factor[i * p + b] * factor[kept[a] * p + b];
			factor[i * p + a] = sum / factor[kept[a] * p + a];
			left -= factor[i * p + a] * factor[i * p + a];
		}
		if (left > COLLINEAR * -hessian[i * p + i])
		{
			factor[i * p + n] = sqrt(left);
			kept[n++] = i;
		}
	}
	return n;
}

/* Close up the covariates to those kept. */
static void
keep_covariates(CoxFit *fit, int n_kept)
{
	CoxData *data = &fit->data;

	for (uint32 i = 0; i < data->n; i++)
		for (int j = 0; j < n_kept; j++)
			data->covariates[(Size) i * n_kept + j] =
				data->covariates[(Size) i * data->p + fit->kept[j]];
	data->p = n_kept;
}

/* ---- the fit ---- */

static void
find_endless(CoxFit *fit)
{
	int p = fit->data.p;

	for (int j = 0; j < p; j++)
	{
		double step = 0;
		double size = fabs(fit->beta[j]);

		for (int k = 0; k < p; k++)
			step += fit->covariance[j * p + k] * fit->result.gradient[k];
		fit->endless[j] = fabs(step) > fmax(ENDLESS_STEP * size, SMALLEST_STEP) ||
						  fit->covariance[j * p + j] > ENDLESS_ERROR * ENDLESS_ERROR;
	}
}

static void
maximise(CoxFit *fit)
{
	NewtonProblem problem = {.n = fit->data.p, .evaluate = cox_likelihood, .arg = &fit->data};
	double *work = palloc(sizeof(double) * newton_workspace(fit->data.p));

	newton_maximise(&problem, fit->beta, work, &fit->result);
	fit->known = newton_covariance(fit->data.p, fit->result.hessian, fit->covariance);
	if (fit->known)
		find_endless(fit);
}

static CoxFit
start_fit(const CoxSample *s, CoxTies ties)
{
	int p = s->covariates;
	CoxFit fit = {.data = unpack(s, ties), .p = p};

	fit.kept = palloc0(sizeof(int) * p);
	fit.scale = palloc0(sizeof(double) * p);
	fit.beta = palloc0(sizeof(double) * p);
	fit.gradient = palloc0(sizeof(double) * p);
	fit.hessian = palloc0(sizeof(double) * p * p);
	fit.covariance = palloc0(sizeof(double) * p * p);
	fit.endless = palloc0(sizeof(bool) * p);
	return fit;
}

static CoxFit
fit_sample(const CoxSample *s, CoxTies ties)
{
	CoxFit fit = start_fit(s, ties);
	int n_kept;

	for (int j = 0; j < fit.p; j++)
		fit.scale[j] = standardise(&fit.data, j);
	fit.null_value = cox_likelihood(fit.beta, fit.gradient, fit.hessian, &fit.data);
	n_kept = independent_covariates(fit.p, fit.hessian, fit.kept, fit.covariance);
	if (n_kept < fit.p)
		keep_covariates(&fit, n_kept);
	fit.result = (NewtonResult){.value = fit.null_value};
	if (n_kept > 0)
		maximise(&fit);
	return fit;
}

/* ---- the model ---- */

static int64
count_events(const CoxData *data)
{
	int64 events = 0;

	for (uint32 i = 0; i < data->n; i++)
		events += (data->keys[i] & 1) == 0;
	return events;
}

static CoxStatus
status_of(const CoxFit *fit, int64 events)
{
	if (events == 0)
		return COX_NO_EVENTS;
	if (fit->data.p > 0 && (fit->result.status != NEWTON_CONVERGED || !fit->known))
	{
		/* the likelihood of a model that runs away can stall before it settles */
		for (int j = 0; fit->known && j < fit->data.p; j++)
			if (fit->endless[j])
				return COX_MONOTONE;
		return COX_NOT_CONVERGED;
	}
	for (int j = 0; j < fit->data.p; j++)
		if (fit->endless[j])
			return COX_MONOTONE;
	return fit->data.p < fit->p ? COX_COLLINEAR : COX_CONVERGED;
}

/* From standardised covariates back to the user's; what isn't known is NaN. */
static void
copy_numbers(CoxModel *m, const CoxFit *fit)
{
	int p = fit->p;
	int n = fit->data.p;
	double *covariances = cox_covariances(m);

	for (int i = 0; i < p + p * p; i++)
		m->numbers[i] = NAN;
	for (int a = 0; a < n; a++)
	{
		int i = fit->kept[a];

		cox_coefficients(m)[i] = fit->beta[a] / fit->scale[i];
		for (int b = 0; b < n && fit->known; b++)
		{
			int j = fit->kept[b];
			double covariance = fit->covariance[a * n + b] / fit->scale[i] / fit->scale[j];

			/* the squares of extreme units may overflow or vanish */
			if (!fit->endless[a] && !fit->endless[b] && isfinite(covariance) &&
				(a != b || covariance > 0))
				covariances[i * p + j] = covariance;
		}
	}
}

/* The predictors in fit->data may be those of a step that was tried last. */
static double
concordance_of(CoxFit *fit)
{
	Size n = (Size) fit->data.n + 1;

	cox_likelihood(fit->beta, fit->gradient, fit->hessian, &fit->data);
	return cox_concordance(&fit->data, palloc(sizeof(uint32) * n), palloc(sizeof(uint32) * n),
						   palloc(sizeof(double) * n));
}

/*
 * cox_fit(cox_sample, ties, names) -> cox_model
 *
 * Cox's proportional hazards model by maximum partial likelihood; ties efron or breslow.  How it
 * ended is in the model's status, never an ERROR.
 */
PG_FUNCTION_INFO_V1(cox_fit);
Datum
cox_fit(PG_FUNCTION_ARGS)
{
	const CoxSample *s;
	CoxFit fit;
	CoxModel *m;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	s = cox_sample_arg(fcinfo, 0);
	if (s->rows == 0)
		PG_RETURN_NULL();
	m = cox_model_new(s->covariates, names_arg(fcinfo, 2, s->covariates));
	fit = fit_sample(s, ties_arg(fcinfo, 1));
	m->ties = fit.data.ties;
	m->customers = s->rows;
	m->events = count_events(&fit.data);
	m->status = status_of(&fit, m->events);
	m->iterations = fit.result.iterations;
	m->log_likelihood_null = fit.null_value;
	m->log_likelihood = fit.result.value;
	m->concordance = concordance_of(&fit);
	copy_numbers(m, &fit);
	cox_model_finish(m);
	PG_RETURN_POINTER(m);
}
