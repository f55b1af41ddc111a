/*
 * stitched_id.c: the window function stitched_id(), which gives a device's anonymous rows to the
 * customers who were known on it.
 */
#include "common/compat.h"

#include "miscadmin.h"
#include "windowapi.h"

typedef struct StitchState
{
	bool begun;
	int64 known; /* the row that tells who it is, or -1: nobody is known in this partition */
} StitchState;

/* The first row of the partition on which somebody is known, or -1. */
static int64
first_known(WindowObject window)
{
	int64 rows = WinGetPartitionRowCount(window);

	for (int64 i = 0; i < rows; i++)
	{
		bool null;
		bool outside;

		CHECK_FOR_INTERRUPTS();
		WinGetFuncArgInPartition(window, 0, i, WINDOW_SEEK_HEAD, false, &null, &outside);
		if (!null)
			return i;
	}
	return -1;
}

/*
 * stitched_id(known_id anyelement) -> anyelement, over the rows of one anonymous id in order of
 * time
 *
 * Who the row belongs to: the id known on it, else the last one known before, else the first one
 * known after; NULL if nobody ever was.  Each row is given to somebody; ids are never merged, so
 * two customers who share a device stay two.
 */
PG_FUNCTION_INFO_V1(stitched_id);
Datum
stitched_id(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	StitchState *state = WinGetPartitionLocalMemory(window, sizeof(StitchState));
	bool null;
	bool outside;
	Datum id = WinGetFuncArgCurrent(window, 0, &null);

	if (!null)
	{
		state->begun = true;
		state->known = WinGetCurrentPosition(window);
		PG_RETURN_DATUM(id);
	}
	if (!state->begun)
	{
		state->begun = true;
		state->known = first_known(window);
	}
	if (state->known < 0)
		PG_RETURN_NULL();
	id = WinGetFuncArgInPartition(window, 0, (int) state->known, WINDOW_SEEK_HEAD, false, &null,
								  &outside);
	if (null)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(id);
}
