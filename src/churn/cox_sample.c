/*
 * cox_sample.c: the state machine of cox_agg().
 *
 * Accumulate, combine and finish.  Text, wire and equality are in cox_sample_io.c.
 */
#include "churn/cox_sample.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "churn/survival_duration.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#define FIRST_CAPACITY 4

void
cox_check_rows(uint64 rows, int covariates)
{
	uint64 limit = (COX_MAX_BYTES - COX_SAMPLE_HEADER) / cox_row_size(covariates);

	if (unlikely(rows > limit))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many rows for a cox_sample"),
				 errdetail("A sample with %d covariates holds at most " UINT64_FORMAT
						   " rows; this one needs at least " UINT64_FORMAT ".",
						   covariates, limit, rows),
				 errhint("Fit a random part of the customers, for example with "
						 "TABLESAMPLE.")));
}

CoxSample *
cox_sample_new(SurvivalUnit unit, int covariates, uint32 capacity)
{
	Size size = COX_SAMPLE_HEADER + capacity * cox_row_size(covariates);
	CoxSample *s = palloc0(size); /* room, too: whoever calls support functions sees it */

	SET_VARSIZE(s, size);
	s->version = COX_SAMPLE_VERSION;
	s->unit = unit;
	s->covariates = covariates;
	return s;
}

static CoxSample *
with_capacity(const CoxSample *s, uint32 capacity)
{
	CoxSample *copy = cox_sample_new(s->unit, s->covariates, capacity);

	copy->rows = s->rows;
	copy->sorted = s->sorted;
	memcpy(copy->data, s->data, s->rows * cox_row_size(s->covariates));
	return copy;
}

/* Room for so many rows more; doubles, so that copying doesn't add up. */
static CoxSample *
with_room_for(CoxSample *s, uint32 rows)
{
	uint64 needed = (uint64) s->rows + rows;
	uint64 limit = (COX_MAX_BYTES - COX_SAMPLE_HEADER) / cox_row_size(s->covariates);

	if (needed <= cox_capacity(s))
		return s;
	cox_check_rows(needed, s->covariates);
	needed = Max(needed, Max((uint64) cox_capacity(s) * 2, FIRST_CAPACITY));
	return with_capacity(s, (uint32) Min(needed, limit));
}

CoxRow *
cox_sample_append(CoxSample **s)
{
	if ((*s)->rows == cox_capacity(*s))
		*s = with_room_for(*s, 1);
	(*s)->sorted = 0;
	return cox_row(*s, (*s)->rows++);
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const CoxSample *s)
{
	Size size = VARSIZE(s);

	if (size < COX_SAMPLE_HEADER || s->version != COX_SAMPLE_VERSION || s->unit >= SURVIVAL_UNITS ||
		s->covariates < 1 || s->covariates > COX_MAX_COVARIATES || s->sorted > 1 ||
		(size - COX_SAMPLE_HEADER) % cox_row_size(s->covariates) != 0 || s->rows > cox_capacity(s))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type cox_sample"),
						errhint("The stored value is damaged or was written by a newer version.")));
}

/* ---- order ---- */

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const CoxRow *x = *(const CoxRow *const *) a;
	const CoxRow *y = *(const CoxRow *const *) b;
	int covariates = *(const int *) arg;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	for (int i = 0; i < covariates; i++)
		if (x->covariates[i] != y->covariates[i])
			return x->covariates[i] < y->covariates[i] ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return 0;
}

typedef CoxRow *CoxRowPointer;

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE CoxRowPointer
#define ST_COMPARE_ARG_TYPE void
#define ST_COMPARE(a, b, arg) compare_rows(a, b, arg)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

const CoxSample *
cox_sample_canonical(const CoxSample *s)
{
	int covariates = s->covariates;
	CoxSample *copy;
	CoxRowPointer *order;

	if (s->sorted && cox_capacity(s) == s->rows)
		return s;
	copy = cox_sample_new(s->unit, s->covariates, s->rows);
	order = palloc(sizeof(CoxRowPointer) * Max(s->rows, 1));
	for (uint32 i = 0; i < s->rows; i++)
		order[i] = cox_row(s, i);
	sort_rows(order, s->rows, &covariates);
	for (uint32 i = 0; i < s->rows; i++)
		memcpy(cox_row(copy, i), order[i], cox_row_size(covariates));
	copy->rows = s->rows;
	copy->sorted = 1;
	pfree(order);
	return copy;
}

/* ---- the state of an aggregate ---- */

SUMMARY_WRITABLE(writable_sample, CoxSample, check_layout);

static const CoxSample *
readable_sample(FunctionCallInfo fcinfo, int i)
{
	const CoxSample *s = (CoxSample *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

const CoxSample *
cox_sample_arg(FunctionCallInfo fcinfo, int i)
{
	return cox_sample_canonical(readable_sample(fcinfo, i));
}

static void
check_same_shape(const CoxSample *s, SurvivalUnit unit, int covariates)
{
	if (unlikely(s->unit != unit))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge durations of unit %s with durations of unit %s",
							   survival_unit_names[s->unit], survival_unit_names[unit]),
						errhint("Build all samples from durations of one type.")));
	if (unlikely(s->covariates != covariates))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge customers with %d covariates and customers with %d",
							   s->covariates, covariates),
						errdetail("Each row needs the same covariates in the same order."),
						errhint("A covariate of NULL leaves its row out; an absent one doesn't.")));
}

