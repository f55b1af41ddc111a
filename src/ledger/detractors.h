/*
 * detractors.h: telling of answers to the NPS question of 6 or less.
 */
#ifndef CUSTOMER_LIFECYCLE_DETRACTORS_H
#define CUSTOMER_LIFECYCLE_DETRACTORS_H

#include "ledger/ledger.h"

#include "commands/trigger.h"

/*
 * Within touchpoint_fold(), after customers have moved: tell event_outbox of the detractors among
 * what was written, and of what is no longer so.
 */
extern void tell_detractors(Ledger *ledger, const TriggerData *trigger, int64 rows);

#endif
