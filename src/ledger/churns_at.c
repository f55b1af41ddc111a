/*
 * churns_at.c: when does a customer churn if nothing happens until then?
 */
#include "ledger/fold_state.h"

#include "utils/timestamp.h"

#include "ledger/summaries.h"

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
	Interval *silence = PG_GETARG_INTERVAL_P(1);
	FoldState state;
	Tally tally;
	int64 due;

	if (!fold_state_from_bytes(bytes, NULL, 1, &state, &tally, sizeof(tally)))
		PG_RETURN_NULL();
	due = fold_churn_due(&state,
						 silence->time +
							 (silence->day + (int64) silence->month * DAYS_PER_MONTH) * FOLD_DAY);
	if (due == FOLD_NEVER)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(due);
}
