/*
 * ledger_rules.c: the rules of a ledger, read from touchpoint_kind, stage_rule and setting.
 */
#include "ledger/ledger_rules.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

static char *
text_at(HeapTuple row, TupleDesc desc, int column)
{
	return SPI_getvalue(row, desc, column);
}

static Datum
value_at(HeapTuple row, TupleDesc desc, int column, bool *isnull)
{
	return SPI_getbinval(row, desc, column, isnull);
}

static bool
bool_at(HeapTuple row, TupleDesc desc, int column)
{
	bool isnull;
	Datum value = value_at(row, desc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

static int64
int64_at(HeapTuple row, TupleDesc desc, int column, int64 if_null)
{
	bool isnull;
	Datum value = value_at(row, desc, column, &isnull);

	return isnull ? if_null : DatumGetInt64(value);
}

static LifecycleStage
stage_at(HeapTuple row, TupleDesc desc, int column)
{
	char *name = text_at(row, desc, column);

	return name == NULL ? STAGE_NONE : stage_from_name(name, strlen(name));
}

/* The position of a word in a list that ends with NULL, or 0: the lists begin with the default. */
static int
word(const char *const *words, const char *value)
{
	for (int i = 0; value != NULL && words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return 0;
}

/* ---- setting ---- */

static const char SETTINGS[] =
	"SELECT s.name, s.value, CASE WHEN s.name IN ('silence_after', 'onboarding_lasts',"
	" 'future_tolerance') THEN (pg_catalog.date_part('epoch', s.value::pg_catalog.interval)"
	" * 1000000)::pg_catalog.int8 END FROM %s.setting s";

static void
take_time_zone(Ledger *l, const char *value)
{
	l->tz = pg_tzset(value);
	if (l->tz == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" of ledger \"%s\" is not known", value, l->schema),
				 errhint("Put a name of pg_timezone_names into the setting \"time_zone\".")));
	l->time_zone = MemoryContextStrdup(l->context, value);
}

static void
take_setting(Ledger *l, const char *name, const char *value, int64 duration)
{
	if (strcmp(name, "time_zone") == 0)
		take_time_zone(l, value);
	else if (strcmp(name, "silence_after") == 0)
		l->rules.silence = duration;
	else if (strcmp(name, "onboarding_lasts") == 0)
		l->rules.onboarding = duration;
	else if (strcmp(name, "future_tolerance") == 0)
		l->future_tolerance = duration;
	else if (strcmp(name, "events") == 0)
		l->tells = strcmp(value, "on") == 0;
	else if (strcmp(name, "notify") == 0)
		l->notifies = strcmp(value, "on") == 0;
	else if (strcmp(name, "unusable") == 0)
		l->refuses = strcmp(value, "keep") != 0;
}

static void
run(const char *format, const char *qschema)
{
	char *sql = psprintf(format, qschema);

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", sql);
}

static void
read_settings(Ledger *l)
{
	run(SETTINGS, l->qschema);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple row = SPI_tuptable->vals[i];
		TupleDesc desc = SPI_tuptable->tupdesc;

		take_setting(l, text_at(row, desc, 1), text_at(row, desc, 2), int64_at(row, desc, 3, 0));
	}
}

/* ---- stage_rule ---- */

/*
 * One rule is all rows of a name that say the same; kinds: NULL is any sign of life.  Values are read
 * by their types, so these are said, here and below: a house may have altered its tables.
 */
static const char RULES[] =
	"SELECT r.rule, r.stage, r.count_days::pg_catalog.bool, pg_catalog.int8(r.min_count),"
	" (pg_catalog.date_part('epoch', r.within) * 1000000)::pg_catalog.int8,"
	" (pg_catalog.date_part('epoch', r.min_tenure) * 1000000)::pg_catalog.int8,"
	" (r.min_amount * 10000)::pg_catalog.int8, r.min_score::pg_catalog.float8,"
	" pg_catalog.array_agg(r.kind::pg_catalog.text ORDER BY r.kind COLLATE \"C\"),"
	" pg_catalog.bool_or(r.kind IS NULL)"
	" FROM %s r"
	" GROUP BY r.rule, r.stage, r.count_days, r.min_count, r.within, r.min_tenure, r.min_amount,"
	" r.min_score ORDER BY r.rule COLLATE \"C\", 2, 3, 4, 5, 6, 7, 8";

