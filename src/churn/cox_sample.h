/*
 * cox_sample.h: customers with their durations and covariates, to fit a Cox model to.
 */
#ifndef CUSTOMER_LIFECYCLE_COX_SAMPLE_H
#define CUSTOMER_LIFECYCLE_COX_SAMPLE_H

#include "churn/survival_curve.h"

/* One customer; the key is that of survival_cells.h, so that keys compare like durations. */
typedef struct CoxRow
{
	uint64 key;
	double entry;  /* 0: observed from the beginning */
	double weight; /* > 0 */
	double covariates[FLEXIBLE_ARRAY_MEMBER];
} CoxRow;

/*
 *   +---------+-------+----+----------+------+--------+--------------------+--------+
 *   | vl_len_ |version|unit|covariates| rows | sorted | rows of 24 bytes   | room   |
 *   |  4      |  1    | 1  |  2       |  4   |   4    | + 8 a covariate    | to grow|
 *   +---------+-------+----+----------+------+--------+--------------------+--------+
 *
 * A row appends; full room doubles.  A value outside of aggregates is sorted and has no room, so
 * equal values have equal bytes, and a fit meets the rows in the same order however they came.
 */
typedef struct CoxSample
{
	int32 vl_len_;
	uint8 version;
	uint8 unit; /* SurvivalUnit */
	uint16 covariates;
	uint32 rows;
	uint32 sorted; /* 1 if the rows are in order */
	char data[FLEXIBLE_ARRAY_MEMBER];
} CoxSample;

#define COX_SAMPLE_VERSION 1
#define COX_SAMPLE_HEADER offsetof(CoxSample, data)
#define COX_MAX_COVARIATES 100
#define COX_MAX_COVARIATE 1e150
#define COX_MAX_BYTES (512 * 1024 * 1024)

static inline Size
cox_row_size(int covariates)
{
	return offsetof(CoxRow, covariates) + (Size) covariates * sizeof(double);
}

static inline CoxRow *
cox_row(const CoxSample *s, uint32 i)
{
	return (CoxRow *) (s->data + i * cox_row_size(s->covariates));
}

static inline uint32
cox_capacity(const CoxSample *s)
{
	return (uint32) ((VARSIZE(s) - COX_SAMPLE_HEADER) / cox_row_size(s->covariates));
}

static inline bool
cox_row_is_event(const CoxRow *row)
{
	return (row->key & 1) == 0;
}

extern CoxSample *cox_sample_new(SurvivalUnit unit, int covariates, uint32 capacity);

/* A row more to be filled in; the sample may move. */
extern CoxRow *cox_sample_append(CoxSample **s);

/* The value sorted and without room: the form outside of aggregates. */
extern const CoxSample *cox_sample_canonical(const CoxSample *s);

/* Argument i of an accessor, checked and canonical. */
extern const CoxSample *cox_sample_arg(FunctionCallInfo fcinfo, int i);

/* ERROR (54000) for more rows than a sample holds. */
extern void cox_check_rows(uint64 rows, int covariates);

#endif
