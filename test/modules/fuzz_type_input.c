/*
 * fuzz_type_input.c: feed a type's input functions with mutations of valid values.
 *
 * fuzz_type_input(type, seeds, iterations, seed, probes), see fuzz_type_input.sql and fuzz_trial.h.
 * The same arguments give the same mutations.
 */
#include "fuzz_mutation.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_type_input);

#define MAX_MUTATIONS_AT_ONCE 4
#define MAX_MUTATED_BYTES 100000

typedef struct Fuzz
{
	Trial trial;
	Mutator mutator;
} Fuzz;

/* A mutation of some seed; of text, one that the server would have let through. */
static StringInfoData
mutation(Mutator *m, Form form)
{
	const StringInfoData *seed = &m->seed[form][random_below(m, m->seeds)];

	for (;;)
	{
		StringInfoData s;

		initStringInfo(&s);
		appendBinaryStringInfo(&s, seed->data, seed->len);
		/* more often few than many */
		for (int i = random_below(m, 1 + random_below(m, MAX_MUTATIONS_AT_ONCE)); i >= 0; i--)
			mutate_once(m, form, &s);
		if (s.len <= MAX_MUTATED_BYTES &&
			(form == FORM_BINARY || pg_verifymbstr(s.data, s.len, true)))
			return s;
	}
}

static Datum
counts(FunctionCallInfo fcinfo, const Fuzz *f)
{
	TupleDesc row;
	Datum values[4] = {Int64GetDatum(f->trial.accepted[FORM_TEXT]),
					   Int64GetDatum(f->trial.refused[FORM_TEXT]),
					   Int64GetDatum(f->trial.accepted[FORM_BINARY]),
					   Int64GetDatum(f->trial.refused[FORM_BINARY])};
	bool nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "fuzz_type_input does not return a composite type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

Datum
fuzz_type_input(PG_FUNCTION_ARGS)
{
	Fuzz f = {0};
	int iterations = PG_GETARG_INT32(2);
	MemoryContext caller = CurrentMemoryContext;

	trial_prepare(&f.trial, PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(4));
	f.mutator.seeds = trial_seeds(&f.trial, PG_GETARG_ARRAYTYPE_P(1), f.mutator.seed);
	pg_prng_seed(&f.mutator.random, PG_GETARG_INT64(3));
	for (int i = 0; i < iterations; i++)
		for (Form form = FORM_TEXT; form <= FORM_BINARY; form++)
		{
			StringInfoData s;

			CHECK_FOR_INTERRUPTS();
			MemoryContextSwitchTo(f.trial.scratch);
			s = mutation(&f.mutator, form);
			trial_of_input(&f.trial, form, &s);
			MemoryContextReset(f.trial.scratch);
		}
	MemoryContextSwitchTo(caller);
	PG_RETURN_DATUM(counts(fcinfo, &f));
}
