/*
 * clv_likelihood.h: log-likelihoods of the models of purchases and of spend.
 *
 * Pure: no palloc, no ereport.  Parameters are positive; each function gives value, gradient and
 * Hessian in them.  Times are in any unit, the parameters alpha and beta in the same.
 */
#ifndef CUSTOMER_LIFECYCLE_CLV_LIKELIHOOD_H
#define CUSTOMER_LIFECYCLE_CLV_LIKELIHOOD_H

#include "common/compat.h"

#include "common/special.h"

/* No model has more parameters. */
#define CLV_MAX_PARAMETERS 4

/* A collapsed row: so many customers with the same history. */
typedef struct ClvRow
{
	double x;  /* repeat purchases */
	double tx; /* recency; for spend the mean of the repeat purchases */
	double T;  /* age; for spend the logarithm of x times the mean */
	double weight;
	int distinct; /* where x is in the table of distinct ones */
} ClvRow;

typedef struct ClvData
{
	int n;
	const ClvRow *row;
	int n_distinct;
	const double *x;		/* the distinct numbers of repeat purchases */
	const double *x_weight; /* how many customers have them */
	double *scratch;		/* n_distinct values that depend on the parameters */
	void (*breathe)(void);	/* called now and then, to be interrupted */
} ClvData;

/* Of terms that each take a microsecond or so, the time for a breath has come after so many. */
#define CLV_TERMS_A_BREATH 512

/* The i-th of the terms of a loop: after every so many of them, breathe. */
static inline void
clv_breathe(const ClvData *data, int i, int every)
{
	if (i % every == 0 && data->breathe != NULL)
		data->breathe();
}

/* A function of the parameters with its derivatives, summed over rows without losing digits. */
typedef struct ClvSums
{
	CompensatedSum value;
	CompensatedSum gradient[CLV_MAX_PARAMETERS];
	CompensatedSum hessian[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS]; /* j >= i */
} ClvSums;

/* The same of one block of rows, or of one row. */
typedef struct ClvTerm
{
	double value;
	double gradient[CLV_MAX_PARAMETERS];
	double hessian[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS]; /* j >= i */
} ClvTerm;

/* Add the log-likelihood of the data at p to zeroed sums. */
typedef void (*ClvLikelihood)(const ClvData *data, const double *p, ClvSums *sums);

extern void clv_likelihood_bg_nbd(const ClvData *data, const double *p, ClvSums *sums);
extern void clv_likelihood_mbg_nbd(const ClvData *data, const double *p, ClvSums *sums);
extern void clv_likelihood_pareto_nbd(const ClvData *data, const double *p, ClvSums *sums);
extern void clv_likelihood_gamma_gamma(const ClvData *data, const double *p, ClvSums *sums);
extern void clv_likelihood_bg_bb(const ClvData *data, const double *p, ClvSums *sums);

/* x: the period, weight: how many are left at its end; rows in order of period, from 0 on */
extern void clv_likelihood_sbg(const ClvData *data, const double *p, ClvSums *sums);

/* Add a term. */
extern void clv_sums_add(ClvSums *sums, const ClvTerm *term);

/* Call block() on consecutive runs of rows and add what it puts into the zeroed term. */
typedef void (*ClvBlock)(const ClvData *data, const ClvRow *row, int n, const double *p,
						 ClvTerm *term);
extern void clv_sums_blocks(const ClvData *data, const double *p, ClvBlock block, ClvSums *sums);

/*
 * log(exp(e_1) + exp(e_2) + ...) of terms whose derivatives are known: feed each, then finish.
 * largest must be at least about the largest e_i.
 */
typedef struct ClvMixture
{
	double largest;
	double sum;
	double gradient[CLV_MAX_PARAMETERS];
	double hessian[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS];
} ClvMixture;

/*
 * Feed factor x exp(exponent); d: the first derivatives of the exponent.  The caller adds its second
 * derivatives times the value returned.
 */
static inline double
clv_mixture_feed(ClvMixture *mix, double exponent, double factor,
				 const double d[CLV_MAX_PARAMETERS])
{
	double v = factor * exp(exponent - mix->largest);

	mix->sum += v;
	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
	{
		mix->gradient[i] += v * d[i];
		for (int j = i; j < CLV_MAX_PARAMETERS; j++)
			mix->hessian[i][j] += v * d[i] * d[j];
	}
	return v;
}

/* Add weight times the logarithm of the mixture to a term. */
extern void clv_mixture_finish(const ClvMixture *mix, double weight, ClvTerm *term);

#endif
