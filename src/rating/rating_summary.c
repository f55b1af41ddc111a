/*
 * rating_summary.c: the type rating_summary and its aggregates' state machine.
 *
 * Accumulate, remove (for moving windows), combine and finish; text and binary I/O; equality.
 * What the numbers mean (nps, csat, ...) is the accessors' business, in files of their own.
 */
#include "rating/rating_summary.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "common/whole.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

static const char TYPE_NAME[] = "rating_summary";
static const char EXAMPLE[] = "{\"scale\": [1, 5], \"counts\": [0, 2, 0, 7, 12]}";

/* ---- counters of any width ---- */

static inline int64
get_count(const RatingSummary *s, int i)
{
	const char *at = s->counts + i * s->width;

	switch (s->width)
	{
		case 1:
			return *(const uint8 *) at;
		case 2:
		{
			uint16 v;

			memcpy(&v, at, sizeof(v));
			return v;
		}
		case 4:
		{
			uint32 v;

			memcpy(&v, at, sizeof(v));
			return v;
		}
		default:
		{
			int64 v;

			memcpy(&v, at, sizeof(v));
			return v;
		}
	}
}

static inline void
set_count(RatingSummary *s, int i, int64 value)
{
	char *at = s->counts + i * s->width;

	switch (s->width)
	{
		case 1:
			*(uint8 *) at = (uint8) value;
			break;
		case 2:
		{
			uint16 v = (uint16) value;

			memcpy(at, &v, sizeof(v));
			break;
		}
		case 4:
		{
			uint32 v = (uint32) value;

			memcpy(at, &v, sizeof(v));
			break;
		}
		default:
			memcpy(at, &value, sizeof(value));
	}
}

static inline int64
max_of_width(int width)
{
	return width == 8 ? PG_INT64_MAX : (INT64CONST(1) << (8 * width)) - 1;
}

static int
width_for(int64 largest)
{
	int width = 1;

	while (largest > max_of_width(width))
		width *= 2;
	return width;
}

static int64
largest_count(const RatingSummary *s)
{
	int64 largest = 0;

	for (int i = 0; i < rating_points(s); i++)
		largest = Max(largest, get_count(s, i));
	return largest;
}

static RatingSummary *
new_summary(int lo, int points, int width)
{
	Size size = RATING_SUMMARY_HEADER + (Size) points * width;
	RatingSummary *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = RATING_SUMMARY_VERSION;
	s->width = width;
	s->lo = lo;
	return s;
}

/* A copy with counters of the given width. */
static RatingSummary *
with_width(const RatingSummary *s, int width)
{
	RatingSummary *copy = new_summary(s->lo, rating_points(s), width);

	for (int i = 0; i < rating_points(s); i++)
		set_count(copy, i, get_count(s, i));
	return copy;
}

/* ---- checks ---- */

static void
check_scale(int64 lo, int64 hi)
{
	if (lo < PG_INT16_MIN || hi > PG_INT16_MAX || hi <= lo || hi - lo >= RATING_MAX_POINTS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid rating scale " INT64_FORMAT ".." INT64_FORMAT, lo, hi),
						errdetail("A scale has 2 to %d whole points, lowest first, from %d to %d.",
								  RATING_MAX_POINTS, PG_INT16_MIN, PG_INT16_MAX),
						errhint("For example: rating_agg(score, 1, 5).")));
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const RatingSummary *s)
{
	Size size = VARSIZE(s);

	if (size < RATING_SUMMARY_HEADER || s->version != RATING_SUMMARY_VERSION ||
		(s->width != 1 && s->width != 2 && s->width != 4 && s->width != 8) ||
		(size - RATING_SUMMARY_HEADER) % s->width != 0 || rating_points(s) < 2 ||
		rating_points(s) > RATING_MAX_POINTS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

static void
score_off_scale(const RatingSummary *s, const char *score)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("score %s is not on the scale %d..%d", score, s->lo, rating_hi(s)),
					errdetail("Scores are whole numbers from %d to %d.", s->lo, rating_hi(s)),
					errhint("Declare another scale with rating_agg(score, lo, hi), or leave such "
							"rows out with FILTER (WHERE ...).")));
}

