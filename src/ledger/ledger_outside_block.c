/*
 * ledger_outside_block.c: procedures that commit say so before they have done anything.
 */
#include "common/compat.h"

#include "access/xact.h"
#include "utils/builtins.h"

/* ledger_outside_block(what text): an ERROR within a transaction block. */
PG_FUNCTION_INFO_V1(ledger_outside_block);
Datum
ledger_outside_block(PG_FUNCTION_ARGS)
{
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block",
						text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("It commits batch by batch: call it outside of BEGIN ... COMMIT.")));
	PG_RETURN_VOID();
}
