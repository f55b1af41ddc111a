/*
 * purchase_accessors.c: what a purchase_summary says.
 *
 * The words are those of Fader, Hardie & Lee, "Counting Your Customers the Easy Way", Marketing
 * Science 24 (2005): a history is x (frequency, repeat purchases), t_x (recency, when the last of
 * them was) and T (age), both times from the first purchase.
 */
#include "value/purchase_summary.h"

#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "value/model_time.h"

static bool
is_given(const PurchaseSummary *s)
{
	return purchase_is(s, PURCHASE_GIVEN);
}

int64
purchase_recency(const PurchaseSummary *s)
{
	PurchaseBucket bucket = purchase_bucket_of(s);

	if (is_given(s))
		return s->last_at;
	return purchase_bucket_start(&bucket, purchase_bucket_at(s, s->count - 1)) -
		   purchase_bucket_start(&bucket, s->first_bucket);
}

int64
purchase_age(const PurchaseSummary *s)
{
	PurchaseBucket bucket = purchase_bucket_of(s);

	if (is_given(s))
		return purchase_end(s)->as_of;
	return purchase_bucket_start(&bucket, purchase_end(s)->as_of_bucket) -
		   purchase_bucket_start(&bucket, s->first_bucket);
}

ExactMoney
purchase_repeat_spend(const PurchaseSummary *s)
{
	return (ExactMoney){money_units_get(&s->spend) - money_units_get(&s->first_spend), s->scale};
}

/* purchase_count(history) -> bigint: buckets with a purchase, the first one included. */
PG_FUNCTION_INFO_V1(purchase_count);
Datum
purchase_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(purchase_summary_arg(fcinfo, 0)->count);
}

/* frequency(history) -> bigint: repeat purchases; NULL if there never was a first. */
PG_FUNCTION_INFO_V1(frequency);
Datum
frequency(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(s->count - 1);
}

/* recency(history) -> interval: from the first to the last purchase. */
PG_FUNCTION_INFO_V1(recency);
Datum
recency(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(model_time_to_interval(purchase_recency(s)));
}

/* customer_age(history) -> interval: from the first purchase to the end of observation, if set. */
PG_FUNCTION_INFO_V1(customer_age);
Datum
customer_age(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count == 0 || !purchase_has_end(s))
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(model_time_to_interval(purchase_age(s)));
}

/* mean_gap(history) -> interval: mean time between purchases; NULL before the second. */
PG_FUNCTION_INFO_V1(mean_gap);
Datum
mean_gap(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count < 2)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(model_time_to_interval(purchase_recency(s) / (s->count - 1)));
}

/*
 * monetary_value(history, include_first => false) -> numeric
 *
 * Mean spend of repeat purchases (those of one bucket count as one), or of all; refunds left out.
 */
PG_FUNCTION_INFO_V1(monetary_value);
Datum
monetary_value(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);
	bool include_first = PG_GETARG_BOOL(1);
	ExactMoney spend = {money_units_get(&s->spend), s->scale};
	int64 n = include_first ? s->count : s->count - 1;

	if (n < 1 || !purchase_is(s, PURCHASE_HAS_AMOUNT) || (is_given(s) && include_first))
		PG_RETURN_NULL();
	if (is_given(s))
		PG_RETURN_DATUM(money_to_numeric(spend));
	if (!include_first)
		spend = purchase_repeat_spend(s);
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_div, money_to_numeric(spend),
										DirectFunctionCall1(int8_numeric, Int64GetDatum(n))));
}

/* total_spend(history) -> numeric: of all purchases, refunds not subtracted. */
PG_FUNCTION_INFO_V1(total_spend);
Datum
total_spend(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (is_given(s) || !purchase_is(s, PURCHASE_HAS_AMOUNT))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(money_to_numeric((ExactMoney){money_units_get(&s->spend), s->scale}));
}

/* total_refunds(history) -> numeric: the sum of the negative amounts, zero or less. */
PG_FUNCTION_INFO_V1(total_refunds);
Datum
total_refunds(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (is_given(s) || !purchase_is(s, PURCHASE_HAS_AMOUNT))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(money_to_numeric((ExactMoney){money_units_get(&s->refunds), s->scale}));
}

/* first_purchase_at(history) -> timestamptz */
PG_FUNCTION_INFO_V1(first_purchase_at);
Datum
first_purchase_at(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count == 0 || is_given(s))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(s->first_at);
}

/* last_purchase_at(history) -> timestamptz */
PG_FUNCTION_INFO_V1(last_purchase_at);
Datum
last_purchase_at(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (s->count == 0 || is_given(s))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(s->last_at);
}

/* observed_until(history) -> timestamptz: the end of observation, if observe() set it. */
PG_FUNCTION_INFO_V1(observed_until);
Datum
observed_until(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);

	if (!purchase_is(s, PURCHASE_OBSERVED))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(purchase_end(s)->as_of);
}
