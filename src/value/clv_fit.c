/*
 * clv_fit.c: fitting models to a clv_sample by maximum likelihood.
 *
 * Parameters are fitted as logarithms and times (or amounts) divided by their mean, so that
 * seconds, days and centuries fit alike; the results are converted back.
 */
#include "value/clv_model.h"

#include "common/newton.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "value/clv_sample.h"
#include "value/model_time.h"
#include "value/value_args.h"
#include "catalog/pg_type.h"

/*
 * Logarithms of scaled parameters stay within this distance of 0: beyond it (a factor of 160,000)
 * no data tells two values apart, and sums of gamma functions lose their digits.
 */
#define LOG_LIMIT 12.0

/* A parameter this far out, or known this badly, is said to be at the boundary. */
#define LOG_BOUNDARY 10.0
#define LOG_UNKNOWN 10.0

#define DEFAULT_UNIT (7 * USECS_PER_DAY)

#define MAX_STARTS 3

/* Of more rows than this, every so many-th is fitted first. */
#define MANY_ROWS 16384
#define THINNED 16

typedef struct FitOptions
{
	ClvKind purchases;
	ClvKind spend;
	double penalty;
	int max_iterations;
	int64 unit;
	ArrayType *start; /* parameters of the model of purchases, or NULL */
} FitOptions;

/* One part's data, and what its units are. */
typedef struct FitData
{
	ClvData data;
	ClvKind kind;
	int64 n;
	double scale;	 /* mean time (in the model's unit) or mean spend */
	double constant; /* what scaling took from the log-likelihood */
	double penalty;
	ClvSums sums;
} FitData;

static void
breathe(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* ---- the function to maximise ---- */

/* Log-likelihood less penalty x the sum of squares of theta, in theta, the logs of parameters. */
static double
penalised(const double *theta, double *gradient, double *hessian, void *arg)
{
	FitData *fit = arg;
	int n = clv_kinds[fit->kind].parameters;
	double p[CLV_MAX_PARAMETERS] = {0};
	double value;

	memset(&fit->sums, 0, sizeof(fit->sums));
	for (int i = 0; i < n; i++)
		p[i] = exp(theta[i]);
	clv_kinds[fit->kind].likelihood(&fit->data, p, &fit->sums);
	value = compensated_value(&fit->sums.value);
	for (int i = 0; i < n; i++)
	{
		double slope = p[i] * compensated_value(&fit->sums.gradient[i]);

		value -= fit->penalty * theta[i] * theta[i];
		gradient[i] = slope - 2 * fit->penalty * theta[i];
		for (int j = i; j < n; j++)
			hessian[i * n + j] = hessian[j * n + i] =
				p[i] * p[j] * compensated_value(&fit->sums.hessian[i][j]);
		hessian[i * n + i] += slope - 2 * fit->penalty;
	}
	return value;
}

/* ---- data ---- */

static void *
alloc_rows(Size n, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(n, 1) * size);
}

/* The table of distinct x; rows are sorted by x. */
static void
tabulate_x(FitData *fit, ClvRow *rows, int n)
{
	double *x = alloc_rows(n, sizeof(double));
	double *weight = alloc_rows(n, sizeof(double));
	int distinct = 0;

	for (int i = 0; i < n; i++)
	{
		if (i == 0 || rows[i].x != rows[i - 1].x)
		{
			x[distinct] = rows[i].x;
			weight[distinct++] = 0;
		}
		weight[distinct - 1] += rows[i].weight;
		rows[i].distinct = distinct - 1;
	}
	fit->data =
		(ClvData){n, rows, distinct, x, weight, alloc_rows(distinct, sizeof(double)), breathe};
}

/* x, t_x and T, times divided by their mean. */
static void
purchase_data(const ClvSample *s, int64 unit, FitData *fit)
{
	const ClvHistory *h = clv_histories(s);
	ClvRow *rows = alloc_rows(s->n_histories, sizeof(ClvRow));
	CompensatedSum age = {0, 0};
	CompensatedSum x = {0, 0};
	double mean;

	for (int i = 0; i < s->n_histories; i++)
	{
		compensated_add(&age, (double) h[i].age * (double) h[i].count);
		compensated_add(&x, (double) h[i].x * (double) h[i].count);
	}
	fit->n = s->customers;
	mean = compensated_value(&age) / (double) s->customers;
	if (!(mean > 0))
		mean = (double) unit; /* nobody was observed for any time */
	for (int i = 0; i < s->n_histories; i++)
		rows[i] = (ClvRow){(double) h[i].x, (double) h[i].recency / mean, (double) h[i].age / mean,
						   (double) h[i].count, 0};
	tabulate_x(fit, rows, s->n_histories);
	fit->scale = mean / (double) unit;
	fit->constant = -compensated_value(&x) * log(fit->scale);
}

