/*
 * clv_prediction.c: predictions of a clv_model in SQL.
 *
 * Each works on a customer's history, and without one on a customer not met yet.  NULL where the
 * model has no answer; bounds come from the covariance of the parameters by the delta method.
 */
#include "value/clv_predict.h"

#include "common/confidence_bounds.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "value/model_time.h"
#include "value/purchase_summary.h"
#include "value/value_args.h"

/* Everything a prediction depends on but the parameters. */
typedef struct Question
{
	const ClvModel *model;
	ClvCustomer customer;
	double horizon; /* in units of time; infinite: for ever */
	double delta;	/* continuous discount rate per unit of time */
	double margin;
	int64 n;
} Question;

/* A prediction from the parameters of the purchases and of the spend; NaN if there is none. */
typedef double (*Prediction)(const Question *q, const double *p, const double *spend);

/* ---- arguments ---- */

static void
check_model(const ClvModel *m, const char *function)
{
	if (m->purchases.kind == CLV_SBG)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s is not defined for the model sbg", function),
						errdetail("It is a model of contracts, not of purchases."),
						errhint("Use survival(), retention() and residual_lifetime().")));
}

/* The customer of a history; false if it has no purchase. */
static bool
customer_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m, ClvCustomer *c)
{
	const PurchaseSummary *h = purchase_summary_arg(fcinfo, i);
	double unit = (double) m->unit;

	if (h->count == 0)
		return false;
	if (!purchase_has_end(h))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a purchase history does not say until when it was observed"),
						errhint("Say so: observe(history, as_of).")));
	*c = (ClvCustomer){true, h->count - 1, (double) purchase_recency(h) / unit,
					   (double) purchase_age(h) / unit, NAN};
	if (m->purchases.kind == CLV_BG_BB)
	{
		value_check_opportunities(purchase_age(h), m->unit, "age");
		c->tx = rint(c->tx);
		c->T = rint(c->T);
		if (c->x > c->tx)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a customer bought more often than there were opportunities"),
							errhint("Use buckets as long as the model's unit of time.")));
	}
	if (c->x > 0 && purchase_is(h, PURCHASE_HAS_AMOUNT))
		c->mean =
			money_to_double(purchase_repeat_spend(h)) / (purchase_is(h, PURCHASE_GIVEN) ? 1 : c->x);
	return true;
}

/*
 * The model (argument 0) and, if there is one, the history (argument 1); *next is the argument after
 * them.  False if there is nothing to predict from.
 */
static bool
question_args(FunctionCallInfo fcinfo, bool met, const char *function, Question *q, int *next)
{
	*q = (Question){.model = clv_model_arg(fcinfo, 0), .horizon = INFINITY};
	check_model(q->model, function);
	*next = met ? 2 : 1;
	return (!met || customer_arg(fcinfo, 1, q->model, &q->customer)) &&
		   clv_part_is_known(&q->model->purchases);
}

static double
horizon_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m)
{
	return (double) model_time_from_interval(PG_GETARG_INTERVAL_P(i), "horizon") / (double) m->unit;
}

/* A horizon that may be infinite, as intervals can be from PostgreSQL 17 on. */
static double
endless_horizon_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m)
{
	const Interval *horizon = PG_GETARG_INTERVAL_P(i);

	if (horizon->month == PG_INT32_MAX && horizon->day == PG_INT32_MAX &&
		horizon->time == PG_INT64_MAX)
		return INFINITY;
	return horizon_arg(fcinfo, i, m);
}

/* A discount rate a year as a continuous one per unit of time. */
static double
delta_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m)
{
	double rate = value_rate_arg(fcinfo, i, "discount_rate");

	return log1p(rate) * (double) m->unit / (double) USECS_PER_YEAR;
}

/* ---- what is predicted ---- */

static double
predict_alive(const Question *q, const double *p, const double *spend)
{
	(void) spend;
	return clv_future(q->model->purchases.kind, p, &q->customer).alive;
}

static double
predict_purchases(const Question *q, const double *p, const double *spend)
{
	ClvFuture f = clv_future(q->model->purchases.kind, p, &q->customer);

	(void) spend;
	return q->delta > 0 ? clv_discounted(&f, q->horizon, q->delta) : clv_expected(&f, q->horizon);
}

static double
predict_probability(const Question *q, const double *p, const double *spend)
{
	ClvFuture f = clv_future(q->model->purchases.kind, p, &q->customer);

	(void) spend;
	return clv_probability(&f, q->horizon, q->n);
}

