/*
 * churn_period.c: the half-open period [start, end) (see churn_period.h).
 */
#include "churn/churn_period.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* A range of two instants has 4 (header) + 4 (type) + 16 + 1 bytes. */
#define MAX_RANGE_BYTES 32

/* A range that a row had, and what it means. */
typedef struct RememberedPeriod
{
	Size size; /* 0: none yet */
	char bytes[MAX_RANGE_BYTES];
	ChurnPeriod period;
} RememberedPeriod;

/*
 * In a report over many months each row meets all of them in turn, so several are remembered, found
 * by their bytes.
 */
#define REMEMBERED 64
#define REMEMBERED_BITS 6

int64
churn_point(Datum value, ChurnUnit unit)
{
	DateADT date;

	if (unit == CHURN_INSTANTS)
		return DatumGetTimestampTz(value);
	date = DatumGetDateADT(value);
	if (DATE_IS_NOBEGIN(date))
		return PG_INT64_MIN;
	return DATE_IS_NOEND(date) ? PG_INT64_MAX : date;
}

int64
churn_point_arg(FunctionCallInfo fcinfo, int i, ChurnUnit unit)
{
	return churn_point(PG_GETARG_DATUM(i), unit);
}

Datum
churn_point_datum(int64 point, ChurnUnit unit)
{
	if (unit == CHURN_INSTANTS)
		return TimestampTzGetDatum(point);
	if (point == PG_INT64_MIN)
		return DateADTGetDatum(DATEVAL_NOBEGIN);
	return DateADTGetDatum(point == PG_INT64_MAX ? DATEVAL_NOEND : (DateADT) point);
}

char *
churn_point_shown(int64 point, ChurnUnit unit)
{
	return DatumGetCString(DirectFunctionCall1(unit == CHURN_INSTANTS ? timestamptz_out : date_out,
											   churn_point_datum(point, unit)));
}

char *
churn_period_shown(const ChurnPeriod *period)
{
	return psprintf("[%s, %s)", churn_point_shown(period->start, period->unit),
					churn_point_shown(period->end, period->unit));
}

bool
churn_period_over(const ChurnPeriod *period, int64 as_of)
{
	if (period->unit == CHURN_INSTANTS)
		return as_of >= period->end;
	return as_of >= DatumGetTimestampTz(DirectFunctionCall1(
						date_timestamptz, churn_point_datum(period->end, CHURN_DATES)));
}

void
churn_ends_before_start(int64 start, int64 end, ChurnUnit unit)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a customer ends at %s, before starting at %s",
						   churn_point_shown(end, unit), churn_point_shown(start, unit)),
					errdetail("ended_at is not earlier than started_at, or null for customers who "
							  "are still there."),
					errhint("Look at such rows with WHERE ended_at < started_at.")));
}

static void
period_unusable(const RangeType *range, ChurnUnit unit, const char *why)
{
	const char *constructor = unit == CHURN_INSTANTS ? "tstzrange" : "daterange";
	Oid output;
	bool is_varlena;

	getTypeOutputInfo(RangeTypeGetOid(range), &output, &is_varlena);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("period %s %s", OidOutputFunctionCall(output, RangeTypePGetDatum(range)), why),
			 errdetail("A period is finite, not empty and half-open: it has its start and "
					   "not its end."),
			 errhint("For example: %s('2026-01-01', '2026-02-01').", constructor)));
}

static ChurnPeriod
read_period(const RangeType *range, ChurnUnit unit)
{
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	RangeBound lower;
	RangeBound upper;
	bool empty;
	ChurnPeriod period;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		period_unusable(range, unit, "is empty");
	if (lower.infinite || upper.infinite)
		period_unusable(range, unit, "is unbounded");
	period.unit = unit;
	period.start = churn_point(lower.val, unit);
	period.end = churn_point(upper.val, unit);
	if (period.start == PG_INT64_MIN || period.end == PG_INT64_MAX)
		period_unusable(range, unit, "is unbounded");
	if (!lower.inclusive || upper.inclusive)
		period_unusable(range, unit, "is not half-open");
	return period;
}

/* Where a range is remembered: by the eight bytes in which the ranges of one report differ. */
static RememberedPeriod *
remembered_period(FunctionCallInfo fcinfo, const char *bytes, Size size)
{
	RememberedPeriod *all = fcinfo->flinfo->fn_extra;
	uint64 key = 0;

	if (all == NULL)
		all = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, REMEMBERED * sizeof(RememberedPeriod));
	memcpy(&key, bytes + sizeof(Oid), Min(sizeof(key), size - sizeof(Oid)));
	/* Fibonacci hashing: the upper bits of the product depend on all bits of the key */
	return &all[(key * UINT64CONST(0x9E3779B97F4A7C15)) >> (64 - REMEMBERED_BITS)];
}

ChurnPeriod
churn_period_arg(FunctionCallInfo fcinfo, int i, ChurnUnit unit)
{
	const struct varlena *given = PG_GETARG_VARLENA_PP(i);
	const char *bytes = VARDATA_ANY(given);
	Size size = VARSIZE_ANY_EXHDR(given);
	RememberedPeriod *known;

	if (unlikely(size <= sizeof(Oid) || size > MAX_RANGE_BYTES))
		return read_period(PG_GETARG_RANGE_P(i), unit);
	known = remembered_period(fcinfo, bytes, size);
	if (likely(known->size == size && memcmp(known->bytes, bytes, size) == 0))
		return known->period;
	known->period = read_period(PG_GETARG_RANGE_P(i), unit);
	known->size = size;
	memcpy(known->bytes, bytes, size);
	return known->period;
}
