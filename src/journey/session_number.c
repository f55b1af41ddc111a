/*
 * session_number.c: the window function session_number().
 */
#include "common/compat.h"

#include "journey/journey_interval.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "windowapi.h"

/* Silence longer than this ends a session, by default. */
#define DEFAULT_GAP (30 * USECS_PER_MINUTE)

#define ROWS_TO_KEEP 256

typedef struct SessionState
{
	int64 number; /* of the current session; 0: no row yet */
	TimestampTz last;
} SessionState;

static JourneyWindow
gap_arg(FunctionCallInfo fcinfo)
{
	JourneyWindow gap = {DEFAULT_GAP, 0, false};
	bool null;
	Datum value;

	if (PG_NARGS() < 2)
		return gap;
	value = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), 1, &null);
	if (null)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the gap between sessions must not be null"),
						errhint("Give a length of time such as '30 minutes'.")));
	return journey_window(DatumGetIntervalP(value), "gap");
}

/*
 * session_number(at timestamptz [, gap interval]) -> bigint, over a customer's rows in order of
 * time
 *
 * 1, 2, ...: a row later than the one before by more than the gap begins the next session.  Rows
 * without an instant are in none.  ERROR if the rows are not in order.
 */
PG_FUNCTION_INFO_V1(session_number);
Datum
session_number(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	SessionState *state = WinGetPartitionLocalMemory(window, sizeof(SessionState));
	bool null;
	TimestampTz at = DatumGetTimestampTz(WinGetFuncArgCurrent(window, 0, &null));
	JourneyWindow gap;

	/* rows before this one aren't needed, but few are worth letting go of one by one */
	if (WinGetCurrentPosition(window) % ROWS_TO_KEEP == ROWS_TO_KEEP - 1)
		WinSetMarkPosition(window, WinGetCurrentPosition(window));
	if (null)
		PG_RETURN_NULL();
	gap = gap_arg(fcinfo);
	if (state->number > 0 && at < state->last)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("session_number needs its rows in order of time"),
						errhint("For example: session_number(at) OVER (PARTITION BY customer "
								"ORDER BY at).")));
	if (state->number == 0 || at > journey_deadline(state->last, &gap))
		state->number++;
	state->last = at;
	PG_RETURN_INT64(state->number);
}
