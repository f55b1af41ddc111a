/*
 * health_summary.c: the type health_summary and its aggregates' state machine.
 *
 * Accumulate, combine and finish; text and binary I/O; equality.  What the numbers mean is the
 * accessors' business: health_score.c, health_drivers.c.
 */
#include "health/health_summary.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

static const char TYPE_NAME[] = "health_summary";
static const char EXAMPLE[] =
	"{\"measures\": [{\"pillar\": \"care\", \"measure\": \"csat\", \"readings\": 1, \"weight\": 2, "
	"\"weighted\": 160, \"missing\": 0, \"missing_weight\": 0}]}";
#define FIELDS_OF_A_MEASURE 7

/* Weights are bounded so that no sum of them can overflow. */
#define MAX_WEIGHT 1e100
#define MAX_WEIGHT_SUM 1e200
#define MAX_READINGS INT64CONST(1000000000000000)

/* Rounding may leave a weighted sum that much above 100 times the weight. */
#define ROUNDING 1e-12

/* What tells one measure from another; a name is not terminated. */
typedef struct MeasureKey
{
	ClsPillar pillar;
	int name_length; /* -1: no name */
	const char *name;
} MeasureKey;

/* ---- layout ---- */

static Size
measure_size(int name_length)
{
	return MAXALIGN(offsetof(HealthMeasure, name) + Max(name_length, 0));
}

static HealthSummary *
new_summary(Size capacity)
{
	Size size = HEALTH_SUMMARY_HEADER + capacity;
	HealthSummary *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = HEALTH_SUMMARY_VERSION;
	return s;
}

static Size
capacity_of(const HealthSummary *s)
{
	return VARSIZE(s) - HEALTH_SUMMARY_HEADER;
}

static HealthSummary *
with_capacity(const HealthSummary *s, Size capacity)
{
	HealthSummary *copy = new_summary(capacity);

	Assert(capacity >= (Size) s->used);
	copy->count = s->count;
	copy->used = s->used;
	memcpy(copy->measures, s->measures, s->used);
	return copy;
}

static MeasureKey
key_of(const HealthMeasure *m)
{
	return (MeasureKey){(ClsPillar) m->pillar, m->name_length, m->name};
}

/* Pillars in their order and none last; within one, no name first, then names by their bytes. */
static int
compare_keys(const MeasureKey *a, const MeasureKey *b)
{
	int order;

	if (a->pillar != b->pillar)
		return a->pillar < b->pillar ? -1 : 1;
	if (a->name_length < 0 || b->name_length < 0)
		return (a->name_length >= 0) - (b->name_length >= 0);
	order = memcmp(a->name, b->name, Min(a->name_length, b->name_length));
	return order != 0 ? order : a->name_length - b->name_length;
}

static void
damaged(void)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
					errhint("The stored value is damaged or was written by a newer version.")));
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const HealthSummary *s)
{
	const char *at = s->measures;
	const char *end;

	if (VARSIZE(s) < HEALTH_SUMMARY_HEADER || s->version != HEALTH_SUMMARY_VERSION || s->used < 0 ||
		(Size) s->used > capacity_of(s) || s->count < 0)
		damaged();
	end = s->measures + s->used;
	for (int i = 0; i < s->count; i++)
	{
		const HealthMeasure *m = (const HealthMeasure *) at;

		if (end - at < (ptrdiff_t) measure_size(-1) || m->name_length < -1 ||
			m->name_length > HEALTH_MAX_NAME || m->pillar < 0 || m->pillar > PILLAR_NONE ||
			m->size != (int32) measure_size(m->name_length) || end - at < m->size)
			damaged();
		at += m->size;
	}
	if (at != end)
		damaged();
}

/* ---- checks of what rows bring ---- */

static void
check_weight(double weight)
{
	if (!(weight >= 0 && weight <= MAX_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("invalid weight %g of a health measure", weight),
				 errdetail("A weight is a number from 0 to %g.", MAX_WEIGHT),
				 errhint("A measure where less is better is turned round by normalize_measure(), "
						 "not by a negative weight.")));
}

