/*
 * cox_concordance.c: how often the customer with the higher risk is the one who leaves first (see
 * cox_concordance.h).
 *
 * One pass from the longest duration down, with the weights of those still there in a Fenwick tree
 * over the ranks of their predictors.  Harrell et al., "Evaluating the yield of medical tests",
 * Journal of the American Medical Association 247 (1982).
 */
#include "churn/cox_concordance.h"

#include <math.h>

#include "churn/survival_cells.h"
#include "miscadmin.h"

/* Rounding of a predictor, as a part of the range of all. */
#define NOISE 1e-13

typedef struct Ranking
{
	const CoxData *data;
	const uint32 *ranks; /* 1 .. n_ranks; equal predictors share one */
	uint32 n_ranks;
	double *tree;
	double present; /* the sum of all weights in the tree */
	double concordant;
	double discordant;
	double tied;
} Ranking;

static int
compare_predictors(uint32 a, uint32 b, const double *predictors)
{
	return (predictors[a] > predictors[b]) - (predictors[a] < predictors[b]);
}

#define ST_SORT sort_by_predictor
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE_ARG_TYPE const double
#define ST_COMPARE(a, b, arg) compare_predictors(*(a), *(b), arg)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Predictors that differ by rounding only are equal: 1 / 7.0 + 1 and 8 / 7.0 are meant to be.
 */
static uint32
rank_predictors(const CoxData *data, uint32 *order, uint32 *ranks)
{
	const double *predictors = data->linear_predictor;
	uint32 rank = 0;
	double noise;

	for (uint32 i = 0; i < data->n; i++)
		order[i] = i;
	sort_by_predictor(order, data->n, predictors);
	noise = NOISE * (predictors[order[data->n - 1]] - predictors[order[0]]);
	for (uint32 i = 0; i < data->n; i++)
	{
		if (i == 0 || predictors[order[i]] - predictors[order[i - 1]] > noise)
			rank++;
		ranks[order[i]] = rank;
	}
	return rank;
}

static void
put(Ranking *r, uint32 row, double weight)
{
	for (uint32 i = r->ranks[row]; i <= r->n_ranks; i += i & -i)
		r->tree[i] += weight;
	r->present += weight;
}

/* The weight of those in the tree with ranks up to this one. */
static double
weight_up_to(const Ranking *r, uint32 rank)
{
	double weight = 0;

	for (uint32 i = rank; i > 0; i -= i & -i)
		weight += r->tree[i];
	return weight;
}

/* Pair one who left with everybody who stayed longer. */
static void
count_pairs(Ranking *r, uint32 row)
{
	double weight = r->data->weights[row];
	double below = weight_up_to(r, r->ranks[row] - 1);
	double up_to = weight_up_to(r, r->ranks[row]);

	r->concordant += weight * below;
	r->tied += weight * (up_to - below);
	r->discordant += weight * (r->present - up_to);
}

/*
 * The customers of the duration that ends at row end; returns where they begin.  Who was last seen
 * then stayed longer than who left then.
 */
static uint32
count_duration(Ranking *r, uint32 end)
{
	const CoxData *data = r->data;
	uint64 duration = data->keys[end - 1] >> 1;
	uint32 row = end;
	uint32 events_end;

	for (; row > 0 && data->keys[row - 1] >> 1 == duration && (data->keys[row - 1] & 1) != 0; row--)
		put(r, row - 1, data->weights[row - 1]);
	events_end = row;
	for (; row > 0 && data->keys[row - 1] >> 1 == duration; row--)
		count_pairs(r, row - 1);
	for (uint32 i = row; i < events_end; i++)
		put(r, i, data->weights[i]);
	return row;
}

double
cox_concordance(const CoxData *data, uint32 *order, uint32 *ranks, double *tree)
{
	Ranking r = {.data = data, .ranks = ranks, .tree = tree};
	uint32 late = 0;
	double pairs;

	r.n_ranks = rank_predictors(data, order, ranks);
	memset(tree, 0, sizeof(double) * ((Size) r.n_ranks + 1));
	for (uint32 end = data->n; end > 0;)
	{
		double duration = survival_key_duration(data->keys[end - 1]);

		CHECK_FOR_INTERRUPTS();
		for (; late < data->n_late; late++)
		{
			uint32 row = data->late_entrants[late];

			if (data->entries[row] < duration)
				break;
			put(&r, row, -data->weights[row]);
		}
		end = count_duration(&r, end);
	}
	pairs = r.concordant + r.tied + r.discordant;
	return pairs > 0 ? (r.concordant + r.tied / 2) / pairs : NAN;
}
