/*
 * fuzz_trial.c: see fuzz_trial.h.
 */
#include "fuzz_trial.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define MAX_SHOWN 1000

/* ---- the four functions of the type ---- */

static Datum
value_of_text(Trial *t, const char *text)
{
	return InputFunctionCall(&t->in, (char *) text, t->in_param, -1);
}

static char *
text_of_value(Trial *t, Datum value)
{
	return OutputFunctionCall(&t->out, value);
}

static bytea *
bytes_of_value(Trial *t, Datum value)
{
	return SendFunctionCall(&t->send, value);
}

/* As COPY and the protocol do: bytes left over are an error. */
static Datum
value_of_bytes(Trial *t, const char *bytes, int length)
{
	StringInfoData message;
	Datum value;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, bytes, length);
	value = ReceiveFunctionCall(&t->recv, &message, t->recv_param, -1);
	if (message.cursor != message.len)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("incorrect binary data format")));
	return value;
}

/* ---- preparation ---- */

static void
look_up_type(Trial *t, Oid type)
{
	Oid function;
	bool is_varlena;

	t->type_name = format_type_be(type);
	getTypeInputInfo(type, &function, &t->in_param);
	fmgr_info(function, &t->in);
	getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &t->out);
	getTypeBinaryInputInfo(type, &function, &t->recv_param);
	fmgr_info(function, &t->recv);
	getTypeBinaryOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &t->send);
}

static void
look_up_probes(Trial *t, ArrayType *probes)
{
	Datum *functions;

	deconstruct_array(probes, REGPROCEDUREOID, sizeof(Oid), true, TYPALIGN_INT, &functions, NULL,
					  &t->probes);
	t->probe = palloc(sizeof(FmgrInfo) * Max(t->probes, 1));
	for (int i = 0; i < t->probes; i++)
		fmgr_info(DatumGetObjectId(functions[i]), &t->probe[i]);
}

/* What both forms of the values are; the texts must be valid. */
int
trial_seeds(Trial *t, ArrayType *texts, StringInfoData *seeds[2])
{
	Datum *values;
	int n;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, NULL, &n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("seeds must not be empty")));
	for (Form form = FORM_TEXT; form <= FORM_BINARY; form++)
		seeds[form] = palloc(sizeof(StringInfoData) * n);
	for (int i = 0; i < n; i++)
	{
		char *seed = TextDatumGetCString(values[i]);
		bytea *bytes = bytes_of_value(t, value_of_text(t, seed));

		initStringInfo(&seeds[FORM_TEXT][i]);
		appendStringInfoString(&seeds[FORM_TEXT][i], seed);
		initStringInfo(&seeds[FORM_BINARY][i]);
		appendBinaryStringInfo(&seeds[FORM_BINARY][i], VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	}
	return n;
}

void
trial_prepare(Trial *t, Oid type, ArrayType *probes)
{
	memset(t, 0, sizeof(Trial));
	look_up_type(t, type);
	look_up_probes(t, probes);
	t->scratch = AllocSetContextCreate(CurrentMemoryContext, "trial", ALLOCSET_DEFAULT_SIZES);
}

/* ---- the properties ---- */

/* The input as a message can show it. */
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
flaw_of_value(Trial *t, Datum value)
{
	char *text = text_of_value(t, value);
	bytea *bytes = bytes_of_value(t, value);
	Datum from_text = value_of_text(t, text);
	Datum from_bytes = value_of_bytes(t, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	char *text_again = text_of_value(t, from_text);

	if (!pg_verifymbstr(text, strlen(text), true))
		return "What it prints is none in the server's encoding.";
	if (strcmp(text, text_again) != 0)
		return psprintf("It prints as %s, which reads back as %s.", text, text_again);
	if (!same_bytes(bytes, bytes_of_value(t, from_bytes)))
		return psprintf("Its binary form, %s in text, reads back as another value.", text);
	if (!same_bytes(bytes, bytes_of_value(t, from_text)))
		return psprintf("The binary form holds something else than the text form %s.", text);
	return NULL;
}

static void
probe_value(Trial *t, FmgrInfo *probe, Datum value)
{
	LOCAL_FCINFO(fcinfo, 1);

	InitFunctionCallInfoData(*fcinfo, probe, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = value;
	fcinfo->args[0].isnull = false;
	(void) FunctionCallInvoke(fcinfo);
}

/* How far the trial of an input has come, for the judgement of an ERROR. */
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
attempt(Trial *t, Stage stage, Form form, const StringInfoData *s, Datum *value, int i,
		bool *failed)
{
	ResourceOwner owner = CurrentResourceOwner;
	const char *volatile flaw = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(t->scratch);
	PG_TRY();
	{
		if (stage == STAGE_READ)
			*value =
				form == FORM_TEXT ? value_of_text(t, s->data) : value_of_bytes(t, s->data, s->len);
		else if (stage == STAGE_ROUND_TRIP)
			flaw = flaw_of_value(t, *value);
		else
			probe_value(t, &t->probe[i], *value);
		ReleaseCurrentSubTransaction();
		*failed = false;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(t->scratch);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		flaw = flaw_of_error(stage, error);
		*failed = true;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(t->scratch);
	CurrentResourceOwner = owner;
	return flaw;
}

void
trial_of_input(Trial *t, Form form, const StringInfoData *s)
{
	Datum value = 0;
	bool failed;
	const char *flaw = attempt(t, STAGE_READ, form, s, &value, 0, &failed);

	if (flaw == NULL)
	{
		if (failed)
		{
			t->refused[form]++;
			return;
		}
		t->accepted[form]++;
		flaw = attempt(t, STAGE_ROUND_TRIP, form, s, &value, 0, &failed);
	}
	for (int i = 0; i < t->probes && flaw == NULL; i++)
		flaw = attempt(t, STAGE_PROBE, form, s, &value, i, &failed);
	if (flaw != NULL)
		ereport(ERROR, (errcode(ERRCODE_ASSERT_FAILURE),
						errmsg("type %s fails on the %s value %s", t->type_name,
							   form == FORM_TEXT ? "text" : "binary", shown(form, s)),
						errdetail_internal("%s", flaw)));
}
