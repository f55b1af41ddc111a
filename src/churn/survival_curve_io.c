/*
 * survival_curve_io.c: text, wire format and equality of survival_curve.
 *
 * Both forms list the distinct durations, lowest first, and for each how many left, were last seen
 * and came under observation there.
 */
#include "churn/survival_curve.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

static const char TYPE_NAME[] = "survival_curve";
static const char EXAMPLE[] = "{\"unit\": \"number\", \"durations\": [6, 7], \"events\": [3, 1], "
							  "\"censored\": [1, 0], \"entered\": [0, 0]}";

/* One duration, as both forms write it. */
typedef struct SurvivalLine
{
	double duration;
	double events;
	double censored;
	double entered;
} SurvivalLine;

/* ---- between lines and cells ---- */

/* The line that begins at cell *i; *i moves on to the next one. */
static SurvivalLine
read_line(const SurvivalCurve *s, uint32 *i)
{
	SurvivalLine line = {survival_key_duration(s->cells[*i].key), 0, 0, 0};

	CHECK_FOR_INTERRUPTS();
	for (; *i < s->used && survival_key_duration(s->cells[*i].key) == line.duration; (*i)++)
	{
		const SurvivalCell *cell = &s->cells[*i];

		if (survival_cell_is_event(cell))
			line.events = cell->weight;
		else if (survival_cell_is_entry(cell))
			line.entered = -cell->weight;
		else
			line.censored = cell->weight;
	}
	return line;
}

static uint32
count_lines(const SurvivalCurve *s)
{
	uint32 lines = 0;

	for (uint32 i = 0; i < s->used; lines++)
		read_line(s, &i);
	return lines;
}

static void
append_cell(SurvivalCurve *s, double duration, bool event, double weight)
{
	if (weight != 0)
		s->cells[s->used++] = (SurvivalCell){survival_key(duration, event), weight};
}

static SurvivalCurve *
append_line(SurvivalCurve *s, const SurvivalLine *line)
{
	uint32 capacity = survival_capacity(s);

	CHECK_FOR_INTERRUPTS();
	if (s->used + 3 > capacity)
	{
		survival_check_cells((uint64) s->used + 3);
		s = survival_with_capacity(s, Min(capacity * 2 + 3, SURVIVAL_MAX_CELLS));
	}
	append_cell(s, line->duration, true, line->events);
	append_cell(s, line->duration, false, line->censored);
	append_cell(s, line->duration, false, -line->entered);
	s->sorted = s->used;
	return s;
}

/* ---- checks ---- */

static bool
weight_is_valid(double weight)
{
	return weight >= 0 && weight < INFINITY;
}

/* What is wrong with a line that follows another; NULL if nothing. */
static const char *
line_problem(const SurvivalLine *line, double previous)
{
	if (!(line->duration >= 0 && line->duration < INFINITY))
		return "A duration is not a finite number from 0 on.";
	if (line->duration <= previous)
		return "The durations are not in increasing order.";
	if (!weight_is_valid(line->events) || !weight_is_valid(line->censored) ||
		!weight_is_valid(line->entered))
		return "A number of customers is not a finite number from 0 on.";
	if (line->entered > 0 && line->duration == 0)
		return "Nobody can enter late at duration 0.";
	return NULL;
}

/* Nobody may leave or be last seen who isn't there.  Weights that aren't whole have rounding. */
static const char *
balance_problem(const SurvivalCurve *s)
{
	CompensatedSum after = {0, 0};
	double largest = 0;

	for (uint32 i = s->used; i-- > 0;)
	{
		compensated_add(&after, s->cells[i].weight);
		largest = Max(largest, fabs(s->cells[i].weight));
		largest = Max(largest, compensated_value(&after));
		if (survival_cell_is_entry(&s->cells[i]) && compensated_value(&after) < -1e-9 * largest)
			return "More customers enter than leave or are last seen later.";
	}
	return largest < 1e300 ? NULL : "The numbers of customers are too large.";
}

/* ---- text ---- */

SurvivalUnit
survival_text_unit(const SummaryText *t)
{
	char *name = summary_text_string(t, "unit");

	for (int unit = 0; unit < SURVIVAL_UNITS; unit++)
		if (strcmp(name, survival_unit_names[unit]) == 0)
			return unit;
	summary_text_invalid(t, "\"unit\" is neither \"number\" nor \"day\".");
}

static Jsonb *
text_column(const SummaryText *t, const char *field, uint32 lines)
{
	Jsonb *column = summary_text_array(t, field, SURVIVAL_MAX_CELLS);

	if (JB_ROOT_COUNT(column) != lines)
		summary_text_invalid(t, "\"%s\" has %u elements; there are %u durations.", field,
							 JB_ROOT_COUNT(column), lines);
	return column;
}

/*
 * Text input: {"unit": "number" or "day", "durations": [...], "events": [...], "censored": [...],
 * "entered": [...]}
 */
