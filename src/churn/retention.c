/*
 * retention.c: cohort_age(), the column of a retention triangle.
 *
 * The triangle itself is one query over an activity table (docs/churn.md, "Cohort retention").
 */
#include "common/period_start.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

#define DAYS_A_WEEK 7
#define FIRST_MONDAY 2 /* 2000-01-03, counted from 2000-01-01 */

static int
floor_div(int a, int b)
{
	return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* The number of the period in which a date lies: one more from each period to the next. */
static int
period_number(PeriodUnit unit, DateADT date)
{
	int year;
	int month;
	int day;

	if (unit == PERIOD_DAY)
		return date;
	if (unit == PERIOD_WEEK)
		return floor_div(date - FIRST_MONDAY, DAYS_A_WEEK);
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (unit == PERIOD_YEAR)
		return year;
	return unit == PERIOD_MONTH ? year * MONTHS_PER_YEAR + month - 1 : year * 4 + (month - 1) / 3;
}

/* The unit in argument i; a literal is read once. */
static PeriodUnit
unit_arg(FunctionCallInfo fcinfo, int i)
{
	PeriodUnit *remembered = fcinfo->flinfo->fn_extra;
	PeriodUnit unit;

	if (remembered != NULL)
		return *remembered;
	unit = period_unit(PG_GETARG_TEXT_PP(i));
	if (period_word_is_literal(fcinfo->flinfo, i))
	{
		remembered = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(PeriodUnit));
		*remembered = unit;
		fcinfo->flinfo->fn_extra = remembered;
	}
	return unit;
}

/*
 * cohort_age(cohort date, period date, unit text) -> integer
 *
 * How many days, ISO weeks, months, quarters or years the period is later than the cohort: 0 in the
 * same one, negative before it.  Any dates of the periods will do.  ERROR for infinite dates.
 */
PG_FUNCTION_INFO_V1(cohort_age);
Datum
cohort_age(PG_FUNCTION_ARGS)
{
	DateADT cohort = PG_GETARG_DATEADT(0);
	DateADT period = PG_GETARG_DATEADT(1);
	PeriodUnit unit = unit_arg(fcinfo, 2);

	if (DATE_NOT_FINITE(cohort) || DATE_NOT_FINITE(period))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("cannot count periods from or to an infinite date")));
	PG_RETURN_INT32(period_number(unit, period) - period_number(unit, cohort));
}
