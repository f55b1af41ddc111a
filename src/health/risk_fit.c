/*
 * risk_fit.c: a risk_model from a risk_sample, or from coefficients that are known already.
 */
#include "health/risk_model.h"

#include <math.h>

#include "health/auc.h"
#include "health/logistic.h"
#include "health/risk_sample.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#define MOST_ITERATIONS 10000

static void
breathe(void)
{
	CHECK_FOR_INTERRUPTS();
}

double
risk_linear_predictor(RiskModel *m, const double *features)
{
	const double *coefficient = risk_estimates(m) + 1;
	const double *mean = risk_means(m);
	double z = m->centre;

	for (int j = 0; j < m->features; j++)
		if (!isnan(coefficient[j]))
			z += coefficient[j] * (features[j] - mean[j]);
	return z;
}

static LogisticOptions
fit_options(FunctionCallInfo fcinfo)
{
	LogisticOptions options = {PG_GETARG_FLOAT8(2), PG_GETARG_INT32(3)};

	if (!(options.l2 >= 0) || isinf(options.l2))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid penalty l2 of %g", options.l2),
						errdetail("l2 is a finite number from 0 on; half of it, times the sum of "
								  "squares of the standardised coefficients, is taken off the "
								  "log-likelihood.")));
	if (options.max_iterations < 1 || options.max_iterations > MOST_ITERATIONS)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid number of iterations %d", options.max_iterations),
						errdetail("max_iterations is from 1 to %d.", MOST_ITERATIONS)));
	return options;
}

static RiskStatus
model_status_of(const LogisticFit *fit)
{
	switch (fit->status)
	{
		case LOGISTIC_CONVERGED:
			return fit->dropped ? RISK_COLLINEAR : RISK_CONVERGED;
		case LOGISTIC_MAX_ITERATIONS:
			return RISK_MAX_ITERATIONS;
		case LOGISTIC_SEPARATED:
			return RISK_SEPARATED;
		case LOGISTIC_ONE_OUTCOME:
			return RISK_ONE_OUTCOME;
		default:
			return RISK_STALLED;
	}
}

/* How well the model ranks the customers that it was fitted to. */
static double
sample_auc(const RiskSample *s, RiskModel *m)
{
	ScoredCount *scored = palloc(sizeof(ScoredCount) * s->rows);
	double auc;

	for (int i = 0; i < s->rows; i++)
	{
		const double *row = risk_row_const(s, i);

		scored[i] = (ScoredCount){risk_linear_predictor(m, row + 1), row[0]};
	}
	CHECK_FOR_INTERRUPTS();
	auc = auc_of(scored, s->rows);
	pfree(scored);
	return auc;
}

/* NaN of one bit pattern, and no negative zero. */
static double
plain(double value)
{
	return isnan(value) ? get_float8_nan() : value + 0.0;
}

static void
fill_model(RiskModel *m, const LogisticFit *fit, const RiskSample *s)
{
	int width = 1 + s->features;
	double *covariance = risk_covariance(m);

	m->status = model_status_of(fit);
	m->iterations = fit->iterations;
	m->observations = fit->n;
	m->churned = fit->churned;
	m->omitted = (double) s->omitted;
	m->log_likelihood = plain(fmin(fit->log_likelihood, 0));
	m->centre = plain(fit->centre);
	for (int j = 0; j < width; j++)
		risk_estimates(m)[j] = plain(fit->estimate[j]);
	for (int j = 0; j < s->features; j++)
		risk_means(m)[j] = plain(fit->mean[j]);
	for (int i = 0; i < width; i++)
		for (int j = 0; j <= i; j++)
			*covariance++ = plain(fit->covariance[i * width + j]);
	m->auc = fit->status == LOGISTIC_ONE_OUTCOME ? get_float8_nan() : plain(sample_auc(s, m));
}

/*
 * risk_fit(risk_sample, names, l2, max_iterations) -> risk_model
 *
 * Logistic regression by maximum likelihood.  NULL for NULL, and for a sample of nobody.
 */
PG_FUNCTION_INFO_V1(risk_fit);
Datum
risk_fit(PG_FUNCTION_ARGS)
{
	const RiskSample *s;
	LogisticOptions options;
	LogisticData data;
	LogisticFit fit;
	RiskModel *m;
	int width;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	s = risk_sample_ordered_arg(fcinfo, 0);
	options = fit_options(fcinfo);
	if (s->rows == 0)
		PG_RETURN_NULL();
	m = risk_model_new(s->features, risk_names_arg(fcinfo, 1, s->features));
	m->l2 = options.l2 + 0.0;
	width = 1 + s->features;
	data = (LogisticData){s->features, s->rows, s->cells, breathe};
	fit.estimate = palloc(sizeof(double) * width);
	fit.mean = palloc(sizeof(double) * width);
	fit.covariance = palloc(sizeof(double) * width * width);
	logistic_fit(&data, &options, palloc(sizeof(double) * logistic_workspace(s->features)), &fit);
	fill_model(m, &fit, s);
	PG_RETURN_POINTER(m);
}

/* ---- a model of known coefficients ---- */

/* The numbers of argument i, an array of one dimension without NULLs. */
static const double *
numbers_arg(FunctionCallInfo fcinfo, int i, const char *what, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(i);
	const double *values = (const double *) ARR_DATA_PTR(array);

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the %s of a risk_model must be an array of one dimension without "
							   "nulls",
							   what)));
	for (int j = 0; j < *n; j++)
		if (isnan(values[j]) || isinf(values[j]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("number %d of the %s of a risk_model is %g", j + 1, what, values[j]),
					 errdetail("The %s are finite numbers.", what)));
	return values;
}

static void
take_means(FunctionCallInfo fcinfo, int i, RiskModel *m)
{
	int n;
	const double *means = numbers_arg(fcinfo, i, "means", &n);

	if (n != m->features)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there are %d means for %d coefficients", n, m->features)));
	for (int j = 0; j < n; j++)
		risk_means(m)[j] = means[j] + 0.0;
}

static void
check_centre(double centre)
{
	if (isnan(centre) || isinf(centre))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the log-odds of the average customer are %g", centre),
						errdetail("Intercept, coefficients and means are too large together.")));
}

/*
 * make_risk_model(intercept, coefficients, names, means) -> risk_model
 *
 * A model that was fitted elsewhere.  The means of the features are what churn_drivers() compares
 * with; without them it compares with 0.
 */
PG_FUNCTION_INFO_V1(make_risk_model);
Datum
make_risk_model(PG_FUNCTION_ARGS)
{
	const double *coefficients;
	int features;
	RiskModel *m;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (isnan(PG_GETARG_FLOAT8(0)) || isinf(PG_GETARG_FLOAT8(0)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the intercept of a risk_model is %g", PG_GETARG_FLOAT8(0)),
						errdetail("It is a finite number.")));
	coefficients = numbers_arg(fcinfo, 1, "coefficients", &features);
	risk_check_features(features);
	m = risk_model_new(features, risk_names_arg(fcinfo, 2, features));
	m->status = RISK_GIVEN;
	risk_estimates(m)[0] = PG_GETARG_FLOAT8(0) + 0.0;
	for (int j = 0; j < features; j++)
		risk_estimates(m)[1 + j] = coefficients[j] + 0.0;
	if (!PG_ARGISNULL(3))
		take_means(fcinfo, 3, m);
	m->centre = PG_GETARG_FLOAT8(0) + 0.0;
	for (int j = 0; j < features; j++)
		m->centre += coefficients[j] * risk_means(m)[j];
	check_centre(m->centre);
	PG_RETURN_POINTER(m);
}
