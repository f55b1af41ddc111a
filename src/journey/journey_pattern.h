/*
 * journey_pattern.h: sequence patterns, such as '(view)(?t<=1 hour)(cart).*(purchase)'.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_PATTERN_H
#define CUSTOMER_LIFECYCLE_JOURNEY_PATTERN_H

#include "journey/journey_summary.h"

/* One event of a pattern, and how it follows the one before. */
typedef struct PatternEvent
{
	bool any;		  /* '.': every event */
	bool *is;		  /* by code of the journey: an event that fits */
	bool later;		  /* others may come between ('.*') */
	bool has_at_most; /* time since the event before, in microseconds */
	bool has_at_least;
	bool below; /* at_most itself is too long */
	bool above; /* at_least itself is too short */
	int64 at_most;
	int64 at_least;
} PatternEvent;

typedef struct Pattern
{
	int n;
	PatternEvent *event;
} Pattern;

/* Read a pattern for a journey; ERROR (22023) that shows where it goes wrong. */
extern Pattern journey_pattern(const text *pattern, const Journey *j);

#endif
