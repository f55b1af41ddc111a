/*
 * activity_period.h: what periods and their zones are called, and how far they go.
 */
#ifndef CUSTOMER_LIFECYCLE_ACTIVITY_PERIOD_H
#define CUSTOMER_LIFECYCLE_ACTIVITY_PERIOD_H

#include "common/period_start.h"

/* What the period is called: day, week, month, quarter, year. */
extern const char *activity_unit_name(PeriodUnit unit);

/*
 * The name under which a zone is kept.  'UTC' is read as an abbreviation, and so as a zone without
 * a proper name, but is the session's zone by its name: both are UTC.
 */
extern const char *activity_zone_name(const pg_tz *zone);

/*
 * The same of a zone that a value names.  Its own name comes before an abbreviation, which it is to
 * period_zone(): CET is Brussels' clock in a value, which calls the abbreviation <+01>-01.
 */
extern const char *activity_zone_read(const char *name);

/* The limits of period numbers of a unit, so that all their dates are dates. */
extern int32 activity_first_period(PeriodUnit unit);
extern int32 activity_last_period(PeriodUnit unit);

#endif
