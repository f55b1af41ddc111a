/*
 * cltv.c: customer lifetime value in closed form.
 *
 * The same number of money per period for ever, or for some time, shrinking by those who leave and
 * by interest: Gupta & Lehmann, "Customers as Assets", Journal of Interactive Marketing 17 (2003);
 * Berger & Nasr, "Customer Lifetime Value", the same 12 (1998).  All rates are per period.
 */
#include "value/value_args.h"

#include <math.h>

#include "utils/builtins.h"

/*
 * cltv(average_order, orders_per_year, years, margin => 1) -> double precision
 *
 * What a customer brings in so many years: order value x orders a year x years x margin.  Money in
 * the unit of average_order; margin is the fraction of revenue that is kept (1: revenue itself).
 */
PG_FUNCTION_INFO_V1(cltv);
Datum
cltv(PG_FUNCTION_ARGS)
{
	double average_order = value_number_arg(fcinfo, 0, "average_order", 0);
	double orders_per_year = value_number_arg(fcinfo, 1, "orders_per_year", 0);
	double years = value_number_arg(fcinfo, 2, "years", 0);
	double margin = value_rate_arg(fcinfo, 3, "margin");

	return value_result(fcinfo, average_order * orders_per_year * years * margin);
}

/*
 * cltv_perpetuity(margin_per_period, churn, cap => NULL) -> double precision
 *
 * Margin times the expected number of periods, 1 / churn, which a cap limits.  Without churn nor
 * cap nobody ever leaves, and the value isn't known: NULL.  Not strict, because no cap is NULL.
 */
PG_FUNCTION_INFO_V1(cltv_perpetuity);
Datum
cltv_perpetuity(PG_FUNCTION_ARGS)
{
	double margin;
	double churn;
	double cap = INFINITY;
	double periods;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	margin = value_finite_arg(fcinfo, 0, "margin_per_period");
	churn = value_rate_arg(fcinfo, 1, "churn");
	if (!PG_ARGISNULL(2))
		cap = value_number_arg(fcinfo, 2, "cap", 0);
	periods = fmin(churn > 0 ? 1 / churn : INFINITY, cap);
	if (isinf(periods) && churn == 0)
		PG_RETURN_NULL();
	/* one division keeps 100 / 0.03 what a person would compute */
	return value_result(fcinfo, periods < cap ? margin / churn : margin * periods);
}

typedef enum FirstPayment
{
	PAID_NOW,
	PAID_NEXT
} FirstPayment;

static FirstPayment
first_payment_arg(FunctionCallInfo fcinfo, int i)
{
	char *when = text_to_cstring(PG_GETARG_TEXT_PP(i));

	if (strcmp(when, "now") == 0)
		return PAID_NOW;
	if (strcmp(when, "next") != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized first_payment \"%s\"", when),
			 errdetail("The first payment is made \"now\" or at the end of the \"next\" period."),
			 errhint("For example: first_payment => 'next'.")));
	return PAID_NEXT;
}

/*
 * cltv_discounted(margin_per_period, retention, discount, first_payment => 'now') -> double precision
 *
 * For ever, each period kept with probability r and discounted by d: m (1 + d) / (1 + d - r) if the
 * first payment is made now, m r / (1 + d - r) if in one period.  NULL for r = 1 and d = 0.
 */
PG_FUNCTION_INFO_V1(cltv_discounted);
Datum
cltv_discounted(PG_FUNCTION_ARGS)
{
	double margin = value_finite_arg(fcinfo, 0, "margin_per_period");
	double retention = value_rate_arg(fcinfo, 1, "retention");
	double discount = value_rate_arg(fcinfo, 2, "discount");
	FirstPayment first = first_payment_arg(fcinfo, 3);
	double lost = (1 - retention) + discount;

	if (lost <= 0)
		PG_RETURN_NULL();
	return value_result(fcinfo, margin * (first == PAID_NOW ? 1 + discount : retention) / lost);
}

/*
 * cltv_over(margin_per_period, retention, periods, discount => 0) -> double precision
 *
 * The payments of so many periods, the first made now: m (1 - q^T) / (1 - q), q = r / (1 + d).
 */
PG_FUNCTION_INFO_V1(cltv_over);
Datum
cltv_over(PG_FUNCTION_ARGS)
{
	double margin = value_finite_arg(fcinfo, 0, "margin_per_period");
	double retention = value_rate_arg(fcinfo, 1, "retention");
	double periods = value_number_arg(fcinfo, 2, "periods", 0);
	double discount = value_rate_arg(fcinfo, 3, "discount");
	double lost = ((1 - retention) + discount) / (1 + discount); /* 1 - q */

	if (periods != floor(periods))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("periods %s is not a whole number", value_shown(periods)),
						errhint("Round it, or choose shorter periods.")));
	if (lost == 0)
		return value_result(fcinfo, margin * periods);
	if (periods == 0)
		PG_RETURN_FLOAT8(0);
	/* expm1 and log1p keep the digits of a q next to 1; log1p(-1) is -infinity, as it should be */
	return value_result(fcinfo, margin * -expm1(periods * log1p(-lost)) / lost);
}
