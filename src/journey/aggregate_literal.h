/*
 * aggregate_literal.h: is an argument of an aggregate the same for all rows?
 */
#ifndef CUSTOMER_LIFECYCLE_AGGREGATE_LITERAL_H
#define CUSTOMER_LIFECYCLE_AGGREGATE_LITERAL_H

#include "common/compat.h"

#include "fmgr.h"

/*
 * Is argument `arg` of the transition function (1 is the aggregate's first) a literal of the query,
 * so that what was made of it, kept in fn_extra, needn't be compared with it again?  In doubt, as
 * where the aggregate is a window function or not known, it isn't.
 */
extern bool aggregate_arg_is_literal(FunctionCallInfo fcinfo, int arg);

#endif
