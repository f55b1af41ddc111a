/*
 * folding.h: one customer while he is folded: from his stored row, or from nothing, to the row and
 * the spans to be stored.
 */
#ifndef CUSTOMER_LIFECYCLE_FOLDING_H
#define CUSTOMER_LIFECYCLE_FOLDING_H

#include "ledger/summaries.h"

typedef struct Folding
{
	Ledger *ledger;
	CustomerRow row; /* as stored, then as it is to be */
	bool resumed;	 /* from what is stored: "before" is valid */
	FoldState before;
	FoldState state;
	FoldLog log;
	int room; /* for spans in the log */
	Summaries summaries;
} Folding;

/* Begin with nothing. */
extern void folding_start(Folding *c, Ledger *ledger, Datum key, int n);

/*
 * Go on from the row, which the caller has filled, with these touchpoints in order.  False if they
 * can't be folded into what is stored: then all touchpoints must be folded anew.
 */
extern bool folding_resume(Folding *c, Ledger *ledger, const Touch *touches, int n);

/* Fold touchpoints, then let time pass until the horizon. */
extern void folding_run(Folding *c, const Touch *touches, int n, int64 horizon);

/* Is this span of the log not what is stored? */
extern bool folding_span_changed(const Folding *c, const FoldSpan *span);

/* May there be stored spans beyond the last? */
extern bool folding_cuts(const Folding *c);

/* Is the customer in another stage, or another stay, than before? */
extern bool folding_moved(const Folding *c);

#endif
