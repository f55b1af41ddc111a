/*
 * clv_model.c: the type clv_model: kinds, text and binary form, equality (see clv_model.h).
 */
#include "value/clv_model.h"

#include "catalog/pg_type.h"
#include "common/summary.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"
#include "value/model_time.h"

static const char TYPE_NAME[] = "clv_model";
static const char EXAMPLE[] = "what make_clv_model('bg_nbd', '{0.24, 4.41, 0.79, 2.43}') prints";

/* Of the model, and of a part without its parameters. */
#define FIELDS 6
#define PART_FIELDS 9

const ClvKindInfo clv_kinds[CLV_KINDS] = {
	[CLV_NONE] = {"none", 0, {NULL}, {false}, NULL},
	[CLV_BG_NBD] =
		{"bg_nbd", 4, {"r", "alpha", "a", "b"}, {false, true, false, false}, clv_likelihood_bg_nbd},
	[CLV_MBG_NBD] = {"mbg_nbd",
					 4,
					 {"r", "alpha", "a", "b"},
					 {false, true, false, false},
					 clv_likelihood_mbg_nbd},
	[CLV_PARETO_NBD] = {"pareto_nbd",
						4,
						{"r", "alpha", "s", "beta"},
						{false, true, false, true},
						clv_likelihood_pareto_nbd},
	[CLV_BG_BB] = {"bg_bb",
				   4,
				   {"alpha", "beta", "gamma", "delta"},
				   {false, false, false, false},
				   clv_likelihood_bg_bb},
	[CLV_SBG] = {"sbg", 2, {"alpha", "beta"}, {false, false}, clv_likelihood_sbg},
	[CLV_GAMMA_GAMMA] =
		{"gamma_gamma", 3, {"p", "q", "v"}, {false, false, true}, clv_likelihood_gamma_gamma},
};

const char *const clv_status_names[CLV_STATUSES] = {
	[CLV_CONVERGED] = "converged", [CLV_MAX_ITERATIONS] = "max_iterations",
	[CLV_STALLED] = "stalled",	   [CLV_NO_DATA] = "no_data",
	[CLV_STATED] = "stated",
};

/* ---- kinds by name ---- */

static ClvKind
kind_named(const char *name, ClvKind first, ClvKind last)
{
	for (ClvKind kind = first; kind <= last; kind++)
		if (pg_strcasecmp(name, clv_kinds[kind].name) == 0)
			return kind;
	return CLV_NONE;
}

ClvKind
clv_kind_of_purchases(const char *name)
{
	ClvKind kind = kind_named(name, CLV_BG_NBD, CLV_BG_BB);

	if (kind == CLV_NONE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unrecognized model \"%s\"", name),
						errdetail("The models of purchases are bg_nbd, mbg_nbd, pareto_nbd and "
								  "bg_bb; sbg_fit() fits contracts."),
						errhint("For example: model => 'pareto_nbd'.")));
	return kind;
}

ClvKind
clv_kind_of_spend(const char *name)
{
	if (kind_named(name, CLV_GAMMA_GAMMA, CLV_GAMMA_GAMMA) == CLV_NONE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("unrecognized model of spend \"%s\"", name),
						errdetail("There is \"gamma_gamma\", and NULL for none.")));
	return CLV_GAMMA_GAMMA;
}

/* ---- the value ---- */

ClvModel *
clv_model_new(int64 unit)
{
	ClvModel *m = palloc0(sizeof(ClvModel));

	SET_VARSIZE(m, sizeof(ClvModel));
	m->version = CLV_MODEL_VERSION;
	m->unit = unit;
	return m;
}

static bool
part_is_sound(const ClvPart *part)
{
	return part->kind >= CLV_NONE && part->kind < CLV_KINDS && part->status >= CLV_CONVERGED &&
		   part->status < CLV_STATUSES;
}

const ClvModel *
clv_model_arg(FunctionCallInfo fcinfo, int i)
{
	const ClvModel *m = (const ClvModel *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	if (VARSIZE(m) != sizeof(ClvModel) || m->version != CLV_MODEL_VERSION || m->unit <= 0 ||
		!part_is_sound(&m->purchases) || !part_is_sound(&m->spend))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type clv_model"),
						errhint("The stored value is damaged or was written by a newer version.")));
	return m;
}

