/*
 * journey_pattern.c: reads sequence patterns (see journey_pattern.h).
 *
 *   pattern := { '(' name { '|' name } ')'   an event of one of these names
 *              | '.'                         any event
 *              | '.*'                        any events, or none
 *              | '(?t' op interval ')' }     time between the events before and after it
 *   op      := '<' | '<=' | '>' | '>=' | '='
 *   name    := characters other than | ) "   or "in quotes, "" for one"
 *
 * Blanks between the parts mean nothing.
 */
#include "journey/journey_pattern.h"

#include "journey/journey_interval.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

typedef struct Reader
{
	const char *pattern;
	const char *at;
	const Journey *j;
	Pattern result;
	int capacity;
	PatternEvent next; /* what was read of the next event so far */
} Reader;

pg_noreturn static void
wrong(const Reader *r, const char *what)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("invalid journey pattern: \"%s\"", r->pattern),
		 errdetail("At character %d: %s", (int) (r->at - r->pattern) + 1, what),
		 errhint("A pattern looks like '(view)(?t<=1 hour)(cart).*(purchase|\"gift card\")'.")));
}

static void
end_event(Reader *r)
{
	if (r->result.n == r->capacity)
	{
		r->capacity *= 2;
		r->result.event = repalloc(r->result.event, r->capacity * sizeof(PatternEvent));
	}
	r->result.event[r->result.n++] = r->next;
	memset(&r->next, 0, sizeof(PatternEvent));
}

/* A name, quoted or not; the reader stands after it. */
static char *
read_name(Reader *r)
{
	StringInfoData name;
	bool quoted;

	initStringInfo(&name);
	quoted = *r->at == '"';
	if (quoted)
		r->at++;
	for (;; r->at++)
	{
		if (*r->at == '\0')
			wrong(r, quoted ? "A closing quote is missing." : "A closing parenthesis is missing.");
		if (quoted && *r->at == '"' && *++r->at != '"')
			break;
		if (!quoted && (*r->at == ')' || *r->at == '|'))
			break;
		appendStringInfoChar(&name, *r->at);
	}
	if (*r->at != ')' && *r->at != '|')
		wrong(r, "Expected ) or | after a name.");
	return name.data;
}

static void
read_event(Reader *r)
{
	r->next.is = palloc0(r->j->names + 1);
	do
	{
		char *name;
		int code;

		CHECK_FOR_INTERRUPTS();
		r->at++; /* ( or | */
		name = read_name(r);
		code = journey_code(r->j, name, strlen(name));
		if (code >= 0)
			r->next.is[code] = true;
	} while (*r->at == '|');
	r->at++;
	end_event(r);
}

static int64
read_length(Reader *r)
{
	const char *end = strchr(r->at, ')');
	Interval *interval;

	if (end == NULL)
		wrong(r, "A closing parenthesis is missing.");
	interval = DatumGetIntervalP(
		DirectFunctionCall3(interval_in, CStringGetDatum(pnstrdup(r->at, end - r->at)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (interval->month != 0)
		wrong(r, "A month has no fixed length: give days or less.");
	r->at = end + 1;
	return journey_window(interval, "the time of a pattern").usec;
}

static void
read_time(Reader *r)
{
	char op;
	bool strict = true;
	int64 length;

	if (r->result.n == 0)
		wrong(r, "There is no event before to count the time from.");
	r->at += strlen("(?t");
	op = *r->at;
	if (op != '<' && op != '>' && op != '=')
		wrong(r, "Expected <, <=, >, >= or =.");
	r->at++;
	if (*r->at == '=')
	{
		strict = false;
		r->at++;
	}
	length = read_length(r);
	if (op != '>' && (!r->next.has_at_most || length <= r->next.at_most))
	{
		r->next.below = (strict && op == '<') || (r->next.below && length == r->next.at_most);
		r->next.has_at_most = true;
		r->next.at_most = length;
	}
	if (op != '<' && (!r->next.has_at_least || length >= r->next.at_least))
	{
		r->next.above = (strict && op == '>') || (r->next.above && length == r->next.at_least);
		r->next.has_at_least = true;
		r->next.at_least = length;
	}
}

static void
read_part(Reader *r)
{
	if (strncmp(r->at, "(?t", 3) == 0)
		read_time(r);
	else if (*r->at == '(')
		read_event(r);
	else if (*r->at != '.')
		wrong(r, "Expected (, . or .*");
	else if (r->at[1] == '*')
	{
		r->next.later = true;
		r->at += 2;
	}
	else
	{
		r->next.any = true;
		end_event(r);
		r->at++;
	}
}

Pattern
journey_pattern(const text *pattern, const Journey *j)
{
	Reader r = {0};

	r.pattern = r.at = text_to_cstring(pattern);
	r.j = j;
	r.capacity = 8;
	r.result.event = palloc(r.capacity * sizeof(PatternEvent));
	for (;;)
	{
		while (*r.at == ' ' || *r.at == '\t' || *r.at == '\n')
			r.at++;
		if (*r.at == '\0')
			break;
		read_part(&r);
	}
	if (r.next.has_at_most || r.next.has_at_least)
		wrong(&r, "There is no event after to count the time to.");
	if (r.result.n == 0)
		wrong(&r, "It has no event.");
	return r.result;
}
