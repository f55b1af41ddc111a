/*
 * chi_square.h: the chi-square distribution.  Pure numerics: no allocation, no errors.
 */
#ifndef CUSTOMER_LIFECYCLE_CHI_SQUARE_H
#define CUSTOMER_LIFECYCLE_CHI_SQUARE_H

/*
 * P(X >= x) for X chi-square with df degrees of freedom: the p value of a test, to about 1e-14
 * relative for any x, however small the result.  NaN for df < 1 or x NaN; 1 for x <= 0.
 */
extern double chi_square_upper_tail(double x, int df);

#endif
