/*
 * journey_interval.h: windows out of SQL intervals.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_INTERVAL_H
#define CUSTOMER_LIFECYCLE_JOURNEY_INTERVAL_H

#include "journey/journey_window.h"

#include "datatype/timestamp.h"

/*
 * The window of an interval; NULL (and the infinite interval) is unlimited.  ERROR (22023) that
 * names the argument if a part of the interval is negative.
 */
extern JourneyWindow journey_window(const Interval *interval, const char *argument);

#endif