static double
whole_units(int64 usecs, int64 unit, const char *name)
{
	double units = (double) usecs / (double) unit;

	/* months and years differ in length, so a few days don't matter */
	if (fabs(units - rint(units)) > 0.2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s %s is not a whole number of units of %s", name,
						model_time_to_string(usecs), model_time_to_string(unit)),
				 errdetail("bg_bb counts opportunities to buy, of one length."),
				 errhint("Give the length of an opportunity: clv_fit(..., unit => '1 year').")));
	return rint(units);
}

/* x, t_x and n as whole numbers of opportunities. */
static void
opportunity_data(const ClvSample *s, int64 unit, FitData *fit)
{
	const ClvHistory *h = clv_histories(s);
	ClvRow *rows = alloc_rows(s->n_histories, sizeof(ClvRow));

	for (int i = 0; i < s->n_histories; i++)
	{
		rows[i] = (ClvRow){(double) h[i].x, whole_units(h[i].recency, unit, "recency"),
						   whole_units(h[i].age, unit, "age"), (double) h[i].count, 0};
		value_check_opportunities(h[i].age, unit, "age");
		if (rows[i].x > rows[i].tx)
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a customer bought more often than there were opportunities"),
				 errdetail(INT64_FORMAT " repeat purchases in %s, with one opportunity "
										"each %s.",
						   h[i].x, model_time_to_string(h[i].recency), model_time_to_string(unit)),
				 errhint("Use buckets as long as an opportunity, or the model bg_nbd.")));
	}
	fit->n = s->customers;
	tabulate_x(fit, rows, s->n_histories);
}

/* x and the mean spend, divided by the mean over customers; amounts of zero say nothing. */
static void
spend_data(const ClvSample *s, FitData *fit)
{
	const ClvSpend *spend = clv_spends(s);
	ClvRow *rows = alloc_rows(s->n_spends, sizeof(ClvRow));
	CompensatedSum sum = {0, 0};
	int n = 0;

	for (int i = 0; i < s->n_spends; i++)
	{
		if (spend[i].mean <= 0)
			continue;
		compensated_add(&sum, spend[i].mean * (double) spend[i].count);
		fit->n += spend[i].count;
	}
	fit->scale = compensated_value(&sum) / (double) Max(fit->n, 1);
	for (int i = 0; i < s->n_spends; i++)
	{
		double mean = spend[i].mean / fit->scale;
		double x = (double) spend[i].x;

		if (spend[i].mean > 0)
			rows[n++] = (ClvRow){x, mean, log(x * mean), (double) spend[i].count, 0};
	}
	tabulate_x(fit, rows, n);
	fit->constant = -(double) fit->n * log(fit->scale);
}

static void
check_survivors(const ClvSample *s)
{
	const ClvHistory *h = clv_histories(s);

	if (s->n_histories < 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("sbg_fit needs the survivors of at least the periods 0 and 1"),
						errhint("Period 0 has the size of the cohort.")));
	for (int i = 0; i < s->n_histories; i++)
	{
		if (h[i].x != i)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("the survivors of period %d are missing", i),
							errhint("Give every period from 0, the size of the cohort, on.")));
		if (i > 0 && h[i].count > h[i - 1].count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("more survive period %d than period %d", i, i - 1),
					 errdetail(INT64_FORMAT " after " INT64_FORMAT ".", h[i].count, h[i - 1].count),
					 errhint("Give how many are left, not how many were lost.")));
	}
}

static void
survivor_data(const ClvSample *s, FitData *fit)
{
	ClvRow *rows = alloc_rows(s->n_histories, sizeof(ClvRow));

	check_survivors(s);
	for (int i = 0; i < s->n_histories; i++)
		rows[i] = (ClvRow){i, 0, 0, (double) clv_histories(s)[i].count, 0};
	fit->n = clv_histories(s)[0].count;
	tabulate_x(fit, rows, s->n_histories);
}

