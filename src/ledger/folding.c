/*
 * folding.c: one customer while he is folded (see folding.h).
 */
#include "ledger/folding.h"

#include "miscadmin.h"

#include "ledger/fold_state.h"

static void
room_for_spans(Folding *c)
{
	if (c->log.n + FOLD_MAX_NEW_SPANS <= c->room)
		return;
	c->room *= 2;
	c->log.span = repalloc(c->log.span, c->room * sizeof(FoldSpan));
}

static void
start_log(Folding *c)
{
	c->room = 8;
	c->log.span = palloc(c->room * sizeof(FoldSpan));
	fold_resume(&c->state, &c->log);
}

void
folding_start(Folding *c, Ledger *ledger, Datum key, int n)
{
	c->ledger = ledger;
	c->resumed = false;
	customer_row_clear(&c->row, key);
	summaries_start(&c->summaries, ledger, &c->row);
	fold_state_new(&ledger->rules, n + 1, &c->state);
	start_log(c);
}

/* Has nothing ever been folded into this row?  Then it was added for these touchpoints. */
static bool
is_new(const CustomerRow *row)
{
	return row->isnull[CUSTOMER_FOLD_STATE] && row->isnull[CUSTOMER_TOUCHPOINT_COUNT];
}

bool
folding_resume(Folding *c, Ledger *ledger, const Touch *touches, int n)
{
	const FoldRules *rules = &ledger->rules;
	Tally tally;

	if (is_new(&c->row) && n > 0)
	{
		folding_start(c, ledger, c->row.value[CUSTOMER_KEY], n);
		c->resumed = true;
		c->before = c->state;
		return true;
	}
	c->ledger = ledger;
	if (c->row.isnull[CUSTOMER_FOLD_STATE] ||
		!fold_state_from_bytes(DatumGetByteaPP(c->row.value[CUSTOMER_FOLD_STATE]), rules, n + 1,
							   &c->state, &tally, sizeof(tally)) ||
		(n > 0 && !fold_in_order(&c->state, touches->fold.at, touches->fold.kind->rank)) ||
		!summaries_resume(&c->summaries, ledger, &c->row, &tally, touches, n))
		return false;
	c->resumed = true;
	c->before = c->state;
	start_log(c);
	return true;
}

/* Put where the fold stands into the row. */
static void
set_fold(Folding *c)
{
	FoldState *s = &c->state;
	CustomerRow *row = &c->row;

	customer_row_set(row, CUSTOMER_STAGE, ObjectIdGetDatum(stage_oid(s->current.stage)));
	customer_row_set_instant(row, CUSTOMER_STAGE_SINCE, s->current.entered_at);
	customer_row_set(row, CUSTOMER_MAX_STAGE, ObjectIdGetDatum(stage_oid(s->max_stage)));
	customer_row_set(row, CUSTOMER_EPISODE, Int32GetDatum(s->current.episode));
	customer_row_set_instant(row, CUSTOMER_FIRST_TOUCH, s->first_at);
	customer_row_set_instant(row, CUSTOMER_LAST_TOUCH, s->last_at);
	customer_row_set_instant(row, CUSTOMER_LAST_ALIVE, s->last_alive);
	customer_row_set_instant(row, CUSTOMER_FIRST_PAID, s->first_paid_at);
	customer_row_set(row, CUSTOMER_TOUCHPOINT_COUNT, Int64GetDatum(s->touch_count));
	customer_row_set(row, CUSTOMER_PURCHASE_COUNT, Int64GetDatum(s->purchase_count));
	customer_row_set_amount(row, CUSTOMER_PURCHASE_AMOUNT, s->purchase_amount);
	customer_row_set_instant(row, CUSTOMER_FIRST_PURCHASE, s->first_purchase_at);
	customer_row_set_instant(row, CUSTOMER_LAST_PURCHASE, s->last_purchase_at);
	customer_row_set_amount(row, CUSTOMER_MRR, fold_recurring(s));
	customer_row_set_instant(row, CUSTOMER_DUE, fold_due(s, &c->ledger->rules));
}

void
folding_run(Folding *c, const Touch *touches, int n, int64 horizon)
{
	const FoldRules *rules = &c->ledger->rules;

	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		room_for_spans(c);
		fold_touch(&c->state, rules, &touches[i].fold, &c->log);
		summaries_touch(&c->summaries, &touches[i]);
	}
	room_for_spans(c);
	fold_advance(&c->state, rules, horizon, &c->log);
	set_fold(c);
	summaries_finish(&c->summaries);
	customer_row_set(
		&c->row, CUSTOMER_FOLD_STATE,
		PointerGetDatum(fold_state_to_bytes(&c->state, &c->summaries.tally, sizeof(Tally))));
}

bool
folding_span_changed(const Folding *c, const FoldSpan *span)
{
	bool was_current = c->resumed && span->seq == c->before.current.seq;
	bool is_current = span->seq == c->state.current.seq;

	/* of stored spans nothing but the end changes */
	return !span->stored || was_current != is_current;
}

bool
folding_cuts(const Folding *c)
{
	return !c->resumed || c->before.current.seq > c->state.current.seq;
}

bool
folding_moved(const Folding *c)
{
	return !c->resumed || c->before.current.stage != c->state.current.stage ||
		   c->before.current.seq != c->state.current.seq;
}
