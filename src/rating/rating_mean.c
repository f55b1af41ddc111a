/*
 * rating_mean.c: how many answered, and what on average.
 */
#include "rating/rating_summary.h"

#include <math.h>

/* responses(rating_summary) -> bigint: how many scores were counted. */
PG_FUNCTION_INFO_V1(responses);
Datum
responses(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(rating_counts_arg(fcinfo, 0).n);
}

/* Scores are counted from the lowest, so that the sum of 2^46 of them is exact. */
static double
mean_above_lowest(const RatingCounts *r)
{
	double sum = 0.0;

	for (int i = 0; i <= r->hi - r->lo; i++)
		sum += (double) i * (double) r->count[i];
	return sum / (double) r->n;
}

/* rating_mean(rating_summary) -> double precision: the mean score. */
PG_FUNCTION_INFO_V1(rating_mean);
Datum
rating_mean(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);

	if (r.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(r.lo + mean_above_lowest(&r));
}

/*
 * rating_sd(rating_summary) -> double precision
 *
 * The sample standard deviation of the scores (divisor n - 1), as stddev(); NULL for one response.
 */
PG_FUNCTION_INFO_V1(rating_sd);
Datum
rating_sd(PG_FUNCTION_ARGS)
{
	RatingCounts r = rating_counts_arg(fcinfo, 0);
	double mean;
	double squares = 0.0;

	if (r.n < 2)
		PG_RETURN_NULL();
	mean = mean_above_lowest(&r);
	for (int i = 0; i <= r.hi - r.lo; i++)
		squares += (i - mean) * (i - mean) * (double) r.count[i];
	PG_RETURN_FLOAT8(sqrt(squares / ((double) r.n - 1.0)));
}
