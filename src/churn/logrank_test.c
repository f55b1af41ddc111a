/*
 * logrank_test.c: the log-rank test as SQL functions.
 */
#include "churn/logrank.h"
#include "churn/survival_curve.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/chi_square.h"
#include "funcapi.h"
#include "utils/array.h"

/* The covariances of so many groups take 8 MB. */
#define MAX_GROUPS 1000

static double
rho_arg(FunctionCallInfo fcinfo, int i)
{
	double rho = PG_GETARG_FLOAT8(i);

	if (!isfinite(rho))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid rho %g of a log-rank test", rho),
						errdetail("Durations weigh S(t)^rho; rho is finite."),
						errhint("0 is the log-rank test, 1 weighs early differences more.")));
	return rho;
}

static void
check_groups(int n_groups)
{
	if (n_groups > MAX_GROUPS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many curves for a log-rank test: %d", n_groups),
						errdetail("At most %d curves can be compared.", MAX_GROUPS)));
}

static void
check_units(const SurvivalCurve *first, const SurvivalCurve *other)
{
	if (first->unit != other->unit)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot compare durations of unit %s with durations of unit %s",
							   survival_unit_names[first->unit], survival_unit_names[other->unit]),
						errhint("Build all curves from durations of one type.")));
}

/* Room to compare so many groups. */
static Logrank
new_logrank(SurvivalWalk *groups, int n_groups, double rho)
{
	Size n = Max(n_groups, 1);

	return (Logrank){
		.groups = groups,
		.n_groups = n_groups,
		.rho = rho,
		.next = palloc(n * sizeof(uint32)),
		.upcoming = palloc(n * sizeof(double)),
		.at_risk = palloc(n * sizeof(double)),
		.observed = palloc(n * sizeof(CompensatedSum)),
		.expected = palloc(n * sizeof(CompensatedSum)),
		.covariance = palloc(n * n * sizeof(double)),
	};
}

/* The curves of argument 0, an array; NULL elements are left out. */
static Logrank
logrank_args(FunctionCallInfo fcinfo)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	const SurvivalCurve *first = NULL;
	SurvivalWalk *groups;
	Datum *curves;
	bool *nulls;
	int n;
	int n_groups = 0;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &curves, &nulls, &n);
	check_groups(n);
	groups = palloc(sizeof(SurvivalWalk) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		const SurvivalCurve *curve;

		if (nulls[i])
			continue;
		curve = survival_from_datum(curves[i]);
		first = first == NULL ? curve : first;
		check_units(first, curve);
		groups[n_groups++] = survival_walk(curve);
	}
	return new_logrank(groups, n_groups, rho_arg(fcinfo, 1));
}

/*
 * logrank_test(survival_curve[], rho) -> (chi_square, df, p_value)
 *
 * The test of whether the groups behind the curves stay equally long: Mantel's log-rank test for
 * rho = 0, the G-rho family of Harrington and Fleming else.  NULLs if fewer than two groups can be
 * compared.
 */
PG_FUNCTION_INFO_V1(logrank_test);
Datum
logrank_test(PG_FUNCTION_ARGS)
{
	Logrank l = logrank_args(fcinfo);
	LogrankResult result = logrank_compare(&l);
	TupleDesc row;
	Datum values[3];
	bool unknown = isnan(result.chi_square);
	bool nulls[3] = {unknown, unknown, unknown};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "logrank_test does not return a composite type");
	values[0] = Float8GetDatum(result.chi_square);
	values[1] = Int32GetDatum(result.df);
	values[2] = Float8GetDatum(unknown ? NAN : chi_square_upper_tail(result.chi_square, result.df));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls)));
}

/* A group as logrank_groups() lists it, in the order of the array. */
typedef struct GroupRow
{
	bool is_null;
	double customers;
	double observed;
	double expected;
} GroupRow;

static GroupRow *
group_rows(FunctionCallInfo fcinfo, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	Logrank l = logrank_args(fcinfo);
	GroupRow *rows;
	Datum *curves;
	bool *nulls;
	int group = 0;

	logrank_compare(&l);
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &curves, &nulls, n);
	rows = palloc(sizeof(GroupRow) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		rows[i].is_null = nulls[i];
		if (nulls[i])
			continue;
		rows[i].customers = survival_walk_total(&l.groups[group]);
		rows[i].observed = compensated_value(&l.observed[group]);
		rows[i].expected = compensated_value(&l.expected[group]);
		group++;
	}
	return rows;
}

static Datum
group_row(FuncCallContext *scan, const GroupRow *g)
{
	Datum values[4] = {Int32GetDatum((int32) scan->call_cntr + 1), Float8GetDatum(g->customers),
					   Float8GetDatum(g->observed), Float8GetDatum(g->expected)};
	bool nulls[4] = {false, g->is_null, g->is_null, g->is_null};

	return HeapTupleGetDatum(heap_form_tuple(scan->tuple_desc, values, nulls));
}

/*
 * logrank_groups(survival_curve[], rho) -> setof (ordinal, customers, observed, expected)
 *
 * What logrank_test() compares: for each curve how many left and how many would have if all curves
 * were alike, both weighted by rho.
 */
PG_FUNCTION_INFO_V1(logrank_groups);
Datum
logrank_groups(PG_FUNCTION_ARGS)
{
	FuncCallContext *scan;
	Datum row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		TupleDesc columns;
		int n;

		scan = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(scan->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "logrank_groups does not return a composite type");
		scan->tuple_desc = BlessTupleDesc(columns);
		scan->user_fctx = group_rows(fcinfo, &n);
		scan->max_calls = n;
		MemoryContextSwitchTo(caller);
	}
	scan = SRF_PERCALL_SETUP();
	if (scan->call_cntr >= scan->max_calls)
		SRF_RETURN_DONE(scan);
	/* made before the macro counts the call */
	row = group_row(scan, (GroupRow *) scan->user_fctx + scan->call_cntr);
	SRF_RETURN_NEXT(scan, row);
}