static void
too_many_responses(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many responses for a rating_summary"),
			 errdetail("A summary holds at most " INT64_FORMAT " responses.", PG_INT64_MAX)));
}

static void
never_counted(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("cannot remove a score that was never counted")));
}

/* A copy with counters as narrow as they can be: the form of a value outside of aggregates. */
static RatingSummary *
canonical(const RatingSummary *s)
{
	return with_width(s, width_for(largest_count(s)));
}

static int64
responses_of(const RatingSummary *s)
{
	int64 n = 0;

	for (int i = 0; i < rating_points(s); i++)
		if (pg_add_s64_overflow(n, get_count(s, i), &n))
			too_many_responses();
	return n;
}

/*
 * A value to be given away: narrow, and with so many responses that accessors can add them up and
 * that it can be read back.
 */
static RatingSummary *
checked(RatingSummary *s)
{
	responses_of(s);
	return canonical(s);
}

/* ---- the state of an aggregate ---- */

static pg_noinline RatingSummary *
checked_copy(Datum value)
{
	RatingSummary *s = (RatingSummary *) PG_DETOAST_DATUM_COPY(value);

	check_layout(s);
	return s;
}

/*
 * The summary in argument i: within an aggregate our own state, to be changed in place; else a
 * checked copy of a user's value.
 */
static inline RatingSummary *
writable_summary(FunctionCallInfo fcinfo, int i)
{
	RatingSummary *s = (RatingSummary *) PG_GETARG_POINTER(i);

	if (likely(summary_is_state(fcinfo) && !VARATT_IS_EXTENDED(s)))
		return s;
	return checked_copy(PG_GETARG_DATUM(i));
}

/* What a transition or combine function returns: its state, or a value to whoever called it. */
static RatingSummary *
state_or_value(FunctionCallInfo fcinfo, RatingSummary *s)
{
	return summary_is_state(fcinfo) ? s : checked(s);
}

static const RatingSummary *
readable_summary(FunctionCallInfo fcinfo, int i)
{
	const RatingSummary *s = DatumGetRatingSummary(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

/*
 * The state that a row of an aggregate with a scale, rating_agg(score, lo, hi), is to change.  The
 * first row makes it; every row must name the same scale.
 */
static RatingSummary *
scaled_state(FunctionCallInfo fcinfo)
{
	RatingSummary *s;
	int32 lo;
	int32 hi;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the limits of a rating scale must not be null"),
						errhint("For example: rating_agg(score, 1, 5).")));
	lo = PG_GETARG_INT32(2);
	hi = PG_GETARG_INT32(3);
	if (PG_ARGISNULL(0))
	{
		check_scale(lo, hi);
		return new_summary(lo, hi - lo + 1, 1);
	}
	s = writable_summary(fcinfo, 0);
	if (s->lo != lo || rating_hi(s) != hi)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the rating scale changes from %d..%d to %d..%d within one aggregate",
						s->lo, rating_hi(s), lo, hi),
				 errhint("Group by the scale, so that each summary has one.")));
	return s;
}

static inline RatingSummary *
state_for_row(FunctionCallInfo fcinfo)
{
	return PG_NARGS() == 2 ? writable_summary(fcinfo, 0) : scaled_state(fcinfo);
}

/* Where the score has its counter, or -1 if it is off the scale. */
static inline int
point_of(const RatingSummary *s, int64 score)
{
	uint64 point = (uint64) score - (uint64) s->lo; /* below the scale: a huge number */

	return likely(point < (uint64) rating_points(s)) ? (int) point : -1;
}

