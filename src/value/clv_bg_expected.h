/*
 * clv_bg_expected.h: expected purchases of a customer of BG/NBD or MBG/NBD who is alive.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_BG_EXPECTED_H
#define CUSTOMER_LIFECYCLE_CLV_BG_EXPECTED_H

#include "common/compat.h"

/* As many horizons as bg_expected() takes at once. */
#define BG_MAX_HORIZONS 16

/* Expected purchases within each of n horizons t[]: one pass serves all of them. */
extern void bg_expected(double A, double B, double a, double b, int n, const double *t,
						double *expected);

#endif
