/*
 * ces.c: the customer effort score, how easy customers found it.
 *
 * Its mean is rating_mean().  Today's question is "was it easy?", so that a high score is good; the
 * older one was "how much effort was it?", so that a low one is.
 *
 * Dixon, Freeman and Toman, "Stop trying to delight your customers", Harvard Business Review, July
 * 2010.
 */
#include "rating/rating_summary.h"

#include "utils/builtins.h"

static bool
high_is_easy(const text *direction)
{
	char *name = text_to_cstring(direction);

	if (strcmp(name, "high_is_easy") == 0)
		return true;
	if (strcmp(name, "low_is_easy") == 0)
		return false;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown direction \"%s\" of an effort score", name),
					errdetail("The directions are high_is_easy and low_is_easy.")));
}

/*
 * ces_share(rating_summary, direction) -> double precision
 *
 * The share of responses on the easy side of the middle of the scale, 0..1: on 1..7 those of 5 to
 * 7, or of 1 to 3 where low is easy.  A score exactly in the middle is on neither side.
 */
PG_FUNCTION_INFO_V1(ces_share);
Datum
ces_share(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);
	bool high = high_is_easy(PG_GETARG_TEXT_PP(1));
	int half = (r.hi - r.lo + 1) / 2; /* scores on either side */
	int64 easy = high ? rating_between(&r, r.hi - half + 1, r.hi)
					  : rating_between(&r, r.lo, r.lo + half - 1);

	if (r.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) easy / (double) r.n);
}