/* The covariates of a row; NULL if there are none to use: no array, or a NULL in it. */
static ArrayType *
covariates_arg(FunctionCallInfo fcinfo, int i)
{
	ArrayType *array;

	if (PG_ARGISNULL(i))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(i);
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		return NULL;
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] > COX_MAX_COVARIATES)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("covariates are not a list of numbers"),
						errdetail("They are an array of one dimension with 1 to %d elements.",
								  COX_MAX_COVARIATES),
						errhint("For example: ARRAY[age, is_annual::int].")));
	return array;
}

static void
copy_covariates(CoxRow *row, const ArrayType *array)
{
	const double *values = (const double *) ARR_DATA_PTR(array);
	int n = ARR_DIMS(array)[0];

	for (int i = 0; i < n; i++)
	{
		if (unlikely(!(fabs(values[i]) <= COX_MAX_COVARIATE)))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("invalid covariate %d: %g", i + 1, values[i]),
							errdetail("Covariates are numbers from %g to %g.", -COX_MAX_COVARIATE,
									  COX_MAX_COVARIATE),
							errhint("A covariate of NULL leaves its row out.")));
		/* negative zero becomes zero: what is equal is to have equal bytes */
		row->covariates[i] = values[i] + 0.0;
	}
}

/* The state that a row changes; the first row that counts makes it. */
static CoxSample *
state_for_row(FunctionCallInfo fcinfo, SurvivalUnit unit, int covariates)
{
	CoxSample *s;

	if (PG_ARGISNULL(0))
		return cox_sample_new(unit, covariates, FIRST_CAPACITY);
	s = writable_sample(fcinfo, 0);
	check_same_shape(s, unit, covariates);
	return s;
}

static Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(writable_sample(fcinfo, 0));
}

static double
duration_arg(FunctionCallInfo fcinfo, int i, SurvivalUnit unit)
{
	return unit == SURVIVAL_DAY ? survival_days(PG_GETARG_INTERVAL_P(i))
								: survival_checked_duration(PG_GETARG_FLOAT8(i));
}

/*
 * cox_sample_accum(cox_sample, duration, churned, covariates [, entry [, weight]])
 *
 * A row in which the duration, churned, a covariate or the weight is NULL, or the weight 0, is left
 * out; entry NULL is 0.
 */
static Datum
accumulate(FunctionCallInfo fcinfo, SurvivalUnit unit)
{
	bool complete = !PG_ARGISNULL(1) && !PG_ARGISNULL(2) && (PG_NARGS() < 6 || !PG_ARGISNULL(5));
	ArrayType *covariates = complete ? covariates_arg(fcinfo, 3) : NULL;
	double weight;
	double duration;
	double entry;
	CoxSample *s;
	CoxRow *row;

	if (covariates == NULL)
		return unchanged_state(fcinfo);
	duration = duration_arg(fcinfo, 1, unit);
	entry = PG_NARGS() < 5 || PG_ARGISNULL(4) ? 0 : duration_arg(fcinfo, 4, unit);
	weight = PG_NARGS() < 6 ? 1 : PG_GETARG_FLOAT8(5);
	survival_check_entry(entry, duration);
	survival_check_weight(weight);
	if (weight == 0)
		return unchanged_state(fcinfo);
	s = state_for_row(fcinfo, unit, ARR_DIMS(covariates)[0]);
	row = cox_sample_append(&s);
	row->key = survival_key(duration, PG_GETARG_BOOL(2));
	row->entry = entry;
	row->weight = weight;
	copy_covariates(row, covariates);
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(cox_sample_accum_float8);
Datum
cox_sample_accum_float8(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, SURVIVAL_NUMBER);
}

PG_FUNCTION_INFO_V1(cox_sample_accum_interval);
Datum
cox_sample_accum_interval(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, SURVIVAL_DAY);
}

/* ---- combine and finish ---- */

/* a and the rows of b; a is changed in place where its room allows, else replaced. */
static CoxSample *
merge(CoxSample *a, const CoxSample *b)
{
	check_same_shape(a, b->unit, b->covariates);
	a = with_room_for(a, b->rows);
	memcpy(cox_row(a, a->rows), b->data, b->rows * cox_row_size(b->covariates));
	a->rows += b->rows;
	a->sorted = 0;
	return a;
}

/*
 * cox_sample_combine(cox_sample, cox_sample) -> cox_sample
 *
 * The customers of both; different units or numbers of covariates are an ERROR.  Also the
 * transition of rollup().
 */
PG_FUNCTION_INFO_V1(cox_sample_combine);
Datum
cox_sample_combine(PG_FUNCTION_ARGS)
{
	CoxSample *a = writable_sample(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, readable_sample(fcinfo, 1)));
}

/* cox_sample_final(cox_sample) -> cox_sample: NULL if nobody was counted. */
PG_FUNCTION_INFO_V1(cox_sample_final);
Datum
cox_sample_final(PG_FUNCTION_ARGS)
{
	const CoxSample *s = readable_sample(fcinfo, 0);

	if (s->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(cox_sample_canonical(s));
}

/* cox_sample + cox_sample -> cox_sample: both together. */
PG_FUNCTION_INFO_V1(cox_sample_add);
Datum
cox_sample_add(PG_FUNCTION_ARGS)
{
	const CoxSample *a = readable_sample(fcinfo, 0);

	PG_RETURN_POINTER(
		cox_sample_canonical(merge(with_capacity(a, a->rows), readable_sample(fcinfo, 1))));
}
