/*
 * clv_bg_nbd.c: the log-likelihood of BG/NBD and MBG/NBD, parameters r, alpha, a, b.
 *
 * BG/NBD: Fader, Hardie & Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005).
 * MBG/NBD, where one may leave right after the first purchase too: Batislam, Denizel & Filiztekin,
 * "Empirical validation and comparison of models for customer base analysis", International Journal
 * of Research in Marketing 24 (2007).
 *
 * With k = r + x and b' = b + x (BG) or b + x + 1 (MBG):
 *
 *   L = G(r + x) / G(r) alpha^-x  B(a, b') / B(a, b)  [ (1 + T / alpha)^-k
 *       + a / (b' - 1) (1 + t_x / alpha)^-k ]          the second term only for x > 0 in BG
 *
 * What depends on x alone is computed once per distinct x; a row then costs two logs and an exp.
 */
#include "value/clv_likelihood.h"

enum
{
	R,
	ALPHA,
	A,
	B
};

/* From here on 1 + T / alpha loses digits that matter. */
#define LARGE_ALPHA 1e3

/* The part that depends on x alone; extra is 1 for MBG. */
static void
term_of_x(double x, double w, const double *p, int extra, ClvTerm *t)
{
	double r = p[R];
	double alpha = p[ALPHA];
	double b = p[B];
	double ab = p[A] + p[B];
	double m = x + extra;
	double dab = special_digamma_rise(ab, m);
	double tab = special_trigamma_rise(ab, m);

	t->value = w * (special_lgamma_rise(r, x) - x * log(alpha) + special_lgamma_rise(b, m) -
					special_lgamma_rise(ab, m));
	t->gradient[R] = w * special_digamma_rise(r, x);
	t->gradient[ALPHA] = -w * x / alpha;
	t->gradient[A] = -w * dab;
	t->gradient[B] = w * (special_digamma_rise(b, m) - dab);
	t->hessian[R][R] = w * special_trigamma_rise(r, x);
	t->hessian[ALPHA][ALPHA] = w * x / (alpha * alpha);
	t->hessian[A][A] = -w * tab;
	t->hessian[A][B] = -w * tab;
	t->hessian[B][B] = w * (special_trigamma_rise(b, m) - tab);
}

static inline double
log_growth(double t, double alpha)
{
	return alpha > LARGE_ALPHA ? log1p(t / alpha) : log(1 + t / alpha);
}

/* A row that can't have left: -k log(1 + T / alpha). */
static inline void
add_alive(double k, double T, double alpha, double w, ClvTerm *t)
{
	double log_T = log_growth(T, alpha);
	double cross = T / (alpha * (alpha + T));

	t->value -= w * k * log_T;
	t->gradient[R] -= w * log_T;
	t->gradient[ALPHA] += w * k * cross;
	t->hessian[R][ALPHA] += w * cross;
	t->hessian[ALPHA][ALPHA] -= w * k * cross * (1 / alpha + 1 / (alpha + T));
}

/*
 * A row that may have left: the log of the sum of two terms, "alive" u and "left" v, in which v
 * depends on a and b too (log_left is log(a / (b' - 1))).
 */
static inline void
add_either(const ClvRow *row, double k, const double *p, double b_less, double log_left, ClvTerm *t)
{
	double alpha = p[ALPHA];
	double w = row->weight;
	double log_T = log_growth(row->T, alpha);
	double log_t = log_growth(row->tx, alpha);
	double cross_T = row->T / (alpha * (alpha + row->T));
	double cross_t = row->tx / (alpha * (alpha + row->tx));
	double odds = log_left + k * (log_T - log_t); /* log(v / u) */
	double e = exp(-fabs(odds));
	double larger = 1 / (1 + e);
	double smaller = e / (1 + e);
	double left = odds > 0 ? larger : smaller;
	double alive = odds > 0 ? smaller : larger;
	double d_r = log_T - log_t; /* derivatives of the log odds */
	double d_alpha = k * (cross_t - cross_T);
	double d_a = 1 / p[A];
	double d_b = -1 / b_less;
	double both = w * left * alive;
	double wl = w * left;

	t->value += w * (-k * log_T + (odds > 0 ? odds : 0) + log1p(e));
	t->gradient[R] += w * -log_T + wl * d_r;
	t->gradient[ALPHA] += w * k * cross_T + wl * d_alpha;
	t->gradient[A] += wl * d_a;
	t->gradient[B] += wl * d_b;
	t->hessian[R][R] += both * d_r * d_r;
	t->hessian[R][ALPHA] += both * d_r * d_alpha + w * alive * cross_T + wl * cross_t;
	t->hessian[R][A] += both * d_r * d_a;
	t->hessian[R][B] += both * d_r * d_b;
	t->hessian[ALPHA][ALPHA] += both * d_alpha * d_alpha -
								w * alive * k * cross_T * (1 / alpha + 1 / (alpha + row->T)) -
								wl * k * cross_t * (1 / alpha + 1 / (alpha + row->tx));
	t->hessian[ALPHA][A] += both * d_alpha * d_a;
	t->hessian[ALPHA][B] += both * d_alpha * d_b;
	t->hessian[A][A] += (both - wl) * d_a * d_a;
	t->hessian[A][B] += both * d_a * d_b;
	t->hessian[B][B] += (both + wl) * d_b * d_b;
}

static void
block_bg(const ClvData *data, const ClvRow *row, int n, const double *p, ClvTerm *term)
{
	for (int i = 0; i < n; i++, row++)
	{
		if (row->x > 0)
			add_either(row, p[R] + row->x, p, p[B] + row->x - 1, data->scratch[row->distinct],
					   term);
		else
			add_alive(p[R], row->T, p[ALPHA], row->weight, term);
	}
}

static void
block_mbg(const ClvData *data, const ClvRow *row, int n, const double *p, ClvTerm *term)
{
	for (int i = 0; i < n; i++, row++)
		add_either(row, p[R] + row->x, p, p[B] + row->x, data->scratch[row->distinct], term);
}

static void
likelihood(const ClvData *data, const double *p, int extra, ClvSums *sums)
{
	for (int i = 0; i < data->n_distinct; i++)
	{
		ClvTerm term = {0};

		term_of_x(data->x[i], data->x_weight[i], p, extra, &term);
		clv_sums_add(sums, &term);
		data->scratch[i] = log(p[A] / (p[B] + data->x[i] - 1 + extra));
		clv_breathe(data, i, CLV_TERMS_A_BREATH);
	}
	clv_sums_blocks(data, p, extra ? block_mbg : block_bg, sums);
}

void
clv_likelihood_bg_nbd(const ClvData *data, const double *p, ClvSums *sums)
{
	likelihood(data, p, 0, sums);
}

void
clv_likelihood_mbg_nbd(const ClvData *data, const double *p, ClvSums *sums)
{
	likelihood(data, p, 1, sums);
}
