/*
 * churn_summary.c: the type churn_summary and its aggregates' state machine.
 *
 * Accumulate (one row a customer, or a customer's episodes as a multirange), combine; text and
 * binary I/O; equality.  Rates are the accessors' business (churn_rate.c).
 */
#include "churn/churn_summary.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/multirangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

static const char TYPE_NAME[] = "churn_summary";
static const char EXAMPLE[] =
	"{\"period_start\": \"2026-01-01\", \"period_end\": \"2026-02-01\", \"at_start\": 500, "
	"\"new\": 80, \"returned\": 5, \"lost\": 55, \"at_end\": 530, \"retained\": 447}";
#define TEXT_FIELDS 8

static const char *const COUNT_NAMES[CHURN_COUNTS] = {"at_start", "new", "returned", "lost",
													  "retained"};

/* ---- checks ---- */

static void
too_many_customers(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many customers for a churn_summary"),
			 errdetail("A summary counts at most " INT64_FORMAT " customers.", PG_INT64_MAX)));
}

static void
check_layout(const ChurnSummary *s)
{
	if (VARSIZE(s) != sizeof(ChurnSummary) || s->version != CHURN_SUMMARY_VERSION ||
		s->unit > CHURN_DATES)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

/* Why these counts can't be, or NULL.  Overflow of the sums is excluded as well. */
static const char *
contradiction(const ChurnSummary *s)
{
	int64 came;

	for (int i = 0; i < CHURN_COUNTS; i++)
		if (s->count[i] < 0)
			return "A count is negative.";
	if (pg_add_s64_overflow(s->count[CHURN_AT_START], s->count[CHURN_NEW], &came) ||
		pg_add_s64_overflow(came, s->count[CHURN_RETURNED], &came))
		return "The counts are too large.";
	if (s->count[CHURN_LOST] > came)
		return "More customers are lost than were ever there.";
	if (s->count[CHURN_RETAINED] > s->count[CHURN_AT_START])
		return "More customers are retained than were there at the start.";
	if (s->count[CHURN_RETAINED] > churn_at_end(s))
		return "More customers are retained than are there at the end.";
	if (s->count[CHURN_AT_START] - s->count[CHURN_RETAINED] > s->count[CHURN_LOST])
		return "More customers of the start are missing at the end than were lost.";
	return NULL;
}

/* ---- the state of an aggregate ---- */

static ChurnSummary *
new_summary(ChurnPeriod period)
{
	ChurnSummary *s = palloc0(sizeof(ChurnSummary));

	SET_VARSIZE(s, sizeof(ChurnSummary));
	s->version = CHURN_SUMMARY_VERSION;
	s->unit = period.unit;
	s->period_start = period.start;
	s->period_end = period.end;
	return s;
}

ChurnPeriod
churn_summary_period(const ChurnSummary *s)
{
	return (ChurnPeriod){(ChurnUnit) s->unit, s->period_start, s->period_end};
}

SUMMARY_WRITABLE(writable_summary, ChurnSummary, check_layout);

const ChurnSummary *
churn_summary_arg(FunctionCallInfo fcinfo, int i)
{
	const ChurnSummary *s = (const ChurnSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

static bool
same_period(const ChurnSummary *s, const ChurnPeriod *period)
{
	return s->unit == period->unit && s->period_start == period->start &&
		   s->period_end == period->end;
}

/*
 * The state that a row is to change, whose period is argument i.  The first row makes it; every row
 * must have the same period.
 */
static ChurnSummary *
state_for_row(FunctionCallInfo fcinfo, int i, ChurnUnit unit)
{
	ChurnPeriod period;
	ChurnPeriod first;
	ChurnSummary *s;

	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the period of a churn_summary must not be null"),
						errhint("For example: tstzrange('2026-01-01', '2026-02-01').")));
	period = churn_period_arg(fcinfo, i, unit);
	if (PG_ARGISNULL(0))
		return new_summary(period);
	s = writable_summary(fcinfo, 0);
	if (likely(same_period(s, &period)))
		return s;
	first = churn_summary_period(s);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the period changes from %s to %s within one aggregate",
						   churn_period_shown(&first), churn_period_shown(&period)),
					errhint("Group by the period, so that each summary has one.")));
}

