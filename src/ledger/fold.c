/*
 * fold.c: the lifecycle of one customer as the fold of what happened (see fold.h).
 *
 * Stages move forward only.  Exceptions: a customer churns, when the last open subject ends or,
 * without any, by silence; a churned customer comes back by a kind that revives, into engagement
 * of a new episode; someone forces a move.
 */
#include "ledger/fold.h"

#include <math.h>

#include "common/int.h"
#include "ledger/fold_subjects.h"

static const char REASON_SILENCE[] = "silence";
static const char REASON_ENDED[] = "last subject ended";
static const char REASON_ONBOARDED[] = "onboarding over";

/* ---- arithmetic that saturates ---- */

/* at + duration, which may be beyond all dates. */
static int64
later(int64 at, int64 duration)
{
	int64 sum;

	if (at == FOLD_NEVER || duration == FOLD_NEVER || pg_add_s64_overflow(at, duration, &sum))
		return FOLD_NEVER;
	return sum;
}

int64
fold_sum(int64 a, int64 b)
{
	int64 sum;

	if (pg_add_s64_overflow(a, b, &sum))
		return b > 0 ? FOLD_AMOUNT_MOST : -FOLD_AMOUNT_MOST;
	return Max(-FOLD_AMOUNT_MOST, Min(FOLD_AMOUNT_MOST, sum));
}

/* ---- moving ---- */

void
fold_start(FoldState *s, const FoldRules *rules)
{
	FoldSubjects *subjects = s->subjects;
	FoldCount *count = s->count;

	memset(s, 0, sizeof(*s));
	s->subjects = subjects;
	subjects->used = subjects->passes = 0;
	subjects->names.size = 0;
	s->count = count;
	s->signature = rules->signature;
	s->n_counts = rules->n;
	for (int i = 0; i < s->n_counts; i++)
		count[i] = (FoldCount){0, FOLD_NO_DAY};
	s->current.stage = s->previous.stage = s->max_stage = STAGE_NONE;
	s->current.left_at = s->previous.left_at = FOLD_NEVER;
	s->current.episode = 1;
	s->last_at = s->last_due = s->last_alive = s->silence_from = FOLD_ALWAYS;
	s->first_at = s->first_paid_at = s->paid_at = FOLD_NEVER;
	s->first_purchase_at = s->last_purchase_at = FOLD_NEVER;
}

void
fold_resume(const FoldState *s, FoldLog *log)
{
	log->n = 0;
	if (s->previous.stage != STAGE_NONE)
		log->span[log->n++] = s->previous;
	if (s->current.stage != STAGE_NONE)
		log->span[log->n++] = s->current;
	for (int i = 0; i < log->n; i++)
		log->span[i].stored = true;
}

bool
fold_in_order(const FoldState *s, int64 at, int32 rank)
{
	if (at <= s->last_due)
		return false;
	return at > s->last_at || (at == s->last_at && rank > s->last_rank);
}

/* Several moves at one instant leave the last: the span that began now becomes another one. */
static void
replace_current(FoldState *s, LifecycleStage stage, int32 episode, FoldLog *log)
{
	if (s->previous.stage == stage && s->previous.episode == episode)
	{
		/* there and back at one instant: nothing happened */
		log->n--;
		s->current = s->previous;
		s->current.left_at = FOLD_NEVER;
		s->previous.stage = STAGE_NONE;
		log->span[log->n - 1].left_at = FOLD_NEVER;
		return;
	}
	s->current.stage = stage;
	s->current.episode = episode;
}

static void
append_current(FoldState *s, LifecycleStage stage, int32 episode, int64 at, FoldLog *log)
{
	if (s->current.stage != STAGE_NONE)
	{
		s->previous = s->current;
		s->previous.left_at = log->span[log->n - 1].left_at = at;
	}
	s->current.seq++;
	s->current.stage = stage;
	s->current.episode = episode;
	s->current.entered_at = at;
	s->current.left_at = FOLD_NEVER;
	log->n++;
}

