/*
 * fuzz_type_input.c: feed a type's input functions with mutations of valid values.
 *
 * fuzz_type_input(type, seeds, iterations, seed, probes), see fuzz_type_input.sql.  The same
 * arguments give the same mutations.  A value that is accepted must survive
 *
 *	  value -> text -> value -> text     both texts equal
 *	  value -> bytes -> value -> bytes   both byte strings equal
 *	  text -> value -> bytes             equal to the bytes above
 *
 * and is then given to each probe, a function of that one argument.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(fuzz_type_input);

#define MAX_MUTATIONS_AT_ONCE 4
#define MAX_MUTATED_BYTES 100000
#define MAX_SHOWN 1000

/* The two forms of a value. */
typedef enum Form
{
	FORM_TEXT,
	FORM_BINARY
} Form;

typedef struct Fuzz
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
	int seeds;
	StringInfoData *seed[2]; /* the seeds in each form */
	pg_prng_state random;
	MemoryContext scratch; /* emptied after each mutation */
	int64 accepted[2];
	int64 refused[2];
} Fuzz;

/* ---- the four functions of the type ---- */

static Datum
value_of_text(Fuzz *f, const char *text)
{
	return InputFunctionCall(&f->in, (char *) text, f->in_param, -1);
}

static char *
text_of_value(Fuzz *f, Datum value)
{
	return OutputFunctionCall(&f->out, value);
}

static bytea *
bytes_of_value(Fuzz *f, Datum value)
{
	return SendFunctionCall(&f->send, value);
}

/* As COPY and the protocol do: bytes left over are an error. */
static Datum
value_of_bytes(Fuzz *f, const char *bytes, int length)
{
	StringInfoData message;
	Datum value;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, bytes, length);
	value = ReceiveFunctionCall(&f->recv, &message, f->recv_param, -1);
	if (message.cursor != message.len)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("incorrect binary data format")));
	return value;
}

/* ---- mutations ---- */

static uint32
random_below(Fuzz *f, uint32 limit)
{
	return limit == 0 ? 0 : pg_prng_uint64(&f->random) % limit;
}

static void
replace_range(StringInfo s, int at, int removed, const char *bytes, int added)
{
	StringInfoData result;

	initStringInfo(&result);
	appendBinaryStringInfo(&result, s->data, at);
	appendBinaryStringInfo(&result, bytes, added);
	appendBinaryStringInfo(&result, s->data + at + removed, s->len - at - removed);
	*s = result;
}

/* Words at which parsers and arithmetic stumble. */
static void
random_word(Fuzz *f, StringInfo word)
{
	static const char *const words[] = {"0",
										"-1",
										"1",
										"-0",
										"101",
										"32767",
										"32768",
										"-32769",
										"2147483647",
										"2147483648",
										"-2147483649",
										"9223372036854775807",
										"9223372036854775808",
										"-9223372036854775808",
										"99999999999999999999999",
										"1e308",
										"-1e308",
										"1e309",
										"1e-320",
										"1e131071",
										"0.1",
										"1.5",
										"5.0",
										"null",
										"true",
										"\"NaN\"",
										"\"Infinity\"",
										"\"-Infinity\"",
										"NaN",
										"infinity",
										"\"\"",
										"[]",
										"[1]",
										"[[]]",
										"{}",
										"{\"a\":1}",
										"\"2024-01-01\"",
										"\"2024-01-01 00:00:00+00\"",
										"\"294276-12-31 23:59:59+00\"",
										"\"4714-11-24 00:00:00+00 BC\"",
										"\"\\u0000\"",
										"\"\\ud800\"",
										"\xc3\xa9",
										","};

	appendStringInfoString(word, words[random_below(f, lengthof(words))]);
}

static void
random_integer(Fuzz *f, StringInfo bytes)
{
	static const uint64 values[] = {0,
									1,
									2,
									100,
									101,
									102,
									0x7f,
									0x80,
									0xff,
									0x7fff,
									0x8000,
									0xffff,
									0x7fffffff,
									0x80000000,
									0xffffffff,
									0x7fffffffffffffff,
									0x8000000000000000,
									0xffffffffffffffff,
									0x7ff0000000000000, /* as doubles: infinities, NaNs, tiny */
									0xfff0000000000000,
									0x7ff8000000000000,
									0x7ff0000000000001,
									0x7fefffffffffffff,
									0x3ff0000000000000,
									0x0000000000000001};
	uint64 value = values[random_below(f, lengthof(values))];
	int width = 1 << random_below(f, 4);

	for (int i = width - 1; i >= 0; i--)
		appendStringInfoChar(bytes, (char) (value >> (8 * i)));
}

/* The run of digits, signs and the like, or of letters, at a place in a text. */
static int
word_length(const StringInfoData *s, int at)
{
	int length = 0;

	while (at + length < s->len && strchr("0123456789.+-eE", s->data[at + length]) != NULL)
		length++;
	return length;
}

