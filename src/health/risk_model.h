/*
 * risk_model.h: a logistic model of churn: coefficients, what is known of their errors, and how the
 * fit went.
 */
#ifndef CUSTOMER_LIFECYCLE_RISK_MODEL_H
#define CUSTOMER_LIFECYCLE_RISK_MODEL_H

#include "common/summary.h"

typedef enum RiskStatus
{
	RISK_CONVERGED,
	RISK_MAX_ITERATIONS,
	RISK_STALLED,
	RISK_SEPARATED,
	RISK_ONE_OUTCOME,
	RISK_COLLINEAR, /* converged, but some features tell nothing of their own */
	RISK_GIVEN		/* not fitted: make_risk_model() */
} RiskStatus;

#define RISK_STATUS_COUNT (RISK_GIVEN + 1)

/*
 * With k features:
 *
 *   +---------+---------+--------+---+------------+-------+------------------------------------+
 *   | vl_len_ | version | status | k | iterations | size  | observations ... centre (7 doubles)|
 *   |  4      |  1      |  1     | 2 |  4         |  4    |                                    |
 *   +---------+---------+--------+---+------------+-------+------------------------------------+
 *   | estimate[1 + k] | mean[k] | covariance, lower triangle row by row | names, each ended by 0 |
 *   +-----------------+---------+---------------------------------------+------------------------+
 *
 * The intercept comes first.  What isn't known is NaN: the estimate of a feature that the data
 * doesn't identify, the covariance of a model that was given, the likelihood of either.
 */
typedef struct RiskModel
{
	int32 vl_len_;
	uint8 version;
	uint8 status; /* RiskStatus */
	int16 features;
	int32 iterations;
	int32 names_bytes;
	double observations; /* customers that it was fitted to */
	double churned;		 /* how many of them churned */
	double omitted;		 /* rows left out because of a NULL */
	double l2;			 /* the penalty it was fitted with */
	double log_likelihood;
	double auc;
	double centre; /* z of the average customer: exact where an intercept far off the data is not */
	double values[FLEXIBLE_ARRAY_MEMBER];
} RiskModel;

#define RISK_MODEL_VERSION 1
#define RISK_MODEL_HEADER offsetof(RiskModel, values)
#define RISK_MAX_NAME 255 /* bytes */

#define DatumGetRiskModel(d) ((RiskModel *) PG_DETOAST_DATUM(d))

/* The number of elements of the lower triangle of the covariance. */
static inline int
risk_triangle(int features)
{
	return (features + 1) * (features + 2) / 2;
}

static inline double *
risk_estimates(RiskModel *m)
{
	return m->values;
}

static inline double *
risk_means(RiskModel *m)
{
	return risk_estimates(m) + 1 + m->features;
}

static inline double *
risk_covariance(RiskModel *m)
{
	return risk_means(m) + m->features;
}

static inline char *
risk_names(RiskModel *m)
{
	return (char *) (risk_covariance(m) + risk_triangle(m->features));
}

/* Argument i of an accessor, checked; it must not be written to. */
extern RiskModel *risk_model_arg(FunctionCallInfo fcinfo, int i);

/*
 * A new model of so many features with these names, all numbers zero but those that aren't known.
 * ERROR if a name is empty, too long or there twice.
 */
extern RiskModel *risk_model_new(int features, char **names);

/* Names out of a text[] of so many elements, or x1, x2 ... if there is none. */
extern char **risk_names_arg(FunctionCallInfo fcinfo, int i, int features);

/* The names of a model as an array of strings. */
extern char **risk_names_list(RiskModel *m);

/* What a status is called. */
extern const char *risk_status_label(int status);

/*
 * z = intercept + sum of coefficient x feature, reckoned from the average customer; coefficients
 * that are not identified count as 0.
 */
extern double risk_linear_predictor(RiskModel *m, const double *features);

#endif