/* What is wrong with a part of a value, or NULL. */
static const char *
problem_of_part(const ClvPart *part)
{
	const ClvKindInfo *kind = &clv_kinds[part->kind];

	if (part->n < 0 || part->iterations < 0 || part->boundary < 0 || part->boundary > 1)
		return "A count is negative, or a flag is neither 0 nor 1.";
	for (int i = 0; i < kind->parameters; i++)
	{
		bool known = part->status != CLV_NO_DATA;
		ClvBounds bounds = clv_bounds(part->kind, i);

		if (known ? !(part->p[i] >= bounds.least && part->p[i] <= bounds.most) : !isnan(part->p[i]))
			return "A parameter is out of range, or is known without data.";
		if (!isnan(part->covariance[i][i]) && !(part->covariance[i][i] >= 0))
			return "A variance is negative.";
	}
	return NULL;
}

static const char *
problem_of(const ClvModel *m)
{
	const char *problem = problem_of_part(&m->purchases);

	if (m->unit <= 0 || m->customers < 0)
		return "The unit of time is not positive, or the number of customers is negative.";
	if (m->purchases.kind == CLV_NONE || m->purchases.kind == CLV_GAMMA_GAMMA)
		return "There is no model of purchases.";
	if (m->spend.kind != CLV_NONE && m->spend.kind != CLV_GAMMA_GAMMA)
		return "The model of spend is not gamma_gamma.";
	return problem != NULL ? problem : problem_of_part(&m->spend);
}

/* ---- text ---- */

static void
append_number(StringInfo out, const char *field, double value)
{
	appendStringInfo(out, ", \"%s\": ", field);
	summary_text_append_double(out, value);
}

static void
append_part(StringInfo out, const char *field, const ClvPart *part)
{
	const ClvKindInfo *kind = &clv_kinds[part->kind];

	appendStringInfo(out, ", \"%s\": ", field);
	if (part->kind == CLV_NONE)
	{
		appendStringInfoString(out, "null");
		return;
	}
	appendStringInfo(out, "{\"model\": \"%s\"", kind->name);
	for (int i = 0; i < kind->parameters; i++)
		append_number(out, kind->parameter[i], part->p[i]);
	appendStringInfo(
		out, ", \"status\": \"%s\", \"boundary\": %s, \"n\": " INT64_FORMAT ", \"iterations\": %d",
		clv_status_names[part->status], part->boundary ? "true" : "false", part->n,
		part->iterations);
	append_number(out, "gradient_norm", part->gradient_norm);
	append_number(out, "log_likelihood", part->log_likelihood);
	append_number(out, "penalty", part->penalty);
	appendStringInfoString(out, ", \"covariance\": [");
	for (int i = 0; i < kind->parameters; i++)
		for (int j = 0; j <= i; j++)
		{
			appendStringInfoString(out, i > 0 ? ", " : "");
			summary_text_append_double(out, part->covariance[i][j]);
		}
	appendStringInfoString(out, "]}");
}

static void
append_observed(StringInfo out, const ClvModel *m, const char *field, TimestampTz at)
{
	const int utc = 0;
	char shown[MAXDATELEN + 1];

	if (!m->observed)
		appendStringInfo(out, ", \"%s\": null", field);
	else
		appendStringInfo(out, ", \"%s\": \"%s\"", field,
						 JsonEncodeDateTime(shown, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc));
}

/* Text output: both parts by the names of their parameters; covariances as the lower triangle. */
PG_FUNCTION_INFO_V1(clv_model_out);
Datum
clv_model_out(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"unit\": \"%s\", \"customers\": " INT64_FORMAT,
					 model_time_to_string(m->unit), m->customers);
	append_observed(&out, m, "observed_from", m->observed_from);
	append_observed(&out, m, "observed_until", m->observed_until);
	append_part(&out, "purchases", &m->purchases);
	append_part(&out, "spend", &m->spend);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static int