static inline int
point_of_float8(const RatingSummary *s, double score)
{
	int64 whole;

	return whole_from_float8(score, s->lo, rating_hi(s), &whole) ? (int) (whole - s->lo) : -1;
}

static inline int
point_of_numeric(const RatingSummary *s, Datum score)
{
	int64 whole;

	return whole_from_numeric(score, s->lo, rating_hi(s), &whole) ? (int) (whole - s->lo) : -1;
}

/* One response more at a point; the summary may move, to become wider. */
static inline RatingSummary *
count_in(RatingSummary *s, int point)
{
	int64 count = get_count(s, point);

	if (unlikely(count == max_of_width(s->width)))
	{
		if (s->width == 8)
			too_many_responses();
		s = with_width(s, s->width * 2);
	}
	set_count(s, point, count + 1);
	return s;
}

/* One response less: a window has moved on. */
static inline RatingSummary *
count_out(RatingSummary *s, int point)
{
	int64 count = get_count(s, point);

	if (count == 0)
		never_counted();
	set_count(s, point, count - 1);
	return s;
}

/* ---- accumulate and remove: rating_summary_accum(rating_summary, score [, lo, hi]) ---- */

/*
 * The ordinary row: our own state, a score on the scale, a counter with room.  Returns false, and
 * has changed nothing, where it is none.
 */
static inline bool
count_in_place(RatingSummary *s, int point, int by)
{
	int64 count;

	if (point < 0)
		return false;
	count = get_count(s, point);
	if (count == (by > 0 ? max_of_width(s->width) : 0))
		return false;
	set_count(s, point, count + by);
	return true;
}

/*
 * The transition functions for one type of score.  The two-argument form is strict; the one with a
 * scale is not, and skips null scores itself.
 *
 * The ordinary row comes first and calls nothing: it is what an aggregate costs beside the scan.
 * All else is left to the general case.
 */
#define RATING_TRANSITION(function, change, by, point, shown)                                      \
	static pg_noinline Datum function##_general(PG_FUNCTION_ARGS)                                  \
	{                                                                                              \
		RatingSummary *s = state_for_row(fcinfo);                                                  \
		int i;                                                                                     \
                                                                                                   \
		if (PG_ARGISNULL(1))                                                                       \
			PG_RETURN_POINTER(state_or_value(fcinfo, s));                                          \
		i = (point);                                                                               \
		if (unlikely(i < 0))                                                                       \
			score_off_scale(s, DatumGetCString(DirectFunctionCall1(shown, PG_GETARG_DATUM(1))));   \
		PG_RETURN_POINTER(state_or_value(fcinfo, change(s, i)));                                   \
	}                                                                                              \
	PG_FUNCTION_INFO_V1(function);                                                                 \
	Datum function(PG_FUNCTION_ARGS)                                                               \
	{                                                                                              \
		RatingSummary *s = (RatingSummary *) PG_GETARG_POINTER(0);                                 \
                                                                                                   \
		if (likely(PG_NARGS() == 2 && summary_is_state(fcinfo) && !VARATT_IS_EXTENDED(s) &&        \
				   count_in_place(s, point, by)))                                                  \
			PG_RETURN_POINTER(s);                                                                  \
		return function##_general(fcinfo);                                                         \
	}

#define RATING_TRANSITIONS(type, point, shown)                                                     \
	RATING_TRANSITION(rating_summary_accum_##type, count_in, 1, point, shown)                      \
	RATING_TRANSITION(rating_summary_remove_##type, count_out, -1, point, shown)

RATING_TRANSITIONS(int2, point_of(s, PG_GETARG_INT16(1)), int2out)
RATING_TRANSITIONS(int4, point_of(s, PG_GETARG_INT32(1)), int4out)
RATING_TRANSITIONS(int8, point_of(s, PG_GETARG_INT64(1)), int8out)
RATING_TRANSITIONS(float8, point_of_float8(s, PG_GETARG_FLOAT8(1)), float8out)
RATING_TRANSITIONS(numeric, point_of_numeric(s, PG_GETARG_DATUM(1)), numeric_out)

/* ---- combine and finish ---- */

static void
check_same_scale(const RatingSummary *a, const RatingSummary *b)
{
	if (a->lo != b->lo || rating_hi(a) != rating_hi(b))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge ratings on the scale %d..%d with ratings on the scale %d..%d",
						a->lo, rating_hi(a), b->lo, rating_hi(b)),
				 errhint("Merge only summaries of one scale, for example by grouping by survey.")));
}

