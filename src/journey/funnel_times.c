/*
 * funnel_times.c: when a funnel's steps were taken, as an SQL array (see funnel_times.h).
 */
#include "journey/funnel_times.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "utils/timestamp.h"

ArrayType *
funnel_reach_array(const FunnelReach *reach, int steps)
{
	Datum values[FUNNEL_MAX_STEPS];
	bool nulls[FUNNEL_MAX_STEPS];
	int length = steps;
	int lower = 1;

	for (int i = 0; i < steps; i++)
	{
		nulls[i] = i >= reach->steps || ((reach->taken >> i) & 1) == 0;
		values[i] = nulls[i] ? (Datum) 0 : TimestampTzGetDatum(reach->at[i]);
	}
	return construct_md_array(values, nulls, 1, &length, &lower, TIMESTAMPTZOID, sizeof(int64),
							  true, TYPALIGN_DOUBLE);
}
