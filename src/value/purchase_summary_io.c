/*
 * purchase_summary_io.c: text and binary form, and equality, of purchase_summary.
 */
#include "value/purchase_summary.h"

#include "common/hashfn.h"
#include "common/summary.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"
#include "catalog/pg_type.h"
#include "value/model_time.h"

static const char TYPE_NAME[] = "purchase_summary";
static const char EXAMPLE[] =
	"{\"frequency\": 2, \"recency\": \"213 days\", \"age\": \"272 days\", \"monetary\": 35.17}";

/* The number of fields of each of the two forms. */
#define FIELDS 9
#define GIVEN_FIELDS 4

/* The end of observation, 0 if there is none. */
static int64
end_of(const PurchaseSummary *s)
{
	return purchase_has_end(s) ? purchase_end(s)->as_of : 0;
}

/* ---- text output ---- */

static void
append_timestamp(StringInfo out, const char *field, TimestampTz at, bool known)
{
	const int utc = 0;
	char shown[MAXDATELEN + 1];

	appendStringInfo(out, "\"%s\": ", field);
	if (!known)
		appendStringInfoString(out, "null, ");
	else
	{
		JsonEncodeDateTime(shown, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc);
		appendStringInfo(out, "\"%s\", ", shown);
	}
}

static void
append_money(StringInfo out, const PurchaseSummary *s, const char *field, const MoneyUnits *units)
{
	ExactMoney money = {money_units_get(units), s->scale};

	appendStringInfo(out, "%s%s", field,
					 purchase_is(s, PURCHASE_HAS_AMOUNT) ? money_to_string(money) : "null");
}

static void
append_given(StringInfo out, const PurchaseSummary *s)
{
	appendStringInfo(out, "{\"frequency\": %d, \"recency\": \"%s\", \"age\": \"%s\", ",
					 s->count - 1, model_time_to_string(s->last_at),
					 model_time_to_string(purchase_end(s)->as_of));
	append_money(out, s, "\"monetary\": ", &s->spend);
	appendStringInfoChar(out, '}');
}

static void
append_built(StringInfo out, const PurchaseSummary *s)
{
	PurchaseBucket bucket = purchase_bucket_of(s);

	appendStringInfo(out,
					 "{\"bucket\": \"%s\", \"time_zone\": ", purchase_bucket_to_string(&bucket));
	/* the name of a zone may have quotes: '<">-1' is one */
	escape_json(out, pnstrdup(purchase_zone_name(s), s->zone_len));
	appendStringInfoString(out, ", ");
	append_timestamp(out, "first_at", s->first_at, s->count > 0);
	append_timestamp(out, "last_at", s->last_at, s->count > 0);
	append_timestamp(out, "as_of", end_of(s), purchase_is(s, PURCHASE_OBSERVED));
	append_money(out, s, "\"spend\": ", &s->spend);
	append_money(out, s, ", \"first_spend\": ", &s->first_spend);
	append_money(out, s, ", \"refunds\": ", &s->refunds);
	appendStringInfoString(out, ", \"buckets\": [");
	for (int i = 0; i < s->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		appendStringInfo(out, "%s" INT64_FORMAT, i > 0 ? ", " : "", purchase_bucket_at(s, i));
	}
	appendStringInfoString(out, "]}");
}

PG_FUNCTION_INFO_V1(purchase_summary_out);
Datum
purchase_summary_out(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	if (purchase_is(s, PURCHASE_GIVEN))
		append_given(&out, s);
	else
		append_built(&out, s);
	PG_RETURN_CSTRING(out.data);
}

/* ---- what text, wire and make_purchase_summary() must obey ---- */

static const char *
problem_of_given(const PurchaseSummary *s)
{
	if (s->count < 1)
		return "The frequency is negative.";
	if (s->last_at < 0 || end_of(s) < s->last_at)
		return "The recency is longer than the age, or negative.";
	if (s->count == 1 && s->last_at != 0)
		return "The recency is not zero, but the frequency is.";
	if (money_units_get(&s->spend) < 0)
		return "The monetary value is negative.";
	return NULL;
}

static const char *
problem_of_amounts(const PurchaseSummary *s)
{
	int128 spend = money_units_get(&s->spend);
	int128 first = money_units_get(&s->first_spend);

	if (first < 0 || first > spend)
		return "The first spend is negative or more than the spend.";
	if (money_units_get(&s->refunds) > 0)
		return "The refunds are more than zero.";
	if (!money_units_fit(money_units_get(&s->refunds)))
		return "The refunds are out of range.";
	if (s->count <= 1 && first != spend)
		return "The first spend is not the spend of the only bucket.";
	if (s->count == 0 && spend != 0)
		return "There is spend, but no bucket with a purchase.";
	return NULL;
}

