/*
 * survival_bounds.h: confidence limits of a Kaplan-Meier estimate.
 *
 * Pure: no palloc, no ereport.
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_BOUNDS_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_BOUNDS_H

#include "common/confidence_bounds.h"

/* The scale on which the estimate is taken to be normal. */
typedef enum SurvivalMethod
{
	SURVIVAL_LOG_LOG,
	SURVIVAL_LOG,
	SURVIVAL_PLAIN,
	SURVIVAL_LOGIT,
	SURVIVAL_ARCSIN
} SurvivalMethod;

#define SURVIVAL_METHODS 5

/*
 * The limits z standard errors away from S on the given scale, within 0..1; log_variance is
 * Greenwood's variance of log S.
 *
 * Where a scale says nothing the limits are NaN: at S = 0 all, at S = 1 log-log, logit and arcsin.
 * The conventions are those of R's package survival (survfit, conf.type).
 */
extern ConfidenceBounds survival_bounds(double survival, double log_variance, double z,
										SurvivalMethod method);

#endif
