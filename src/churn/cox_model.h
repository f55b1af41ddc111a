/*
 * cox_model.h: a fitted Cox model: what makes customers stay shorter or longer, and by how much.
 */
#ifndef CUSTOMER_LIFECYCLE_COX_MODEL_H
#define CUSTOMER_LIFECYCLE_COX_MODEL_H

#include "churn/cox_likelihood.h"
#include "churn/cox_sample.h"

/* How the fit ended. */
typedef enum CoxStatus
{
	COX_CONVERGED,
	COX_COLLINEAR,	   /* some covariates say nothing beyond others: no coefficient */
	COX_MONOTONE,	   /* some coefficients are infinite: the likelihood rises without end */
	COX_NOT_CONVERGED, /* no maximum was found */
	COX_NO_EVENTS	   /* nobody left: nothing to fit */
} CoxStatus;

#define COX_STATUSES 5

extern const char *const cox_status_names[COX_STATUSES];
extern const char *const cox_ties_names[COX_TIES];

/*
 * numbers: p coefficients, then p x p covariances, row by row; NaN where there is none.  Then p
 * names, each ended by a zero byte.
 */
typedef struct CoxModel
{
	int32 vl_len_;
	uint8 version;
	uint8 ties;
	uint8 status;
	uint8 reserved; /* 0 */
	uint32 covariates;
	uint32 iterations;
	int64 customers;
	int64 events;
	double log_likelihood_null;
	double log_likelihood;
	double concordance; /* NaN: no pair to compare */
	double numbers[FLEXIBLE_ARRAY_MEMBER];
} CoxModel;

#define COX_MODEL_VERSION 1
#define COX_MODEL_HEADER offsetof(CoxModel, numbers)
#define COX_MAX_NAME 200

static inline double *
cox_coefficients(const CoxModel *m)
{
	return (double *) m->numbers;
}

static inline double *
cox_covariances(const CoxModel *m)
{
	return (double *) m->numbers + m->covariates;
}

/* The standard error of coefficient i; NaN if it has none. */
extern double cox_std_error(const CoxModel *m, int i);

/* A model without numbers; names[covariates] are copied. */
extern CoxModel *cox_model_new(int covariates, char *const *names);

/* To be called when all numbers are in: gives equal models equal bytes. */
extern void cox_model_finish(CoxModel *m);

/* The name of covariate i. */
extern const char *cox_name(const CoxModel *m, int i);

/* Argument i of an accessor, checked. */
extern const CoxModel *cox_model_arg(FunctionCallInfo fcinfo, int i);

/* ERROR (22023) unless the name can be one. */
extern void cox_check_name(const char *name);

#endif