static void
check_score(double score)
{
	if (!(score >= 0 && score <= 100))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("score %g of a health measure is not in the range 0..100", score),
			 errdetail("Scores are numbers from 0 (bad) to 100 (good); NULL means that the "
					   "measure is missing."),
			 errhint("Put the measure on that scale with normalize_measure(value, bad, good).")));
}

static void
check_name_length(int length)
{
	if (length > HEALTH_MAX_NAME)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the name of a health measure is %d bytes long", length),
						errdetail("A name has at most %d bytes.", HEALTH_MAX_NAME)));
}

static void
too_many_measures(int count)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a health_summary of %d measures exceeds the maximum allowed (%d)", count,
					HEALTH_MAX_MEASURES),
			 errhint("The argument \"measure\" is the name of a measure, such as 'csat', not its "
					 "value or its customer.")));
}

static void
too_many_readings(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many readings for a health_summary"),
					errdetail("A measure holds at most " INT64_FORMAT " readings.", MAX_READINGS)));
}

/* ---- the state of an aggregate ---- */

SUMMARY_WRITABLE(writable_summary, HealthSummary, check_layout);

const HealthSummary *
health_summary_arg(FunctionCallInfo fcinfo, int i)
{
	const HealthSummary *s = DatumGetHealthSummary(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

/* Make room at an offset for a new measure of the key; the summary may move, to become larger. */
static HealthSummary *
insert_measure(HealthSummary *s, Size offset, const MeasureKey *key)
{
	Size size = measure_size(key->name_length);
	HealthMeasure *m;

	if (s->count == HEALTH_MAX_MEASURES)
		too_many_measures(s->count + 1);
	if (s->used + size > capacity_of(s))
		s = with_capacity(s, Max(2 * capacity_of(s), s->used + size));
	m = (HealthMeasure *) (s->measures + offset);
	memmove((char *) m + size, m, s->used - offset);
	memset(m, 0, size);
	m->size = (int32) size;
	m->pillar = key->pillar;
	m->name_length = key->name_length;
	if (key->name_length > 0)
		memcpy(m->name, key->name, key->name_length);
	s->used += size;
	s->count++;
	return s;
}

/* Find the measure of a key, or insert it; *s may move. */
static HealthMeasure *
measure_for(HealthSummary **s, const MeasureKey *key)
{
	Size offset = 0;

	while (offset < (Size) (*s)->used)
	{
		HealthMeasure *m = (HealthMeasure *) ((*s)->measures + offset);
		MeasureKey here = key_of(m);
		int order = compare_keys(&here, key);

		if (order == 0)
			return m;
		if (order > 0)
			break;
		offset += m->size;
	}
	*s = insert_measure(*s, offset, key);
	return (HealthMeasure *) ((*s)->measures + offset);
}

static void
count_reading(HealthMeasure *m, double score, double weight)
{
	if (m->readings >= MAX_READINGS)
		too_many_readings();
	m->readings++;
	m->weight = exact_add(m->weight, exact_from_double(weight));
	m->weighted = exact_add(m->weighted, exact_product(weight, score));
}

static void
count_missing(HealthMeasure *m, double weight)
{
	if (m->missing >= MAX_READINGS)
		too_many_readings();
	m->missing++;
	m->missing_weight = exact_add(m->missing_weight, exact_from_double(weight));
}

/* The optional arguments (state, score, weight, pillar, measure) that name the measure. */
static MeasureKey
key_args(FunctionCallInfo fcinfo)
{
	MeasureKey key = {PILLAR_NONE, -1, NULL};

	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		key.pillar = pillar_arg(fcinfo, 3);
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
	{
		text *name = PG_GETARG_TEXT_PP(4);

		key.name = VARDATA_ANY(name);
		key.name_length = VARSIZE_ANY_EXHDR(name);
		check_name_length(key.name_length);
	}
	return key;
}

/*
 * health_summary_accum(health_summary, score, weight [, pillar [, measure]]) -> health_summary
 *
 * A row whose score is NULL is a measure that is missing: its weight counts for the coverage.  A
 * row whose weight is NULL says nothing and is ignored.
 */
PG_FUNCTION_INFO_V1(health_summary_accum);
Datum
health_summary_accum(PG_FUNCTION_ARGS)
{
	HealthSummary *s = PG_ARGISNULL(0) ? NULL : writable_summary(fcinfo, 0);
	MeasureKey key;
	HealthMeasure *m;
	double weight;

	if (PG_ARGISNULL(2) && s == NULL)
		PG_RETURN_NULL();
	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(s);
	weight = PG_GETARG_FLOAT8(2);
	check_weight(weight);
	if (!PG_ARGISNULL(1))
		check_score(PG_GETARG_FLOAT8(1));
	key = key_args(fcinfo);
	if (s == NULL)
		s = new_summary(measure_size(key.name_length));
	m = measure_for(&s, &key);
	/* + 0.0 makes a negative zero a plain one */
	if (PG_ARGISNULL(1))
		count_missing(m, weight + 0.0);
	else
		count_reading(m, PG_GETARG_FLOAT8(1) + 0.0, weight + 0.0);
	PG_RETURN_POINTER(s);
}

/* ---- combine and finish ---- */

static void
merge_measure(HealthMeasure *a, const HealthMeasure *b)
{
	a->readings += b->readings;
	a->missing += b->missing;
	if (a->readings > MAX_READINGS || a->missing > MAX_READINGS)
		too_many_readings();
	a->weight = exact_add(a->weight, b->weight);
	a->weighted = exact_add(a->weighted, b->weighted);
	a->missing_weight = exact_add(a->missing_weight, b->missing_weight);
}

/* a + b; a is changed in place where its room allows, else replaced. */
static HealthSummary *
merge(HealthSummary *a, const HealthSummary *b)
{
	const HealthMeasure *m = health_first(b);

	for (int i = 0; i < b->count; i++, m = health_next(m))
	{
		MeasureKey key = key_of(m);

		merge_measure(measure_for(&a, &key), m);
	}
	return a;
}

/*
 * health_summary_combine(health_summary, health_summary) -> health_summary
 *
 * The measures of both.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(health_summary_combine);
Datum
health_summary_combine(PG_FUNCTION_ARGS)
{
	HealthSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, health_summary_arg(fcinfo, 1)));
}

/* A copy without spare room: the form of a value outside of aggregates. */
static HealthSummary *
canonical(const HealthSummary *s)
{
	return with_capacity(s, s->used);
}

/* health_summary_final(health_summary) -> health_summary: without spare room. */
PG_FUNCTION_INFO_V1(health_summary_final);
Datum
health_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(canonical(health_summary_arg(fcinfo, 0)));
}

/* health_summary + health_summary -> health_summary: both together. */
PG_FUNCTION_INFO_V1(health_summary_add);
Datum
health_summary_add(PG_FUNCTION_ARGS)
{
	const HealthSummary *a = health_summary_arg(fcinfo, 0);
	const HealthSummary *b = health_summary_arg(fcinfo, 1);

	PG_RETURN_POINTER(canonical(merge(with_capacity(a, (Size) a->used + b->used), b)));
}

/* ---- what text and binary may hold ---- */

/* NULL if the sum is one that rows could have made, else what is wrong with it. */
static const char *
sum_problem(const ExactSum *sum, int64 rows)
{
	if (!(sum->high >= 0 && sum->high <= MAX_WEIGHT_SUM) || !(fabs(sum->low) <= sum->high))
		return "A sum of weights is negative, too large or not a number.";
	if (sum->high + sum->low != sum->high)
		return "The second part of a sum is not what rounding leaves out of the first.";
	if (rows == 0 && sum->high != 0)
		return "There is a weight without a row.";
	return NULL;
}

/* NULL if the measure is one that rows could have made, else what is wrong with it. */
static const char *
measure_problem(const HealthMeasure *m)
{
	const char *problem = NULL;

	if (m->readings < 0 || m->readings > MAX_READINGS || m->missing < 0 ||
		m->missing > MAX_READINGS)
		return "A number of rows is negative or too large.";
	if (m->readings == 0 && m->missing == 0)
		return "A measure has neither readings nor missing ones.";
	if (problem == NULL)
		problem = sum_problem(&m->weight, m->readings);
	if (problem == NULL)
		problem = sum_problem(&m->weighted, m->readings);
	if (problem == NULL)
		problem = sum_problem(&m->missing_weight, m->missing);
	if (problem == NULL && m->weighted.high > 100 * m->weight.high * (1 + ROUNDING))
		problem = "A weighted sum is more than 100 times its weight.";
	return problem;
}

/* ---- text ---- */

static void
append_sum(StringInfo out, const char *field, const ExactSum *sum)
{
	appendStringInfo(out, ", \"%s\": ", field);
	if (sum->low != 0)
	{
		appendStringInfoChar(out, '[');
		summary_text_append_double(out, sum->high);
		appendStringInfoString(out, ", ");
		summary_text_append_double(out, sum->low);
		appendStringInfoChar(out, ']');
	}
	else
		summary_text_append_double(out, sum->high);
}

static void
append_measure(StringInfo out, const HealthMeasure *m)
{
	appendStringInfoString(out, "{\"pillar\": ");
	if (m->pillar == PILLAR_NONE)
		appendStringInfoString(out, "null");
	else
		appendStringInfo(out, "\"%s\"", pillar_label((ClsPillar) m->pillar));
	appendStringInfoString(out, ", \"measure\": ");
	if (m->name_length < 0)
		appendStringInfoString(out, "null");
	else
		escape_json(out, pnstrdup(m->name, m->name_length));
	appendStringInfo(out, ", \"readings\": " INT64_FORMAT, m->readings);
	append_sum(out, "weight", &m->weight);
	append_sum(out, "weighted", &m->weighted);
	appendStringInfo(out, ", \"missing\": " INT64_FORMAT, m->missing);
	append_sum(out, "missing_weight", &m->missing_weight);
	appendStringInfoChar(out, '}');
}

PG_FUNCTION_INFO_V1(health_summary_out);
Datum
health_summary_out(PG_FUNCTION_ARGS)
{
	const HealthSummary *s = health_summary_arg(fcinfo, 0);
	const HealthMeasure *m = health_first(s);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"measures\": [");
	for (int i = 0; i < s->count; i++, m = health_next(m))
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		append_measure(&out, m);
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Element i of an array of objects, as an object to take fields from. */
static SummaryText
measure_text(const SummaryText *t, const Jsonb *array, int i)
{
	SummaryText inner = *t;
	JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &array->root, i);

	if (v == NULL || v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		summary_text_invalid(t, "Element %d of \"measures\" is not an object.", i);
	inner.object = v->val.binary.data;
	if (JsonContainerSize(inner.object) != FIELDS_OF_A_MEASURE)
		summary_text_invalid(t, "Element %d of \"measures\" has %d fields instead of %d.", i,
							 (int) JsonContainerSize(inner.object), FIELDS_OF_A_MEASURE);
	return inner;
}

/* A sum: a number, or the two numbers that it takes exactly. */
static ExactSum
text_sum(const SummaryText *t, const char *field)
{
	JsonbValue *v = getKeyJsonValueFromContainer(t->object, field, strlen(field), NULL);
	Jsonb *pair;

	if (v == NULL || v->type != jbvBinary)
		return exact_from_double(summary_text_double(t, field) + 0.0);
	pair = summary_text_array(t, field, 2);
	return (ExactSum){summary_text_element_double(t, field, pair, 0) + 0.0,
					  summary_text_element_double(t, field, pair, 1) + 0.0};
}

static MeasureKey
text_key(const SummaryText *t)
{
	MeasureKey key = {PILLAR_NONE, -1, NULL};

	if (!summary_text_is_null(t, "pillar"))
	{
		key.pillar = pillar_from_label(summary_text_string(t, "pillar"));
		if (key.pillar == PILLAR_NONE)
			summary_text_invalid(t, "There is no pillar \"%s\".", summary_text_string(t, "pillar"));
	}
	if (!summary_text_is_null(t, "measure"))
	{
		key.name = summary_text_string(t, "measure");
		key.name_length = strlen(key.name);
		check_name_length(key.name_length);
	}
	return key;
}

/* A fresh measure of the key, or NULL if there is one already. */
static HealthMeasure *
new_measure(HealthSummary **s, const MeasureKey *key)
{
	int count = (*s)->count;
	HealthMeasure *m = measure_for(s, key);

	return (*s)->count > count ? m : NULL;
}

static void
read_measure(HealthSummary **s, const SummaryText *t)
{
	MeasureKey key = text_key(t);
	HealthMeasure *m = new_measure(s, &key);
	const char *problem;

	if (m == NULL)
		summary_text_invalid(t, "A measure appears twice.");
	m->readings = summary_text_int64(t, "readings", 0, MAX_READINGS);
	m->weight = text_sum(t, "weight");
	m->weighted = text_sum(t, "weighted");
	m->missing = summary_text_int64(t, "missing", 0, MAX_READINGS);
	m->missing_weight = text_sum(t, "missing_weight");
	problem = measure_problem(m);
	if (problem != NULL)
		summary_text_invalid(t, "%s", problem);
}

/* Text input: {"measures": [{"pillar": ..., "measure": ..., ...}, ...]}, in any order */
PG_FUNCTION_INFO_V1(health_summary_in);
Datum
health_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 1);
	Jsonb *measures = summary_text_array(&t, "measures", HEALTH_MAX_MEASURES);
	HealthSummary *s = new_summary(measure_size(-1));

	if (JB_ROOT_COUNT(measures) == 0)
		summary_text_invalid(&t, "There is no measure; a summary of nothing is NULL.");
	for (int i = 0; i < (int) JB_ROOT_COUNT(measures); i++)
	{
		SummaryText inner = measure_text(&t, measures, i);

		read_measure(&s, &inner);
	}
	PG_RETURN_POINTER(canonical(s));
}

