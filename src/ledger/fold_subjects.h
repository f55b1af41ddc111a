/*
 * fold_subjects.h: the open subjects of a customer: by name, and which of them ends first.
 *
 * Pure C, as fold.h.
 */
#ifndef CUSTOMER_LIFECYCLE_FOLD_SUBJECTS_H
#define CUSTOMER_LIFECYCLE_FOLD_SUBJECTS_H

#include "ledger/fold.h"

/* The open subject that the touchpoint names, or NULL; its end is changed by fold_subject_end_at() only. */
extern FoldSubject *fold_subject_find(const FoldState *s, const FoldTouch *t);

/* Open the subject that the touchpoint names, which must not be open. */
extern FoldSubject *fold_subject_open(FoldState *s, const FoldTouch *t);

extern void fold_subject_end_at(const FoldState *s, FoldSubject *subject, int64 end_at);

/* The open subject after this one, in the order in which they were opened; NULL: the first, the last. */
extern FoldSubject *fold_subject_next(const FoldState *s, const FoldSubject *before);

/* Forget the subjects whose end has come; were there any, and is none left? */
extern bool fold_subjects_close(FoldState *s, int64 at);

/* The first end of an open subject, or FOLD_NEVER. */
extern int64 fold_subjects_first_end(const FoldState *s);

#endif
