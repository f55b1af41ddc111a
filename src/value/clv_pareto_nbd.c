/*
 * clv_pareto_nbd.c: the log-likelihood of Pareto/NBD, parameters r, alpha, s, beta.
 *
 * Schmittlein, Morrison & Colombo, "Counting Your Customers: Who Are They and What Will They Do
 * Next?", Management Science 33 (1987).  With k = r + x:
 *
 *   L = G(r + x) / G(r) alpha^-x [ (1 + T / alpha)^-k (1 + T / beta)^-s
 *       + integral from t_x to T of s / beta (1 + u / alpha)^-k (1 + u / beta)^-(s + 1) du ]
 *
 * The integral is computed as it stands, not by hypergeometric functions, which overflow and lose
 * all digits where alpha and beta differ much.  With c = min(alpha, beta) and u = (c + t_x) e^y - c
 * the integrand falls at least exponentially in y or not at all, so a Gauss-Legendre rule reaches
 * full precision, and its nodes give gradient and Hessian too.
 */
#include "value/clv_pareto_nbd.h"

#include "value/clv_likelihood.h"

enum
{
	R,
	ALPHA,
	S,
	BETA
};

/* What the integrand falls to is dropped once it is e^-45 of what it was. */
#define NEGLIGIBLE 45.0

/* Rules for integrands that vary little, more, and much. */
#define N_RULES 4
static const int rule_size[N_RULES] = {8, 14, 20, PARETO_MAX_NODES};
static const double rule_reach[N_RULES] = {1.0, 10.0, 50.0, INFINITY};
static ParetoRule rules[N_RULES];

void
pareto_rule(int n, ParetoRule *rule)
{
	rule->n = n;
	for (int i = 0; i < n; i++)
	{
		double z = cos(M_PI * (i + 0.75) / (n + 0.5));
		double slope = 1;

		/* Newton's method for the i-th root of the Legendre polynomial */
		for (int step = 0; step < 20; step++)
		{
			double p = 1;
			double before = 0;

			for (int j = 0; j < n; j++)
			{
				double two_before = before;

				before = p;
				p = ((2 * j + 1) * z * before - j * two_before) / (j + 1);
			}
			slope = n * (z * p - before) / (z * z - 1);
			z -= p / slope;
		}
		rule->node[i] = (1 + z) / 2;
		rule->weight[i] = 1 / ((1 - z * z) * slope * slope);
	}
}

/* The integral's range in y, and the rule for it. */
typedef struct Range
{
	double c;
	double start; /* c + t_x */
	double length;
	const ParetoRule *rule;
} Range;

static Range
range_of(double k, double tx, double T, const double *p)
{
	double c = fmin(p[ALPHA], p[BETA]);
	Range range = {c, c + tx, log1p((T - tx) / (c + tx)), NULL};
	/* how fast the logarithm of the integrand falls at first; later it falls faster */
	double fall = k * range.start / (p[ALPHA] + tx) + (p[S] + 1) * range.start / (p[BETA] + tx) - 1;
	double varies;
	int i = 0;

	if (fall * range.length > NEGLIGIBLE)
		range.length = NEGLIGIBLE / fall;
	/* the ratio of alpha + u to beta + u has poles at a distance of pi: long ranges need more */
	varies = fmax(fabs(fall) * range.length, range.length > 4 ? 100 : 2 * range.length);
	while (varies > rule_reach[i])
		i++;
	if (rules[i].n == 0)
		pareto_rule(rule_size[i], &rules[i]);
	range.rule = &rules[i];
	return range;
}

/* Log of the integrand at u, times du / dy. */
static inline double
log_integrand(double k, double log_a, double log_b, double y, double log_start, const double *p)
{
	return log_start + y - k * log_a - (p[S] + 1) * log_b + log(p[S] / p[BETA]);
}

double
pareto_log_alive(double x, double T, const double *p)
{
	return -(p[R] + x) * log1p(T / p[ALPHA]) - p[S] * log1p(T / p[BETA]);
}

double
pareto_log_left(double x, double tx, double T, const double *p)
{
	double k = p[R] + x;
	double sum = 0;
	double largest;
	Range range;

	if (T <= tx)
		return -INFINITY;
	range = range_of(k, tx, T, p);
	largest = log_integrand(k, log1p(tx / p[ALPHA]), log1p(tx / p[BETA]), 0, log(range.start), p);
	for (int i = 0; i < range.rule->n; i++)
	{
		double y = range.rule->node[i] * range.length;
		double u = tx + range.start * expm1(y);

		sum += range.rule->weight[i] * exp(log_integrand(k, log1p(u / p[ALPHA]), log1p(u / p[BETA]),
														 y, log(range.start), p) -
										   largest);
	}
	return largest + log(sum * range.length);
}

