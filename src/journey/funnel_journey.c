/*
 * funnel_journey.c: funnel() and funnel_times() of a journey_summary, with every option by name.
 */
#include "journey/funnel_plan.h"

#include "catalog/pg_type.h"
#include "journey/funnel_times.h"
#include "journey/journey_interval.h"
#include "journey/journey_summary.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* The arguments of both functions. */
enum
{
	ARG_JOURNEY,
	ARG_STEPS,
	ARG_WITHIN,
	ARG_MODE,
	ARG_EXCLUDE,
	ARG_OPTIONAL,
	ARG_REENTRY,
	ARG_STEP_WITHIN
};

/* An array argument: its elements, as text or intervals. */
typedef struct ListArg
{
	int n;
	Datum *value;
	bool *null;
} ListArg;

static ListArg
list_arg(FunctionCallInfo fcinfo, int i, Oid type)
{
	ListArg list = {0};
	ArrayType *array;

	if (PG_ARGISNULL(i))
		return list;
	array = PG_GETARG_ARRAYTYPE_P(i);
	if (type == TEXTOID)
		deconstruct_array(array, type, -1, false, TYPALIGN_INT, &list.value, &list.null, &list.n);
	else
		deconstruct_array(array, type, sizeof(Interval), false, TYPALIGN_DOUBLE, &list.value,
						  &list.null, &list.n);
	return list;
}

static bool
same_text(Datum a, Datum b)
{
	text *x = DatumGetTextPP(a);
	text *y = DatumGetTextPP(b);

	return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		   memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

/* The first step that is this event, or -1. */
static int
step_of(const ListArg *steps, Datum event)
{
	for (int i = 0; i < steps->n; i++)
		if (same_text(steps->value[i], event))
			return i;
	return -1;
}

static FunnelMode
mode_of(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"ordered", "strict_increase", "strict_order",
										"strict_dedup", "unordered"};
	char *name;

	if (PG_ARGISNULL(ARG_MODE))
		return FUNNEL_ORDERED;
	name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODE));
	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown funnel mode \"%s\"", name),
			 errhint("Modes are ordered, strict_increase, strict_order, strict_dedup and "
					 "unordered.")));
}

static void
check_steps(const ListArg *steps)
{
	if (steps->n < 1 || steps->n > FUNNEL_MAX_STEPS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid funnel of %d steps", steps->n),
						errdetail("A funnel has 1 to %d steps.", FUNNEL_MAX_STEPS),
						errhint("For example: ARRAY['view', 'cart', 'purchase'].")));
}

static void
check_no_nulls(const ListArg *list, const char *argument)
{
	for (int i = 0; i < list->n; i++)
		if (list->null[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("%s of a funnel must not hold nulls", argument)));
}

static uint32
optional_steps(const FunnelPlan *plan, const ListArg *steps, const ListArg *optional)
{
	uint32 result = 0;

	for (int i = 0; i < optional->n; i++)
	{
		int first = step_of(steps, optional->value[i]);

		if (first < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("optional event \"%s\" is no step of the funnel",
								   TextDatumGetCString(optional->value[i])),
							errhint("List it among the steps, too, in its place.")));
		for (int step = 0; step < plan->steps; step++)
			if (plan->class_of[step] == first)
				result |= (uint32) 1 << step;
	}
	return result;
}

/* The window before each step; that before the first is unlimited. */
static const JourneyWindow *
step_windows(const FunnelPlan *plan, const ListArg *list)
{
	JourneyWindow *windows;

	if (list->n == 0)
		return NULL;
	if (list->n != plan->steps - 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("step_within has %d elements for a funnel of %d steps", list->n,
							   plan->steps),
						errdetail("It takes one for each step but the first: the time since the "
								  "step before.")));
	windows = palloc0(plan->steps * sizeof(JourneyWindow));
	windows[0].unlimited = true;
	for (int i = 0; i < list->n; i++)
		windows[i + 1] =
			journey_window(list->null[i] ? NULL : DatumGetIntervalP(list->value[i]), "step_within");
	return windows;
}

static void
check_unordered(const FunnelPlan *plan)
{
	if (plan->mode == FUNNEL_UNORDERED && (plan->step_within != NULL || !plan->reentry))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("step_within and reentry do not go with the mode unordered"),
						errdetail("Where steps come in any order, none is before another.")));
}

static void *
resize(void *memory, Size bytes)
{
	if (memory == NULL)
		return MemoryContextAllocHuge(CurrentMemoryContext, bytes);
	return repalloc_huge(memory, bytes);
}

static void
breathe(void)
{
	CHECK_FOR_INTERRUPTS();
}

