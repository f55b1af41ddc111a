/*
 * nps_compare.c: do two net promoter scores differ by more than chance?
 */
#include "rating/nps.h"

#include <math.h>

#include "access/htup_details.h"
#include "common/normal.h"
#include "funcapi.h"

/* The variance of a score: that of one answer, with divisor n, over n. */
static double
variance_of_score(const NpsCounts *c)
{
	double n = (double) c->n;

	return 100.0 * 100.0 * nps_variance(c->promoters / n, c->detractors / n) / n;
}

/*
 * nps_compare(a rating_summary, b rating_summary) -> (difference, z, p_value)
 *
 * difference = nps(b) - nps(a); z = difference / its standard error, the variances not pooled;
 * p_value: how probable a |z| as large were if both came from customers of one mind.  z and
 * p_value are NULL where neither group disagrees within itself.  NULL if one has no responses.
 */
PG_FUNCTION_INFO_V1(nps_compare);
Datum
nps_compare(PG_FUNCTION_ARGS)
{
	NpsCounts a = nps_counts_arg(fcinfo, 0);
	NpsCounts b = nps_counts_arg(fcinfo, 1);
	double variance;
	TupleDesc row;
	Datum values[3];
	bool nulls[3] = {false};
	double difference;

	if (a.n == 0 || b.n == 0)
		PG_RETURN_NULL();
	difference = nps_of(&b) - nps_of(&a);
	variance = variance_of_score(&a) + variance_of_score(&b);
	values[0] = Float8GetDatum(difference);
	values[1] = Float8GetDatum(difference / sqrt(variance));
	values[2] = Float8GetDatum(normal_two_sided_p(difference / sqrt(variance)));
	nulls[1] = nulls[2] = !(variance > 0.0);
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "nps_compare does not return a composite type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}
