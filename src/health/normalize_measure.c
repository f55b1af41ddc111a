/*
 * normalize_measure.c: any number on the scale 0 (bad) to 100 (good).
 */
#include "common/compat.h"

#include <math.h>

static void
check_ends(double bad, double good)
{
	if (isfinite(bad) && isfinite(good) && bad != good)
		return;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a measure cannot go from bad %g to good %g", bad, good),
					errdetail("Both ends are finite numbers, and they differ; either may be the "
							  "larger."),
					errhint("For example: normalize_measure(days_silent, bad => 90, good => 7).")));
}

/*
 * normalize_measure(value, bad, good) -> double precision
 *
 * 100 (value - bad) / (good - bad), kept within 0..100: an infinite value is an end of the scale.
 * NaN is an ERROR, for what isn't known is NULL.
 */
PG_FUNCTION_INFO_V1(normalize_measure);
Datum
normalize_measure(PG_FUNCTION_ARGS)
{
	double value = PG_GETARG_FLOAT8(0);
	double bad = PG_GETARG_FLOAT8(1);
	double good = PG_GETARG_FLOAT8(2);
	double whole = good - bad;

	check_ends(bad, good);
	if (isnan(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the value of a measure must not be NaN"),
						errhint("A measure that is not known is NULL.")));
	if (bad < good ? value >= good : value <= good)
		PG_RETURN_FLOAT8(100);
	if (bad < good ? value <= bad : value >= bad)
		PG_RETURN_FLOAT8(0);
	if (isinf(whole)) /* ends so far apart that halves are exact */
		PG_RETURN_FLOAT8(100 * ((value / 2 - bad / 2) / (good / 2 - bad / 2)));
	PG_RETURN_FLOAT8(fmin(100, 100 * ((value - bad) / whole)));
}
