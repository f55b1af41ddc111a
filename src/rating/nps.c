/*
 * nps.c: the net promoter score.
 *
 *   nps = 100 (P - D) / n,  P: scores 9 and 10, D: scores 0 to 6, on the scale 0..10
 *
 * Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003.
 */
#include "rating/rating_summary.h"

#define NPS_TOP 10
#define LOWEST_PROMOTER 9
#define HIGHEST_DETRACTOR 6

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

/*
 * nps(rating_summary) -> double precision
 *
 * -100 (all detractors) to 100 (all promoters).  ERROR on other scales than 0..10 and 1..10.
 */
PG_FUNCTION_INFO_V1(nps);
Datum
nps(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);

	check_nps_scale(&r);
	if (r.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100.0 *
					 (double) (rating_between(&r, LOWEST_PROMOTER, NPS_TOP) -
							   rating_between(&r, r.lo, HIGHEST_DETRACTOR)) /
					 (double) r.n);
}
