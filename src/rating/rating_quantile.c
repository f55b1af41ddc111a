/*
 * rating_quantile.c: the score below which a given part of the responses lies.
 */
#include "rating/rating_summary.h"

#include <math.h>

#include "utils/builtins.h"

typedef enum Method
{
	CONTINUOUS,
	DISCRETE
} Method;

static Method
method_of(const text *method)
{
	char *name = text_to_cstring(method);

	if (strcmp(name, "continuous") == 0)
		return CONTINUOUS;
	if (strcmp(name, "discrete") == 0)
		return DISCRETE;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown method \"%s\" of rating_quantile", name),
					errdetail("The methods are continuous and discrete.")));
}

/* Score number `rank` of the sorted responses, from 0. */
static int
score_at(const RatingCounts *r, int64 rank)
{
	int i = 0;

	while (i < r->hi - r->lo && rank >= r->count[i])
		rank -= r->count[i++];
	return r->lo + i;
}

/* As percentile_cont(): between two responses, in proportion. */
static double
continuous(const RatingCounts *r, double fraction)
{
	double place = fraction * ((double) r->n - 1.0);
	int64 below = place < (double) (r->n - 1) ? (int64) place : r->n - 1;
	int lower = score_at(r, below);
	int upper = score_at(r, Min(below + 1, r->n - 1));

	return lower + (place - (double) below) * (upper - lower);
}

/* As percentile_disc(): the first response with at least that part up to it. */
static double
discrete(const RatingCounts *r, double fraction)
{
	double place = ceil(fraction * (double) r->n);

	if (place < 1.0)
		return score_at(r, 0);
	return score_at(r, place < (double) r->n ? (int64) place - 1 : r->n - 1);
}

/*
 * rating_quantile(rating_summary, fraction, method) -> double precision
 *
 * 0 is the lowest score given, 0.5 the median, 1 the highest.  Method 'continuous' is that of
 * percentile_cont(), 'discrete' that of percentile_disc(), a score that somebody gave.
 */
PG_FUNCTION_INFO_V1(rating_quantile);
Datum
rating_quantile(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);
	double fraction = PG_GETARG_FLOAT8(1);
	Method method = method_of(PG_GETARG_TEXT_PP(2));

	if (!(fraction >= 0.0 && fraction <= 1.0))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("fraction %g is not between 0 and 1", fraction),
						errhint("For the median say 0.5.")));
	if (r.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(method == CONTINUOUS ? continuous(&r, fraction) : discrete(&r, fraction));
}
