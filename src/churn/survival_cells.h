/*
 * survival_cells.h: the table of durations that a survival_curve is made of.
 *
 * Pure: no palloc, no ereport (sorting checks for interrupts).
 */
#ifndef CUSTOMER_LIFECYCLE_SURVIVAL_CELLS_H
#define CUSTOMER_LIFECYCLE_SURVIVAL_CELLS_H

#include "common/compat.h"

/*
 * What happened at one duration: a weight (a number of customers) of one of three kinds.
 *
 *   event     left at this duration        key even    weight > 0
 *   censored  last seen at this duration   key odd     weight > 0
 *   entry     came under observation here  key odd     weight < 0
 *
 * The key is the bits of the duration, shifted left over its sign, which is never set, with the
 * lowest bit telling events from the rest: so keys compare like durations, events first.  An entry
 * is a negative departure: the number at risk at t is then the plain sum of the weights at t and
 * later, whether or not customers came late.
 */
typedef struct SurvivalCell
{
	uint64 key;
	double weight;
} SurvivalCell;

static inline uint64
survival_key(double duration, bool event)
{
	uint64 bits;

	memcpy(&bits, &duration, sizeof(bits));
	return (bits << 1) | (event ? 0 : 1);
}

static inline double
survival_key_duration(uint64 key)
{
	uint64 bits = key >> 1;
	double duration;

	memcpy(&duration, &bits, sizeof(duration));
	return duration;
}

static inline bool
survival_cell_is_event(const SurvivalCell *cell)
{
	return (cell->key & 1) == 0;
}

static inline bool
survival_cell_is_entry(const SurvivalCell *cell)
{
	return cell->weight < 0;
}

static inline int
survival_cell_compare(const SurvivalCell *a, const SurvivalCell *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (int) survival_cell_is_entry(a) - (int) survival_cell_is_entry(b);
}

/* Sort the cells and add up those of one duration and kind; returns how many are left. */
extern uint32 survival_cells_collapse(SurvivalCell *cells, uint32 n);

/*
 * Merge other[n_other] into cells[n], both collapsed; cells has room for n + n_other.  Returns how
 * many cells there are then.
 */
extern uint32 survival_cells_merge(SurvivalCell *cells, uint32 n, const SurvivalCell *other,
								   uint32 n_other);

#endif