/* ---- the fit ---- */

/* Where to begin: rough guesses in scaled units, farther and farther out. */
static void
built_in_start(ClvKind kind, int attempt, double *theta)
{
	static const double spend_start[CLV_MAX_PARAMETERS] = {0.7, 1.1, 0.7, 0};
	static const double shift[MAX_STARTS] = {0, -1.5, 2.5};

	for (int i = 0; i < clv_kinds[kind].parameters; i++)
	{
		theta[i] = kind == CLV_GAMMA_GAMMA ? spend_start[i] : 0;
		if (kind != CLV_GAMMA_GAMMA && clv_kinds[kind].scaled[i])
			theta[i] -= 1.4;
		theta[i] += shift[attempt] * (i % 2 == 0 ? 1 : 0.5);
	}
}

static void
given_start(const FitData *fit, ArrayType *start, double *theta)
{
	const ClvKindInfo *kind = &clv_kinds[fit->kind];
	const double *p = (const double *) ARR_DATA_PTR(start);

	if (ARR_NDIM(start) != 1 || ARR_DIMS(start)[0] != kind->parameters || ARR_HASNULL(start))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d parameters", kind->name, kind->parameters),
				 errdetail(
					 "They are given in one array, in the order of parameters(), without NULL.")));
	for (int i = 0; i < kind->parameters; i++)
	{
		ClvBounds bounds = clv_bounds(fit->kind, i);

		if (!(p[i] >= bounds.least && p[i] <= bounds.most))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("parameter %s = %s is out of range", kind->parameter[i],
								   value_shown(p[i])),
							errdetail("%s is greater than 0, from %s to %s.", kind->parameter[i],
									  value_shown(bounds.least), value_shown(bounds.most))));
		theta[i] = log(kind->scaled[i] ? p[i] / fit->scale : p[i]);
	}
}

/* Parameters and covariance in the user's units, from the logarithms of scaled ones. */
static void
convert_back(const FitData *fit, const double *theta, const NewtonResult *result, ClvPart *part)
{
	const ClvKindInfo *kind = &clv_kinds[fit->kind];
	int n = kind->parameters;
	double covariance[CLV_MAX_PARAMETERS * CLV_MAX_PARAMETERS];
	bool known = newton_covariance(n, result->hessian, covariance);

	part->boundary = result->at_limit || !known;
	for (int i = 0; i < n; i++)
	{
		part->p[i] = exp(theta[i]) * (kind->scaled[i] ? fit->scale : 1);
		if (fabs(theta[i]) > LOG_BOUNDARY ||
			(known && covariance[i * n + i] > LOG_UNKNOWN * LOG_UNKNOWN))
			part->boundary = true;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			part->covariance[i][j] =
				part->boundary ? NAN : part->p[i] * part->p[j] * covariance[i * n + j] + 0.0;
}

static void
part_without_data(ClvPart *part)
{
	part->status = CLV_NO_DATA;
	part->boundary = true;
	part->log_likelihood = NAN;
	part->gradient_norm = NAN;
	for (int i = 0; i < clv_kinds[part->kind].parameters; i++)
	{
		part->p[i] = NAN;
		for (int j = 0; j < clv_kinds[part->kind].parameters; j++)
			part->covariance[i][j] = NAN;
	}
}

/* At the limit rounding alone can stop the last steps: what there was to find is found. */
static ClvStatus
status_of(const NewtonResult *result)
{
	if (result->status == NEWTON_CONVERGED ||
		(result->status == NEWTON_STALLED && result->at_limit))
		return CLV_CONVERGED;
	return result->status == NEWTON_MAX_ITERATIONS ? CLV_MAX_ITERATIONS : CLV_STALLED;
}

static double
sum_of_squares(int n, const double *theta)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += theta[i] * theta[i];
	return sum;
}

static void
maximise(FitData *fit, const FitOptions *options, double *theta, double *work, NewtonResult *result)
{
	NewtonProblem problem = {.n = clv_kinds[fit->kind].parameters,
							 .evaluate = penalised,
							 .arg = fit,
							 .limit = LOG_LIMIT,
							 .max_iterations = options->max_iterations};

	newton_maximise(&problem, theta, work, result);
}

