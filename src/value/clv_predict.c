/*
 * clv_predict.c: what models of purchases say about one customer (see clv_predict.h).
 *
 * Sources as for the likelihoods; besides Fader & Hardie, "A Note on Deriving the Pareto/NBD Model
 * and Related Expressions" (2005) for Pareto/NBD.
 */
#include "value/clv_predict.h"

#include <math.h>

#include "common/special.h"
#include "miscadmin.h"
#include "value/clv_beta_geometric.h"
#include "value/clv_bg_expected.h"
#include "value/clv_pareto_nbd.h"

/* Parameters by position: r, alpha, a (or s), b (or beta) */
enum
{
	R,
	ALPHA,
	A,
	B
};

/* Beyond 45 / delta nothing of a discounted value is left. */
#define NEGLIGIBLE 45.0

/* Integrals over time go by panels of this length in log(1 + t / c), of so many nodes each. */
#define PANEL 3.0
#define PANEL_NODES 14

static ParetoRule panel_rule;

static const ParetoRule *
nodes_of_panel(void)
{
	if (panel_rule.n == 0)
		pareto_rule(PANEL_NODES, &panel_rule);
	return &panel_rule;
}

/* ---- who is alive ---- */

static double
logistic(double log_odds)
{
	return 1 / (1 + exp(-log_odds));
}

static double
alive_bg(ClvKind kind, const double *p, const ClvCustomer *c)
{
	double may_leave = p[B] + c->x - (kind == CLV_BG_NBD ? 1 : 0);

	if (kind == CLV_BG_NBD && c->x == 0)
		return 1;
	return logistic((p[R] + c->x) * log((p[ALPHA] + c->tx) / (p[ALPHA] + c->T)) -
					log(p[A] / may_leave));
}

static double
alive_pareto(const double *p, const ClvCustomer *c)
{
	return logistic(pareto_log_alive(c->x, c->T, p) - pareto_log_left(c->x, c->tx, c->T, p));
}

/* The ratio of the paths on which he left to the one on which he didn't, term by term. */
static double
alive_bg_bb(const double *p, const ClvCustomer *c)
{
	int64 opportunities = (int64) c->T;
	double left = 0;

	for (int64 i = (int64) c->tx; i < opportunities; i++)
	{
		double t = (double) i;

		CHECK_FOR_INTERRUPTS();
		left += exp(special_lbeta(p[0] + c->x, p[1] + t - c->x) -
					special_lbeta(p[0] + c->x, p[1] + c->T - c->x) +
					special_lbeta(p[2] + 1, p[3] + t) - special_lbeta(p[2], p[3] + c->T));
	}
	return 1 / (1 + left);
}

static ClvFuture
future_of_stranger(ClvKind kind, const double *p)
{
	ClvFuture f = {kind, 1, p[0], p[1], p[2], p[3]};

	if (kind == CLV_MBG_NBD)
	{
		f.alive = p[B] / (p[A] + p[B]);
		f.b += 1;
	}
	return f;
}

ClvFuture
clv_future(ClvKind kind, const double *p, const ClvCustomer *c)
{
	ClvFuture f = future_of_stranger(kind, p);

	if (!c->met)
		return f;
	f.A += c->x;
	if (kind == CLV_BG_BB)
	{
		f.B += c->T - c->x;
		f.b += c->T;
		f.alive = alive_bg_bb(p, c);
		return f;
	}
	f.B += c->T;
	f.b += kind == CLV_PARETO_NBD ? c->T : c->x;
	f.alive = kind == CLV_PARETO_NBD ? alive_pareto(p, c) : alive_bg(kind, p, c);
	return f;
}

/* ---- expected purchases ---- */

static double
expected_bg(const ClvFuture *f, double t)
{
	double expected;

	if (isinf(t)) /* the sum over j of (b)_j / (a + b)_j */
		return f->a > 1 ? (f->a + f->b - 1) / (f->a - 1) : NAN;
	bg_expected(f->A, f->B, f->a, f->b, 1, &t, &expected);
	return expected;
}

