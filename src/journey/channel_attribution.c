/*
 * channel_attribution.c: markov_attribution() and shapley_attribution() of a path_summary.
 */
#include "common/compat.h"

#include "journey/markov_chain.h"
#include "journey/path_summary.h"
#include "journey/result_rows.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* A matrix of 500 x 500 is inverted in a fraction of a second. */
#define MAX_CHANNELS 500

/* The channels of all paths, sorted by bytes, and how many journeys had none. */
typedef struct Channels
{
	int n;
	const char **name;
	double conversions; /* of all paths */
	double of_nobody;	/* conversions without a channel */
} Channels;

/* The channel of a name, or -1; then *place is where it belongs. */
static int
find_channel(const Channels *c, const char *name, int *place)
{
	int low = 0;
	int high = c->n;

	*place = 0;
	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = strcmp(c->name[middle], name);

		*place = middle;
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*place = low;
	return -1;
}

static void
add_channel(Channels *c, const char *name)
{
	int place;

	if (find_channel(c, name, &place) >= 0)
		return;
	if (c->n == MAX_CHANNELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many channels: more than %d", MAX_CHANNELS),
				 errdetail("The paths of one attribution have at most %d channels.", MAX_CHANNELS),
				 errhint("Put small channels together, for example campaigns by medium.")));
	memmove(&c->name[place + 1], &c->name[place], (c->n - place) * sizeof(char *));
	c->name[place] = name;
	c->n++;
}

static Channels
channels_of(const PathCount *paths, int n)
{
	Channels c = {0};

	c.name = palloc((MAX_CHANNELS + 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int32 at = 0; at < paths[i].length; at += strlen(paths[i].channels + at) + 1)
			add_channel(&c, paths[i].channels + at);
		c.conversions += paths[i].conversions;
		if (paths[i].length == 0)
			c.of_nobody += paths[i].conversions;
	}
	return c;
}

/* Conversions without any channel have a row of their own, so that all credits are all conversions. */
static void
add_nobody(ResultRows *rows, const Channels *c, int column)
{
	ResultRow *row;

	if (c->of_nobody == 0)
		return;
	row = result_row(rows);
	row->null[0] = true;
	row->null[1] = true;
	row->null[column] = false;
	row->value[column] = Float8GetDatum(c->of_nobody);
}

/* ---- Markov ---- */

/* The counts of a chain; see markov_chain.h. */
typedef struct Chain
{
	double starts;
	double *from_start;
	double *between;
	double *to_conversion;
	double *leaving;
} Chain;

static void
count_path(Chain *chain, const Channels *c, const PathCount *p)
{
	double journeys = (double) p->conversions + (double) p->nulls;
	int previous = -1;

	for (int32 at = 0; at < p->length; at += strlen(p->channels + at) + 1)
	{
		int place;
		int channel = find_channel(c, p->channels + at, &place);

		if (previous < 0)
			chain->from_start[channel] += journeys;
		else
			chain->between[previous * c->n + channel] += journeys;
		chain->leaving[channel] += journeys;
		previous = channel;
	}
	if (previous < 0)
		return;
	chain->starts += journeys;
	chain->to_conversion[previous] += (double) p->conversions;
}

static Chain
chain_of(const Channels *c, const PathCount *paths, int n)
{
	Chain chain = {0};

	chain.from_start = palloc0(c->n * sizeof(double));
	chain.between = palloc0((Size) c->n * c->n * sizeof(double));
	chain.to_conversion = palloc0(c->n * sizeof(double));
	chain.leaving = palloc0(c->n * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (paths[i].conversions + (double) paths[i].nulls > 0)
			count_path(&chain, c, &paths[i]);
	}
	return chain;
}

static void
markov_rows(FunctionCallInfo fcinfo, ResultRows *rows)
{
	int n;
	PathCount *paths = path_summary_arg(fcinfo, 0, &n);
	Channels c = channels_of(paths, n);
	Chain chain = chain_of(&c, paths, n);
	double *effect = palloc0((c.n + 1) * sizeof(double));
	double *work = palloc(((Size) c.n * c.n + 1) * sizeof(double));
	double sum = 0;

	if (c.n > 0)
		markov_removal_effects(c.n, chain.from_start, chain.starts, chain.between,
							   chain.to_conversion, chain.leaving, work, effect);
	for (int i = 0; i < c.n; i++)
		sum += effect[i];
	for (int i = 0; i < c.n; i++)
	{
		ResultRow *row = result_row(rows);

		row->value[0] = CStringGetTextDatum(c.name[i]);
		row->null[1] = sum == 0;
		row->value[1] = Float8GetDatum(effect[i]);
		row->value[2] =
			Float8GetDatum(sum > 0 ? (c.conversions - c.of_nobody) * effect[i] / sum : 0);
	}
	add_nobody(rows, &c, 2);
}

/*
 * markov_attribution(path_summary) -> set of (channel text, removal_effect double precision, credit
 * double precision)
 *
 * Credits are in proportion to the removal effects; together they are all conversions.  Without
 * conversions credits are 0 and effects NULL.
 */
PG_FUNCTION_INFO_V1(markov_attribution);
Datum
markov_attribution(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, markov_rows);
}

/* ---- Shapley ---- */

/*
 * With v(S), the worth of a set of channels, the conversions of the paths that use no other
 * channels, the game is a sum of one unanimity game for each path, in which its channels share
 * equally.  So the Shapley value needs no sum over coalitions.
 */
static void
share_path(double *credit, const Channels *c, const PathCount *p, bool *seen)
{
	int channels[MAX_CHANNELS];
	int n = 0;

	for (int32 at = 0; at < p->length; at += strlen(p->channels + at) + 1)
	{
		int place;
		int channel = find_channel(c, p->channels + at, &place);

		if (seen[channel])
			continue;
		seen[channel] = true;
		channels[n++] = channel;
	}
	for (int i = 0; i < n; i++)
	{
		credit[channels[i]] += (double) p->conversions / n;
		seen[channels[i]] = false;
	}
}

static void
shapley_rows(FunctionCallInfo fcinfo, ResultRows *rows)
{
	int n;
	PathCount *paths = path_summary_arg(fcinfo, 0, &n);
	Channels c = channels_of(paths, n);
	double *credit = palloc0((c.n + 1) * sizeof(double));
	bool *seen = palloc0(c.n + 1);

	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		share_path(credit, &c, &paths[i], seen);
	}
	for (int i = 0; i < c.n; i++)
	{
		ResultRow *row = result_row(rows);

		row->value[0] = CStringGetTextDatum(c.name[i]);
		row->value[1] = Float8GetDatum(credit[i]);
	}
	add_nobody(rows, &c, 1);
}

/*
 * shapley_attribution(path_summary) -> set of (channel text, credit double precision)
 *
 * The Shapley value of each channel; together they are all conversions.
 */
PG_FUNCTION_INFO_V1(shapley_attribution);
Datum
shapley_attribution(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, shapley_rows);
}
