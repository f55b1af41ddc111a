/*
 * summaries.c: what a customer's row keeps beside his stage (see summaries.h).
 */
#include "ledger/summaries.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"

/* Of the rating room: rating_summary_accum(rating_summary, integer, lo, hi). */
extern PGDLLEXPORT Datum rating_summary_accum_int4(PG_FUNCTION_ARGS);

static void
answer(Summaries *s, const Touch *t)
{
	LOCAL_FCINFO(fcinfo, 4);
	LedgerSurvey survey = t->kind->survey;

	if (!t->fold.has_score || t->fold.score < t->kind->scale_lo ||
		t->fold.score > t->kind->scale_hi || t->fold.score != (int32) t->fold.score)
		return;
	InitFunctionCallInfoData(*fcinfo, NULL, 4, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = s->rating[survey];
	fcinfo->args[0].isnull = s->rating[survey] == (Datum) 0;
	fcinfo->args[1].value = Int32GetDatum((int32) t->fold.score);
	fcinfo->args[2].value = Int32GetDatum(t->kind->scale_lo);
	fcinfo->args[3].value = Int32GetDatum(t->kind->scale_hi);
	for (int i = 1; i < 4; i++)
		fcinfo->args[i].isnull = false;
	s->rating[survey] = rating_summary_accum_int4(fcinfo);
	s->last_score[survey] = t->fold.score;
}

static bool
find_property(const Touch *t, const char *name, JsonbValue *value)
{
	return t->properties != NULL && JB_ROOT_IS_OBJECT(t->properties) &&
		   getKeyJsonValueFromContainer(&t->properties->root, name, strlen(name), value) != NULL;
}

/* object || {name: value}; a value that is an object or an array is taken as it is. */
static Jsonb *
with_pair(Jsonb *object, JsonbValue *name, JsonbValue *value)
{
	JsonbParseState *state = NULL;
	Jsonb *pair;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, name);
	pushJsonbValue(&state, WJB_VALUE, value);
	pair = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	if (object == NULL)
		return pair;
	return DatumGetJsonbP(
		DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(object), JsonbPGetDatum(pair)));
}

static void
set_trait(Summaries *s, const Touch *t)
{
	JsonbValue name;
	JsonbValue value;

	if (find_property(t, "name", &name) && name.type == jbvString &&
		find_property(t, "value", &value))
		s->traits = with_pair(s->traits, &name, &value);
}

static void
set_consent(Summaries *s, const Touch *t)
{
	JsonbValue purpose;
	JsonbValue given;

	if (!find_property(t, "purpose", &purpose) || purpose.type != jbvString)
		return;
	given.type = jbvBool;
	given.val.boolean = t->kind->consents;
	s->consents = with_pair(s->consents, &purpose, &given);
}

void
summaries_touch(Summaries *s, const Touch *t)
{
	if (s->channel == NULL && t->channel != NULL)
		s->channel = pstrdup(t->channel);
	if (s->campaign == NULL && t->campaign != NULL)
		s->campaign = pstrdup(t->campaign);
	if (t->kind->survey != SURVEY_NONE)
		answer(s, t);
	if (t->kind->sets_trait)
		set_trait(s, t);
	if (t->kind->sets_consent)
		set_consent(s, t);
}
