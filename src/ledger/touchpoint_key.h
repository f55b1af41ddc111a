/*
 * touchpoint_key.h: keys of a partitioned log.
 *
 * A unique index of a partitioned table must hold the column that it is partitioned by, so that
 * (source, source_key) can't be unique in one.  The table touchpoint_key holds each key once, and
 * says which touchpoint has it.  A row without a touchpoint is a claim: a statement is about to
 * write the touchpoint, and nobody else will.
 */
#ifndef CUSTOMER_LIFECYCLE_TOUCHPOINT_KEY_H
#define CUSTOMER_LIFECYCLE_TOUCHPOINT_KEY_H

#include "ledger/ledger.h"

/*
 * Take the keys of the touchpoints in new_rows, and remove from the log what repeats a key that is
 * taken; whether anything was.  "rejected": some of the rows are not in the log any more.
 */
extern bool touchpoint_keys_inserted(Ledger *ledger, bool rejected, int64 rows);

/* Give up keys of old_rows and take those of new_rows; an ERROR if one is taken. */
extern void touchpoint_keys_updated(Ledger *ledger, bool rejected, int64 rows);

/* Give up keys of old_rows, or of all. */
extern void touchpoint_keys_deleted(Ledger *ledger, int64 rows);
extern void touchpoint_keys_truncated(Ledger *ledger);

#endif
