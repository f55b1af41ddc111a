/*
 * fold_state.h: the state of a fold, made anew or from what customer.fold_state holds.
 */
#ifndef CUSTOMER_LIFECYCLE_FOLD_STATE_H
#define CUSTOMER_LIFECYCLE_FOLD_STATE_H

#include "ledger/fold.h"

/* The state before anything has happened, with room for so many subjects. */
extern void fold_state_new(const FoldRules *rules, int subjects, FoldState *s);

/* A state as bytes, with so many bytes of what goes along with it. */
extern bytea *fold_state_to_bytes(const FoldState *s, const void *along, Size along_size);

/*
 * The state that these bytes hold, with room for so many subjects more, and what went along.  False
 * if they hold none, or one that other rules have made; rules NULL: whatever rules have made it, to
 * look at only.
 */
extern bool fold_state_from_bytes(const bytea *bytes, const FoldRules *rules, int more_subjects,
								  FoldState *s, void *along, Size along_size);

#endif
