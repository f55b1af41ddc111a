/*
 * summaries.c: what a customer's row keeps beside his stage (see summaries.h).
 */
#include "ledger/summaries.h"

#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define HOUR (INT64CONST(3600000000))

/* Of the rooms rating, value and journey: transitions and final functions of their aggregates. */
extern PGDLLEXPORT Datum rating_summary_accum_int4(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum purchase_summary_accum(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum purchase_summary_final(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum activity_summary_accum(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum activity_summary_final(PG_FUNCTION_ARGS);

/* What says to a transition that its first argument is our own, to be changed in place. */
static AggState own_state = {.ss.ps.type = T_AggState};

void
summaries_prepare(Ledger *l)
{
	MemoryContext old = MemoryContextSwitchTo(l->context);

	l->purchases.fn_mcxt = l->activity.fn_mcxt = l->context;
	l->zone_word = CStringGetTextDatum(l->time_zone);
	l->day_word = CStringGetTextDatum("day");
	l->day.day = 1;
	MemoryContextSwitchTo(old);
}

void
summaries_start(Summaries *s, const Ledger *ledger, CustomerRow *row)
{
	memset(s, 0, sizeof(*s));
	s->ledger = ledger;
	s->row = row;
	s->tally.active_day = FOLD_NO_DAY;
	s->tickets = NULL;
}

static bool
about_tickets(LedgerTally tally)
{
	return tally >= TALLY_TICKET_OPENED && tally <= TALLY_TICKET_REOPENED;
}

static bool
resume_tickets(Summaries *s)
{
	if (s->row->isnull[CUSTOMER_TICKET_STATE])
	{
		s->tickets = tickets_new();
		return s->tally.tickets_checked == 0;
	}
	s->tickets = tickets_from_bytes(DatumGetByteaPP(s->row->value[CUSTOMER_TICKET_STATE]),
									s->tally.tickets_checked);
	return s->tickets != NULL;
}

bool
summaries_resume(Summaries *s, const Ledger *ledger, CustomerRow *row, const Tally *tally,
				 const Touch *touches, int n)
{
	summaries_start(s, ledger, row);
	s->tally = *tally;
	for (int i = 0; i < n; i++)
		if (about_tickets(touches[i].kind->tally))
			return resume_tickets(s);
	return true;
}

/* ---- summaries of other rooms ---- */

/* Call a transition with these arguments after the column, which takes the outcome. */
static void
accumulate(Summaries *s, CustomerColumn column, PGFunction transition, FmgrInfo *flinfo, int n,
		   const Datum *args)
{
	LOCAL_FCINFO(fcinfo, 5);
	CustomerRow *row = s->row;

	if (!row->isnull[column] && !s->ours[column])
		row->value[column] = PointerGetDatum(PG_DETOAST_DATUM_COPY(row->value[column]));
	InitFunctionCallInfoData(*fcinfo, flinfo, n + 1, InvalidOid, (Node *) &own_state, NULL);
	fcinfo->args[0].value = row->value[column];
	fcinfo->args[0].isnull = row->isnull[column];
	for (int i = 0; i < n; i++)
	{
		fcinfo->args[i + 1].value = args[i];
		fcinfo->args[i + 1].isnull = false;
	}
	customer_row_set(row, column, transition(fcinfo));
	s->ours[column] = true;
}

static void
answer(Summaries *s, const Touch *t)
{
	LedgerSurvey survey = t->kind->survey;
	Datum args[3];

	if (!t->fold.has_score || t->fold.score < t->kind->scale_lo ||
		t->fold.score > t->kind->scale_hi || t->fold.score != (int32) t->fold.score)
		return;
	args[0] = Int32GetDatum((int32) t->fold.score);
	args[1] = Int32GetDatum(t->kind->scale_lo);
	args[2] = Int32GetDatum(t->kind->scale_hi);
	accumulate(s, CUSTOMER_RATING + survey, rating_summary_accum_int4, NULL, 3, args);
	customer_row_set(s->row, CUSTOMER_LAST_SCORE + survey, Float8GetDatum(t->fold.score));
}

/* A purchase, or a refund, which is a negative amount; one without an amount isn't counted. */
static void
purchase(Summaries *s, const Touch *t, int64 units)
{
	Ledger *l = (Ledger *) s->ledger;
	Datum args[4];

	if (!t->fold.has_amount)
		return;
	args[0] = TimestampTzGetDatum(t->fold.at);
	args[1] = NumericGetDatum(int64_div_fast_to_numeric(units, 4));
	args[2] = IntervalPGetDatum(&l->day);
	args[3] = l->zone_word;
	accumulate(s, CUSTOMER_PURCHASES, purchase_summary_accum, &l->purchases, 4, args);
}

static void
live(Summaries *s, const Touch *t)
{
	Ledger *l = (Ledger *) s->ledger;
	Datum args[3];

	if (s->tally.active_day == t->fold.day)
		return;
	s->tally.active_day = t->fold.day;
	args[0] = TimestampTzGetDatum(t->fold.at);
	args[1] = l->day_word;
	args[2] = l->zone_word;
	accumulate(s, CUSTOMER_ACTIVITY, activity_summary_accum, &l->activity, 3, args);
}

/* ---- traits and consents ---- */

static bool
find_property(const Touch *t, const char *name, JsonbValue *value)
{
	return t->properties != NULL && JB_ROOT_IS_OBJECT(t->properties) &&
		   getKeyJsonValueFromContainer(&t->properties->root, name, strlen(name), value) != NULL;
}

/* column || {name: value}; a value that is an object or an array is taken as it is. */
static void
set_pair(Summaries *s, CustomerColumn column, JsonbValue *name, JsonbValue *value)
{
	CustomerRow *row = s->row;
	JSONB_BUILDER(builder);
	Datum pair;

	push_jsonb(builder, WJB_BEGIN_OBJECT, NULL);
	push_jsonb(builder, WJB_KEY, name);
	push_jsonb(builder, WJB_VALUE, value);
	push_jsonb(builder, WJB_END_OBJECT, NULL);
	pair = JsonbPGetDatum(built_jsonb(builder));
	if (!row->isnull[column])
		pair = DirectFunctionCall2(jsonb_concat, row->value[column], pair);
	customer_row_set(row, column, pair);
}

static void
set_trait(Summaries *s, const Touch *t)
{
	JsonbValue name;
	JsonbValue value;

	if (find_property(t, "name", &name) && name.type == jbvString &&
		find_property(t, "value", &value))
		set_pair(s, CUSTOMER_TRAITS, &name, &value);
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
	set_pair(s, CUSTOMER_CONSENTS, &purpose, &given);
}

/* ---- counts ---- */

static void
refund(Summaries *s, const Touch *t)
{
	int64 units = t->fold.amount < 0 ? t->fold.amount : -t->fold.amount;

	s->tally.refund_count++;
	if (t->fold.has_amount)
		s->tally.refund_amount = fold_sum(s->tally.refund_amount, -units);
	purchase(s, t, units);
}

static void
count(Summaries *s, const Touch *t)
{
	Tally *tally = &s->tally;

	switch (t->kind->tally)
	{
		case TALLY_NONE:
			break;
		case TALLY_REFUND:
			refund(s, t);
			break;
		case TALLY_TICKET_OPENED:
		case TALLY_TICKET_REPLIED:
		case TALLY_TICKET_RESOLVED:
		case TALLY_TICKET_REOPENED:
			if (s->tickets == NULL)
				s->tickets = tickets_new();
			tickets_touch(s->tickets, &tally->tickets, t);
			break;
		case TALLY_REFERRAL_SENT:
			tally->referral_sent_count++;
			break;
		case TALLY_REFERRAL_CONVERTED:
			tally->referral_converted_count++;
			break;
		case TALLY_REVIEW:
			tally->review_count++;
			if (t->fold.has_score)
				tally->review_score = t->fold.score;
			tally->has_review_score |= t->fold.has_score;
			break;
		case TALLY_POINTS_EARNED:
			tally->loyalty_points = fold_sum(tally->loyalty_points, t->quantity);
			break;
		case TALLY_POINTS_REDEEMED:
			tally->loyalty_points = fold_sum(tally->loyalty_points, -t->quantity);
			break;
	}
}

void
summaries_touch(Summaries *s, const Touch *t)
{
	CustomerRow *row = s->row;

	if (t->channel != NULL && row->isnull[CUSTOMER_CHANNEL])
		customer_row_set(row, CUSTOMER_CHANNEL, CStringGetTextDatum(t->channel));
	if (t->campaign != NULL && row->isnull[CUSTOMER_CAMPAIGN])
		customer_row_set(row, CUSTOMER_CAMPAIGN, CStringGetTextDatum(t->campaign));
	if (t->kind->survey != SURVEY_NONE)
		answer(s, t);
	if (t->kind->fold.purchase)
		purchase(s, t, t->fold.amount);
	if (t->kind->fold.alive)
		live(s, t);
	if (t->kind->sets_trait)
		set_trait(s, t);
	if (t->kind->sets_consent)
		set_consent(s, t);
	count(s, t);
}

/* ---- into the row ---- */

static void
finish_summary(Summaries *s, CustomerColumn column, PGFunction final)
{
	if (s->ours[column])
		s->row->value[column] = DirectFunctionCall1(final, s->row->value[column]);
}

static void
set_hours(CustomerRow *row, CustomerColumn column, int64 sum, int64 n)
{
	row->isnull[column] = n == 0;
	row->value[column] = Float8GetDatum(n == 0 ? 0 : (double) sum / HOUR / n);
}

static void
finish_tickets(Summaries *s)
{
	const TicketCounts *c = &s->tally.tickets;
	CustomerRow *row = s->row;

	customer_row_set(row, CUSTOMER_TICKET_COUNT, Int64GetDatum(c->opened));
	customer_row_set(row, CUSTOMER_TICKET_OPEN, Int64GetDatum(c->open));
	customer_row_set(row, CUSTOMER_TICKET_RESOLVED, Int64GetDatum(c->resolved));
	customer_row_set(row, CUSTOMER_TICKET_REPLIED, Int64GetDatum(c->replied));
	set_hours(row, CUSTOMER_FIRST_REPLY_HOURS, c->reply_time, c->replied);
	set_hours(row, CUSTOMER_RESOLUTION_HOURS, c->resolve_time, c->resolved);
	if (s->tickets != NULL)
		customer_row_set(row, CUSTOMER_TICKET_STATE,
						 PointerGetDatum(tickets_to_bytes(s->tickets, &s->tally.tickets_checked)));
}

void
summaries_finish(Summaries *s)
{
	const Tally *tally = &s->tally;
	CustomerRow *row = s->row;

	finish_summary(s, CUSTOMER_PURCHASES, purchase_summary_final);
	finish_summary(s, CUSTOMER_ACTIVITY, activity_summary_final);
	finish_tickets(s);
	customer_row_set(row, CUSTOMER_REFUND_COUNT, Int64GetDatum(tally->refund_count));
	customer_row_set_amount(row, CUSTOMER_REFUND_AMOUNT, tally->refund_amount);
	customer_row_set(row, CUSTOMER_REFERRAL_SENT, Int64GetDatum(tally->referral_sent_count));
	customer_row_set(row, CUSTOMER_REFERRAL_CONVERTED,
					 Int64GetDatum(tally->referral_converted_count));
	customer_row_set(row, CUSTOMER_REVIEW_COUNT, Int64GetDatum(tally->review_count));
	row->value[CUSTOMER_LAST_REVIEW_SCORE] = Float8GetDatum(tally->review_score);
	row->isnull[CUSTOMER_LAST_REVIEW_SCORE] = !tally->has_review_score;
	customer_row_set_amount(row, CUSTOMER_LOYALTY_POINTS, tally->loyalty_points);
}
