/*
 * markov_chain.h: what a chain of channels is worth without each of them.
 *
 * Pure: no palloc, no ereport.
 */
#ifndef CUSTOMER_LIFECYCLE_MARKOV_CHAIN_H
#define CUSTOMER_LIFECYCLE_MARKOV_CHAIN_H

/*
 * A first-order chain of n channels, as counts of transitions: from the start (from_start[i]), from
 * one channel to another (between[i * n + j]), and to conversion (to_conversion[i]); leaving[i] is
 * the sum of all that leave channel i, to no conversion too; starts is the sum of from_start.
 *
 * Computes the probability that a journey converts and, for each channel, the part of it that is
 * lost if every journey ends, without conversion, where it would reach the channel: the removal
 * effect, 0 to 1.  `between` is overwritten; work has room for n * n numbers.
 *
 * Exact, by the fundamental matrix N = (I - Q)^-1 of the absorbing chain: channel i converts with
 * the probability v = N r, a journey ever reaches it with h_i = (a N)_i / N_ii, and of all
 * conversions it has had a part in h_i v_i.  (Kemeny and Snell, "Finite Markov Chains", 1960,
 * chapter III.)
 */
extern double markov_removal_effects(int n, const double *from_start, double starts,
									 double *between, const double *to_conversion,
									 const double *leaving, double *work, double *effect);

#endif
