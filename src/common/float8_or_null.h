/*
 * float8_or_null.h: numbers as SQL has them, where NaN stands for what isn't known: NULL.
 */
#ifndef CUSTOMER_LIFECYCLE_FLOAT8_OR_NULL_H
#define CUSTOMER_LIFECYCLE_FLOAT8_OR_NULL_H

#include "common/compat.h"

#include <math.h>

/* The result of an SQL function that returns double precision. */
static inline Datum
float8_or_null(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/* Column or element i of a row or an array. */
static inline void
float8_or_null_set(Datum *values, bool *nulls, int i, double value)
{
	values[i] = Float8GetDatum(value);
	nulls[i] = isnan(value);
}

#endif
