/*
 * survival_walk.c: the Kaplan-Meier estimate, point by point (see survival_walk.h).
 */
#include "churn/survival_walk.h"

#include <math.h>

/* Weights that aren't whole add up to this relative accuracy at least. */
#define WEIGHT_NOISE 1e-12

void
survival_walk_rewind(SurvivalWalk *w)
{
	w->next = 0;
	w->duration = 0;
	w->at_risk = 0;
	w->events = 0;
	w->censored = 0;
	w->survival = 1;
	w->log_variance = 0;
	w->hazard = 0;
	w->variance_sum = (CompensatedSum){0, 0};
	w->hazard_sum = (CompensatedSum){0, 0};
}

/*
 * The sums run from the end, where few are at risk: so the small numbers there are exact even if
 * the weights aren't whole.
 */
SurvivalWalk
survival_walk_start(const SurvivalCell *cells, uint32 n, double *at_risks)
{
	SurvivalWalk w = {.cells = cells, .at_risks = at_risks, .n = n};
	CompensatedSum at_risk = {0, 0};

	for (uint32 i = n; i-- > 0;)
	{
		compensated_add(&at_risk, cells[i].weight);
		at_risks[i] = compensated_value(&at_risk);
	}
	survival_walk_rewind(&w);
	return w;
}

/* The first cell from i on that isn't an entry. */
static uint32
next_exit(const SurvivalWalk *w, uint32 i)
{
	while (i < w->n && survival_cell_is_entry(&w->cells[i]))
		i++;
	return i;
}

static void
update_estimate(SurvivalWalk *w)
{
	double left = w->at_risk - w->events;

	/* all of them left: what weights like 0.1 leave over is rounding */
	if (left <= WEIGHT_NOISE * w->at_risk)
		left = 0;
	w->survival *= left / w->at_risk;
	compensated_add(&w->hazard_sum, w->events / w->at_risk);
	w->hazard = compensated_value(&w->hazard_sum);
	if (w->survival == 0)
		w->log_variance = INFINITY;
	else
	{
		compensated_add(&w->variance_sum, w->events / (w->at_risk * left));
		w->log_variance = compensated_value(&w->variance_sum);
	}
}

bool
survival_walk_next(SurvivalWalk *w)
{
	uint32 first = next_exit(w, w->next);
	uint32 i = first;

	if (first == w->n)
		return false;
	w->duration = survival_key_duration(w->cells[first].key);
	w->at_risk = w->at_risks[first];
	w->events = 0;
	w->censored = 0;
	for (; i < w->n && survival_key_duration(w->cells[i].key) == w->duration; i++)
	{
		if (survival_cell_is_event(&w->cells[i]))
			w->events = w->cells[i].weight;
		else if (!survival_cell_is_entry(&w->cells[i]))
			w->censored = w->cells[i].weight;
	}
	w->next = i;
	if (w->events > 0)
		update_estimate(w);
	return true;
}

double
survival_walk_peek(const SurvivalWalk *w)
{
	uint32 i = next_exit(w, w->next);

	return i < w->n ? survival_key_duration(w->cells[i].key) : INFINITY;
}

double
survival_walk_last(const SurvivalWalk *w)
{
	/* entries come before their exits, so the last cell is an exit */
	return w->n > 0 ? survival_key_duration(w->cells[w->n - 1].key) : 0;
}

double
survival_walk_total(const SurvivalWalk *w)
{
	CompensatedSum total = {0, 0};

	for (uint32 i = 0; i < w->n; i++)
		if (!survival_cell_is_entry(&w->cells[i]))
			compensated_add(&total, w->cells[i].weight);
	return compensated_value(&total);
}
