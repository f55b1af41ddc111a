/*
 * churn_summary.h: who was there, came, came back and left in one period.
 */
#ifndef CUSTOMER_LIFECYCLE_CHURN_SUMMARY_H
#define CUSTOMER_LIFECYCLE_CHURN_SUMMARY_H

#include "churn/churn_period.h"
#include "common/summary.h"

/*
 * What is counted (docs/churn.md).  A customer is there from started_at until ended_at.  States are
 * those immediately before the period's start and end; transitions happen at instants of the
 * period, its start included and its end not:
 *
 *       period   [------------------)
 *   ─────────────────────────────────────  there at the start, retained
 *   ──────────────────┤                    there at the start, lost
 *                 ├──────────────────────  new
 *   ───────┤        ├────────────────────  returned (a later start after a gap)
 *
 * There at the end = at start + new + returned - lost, always.
 */
typedef enum ChurnCount
{
	CHURN_AT_START, /* started_at < start <= ended_at */
	CHURN_NEW,		/* the first start ever is in the period */
	CHURN_RETURNED, /* later starts after a gap, in the period */
	CHURN_LOST,		/* ends of episodes in the period */
	CHURN_RETAINED, /* there at the start and at the end */
	CHURN_COUNTS
} ChurnCount;

/*
 *   +---------+-------+------+------+--------------+------------+-----------------------------+
 *   | vl_len_ |version| unit |unused| period_start | period_end | at_start ... retained       |
 *   |  4      |  1    |  1   |  2   |  8           |  8         |  8 each                     |
 *   +---------+-------+------+------+--------------+------------+-----------------------------+
 */
typedef struct ChurnSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unit; /* a ChurnUnit */
	uint16 unused;
	int64 period_start;
	int64 period_end;
	int64 count[CHURN_COUNTS];
} ChurnSummary;

#define CHURN_SUMMARY_VERSION 1

/* Argument i of an accessor, checked. */
extern const ChurnSummary *churn_summary_arg(FunctionCallInfo fcinfo, int i);

extern ChurnPeriod churn_summary_period(const ChurnSummary *s);

/* Customers there immediately before the period's end. */
extern int64 churn_at_end(const ChurnSummary *s);

#endif
