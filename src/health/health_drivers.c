/*
 * health_drivers.c: the measures of a health_summary as rows, and what each of them costs.
 *
 * With x the weighted mean of the scores, health = 1 + 9 x / 100, so
 *
 *   10 - health = sum over measures of 9 weight (100 - score) / (100 sum(weight))
 *
 * and the terms of that sum are the contributions: the points that a customer lacks to 10, told
 * apart by measure.  They add up to 10 - health but for rounding (1e-14).
 */
#include "health/health_summary.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* One measure and what it costs. */
typedef struct Driver
{
	const HealthMeasure *measure;
	double contribution;
} Driver;

static double
contribution_of(const HealthMeasure *m, const HealthReading *reading, double divisor)
{
	double lost = fmax(0, 100 * m->weight.high - m->weighted.high);

	if (reading->missing != HEALTH_RENORMALISE)
		lost += (100 - health_missing_score(reading->missing)) * m->missing_weight.high;
	return 9 * (lost / divisor) / 100;
}

/* Dearest first; then in the order of the summary, which is that of addresses. */
static int
compare_drivers(const void *a, const void *b)
{
	const Driver *d = (const Driver *) a;
	const Driver *e = (const Driver *) b;

	if (d->contribution != e->contribution)
		return d->contribution > e->contribution ? -1 : 1;
	return d->measure < e->measure ? -1 : 1;
}

/* The first two columns of a row about a measure: its name and its pillar. */
static void
name_columns(const HealthMeasure *m, TupleDesc columns, Datum *values, bool *nulls)
{
	nulls[0] = m->name_length < 0;
	if (!nulls[0])
		values[0] = PointerGetDatum(cstring_to_text_with_len(m->name, m->name_length));
	nulls[1] = m->pillar == PILLAR_NONE;
	if (!nulls[1])
		values[1] = pillar_datum(TupleDescAttr(columns, 1)->atttypid, (ClsPillar) m->pillar);
}

static void
put_driver(ReturnSetInfo *result, const Driver *d)
{
	Datum values[3] = {0};
	bool nulls[3] = {false};

	name_columns(d->measure, result->setDesc, values, nulls);
	values[2] = Float8GetDatum(d->contribution);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * health_drivers(health_summary, missing, min_coverage) -> set of (measure, pillar, contribution)
 *
 * How many points of the health score (1..10) each measure costs, dearest first; together
 * 10 - health_score() with the same options.  No rows where that score is NULL.
 */
PG_FUNCTION_INFO_V1(health_drivers);
Datum
health_drivers(PG_FUNCTION_ARGS)
{
	const HealthSummary *s = health_summary_arg(fcinfo, 0);
	HealthReading reading = health_reading_args(fcinfo, 1);
	HealthTotals totals = health_totals(s, &reading);
	const HealthMeasure *m = health_first(s);
	Driver *drivers = palloc(sizeof(Driver) * Max(s->count, 1));

	InitMaterializedSRF(fcinfo, 0);
	if (!health_is_known(&totals, &reading))
		return (Datum) 0;
	for (int i = 0; i < s->count; i++, m = health_next(m))
		drivers[i] = (Driver){m, contribution_of(m, &reading, totals.divisor)};
	qsort(drivers, s->count, sizeof(Driver), compare_drivers);
	for (int i = 0; i < s->count; i++)
		put_driver((ReturnSetInfo *) fcinfo->resultinfo, &drivers[i]);
	return (Datum) 0;
}

static void
put_measure(ReturnSetInfo *result, const HealthMeasure *m)
{
	Datum values[6] = {0};
	bool nulls[6] = {false};

	name_columns(m, result->setDesc, values, nulls);
	nulls[2] = m->weight.high <= 0;
	values[2] = Float8GetDatum(nulls[2] ? 0 : fmin(100, m->weighted.high / m->weight.high));
	values[3] = Float8GetDatum(exact_add(m->weight, m->missing_weight).high);
	values[4] = Int64GetDatum(m->readings);
	values[5] = Int64GetDatum(m->missing);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * health_measures(health_summary) -> set of (measure, pillar, score, weight, reading_count,
 * missing_count)
 *
 * What the summary holds, one row a measure by pillar and name.  The score is the weighted mean of
 * the readings, NULL without one; the weight counts the missing ones too.
 */
PG_FUNCTION_INFO_V1(health_measures);
Datum
health_measures(PG_FUNCTION_ARGS)
{
	const HealthSummary *s = health_summary_arg(fcinfo, 0);
	const HealthMeasure *m = health_first(s);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < s->count; i++, m = health_next(m))
		put_measure((ReturnSetInfo *) fcinfo->resultinfo, m);
	return (Datum) 0;
}
