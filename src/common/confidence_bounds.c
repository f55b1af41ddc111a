/*
 * confidence_bounds.c: the composite type (lower, upper) that every interval function returns (see
 * confidence_bounds.h).
 */
#include "common/confidence_bounds.h"

#include <math.h>

#include "access/htup_details.h"
#include "common/normal.h"
#include "common/shortest_dec.h"
#include "funcapi.h"

double
confidence_z(double confidence)
{
	char shown[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (!(confidence > 0.0 && confidence < 1.0))
	{
		double_to_shortest_decimal_buf(confidence, shown);
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid confidence level %s", shown),
						errdetail("A confidence level is greater than 0 and less than 1."),
						errhint("For 95 %% say: confidence => 0.95.")));
	}
	return normal_critical_value(confidence);
}

Datum
confidence_bounds_result(FunctionCallInfo fcinfo, ConfidenceBounds bounds)
{
	TupleDesc row;
	Datum values[2] = {Float8GetDatum(bounds.lower), Float8GetDatum(bounds.upper)};
	bool nulls[2] = {isnan(bounds.lower), isnan(bounds.upper)};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "an interval function does not return a composite type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}
