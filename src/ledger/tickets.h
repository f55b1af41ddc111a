/*
 * tickets.h: the tickets of a customer, by subject: opened, replied to, resolved, reopened.
 *
 * Only what was opened is a ticket: a reply to something else is ignored.  A ticket that is opened
 * again while it is open is the same; a subject whose ticket is resolved gets another one.
 * Resolved again: the later resolution counts.  A ticket without a subject is counted as opened,
 * but nothing can be said of it afterwards.
 */
#ifndef CUSTOMER_LIFECYCLE_TICKETS_H
#define CUSTOMER_LIFECYCLE_TICKETS_H

#include "ledger/ledger.h"

typedef struct TicketCounts
{
	int64 opened;
	int64 open;
	int64 resolved;
	int64 replied;
	int64 reply_time;	/* microseconds from opening to first reply, of those replied */
	int64 resolve_time; /* ... to resolution, of those resolved */
} TicketCounts;

typedef struct Tickets Tickets;

/* No tickets yet. */
extern Tickets *tickets_new(void);

/* The tickets that these bytes hold; NULL if they hold none. */
extern Tickets *tickets_from_bytes(const bytea *bytes, uint32 checksum);

/* As bytes, with their checksum; equal tickets have equal bytes. */
extern bytea *tickets_to_bytes(const Tickets *tickets, uint32 *checksum);

extern void tickets_touch(Tickets *tickets, TicketCounts *counts, const Touch *t);

#endif
