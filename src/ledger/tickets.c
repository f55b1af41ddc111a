/*
 * tickets.c: the tickets of a customer, by subject (see tickets.h).
 *
 * They are few, nearly always; so they are a list, the last opened first looked at.
 */
#include "ledger/tickets.h"

#include "common/hashfn.h"

#define TICKETS_MAGIC 0x4C435401

/* The last ticket of a subject. */
typedef struct Ticket
{
	int64 opened_at;
	int64 resolved_at; /* FOLD_NEVER: open */
	int32 length;	   /* of the subject */
	bool replied;
	const char *subject;
} Ticket;

struct Tickets
{
	int n;
	int room;
	Ticket *ticket;
};

/* As stored; the subject's bytes follow. */
typedef struct TicketHeader
{
	int64 opened_at;
	int64 resolved_at;
	int32 length;
	int32 replied;
} TicketHeader;

Tickets *
tickets_new(void)
{
	Tickets *t = palloc(sizeof(Tickets));

	t->n = 0;
	t->room = 4;
	t->ticket = palloc(t->room * sizeof(Ticket));
	return t;
}

static Ticket *
find_ticket(const Tickets *tickets, const char *subject, int length)
{
	for (int i = tickets->n - 1; i >= 0; i--)
	{
		Ticket *ticket = &tickets->ticket[i];

		if (ticket->length == length && memcmp(ticket->subject, subject, length) == 0)
			return ticket;
	}
	return NULL;
}

static Ticket *
append_ticket(Tickets *tickets)
{
	if (tickets->n == tickets->room)
	{
		tickets->room *= 2;
		tickets->ticket = repalloc_huge(tickets->ticket, tickets->room * sizeof(Ticket));
	}
	return &tickets->ticket[tickets->n++];
}

/* ---- what happens to them ---- */

static void
open_ticket(Tickets *tickets, TicketCounts *counts, const FoldTouch *t)
{
	Ticket *ticket;

	if (t->subject == NULL)
	{
		counts->opened++;
		return;
	}
	ticket = find_ticket(tickets, t->subject, t->subject_length);
	if (ticket != NULL && ticket->resolved_at == FOLD_NEVER)
		return;
	if (ticket == NULL)
		ticket = append_ticket(tickets);
	*ticket = (Ticket){t->at, FOLD_NEVER, t->subject_length, false, t->subject};
	counts->opened++;
	counts->open++;
}

static void
reply_to_ticket(Ticket *ticket, TicketCounts *counts, int64 at)
{
	if (ticket->replied)
		return;
	ticket->replied = true;
	counts->replied++;
	counts->reply_time += at - ticket->opened_at;
}

static void
resolve_ticket(Ticket *ticket, TicketCounts *counts, int64 at)
{
	if (ticket->resolved_at == FOLD_NEVER)
	{
		counts->open--;
		counts->resolved++;
	}
	else
		counts->resolve_time -= ticket->resolved_at - ticket->opened_at;
	ticket->resolved_at = at;
	counts->resolve_time += at - ticket->opened_at;
}

static void
reopen_ticket(Ticket *ticket, TicketCounts *counts)
{
	if (ticket->resolved_at == FOLD_NEVER)
		return;
	counts->open++;
	counts->resolved--;
	counts->resolve_time -= ticket->resolved_at - ticket->opened_at;
	ticket->resolved_at = FOLD_NEVER;
}

void
tickets_touch(Tickets *tickets, TicketCounts *counts, const Touch *touch)
{
	const FoldTouch *t = &touch->fold;
	Ticket *ticket;

	if (touch->kind->tally == TALLY_TICKET_OPENED)
	{
		open_ticket(tickets, counts, t);
		return;
	}
	ticket = t->subject == NULL ? NULL : find_ticket(tickets, t->subject, t->subject_length);
	if (ticket == NULL)
		return;
	if (touch->kind->tally == TALLY_TICKET_REPLIED)
		reply_to_ticket(ticket, counts, t->at);
	else if (touch->kind->tally == TALLY_TICKET_RESOLVED)
		resolve_ticket(ticket, counts, t->at);
	else
		reopen_ticket(ticket, counts);
}

/* ---- bytes ---- */

bytea *
tickets_to_bytes(const Tickets *tickets, uint32 *checksum)
{
	uint32 magic = TICKETS_MAGIC;
	Size size = VARHDRSZ + sizeof(magic);
	bytea *bytes;
	char *at;

	for (int i = 0; i < tickets->n; i++)
		size += sizeof(TicketHeader) + tickets->ticket[i].length;
	bytes = palloc(size);
	SET_VARSIZE(bytes, size);
	at = VARDATA(bytes);
	memcpy(at, &magic, sizeof(magic));
	at += sizeof(magic);
	for (int i = 0; i < tickets->n; i++)
	{
		const Ticket *t = &tickets->ticket[i];
		TicketHeader h = {t->opened_at, t->resolved_at, t->length, t->replied};

		memcpy(at, &h, sizeof(h));
		memcpy(at + sizeof(h), t->subject, t->length);
		at += sizeof(h) + t->length;
	}
	*checksum = hash_bytes((const unsigned char *) VARDATA(bytes), (int) (size - VARHDRSZ));
	return bytes;
}

static bool
take_ticket(const char **at, const char *end, Tickets *tickets)
{
	TicketHeader h;

	if (end - *at < (ptrdiff_t) sizeof(h))
		return false;
	memcpy(&h, *at, sizeof(h));
	*at += sizeof(h);
	if (h.length < 0 || h.length > end - *at)
		return false;
	*append_ticket(tickets) = (Ticket){h.opened_at, h.resolved_at, h.length, h.replied != 0, *at};
	*at += h.length;
	return true;
}

Tickets *
tickets_from_bytes(const bytea *bytes, uint32 checksum)
{
	const char *at = VARDATA_ANY(bytes);
	const char *end = at + VARSIZE_ANY_EXHDR(bytes);
	Tickets *tickets = tickets_new();
	uint32 magic;

	if (end - at < (ptrdiff_t) sizeof(magic) ||
		hash_bytes((const unsigned char *) at, (int) (end - at)) != checksum)
		return NULL;
	memcpy(&magic, at, sizeof(magic));
	at += sizeof(magic);
	if (magic != TICKETS_MAGIC)
		return NULL;
	while (at < end)
		if (!take_ticket(&at, end, tickets))
			return NULL;
	return tickets;
}
