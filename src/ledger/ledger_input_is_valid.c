/*
 * ledger_input_is_valid.c: may a text be read as a value of a touchpoint?
 *
 * So that what code sends can be put aside with its reason, without a subtransaction for each
 * touchpoint.
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Types whose input looks at nothing but the text, so that its error may be caught. */
static bool
reads_text_alone(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == UUIDOID ||
		   type == TEXTOID || type == NUMERICOID || type == FLOAT8OID || type == TIMESTAMPTZOID;
}

static bool
is_valid(char *text, Oid type)
{
	MemoryContext context = CurrentMemoryContext;
	Oid input;
	Oid parameter;
	volatile bool valid = true;

	getTypeInputInfo(type, &input, &parameter);
	PG_TRY();
	{
		(void) OidInputFunctionCall(input, text, parameter, -1);
	}
	PG_CATCH();
	{
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		valid = false;
	}
	PG_END_TRY();
	return valid;
}

/* ledger_input_is_valid(value text, type regtype) -> boolean */
PG_FUNCTION_INFO_V1(ledger_input_is_valid);
Datum
ledger_input_is_valid(PG_FUNCTION_ARGS)
{
	Oid type = PG_GETARG_OID(1);

	if (!reads_text_alone(type))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("input of type %s cannot be tried",
							   format_type_extended(type, -1, FORMAT_TYPE_ALLOW_INVALID))));
	PG_RETURN_BOOL(type == TEXTOID || is_valid(text_to_cstring(PG_GETARG_TEXT_PP(0)), type));
}

/* ledger_number_fault(word text, value numeric) -> text: why it can't be used; NULL if it can */
PG_FUNCTION_INFO_V1(ledger_number_fault);
Datum
ledger_number_fault(PG_FUNCTION_ARGS)
{
	const char *fault =
		touch_number_fault(text_to_cstring(PG_GETARG_TEXT_PP(0)), false, PG_GETARG_DATUM(1));

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}

/* ledger_number_fits(value numeric) -> boolean: can touchpoint_rejected keep it? */
PG_FUNCTION_INFO_V1(ledger_number_fits);
Datum
ledger_number_fits(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(touch_number_fits(false, PG_GETARG_DATUM(0)));
}

/* ledger_key_fault(word text, value text) -> text: why it can't be a key; NULL if it can */
PG_FUNCTION_INFO_V1(ledger_key_fault);
Datum
ledger_key_fault(PG_FUNCTION_ARGS)
{
	const char *fault =
		touch_key_fault(text_to_cstring(PG_GETARG_TEXT_PP(0)), false, PG_GETARG_DATUM(1));

	if (fault == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fault));
}