static void
move_to(FoldState *s, LifecycleStage stage, int32 episode, int64 at, const char *reason,
		const char *actor, FoldLog *log)
{
	int32 seq = s->current.seq;
	bool was_customer = stage_is_customer(s->current.stage);

	if (s->current.stage == stage && s->current.episode == episode)
		return;
	if (s->current.stage != STAGE_NONE && s->current.entered_at == at)
		replace_current(s, stage, episode, log);
	else
		append_current(s, stage, episode, at, log);
	if (s->current.seq >= seq)
	{
		s->current.reason = reason;
		s->current.actor = actor;
		s->current.stored = false;
		log->span[log->n - 1] = s->current;
	}
	/* who becomes a customer without a sign of life isn't silent from before that */
	if (stage_is_customer(stage) && !was_customer)
		s->silence_from = Max(s->silence_from, at);
	s->max_stage = stage_higher(s->max_stage, stage);
	s->life_in_onboarding = false;
}

static void
churn(FoldState *s, FoldChurn why, int64 at, const char *reason, const char *actor, FoldLog *log)
{
	s->churn = why;
	move_to(s, STAGE_CHURNED, s->current.episode, at, reason, actor, log);
}

/* A new episode: what was counted towards stages is counted anew; the cohort stays. */
static void
reactivate(FoldState *s, LifecycleStage stage, const FoldTouch *t, FoldLog *log)
{
	s->churn = FOLD_CHURN_NONE;
	s->paid_at = FOLD_NEVER;
	for (int i = 0; i < s->n_counts; i++)
		s->count[i] = (FoldCount){0, FOLD_NO_DAY};
	move_to(s, stage, s->current.episode + 1, t->at, t->reason, t->actor, log);
}

/* Evidence for a stage: taken if it leads forward. */
static void
offer(FoldState *s, LifecycleStage stage, const FoldTouch *t, FoldLog *log)
{
	if (s->current.stage == STAGE_CHURNED || stage == STAGE_NONE)
		return;
	if (stage == STAGE_CHURNED)
	{
		if (stage_is_customer(s->current.stage) && s->n_subjects == 0)
			churn(s, FOLD_CHURN_ENDED, t->at, t->reason, t->actor, log);
		return;
	}
	if (stage > STAGE_CONVERSION && s->first_paid_at == FOLD_NEVER)
		stage = STAGE_ACQUISITION;
	if (stage == STAGE_ONBOARDING && s->paid_at != FOLD_NEVER && t->at <= s->paid_at)
		return;
	if (stage > s->current.stage)
		move_to(s, stage, s->current.episode, t->at, t->reason, t->actor, log);
}

/* ---- subjects ---- */

static void
open_subject(FoldState *s, const FoldTouch *t)
{
	FoldSubject *open = fold_subject_find(s, t);

	if (open == NULL)
		open = fold_subject_open(s, t);
	fold_subject_end_at(s, open, t->until);
	if (t->kind->recurring && t->has_amount)
		open->amount = t->amount;
}

static void
change_subject(const FoldState *s, const FoldTouch *t)
{
	FoldSubject *open = fold_subject_find(s, t);

	if (open == NULL)
		return;
	if (t->until != FOLD_NEVER)
		fold_subject_end_at(s, open, t->until);
	if (t->kind->recurring && t->has_amount)
		open->amount = t->amount;
}

static void
end_subject(const FoldState *s, FoldSubject *open, const FoldTouch *t)
{
	if (t->kind->effect == FOLD_ENDS)
		fold_subject_end_at(s, open, t->at);
	else if (t->until != FOLD_NEVER)
		fold_subject_end_at(s, open, t->until);
	else if (open->end_at == FOLD_NEVER)
		fold_subject_end_at(s, open, t->at);
}

/* An end without a subject, where no such is open, is the end of all that are. */
static void
end_subjects(const FoldState *s, const FoldTouch *t)
{
	FoldSubject *open = fold_subject_find(s, t);

	if (open != NULL)
		end_subject(s, open, t);
	else if (t->subject == NULL)
		while ((open = fold_subject_next(s, open)) != NULL)
			end_subject(s, open, t);
}

