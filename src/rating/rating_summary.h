/*
 * rating_summary.h: the exact histogram of whole-number scores on a declared scale.
 */
#ifndef CUSTOMER_LIFECYCLE_RATING_SUMMARY_H
#define CUSTOMER_LIFECYCLE_RATING_SUMMARY_H

#include "common/summary.h"
#include "port/pg_bitutils.h"

/*
 * One counter per point of the scale, lowest score first:
 *
 *   +---------+-------+-----+--------+--------+-----------+-----+----------+
 *   | vl_len_ |version|width|points  |  lo    | count[lo] | ... | count[hi]|
 *   |  4      |  1    | 1   |  (of the length)| width bytes each           |
 *   +---------+-------+-----+-----------------+----------------------------+
 *
 * Counters are as wide as the largest of them needs (1, 2, 4 or 8 bytes), so that a summary of a
 * customer's few answers takes 19 bytes, not 96: a million groups then fit where a hundred
 * thousand would.  A counter that would overflow first widens all of them.  Values outside of
 * aggregates have the least possible width, so equal values have equal bytes.
 */
typedef struct RatingSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 width; /* bytes a counter */
	int16 lo;	 /* lowest score of the scale */
	char counts[FLEXIBLE_ARRAY_MEMBER];
} RatingSummary;

#define RATING_SUMMARY_VERSION 1
#define RATING_SUMMARY_HEADER offsetof(RatingSummary, counts)
#define RATING_MAX_POINTS 101

#define DatumGetRatingSummary(d) ((RatingSummary *) PG_DETOAST_DATUM(d))

/* The width is a power of two; a division would cost half of counting a score. */
static inline int
rating_points(const RatingSummary *s)
{
	return (int) (VARSIZE(s) - RATING_SUMMARY_HEADER) >> pg_rightmost_one_pos32(s->width);
}

static inline int
rating_hi(const RatingSummary *s)
{
	return s->lo + rating_points(s) - 1;
}

/* A summary as accessors like to see it. */
typedef struct RatingCounts
{
	int lo;
	int hi;
	int64 n;						/* responses */
	int64 count[RATING_MAX_POINTS]; /* count[i]: responses of score lo + i */
} RatingCounts;

/* Argument i of an accessor, checked. */
extern RatingCounts rating_counts_arg(FunctionCallInfo fcinfo, int i);

/* How many responses have a score in lo..hi (clipped to the scale). */
extern int64 rating_between(const RatingCounts *r, int lo, int hi);

#endif
