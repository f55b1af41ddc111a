/*
 * stage_vocabulary.c: what others call the stages.
 *
 * One table holds all vocabularies; to_stage(), stage_label(), stage_rollup() and
 * stage_vocabularies() read it.
 */
#include "stage/stage_rows.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/* How much of a wrong value an error message shows, in bytes. */
#define MAX_SHOWN 100

typedef struct StageWord
{
	const char *vocabulary;
	const char *label;
	LifecycleStage stage; /* which it means exactly; STAGE_NONE: none of ours */
	int covers;			  /* further stages that a chart in this vocabulary shows under it */
} StageWord;

#define ALSO(stage) (1 << STAGE_##stage)

/*
 * The words of a vocabulary stand together, in its own order.  Where a stage has several words, the
 * first one is its label.  Whoever reads a new vocabulary adds its lines here and nothing else; a
 * house's own words belong into its ledger (stage_alias).
 */
static const StageWord WORDS[] = {
	/* customer lifecycle stages: five, as marketing teaches them */
	{"cls", "reach", STAGE_AWARENESS, 0},
	{"cls", "acquisition", STAGE_ACQUISITION, 0},
	{"cls", "conversion", STAGE_CONVERSION, ALSO(ONBOARDING)},
	{"cls", "retention", STAGE_RETENTION, ALSO(ENGAGEMENT)},
	{"cls", "advocacy", STAGE_ADVOCACY, 0},

	/* customer lifecycle management */
	{"clm", "awareness", STAGE_AWARENESS, 0},
	{"clm", "acquisition", STAGE_ACQUISITION, ALSO(CONVERSION)},
	{"clm", "onboarding", STAGE_ONBOARDING, 0},
	{"clm", "development", STAGE_ENGAGEMENT, 0},
	{"clm", "retention", STAGE_RETENTION, 0},
	{"clm", "advocacy", STAGE_ADVOCACY, 0},

	/* the same with an eye on sustainability: starts with the customer, ends with the loss */
	{"clm_sustainability", "acquisition", STAGE_ACQUISITION, ALSO(AWARENESS) | ALSO(CONVERSION)},
	{"clm_sustainability", "onboarding", STAGE_ONBOARDING, 0},
	{"clm_sustainability", "engagement", STAGE_ENGAGEMENT, 0},
	{"clm_sustainability", "retention", STAGE_RETENTION, 0},
	{"clm_sustainability", "advocacy", STAGE_ADVOCACY, 0},
	{"clm_sustainability", "churn", STAGE_CHURNED, 0},

	/* the customer experience journey */
	{"cx", "awareness", STAGE_AWARENESS, 0},
	{"cx", "consideration", STAGE_ACQUISITION, 0},
	{"cx", "purchase", STAGE_CONVERSION, 0},
	{"cx", "post-purchase", STAGE_ENGAGEMENT, ALSO(ONBOARDING) | ALSO(RETENTION)},
	{"cx", "advocacy", STAGE_ADVOCACY, 0},

	/* the lifecycle stage property of a contact in HubSpot, by its internal names */
	{"hubspot", "subscriber", STAGE_AWARENESS, 0},
	{"hubspot", "lead", STAGE_ACQUISITION, 0},
	{"hubspot", "marketingqualifiedlead", STAGE_ACQUISITION, 0},
	{"hubspot", "salesqualifiedlead", STAGE_ACQUISITION, 0},
	{"hubspot", "opportunity", STAGE_ACQUISITION, 0},
	{"hubspot", "customer", STAGE_CONVERSION,
	 ALSO(ONBOARDING) | ALSO(ENGAGEMENT) | ALSO(RETENTION)},
	{"hubspot", "evangelist", STAGE_ADVOCACY, 0},
	{"hubspot", "other", STAGE_NONE, 0},

	/* McClure's pirate metrics */
	{"aarrr", "acquisition", STAGE_ACQUISITION, ALSO(AWARENESS)},
	{"aarrr", "activation", STAGE_ONBOARDING, ALSO(ENGAGEMENT)},
	{"aarrr", "retention", STAGE_RETENTION, 0},
	{"aarrr", "referral", STAGE_ADVOCACY, 0},
	{"aarrr", "revenue", STAGE_CONVERSION, 0},
};

