/*
 * churn_probability.c: what a risk_model says of a customer, and why.
 */
#include "common/compat.h"

#include <math.h>

#include "funcapi.h"
#include "health/logistic.h"
#include "health/risk_model.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* The features of a customer in argument i; NULL if one of them isn't known. */
static const double *
features_arg(FunctionCallInfo fcinfo, int i, const RiskModel *m)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(i);
	const double *values = (const double *) ARR_DATA_PTR(array);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("the features of a customer form a %d-dimensional array", ARR_NDIM(array)),
				 errhint("Give them as one array: ARRAY[days_silent, tickets, logins].")));
	if (n != m->features)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a customer with %d features does not fit a risk_model of %d", n, m->features),
			 errhint("Give the features that the model was fitted to, in the same order, "
					 "as one array.")));
	if (array_contains_nulls(array))
		return NULL;
	for (int j = 0; j < n; j++)
		if (isnan(values[j]) || isinf(values[j]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("feature %d of a customer is %g", j + 1, values[j]),
							errdetail("Features are finite numbers; NULL is what isn't known.")));
	return values;
}

/*
 * churn_probability(risk_model, features) -> double precision
 *
 * 0..1; NULL if a feature is, or if the model knows one outcome only.
 */
PG_FUNCTION_INFO_V1(churn_probability);
Datum
churn_probability(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	const double *features = features_arg(fcinfo, 1, m);
	double z;

	if (features == NULL)
		PG_RETURN_NULL();
	z = risk_linear_predictor(m, features);
	/* NaN: one outcome only, or infinite terms of both signs */
	if (isnan(z))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(logistic_probability(z));
}

/* ---- drivers ---- */

typedef struct RiskDriver
{
	const char *name;
	double value;
	double contribution;
	int position;
} RiskDriver;

/* What raises the risk most first; then in the order of the features. */
static int
compare_drivers(const void *a, const void *b)
{
	const RiskDriver *d = (const RiskDriver *) a;
	const RiskDriver *e = (const RiskDriver *) b;

	if (d->contribution != e->contribution)
		return d->contribution > e->contribution ? -1 : 1;
	return d->position - e->position;
}

static void
put_driver(ReturnSetInfo *result, const RiskDriver *d)
{
	Datum values[4];
	bool nulls[4] = {false};

	values[0] = CStringGetTextDatum(d->name);
	values[1] = Float8GetDatum(d->value);
	values[2] = Float8GetDatum(d->contribution);
	values[3] = Float8GetDatum(exp(d->contribution));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * churn_drivers(risk_model, features) -> set of (name, value, contribution, odds_factor)
 *
 * contribution = coefficient x (value - mean), in log-odds: what sets this customer apart from the
 * average one.  Together they are z - centre.  No rows where churn_probability() is NULL.
 */
PG_FUNCTION_INFO_V1(churn_drivers);
Datum
churn_drivers(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	const double *features = features_arg(fcinfo, 1, m);
	char **names = risk_names_list(m);
	RiskDriver *drivers = palloc(sizeof(RiskDriver) * m->features);
	int n = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (features == NULL || isnan(m->centre))
		return (Datum) 0;
	for (int j = 0; j < m->features; j++)
	{
		double coefficient = risk_estimates(m)[1 + j];
		double share = coefficient * (features[j] - risk_means(m)[j]);

		/* a feature that the data doesn't identify drives nothing */
		drivers[n++] = (RiskDriver){names[j], features[j], isnan(share) ? 0 : share + 0.0, j};
	}
	qsort(drivers, n, sizeof(RiskDriver), compare_drivers);
	for (int j = 0; j < n; j++)
		put_driver((ReturnSetInfo *) fcinfo->resultinfo, &drivers[j]);
	return (Datum) 0;
}
