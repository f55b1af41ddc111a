/*
 * survival_duration.c: the durations, entries and weights that survival and Cox aggregates take
 * (see survival_duration.h).
 */
#include "churn/survival_duration.h"

#include <math.h>

#include "churn/survival_curve.h"
#include "common/int.h"
#include "common/shortest_dec.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define MICROSECONDS_PER_DAY 86400000000.0

static char *
shown(double value)
{
	char *digits = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(value, digits);
	return digits;
}

double
survival_checked_duration(double duration)
{
	if (unlikely(!(duration >= 0) || isinf(duration)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid duration %s", shown(duration)),
						errdetail("A duration is a finite number that is not negative."),
						errhint("Leave such rows out with FILTER (WHERE ...).")));
	return duration + 0.0;
}

static char *
shown_interval(const Interval *value)
{
	return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(value)));
}

/* The microseconds of an interval without months; false if they don't fit. */
static bool
microseconds_of(const Interval *v, int64 *result)
{
	int64 days;

	return !pg_mul_s64_overflow(v->day, USECS_PER_DAY, &days) &&
		   !pg_add_s64_overflow(days, v->time, result);
}

double
survival_days(const Interval *duration)
{
	int64 microseconds;

	if (unlikely(duration->month != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration \"%s\" has no fixed length", shown_interval(duration)),
				 errdetail("A duration is finite and has no months and years, whose lengths vary."),
				 errhint("Subtract the timestamps (ended_at - started_at), which gives days, "
						 "instead of taking their age().")));
	if (unlikely(!microseconds_of(duration, &microseconds) || microseconds < 0))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid duration \"%s\"", shown_interval(duration)),
						errdetail("A duration is not negative and shorter than 292,000 years."),
						errhint("Leave such rows out with FILTER (WHERE ...).")));
	return (double) microseconds / MICROSECONDS_PER_DAY;
}

static Interval *
interval_of_days(double days)
{
	Interval *result = palloc0(sizeof(Interval));
	double whole = floor(days);

	if (!(whole < PG_INT32_MAX))
		ereport(ERROR, (errcode(ERRCODE_INTERVAL_FIELD_OVERFLOW),
						errmsg("%s days are too many for an interval", shown(days))));
	result->day = (int32) whole;
	/* from the total: the fraction alone has lost the last digits */
	result->time = (int64) rint(days * MICROSECONDS_PER_DAY - whole * MICROSECONDS_PER_DAY);
	if (result->time >= USECS_PER_DAY)
	{
		result->day++;
		result->time -= USECS_PER_DAY;
	}
	return result;
}

Datum
survival_interval_or_null(FunctionCallInfo fcinfo, double days)
{
	if (isnan(days))
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(interval_of_days(days));
}

void
survival_check_entry(double entry, double duration)
{
	if (unlikely(!(entry >= 0) || isinf(entry)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid entry %s", shown(entry)),
						errdetail("An entry is a duration: a finite number that is not negative."),
						errhint("Leave such rows out with FILTER (WHERE ...).")));
	if (unlikely(entry >= duration && entry > 0))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("entry %s is not before duration %s", shown(entry), shown(duration)),
			 errdetail("Who comes under observation late is at risk after entry, until duration; "
					   "both count from the customer's own beginning."),
			 errhint("Leave rows that were never observed out with FILTER (WHERE entry < "
					 "duration).")));
}

void
survival_check_weight(double weight)
{
	if (unlikely(!(weight >= 0 && weight <= SURVIVAL_MAX_WEIGHT)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("invalid weight %s", shown(weight)),
						errdetail("A weight is a number from 0 to %g.", SURVIVAL_MAX_WEIGHT),
						errhint("A weight of 2 counts a row twice; 0 leaves it out.")));
}
