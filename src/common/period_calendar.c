/*
 * period_calendar.c: in which period an instant lies, by the clock of a zone (see period_start.h).
 */
#include "common/period_start.h"

#include "common/int.h"
#include "utils/datetime.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* ---- dates: whole days since 2000-01-01, whatever the zone ---- */

#define FIRST_MONDAY 2 /* 2000-01-03 */
#define DAYS_A_WEEK 7
#define EPOCH_YEAR 2000

static DateADT
date_of(int year, int month, int day)
{
	return date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
}

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
period_number(PeriodUnit unit, DateADT date)
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
period_date(PeriodUnit unit, int32 number)
{
	int32 months;
	int32 year;

	if (unit == PERIOD_DAY)
		return number;
	if (unit == PERIOD_WEEK)
		return number * DAYS_A_WEEK + FIRST_MONDAY;
	months = number * months_a_period(unit);
	year = floor_div(months, MONTHS_PER_YEAR);
	return date_of(year + EPOCH_YEAR, months - year * MONTHS_PER_YEAR + 1, 1);
}

/* ---- the clock of a zone ---- */

static void
out_of_range(void)
{
	ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range"),
					errdetail("The period starts before the earliest timestamp.")));
}

/* What the clock reads at an instant: the date, and how far it is ahead of UTC, in seconds. */
static DateADT
local_date(TimestampTz at, const pg_tz *zone, int *ahead)
{
	struct pg_tm tm;
	fsec_t fsec;
	int behind;

	if (timestamp2tm(at, &behind, &tm, &fsec, NULL, (pg_tz *) zone) != 0)
		out_of_range();
	if (ahead != NULL)
		*ahead = -behind;
	return date_of(tm.tm_year, tm.tm_mon, tm.tm_mday);
}

TimestampTz
period_instant(DateADT date, const pg_tz *zone)
{
	struct pg_tm tm = {0};
	TimestampTz instant;
	int behind;

	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	behind = DetermineTimeZoneOffset(&tm, (pg_tz *) zone);
	if (tm2timestamp(&tm, 0, &behind, &instant) != 0)
		out_of_range();
	return instant;
}

/* The first instant after another, of a whole second, at which the clock is put forward or back; false if never. */
static bool
next_transition(TimestampTz after, const pg_tz *zone, TimestampTz *transition)
{
	pg_time_t second = timestamptz_to_time_t(after);
	pg_time_t boundary;
	long ahead_before;
	long ahead_after;
	int isdst_before;
	int isdst_after;

	if (pg_next_dst_boundary(&second, &ahead_before, &isdst_before, &boundary, &ahead_after,
							 &isdst_after, zone) <= 0)
		return false;
	*transition = time_t_to_timestamptz(boundary);
	return true;
}

/* Shorten the stretch to the part around `at` in which the clock runs evenly. */
static void
cut_at_transitions(Period *period, TimestampTz at, const pg_tz *zone)
{
	TimestampTz transition;

	while (next_transition(period->begin, zone, &transition) && transition < period->end)
	{
		if (transition > at)
			period->end = transition;
		else
			period->begin = transition;
	}
}

/* Midnight of a date on a clock that is so many seconds ahead of UTC. */
static TimestampTz
midnight(DateADT date, int ahead)
{
	TimestampTz instant;

	/* the last period ends after the last timestamp */
	if (pg_mul_s64_overflow(date * (int64) SECS_PER_DAY - ahead, USECS_PER_SEC, &instant))
		return date > 0 ? PG_INT64_MAX : PG_INT64_MIN;
	return instant;
}

static Period
work_out(const PeriodKey *key, TimestampTz at)
{
	Period period = {0};
	int ahead;
	int32 number = period_number(key->unit, local_date(at, key->zone, &ahead));
	DateADT first = period_date(key->unit, number);

	period.begin = midnight(first, ahead);
	period.end = midnight(period_date(key->unit, number + 1), ahead);
	cut_at_transitions(&period, at, key->zone);
	period.number = number;
	period.ahead = ahead;
	/* where the zone skipped the whole first day (it moved across the date line), the next one */
	period.start = local_date(period_instant(first, key->zone), key->zone, NULL);
	return period;
}

const Period *
period_find(PeriodCalendar *calendar, TimestampTz at)
{
	PeriodSlot *slot = &calendar->slots[((uint64) at >> calendar->slot_shift) % PERIOD_SLOTS];
	Period found = work_out(&calendar->key, at);

	slot->period[1] = slot->period[0];
	slot->period[0] = found;
	return &slot->period[0];
}

/* ---- calendars ---- */

/* Entry of the table of this backend's calendars. */
typedef struct CalendarEntry
{
	PeriodKey key;
	PeriodCalendar *calendar;
} CalendarEntry;

static PeriodCalendar *
new_calendar(const PeriodKey *key)
{
	/* the largest powers of two that are no longer than 1 day, 7, 28, 90 and 365 days */
	static const int slot_shift[] = {36, 39, 41, 42, 44};
	/* zeroed slots hold empty periods */
	PeriodCalendar *calendar = MemoryContextAllocZero(TopMemoryContext, sizeof(PeriodCalendar));

	calendar->key = *key;
	calendar->slot_shift = slot_shift[key->unit];
	return calendar;
}

PeriodCalendar *
period_calendar(PeriodUnit unit, const pg_tz *zone)
{
	static HTAB *calendars = NULL;
	PeriodKey key = {zone, unit};
	CalendarEntry *entry;

	if (calendars == NULL)
	{
		HASHCTL how = {.keysize = sizeof(PeriodKey), .entrysize = sizeof(CalendarEntry)};

		calendars = hash_create("customer_lifecycle calendars", 8, &how, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(calendars, &key, HASH_FIND, NULL);
	if (entry == NULL)
	{
		/* made first: should memory run out, the table is as it was */
		PeriodCalendar *calendar = new_calendar(&key);

		entry = hash_search(calendars, &key, HASH_ENTER, NULL);
		entry->calendar = calendar;
	}
	return entry->calendar;
}
