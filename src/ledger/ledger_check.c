/*
 * ledger_check.c: is the state the fold of the log, and make it so (ledger_check, ledger_rebuild).
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "ledger/customer_fold.h"
#include "ledger/customer_row.h"
#include "ledger/rows.h"

/* ---- check ---- */

static const char HORIZON[] = "SELECT k.horizon FROM %1$s.clock k";

static const char WHOLE_LOG[] = "SELECT " TOUCH_COLUMNS " FROM %1$s.touchpoint t"
								" WHERE t.customer_id IS NOT NULL ORDER BY t.customer_id";

#define COMPARED_SPAN(t)                                                                           \
	"(" t ".stage, " t ".entered_at, " t ".left_at, " t ".episode, " t ".reason, " t ".actor)"

/*
 * The signature of the rules begins at byte 9 of the state.  %2$s and %3$s: what is compared of a
 * customer, as it is and as it should be.
 */
static const char DIFFERENCES[] =
	"WITH history AS (SELECT DISTINCT coalesce(h.customer_id, s.customer_id) AS customer_id"
	" FROM %1$s.stage_history h FULL JOIN spans s"
	" ON h.customer_id = s.customer_id AND h.seq = s.seq"
	" WHERE h.seq IS NULL OR s.seq IS NULL"
	" OR " COMPARED_SPAN("h") " IS DISTINCT FROM " COMPARED_SPAN(
		"s") ")"
			 " SELECT coalesce(c.customer_id, m.customer_id)::pg_catalog.text, CASE"
			 " WHEN c.customer_id IS NULL THEN 'missing'"
			 " WHEN m.customer_id IS NULL THEN 'without touchpoints'"
			 " WHEN pg_catalog.substring(c.fold_state, 9, 8)"
			 " <> pg_catalog.substring(m.fold_state, 9, 8) THEN 'rules have changed'"
			 " WHEN c.due_at < (SELECT k.horizon FROM %1$s.clock k) THEN 'time has passed'"
			 " ELSE 'drift' END, c.stage::pg_catalog.text, m.stage::pg_catalog.text"
			 " FROM %1$s.customer c FULL JOIN moved m ON c.customer_id = m.customer_id"
			 " LEFT JOIN history ON history.customer_id = coalesce(c.customer_id, m.customer_id)"
			 " WHERE c.customer_id IS NULL OR m.customer_id IS NULL OR history.customer_id IS NOT "
			 "NULL"
			 " OR (%2$s) IS DISTINCT FROM (%3$s)"
			 " ORDER BY coalesce(c.customer_id, m.customer_id)";

static int64
stable_horizon(const Ledger *l)
{
	Rows rows = rows_open_stable(psprintf(HORIZON, l->qschema));
	HeapTuple row = rows_peek(&rows);
	bool isnull = true;
	Datum horizon = 0;

	if (row != NULL)
		horizon = SPI_getbinval(row, rows.table->tupdesc, 1, &isnull);
	rows_close(&rows);
	return isnull ? FOLD_ALWAYS : DatumGetTimestampTz(horizon);
}

static void
return_rows(ReturnSetInfo *result, Rows *rows)
{
	HeapTuple row;

	while ((row = rows_peek(rows)) != NULL)
	{
		tuplestore_puttuple(result->setResult, row);
		rows_skip(rows);
	}
}

/*
 * ledger_check(ledger text) -> setof (customer_id text, problem text, stage text, right_stage text)
 *
 * The customers whose state is not the fold of their touchpoints, and why.  As one snapshot sees
 * all, so that traffic doesn't matter.  With the rights of the caller.
 */
PG_FUNCTION_INFO_V1(ledger_check);
Datum
ledger_check(PG_FUNCTION_ARGS)
{
	Ledger *l;
	LedgerScope scope;
	CustomerFold *f;
	Rows rows;

	InitMaterializedSRF(fcinfo, 0);
	ledger_note_extension(fcinfo);
	l = ledger_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ledger_check_upgraded(l);
	scope = ledger_act_as_invoker(l);
	SPI_connect();
	f = customer_fold_begin(l, false);
	rows = rows_open_stable(psprintf(WHOLE_LOG, l->qschema));
	customer_fold_log(f, &rows, stable_horizon(l));
	rows_close(&rows);
	customer_fold_show(f);
	rows = rows_open_stable(psprintf(DIFFERENCES, l->qschema,
									 customer_column_list("c.%s", LIST_COMPARED),
									 customer_column_list("m.%s", LIST_COMPARED)));
	return_rows((ReturnSetInfo *) fcinfo->resultinfo, &rows);
	rows_close(&rows);
	customer_fold_free(f);
	SPI_finish();
	ledger_leave(&scope);
	return (Datum) 0;
}

/* ---- rebuild ---- */

static const char ADD_ALL[] =
	"INSERT INTO %1$s.customer (customer_id) SELECT DISTINCT t.customer_id FROM %1$s.touchpoint t"
	" WHERE t.customer_id IS NOT NULL AND NOT EXISTS"
	" (SELECT FROM %1$s.customer c WHERE c.customer_id = t.customer_id)"
	" ORDER BY t.customer_id ON CONFLICT DO NOTHING";

static const char LOCK_ALL[] = "SELECT " CUSTOMER_COLUMNS " FROM %1$s.customer c"
							   " ORDER BY c.customer_id FOR NO KEY UPDATE OF c";

static const char OUTDATE_KPIS[] = "INSERT INTO %1$s.kpi_late (late_since) SELECT '-infinity'"
								   " WHERE EXISTS (SELECT FROM %1$s.kpi_period)";

/* Other rules may have made another history: what ledger_refresh() keeps of it is outdated. */
static void
outdate_kpis(const Ledger *l)
{
	if (!OidIsValid(get_relname_relid("kpi_late", get_rel_namespace(l->touchpoint))))
		return; /* a ledger that was made before there was such a table */
	if (SPI_execute(psprintf(OUTDATE_KPIS, l->qschema), false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not outdate what is kept of KPIs");
}

static int64
rebuild(Ledger *l)
{
	CustomerFold *f = customer_fold_begin(l, false);
	SPIPlanPtr plan;
	Rows customers;
	int64 n;

	if (SPI_execute(psprintf(ADD_ALL, l->qschema), false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not add customers");
	plan = SPI_prepare(ledger_sql(l, LOCK_ALL), 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
	customers = rows_open(plan, NULL, false);
	customer_fold_note(f, &customers);
	rows_close(&customers);
	customer_fold_end(f);
	n = customer_fold_count(f);
	customer_fold_free(f);
	outdate_kpis(l);
	return n;
}

/*
 * ledger_rebuild(ledger text) -> bigint
 *
 * Fold all customers anew from the log, by the rules as they are now; how many there are.  Locks
 * all customers until the end of the transaction.  With the rights of the caller.
 */
PG_FUNCTION_INFO_V1(ledger_rebuild);
Datum
ledger_rebuild(PG_FUNCTION_ARGS)
{
	Ledger *l;
	LedgerScope scope;
	int64 n;

	ledger_note_extension(fcinfo);
	l = ledger_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ledger_check_upgraded(l);
	scope = ledger_act_as_invoker(l);
	SPI_connect();
	n = rebuild(l);
	SPI_finish();
	ledger_leave(&scope);
	PG_RETURN_INT64(n);
}
