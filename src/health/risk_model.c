/*
 * risk_model.c: the type risk_model: making one, text and binary I/O, equality.
 *
 * How one is fitted is in risk_fit.c, what it says in risk_parameters.c and churn_probability.c.
 */
#include "health/risk_model.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "health/risk_sample.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"

static const char TYPE_NAME[] = "risk_model";
static const char EXAMPLE[] =
	"{\"status\": \"given\", \"observations\": 0, \"churned\": 0, \"omitted\": 0, \"iterations\": "
	"0, \"l2\": 0, \"log_likelihood\": null, \"auc\": null, \"centre\": -2, \"names\": "
	"[\"tickets\"], "
	"\"estimates\": [-2, 0.4], \"means\": [0], \"covariance\": null}";
#define FIELDS 13

static const char *const status_labels[RISK_STATUS_COUNT] = {
	"converged", "max_iterations", "stalled", "separated", "one_outcome", "collinear", "given"};

const char *
risk_status_label(int status)
{
	return status_labels[status];
}

/* ---- layout ---- */

static Size
model_size(int features, Size names_bytes)
{
	return RISK_MODEL_HEADER +
		   sizeof(double) * (1 + 2 * (Size) features + risk_triangle(features)) + names_bytes;
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(RiskModel *m)
{
	int ends = 0;

	if (VARSIZE(m) < RISK_MODEL_HEADER || m->version != RISK_MODEL_VERSION || m->features < 1 ||
		m->features > RISK_MAX_FEATURES || m->status >= RISK_STATUS_COUNT || m->names_bytes < 0 ||
		VARSIZE(m) != model_size(m->features, m->names_bytes))
		ends = -1;
	for (int i = 0; ends >= 0 && i < m->names_bytes; i++)
		ends += risk_names(m)[i] == '\0';
	if (ends != m->features || risk_names(m)[m->names_bytes - 1] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

RiskModel *
risk_model_arg(FunctionCallInfo fcinfo, int i)
{
	RiskModel *m = DatumGetRiskModel(PG_GETARG_DATUM(i));

	check_layout(m);
	return m;
}

/* ---- names ---- */

static void
check_names(int features, char **names)
{
	for (int j = 0; j < features; j++)
	{
		int length = strlen(names[j]);

		if (length == 0 || length > RISK_MAX_NAME)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("the name of feature %d has %d bytes", j + 1, length),
							errdetail("A name has 1 to %d bytes.", RISK_MAX_NAME)));
		for (int i = 0; i < j; i++)
			if (strcmp(names[i], names[j]) == 0)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("two features are called \"%s\"", names[j])));
	}
}

static void
number_of_names(int names, int features)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there are %d names for %d features", names, features),
					errhint("Name each feature, in the order of the array; the intercept has no "
							"name.")));
}

static char **
default_names(int features)
{
	char **names = palloc(sizeof(char *) * features);

	for (int j = 0; j < features; j++)
		names[j] = psprintf("x%d", j + 1);
	return names;
}

char **
risk_names_arg(FunctionCallInfo fcinfo, int i, int features)
{
	Datum *values;
	bool *nulls;
	int n;
	char **names;

	if (PG_ARGISNULL(i))
		return default_names(features);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
					  &n);
	if (n != features)
		number_of_names(n, features);
	names = palloc(sizeof(char *) * features);
	for (int j = 0; j < n; j++)
	{
		if (nulls[j])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("the name of feature %d is null", j + 1)));
		names[j] = TextDatumGetCString(values[j]);
	}
	return names;
}

char **
risk_names_list(RiskModel *m)
{
	char **names = palloc(sizeof(char *) * m->features);
	char *at = risk_names(m);

	for (int j = 0; j < m->features; j++)
	{
		names[j] = at;
		at += strlen(at) + 1;
	}
	return names;
}

