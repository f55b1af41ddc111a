/*
 * cohort_retention.c: cohort_retention() and activity_lifecycle() of a cohort_summary.
 */
#include "journey/cohort_summary.h"

#include "journey/result_rows.h"
#include "utils/builtins.h"
#include "utils/date.h"

/*
 * Until when activity is known.  With as_of, which is the first day that isn't: the period of the
 * day before is the last one, and complete if it ends there.  Without, the last active period is
 * the last, and nobody can say that it is over.
 */
typedef struct Horizon
{
	int32 periods;	/* that have begun, counted from the first cohort */
	int32 complete; /* that are over */
} Horizon;

static Horizon
horizon_arg(FunctionCallInfo fcinfo, const CohortSummary *s)
{
	int32 last = cohort_last_period(s);
	Horizon h = {last + 1, last};
	DateADT as_of;
	int64 begun;
	int32 complete;

	if (PG_ARGISNULL(1))
		return h;
	as_of = PG_GETARG_DATEADT(1);
	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("as_of must be finite"),
				 errdetail("Activity is known up to the day before as_of.")));
	begun = (int64) period_number(s->unit, as_of - 1) - s->first + 1;
	complete = period_number(s->unit, as_of) - s->first;
	if (begun <= last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is activity after as_of"),
				 errdetail("The last active %s begins on %s.", activity_unit_name(s->unit),
						   DatumGetCString(DirectFunctionCall1(
							   date_out, DateADTGetDatum(period_date(s->unit, s->first + last))))),
				 errhint("Build the summary from the rows before as_of.")));
	if (begun > s->periods + COHORT_MAX_PERIODS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("as_of is too far away: " INT64_FORMAT " periods", begun),
						errdetail("At most %d are allowed.", s->periods + COHORT_MAX_PERIODS)));
	h.periods = (int32) begun;
	h.complete = complete;
	return h;
}

static bool
is_unbounded(FunctionCallInfo fcinfo)
{
	char *method;

	if (PG_ARGISNULL(2))
		return false;
	method = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (strcmp(method, "unbounded") == 0)
		return true;
	if (strcmp(method, "n_day") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unknown retention method \"%s\"", method),
						errhint("Methods are n_day (active at exactly that age) and unbounded (at "
								"that age or later).")));
	return false;
}

/* The rows of one cohort, age by age. */
static void
cohort_rows(ResultRows *rows, const CohortSummary *s, int32 cohort, const Horizon *h,
			bool unbounded)
{
	int64 size = cohort_active(s, cohort)[0];
	int64 gone = 0; /* whose last age is lower */

	for (int32 age = 0; cohort + age < h->periods; age++)
	{
		bool known = cohort + age < s->periods;
		int64 retained = known ? cohort_active(s, cohort)[age] : 0;
		ResultRow *row = result_row(rows);

		if (unbounded)
			retained = size - gone;
		if (known)
			gone += cohort_last(s, cohort)[age];
		row->value[0] = DateADTGetDatum(period_date(s->unit, s->first + cohort));
		row->value[1] = Int32GetDatum(age);
		row->value[2] = Int64GetDatum(size);
		row->value[3] = Int64GetDatum(retained);
		row->value[4] = Float8GetDatum((double) retained / (double) size);
		row->value[5] = BoolGetDatum(cohort + age < h->complete);
	}
}

static void
retention_rows(FunctionCallInfo fcinfo, ResultRows *rows)
{
	const CohortSummary *s = cohort_arg(fcinfo, 0);
	Horizon h = horizon_arg(fcinfo, s);
	bool unbounded = is_unbounded(fcinfo);

	for (int32 cohort = 0; cohort < s->periods; cohort++)
		if (cohort_active(s, cohort)[0] > 0)
			cohort_rows(rows, s, cohort, &h, unbounded);
}

/*
 * cohort_retention(cohort_summary, as_of date, method text) -> set of (cohort date, age integer,
 * size bigint, retained bigint, rate double precision, complete boolean)
 *
 * A row for each cohort and each age that it has reached.  rate = retained / size.
 */
PG_FUNCTION_INFO_V1(cohort_retention);
Datum
cohort_retention(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		return result_rows_return(fcinfo, result_rows_none);
	return result_rows_return(fcinfo, retention_rows);
}

static void
lifecycle_rows(FunctionCallInfo fcinfo, ResultRows *rows)
{
	const CohortSummary *s = cohort_arg(fcinfo, 0);
	Horizon h = horizon_arg(fcinfo, s);
	int32 n = Max(s->periods, h.periods) + 1;
	int64 *active = palloc0(n * sizeof(int64));
	int64 *last = palloc0(n * sizeof(int64));

	if (!cohort_sum_periods(s, active, last))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("too many customers in one period"),
						errdetail("At most " INT64_FORMAT " can be counted.", PG_INT64_MAX)));
	for (int32 period = 0; period < h.periods; period++)
	{
		ResultRow *row = result_row(rows);
		int64 before = period > 0 ? active[period - 1] : 0;
		int64 fresh = period < s->periods ? cohort_active(s, period)[0] : 0;
		int64 dormant = (period > 0 ? last[period - 1] : 0) +
						(period < s->periods ? cohort_pauses(s)[period] : 0);

		row->value[0] = DateADTGetDatum(period_date(s->unit, s->first + period));
		row->value[1] = Int64GetDatum(active[period]);
		row->value[2] = Int64GetDatum(fresh);
		row->value[3] = Int64GetDatum(before - dormant);
		row->value[4] = Int64GetDatum(active[period] - fresh - (before - dormant));
		row->value[5] = Int64GetDatum(dormant);
		row->value[6] = BoolGetDatum(period < h.complete);
	}
}

/*
 * activity_lifecycle(cohort_summary, as_of date) -> set of (period date, active_count bigint,
 * new_count bigint, returning_count bigint, resurrecting_count bigint, dormant_count bigint,
 * complete boolean)
 *
 * active = new + returning + resurrecting; active(t) = active(t - 1) + new + resurrecting -
 * dormant.
 */
PG_FUNCTION_INFO_V1(activity_lifecycle);
Datum
activity_lifecycle(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		return result_rows_return(fcinfo, result_rows_none);
	return result_rows_return(fcinfo, lifecycle_rows);
}
