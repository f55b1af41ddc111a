/*
 * attribution_totals.c: attribution_totals(), all conversions of a customer by any rules at once.
 */
#include "journey/attribution_args.h"

#include "catalog/pg_type.h"
#include "journey/result_rows.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

enum
{
	ARG_JOURNEY,
	ARG_CONVERSION_AT,
	ARG_VALUE,
	ARG_RULES,
	ARG_OPTIONS
};

typedef struct Array
{
	int n;
	Datum *value;
	bool *null;
} Array;

/* The touches of a journey that have a channel, in order of time. */
typedef struct Touches
{
	int n;
	int64 *at;
	bool *direct;
	int *channel; /* codes */
} Touches;

/* What a channel gets of all conversions. */
typedef struct Total
{
	double credit;
	double value;
	bool has_value; /* of at least one conversion */
} Total;

static Array
array_arg(FunctionCallInfo fcinfo, int i, Oid type, int length, bool by_value, char align)
{
	Array a = {0};

	if (!PG_ARGISNULL(i))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), type, length, by_value, align, &a.value,
						  &a.null, &a.n);
	return a;
}

static Array
value_arg(FunctionCallInfo fcinfo, int conversions)
{
	Array a = array_arg(fcinfo, ARG_VALUE, FLOAT8OID, sizeof(float8), true, TYPALIGN_DOUBLE);

	if (!PG_ARGISNULL(ARG_VALUE) && a.n != conversions)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("%d conversions have %d values", conversions, a.n),
						errdetail("Each element of conversion_at has one of conversion_value, "
								  "which may be null.")));
	return a;
}

static Touches
touches_of(const Journey *j, int direct)
{
	Touches t = {0};

	t.at = palloc(Max(j->n, 1) * sizeof(int64));
	t.direct = palloc(Max(j->n, 1) * sizeof(bool));
	t.channel = palloc(Max(j->n, 1) * sizeof(int));
	for (int i = 0; i < j->n; i++)
	{
		int channel = j->touches[i].channel;

		if (channel == TOUCH_NO_CHANNEL)
			continue;
		t.at[t.n] = j->touches[i].at;
		t.direct[t.n] = channel == direct;
		t.channel[t.n++] = channel;
	}
	return t;
}

/* How many touches are not later than an instant? */
static int
touches_until(const Touches *t, int64 at)
{
	int low = 0;
	int high = t->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (t->at[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static inline void
add(Total *total, double credit, const double *value)
{
	total->credit += credit;
	if (value == NULL || credit == 0)
		return;
	total->value += credit * *value;
	total->has_value = true;
}

/* Share a conversion among totals[code of a channel], or give it to `nobody`. */
static void
share(const AttributionArgs *args, const Touches *t, int64 at, const double *value, double *credit,
	  Total *totals, Total *nobody)
{
	int end = touches_until(t, at);
	int begin =
		args->lookback.unlimited ? 0 : touches_until(t, journey_reach_back(at, &args->lookback));

	if (begin >= end)
	{
		add(nobody, 1, value);
		return;
	}
	attribution_credits(&args->options, t->at + begin, t->direct + begin, end - begin, credit);
	for (int i = begin; i < end; i++)
		add(&totals[t->channel[i]], credit[i - begin], value);
}

static void
add_row(ResultRows *rows, AttributionRule rule, text *channel, const Total *total)
{
	ResultRow *row;

	if (total->credit == 0)
		return;
	row = result_row(rows);
	row->value[0] = PointerGetDatum(cstring_to_text(attribution_rule_name(rule)));
	row->value[1] = PointerGetDatum(channel);
	row->null[1] = channel == NULL;
	row->value[2] = Float8GetDatum(total->credit);
	row->value[3] = Float8GetDatum(total->value);
	row->null[3] = !total->has_value;
}

/* The rows of a rule: channels in the order of their bytes, then nobody. */
static void
rows_of_rule(ResultRows *rows, const AttributionArgs *args, const Journey *j, const Touches *t,
			 const Array *at, const Array *value)
{
	Total *totals = palloc0((j->names + 1) * sizeof(Total));
	double *credit = palloc(Max(t->n, 1) * sizeof(double));

	for (int i = 0; i < at->n; i++)
	{
		double v = 0;
		bool valued = value->n > 0 && !value->null[i];

		CHECK_FOR_INTERRUPTS();
		if (at->null[i])
			continue;
		if (valued)
			v = DatumGetFloat8(value->value[i]);
		share(args, t, DatumGetInt64(at->value[i]), valued ? &v : NULL, credit, totals,
			  &totals[j->names]);
	}
	for (int code = 0; code < j->names; code++)
		if (totals[code].credit != 0)
			add_row(rows, args->options.rule, journey_name_text(j, code), &totals[code]);
	add_row(rows, args->options.rule, NULL, &totals[j->names]);
	pfree(totals);
	pfree(credit);
}

static void
total_rows(FunctionCallInfo fcinfo, ResultRows *rows)
{
	AttributionArgs args = attribution_args(fcinfo, ARG_OPTIONS);
	Array at =
		array_arg(fcinfo, ARG_CONVERSION_AT, TIMESTAMPTZOID, sizeof(int64), true, TYPALIGN_DOUBLE);
	Array value = value_arg(fcinfo, at.n);
	Array rules = array_arg(fcinfo, ARG_RULES, TEXTOID, -1, false, TYPALIGN_INT);
	Journey j = {0};
	Touches t;

	if (!PG_ARGISNULL(ARG_JOURNEY))
		j = journey_arg(fcinfo, ARG_JOURNEY);
	t = touches_of(&j, attribution_direct_code(&args, &j));
	if (PG_ARGISNULL(ARG_RULES))
		rows_of_rule(rows, &args, &j, &t, &at, &value);
	for (int i = 0; i < rules.n; i++)
	{
		if (rules.null[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("rules of attribution must not be null")));
		args.options.rule = attribution_rule(DatumGetTextPP(rules.value[i]));
		rows_of_rule(rows, &args, &j, &t, &at, &value);
	}
}

/*
 * attribution_totals(journey_summary, conversion_at timestamptz[], conversion_value float8[], rules
 * text[], lookback interval, half_life interval, direct text, first_share float8, last_share
 * float8) -> set of (rule text, channel text, credit double precision, value double precision)
 *
 * The sums of attribution() over the conversions, by rule and channel, and of credit * value.  NULL
 * instants are ignored, a NULL value adds none; without a touch in the lookback, or any journey, a
 * conversion is nobody's (channel NULL).  ERROR if there aren't as many values as conversions.
 */
PG_FUNCTION_INFO_V1(attribution_totals);
Datum
attribution_totals(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, total_rows);
}
