/*
 * clv_bg_bb.c: the log-likelihoods of the discrete models, BG/BB and shifted beta-geometric.
 *
 * BG/BB, parameters alpha, beta, gamma, delta: Fader, Hardie & Shang, "Customer-Base Analysis in a
 * Discrete-Time Noncontractual Setting", Marketing Science 29 (2010).  Of n opportunities (T) x
 * were used, the last one t_x:
 *
 *   L = B(alpha + x, beta + n - x) / B(alpha, beta)  B(gamma, delta + n) / B(gamma, delta)
 *     + sum over t = t_x .. n - 1 of
 *       B(alpha + x, beta + t - x) / B(alpha, beta)  B(gamma + 1, delta + t) / B(gamma, delta)
 *
 * sBG, parameters alpha, beta: Fader & Hardie, "How to Project Customer Retention", Journal of
 * Interactive Marketing 21 (2007).  S(t) = B(alpha, beta + t) / B(alpha, beta).
 */
#include "value/clv_likelihood.h"

/* After so many paths, of one customer or of several, a fit may be interrupted. */
#define PATHS_A_BREATH 4096

enum
{
	ALPHA,
	BETA,
	GAMMA,
	DELTA
};

/*
 * log B(a + i, b + j) / B(a, b) with its derivatives in a (index at) and b (at + 1): added to the
 * exponent, to d, and to the second derivatives h.
 */
static double
log_beta_rise(double a, double b, double i, double j, int at, double *d,
			  double h[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS])
{
	double trigamma = special_trigamma_rise(a + b, i + j);
	double digamma = special_digamma_rise(a + b, i + j);

	d[at] = special_digamma_rise(a, i) - digamma;
	d[at + 1] = special_digamma_rise(b, j) - digamma;
	h[at][at] = special_trigamma_rise(a, i) - trigamma;
	h[at][at + 1] = -trigamma;
	h[at + 1][at + 1] = special_trigamma_rise(b, j) - trigamma;
	return special_lgamma_rise(a, i) + special_lgamma_rise(b, j) -
		   special_lgamma_rise(a + b, i + j);
}

/* Feed one path: bought x times of t opportunities while alive; then alive still, or left. */
static void
feed_path(ClvMixture *mix, double x, double t, int left, const double *p)
{
	double d[CLV_MAX_PARAMETERS] = {0};
	double h[CLV_MAX_PARAMETERS][CLV_MAX_PARAMETERS] = {{0}};
	double exponent = log_beta_rise(p[ALPHA], p[BETA], x, t - x, ALPHA, d, h) +
					  log_beta_rise(p[GAMMA], p[DELTA], left, t, GAMMA, d, h);
	double v = clv_mixture_feed(mix, exponent, 1, d);

	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
		for (int j = i; j < CLV_MAX_PARAMETERS; j++)
			mix->hessian[i][j] += v * h[i][j];
}

static void
block_bg_bb(const ClvData *data, const ClvRow *row, int n, const double *p, ClvTerm *term)
{
	int paths = 0;

	for (int i = 0; i < n; i++, row++)
	{
		int64 opportunities = (int64) row->T;
		ClvMixture mix = {0};

		/* every path has the factor of x purchases at t_x opportunities at least */
		mix.largest = special_lgamma_rise(p[ALPHA], row->x) +
					  special_lgamma_rise(p[BETA], row->tx - row->x) -
					  special_lgamma_rise(p[ALPHA] + p[BETA], row->tx);
		feed_path(&mix, row->x, row->T, 0, p);
		for (int64 t = (int64) row->tx; t < opportunities; t++)
		{
			clv_breathe(data, ++paths, PATHS_A_BREATH);
			feed_path(&mix, row->x, (double) t, 1, p);
		}
		clv_mixture_finish(&mix, row->weight, term);
	}
}

void
clv_likelihood_bg_bb(const ClvData *data, const double *p, ClvSums *sums)
{
	clv_sums_blocks(data, p, block_bg_bb, sums);
}

static void
add_sbg(double t, int left, double customers, const double *p, ClvSums *sums)
{
	ClvTerm term = {0};

	term.value =
		customers * log_beta_rise(p[ALPHA], p[BETA], left, t, ALPHA, term.gradient, term.hessian);
	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
	{
		term.gradient[i] *= customers;
		for (int j = i; j < CLV_MAX_PARAMETERS; j++)
			term.hessian[i][j] *= customers;
	}
	clv_sums_add(sums, &term);
}

void
clv_likelihood_sbg(const ClvData *data, const double *p, ClvSums *sums)
{
	int last = data->n - 1;

	for (int t = 1; t <= last; t++)
	{
		add_sbg(t - 1, 1, data->row[t - 1].weight - data->row[t].weight, p, sums);
		clv_breathe(data, t, CLV_TERMS_A_BREATH);
	}
	add_sbg(last, 0, data->row[last].weight, p, sums);
}
