/*
 * health_summary.h: what is known of each measure of health, and what is missing.
 */
#ifndef CUSTOMER_LIFECYCLE_HEALTH_SUMMARY_H
#define CUSTOMER_LIFECYCLE_HEALTH_SUMMARY_H

#include "common/summary.h"
#include "health/cls_pillar.h"
#include "health/exact_sum.h"

/*
 * One entry per measure that a row named, in the order of (pillar, name):
 *
 *   +---------+---------+-------+------+-----------+-----------+-----+-------+
 *   | vl_len_ | version | count | used | measure 0 | measure 1 | ... | spare |
 *   |  4      |  1 (+1) |  2    | 4 +4 |  size bytes each            |       |
 *   +---------+---------+-------+------+-----------------------------+-------+
 *                                      |<----------- used ---------->|
 *
 * A measure keeps sums, not rows.  So one customer's summary is a line per measure, merging a
 * million customers' is a line per measure too (the health of a segment and what drags it down),
 * and a measure that is read twice has the weighted mean of its readings.  Only states of
 * aggregates have spare room.
 */
typedef struct HealthMeasure
{
	int32 size;		   /* bytes of this entry with its name, a multiple of 8 */
	int8 pillar;	   /* ClsPillar */
	int8 unused;	   /* zero */
	int16 name_length; /* bytes; -1: rows gave no name */
	int64 readings;	   /* rows with a score */
	int64 missing;	   /* rows without one */
	ExactSum weight;   /* of the readings */
	ExactSum weighted; /* weight x score of the readings */
	ExactSum missing_weight;
	char name[FLEXIBLE_ARRAY_MEMBER]; /* zero-padded */
} HealthMeasure;

typedef struct HealthSummary
{
	int32 vl_len_;
	uint8 version;
	uint8 unused;
	int16 count;   /* measures */
	int32 used;	   /* bytes of the measures */
	int32 unused2; /* measures are aligned to 8 */
	char measures[FLEXIBLE_ARRAY_MEMBER];
} HealthSummary;

#define HEALTH_SUMMARY_VERSION 1
#define HEALTH_SUMMARY_HEADER offsetof(HealthSummary, measures)
#define HEALTH_MAX_MEASURES 1000
#define HEALTH_MAX_NAME 255 /* bytes */

#define DatumGetHealthSummary(d) ((HealthSummary *) PG_DETOAST_DATUM(d))

static inline const HealthMeasure *
health_first(const HealthSummary *s)
{
	return (const HealthMeasure *) s->measures;
}

static inline const HealthMeasure *
health_next(const HealthMeasure *m)
{
	return (const HealthMeasure *) ((const char *) m + m->size);
}

/* Argument i of an accessor, checked. */
extern const HealthSummary *health_summary_arg(FunctionCallInfo fcinfo, int i);

/* What a measure without a score counts as. */
typedef enum HealthMissing
{
	HEALTH_RENORMALISE, /* nothing: the other weights take its share */
	HEALTH_ZERO,		/* 0 of 100 */
	HEALTH_NEUTRAL		/* 50 of 100 */
} HealthMissing;

/* How a summary is to be read: the options of health_score() and its kin. */
typedef struct HealthReading
{
	HealthMissing missing;
	double min_coverage;
	ClsPillar pillar; /* only this one; PILLAR_NONE: all measures */
} HealthReading;

/* The options missing and min_coverage from arguments i and i + 1, checked. */
extern HealthReading health_reading_args(FunctionCallInfo fcinfo, int i);

/* The weights of a summary under a reading. */
typedef struct HealthTotals
{
	double known;	 /* weight of readings */
	double missing;	 /* weight of what has no score */
	double divisor;	 /* weight that the score is divided by */
	double coverage; /* known / (known + missing); NaN if there is no weight */
	double score;	 /* 0..100; NaN if unknown */
} HealthTotals;

extern HealthTotals health_totals(const HealthSummary *s, const HealthReading *reading);

/* Are we to say a score at all, or is too much missing? */
extern bool health_is_known(const HealthTotals *totals, const HealthReading *reading);

/* What an option calls the score of a measure that has none, 0..100. */
extern double health_missing_score(HealthMissing missing);

#endif
