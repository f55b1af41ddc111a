/*
 * survival_hazard.c: how fast customers leave between two durations, and how many there are.
 *
 *   hazard = customers who leave in [after, until) / time spent there by all
 *
 * the maximum likelihood estimate of a constant rate; Klein & Moeschberger, Survival Analysis,
 * 2nd ed., chapter 12.
 */
#include "churn/survival_options.h"

#include <math.h>

typedef struct Experience
{
	double events;
	double exposure; /* customer-time */
} Experience;

/*
 * What happens in [after, until).  An entry is a negative departure, so that each customer's time
 * is that of the exit less that of the entry, both cut to the stretch.
 */
static Experience
experience_in(const SurvivalCurve *s, double after, double until)
{
	CompensatedSum events = {0, 0};
	CompensatedSum exposure = {0, 0};

	for (uint32 i = 0; i < s->used; i++)
	{
		const SurvivalCell *cell = &s->cells[i];
		double duration = survival_key_duration(cell->key);

		if (duration < after)
			continue;
		compensated_add(&exposure, cell->weight * (fmin(duration, until) - after));
		if (survival_cell_is_event(cell) && duration < until)
			compensated_add(&events, cell->weight);
	}
	return (Experience){compensated_value(&events), compensated_value(&exposure)};
}

static Experience
experience_between(const SurvivalCurve *s, double after, double until)
{
	if (!(after >= 0) || isinf(after) || !(until > after))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid stretch of durations from %g until %g", after, until),
						errdetail("It starts at a finite duration of 0 or more and ends later.")));
	return experience_in(s, after, until);
}

/* The arguments of the forms with numbers; until NULL is without end. */
static Experience
from_numbers(FunctionCallInfo fcinfo)
{
	return experience_between(survival_arg(fcinfo, 0), PG_GETARG_FLOAT8(1),
							  PG_ARGISNULL(2) ? INFINITY : PG_GETARG_FLOAT8(2));
}

static Experience
from_intervals(FunctionCallInfo fcinfo)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);

	return experience_between(s, survival_duration_arg(fcinfo, 1, SURVIVAL_DAY, s),
							  survival_duration_arg(fcinfo, 2, SURVIVAL_DAY, s));
}

static Datum
hazard_result(FunctionCallInfo fcinfo, Experience e)
{
	if (!(e.exposure > 0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(e.events / e.exposure);
}

/*
 * hazard(survival_curve, after double precision, until double precision) -> double precision
 *
 * The rate at which customers leave while their duration is in [after, until), per unit of the
 * curve (per day for a curve of intervals); until NULL: without end.  NULL if nobody was observed
 * there.
 */
PG_FUNCTION_INFO_V1(hazard_float8);
Datum
hazard_float8(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	return hazard_result(fcinfo, from_numbers(fcinfo));
}

/* hazard(survival_curve, after interval, until interval) -> double precision: per day. */
PG_FUNCTION_INFO_V1(hazard_interval);
Datum
hazard_interval(PG_FUNCTION_ARGS)
{
	return hazard_result(fcinfo, from_intervals(fcinfo));
}

/*
 * survival_exposure(survival_curve, after, until) -> double precision
 *
 * The time that all customers together were observed while their duration was in [after, until),
 * in units of the curve; the denominator of hazard().
 */
PG_FUNCTION_INFO_V1(survival_exposure);
Datum
survival_exposure(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(from_numbers(fcinfo).exposure);
}

/* survival_customers(survival_curve) -> double precision: how many (the sum of their weights). */
PG_FUNCTION_INFO_V1(survival_customers);
Datum
survival_customers(PG_FUNCTION_ARGS)
{
	SurvivalWalk w = survival_walk(survival_arg(fcinfo, 0));

	PG_RETURN_FLOAT8(survival_walk_total(&w));
}

/* survival_events(survival_curve) -> double precision: how many of them left. */
PG_FUNCTION_INFO_V1(survival_events);
Datum
survival_events(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(experience_in(survival_arg(fcinfo, 0), 0, INFINITY).events);
}