typedef struct RuleKinds
{
	bool any;	  /* counts every sign of life */
	Datum *names; /* text */
	bool *nulls;
	int n;
} RuleKinds;

static void
take_rule(HeapTuple row, TupleDesc desc, FoldRule *rule, RuleKinds *kinds)
{
	bool isnull;
	Datum score = value_at(row, desc, 8, &isnull);

	rule->stage = stage_at(row, desc, 2);
	rule->count_days = bool_at(row, desc, 3);
	rule->min_count = (int32) int64_at(row, desc, 4, 1);
	rule->within = int64_at(row, desc, 5, FOLD_NEVER);
	rule->min_tenure = int64_at(row, desc, 6, FOLD_ALWAYS);
	rule->min_amount = int64_at(row, desc, 7, FOLD_ALWAYS);
	rule->min_score = isnull ? -INFINITY : DatumGetFloat8(score);
	kinds->any = bool_at(row, desc, 10);
	deconstruct_array(DatumGetArrayTypeP(value_at(row, desc, 9, &isnull)), TEXTOID, -1, false,
					  TYPALIGN_INT, &kinds->names, &kinds->nulls, &kinds->n);
}

static RuleKinds *
read_rules(Ledger *l, const char *table)
{
	FoldRule *rule;
	RuleKinds *kinds;

	run(RULES, table);
	l->rules.n = (int) SPI_processed;
	rule = MemoryContextAllocZero(l->context, Max(l->rules.n, 1) * sizeof(FoldRule));
	kinds = palloc0(Max(l->rules.n, 1) * sizeof(RuleKinds));
	for (int i = 0; i < l->rules.n; i++)
		take_rule(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &rule[i], &kinds[i]);
	l->rules.rule = rule;
	return kinds;
}

/* ---- touchpoint_kind ---- */

static const char KINDS[] =
	"SELECT k.kind, pg_catalog.int8(k.rank), k.stage, k.alive::pg_catalog.bool, k.revives,"
	" k.subject_effect, k.is_payment::pg_catalog.bool, k.feeds, k.needs_customer::pg_catalog.bool,"
	" k.survey, pg_catalog.int8(k.scale_low),"
	" pg_catalog.int8(k.scale_high) FROM %s k ORDER BY k.rank, k.kind COLLATE "
	"\"C\"";

static const char *const REVIVALS[] = {"no", "after_silence", "yes", NULL};
static const char *const EFFECTS[] = {"none",	"opens", "opens_term", "changes",
									  "notice", "ends",	 NULL};
static const char *const SURVEYS[] = {"nps", "csat", "ces", NULL};

/* Kinds that are counted, by name. */
static const struct
{
	const char *kind;
	LedgerTally tally;
} TALLIES[] = {
	{"ticket_opened", TALLY_TICKET_OPENED},
	{"ticket_replied", TALLY_TICKET_REPLIED},
	{"ticket_resolved", TALLY_TICKET_RESOLVED},
	{"ticket_reopened", TALLY_TICKET_REOPENED},
	{"referral_sent", TALLY_REFERRAL_SENT},
	{"referral_converted", TALLY_REFERRAL_CONVERTED},
	{"review", TALLY_REVIEW},
	{"loyalty_earned", TALLY_POINTS_EARNED},
	{"loyalty_redeemed", TALLY_POINTS_REDEEMED},
};

static LedgerTally
tally_of(const char *kind, const char *feeds)
{
	if (feeds != NULL && strcmp(feeds, "refunds") == 0)
		return TALLY_REFUND;
	for (int i = 0; i < (int) lengthof(TALLIES); i++)
		if (strcmp(TALLIES[i].kind, kind) == 0)
			return TALLIES[i].tally;
	return TALLY_NONE;
}

