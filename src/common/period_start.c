/*
 * period_start.c: the SQL function period_start(), and the words that it takes (see
 * period_start.h).
 */
#include "common/period_start.h"

#include "nodes/primnodes.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* ---- words ---- */

PeriodUnit
period_unit(const text *name)
{
	char *low = downcase_truncate_identifier(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), false);
	int unit = 0;

	if (DecodeUnits(0, low, &unit) == UNITS)
		switch (unit)
		{
			case DTK_DAY:
				return PERIOD_DAY;
			case DTK_WEEK:
				return PERIOD_WEEK;
			case DTK_MONTH:
				return PERIOD_MONTH;
			case DTK_QUARTER:
				return PERIOD_QUARTER;
			case DTK_YEAR:
				return PERIOD_YEAR;
		}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unit \"%s\" is not a period", text_to_cstring(name)),
					errdetail("A period is a day, week, month, quarter or year."),
					errhint("Use date_trunc() or date_bin() for shorter spans.")));
}

#if HAVE_DECODE_TIMEZONE_NAME_TO_TZ
static pg_tz *
zone_by_name(const char *name)
{
	return DecodeTimezoneNameToTz(name);
}
#else
static pg_tz *
zone_by_name(const char *name)
{
	char *low = downcase_truncate_identifier(name, strlen(name), false);
	pg_tz *zone = NULL;
	int ahead = 0;
	int type = DecodeTimezoneAbbrev(0, low, &ahead, &zone);

	if (type == TZ || type == DTZ)
		return pg_tzset_offset(-ahead);
	if (type == DYNTZ)
		return zone;
	zone = pg_tzset(name);
	if (zone == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("time zone \"%s\" not recognized", name)));
	return zone;
}
#endif

pg_tz *
period_zone(const text *name)
{
	char buffer[TZ_STRLEN_MAX + 1];

	/* as date_trunc(): a name that is too long is cut, and then not found */
	text_to_cstring_buffer(name, buffer, sizeof(buffer));
	return zone_by_name(buffer);
}

static int
remember_word(const text *word, char *known, int size)
{
	int length = VARSIZE_ANY_EXHDR(word);

	if (length > size)
		return -1; /* odd, and looked up anew for each row */
	memcpy(known, VARDATA_ANY(word), length);
	return length;
}

void
period_words_read(PeriodWords *words, const text *unit, const text *zone)
{
	const pg_tz *tz;

	words->calendar = NULL; /* should one of the words be wrong */
	tz = zone == NULL ? session_timezone : period_zone(zone);
	words->unit_length = remember_word(unit, words->unit, sizeof(words->unit));
	if (zone != NULL)
		words->zone_length = remember_word(zone, words->zone, sizeof(words->zone));
	words->calendar = period_calendar(period_unit(unit), tz);
}

/* ---- period_start(at, unit [, time_zone]) ---- */

/* The calendar of a call, and whether it can change from row to row. */
typedef struct CallCache
{
	PeriodWords words;
	bool constant;	   /* neither word can change */
	bool session_zone; /* the zone is that of the session, which can */
} CallCache;

bool
period_word_is_literal(FmgrInfo *function, int i)
{
	Node *call = function->fn_expr;

	return call != NULL && IsA(call, FuncExpr) && i < list_length(((FuncExpr *) call)->args) &&
		   IsA(list_nth(((FuncExpr *) call)->args, i), Const);
}

static CallCache *
new_call_cache(FunctionCallInfo fcinfo)
{
	CallCache *cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallCache));

	cache->session_zone = PG_NARGS() == 2;
	cache->constant = period_word_is_literal(fcinfo->flinfo, 1) &&
					  (cache->session_zone || period_word_is_literal(fcinfo->flinfo, 2));
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/* The calendar for the words of this call, which may be those of the last one. */
static pg_noinline PeriodCalendar *
calendar_by_words(FunctionCallInfo fcinfo, CallCache *cache)
{
	const text *unit = PG_GETARG_TEXT_PP(1);
	const text *zone = cache->session_zone ? NULL : PG_GETARG_TEXT_PP(2);

	if (!period_words_are(&cache->words, unit, zone))
		period_words_read(&cache->words, unit, zone);
	return cache->words.calendar;
}

static inline PeriodCalendar *
call_calendar(FunctionCallInfo fcinfo)
{
	CallCache *cache = fcinfo->flinfo->fn_extra;

	if (unlikely(cache == NULL))
		cache = new_call_cache(fcinfo);
	if (likely(cache->constant && cache->words.calendar != NULL &&
			   (!cache->session_zone || cache->words.calendar->key.zone == session_timezone)))
		return cache->words.calendar;
	return calendar_by_words(fcinfo, cache);
}

/*
 * period_start(at timestamptz, unit text [, time_zone text]) -> date
 *
 * The date on which the day, ISO week, month, quarter or year that holds the instant starts, by the
 * clock of the zone: the date of date_trunc(unit, at, time_zone).  Infinities give the infinite
 * dates, as there.  ERROR for other units, unknown zones (22023) and periods that start before the
 * earliest timestamp (22008).
 */
PG_FUNCTION_INFO_V1(period_start);
Datum
period_start(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	PeriodCalendar *calendar = call_calendar(fcinfo);

	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		PG_RETURN_DATEADT(TIMESTAMP_IS_NOBEGIN(at) ? DATEVAL_NOBEGIN : DATEVAL_NOEND);
	PG_RETURN_DATEADT(period_at(calendar, at)->start);
}
