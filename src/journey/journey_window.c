/*
 * journey_window.c: how long after an instant something still counts (see journey_window.h).
 */
#include "journey/journey_window.h"

#define USEC_A_DAY INT64CONST(86400000000)

/* Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from, and years beyond any of its */
#define EPOCH_SHIFT 10957
#define FARTHEST_YEAR 1000000

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a proleptic Gregorian date; years begin in March, so leap days are last. */
static int64
days_of_civil(int64 year, int month, int day)
{
	int64 y = year - (month <= 2);
	int64 era = floor_div(y, 400);
	int64 year_of_era = y - era * 400;
	int64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
		   719468;
}

static void
civil_of_days(int64 days, int64 *year, int *month, int *day)
{
	int64 z = days + 719468;
	int64 era = floor_div(z, 146097);
	int64 day_of_era = z - era * 146097;
	int64 year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64 march_month = (5 * day_of_year + 2) / 153;

	*day = (int) (day_of_year - (153 * march_month + 2) / 5 + 1);
	*month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

static int
days_in_month(int64 year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static inline bool
is_infinite(int64 at)
{
	return at == PG_INT64_MIN || at == PG_INT64_MAX;
}

int64
journey_add_months(int64 at, int64 months)
{
	int64 days = floor_div(at, USEC_A_DAY);
	int64 year;
	int64 count;
	int month;
	int day;
	int64 result;

	if (is_infinite(at))
		return at;
	civil_of_days(days + EPOCH_SHIFT, &year, &month, &day);
	count = year * 12 + (month - 1) + months;
	year = floor_div(count, 12);
	if (year > FARTHEST_YEAR || year < -FARTHEST_YEAR)
		return months > 0 ? PG_INT64_MAX : PG_INT64_MIN;
	month = (int) (count - year * 12) + 1;
	day = Min(day, days_in_month(year, month));
	if (pg_mul_s64_overflow(days_of_civil(year, month, day) - EPOCH_SHIFT, USEC_A_DAY, &result) ||
		pg_add_s64_overflow(result, at - days * USEC_A_DAY, &result))
		return months > 0 ? PG_INT64_MAX : PG_INT64_MIN;
	return result;
}

int64
journey_reach_back(int64 at, const JourneyWindow *w)
{
	int64 result;

	if (w->unlimited)
		return PG_INT64_MIN;
	if (w->months != 0)
		at = journey_add_months(at, -(int64) w->months);
	if (is_infinite(at))
		return at;
	return pg_sub_s64_overflow(at, w->usec, &result) ? PG_INT64_MIN : result;
}
