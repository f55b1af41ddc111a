/*
 * auc.c: the area under the receiver operating characteristic (see auc.h).
 *
 * Mann & Whitney, Annals of Mathematical Statistics 18 (1947), 50-60; Hanley & McNeil, Radiology
 * 143 (1982), 29-36.
 */
#include "health/auc.h"

#include <math.h>

#include "miscadmin.h"

#define ST_SORT sort_scored
#define ST_ELEMENT_TYPE ScoredCount
#define ST_COMPARE(a, b) ((a)->score < (b)->score ? -1 : (a)->score > (b)->score)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Scores that differ by less are equal but for rounding. */
#define EQUAL_SCORES 1e-13

static bool
same_score(double a, double b)
{
	return b - a <= EQUAL_SCORES * fmax(1, fabs(a));
}

double
auc_of(ScoredCount *scored, size_t n)
{
	double stayed_below = 0;
	double churned = 0;
	double pairs = 0;
	size_t i = 0;

	sort_scored(scored, n);
	while (i < n)
	{
		double here = scored[i].score;
		double stayed_here = 0;
		double churned_here = 0;

		for (; i < n && same_score(here, scored[i].score); i++)
		{
			stayed_here += fmax(0, -scored[i].count);
			churned_here += fmax(0, scored[i].count);
		}
		pairs += churned_here * (stayed_below + stayed_here / 2);
		stayed_below += stayed_here;
		churned += churned_here;
	}
	return churned > 0 && stayed_below > 0 ? pairs / churned / stayed_below : NAN;
}
