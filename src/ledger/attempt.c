/*
 * attempt.c: queries over a house's expressions, whose errors in the data shall stop nobody (see
 * attempt.h).
 *
 * A subtransaction that writes nothing costs some microseconds: columns as they are, and what the
 * server knows not to fail by its arguments (leakproof functions), go without.
 */
#include "ledger/attempt.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

/* ---- can it fail? ---- */

/* Casts that widen; they aren't marked as leakproof. */
static bool
widens(Oid function)
{
	return function == F_NUMERIC_INT4 || function == F_NUMERIC_INT8 || function == F_NUMERIC_INT2 ||
		   function == F_INT8_INT4 || function == F_INT8_INT2 || function == F_INT4_INT2 ||
		   function == F_FLOAT8_INT4 || function == F_FLOAT8_INT8 || function == F_FLOAT8_FLOAT4 ||
		   function == F_NUMERIC_FLOAT8 || function == F_FLOAT8_INT2 || function == F_NOW;
}

static bool
function_can_fail(Oid function, void *context pg_attribute_unused())
{
	return !widens(function) && !get_func_leakproof(function);
}

static bool
can_fail(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
			return false;
		case T_CoerceViaIO:
			if (((CoerceViaIO *) node)->resulttype != TEXTOID)
				return true;
			break; /* output doesn't */
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
			if (check_functions_in_node(node, function_can_fail, context))
				return true;
			break;
		case T_List:
		case T_TargetEntry:
		case T_RelabelType:
		case T_CollateExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CoalesceExpr:
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, expression_walker(can_fail), context);
}

bool
attempt_needed(SPIPlanPtr plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	Query *query = linitial_node(Query, source->query_list);

	return can_fail((Node *) query->targetList, NULL) || can_fail(query->jointree->quals, NULL);
}

/* ---- trying ---- */

static void
back_to(MemoryContext context, ResourceOwner owner)
{
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

static void
run_plan(SPIPlanPtr plan)
{
	int result = SPI_execute_plan(plan, NULL, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not run a plan: %s", SPI_result_code_string(result));
}

bool
attempt_plan(SPIPlanPtr plan, char **message)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		run_plan(plan);
		ReleaseCurrentSubTransaction();
		back_to(context, owner);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		back_to(context, owner);
	}
	PG_END_TRY();
	if (error == NULL)
		return true;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
		ReThrowError(error);
	*message = pstrdup(error->message);
	FreeErrorData(error); /* of a whole query, and there may be a million */
	return false;
}
