/*
 * churn_rate.c: what a churn_summary says: rates by each definition in use, their intervals, and
 * the counts they are made of.
 *
 * With S customers at the start, N new, R returned, L lost and E = S + N + R - L at the end:
 *
 *   start           L / S                         Recurly, Chargify
 *   start_plus_new  L / (S + N)                   Stripe, Gumroad
 *   average         L / ((S + E) / 2)
 *   cohort          (S - there at both ends) / S  who came and left inside is in neither part
 *   retention       (E - N) / S, or there at both ends / S
 */
#include "churn/churn_summary.h"

#include <math.h>

#include "common/confidence_bounds.h"
#include "common/wilson.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

typedef enum ChurnMethod
{
	METHOD_START,
	METHOD_START_PLUS_NEW,
	METHOD_AVERAGE,
	METHOD_COHORT,
	METHODS
} ChurnMethod;

static const char *const METHOD_NAMES[METHODS] = {"start", "start_plus_new", "average", "cohort"};

/* ---- arguments ---- */

static ChurnMethod
method_arg(FunctionCallInfo fcinfo, int i)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(i));

	for (int m = 0; m < METHODS; m++)
		if (strcmp(name, METHOD_NAMES[m]) == 0)
			return m;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized churn method: \"%s\"", name),
			 errdetail("Methods are \"start\" (lost / at start), \"start_plus_new\" (lost / (at "
					   "start + new)), \"average\" (lost / mean of start and end) and \"cohort\" "
					   "(those of the start who are missing at the end / at start)."),
			 errhint("For example: churn_rate(summary, method => 'average').")));
}

/*
 * Is the outcome of the period known?  Argument i is the instant that the data go up to; null says
 * that they cover the period.
 */
static bool
period_known(FunctionCallInfo fcinfo, int i, const ChurnSummary *s)
{
	ChurnPeriod period = churn_summary_period(s);

	return PG_ARGISNULL(i) || churn_period_over(&period, PG_GETARG_TIMESTAMPTZ(i));
}

/* ---- rates ---- */

/* Numerator and denominator of a churn rate. */
typedef struct Share
{
	double part;
	double whole;
} Share;

static Share
churn_share(const ChurnSummary *s, ChurnMethod method)
{
	double at_start = (double) s->count[CHURN_AT_START];
	double lost = (double) s->count[CHURN_LOST];

	switch (method)
	{
		case METHOD_START_PLUS_NEW:
			return (Share){lost, at_start + (double) s->count[CHURN_NEW]};
		case METHOD_AVERAGE:
			return (Share){lost, (at_start + (double) churn_at_end(s)) / 2.0};
		case METHOD_COHORT:
			return (Share){(double) (s->count[CHURN_AT_START] - s->count[CHURN_RETAINED]),
						   at_start};
		default:
			return (Share){lost, at_start};
	}
}

static Share
retention_share(const ChurnSummary *s, ChurnMethod method)
{
	double at_start = (double) s->count[CHURN_AT_START];

	if (method == METHOD_COHORT)
		return (Share){(double) s->count[CHURN_RETAINED], at_start};
	if (method == METHOD_START)
		return (Share){(double) (churn_at_end(s) - s->count[CHURN_NEW]), at_start};
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("no retention rate for the method \"%s\"", METHOD_NAMES[method]),
					errdetail("Retention is (at end - new) / at start by the method \"start\", and "
							  "those there at both ends / at start by \"cohort\"."),
					errhint("For example: retention_rate(summary, method => 'cohort').")));
}

