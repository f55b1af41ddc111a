/*
 * survival_options.c: the arguments that the accessors of survival_curve share (see
 * survival_options.h).
 */
#include "churn/survival_options.h"

#include <math.h>

#include "churn/survival_duration.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* In the order of SurvivalMethod. */
static const char *const method_names[SURVIVAL_METHODS] = {"log-log", "log", "plain", "logit",
														   "arcsin"};

static SurvivalMethod
method_arg(FunctionCallInfo fcinfo, int i)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(i));

	for (int method = 0; method < SURVIVAL_METHODS; method++)
		if (strcmp(name, method_names[method]) == 0)
			return method;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown method \"%s\" of a survival interval", name),
					errhint("Methods are log-log, log, plain, logit and arcsin.")));
}

SurvivalLimits
survival_limits_args(FunctionCallInfo fcinfo, int i)
{
	SurvivalLimits limits;

	limits.z = confidence_z(PG_GETARG_FLOAT8(i));
	limits.method = method_arg(fcinfo, i + 1);
	return limits;
}

ConfidenceBounds
survival_limits_at(const SurvivalWalk *w, const SurvivalLimits *limits)
{
	return survival_bounds(w->survival, w->log_variance, limits->z, limits->method);
}

static double
not_nan(double duration)
{
	if (isnan(duration))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("invalid duration NaN"),
						errdetail("A duration to look at is a number.")));
	return duration;
}

void
survival_check_days(const SurvivalCurve *s)
{
	if (s->unit != SURVIVAL_DAY)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the durations of this survival_curve are numbers, not intervals"),
						errhint("Ask in numbers, or build the curve from intervals.")));
}

double
survival_duration_arg(FunctionCallInfo fcinfo, int i, SurvivalUnit given, const SurvivalCurve *s)
{
	if (given == SURVIVAL_NUMBER)
		return not_nan(PG_GETARG_FLOAT8(i));
	survival_check_days(s);
	return survival_days(PG_GETARG_INTERVAL_P(i));
}