PG_FUNCTION_INFO_V1(survival_curve_in);
Datum
survival_curve_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 5);
	SurvivalUnit unit = survival_text_unit(&t);
	Jsonb *durations = summary_text_array(&t, "durations", SURVIVAL_MAX_CELLS);
	uint32 lines = JB_ROOT_COUNT(durations);
	Jsonb *events = text_column(&t, "events", lines);
	Jsonb *censored = text_column(&t, "censored", lines);
	Jsonb *entered = text_column(&t, "entered", lines);
	SurvivalCurve *s = survival_new(unit, Min(lines * 2, SURVIVAL_MAX_CELLS));
	double previous = -1;
	const char *problem;

	for (uint32 i = 0; i < lines; i++)
	{
		SurvivalLine line;

		line.duration = summary_text_element_double(&t, "durations", durations, i) + 0.0;
		line.events = summary_text_element_double(&t, "events", events, i);
		line.censored = summary_text_element_double(&t, "censored", censored, i);
		line.entered = summary_text_element_double(&t, "entered", entered, i);
		if ((problem = line_problem(&line, previous)) != NULL)
			summary_text_invalid(&t, "%s", problem);
		previous = line.duration;
		s = append_line(s, &line);
	}
	if ((problem = balance_problem(s)) != NULL)
		summary_text_invalid(&t, "%s", problem);
	PG_RETURN_POINTER(survival_canonical(s));
}

static void
append_column(StringInfo out, const char *name, const SurvivalCurve *s, size_t member)
{
	bool first = true;

	appendStringInfo(out, ", \"%s\": [", name);
	for (uint32 i = 0; i < s->used;)
	{
		SurvivalLine line = read_line(s, &i);

		if (!first)
			appendStringInfoString(out, ", ");
		/* cppcheck-suppress invalidPointerCast ; member is the offset of a double of the line */
		summary_text_append_double(out, *(double *) ((char *) &line + member));
		first = false;
	}
	appendStringInfoChar(out, ']');
}

PG_FUNCTION_INFO_V1(survival_curve_out);
Datum
survival_curve_out(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"unit\": \"%s\"", survival_unit_names[s->unit]);
	append_column(&out, "durations", s, offsetof(SurvivalLine, duration));
	append_column(&out, "events", s, offsetof(SurvivalLine, events));
	append_column(&out, "censored", s, offsetof(SurvivalLine, censored));
	append_column(&out, "entered", s, offsetof(SurvivalLine, entered));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* ---- wire ---- */

/* Version (1 byte), unit (1), number of lines (4), and four doubles a line. */
PG_FUNCTION_INFO_V1(survival_curve_recv);
Datum
survival_curve_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	SurvivalUnit unit;
	uint32 lines;
	SurvivalCurve *s;
	double previous = -1;
	const char *problem;

	summary_wire_version(buf, TYPE_NAME, SURVIVAL_CURVE_VERSION);
	unit = pq_getmsgbyte(buf);
	lines = pq_getmsgint(buf, 4);
	if ((int) unit >= SURVIVAL_UNITS)
		summary_wire_invalid(TYPE_NAME, "The unit has the code %d.", (int) unit);
	if (lines > (uint32) (buf->len - buf->cursor) / sizeof(SurvivalLine))
		summary_wire_invalid(TYPE_NAME, "It ends before its %u durations do.", lines);
	s = survival_new(unit, Min(lines * 2, SURVIVAL_MAX_CELLS));
	for (uint32 i = 0; i < lines; i++)
	{
		SurvivalLine line;

		line.duration = pq_getmsgfloat8(buf) + 0.0;
		line.events = pq_getmsgfloat8(buf);
		line.censored = pq_getmsgfloat8(buf);
		line.entered = pq_getmsgfloat8(buf);
		if ((problem = line_problem(&line, previous)) != NULL)
			summary_wire_invalid(TYPE_NAME, "%s", problem);
		previous = line.duration;
		s = append_line(s, &line);
	}
	if ((problem = balance_problem(s)) != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", problem);
	PG_RETURN_POINTER(survival_canonical(s));
}

PG_FUNCTION_INFO_V1(survival_curve_send);
Datum
survival_curve_send(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendbyte(&buf, s->unit);
	pq_sendint32(&buf, count_lines(s));
	for (uint32 i = 0; i < s->used;)
	{
		SurvivalLine line = read_line(s, &i);

		pq_sendfloat8(&buf, line.duration);
		pq_sendfloat8(&buf, line.events);
		pq_sendfloat8(&buf, line.censored);
		pq_sendfloat8(&buf, line.entered);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality: canonical values are equal if their bytes are ---- */

static bool
same_curve(const SurvivalCurve *a, const SurvivalCurve *b)
{
	return VARSIZE(a) == VARSIZE(b) && a->unit == b->unit &&
		   memcmp(a->cells, b->cells, a->used * sizeof(SurvivalCell)) == 0;
}

SUMMARY_EQUAL(survival_curve, survival_arg, same_curve);

PG_FUNCTION_INFO_V1(survival_curve_hash);
Datum
survival_curve_hash(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *s = survival_arg(fcinfo, 0);
	uint32 hash = hash_bytes((const unsigned char *) s->cells, s->used * sizeof(SurvivalCell));

	PG_RETURN_UINT32(hash_combine(hash, s->unit));
}
