/*
 * risk_sample.c: the type risk_sample and its aggregate's state machine.
 *
 * Accumulate, combine and finish; equality.  Text and binary are in risk_sample_io.c.
 */
#include "health/risk_sample.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

static const char TYPE_NAME[] = "risk_sample";

#define FIRST_CAPACITY 16

/*
 * A full table is collapsed before it grows, but only if it holds this many times the rows that
 * were left after the last time: where features are continuous there is nothing to collapse, and
 * trying at each doubling would cost as much as all the rest.
 */
#define WORTH_COLLAPSING 4

/* ---- layout ---- */

static int
capacity_of(const RiskSample *s)
{
	return (int) ((VARSIZE(s) - RISK_SAMPLE_HEADER) / risk_row_bytes(s->features));
}

static RiskSample *
with_capacity(const RiskSample *s, int capacity)
{
	RiskSample *copy = risk_sample_new(s->features, capacity);

	Assert(capacity >= s->rows);
	copy->rows = s->rows;
	copy->distinct = s->distinct;
	copy->omitted = s->omitted;
	memcpy(copy->cells, s->cells, risk_row_bytes(s->features) * s->rows);
	return copy;
}

RiskSample *
risk_sample_canonical(const RiskSample *s)
{
	return s->distinct == s->rows ? with_capacity(s, s->rows) : risk_sample_collapsed(s);
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const RiskSample *s)
{
	if (VARSIZE(s) < RISK_SAMPLE_HEADER || s->version != RISK_SAMPLE_VERSION || s->features < 0 ||
		s->features > RISK_MAX_FEATURES || s->rows < 0 || s->rows > capacity_of(s) ||
		s->distinct < 0 || s->distinct > s->rows)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

/* ---- checks of what rows bring ---- */

void
risk_check_features(int features)
{
	if (features < 1 || features > RISK_MAX_FEATURES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid number of features: %d", features),
						errdetail("There are 1 to %d features.", RISK_MAX_FEATURES),
						errhint("Give them as one array: ARRAY[days_silent, tickets, logins].")));
}

static void
check_dimensions(const ArrayType *features)
{
	if (ARR_NDIM(features) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("the features of a customer form a %d-dimensional array",
							   ARR_NDIM(features)),
						errhint("Give them as one array: ARRAY[days_silent, tickets, logins].")));
}

static void
check_feature(double value, int i)
{
	if (!(fabs(value) <= RISK_MAX_FEATURE))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("feature %d of a customer is %g", i, value),
						errdetail("Features are numbers from %g to %g; a row where one is NULL is "
								  "left out and counted.",
								  -RISK_MAX_FEATURE, RISK_MAX_FEATURE)));
}

static void
feature_numbers_differ(int a, int b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("customers with %d features cannot be added to a risk_sample of %d", b, a),
			 errhint("Each customer needs the same features, in the same order.")));
}

static void
too_many_rows(int features)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a risk_sample of %d rows of %d features exceeds the maximum allowed (%d)",
					risk_max_rows(features) + 1, features, risk_max_rows(features)),
			 errdetail("Customers with the same features and outcome are one row."),
			 errhint("Round the features, or fit the model to a part of the customers, for example "
					 "with TABLESAMPLE.")));
}

/* ---- the state of an aggregate ---- */

SUMMARY_WRITABLE(writable_sample, RiskSample, check_layout);

