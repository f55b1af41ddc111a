/*
 * value_args.c: checked arguments of the value room's functions (see value_args.h).
 */
#include "value/value_args.h"

#include <math.h>

#include "common/float8_or_null.h"
#include "common/shortest_dec.h"
#include "value/model_time.h"

char *
value_shown(double value)
{
	char *shown = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(value, shown);
	return shown;
}

double
value_rate_arg(FunctionCallInfo fcinfo, int i, const char *name)
{
	double rate = PG_GETARG_FLOAT8(i);

	if (!(rate >= 0.0 && rate <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s %s is out of range", name, value_shown(rate)),
						errdetail("%s is a fraction from 0 to 1.", name),
						errhint("For 5 %% say: %s => 0.05.", name)));
	return rate;
}

double
value_number_arg(FunctionCallInfo fcinfo, int i, const char *name, double min)
{
	double value = PG_GETARG_FLOAT8(i);

	if (!(value >= min) || isinf(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s %s is out of range", name, value_shown(value)),
						errdetail("%s is a finite number of at least %s.", name, value_shown(min)),
						errhint("Leave such rows out, or pass NULL for what is not known.")));
	return value;
}

double
value_finite_arg(FunctionCallInfo fcinfo, int i, const char *name)
{
	double value = PG_GETARG_FLOAT8(i);

	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s %s is out of range", name, value_shown(value)),
						errdetail("%s is a finite number.", name),
						errhint("Leave such rows out, or pass NULL for what is not known.")));
	return value;
}

void
value_check_opportunities(int64 usecs, int64 unit, const char *name)
{
	if (usecs / unit > VALUE_MAX_OPPORTUNITIES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("%s %s is too long for bg_bb with units of %s", name,
							   model_time_to_string(usecs), model_time_to_string(unit)),
						errdetail("It has " INT64_FORMAT " opportunities to buy; bg_bb counts at "
								  "most %d one by one.",
								  usecs / unit, VALUE_MAX_OPPORTUNITIES),
						errhint("Choose a longer unit, the time from one opportunity to the next: "
								"clv_fit(..., unit => '1 month').")));
}

Datum
value_result(FunctionCallInfo fcinfo, double result)
{
	if (isinf(result))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value out of range: overflow"),
						errhint("Check the amounts and the number of periods.")));
	return float8_or_null(fcinfo, result);
}
