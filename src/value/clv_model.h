/*
 * clv_model.h: a fitted model of purchases, and of spend, as a value.
 *
 * Two parts of the same shape: parameters, their covariance, and how the fit ended.  A part that
 * doesn't exist has kind CLV_NONE.  What is not known is NaN.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_MODEL_H
#define CUSTOMER_LIFECYCLE_CLV_MODEL_H

#include "common/compat.h"

#include "datatype/timestamp.h"
#include "value/clv_likelihood.h"

#define CLV_MODEL_VERSION 1

typedef enum ClvKind
{
	CLV_NONE,
	CLV_BG_NBD,
	CLV_MBG_NBD,
	CLV_PARETO_NBD,
	CLV_BG_BB,
	CLV_SBG,
	CLV_GAMMA_GAMMA,
	CLV_KINDS
} ClvKind;

/* What there is to know about a kind of model. */
typedef struct ClvKindInfo
{
	const char *name;
	int parameters;
	const char *parameter[CLV_MAX_PARAMETERS];
	bool scaled[CLV_MAX_PARAMETERS]; /* in units of time, or of money for spend */
	ClvLikelihood likelihood;
} ClvKindInfo;

extern const ClvKindInfo clv_kinds[CLV_KINDS];

/* How a fit ended. */
typedef enum ClvStatus
{
	CLV_CONVERGED,
	CLV_MAX_ITERATIONS, /* stopped by max_iterations */
	CLV_STALLED,		/* no step improved the likelihood any more */
	CLV_NO_DATA,		/* nothing to fit to: the parameters are NaN */
	CLV_STATED,			/* not fitted: somebody stated the parameters */
	CLV_STATUSES
} ClvStatus;

extern const char *const clv_status_names[CLV_STATUSES];

typedef struct ClvPart
{
	int32 kind;
	int32 status;
	int32 boundary; /* the data doesn't identify all parameters: no covariance */
	int32 iterations;
	int64 n; /* customers fitted to */
	double gradient_norm;
	double log_likelihood; /* without the penalty */
	double penalty;
	double p[CLV_MAX_PARAMETERS];
	double covariance[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS]; /* of p; whole, symmetric */
} ClvPart;

typedef struct ClvModel
{
	int32 vl_len_; /* varlena header (do not touch directly!) */
	uint8 version;
	uint8 observed; /* are the next two known? */
	uint16 unused;
	TimestampTz observed_from;
	TimestampTz observed_until;
	int64 unit;		 /* of time, in microseconds */
	int64 customers; /* in the sample */
	ClvPart purchases;
	ClvPart spend;
} ClvModel;

/* An empty model: zeros, no parts. */
extern ClvModel *clv_model_new(int64 unit);

/* Argument i, checked. */
extern const ClvModel *clv_model_arg(FunctionCallInfo fcinfo, int i);

/* The kind of a name; an ERROR (22023) if it is no model of purchases (or of spend). */
extern ClvKind clv_kind_of_purchases(const char *name);
extern ClvKind clv_kind_of_spend(const char *name);

/*
 * What parameter i of a kind can be: no fit leaves these bounds, which are wide enough for times in
 * microseconds, and beyond them sums lose their digits or their end.
 */
typedef struct ClvBounds
{
	double least;
	double most;
} ClvBounds;

static inline ClvBounds
clv_bounds(ClvKind kind, int i)
{
	return clv_kinds[kind].scaled[i] ? (ClvBounds){1e-60, 1e60} : (ClvBounds){1e-15, 1e15};
}

/* Are the parameters known, so that the part can predict? */
static inline bool
clv_part_is_known(const ClvPart *part)
{
	return part->kind != CLV_NONE && !isnan(part->p[0]);
}

#endif
