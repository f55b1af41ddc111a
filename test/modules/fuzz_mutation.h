/*
 * fuzz_mutation.h: mutations of the text and the binary form of values, which know what such forms
 * are made of.
 */
#ifndef FUZZ_MUTATION_H
#define FUZZ_MUTATION_H

#include "fuzz_trial.h"

#include "common/pg_prng.h"

typedef struct Mutator
{
	pg_prng_state random;
	int seeds;
	StringInfoData *seed[2]; /* valid values in each form */
} Mutator;

/* 0 .. limit - 1; 0 of none */
extern uint32 random_below(Mutator *mutator, uint32 limit);

/* Afterwards the text may be none in the server's encoding. */
extern void mutate_once(Mutator *mutator, Form form, StringInfo s);

#endif