static double
predict_value(const Question *q, const double *p, const double *spend)
{
	return q->margin * clv_expected_spend(spend, &q->customer) * predict_purchases(q, p, spend);
}

static Datum
answer(FunctionCallInfo fcinfo, const Question *q, Prediction predict)
{
	return value_result(fcinfo, predict(q, q->model->purchases.p, q->model->spend.p));
}

/* ---- intervals ---- */

/* How far a parameter's logarithm is moved to find a slope: the error is its square. */
#define STEP 1e-4

/* log for what is positive, log odds for probabilities, so that bounds stay within range */
static double
transformed(double value, bool probability)
{
	return probability ? log(value) - log1p(-value) : log(value);
}

static double
transformed_back(double value, bool probability)
{
	return probability ? 1 / (1 + exp(-value)) : exp(value);
}

/*
 * The variance of the transformed prediction that one part of the model causes: g' V g in the
 * logarithms of its parameters.
 */
static double
variance_from(const Question *q, Prediction predict, bool probability, bool spend)
{
	const ClvPart *part = spend ? &q->model->spend : &q->model->purchases;
	int n = clv_kinds[part->kind].parameters;
	double slope[CLV_MAX_PARAMETERS] = {0};
	double variance = 0;

	for (int i = 0; i < n; i++)
	{
		double ends[2];

		for (int side = 0; side < 2; side++)
		{
			double moved[CLV_MAX_PARAMETERS];

			memcpy(moved, part->p, sizeof(moved));
			moved[i] *= exp(side == 0 ? -STEP : STEP);
			ends[side] = transformed(spend ? predict(q, q->model->purchases.p, moved)
										   : predict(q, moved, q->model->spend.p),
									 probability);
		}
		slope[i] = (ends[1] - ends[0]) / (2 * STEP) / part->p[i];
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			variance += slope[i] * slope[j] * part->covariance[i][j];
	return variance;
}

static Datum
interval_answer(FunctionCallInfo fcinfo, const Question *q, Prediction predict, bool probability,
				bool with_spend, double confidence)
{
	double z = confidence_z(confidence);
	double value = predict(q, q->model->purchases.p, q->model->spend.p);
	double variance;
	double centre;

	if (isnan(value))
		PG_RETURN_NULL();
	/* certain whatever the parameters, as being alive without a repeat purchase in BG/NBD */
	if (value == 0 || (probability && value == 1))
		return confidence_bounds_result(fcinfo, (ConfidenceBounds){value, value});
	variance = variance_from(q, predict, probability, false);
	if (with_spend)
		variance += variance_from(q, predict, probability, true);
	if (!(variance >= 0))
		PG_RETURN_NULL();
	centre = transformed(value, probability);
	return confidence_bounds_result(
		fcinfo, (ConfidenceBounds){transformed_back(centre - z * sqrt(variance), probability),
								   transformed_back(centre + z * sqrt(variance), probability)});
}

/* ---- SQL: purchases ---- */

/* p_alive(model, history) -> double precision, 0..1 */
PG_FUNCTION_INFO_V1(p_alive);
Datum
p_alive(PG_FUNCTION_ARGS)
{
	Question q;
	int next;

	if (!question_args(fcinfo, true, "p_alive", &q, &next))
		PG_RETURN_NULL();
	return answer(fcinfo, &q, predict_alive);
}

/* p_alive_interval(model, history, confidence => 0.95) -> confidence_bounds */
PG_FUNCTION_INFO_V1(p_alive_interval);
Datum
p_alive_interval(PG_FUNCTION_ARGS)
{
	Question q;
	int next;

	if (!question_args(fcinfo, true, "p_alive_interval", &q, &next))
		PG_RETURN_NULL();
	return interval_answer(fcinfo, &q, predict_alive, true, false, PG_GETARG_FLOAT8(next));
}

static Datum
expected_purchases_of(FunctionCallInfo fcinfo, bool met)
{
	Question q;
	int next;

	if (!question_args(fcinfo, met, "expected_purchases", &q, &next))
		PG_RETURN_NULL();
	q.horizon = endless_horizon_arg(fcinfo, next, q.model);
	return answer(fcinfo, &q, predict_purchases);
}

/* expected_purchases(model, history, horizon) -> double precision: within the horizon from now. */
PG_FUNCTION_INFO_V1(expected_purchases);
Datum
expected_purchases(PG_FUNCTION_ARGS)
{
	return expected_purchases_of(fcinfo, true);
}

/* expected_purchases(model, horizon): repeat purchases after the first, of a new customer. */
PG_FUNCTION_INFO_V1(clv_model_expected_purchases);
Datum
clv_model_expected_purchases(PG_FUNCTION_ARGS)
{
	return expected_purchases_of(fcinfo, false);
}

/* expected_purchases_interval(model, history, horizon, confidence => 0.95) -> confidence_bounds */
PG_FUNCTION_INFO_V1(expected_purchases_interval);
Datum
expected_purchases_interval(PG_FUNCTION_ARGS)
{
	Question q;
	int next;

	if (!question_args(fcinfo, true, "expected_purchases_interval", &q, &next))
		PG_RETURN_NULL();
	q.horizon = endless_horizon_arg(fcinfo, next, q.model);
	return interval_answer(fcinfo, &q, predict_purchases, false, false, PG_GETARG_FLOAT8(next + 1));
}

static Datum
discounted_purchases_of(FunctionCallInfo fcinfo, bool met)
{
	Question q;
	int next;

	if (!question_args(fcinfo, met, "discounted_purchases", &q, &next))
		PG_RETURN_NULL();
	q.delta = delta_arg(fcinfo, next, q.model);
	return answer(fcinfo, &q, predict_purchases);
}

/*
 * discounted_purchases(model [, history], discount_rate => 0.10) -> double precision: for ever, each
 * counted as what it is worth now; without discount NULL unless their number is finite.
 */
PG_FUNCTION_INFO_V1(discounted_purchases);
Datum
discounted_purchases(PG_FUNCTION_ARGS)
{
	return discounted_purchases_of(fcinfo, true);
}

PG_FUNCTION_INFO_V1(clv_model_discounted_purchases);
Datum
clv_model_discounted_purchases(PG_FUNCTION_ARGS)
{
	return discounted_purchases_of(fcinfo, false);
}

/* A horizon whose opportunities bg_bb goes through one by one. */
static double
counted_horizon_arg(FunctionCallInfo fcinfo, int i, const ClvModel *m)
{
	int64 horizon = model_time_from_interval(PG_GETARG_INTERVAL_P(i), "horizon");

	if (m->purchases.kind == CLV_BG_BB)
		value_check_opportunities(horizon, m->unit, "horizon");
	return (double) horizon / (double) m->unit;
}

static Datum
purchase_probability_of(FunctionCallInfo fcinfo, bool met)
{
	Question q;
	int next;

	if (!question_args(fcinfo, met, "purchase_probability", &q, &next))
		PG_RETURN_NULL();
	q.horizon = counted_horizon_arg(fcinfo, next, q.model);
	q.n = PG_GETARG_INT32(next + 1);
	if (q.n < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("n " INT64_FORMAT " is out of range", q.n),
						errdetail("n is a number of purchases, 0 or more.")));
	return answer(fcinfo, &q, predict_probability);
}

