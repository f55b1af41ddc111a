/*
 * clv_bg_expected.c: expected purchases of a customer of BG/NBD or MBG/NBD who is alive.
 *
 * With purchases at a rate gamma(A, B) as long as he stays, and a chance p ~ beta(a, b) to leave
 * after each, he makes the k-th of the K ~ NB(A, t / (B + t)) purchases there would be with
 * probability E (1 - p)^(k - 1), so that
 *
 *   E Y(t) = sum over k >= 1 of P(K = k) S_k,  S_k = sum over j < k of (b)_j / (a + b)_j
 *
 * All terms are positive: nothing cancels, and a = 1 is no special case, unlike in the usual form
 * with a hypergeometric function, which is not finite for many customers.  For very long horizons,
 * where that takes thousands of terms, the same is an integral over p:
 *
 *   E Y(t) = E [ (1 - (1 + p t / B)^-A) / p ]
 */
#include "value/clv_bg_expected.h"

#include <math.h>

#include "common/special.h"
#include "miscadmin.h"

#define TOLERANCE 1e-16

/* Horizons that take more terms than about this go by the integral. */
#define MANY_TERMS 1500.0

/* Below exp(-650) the first term would underflow: such a sum is scaled up. */
#define SMALLEST_LOG 650.0
#define RESCALE 1e200

/* So many terms are added at a time. */
#define BLOCK 8

/* ---- the series ---- */

typedef struct Sums
{
	int n;
	double z[BG_MAX_HORIZONS];
	double pk[BG_MAX_HORIZONS];	 /* P(K = k), scaled by exp(shift) */
	double sum[BG_MAX_HORIZONS]; /* likewise */
	double shift[BG_MAX_HORIZONS];
} Sums;

/* Is the rest of a sum negligible?  Its terms fall at least geometrically from here on. */
static bool
is_done(const Sums *s, int i, double A, double k, double S)
{
	double ratio = s->z[i] * (A + k) / k;

	return ratio < 1 && s->pk[i] * S * ratio <= TOLERANCE * s->sum[i] * (1 - ratio);
}

static bool
all_done(const Sums *s, double A, double k, double S)
{
	for (int i = 0; i < s->n; i++)
		if (!is_done(s, i, A, k, S))
			return false;
	return true;
}

static void
rescale(Sums *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->pk[i] > RESCALE)
		{
			s->pk[i] /= RESCALE;
			s->sum[i] /= RESCALE;
			s->shift[i] += log(RESCALE);
		}
}

/* The next terms of one sum, in registers: where they were in memory took most of the time. */
static void
add_terms(Sums *s, int i, const double *factor, const double *S)
{
	double z = s->z[i];
	double pk = s->pk[i];
	double sum = s->sum[i];

	for (int j = 0; j < BLOCK; j++)
	{
		pk *= z * factor[j];
		sum += pk * S[j];
	}
	s->pk[i] = pk;
	s->sum[i] = sum;
}

static void
run_series(Sums *s, double A, double a, double b)
{
	double factor[BLOCK]; /* (A + k - 1) / k */
	double stay[BLOCK];	  /* (b + k - 1) / (a + b + k - 1) */
	double S[BLOCK];
	double stays = 1; /* (b)_j / (a + b)_j */
	double total = 0;

	/* checked after each block only: a check costs as much as some terms */
	for (double k = 1;; k += BLOCK)
	{
		for (int j = 0; j < BLOCK; j++)
		{
			factor[j] = (A + (k + j - 1)) / (k + j);
			stay[j] = (b + (k + j - 1)) / (a + b + (k + j - 1));
		}
		for (int j = 0; j < BLOCK; j++)
		{
			S[j] = total += stays;
			stays *= stay[j];
		}
		for (int i = 0; i < s->n; i++)
			add_terms(s, i, factor, S);
		rescale(s);
		if (all_done(s, A, k + BLOCK - 1, total))
			return;
	}
}

static void
add_horizon(Sums *s, double A, double B, double t)
{
	double log_first = -A * log1p(t / B);
	int i = s->n++;

	s->z[i] = t / (B + t);
	s->sum[i] = 0;
	s->shift[i] = log_first < -SMALLEST_LOG ? log_first : 0;
	s->pk[i] = exp(log_first - s->shift[i]);
}

/* ---- the integral, over w = log(p / (1 - p)) by the trapezoidal rule ---- */

typedef struct Integrand
{
	double A;
	double growth; /* t / B */
	double a;
	double b;
	double log_norm;
} Integrand;

/* beta density of p times dp / dw times what we want the mean of */
static double
integrand_at(const Integrand *f, double w)
{
	double log_p = w > 0 ? -log1p(exp(-w)) : w - log1p(exp(w));
	double log_q = log_p - w;
	double p = exp(log_p);

	return exp(f->a * log_p + f->b * log_q - f->log_norm - log_p) *
		   -expm1(-f->A * log1p(p * f->growth));
}

/*
 * Both tails are exponential far out: e^(a w) on the left, where p is so small that nothing else
 * changes, and e^(-b w) on the right.  From there on the rest of the sum is a geometric series.
 */
static double
one_side(const Integrand *f, double from, double step, double far, double decay)
{
	double sum = 0;
	double largest = 0;

	for (double w = from;; w += step)
	{
		double value = integrand_at(f, w);

		CHECK_FOR_INTERRUPTS();

		if (fabs(w) >= far && (w > 0) == (step > 0))
			return sum + value / -expm1(-decay * fabs(step));
		sum += value;
		largest = fmax(largest, value);
		if (value <= 1e-19 * largest && fabs(w - from) > 1)
			return sum;
	}
}

static double
by_integral(double A, double B, double a, double b, double t)
{
	Integrand f = {A, t / B, a, b, special_lbeta(a, b)};
	/* fine enough for a bell as narrow as that of beta(a, b) on this scale */
	double step = fmin(0.25, 0.7 * sqrt(1 / a + 1 / b));
	double centre = log(a / b);
	double left = 37 + log1p(A * t / B + b);

	centre = fmax(-left, fmin(centre, 37));
	return step * (one_side(&f, centre, -step, left, a) + one_side(&f, centre + step, step, 37, b));
}

void
bg_expected(double A, double B, double a, double b, int n, const double *t, double *expected)
{
	Sums sums = {0};
	int slot[BG_MAX_HORIZONS];

	for (int i = 0; i < n; i++)
	{
		slot[i] = -1;
		if (t[i] <= 0)
			expected[i] = 0;
		else if (A * t[i] / B + 40 * (1 + t[i] / B) > MANY_TERMS)
			expected[i] = by_integral(A, B, a, b, t[i]);
		else
		{
			slot[i] = sums.n;
			add_horizon(&sums, A, B, t[i]);
		}
	}
	if (sums.n > 0)
		run_series(&sums, A, a, b);
	for (int i = 0; i < n; i++)
		if (slot[i] >= 0)
			expected[i] = sums.sum[slot[i]] * exp(sums.shift[slot[i]]);
}
