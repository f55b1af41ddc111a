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

/*
 * Read the ordinary range, [start, end) with both bounds finite, in place: the type's oid, the two
 * bounds and a byte of flags (utils/rangetypes.h).  A report reads one for each row and month, and
 * range_deserialize() would cost more than all that the row is counted for.  False for any other.
 */
static inline bool
read_plain_period(const struct varlena *range, ChurnUnit unit, ChurnPeriod *period)
{
	const char *bounds = VARDATA_ANY(range) + sizeof(Oid);
	Size width = unit == CHURN_INSTANTS ? sizeof(TimestampTz) : sizeof(DateADT);

	if (VARSIZE_ANY_EXHDR(range) != sizeof(Oid) + 2 * width + 1 ||
		bounds[2 * width] != RANGE_LB_INC)
		return false;
	period->unit = unit;
	if (unit == CHURN_INSTANTS)
	{
		memcpy(&period->start, bounds, width);
		memcpy(&period->end, bounds + width, width);
	}
	else
	{
		DateADT dates[2];

		memcpy(dates, bounds, sizeof(dates));
		period->start = churn_point(DateADTGetDatum(dates[0]), unit);
		period->end = churn_point(DateADTGetDatum(dates[1]), unit);
	}
	return period->start != PG_INT64_MIN && period->end != PG_INT64_MAX;
}

ChurnPeriod
churn_period_arg(FunctionCallInfo fcinfo, int i, ChurnUnit unit)
{
	ChurnPeriod period;

	if (likely(read_plain_period(PG_GETARG_VARLENA_PP(i), unit, &period)))
		return period;
	return read_period(PG_GETARG_RANGE_P(i), unit);
}