static double
expected_pareto(const ClvFuture *f, double t)
{
	double less = f->a - 1;
	double lived; /* the integral over (1 + u / D)^-s */

	if (isinf(t))
		lived = less > 0 ? f->b / less : NAN;
	else if (fabs(less) * log1p(t / f->b) < 1e-12)
		lived = f->b * log1p(t / f->b);
	else
		lived = f->b * -expm1(-less * log1p(t / f->b)) / less;
	return f->A / f->B * lived;
}

/* A purchase with this chance at each of t opportunities, if he is still there. */
static double
expected_bg_bb(const ClvFuture *f, double t, double delta)
{
	return f->A / (f->A + f->B) * beta_geometric_sum(f->a, f->b, t, expm1(delta));
}

double
clv_expected(const ClvFuture *f, double t)
{
	if (f->kind == CLV_BG_BB)
		return f->alive * expected_bg_bb(f, floor(t), 0);
	return f->alive * (f->kind == CLV_PARETO_NBD ? expected_pareto(f, t) : expected_bg(f, t));
}

/* ---- discounted ---- */

/* One panel of delta exp(-delta t) E Y(t). */
static double
panel_bg(const ClvFuture *f, double c, double from, double length, double delta)
{
	const ParetoRule *rule = nodes_of_panel();
	double t[PANEL_NODES];
	double expected[PANEL_NODES];
	double sum = 0;

	for (int i = 0; i < PANEL_NODES; i++)
		t[i] = c * expm1(from + length * rule->node[i]);
	bg_expected(f->A, f->B, f->a, f->b, PANEL_NODES, t, expected);
	for (int i = 0; i < PANEL_NODES; i++)
		sum += rule->weight[i] * delta * exp(-delta * t[i]) * expected[i] * (c + t[i]);
	return sum * length;
}

/* One panel of exp(-delta t) (1 + t / D)^-s; here c is D. */
static double
panel_pareto(const ClvFuture *f, double c, double from, double length, double delta)
{
	const ParetoRule *rule = nodes_of_panel();
	double sum = 0;

	for (int i = 0; i < PANEL_NODES; i++)
	{
		double y = from + length * rule->node[i];

		sum += rule->weight[i] * exp(-delta * c * expm1(y) + (1 - f->a) * y);
	}
	return sum * length * c * f->A / f->B;
}

typedef double (*Panel)(const ClvFuture *f, double c, double from, double length, double delta);

static double
sum_of_panels(Panel panel, const ClvFuture *f, double c, double t, double delta)
{
	double end = log1p(t / c);
	int panels = (int) ceil(end / PANEL);
	double sum = 0;

	for (int i = 0; i < panels; i++)
		sum += panel(f, c, i * end / panels, end / panels, delta);
	return sum;
}

/* By parts: the integral over exp(-delta t) dE Y(t). */
static double
discounted_bg(const ClvFuture *f, double t, double delta)
{
	double c = fmin(f->B / (f->A + 1), 1 / delta);
	double integral = sum_of_panels(panel_bg, f, c, t, delta);

	return integral + exp(-delta * t) * expected_bg(f, t);
}

/* How long to integrate: by then (1 + t / D)^-s has become negligible. */
static double
lifetime_limit(const ClvFuture *f)
{
	return f->b * expm1(fmin(NEGLIGIBLE / f->a, 700));
}

double
clv_discounted(const ClvFuture *f, double t, double delta)
{
	if (f->kind == CLV_BG_BB)
		return f->alive * expected_bg_bb(f, floor(t), delta);
	t = fmin(t, NEGLIGIBLE / delta);
	if (t <= 0)
		return 0;
	if (f->kind == CLV_PARETO_NBD)
		return f->alive * sum_of_panels(panel_pareto, f, f->b, fmin(t, lifetime_limit(f)), delta);
	return f->alive * discounted_bg(f, t, delta);
}

/* ---- the probability of n purchases ---- */

/* log P(K = n) of the negative binomial K ~ NB(A, t / (B + t)). */
static double
log_nb(double A, double B, double t, double n)
{
	if (t <= 0)
		return n == 0 ? 0 : -INFINITY;
	return special_lgamma_rise(A, n) - lgamma(n + 1) - A * log1p(t / B) - n * log1p(B / t);
}

