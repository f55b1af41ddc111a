/*
 * churn_annualize.c: a rate of one length of time as a rate of another.
 *
 *   rate' = 1 - (1 - rate)^(to / from)
 */
#include "common/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The mean year of 365.25 days, as PostgreSQL's extract(epoch from interval '1 year') has it. */
#define DAYS_A_MONTH (365.25 / 12.0)

static void
rate_out_of_range(double rate)
{
	char shown[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(rate, shown);
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("invalid rate %s", shown),
					errdetail("A rate is a fraction from 0 to 1."), errhint("For 3 %% say 0.03.")));
}

static double
months_of(const Interval *i)
{
	double days = (double) i->day + (double) i->time / (double) USECS_PER_DAY;

	return (double) i->month + days / DAYS_A_MONTH;
}

/* A length in months; years, months, days and times may be mixed, but it must be positive. */
static double
positive_months(const Interval *i)
{
	double months = months_of(i);

	if (!(months > 0.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid length of time \"%s\"",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(i)))),
				 errdetail("The length over which a rate is measured is positive."),
				 errhint("For example: annualize_rate(0.03, '1 month', '1 year').")));
	return months;
}

static Datum
convert_rate(double rate, const Interval *from, const Interval *to)
{
	double ratio = positive_months(to) / positive_months(from);

	if (!(rate >= 0.0 && rate <= 1.0))
		rate_out_of_range(rate);
	/* 1 - (1 - rate)^ratio without losing the digits of a small rate */
	PG_RETURN_FLOAT8(rate == 1.0 ? 1.0 : -expm1(ratio * log1p(-rate)));
}

/*
 * annualize_rate(rate double precision, from_period interval, to_period interval)
 * -> double precision
 *
 * Months and years are exact multiples of each other; a month is 30.4375 days where days are
 * mixed in.  ERROR unless 0 <= rate <= 1 and both lengths are positive.
 */
PG_FUNCTION_INFO_V1(annualize_rate);
Datum
annualize_rate(PG_FUNCTION_ARGS)
{
	return convert_rate(PG_GETARG_FLOAT8(0), PG_GETARG_INTERVAL_P(1), PG_GETARG_INTERVAL_P(2));
}

/* 'month' as well as '1 month'. */
static Interval *
period_word(const text *given)
{
	char *word = text_to_cstring(given);
	static const char *const WORDS[][2] = {
		{"day", "1 day"},		 {"week", "7 days"},	 {"month", "1 month"},
		{"quarter", "3 months"}, {"year", "1 year"},	 {"daily", "1 day"},
		{"weekly", "7 days"},	 {"monthly", "1 month"}, {"quarterly", "3 months"},
		{"yearly", "1 year"},	 {"annual", "1 year"}};

	for (int i = 0; i < (int) lengthof(WORDS); i++)
		if (pg_strcasecmp(word, WORDS[i][0]) == 0)
			word = unconstify(char *, WORDS[i][1]);
	return DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(word),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* annualize_rate(rate, from_period text, to_period text): 'month', 'year' or any interval. */
PG_FUNCTION_INFO_V1(text_annualize_rate);
Datum
text_annualize_rate(PG_FUNCTION_ARGS)
{
	return convert_rate(PG_GETARG_FLOAT8(0), period_word(PG_GETARG_TEXT_PP(1)),
						period_word(PG_GETARG_TEXT_PP(2)));
}
