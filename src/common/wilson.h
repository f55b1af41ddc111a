/*
 * wilson.h: the score interval of a proportion.  Pure numerics: no allocation, no errors.
 */
#ifndef CUSTOMER_LIFECYCLE_WILSON_H
#define CUSTOMER_LIFECYCLE_WILSON_H

/*
 * The bounds, within 0..1, of the proportion of which `successes` of `trials` are a sample; z is
 * the critical value (normal_critical_value).  NaN where they are undefined: no trials, or more
 * successes than trials.
 *
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
 * the American Statistical Association 22 (1927); without continuity correction.
 */
extern void wilson_interval(double successes, double trials, double z, double *lower,
							double *upper);

#endif