/* P(K >= n), n >= 1: the smaller of the two tails is summed. */
static double
nb_at_least(double A, double B, double t, double n)
{
	double z = t / (B + t);
	double sum = 0;
	double term;

	if (n <= A * t / B)
	{
		term = exp(log_nb(A, B, t, n - 1));
		for (double k = n - 1; k >= 0 && term > 1e-18 * sum; k--)
		{
			CHECK_FOR_INTERRUPTS();
			sum += term;
			term *= k / ((A + k - 1) * z);
		}
		return 1 - sum;
	}
	term = exp(log_nb(A, B, t, n));
	for (double k = n; term > 0; k++)
	{
		double ratio = z * (A + k) / (k + 1);

		CHECK_FOR_INTERRUPTS();
		sum += term;
		if (ratio < 1 && term * ratio / (1 - ratio) < 1e-17 * sum)
			break;
		term *= ratio;
	}
	return sum;
}

/* All of n purchases and no chance to leave taken; or left right after the n-th. */
static double
probability_bg(const ClvFuture *f, double t, double n)
{
	double stays = exp(special_lgamma_rise(f->b, n) - special_lgamma_rise(f->a + f->b, n));
	double result = stays * exp(log_nb(f->A, f->B, t, n));

	if (n > 0)
		result += f->a / (f->b + n - 1) * stays * nb_at_least(f->A, f->B, t, n);
	return result;
}

/* Alive all the time, or left at u after n purchases until then. */
static double
probability_pareto(const ClvFuture *f, double t, double n)
{
	const ParetoRule *rule = nodes_of_panel();
	double c = fmin(f->B, f->b);
	double end = log1p(fmin(t, lifetime_limit(f)) / c);
	/* the more purchases, the sharper the bump of their probability over time */
	int panels = (int) ceil(end / PANEL * (2 + sqrt(n)));
	double sum = 0;

	for (int i = 0; i < panels; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < PANEL_NODES; j++)
		{
			double u = c * expm1((i + rule->node[j]) * end / panels);

			sum += rule->weight[j] * (c + u) *
				   exp(log_nb(f->A, f->B, u, n) - (f->a + 1) * log1p(u / f->b));
		}
	}
	sum *= f->a / f->b * end / Max(panels, 1);
	return exp(log_nb(f->A, f->B, t, n) - f->a * log1p(t / f->b)) + sum;
}

/* n of the first i of t opportunities, then left; or stayed for all. */
static double
probability_bg_bb(const ClvFuture *f, double t, int64 n_bought)
{
	int64 opportunities = (int64) t;
	double n = (double) n_bought;
	double sum = 0;

	for (int64 k = n_bought; k <= opportunities; k++)
	{
		double i = (double) k;
		double choose = lgamma(i + 1) - lgamma(n + 1) - lgamma(i - n + 1);
		double buys = special_lbeta(f->A + n, f->B + i - n) - special_lbeta(f->A, f->B);
		double leaves = special_lbeta(f->a + (i < t ? 1 : 0), f->b + i) - special_lbeta(f->a, f->b);

		CHECK_FOR_INTERRUPTS();
		sum += exp(choose + buys + leaves);
	}
	return sum;
}

double
clv_probability(const ClvFuture *f, double t, int64 n)
{
	double gone = n == 0 ? 1 - f->alive : 0;
	double result;

	if (f->kind == CLV_BG_BB)
		result = probability_bg_bb(f, floor(t), n);
	else if (f->kind == CLV_PARETO_NBD)
		result = probability_pareto(f, t, (double) n);
	else
		result = probability_bg(f, t, (double) n);
	return fmin(gone + f->alive * result, 1);
}

/* ---- spend ---- */

double
clv_expected_spend(const double *p, const ClvCustomer *c)
{
	bool known = c->met && c->x > 0 && !isnan(c->mean);
	double shape = p[0] * (known ? c->x : 0) + p[1] - 1;

	if (shape <= 0)
		return NAN;
	return p[0] * (p[2] + (known ? c->x * c->mean : 0)) / shape;
}

/* ---- contracts ---- */

double
sbg_survival(const double *p, double periods)
{
	return exp(special_lgamma_rise(p[1], periods) - special_lgamma_rise(p[0] + p[1], periods));
}

double
sbg_residual(const double *p, double renewals, double discount)
{
	return (1 + discount) * beta_geometric_sum(p[0], p[1] + renewals, INFINITY, discount);
}
