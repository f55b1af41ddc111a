/*
 * cox_model_accessors.c: what a cox_model says.
 */
#include "churn/cox_model.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/chi_square.h"
#include "common/confidence_bounds.h"
#include "common/float8_or_null.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#define PARAMETER_COLUMNS 5

/* ---- one number ---- */

/* log_likelihood(cox_model) -> double precision: the log partial likelihood at the maximum. */
PG_FUNCTION_INFO_V1(cox_model_log_likelihood);
Datum
cox_model_log_likelihood(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, cox_model_arg(fcinfo, 0)->log_likelihood);
}

/* null_log_likelihood(cox_model) -> double precision: with all coefficients 0. */
PG_FUNCTION_INFO_V1(cox_model_null_log_likelihood);
Datum
cox_model_null_log_likelihood(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, cox_model_arg(fcinfo, 0)->log_likelihood_null);
}

/* concordance(cox_model) -> double precision: Harrell's C, 0..1; NULL if no pair compares. */
PG_FUNCTION_INFO_V1(cox_model_concordance);
Datum
cox_model_concordance(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, cox_model_arg(fcinfo, 0)->concordance);
}

/* model_status(cox_model) -> text */
PG_FUNCTION_INFO_V1(cox_model_model_status);
Datum
cox_model_model_status(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(cox_status_names[cox_model_arg(fcinfo, 0)->status]));
}

/* model_iterations(cox_model) -> integer */
PG_FUNCTION_INFO_V1(cox_model_model_iterations);
Datum
cox_model_model_iterations(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) cox_model_arg(fcinfo, 0)->iterations);
}

/* How many coefficients there are. */
static int
degrees_of_freedom(const CoxModel *m)
{
	int df = 0;

	for (uint32 i = 0; i < m->covariates; i++)
		df += !isnan(cox_coefficients(m)[i]);
	return df;
}

/* aic(cox_model) -> double precision: 2 (coefficients - log-likelihood), smaller is better. */
PG_FUNCTION_INFO_V1(cox_model_aic);
Datum
cox_model_aic(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);

	PG_RETURN_FLOAT8(2 * (degrees_of_freedom(m) - m->log_likelihood));
}

/* ---- lists ---- */

static Datum
array_of(const double *numbers, int n)
{
	Datum *elements = palloc(sizeof(Datum) * n);
	bool *nulls = palloc(sizeof(bool) * n);
	int lower_bound = 1;

	for (int i = 0; i < n; i++)
		float8_or_null_set(elements, nulls, i, numbers[i]);
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower_bound, FLOAT8OID,
											  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* coefficients(cox_model) -> double precision[]: log hazard ratios; NULL where there is none. */
PG_FUNCTION_INFO_V1(cox_model_coefficients);
Datum
cox_model_coefficients(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);

	return array_of(cox_coefficients(m), m->covariates);
}

/* hazard_ratios(cox_model) -> double precision[]: exp of the coefficients. */
PG_FUNCTION_INFO_V1(cox_model_hazard_ratios);
Datum
cox_model_hazard_ratios(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	double *ratios = palloc(sizeof(double) * m->covariates);

	for (uint32 i = 0; i < m->covariates; i++)
		ratios[i] = exp(cox_coefficients(m)[i]);
	return array_of(ratios, m->covariates);
}

/* std_errors(cox_model) -> double precision[]: of the coefficients. */
PG_FUNCTION_INFO_V1(cox_model_std_errors);
Datum
cox_model_std_errors(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	double *errors = palloc(sizeof(double) * m->covariates);

	for (uint32 i = 0; i < m->covariates; i++)
		errors[i] = cox_std_error(m, i);
	return array_of(errors, m->covariates);
}

