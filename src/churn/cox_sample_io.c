/*
 * cox_sample_io.c: text, wire format and equality of cox_sample.
 */
#include "churn/cox_sample.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

static const char TYPE_NAME[] = "cox_sample";
static const char EXAMPLE[] = "{\"unit\": \"number\", \"covariates\": 1, \"durations\": [6, 7], "
							  "\"churned\": [1, 0], \"entries\": [0, 0], \"weights\": [1, 1], "
							  "\"values\": [0, 1]}";

/* What is wrong with a row; NULL if nothing. */
static const char *
row_problem(const CoxRow *row, double duration, int covariates)
{
	if (!(duration >= 0 && duration < INFINITY))
		return "A duration is not a finite number from 0 on.";
	if (!(row->entry == 0 || (row->entry > 0 && row->entry < duration)))
		return "An entry is not a number from 0 to less than the duration.";
	if (!(row->weight > 0 && row->weight <= SURVIVAL_MAX_WEIGHT))
		return "A weight is not a number greater than 0 and at most 1e15.";
	for (int i = 0; i < covariates; i++)
		if (!(fabs(row->covariates[i]) <= COX_MAX_COVARIATE))
			return "A value is not a number from -1e150 to 1e150.";
	return NULL;
}

/* ---- text ---- */

static Jsonb *
text_column(const SummaryText *t, const char *field, uint32 elements)
{
	Jsonb *column = summary_text_array(t, field, COX_MAX_BYTES / sizeof(double));

	if (JB_ROOT_COUNT(column) != elements)
		summary_text_invalid(t, "\"%s\" has %u elements instead of %u.", field,
							 JB_ROOT_COUNT(column), elements);
	return column;
}

/* The columns of the text form. */
typedef struct CoxText
{
	SummaryText t;
	int covariates;
	Jsonb *durations;
	Jsonb *churned;
	Jsonb *entries;
	Jsonb *weights;
	Jsonb *values;
} CoxText;

static void
read_text_row(const CoxText *in, uint32 i, CoxRow *row)
{
	const SummaryText *t = &in->t;
	double duration = summary_text_element_double(t, "durations", in->durations, i) + 0.0;
	bool churned = summary_text_element_int64(t, "churned", in->churned, i, 0, 1) == 1;
	const char *problem;

	CHECK_FOR_INTERRUPTS();
	row->key = survival_key(duration, churned);
	row->entry = summary_text_element_double(t, "entries", in->entries, i) + 0.0;
	row->weight = summary_text_element_double(t, "weights", in->weights, i);
	for (int j = 0; j < in->covariates; j++)
		row->covariates[j] =
			summary_text_element_double(t, "values", in->values, i * in->covariates + j) + 0.0;
	if ((problem = row_problem(row, duration, in->covariates)) != NULL)
		summary_text_invalid(t, "%s", problem);
}

/*
 * Text input: {"unit": "number" or "day", "covariates": n, "durations": [...], "churned": [1 or 0
 * ...], "entries": [...], "weights": [...], "values": [n a customer ...]}
 */
PG_FUNCTION_INFO_V1(cox_sample_in);
Datum
cox_sample_in(PG_FUNCTION_ARGS)
{
	CoxText in;
	SurvivalUnit unit;
	uint32 rows;
	CoxSample *s;

	in.t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 7);
	unit = survival_text_unit(&in.t);
	in.covariates = (int) summary_text_int64(&in.t, "covariates", 1, COX_MAX_COVARIATES);
	in.durations = summary_text_array(&in.t, "durations", COX_MAX_BYTES / sizeof(double));
	rows = JB_ROOT_COUNT(in.durations);
	cox_check_rows(rows, in.covariates);
	in.churned = text_column(&in.t, "churned", rows);
	in.entries = text_column(&in.t, "entries", rows);
	in.weights = text_column(&in.t, "weights", rows);
	in.values = text_column(&in.t, "values", rows * in.covariates);
	s = cox_sample_new(unit, in.covariates, rows);
	for (uint32 i = 0; i < rows; i++)
		read_text_row(&in, i, cox_sample_append(&s));
	PG_RETURN_POINTER(cox_sample_canonical(s));
}

static double
row_duration(const CoxRow *row)
{
	return survival_key_duration(row->key);
}

static double
row_churned(const CoxRow *row)
{
	return cox_row_is_event(row);
}

static double
row_entry(const CoxRow *row)
{
	return row->entry;
}

static double
row_weight(const CoxRow *row)
{
	return row->weight;
}

