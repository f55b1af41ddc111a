/*
 * journey_name.h: the name of an event or channel out of a value of any type.
 */
#ifndef CUSTOMER_LIFECYCLE_JOURNEY_NAME_H
#define CUSTOMER_LIFECYCLE_JOURNEY_NAME_H

#include "journey/journey_summary.h"

/*
 * The text of argument i of the function, which is not NULL; valid until the end of the call.
 * The type is text where the function's declaration says so (is_text), else that of the call.
 */
extern JourneyName journey_name_arg(FunctionCallInfo fcinfo, int i, bool is_text);

#endif
