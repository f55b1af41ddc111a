/*
 * clv_likelihood.c: how log-likelihoods are summed (see clv_likelihood.h).
 */
#include "value/clv_likelihood.h"

/* Rows are summed plainly in blocks of this many, and the blocks' sums with compensation. */
#define BLOCK 256

/* Blocks between two breaths: some milliseconds, of Pareto/NBD's integrals, too. */
#define BREATH 4

void
clv_sums_add(ClvSums *sums, const ClvTerm *term)
{
	compensated_add(&sums->value, term->value);
	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
	{
		compensated_add(&sums->gradient[i], term->gradient[i]);
		for (int j = i; j < CLV_MAX_PARAMETERS; j++)
			compensated_add(&sums->hessian[i][j], term->hessian[i][j]);
	}
}

void
clv_sums_blocks(const ClvData *data, const double *p, ClvBlock block, ClvSums *sums)
{
	int blocks = 0;

	for (int start = 0; start < data->n; start += BLOCK)
	{
		ClvTerm term = {0};

		block(data, data->row + start, Min(BLOCK, data->n - start), p, &term);
		clv_sums_add(sums, &term);
		clv_breathe(data, ++blocks, BREATH);
	}
}

void
clv_mixture_finish(const ClvMixture *mix, double weight, ClvTerm *term)
{
	double gradient[CLV_MAX_PARAMETERS];

	term->value += weight * (mix->largest + log(mix->sum));
	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
	{
		gradient[i] = mix->gradient[i] / mix->sum;
		term->gradient[i] += weight * gradient[i];
	}
	for (int i = 0; i < CLV_MAX_PARAMETERS; i++)
		for (int j = i; j < CLV_MAX_PARAMETERS; j++)
			term->hessian[i][j] +=
				weight * (mix->hessian[i][j] / mix->sum - gradient[i] * gradient[j]);
}