/*
 * The optimum of every 16th row of many is near that of all: most iterations are made there.  False
 * if that fit fails or runs into the limit.
 */
static bool
thinned_start(const FitData *fit, const FitOptions *options, double *theta, double *work)
{
	FitData thinned = *fit;
	ClvRow *rows;
	int n = 0;
	NewtonResult result;

	if (fit->data.n < MANY_ROWS || fit->kind == CLV_SBG)
		return false;
	rows = alloc_rows(fit->data.n / THINNED + 1, sizeof(ClvRow));
	for (int i = THINNED / 2; i < fit->data.n; i += THINNED)
		rows[n++] = fit->data.row[i];
	tabulate_x(&thinned, rows, n);
	built_in_start(fit->kind, 0, theta);
	maximise(&thinned, options, theta, work, &result);
	return result.status == NEWTON_CONVERGED && !result.at_limit;
}

/* From the thinned optimum or the start that was given, else from one built-in start after another. */
static int
maximise_from_starts(FitData *fit, const FitOptions *options, ArrayType *start, double *theta,
					 double *work, NewtonResult *result)
{
	bool begun = start != NULL || thinned_start(fit, options, theta, work);
	int iterations = 0;

	if (start != NULL)
		given_start(fit, start, theta);
	for (int i = begun ? -1 : 0; i < (start != NULL ? 0 : MAX_STARTS); i++)
	{
		if (i >= 0)
			built_in_start(fit->kind, i, theta);
		maximise(fit, options, theta, work, result);
		iterations += result->iterations;
		if (status_of(result) != CLV_STALLED)
			break;
	}
	return iterations;
}

static void
fit_part(FitData *fit, const FitOptions *options, ArrayType *start, ClvPart *part)
{
	int n = clv_kinds[fit->kind].parameters;
	double work[4 * CLV_MAX_PARAMETERS + 3 * CLV_MAX_PARAMETERS * CLV_MAX_PARAMETERS];
	double theta[CLV_MAX_PARAMETERS];
	NewtonResult result;

	part->kind = fit->kind;
	part->n = fit->n;
	part->penalty = options->penalty;
	fit->penalty = options->penalty;
	if (fit->n == 0)
	{
		part_without_data(part);
		return;
	}
	part->iterations = maximise_from_starts(fit, options, start, theta, work, &result);
	part->status = status_of(&result);
	part->gradient_norm = result.gradient_norm;
	part->log_likelihood = result.value + fit->penalty * sum_of_squares(n, theta) + fit->constant;
	convert_back(fit, theta, &result, part);
}

static void
fit_purchases(const ClvSample *s, const FitOptions *options, ClvPart *part)
{
	FitData fit = {.kind = options->purchases, .scale = 1};

	if (options->purchases == CLV_SBG)
		survivor_data(s, &fit);
	else if (options->purchases == CLV_BG_BB)
		opportunity_data(s, options->unit, &fit);
	else
		purchase_data(s, options->unit, &fit);
	fit_part(&fit, options, options->start, part);
}

static ClvModel *
fit_model(const ClvSample *s, const FitOptions *options)
{
	ClvModel *m = clv_model_new(options->unit);

	if (clv_sample_is(s, CLV_CONTRACTUAL) != (options->purchases == CLV_SBG))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the sample does not fit the model %s", clv_kinds[options->purchases].name),
				 errhint("clv_fit() takes samples of clv_agg(history), sbg_fit() those of "
						 "sbg_agg(period, survivors).")));
	m->observed = clv_sample_is(s, CLV_OBSERVED);
	m->observed_from = s->observed_from;
	m->observed_until = s->observed_until;
	fit_purchases(s, options, &m->purchases);
	m->customers = m->purchases.n;
	if (options->spend != CLV_NONE)
	{
		FitData fit = {.kind = options->spend};

		spend_data(s, &fit);
		fit_part(&fit, options, NULL, &m->spend);
	}
	return m;
}

/* ---- SQL ---- */

