/*
 * csat.c: customer satisfaction, the share of responses in the highest scores of the scale.
 */
#include "rating/rating_summary.h"

#include "common/confidence_bounds.h"
#include "common/wilson.h"

#define DEFAULT_TOP_BOXES 2

static int64
satisfied(const RatingCounts *r, int top_boxes)
{
	int points = r->hi - r->lo + 1;

	if (top_boxes < 1 || top_boxes >= points)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid number of top boxes %d for ratings on the scale %d..%d",
							   top_boxes, r->lo, r->hi),
						errdetail("At least 1 and at most %d of the %d scores can be the top.",
								  points - 1, points)));
	return rating_between(r, r->hi - top_boxes + 1, r->hi);
}

static Datum
share_of_top(FunctionCallInfo fcinfo, int top_boxes)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);
	int64 top = satisfied(&r, top_boxes);

	if (r.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) top / (double) r.n);
}

/* csat(rating_summary, top_boxes) -> double precision: the share of the highest scores, 0..1. */
PG_FUNCTION_INFO_V1(csat);
Datum
csat(PG_FUNCTION_ARGS)
{
	return share_of_top(fcinfo, PG_GETARG_INT32(1));
}

/* csat_agg's last step: rating_summary_csat_final(rating_summary) -> double precision */
PG_FUNCTION_INFO_V1(rating_summary_csat_final);
Datum
rating_summary_csat_final(PG_FUNCTION_ARGS)
{
	return share_of_top(fcinfo, DEFAULT_TOP_BOXES);
}

/*
 * csat_interval(rating_summary, confidence, top_boxes) -> confidence_bounds
 *
 * Wilson's interval around csat(), within 0..1.
 */
PG_FUNCTION_INFO_V1(csat_interval);
Datum
csat_interval(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);
	double z = confidence_z(PG_GETARG_FLOAT8(1));
	int64 top = satisfied(&r, PG_GETARG_INT32(2));
	ConfidenceBounds bounds;

	if (r.n == 0)
		PG_RETURN_NULL();
	wilson_interval(top, r.n, z, &bounds.lower, &bounds.upper);
	PG_RETURN_DATUM(confidence_bounds_result(fcinfo, bounds));
}
