/*
 * health_score.c: the score that a health_summary comes to, its coverage, and a pillar's score.
 *
 *   x = sum(weight x score) / sum(weight), 0..100;  health = 1 + 9 x / 100, 1..10
 *
 * A measure without a score either leaves its weight to the others (renormalise), or counts as 0
 * or as 50.
 */
#include "health/health_summary.h"

#include "common/float8_or_null.h"
#include "utils/builtins.h"

/* Weights such as .7 against .4 + .3 are halves, whatever their rounding says. */
#define COVERAGE_ROUNDING 1e-12
#define SCORE_ROUNDING 1e-12

static HealthMissing
missing_from_label(const char *label)
{
	if (pg_strcasecmp(label, "renormalise") == 0 || pg_strcasecmp(label, "renormalize") == 0)
		return HEALTH_RENORMALISE;
	if (pg_strcasecmp(label, "zero") == 0)
		return HEALTH_ZERO;
	if (pg_strcasecmp(label, "neutral") == 0)
		return HEALTH_NEUTRAL;
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("unknown way \"%s\" to treat missing measures", label),
		 errdetail("The ways are renormalise (the other measures take its weight), zero (counts "
				   "as 0 of 100) and neutral (counts as 50 of 100).")));
	return HEALTH_RENORMALISE; /* not reached */
}

HealthReading
health_reading_args(FunctionCallInfo fcinfo, int i)
{
	HealthReading reading = {HEALTH_RENORMALISE, 0, PILLAR_NONE};

	reading.missing = missing_from_label(text_to_cstring(PG_GETARG_TEXT_PP(i)));
	reading.min_coverage = PG_GETARG_FLOAT8(i + 1);
	if (!(reading.min_coverage >= 0 && reading.min_coverage <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("min_coverage %g is not in the range 0..1", reading.min_coverage),
						errdetail("Coverage is the share of the weight that has a score.")));
	return reading;
}

double
health_missing_score(HealthMissing missing)
{
	return missing == HEALTH_NEUTRAL ? 50 : 0;
}

HealthTotals
health_totals(const HealthSummary *s, const HealthReading *reading)
{
	ExactSum known = {0, 0};
	ExactSum weighted = {0, 0};
	ExactSum missing = {0, 0};
	const HealthMeasure *m = health_first(s);
	HealthTotals t;

	for (int i = 0; i < s->count; i++, m = health_next(m))
	{
		if (reading->pillar != PILLAR_NONE && reading->pillar != (ClsPillar) m->pillar)
			continue;
		known = exact_add(known, m->weight);
		weighted = exact_add(weighted, m->weighted);
		missing = exact_add(missing, m->missing_weight);
	}
	t.known = known.high;
	t.missing = missing.high;
	known = reading->missing == HEALTH_RENORMALISE ? known : exact_add(known, missing);
	t.divisor = known.high;
	t.coverage = t.known / exact_add(exact_from_double(t.known), missing).high;
	t.score = (weighted.high + health_missing_score(reading->missing) * t.missing) / t.divisor;
	/* rounding may leave the scale by an ulp */
	t.score = t.score > 100 ? 100 : t.score;
	return t;
}

bool
health_is_known(const HealthTotals *totals, const HealthReading *reading)
{
	return totals->divisor > 0 && totals->coverage >= reading->min_coverage - COVERAGE_ROUNDING;
}

/*
 * 0..100 on 1..10.  Thirds that add up to 7 miss it by an ulp, and so the edge of a band: a score
 * that is a whole hundredth but for rounding is that hundredth.
 */
static double
on_ten(double score)
{
	double health = 1 + 9 * score / 100;
	double hundredth = rint(health * 100) / 100;

	return fabs(health - hundredth) < SCORE_ROUNDING ? hundredth : health;
}

static Datum
score_datum(FunctionCallInfo fcinfo, const HealthSummary *s, const HealthReading *reading)
{
	HealthTotals t = health_totals(s, reading);

	if (!health_is_known(&t, reading))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(on_ten(t.score));
}

/*
 * health_score(health_summary, missing, min_coverage) -> double precision
 *
 * 1 (bad) to 10 (good); NULL where less than min_coverage of the weight has a score, or where there
 * is no weight at all.
 */
PG_FUNCTION_INFO_V1(health_score);
Datum
health_score(PG_FUNCTION_ARGS)
{
	HealthReading reading = health_reading_args(fcinfo, 1);

	return score_datum(fcinfo, health_summary_arg(fcinfo, 0), &reading);
}

/* health_summary_score(health_summary): health_score() with its defaults, as a final function. */
PG_FUNCTION_INFO_V1(health_summary_score);
Datum
health_summary_score(PG_FUNCTION_ARGS)
{
	HealthReading reading = {HEALTH_RENORMALISE, 0.5, PILLAR_NONE};

	return score_datum(fcinfo, health_summary_arg(fcinfo, 0), &reading);
}

/* pillar_score(health_summary, pillar, missing, min_coverage): health_score() of one pillar. */
PG_FUNCTION_INFO_V1(pillar_score);
Datum
pillar_score(PG_FUNCTION_ARGS)
{
	HealthReading reading = health_reading_args(fcinfo, 2);

	reading.pillar = pillar_arg(fcinfo, 1);
	return score_datum(fcinfo, health_summary_arg(fcinfo, 0), &reading);
}

/* health_coverage(health_summary) -> share of the weight that has a score, 0..1; NULL: no weight */
PG_FUNCTION_INFO_V1(health_coverage);
Datum
health_coverage(PG_FUNCTION_ARGS)
{
	HealthReading reading = {HEALTH_RENORMALISE, 0, PILLAR_NONE};
	HealthTotals t = health_totals(health_summary_arg(fcinfo, 0), &reading);

	return float8_or_null(fcinfo, t.coverage);
}
