/*
 * attribution_args.c: the arguments that attribution functions share (see attribution_args.h).
 */
#include "journey/attribution_args.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

static const char *const rule_names[] = {"first",  "last",		 "last_non_direct",
										 "linear", "time_decay", "position"};

AttributionRule
attribution_rule(const text *name)
{
	for (int i = 0; i < (int) lengthof(rule_names); i++)
		if (VARSIZE_ANY_EXHDR(name) == strlen(rule_names[i]) &&
			memcmp(VARDATA_ANY(name), rule_names[i], strlen(rule_names[i])) == 0)
			return i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown attribution rule \"%s\"", text_to_cstring(name)),
					errhint("Rules are first, last, last_non_direct, linear, time_decay and "
							"position; markov_attribution() and shapley_attribution() work on all "
							"journeys at once.")));
}

const char *
attribution_rule_name(AttributionRule rule)
{
	return rule_names[rule];
}

/* A half-life in microseconds; a month is 30 days, as where PostgreSQL compares intervals. */
static double
half_life_arg(FunctionCallInfo fcinfo, int arg)
{
	Interval *i;
	double usec;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("half_life must not be null")));
	i = PG_GETARG_INTERVAL_P(arg);
	usec =
		((double) i->month * DAYS_PER_MONTH + i->day) * (double) USECS_PER_DAY + (double) i->time;
	if (!(usec > 0))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("half_life must be positive: %s",
					DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(i)))),
			 errhint("After one half_life a touch has half the weight of a touch at the end.")));
	return usec;
}

static double
share_arg(FunctionCallInfo fcinfo, int i, const char *name)
{
	double share;

	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
	share = PG_GETARG_FLOAT8(i);
	if (!(share >= 0 && share <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s is out of range: %g", name, share),
						errdetail("A share is between 0 and 1.")));
	return share;
}

AttributionArgs
attribution_args(FunctionCallInfo fcinfo, int first)
{
	AttributionArgs args = {.options.rule = ATTRIBUTION_LINEAR};
	AttributionOptions *o = &args.options;

	args.lookback =
		journey_window(PG_ARGISNULL(first) ? NULL : PG_GETARG_INTERVAL_P(first), "lookback");
	o->half_life = half_life_arg(fcinfo, first + 1);
	if (!PG_ARGISNULL(first + 2))
		args.direct = PG_GETARG_TEXT_PP(first + 2);
	o->first_share = share_arg(fcinfo, first + 3, "first_share");
	o->last_share = share_arg(fcinfo, first + 4, "last_share");
	/* 0.7 + 0.3 is a little more than 1 */
	if (o->first_share + o->last_share > 1 + 1e-12)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("first_share and last_share are more than 1 together: %g",
							   o->first_share + o->last_share)));
	return args;
}

int
attribution_direct_code(const AttributionArgs *args, const Journey *j)
{
	if (args->direct == NULL)
		return -1;
	return journey_code(j, VARDATA_ANY(args->direct), VARSIZE_ANY_EXHDR(args->direct));
}