static inline void
count_one(ChurnSummary *s, ChurnCount which)
{
	if (unlikely(s->count[which] == PG_INT64_MAX))
		too_many_customers();
	s->count[which]++;
}

/* A customer who was there from `start` to `end`, `earlier` if not for the first time. */
static inline void
count_transitions(ChurnSummary *s, int64 start, int64 end, bool earlier)
{
	if (start >= s->period_start && start < s->period_end)
		count_one(s, earlier ? CHURN_RETURNED : CHURN_NEW);
	if (end >= s->period_start && end < s->period_end)
		count_one(s, CHURN_LOST);
}

/* ---- accumulate: one row is one customer, there once ---- */

static Datum
accum_row(FunctionCallInfo fcinfo, ChurnUnit unit)
{
	ChurnSummary *s;
	int64 start;
	int64 end;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	start = churn_point_arg(fcinfo, 1, unit);
	end = PG_ARGISNULL(2) ? PG_INT64_MAX : churn_point_arg(fcinfo, 2, unit);
	if (unlikely(end < start))
		churn_ends_before_start(start, end, unit);
	s = state_for_row(fcinfo, 3, unit);
	count_transitions(s, start, end, false);
	if (start < s->period_start && end >= s->period_start)
	{
		count_one(s, CHURN_AT_START);
		if (end >= s->period_end)
			count_one(s, CHURN_RETAINED);
	}
	PG_RETURN_POINTER(s);
}

/*
 * churn_summary_accum(churn_summary, started_at, ended_at, period) -> churn_summary
 *
 * A null started_at is ignored, a null or infinite ended_at is one who is still there.  A period
 * other than the state's is an ERROR, and so is an end before the start.
 */
PG_FUNCTION_INFO_V1(churn_summary_accum_timestamptz);
Datum
churn_summary_accum_timestamptz(PG_FUNCTION_ARGS)
{
	return accum_row(fcinfo, CHURN_INSTANTS);
}

PG_FUNCTION_INFO_V1(churn_summary_accum_date);
Datum
churn_summary_accum_date(PG_FUNCTION_ARGS)
{
	return accum_row(fcinfo, CHURN_DATES);
}

/* ---- accumulate: one row is one customer with all episodes ---- */

/* Range i of a multirange, by its end points alone. */
static Episode
episode_of(TypeCacheEntry *range_type, const MultirangeType *episodes, int i, ChurnUnit unit)
{
	RangeBound lower;
	RangeBound upper;

	multirange_get_bounds(range_type, episodes, i, &lower, &upper);
	return (Episode){lower.infinite ? PG_INT64_MIN : churn_point(lower.val, unit),
					 upper.infinite ? PG_INT64_MAX : churn_point(upper.val, unit)};
}

/*
 * Count a customer's episodes.  Those that touch are one, also where the multirange keeps them
 * apart for the one instant between (1,2) and (2,3).
 */
static void
count_episodes(ChurnSummary *s, const MultirangeType *episodes, ChurnUnit unit)
{
	TypeCacheEntry *type =
		lookup_type_cache(MultirangeTypeGetOid(episodes), TYPECACHE_MULTIRANGE_INFO);
	bool at_start = false;
	bool at_end = false;
	bool earlier = false;

	for (uint32 i = 0; i < episodes->rangeCount; i++)
	{
		Episode e = episode_of(type->rngtype, episodes, i, unit);

		while (i + 1 < episodes->rangeCount)
		{
			Episode next = episode_of(type->rngtype, episodes, i + 1, unit);

			if (next.start > e.end)
				break;
			e.end = next.end;
			i++;
		}
		count_transitions(s, e.start, e.end, earlier);
		at_start |= e.start < s->period_start && e.end >= s->period_start;
		at_end |= e.start < s->period_end && e.end >= s->period_end;
		earlier = true;
	}
	if (at_start)
		count_one(s, CHURN_AT_START);
	if (at_start && at_end)
		count_one(s, CHURN_RETAINED);
}

