/*
 * expression.c: is this text one SQL expression over a row of a table? (ledger_check_expression)
 */
#include "ledger/expression.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

static bool
is_plain_select(const SelectStmt *s)
{
	return s->op == SETOP_NONE && list_length(s->targetList) == 1 && s->distinctClause == NIL &&
		   s->intoClause == NULL && s->fromClause == NIL && s->whereClause == NULL &&
		   s->groupClause == NIL && s->havingClause == NULL && s->windowClause == NIL &&
		   s->valuesLists == NIL && s->sortClause == NIL && s->limitOffset == NULL &&
		   s->limitCount == NULL && s->lockingClause == NIL && s->withClause == NULL;
}

/* Is this one plain SELECT of one expression? */
static bool
selects_one(const char *sql)
{
	List *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);
	Node *statement = list_length(parsed) == 1 ? linitial_node(RawStmt, parsed)->stmt : NULL;

	return statement != NULL && IsA(statement, SelectStmt) &&
		   is_plain_select((SelectStmt *) statement);
}

/*
 * In parentheses, as it is used, and without, or "a) OR (b" would be an expression that takes the
 * conditions around it apart.
 */
void
check_expression_text(const char *word, const char *expression)
{
	if (strspn(expression, " \t\r\n") == strlen(expression))
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("\"%s\" is empty", word),
						errhint("Give a column, or an expression over the columns of a row.")));
	if (!selects_one(psprintf("SELECT (%s\n)", expression)) ||
		!selects_one(psprintf("SELECT %s\n", expression)))
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("\"%s\" is not one SQL expression: \"%s\"", word, expression),
						errhint("Give a column, or an expression over the columns of a row.")));
}

bool
is_over_one_row(SPIPlanPtr plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	Query *query = linitial_node(Query, source->query_list);

	return !query->hasAggs && !query->hasWindowFuncs && !query->hasTargetSRFs;
}

static void
check_flags(const char *word, const char *expression, SPIPlanPtr plan)
{
	if (!is_over_one_row(plan))
		ereport(
			ERROR,
			(errcode(ERRCODE_GROUPING_ERROR),
			 errmsg("\"%s\" is not an expression over one row: \"%s\"", word, expression),
			 errhint("Aggregates, window functions and functions that return sets can't be used "
					 "here.")));
}

static void
check_type(const char *word, const char *expression, SPIPlanPtr plan, Oid wanted)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	Oid type = TupleDescAttr(source->resultDesc, 0)->atttypid;

	if (!can_coerce_type(1, &type, &wanted, COERCION_ASSIGNMENT))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("\"%s\" is of type %s but %s is needed", word, format_type_be(type),
							   format_type_be(wanted)),
						errdetail("The expression is \"%s\".", expression),
						errhint("Cast it, if every value can be cast.")));
}

typedef struct Checked
{
	const char *word;
	const char *expression;
} Checked;

static void
checked_context(void *arg)
{
	const Checked *c = arg;

	/* a place within what we have made of the expression would mislead */
	errposition(0);
	errcontext("argument \"%s\": \"%s\"", c->word, c->expression);
}

/*
 * ledger_check_expression(word text, expression text, source_table regclass, wanted regtype)
 *
 * The table is called by its name, as in the trigger.
 */
PG_FUNCTION_INFO_V1(ledger_check_expression);
Datum
ledger_check_expression(PG_FUNCTION_ARGS)
{
	Checked c = {text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))};
	ErrorContextCallback context = {error_context_stack, checked_context, &c};
	Oid table = PG_GETARG_OID(2);
	Oid wanted = PG_GETARG_OID(3);
	SPIPlanPtr plan;

	if (get_rel_name(table) == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", table)));
	if (!get_typisdefined(wanted))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("type with OID %u does not exist", wanted)));
	error_context_stack = &context;
	check_expression_text(c.word, c.expression);
	SPI_connect();
	plan =
		SPI_prepare(psprintf("SELECT (%s\n) FROM %s AS %s", c.expression,
							 quote_qualified_identifier(
								 get_namespace_name(get_rel_namespace(table)), get_rel_name(table)),
							 quote_identifier(get_rel_name(table))),
					0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare an expression: %s", SPI_result_code_string(SPI_result));
	check_flags(c.word, c.expression, plan);
	check_type(c.word, c.expression, plan, wanted);
	SPI_finish();
	error_context_stack = context.previous;
	PG_RETURN_VOID();
}
