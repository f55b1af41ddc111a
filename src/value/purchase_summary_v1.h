/*
 * purchase_summary_v1.h: values that release 0.1.0 stored, in the present layout.
 */
#ifndef CUSTOMER_LIFECYCLE_PURCHASE_SUMMARY_V1_H
#define CUSTOMER_LIFECYCLE_PURCHASE_SUMMARY_V1_H

#include "value/purchase_summary.h"

#define PURCHASE_SUMMARY_VERSION_1 1

/* A detoasted value of version 1 in the present layout, not canonical; NULL if it is damaged. */
extern PurchaseSummary *purchase_summary_from_v1(const void *stored);

#endif
