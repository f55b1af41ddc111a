/*
 * clv_sample.h: the histories of many customers, equal ones collapsed, to fit models to.
 *
 *   +--------+---------+-------+-----------+---------------+----------------+
 *   | varlen | version | flags | customers | observed_from | observed_until |
 *   +--------+---------+-------+-----------+---------------+----------------+
 *   | n_histories | history_capacity | n_spends | spend_capacity            |
 *   +-------------+------------------+----------+---------------------------+
 *   | history[history_capacity] | spend[spend_capacity]                     |
 *   +---------------------------+-------------------------------------------+
 *   | history_slot[2 * history_capacity] | spend_slot[2 * spend_capacity]   |  while growing
 *   +------------------------------------+----------------------------------+
 *
 * Two tables, because spend hardly ever repeats while (x, t_x, T) does: a joint one would collapse
 * nothing.  While it grows, open-addressed hash tables of positions find equal rows; final(), + and
 * input sort the rows and drop the slots, so that equal samples are equal bytes and a fit doesn't
 * depend on the order of its rows.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_SAMPLE_H
#define CUSTOMER_LIFECYCLE_CLV_SAMPLE_H

#include "common/compat.h"

#include "datatype/timestamp.h"

#define CLV_SAMPLE_VERSION 1

/* Both tables with their slots then take 600 MB. */
#define CLV_MAX_ROWS 8388608

#define CLV_HASHED 0x01		 /* only while growing */
#define CLV_CONTRACTUAL 0x02 /* of sbg_agg(): x is the period, count who is left after it */
#define CLV_OBSERVED 0x04	 /* observed_from and observed_until are known */

typedef struct ClvHistory
{
	int64 x;
	int64 recency; /* microseconds */
	int64 age;
	int64 count; /* customers */
} ClvHistory;

typedef struct ClvSpend
{
	int64 x;
	double mean; /* of the x repeat purchases */
	int64 count;
} ClvSpend;

typedef struct ClvSample
{
	int32 vl_len_; /* varlena header (do not touch directly!) */
	uint8 version;
	uint8 flags;
	uint16 unused;
	int64 customers;
	TimestampTz observed_from;
	TimestampTz observed_until;
	int32 n_histories;
	int32 history_capacity;
	int32 n_spends;
	int32 spend_capacity;
	char data[FLEXIBLE_ARRAY_MEMBER];
} ClvSample;

static inline ClvHistory *
clv_histories(const ClvSample *s)
{
	return (ClvHistory *) s->data;
}

static inline ClvSpend *
clv_spends(const ClvSample *s)
{
	return (ClvSpend *) (clv_histories(s) + s->history_capacity);
}

static inline bool
clv_sample_is(const ClvSample *s, int flag)
{
	return (s->flags & flag) != 0;
}

/* An empty sample with room for so many rows in each table, without slots. */
extern ClvSample *clv_sample_new(int history_capacity, int spend_capacity);

/* Argument i, checked and canonical. */
extern const ClvSample *clv_sample_arg(FunctionCallInfo fcinfo, int i);

/* What is wrong with the content of a canonical value, or NULL. */
extern const char *clv_sample_problem(const ClvSample *s);

#endif
