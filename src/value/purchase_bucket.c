/*
 * purchase_bucket.c: numbered buckets of time (see purchase_bucket.h).
 */
#include "value/purchase_bucket.h"

#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
#include "value/model_time.h"

/* 2000-01-03 was a Monday. */
#define FIRST_MONDAY 2

/* No timestamp is farther from 2000, before and after it, in each unit. */
#define MIN_DAYS INT64CONST(-2460000)
#define MAX_DAYS INT64CONST(106751985)
#define MIN_MONTHS INT64CONST(-81000)
#define MAX_MONTHS INT64CONST(3510000)
#define MIN_TIME INT64CONST(-212000000000000000)
#define MAX_TIME INT64CONST(9000000000000000000)

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* ---- time zones ---- */

pg_tz *
purchase_zone(const char *name)
{
	pg_tz *tz = pg_tzset(name);

	if (tz == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("time zone \"%s\" not recognized", name),
						errhint("The view pg_timezone_names lists all time zones.")));
	return tz;
}

/* Months are what it tells; days follow from how far the clock is ahead within one. */
PeriodCalendar *
purchase_calendar(const pg_tz *zone)
{
	return period_calendar(PERIOD_MONTH, zone);
}

/* ---- buckets ---- */

PurchaseBucket
purchase_bucket_from_interval(const Interval *interval)
{
	PurchaseBucket bucket = {BUCKET_TIME, interval->time};

	if (interval->month != 0)
		bucket = (PurchaseBucket){BUCKET_MONTHS, interval->month};
	else if (interval->day != 0)
		bucket = (PurchaseBucket){BUCKET_DAYS, interval->day};
	if ((interval->month != 0) + (interval->day != 0) + (interval->time != 0) != 1 ||
		bucket.size < 0 || (bucket.kind == BUCKET_MONTHS && bucket.size > MAX_MONTHS) ||
		(bucket.kind == BUCKET_DAYS && bucket.size > MAX_DAYS) || bucket.size > MAX_TIME)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid bucket %s",
							   DatumGetCString(DirectFunctionCall1(
								   interval_out, IntervalPGetDatum((Interval *) interval)))),
						errdetail("A bucket is a positive number of months, of days, or of shorter "
								  "units, not a mixture."),
						errhint("For example: interval '1 day'.")));
	return bucket;
}

char *
purchase_bucket_to_string(const PurchaseBucket *bucket)
{
	const char *plural = bucket->size == 1 ? "" : "s";

	if (bucket->kind == BUCKET_DAYS)
		return psprintf(INT64_FORMAT " day%s", bucket->size, plural);
	if (bucket->kind == BUCKET_MONTHS)
		return psprintf(INT64_FORMAT " month%s", bucket->size, plural);
	return model_time_clock(bucket->size);
}

/* The first day of buckets of so many days. */
static int
day_origin(int64 days)
{
	return days % 7 == 0 ? FIRST_MONDAY : 0;
}

int64
purchase_bucket_number(const PurchaseBucket *bucket, PeriodCalendar *calendar, TimestampTz at)
{
	const Period *month;
	int64 day;

	if (bucket->kind == BUCKET_TIME)
		return floor_div(at, bucket->size);
	month = period_at(calendar, at);
	if (bucket->kind == BUCKET_MONTHS)
		return floor_div(month->number, bucket->size);
	day = floor_div(at + month->ahead * USECS_PER_SEC, USECS_PER_DAY);
	return bucket->size == 1 ? day : floor_div(day - day_origin(bucket->size), bucket->size);
}

int64
purchase_bucket_start(const PurchaseBucket *bucket, int64 number)
{
	int64 months;
	int64 year;

	if (bucket->kind == BUCKET_TIME)
		return number * bucket->size;
	if (bucket->kind == BUCKET_DAYS)
		return (number * bucket->size + day_origin(bucket->size)) * USECS_PER_DAY;
	months = number * bucket->size;
	year = floor_div(months, MONTHS_PER_YEAR);
	return (int64) (date2j(2000 + (int) year, 1 + (int) (months - year * MONTHS_PER_YEAR), 1) -
					POSTGRES_EPOCH_JDATE) *
		   USECS_PER_DAY;
}

bool
purchase_bucket_is_valid(const PurchaseBucket *bucket, int64 number)
{
	int64 least = MIN_TIME;
	int64 most = PG_INT64_MAX;

	if (bucket->kind == BUCKET_DAYS)
	{
		least = MIN_DAYS;
		most = MAX_DAYS;
	}
	else if (bucket->kind == BUCKET_MONTHS)
	{
		least = MIN_MONTHS;
		most = MAX_MONTHS;
	}
	/* a bucket may begin before the first timestamp that is in it */
	return number >= least / bucket->size - 1 && number <= most / bucket->size;
}
