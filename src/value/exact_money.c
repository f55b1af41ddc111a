/*
 * exact_money.c: exact sums of numeric in a fixed number of bytes (see exact_money.h).
 */
#include "value/exact_money.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

/*
 * How numeric is stored: a 16-bit header that holds sign, scale and weight (short form) or sign and
 * scale, followed by the weight (long form); then digits of base 10000, most significant first.
 * It is what pg_upgrade keeps, so it can't change; numeric's own functions would cost more than the
 * rest of the aggregate.
 */
#define FORM_MASK 0xC000
#define FORM_SHORT 0x8000
#define FORM_NEGATIVE 0x4000
#define FORM_SPECIAL 0xC000
#define SHORT_NEGATIVE 0x2000
#define SHORT_SCALE(header) (((header) &0x1F80) >> 7)
#define SHORT_WEIGHT(header) (((header) &0x0040 ? ~0x003F : 0) | ((header) &0x003F))
#define LONG_SCALE(header) ((header) &0x3FFF)
#define BASE 10000
#define BASE_DIGITS 4

/* No int128 has more decimal digits. */
#define MAX_DIGITS 39

static void
amount_out_of_range(Datum numeric)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("amount %s is out of range",
					DatumGetCString(DirectFunctionCall1(numeric_out, numeric))),
			 errdetail(
				 "Amounts are finite, with at most 38 digits, %d of them after the decimal point.",
				 MONEY_MAX_SCALE),
			 errhint("Round amounts, for example to round(amount, 4).")));
}

static void
sum_out_of_range(void)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("the sum of the amounts is out of range"),
					errdetail("Sums are exact up to 38 digits, decimals included."),
					errhint("Round amounts, for example to round(amount, 4).")));
}

int128
money_add(int128 a, int128 b)
{
	int128 sum;

	if (unlikely(__builtin_add_overflow(a, b, &sum) || !money_units_fit(sum)))
		sum_out_of_range();
	return sum;
}

static bool
times_power_of_ten(int128 *units, int digits)
{
	for (; digits > 0; digits--)
		if (__builtin_mul_overflow(*units, (int128) 10, units))
			return false;
	return true;
}

int128
money_rescale(int128 units, int digits)
{
	if (!times_power_of_ten(&units, digits))
		sum_out_of_range();
	return units;
}

static int
power_of_ten(int n)
{
	int power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

/* The units of the digits at the scale; false if they don't fit. */
static bool
units_of_digits(const char *digits, int ndigits, int weight, int scale, int128 *units)
{
	int decimals = (ndigits - 1 - weight) * BASE_DIGITS;
	/* of the last digit only so many places count; the others are zeros */
	int beyond = Max(decimals - scale, 0);

	*units = 0;
	for (int i = 0; i < ndigits; i++)
	{
		int dropped = i == ndigits - 1 ? power_of_ten(beyond) : 1;
		int16 digit;

		memcpy(&digit, digits + i * sizeof(digit), sizeof(digit));
		if (__builtin_mul_overflow(*units, (int128) (BASE / dropped), units) ||
			__builtin_add_overflow(*units, (int128) (digit / dropped), units))
			return false;
	}
	decimals -= beyond;
	return *units == 0 ||
		   (scale - decimals <= MAX_DIGITS && times_power_of_ten(units, scale - decimals));
}

ExactMoney
money_from_numeric(Datum numeric)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(numeric);
	const char *at = VARDATA_ANY(value);
	int size = VARSIZE_ANY_EXHDR(value);
	uint16 header;
	int16 weight;
	int used = sizeof(header);
	ExactMoney money;

	memcpy(&header, at, sizeof(header));
	if ((header & FORM_MASK) == FORM_SPECIAL)
		amount_out_of_range(numeric);
	if ((header & FORM_MASK) == FORM_SHORT)
	{
		weight = SHORT_WEIGHT(header);
		money.scale = SHORT_SCALE(header);
	}
	else
	{
		memcpy(&weight, at + used, sizeof(weight));
		used += sizeof(weight);
		money.scale = LONG_SCALE(header);
	}
	if (unlikely(money.scale > MONEY_MAX_SCALE) ||
		!units_of_digits(at + used, (size - used) / (int) sizeof(int16), weight, money.scale,
						 &money.units))
		amount_out_of_range(numeric);
	if ((header & FORM_MASK) == FORM_SHORT ? (header & SHORT_NEGATIVE) != 0
										   : (header & FORM_MASK) == FORM_NEGATIVE)
		money.units = -money.units;
	return money;
}

char *
money_to_string(ExactMoney money)
{
	char digits[MAX_DIGITS + MONEY_MAX_SCALE + 4];
	char *at = digits + sizeof(digits);
	uint128 rest = money.units < 0 ? -(uint128) money.units : (uint128) money.units;

	*--at = '\0';
	for (int i = 0; i <= money.scale || rest > 0; i++)
	{
		if (i == money.scale && i > 0)
			*--at = '.';
		*--at = '0' + (int) (rest % 10);
		rest /= 10;
	}
	if (money.units < 0)
		*--at = '-';
	return pstrdup(at);
}

Datum
money_to_numeric(ExactMoney money)
{
	/* all but astronomical sums: without a detour through text */
	if (money.units == (int64) money.units)
		return NumericGetDatum(int64_div_fast_to_numeric((int64) money.units, money.scale));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(money_to_string(money)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

double
money_to_double(ExactMoney money)
{
	return (double) money.units / pow(10, money.scale);
}

bool
money_same(ExactMoney a, ExactMoney b)
{
	ExactMoney *coarse = a.scale < b.scale ? &a : &b;

	/* what overflows is larger than anything of the finer scale */
	return times_power_of_ten(&coarse->units, abs(a.scale - b.scale)) && a.units == b.units;
}