status_named(const SummaryText *t)
{
	const char *name = summary_text_string(t, "status");

	for (int status = 0; status < CLV_STATUSES; status++)
		if (strcmp(name, clv_status_names[status]) == 0)
			return status;
	summary_text_invalid(t, "The status \"%s\" does not exist.", name);
	return 0;
}

static bool
read_flag(const SummaryText *t, const char *field)
{
	JsonbValue *v = getKeyJsonValueFromContainer(t->object, field, strlen(field), NULL);

	if (v == NULL || v->type != jbvBool)
		summary_text_invalid(t, "The field \"%s\" is missing, or neither true nor false.", field);
	return v->val.boolean;
}

static void
read_covariance(const SummaryText *t, int n, ClvPart *part)
{
	Jsonb *array = summary_text_array(t, "covariance", n * (n + 1) / 2);
	int k = 0;

	if ((int) JB_ROOT_COUNT(array) != n * (n + 1) / 2)
		summary_text_invalid(t, "\"covariance\" has %d elements instead of %d.",
							 (int) JB_ROOT_COUNT(array), n * (n + 1) / 2);
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			part->covariance[i][j] = part->covariance[j][i] =
				summary_text_element_double(t, "covariance", array, k++);
}

/* The part in a field of the object; a JSON null is no part. */
static void
read_part(const SummaryText *t, const char *field, ClvPart *part)
{
	JsonbValue *v = getKeyJsonValueFromContainer(t->object, field, strlen(field), NULL);
	SummaryText inner = *t;
	const ClvKindInfo *kind;

	if (v == NULL)
		summary_text_invalid(t, "The field \"%s\" is missing.", field);
	if (v->type == jbvNull)
		return;
	if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		summary_text_invalid(t, "\"%s\" is not an object.", field);
	inner.object = v->val.binary.data;
	part->kind = kind_named(summary_text_string(&inner, "model"), CLV_BG_NBD, CLV_GAMMA_GAMMA);
	kind = &clv_kinds[part->kind];
	if (part->kind == CLV_NONE ||
		(int) JsonContainerSize(inner.object) != PART_FIELDS + kind->parameters)
		summary_text_invalid(t, "\"%s\" is no known model, or has other fields.", field);
	for (int i = 0; i < kind->parameters; i++)
		part->p[i] = summary_text_double(&inner, kind->parameter[i]);
	part->status = status_named(&inner);
	part->boundary = read_flag(&inner, "boundary");
	part->n = summary_text_int64(&inner, "n", 0, PG_INT64_MAX);
	part->iterations = (int32) summary_text_int64(&inner, "iterations", 0, PG_INT32_MAX);
	part->gradient_norm = summary_text_double(&inner, "gradient_norm");
	part->log_likelihood = summary_text_double(&inner, "log_likelihood");
	part->penalty = summary_text_double(&inner, "penalty");
	read_covariance(&inner, kind->parameters, part);
}

