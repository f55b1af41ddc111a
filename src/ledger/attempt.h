/*
 * attempt.h: queries over a house's expressions, whose errors in the data shall stop nobody.
 */
#ifndef CUSTOMER_LIFECYCLE_ATTEMPT_H
#define CUSTOMER_LIFECYCLE_ATTEMPT_H

#include "common/compat.h"

#include "executor/spi.h"

/* Can the expressions of a plan meet data that they fail on?  False only if they surely can't. */
extern bool attempt_needed(SPIPlanPtr plan);

/*
 * Run a plan without arguments, as SPI_execute_plan(), within a subtransaction.  False if it met data
 * that it failed on (SQLSTATE class 22); then the message says why, and nothing was done.
 */
extern bool attempt_plan(SPIPlanPtr plan, char **message);

#endif
