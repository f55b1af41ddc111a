/*
 * period_start.h: the day, ISO week, month, quarter or year in which an instant lies.
 *
 * The answers are those of date_trunc(unit, instant, zone), in every zone and through every
 * transition.  date_trunc costs more than the rest of a monthly report, because it works out the
 * clock of the zone for each row.  We work it out once a period: a PeriodCalendar remembers from
 * which instant to which the clock of its zone reads one period.
 *
 *	PeriodCalendar *calendar = period_calendar(PERIOD_WEEK, session_timezone);
 *
 *	for each row:
 *		period_at(calendar, at)->start, ->number, ->end ...
 *
 * A calendar belongs to the backend and stays where it is as long as the backend lives, so its
 * address may be kept in fn_extra; where fn_extra is lost from row to row (Citus), finding it again
 * costs one lookup in a hash table.
 */
#ifndef CUSTOMER_LIFECYCLE_PERIOD_START_H
#define CUSTOMER_LIFECYCLE_PERIOD_START_H

#include "common/compat.h"

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

typedef enum PeriodUnit
{
	PERIOD_DAY,
	PERIOD_WEEK, /* ISO: from Monday */
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_YEAR
} PeriodUnit;

/*
 * A stretch of time, begin <= t < end, that lies in one period.  It ends with the period, or
 * earlier where the clock of the zone is put forward or back.
 */
typedef struct Period
{
	TimestampTz begin;
	TimestampTz end;
	DateADT start; /* the date on which the period starts */
	int32 number;  /* of the period, as period_number() has it */
	int32 ahead;   /* how far the clock of the zone is ahead of UTC, in seconds */
} Period;

/*
 * What a calendar remembers is found by the high bits of the instant.  A slot spans no more than
 * the shortest period, so the two periods that may meet in it have room in it.
 */
#define PERIOD_SLOTS 512

typedef struct PeriodSlot
{
	Period period[2];
} PeriodSlot;

/* What a calendar is looked up by. */
typedef struct PeriodKey
{
	const pg_tz *zone;
	int64 unit; /* as wide as the pointer: no padding, which would be hashed */
} PeriodKey;

typedef struct PeriodCalendar
{
	PeriodKey key;
	int slot_shift; /* a slot spans 2^slot_shift microseconds */
	PeriodSlot slots[PERIOD_SLOTS];
} PeriodCalendar;

/* The calendar of a unit in a zone. */
extern PeriodCalendar *period_calendar(PeriodUnit unit, const pg_tz *zone);

/* The unit that a user named, as date_trunc() reads it; ERROR (22023) if it is none of ours. */
extern PeriodUnit period_unit(const text *name);

/* The zone that a user named, as date_trunc() reads it; ERROR (22023) if there is none. */
extern pg_tz *period_zone(const text *name);

/*
 * Is an argument a literal, the same for all calls of the function that are made by one expression?
 * A parameter isn't: PL/pgSQL changes its value between calls (get_fn_expr_arg_stable() says yes).
 */
extern bool period_word_is_literal(FmgrInfo *function, int i);

/*
 * The number of the period that holds a date: one more from each period to the next; 0 is January
 * 2000, or the day, week (of the 3rd), quarter or year.
 */
extern int32 period_number(PeriodUnit unit, DateADT date);

/* The first date of a period. */
extern DateADT period_date(PeriodUnit unit, int32 number);

/*
 * The instant at which a date begins in a zone: where midnight is skipped or comes twice, what
 * date_trunc() takes for it.  ERROR (22008) if it is out of range.
 */
extern TimestampTz period_instant(DateADT date, const pg_tz *zone);

/* Work a period out; period_at() calls this for what its calendar doesn't remember. */
extern const Period *period_find(PeriodCalendar *calendar, TimestampTz at);

/*
 * The period of a finite instant; valid until the next call.  ERROR (22008) if it starts before
 * what a timestamp can hold.
 */
static inline const Period *
period_at(PeriodCalendar *calendar, TimestampTz at)
{
	const PeriodSlot *slot = &calendar->slots[((uint64) at >> calendar->slot_shift) % PERIOD_SLOTS];

	for (int i = 0; i < 2; i++)
		if (at >= slot->period[i].begin && at < slot->period[i].end)
			return &slot->period[i];
	return period_find(calendar, at);
}

/*
 * The words by which a calendar was found, so that as long as the same come from row to row they
 * need not be read again.  Zeroed, it knows none.
 */
typedef struct PeriodWords
{
	PeriodCalendar *calendar; /* NULL: not found yet */
	int unit_length;
	int zone_length;
	char unit[NAMEDATALEN];
	char zone[TZ_STRLEN_MAX + 1];
} PeriodWords;

/* Find the calendar of other words; without a zone that of the session. */
extern void period_words_read(PeriodWords *words, const text *unit, const text *zone);

static inline bool
period_word_is(const text *word, const char *known, int length)
{
	return (int) VARSIZE_ANY_EXHDR(word) == length && memcmp(VARDATA_ANY(word), known, length) == 0;
}

/* Do these words mean the calendar that is known?  The session's zone is a variable. */
static inline bool
period_words_are(const PeriodWords *words, const text *unit, const text *zone)
{
	return words->calendar != NULL && period_word_is(unit, words->unit, words->unit_length) &&
		   (zone == NULL ? words->calendar->key.zone == session_timezone
						 : period_word_is(zone, words->zone, words->zone_length));
}

#endif
