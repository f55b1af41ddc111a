/*
 * clv_beta_geometric.h: how long customers stay who may leave at each of many occasions.
 *
 * Pure but for interrupts.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_BETA_GEOMETRIC_H
#define CUSTOMER_LIFECYCLE_CLV_BETA_GEOMETRIC_H

#include "common/compat.h"

/*
 * The chance theta to leave at an occasion is beta(a, b): the sum over i = 1 .. n of the chance to be
 * left after i occasions, E (1 - theta)^i, discounted by (1 + discount)^-i.  n is a whole number or
 * infinite; NaN where the sum isn't finite (n infinite, no discount, a <= 1).
 */
extern double beta_geometric_sum(double a, double b, double n, double discount);

#endif
