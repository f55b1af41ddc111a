/*
 * activity_period.c: what periods and their zones are called, and how far they go (see activity_period.h).
 */
#include "journey/activity_period.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

/* Dates that timestamps reach, by the clock of any zone: 4714-11-24 BC to 294277-01-01. */
#define FIRST_DATE (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)
#define LAST_DATE (TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)

const char *
activity_unit_name(PeriodUnit unit)
{
	static const char *const names[] = {"day", "week", "month", "quarter", "year"};

	return names[unit];
}

const char *
activity_zone_name(const pg_tz *zone)
{
	const char *name = pg_get_timezone_name((pg_tz *) zone);

	return strcmp(name, "<+00>-00") == 0 ? "UTC" : name;
}

const char *
activity_zone_read(const char *name)
{
	pg_tz *zone = pg_tzset(name);

	return activity_zone_name(zone != NULL ? zone : period_zone(cstring_to_text(name)));
}

int32
activity_first_period(PeriodUnit unit)
{
	int32 period = period_number(unit, FIRST_DATE);

	/* a month that begins before the first date has no first day */
	return period_date(unit, period) < FIRST_DATE ? period + 1 : period;
}

int32
activity_last_period(PeriodUnit unit)
{
	return period_number(unit, LAST_DATE);
}
