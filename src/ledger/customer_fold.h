/*
 * customer_fold.h: bring customers and their stage history up to the touchpoints.
 *
 * A run: begin; fold new touchpoints into what is stored, or all touchpoints of some customers
 * anew; end, which writes.  The customers must be locked by then, in the order of their keys.
 */
#ifndef CUSTOMER_LIFECYCLE_CUSTOMER_FOLD_H
#define CUSTOMER_LIFECYCLE_CUSTOMER_FOLD_H

#include "ledger/ledger.h"
#include "ledger/rows.h"

typedef struct CustomerFold CustomerFold;

/* The columns that a query of customers gives, for ledger_plan(). */
#define CUSTOMER_COLUMNS "%2$s, (SELECT k.horizon FROM %1$s.clock k WHERE k.only_row)"

extern CustomerFold *customer_fold_begin(Ledger *ledger, bool few);

/*
 * Fold the touchpoints of customers that didn't exist, ordered by customer, and insert those
 * customers, whole, in that order; but not those whom another has added by now.  True if that were
 * so many touchpoints, and all those customers were inserted: then nothing is left to be folded.
 */
extern bool customer_fold_add(CustomerFold *f, Rows *touches, int64 rows);

/* How many were inserted; if any, the statements to come see their keys as "added". */
extern int64 customer_fold_added(const CustomerFold *f);

/*
 * Fold new touchpoints, ordered by customer, into the customers, in the same order.  Those that
 * have something late among them are noted, to be folded anew.
 */
extern void customer_fold_new(CustomerFold *f, Rows *touches, Rows *customers);

/* Note these customers (of a query as above), to be folded anew. */
extern void customer_fold_note(CustomerFold *f, Rows *customers);

/* Let time pass for these customers, up to the ledger's horizon. */
extern void customer_fold_tick(CustomerFold *f, Rows *customers);

/* Fold all touchpoints of all customers anew, from a query ordered by customer, up to a horizon. */
extern void customer_fold_log(CustomerFold *f, Rows *touches, int64 horizon);

/* Let the statements to come see what was folded, as "moved" and "spans", instead of writing it. */
extern void customer_fold_show(CustomerFold *f);

/* Fold anew who was noted, and write all. */
extern void customer_fold_end(CustomerFold *f);

/* All of that for one customer, whose touchpoints are folded anew. */
extern void customer_fold_one_anew(Ledger *ledger, Datum key);

/* The ERROR for a customer who isn't there any more. */
pg_noreturn extern void customer_fold_lost(void);

/* To be called last, before SPI_finish(). */
extern void customer_fold_free(CustomerFold *f);

/* Was there a detractor among the new touchpoints? */
extern bool customer_fold_detractors(const CustomerFold *f);

/* How many customers were written. */
extern int64 customer_fold_count(const CustomerFold *f);

#endif
