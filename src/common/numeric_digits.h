/*
 * numeric_digits.h: the digits of a stored numeric, read in place.
 *
 * A numeric is a header and digits of base 10,000, most significant first.  The header's upper two
 * bits say which form it has: 10 is short (one word with sign, scale and weight), 00 and 01 are
 * long (a word with sign and scale, a word with the weight), 11 is NaN or an infinity.  This is how
 * numeric is on disk since 9.1, and pg_upgrade needs it to stay so.  numeric_send() says the same
 * for the price of an allocation, several times as much as what we do with the digits.
 */
#ifndef CUSTOMER_LIFECYCLE_NUMERIC_DIGITS_H
#define CUSTOMER_LIFECYCLE_NUMERIC_DIGITS_H

#include "common/compat.h"

/* The number is the sum of digit i times 10000^(weight - i), or special: NaN or an infinity. */
typedef struct NumericDigits
{
	const char *digits; /* int16 each, perhaps not aligned; see numeric_digit() */
	int count;			/* 0: the number is zero */
	int weight;
	int dscale; /* decimal digits after the point that are shown */
	bool negative;
	bool special;
} NumericDigits;

#define NUMERIC_FORM_BITS 0xC000
#define NUMERIC_FORM_SHORT 0x8000
#define NUMERIC_FORM_SPECIAL 0xC000
#define NUMERIC_LONG_NEGATIVE 0x4000
#define NUMERIC_LONG_DSCALE 0x3FFF

static inline int
numeric_digit(const NumericDigits *n, int i)
{
	int16 digit;

	memcpy(&digit, n->digits + i * sizeof(digit), sizeof(digit));
	return digit;
}

/* The short form: from the top 2 bits form, 1 sign, 6 scale, 7 weight (two's complement). */
static inline void
numeric_short_header(NumericDigits *n, uint16 header)
{
	int weight = header & 0x7F;

	n->weight = weight >= 0x40 ? weight - 0x80 : weight;
	n->dscale = (header >> 7) & 0x3F;
	n->negative = (header & 0x2000) != 0;
}

/* value is not toasted (DatumGetNumeric, PG_DETOAST_DATUM_PACKED); the digits point into it. */
static inline NumericDigits
numeric_digits(const struct varlena *value)
{
	const char *at = VARDATA_ANY(value);
	int header_size = sizeof(uint16);
	NumericDigits n = {0};
	uint16 header;
	int16 weight;

	memcpy(&header, at, sizeof(header));
	switch (header & NUMERIC_FORM_BITS)
	{
		case NUMERIC_FORM_SPECIAL:
			n.special = true;
			return n;
		case NUMERIC_FORM_SHORT:
			numeric_short_header(&n, header);
			break;
		default:
			memcpy(&weight, at + header_size, sizeof(weight));
			header_size += sizeof(weight);
			n.weight = weight;
			n.dscale = header & NUMERIC_LONG_DSCALE;
			n.negative = (header & NUMERIC_LONG_NEGATIVE) != 0;
	}
	n.digits = at + header_size;
	n.count = (int) (VARSIZE_ANY_EXHDR(value) - header_size) / (int) sizeof(int16);
	return n;
}

#endif
