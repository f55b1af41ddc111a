/*
 * journey_interval.c: windows out of SQL intervals (see journey_interval.h).
 */
#include "journey/journey_interval.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

JourneyWindow
journey_window(const Interval *interval, const char *argument)
{
	JourneyWindow w = {.usec = PG_INT64_MAX, .unlimited = true};
	int64 days;

	/* a limit that no timestamp reaches is none; the infinite interval looks like this, too */
	if (interval == NULL || interval->time == PG_INT64_MAX)
		return w;
	if (interval->month < 0 || interval->day < 0 || interval->time < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must not be negative: %s", argument,
							   DatumGetCString(DirectFunctionCall1(
								   interval_out, IntervalPGetDatum((Interval *) interval)))),
						errhint("Give a length of time such as '7 days', or NULL for no limit.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(days, interval->time, &days))
		return w;
	return (JourneyWindow){.usec = days, .months = interval->month};
}