#define WORD_COUNT ((int) lengthof(WORDS))

/* ---- names, whatever their case and separators ---- */

/*
 * How many bytes at p, if any, are a separator?  Blanks and what joins words: _ - . / and, in
 * UTF-8, the no-break space and the hyphens and dashes U+2010 to U+2015.
 */
static int
separator_length(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *) p;

	if (strchr(" \t\r\n\f\v_-./", *p) != NULL)
		return 1;
	if (GetDatabaseEncoding() != PG_UTF8)
		return 0;
	if (end - p >= 2 && u[0] == 0xC2 && u[1] == 0xA0)
		return 2;
	if (end - p >= 3 && u[0] == 0xE2 && u[1] == 0x80 && u[2] >= 0x90 && u[2] <= 0x95)
		return 3;
	return 0;
}

static const char *
skip_separators(const char *p, const char *end)
{
	int length;

	while (p < end && (length = separator_length(p, end)) > 0)
		p += length;
	return p;
}

/* Are the two the same word, but for (ASCII) case and separators? */
static bool
same_word(const text *given, const char *word)
{
	const char *p = VARDATA_ANY(given);
	const char *end = p + VARSIZE_ANY_EXHDR(given);
	const char *word_end = word + strlen(word);

	for (;;)
	{
		p = skip_separators(p, end);
		word = skip_separators(word, word_end);
		if (p == end || word == word_end)
			return p == end && word == word_end;
		if (pg_ascii_tolower((unsigned char) *p++) != (unsigned char) *word++)
			return false;
	}
}

/* A hyphen, en dash or em dash alone, which tables print where there is no word. */
static bool
is_dash(const text *given)
{
	static const char *const DASHES[] = {"-", "\xE2\x80\x93", "\xE2\x80\x94"};

	for (int i = 0; i < (int) lengthof(DASHES); i++)
		if (VARSIZE_ANY_EXHDR(given) == strlen(DASHES[i]) &&
			memcmp(VARDATA_ANY(given), DASHES[i], strlen(DASHES[i])) == 0)
			return true;
	return false;
}

/* ---- the table ---- */

/* Consecutive words of the table: those of one vocabulary. */
typedef struct Vocabulary
{
	const StageWord *words;
	int n;
} Vocabulary;

/* The vocabulary whose words start at WORDS[i]. */
static Vocabulary
vocabulary_at(int i)
{
	Vocabulary v = {&WORDS[i], 1};

	while (i + v.n < WORD_COUNT && strcmp(v.words[v.n].vocabulary, v.words->vocabulary) == 0)
		v.n++;
	return v;
}

static char *
shown(const text *given)
{
	const char *p = VARDATA_ANY(given);

	return pnstrdup(p, pg_mbcliplen(p, VARSIZE_ANY_EXHDR(given), MAX_SHOWN));
}

static void
unknown_vocabulary(const text *given)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < WORD_COUNT; i += vocabulary_at(i).n)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", WORDS[i].vocabulary);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown stage vocabulary \"%s\"", shown(given)),
					errdetail("The vocabularies are %s.", list.data),
					errhint("SELECT * FROM stage_vocabularies() shows all of their labels.")));
}

static void
unknown_label(const text *given, Vocabulary v)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < v.n; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", v.words[i].label);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown label \"%s\" in stage vocabulary \"%s\"", shown(given),
						   v.words->vocabulary),
					errdetail("Its labels are %s.", list.data),
					errhint("Case, blanks, hyphens and underscores do not matter. Map words of "
							"your own with a table or CASE.")));
}

