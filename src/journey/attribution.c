/*
 * attribution.c: attribution() of one conversion over a journey's channels.
 */
#include "journey/attribution_args.h"
#include "journey/journey_summary.h"
#include "journey/result_rows.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

enum
{
	ARG_JOURNEY,
	ARG_CONVERSION_AT,
	ARG_RULE,
	ARG_OPTIONS
};

/* The channel touches that a conversion looks back on: (conversion_at - lookback, conversion_at]. */
static int
touches_of(const Journey *j, int64 until, const JourneyWindow *lookback, int *touch)
{
	int64 after = journey_reach_back(until, lookback);
	int n = 0;

	for (int i = 0; i < j->n && j->touches[i].at <= until; i++)
		if (j->touches[i].channel != TOUCH_NO_CHANNEL &&
			(lookback->unlimited || j->touches[i].at > after))
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

static void
attribute(FunctionCallInfo fcinfo, ResultRows *rows)
{
	AttributionArgs args = attribution_args(fcinfo, ARG_OPTIONS);
	Journey j;
	int *touch;
	int64 *at;
	bool *direct;
	double *credit;
	int code;
	int n;

	if (!PG_ARGISNULL(ARG_RULE))
		args.options.rule = attribution_rule(PG_GETARG_TEXT_PP(ARG_RULE));
	if (PG_ARGISNULL(ARG_JOURNEY) || PG_ARGISNULL(ARG_CONVERSION_AT))
		return;
	j = journey_arg(fcinfo, ARG_JOURNEY);
	touch = palloc((j.n + 1) * sizeof(int));
	n = touches_of(&j, PG_GETARG_TIMESTAMPTZ(ARG_CONVERSION_AT), &args.lookback, touch);
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
	code = attribution_direct_code(&args, &j);
	for (int i = 0; i < n; i++)
	{
		at[i] = j.touches[touch[i]].at;
		direct[i] = j.touches[touch[i]].channel == code;
	}
	attribution_credits(&args.options, at, direct, n, credit);
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