/* Feed a term -k log(1 + u / alpha) - s log(1 + u / beta) + exponent to the mixture. */
static inline void
feed_alive(ClvMixture *mix, double k, double T, const double *p)
{
	double alpha = p[ALPHA];
	double beta = p[BETA];
	double log_a = log1p(T / alpha);
	double log_b = log1p(T / beta);
	double cross_a = T / (alpha * (alpha + T));
	double cross_b = T / (beta * (beta + T));
	const double d[] = {-log_a, k * cross_a, -log_b, p[S] * cross_b};
	double v = clv_mixture_feed(mix, -k * log_a - p[S] * log_b, 1, d);

	mix->hessian[R][ALPHA] += v * cross_a;
	mix->hessian[ALPHA][ALPHA] -= v * k * cross_a * (1 / alpha + 1 / (alpha + T));
	mix->hessian[S][BETA] += v * cross_b;
	mix->hessian[BETA][BETA] -= v * p[S] * cross_b * (1 / beta + 1 / (beta + T));
}

/* Feed the integrand at u, whose logarithm is -k log_a - (s + 1) log_b + rest. */
static inline void
feed_node(ClvMixture *mix, double k, double u, double log_a, double log_b, double rest,
		  double weight, const double *p)
{
	double inv_a = 1 / p[ALPHA];
	double inv_b = 1 / p[BETA];
	double inv_au = 1 / (p[ALPHA] + u);
	double inv_bu = 1 / (p[BETA] + u);
	double cross_a = u * inv_a * inv_au;
	double cross_b = u * inv_b * inv_bu;
	double s1 = p[S] + 1;
	const double d[] = {-log_a, k * cross_a, 1 / p[S] - log_b, s1 * cross_b - inv_b};
	double v = clv_mixture_feed(mix, rest - k * log_a - s1 * log_b, weight, d);

	mix->hessian[R][ALPHA] += v * cross_a;
	mix->hessian[ALPHA][ALPHA] -= v * k * cross_a * (inv_a + inv_au);
	mix->hessian[S][S] -= v / (p[S] * p[S]);
	mix->hessian[S][BETA] += v * cross_b;
	mix->hessian[BETA][BETA] += v * (inv_b * inv_b - s1 * cross_b * (inv_b + inv_bu));
}

/* From here on 1 + u / alpha loses digits that matter. */
#define LARGE 1e3

static inline double
log_growth(double u, double scale)
{
	return scale > LARGE ? log1p(u / scale) : log(1 + u / scale);
}

/*
 * All nodes of the integral.  By the choice of y, log(1 + u / c) is its value at t_x plus y: one of
 * the two logarithms of a node comes for free.
 */
static void
feed_integral(ClvMixture *mix, double k, double tx, double rest, const Range *range,
			  const double *p)
{
	const ParetoRule *rule = range->rule;
	bool alpha_is_c = p[ALPHA] <= p[BETA];
	double log_c = log_growth(tx, range->c);

	for (int i = 0; i < rule->n; i++)
	{
		double y = rule->node[i] * range->length;
		double u = range->start * exp(y) - range->c;
		double log_a = alpha_is_c ? log_c + y : log_growth(u, p[ALPHA]);
		double log_b = alpha_is_c ? log_growth(u, p[BETA]) : log_c + y;

		feed_node(mix, k, u, log_a, log_b, rest + y, rule->weight[i], p);
	}
}

static void
add_row(const ClvRow *row, const double *p, ClvTerm *term)
{
	double k = p[R] + row->x;
	ClvMixture mix = {0};
	double rest;
	Range range;

	if (row->T <= row->tx)
	{
		mix.largest = pareto_log_alive(row->x, row->T, p);
		feed_alive(&mix, k, row->T, p);
		clv_mixture_finish(&mix, row->weight, term);
		return;
	}
	range = range_of(k, row->tx, row->T, p);
	rest = log(p[S] / p[BETA] * range.start * range.length);
	mix.largest =
		fmax(pareto_log_alive(row->x, row->T, p),
			 rest - k * log1p(row->tx / p[ALPHA]) - (p[S] + 1) * log1p(row->tx / p[BETA]));
	feed_alive(&mix, k, row->T, p);
	feed_integral(&mix, k, row->tx, rest, &range, p);
	clv_mixture_finish(&mix, row->weight, term);
}

static void
block_pareto(const ClvData *data, const ClvRow *row, int n, const double *p, ClvTerm *term)
{
	(void) data;
	for (int i = 0; i < n; i++)
		add_row(&row[i], p, term);
}

/* The part that depends on x alone. */
static void
term_of_x(double x, double w, const double *p, ClvTerm *t)
{
	t->value = w * (special_lgamma_rise(p[R], x) - x * log(p[ALPHA]));
	t->gradient[R] = w * special_digamma_rise(p[R], x);
	t->gradient[ALPHA] = -w * x / p[ALPHA];
	t->hessian[R][R] = w * special_trigamma_rise(p[R], x);
	t->hessian[ALPHA][ALPHA] = w * x / (p[ALPHA] * p[ALPHA]);
}

void
clv_likelihood_pareto_nbd(const ClvData *data, const double *p, ClvSums *sums)
{
	for (int i = 0; i < data->n_distinct; i++)
	{
		ClvTerm term = {0};

		term_of_x(data->x[i], data->x_weight[i], p, &term);
		clv_sums_add(sums, &term);
	}
	clv_sums_blocks(data, p, block_pareto, sums);
}
