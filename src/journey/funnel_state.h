/*
 * funnel_state.h: the rows of one customer that satisfy a step of a funnel.
 */
#ifndef CUSTOMER_LIFECYCLE_FUNNEL_STATE_H
#define CUSTOMER_LIFECYCLE_FUNNEL_STATE_H

#include "common/summary.h"
#include "journey/funnel_search.h"

/*
 * The state of the aggregates funnel() and funnel_times(): a list of rows, in any order, after the
 * question that is asked of them.  Room doubles; the length of the value is its capacity.
 *
 *   +---------+-------+-----+---------+---+--------+------+------+----------+-----+
 *   | vl_len_ |version|steps|unlimited| n | months | days | time | rows[0]  | ... |
 *   +---------+-------+-----+---------+---+--------+------+------+----------+-----+
 */
typedef struct FunnelState
{
	int32 vl_len_;
	uint8 version;
	uint8 steps;
	bool unlimited; /* within is NULL, and the next three are 0 */
	uint8 unused;
	int32 n;
	int32 months;
	int64 time;
	int32 days;
	int32 unused2;
	FunnelRow rows[FLEXIBLE_ARRAY_MEMBER];
} FunnelState;

#define FUNNEL_STATE_VERSION 1
#define FUNNEL_STATE_HEADER offsetof(FunnelState, rows)
#define FUNNEL_STATE_MAX_ROWS ((int32) (512 * 1024 * 1024 / sizeof(FunnelRow)))

/* The rows of the state in order of time; its own, or a copy. */
extern const FunnelRow *funnel_state_ordered(const FunnelState *s);

#endif
