/*
 * aggregate_literal.c: is an argument of an aggregate the same for all rows (see
 * aggregate_literal.h)?
 *
 * The transition function's own expression doesn't tell, since all of its arguments are parameters
 * of the executor; the aggregate's does.
 */
#include "journey/aggregate_literal.h"

#include "nodes/primnodes.h"

bool
aggregate_arg_is_literal(FunctionCallInfo fcinfo, int arg)
{
	const Aggref *aggregate = AggGetAggref(fcinfo);

	return aggregate != NULL && arg <= list_length(aggregate->args) &&
		   IsA(list_nth_node(TargetEntry, aggregate->args, arg - 1)->expr, Const);
}
