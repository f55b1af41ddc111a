/*
 * cox_model.c: the type cox_model: layout, text, wire format.
 *
 * What a model says is in cox_model_accessors.c, how it comes about in cox_fit.c.
 */
#include "churn/cox_model.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"

static const char TYPE_NAME[] = "cox_model";
static const char EXAMPLE[] =
	"{\"ties\": \"efron\", \"status\": \"converged\", \"iterations\": 5, \"customers\": 42, "
	"\"events\": 30, \"log_likelihood_null\": -93.2, \"log_likelihood\": -85, \"concordance\": "
	"0.69, \"names\": [\"x1\"], \"coefficients\": [1.57], \"covariances\": [0.17]}";

const char *const cox_status_names[COX_STATUSES] = {"converged", "collinear", "monotone",
													"not_converged", "no_events"};
const char *const cox_ties_names[COX_TIES] = {"efron", "breslow"};

/* ---- layout ---- */

static inline Size
names_offset(int covariates)
{
	return COX_MODEL_HEADER + ((Size) covariates + (Size) covariates * covariates) * sizeof(double);
}

CoxModel *
cox_model_new(int covariates, char *const *names)
{
	Size size = names_offset(covariates);
	CoxModel *m;
	char *at;

	for (int i = 0; i < covariates; i++)
		size += strlen(names[i]) + 1;
	m = palloc0(size);
	SET_VARSIZE(m, size);
	m->version = COX_MODEL_VERSION;
	m->covariates = covariates;
	at = (char *) m + names_offset(covariates);
	for (int i = 0; i < covariates; i++)
	{
		memcpy(at, names[i], strlen(names[i]) + 1);
		at += strlen(names[i]) + 1;
	}
	return m;
}

const char *
cox_name(const CoxModel *m, int i)
{
	const char *name = (const char *) m + names_offset(m->covariates);

	for (; i > 0; i--)
		name += strlen(name) + 1;
	return name;
}

double
cox_std_error(const CoxModel *m, int i)
{
	return sqrt(cox_covariances(m)[i * m->covariates + i]);
}

/* Are there as many names as covariates, up to the very end of the value? */
static bool
names_are_complete(const CoxModel *m)
{
	const char *at = (const char *) m + names_offset(m->covariates);
	const char *end = (const char *) m + VARSIZE(m);
	uint32 names = 0;

	for (; at < end; at++)
		names += *at == '\0';
	return names == m->covariates && end[-1] == '\0';
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const CoxModel *m)
{
	Size size = VARSIZE(m);

	if (size < COX_MODEL_HEADER || m->version != COX_MODEL_VERSION || m->covariates < 1 ||
		m->covariates > COX_MAX_COVARIATES || size <= names_offset(m->covariates) ||
		m->status >= COX_STATUSES || m->ties >= COX_TIES || !names_are_complete(m))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

const CoxModel *
cox_model_arg(FunctionCallInfo fcinfo, int i)
{
	const CoxModel *m = (CoxModel *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(m);
	return m;
}

void
cox_check_name(const char *name)
{
	if (strlen(name) > COX_MAX_NAME)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the name of a covariate is too long"),
						errdetail("A name has at most %d bytes.", COX_MAX_NAME)));
}

/* ---- checks of what comes in ---- */

/* Is each number finite, or NaN for "none"? */
static bool
numbers_are_valid(const double *numbers, int n)
{
	for (int i = 0; i < n; i++)
		if (isinf(numbers[i]))
			return false;
	return true;
}

/* What is wrong with a model that came in; NULL if nothing. */
static const char *
problem_of(const CoxModel *m)
{
	int p = m->covariates;

	if (m->events < 0 || m->events > m->customers)
		return "More events than customers.";
	if (!isfinite(m->log_likelihood_null) || !isfinite(m->log_likelihood))
		return "A log-likelihood is not finite.";
	if (!isnan(m->concordance) && !(m->concordance >= 0 && m->concordance <= 1))
		return "The concordance is not from 0 to 1.";
	if (!numbers_are_valid(m->numbers, p + p * p))
		return "A coefficient or covariance is infinite.";
	for (int i = 0; i < p; i++)
		if (cox_covariances(m)[i * p + i] < 0)
			return "A variance is negative.";
	return NULL;
}