RiskModel *
risk_model_new(int features, char **names)
{
	Size bytes = 0;
	Size size;
	RiskModel *m;
	char *at;

	check_names(features, names);
	for (int j = 0; j < features; j++)
		bytes += strlen(names[j]) + 1;
	size = model_size(features, bytes);
	m = palloc0(size);
	SET_VARSIZE(m, size);
	m->version = RISK_MODEL_VERSION;
	m->features = features;
	m->names_bytes = (int32) bytes;
	m->log_likelihood = get_float8_nan();
	m->auc = get_float8_nan();
	m->centre = get_float8_nan();
	for (int i = 0; i < risk_triangle(features); i++)
		risk_covariance(m)[i] = get_float8_nan();
	at = risk_names(m);
	for (int j = 0; j < features; j++)
	{
		Size length = strlen(names[j]) + 1;

		memcpy(at, names[j], length);
		at += length;
	}
	return m;
}

/* ---- what text and binary may hold ---- */

/* One bit pattern for what isn't known, and one for zero: equal models have equal bytes. */
static double
plain(double value)
{
	return isnan(value) ? get_float8_nan() : value + 0.0;
}

static bool
counts_are_valid(const RiskModel *m)
{
	return m->observations >= 0 && m->observations <= 1e30 && m->churned >= 0 &&
		   m->churned <= m->observations && m->omitted >= 0 && m->omitted <= 1e30 && m->l2 >= 0 &&
		   !isinf(m->l2) && m->iterations >= 0;
}

/* Is the covariance unknown altogether, or finite with variances that are none less than 0? */
static bool
covariance_is_valid(RiskModel *m)
{
	const double *c = risk_covariance(m);

	for (int i = 0; i <= m->features; i++)
		for (int j = 0; j <= i; j++, c++)
			if (isinf(*c) || (i == j && *c < 0))
				return false;
	return true;
}

/* NULL if a fit could have found this model, or else what is wrong with it. */
static const char *
model_problem(RiskModel *m)
{
	if (!counts_are_valid(m))
		return "A count or a penalty is negative, too large or not a number.";
	if (m->log_likelihood > 0 || isinf(m->log_likelihood))
		return "The log-likelihood is above 0 or not finite.";
	if (m->auc < 0 || m->auc > 1)
		return "The auc is not within 0..1.";
	if (isinf(m->centre) || isnan(m->centre) != isnan(risk_estimates(m)[0]))
		return "The centre is not finite, or known without an intercept.";
	for (int j = 0; j <= m->features; j++)
		if (isinf(risk_estimates(m)[j]))
			return "An estimate is not finite.";
	for (int j = 0; j < m->features; j++)
		if (isinf(risk_means(m)[j]) || isnan(risk_means(m)[j]))
			return "A mean is not finite.";
	if (!covariance_is_valid(m))
		return "The covariance is not finite or has a negative variance.";
	return NULL;
}

/* ---- text input ---- */

/* Element i of an array of numbers; null is NaN. */
static double
text_number(const SummaryText *t, const char *field, const Jsonb *array, int i)
{
	JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &array->root, i);

	if (v != NULL && v->type == jbvNull)
		return get_float8_nan();
	return plain(summary_text_element_double(t, field, array, i));
}

/* A number, or NaN for null. */
static double
text_field(const SummaryText *t, const char *field)
{
	return summary_text_is_null(t, field) ? get_float8_nan() : plain(summary_text_double(t, field));
}

static void
text_numbers(const SummaryText *t, const char *field, double *values, int n)
{
	Jsonb *array = summary_text_array(t, field, n);

	if ((int) JB_ROOT_COUNT(array) != n)
		summary_text_invalid(t, "\"%s\" has %d elements instead of %d.", field,
							 (int) JB_ROOT_COUNT(array), n);
	for (int i = 0; i < n; i++)
		values[i] = text_number(t, field, array, i);
}

