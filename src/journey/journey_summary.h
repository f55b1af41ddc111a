/*
 * journey_summary.h: what one customer did, in order of time.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_SUMMARY_H
#define CUSTOMER_LIFECYCLE_JOURNEY_SUMMARY_H

#include "common/summary.h"

/* A touchpoint: when, which event, through which channel.  The codes are positions in the names. */
typedef struct Touch
{
	int64 at;
	uint16 event;
	uint16 channel; /* TOUCH_NO_CHANNEL: none */
	uint32 unused;	/* 0, so that equal touchpoints are equal bytes */
} Touch;

#define TOUCH_NO_CHANNEL 0xFFFF
#define JOURNEY_MAX_NAMES 0xFFFF
#define JOURNEY_MAX_NAME_LENGTH 1024
#define JOURNEY_DEFAULT_LENGTH 10000
#define JOURNEY_MAX_LENGTH 10000000

/*
 * Touchpoints, then the names of events and channels, each after its length in two bytes:
 *
 *   +------+---+-----+-------+----------+-----+------+---------+-----+-----+-----+----+------+---
 *   |header| n |names|cut    |max_length| ... |touch |touch    | ... |room | len |name| len  |...
 *   +------+---+-----+-------+----------+-----+------+---------+-----+-----+-----+----+------+---
 *
 * As a state of aggregates it has room for more of both and keeps touchpoints as they come.  Outside
 * of aggregates it is ordered: names sorted and each in use, touchpoints sorted by time, then event,
 * then channel, at most max_length of them (the latest), without room; so equal values have equal
 * bytes.
 */
typedef struct JourneySummary
{
	int32 vl_len_;
	uint8 version;
	bool ordered;
	uint16 names;	  /* how many names */
	int32 n;		  /* how many touchpoints */
	int32 capacity;	  /* and for how many there is room */
	int32 name_bytes; /* that the names take */
	int32 max_length;
	int64 cut; /* older touchpoints that were left out for the bound */
	Touch touches[FLEXIBLE_ARRAY_MEMBER];
} JourneySummary;

#define JOURNEY_SUMMARY_VERSION 1
#define JOURNEY_SUMMARY_HEADER offsetof(JourneySummary, touches)

/* The name of an event or a channel, in the database's encoding. */
typedef struct JourneyName
{
	const char *bytes;
	int length;
} JourneyName;

/* A journey as accessors like to see it: ordered. */
typedef struct Journey
{
	int n;
	const Touch *touches;
	int names;
	JourneyName *name; /* sorted by bytes, so codes compare as names do */
	int64 cut;
} Journey;

/* Argument i of an accessor, checked. */
extern Journey journey_arg(FunctionCallInfo fcinfo, int i);

/* The code of a name, or -1 if the journey hasn't got it. */
extern int journey_code(const Journey *j, const char *bytes, int length);

/* The name of a code, as an SQL text. */
extern text *journey_name_text(const Journey *j, int code);

/* How names compare: by bytes, whatever the collation. */
extern int journey_name_compare(const JourneyName *a, const JourneyName *b);

#endif
