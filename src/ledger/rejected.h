/*
 * rejected.h: touchpoints that can't be used.
 */
#ifndef CUSTOMER_LIFECYCLE_REJECTED_H
#define CUSTOMER_LIFECYCLE_REJECTED_H

#include "ledger/ledger.h"

#include "commands/trigger.h"

/*
 * Move what can't be used out of the rows that were written into touchpoint, into
 * touchpoint_rejected, with the reason; or raise an ERROR, if the ledger's setting says so.  Were
 * there any?
 */
extern bool reject_unusable(Ledger *l, const TriggerData *trigger);

/* Raise the ERROR for one. */
pg_noreturn extern void refuse_touchpoint(const Ledger *l, const char *fault, const char *kind);

#endif
