/*
 * risk_parameters.c: what a risk_model says of itself: coefficients, odds ratios, how well it fits.
 */
#include "common/compat.h"

#include <math.h>

#include "common/float8_or_null.h"
#include "common/normal.h"
#include "funcapi.h"
#include "health/risk_model.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

static double
critical_value_arg(FunctionCallInfo fcinfo, int i)
{
	double confidence = PG_GETARG_FLOAT8(i);

	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("confidence %g is not in the range 0..1", confidence),
						errdetail("Both ends are excluded."),
						errhint("For example: confidence => 0.95.")));
	return normal_critical_value(confidence);
}

/* The standard error of estimate i (0: the intercept); NaN if it isn't known. */
static double
standard_error(RiskModel *m, int i)
{
	return sqrt(risk_covariance(m)[i * (i + 1) / 2 + i]);
}

static void
put_parameter(ReturnSetInfo *result, RiskModel *m, int i, const char *name, double critical)
{
	double estimate = risk_estimates(m)[i];
	double error = standard_error(m, i);
	Datum values[5];
	bool nulls[5] = {false};

	values[0] = CStringGetTextDatum(name);
	float8_or_null_set(values, nulls, 1, estimate);
	float8_or_null_set(values, nulls, 2, error);
	float8_or_null_set(values, nulls, 3, estimate - critical * error);
	float8_or_null_set(values, nulls, 4, estimate + critical * error);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * parameters(risk_model, confidence) -> set of (name, estimate, std_error, lower, upper)
 *
 * The intercept, then the coefficients, in log-odds per unit of the feature.  Bounds are Wald's.
 */
PG_FUNCTION_INFO_V1(risk_model_parameters);
Datum
risk_model_parameters(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	double critical = critical_value_arg(fcinfo, 1);
	char **names = risk_names_list(m);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	put_parameter(result, m, 0, "(intercept)", critical);
	for (int j = 0; j < m->features; j++)
		put_parameter(result, m, 1 + j, names[j], critical);
	return (Datum) 0;
}

static void
put_odds_ratio(ReturnSetInfo *result, RiskModel *m, int i, const char *name, double critical)
{
	double estimate = risk_estimates(m)[i];
	double error = standard_error(m, i);
	Datum values[4];
	bool nulls[4] = {false};

	values[0] = CStringGetTextDatum(name);
	float8_or_null_set(values, nulls, 1, exp(estimate));
	float8_or_null_set(values, nulls, 2, exp(estimate - critical * error));
	float8_or_null_set(values, nulls, 3, exp(estimate + critical * error));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * odds_ratios(risk_model, confidence) -> set of (name, odds_ratio, lower, upper)
 *
 * What one unit more of a feature multiplies the odds of churn by.
 */
PG_FUNCTION_INFO_V1(odds_ratios);
Datum
odds_ratios(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	double critical = critical_value_arg(fcinfo, 1);
	char **names = risk_names_list(m);

	InitMaterializedSRF(fcinfo, 0);
	for (int j = 0; j < m->features; j++)
		put_odds_ratio((ReturnSetInfo *) fcinfo->resultinfo, m, 1 + j, names[j], critical);
	return (Datum) 0;
}

/* ---- numbers ---- */

/* log_likelihood(risk_model): of the sample, without the penalty; NULL if the model was given. */
PG_FUNCTION_INFO_V1(risk_model_log_likelihood);
Datum
risk_model_log_likelihood(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, risk_model_arg(fcinfo, 0)->log_likelihood);
}

/* log_loss(risk_model): mean of -log of the probability of what happened; 0 is perfect. */
PG_FUNCTION_INFO_V1(log_loss);
Datum
log_loss(PG_FUNCTION_ARGS)
{
	const RiskModel *m = risk_model_arg(fcinfo, 0);

	return float8_or_null(fcinfo, m->log_likelihood / -m->observations + 0.0);
}

/* auc(risk_model): see auc.h */
PG_FUNCTION_INFO_V1(auc);
Datum
auc(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, risk_model_arg(fcinfo, 0)->auc);
}

/* aic(risk_model): 2 x parameters that were estimated - 2 log-likelihood. */
PG_FUNCTION_INFO_V1(risk_model_aic);
Datum
risk_model_aic(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	int estimated = 0;

	for (int i = 0; i <= m->features; i++)
		estimated += !isnan(risk_estimates(m)[i]);
	return float8_or_null(fcinfo, 2 * estimated - 2 * m->log_likelihood);
}

/* model_status(risk_model): how the fit went, in a word. */
PG_FUNCTION_INFO_V1(risk_model_status);
Datum
risk_model_status(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(risk_status_label(risk_model_arg(fcinfo, 0)->status)));
}
