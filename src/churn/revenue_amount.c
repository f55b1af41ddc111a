/*
 * revenue_amount.c: amounts of money in limbs of 16 decimal digits (see revenue_amount.h).
 */
#include "churn/revenue_amount.h"

#include "common/numeric_digits.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define NUMERIC_DIGITS_A_LIMB 4

static const uint64 POWER[NUMERIC_DIGITS_A_LIMB] = {1, 10000, 100000000,
													UINT64CONST(1000000000000)};

/* i / 4, rounded down also for negative numbers */
static inline int
limb_of(int exponent)
{
	return exponent >= 0 ? exponent / NUMERIC_DIGITS_A_LIMB
						 : -((NUMERIC_DIGITS_A_LIMB - 1 - exponent) / NUMERIC_DIGITS_A_LIMB);
}

static void
make_space(Amount *a, int low, int limbs)
{
	a->low = low;
	a->limbs = limbs;
	a->limb = limbs <= AMOUNT_SPACE ? a->space : palloc(limbs * sizeof(uint64));
	memset(a->limb, 0, limbs * sizeof(uint64));
}

/* No zeros at either end. */
static void
trim(Amount *a)
{
	while (a->limbs > 0 && a->limb[a->limbs - 1] == 0)
		a->limbs--;
	while (a->limbs > 0 && a->limb[0] == 0)
	{
		a->limb++;
		a->low++;
		a->limbs--;
	}
	if (a->limbs == 0)
		a->low = 0;
}

static void
unusable_amount(Datum value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("invalid amount %s", DatumGetCString(DirectFunctionCall1(numeric_out, value))),
			 errdetail("Recurring revenue is a finite amount, zero or positive."),
			 errhint("Refunds and credits are not recurring revenue; leave them out.")));
}

void
amount_zero(Amount *a)
{
	a->dscale = 0;
	make_space(a, 0, 0);
}

void
amount_view(Amount *a, uint64 *limb, int low, int limbs)
{
	a->dscale = 0;
	a->low = low;
	a->limbs = limbs;
	a->limb = limb;
	trim(a);
}

void
amount_from_numeric(Amount *a, Datum value)
{
	NumericDigits n = numeric_digits(PG_DETOAST_DATUM_PACKED(value));
	int low;

	if (unlikely(n.special || (n.negative && n.count > 0)))
		unusable_amount(value);
	a->dscale = n.dscale;
	if (n.count == 0)
	{
		make_space(a, 0, 0);
		return;
	}
	low = limb_of(n.weight - n.count + 1);
	make_space(a, low, limb_of(n.weight) - low + 1);
	for (int i = 0; i < n.count; i++)
	{
		int exponent = n.weight - i - low * NUMERIC_DIGITS_A_LIMB;

		a->limb[exponent / NUMERIC_DIGITS_A_LIMB] +=
			numeric_digit(&n, i) * POWER[exponent % NUMERIC_DIGITS_A_LIMB];
	}
	trim(a);
}

static inline uint64
limb_at(const Amount *a, int index)
{
	return index >= a->low && index < a->low + a->limbs ? a->limb[index - a->low] : 0;
}

Datum
amount_numeric(const Amount *a, int dscale)
{
	int top = Max(a->low + a->limbs, 1);
	int bottom = -((dscale + LIMB_DIGITS - 1) / LIMB_DIGITS);
	char *text = palloc((Size) (top - bottom) * LIMB_DIGITS + 2);
	char *at = text;

	for (int i = top - 1; i >= bottom; i--)
	{
		if (i == -1)
			*at++ = '.';
		at += sprintf(at, "%016llu", (unsigned long long) limb_at(a, i));
	}
	/* the last limb may have more digits than are wanted: zeros */
	at[dscale + LIMB_DIGITS * bottom] = '\0';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

int
amount_decimals(const Amount *a)
{
	int decimals = -a->low * LIMB_DIGITS;

	if (a->limbs == 0 || a->low >= 0)
		return 0;
	for (uint64 limb = a->limb[0]; limb % 10 == 0; limb /= 10)
		decimals--;
	return decimals;
}

int
amount_cmp(const Amount *a, const Amount *b)
{
	int bottom = Min(a->low, b->low);

	if (a->limbs == 0 || b->limbs == 0)
		return (a->limbs > 0) - (b->limbs > 0);
	for (int i = Max(a->low + a->limbs, b->low + b->limbs) - 1; i >= bottom; i--)
	{
		uint64 x = limb_at(a, i);
		uint64 y = limb_at(b, i);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

void
amount_subtract(const Amount *a, const Amount *b, Amount *difference)
{
	int low = b->limbs == 0 ? a->low : Min(a->low, b->low);
	uint64 borrow = 0;

	difference->dscale = Max(a->dscale, b->dscale);
	make_space(difference, low, a->low + a->limbs - low);
	for (int i = 0; i < difference->limbs; i++)
	{
		uint64 x = limb_at(a, low + i);
		uint64 y = limb_at(b, low + i) + borrow;

		borrow = x < y;
		difference->limb[i] = x + (borrow ? LIMB_BASE : 0) - y;
	}
	trim(difference);
}
