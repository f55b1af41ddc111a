/*
 * whole.c: whole numbers out of numeric and double precision (see whole.h).
 */
#include "common/whole.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

bool
whole_from_numeric(Datum value, int64 min, int64 max, int64 *result)
{
	Datum low = DirectFunctionCall1(int8_numeric, Int64GetDatum(min));
	Datum high = DirectFunctionCall1(int8_numeric, Int64GetDatum(max));
	Datum rounded;

	/* NaN sorts above all numbers, so the upper limit catches it too */
	if (!DatumGetBool(DirectFunctionCall2(numeric_ge, value, low)) ||
		!DatumGetBool(DirectFunctionCall2(numeric_le, value, high)))
		return false;
	rounded = DirectFunctionCall2(numeric_round, value, Int32GetDatum(0));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, rounded, value)))
		return false;
	*result = DatumGetInt64(DirectFunctionCall1(numeric_int8, rounded));
	return true;
}

bool
whole_from_float8(double value, int64 min, int64 max, int64 *result)
{
	/* every whole double in this range is exact, and fits in int64 */
	if (!(fabs(value) < 9e18) || value != floor(value))
		return false;
	if ((int64) value < min || (int64) value > max)
		return false;
	*result = (int64) value;
	return true;
}