/* NaN and zero have several forms; models that say the same are to have equal bytes. */
void
cox_model_finish(CoxModel *m)
{
	int n = m->covariates * (m->covariates + 1);

	for (int i = 0; i < n; i++)
		m->numbers[i] = isnan(m->numbers[i]) ? get_float8_nan() : m->numbers[i] + 0.0;
	m->log_likelihood_null += 0.0;
	m->log_likelihood += 0.0;
	m->concordance = isnan(m->concordance) ? get_float8_nan() : m->concordance + 0.0;
}

/* ---- text ---- */

static int
text_choice(const SummaryText *t, const char *field, const char *const *names, int n)
{
	char *name = summary_text_string(t, field);

	for (int i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	summary_text_invalid(t, "\"%s\" is \"%s\", which is none of its values.", field, name);
}

static char **
text_names(const SummaryText *t, int *n)
{
	Jsonb *array = summary_text_array(t, "names", COX_MAX_COVARIATES);
	char **names;

	*n = JB_ROOT_COUNT(array);
	if (*n < 1)
		summary_text_invalid(t, "\"names\" is empty.");
	names = palloc(sizeof(char *) * *n);
	for (int i = 0; i < *n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(&array->root, i);

		if (v->type != jbvString || v->val.string.len > COX_MAX_NAME)
			summary_text_invalid(t, "\"names\" are not strings of at most %d bytes.", COX_MAX_NAME);
		names[i] = pnstrdup(v->val.string.val, v->val.string.len);
	}
	return names;
}

static void
text_numbers(const SummaryText *t, const char *field, double *numbers, int n)
{
	Jsonb *array = summary_text_array(t, field, n);

	if ((int) JB_ROOT_COUNT(array) != n)
		summary_text_invalid(t, "\"%s\" has %d elements instead of %d.", field,
							 (int) JB_ROOT_COUNT(array), n);
	for (int i = 0; i < n; i++)
		numbers[i] = summary_text_element_double(t, field, array, i);
}

/* Text input: an object like EXAMPLE. */
PG_FUNCTION_INFO_V1(cox_model_in);
Datum
cox_model_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 11);
	int p;
	char **names = text_names(&t, &p);
	CoxModel *m = cox_model_new(p, names);
	const char *problem;

	m->ties = text_choice(&t, "ties", cox_ties_names, COX_TIES);
	m->status = text_choice(&t, "status", cox_status_names, COX_STATUSES);
	m->iterations = summary_text_int64(&t, "iterations", 0, PG_INT32_MAX);
	m->customers = summary_text_int64(&t, "customers", 0, PG_INT64_MAX);
	m->events = summary_text_int64(&t, "events", 0, PG_INT64_MAX);
	m->log_likelihood_null = summary_text_double(&t, "log_likelihood_null");
	m->log_likelihood = summary_text_double(&t, "log_likelihood");
	m->concordance = summary_text_double(&t, "concordance");
	text_numbers(&t, "coefficients", cox_coefficients(m), p);
	text_numbers(&t, "covariances", cox_covariances(m), p * p);
	if ((problem = problem_of(m)) != NULL)
		summary_text_invalid(&t, "%s", problem);
	cox_model_finish(m);
	PG_RETURN_POINTER(m);
}

static void
append_number(StringInfo out, const char *field, double value)
{
	appendStringInfo(out, ", \"%s\": ", field);
	summary_text_append_double(out, value);
}

static void
append_numbers(StringInfo out, const char *field, const double *numbers, int n)
{
	appendStringInfo(out, ", \"%s\": [", field);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		summary_text_append_double(out, numbers[i]);
	}
	appendStringInfoChar(out, ']');
}

