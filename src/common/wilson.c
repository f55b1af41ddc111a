/*
 * wilson.c: the score interval of a proportion (see wilson.h).
 */
#include "common/compat.h"

#include <math.h>

#include "common/wilson.h"

void
wilson_interval(double successes, double trials, double z, double *lower, double *upper)
{
	double failures = trials - successes;
	double zz = z * z;
	double half;

	if (!(trials > 0.0 && successes >= 0.0 && failures >= 0.0))
	{
		*lower = *upper = NAN;
		return;
	}
	half = z * sqrt(successes / trials * failures + zz / 4.0);
	*upper = (successes + zz / 2.0 + half) / (trials + zz);
	*lower = (successes + zz / 2.0 - half) / (trials + zz);
	/* what is certain must not be blurred by rounding */
	if (successes == 0.0)
		*lower = 0.0;
	if (failures == 0.0)
		*upper = 1.0;
}
