/*
 * purchase_summary_v1.c: values that release 0.1.0 stored, in the present layout.
 */
#include "value/purchase_summary_v1.h"

/*
 * Version 1 had an end of observation in every value, and said its capacity:
 *
 *   +--------+---------+-------+-------+----------+-------+----------+------+--------+
 *   | varlen | version | flags | scale | zone_len | count | capacity | kind | size   |
 *   +--------+---------+-------+-------+----------+-------+----------+------+--------+
 *   | first_at | last_at | as_of, as_of_bucket | first_bucket                        |
 *   +------------------------------------------+-------------------------------------+
 *   | spend | first_spend | refunds            | zone, padded to 8 bytes | bucket[0] |
 *   +------------------------------------------+-------------------------------------+
 */
typedef struct PurchaseSummaryV1
{
	int32 vl_len_;
	uint8 version;
	uint8 flags;
	uint8 scale;
	uint8 zone_len;
	int32 count;
	int32 capacity;
	int32 bucket_kind;
	int32 unused;
	int64 bucket_size;
	int64 first_at;
	int64 last_at;
	PurchaseEnd end;
	int64 first_bucket;
	MoneyUnits spend;
	MoneyUnits first_spend;
	MoneyUnits refunds;
	char data[FLEXIBLE_ARRAY_MEMBER];
} PurchaseSummaryV1;

static bool
layout_is_sound(const PurchaseSummaryV1 *old)
{
	Size width = old->bucket_kind == BUCKET_TIME ? sizeof(int64) : sizeof(int32);

	return old->count >= 0 && old->capacity >= 0 && old->capacity <= PURCHASE_MAX_BUCKETS &&
		   (old->flags & ~PURCHASE_ALL_FLAGS) == 0 && old->bucket_kind >= BUCKET_DAYS &&
		   old->bucket_kind <= BUCKET_TIME && old->bucket_size > 0 &&
		   ((old->flags & PURCHASE_GIVEN) != 0 || old->count <= old->capacity) &&
		   VARSIZE(old) ==
			   offsetof(PurchaseSummaryV1, data) + MAXALIGN(old->zone_len) + width * old->capacity;
}

PurchaseSummary *
purchase_summary_from_v1(const void *stored)
{
	const PurchaseSummaryV1 *old = stored;
	PurchaseSummary *s;
	PurchaseBucket bucket;
	char zone[PG_UINT8_MAX + 1] = "";

	if (VARSIZE(old) < offsetof(PurchaseSummaryV1, data) || !layout_is_sound(old))
		return NULL;
	bucket = (PurchaseBucket){(BucketKind) old->bucket_kind, old->bucket_size};
	memcpy(zone, old->data, old->zone_len);
	if (strlen(zone) != old->zone_len)
		return NULL;
	s = purchase_summary_new(&bucket, zone, old->flags, old->capacity);
	s->scale = old->scale;
	s->count = old->count;
	s->first_at = old->first_at;
	s->last_at = old->last_at;
	s->first_bucket = old->first_bucket;
	s->spend = old->spend;
	s->first_spend = old->first_spend;
	s->refunds = old->refunds;
	if (purchase_has_end(s))
		*purchase_end(s) = old->end;
	if (!purchase_is(s, PURCHASE_GIVEN))
		memcpy(purchase_buckets(s), old->data + MAXALIGN(old->zone_len),
			   (Size) old->count * purchase_bucket_width(s));
	return s;
}
