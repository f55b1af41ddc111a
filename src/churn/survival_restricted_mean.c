/*
 * survival_restricted_mean.c: how long customers stay on average, up to a horizon.
 *
 *   mean = integral of S from 0 to the horizon
 *   variance = sum over t_i of (integral of S from t_i to the horizon)^2 d_i / (n_i (n_i - d_i))
 *
 * Klein & Moeschberger, Survival Analysis, 2nd ed., section 4.5; as in R's package survival, the
 * term of a t_i at which all leave is 0.
 */
#include "churn/survival_options.h"

#include <math.h>

#include "churn/survival_duration.h"
#include "common/float8_or_null.h"
#include "utils/timestamp.h"

typedef struct RestrictedMean
{
	double mean;
	double std_error;
} RestrictedMean;

/* The area under the curve up to the horizon, from the beginning of the walk. */
static double
area_until(SurvivalWalk *w, double horizon)
{
	CompensatedSum area = {0, 0};
	double begin = 0;

	survival_walk_rewind(w);
	while (survival_walk_peek(w) < horizon)
	{
		double height = w->survival;

		survival_walk_next(w);
		compensated_add(&area, (w->duration - begin) * height);
		begin = w->duration;
	}
	compensated_add(&area, (horizon - begin) * w->survival);
	return compensated_value(&area);
}

static double
variance_until(SurvivalWalk *w, double horizon, double mean)
{
	CompensatedSum area = {0, 0};
	CompensatedSum variance = {0, 0};
	double begin = 0;

	survival_walk_rewind(w);
	while (survival_walk_peek(w) < horizon)
	{
		double height = w->survival;
		double rest;

		survival_walk_next(w);
		compensated_add(&area, (w->duration - begin) * height);
		begin = w->duration;
		rest = mean - compensated_value(&area);
		if (w->events > 0 && w->survival > 0)
			compensated_add(&variance,
							rest * rest * w->events / (w->at_risk * (w->at_risk - w->events)));
	}
	return compensated_value(&variance);
}

/* Both, NaN if the curve doesn't reach the horizon; a horizon of NaN is the longest duration. */
static RestrictedMean
restricted_mean_of(const SurvivalCurve *s, double horizon)
{
	RestrictedMean result = {NAN, NAN};
	SurvivalWalk w = survival_walk(s);
	double longest = survival_walk_last(&w);
	double end = isnan(horizon) ? longest : horizon;

	if (s->used == 0)
		return result;
	/* where everybody has left before, the rest adds nothing */
	result.mean = area_until(&w, Min(end, longest));
	while (survival_walk_next(&w))
		;
	if (end > longest && w.survival > 0)
		return (RestrictedMean){NAN, NAN};
	result.std_error = sqrt(variance_until(&w, Min(end, longest), result.mean));
	return result;
}

static void
check_horizon(double horizon)
{
	if (!(horizon >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("invalid horizon %g", horizon),
				 errdetail("A horizon is a duration: a number that is not negative.")));
}

/* The curve and the horizon of the forms with numbers; the curve must not be NULL. */
static RestrictedMean
from_number(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
		return restricted_mean_of(survival_arg(fcinfo, 0), NAN);
	check_horizon(PG_GETARG_FLOAT8(1));
	return restricted_mean_of(survival_arg(fcinfo, 0), PG_GETARG_FLOAT8(1));
}

/* The curve and the horizon of the forms with intervals, which are strict. */
static RestrictedMean
from_interval(FunctionCallInfo fcinfo)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return restricted_mean_of(s, survival_duration_arg(fcinfo, 1, SURVIVAL_DAY, s));
}

/*
 * restricted_mean(survival_curve, horizon double precision) -> double precision
 *
 * The mean of the smaller of the duration and the horizon, in the curve's unit (days for a curve of
 * intervals).  A horizon of NULL is the longest observed duration.  NULL for a horizon beyond it,
 * unless all have left by then: what happens there was never seen.
 */
PG_FUNCTION_INFO_V1(restricted_mean_float8);
Datum
restricted_mean_float8(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return float8_or_null(fcinfo, from_number(fcinfo).mean);
}

/* restricted_mean(survival_curve, horizon interval) -> interval */
PG_FUNCTION_INFO_V1(restricted_mean_interval);
Datum
restricted_mean_interval(PG_FUNCTION_ARGS)
{
	return survival_interval_or_null(fcinfo, from_interval(fcinfo).mean);
}

/* restricted_mean_std_error(survival_curve, horizon double precision) -> double precision */
PG_FUNCTION_INFO_V1(restricted_mean_std_error_float8);
Datum
restricted_mean_std_error_float8(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return float8_or_null(fcinfo, from_number(fcinfo).std_error);
}

/* restricted_mean_std_error(survival_curve, horizon interval) -> interval */
PG_FUNCTION_INFO_V1(restricted_mean_std_error_interval);
Datum
restricted_mean_std_error_interval(PG_FUNCTION_ARGS)
{
	return survival_interval_or_null(fcinfo, from_interval(fcinfo).std_error);
}