static void
affect_subjects(FoldState *s, const FoldTouch *t, FoldLog *log)
{
	switch (t->kind->effect)
	{
		case FOLD_EFFECT_NONE:
			return;
		case FOLD_OPENS_TERM:
			if (t->until == FOLD_NEVER)
				return;
			open_subject(s, t);
			break;
		case FOLD_OPENS:
			open_subject(s, t);
			break;
		case FOLD_CHANGES:
			change_subject(s, t);
			break;
		case FOLD_NOTICE:
		case FOLD_ENDS:
			end_subjects(s, t);
			break;
	}
	if (fold_subjects_close(s, t->at) && stage_is_customer(s->current.stage))
		churn(s, FOLD_CHURN_ENDED, t->at, t->reason, t->actor, log);
}

int64
fold_recurring(const FoldState *s)
{
	const FoldSubject *open = NULL;
	int64 total = 0;

	while ((open = fold_subject_next(s, open)) != NULL)
		total = fold_sum(total, open->amount);
	return total;
}

/* ---- time alone ---- */

static int64
silence_due(const FoldState *s, const FoldRules *rules)
{
	if (!stage_is_customer(s->current.stage) || s->n_subjects > 0)
		return FOLD_NEVER;
	return later(s->silence_from, rules->silence);
}

static int64
onboarding_due(const FoldState *s, const FoldRules *rules)
{
	if (s->current.stage != STAGE_ONBOARDING || !s->life_in_onboarding)
		return FOLD_NEVER;
	return later(s->current.entered_at, rules->onboarding);
}

int64
fold_churn_due(const FoldState *s, int64 silence)
{
	const FoldSubject *open = NULL;
	int64 last = FOLD_ALWAYS;

	if (!stage_is_customer(s->current.stage))
		return FOLD_NEVER;
	if (s->n_subjects == 0)
		return later(s->silence_from, silence);
	while ((open = fold_subject_next(s, open)) != NULL)
		last = Max(last, open->end_at);
	return last;
}

int64
fold_due(const FoldState *s, const FoldRules *rules)
{
	return Min(Min(fold_subjects_first_end(s), silence_due(s, rules)), onboarding_due(s, rules));
}

void
fold_advance(FoldState *s, const FoldRules *rules, int64 until, FoldLog *log)
{
	int64 due;

	while ((due = fold_due(s, rules)) < until)
	{
		s->last_due = due;
		if (due == onboarding_due(s, rules))
			move_to(s, STAGE_ENGAGEMENT, s->current.episode, due, REASON_ONBOARDED, NULL, log);
		else if (due == fold_subjects_first_end(s))
		{
			if (fold_subjects_close(s, due) && stage_is_customer(s->current.stage))
				churn(s, FOLD_CHURN_ENDED, due, REASON_ENDED, NULL, log);
		}
		else
			churn(s, FOLD_CHURN_SILENCE, due, REASON_SILENCE, NULL, log);
	}
}

/* ---- a touchpoint ---- */

static void
note_touch(FoldState *s, const FoldTouch *t)
{
	s->last_at = t->at;
	s->last_rank = t->kind->rank;
	s->first_at = Min(s->first_at, t->at);
	s->touch_count++;
	if (!t->kind->purchase)
		return;
	s->purchase_count++;
	s->first_purchase_at = Min(s->first_purchase_at, t->at);
	s->last_purchase_at = t->at;
	if (t->has_amount)
		s->purchase_amount = fold_sum(s->purchase_amount, t->amount);
}

static void
note_payment(FoldState *s, const FoldTouch *t)
{
	if (!t->kind->pays)
		return;
	s->first_paid_at = Min(s->first_paid_at, t->at);
	s->paid_at = Min(s->paid_at, t->at);
}

