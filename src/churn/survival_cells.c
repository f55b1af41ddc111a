/*
 * survival_cells.c: the table of durations that a survival_curve is made of (see
 * survival_cells.h).
 */
#include "churn/survival_cells.h"

#include "common/special.h"
#include "miscadmin.h"

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE SurvivalCell
#define ST_COMPARE(a, b) survival_cell_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

uint32
survival_cells_collapse(SurvivalCell *cells, uint32 n)
{
	uint32 kept = 0;

	sort_cells(cells, n);
	for (uint32 i = 0; i < n;)
	{
		SurvivalCell cell = cells[i];
		CompensatedSum weight = {0, 0};

		for (; i < n && survival_cell_compare(&cells[i], &cell) == 0; i++)
			compensated_add(&weight, cells[i].weight);
		cell.weight = compensated_value(&weight);
		cells[kept++] = cell;
	}
	return kept;
}

/*
 * From the back, so that no scratch space is needed: the merged cells grow downwards from the end
 * of the room, and never overtake what of the first table is still to be read.
 */
uint32
survival_cells_merge(SurvivalCell *cells, uint32 n, const SurvivalCell *other, uint32 n_other)
{
	uint32 end = n + n_other;
	uint32 at = end;
	uint32 i = n;
	uint32 j = n_other;

	while (j > 0)
	{
		int order = i > 0 ? survival_cell_compare(&cells[i - 1], &other[j - 1]) : -1;

		at--;
		if (order > 0)
			cells[at] = cells[--i];
		else
		{
			cells[at] = other[--j];
			if (order == 0 && i > 0)
				cells[at].weight += cells[--i].weight;
		}
	}
	/* cells[0 .. i) are where they belong; close the gap that equal cells have left */
	if (at > i)
		memmove(&cells[i], &cells[at], (end - at) * sizeof(SurvivalCell));
	return i + (end - at);
}