/* purchase_probability(model [, history], horizon, n) -> double precision: of exactly n. */
PG_FUNCTION_INFO_V1(purchase_probability);
Datum
purchase_probability(PG_FUNCTION_ARGS)
{
	return purchase_probability_of(fcinfo, true);
}

PG_FUNCTION_INFO_V1(clv_model_purchase_probability);
Datum
clv_model_purchase_probability(PG_FUNCTION_ARGS)
{
	return purchase_probability_of(fcinfo, false);
}

/* ---- SQL: money ---- */

static Datum
expected_spend_of(FunctionCallInfo fcinfo, bool met)
{
	Question q;
	int next;

	if (!question_args(fcinfo, met, "expected_spend", &q, &next) ||
		!clv_part_is_known(&q.model->spend))
		PG_RETURN_NULL();
	return value_result(fcinfo, clv_expected_spend(q.model->spend.p, &q.customer));
}

/* expected_spend(model [, history]) -> double precision: of one purchase; NULL without a mean. */
PG_FUNCTION_INFO_V1(expected_spend);
Datum
expected_spend(PG_FUNCTION_ARGS)
{
	return expected_spend_of(fcinfo, true);
}

PG_FUNCTION_INFO_V1(clv_model_expected_spend);
Datum
clv_model_expected_spend(PG_FUNCTION_ARGS)
{
	return expected_spend_of(fcinfo, false);
}

