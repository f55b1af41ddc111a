/*
 * revenue_amount.h: amounts of money, exact, in limbs of 16 decimal digits.
 *
 * Reading and adding numeric through its own functions costs an allocation and a normalisation
 * each.  A limb holds four of numeric's digits (of base 10,000), so that a numeric becomes limbs
 * without a division, and adding is a loop over one to three of them.
 */
#ifndef CUSTOMER_LIFECYCLE_REVENUE_AMOUNT_H
#define CUSTOMER_LIFECYCLE_REVENUE_AMOUNT_H

#include "common/compat.h"

#define LIMB_DIGITS 16
#define LIMB_BASE UINT64CONST(10000000000000000) /* 10^16: two limbs and a carry fit in uint64 */

/* Where numeric's own limits are: 131072 digits before the point and 16383 after it. */
#define LIMB_LOWEST (-1024)
#define LIMB_TOP 8192
#define AMOUNT_MAX_DSCALE 16383

/* Most amounts need two limbs; larger ones are allocated. */
#define AMOUNT_SPACE 8

/*
 * The number sum(limb[i] * LIMB_BASE^(low + i)), never negative.  Neither the first nor the last
 * limb is 0; zero has no limbs.  Points into itself: pass it by reference, don't copy it.
 */
typedef struct Amount
{
	int low;
	int limbs;
	int dscale; /* digits after the point as given, 1.50 has 2 */
	uint64 *limb;
	uint64 space[AMOUNT_SPACE];
} Amount;

/* The amount of a numeric; an ERROR (22003) unless it is finite and not negative. */
extern void amount_from_numeric(Amount *a, Datum value);

extern void amount_zero(Amount *a);

/* Limbs that are kept elsewhere, as an amount. */
extern void amount_view(Amount *a, uint64 *limb, int low, int limbs);

/* The numeric with so many digits after the point, which must be enough. */
extern Datum amount_numeric(const Amount *a, int dscale);

/* Digits after the point that the amount needs. */
extern int amount_decimals(const Amount *a);

/* Negative, 0 or positive as a is less than, equal to or greater than b. */
extern int amount_cmp(const Amount *a, const Amount *b);

/* difference = a - b, where a >= b */
extern void amount_subtract(const Amount *a, const Amount *b, Amount *difference);

#endif