static uint32
kind_hash(const void *key, Size keysize pg_attribute_unused())
{
	const char *name = *(const char *const *) key;

	return hash_bytes((const unsigned char *) name, strlen(name));
}

static int
kind_match(const void *a, const void *b, Size keysize pg_attribute_unused())
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static bool
rule_counts(const RuleKinds *rule, const char *kind, bool alive)
{
	if (rule->any && alive)
		return true;
	for (int i = 0; i < rule->n; i++)
		if (!rule->nulls[i] && strcmp(TextDatumGetCString(rule->names[i]), kind) == 0)
			return true;
	return false;
}

/* Which rules count this kind? */
static void
attach_rules(const Ledger *l, const RuleKinds *rules, LedgerKind *kind)
{
	int *positions = MemoryContextAlloc(l->context, Max(l->rules.n, 1) * sizeof(int));

	for (int i = 0; i < l->rules.n; i++)
		if (rule_counts(&rules[i], kind->name, kind->fold.alive))
			positions[kind->fold.n_rules++] = i;
	kind->fold.rules = positions;
}

static void
take_kind(HeapTuple row, TupleDesc desc, LedgerKind *kind)
{
	char *feeds = text_at(row, desc, 8);
	char *survey = text_at(row, desc, 10);

	kind->fold.rank = (int32) int64_at(row, desc, 2, 0);
	kind->fold.evidence = stage_at(row, desc, 3);
	kind->fold.alive = bool_at(row, desc, 4);
	kind->fold.revives = word(REVIVALS, text_at(row, desc, 5));
	kind->fold.effect = word(EFFECTS, text_at(row, desc, 6));
	kind->fold.pays = bool_at(row, desc, 7);
	if (feeds != NULL)
	{
		kind->fold.purchase = strcmp(feeds, "purchases") == 0;
		kind->fold.recurring = strcmp(feeds, "mrr") == 0;
		kind->fold.forces = strcmp(feeds, "stage") == 0;
		kind->sets_trait = strcmp(feeds, "trait") == 0;
		kind->sets_consent = strcmp(feeds, "consent") == 0;
		kind->consents = strcmp(kind->name, "consent_given") == 0;
	}
	kind->tally = tally_of(kind->name, feeds);
	kind->needs_customer = bool_at(row, desc, 9);
	kind->survey = survey == NULL ? SURVEY_NONE : (LedgerSurvey) word(SURVEYS, survey);
	kind->scale_lo = (int32) int64_at(row, desc, 11, 0);
	kind->scale_hi = (int32) int64_at(row, desc, 12, 10);
}

static void
read_kinds(Ledger *l, const char *table, const RuleKinds *rules)
{
	HASHCTL ctl = {0};

	ctl.keysize = sizeof(char *);
	ctl.entrysize = sizeof(LedgerKind);
	ctl.hash = kind_hash;
	ctl.match = kind_match;
	ctl.hcxt = l->context;
	l->kinds = hash_create("touchpoint kinds", 128, &ctl,
						   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	run(KINDS, table);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple row = SPI_tuptable->vals[i];
		const char *name = MemoryContextStrdup(l->context, text_at(row, SPI_tuptable->tupdesc, 1));
		LedgerKind *kind = hash_search(l->kinds, &name, HASH_ENTER, NULL);

		memset(kind, 0, sizeof(*kind));
		kind->name = name;
		take_kind(row, SPI_tuptable->tupdesc, kind);
		attach_rules(l, rules, kind);
	}
}

/*
 * A number that other rules wouldn't give: of the rows as text, for two backends must agree.
 */
static const char SIGNATURE[] =
	"SELECT pg_catalog.hashtextextended(pg_catalog.concat("
	"(SELECT pg_catalog.string_agg(k::pg_catalog.text, ' ' ORDER BY k.kind COLLATE \"C\")"
	" FROM (SELECT kind, rank, stage, is_payment, alive, revives, subject_effect, feeds, survey,"
	" scale_low, scale_high FROM %1$s.touchpoint_kind) k),"
	"(SELECT pg_catalog.string_agg(r::pg_catalog.text, ' ' ORDER BY r::pg_catalog.text COLLATE "
	"\"C\")"
	" FROM (SELECT rule, stage, kind, min_count, count_days, within, min_tenure, min_amount,"
	" min_score FROM %1$s.stage_rule) r),"
	"(SELECT pg_catalog.string_agg(s::pg_catalog.text, ' ' ORDER BY s.name COLLATE \"C\")"
	" FROM (SELECT name, value FROM %1$s.setting"
	" WHERE name IN ('time_zone', 'silence_after', 'onboarding_lasts')) s)), 0)";

