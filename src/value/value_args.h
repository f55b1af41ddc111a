/*
 * value_args.h: checked arguments of the value room's functions, and their errors.
 */
#ifndef CUSTOMER_LIFECYCLE_VALUE_ARGS_H
#define CUSTOMER_LIFECYCLE_VALUE_ARGS_H

#include "common/compat.h"

/* A fraction from 0 to 1; else an ERROR (22003) that names the argument and the value. */
extern double value_rate_arg(FunctionCallInfo fcinfo, int i, const char *name);

/* A finite number of at least min; else an ERROR (22003). */
extern double value_number_arg(FunctionCallInfo fcinfo, int i, const char *name, double min);

/* A finite number of any sign; else an ERROR (22003). */
extern double value_finite_arg(FunctionCallInfo fcinfo, int i, const char *name);

/* The model bg_bb counts opportunities one by one: of more than this it would never end. */
#define VALUE_MAX_OPPORTUNITIES 1000000

/* An ERROR (54000) that names the time if it has more opportunities, one each unit. */
extern void value_check_opportunities(int64 usecs, int64 unit, const char *name);

/* The result of a formula, or NULL where it is NaN; an ERROR (22003) if it has overflowed. */
extern Datum value_result(FunctionCallInfo fcinfo, double result);

/* A double as it is shown in messages. */
extern char *value_shown(double value);

#endif
