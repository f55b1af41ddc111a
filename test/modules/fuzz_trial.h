/*
 * fuzz_trial.h: the trial of a type's input functions with one input, and what is asked of it.
 *
 * The input is refused by an ERROR of a SQLSTATE class other than XX, or it is a value that survives
 *
 *	  value -> text -> value -> text     both texts equal
 *	  value -> bytes -> value -> bytes   both byte strings equal
 *	  text -> value -> bytes             equal to the bytes above
 *
 * and that no probe, a function of that one argument, fails on with XX.  Anything else is a flaw.
 */
#ifndef FUZZ_TRIAL_H
#define FUZZ_TRIAL_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

/* The two forms of a value. */
typedef enum Form
{
	FORM_TEXT,
	FORM_BINARY
} Form;

typedef struct Trial
{
	const char *type_name;
	FmgrInfo in;
	FmgrInfo out;
	FmgrInfo recv;
	FmgrInfo send;
	Oid in_param;
	Oid recv_param;
	int probes;
	FmgrInfo *probe;
	MemoryContext scratch; /* where a trial works: the caller empties it after each */
	int64 accepted[2];
	int64 refused[2];
} Trial;

/* probes: functions of that one argument, as regprocedure[] */
extern void trial_prepare(Trial *trial, Oid type, ArrayType *probes);

/* A flaw is an ERROR that shows the input. */
extern void trial_of_input(Trial *trial, Form form, const StringInfoData *input);

/* Both forms of valid values, text[]: how many, and arrays of them. */
extern int trial_seeds(Trial *trial, ArrayType *texts, StringInfoData *seeds[2]);

#endif