static Datum
share_result(FunctionCallInfo fcinfo, Share share)
{
	if (share.whole == 0.0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(share.part / share.whole);
}

/* A share for the arguments (summary, method, as_of); NULL where it isn't known. */
static Datum
share_by_method(FunctionCallInfo fcinfo, Share (*share)(const ChurnSummary *, ChurnMethod))
{
	const ChurnSummary *s;
	ChurnMethod method;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	s = churn_summary_arg(fcinfo, 0);
	method = method_arg(fcinfo, 1);
	if (!period_known(fcinfo, 2, s))
		PG_RETURN_NULL();
	return share_result(fcinfo, share(s, method));
}

/*
 * churn_rate(churn_summary, method text, as_of timestamptz) -> double precision
 *
 * NULL without customers in the denominator, for a null summary or method, and if the period is not
 * over at as_of.  May exceed 1 by all methods but cohort: those who come and leave inside of the
 * period count as lost.
 */
PG_FUNCTION_INFO_V1(churn_rate);
Datum
churn_rate(PG_FUNCTION_ARGS)
{
	return share_by_method(fcinfo, churn_share);
}

/*
 * retention_rate(churn_summary, method text, as_of timestamptz) -> double precision
 *
 * (E - N) / S, or by the method cohort there at both ends / S.  NULL as churn_rate.
 */
PG_FUNCTION_INFO_V1(retention_rate);
Datum
retention_rate(PG_FUNCTION_ARGS)
{
	return share_by_method(fcinfo, retention_share);
}

/* churn_summary_churn_rate(churn_summary) -> double precision: the one-step aggregate's end. */
PG_FUNCTION_INFO_V1(churn_summary_churn_rate);
Datum
churn_summary_churn_rate(PG_FUNCTION_ARGS)
{
	return share_result(fcinfo, churn_share(churn_summary_arg(fcinfo, 0), METHOD_START));
}

/* churn_summary_retention_rate(churn_summary) -> double precision: likewise. */
PG_FUNCTION_INFO_V1(churn_summary_retention_rate);
Datum
churn_summary_retention_rate(PG_FUNCTION_ARGS)
{
	return share_result(fcinfo, retention_share(churn_summary_arg(fcinfo, 0), METHOD_START));
}

/*
 * churn_interval(churn_summary, method text, confidence double precision, as_of timestamptz)
 * -> confidence_bounds
 *
 * Wilson's interval of the churn rate, where it is a proportion: by cohort always; by start and
 * start_plus_new while lost <= denominator.  Else NULL, as always by average.
 */
PG_FUNCTION_INFO_V1(churn_interval);
Datum
churn_interval(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s;
	ChurnMethod method;
	Share share;
	ConfidenceBounds bounds;
	double z;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	s = churn_summary_arg(fcinfo, 0);
	method = method_arg(fcinfo, 1);
	z = confidence_z(PG_GETARG_FLOAT8(2));
	if (method == METHOD_AVERAGE || !period_known(fcinfo, 3, s))
		PG_RETURN_NULL();
	share = churn_share(s, method);
	wilson_interval(share.part, share.whole, z, &bounds.lower, &bounds.upper);
	if (isnan(bounds.lower))
		PG_RETURN_NULL();
	return confidence_bounds_result(fcinfo, bounds);
}

/* ---- counts ---- */

#define CHURN_COUNT_ACCESSOR(function, which)                                                      \
	PG_FUNCTION_INFO_V1(function);                                                                 \
	Datum function(PG_FUNCTION_ARGS)                                                               \
	{                                                                                              \
		PG_RETURN_INT64(churn_summary_arg(fcinfo, 0)->count[which]);                               \
	}

/* customers_...(churn_summary) -> bigint: see ChurnCount. */
CHURN_COUNT_ACCESSOR(customers_at_start, CHURN_AT_START)
CHURN_COUNT_ACCESSOR(customers_new, CHURN_NEW)
CHURN_COUNT_ACCESSOR(customers_returned, CHURN_RETURNED)
CHURN_COUNT_ACCESSOR(customers_lost, CHURN_LOST)
CHURN_COUNT_ACCESSOR(customers_retained, CHURN_RETAINED)

/* customers_at_end(churn_summary) -> bigint: at start + new + returned - lost. */
PG_FUNCTION_INFO_V1(customers_at_end);
Datum
customers_at_end(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(churn_at_end(churn_summary_arg(fcinfo, 0)));
}

/* ---- the period ---- */

/* A point as timestamptz: dates begin at midnight of the session's time zone. */
static Datum
point_timestamptz(int64 point, ChurnUnit unit)
{
	Datum value = churn_point_datum(point, unit);

	return unit == CHURN_INSTANTS ? value : DirectFunctionCall1(date_timestamptz, value);
}

/* churn_period_start(churn_summary) -> timestamptz */
PG_FUNCTION_INFO_V1(churn_period_start);
Datum
churn_period_start(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s = churn_summary_arg(fcinfo, 0);

	PG_RETURN_DATUM(point_timestamptz(s->period_start, s->unit));
}

/* churn_period_end(churn_summary) -> timestamptz: the first instant after the period. */
PG_FUNCTION_INFO_V1(churn_period_end);
Datum
churn_period_end(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s = churn_summary_arg(fcinfo, 0);

	PG_RETURN_DATUM(point_timestamptz(s->period_end, s->unit));
}
