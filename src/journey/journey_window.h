/*
 * journey_window.h: how long after an instant something still counts.
 *
 * Pure: no palloc, no ereport, no settings.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_WINDOW_H
#define CUSTOMER_LIFECYCLE_JOURNEY_WINDOW_H

#include "common/compat.h"

#include "common/int.h"

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

/* The instant so many calendar months later (or earlier), clipped to infinity, which stays itself. */
extern int64 journey_add_months(int64 at, int64 months);

/*
 * The last instant that is within the window that opens at an instant, boundary included.  An
 * infinite instant is its own deadline, an unlimited or overflowing window ends at infinity.
 */
static inline int64
journey_deadline(int64 at, const JourneyWindow *w)
{
	int64 result;

	if (w->unlimited)
		return PG_INT64_MAX;
	if (unlikely(w->months != 0))
		at = journey_add_months(at, w->months);
	if (at == PG_INT64_MIN || at == PG_INT64_MAX)
		return at;
	return pg_add_s64_overflow(at, w->usec, &result) ? PG_INT64_MAX : result;
}

/* The same backwards: the earliest instant from which `at` is within the window. */
extern int64 journey_reach_back(int64 at, const JourneyWindow *w);

#endif
