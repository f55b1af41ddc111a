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

/*
 * How many nodes give an integrand that falls by a factor e^reach to about 1e-14: measured on
 * exponentials.
 */
#define N_RULES 8
static const int rule_size[N_RULES] = {6, 8, 10, 12, 16, 20, 24, PARETO_MAX_NODES};
static const double rule_reach[N_RULES] = {1.4, 3.6, 7, 11, 23, 39, 59, INFINITY};
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

/* log(1 + u / alpha) and log(1 + u / beta) */
typedef struct Growth
{
	double log_a;
	double log_b;
} Growth;

static inline Growth
growth_at(double u, const double *p)
{
	return (Growth){log1p(u / p[ALPHA]), log1p(u / p[BETA])};
}

static Range
range_of(double k, double tx, double T, const Growth *at_tx, const Growth *at_T, const double *p)
{
	double c = fmin(p[ALPHA], p[BETA]);
	Range range = {c, c + tx, log1p((T - tx) / (c + tx)), NULL};
	/* how fast the logarithm of the integrand falls at first; later it falls faster */
	double slope =
		k * range.start / (p[ALPHA] + tx) + (p[S] + 1) * range.start / (p[BETA] + tx) - 1;
	Growth at_end = *at_T;
	double varies;
	int i = 0;

	if (slope * range.length > NEGLIGIBLE)
	{
		range.length = NEGLIGIBLE / slope;
		at_end = growth_at(tx + range.start * expm1(range.length), p);
	}
	varies = fabs(k * (at_end.log_a - at_tx->log_a) + (p[S] + 1) * (at_end.log_b - at_tx->log_b) -
				  range.length);
	varies = fmax(varies, fabs(slope) * range.length);
	/* the ratio of alpha + u to beta + u has poles at a distance of pi: long ranges need more */
	varies = fmax(varies, range.length > 4 ? INFINITY : 3 * range.length);
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

static double
log_alive(double k, const Growth *at_T, const double *p)
{
	return -k * at_T->log_a - p[S] * at_T->log_b;
}

double
pareto_log_alive(double x, double T, const double *p)
{
	Growth at_T = growth_at(T, p);

	return log_alive(p[R] + x, &at_T, p);
}

double
pareto_log_left(double x, double tx, double T, const double *p)
{
	double k = p[R] + x;
	Growth at_tx = growth_at(tx, p);
	Growth at_T = growth_at(T, p);
	double sum = 0;
	double largest;
	Range range;

	if (T <= tx)
		return -INFINITY;
	range = range_of(k, tx, T, &at_tx, &at_T, p);
	largest = log_integrand(k, at_tx.log_a, at_tx.log_b, 0, log(range.start), p);
	for (int i = 0; i < range.rule->n; i++)
	{
		double y = range.rule->node[i] * range.length;
		Growth at_u = growth_at(tx + range.start * expm1(y), p);

		sum += range.rule->weight[i] *
			   exp(log_integrand(k, at_u.log_a, at_u.log_b, y, log(range.start), p) - largest);
	}
	return largest + log(sum * range.length);
}

/* Feed a term -k log(1 + T / alpha) - s log(1 + T / beta) to the mixture. */
static inline void
feed_alive(ClvMixture *mix, double k, double T, const Growth *at_T, const double *p)
{
	double alpha = p[ALPHA];
	double beta = p[BETA];
	double cross_a = T / (alpha * (alpha + T));
	double cross_b = T / (beta * (beta + T));
	const double d[] = {-at_T->log_a, k * cross_a, -at_T->log_b, p[S] * cross_b};
	double v = clv_mixture_feed(mix, log_alive(k, at_T, p), 1, d);

	mix->hessian[R][ALPHA] += v * cross_a;
	mix->hessian[ALPHA][ALPHA] -= v * k * cross_a * (1 / alpha + 1 / (alpha + T));
	mix->hessian[S][BETA] += v * cross_b;
	mix->hessian[BETA][BETA] -= v * p[S] * cross_b * (1 / beta + 1 / (beta + T));
}

/*
 * All nodes of the integral weigh into these sums, of which the derivatives are made: of the four
 * quantities that depend on the node, and of their products.
 */
enum
{
	LOG_A,	 /* log(1 + u / alpha) */
	CROSS_A, /* u / (alpha (alpha + u)), its derivative in alpha but for the sign */
	LOG_B,
	CROSS_B,
	QUANTITIES
};

typedef struct NodeSums
{
	double weight;
	double of[QUANTITIES];
	double product[QUANTITIES][QUANTITIES]; /* j >= i */
} NodeSums;

static inline void
add_to_sums(NodeSums *sums, double weight, const double quantity[QUANTITIES])
{
	sums->weight += weight;
	for (int i = 0; i < QUANTITIES; i++)
	{
		double weighted = weight * quantity[i];

		sums->of[i] += weighted;
		for (int j = i; j < QUANTITIES; j++)
			sums->product[i][j] += weighted * quantity[j];
	}
}

/* From here on 1 + u / alpha loses digits that matter. */
#define LARGE 1e3

static inline double
log_growth(double u, double scale)
{
	return scale > LARGE ? log1p(u / scale) : log(1 + u / scale);
}

/*
 * The sums over all nodes of the integrand, whose logarithm is rest + y - k log_a - (s + 1) log_b.
 * By the choice of y, log(1 + u / c) is its value at t_x plus y: one of the two logarithms of a node
 * comes for free.
 */
static void
sum_nodes(NodeSums *sums, double k, double log_c_at_tx, double rest, const Range *range,
		  const double *p)
{
	const ParetoRule *rule = range->rule;
	bool alpha_is_c = p[ALPHA] <= p[BETA];
	int log_c = alpha_is_c ? LOG_A : LOG_B;
	int log_other = alpha_is_c ? LOG_B : LOG_A;
	double other = alpha_is_c ? p[BETA] : p[ALPHA];
	double inv_c = 1 / range->c;
	double inv_other = 1 / other;

	for (int i = 0; i < rule->n; i++)
	{
		double y = rule->node[i] * range->length;
		double c_and_u = range->start * exp(y);
		double u = c_and_u - range->c;
		double q[QUANTITIES];

		q[log_c] = log_c_at_tx + y;
		q[log_c + 1] = u * inv_c / c_and_u;
		q[log_other] = log_growth(u, other);
		q[log_other + 1] = u * inv_other / (other + u);
		add_to_sums(sums, rule->weight[i] * exp(rest + y - k * q[LOG_A] - (p[S] + 1) * q[LOG_B]),
					q);
	}
}

/*
 * The derivatives of the exponent are -log_a, k cross_a, 1 / s - log_b and (s + 1) cross_b - 1 /
 * beta; in their products and second derivatives 1 / (alpha + u) is 1 / alpha - cross_a.
 */
static void
feed_sums(ClvMixture *mix, double k, const NodeSums *sums, const double *p)
{
	const double *of = sums->of;
	const double(*product)[QUANTITIES] = sums->product;
	double inv_s = 1 / p[S];
	double inv_b = 1 / p[BETA];
	double s1 = p[S] + 1;

	mix->sum += sums->weight;
	mix->gradient[R] -= of[LOG_A];
	mix->gradient[ALPHA] += k * of[CROSS_A];
	mix->gradient[S] += sums->weight * inv_s - of[LOG_B];
	mix->gradient[BETA] += s1 * of[CROSS_B] - inv_b * sums->weight;
	mix->hessian[R][R] += product[LOG_A][LOG_A];
	mix->hessian[R][ALPHA] += of[CROSS_A] - k * product[LOG_A][CROSS_A];
	mix->hessian[R][S] += product[LOG_A][LOG_B] - inv_s * of[LOG_A];
	mix->hessian[R][BETA] += inv_b * of[LOG_A] - s1 * product[LOG_A][CROSS_B];
	mix->hessian[ALPHA][ALPHA] +=
		k * ((k + 1) * product[CROSS_A][CROSS_A] - 2 / p[ALPHA] * of[CROSS_A]);
	mix->hessian[ALPHA][S] += k * (inv_s * of[CROSS_A] - product[CROSS_A][LOG_B]);
	mix->hessian[ALPHA][BETA] += k * (s1 * product[CROSS_A][CROSS_B] - inv_b * of[CROSS_A]);
	mix->hessian[S][S] += product[LOG_B][LOG_B] - 2 * inv_s * of[LOG_B];
	mix->hessian[S][BETA] += of[CROSS_B] + s1 * (inv_s * of[CROSS_B] - product[LOG_B][CROSS_B]) -
							 inv_b * (inv_s * sums->weight - of[LOG_B]);
	mix->hessian[BETA][BETA] += s1 * (s1 + 1) * product[CROSS_B][CROSS_B] +
								2 * inv_b * (inv_b * sums->weight - 2 * s1 * of[CROSS_B]);
}

static void
add_row(const ClvRow *row, const double *p, ClvTerm *term)
{
	double k = p[R] + row->x;
	Growth at_tx = growth_at(row->tx, p);
	Growth at_T = growth_at(row->T, p);
	ClvMixture mix = {.largest = log_alive(k, &at_T, p)};

	if (row->T > row->tx)
	{
		Range range = range_of(k, row->tx, row->T, &at_tx, &at_T, p);
		double rest = log(p[S] / p[BETA] * range.start * range.length);
		NodeSums sums = {0};

		mix.largest = fmax(mix.largest, rest - k * at_tx.log_a - (p[S] + 1) * at_tx.log_b);
		sum_nodes(&sums, k, p[ALPHA] <= p[BETA] ? at_tx.log_a : at_tx.log_b, rest - mix.largest,
				  &range, p);
		feed_sums(&mix, k, &sums, p);
	}
	feed_alive(&mix, k, row->T, &at_T, p);
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
		clv_breathe(data, i, CLV_TERMS_A_BREATH);
	}
	clv_sums_blocks(data, p, block_pareto, sums);
}
