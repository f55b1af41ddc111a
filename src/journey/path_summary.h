/*
 * path_summary.h: the paths of many customers, counted.
 */
#ifndef CUSTOMER_LIFECYCLE_PATH_SUMMARY_H
#define CUSTOMER_LIFECYCLE_PATH_SUMMARY_H

#include "common/summary.h"

/*
 * Records one after another, without padding:
 *
 *   +------+-----+-----+----------------------------------------+------+-----
 *   |header| used|  n  | conversions | nulls | length | channels | next | ...
 *   +------+-----+-----+----------------------------------------+------+-----
 *                      |     8       |   8   |   4    | length   |
 *
 * The channels of a path are their names, each with a zero byte after it, so paths compare as
 * bytes.  As a state, a path may come several times; when room runs out equal ones are put
 * together before it grows.  Outside of aggregates paths are sorted and each comes once.
 */
typedef struct PathSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unused[3];
	int32 n;	/* records */
	int32 used; /* bytes of them */
	char data[FLEXIBLE_ARRAY_MEMBER];
} PathSummary;

#define PATH_SUMMARY_VERSION 1
#define PATH_SUMMARY_HEADER offsetof(PathSummary, data)
#define PATH_RECORD_HEADER (2 * sizeof(int64) + sizeof(int32))

/* A path as accessors read it. */
typedef struct PathCount
{
	int64 conversions;
	int64 nulls; /* journeys that ended without a conversion */
	int32 length;
	const char *channels;
} PathCount;

/* Argument i of an accessor, checked: its paths, sorted, each once. */
extern PathCount *path_summary_arg(FunctionCallInfo fcinfo, int i, int *n);

#endif
