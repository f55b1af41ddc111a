/*
 * exact_money.h: exact sums of numeric in a fixed number of bytes.
 *
 * An amount is a whole number of units of 10^-scale.  Sums of one summary share a scale, the
 * largest that any of its amounts had, as sum(numeric) does; 38 digits are enough for that.
 */
#ifndef CUSTOMER_LIFECYCLE_EXACT_MONEY_H
#define CUSTOMER_LIFECYCLE_EXACT_MONEY_H

#include "common/compat.h"

#define MONEY_MAX_SCALE 30

typedef struct ExactMoney
{
	int128 units;
	int scale;
} ExactMoney;

/* An int128 that needs no alignment beyond int64's, to live in a varlena. */
typedef struct MoneyUnits
{
	uint64 low;
	int64 high;
} MoneyUnits;

static inline int128
money_units_get(const MoneyUnits *stored)
{
	return (int128) (((uint128) (uint64) stored->high << 64) | stored->low);
}

static inline void
money_units_set(MoneyUnits *stored, int128 units)
{
	stored->low = (uint64) units;
	stored->high = (int64) (units >> 64);
}

/* The least int128 has no opposite, and so no digits to read it back from. */
static inline bool
money_units_fit(int128 units)
{
	return units != (int128) ((uint128) 1 << 127);
}

/*
 * A numeric, exactly.  NaN, infinities, more than 38 digits or MONEY_MAX_SCALE decimals are an
 * ERROR (22003).
 */
extern ExactMoney money_from_numeric(Datum numeric);
extern Datum money_to_numeric(ExactMoney money);
extern double money_to_double(ExactMoney money);

/* The decimal digits of an amount, as numeric prints them. */
extern char *money_to_string(ExactMoney money);

/* units x 10^digits, and a + b; an ERROR (22003) beyond 38 digits. */
extern int128 money_rescale(int128 units, int digits);
extern int128 money_add(int128 a, int128 b);

/* Are they the same amount, whatever their scales? */
extern bool money_same(ExactMoney a, ExactMoney b);

#endif