/* Read [horizon,] discount_rate, margin; false if there is nothing to predict from. */
static bool
value_question(FunctionCallInfo fcinfo, bool met, bool for_ever, Question *q, int *next)
{
	if (!question_args(fcinfo, met, "cltv", q, next) || !clv_part_is_known(&q->model->spend))
		return false;
	if (!for_ever)
		q->horizon = endless_horizon_arg(fcinfo, (*next)++, q->model);
	q->delta = delta_arg(fcinfo, (*next)++, q->model);
	q->margin = value_rate_arg(fcinfo, (*next)++, "margin");
	return true;
}

static Datum
value_of(FunctionCallInfo fcinfo, bool met, bool for_ever)
{
	Question q;
	int next;

	if (!value_question(fcinfo, met, for_ever, &q, &next))
		PG_RETURN_NULL();
	return answer(fcinfo, &q, predict_value);
}

/*
 * cltv(model [, history], horizon, discount_rate => 0.10, margin => 1) -> double precision
 *
 * Expected spend x expected purchases within the horizon, each discounted by its time at an
 * effective rate a year, x margin.  cltv_lifetime() is the same without a horizon.
 */
PG_FUNCTION_INFO_V1(clv_model_cltv);
Datum
clv_model_cltv(PG_FUNCTION_ARGS)
{
	return value_of(fcinfo, true, false);
}

PG_FUNCTION_INFO_V1(clv_model_cltv_new);
Datum
clv_model_cltv_new(PG_FUNCTION_ARGS)
{
	return value_of(fcinfo, false, false);
}

PG_FUNCTION_INFO_V1(cltv_lifetime);
Datum
cltv_lifetime(PG_FUNCTION_ARGS)
{
	return value_of(fcinfo, true, true);
}

PG_FUNCTION_INFO_V1(cltv_lifetime_new);
Datum
cltv_lifetime_new(PG_FUNCTION_ARGS)
{
	return value_of(fcinfo, false, true);
}

/* cltv_interval(model, history, horizon, discount_rate, margin, confidence) -> confidence_bounds */
PG_FUNCTION_INFO_V1(cltv_interval);
Datum
cltv_interval(PG_FUNCTION_ARGS)
{
	Question q;
	int next;

	if (!value_question(fcinfo, true, false, &q, &next))
		PG_RETURN_NULL();
	return interval_answer(fcinfo, &q, predict_value, false, true, PG_GETARG_FLOAT8(next));
}

/* ---- SQL: contracts ---- */

static const ClvModel *
contract_arg(FunctionCallInfo fcinfo, int i, const char *function)
{
	const ClvModel *m = clv_model_arg(fcinfo, i);

	if (m->purchases.kind != CLV_SBG)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s is not defined for the model %s", function,
							   clv_kinds[m->purchases.kind].name),
						errdetail("It speaks of contracts, which sbg_fit() models.")));
	return m;
}

static double
period_arg(FunctionCallInfo fcinfo, int i, const char *name, int least)
{
	int32 period = PG_GETARG_INT32(i);

	if (period < least)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s %d is out of range", name, period),
						errdetail("%s is %d or more.", name, least)));
	return period;
}

/* survival(model, period) -> double precision: the fraction left after so many periods. */
PG_FUNCTION_INFO_V1(clv_model_survival);
Datum
clv_model_survival(PG_FUNCTION_ARGS)
{
	const ClvModel *m = contract_arg(fcinfo, 0, "survival");

	return value_result(fcinfo, sbg_survival(m->purchases.p, period_arg(fcinfo, 1, "period", 0)));
}

/* retention(model, period) -> double precision: of those left before it, who stay in a period. */
PG_FUNCTION_INFO_V1(clv_model_retention);
Datum
clv_model_retention(PG_FUNCTION_ARGS)
{
	const double *p = contract_arg(fcinfo, 0, "retention")->purchases.p;
	double period = period_arg(fcinfo, 1, "period", 1);

	return value_result(fcinfo, (p[1] + period - 1) / (p[0] + p[1] + period - 1));
}

/*
 * residual_lifetime(model, renewals => 0, discount => 0) -> double precision
 *
 * Expected further payments of a customer who has renewed so often, each discounted from the next
 * one on.  NULL where it isn't finite: without discount if alpha <= 1.
 */
PG_FUNCTION_INFO_V1(residual_lifetime);
Datum
residual_lifetime(PG_FUNCTION_ARGS)
{
	const ClvModel *m = contract_arg(fcinfo, 0, "residual_lifetime");
	double renewals = period_arg(fcinfo, 1, "renewals", 0);
	double discount = value_rate_arg(fcinfo, 2, "discount");

	return value_result(fcinfo, sbg_residual(m->purchases.p, renewals, discount));
}
