/*
 * stage_timeline.h: one customer's stage changes.
 */
#ifndef CUSTOMER_LIFECYCLE_STAGE_TIMELINE_H
#define CUSTOMER_LIFECYCLE_STAGE_TIMELINE_H

#include "common/summary.h"
#include "stage/stage.h"

#include "datatype/timestamp.h"

/*
 * One point per instant at which a stage was reported, nine bytes each:
 *
 *   +---------+-------+-------+--------+-----+--------+-----------+-----+ - - - - - - +
 *   | vl_len_ |version|settled|(unused)|  n  | at (8) | stage (1) | ... | spare points |
 *   +---------+-------+-------+--------+-----+--------+-----------+-----+ - - - - - - +
 *
 * While an aggregate adds points they lie in the order of arrival, with spare room that doubles.
 * Settled points are in order of time, one an instant: the highest stage by the order of the enum.
 * Values outside of aggregates are settled and have no spare room, so equal values have equal
 * bytes.
 *
 * A point that repeats the stage before it is no change, and no accessor shows it, but it is kept:
 * if another stage is merged in between later, it is one.  (A on the 1st, A on the 3rd; merged with
 * B on the 2nd: A, B, A.)  So a rollup equals what the rows would have given.
 */
typedef struct StageTimeline
{
	int32 vl_len_;
	uint8 version;
	uint8 settled;
	uint16 unused;
	int32 n; /* points */
	char points[FLEXIBLE_ARRAY_MEMBER];
} StageTimeline;

#define STAGE_TIMELINE_VERSION 1
#define STAGE_TIMELINE_HEADER offsetof(StageTimeline, points)
#define STAGE_TIMELINE_POINT (sizeof(TimestampTz) + 1)
#define STAGE_TIMELINE_MAX 1000000 /* points */

#define DatumGetStageTimeline(d) ((StageTimeline *) PG_DETOAST_DATUM(d))

/*
 * The timeline of n stages that were entered at n instants, in any order; of several at one instant
 * the highest stays.  An infinite instant, or more than STAGE_TIMELINE_MAX, is an ERROR.
 */
extern StageTimeline *stage_timeline_from_changes(int n, const TimestampTz *at,
												  const LifecycleStage *stage);

/*
 * A timeline as accessors like to see it: spans without gaps, each of another stage than the one
 * before it.  The last is open: it has no end.
 */
typedef struct StageSpan
{
	LifecycleStage stage;
	TimestampTz entered_at;
	TimestampTz left_at; /* STAGE_OPEN: not yet */
} StageSpan;

typedef struct StageSpans
{
	int n;
	StageSpan *span;
} StageSpans;

#define STAGE_OPEN DT_NOEND

extern StageSpans stage_timeline_spans(const StageTimeline *s);

/* The spans of the timeline in argument i of an accessor, checked. */
extern StageSpans stage_spans_arg(FunctionCallInfo fcinfo, int i);

#endif
