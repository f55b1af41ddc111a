/*
 * revenue_summary.h: how recurring revenue moved from one instant to the next.
 */
#ifndef CUSTOMER_LIFECYCLE_REVENUE_SUMMARY_H
#define CUSTOMER_LIFECYCLE_REVENUE_SUMMARY_H

#include "churn/revenue_amount.h"
#include "common/summary.h"

/*
 * What happened to a customer's revenue between `before` and `after`.  The identity
 *
 *   end = start + new + expansion + reactivation - contraction - churn
 *
 * holds to the last digit, because the sums are exact.
 */
typedef enum RevenueMovement
{
	REVENUE_NEW,		  /* 0 -> more, never paid before */
	REVENUE_EXPANSION,	  /* something -> more */
	REVENUE_CONTRACTION,  /* something -> less, but something */
	REVENUE_CHURN,		  /* something -> 0 */
	REVENUE_REACTIVATION, /* 0 -> more, paid before */
	REVENUE_UNCHANGED,	  /* something -> the same */
	REVENUE_MOVEMENTS,
	REVENUE_NONE = REVENUE_MOVEMENTS /* 0 -> 0: not counted */
} RevenueMovement;

/* The sums: those of the movements, and what was paid at the start in place of the unchanged. */
#define REVENUE_START REVENUE_UNCHANGED
#define REVENUE_SUMS REVENUE_MOVEMENTS

/*
 *   +---------+-------+------+-----+------+------+-------------------+--------------------------+
 *   | vl_len_ |version|unused| low |dscale|unused| customers, a      | sums: limbs of new, of   |
 *   |  4      |  1    |  1   |  2  |  2   |  6   | movement: 6 x 8   | expansion ... of start   |
 *   +---------+-------+------+-----+------+------+-------------------+--------------------------+
 *
 * All sums have the same limbs, as many as the widest amount so far has needed (revenue_amount.h):
 * the state of whole cents under 10^16 takes 160 bytes.  Outside of aggregates no limb is zero in
 * all sums at either end, so that equal values have equal sums.
 */
typedef struct RevenueSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unused;
	int16 low;	   /* the exponent of each sum's first limb */
	uint16 dscale; /* the most digits after the point that an amount had */
	uint16 unused2[3];
	int64 customers[REVENUE_MOVEMENTS];
	uint64 limb[FLEXIBLE_ARRAY_MEMBER];
} RevenueSummary;

#define REVENUE_SUMMARY_VERSION 1
#define REVENUE_SUMMARY_HEADER offsetof(RevenueSummary, limb)

/* "new", "expansion", ...: the words of revenue_movement() and of the text form */
extern const char *const REVENUE_MOVEMENT_NAMES[REVENUE_MOVEMENTS];

/* How a customer's revenue moved; what changed is put in *change. */
extern RevenueMovement revenue_classify(const Amount *before, const Amount *after, bool paid_before,
										Amount *change);

/* Argument i of an accessor, checked. */
extern RevenueSummary *revenue_summary_arg(FunctionCallInfo fcinfo, int i);

/* A sum as numeric. */
extern Datum revenue_sum(RevenueSummary *s, int which);

/* start + new + expansion + reactivation - contraction - churn, as numeric */
extern Datum revenue_end(RevenueSummary *s);

#endif
