/*
 * plays.h: telling of plays: what a house wants to be done when something comes true of a customer.
 */
#ifndef CUSTOMER_LIFECYCLE_PLAYS_H
#define CUSTOMER_LIFECYCLE_PLAYS_H

#include "ledger/ledger.h"

#include "commands/trigger.h"

/*
 * Within touchpoint_fold(), after customers have moved: plays that wait for answers to surveys, told
 * for what was written and withdrawn for what is no longer there.
 */
extern void plays_of_answers(Ledger *ledger, const TriggerData *trigger, int64 rows);

#endif
