/*
 * logrank.c: do groups of customers stay equally long? (see logrank.h)
 *
 * At each duration with d events among n at risk, group j of n_j at risk expects n_j d / n, with the
 * covariances of the hypergeometric distribution:
 *
 *   V_jl = d (n - d) / (n - 1) * n_j / n * ((j == l) - n_l / n)
 *
 * and chi^2 = (O - E)' V^-1 (O - E) over all groups but one.  Mantel, "Evaluation of survival data
 * and two new rank order statistics", Cancer Chemotherapy Reports 50 (1966); weights: Harrington &
 * Fleming, "A class of rank test procedures for censored survival data", Biometrika 69 (1982).
 */
#include "churn/logrank.h"

#include <math.h>

#include "common/newton.h"
#include "miscadmin.h"

/* The first event of group j at or after the cell that was reached; infinity if there is none. */
static double
next_event(const Logrank *l, int j)
{
	const SurvivalWalk *g = &l->groups[j];

	for (uint32 i = l->next[j]; i < g->n; i++)
		if (survival_cell_is_event(&g->cells[i]))
			return survival_key_duration(g->cells[i].key);
	return INFINITY;
}

static double
earliest_event(const Logrank *l)
{
	double earliest = INFINITY;

	for (int j = 0; j < l->n_groups; j++)
		earliest = fmin(earliest, l->upcoming[j]);
	return earliest;
}

/* Bring group j to the duration: who is at risk there; returns how many leave. */
static double
advance(Logrank *l, int j, double duration)
{
	const SurvivalWalk *g = &l->groups[j];
	uint32 i = l->next[j];

	while (i < g->n && survival_key_duration(g->cells[i].key) < duration)
		i++;
	l->next[j] = i;
	l->at_risk[j] = i < g->n ? g->at_risks[i] : 0;
	if (l->upcoming[j] != duration)
		return 0;
	/* the event of a duration is its first cell */
	l->next[j]++;
	l->upcoming[j] = next_event(l, j);
	return g->cells[i].weight;
}

static void
add_covariance(Logrank *l, double n, double factor)
{
	for (int j = 0; j < l->n_groups; j++)
	{
		double share = l->at_risk[j] / n;

		if (share == 0)
			continue;
		l->covariance[j * l->n_groups + j] += factor * share;
		for (int i = 0; i < l->n_groups; i++)
			l->covariance[j * l->n_groups + i] -= factor * share * l->at_risk[i] / n;
	}
}

/* One duration at which somebody leaves; survival is that of all until just before. */
static double
add_duration(Logrank *l, double duration, double survival)
{
	double weight = l->rho == 0 ? 1 : pow(survival, l->rho);
	double n = 0;
	double d = 0;

	for (int j = 0; j < l->n_groups; j++)
	{
		double events = advance(l, j, duration);

		compensated_add(&l->observed[j], weight * events);
		n += l->at_risk[j];
		d += events;
	}
	for (int j = 0; j < l->n_groups; j++)
		compensated_add(&l->expected[j], weight * l->at_risk[j] * d / n);
	if (n > 1 && n > d)
		add_covariance(l, n, weight * weight * d * (n - d) / (n - 1));
	return survival * Max(n - d, 0) / n;
}

/*
 * The statistic from the groups that expect anything, without the last of them: the first rows
 * and columns of covariance are overwritten with theirs, observed and expected stay.
 */
static LogrankResult
test_groups(const Logrank *l)
{
	int n = 0;
	int kept;
	double *difference = l->at_risk;
	LogrankResult result = {NAN, 0};

	for (int j = 0; j < l->n_groups; j++)
		if (compensated_value(&l->expected[j]) > 0)
			l->next[n++] = j;
	result.df = Max(n - 1, 0);
	kept = result.df;
	if (kept == 0)
		return result;
	for (int a = 0; a < kept; a++)
		for (int b = 0; b < kept; b++)
			l->covariance[a * kept + b] = l->covariance[l->next[a] * l->n_groups + l->next[b]];
	for (int a = 0; a < kept; a++)
		difference[a] = compensated_value(&l->observed[l->next[a]]) -
						compensated_value(&l->expected[l->next[a]]);
	if (!cholesky_factor(kept, l->covariance))
		return result;
	/* |L^-1 d|^2 = d' (L L')^-1 d */
	result.chi_square = 0;
	for (int a = 0; a < kept; a++)
	{
		for (int b = 0; b < a; b++)
			difference[a] -= l->covariance[a * kept + b] * difference[b];
		difference[a] /= l->covariance[a * kept + a];
		result.chi_square += difference[a] * difference[a];
	}
	return result;
}

LogrankResult
logrank_compare(Logrank *l)
{
	double survival = 1;
	double duration;

	for (int j = 0; j < l->n_groups; j++)
	{
		l->next[j] = 0;
		l->upcoming[j] = next_event(l, j);
		l->observed[j] = l->expected[j] = (CompensatedSum){0, 0};
	}
	memset(l->covariance, 0, sizeof(double) * l->n_groups * l->n_groups);
	while ((duration = earliest_event(l)) < INFINITY)
	{
		CHECK_FOR_INTERRUPTS();
		survival = add_duration(l, duration, survival);
	}
	return test_groups(l);
}