/* Something of the form's own kind takes the place of something. */
static void
replace_by_special(Fuzz *f, Form form, StringInfo s)
{
	StringInfoData special;
	int at = random_below(f, s->len + 1);

	initStringInfo(&special);
	if (form == FORM_BINARY)
	{
		random_integer(f, &special);
		replace_range(s, at, Min(special.len, s->len - at), special.data, special.len);
		return;
	}
	random_word(f, &special);
	/* mostly the next number as a whole */
	if (random_below(f, 4) > 0)
		while (at < s->len && word_length(s, at) == 0)
			at++;
	replace_range(s, at, word_length(s, at), special.data, special.len);
}

static char
random_char(Fuzz *f, Form form)
{
	static const char frequent[] = "{}[]\":, 0123456789.-+eE\\tn";

	if (form == FORM_BINARY)
		return (char) random_below(f, 256);
	return random_below(f, 2) ? frequent[random_below(f, sizeof(frequent) - 1)]
							  : (char) (1 + random_below(f, 127));
}

static void
mutate_once(Fuzz *f, Form form, StringInfo s)
{
	const StringInfoData *other = &f->seed[form][random_below(f, f->seeds)];
	int at = random_below(f, s->len + 1);
	int wanted = random_below(f, random_below(f, 4) ? 9 : s->len + 1);
	int length = Min(wanted, s->len - at); /* Min() would draw twice */
	int other_at = random_below(f, other->len + 1);
	char c = random_char(f, form);

	switch (random_below(f, 8))
	{
		case 0: /* a bit flips */
			if (at < s->len)
				s->data[at] ^= 1 << random_below(f, form == FORM_TEXT ? 7 : 8);
			break;
		case 1:
			replace_range(s, at, Min(1, s->len - at), &c, 1);
			break;
		case 2:
			replace_range(s, at, 0, &c, 1);
			break;
		case 3: /* a piece is lost */
			replace_range(s, at, length, "", 0);
			break;
		case 4: /* a piece comes twice */
			replace_range(s, at, 0, pnstrdup(s->data + at, length), length);
			break;
		case 5: /* the end of another seed */
			replace_range(s, at, s->len - at, other->data + other_at, other->len - other_at);
			break;
		default:
			replace_by_special(f, form, s);
	}
}

/* A mutation of some seed; of text, one that the server would have let through. */
static StringInfoData
mutation(Fuzz *f, Form form)
{
	const StringInfoData *seed = &f->seed[form][random_below(f, f->seeds)];

	for (;;)
	{
		StringInfoData s;

		initStringInfo(&s);
		appendBinaryStringInfo(&s, seed->data, seed->len);
		/* more often few than many */
		for (int i = random_below(f, 1 + random_below(f, MAX_MUTATIONS_AT_ONCE)); i >= 0; i--)
			mutate_once(f, form, &s);
		if (s.len <= MAX_MUTATED_BYTES &&
			(form == FORM_BINARY || pg_verifymbstr(s.data, s.len, true)))
			return s;
	}
}

/* ---- the properties ---- */

/* The mutation as a message can show it. */
static char *
shown(Form form, const StringInfoData *s)
{
	StringInfoData out;

	initStringInfo(&out);
	if (form == FORM_TEXT)
		appendBinaryStringInfo(&out, s->data, pg_mbcliplen(s->data, s->len, MAX_SHOWN));
	else
		for (int i = 0; i < Min(s->len, MAX_SHOWN); i++)
			appendStringInfo(&out, "%02x", (unsigned char) s->data[i]);
	return out.data;
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) == 0;
}

