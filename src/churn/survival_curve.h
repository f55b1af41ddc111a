/*
 * survival_curve.h: how long customers stay, as a table of durations that merges exactly.
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_CURVE_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_CURVE_H

#include "churn/survival_cells.h"
#include "churn/survival_walk.h"
#include "common/summary.h"
#include "datatype/timestamp.h"

/*
 *   +---------+-------+----+--------+----------------------+----------------+--------+
 *   | vl_len_ |version|unit| sorted | cells, sorted, each  | cells, as they | room   |
 *   |  4      |  1    | 1  | + used | kind and value once  | came           | to grow|
 *   +---------+-------+----+--------+----------------------+----------------+--------+
 *                                   0                      sorted           used     capacity
 *
 * 16 bytes a distinct duration and kind, 16 of header.  A row appends a cell.  When the room is
 * full, the new cells are sorted, equal ones added up, and merged into the sorted ones; only if
 * more than half of the room is taken then does it double.  So whole days need a few thousand
 * cells however many rows there are, and continuous durations at most double what they must.
 * A curve that is merged in and small against the state appends its cells likewise.
 * A value outside of aggregates is all sorted and has no room: equal values have equal bytes.
 */
typedef struct SurvivalCurve
{
	int32 vl_len_;
	uint8 version;
	uint8 unit;		 /* SurvivalUnit */
	uint16 reserved; /* 0 */
	uint32 sorted;
	uint32 used;
	SurvivalCell cells[FLEXIBLE_ARRAY_MEMBER];
} SurvivalCurve;

/* What the durations are made of; curves of different units can't be merged. */
typedef enum SurvivalUnit
{
	SURVIVAL_NUMBER, /* numbers, of whatever the user counts */
	SURVIVAL_DAY	 /* intervals, kept as days of 24 hours */
} SurvivalUnit;

#define SURVIVAL_UNITS 2
#define SURVIVAL_CURVE_VERSION 1
#define SURVIVAL_CURVE_HEADER offsetof(SurvivalCurve, cells)

/* 2^25 cells are 512 MB. */
#define SURVIVAL_MAX_CELLS 33554432

/* A larger weight than this could make sums overflow or lose single customers. */
#define SURVIVAL_MAX_WEIGHT 1e15

extern const char *const survival_unit_names[SURVIVAL_UNITS];

static inline uint32
survival_capacity(const SurvivalCurve *s)
{
	return (uint32) ((VARSIZE(s) - SURVIVAL_CURVE_HEADER) / sizeof(SurvivalCell));
}

extern SurvivalCurve *survival_new(SurvivalUnit unit, uint32 capacity);

/* A copy with room for so many cells, at least s->used. */
extern SurvivalCurve *survival_with_capacity(const SurvivalCurve *s, uint32 capacity);

/* The value without room and all sorted: the form outside of aggregates.  May sort in place. */
extern SurvivalCurve *survival_canonical(SurvivalCurve *s);

/* A checked value in canonical form, from a datum or from argument i. */
extern const SurvivalCurve *survival_from_datum(Datum value);
extern const SurvivalCurve *survival_arg(FunctionCallInfo fcinfo, int i);

/* A walk through the points of a curve, lowest duration first (see survival_walk.h). */
extern SurvivalWalk survival_walk(const SurvivalCurve *s);

/* The field "unit" of a value's text. */
extern SurvivalUnit survival_text_unit(const SummaryText *t);

/* Raise the ERROR for more cells than a curve holds. */
extern void survival_check_cells(uint64 cells);

#endif