static int64
sum_of_counts(const RatingSummary *a, const RatingSummary *b, int i)
{
	int64 sum;

	if (pg_add_s64_overflow(get_count(a, i), get_count(b, i), &sum))
		too_many_responses();
	return sum;
}

/* a + b as counts; a is changed in place where its width allows, else replaced. */
static RatingSummary *
merge(RatingSummary *a, const RatingSummary *b)
{
	int64 largest = 0;

	check_same_scale(a, b);
	for (int i = 0; i < rating_points(a); i++)
		largest = Max(largest, sum_of_counts(a, b, i));
	if (largest > max_of_width(a->width))
		a = with_width(a, width_for(largest));
	for (int i = 0; i < rating_points(a); i++)
		set_count(a, i, sum_of_counts(a, b, i));
	return a;
}

/*
 * rating_summary_combine(rating_summary, rating_summary) -> rating_summary
 *
 * The counts of both; different scales are an ERROR.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(rating_summary_combine);
Datum
rating_summary_combine(PG_FUNCTION_ARGS)
{
	RatingSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(state_or_value(fcinfo, merge(a, readable_summary(fcinfo, 1))));
}

/*
 * rating_summary_uncombine(rating_summary, rating_summary) -> rating_summary
 *
 * The first without the second: a window over rollup() has moved on.
 */
PG_FUNCTION_INFO_V1(rating_summary_uncombine);
Datum
rating_summary_uncombine(PG_FUNCTION_ARGS)
{
	RatingSummary *a = writable_summary(fcinfo, 0);
	const RatingSummary *b = readable_summary(fcinfo, 1);

	check_same_scale(a, b);
	for (int i = 0; i < rating_points(a); i++)
	{
		if (get_count(a, i) < get_count(b, i))
			never_counted();
		set_count(a, i, get_count(a, i) - get_count(b, i));
	}
	PG_RETURN_POINTER(state_or_value(fcinfo, a));
}

/* rating_summary_final(rating_summary) -> rating_summary: NULL if nothing was counted. */
PG_FUNCTION_INFO_V1(rating_summary_final);
Datum
rating_summary_final(PG_FUNCTION_ARGS)
{
	const RatingSummary *s = readable_summary(fcinfo, 0);

	if (responses_of(s) == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(canonical(s));
}

/* rating_summary + rating_summary -> rating_summary: both together. */
PG_FUNCTION_INFO_V1(rating_summary_add);
Datum
rating_summary_add(PG_FUNCTION_ARGS)
{
	RatingSummary *a = with_width(readable_summary(fcinfo, 0), 8);

	PG_RETURN_POINTER(checked(merge(a, readable_summary(fcinfo, 1))));
}

/* ---- text and binary ---- */

/* Text input: {"scale": [lo, hi], "counts": [number of lo, ..., number of hi]} */
PG_FUNCTION_INFO_V1(rating_summary_in);
Datum
rating_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 2);
	Jsonb *scale = summary_text_array(&t, "scale", 2);
	Jsonb *counts = summary_text_array(&t, "counts", RATING_MAX_POINTS);
	int64 lo = summary_text_element_int64(&t, "scale", scale, 0, PG_INT16_MIN, PG_INT16_MAX);
	int64 hi = summary_text_element_int64(&t, "scale", scale, 1, PG_INT16_MIN, PG_INT16_MAX);
	RatingSummary *s;

	check_scale(lo, hi);
	if ((int) JB_ROOT_COUNT(counts) != hi - lo + 1)
		summary_text_invalid(&t, "\"counts\" has %d elements; the scale has %d points.",
							 (int) JB_ROOT_COUNT(counts), (int) (hi - lo + 1));
	s = new_summary(lo, hi - lo + 1, 8);
	for (int i = 0; i < rating_points(s); i++)
		set_count(s, i, summary_text_element_int64(&t, "counts", counts, i, 0, PG_INT64_MAX));
	PG_RETURN_POINTER(checked(s));
}