/* NULL if the value survives the ways through text and bytes, else what went wrong. */
static const char *
flaw_of_value(Fuzz *f, Datum value)
{
	char *text = text_of_value(f, value);
	bytea *bytes = bytes_of_value(f, value);
	Datum from_text = value_of_text(f, text);
	Datum from_bytes = value_of_bytes(f, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	char *text_again = text_of_value(f, from_text);

	if (strcmp(text, text_again) != 0)
		return psprintf("It prints as %s, which reads back as %s.", text, text_again);
	if (!same_bytes(bytes, bytes_of_value(f, from_bytes)))
		return psprintf("Its binary form, %s in text, reads back as another value.", text);
	if (!same_bytes(bytes, bytes_of_value(f, from_text)))
		return psprintf("The binary form holds something else than the text form %s.", text);
	return NULL;
}

static void
probe_value(Fuzz *f, FmgrInfo *probe, Datum value)
{
	LOCAL_FCINFO(fcinfo, 1);

	InitFunctionCallInfoData(*fcinfo, probe, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = value;
	fcinfo->args[0].isnull = false;
	(void) FunctionCallInvoke(fcinfo);
}

/* How far the trial of a mutation has come, for the judgement of an ERROR. */
typedef enum Stage
{
	STAGE_READ,
	STAGE_ROUND_TRIP,
	STAGE_PROBE,
	STAGE_DONE
} Stage;

static const char *
flaw_of_error(Stage stage, const ErrorData *error)
{
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		return psprintf("ERROR of class XX: %s", error->message);
	if (stage == STAGE_ROUND_TRIP)
		return psprintf("It was accepted, but not what it prints: %s", error->message);
	return NULL;
}

/*
 * One step of a trial in a subtransaction of its own; returns the flaw or NULL, and sets *failed if
 * there was an ERROR.
 */
static const char *
attempt(Fuzz *f, Stage stage, Form form, const StringInfoData *s, Datum *value, int i, bool *failed)
{
	ResourceOwner owner = CurrentResourceOwner;
	const char *volatile flaw = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(f->scratch);
	PG_TRY();
	{
		if (stage == STAGE_READ)
			*value =
				form == FORM_TEXT ? value_of_text(f, s->data) : value_of_bytes(f, s->data, s->len);
		else if (stage == STAGE_ROUND_TRIP)
			flaw = flaw_of_value(f, *value);
		else
			probe_value(f, &f->probe[i], *value);
		ReleaseCurrentSubTransaction();
		*failed = false;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(f->scratch);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		flaw = flaw_of_error(stage, error);
		*failed = true;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(f->scratch);
	CurrentResourceOwner = owner;
	return flaw;
}

/* Feed one mutation to the type. */
static void
try_mutation(Fuzz *f, Form form, const StringInfoData *s)
{
	Datum value = 0;
	bool failed;
	const char *flaw = attempt(f, STAGE_READ, form, s, &value, 0, &failed);

	if (flaw == NULL)
	{
		if (failed)
		{
			f->refused[form]++;
			return;
		}
		f->accepted[form]++;
		flaw = attempt(f, STAGE_ROUND_TRIP, form, s, &value, 0, &failed);
	}
	for (int i = 0; i < f->probes && flaw == NULL; i++)
		flaw = attempt(f, STAGE_PROBE, form, s, &value, i, &failed);
	if (flaw != NULL)
		ereport(ERROR, (errcode(ERRCODE_ASSERT_FAILURE),
						errmsg("type %s fails on the %s value %s", f->type_name,
							   form == FORM_TEXT ? "text" : "binary", shown(form, s)),
						errdetail_internal("%s", flaw)));
}

/* ---- the call ---- */

static void
look_up_type(Fuzz *f, Oid type)
{
	Oid function;
	bool is_varlena;

	f->type_name = format_type_be(type);
	getTypeInputInfo(type, &function, &f->in_param);
	fmgr_info(function, &f->in);
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &f->out);
	getTypeBinaryInputInfo(type, &function, &f->recv_param);
	fmgr_info(function, &f->recv);
	getTypeBinaryOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &f->send);
}

static void
look_up_probes(Fuzz *f, ArrayType *probes)
{
	Datum *functions;

	deconstruct_array(probes, REGPROCEDUREOID, sizeof(Oid), true, TYPALIGN_INT, &functions, NULL,
					  &f->probes);
	f->probe = palloc(sizeof(FmgrInfo) * Max(f->probes, 1));
	for (int i = 0; i < f->probes; i++)
		fmgr_info(DatumGetObjectId(functions[i]), &f->probe[i]);
}

/* Both forms of the seeds, which must be valid values. */
static void
read_seeds(Fuzz *f, ArrayType *seeds)
{
	Datum *texts;

	deconstruct_array(seeds, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &f->seeds);
	if (f->seeds == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("seeds must not be empty")));
	for (Form form = FORM_TEXT; form <= FORM_BINARY; form++)
		f->seed[form] = palloc(sizeof(StringInfoData) * f->seeds);
	for (int i = 0; i < f->seeds; i++)
	{
		char *seed = TextDatumGetCString(texts[i]);
		bytea *bytes = bytes_of_value(f, value_of_text(f, seed));

		initStringInfo(&f->seed[FORM_TEXT][i]);
		appendStringInfoString(&f->seed[FORM_TEXT][i], seed);
		initStringInfo(&f->seed[FORM_BINARY][i]);
		appendBinaryStringInfo(&f->seed[FORM_BINARY][i], VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	}
}

static Datum
counts(FunctionCallInfo fcinfo, const Fuzz *f)
{
	TupleDesc row;
	Datum values[4] = {Int64GetDatum(f->accepted[FORM_TEXT]), Int64GetDatum(f->refused[FORM_TEXT]),
					   Int64GetDatum(f->accepted[FORM_BINARY]),
					   Int64GetDatum(f->refused[FORM_BINARY])};
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

	look_up_type(&f, PG_GETARG_OID(0));
	read_seeds(&f, PG_GETARG_ARRAYTYPE_P(1));
	look_up_probes(&f, PG_GETARG_ARRAYTYPE_P(4));
	pg_prng_seed(&f.random, PG_GETARG_INT64(3));
	f.scratch = AllocSetContextCreate(caller, "fuzz_type_input", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < iterations; i++)
		for (Form form = FORM_TEXT; form <= FORM_BINARY; form++)
		{
			StringInfoData s;

			CHECK_FOR_INTERRUPTS();
			MemoryContextSwitchTo(f.scratch);
			s = mutation(&f, form);
			try_mutation(&f, form, &s);
			MemoryContextReset(f.scratch);
		}
	MemoryContextSwitchTo(caller);
	PG_RETURN_DATUM(counts(fcinfo, &f));
}