static void
read_signature(Ledger *l)
{
	run(SIGNATURE, l->qschema);
	l->rules.signature = (uint64) int64_at(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, 0);
}

/* ---- tracked_source ---- */

static const char TRACKS[] = "SELECT s.source_table::pg_catalog.oid, s.arguments::pg_catalog.text[]"
							 " FROM %s.tracked_source s WHERE s.arguments IS NOT NULL";

static void
take_track(const Ledger *l, HeapTuple row, TupleDesc desc, LedgerTrack *track)
{
	bool isnull;
	Datum *words;
	MemoryContext old;

	track->table = DatumGetObjectId(value_at(row, desc, 1, &isnull));
	deconstruct_array(DatumGetArrayTypeP(value_at(row, desc, 2, &isnull)), TEXTOID, -1, false,
					  TYPALIGN_INT, &words, NULL, &track->n);
	old = MemoryContextSwitchTo(l->context);
	track->arguments = palloc(Max(track->n, 1) * sizeof(char *));
	for (int i = 0; i < track->n; i++)
		track->arguments[i] = TextDatumGetCString(words[i]);
	MemoryContextSwitchTo(old);
}

static void
read_tracks(Ledger *l)
{
	run(TRACKS, l->qschema);
	l->n_tracks = (int) SPI_processed;
	l->tracks = MemoryContextAllocZero(l->context, Max(l->n_tracks, 1) * sizeof(LedgerTrack));
	for (int i = 0; i < l->n_tracks; i++)
		take_track(l, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &l->tracks[i]);
}

/* ---- play ---- */

static const char PLAYS[] =
	"SELECT pg_catalog.bool_or(p.on_stage IS NOT NULL OR p.on_band IS NOT NULL),"
	" pg_catalog.bool_or(p.on_survey IS NOT NULL), pg_catalog.bool_or(p.on_silence IS NOT NULL)"
	" FROM %s.play p WHERE p.is_active HAVING pg_catalog.count(*) > 0";

static void
read_plays(Ledger *l)
{
	HeapTuple row;
	TupleDesc desc;

	if (!OidIsValid(l->play))
		return;
	run(PLAYS, l->qschema);
	if (SPI_processed == 0)
		return;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	l->plays_events = bool_at(row, desc, 1);
	l->plays_answers = bool_at(row, desc, 2);
	l->plays_silence = bool_at(row, desc, 3);
}

static void
set_defaults(Ledger *l)
{
	l->rules.silence = 90 * FOLD_DAY;
	l->rules.onboarding = 30 * FOLD_DAY;
	l->future_tolerance = FOLD_DAY;
	l->tells = true;
}

void
ledger_read_default_rules(Ledger *l, const char *qextension)
{
	LedgerScope scope = ledger_act_as_invoker(l);

	set_defaults(l);
	SPI_connect();
	read_kinds(l, psprintf("%s.ledger_default_kinds()", qextension),
			   read_rules(l, psprintf("%s.ledger_default_rules()", qextension)));
	SPI_finish();
	ledger_leave(&scope);
}

/*
 * What is read is kept until it changes: so it must be what is committed by now, not what the
 * statement, or the transaction, has begun with.
 */
void
ledger_read_rules(Ledger *l)
{
	set_defaults(l);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	take_time_zone(l, "UTC");
	read_settings(l);
	read_kinds(l, psprintf("%s.touchpoint_kind", l->qschema),
			   read_rules(l, psprintf("%s.stage_rule", l->qschema)));
	read_signature(l);
	read_tracks(l);
	read_plays(l);
	PopActiveSnapshot();
	SPI_finish();
}
