/*
 * activity_summary.h: the periods in which one customer was active.
 */
#ifndef CUSTOMER_LIFECYCLE_ACTIVITY_SUMMARY_H
#define CUSTOMER_LIFECYCLE_ACTIVITY_SUMMARY_H

#include "common/summary.h"
#include "journey/activity_period.h"

/*
 * A bitmap, one bit a period, lowest bit of each byte first, after the clock that cuts the periods:
 *
 *   +---------+-------+----+-----------+--------------+-----------+------+-----+
 *   | vl_len_ |version|unit|zone_length| first        | zone name | bits | ... |
 *   |  4      |  1    | 1  |  1  (+ 1) | 4: of bit 0  |           |      |     |
 *   +---------+-------+----+-----------+--------------+-----------+------+-----+
 *
 * Outside of aggregates bit 0 is set, and so is one of the last byte: equal values have equal
 * bytes.  As a state it has room on either side.
 */
typedef struct ActivitySummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unit;
	uint8 zone_length;
	uint8 unused;
	int32 first;
	char data[FLEXIBLE_ARRAY_MEMBER];
} ActivitySummary;

#define ACTIVITY_SUMMARY_VERSION 1
#define ACTIVITY_SUMMARY_HEADER offsetof(ActivitySummary, data)

/* A value as accessors read it, wherever it lies: a short one from a table isn't copied. */
typedef struct Activity
{
	PeriodUnit unit;
	const char *zone;
	int zone_length;
	int32 first; /* the first active period */
	int32 last;	 /* and the last */
	int32 base;	 /* the period of bit 0 */
	int32 bytes;
	const uint8 *bits;
} Activity;

/* Argument i of an accessor, checked. */
extern Activity activity_arg(FunctionCallInfo fcinfo, int i);

static inline bool
activity_in(const Activity *a, int32 period)
{
	int64 bit = (int64) period - a->base;

	return bit >= 0 && bit < (int64) a->bytes * 8 && ((a->bits[bit / 8] >> (bit % 8)) & 1) != 0;
}

/* How many of the periods since ... until - 1 are active? */
extern int32 activity_count(const Activity *a, int64 since, int64 until);

#endif
