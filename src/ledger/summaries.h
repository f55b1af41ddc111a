/*
 * summaries.h: what a customer's row keeps beside his stage: purchases, activity, answers, tickets,
 * traits, consents, channel, and a few counts.
 *
 * Columns that touchpoints don't touch are neither looked at nor copied.
 */
#ifndef CUSTOMER_LIFECYCLE_SUMMARIES_H
#define CUSTOMER_LIFECYCLE_SUMMARIES_H

#include "ledger/customer_row.h"
#include "ledger/tickets.h"

/* Counts and sums, kept in customer.fold_state beside the state of the fold. */
typedef struct Tally
{
	int64 refund_count;
	int64 refund_amount; /* in 1/10000, positive */
	int64 referral_sent_count;
	int64 referral_converted_count;
	int64 review_count;
	double review_score;  /* of the last review that has one */
	int64 loyalty_points; /* in 1/10000 */
	TicketCounts tickets;
	int32 active_day;		/* the last that activity has, or FOLD_NO_DAY */
	uint32 tickets_checked; /* checksum of ticket_state */
	bool has_review_score;
} Tally;

typedef struct Summaries
{
	const Ledger *ledger;
	CustomerRow *row;
	bool ours[CUSTOMER_COLUMN_COUNT]; /* values made here, which may be changed in place */
	Tally tally;
	Tickets *tickets; /* NULL: not looked at */
} Summaries;

/* Of somebody to whom nothing has happened yet; what follows goes into the row. */
extern void summaries_start(Summaries *s, const Ledger *ledger, CustomerRow *row);

/*
 * Go on from the tally and the row that are stored.  False if these touchpoints need a part of it
 * that is damaged.
 */
extern bool summaries_resume(Summaries *s, const Ledger *ledger, CustomerRow *row,
							 const Tally *tally, const Touch *touches, int n);

/* What one touchpoint adds; touchpoints come in the order of the fold. */
extern void summaries_touch(Summaries *s, const Touch *t);

/* Put what has changed into the row. */
extern void summaries_finish(Summaries *s);

/* Get the ledger ready for the above: called once its rules are read. */
extern void summaries_prepare(Ledger *ledger);

#endif