static RiskModel *
text_names(const SummaryText *t)
{
	Jsonb *array = summary_text_array(t, "names", RISK_MAX_FEATURES);
	int features = (int) JB_ROOT_COUNT(array);
	char **names = palloc(sizeof(char *) * Max(features, 1));

	if (features == 0)
		summary_text_invalid(t, "There are no features.");
	for (int j = 0; j < features; j++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &array->root, j);

		if (v == NULL || v->type != jbvString)
			summary_text_invalid(t, "Name %d is not a string.", j + 1);
		names[j] = pnstrdup(v->val.string.val, v->val.string.len);
	}
	return risk_model_new(features, names);
}

static int
text_status(const SummaryText *t)
{
	const char *label = summary_text_string(t, "status");

	for (int i = 0; i < RISK_STATUS_COUNT; i++)
		if (strcmp(label, status_labels[i]) == 0)
			return i;
	summary_text_invalid(t, "There is no status \"%s\".", label);
	return 0; /* not reached */
}

/* Text input: the object of the type's example; null is what isn't known. */
PG_FUNCTION_INFO_V1(risk_model_in);
Datum
risk_model_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, FIELDS);
	RiskModel *m = text_names(&t);
	const char *problem;

	m->status = text_status(&t);
	m->observations = plain(summary_text_double(&t, "observations"));
	m->churned = plain(summary_text_double(&t, "churned"));
	m->omitted = plain(summary_text_double(&t, "omitted"));
	m->iterations = (int32) summary_text_int64(&t, "iterations", 0, PG_INT32_MAX);
	m->l2 = plain(summary_text_double(&t, "l2"));
	m->log_likelihood = text_field(&t, "log_likelihood");
	m->auc = text_field(&t, "auc");
	m->centre = text_field(&t, "centre");
	text_numbers(&t, "estimates", risk_estimates(m), 1 + m->features);
	text_numbers(&t, "means", risk_means(m), m->features);
	if (!summary_text_is_null(&t, "covariance"))
		text_numbers(&t, "covariance", risk_covariance(m), risk_triangle(m->features));
	problem = model_problem(m);
	if (problem != NULL)
		summary_text_invalid(&t, "%s", problem);
	PG_RETURN_POINTER(m);
}

/* ---- text output ---- */

static void
append_number(StringInfo out, double value)
{
	if (isnan(value))
		appendStringInfoString(out, "null");
	else
		summary_text_append_double(out, value);
}

static void
append_field(StringInfo out, const char *field, double value)
{
	appendStringInfo(out, ", \"%s\": ", field);
	append_number(out, value);
}