static Datum
accum_episodes(FunctionCallInfo fcinfo, ChurnUnit unit)
{
	ChurnSummary *s;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	s = state_for_row(fcinfo, 2, unit);
	count_episodes(s, PG_GETARG_MULTIRANGE_P(1), unit);
	PG_RETURN_POINTER(s);
}

/*
 * churn_summary_accum(churn_summary, episodes, period) -> churn_summary
 *
 * One customer; ranges of the multirange are the spans in which they were there, however their
 * bounds are closed.  A null is ignored; an empty multirange is nobody.
 */
PG_FUNCTION_INFO_V1(churn_summary_accum_tstzmultirange);
Datum
churn_summary_accum_tstzmultirange(PG_FUNCTION_ARGS)
{
	return accum_episodes(fcinfo, CHURN_INSTANTS);
}

PG_FUNCTION_INFO_V1(churn_summary_accum_datemultirange);
Datum
churn_summary_accum_datemultirange(PG_FUNCTION_ARGS)
{
	return accum_episodes(fcinfo, CHURN_DATES);
}

/* ---- combine ---- */

static ChurnSummary *
merge(ChurnSummary *a, const ChurnSummary *b)
{
	ChurnPeriod pa = churn_summary_period(a);
	ChurnPeriod pb = churn_summary_period(b);

	if (!same_period(b, &pa))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge churn in the period %s with churn in the period %s",
							   churn_period_shown(&pa), churn_period_shown(&pb)),
						errhint("Merge only summaries of one period, for example by grouping by "
								"churn_period_start(summary).")));
	for (int i = 0; i < CHURN_COUNTS; i++)
		if (pg_add_s64_overflow(a->count[i], b->count[i], &a->count[i]))
			too_many_customers();
	if (contradiction(a) != NULL)
		too_many_customers();
	return a;
}