static const char *
problem_of_built(const PurchaseSummary *s)
{
	PurchaseBucket bucket = purchase_bucket_of(s);

	for (int i = 0; i < s->count; i++)
	{
		if (!purchase_bucket_is_valid(&bucket, purchase_bucket_at(s, i)))
			return "A bucket is out of range.";
		if (i > 0 && purchase_bucket_at(s, i) <= purchase_bucket_at(s, i - 1))
			return "The buckets do not increase.";
	}
	if (s->count > 0 && s->first_at > s->last_at)
		return "The last purchase is before the first.";
	if (s->count > 0 && purchase_is(s, PURCHASE_OBSERVED) && end_of(s) < s->last_at)
		return "The last purchase is after the end of observation.";
	return problem_of_amounts(s);
}

static bool
is_zero(const MoneyUnits *units)
{
	return units->low == 0 && units->high == 0;
}

/* What a value doesn't have is zero, so that equal values are equal in all forms. */
static bool
has_leftovers(const PurchaseSummary *s)
{
	bool given = purchase_is(s, PURCHASE_GIVEN);

	if (!purchase_is(s, PURCHASE_HAS_AMOUNT) && (s->scale != 0 || !is_zero(&s->spend)))
		return true;
	if ((given || !purchase_is(s, PURCHASE_HAS_AMOUNT)) &&
		!(is_zero(&s->first_spend) && is_zero(&s->refunds)))
		return true;
	if (given)
		return s->first_at != 0 || purchase_is(s, PURCHASE_OBSERVED);
	return s->count == 0 && (s->first_at != 0 || s->last_at != 0);
}

/* What is wrong with the content of a value, or NULL. */
static const char *
problem_of(const PurchaseSummary *s)
{
	if (has_leftovers(s))
		return "A field that does not apply is not zero.";
	return purchase_is(s, PURCHASE_GIVEN) ? problem_of_given(s) : problem_of_built(s);
}

/* ---- text input ---- */

static JsonbValue *
field_of(const SummaryText *t, const char *field)
{
	JsonbValue *v = getKeyJsonValueFromContainer(t->object, field, strlen(field), NULL);

	if (v == NULL)
		summary_text_invalid(t, "The field \"%s\" is missing.", field);
	return v;
}

static ExactMoney
money_field(const SummaryText *t, const char *field)
{
	JsonbValue *v = field_of(t, field);

	if (v->type == jbvNull)
		return (ExactMoney){0, 0};
	if (v->type != jbvNumeric)
		summary_text_invalid(t, "\"%s\" has a value that is not a number.", field);
	return money_from_numeric(NumericGetDatum(v->val.numeric));
}

