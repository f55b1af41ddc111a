/*
 * health_band.c: red, yellow or green, with hysteresis, so that a score near an edge doesn't
 * flicker.
 */
#include "common/compat.h"

#include <math.h>

#include "utils/builtins.h"

#define LOWEST_HEALTH 1
#define HIGHEST_HEALTH 10
#define NO_BAND (-1)

static const char *const bands[] = {"red", "yellow", "green"};

static int
band_from_label(const char *label)
{
	for (int i = 0; i < (int) lengthof(bands); i++)
		if (pg_strcasecmp(label, bands[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown health band \"%s\"", label),
			 errdetail("The bands are red, yellow and green; NULL means that there was none.")));
	return NO_BAND; /* not reached */
}

static void
check_score(double score)
{
	if (!(score >= LOWEST_HEALTH && score <= HIGHEST_HEALTH))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("health score %g is not in the range 1..10", score),
						errhint("health_score() gives such scores.")));
}

static void
check_edges(double yellow_at, double green_at, double margin)
{
	if (yellow_at >= LOWEST_HEALTH && yellow_at <= green_at && green_at <= HIGHEST_HEALTH &&
		margin >= 0 && margin < HIGHEST_HEALTH)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid health bands: yellow at %g, green at %g, margin %g", yellow_at,
					green_at, margin),
			 errdetail("Edges rise within 1..10, and the margin is from 0 to less than 10.")));
}

/*
 * Is a score on the upper side of an edge, coming from a band above it (came_from > 0), from one
 * below it (< 0) or from none (0)?
 */
static bool
is_above(double score, double edge, double margin, int came_from)
{
	if (came_from > 0)
		return score >= edge - margin;
	if (came_from < 0)
		return score >= edge + margin;
	return score >= edge;
}

static int
side_of(int previous, int edge)
{
	if (previous == NO_BAND)
		return 0;
	return previous > edge ? 1 : -1;
}

/*
 * health_band(score, previous_band, yellow_at, green_at, margin) -> text
 *
 * 'red' below yellow_at, 'green' from green_at on, else 'yellow'.  With a previous band an edge is
 * crossed upwards at edge + margin and downwards below edge - margin.  NULL score: NULL.
 */
PG_FUNCTION_INFO_V1(health_band);
Datum
health_band(PG_FUNCTION_ARGS)
{
	double edges[2];
	double margin;
	double score;
	int previous = NO_BAND;
	int band = 0;

	for (int i = 2; i < 5; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	score = PG_GETARG_FLOAT8(0);
	edges[0] = PG_GETARG_FLOAT8(2);
	edges[1] = PG_GETARG_FLOAT8(3);
	margin = PG_GETARG_FLOAT8(4);
	check_score(score);
	check_edges(edges[0], edges[1], margin);
	if (!PG_ARGISNULL(1))
		previous = band_from_label(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	for (int i = 0; i < (int) lengthof(edges); i++)
		if (is_above(score, edges[i], margin, side_of(previous, i)))
			band = i + 1;
	PG_RETURN_TEXT_P(cstring_to_text(bands[band]));
}
