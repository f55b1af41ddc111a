/*
 * journey_name.c: the name of an event or channel out of a value of any type (see journey_name.h).
 *
 * A log of smallint or enum events has a dozen distinct values in millions of rows: their text is
 * kept.
 */
#include "journey/journey_name.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define SLOTS 64

typedef struct KnownName
{
	bool used;
	Datum value;
	JourneyName name;
} KnownName;

typedef struct NameSource
{
	Oid type;
	bool by_value;
	FmgrInfo output;
	KnownName known[SLOTS]; /* by hash of the value; the latest of each slot */
} NameSource;

/* Arguments 2 and 3 of a call: the event and the channel. */
#define FIRST_NAME 2
#define NAMES 2

static NameSource *
name_source(FunctionCallInfo fcinfo, int i)
{
	NameSource **sources = fcinfo->flinfo->fn_extra;
	NameSource *source;
	Oid output;
	bool is_varlena;

	if (sources == NULL)
	{
		sources = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, NAMES * sizeof(NameSource *));
		fcinfo->flinfo->fn_extra = sources;
	}
	source = sources[i - FIRST_NAME];
	if (likely(source != NULL))
		return source;
	source = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(NameSource));
	source->type = get_fn_expr_argtype(fcinfo->flinfo, i);
	if (!OidIsValid(source->type))
		ereport(ERROR, (errcode(ERRCODE_INDETERMINATE_DATATYPE),
						errmsg("could not determine the type of events or channels"),
						errhint("Cast them to text.")));
	source->by_value = get_typbyval(source->type);
	getTypeOutputInfo(source->type, &output, &is_varlena);
	fmgr_info_cxt(output, &source->output, fcinfo->flinfo->fn_mcxt);
	sources[i - FIRST_NAME] = source;
	return source;
}

static JourneyName
name_of_cstring(char *s)
{
	JourneyName name = {s, strlen(s)};

	return name;
}

static JourneyName
known_name(FunctionCallInfo fcinfo, NameSource *source, Datum value)
{
	KnownName *known = &source->known[murmurhash32((uint32) value) % SLOTS];
	char *s;

	if (likely(known->used && known->value == value))
		return known->name;
	s = OutputFunctionCall(&source->output, value);
	if (known->used)
		pfree((char *) known->name.bytes);
	known->used = false;
	known->name = name_of_cstring(MemoryContextStrdup(fcinfo->flinfo->fn_mcxt, s));
	known->value = value;
	known->used = true;
	return known->name;
}

JourneyName
journey_name_arg(FunctionCallInfo fcinfo, int i, bool is_text)
{
	NameSource *source;

	if (is_text)
	{
		text *t = PG_GETARG_TEXT_PP(i);
		JourneyName name = {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};

		return name;
	}
	source = name_source(fcinfo, i);
	if (source->by_value)
		return known_name(fcinfo, source, PG_GETARG_DATUM(i));
	return name_of_cstring(OutputFunctionCall(&source->output, PG_GETARG_DATUM(i)));
}
