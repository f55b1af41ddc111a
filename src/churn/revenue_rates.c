/*
 * revenue_rates.c: what a revenue_summary says.
 *
 * With start, new, expansion, contraction, churn and reactivation as sums over customers:
 *
 *   gross revenue churn  (churn + contraction) / start
 *   net revenue churn    (churn + contraction - expansion [- reactivation]) / start
 *   nrr                  (start + expansion - contraction - churn) / start
 *   grr                  (start - contraction - churn) / start, never above 1
 *   quick ratio          (new + expansion [+ reactivation]) / (contraction + churn)
 */
#include "churn/revenue_summary.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* ---- ratios ---- */

static Datum
plus(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_add, a, b);
}

static Datum
minus(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_sub, a, b);
}

/* Exact sums are divided as numeric, so that 980 of 1000 is 0.98. */
static Datum
ratio(FunctionCallInfo fcinfo, Datum part, Datum whole)
{
	if (DatumGetBool(DirectFunctionCall2(numeric_eq, whole, NumericGetDatum(int64_to_numeric(0)))))
		PG_RETURN_NULL();
	return DirectFunctionCall1(numeric_float8, DirectFunctionCall2(numeric_div, part, whole));
}

static Datum
losses_of(RevenueSummary *s)
{
	return plus(revenue_sum(s, REVENUE_CONTRACTION), revenue_sum(s, REVENUE_CHURN));
}

/* The option of quick_ratio() and net_revenue_churn(), which their one-step aggregates lack. */
static bool
with_reactivation(FunctionCallInfo fcinfo)
{
	return PG_NARGS() > 1 && PG_GETARG_BOOL(1);
}

/* nrr(revenue_summary) -> double precision: NULL without revenue at the start. */
PG_FUNCTION_INFO_V1(nrr);
Datum
nrr(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	Datum start = revenue_sum(s, REVENUE_START);
	Datum kept = minus(plus(start, revenue_sum(s, REVENUE_EXPANSION)), losses_of(s));

	return ratio(fcinfo, kept, start);
}

/* grr(revenue_summary) -> double precision: NULL without revenue at the start. */
PG_FUNCTION_INFO_V1(grr);
Datum
grr(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	Datum start = revenue_sum(s, REVENUE_START);

	return ratio(fcinfo, minus(start, losses_of(s)), start);
}

/* gross_revenue_churn(revenue_summary) -> double precision: NULL without revenue at the start. */
PG_FUNCTION_INFO_V1(gross_revenue_churn);
Datum
gross_revenue_churn(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);

	return ratio(fcinfo, losses_of(s), revenue_sum(s, REVENUE_START));
}

/*
 * net_revenue_churn(revenue_summary [, with_reactivation boolean]) -> double precision
 *
 * NULL without revenue at the start; negative where expansion outweighs the losses.
 */
PG_FUNCTION_INFO_V1(net_revenue_churn);
Datum
net_revenue_churn(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	Datum net = minus(losses_of(s), revenue_sum(s, REVENUE_EXPANSION));

	if (with_reactivation(fcinfo))
		net = minus(net, revenue_sum(s, REVENUE_REACTIVATION));
	return ratio(fcinfo, net, revenue_sum(s, REVENUE_START));
}

/* quick_ratio(revenue_summary [, with_reactivation boolean]): NULL without losses. */
PG_FUNCTION_INFO_V1(quick_ratio);
Datum
quick_ratio(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	Datum gains = plus(revenue_sum(s, REVENUE_NEW), revenue_sum(s, REVENUE_EXPANSION));

	if (with_reactivation(fcinfo))
		gains = plus(gains, revenue_sum(s, REVENUE_REACTIVATION));
	return ratio(fcinfo, gains, losses_of(s));
}

/* ---- amounts ---- */

#define REVENUE_SUM_ACCESSOR(function, which)                                                      \
	PG_FUNCTION_INFO_V1(function);                                                                 \
	Datum function(PG_FUNCTION_ARGS)                                                               \
	{                                                                                              \
		PG_RETURN_DATUM(revenue_sum(revenue_summary_arg(fcinfo, 0), which));                       \
	}

/* revenue_...(revenue_summary) -> numeric: see RevenueMovement. */
REVENUE_SUM_ACCESSOR(revenue_at_start, REVENUE_START)
REVENUE_SUM_ACCESSOR(revenue_new, REVENUE_NEW)
REVENUE_SUM_ACCESSOR(revenue_expansion, REVENUE_EXPANSION)
REVENUE_SUM_ACCESSOR(revenue_contraction, REVENUE_CONTRACTION)
REVENUE_SUM_ACCESSOR(revenue_churned, REVENUE_CHURN)
REVENUE_SUM_ACCESSOR(revenue_reactivated, REVENUE_REACTIVATION)

/* revenue_at_end(revenue_summary) -> numeric */
PG_FUNCTION_INFO_V1(revenue_at_end);
Datum
revenue_at_end(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(revenue_end(revenue_summary_arg(fcinfo, 0)));
}

/* ---- customers ---- */

static void
unknown_movement(const char *movement)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unrecognized revenue movement: \"%s\"", movement),
					errdetail("Movements are \"new\", \"expansion\", \"contraction\", \"churn\", "
							  "\"reactivation\" and \"unchanged\"; \"start\" and \"end\" are those "
							  "who paid then.")));
}

/*
 * revenue_customers(revenue_summary, movement text) -> bigint
 *
 * The customers who moved that way; of start and end, those who paid then.
 */
PG_FUNCTION_INFO_V1(revenue_customers);
Datum
revenue_customers(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	const char *movement = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64 staying = s->customers[REVENUE_EXPANSION] + s->customers[REVENUE_CONTRACTION] +
					s->customers[REVENUE_UNCHANGED];

	if (strcmp(movement, "start") == 0)
		PG_RETURN_INT64(staying + s->customers[REVENUE_CHURN]);
	if (strcmp(movement, "end") == 0)
		PG_RETURN_INT64(staying + s->customers[REVENUE_NEW] + s->customers[REVENUE_REACTIVATION]);
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		if (strcmp(movement, REVENUE_MOVEMENT_NAMES[i]) == 0)
			PG_RETURN_INT64(s->customers[i]);
	unknown_movement(movement);
	PG_RETURN_NULL();
}
