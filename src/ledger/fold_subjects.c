/*
 * fold_subjects.c: the open subjects of a customer (see fold_subjects.h).
 *
 * They are few, nearly always, and so they are a list.  An account of a marketplace has tens of
 * thousands: once such a list has been gone through often enough, it gets an index by name and a heap
 * by end.  From then on the closed stay in the list until they are most of it.
 */
#include "ledger/fold_subjects.h"

/* The place in the heap of what is closed. */
#define CLOSED (-1)

/* ---- the heap: the first to end is at its root ---- */

static inline int64
end_of(const FoldSubjects *o, int at)
{
	return o->subject[o->heap[at]].end_at;
}

static inline void
place(FoldSubjects *o, int at, int i)
{
	o->heap[at] = i;
	o->subject[i].place = at;
}

/* Bring what is in this place of n to where its end belongs. */
static void
settle(FoldSubjects *o, int n, int at)
{
	int i = o->heap[at];
	int64 end = o->subject[i].end_at;

	for (int parent; at > 0 && end < end_of(o, parent = (at - 1) / 2); at = parent)
		place(o, at, o->heap[parent]);
	for (int child; (child = 2 * at + 1) < n; at = child)
	{
		if (child + 1 < n && end_of(o, child + 1) < end_of(o, child))
			child++;
		if (end <= end_of(o, child))
			break;
		place(o, at, o->heap[child]);
	}
	place(o, at, i);
}

static void
push(FoldSubjects *o, int i, int n)
{
	place(o, n, i);
	settle(o, n + 1, n);
}

/* ---- the index ---- */

static void
put_name(FoldSubjects *o, int i)
{
	const FoldSubject *subject = &o->subject[i];

	name_index_put(&o->names, name_index_hash(subject->name, subject->length), i);
}

/* Drop what is closed; index the rest, if it is not few. */
static void
index_anew(const FoldState *s)
{
	FoldSubjects *o = s->subjects;
	int kept = 0;

	for (int i = 0; i < o->used; i++)
		if (o->subject[i].place != CLOSED)
			o->subject[kept++] = o->subject[i];
	o->used = kept;
	o->passes = 0;
	o->names.size = 0;
	if (kept <= NAME_INDEX_FEW)
		return;
	/* more than these need, so that many can be opened before it is full */
	name_index_clear(&o->names, Min(o->max_slots, 2 * name_index_size(kept)));
	for (int i = 0; i < kept; i++)
	{
		put_name(o, i);
		push(o, i, i);
	}
}

/* Is there an index?  It isn't made for the few passes that one touchpoint needs. */
static inline bool
indexed(const FoldState *s)
{
	FoldSubjects *o = s->subjects;

	if (o->names.size == 0 && s->n_subjects > NAME_INDEX_FEW && ++o->passes > NAME_INDEX_FEW)
		index_anew(s);
	return o->names.size > 0;
}

/* ---- what the fold asks ---- */

FoldSubject *
fold_subject_next(const FoldState *s, const FoldSubject *before)
{
	FoldSubjects *o = s->subjects;

	for (int i = before == NULL ? 0 : (int) (before - o->subject) + 1; i < o->used; i++)
		if (o->subject[i].place != CLOSED)
			return &o->subject[i];
	return NULL;
}

static inline bool
is_named(const FoldSubject *open, const FoldTouch *t)
{
	return (open->name == NULL) == (t->subject == NULL) && open->length == t->subject_length &&
		   (open->length == 0 || memcmp(open->name, t->subject, open->length) == 0);
}

FoldSubject *
fold_subject_find(const FoldState *s, const FoldTouch *t)
{
	FoldSubjects *o = s->subjects;

	if (indexed(s))
	{
		uint32 hash = name_index_hash(t->subject, t->subject_length);
		uint32 at = hash;
		int i;

		while ((i = name_index_next(&o->names, hash, &at)) >= 0)
			if (o->subject[i].place != CLOSED && is_named(&o->subject[i], t))
				return &o->subject[i];
		return NULL;
	}
	for (int i = 0; i < o->used; i++)
		if (is_named(&o->subject[i], t))
			return &o->subject[i];
	return NULL;
}

FoldSubject *
fold_subject_open(FoldState *s, const FoldTouch *t)
{
	FoldSubjects *o = s->subjects;
	int i;

	if (o->names.size > 0 && (uint32) o->used >= o->names.size / 2)
		index_anew(s);
	i = o->used++;
	o->subject[i] = (FoldSubject){FOLD_NEVER, 0, t->subject, t->subject_length, 0};
	if (o->names.size > 0)
	{
		put_name(o, i);
		push(o, i, s->n_subjects);
	}
	s->n_subjects++;
	return &o->subject[i];
}

void
fold_subject_end_at(const FoldState *s, FoldSubject *subject, int64 end_at)
{
	subject->end_at = end_at;
	if (s->subjects->names.size > 0)
		settle(s->subjects, s->n_subjects, subject->place);
}

static void
close_first(FoldState *s)
{
	FoldSubjects *o = s->subjects;

	o->subject[o->heap[0]].place = CLOSED;
	if (--s->n_subjects == 0)
		return;
	place(o, 0, o->heap[s->n_subjects]);
	settle(o, s->n_subjects, 0);
}

bool
fold_subjects_close(FoldState *s, int64 at)
{
	FoldSubjects *o = s->subjects;
	bool any = s->n_subjects > 0;
	int kept = 0;

	if (indexed(s))
	{
		while (s->n_subjects > 0 && end_of(o, 0) <= at)
			close_first(s);
		if (s->n_subjects < o->used / 4)
			index_anew(s);
	}
	else
	{
		for (int i = 0; i < o->used; i++)
			if (o->subject[i].end_at > at)
				o->subject[kept++] = o->subject[i];
		s->n_subjects = o->used = kept;
	}
	return any && s->n_subjects == 0;
}

int64
fold_subjects_first_end(const FoldState *s)
{
	FoldSubjects *o = s->subjects;
	int64 first = FOLD_NEVER;

	if (indexed(s))
		return s->n_subjects > 0 ? end_of(o, 0) : FOLD_NEVER;
	for (int i = 0; i < o->used; i++)
		first = Min(first, o->subject[i].end_at);
	return first;
}