static void
check_options(const FitOptions *options)
{
	if (!(options->penalty >= 0) || isinf(options->penalty))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("penalty %s is out of range", value_shown(options->penalty)),
						errdetail("A penalty is zero or more.")));
	if (options->max_iterations < 1)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("max_iterations %d is out of range", options->max_iterations),
						errdetail("At least one iteration is needed.")));
	if (options->unit <= 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the unit of time must be positive")));
}

/*
 * clv_fit(sample, model, spend, penalty, max_iterations, unit, start) -> clv_model
 *
 * Maximum likelihood.  A NULL sample, model or option gives NULL, but a NULL spend fits none and a
 * NULL start begins at the built-in one.  The penalty times the sum of the squared logarithms of
 * the parameters (times in mean ages, amounts in mean amounts) is subtracted.
 */
PG_FUNCTION_INFO_V1(clv_fit);
Datum
clv_fit(PG_FUNCTION_ARGS)
{
	FitOptions options;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3) || PG_ARGISNULL(4) || PG_ARGISNULL(5))
		PG_RETURN_NULL();
	options.purchases = clv_kind_of_purchases(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	options.spend =
		PG_ARGISNULL(2) ? CLV_NONE : clv_kind_of_spend(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	options.penalty = PG_GETARG_FLOAT8(3) + 0.0; /* no -0 */
	options.max_iterations = PG_GETARG_INT32(4);
	options.unit = model_time_from_interval(PG_GETARG_INTERVAL_P(5), "unit");
	options.start = PG_ARGISNULL(6) ? NULL : PG_GETARG_ARRAYTYPE_P(6);
	check_options(&options);
	PG_RETURN_POINTER(fit_model(clv_sample_arg(fcinfo, 0), &options));
}

/* clv_fit_final(clv_sample) -> clv_model: the fit with all defaults. */
PG_FUNCTION_INFO_V1(clv_fit_final);
Datum
clv_fit_final(PG_FUNCTION_ARGS)
{
	FitOptions options = {CLV_BG_NBD, CLV_GAMMA_GAMMA, 0, 200, DEFAULT_UNIT, NULL};

	PG_RETURN_POINTER(fit_model(clv_sample_arg(fcinfo, 0), &options));
}

/* sbg_fit_final(clv_sample) -> clv_model; also sbg_fit(sample). */
PG_FUNCTION_INFO_V1(sbg_fit_final);
Datum
sbg_fit_final(PG_FUNCTION_ARGS)
{
	FitOptions options = {CLV_SBG, CLV_NONE, 0, 200, DEFAULT_UNIT, NULL};

	PG_RETURN_POINTER(fit_model(clv_sample_arg(fcinfo, 0), &options));
}

/* ---- models whose parameters somebody states ---- */

static void
state_parameters(ClvPart *part, ClvKind kind, ArrayType *parameters)
{
	FitData unscaled = {.kind = kind, .scale = 1};
	double theta[CLV_MAX_PARAMETERS];

	given_start(&unscaled, parameters, theta);
	part->kind = kind;
	part->status = CLV_STATED;
	part->log_likelihood = NAN;
	part->gradient_norm = NAN;
	for (int i = 0; i < clv_kinds[kind].parameters; i++)
	{
		part->p[i] = ((const double *) ARR_DATA_PTR(parameters))[i];
		for (int j = 0; j < clv_kinds[kind].parameters; j++)
			part->covariance[i][j] = NAN;
	}
}

/*
 * make_clv_model(model, parameters, spend_parameters => NULL, unit => '7 days') -> clv_model
 *
 * A model with stated parameters, in the order of parameters(); alpha and beta in units of time.
 */
PG_FUNCTION_INFO_V1(make_clv_model);
Datum
make_clv_model(PG_FUNCTION_ARGS)
{
	const char *name;
	ClvModel *m;
	ClvKind kind;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	kind = pg_strcasecmp(name, "sbg") == 0 ? CLV_SBG : clv_kind_of_purchases(name);
	m = clv_model_new(model_time_from_interval(PG_GETARG_INTERVAL_P(3), "unit"));
	if (m->unit <= 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the unit of time must be positive")));
	state_parameters(&m->purchases, kind, PG_GETARG_ARRAYTYPE_P(1));
	if (!PG_ARGISNULL(2))
		state_parameters(&m->spend, CLV_GAMMA_GAMMA, PG_GETARG_ARRAYTYPE_P(2));
	PG_RETURN_POINTER(m);
}