/* The vocabulary of this name; an ERROR if there is none. */
static Vocabulary
find_vocabulary(const text *name)
{
	Vocabulary v;

	for (int i = 0; i < WORD_COUNT; i += v.n)
	{
		v = vocabulary_at(i);
		if (same_word(name, v.words->vocabulary))
			return v;
	}
	unknown_vocabulary(name);
	pg_unreachable();
}

/*
 * to_stage(vocabulary text, label text) -> lifecycle_stage
 *
 * The stage that a label of a vocabulary means exactly; NULL for a label that means none of ours
 * (HubSpot's "other", a dash).  Case and separators don't matter.  ERROR (22023) for an unknown
 * vocabulary or label.
 */
PG_FUNCTION_INFO_V1(to_stage);
Datum
to_stage(PG_FUNCTION_ARGS)
{
	Vocabulary v = find_vocabulary(PG_GETARG_TEXT_PP(0));
	const text *label = PG_GETARG_TEXT_PP(1);

	for (int i = 0; i < v.n; i++)
	{
		if (!same_word(label, v.words[i].label))
			continue;
		if (v.words[i].stage == STAGE_NONE)
			PG_RETURN_NULL();
		PG_RETURN_STAGE(v.words[i].stage);
	}
	if (!is_dash(label))
		unknown_label(label, v);
	PG_RETURN_NULL();
}

/*
 * stage_label(stage lifecycle_stage, vocabulary text) -> text
 *
 * The vocabulary's word for exactly this stage, the first listed if there are several; NULL if it
 * has none.  ERROR (22023) for an unknown vocabulary.
 */
PG_FUNCTION_INFO_V1(stage_label);
Datum
stage_label(PG_FUNCTION_ARGS)
{
	LifecycleStage stage = PG_GETARG_STAGE(0);
	Vocabulary v = find_vocabulary(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < v.n; i++)
		if (v.words[i].stage == stage)
			PG_RETURN_TEXT_P(cstring_to_text(v.words[i].label));
	PG_RETURN_NULL();
}

/*
 * stage_rollup(stage lifecycle_stage, vocabulary text) -> text
 *
 * The vocabulary's word under which a chart shows this stage: its own word, else that of a
 * neighbour, so that nobody gets lost.  NULL only for churned, where the vocabulary has no word for
 * it.  ERROR (22023) for an unknown vocabulary.
 */
PG_FUNCTION_INFO_V1(stage_rollup);
Datum
stage_rollup(PG_FUNCTION_ARGS)
{
	LifecycleStage stage = PG_GETARG_STAGE(0);
	Vocabulary v = find_vocabulary(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < v.n; i++)
		if (v.words[i].stage == stage || (v.words[i].covers & (1 << stage)) != 0)
			PG_RETURN_TEXT_P(cstring_to_text(v.words[i].label));
	PG_RETURN_NULL();
}

/* The place of WORDS[i] in its vocabulary, from 1. */
static int
position_of(int i)
{
	int position = 1;

	while (position <= i && strcmp(WORDS[i - position].vocabulary, WORDS[i].vocabulary) == 0)
		position++;
	return position;
}

/*
 * stage_vocabularies() -> setof (vocabulary text, label text, position integer,
 *                                stage lifecycle_stage)
 *
 * All words of all vocabularies; stage is NULL for a word that means none of ours.
 */
PG_FUNCTION_INFO_V1(stage_vocabularies);
Datum
stage_vocabularies(PG_FUNCTION_ARGS)
{
	FuncCallContext *call = stage_rows(fcinfo, NULL);
	Datum values[4];
	bool nulls[4] = {false};
	int i = (int) call->call_cntr;

	if (i >= WORD_COUNT)
		SRF_RETURN_DONE(call);
	values[0] = CStringGetTextDatum(WORDS[i].vocabulary);
	values[1] = CStringGetTextDatum(WORDS[i].label);
	values[2] = Int32GetDatum(position_of(i));
	values[3] = stage_column(WORDS[i].stage, &nulls[3]);
	STAGE_RETURN_ROW(call, values, nulls);
}
