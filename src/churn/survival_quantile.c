/*
 * survival_quantile.c: the duration by which a share of the customers have left.
 *
 * median_survival, survival_quantile and their intervals; median_lifetime and lifetime_quantile are
 * the same as intervals of time.
 */
#include "churn/survival_options.h"

#include <math.h>

#include "churn/survival_duration.h"
#include "common/float8_or_null.h"
#include "common/shortest_dec.h"
#include "utils/timestamp.h"

/*
 * A share this close to p counts as p.  It is as wide as in R's package survival (the square root
 * of the machine's precision), so that products of fractions that should be 0.5 are.
 */
#define TOLERANCE 1.490116119384765625e-8

/* The search for where a rising step function of the duration reaches p. */
typedef struct Crossing
{
	double p;
	double reached;	 /* the first duration with a share of p or, by rounding, just less */
	double exceeded; /* the first duration with a share of more than p beyond rounding */
	double last_share;
} Crossing;

static Crossing
crossing_start(double p)
{
	Crossing c = {p, NAN, NAN, 0};

	if (p <= TOLERANCE)
		c.reached = 0;
	return c;
}

static void
crossing_feed(Crossing *c, double duration, double share)
{
	c->last_share = share;
	if (isnan(c->reached) && share + TOLERANCE >= c->p)
		c->reached = duration;
	if (isnan(c->exceeded) && share - TOLERANCE >= c->p)
		c->exceeded = duration;
}

/*
 * Where the function is at p over a whole stretch, its middle; a last stretch goes to the longest
 * observed duration.  NaN if p isn't reached.
 */
static double
crossing_result(const Crossing *c, double longest)
{
	if (c->p == 0)
		return 0;
	if (fabs(c->p - c->last_share) < TOLERANCE)
		return (c->reached + longest) / 2;
	return (c->reached + c->exceeded) / 2;
}

static double
quantile_of(const SurvivalCurve *s, double p)
{
	SurvivalWalk w = survival_walk(s);
	Crossing c = crossing_start(p);

	if (s->used == 0)
		return NAN;
	while (survival_walk_next(&w))
		crossing_feed(&c, w.duration, 1 - w.survival);
	return crossing_result(&c, survival_walk_last(&w));
}

/* The limits of a quantile are where the limits of the curve cross it (Brookmeyer & Crowley). */
static ConfidenceBounds
quantile_bounds_of(const SurvivalCurve *s, double p, const SurvivalLimits *limits)
{
	SurvivalWalk w = survival_walk(s);
	Crossing lower = crossing_start(p);
	Crossing upper = crossing_start(p);
	double longest = survival_walk_last(&w);

	if (s->used == 0)
		return (ConfidenceBounds){NAN, NAN};
	while (survival_walk_next(&w))
	{
		ConfidenceBounds bounds = survival_limits_at(&w, limits);

		crossing_feed(&lower, w.duration, 1 - bounds.lower);
		crossing_feed(&upper, w.duration, 1 - bounds.upper);
	}
	return (ConfidenceBounds){crossing_result(&lower, longest), crossing_result(&upper, longest)};
}

static double
share_arg(FunctionCallInfo fcinfo, int i)
{
	double p = PG_GETARG_FLOAT8(i);
	char shown[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (!(p >= 0 && p <= 1))
	{
		double_to_shortest_decimal_buf(p, shown);
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("invalid share %s", shown),
				 errdetail("The share of customers who have left is from 0 to 1."),
				 errhint("For a quarter say 0.25.")));
	}
	return p;
}

static Datum
interval_or_null(FunctionCallInfo fcinfo, const SurvivalCurve *s, double days)
{
	survival_check_days(s);
	return survival_interval_or_null(fcinfo, days);
}

/*
 * survival_quantile(survival_curve, share) -> double precision
 *
 * The duration by which the share (0..1) of the customers have left, in the curve's unit (days for
 * a curve of intervals); the middle of the stretch over which exactly the share have left, if there
 * is one.  NULL if so many haven't left within the observed durations.
 */
PG_FUNCTION_INFO_V1(survival_quantile);
Datum
survival_quantile(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, quantile_of(survival_arg(fcinfo, 0), share_arg(fcinfo, 1)));
}

/* median_survival(survival_curve) -> double precision: survival_quantile() of 0.5. */
PG_FUNCTION_INFO_V1(median_survival);
Datum
median_survival(PG_FUNCTION_ARGS)
{
	return float8_or_null(fcinfo, quantile_of(survival_arg(fcinfo, 0), 0.5));
}

/* lifetime_quantile(survival_curve, share) -> interval; ERROR for a curve of numbers. */
PG_FUNCTION_INFO_V1(lifetime_quantile);
Datum
lifetime_quantile(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return interval_or_null(fcinfo, s, quantile_of(s, share_arg(fcinfo, 1)));
}

/* median_lifetime(survival_curve) -> interval; ERROR for a curve of numbers. */
PG_FUNCTION_INFO_V1(median_lifetime);
Datum
median_lifetime(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return interval_or_null(fcinfo, s, quantile_of(s, 0.5));
}

/*
 * survival_quantile_interval(survival_curve, share, confidence, method) -> confidence_bounds
 *
 * The durations at which the upper and the lower limit of the curve reach the share; NULL for an
 * end that isn't reached.
 */
PG_FUNCTION_INFO_V1(survival_quantile_interval);
Datum
survival_quantile_interval(PG_FUNCTION_ARGS)
{
	SurvivalLimits limits = survival_limits_args(fcinfo, 2);

	return confidence_bounds_result(
		fcinfo, quantile_bounds_of(survival_arg(fcinfo, 0), share_arg(fcinfo, 1), &limits));
}

/* median_survival_interval(survival_curve, confidence, method) -> confidence_bounds */
PG_FUNCTION_INFO_V1(median_survival_interval);
Datum
median_survival_interval(PG_FUNCTION_ARGS)
{
	SurvivalLimits limits = survival_limits_args(fcinfo, 1);

	return confidence_bounds_result(fcinfo,
									quantile_bounds_of(survival_arg(fcinfo, 0), 0.5, &limits));
}
