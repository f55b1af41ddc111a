/*
 * clv_gamma_gamma.c: the log-likelihood of the Gamma-Gamma model of spend, parameters p, q, v.
 *
 * Fader, Hardie & Lee, "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of
 * Marketing Research 42 (2005).  For a mean m of x purchases, S = x m:
 *
 *   log L = log G(px + q) - log G(px) - log G(q) - log m - px log(1 + v / S) - q log(1 + S / v)
 *
 * In a ClvRow tx is m and T is log S, so that a row costs one log.
 */
#include "value/clv_likelihood.h"

enum
{
	P,
	Q,
	V
};

static void
term_of_x(double x, double w, const double *p, ClvTerm *t)
{
	double px = p[P] * x;
	double trigamma = special_trigamma(px + p[Q]);

	t->value = w * (special_lgamma_rise(px, p[Q]) - lgamma(p[Q]));
	t->gradient[P] = w * x * special_digamma_rise(px, p[Q]);
	t->gradient[Q] = w * (special_digamma(px + p[Q]) - special_digamma(p[Q]));
	t->hessian[P][P] = w * x * x * special_trigamma_rise(px, p[Q]);
	t->hessian[P][Q] = w * x * trigamma;
	t->hessian[Q][Q] = w * (trigamma - special_trigamma(p[Q]));
}

static void
block_gamma_gamma(const ClvData *data, const ClvRow *row, int n, const double *p, ClvTerm *t)
{
	double log_v = log(p[V]);

	(void) data;
	for (int i = 0; i < n; i++, row++)
	{
		double w = row->weight;
		double spend = row->x * row->tx;
		double log_v_over_spend = log1p(p[V] / spend);
		double log_spend_over_v = log_v_over_spend + row->T - log_v;
		double inv = 1 / (p[V] + spend);
		double px = p[P] * row->x;

		t->value -= w * (row->T - log(row->x) + px * log_v_over_spend + p[Q] * log_spend_over_v);
		t->gradient[P] -= w * row->x * log_v_over_spend;
		t->gradient[Q] -= w * log_spend_over_v;
		t->gradient[V] += w * (p[Q] * spend / p[V] - px) * inv;
		t->hessian[P][V] -= w * row->x * inv;
		t->hessian[Q][V] += w * spend / p[V] * inv;
		t->hessian[V][V] += w * ((px + p[Q]) * inv * inv - p[Q] / (p[V] * p[V]));
	}
}

void
clv_likelihood_gamma_gamma(const ClvData *data, const double *p, ClvSums *sums)
{
	for (int i = 0; i < data->n_distinct; i++)
	{
		ClvTerm term = {0};

		term_of_x(data->x[i], data->x_weight[i], p, &term);
		clv_sums_add(sums, &term);
		clv_breathe(data, i, CLV_TERMS_A_BREATH);
	}
	clv_sums_blocks(data, p, block_gamma_gamma, sums);
}
