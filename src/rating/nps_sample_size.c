/*
 * nps_sample_size.c: how many answers a net promoter score needs.
 */
#include "rating/nps.h"

#include <math.h>

#include "common/confidence_bounds.h"

static void
check_margin(double margin)
{
	if (!(margin > 0.0 && margin <= 200.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid margin %g", margin),
				 errdetail("A margin is greater than 0 and at most 200 points of nps.")));
}

static void
check_rates(double promoters, double detractors)
{
	if (!(promoters >= 0.0 && detractors >= 0.0 && promoters + detractors <= 1.0))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid rates of promoters %g and detractors %g", promoters, detractors),
			 errdetail("Rates are from 0 to 1, and so is their sum."),
			 errhint(
				 "Give both, promoter_rate and detractor_rate: each is 0.5 if it isn't given.")));
}

/* Answers needed out of so many customers: a known crowd is known by fewer. */
static double
of_population(double n, int64 population)
{
	if (population < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid population " INT64_FORMAT, population),
				 errdetail("The population is the number of customers who could be asked.")));
	return n / (1.0 + (n - 1.0) / (double) population);
}

/*
 * nps_sample_size(margin, confidence, promoter_rate, detractor_rate, population) -> bigint
 *
 * The responses after which Wald's interval reaches no further than margin points to either side.
 * The rates are those expected (half and half is the worst case); population NULL: endless.  ERROR
 * (22003) if there are more than bigint holds.
 */
PG_FUNCTION_INFO_V1(nps_sample_size);
Datum
nps_sample_size(PG_FUNCTION_ARGS)
{
	double margin;
	double n;

	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	margin = PG_GETARG_FLOAT8(0);
	check_margin(margin);
	check_rates(PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));
	n = pow(confidence_z(PG_GETARG_FLOAT8(1)) * 100.0 / margin, 2) *
		nps_variance(PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));
	if (!PG_ARGISNULL(4))
		n = of_population(Max(n, 1.0), PG_GETARG_INT64(4));
	n = ceil(Max(n, 1.0));
	if (!(n < 9e18))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a margin of %g needs more responses than bigint holds", margin)));
	PG_RETURN_INT64((int64) n);
}
