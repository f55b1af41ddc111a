/*
 * survival_duration.h: the durations, entries and weights that survival and Cox aggregates take.
 *
 * A duration is a number in a unit of the user's, or an interval, which becomes days of 24 hours.
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_DURATION_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_DURATION_H

#include "common/compat.h"

#include "datatype/timestamp.h"

/*
 * The duration itself; ERROR (22003) unless finite and not negative.  Negative zero becomes zero,
 * so that the bits of durations compare like their values.
 */
extern double survival_checked_duration(double duration);

/*
 * An interval in days of 24 hours, exact to the microsecond for 285 years; ERROR (22023) if it has
 * months, whose length varies, and as for numbers.
 */
extern double survival_days(const Interval *duration);

/*
 * The result of an SQL function that returns so many days as an interval, in whole days and the time
 * that is left; NaN is NULL.
 */
extern Datum survival_interval_or_null(FunctionCallInfo fcinfo, double days);

/* ERROR (22023) unless 0 <= entry < duration; 0 is "from the beginning", for any duration. */
extern void survival_check_entry(double entry, double duration);

/* ERROR (22003) unless 0 <= weight <= SURVIVAL_MAX_WEIGHT. */
extern void survival_check_weight(double weight);

#endif
