/*
 * activity_period.c: periods counted through, and their dates (see activity_period.h).
 */
#include "journey/activity_period.h"

#include "utils/datetime.h"

/* 2000-01-03, a Monday, is in week 0; dates count from 2000-01-01. */
#define FIRST_MONDAY 2
#define DAYS_A_WEEK 7
#define EPOCH_YEAR 2000

/* Dates that timestamps reach, by the clock of any zone: 4714-11-24 BC to 294277-01-01. */
#define FIRST_DATE (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)
#define LAST_DATE (TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)

static int32
floor_div(int32 a, int32 b)
{
	return a / b - (a % b < 0);
}

static int32
months_a_period(PeriodUnit unit)
{
	if (unit == PERIOD_YEAR)
		return MONTHS_PER_YEAR;
	return unit == PERIOD_QUARTER ? 3 : 1;
}

int32
activity_period_of(PeriodUnit unit, DateADT date)
{
	int year;
	int month;
	int day;

	if (unit == PERIOD_DAY)
		return date;
	if (unit == PERIOD_WEEK)
		return floor_div(date - FIRST_MONDAY, DAYS_A_WEEK);
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return floor_div((year - EPOCH_YEAR) * MONTHS_PER_YEAR + month - 1, months_a_period(unit));
}

DateADT
activity_period_date(PeriodUnit unit, int32 number)
{
	int32 months;
	int32 year;

	if (unit == PERIOD_DAY)
		return number;
	if (unit == PERIOD_WEEK)
		return number * DAYS_A_WEEK + FIRST_MONDAY;
	months = number * months_a_period(unit);
	year = floor_div(months, MONTHS_PER_YEAR);
	return date2j(year + EPOCH_YEAR, months - year * MONTHS_PER_YEAR + 1, 1) - POSTGRES_EPOCH_JDATE;
}

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

int32
activity_first_period(PeriodUnit unit)
{
	int32 period = activity_period_of(unit, FIRST_DATE);

	/* a month that begins before the first date has no first day */
	return activity_period_date(unit, period) < FIRST_DATE ? period + 1 : period;
}

int32
activity_last_period(PeriodUnit unit)
{
	return activity_period_of(unit, LAST_DATE);
}
