/*
 * attribution_credits.c: which touch gets how much of a conversion (see attribution.h).
 */
#include "journey/attribution.h"

#include <math.h>

static int
last_non_direct(const bool *direct, int n)
{
	for (int i = n - 1; i >= 0; i--)
		if (!direct[i])
			return i;
	return n - 1;
}

/* Ages count from the last touch: the same shares, and its weight of 1 can't underflow. */
static void
time_decay(double half_life, const int64 *at, int n, double *credit)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
	{
		double age = (double) at[n - 1] - (double) at[i];

		credit[i] = age == 0 ? 1 : exp2(-age / half_life);
		sum += credit[i];
	}
	for (int i = 0; i < n; i++)
		credit[i] /= sum;
}

static void
position(const AttributionOptions *o, int n, double *credit)
{
	double ends = o->first_share + o->last_share;

	if (n == 1)
	{
		credit[0] = 1;
		return;
	}
	for (int i = 1; i < n - 1; i++)
		credit[i] = (1 - ends) / (n - 2);
	if (n > 2)
	{
		credit[0] = o->first_share;
		credit[n - 1] = o->last_share;
	}
	else
	{
		credit[0] = ends > 0 ? o->first_share / ends : 0.5;
		credit[1] = 1 - credit[0];
	}
}

void
attribution_credits(const AttributionOptions *options, const int64 *at, const bool *direct, int n,
					double *credit)
{
	for (int i = 0; i < n; i++)
		credit[i] = 0;
	switch (options->rule)
	{
		case ATTRIBUTION_FIRST:
			credit[0] = 1;
			break;
		case ATTRIBUTION_LAST:
			credit[n - 1] = 1;
			break;
		case ATTRIBUTION_LAST_NON_DIRECT:
			credit[last_non_direct(direct, n)] = 1;
			break;
		case ATTRIBUTION_LINEAR:
			for (int i = 0; i < n; i++)
				credit[i] = 1.0 / n;
			break;
		case ATTRIBUTION_TIME_DECAY:
			time_decay(options->half_life, at, n, credit);
			break;
		case ATTRIBUTION_POSITION:
			position(options, n, credit);
			break;
	}
}
