/*
 * instant.h: timestamps as text that means the same everywhere.
 *
 * The text of a summary may depend neither on DateStyle nor on TimeZone, so it has instants in ISO
 * 8601, in UTC, exact to the microsecond: 2024-03-01T08:30:00.25Z, before our era with " BC" at the
 * end.  A cast to timestamptz reads the same text.
 */
#ifndef CUSTOMER_LIFECYCLE_INSTANT_H
#define CUSTOMER_LIFECYCLE_INSTANT_H

#include "common/compat.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

/* Append a finite timestamp. */
extern void instant_append(StringInfo out, TimestampTz at);

/*
 * Read a timestamp of the form above.  In place of Z, a distance from UTC (+02:00, -05) will do.
 * False if the text isn't of that form, or beyond the range of timestamptz.
 */
extern bool instant_parse(const char *text, int length, TimestampTz *at);

#endif
