/*
 * ledger_columns.c: are the columns of a ledger what they were made as?
 *
 * Its tables are the house's own, which may alter them.  Values are read here by the types that the
 * columns were made with, so that others would be misread: looked at once, when the ledger is
 * described, which is done anew after each ALTER TABLE.
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ledger/customer_row.h"

static void
lacks_column(const Ledger *l, Oid table, const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("table \"%s\" of ledger \"%s\" has no column \"%s\"",
						   get_rel_name(table), l->schema, name),
					errhint("Columns may be added to it; its own keep their names.")));
}

static void
check_column(const Ledger *l, Oid table, const char *name, Oid type, bool needed)
{
	AttrNumber column = get_attnum(table, name);
	Oid is;

	if (column == InvalidAttrNumber && needed)
		lacks_column(l, table, name);
	if (column == InvalidAttrNumber)
		return;
	is = get_atttype(table, column);
	if (!IsBinaryCoercible(is, type))
		ereport(
			ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of table \"%s\" of ledger \"%s\" is of type %s, not %s", name,
					get_rel_name(table), l->schema, format_type_be(is), format_type_be(type)),
			 errhint("Columns may be added to it; its own keep their types.")));
}

void
ledger_check_columns(const Ledger *l)
{
	Oid schema = get_rel_namespace(l->touchpoint);
	Oid customer = get_relname_relid("customer", schema);

	check_column(l, l->touchpoint, "touchpoint_id", INT8OID, true);
	for (int i = 0; i < TOUCH_COLUMN_COUNT; i++)
		check_column(l, l->touchpoint, touch_column_name(i), touch_column_type(l, i), true);
	/* a ledger of an older release may lack some */
	for (int i = 0; i < CUSTOMER_COLUMN_COUNT; i++)
		check_column(l, customer, customer_column_name(i), customer_column_type(l, i), false);
	check_column(l, get_relname_relid("clock", schema), "horizon", TIMESTAMPTZOID, true);
}
