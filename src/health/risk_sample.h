/*
 * risk_sample.h: who churned and who stayed, with their features, as a model is fitted to them.
 */
#ifndef CUSTOMER_LIFECYCLE_RISK_SAMPLE_H
#define CUSTOMER_LIFECYCLE_RISK_SAMPLE_H

#include "health/risk_rows.h"

#define DatumGetRiskSample(d) ((RiskSample *) PG_DETOAST_DATUM(d))

/* Argument i of an accessor, checked. */
extern const RiskSample *risk_sample_arg(FunctionCallInfo fcinfo, int i);

/* ... in the form of values, which it has unless an aggregate without our final function made it. */
extern const RiskSample *risk_sample_ordered_arg(FunctionCallInfo fcinfo, int i);

/* A copy of exactly the rows in use, in order and collapsed: the form of values. */
extern RiskSample *risk_sample_canonical(const RiskSample *s);

/*
 * Append a row of 1 + features cells; the sample may move, to become larger.  ERROR where it would
 * pass its bound.
 */
extern RiskSample *risk_sample_append(RiskSample *s, const double *row);

/* ERROR unless the number of features is allowed. */
extern void risk_check_features(int features);

#endif
