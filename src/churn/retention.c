/*
 * retention.c: cohort_age(), the column of a retention triangle.
 *
 * The triangle itself is one query over an activity table (docs/churn.md, "Cohort retention").
 */
#include "common/period_start.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

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
