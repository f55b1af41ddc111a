/*
 * survival_bounds.c: confidence limits of a Kaplan-Meier estimate (see survival_bounds.h).
 *
 * Klein & Moeschberger, Survival Analysis, 2nd ed., section 4.3; with g the scale, the delta method
 * gives g(S) -+ z |g'(S)| S e, where e is the standard error of log S.
 */
#include "churn/survival_bounds.h"

#include <math.h>

static ConfidenceBounds
plain_bounds(double s, double e, double z)
{
	return (ConfidenceBounds){fmax(s - z * e * s, 0), fmin(s + z * e * s, 1)};
}

static ConfidenceBounds
log_bounds(double s, double e, double z)
{
	return (ConfidenceBounds){exp(log(s) - z * e), fmin(exp(log(s) + z * e), 1)};
}

static ConfidenceBounds
log_log_bounds(double s, double e, double z)
{
	double centre = log(-log(s));
	double half = z * e / -log(s);

	return (ConfidenceBounds){exp(-exp(centre + half)), exp(-exp(centre - half))};
}

static double
logistic(double x)
{
	return 1 - 1 / (1 + exp(x));
}

static ConfidenceBounds
logit_bounds(double s, double e, double z)
{
	double centre = log(s / (1 - s));
	double half = z * e / (1 - s);

	return (ConfidenceBounds){logistic(centre - half), logistic(centre + half)};
}

static double
sine_squared(double x)
{
	return sin(x) * sin(x);
}

static ConfidenceBounds
arcsin_bounds(double s, double e, double z)
{
	double centre = asin(sqrt(s));
	double half = 0.5 * z * e * sqrt(s / (1 - s));

	return (ConfidenceBounds){sine_squared(fmax(0, centre - half)),
							  sine_squared(fmin(acos(0), centre + half))};
}

ConfidenceBounds
survival_bounds(double survival, double log_variance, double z, SurvivalMethod method)
{
	double e = sqrt(log_variance);

	if (survival <= 0 || (survival >= 1 && method != SURVIVAL_PLAIN && method != SURVIVAL_LOG))
		return (ConfidenceBounds){NAN, NAN};
	switch (method)
	{
		case SURVIVAL_LOG_LOG:
			return log_log_bounds(survival, e, z);
		case SURVIVAL_LOG:
			return log_bounds(survival, e, z);
		case SURVIVAL_PLAIN:
			return plain_bounds(survival, e, z);
		case SURVIVAL_LOGIT:
			return logit_bounds(survival, e, z);
		case SURVIVAL_ARCSIN:
			return arcsin_bounds(survival, e, z);
	}
	return (ConfidenceBounds){NAN, NAN};
}