static FunnelPlan
plan_of(FunctionCallInfo fcinfo, const ListArg *steps)
{
	ListArg optional = list_arg(fcinfo, ARG_OPTIONAL, TEXTOID);
	ListArg step_within = list_arg(fcinfo, ARG_STEP_WITHIN, INTERVALOID);
	FunnelPlan plan = {0};

	check_steps(steps);
	check_no_nulls(steps, "the steps");
	check_no_nulls(&optional, "the optional events");
	plan.steps = steps->n;
	plan.mode = mode_of(fcinfo);
	plan.reentry = PG_ARGISNULL(ARG_REENTRY) || PG_GETARG_BOOL(ARG_REENTRY);
	for (int step = 0; step < plan.steps; step++)
		plan.class_of[step] = step_of(steps, steps->value[step]);
	plan.optional = optional_steps(&plan, steps, &optional);
	plan.within = journey_window(PG_ARGISNULL(ARG_WITHIN) ? NULL : PG_GETARG_INTERVAL_P(ARG_WITHIN),
								 "within");
	plan.step_within = step_windows(&plan, &step_within);
	plan.resize = resize;
	plan.release = pfree;
	plan.breathe = breathe;
	check_unordered(&plan);
	return plan;
}

static int
code_of(const Journey *j, Datum event)
{
	text *name = DatumGetTextPP(event);

	return journey_code(j, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

/* The journey's touchpoints as events of the plan. */
static FunnelEvent *
events_of(const Journey *j, const ListArg *steps, const ListArg *exclude)
{
	FunnelEvent *events = palloc_extended(Max(j->n, 1) * sizeof(FunnelEvent), MCXT_ALLOC_HUGE);
	int16 *step = palloc((j->names + 1) * sizeof(int16));
	bool *excluded = palloc0(j->names + 1);

	for (int i = 0; i < j->names; i++)
		step[i] = -1;
	for (int i = steps->n - 1; i >= 0; i--)
	{
		int code = code_of(j, steps->value[i]);

		if (code >= 0)
			step[code] = i;
	}
	for (int i = 0; i < exclude->n; i++)
	{
		int code = code_of(j, exclude->value[i]);

		CHECK_FOR_INTERRUPTS();
		if (step_of(steps, exclude->value[i]) >= 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("excluded event \"%s\" is a step of the funnel",
								   TextDatumGetCString(exclude->value[i]))));
		if (code >= 0)
			excluded[code] = true;
	}
	for (int i = 0; i < j->n; i++)
	{
		const Touch *t = &j->touches[i];

		events[i] = (FunnelEvent){t->at, step[t->event], excluded[t->event]};
	}
	return events;
}

static FunnelReach
search_journey(FunctionCallInfo fcinfo, int *n_steps)
{
	ListArg steps = list_arg(fcinfo, ARG_STEPS, TEXTOID);
	ListArg exclude = list_arg(fcinfo, ARG_EXCLUDE, TEXTOID);
	FunnelPlan plan = plan_of(fcinfo, &steps);
	Journey j = journey_arg(fcinfo, ARG_JOURNEY);

	check_no_nulls(&exclude, "the excluded events");
	*n_steps = plan.steps;
	return funnel_plan_search(&plan, events_of(&j, &steps, &exclude), j.n);
}

/*
 * funnel(journey_summary, steps text[], within interval, mode text, exclude text[], optional
 * text[], reentry boolean, step_within interval[]) -> integer
 *
 * The steps reached, 0 to their number (funnel_plan.c says how each option reads).  NULL for a
 * NULL journey or NULL steps.
 */
PG_FUNCTION_INFO_V1(journey_summary_funnel);
Datum
journey_summary_funnel(PG_FUNCTION_ARGS)
{
	int steps;

	if (PG_ARGISNULL(ARG_JOURNEY) || PG_ARGISNULL(ARG_STEPS))
		PG_RETURN_NULL();
	PG_RETURN_INT32(search_journey(fcinfo, &steps).steps);
}

/* funnel_times(journey_summary, the same) -> timestamptz[]: NULL for steps that were not taken. */
PG_FUNCTION_INFO_V1(journey_summary_funnel_times);
Datum
journey_summary_funnel_times(PG_FUNCTION_ARGS)
{
	FunnelReach reach;
	int steps;

	if (PG_ARGISNULL(ARG_JOURNEY) || PG_ARGISNULL(ARG_STEPS))
		PG_RETURN_NULL();
	reach = search_journey(fcinfo, &steps);
	PG_RETURN_ARRAYTYPE_P(funnel_reach_array(&reach, steps));
}
