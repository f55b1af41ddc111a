/*
 * confidence_bounds.h: the composite type (lower, upper) that every interval function returns.
 */
#ifndef CUSTOMER_LIFECYCLE_CONFIDENCE_BOUNDS_H
#define CUSTOMER_LIFECYCLE_CONFIDENCE_BOUNDS_H

#include "common/compat.h"

/* A bound that is NaN is not known: NULL in SQL. */
typedef struct ConfidenceBounds
{
	double lower;
	double upper;
} ConfidenceBounds;

/*
 * The critical value z of a confidence level (0.95: 1.96 standard errors to either side); an ERROR
 * (22023) unless 0 < confidence < 1.
 */
extern double confidence_z(double confidence);

/* The result of an SQL function that returns confidence_bounds. */
extern Datum confidence_bounds_result(FunctionCallInfo fcinfo, ConfidenceBounds bounds);

#endif
