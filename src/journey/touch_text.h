/*
 * touch_text.h: a touchpoint in the text form of a journey.
 */
#ifndef CUSTOMER_LIFECYCLE_TOUCH_TEXT_H
#define CUSTOMER_LIFECYCLE_TOUCH_TEXT_H

#include "journey/journey_summary.h"

typedef struct TouchText
{
	int64 at;
	JourneyName event;
	JourneyName channel;
	bool has_channel;
} TouchText;

/* Element i of an array of touchpoints, each [at, event] or [at, event, channel]. */
extern TouchText touch_text_read(const SummaryText *t, const char *field, const Jsonb *array,
								 int i);

/* Append a touchpoint; the instant in UTC, whatever the session's settings. */
extern void touch_text_append(StringInfo out, int64 at, const JourneyName *event,
							  const JourneyName *channel);

#endif
