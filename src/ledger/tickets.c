/*
 * tickets.c: the tickets of a customer, by subject (see tickets.h).
 *
 * They are few, nearly always; so they are a list, the last opened first looked at.  The account of a
 * helpdesk has tens of thousands: a long list that has been searched often enough gets an index.
 */
#include "ledger/tickets.h"

#include "ledger/name_index.h"

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
	int searches; /* of the list, while it was long */
	Ticket *ticket;
	NameIndex subjects;
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
	Tickets *t = palloc0(sizeof(Tickets));

	t->room = 4;
	t->ticket = palloc(t->room * sizeof(Ticket));
	return t;
}

static void
put_subject(Tickets *tickets, int i)
{
	const Ticket *ticket = &tickets->ticket[i];

	name_index_put(&tickets->subjects, name_index_hash(ticket->subject, ticket->length), i);
}

/* An index of the tickets there are, with room for as many more. */
static void
index_tickets(Tickets *tickets)
{
	NameIndex *subjects = &tickets->subjects;
	uint32 size = name_index_size(2 * tickets->n);

	if (subjects->slot != NULL)
		pfree(subjects->slot);
	subjects->slot = palloc_extended(size * sizeof(NameSlot), MCXT_ALLOC_HUGE);
	name_index_clear(subjects, size);
	for (int i = 0; i < tickets->n; i++)
		put_subject(tickets, i);
}

/* Is there an index?  It isn't made for the one search that one touchpoint needs. */
static inline bool
indexed(Tickets *tickets)
{
	if (tickets->subjects.size == 0 && tickets->n > NAME_INDEX_FEW &&
		++tickets->searches > NAME_INDEX_FEW)
		index_tickets(tickets);
	return tickets->subjects.size > 0;
}

static inline bool
is_about(const Ticket *ticket, const FoldTouch *t)
{
	return ticket->length == t->subject_length &&
		   memcmp(ticket->subject, t->subject, ticket->length) == 0;
}

static Ticket *
find_ticket(Tickets *tickets, const FoldTouch *t)
{
	if (indexed(tickets))
	{
		uint32 hash = name_index_hash(t->subject, t->subject_length);
		uint32 at = hash;
		int i;

		while ((i = name_index_next(&tickets->subjects, hash, &at)) >= 0)
			if (is_about(&tickets->ticket[i], t))
				return &tickets->ticket[i];
		return NULL;
	}
	for (int i = tickets->n - 1; i >= 0; i--)
		if (is_about(&tickets->ticket[i], t))
			return &tickets->ticket[i];
	return NULL;
}

static void
append_ticket(Tickets *tickets, Ticket ticket)
{
	if (tickets->n == tickets->room)
	{
		tickets->room *= 2;
		tickets->ticket = repalloc_huge(tickets->ticket, tickets->room * sizeof(Ticket));
	}
	tickets->ticket[tickets->n++] = ticket;
	if (tickets->subjects.size == 0)
		return;
	if ((uint32) tickets->n > tickets->subjects.size / 2)
		index_tickets(tickets);
	else
		put_subject(tickets, tickets->n - 1);
}

/* ---- what happens to them ---- */

static void
open_ticket(Tickets *tickets, TicketCounts *counts, const FoldTouch *t)
{
	Ticket opened = {t->at, FOLD_NEVER, t->subject_length, false, t->subject};
	Ticket *ticket;

	if (t->subject == NULL)
	{
		counts->opened++;
		return;
	}
	ticket = find_ticket(tickets, t);
	if (ticket != NULL && ticket->resolved_at == FOLD_NEVER)
		return;
	if (ticket == NULL)
		append_ticket(tickets, opened);
	else
		*ticket = opened;
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
	ticket = t->subject == NULL ? NULL : find_ticket(tickets, t);
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
	append_ticket(tickets, (Ticket){h.opened_at, h.resolved_at, h.length, h.replied != 0, *at});
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