/*
 * churn_summary_combine(churn_summary, churn_summary) -> churn_summary
 *
 * The customers of both; different periods are an ERROR.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(churn_summary_combine);
Datum
churn_summary_combine(PG_FUNCTION_ARGS)
{
	ChurnSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, churn_summary_arg(fcinfo, 1)));
}

/* churn_summary + churn_summary -> churn_summary: the customers of both. */
PG_FUNCTION_INFO_V1(churn_summary_add);
Datum
churn_summary_add(PG_FUNCTION_ARGS)
{
	ChurnSummary *a = (ChurnSummary *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	check_layout(a);
	PG_RETURN_POINTER(merge(a, churn_summary_arg(fcinfo, 1)));
}

/* ---- text ---- */

/* A point in ISO 8601, instants in UTC: the same in every session. */
static char *
point_text(int64 point, ChurnUnit unit)
{
	char *text = palloc(MAXDATELEN + 1);
	int utc = 0;

	return JsonEncodeDateTime(text, churn_point_datum(point, unit),
							  unit == CHURN_INSTANTS ? TIMESTAMPTZOID : DATEOID,
							  unit == CHURN_INSTANTS ? &utc : NULL);
}

/*
 * The opposite, taking only what point_text() gives: other forms would depend on the session's
 * settings.
 */
static int64
point_field(const SummaryText *t, const char *field, ChurnUnit unit)
{
	char *text = summary_text_string(t, field);
	Datum value;
	int64 point;

	if (unit == CHURN_INSTANTS)
		value = DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
									ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	else
		value = DirectFunctionCall1(date_in, CStringGetDatum(text));
	point = churn_point(value, unit);
	if (strcmp(point_text(point, unit), text) != 0)
		summary_text_invalid(t,
							 "\"%s\" is neither a date like 2026-01-01 nor an instant in UTC like "
							 "2026-01-01T00:00:00+00:00.",
							 field);
	return point;
}

static ChurnPeriod
period_fields(const SummaryText *t)
{
	ChurnPeriod period;

	period.unit =
		strchr(summary_text_string(t, "period_start"), 'T') != NULL ? CHURN_INSTANTS : CHURN_DATES;
	period.start = point_field(t, "period_start", period.unit);
	period.end = point_field(t, "period_end", period.unit);
	if (period.start == PG_INT64_MIN || period.end == PG_INT64_MAX || period.start >= period.end)
		summary_text_invalid(t, "The period is not finite or is empty.");
	return period;
}

/*
 * Text input: {"period_start": "2026-01-01T00:00:00+00:00", "period_end": ..., "at_start": 500,
 * "new": 80, "returned": 5, "lost": 55, "at_end": 530, "retained": 447}; plain dates if built from
 * dates.
 */
PG_FUNCTION_INFO_V1(churn_summary_in);
Datum
churn_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, TEXT_FIELDS);
	ChurnSummary *s = new_summary(period_fields(&t));
	int64 at_end = summary_text_int64(&t, "at_end", 0, PG_INT64_MAX);
	const char *why;

	for (int i = 0; i < CHURN_COUNTS; i++)
		s->count[i] = summary_text_int64(&t, COUNT_NAMES[i], 0, PG_INT64_MAX);
	why = contradiction(s);
	if (why != NULL)
		summary_text_invalid(&t, "%s", why);
	if (at_end != churn_at_end(s))
		summary_text_invalid(&t, "\"at_end\" is not at_start + new + returned - lost.");
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(churn_summary_out);
Datum
churn_summary_out(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s = churn_summary_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"period_start\": \"%s\", \"period_end\": \"%s\"",
					 point_text(s->period_start, s->unit), point_text(s->period_end, s->unit));
	for (int i = 0; i < CHURN_COUNTS; i++)
	{
		if (i == CHURN_RETAINED)
			appendStringInfo(&out, ", \"at_end\": " INT64_FORMAT, churn_at_end(s));
		appendStringInfo(&out, ", \"%s\": " INT64_FORMAT, COUNT_NAMES[i], s->count[i]);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- binary ---- */

/* Can a period be from and to these points? */
static bool
valid_period(const ChurnPeriod *p)
{
	if (p->unit == CHURN_INSTANTS)
		return p->start < p->end && IS_VALID_TIMESTAMP(p->start) && IS_VALID_TIMESTAMP(p->end);
	return p->unit == CHURN_DATES && p->start < p->end && p->start > PG_INT32_MIN &&
		   p->end < PG_INT32_MAX && IS_VALID_DATE((DateADT) p->start) &&
		   IS_VALID_DATE((DateADT) p->end);
}

/* Binary input: version and unit (1 byte each), period (2 x 8), one count (8) each. */
PG_FUNCTION_INFO_V1(churn_summary_recv);
Datum
churn_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	ChurnPeriod period;
	ChurnSummary *s;
	const char *why;

	summary_wire_version(buf, TYPE_NAME, CHURN_SUMMARY_VERSION);
	period.unit = pq_getmsgbyte(buf);
	period.start = pq_getmsgint64(buf);
	period.end = pq_getmsgint64(buf);
	if (!valid_period(&period))
		summary_wire_invalid(TYPE_NAME, "The period is not finite or is empty.");
	s = new_summary(period);
	for (int i = 0; i < CHURN_COUNTS; i++)
		s->count[i] = pq_getmsgint64(buf);
	why = contradiction(s);
	if (why != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", why);
	PG_RETURN_POINTER(s);
}

PG_FUNCTION_INFO_V1(churn_summary_send);
Datum
churn_summary_send(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s = churn_summary_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->unit);
	pq_sendint64(&buf, s->period_start);
	pq_sendint64(&buf, s->period_end);
	for (int i = 0; i < CHURN_COUNTS; i++)
		pq_sendint64(&buf, s->count[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

/* Values have no padding and one form, so equal ones have equal bytes. */
SUMMARY_EQUAL(churn_summary, churn_summary_arg, summary_same_bytes);

PG_FUNCTION_INFO_V1(churn_summary_hash);
Datum
churn_summary_hash(PG_FUNCTION_ARGS)
{
	const ChurnSummary *s = churn_summary_arg(fcinfo, 0);

	PG_RETURN_UINT32(hash_bytes((const unsigned char *) s, sizeof(ChurnSummary)));
}

/* ---- what accessors read ---- */

int64
churn_at_end(const ChurnSummary *s)
{
	return s->count[CHURN_AT_START] + s->count[CHURN_NEW] + s->count[CHURN_RETURNED] -
		   s->count[CHURN_LOST];
}