static TimestampTz
read_timestamp(const SummaryText *t, const char *field)
{
	TimestampTz at = DatumGetTimestampTz(
		DirectFunctionCall3(timestamptz_in, CStringGetDatum(summary_text_string(t, field)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (TIMESTAMP_NOT_FINITE(at))
		summary_text_invalid(t, "\"%s\" is not finite.", field);
	return at;
}

PG_FUNCTION_INFO_V1(clv_model_in);
Datum
clv_model_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, FIELDS);
	Interval *unit = DatumGetIntervalP(
		DirectFunctionCall3(interval_in, CStringGetDatum(summary_text_string(&t, "unit")),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	ClvModel *m = clv_model_new(model_time_from_interval(unit, "unit"));
	const char *problem;

	m->customers = summary_text_int64(&t, "customers", 0, PG_INT64_MAX);
	m->observed = !summary_text_is_null(&t, "observed_from");
	if (summary_text_is_null(&t, "observed_until") == m->observed)
		summary_text_invalid(&t, "Only one end of the observation is null.");
	if (m->observed)
	{
		m->observed_from = read_timestamp(&t, "observed_from");
		m->observed_until = read_timestamp(&t, "observed_until");
	}
	read_part(&t, "purchases", &m->purchases);
	read_part(&t, "spend", &m->spend);
	problem = problem_of(m);
	if (problem != NULL)
		summary_text_invalid(&t, "%s", problem);
	PG_RETURN_POINTER(m);
}

/* ---- binary ---- */

static void
send_part(StringInfo buf, const ClvPart *part)
{
	int n = clv_kinds[part->kind].parameters;

	pq_sendbyte(buf, part->kind);
	if (part->kind == CLV_NONE)
		return;
	pq_sendbyte(buf, part->status);
	pq_sendbyte(buf, part->boundary);
	pq_sendint32(buf, part->iterations);
	pq_sendint64(buf, part->n);
	pq_sendfloat8(buf, part->gradient_norm);
	pq_sendfloat8(buf, part->log_likelihood);
	pq_sendfloat8(buf, part->penalty);
	for (int i = 0; i < n; i++)
		pq_sendfloat8(buf, part->p[i]);
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			pq_sendfloat8(buf, part->covariance[i][j]);
}

/* With one NaN and one zero, so that equal numbers are equal bytes. */
static double
recv_number(StringInfo buf)
{
	double value = pq_getmsgfloat8(buf);

	return isnan(value) ? NAN : value + 0.0;
}

static void
recv_part(StringInfo buf, ClvPart *part)
{
	int n;

	part->kind = pq_getmsgbyte(buf);
	if (part->kind >= CLV_KINDS)
		summary_wire_invalid(TYPE_NAME, "The model %d does not exist.", part->kind);
	if (part->kind == CLV_NONE)
		return;
	n = clv_kinds[part->kind].parameters;
	part->status = pq_getmsgbyte(buf);
	if (part->status >= CLV_STATUSES)
		summary_wire_invalid(TYPE_NAME, "The status %d does not exist.", part->status);
	part->boundary = pq_getmsgbyte(buf);
	part->iterations = (int32) pq_getmsgint(buf, 4);
	part->n = pq_getmsgint64(buf);
	part->gradient_norm = recv_number(buf);
	part->log_likelihood = recv_number(buf);
	part->penalty = recv_number(buf);
	for (int i = 0; i < n; i++)
		part->p[i] = recv_number(buf);
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			part->covariance[i][j] = part->covariance[j][i] = recv_number(buf);
}

/*
 * Binary form: version, observed (1 byte each), observed_from, observed_until, unit, customers (8
 * each), then both parts: kind (1) and, unless none, the fields of ClvPart.
 */
PG_FUNCTION_INFO_V1(clv_model_send);
Datum
clv_model_send(PG_FUNCTION_ARGS)
{
	const ClvModel *m = clv_model_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, m->version);
	pq_sendbyte(&buf, m->observed);
	pq_sendint64(&buf, m->observed_from);
	pq_sendint64(&buf, m->observed_until);
	pq_sendint64(&buf, m->unit);
	pq_sendint64(&buf, m->customers);
	send_part(&buf, &m->purchases);
	send_part(&buf, &m->spend);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(clv_model_recv);
Datum
clv_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	ClvModel *m = clv_model_new(1);
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, CLV_MODEL_VERSION);
	m->observed = pq_getmsgbyte(buf);
	m->observed_from = pq_getmsgint64(buf);
	m->observed_until = pq_getmsgint64(buf);
	m->unit = pq_getmsgint64(buf);
	m->customers = pq_getmsgint64(buf);
	if (!m->observed && (m->observed_from != 0 || m->observed_until != 0))
		summary_wire_invalid(TYPE_NAME, "There is an observation window that is not known.");
	if (m->observed > 1 || !IS_VALID_TIMESTAMP(m->observed_from) ||
		!IS_VALID_TIMESTAMP(m->observed_until))
		summary_wire_invalid(TYPE_NAME, "The observation window is out of range.");
	recv_part(buf, &m->purchases);
	recv_part(buf, &m->spend);
	problem = problem_of(m);
	if (problem != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	PG_RETURN_POINTER(m);
}

/* ---- equality: what isn't known equals itself ---- */

SUMMARY_EQUAL_BY_BYTES(clv_model, clv_model_arg);