PG_FUNCTION_INFO_V1(cox_model_out);
Datum
cox_model_out(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	int p = m->covariates;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out,
					 "{\"ties\": \"%s\", \"status\": \"%s\", \"iterations\": %u, "
					 "\"customers\": " INT64_FORMAT ", \"events\": " INT64_FORMAT,
					 cox_ties_names[m->ties], cox_status_names[m->status], m->iterations,
					 m->customers, m->events);
	append_number(&out, "log_likelihood_null", m->log_likelihood_null);
	append_number(&out, "log_likelihood", m->log_likelihood);
	append_number(&out, "concordance", m->concordance);
	appendStringInfoString(&out, ", \"names\": [");
	for (int i = 0; i < p; i++)
	{
		appendStringInfoString(&out, i > 0 ? ", " : "");
		escape_json(&out, cox_name(m, i));
	}
	appendStringInfoChar(&out, ']');
	append_numbers(&out, "coefficients", cox_coefficients(m), p);
	append_numbers(&out, "covariances", cox_covariances(m), p * p);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- wire ---- */

static int
wire_choice(StringInfo buf, const char *field, int choices)
{
	int code = pq_getmsgbyte(buf);

	if (code >= choices)
		summary_wire_invalid(TYPE_NAME, "%s has the code %d.", field, code);
	return code;
}

static char **
wire_names(StringInfo buf, int n)
{
	char **names = palloc(sizeof(char *) * n);

	for (int i = 0; i < n; i++)
	{
		names[i] = pstrdup(pq_getmsgstring(buf));
		if (strlen(names[i]) > COX_MAX_NAME)
			summary_wire_invalid(TYPE_NAME, "A name has more than %d bytes.", COX_MAX_NAME);
	}
	return names;
}

/*
 * Binary input: version, ties, status (1 byte each), covariates (2), names (strings), iterations
 * (4), customers and events (8), log_likelihood_null, log_likelihood, concordance, coefficients
 * and covariances (8 each).
 */
PG_FUNCTION_INFO_V1(cox_model_recv);
Datum
cox_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int ties;
	int status;
	int p;
	CoxModel *m;
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, COX_MODEL_VERSION);
	ties = wire_choice(buf, "ties", COX_TIES);
	status = wire_choice(buf, "status", COX_STATUSES);
	p = pq_getmsgint(buf, 2);
	if (p < 1 || p > COX_MAX_COVARIATES)
		summary_wire_invalid(TYPE_NAME, "It has %d covariates; 1 to %d are allowed.", p,
							 COX_MAX_COVARIATES);
	m = cox_model_new(p, wire_names(buf, p));
	m->ties = ties;
	m->status = status;
	m->iterations = pq_getmsgint(buf, 4);
	m->customers = pq_getmsgint64(buf);
	m->events = pq_getmsgint64(buf);
	m->log_likelihood_null = pq_getmsgfloat8(buf);
	m->log_likelihood = pq_getmsgfloat8(buf);
	m->concordance = pq_getmsgfloat8(buf);
	for (int i = 0; i < p + p * p; i++)
		m->numbers[i] = pq_getmsgfloat8(buf);
	if (m->iterations > PG_INT32_MAX)
		summary_wire_invalid(TYPE_NAME, "It took %u iterations.", m->iterations);
	if ((problem = problem_of(m)) != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	cox_model_finish(m);
	PG_RETURN_POINTER(m);
}

PG_FUNCTION_INFO_V1(cox_model_send);
Datum
cox_model_send(PG_FUNCTION_ARGS)
{
	const CoxModel *m = cox_model_arg(fcinfo, 0);
	int p = m->covariates;
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, m->version);
	pq_sendbyte(&buf, m->ties);
	pq_sendbyte(&buf, m->status);
	pq_sendint16(&buf, p);
	for (int i = 0; i < p; i++)
		pq_sendstring(&buf, cox_name(m, i));
	pq_sendint32(&buf, m->iterations);
	pq_sendint64(&buf, m->customers);
	pq_sendint64(&buf, m->events);
	pq_sendfloat8(&buf, m->log_likelihood_null);
	pq_sendfloat8(&buf, m->log_likelihood);
	pq_sendfloat8(&buf, m->concordance);
	for (int i = 0; i < p + p * p; i++)
		pq_sendfloat8(&buf, m->numbers[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

SUMMARY_EQUAL_BY_BYTES(cox_model, cox_model_arg);
