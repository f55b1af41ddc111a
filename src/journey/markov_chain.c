/*
 * markov_chain.c: what a chain of channels is worth without each of them (see markov_chain.h).
 */
#include "journey/markov_chain.h"

#include <math.h>
#include <string.h>

/*
 * Invert the n x n matrix a into b by Gauss-Jordan elimination.  I - Q is diagonally dominant by
 * rows, since what leaves a channel for others is at most all that leaves it, so no pivot needs to
 * be searched for; none is 0, since every channel is left for good in the end.
 */
static void
invert(int n, double *a, double *b)
{
	memset(b, 0, sizeof(double) * n * n);
	for (int i = 0; i < n; i++)
		b[i * n + i] = 1;
	for (int k = 0; k < n; k++)
	{
		double pivot = a[k * n + k];

		for (int j = 0; j < n; j++)
		{
			a[k * n + j] /= pivot;
			b[k * n + j] /= pivot;
		}
		for (int i = 0; i < n; i++)
		{
			double factor = a[i * n + k];

			if (i == k || factor == 0)
				continue;
			for (int j = 0; j < n; j++)
			{
				a[i * n + j] -= factor * a[k * n + j];
				b[i * n + j] -= factor * b[k * n + j];
			}
		}
	}
}

/*
 * Make I - Q of the counts.  Staying in a channel changes neither where a journey goes next nor
 * whether it converts, so it is left out of the chain.
 */
static void
subtract_from_identity(int n, double *between, const double *leaving)
{
	for (int i = 0; i < n; i++)
	{
		double away = leaving[i] - between[i * n + i];

		for (int j = 0; j < n; j++)
			between[i * n + j] = i == j ? 1 : -between[i * n + j] / away;
	}
}

double
markov_removal_effects(int n, const double *from_start, double starts, double *between,
					   const double *to_conversion, const double *leaving, double *work,
					   double *effect)
{
	double converts = 0;

	/* effect[i] holds the probability of conversion after channel i, until the end */
	for (int i = 0; i < n; i++)
		effect[i] = to_conversion[i] / (leaving[i] - between[i * n + i]);
	subtract_from_identity(n, between, leaving);
	invert(n, between, work);
	/* between is free now: its first row takes v = N r */
	for (int i = 0; i < n; i++)
	{
		between[i] = 0;
		for (int j = 0; j < n; j++)
			between[i] += work[i * n + j] * effect[j];
		converts += from_start[i] / starts * between[i];
	}
	for (int i = 0; i < n; i++)
	{
		double visits = 0;

		for (int j = 0; j < n; j++)
			visits += from_start[j] / starts * work[j * n + i];
		effect[i] = converts > 0 ? fmin(1, visits / work[i * n + i] * between[i] / converts) : 0;
	}
	return converts;
}
