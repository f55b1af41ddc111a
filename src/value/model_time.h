/*
 * model_time.h: intervals as microseconds, the time of histories and models.
 *
 * A day has 24 hours, a year 365.25 days, and a month is the twelfth of a year: 30.4375 days.
 */
#ifndef CUSTOMER_LIFECYCLE_MODEL_TIME_H
#define CUSTOMER_LIFECYCLE_MODEL_TIME_H

#include "common/compat.h"

#include "datatype/timestamp.h"

#define USECS_PER_MONTH (INT64CONST(2629800) * USECS_PER_SEC)
#define USECS_PER_YEAR (12 * USECS_PER_MONTH)

/*
 * An interval of zero or more; an ERROR (22003) that names the argument if it is negative, infinite
 * or longer than 292,000 years.
 */
extern int64 model_time_from_interval(const Interval *interval, const char *name);

/* As days and time of day; and the text of that, which reads back under any IntervalStyle. */
extern Interval *model_time_to_interval(int64 usecs);
extern char *model_time_to_string(int64 usecs);

/* As hours, minutes and seconds: 36:00:00 is a day and a half. */
extern char *model_time_clock(int64 usecs);

#endif
