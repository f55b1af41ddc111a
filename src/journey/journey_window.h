/*
 * journey_window.h: how long after an instant something still counts.
 *
 * Pure: no palloc, no ereport, no settings.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_WINDOW_H
#define CUSTOMER_LIFECYCLE_JOURNEY_WINDOW_H

#include "common/compat.h"

/*
 * A length of time: first so many calendar months (in UTC, the day of the month clipped to the
 * length of the month), then so many microseconds.  A day is 24 hours.
 */
typedef struct JourneyWindow
{
	int64 usec;
	int32 months;
	bool unlimited; /* then usec is the most that there is */
} JourneyWindow;

/*
 * The last instant that is within the window that opens at an instant, boundary included.  An
 * infinite instant is its own deadline, an unlimited or overflowing window ends at infinity.
 */
extern int64 journey_deadline(int64 at, const JourneyWindow *w);

/* The same backwards: the earliest instant from which `at` is within the window. */
extern int64 journey_reach_back(int64 at, const JourneyWindow *w);

#endif
