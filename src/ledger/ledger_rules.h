/*
 * ledger_rules.h: the rules of a ledger, read from its tables.
 */
#ifndef CUSTOMER_LIFECYCLE_LEDGER_RULES_H
#define CUSTOMER_LIFECYCLE_LEDGER_RULES_H

#include "ledger/ledger.h"

/* Read touchpoint_kind, stage_rule and setting into l, in l->context. */
extern void ledger_read_rules(Ledger *l);

/* The rules that a new ledger has, without there being one; the schema of the extension, quoted. */
extern void ledger_read_default_rules(Ledger *l, const char *qextension);

#endif
