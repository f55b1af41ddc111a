/*
 * nps_interval.c: between what the net promoter score of all customers lies, judged by those asked.
 */
#include "rating/nps.h"

#include <math.h>

#include "common/confidence_bounds.h"
#include "utils/builtins.h"

/* What is added to the answers: three, a quarter of them passive. */
#define ADDED_ANSWERS 3.0
#define ADDED_PROMOTERS 0.75
#define ADDED_DETRACTORS 0.75

static bool
is_adjusted(const text *method)
{
	char *name = text_to_cstring(method);

	if (strcmp(name, "adjusted_wald") == 0)
		return true;
	if (strcmp(name, "wald") == 0)
		return false;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown method \"%s\" of nps_interval", name),
					errdetail("The methods are adjusted_wald and wald.")));
}

/* No score is outside of -100..100, though half a normal distribution may be. */
static ConfidenceBounds
bounds_around(double promoters, double detractors, double n, double z)
{
	double nps = 100.0 * (promoters - detractors) / n;
	double reach = z * 100.0 * sqrt(nps_variance(promoters / n, detractors / n) / n);
	ConfidenceBounds bounds = {Max(nps - reach, -100.0), Min(nps + reach, 100.0)};

	return bounds;
}

/*
 * nps_interval(rating_summary, confidence, method) -> confidence_bounds
 *
 * 'wald': the score and z standard errors to either side.  'adjusted_wald': the same after adding
 * three answers (3/4 promoter, 3/4 detractor, 3/2 passive), which keeps what it promises for small
 * n and for extreme scores, where Wald's interval is far too short.  Both end at -100 and 100.
 *
 * B. Rocks, "Interval estimation for the 'net promoter score'", The American Statistician 70 (2016),
 * compares both.
 */
PG_FUNCTION_INFO_V1(nps_interval);
Datum
nps_interval(PG_FUNCTION_ARGS)
{
	NpsCounts c = nps_counts_arg(fcinfo, 0);
	double z = confidence_z(PG_GETARG_FLOAT8(1));
	bool adjusted = is_adjusted(PG_GETARG_TEXT_PP(2));
	ConfidenceBounds bounds;

	if (c.n == 0)
		PG_RETURN_NULL();
	if (adjusted)
		bounds = bounds_around(c.promoters + ADDED_PROMOTERS, c.detractors + ADDED_DETRACTORS,
							   c.n + ADDED_ANSWERS, z);
	else
		bounds = bounds_around(c.promoters, c.detractors, c.n, z);
	PG_RETURN_DATUM(confidence_bounds_result(fcinfo, bounds));
}
