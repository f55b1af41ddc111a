/*
 * activity.c: what one customer's activity_summary says.
 */
#include "journey/activity_summary.h"

#include "journey/result_rows.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

/* The period of a date argument; an infinite date is before or after all. */
static int64
period_arg(FunctionCallInfo fcinfo, int i, const Activity *a)
{
	DateADT date = PG_GETARG_DATEADT(i);

	if (DATE_IS_NOBEGIN(date))
		return PG_INT32_MIN;
	if (DATE_IS_NOEND(date))
		return PG_INT32_MAX;
	return period_number(a->unit, date);
}

/* activity_bucket(activity_summary) -> text: day, week, month, quarter or year. */
PG_FUNCTION_INFO_V1(activity_bucket);
Datum
activity_bucket(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(activity_unit_name(activity_arg(fcinfo, 0).unit)));
}

/* activity_time_zone(activity_summary) -> text: whose clock cut the periods. */
PG_FUNCTION_INFO_V1(activity_time_zone);
Datum
activity_time_zone(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(a.zone, a.zone_length));
}

/* first_active(activity_summary) -> date: the start of the first active period. */
PG_FUNCTION_INFO_V1(first_active);
Datum
first_active(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);

	PG_RETURN_DATEADT(period_date(a.unit, a.first));
}

/* last_active(activity_summary) -> date: the start of the last active period. */
PG_FUNCTION_INFO_V1(last_active);
Datum
last_active(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);

	PG_RETURN_DATEADT(period_date(a.unit, a.last));
}

/* active_in(activity_summary, period date) -> boolean: in the period that holds the date? */
PG_FUNCTION_INFO_V1(active_in);
Datum
active_in(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);

	PG_RETURN_BOOL(activity_in(&a, (int32) period_arg(fcinfo, 1, &a)));
}

/*
 * activity_state(activity_summary, period date) -> text
 *
 *   new           active, and never before
 *   returning     active, and in the period before
 *   resurrecting  active, and before, but not in the period before
 *   dormant       not active, but in the period before
 *   NULL          neither active nor just gone
 */
PG_FUNCTION_INFO_V1(activity_state);
Datum
activity_state(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	int64 period = period_arg(fcinfo, 1, &a);
	bool now = activity_in(&a, (int32) period);
	bool before = period > a.first && activity_in(&a, (int32) (period - 1));

	if (!now && !before)
		PG_RETURN_NULL();
	if (!now)
		PG_RETURN_TEXT_P(cstring_to_text("dormant"));
	if (before)
		PG_RETURN_TEXT_P(cstring_to_text("returning"));
	PG_RETURN_TEXT_P(cstring_to_text(period == a.first ? "new" : "resurrecting"));
}

/* The periods of [since, until): NULL is from the first, or to the last active one. */
static void
range_arg(FunctionCallInfo fcinfo, const Activity *a, int64 *since, int64 *until)
{
	*since = PG_ARGISNULL(1) ? a->first : period_arg(fcinfo, 1, a);
	*until = PG_ARGISNULL(2) ? (int64) a->last + 1 : period_arg(fcinfo, 2, a);
}

/* active_periods(activity_summary, since date, until date) -> integer: since <= period < until. */
PG_FUNCTION_INFO_V1(active_periods);
Datum
active_periods(PG_FUNCTION_ARGS)
{
	Activity a;
	int64 since;
	int64 until;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	a = activity_arg(fcinfo, 0);
	range_arg(fcinfo, &a, &since, &until);
	PG_RETURN_INT32(activity_count(&a, since, until));
}

/*
 * stickiness(activity_summary, since date, until date) -> double precision
 *
 * The active share of the periods since <= period < until; NULL for who wasn't active in them at
 * all, so that its mean over customers is DAU / MAU.
 */
PG_FUNCTION_INFO_V1(stickiness);
Datum
stickiness(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	int64 since;
	int64 until;
	int32 active;

	if (DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) || DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("stickiness needs finite dates")));
	range_arg(fcinfo, &a, &since, &until);
	active = activity_count(&a, since, until);
	if (active == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) active / (double) (until - since));
}

/* longest_streak(activity_summary) -> integer: most active periods one after another. */
PG_FUNCTION_INFO_V1(longest_streak);
Datum
longest_streak(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	int32 longest = 0;
	int32 streak = 0;

	for (int32 period = a.first; period <= a.last; period++)
	{
		streak = activity_in(&a, period) ? streak + 1 : 0;
		longest = Max(longest, streak);
	}
	PG_RETURN_INT32(longest);
}

static int64
age_arg(FunctionCallInfo fcinfo, int i)
{
	int64 age = PG_GETARG_INT32(i);

	if (age < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("age must not be negative: " INT64_FORMAT, age),
						errdetail("Age counts periods from the first active one, which is 0.")));
	return age;
}

/*
 * retained(activity_summary, age integer, method text) -> boolean
 *
 * n_day: active exactly so many periods after the first; unbounded: then or later.
 */
PG_FUNCTION_INFO_V1(retained);
Datum
retained(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	int64 period = a.first + age_arg(fcinfo, 1);
	char *method = text_to_cstring(PG_GETARG_TEXT_PP(2));

	if (strcmp(method, "unbounded") == 0)
		PG_RETURN_BOOL(a.last >= period);
	if (strcmp(method, "n_day") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown retention method \"%s\"", method),
						errhint("Methods are n_day and unbounded; for a bracket of ages use "
								"retained_between().")));
	PG_RETURN_BOOL(period <= a.last && activity_in(&a, (int32) period));
}

/* retained_between(activity_summary, first_age, last_age) -> boolean: active at one of these ages? */
PG_FUNCTION_INFO_V1(retained_between);
Datum
retained_between(PG_FUNCTION_ARGS)
{
	Activity a = activity_arg(fcinfo, 0);
	int64 since = a.first + age_arg(fcinfo, 1);
	int64 until = a.first + age_arg(fcinfo, 2) + 1;

	PG_RETURN_BOOL(activity_count(&a, since, until) > 0);
}

static void
all_active_dates(FunctionCallInfo fcinfo, ResultRows *rows)
{
	Activity a = activity_arg(fcinfo, 0);

	for (int32 period = a.first; period <= a.last; period++)
		if (activity_in(&a, period))
			result_row(rows)->value[0] = DateADTGetDatum(period_date(a.unit, period));
}

/* active_dates(activity_summary) -> set of date: the starts of the active periods. */
PG_FUNCTION_INFO_V1(active_dates);
Datum
active_dates(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, all_active_dates);
}