const RiskSample *
risk_sample_arg(FunctionCallInfo fcinfo, int i)
{
	const RiskSample *s = DatumGetRiskSample(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

/* Room for one row more, by collapsing or else by doubling; the sample may move. */
static RiskSample *
make_room(RiskSample *s)
{
	int most = risk_max_rows(s->features);
	int capacity = capacity_of(s);

	if (s->rows < capacity)
		return s;
	if (s->rows >= WORTH_COLLAPSING * s->distinct || capacity == most)
		risk_collapse(s);
	/* at the bound, a table that stays nearly full would be collapsed again and again */
	if (s->rows < capacity &&
		(s->rows <= capacity / 2 || (capacity == most && s->rows <= most - most / 8)))
		return s;
	if (capacity == most)
		too_many_rows(s->features);
	return with_capacity(s, Min(most, Max(FIRST_CAPACITY, 2 * capacity)));
}

RiskSample *
risk_sample_append(RiskSample *s, const double *row)
{
	s = make_room(s);
	memcpy(risk_row(s, s->rows), row, risk_row_bytes(s->features));
	s->rows++;
	return s;
}

/* A state that has met no row with features takes their number from the first. */
static RiskSample *
with_features(RiskSample *s, int features)
{
	RiskSample *fresh;

	if (s->features == features)
		return s;
	if (s->features != 0)
		feature_numbers_differ(s->features, features);
	fresh = risk_sample_new(features, FIRST_CAPACITY);
	fresh->omitted = s->omitted;
	return fresh;
}

static RiskSample *
count_omitted(RiskSample *s, int64 omitted)
{
	if (pg_add_s64_overflow(s->omitted, omitted, &s->omitted))
		s->omitted = PG_INT64_MAX;
	return s;
}

/* Append the row of an outcome and an array of features without NULLs. */
static RiskSample *
append_customer(RiskSample *s, bool churned, const ArrayType *features)
{
	const double *values = (const double *) ARR_DATA_PTR(features);
	double *row;

	s = make_room(s);
	row = risk_row(s, s->rows);
	row[0] = churned ? 1 : -1;
	for (int j = 0; j < s->features; j++)
	{
		check_feature(values[j], j + 1);
		row[1 + j] = values[j] + 0.0; /* a negative zero becomes a plain one */
	}
	s->rows++;
	return s;
}

/*
 * risk_sample_accum(risk_sample, churned, features) -> risk_sample
 *
 * A row with a NULL in it is left out, and counted.
 */
PG_FUNCTION_INFO_V1(risk_sample_accum);
Datum
risk_sample_accum(PG_FUNCTION_ARGS)
{
	RiskSample *s = PG_ARGISNULL(0) ? risk_sample_new(0, 0) : writable_sample(fcinfo, 0);
	ArrayType *features;
	int n;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(count_omitted(s, 1));
	features = PG_GETARG_ARRAYTYPE_P(2);
	check_dimensions(features);
	n = ArrayGetNItems(ARR_NDIM(features), ARR_DIMS(features));
	risk_check_features(n);
	s = with_features(s, n);
	if (array_contains_nulls(features))
		PG_RETURN_POINTER(count_omitted(s, 1));
	PG_RETURN_POINTER(append_customer(s, PG_GETARG_BOOL(1), features));
}

/* ---- combine and finish ---- */

/* a + b; a is changed in place where its room allows, else replaced. */
static RiskSample *
merge(RiskSample *a, const RiskSample *b)
{
	if (b->features != 0)
		a = with_features(a, b->features);
	for (int i = 0; i < b->rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		a = risk_sample_append(a, risk_row_const(b, i));
	}
	return count_omitted(a, b->omitted);
}

/*
 * risk_sample_combine(risk_sample, risk_sample) -> risk_sample
 *
 * The customers of both; different numbers of features are an ERROR.  Also the transition of
 * rollup().
 */
PG_FUNCTION_INFO_V1(risk_sample_combine);
Datum
risk_sample_combine(PG_FUNCTION_ARGS)
{
	RiskSample *a = writable_sample(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, risk_sample_arg(fcinfo, 1)));
}

/* risk_sample_final(risk_sample) -> risk_sample: equal rows collapsed; NULL if there are none. */
PG_FUNCTION_INFO_V1(risk_sample_final);
Datum
risk_sample_final(PG_FUNCTION_ARGS)
{
	const RiskSample *s = risk_sample_arg(fcinfo, 0);

	if (s->rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(risk_sample_canonical(s));
}

/* risk_sample + risk_sample -> risk_sample: both together. */
PG_FUNCTION_INFO_V1(risk_sample_add);
Datum
risk_sample_add(PG_FUNCTION_ARGS)
{
	RiskSample *a = (RiskSample *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	check_layout(a);
	PG_RETURN_POINTER(risk_sample_canonical(merge(a, risk_sample_arg(fcinfo, 1))));
}

/* ---- equality: of bytes, for rows are in one order ---- */

const RiskSample *
risk_sample_ordered_arg(FunctionCallInfo fcinfo, int i)
{
	const RiskSample *s = risk_sample_arg(fcinfo, i);

	return s->distinct == s->rows ? s : risk_sample_canonical(s);
}

static bool
same_sample(const RiskSample *a, const RiskSample *b)
{
	return a->features == b->features && a->rows == b->rows && a->omitted == b->omitted &&
		   memcmp(a->cells, b->cells, risk_row_bytes(a->features) * a->rows) == 0;
}

SUMMARY_EQUAL(risk_sample, risk_sample_ordered_arg, same_sample);

PG_FUNCTION_INFO_V1(risk_sample_hash);
Datum
risk_sample_hash(PG_FUNCTION_ARGS)
{
	const RiskSample *s = risk_sample_ordered_arg(fcinfo, 0);
	uint32 hash = hash_bytes_uint32((uint32) s->omitted);

	PG_RETURN_UINT32(hash_combine(hash, hash_bytes((const unsigned char *) s->cells,
												   (int) risk_row_bytes(s->features) * s->rows)));
}

/* ---- what a sample holds ---- */

static void
put_row(ReturnSetInfo *result, const RiskSample *s, const double *row)
{
	Datum values[3];
	bool nulls[3] = {false};
	Datum *features = palloc(sizeof(Datum) * s->features);
	int16 length;
	bool by_value;
	char align;

	for (int j = 0; j < s->features; j++)
		features[j] = Float8GetDatum(row[1 + j]);
	values[0] = BoolGetDatum(row[0] > 0);
	get_typlenbyvalalign(FLOAT8OID, &length, &by_value, &align);
	values[1] =
		PointerGetDatum(construct_array(features, s->features, FLOAT8OID, length, by_value, align));
	values[2] = Int64GetDatum((int64) fabs(row[0]));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(DatumGetPointer(values[1]));
	pfree(features);
}

/*
 * risk_rows(risk_sample) -> set of (churned, features, customer_count)
 *
 * The distinct rows of a sample, those who churned first, then by features.
 */
PG_FUNCTION_INFO_V1(risk_rows);
Datum
risk_rows(PG_FUNCTION_ARGS)
{
	const RiskSample *s = risk_sample_ordered_arg(fcinfo, 0);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < s->rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_row((ReturnSetInfo *) fcinfo->resultinfo, s, risk_row_const(s, i));
	}
	return (Datum) 0;
}
