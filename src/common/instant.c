/*
 * instant.c: timestamps as text that means the same everywhere (see instant.h).
 */
#include "common/instant.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

/* The farthest that a time zone was ever from UTC, in hours (exclusive). */
#define MAX_UTC_DISTANCE 16

/* The year 0 is 1 BC, as j2date() and date2j() count. */
static int
year_of_era(int year)
{
	return year > 0 ? year : 1 - year;
}

static void
append_fraction(StringInfo out, int microseconds)
{
	int digits = 6;

	if (microseconds == 0)
		return;
	for (; microseconds % 10 == 0; digits--)
		microseconds /= 10;
	appendStringInfo(out, ".%0*d", digits, microseconds);
}

void
instant_append(StringInfo out, TimestampTz at)
{
	struct pg_tm tm;
	fsec_t fsec;

	if (TIMESTAMP_NOT_FINITE(at) || timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	appendStringInfo(out, "%04d-%02d-%02dT%02d:%02d:%02d", year_of_era(tm.tm_year), tm.tm_mon,
					 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	append_fraction(out, fsec);
	appendStringInfoString(out, tm.tm_year > 0 ? "Z" : "Z BC");
}

/* ---- reading ---- */

typedef struct Cursor
{
	const char *at;
	const char *end;
} Cursor;

static bool
take(Cursor *c, const char *expected)
{
	size_t length = strlen(expected);

	if ((size_t) (c->end - c->at) < length || memcmp(c->at, expected, length) != 0)
		return false;
	c->at += length;
	return true;
}

/* A number of min_digits to max_digits digits. */
static bool
take_number(Cursor *c, int min_digits, int max_digits, int *number)
{
	int digits = 0;

	*number = 0;
	for (; digits < max_digits && c->at < c->end && *c->at >= '0' && *c->at <= '9'; digits++)
		*number = *number * 10 + (*c->at++ - '0');
	return digits >= min_digits;
}

static bool
take_date(Cursor *c, struct pg_tm *tm)
{
	return take_number(c, 4, 6, &tm->tm_year) && take(c, "-") &&
		   take_number(c, 2, 2, &tm->tm_mon) && take(c, "-") && take_number(c, 2, 2, &tm->tm_mday);
}

static bool
take_time(Cursor *c, struct pg_tm *tm, fsec_t *fsec)
{
	const char *fraction;

	*fsec = 0;
	if (!(take_number(c, 2, 2, &tm->tm_hour) && take(c, ":") && take_number(c, 2, 2, &tm->tm_min) &&
		  take(c, ":") && take_number(c, 2, 2, &tm->tm_sec)))
		return false;
	if (!take(c, "."))
		return true;
	fraction = c->at;
	if (!take_number(c, 1, 6, fsec))
		return false;
	for (int digits = (int) (c->at - fraction); digits < 6; digits++)
		*fsec *= 10;
	return true;
}

/* Z or a distance from UTC, in seconds east. */
static bool
take_zone(Cursor *c, int *seconds)
{
	int sign = take(c, "-") ? -1 : 1;
	int hours;
	int minutes = 0;

	*seconds = 0;
	if (sign > 0 && take(c, "Z"))
		return true;
	if (sign > 0 && !take(c, "+"))
		return false;
	if (!take_number(c, 2, 2, &hours) || (take(c, ":") && !take_number(c, 2, 2, &minutes)))
		return false;
	*seconds = sign * (hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE);
	return hours < MAX_UTC_DISTANCE && minutes < MINS_PER_HOUR;
}

static bool
exists(const struct pg_tm *tm)
{
	return tm->tm_mon >= 1 && tm->tm_mon <= MONTHS_PER_YEAR && tm->tm_mday >= 1 &&
		   tm->tm_mday <= day_tab[isleap(tm->tm_year)][tm->tm_mon - 1] &&
		   tm->tm_hour < HOURS_PER_DAY && tm->tm_min < MINS_PER_HOUR &&
		   tm->tm_sec < SECS_PER_MINUTE;
}

bool
instant_parse(const char *text, int length, TimestampTz *at)
{
	Cursor c = {text, text + length};
	struct pg_tm tm = {0};
	fsec_t fsec;
	int east;

	if (!take_date(&c, &tm) || !(take(&c, "T") || take(&c, " ")) || !take_time(&c, &tm, &fsec) ||
		!take_zone(&c, &east))
		return false;
	if (tm.tm_year == 0)
		return false;
	if (take(&c, " BC"))
		tm.tm_year = 1 - tm.tm_year;
	if (c.at != c.end || !exists(&tm) || tm2timestamp(&tm, fsec, NULL, at) != 0)
		return false;
	*at -= east * USECS_PER_SEC;
	return IS_VALID_TIMESTAMP(*at);
}
