/*
 * clv_model_accessors.c: what a clv_model says about itself.
 */
#include "value/clv_model.h"

#include "common/confidence_bounds.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "value/clv_sample.h"
#include "value/model_time.h"
#include "value/value_args.h"

static void
put_parameters(ReturnSetInfo *rsinfo, const ClvPart *part, double z)
{
	const ClvKindInfo *kind = &clv_kinds[part->kind];

	for (int i = 0; i < kind->parameters; i++)
	{
		double se = sqrt(part->covariance[i][i]);
		double ratio = exp(z * se / part->p[i]);
		Datum values[] = {CStringGetTextDatum(kind->parameter[i]), Float8GetDatum(part->p[i]),
						  Float8GetDatum(se), Float8GetDatum(part->p[i] / ratio),
						  Float8GetDatum(part->p[i] * ratio)};
		bool nulls[] = {false, isnan(part->p[i]), isnan(se), isnan(ratio), isnan(ratio)};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * parameters(model, confidence => 0.95) -> setof (name, estimate, std_error, lower, upper)
 *
 * Of the purchases and then of the spend.  Bounds are of the logarithm, so that they are positive;
 * standard errors and bounds are NULL where the data doesn't identify the parameters.
 */
PG_FUNCTION_INFO_V1(clv_model_parameters);
Datum
clv_model_parameters(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);
	double z = confidence_z(PG_GETARG_FLOAT8(1));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	put_parameters(rsinfo, &m->purchases, z);
	put_parameters(rsinfo, &m->spend, z);
	PG_RETURN_VOID();
}

/* Why is a part as its status and flag say?  NULL: all is well. */
static const char *
reason_of(const ClvPart *part)
{
	switch ((ClvStatus) part->status)
	{
		case CLV_MAX_ITERATIONS:
			return "stopped by max_iterations before the likelihood was at its largest";
		case CLV_STALLED:
			return "no step improved the likelihood any more";
		case CLV_NO_DATA:
			return "no customer has a repeat purchase with a positive amount";
		case CLV_STATED:
			return "the parameters were stated, not fitted";
		default:
			return part->boundary
					   ? "the data does not identify all parameters, as when nobody buys "
						 "again, nobody leaves or all are alike"
					   : NULL;
	}
}

static void
put_status(ReturnSetInfo *rsinfo, const char *name, const ClvPart *part)
{
	const char *reason = reason_of(part);
	Datum values[] = {CStringGetTextDatum(name),
					  CStringGetTextDatum(clv_kinds[part->kind].name),
					  CStringGetTextDatum(clv_status_names[part->status]),
					  BoolGetDatum(part->boundary != 0),
					  Int64GetDatum(part->n),
					  Int32GetDatum(part->iterations),
					  Float8GetDatum(part->gradient_norm),
					  Float8GetDatum(part->log_likelihood),
					  Float8GetDatum(part->penalty),
					  reason == NULL ? (Datum) 0 : CStringGetTextDatum(reason)};
	bool nulls[] = {false,
					false,
					false,
					false,
					part->status == CLV_STATED,
					part->status == CLV_STATED,
					isnan(part->gradient_norm),
					isnan(part->log_likelihood),
					part->status == CLV_STATED,
					reason == NULL};

	if (part->kind != CLV_NONE)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * model_parts(model) -> setof (part, model, status, boundary, n, iterations, gradient_norm,
 * log_likelihood, penalty, reason): one row for the purchases and one for the spend.
 */
PG_FUNCTION_INFO_V1(clv_model_parts);
Datum
clv_model_parts(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	put_status(rsinfo, "purchases", &m->purchases);
	put_status(rsinfo, "spend", &m->spend);
	PG_RETURN_VOID();
}

/* The worse of two parts speaks for the model. */
static const char *
status_of(const ClvPart *part)
{
	if (part->kind == CLV_NONE || (part->status == CLV_CONVERGED && !part->boundary))
		return "converged";
	return part->status == CLV_CONVERGED ? "boundary" : clv_status_names[part->status];
}

/*
 * model_status(model) -> text
 *
 * converged, or else boundary, max_iterations, stalled, no_data or stated: of the purchases if it
 * is not converged there, else of the spend.
 */
PG_FUNCTION_INFO_V1(clv_model_status);
Datum
clv_model_status(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);
	const char *status = status_of(&m->purchases);

	if (strcmp(status, "converged") == 0)
		status = status_of(&m->spend);
	PG_RETURN_TEXT_P(cstring_to_text(status));
}

/* The part that an argument names: 'purchases' or 'spend'. */
static const ClvPart *
part_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(i));

	if (strcmp(name, "purchases") == 0)
		return &m->purchases;
	if (strcmp(name, "spend") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unrecognized part of a model \"%s\"", name),
						errdetail("The parts are \"purchases\" and \"spend\".")));
	return &m->spend;
}

/* log_likelihood(model, part => 'purchases') -> double precision; times in the model's unit. */
PG_FUNCTION_INFO_V1(clv_model_log_likelihood);
Datum
clv_model_log_likelihood(PG_FUNCTION_ARGS)
{
	const ClvPart *part = part_arg(fcinfo, 1, clv_model_arg(fcinfo, 0));

	return value_result(fcinfo, part->kind == CLV_NONE ? NAN : part->log_likelihood);
}

/* aic(model, part => 'purchases') -> double precision: 2 x parameters - 2 x log-likelihood. */
PG_FUNCTION_INFO_V1(clv_model_aic);
Datum
clv_model_aic(PG_FUNCTION_ARGS)
{
	const ClvPart *part = part_arg(fcinfo, 1, clv_model_arg(fcinfo, 0));
	double aic = 2 * (clv_kinds[part->kind].parameters - part->log_likelihood);

	return value_result(fcinfo, part->kind == CLV_NONE ? NAN : aic);
}

/* time_unit(model) -> interval */
PG_FUNCTION_INFO_V1(clv_model_time_unit);
Datum
clv_model_time_unit(PG_FUNCTION_ARGS)
{
	PG_RETURN_INTERVAL_P(model_time_to_interval(clv_model_arg(fcinfo, 0)->unit));
}

/* customers(model) -> bigint */
PG_FUNCTION_INFO_V1(clv_model_customers);
Datum
clv_model_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(clv_model_arg(fcinfo, 0)->customers);
}

/* observed_from(model), observed_until(model) -> timestamptz: the observation window. */
PG_FUNCTION_INFO_V1(clv_model_observed_from);
Datum
clv_model_observed_from(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);

	if (!m->observed)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(m->observed_from);
}

PG_FUNCTION_INFO_V1(clv_model_observed_until);
Datum
clv_model_observed_until(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);

	if (!m->observed)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(m->observed_until);
}