/* covariance(cox_model) -> double precision[][]: of the coefficients. */
PG_FUNCTION_INFO_V1(cox_model_covariance);
Datum
cox_model_covariance(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	int p = m->covariates;
	int dims[2] = {p, p};
	int lower_bounds[2] = {1, 1};
	Datum *elements = palloc(sizeof(Datum) * p * p);
	bool *nulls = palloc(sizeof(bool) * p * p);

	for (int i = 0; i < p * p; i++)
	{
		elements[i] = Float8GetDatum(cox_covariances(m)[i]);
		nulls[i] = isnan(cox_covariances(m)[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, nulls, 2, dims, lower_bounds, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ---- parameters ---- */

typedef struct ParametersState
{
	const CoxModel *model;
	double z;
} ParametersState;

static void
start_parameters(FunctionCallInfo fcinfo, FuncCallContext *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->multi_call_memory_ctx);
	ParametersState *state = palloc(sizeof(ParametersState));
	TupleDesc row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "parameters does not return a composite type");
	scan->tuple_desc = BlessTupleDesc(row);
	/* copied, so that it lives as long as the scan */
	state->model = (CoxModel *) DatumGetPointer(
		datumCopy(PointerGetDatum(cox_model_arg(fcinfo, 0)), false, -1));
	state->z = confidence_z(PG_GETARG_FLOAT8(1));
	scan->user_fctx = state;
	scan->max_calls = state->model->covariates;
	MemoryContextSwitchTo(caller);
}

static Datum
parameter_row(FuncCallContext *scan, const ParametersState *state)
{
	int i = (int) scan->call_cntr;
	double estimate = cox_coefficients(state->model)[i];
	double std_error = cox_std_error(state->model, i);
	double numbers[PARAMETER_COLUMNS] = {0, estimate, std_error, estimate - state->z * std_error,
										 estimate + state->z * std_error};
	Datum values[PARAMETER_COLUMNS];
	bool nulls[PARAMETER_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(cox_name(state->model, i));
	for (int column = 1; column < PARAMETER_COLUMNS; column++)
		float8_or_null_set(values, nulls, column, numbers[column]);
	return HeapTupleGetDatum(heap_form_tuple(scan->tuple_desc, values, nulls));
}

/*
 * parameters(cox_model, confidence) -> setof (name, estimate, std_error, lower, upper)
 *
 * A row a covariate: the coefficient (log hazard ratio) with its standard error and Wald's
 * interval.  NULLs for a coefficient that there isn't (collinear), and for the error and the limits
 * of one that is infinite (monotone).
 */
PG_FUNCTION_INFO_V1(cox_model_parameters);
Datum
cox_model_parameters(PG_FUNCTION_ARGS)
{
	FuncCallContext *scan;
	Datum row;

	if (SRF_IS_FIRSTCALL())
	{
		scan = SRF_FIRSTCALL_INIT();
		start_parameters(fcinfo, scan);
	}
	scan = SRF_PERCALL_SETUP();
	if (scan->call_cntr >= scan->max_calls)
		SRF_RETURN_DONE(scan);
	/* made before the macro counts the call */
	row = parameter_row(scan, scan->user_fctx);
	SRF_RETURN_NEXT(scan, row);
}

/* ---- predictions and tests ---- */

/* The covariates in argument i; ERROR unless there are as many finite ones as the model has. */
static const double *
covariates_of(FunctionCallInfo fcinfo, int i, const CoxModel *m)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(i);

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != (int) m->covariates)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("the model needs %u covariates", m->covariates),
						errhint("Give them in the order of the array that cox_agg() was given.")));
	return (const double *) ARR_DATA_PTR(array);
}

/* Does the array say nothing: is it, or one of its elements, NULL? */
static bool
is_unknown(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) || array_contains_nulls(PG_GETARG_ARRAYTYPE_P(i));
}

/*
 * hazard_ratio(cox_model, covariates, reference) -> double precision
 *
 * How many times as fast a customer with these covariates leaves as one with the reference's (NULL:
 * all 0): exp(sum of coefficient (x - reference)).  Coefficients that there aren't count as 0.  NULL
 * for NULL covariates.
 */
PG_FUNCTION_INFO_V1(cox_model_hazard_ratio);
Datum
cox_model_hazard_ratio(PG_FUNCTION_ARGS)
{
	const CoxModel *m;
	const double *x;
	const double *reference = NULL;
	double sum = 0;

	if (PG_ARGISNULL(0) || is_unknown(fcinfo, 1))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(2) && is_unknown(fcinfo, 2))
		PG_RETURN_NULL();
	m = cox_model_arg(fcinfo, 0);
	x = covariates_of(fcinfo, 1, m);
	if (!PG_ARGISNULL(2))
		reference = covariates_of(fcinfo, 2, m);
	for (uint32 i = 0; i < m->covariates; i++)
	{
		double coefficient = cox_coefficients(m)[i];

		if (!isnan(coefficient))
			sum += coefficient * (x[i] - (reference ? reference[i] : 0));
	}
	return float8_or_null(fcinfo, exp(sum));
}

/*
 * likelihood_ratio_test(cox_model) -> (chi_square, df, p_value)
 *
 * Are all coefficients 0?  Twice the gain in log-likelihood over the model without covariates; NULLs
 * if nothing was fitted.
 */
PG_FUNCTION_INFO_V1(cox_model_likelihood_ratio_test);
Datum
cox_model_likelihood_ratio_test(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	double chi_square = Max(0, 2 * (m->log_likelihood - m->log_likelihood_null));
	int df = degrees_of_freedom(m);
	TupleDesc row;
	Datum values[3];
	bool nulls[3] = {false, false, false};

	if (df == 0)
		nulls[0] = nulls[1] = nulls[2] = true;
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "likelihood_ratio_test does not return a composite type");
	values[0] = Float8GetDatum(chi_square);
	values[1] = Int32GetDatum(df);
	values[2] = Float8GetDatum(chi_square_upper_tail(chi_square, df));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
