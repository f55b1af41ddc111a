/*
 * model_time.c: intervals as microseconds (see model_time.h).
 */
#include "value/model_time.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

int64
model_time_from_interval(const Interval *interval, const char *name)
{
	int64 months;
	int64 days;
	int64 usecs;

	if (!__builtin_mul_overflow((int64) interval->month, USECS_PER_MONTH, &months) &&
		!__builtin_mul_overflow((int64) interval->day, USECS_PER_DAY, &days) &&
		!__builtin_add_overflow(months, days, &usecs) &&
		!__builtin_add_overflow(usecs, interval->time, &usecs) && usecs >= 0)
		return usecs;
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("%s %s is out of range", name,
						   DatumGetCString(DirectFunctionCall1(
							   interval_out, IntervalPGetDatum((Interval *) interval)))),
					errdetail("%s is zero or longer, and at most 292,000 years.", name)));
	return 0;
}

Interval *
model_time_to_interval(int64 usecs)
{
	Interval *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (usecs / USECS_PER_DAY);
	interval->time = usecs % USECS_PER_DAY;
	return interval;
}

char *
model_time_clock(int64 usecs)
{
	int64 seconds = usecs / USECS_PER_SEC;
	int64 hours = seconds / SECS_PER_HOUR;
	int fraction = (int) (usecs % USECS_PER_SEC);
	char *clock = psprintf("%02lld:%02d:%02d", (long long) hours,
						   (int) (seconds / SECS_PER_MINUTE % MINS_PER_HOUR),
						   (int) (seconds % SECS_PER_MINUTE));

	return fraction == 0 ? clock : psprintf("%s.%06d", clock, fraction);
}

char *
model_time_to_string(int64 usecs)
{
	int64 days = usecs / USECS_PER_DAY;
	int64 time = usecs % USECS_PER_DAY;
	const char *plural = days == 1 ? "" : "s";

	if (time == 0)
		return psprintf(INT64_FORMAT " day%s", days, plural);
	return psprintf(INT64_FORMAT " day%s %s", days, plural, model_time_clock(time));
}
