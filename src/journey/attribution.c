/*
 * attribution.c: attribution() of one conversion over a journey's channels.
 */
#include "journey/attribution.h"

#include <math.h>

#include "journey/journey_interval.h"
#include "journey/journey_summary.h"
#include "journey/result_rows.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

enum
{
	ARG_JOURNEY,
	ARG_CONVERSION_AT,
	ARG_RULE,
	ARG_LOOKBACK,
	ARG_HALF_LIFE,
	ARG_DIRECT,
	ARG_FIRST_SHARE,
	ARG_LAST_SHARE
};

static AttributionRule
rule_arg(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"first",  "last",		"last_non_direct",
										"linear", "time_decay", "position"};
	char *name;

	if (PG_ARGISNULL(ARG_RULE))
		return ATTRIBUTION_LINEAR;
	name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_RULE));
	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown attribution rule \"%s\"", name),
					errhint("Rules are first, last, last_non_direct, linear, time_decay and "
							"position; markov_attribution() and shapley_attribution() work on all "
							"journeys at once.")));
}

/* A half-life in microseconds; a month is 30 days, as where PostgreSQL compares intervals. */
static double
half_life_arg(FunctionCallInfo fcinfo)
{
	Interval *i;
	double usec;

	if (PG_ARGISNULL(ARG_HALF_LIFE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("half_life must not be null")));
	i = PG_GETARG_INTERVAL_P(ARG_HALF_LIFE);
	usec =
		((double) i->month * DAYS_PER_MONTH + i->day) * (double) USECS_PER_DAY + (double) i->time;
	if (!(usec > 0))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("half_life must be positive: %s",
					DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(i)))),
			 errhint("After one half_life a touch has half the weight of a touch at the end.")));
	return usec;
}

static double
share_arg(FunctionCallInfo fcinfo, int i, const char *name)
{
	double share;

	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
	share = PG_GETARG_FLOAT8(i);
	if (!(share >= 0 && share <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s is out of range: %g", name, share),
						errdetail("A share is between 0 and 1.")));
	return share;
}

static AttributionOptions
options_of(FunctionCallInfo fcinfo)
{
	AttributionOptions o;

	o.rule = rule_arg(fcinfo);
	o.half_life = half_life_arg(fcinfo);
	o.first_share = share_arg(fcinfo, ARG_FIRST_SHARE, "first_share");
	o.last_share = share_arg(fcinfo, ARG_LAST_SHARE, "last_share");
	/* 0.7 + 0.3 is a little more than 1 */
	if (o.first_share + o.last_share > 1 + 1e-12)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("first_share and last_share are more than 1 together: %g",
							   o.first_share + o.last_share)));
	return o;
}

/* The channel touches that a conversion looks back on: (conversion_at - lookback, conversion_at]. */
static int
touches_of(FunctionCallInfo fcinfo, const Journey *j, int *touch)
{
	JourneyWindow lookback = journey_window(
		PG_ARGISNULL(ARG_LOOKBACK) ? NULL : PG_GETARG_INTERVAL_P(ARG_LOOKBACK), "lookback");
	int64 until = PG_GETARG_TIMESTAMPTZ(ARG_CONVERSION_AT);
	int64 after = journey_reach_back(until, &lookback);
	int n = 0;

	for (int i = 0; i < j->n && j->touches[i].at <= until; i++)
		if (j->touches[i].channel != TOUCH_NO_CHANNEL &&
			(lookback.unlimited || j->touches[i].at > after))
			touch[n++] = i;
	return n;
}

/* The credits, one row a channel, in order of their first touch. */
static void
rows_by_channel(ResultRows *rows, const Journey *j, const int *touch, const double *credit, int n)
{
	int64 *row_of = palloc((j->names + 1) * sizeof(int64));

	for (int i = 0; i < j->names; i++)
		row_of[i] = -1;
	for (int i = 0; i < n; i++)
	{
		int channel = j->touches[touch[i]].channel;
		ResultRow *row;

		if (credit[i] == 0)
			continue;
		if (row_of[channel] < 0)
		{
			row_of[channel] = rows->n;
			row = result_row(rows);
			row->value[0] = PointerGetDatum(journey_name_text(j, channel));
			row->value[1] = Float8GetDatum(credit[i]);
			continue;
		}
		row = &rows->row[row_of[channel]];
		row->value[1] = Float8GetDatum(DatumGetFloat8(row->value[1]) + credit[i]);
	}
}

static int
direct_code(FunctionCallInfo fcinfo, const Journey *j)
{
	text *direct;

	if (PG_ARGISNULL(ARG_DIRECT))
		return -1;
	direct = PG_GETARG_TEXT_PP(ARG_DIRECT);
	return journey_code(j, VARDATA_ANY(direct), VARSIZE_ANY_EXHDR(direct));
}

static void
attribute(FunctionCallInfo fcinfo, ResultRows *rows)
{
	AttributionOptions options = options_of(fcinfo);
	Journey j;
	int *touch;
	int64 *at;
	bool *direct;
	double *credit;
	int code;
	int n;

	if (PG_ARGISNULL(ARG_JOURNEY) || PG_ARGISNULL(ARG_CONVERSION_AT))
		return;
	j = journey_arg(fcinfo, ARG_JOURNEY);
	touch = palloc((j.n + 1) * sizeof(int));
	n = touches_of(fcinfo, &j, touch);
	if (n == 0)
	{
		ResultRow *row = result_row(rows);

		row->null[0] = true;
		row->value[1] = Float8GetDatum(1);
		return;
	}
	at = palloc(n * sizeof(int64));
	direct = palloc(n * sizeof(bool));
	credit = palloc(n * sizeof(double));
	code = direct_code(fcinfo, &j);
	for (int i = 0; i < n; i++)
	{
		at[i] = j.touches[touch[i]].at;
		direct[i] = j.touches[touch[i]].channel == code;
	}
	attribution_credits(&options, at, direct, n, credit);
	rows_by_channel(rows, &j, touch, credit, n);
}

/*
 * attribution(journey_summary, conversion_at timestamptz, rule text, lookback interval, half_life
 * interval, direct text, first_share float8, last_share float8) -> set of (channel text, credit
 * double precision)
 *
 * The credits sum to 1.  Without a touch in the lookback the conversion is nobody's: (NULL, 1).
 */
PG_FUNCTION_INFO_V1(attribution);
Datum
attribution(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, attribute);
}
