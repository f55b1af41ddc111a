/*
 * survival_at.c: what a survival_curve says about one duration.
 *
 * survival_at, survival_std_error, survival_interval, cumulative_hazard.  Each takes the duration
 * as a number in the curve's unit (days for a curve of intervals) or as an interval.
 */
#include "churn/survival_options.h"

#include <math.h>

/* What a function is asked: a curve, and the duration at which to look at it. */
typedef struct Question
{
	double duration;
	SurvivalWalk walk; /* standing where the estimate of the duration was last changed */
	bool known;		   /* false: nobody was observed for so long, and not all had left before */
} Question;

static Question
question_args(FunctionCallInfo fcinfo, SurvivalUnit given)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);
	Question q = {survival_duration_arg(fcinfo, 1, given, s), survival_walk(s), false};

	while (survival_walk_peek(&q.walk) <= q.duration && survival_walk_next(&q.walk))
		;
	q.known = s->used > 0 && (q.walk.survival == 0 || q.duration <= survival_walk_last(&q.walk));
	return q;
}

static Datum
survival_result(FunctionCallInfo fcinfo, SurvivalUnit given)
{
	Question q = question_args(fcinfo, given);

	if (!q.known)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(q.walk.survival);
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
	return survival_result(fcinfo, SURVIVAL_NUMBER);
}

/* survival_at(survival_curve, duration interval) -> double precision */
PG_FUNCTION_INFO_V1(survival_at_interval);
Datum
survival_at_interval(PG_FUNCTION_ARGS)
{
	return survival_result(fcinfo, SURVIVAL_DAY);
}

static Datum
std_error_result(FunctionCallInfo fcinfo, SurvivalUnit given)
{
	Question q = question_args(fcinfo, given);

	if (!q.known || q.walk.survival == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(q.walk.survival * sqrt(q.walk.log_variance));
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
	return std_error_result(fcinfo, SURVIVAL_NUMBER);
}

PG_FUNCTION_INFO_V1(survival_std_error_interval);
Datum
survival_std_error_interval(PG_FUNCTION_ARGS)
{
	return std_error_result(fcinfo, SURVIVAL_DAY);
}

static Datum
interval_result(FunctionCallInfo fcinfo, SurvivalUnit given)
{
	Question q = question_args(fcinfo, given);
	SurvivalLimits limits = survival_limits_args(fcinfo, 2);

	if (!q.known)
		return confidence_bounds_result(fcinfo, (ConfidenceBounds){NAN, NAN});
	return confidence_bounds_result(fcinfo, survival_limits_at(&q.walk, &limits));
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
	return interval_result(fcinfo, SURVIVAL_NUMBER);
}

PG_FUNCTION_INFO_V1(survival_interval_interval);
Datum
survival_interval_interval(PG_FUNCTION_ARGS)
{
	return interval_result(fcinfo, SURVIVAL_DAY);
}

static Datum
cumulative_hazard_result(FunctionCallInfo fcinfo, SurvivalUnit given)
{
	Question q = question_args(fcinfo, given);

	/* unlike survival, it isn't known after everybody has left */
	if (!q.known || q.duration > survival_walk_last(&q.walk))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(q.walk.hazard);
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
	return cumulative_hazard_result(fcinfo, SURVIVAL_NUMBER);
}

PG_FUNCTION_INFO_V1(cumulative_hazard_interval);
Datum
cumulative_hazard_interval(PG_FUNCTION_ARGS)
{
	return cumulative_hazard_result(fcinfo, SURVIVAL_DAY);
}
