/*
 * purchase_summary.h: the purchases of one customer, as a value.
 *
 *   +--------+---------+-------+-------+----------+-------+------+--------+
 *   | varlen | version | flags | scale | zone_len | count | kind | size   |
 *   +--------+---------+-------+-------+----------+-------+------+--------+
 *   | first_at | last_at | first_bucket | spend | first_spend | refunds   |
 *   +----------+---------+--------------+-------+-------------+-----------+
 *   | end: as_of, as_of_bucket          | only if observed, or given      |
 *   +-----------------------------------+---------------------------------+
 *   | zone, padded to 8 bytes           | bucket[0] < bucket[1] < (spare) |
 *   +-----------------------------------+---------------------------------+
 *
 * The numbers of the buckets with a purchase are kept, so that two parts that share a bucket merge
 * exactly.  Only a state in the making is unsorted or has spare room; final(), + and input put it
 * in the one canonical form.  Bucket numbers take 4 bytes (days, months) or 8 (time).  A state's
 * size is a power of two, as palloc() rounds it up to one anyway: 128 bytes hold the days of the
 * three or four purchases that most customers make.
 *
 * A value made by make_purchase_summary() (PURCHASE_GIVEN) has no buckets but the numbers it was
 * given: count = frequency + 1, first_at = 0, last_at = recency, as_of = age in microseconds, and
 * spend = the monetary value.
 */
#ifndef CUSTOMER_LIFECYCLE_PURCHASE_SUMMARY_H
#define CUSTOMER_LIFECYCLE_PURCHASE_SUMMARY_H

#include "common/compat.h"

#include "value/exact_money.h"
#include "value/purchase_bucket.h"

#define PURCHASE_SUMMARY_VERSION 2
#define PURCHASE_WIRE_VERSION 1

/* More purchases than any customer makes; the numbers of their buckets then take 400 MB. */
#define PURCHASE_MAX_BUCKETS 50000000

#define PURCHASE_HAS_AMOUNT 0x01 /* amounts were given: spend is known */
#define PURCHASE_OBSERVED 0x02	 /* as_of is set */
#define PURCHASE_GIVEN 0x04		 /* from make_purchase_summary() */
#define PURCHASE_UNSORTED 0x08	 /* only while growing */
#define PURCHASE_ALL_FLAGS 0x0F

typedef struct PurchaseSummary
{
	int32 vl_len_; /* varlena header (do not touch directly!) */
	uint8 version;
	uint8 flags;
	uint8 scale;
	uint8 zone_len;
	int32 count;
	uint8 bucket_kind;
	uint8 unused[3]; /* zero */
	int64 bucket_size;
	int64 first_at;
	int64 last_at;
	int64 first_bucket;
	MoneyUnits spend;		/* of all purchases */
	MoneyUnits first_spend; /* of those in the first bucket */
	MoneyUnits refunds;		/* negative amounts: zero or less */
	char data[FLEXIBLE_ARRAY_MEMBER];
} PurchaseSummary;

/* The end of observation, of a summary that has one. */
typedef struct PurchaseEnd
{
	int64 as_of;
	int64 as_of_bucket; /* the bucket that as_of is in */
} PurchaseEnd;

static inline bool
purchase_is(const PurchaseSummary *s, int flag)
{
	return (s->flags & flag) != 0;
}

static inline bool
purchase_has_end(const PurchaseSummary *s)
{
	return purchase_is(s, PURCHASE_OBSERVED | PURCHASE_GIVEN);
}

/* Only where purchase_has_end(). */
static inline PurchaseEnd *
purchase_end(const PurchaseSummary *s)
{
	return (PurchaseEnd *) s->data;
}

/* Not terminated by a zero. */
static inline char *
purchase_zone_name(const PurchaseSummary *s)
{
	return (char *) s->data + (purchase_has_end(s) ? sizeof(PurchaseEnd) : 0);
}

static inline char *
purchase_buckets(const PurchaseSummary *s)
{
	return purchase_zone_name(s) + MAXALIGN(s->zone_len);
}

static inline PurchaseBucket
purchase_bucket_of(const PurchaseSummary *s)
{
	return (PurchaseBucket){(BucketKind) s->bucket_kind, s->bucket_size};
}

static inline int
purchase_bucket_width(const PurchaseSummary *s)
{
	return s->bucket_kind == BUCKET_TIME ? sizeof(int64) : sizeof(int32);
}

static inline int64
purchase_bucket_at(const PurchaseSummary *s, int i)
{
	const char *buckets = purchase_buckets(s);

	if (s->bucket_kind == BUCKET_TIME)
		return ((const int64 *) buckets)[i];
	return ((const int32 *) buckets)[i];
}

/* An empty summary with these flags and room for so many buckets. */
extern PurchaseSummary *purchase_summary_new(const PurchaseBucket *bucket, const char *zone,
											 int flags, int capacity);

/* One more bucket number, in any order; the summary may move. */
extern PurchaseSummary *purchase_summary_append(PurchaseSummary *s, int64 number);

/* A copy in canonical form: sorted, no duplicates, no spare room. */
extern PurchaseSummary *purchase_summary_canonical(const PurchaseSummary *s);

/* Argument i, checked and canonical. */
extern const PurchaseSummary *purchase_summary_arg(FunctionCallInfo fcinfo, int i);

/* A canonical copy that ends at as_of, which no purchase may be after. */
extern PurchaseSummary *purchase_summary_observed(const PurchaseSummary *s, TimestampTz as_of);

/*
 * When the last purchase was and when observation ends, in microseconds from the first purchase, by
 * the starts of their buckets; an age needs an end.
 */
extern int64 purchase_recency(const PurchaseSummary *s);
extern int64 purchase_age(const PurchaseSummary *s);

/* All purchases but those of the first bucket. */
extern ExactMoney purchase_repeat_spend(const PurchaseSummary *s);

#endif