static void
append_column(StringInfo out, const char *name, const CoxSample *s, double (*read)(const CoxRow *))
{
	appendStringInfo(out, ", \"%s\": [", name);
	for (uint32 i = 0; i < s->rows; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		summary_text_append_double(out, read(cox_row(s, i)));
	}
	appendStringInfoChar(out, ']');
}

static void
append_values(StringInfo out, const CoxSample *s)
{
	appendStringInfoString(out, ", \"values\": [");
	for (uint32 i = 0; i < s->rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < s->covariates; j++)
		{
			if (i > 0 || j > 0)
				appendStringInfoString(out, ", ");
			summary_text_append_double(out, cox_row(s, i)->covariates[j]);
		}
	}
	appendStringInfoChar(out, ']');
}

PG_FUNCTION_INFO_V1(cox_sample_out);
Datum
cox_sample_out(PG_FUNCTION_ARGS)
{
	const CoxSample *s = cox_sample_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"unit\": \"%s\", \"covariates\": %d", survival_unit_names[s->unit],
					 s->covariates);
	append_column(&out, "durations", s, row_duration);
	append_column(&out, "churned", s, row_churned);
	append_column(&out, "entries", s, row_entry);
	append_column(&out, "weights", s, row_weight);
	append_values(&out, s);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- wire ---- */

static void
read_wire_row(StringInfo buf, CoxRow *row, int covariates)
{
	double duration = pq_getmsgfloat8(buf) + 0.0;
	int churned = pq_getmsgbyte(buf);
	const char *problem;

	CHECK_FOR_INTERRUPTS();
	if (churned > 1)
		summary_wire_invalid(TYPE_NAME, "Whether a customer churned has the code %d.", churned);
	row->key = survival_key(duration, churned == 1);
	row->entry = pq_getmsgfloat8(buf) + 0.0;
	row->weight = pq_getmsgfloat8(buf);
	for (int j = 0; j < covariates; j++)
		row->covariates[j] = pq_getmsgfloat8(buf) + 0.0;
	if ((problem = row_problem(row, duration, covariates)) != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
}

/*
 * Binary input: version (1 byte), unit (1), covariates (2), rows (4), and a row: duration (8),
 * churned (1), entry (8), weight (8), values (8 each).
 */
PG_FUNCTION_INFO_V1(cox_sample_recv);
Datum
cox_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int unit;
	int covariates;
	uint32 rows;
	CoxSample *s;

	summary_wire_version(buf, TYPE_NAME, COX_SAMPLE_VERSION);
	unit = pq_getmsgbyte(buf);
	covariates = pq_getmsgint(buf, 2);
	rows = pq_getmsgint(buf, 4);
	if (unit >= SURVIVAL_UNITS)
		summary_wire_invalid(TYPE_NAME, "The unit has the code %d.", unit);
	if (covariates < 1 || covariates > COX_MAX_COVARIATES)
		summary_wire_invalid(TYPE_NAME, "It has %d covariates; 1 to %d are allowed.", covariates,
							 COX_MAX_COVARIATES);
	if (rows > (buf->len - buf->cursor) / cox_row_size(covariates) + 1)
		summary_wire_invalid(TYPE_NAME, "It ends before its %u rows do.", rows);
	cox_check_rows(rows, covariates);
	s = cox_sample_new(unit, covariates, rows);
	for (uint32 i = 0; i < rows; i++)
		read_wire_row(buf, cox_sample_append(&s), covariates);
	PG_RETURN_POINTER(cox_sample_canonical(s));
}

PG_FUNCTION_INFO_V1(cox_sample_send);
Datum
cox_sample_send(PG_FUNCTION_ARGS)
{
	const CoxSample *s = cox_sample_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->unit);
	pq_sendint16(&buf, s->covariates);
	pq_sendint32(&buf, s->rows);
	for (uint32 i = 0; i < s->rows; i++)
	{
		const CoxRow *row = cox_row(s, i);

		pq_sendfloat8(&buf, row_duration(row));
		pq_sendbyte(&buf, cox_row_is_event(row));
		pq_sendfloat8(&buf, row->entry);
		pq_sendfloat8(&buf, row->weight);
		for (int j = 0; j < s->covariates; j++)
			pq_sendfloat8(&buf, row->covariates[j]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality: canonical values are equal if their bytes are ---- */

SUMMARY_EQUAL_BY_BYTES(cox_sample, cox_sample_arg);

/* cox_customers(cox_sample) -> bigint: the number of rows. */
PG_FUNCTION_INFO_V1(cox_customers);
Datum
cox_customers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cox_sample_arg(fcinfo, 0)->rows);
}
