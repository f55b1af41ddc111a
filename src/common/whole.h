/*
 * whole.h: whole numbers out of numeric and double precision, exactly or not at all.
 */
#ifndef CUSTOMER_LIFECYCLE_WHOLE_H
#define CUSTOMER_LIFECYCLE_WHOLE_H

#include "common/compat.h"

/*
 * Is the value whole and in min..max?  Then it is put in *result.  NaN and infinities aren't; 5.0
 * is.
 */
extern bool whole_from_numeric(Datum value, int64 min, int64 max, int64 *result);
extern bool whole_from_float8(double value, int64 min, int64 max, int64 *result);

#endif
