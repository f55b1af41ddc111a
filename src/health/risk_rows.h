/*
 * risk_rows.h: the rows of a risk_sample: how they lie in it, and as a set.
 */
#ifndef CUSTOMER_LIFECYCLE_RISK_ROWS_H
#define CUSTOMER_LIFECYCLE_RISK_ROWS_H

#include "common/summary.h"

/*
 * A flat table of doubles, one row per distinct (outcome, features):
 *
 *   +---------+---------+----------+------+----------+---------+-------------------+-----+-------+
 *   | vl_len_ | version | features | rows | distinct | omitted | row 0             | ... | spare |
 *   |  4      |  1 (+1) |  2       | 4    | 4        | 8       | 8 (1 + features)  |     |       |
 *   +---------+---------+----------+------+----------+---------+-------------------+-----+-------+
 *
 *   row: | +count churned, or -count stayed | feature 1 | ... | feature k |
 *
 * Newton's method reads the rows many times, so they are kept; equal ones are collapsed when the
 * table is full and at the end.  Values have the rows in one order (churned first, then by
 * features), so that equal samples have equal bytes, and a fit doesn't know in what order rows
 * came.  A state in which nothing but NULLs has been seen has no features yet.  Only states of
 * aggregates have spare room or equal rows.
 */
typedef struct RiskSample
{
	int32 vl_len_;
	uint8 version;
	uint8 unused;
	int16 features; /* k, or 0 while unknown */
	int32 rows;		/* in use */
	int32 distinct; /* so many rows at the start are in order and differ from one another */
	int64 omitted;	/* rows left out because something in them was NULL */
	double cells[FLEXIBLE_ARRAY_MEMBER];
} RiskSample;

#define RISK_SAMPLE_VERSION 1
#define RISK_SAMPLE_HEADER offsetof(RiskSample, cells)
#define RISK_MAX_FEATURES 100
#define RISK_MAX_FEATURE 1e140 /* magnitude; squares stay within double precision */
#define RISK_MAX_COUNT INT64CONST(1000000000000000)

/* The largest table, in bytes: its text then still fits in the 1 GB that PostgreSQL allows. */
#define RISK_MAX_BYTES ((Size) 256 * 1024 * 1024)

/* The number of doubles of a row. */
static inline int
risk_row_cells(const RiskSample *s)
{
	return 1 + s->features;
}

static inline Size
risk_row_bytes(int features)
{
	return sizeof(double) * (1 + (Size) features);
}

static inline double *
risk_row(RiskSample *s, int i)
{
	return s->cells + (Size) i * risk_row_cells(s);
}

static inline const double *
risk_row_const(const RiskSample *s, int i)
{
	return s->cells + (Size) i * risk_row_cells(s);
}

static inline int
risk_max_rows(int features)
{
	return (int) ((RISK_MAX_BYTES - RISK_SAMPLE_HEADER) / risk_row_bytes(features));
}

/* A new sample with room for so many rows. */
extern RiskSample *risk_sample_new(int features, int capacity);

/* A copy with the rows in their one order and equal ones collapsed. */
extern RiskSample *risk_sample_collapsed(const RiskSample *s);

/* Bring the rows into their one order and collapse equal ones, in place. */
extern void risk_collapse(RiskSample *s);

#endif