static void
append_numbers(StringInfo out, const char *field, const double *values, int n)
{
	appendStringInfo(out, ", \"%s\": [", field);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		append_number(out, values[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
append_names(StringInfo out, RiskModel *m)
{
	char **names = risk_names_list(m);

	appendStringInfoString(out, ", \"names\": [");
	for (int j = 0; j < m->features; j++)
	{
		if (j > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, names[j]);
	}
	appendStringInfoChar(out, ']');
}

static bool
covariance_is_unknown(RiskModel *m)
{
	for (int i = 0; i < risk_triangle(m->features); i++)
		if (!isnan(risk_covariance(m)[i]))
			return false;
	return true;
}

PG_FUNCTION_INFO_V1(risk_model_out);
Datum
risk_model_out(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"status\": \"%s\"", risk_status_label(m->status));
	append_field(&out, "observations", m->observations);
	append_field(&out, "churned", m->churned);
	append_field(&out, "omitted", m->omitted);
	append_field(&out, "iterations", m->iterations);
	append_field(&out, "l2", m->l2);
	append_field(&out, "log_likelihood", m->log_likelihood);
	append_field(&out, "auc", m->auc);
	append_field(&out, "centre", m->centre);
	append_names(&out, m);
	append_numbers(&out, "estimates", risk_estimates(m), 1 + m->features);
	append_numbers(&out, "means", risk_means(m), m->features);
	if (covariance_is_unknown(m))
		appendStringInfoString(&out, ", \"covariance\": null");
	else
		append_numbers(&out, "covariance", risk_covariance(m), risk_triangle(m->features));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- binary ---- */

/*
 * Binary output: version (1 byte), status (1), features (2), iterations (4), the seven numbers of
 * the header, estimates, means and covariance (8 each; NaN: not known), names (null-terminated).
 */
PG_FUNCTION_INFO_V1(risk_model_send);
Datum
risk_model_send(PG_FUNCTION_ARGS)
{
	RiskModel *m = risk_model_arg(fcinfo, 0);
	char **names = risk_names_list(m);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, m->version);
	pq_sendbyte(&buf, m->status);
	pq_sendint16(&buf, m->features);
	pq_sendint32(&buf, m->iterations);
	pq_sendfloat8(&buf, m->observations);
	pq_sendfloat8(&buf, m->churned);
	pq_sendfloat8(&buf, m->omitted);
	pq_sendfloat8(&buf, m->l2);
	pq_sendfloat8(&buf, m->log_likelihood);
	pq_sendfloat8(&buf, m->auc);
	pq_sendfloat8(&buf, m->centre);
	for (int i = 0; i < 1 + 2 * m->features + risk_triangle(m->features); i++)
		pq_sendfloat8(&buf, m->values[i]);
	for (int j = 0; j < m->features; j++)
		pq_sendstring(&buf, names[j]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static double
receive_number(StringInfo buf)
{
	return plain(pq_getmsgfloat8(buf));
}

static void
receive_header(StringInfo buf, RiskModel *m)
{
	m->status = pq_getmsgbyte(buf);
	m->features = (int16) pq_getmsgint(buf, 2);
	m->iterations = (int32) pq_getmsgint(buf, 4);
	m->observations = receive_number(buf);
	m->churned = receive_number(buf);
	m->omitted = receive_number(buf);
	m->l2 = receive_number(buf);
	m->log_likelihood = receive_number(buf);
	m->auc = receive_number(buf);
	m->centre = receive_number(buf);
	if (m->status >= RISK_STATUS_COUNT || m->features < 1 || m->features > RISK_MAX_FEATURES)
		summary_wire_invalid(TYPE_NAME, "It has status %d and %d features.", m->status,
							 m->features);
}

static RiskModel *
receive_names(StringInfo buf, int features)
{
	char *names[RISK_MAX_FEATURES];

	for (int j = 0; j < features; j++)
	{
		names[j] = pstrdup(pq_getmsgstring(buf));
		pg_verifymbstr(names[j], strlen(names[j]), false);
	}
	return risk_model_new(features, names);
}

PG_FUNCTION_INFO_V1(risk_model_recv);
Datum
risk_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	RiskModel header = {0};
	double
		values[1 + 2 * RISK_MAX_FEATURES + (RISK_MAX_FEATURES + 1) * (RISK_MAX_FEATURES + 2) / 2];
	int n;
	RiskModel *m;
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, RISK_MODEL_VERSION);
	receive_header(buf, &header);
	n = 1 + 2 * header.features + risk_triangle(header.features);
	for (int i = 0; i < n; i++)
		values[i] = receive_number(buf);
	m = receive_names(buf, header.features);
	m->status = header.status;
	m->iterations = header.iterations;
	m->observations = header.observations;
	m->churned = header.churned;
	m->omitted = header.omitted;
	m->l2 = header.l2;
	m->log_likelihood = header.log_likelihood;
	m->auc = header.auc;
	m->centre = header.centre;
	/* cppcheck-suppress uninitvar ; n is at least 1: the loop has filled all of them */
	memcpy(m->values, values, sizeof(double) * n);
	problem = model_problem(m);
	if (problem != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	PG_RETURN_POINTER(m);
}

/* ---- equality: of bytes, which are the same for equal numbers ---- */

SUMMARY_EQUAL_BY_BYTES(risk_model, risk_model_arg);