static bool
revives(const FoldState *s, const FoldKind *kind)
{
	return kind->revives == FOLD_REVIVES ||
		   (kind->revives == FOLD_REVIVES_AFTER_SILENCE && s->churn == FOLD_CHURN_SILENCE);
}

static bool
meets(const FoldState *s, const FoldRule *rule, const FoldTouch *t)
{
	if (rule->min_amount != FOLD_ALWAYS && (!t->has_amount || t->amount < rule->min_amount))
		return false;
	if (rule->min_score > -INFINITY && (!t->has_score || !(t->score >= rule->min_score)))
		return false;
	if (rule->within == FOLD_NEVER && rule->min_tenure == FOLD_ALWAYS)
		return true;
	if (s->paid_at == FOLD_NEVER || t->at > later(s->paid_at, rule->within))
		return false;
	return rule->min_tenure == FOLD_ALWAYS || t->at >= later(s->paid_at, rule->min_tenure);
}

/* Count the touchpoint by the rules; which stage do they give, if any? */
static LifecycleStage
count_rules(FoldState *s, const FoldRules *rules, const FoldTouch *t)
{
	LifecycleStage stage = STAGE_NONE;

	for (int i = 0; i < t->kind->n_rules; i++)
	{
		const FoldRule *rule = &rules->rule[t->kind->rules[i]];
		FoldCount *count = &s->count[t->kind->rules[i]];

		if (!meets(s, rule, t) || (rule->count_days && count->last_day == t->day))
			continue;
		count->last_day = t->day;
		if (count->n < rule->min_count)
			count->n++;
		if (count->n >= rule->min_count && rule->stage > stage)
			stage = rule->stage;
	}
	return stage;
}

static void
force(FoldState *s, const FoldTouch *t, FoldLog *log)
{
	if (t->forced == STAGE_NONE)
		return;
	s->silence_from = t->at;
	if (t->forced == STAGE_CHURNED)
	{
		if (s->current.stage != STAGE_CHURNED)
			churn(s, FOLD_CHURN_ENDED, t->at, t->reason, t->actor, log);
	}
	else if (s->current.stage == STAGE_CHURNED)
		reactivate(s, t->forced, t, log);
	else
		move_to(s, t->forced, s->current.episode, t->at, t->reason, t->actor, log);
}

/* A sign of life: silence starts anew, and onboarding comes to its end. */
static void
live(FoldState *s, const FoldRules *rules, const FoldTouch *t, bool was_onboarding, FoldLog *log)
{
	s->last_alive = s->silence_from = t->at;
	if (!was_onboarding || s->current.stage != STAGE_ONBOARDING)
		return;
	if (t->at >= later(s->current.entered_at, rules->onboarding))
		move_to(s, STAGE_ENGAGEMENT, s->current.episode, t->at, t->reason, t->actor, log);
	else
		s->life_in_onboarding = true;
}

void
fold_touch(FoldState *s, const FoldRules *rules, const FoldTouch *t, FoldLog *log)
{
	const FoldKind *kind = t->kind;
	bool was_churned;
	bool was_onboarding;
	LifecycleStage ruled;

	fold_advance(s, rules, t->at, log);
	note_touch(s, t);
	was_churned = s->current.stage == STAGE_CHURNED;
	was_onboarding = s->current.stage == STAGE_ONBOARDING;
	if (s->current.stage == STAGE_NONE)
		move_to(s, STAGE_AWARENESS, 1, t->at, t->reason, t->actor, log);
	if (kind->forces)
		force(s, t, log);
	else if (was_churned && revives(s, kind))
		reactivate(s, STAGE_ENGAGEMENT, t, log);
	note_payment(s, t);
	affect_subjects(s, t, log);
	/* who has just come back, or left, is where he is; but what he did counts from now on */
	ruled = count_rules(s, rules, t);
	if (!was_churned)
	{
		offer(s, kind->evidence, t, log);
		offer(s, ruled, t, log);
	}
	if (kind->alive)
		live(s, rules, t, was_onboarding, log);
}