PG_FUNCTION_INFO_V1(rating_summary_out);
Datum
rating_summary_out(PG_FUNCTION_ARGS)
{
	const RatingSummary *s = readable_summary(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"scale\": [%d, %d], \"counts\": [", s->lo, rating_hi(s));
	for (int i = 0; i < rating_points(s); i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i > 0 ? ", " : "", get_count(s, i));
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Binary input: version (1 byte), lo (2), points (2), one count (8) a point. */
PG_FUNCTION_INFO_V1(rating_summary_recv);
Datum
rating_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int lo;
	int points;
	RatingSummary *s;

	summary_wire_version(buf, TYPE_NAME, RATING_SUMMARY_VERSION);
	lo = (int16) pq_getmsgint(buf, 2);
	points = (int16) pq_getmsgint(buf, 2);
	check_scale(lo, (int64) lo + points - 1);
	s = new_summary(lo, points, 8);
	for (int i = 0; i < points; i++)
	{
		int64 count = pq_getmsgint64(buf);

		if (count < 0)
			summary_wire_invalid(TYPE_NAME, "The count of score %d is " INT64_FORMAT ".", lo + i,
								 count);
		set_count(s, i, count);
	}
	PG_RETURN_POINTER(checked(s));
}

PG_FUNCTION_INFO_V1(rating_summary_send);
Datum
rating_summary_send(PG_FUNCTION_ARGS)
{
	const RatingSummary *s = readable_summary(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendint16(&buf, s->lo);
	pq_sendint16(&buf, rating_points(s));
	for (int i = 0; i < rating_points(s); i++)
		pq_sendint64(&buf, get_count(s, i));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

static bool
same_ratings(const RatingSummary *a, const RatingSummary *b)
{
	if (a->lo != b->lo || rating_points(a) != rating_points(b))
		return false;
	for (int i = 0; i < rating_points(a); i++)
		if (get_count(a, i) != get_count(b, i))
			return false;
	return true;
}

SUMMARY_EQUAL(rating_summary, readable_summary, same_ratings);

PG_FUNCTION_INFO_V1(rating_summary_hash);
Datum
rating_summary_hash(PG_FUNCTION_ARGS)
{
	const RatingSummary *s = readable_summary(fcinfo, 0);
	uint32 hash = hash_bytes_uint32(((uint32) rating_points(s) << 16) ^ (uint16) s->lo);

	for (int i = 0; i < rating_points(s); i++)
	{
		uint64 count = get_count(s, i);

		hash = hash_combine(hash, hash_bytes_uint32((uint32) count));
		hash = hash_combine(hash, (uint32) (count >> 32));
	}
	PG_RETURN_UINT32(hash);
}

/* ---- what accessors read ---- */

RatingCounts
rating_counts_arg(FunctionCallInfo fcinfo, int i)
{
	const RatingSummary *s = readable_summary(fcinfo, i);
	RatingCounts r;

	r.lo = s->lo;
	r.hi = rating_hi(s);
	r.n = responses_of(s);
	for (int point = 0; point < rating_points(s); point++)
		r.count[point] = get_count(s, point);
	return r;
}

int64
rating_between(const RatingCounts *r, int lo, int hi)
{
	int64 n = 0;

	for (int score = Max(lo, r->lo); score <= Min(hi, r->hi); score++)
		n += r->count[score - r->lo];
	return n;
}
