/*
 * normal.h: the standard normal distribution.  Pure numerics: no allocation, no errors.
 */
#ifndef CUSTOMER_LIFECYCLE_NORMAL_H
#define CUSTOMER_LIFECYCLE_NORMAL_H

/* P(Z <= z). */
extern double normal_cdf(double z);

/* P(|Z| >= |z|): the p value of a two-sided test. */
extern double normal_two_sided_p(double z);

/*
 * The z with P(Z <= z) = p, to about one unit in the last place.  0 and 1 give the infinities;
 * anything outside 0..1 gives NaN.
 */
extern double normal_quantile(double p);

/*
 * The z with P(|Z| <= z) = confidence: how many standard errors an interval reaches to either side
 * (0.95: 1.959963984540054).
 */
extern double normal_critical_value(double confidence);

#endif
