/*
 * fuzz_by_coverage.c: libFuzzer on one form of a type's input.
 *
 * fuzz_by_coverage(type, form, seeds, probes, folder, options), see fuzz_by_coverage.sql and
 * fuzz_trial.h.  The library under test is one that clang instrumented; it finds libFuzzer's runtime
 * in this one, which must be loaded before it, by shared_preload_libraries.  libFuzzer ends the
 * process that it runs in, so this is for postgres --single.
 */
#include "fuzz_mutation.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_by_coverage);

/* libFuzzer's, and what it calls */
extern int LLVMFuzzerRunDriver(int *argc, char ***argv,
							   int (*callback)(const uint8 *data, size_t size));
extern size_t LLVMFuzzerMutate(uint8 *data, size_t size, size_t max_size);
extern size_t LLVMFuzzerCustomMutator(uint8 *data, size_t size, size_t max_size, unsigned int seed);

static Trial trial;
static Mutator mutator;
static Form form;

/* The server lets text through in its encoding and without NUL: what isn't, becomes so. */
static void
make_valid_text(StringInfo s)
{
	int length;

	for (int i = 0; i < s->len; i += Max(length, 1))
	{
		length = pg_encoding_verifymbchar(GetDatabaseEncoding(), s->data + i, s->len - i);
		if (length < 0)
			s->data[i] &= 0x7f;
		if (s->data[i] == '\0')
			s->data[i] = ' ';
	}
}

static int
try_input(const uint8 *data, size_t size)
{
	StringInfoData s;

	MemoryContextSwitchTo(trial.scratch);
	PG_TRY();
	{
		initStringInfo(&s);
		appendBinaryStringInfo(&s, (const char *) data, size);
		if (form == FORM_TEXT)
			make_valid_text(&s);
		trial_of_input(&trial, form, &s);
	}
	PG_CATCH();
	{
		/* libFuzzer keeps the input of what aborts */
		EmitErrorReport();
		abort();
	}
	PG_END_TRY();
	MemoryContextReset(trial.scratch);
	return 0;
}

/* One mutation of two is libFuzzer's, the other ours, which more often gives a valid value. */
size_t
LLVMFuzzerCustomMutator(uint8 *data, size_t size, size_t max_size, unsigned int seed)
{
	StringInfoData s;

	pg_prng_seed(&mutator.random, seed);
	if (random_below(&mutator, 2) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	MemoryContextSwitchTo(trial.scratch);
	initStringInfo(&s);
	appendBinaryStringInfo(&s, (const char *) data, size);
	mutate_once(&mutator, form, &s);
	size = Min((size_t) s.len, max_size);
	memcpy(data, s.data, size);
	return size;
}

static void
say_counts(int code, Datum arg)
{
	fprintf(stderr, "trials: %lld accepted, %lld refused\n", (long long) trial.accepted[form],
			(long long) trial.refused[form]);
}

static void
write_file(const char *name, const char *bytes, size_t length)
{
	FILE *file = AllocateFile(name, PG_BINARY_W);

	if (file == NULL || fwrite(bytes, 1, length, file) != length || FreeFile(file) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not write file \"%s\": %m", name)));
}

/* The seeds as files of folder/seeds, which exists. */
static void
write_seeds(const char *folder, ArrayType *texts)
{
	mutator.seeds = trial_seeds(&trial, texts, mutator.seed);
	for (int i = 0; i < mutator.seeds; i++)
	{
		const StringInfoData *seed = &mutator.seed[form][i];

		write_file(psprintf("%s/seeds/%d", folder, i), seed->data, seed->len);
	}
}

static char **
arguments(ArrayType *options, int *argc)
{
	Datum *option;
	char **argv;

	deconstruct_array(options, TEXTOID, -1, false, TYPALIGN_INT, &option, NULL, argc);
	argv = palloc(sizeof(char *) * (*argc + 2));
	argv[0] = "fuzz_by_coverage";
	for (int i = 0; i < *argc; i++)
		argv[i + 1] = TextDatumGetCString(option[i]);
	argv[++*argc] = NULL;
	return argv;
}

Datum
fuzz_by_coverage(PG_FUNCTION_ARGS)
{
	char *folder = text_to_cstring(PG_GETARG_TEXT_PP(4));
	int argc;
	char **argv = arguments(PG_GETARG_ARRAYTYPE_P(5), &argc);

	if (IsUnderPostmaster)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("fuzz_by_coverage() ends the process, so it runs in postgres --single only")));
	form = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(1)), "text") == 0 ? FORM_TEXT : FORM_BINARY;
	trial_prepare(&trial, PG_GETARG_OID(0), PG_GETARG_ARRAYTYPE_P(3));
	write_seeds(folder, PG_GETARG_ARRAYTYPE_P(2));
	on_proc_exit(say_counts, 0);
	exit(LLVMFuzzerRunDriver(&argc, &argv, try_input));
}