static Interval *
interval_field(const SummaryText *t, const char *field)
{
	return DatumGetIntervalP(DirectFunctionCall3(interval_in,
												 CStringGetDatum(summary_text_string(t, field)),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static TimestampTz
timestamp_field(const SummaryText *t, const char *field)
{
	char *shown = summary_text_string(t, field);
	TimestampTz at = DatumGetTimestampTz(DirectFunctionCall3(
		timestamptz_in, CStringGetDatum(shown), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (TIMESTAMP_NOT_FINITE(at))
		summary_text_invalid(t, "\"%s\" is not finite.", field);
	return at;
}

/* A value of make_purchase_summary(), not yet checked. */
static PurchaseSummary *
new_given(int64 frequency, int64 recency, int64 age, const ExactMoney *monetary)
{
	PurchaseBucket bucket = {BUCKET_TIME, 1};
	int flags = PURCHASE_GIVEN | (monetary != NULL ? PURCHASE_HAS_AMOUNT : 0);
	PurchaseSummary *s = purchase_summary_new(&bucket, "", flags, 0);

	s->count = (int32) frequency + 1;
	s->last_at = recency;
	purchase_end(s)->as_of = age;
	if (monetary != NULL)
	{
		s->scale = monetary->scale;
		money_units_set(&s->spend, monetary->units);
	}
	return s;
}

static PurchaseSummary *
given_from_text(const SummaryText *t)
{
	ExactMoney monetary = money_field(t, "monetary");

	return new_given(summary_text_int64(t, "frequency", 0, PG_INT32_MAX - 1),
					 model_time_from_interval(interval_field(t, "recency"), "recency"),
					 model_time_from_interval(interval_field(t, "age"), "age"),
					 summary_text_is_null(t, "monetary") ? NULL : &monetary);
}

static void
money_from_text(const SummaryText *t, PurchaseSummary *s)
{
	ExactMoney spend = money_field(t, "spend");
	ExactMoney first = money_field(t, "first_spend");
	ExactMoney refunds = money_field(t, "refunds");

	if (summary_text_is_null(t, "spend") != summary_text_is_null(t, "first_spend") ||
		summary_text_is_null(t, "spend") != summary_text_is_null(t, "refunds"))
		summary_text_invalid(t, "Some amounts are null and some are not.");
	if (summary_text_is_null(t, "spend"))
		return;
	s->flags |= PURCHASE_HAS_AMOUNT;
	s->scale = Max(spend.scale, Max(first.scale, refunds.scale));
	money_units_set(&s->spend, money_rescale(spend.units, s->scale - spend.scale));
	money_units_set(&s->first_spend, money_rescale(first.units, s->scale - first.scale));
	money_units_set(&s->refunds, money_rescale(refunds.units, s->scale - refunds.scale));
}

static PurchaseSummary *
built_from_text(const SummaryText *t)
{
	PurchaseBucket bucket = purchase_bucket_from_interval(interval_field(t, "bucket"));
	const char *zone = pg_get_timezone_name(purchase_zone(summary_text_string(t, "time_zone")));
	Jsonb *buckets = summary_text_array(t, "buckets", PURCHASE_MAX_BUCKETS);
	int count = JB_ROOT_COUNT(buckets);
	int64 most = bucket.kind == BUCKET_TIME ? PG_INT64_MAX : PG_INT32_MAX;
	PurchaseSummary *s = purchase_summary_new(&bucket, zone, 0, count);

	for (int i = 0; i < count; i++)
		s = purchase_summary_append(
			s, summary_text_element_int64(t, "buckets", buckets, i, -most - 1, most));
	if (s->count != count || purchase_is(s, PURCHASE_UNSORTED))
		summary_text_invalid(t, "The buckets do not increase.");
	if (count > 0)
	{
		s->first_bucket = purchase_bucket_at(s, 0);
		s->first_at = timestamp_field(t, "first_at");
		s->last_at = timestamp_field(t, "last_at");
	}
	else if (!summary_text_is_null(t, "first_at") || !summary_text_is_null(t, "last_at"))
		summary_text_invalid(t, "There is a first or last purchase, but no bucket with one.");
	money_from_text(t, s);
	if (summary_text_is_null(t, "as_of"))
		return s;
	return purchase_summary_observed(s, timestamp_field(t, "as_of"));
}

/* Text input: an object of the fields that purchase_summary_out() prints, in any order. */
PG_FUNCTION_INFO_V1(purchase_summary_in);
Datum
purchase_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 0);
	PurchaseSummary *s;
	const char *problem;

	if (JsonContainerSize(t.object) == GIVEN_FIELDS)
		s = given_from_text(&t);
	else if (JsonContainerSize(t.object) == FIELDS)
		s = built_from_text(&t);
	else
	{
		summary_text_invalid(&t, "The object has %d fields instead of %d or %d.",
							 (int) JsonContainerSize(t.object), GIVEN_FIELDS, FIELDS);
		s = NULL;
	}
	problem = problem_of(s);
	if (problem != NULL)
		summary_text_invalid(&t, "%s", problem);
	PG_RETURN_POINTER(s);
}

/*
 * make_purchase_summary(frequency, recency, age, monetary => NULL) -> purchase_summary
 *
 * A history that is already summarised: repeat purchases, the last one's time since the first, the
 * time observed since the first, and the mean spend of repeat purchases (NULL: not known).
 */
PG_FUNCTION_INFO_V1(make_purchase_summary);
Datum
make_purchase_summary(PG_FUNCTION_ARGS)
{
	ExactMoney monetary;
	PurchaseSummary *s;
	const char *problem;
	int64 frequency;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	frequency = PG_GETARG_INT64(0);
	if (frequency < 0 || frequency >= PG_INT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("frequency " INT64_FORMAT " is out of range", frequency),
						errdetail("frequency is the number of repeat purchases, from 0 to %d.",
								  PG_INT32_MAX - 1)));
	if (!PG_ARGISNULL(3))
		monetary = money_from_numeric(PG_GETARG_DATUM(3));
	s = new_given(frequency, model_time_from_interval(PG_GETARG_INTERVAL_P(1), "recency"),
				  model_time_from_interval(PG_GETARG_INTERVAL_P(2), "age"),
				  PG_ARGISNULL(3) ? NULL : &monetary);
	problem = problem_of(s);
	if (problem != NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("invalid purchase summary: frequency " INT64_FORMAT ", recency %s, age %s",
					frequency, model_time_to_string(s->last_at), model_time_to_string(end_of(s))),
			 errdetail_internal("%s", problem),
			 errhint("recency is the time from the first to the last purchase, age that "
					 "from the first purchase to the end of observation.")));
	PG_RETURN_POINTER(s);
}

/* ---- binary ---- */

static void
send_money(StringInfo buf, const MoneyUnits *units)
{
	pq_sendint64(buf, (uint64) units->high);
	pq_sendint64(buf, units->low);
}

static void
recv_money(StringInfo buf, MoneyUnits *units)
{
	units->high = pq_getmsgint64(buf);
	units->low = (uint64) pq_getmsgint64(buf);
}

/*
 * Binary form: version, flags, scale (1 byte each), count (4), first_at, last_at, as_of (8 each),
 * spend, first_spend, refunds (16 each); then, unless PURCHASE_GIVEN, kind (1), size (8), the name
 * of the zone after its length (4), and the buckets (8 each).
 */
PG_FUNCTION_INFO_V1(purchase_summary_send);
Datum
purchase_summary_send(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, PURCHASE_WIRE_VERSION);
	pq_sendbyte(&buf, s->flags);
	pq_sendbyte(&buf, s->scale);
	pq_sendint32(&buf, s->count);
	pq_sendint64(&buf, s->first_at);
	pq_sendint64(&buf, s->last_at);
	pq_sendint64(&buf, end_of(s));
	send_money(&buf, &s->spend);
	send_money(&buf, &s->first_spend);
	send_money(&buf, &s->refunds);
	if (!purchase_is(s, PURCHASE_GIVEN))
	{
		pq_sendbyte(&buf, s->bucket_kind);
		pq_sendint64(&buf, s->bucket_size);
		pq_sendint32(&buf, s->zone_len);
		pq_sendbytes(&buf, purchase_zone_name(s), s->zone_len);
		for (int i = 0; i < s->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			pq_sendint64(&buf, purchase_bucket_at(s, i));
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
check_wire_time(TimestampTz at)
{
	if (!IS_VALID_TIMESTAMP(at))
		summary_wire_invalid(TYPE_NAME, "A time is out of range.");
}

static PurchaseBucket
recv_bucket(StringInfo buf)
{
	PurchaseBucket bucket;
	Interval interval = {0, 0, 0};

	bucket.kind = (BucketKind) pq_getmsgbyte(buf);
	bucket.size = pq_getmsgint64(buf);
	if (bucket.kind != BUCKET_TIME && (bucket.size <= 0 || bucket.size > PG_INT32_MAX))
		summary_wire_invalid(TYPE_NAME, "The size of the bucket is out of range.");
	if (bucket.kind == BUCKET_DAYS)
		interval.day = (int32) bucket.size;
	else if (bucket.kind == BUCKET_MONTHS)
		interval.month = (int32) bucket.size;
	else
		interval.time = bucket.size;
	return purchase_bucket_from_interval(&interval);
}

/* The part of a binary value that says how its buckets are cut, and the buckets. */
static PurchaseSummary *
recv_built(StringInfo buf, const PurchaseSummary *fixed, TimestampTz as_of)
{
	PurchaseBucket bucket = recv_bucket(buf);
	int len = (int) pq_getmsgint(buf, 4);
	const char *zone;
	PurchaseSummary *s;

	if (len < 0 || len > TZ_STRLEN_MAX)
		summary_wire_invalid(TYPE_NAME, "The name of the time zone has %d bytes.", len);
	zone = pg_get_timezone_name(purchase_zone(pq_getmsgtext(buf, len, &len)));
	if (fixed->count < 0 || fixed->count > (buf->len - buf->cursor) / (int) sizeof(int64))
		summary_wire_invalid(TYPE_NAME, "The number of buckets is %d.", fixed->count);
	s = purchase_summary_new(&bucket, zone, 0, fixed->count);
	for (int i = 0; i < fixed->count; i++)
	{
		int64 number = pq_getmsgint64(buf);

		CHECK_FOR_INTERRUPTS();
		if (!purchase_bucket_is_valid(&bucket, number))
			summary_wire_invalid(TYPE_NAME, "A bucket is out of range.");
		s = purchase_summary_append(s, number);
	}
	if (s->count != fixed->count || purchase_is(s, PURCHASE_UNSORTED))
		summary_wire_invalid(TYPE_NAME, "The buckets do not increase.");
	s->first_bucket = s->count > 0 ? purchase_bucket_at(s, 0) : 0;
	check_wire_time(fixed->first_at);
	check_wire_time(fixed->last_at);
	check_wire_time(as_of);
	return purchase_is(fixed, PURCHASE_OBSERVED) ? purchase_summary_observed(s, as_of) : s;
}

PG_FUNCTION_INFO_V1(purchase_summary_recv);
Datum
purchase_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	PurchaseSummary fixed = {0};
	TimestampTz as_of;
	PurchaseSummary *s;
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, PURCHASE_WIRE_VERSION);
	fixed.flags = pq_getmsgbyte(buf);
	fixed.scale = pq_getmsgbyte(buf);
	fixed.count = (int32) pq_getmsgint(buf, 4);
	fixed.first_at = pq_getmsgint64(buf);
	fixed.last_at = pq_getmsgint64(buf);
	as_of = pq_getmsgint64(buf);
	recv_money(buf, &fixed.spend);
	recv_money(buf, &fixed.first_spend);
	recv_money(buf, &fixed.refunds);
	if ((fixed.flags & ~(PURCHASE_HAS_AMOUNT | PURCHASE_OBSERVED | PURCHASE_GIVEN)) != 0 ||
		fixed.scale > MONEY_MAX_SCALE || (as_of != 0 && !purchase_has_end(&fixed)))
		summary_wire_invalid(TYPE_NAME, "The flags are %d and the scale is %d.", fixed.flags,
							 fixed.scale);
	if (purchase_is(&fixed, PURCHASE_GIVEN))
		s = new_given(0, 0, as_of, NULL);
	else
		s = recv_built(buf, &fixed, as_of);
	s->flags = fixed.flags;
	s->scale = fixed.scale;
	s->count = fixed.count;
	s->first_at = fixed.first_at;
	s->last_at = fixed.last_at;
	s->spend = fixed.spend;
	s->first_spend = fixed.first_spend;
	s->refunds = fixed.refunds;
	problem = problem_of(s);
	if (problem != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	PG_RETURN_POINTER(s);
}

/* ---- equality ---- */

static bool
same_money(const PurchaseSummary *a, const MoneyUnits *x, const PurchaseSummary *b,
		   const MoneyUnits *y)
{
	return money_same((ExactMoney){money_units_get(x), a->scale},
					  (ExactMoney){money_units_get(y), b->scale});
}

static bool
same_buckets(const PurchaseSummary *a, const PurchaseSummary *b)
{
	if (a->count != b->count || a->bucket_kind != b->bucket_kind ||
		a->bucket_size != b->bucket_size || a->zone_len != b->zone_len ||
		memcmp(purchase_zone_name(a), purchase_zone_name(b), a->zone_len) != 0)
		return false;
	if (purchase_is(a, PURCHASE_GIVEN))
		return true;
	for (int i = 0; i < a->count; i++)
		if (purchase_bucket_at(a, i) != purchase_bucket_at(b, i))
			return false;
	return true;
}

static bool
same_purchases(const PurchaseSummary *a, const PurchaseSummary *b)
{
	return a->flags == b->flags && same_buckets(a, b) && a->first_at == b->first_at &&
		   a->last_at == b->last_at && end_of(a) == end_of(b) &&
		   same_money(a, &a->spend, b, &b->spend) &&
		   same_money(a, &a->first_spend, b, &b->first_spend) &&
		   same_money(a, &a->refunds, b, &b->refunds);
}

SUMMARY_EQUAL(purchase_summary, purchase_summary_arg, same_purchases);

static uint32
hash_int64(uint32 hash, int64 value)
{
	return hash_combine(hash, hash_bytes((const unsigned char *) &value, sizeof(value)));
}

/* The amounts are left out: equal ones may have different scales. */
PG_FUNCTION_INFO_V1(purchase_summary_hash);
Datum
purchase_summary_hash(PG_FUNCTION_ARGS)
{
	const PurchaseSummary *s = purchase_summary_arg(fcinfo, 0);
	uint32 hash = hash_bytes((const unsigned char *) purchase_zone_name(s), s->zone_len);

	hash = hash_int64(hash, s->count);
	hash = hash_int64(hash, s->first_at);
	hash = hash_int64(hash, s->last_at);
	hash = hash_int64(hash, end_of(s));
	for (int i = 0; i < s->count && !purchase_is(s, PURCHASE_GIVEN); i++)
		hash = hash_int64(hash, purchase_bucket_at(s, i));
	PG_RETURN_UINT32(hash);
}
