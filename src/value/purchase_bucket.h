/*
 * purchase_bucket.h: numbered buckets of time; purchases of one bucket count as one.
 *
 * A bucket is so many days or months of a time zone's calendar, or a fixed span of absolute time.
 * Numbers count from 2000-01-01; buckets of several days start on Mondays where their size is a
 * multiple of 7.
 */
#ifndef CUSTOMER_LIFECYCLE_PURCHASE_BUCKET_H
#define CUSTOMER_LIFECYCLE_PURCHASE_BUCKET_H

#include "common/compat.h"

#include "common/period_start.h"

typedef enum BucketKind
{
	BUCKET_DAYS = 1,
	BUCKET_MONTHS = 2,
	BUCKET_TIME = 3 /* microseconds */
} BucketKind;

typedef struct PurchaseBucket
{
	BucketKind kind;
	int64 size;
} PurchaseBucket;

/* The time zone that a value names; an ERROR (22023) if there is none. */
extern pg_tz *purchase_zone(const char *name);

/* What tells the days and months of a zone; it stays as long as the backend. */
extern PeriodCalendar *purchase_calendar(const pg_tz *zone);

/* An ERROR (22023) unless the interval is positive and only months, only days or only time. */
extern PurchaseBucket purchase_bucket_from_interval(const Interval *interval);

/* As text that reads back the same under any IntervalStyle: "7 days", "1 mons", "00:15:00". */
extern char *purchase_bucket_to_string(const PurchaseBucket *bucket);

/* In which bucket is the instant? */
extern int64 purchase_bucket_number(const PurchaseBucket *bucket, PeriodCalendar *calendar,
									TimestampTz at);

/*
 * When the bucket starts, in microseconds from 2000-01-01 by the zone's calendar; days have 24
 * hours there, so that differences are whole days across changes of the clock.
 */
extern int64 purchase_bucket_start(const PurchaseBucket *bucket, int64 number);

/* Is it the number of a bucket that a timestamp can be in? */
extern bool purchase_bucket_is_valid(const PurchaseBucket *bucket, int64 number);

#endif
