/*
 * survival_at.c: what a survival_curve says about one duration.
 *
 * survival_at, survival_std_error, survival_interval, cumulative_hazard.  Each takes the duration
 * as a number in the curve's unit (days for a curve of intervals) or as an interval.
 */
#include "churn/survival_options.h"

#include <math.h>

/*
 * The walk, standing where the estimate of a duration was last changed.  False if the curve doesn't
 * say: nobody was observed for so long, and not all are known to have left before.
 */
static bool
walk_to(const SurvivalCurve *s, double duration, SurvivalWalk *w)
{
	*w = survival_walk(s);
	while (survival_walk_peek(w) <= duration && survival_walk_next(w))
		;
	return s->used > 0 && (w->survival == 0 || duration <= survival_walk_last(w));
}

static Datum
survival_result(FunctionCallInfo fcinfo, const SurvivalCurve *s, double duration)
{
	SurvivalWalk w;

	if (!walk_to(s, duration, &w))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(w.survival);
}

/*
 * survival_at(survival_curve, duration double precision) -> double precision
 *
 * The Kaplan-Meier estimate of the share of customers who stay longer than the duration, 0..1; NULL
 * beyond the longest observed duration, unless all have left by then.
 */
PG_FUNCTION_INFO_V1(survival_at_float8);
Datum
survival_at_float8(PG_FUNCTION_ARGS)
{
	return survival_result(fcinfo, survival_arg(fcinfo, 0), survival_duration_float8(fcinfo, 1));
}

/* survival_at(survival_curve, duration interval) -> double precision */
PG_FUNCTION_INFO_V1(survival_at_interval);
Datum
survival_at_interval(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return survival_result(fcinfo, s, survival_duration_interval(fcinfo, 1, s));
}

static Datum
std_error_result(FunctionCallInfo fcinfo, const SurvivalCurve *s, double duration)
{
	SurvivalWalk w;

	if (!walk_to(s, duration, &w) || w.survival == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(w.survival * sqrt(w.log_variance));
}

/*
 * survival_std_error(survival_curve, duration) -> double precision
 *
 * Greenwood's standard error of survival_at(); NULL where that is NULL or 0.
 */
PG_FUNCTION_INFO_V1(survival_std_error_float8);
Datum
survival_std_error_float8(PG_FUNCTION_ARGS)
{
	return std_error_result(fcinfo, survival_arg(fcinfo, 0), survival_duration_float8(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(survival_std_error_interval);
Datum
survival_std_error_interval(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return std_error_result(fcinfo, s, survival_duration_interval(fcinfo, 1, s));
}

static Datum
interval_result(FunctionCallInfo fcinfo, const SurvivalCurve *s, double duration)
{
	SurvivalLimits limits = survival_limits_args(fcinfo, 2);
	SurvivalWalk w;

	if (!walk_to(s, duration, &w))
		return confidence_bounds_result(fcinfo, (ConfidenceBounds){NAN, NAN});
	return confidence_bounds_result(fcinfo, survival_limits_at(&w, &limits));
}

/*
 * survival_interval(survival_curve, duration, confidence, method) -> confidence_bounds
 *
 * Confidence limits of survival_at(), pointwise; NULLs where the method says nothing.
 */
PG_FUNCTION_INFO_V1(survival_interval_float8);
Datum
survival_interval_float8(PG_FUNCTION_ARGS)
{
	return interval_result(fcinfo, survival_arg(fcinfo, 0), survival_duration_float8(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(survival_interval_interval);
Datum
survival_interval_interval(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return interval_result(fcinfo, s, survival_duration_interval(fcinfo, 1, s));
}

static Datum
cumulative_hazard_result(FunctionCallInfo fcinfo, const SurvivalCurve *s, double duration)
{
	SurvivalWalk w;

	/* unlike survival, it isn't known after everybody has left */
	if (!walk_to(s, duration, &w) || duration > survival_walk_last(&w))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(w.hazard);
}

/*
 * cumulative_hazard(survival_curve, duration) -> double precision
 *
 * The Nelson-Aalen estimate: the sum of left / at risk up to the duration; NULL beyond the longest
 * observed duration.
 */
PG_FUNCTION_INFO_V1(cumulative_hazard_float8);
Datum
cumulative_hazard_float8(PG_FUNCTION_ARGS)
{
	return cumulative_hazard_result(fcinfo, survival_arg(fcinfo, 0),
									survival_duration_float8(fcinfo, 1));
}

PG_FUNCTION_INFO_V1(cumulative_hazard_interval);
Datum
cumulative_hazard_interval(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return cumulative_hazard_result(fcinfo, s, survival_duration_interval(fcinfo, 1, s));
}
