/*
 * churns_at.c: when does a customer churn if nothing happens until then?
 */
#include "ledger/fold_state.h"

#include "common/int.h"
#include "utils/timestamp.h"

#include "ledger/summaries.h"

/* False if the interval is longer than all time. */
static bool
duration_of(const Interval *i, int64 *duration)
{
	int64 days = i->day + (int64) i->month * DAYS_PER_MONTH;

	return !pg_mul_s64_overflow(days, FOLD_DAY, duration) &&
		   !pg_add_s64_overflow(*duration, i->time, duration);
}

/*
 * ledger_churns_at(fold_state bytea, silence_after interval) -> timestamptz
 *
 * customer.due_at is when time alone changes anything, such as the end of onboarding, or of one
 * subscription of two.  NULL: no end is known, the customer is none, or the state is no state.
 */
PG_FUNCTION_INFO_V1(ledger_churns_at);
Datum
ledger_churns_at(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	FoldState state;
	Tally tally;
	int64 silence;
	int64 due;

	if (!duration_of(PG_GETARG_INTERVAL_P(1), &silence))
		silence = FOLD_NEVER;
	if (!fold_state_from_bytes(bytes, NULL, 1, &state, &tally, sizeof(tally)))
		PG_RETURN_NULL();
	due = fold_churn_due(&state, silence);
	if (!IS_VALID_TIMESTAMP(due)) /* FOLD_NEVER is none */
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(due);
}
