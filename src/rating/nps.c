/*
 * nps.c: the net promoter score.
 *
 *   nps = 100 (P - D) / n,  P: scores 9 and 10, D: scores 0 to 6, on the scale 0..10
 *
 * Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003.
 */
#include "rating/nps.h"

#define NPS_TOP 10
#define LOWEST_PROMOTER 9
#define LOWEST_PASSIVE 7

/* NPS is asked on 0..10; answers collected on 1..10 are read the same way. */
static void
check_nps_scale(const RatingCounts *r)
{
	if (r->hi != NPS_TOP || r->lo < 0 || r->lo > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("nps is not defined for ratings on the scale %d..%d", r->lo, r->hi),
						errdetail("Promoters answer 9 or 10 and detractors 6 or less of 10."),
						errhint("Build the summary with rating_agg(score), or use csat() or "
								"rating_mean() for other scales.")));
}

NpsCounts
nps_counts_arg(FunctionCallInfo fcinfo, int i)
{
	RatingCounts r = rating_counts_arg(fcinfo, i);
	NpsCounts c;

	check_nps_scale(&r);
	c.promoters = rating_between(&r, LOWEST_PROMOTER, NPS_TOP);
	c.passives = rating_between(&r, LOWEST_PASSIVE, LOWEST_PROMOTER - 1);
	c.detractors = rating_between(&r, r.lo, LOWEST_PASSIVE - 1);
	c.n = r.n;
	return c;
}

double
nps_of(const NpsCounts *c)
{
	return 100.0 * (double) (c->promoters - c->detractors) / (double) c->n;
}

double
nps_variance(double promoters, double detractors)
{
	double mean = promoters - detractors;

	return promoters + detractors - mean * mean;
}

/*
 * nps(rating_summary) -> double precision
 *
 * -100 (all detractors) to 100 (all promoters).  ERROR on other scales than 0..10 and 1..10.
 */
PG_FUNCTION_INFO_V1(nps);
Datum
nps(PG_FUNCTION_ARGS)
{
	NpsCounts c = nps_counts_arg(fcinfo, 0);

	if (c.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(nps_of(&c));
}

/* promoters(rating_summary) -> bigint: how many answered 9 or 10. */
PG_FUNCTION_INFO_V1(promoters);
Datum
promoters(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nps_counts_arg(fcinfo, 0).promoters);
}

/* passives(rating_summary) -> bigint: how many answered 7 or 8. */
PG_FUNCTION_INFO_V1(passives);
Datum
passives(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nps_counts_arg(fcinfo, 0).passives);
}

/* detractors(rating_summary) -> bigint: how many answered 6 or less. */
PG_FUNCTION_INFO_V1(detractors);
Datum
detractors(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nps_counts_arg(fcinfo, 0).detractors);
}
