/*
 * activity_period.h: periods counted through, and their dates.
 *
 * The numbers are those of period_at() in common/period_start.h.
 */
#ifndef CUSTOMER_LIFECYCLE_ACTIVITY_PERIOD_H
#define CUSTOMER_LIFECYCLE_ACTIVITY_PERIOD_H

#include "common/period_start.h"

/* The number of the period that holds a date. */
extern int32 activity_period_of(PeriodUnit unit, DateADT date);

/* The first date of a period. */
extern DateADT activity_period_date(PeriodUnit unit, int32 number);

/* What the period is called: day, week, month, quarter, year. */
extern const char *activity_unit_name(PeriodUnit unit);

/*
 * The name under which a zone is kept.  'UTC' is read as an abbreviation, and so as a zone without
 * a proper name, but is the session's zone by its name: both are UTC.
 */
extern const char *activity_zone_name(const pg_tz *zone);

/* The limits of period numbers of a unit, so that all their dates are dates. */
extern int32 activity_first_period(PeriodUnit unit);
extern int32 activity_last_period(PeriodUnit unit);

#endif
