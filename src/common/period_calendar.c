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

static DateADT
date_of(int year, int month, int day)
{
	return date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
}

/* The day on which the period of a date starts. */
static DateADT
start_of(PeriodUnit unit, DateADT date)
{
	int year;
	int month;
	int day;

	if (unit == PERIOD_DAY)
		return date;
	if (unit == PERIOD_WEEK) /* j2day: 0 is Sunday */
		return date - (j2day(date + POSTGRES_EPOCH_JDATE) + 6) % 7;
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (unit == PERIOD_QUARTER)
		month -= (month - 1) % 3;
	return date_of(year, unit == PERIOD_YEAR ? 1 : month, 1);
}

DateADT
period_next(PeriodUnit unit, DateADT start)
{
	/* a day in the next period, and in no later one */
	static const int reach[] = {1, 7, 31, 92, 366};

	return start_of(unit, start + reach[unit]);
}

/* The periods of a unit counted through; 0 is January 2000, or the day, week (3rd) ... of it. */
static int32
number_of(PeriodUnit unit, DateADT start)
{
	int year;
	int month;
	int day;

	if (unit == PERIOD_DAY)
		return start;
	if (unit == PERIOD_WEEK)
		return (start - date_of(2000, 1, 3)) / 7; /* both are Mondays */
	j2date(start + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (unit == PERIOD_YEAR)
		return year - 2000;
	if (unit == PERIOD_QUARTER)
		return (year - 2000) * 4 + (month - 1) / 3;
	return (year - 2000) * MONTHS_PER_YEAR + month - 1;
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
	DateADT first = start_of(key->unit, local_date(at, key->zone, &ahead));

	period.begin = midnight(first, ahead);
	period.end = midnight(period_next(key->unit, first), ahead);
	cut_at_transitions(&period, at, key->zone);
	period.number = number_of(key->unit, first);
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