/* ---- binary ---- */

static void
send_sum(StringInfo buf, const ExactSum *sum)
{
	pq_sendfloat8(buf, sum->high);
	pq_sendfloat8(buf, sum->low);
}

static ExactSum
receive_sum(StringInfo buf)
{
	double high = pq_getmsgfloat8(buf) + 0.0;
	double low = pq_getmsgfloat8(buf) + 0.0;

	return (ExactSum){high, low};
}

/*
 * Binary output: version (1 byte), number of measures (2); for each: pillar (1; 5: none), whether
 * it has a name (1) and the name, null-terminated, readings (8), weight (8 + 8), weighted (8 + 8),
 * missing (8), missing weight (8 + 8).
 */
PG_FUNCTION_INFO_V1(health_summary_send);
Datum
health_summary_send(PG_FUNCTION_ARGS)
{
	const HealthSummary *s = health_summary_arg(fcinfo, 0);
	const HealthMeasure *m = health_first(s);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendint16(&buf, s->count);
	for (int i = 0; i < s->count; i++, m = health_next(m))
	{
		pq_sendbyte(&buf, m->pillar);
		pq_sendbyte(&buf, m->name_length >= 0);
		if (m->name_length >= 0)
			pq_sendstring(&buf, pnstrdup(m->name, m->name_length));
		pq_sendint64(&buf, m->readings);
		send_sum(&buf, &m->weight);
		send_sum(&buf, &m->weighted);
		pq_sendint64(&buf, m->missing);
		send_sum(&buf, &m->missing_weight);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static MeasureKey
receive_key(StringInfo buf)
{
	int pillar = pq_getmsgbyte(buf);
	int named = pq_getmsgbyte(buf);
	MeasureKey key = {(ClsPillar) pillar, -1, NULL};

	if (pillar > PILLAR_NONE || named > 1)
		summary_wire_invalid(TYPE_NAME, "A measure has pillar %d and name flag %d.", pillar, named);
	if (named)
	{
		key.name = pq_getmsgstring(buf);
		key.name_length = strlen(key.name);
		pg_verifymbstr(key.name, key.name_length, false);
		check_name_length(key.name_length);
	}
	return key;
}

static void
receive_measure(HealthSummary **s, StringInfo buf)
{
	MeasureKey key = receive_key(buf);
	HealthMeasure *m = new_measure(s, &key);
	const char *problem;

	if (m == NULL)
		summary_wire_invalid(TYPE_NAME, "A measure appears twice.");
	m->readings = pq_getmsgint64(buf);
	m->weight = receive_sum(buf);
	m->weighted = receive_sum(buf);
	m->missing = pq_getmsgint64(buf);
	m->missing_weight = receive_sum(buf);
	problem = measure_problem(m);
	if (problem != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
}

PG_FUNCTION_INFO_V1(health_summary_recv);
Datum
health_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	HealthSummary *s = new_summary(measure_size(-1));
	int count;

	summary_wire_version(buf, TYPE_NAME, HEALTH_SUMMARY_VERSION);
	count = pq_getmsgint(buf, 2);
	if (count < 1 || count > HEALTH_MAX_MEASURES)
		summary_wire_invalid(TYPE_NAME, "It has %d measures instead of 1 to %d.", count,
							 HEALTH_MAX_MEASURES);
	for (int i = 0; i < count; i++)
		receive_measure(&s, buf);
	PG_RETURN_POINTER(canonical(s));
}

/* ---- equality ---- */

/* Sums are compared as the doubles that they round to, so that the order of rows can't show. */
static bool
same_measure(const HealthMeasure *a, const HealthMeasure *b)
{
	MeasureKey key_a = key_of(a);
	MeasureKey key_b = key_of(b);

	return compare_keys(&key_a, &key_b) == 0 && a->readings == b->readings &&
		   a->missing == b->missing && a->weight.high == b->weight.high &&
		   a->weighted.high == b->weighted.high && a->missing_weight.high == b->missing_weight.high;
}

static bool
same_health(const HealthSummary *a, const HealthSummary *b)
{
	const HealthMeasure *m = health_first(a);
	const HealthMeasure *n = health_first(b);

	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++, m = health_next(m), n = health_next(n))
		if (!same_measure(m, n))
			return false;
	return true;
}

SUMMARY_EQUAL(health_summary, health_summary_arg, same_health);

static uint32
hash_double(double value)
{
	return DatumGetUInt32(hash_any((const unsigned char *) &value, sizeof(value)));
}

static uint32
hash_measure(const HealthMeasure *m)
{
	uint32 hash = hash_bytes_uint32((uint32) m->readings * 31 + (uint32) m->missing);

	hash = hash_combine(hash, hash_bytes((const unsigned char *) m->name, Max(m->name_length, 0)));
	hash = hash_combine(hash, hash_double(m->weight.high));
	hash = hash_combine(hash, hash_double(m->weighted.high));
	return hash_combine(hash, hash_double(m->missing_weight.high));
}

PG_FUNCTION_INFO_V1(health_summary_hash);
Datum
health_summary_hash(PG_FUNCTION_ARGS)
{
	const HealthSummary *s = health_summary_arg(fcinfo, 0);
	const HealthMeasure *m = health_first(s);
	uint32 hash = hash_bytes_uint32(s->count);

	for (int i = 0; i < s->count; i++, m = health_next(m))
		hash = hash_combine(hash, hash_measure(m));
	PG_RETURN_UINT32(hash);
}
