/*
 * fold_state.c: the state of a fold as bytes in customer.fold_state, and back.
 *
 * The bytes belong to this build: another version, another byte order, or a value that someone
 * wrote by hand is simply not a state, and the customer is folded anew from the log.  Every field
 * is therefore checked, and nothing is an error.
 */
#include "ledger/fold_state.h"

#include "common/hashfn.h"
#include "ledger/fold_subjects.h"

/* Another number for another layout: older states are then folded anew. */
#define FOLD_STATE_MAGIC 0x4C430002

/*
 *   magic | checksum | FoldState, its pointers null | what goes along | counts | subjects: end_at,
 *   amount, length, named and the name's bytes
 */
typedef struct StateHeader
{
	uint32 magic;
	uint32 checksum; /* of all that follows */
} StateHeader;

typedef struct SubjectHeader
{
	int64 end_at;
	int64 amount;
	int32 length;
	int32 named;
} SubjectHeader;

static Size
subjects_size(const FoldState *s)
{
	const FoldSubject *open = NULL;
	Size size = 0;

	while ((open = fold_subject_next(s, open)) != NULL)
		size += sizeof(SubjectHeader) + open->length;
	return size;
}

static char *
put(char *at, const void *what, Size size)
{
	if (size > 0) /* nothing may be nowhere */
		memcpy(at, what, size);
	return at + size;
}

/* What pointers there are would differ from one session to the next. */
static FoldState
without_pointers(const FoldState *s)
{
	FoldState plain;

	memcpy(&plain, s, sizeof(plain));
	plain.subjects = NULL;
	plain.count = NULL;
	plain.current.reason = plain.current.actor = NULL;
	plain.previous.reason = plain.previous.actor = NULL;
	plain.current.stored = plain.previous.stored = true;
	return plain;
}

bytea *
fold_state_to_bytes(const FoldState *s, const void *along, Size along_size)
{
	Size body = sizeof(FoldState) + along_size + s->n_counts * sizeof(FoldCount) + subjects_size(s);
	bytea *bytes = palloc(VARHDRSZ + sizeof(StateHeader) + body);
	char *start = VARDATA(bytes) + sizeof(StateHeader);
	FoldState plain = without_pointers(s);
	char *at = put(start, &plain, sizeof(plain));
	StateHeader header = {FOLD_STATE_MAGIC, 0};
	const FoldSubject *open = NULL;

	at = put(at, along, along_size);
	at = put(at, s->count, s->n_counts * sizeof(FoldCount));
	while ((open = fold_subject_next(s, open)) != NULL)
	{
		SubjectHeader h = {open->end_at, open->amount, open->length, open->name != NULL};

		at = put(at, &h, sizeof(h));
		if (open->name != NULL)
			at = put(at, open->name, open->length);
	}
	header.checksum = hash_bytes((const unsigned char *) start, (int) body);
	put(VARDATA(bytes), &header, sizeof(header));
	SET_VARSIZE(bytes, VARHDRSZ + sizeof(StateHeader) + body);
	return bytes;
}

/* Take so many bytes, if there are so many left. */
static bool
take(const char **at, Size *left, void *into, Size size)
{
	if (*left < size)
		return false;
	memcpy(into, *at, size);
	*at += size;
	*left -= size;
	return true;
}

static bool
take_subject(const char **at, Size *left, FoldSubject *open)
{
	SubjectHeader h;

	if (!take(at, left, &h, sizeof(h)) || h.length < 0 || (Size) h.length > *left ||
		(!h.named && h.length > 0))
		return false;
	*open =
		(FoldSubject){h.end_at, h.amount, h.named ? pnstrdup(*at, h.length) : NULL, h.length, 0};
	*at += h.length;
	*left -= h.length;
	return true;
}

static bool
plausible(const FoldState *s, const FoldRules *rules, Size left)
{
	/* without rules it is only looked at, whatever rules have made it */
	if (rules != NULL && (s->signature != rules->signature || s->n_counts != rules->n))
		return false;
	return s->n_counts >= 0 && (Size) s->n_counts <= left / sizeof(FoldCount) &&
		   s->n_subjects >= 0 && (Size) s->n_subjects <= left / sizeof(SubjectHeader) &&
		   s->current.stage >= STAGE_NONE && s->current.stage < STAGE_COUNT &&
		   s->previous.stage >= STAGE_NONE && s->previous.stage < STAGE_COUNT &&
		   s->max_stage >= STAGE_NONE && s->max_stage < STAGE_COUNT;
}

/* An index needs its room only if there may be enough subjects for one. */
static FoldSubjects *
room_for_subjects(Size room)
{
	FoldSubjects *o = palloc_extended(
		offsetof(FoldSubjects, subject) + Max(room, 1) * sizeof(FoldSubject), MCXT_ALLOC_HUGE);

	memset(o, 0, offsetof(FoldSubjects, subject));
	if (room > NAME_INDEX_FEW)
	{
		o->max_slots = name_index_size(room);
		o->names.slot = palloc_extended(o->max_slots * sizeof(NameSlot), MCXT_ALLOC_HUGE);
		o->heap = palloc_extended(room * sizeof(int), MCXT_ALLOC_HUGE);
	}
	return o;
}

bool
fold_state_from_bytes(const bytea *bytes, const FoldRules *rules, int more_subjects, FoldState *s,
					  void *along, Size along_size)
{
	const char *at = VARDATA_ANY(bytes);
	Size left = VARSIZE_ANY_EXHDR(bytes);
	StateHeader header;

	if (!take(&at, &left, &header, sizeof(header)) || header.magic != FOLD_STATE_MAGIC ||
		header.checksum != hash_bytes((const unsigned char *) at, (int) left) ||
		!take(&at, &left, s, sizeof(*s)) || !take(&at, &left, along, along_size) ||
		!plausible(s, rules, left))
		return false;
	s->count = palloc(Max(s->n_counts, 1) * sizeof(FoldCount));
	s->subjects = room_for_subjects((Size) s->n_subjects + more_subjects);
	if (!take(&at, &left, s->count, s->n_counts * sizeof(FoldCount)))
		return false;
	for (int i = 0; i < s->n_subjects; i++)
		if (!take_subject(&at, &left, &s->subjects->subject[i]))
			return false;
	s->subjects->used = s->n_subjects;
	return left == 0;
}

void
fold_state_new(const FoldRules *rules, int subjects, FoldState *s)
{
	s->count = palloc(Max(rules->n, 1) * sizeof(FoldCount));
	s->subjects = room_for_subjects(subjects);
	fold_start(s, rules);
}
