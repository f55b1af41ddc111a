/*
 * touchpoint_key.c: keys of a partitioned log (see touchpoint_key.h).
 *
 * Keys are taken in their order, before customers are locked.  ON CONFLICT waits for whoever is
 * writing the same key, so that the second of two learns what became of the first.
 */
#include "ledger/touchpoint_key.h"

#include "utils/builtins.h"

#define HAS_KEY(k, row)                                                                            \
	"SELECT FROM %1$s.touchpoint_key " k " WHERE " k ".source = " row ".source AND " k             \
	".source_key = " row ".source_key AND " k ".touchpoint_id = " row ".touchpoint_id"

#define TAKE_KEYS(condition)                                                                       \
	"INSERT INTO %1$s.touchpoint_key AS k (source, source_key, touchpoint_id, occurred_at)"        \
	" SELECT DISTINCT ON (n.source, n.source_key) n.source, n.source_key, n.touchpoint_id,"        \
	" n.occurred_at FROM new_rows n WHERE n.source_key IS NOT NULL" condition                      \
	" ORDER BY n.source, n.source_key, n.touchpoint_id ON CONFLICT (source, source_key)"           \
	" DO UPDATE SET touchpoint_id = excluded.touchpoint_id, occurred_at = excluded.occurred_at"    \
	" WHERE k.touchpoint_id IS NULL"

static const char TAKE_INSERTED[] = TAKE_KEYS("");

static const char TAKE_LEFT[] =
	TAKE_KEYS(" AND EXISTS (SELECT FROM %1$s.touchpoint t WHERE t.touchpoint_id = n.touchpoint_id"
			  " AND t.occurred_at = n.occurred_at)");

static const char TAKE_UPDATED[] =
	TAKE_KEYS(" AND NOT EXISTS (" HAS_KEY("h", "n") " AND h.occurred_at = n.occurred_at)");

static const char REMOVE_REPEATED[] =
	"DELETE FROM %1$s.touchpoint t USING new_rows n WHERE t.touchpoint_id = n.touchpoint_id"
	" AND t.occurred_at = n.occurred_at AND n.source_key IS NOT NULL"
	" AND NOT EXISTS (" HAS_KEY("k", "n") ")";

static const char GIVE_UP_UPDATED[] =
	"DELETE FROM %1$s.touchpoint_key k USING old_rows o"
	" WHERE k.source = o.source AND k.source_key = o.source_key"
	" AND k.touchpoint_id = o.touchpoint_id"
	" AND NOT EXISTS (SELECT FROM new_rows n WHERE n.touchpoint_id = o.touchpoint_id"
	" AND n.source = o.source AND n.source_key = o.source_key AND n.occurred_at = o.occurred_at)";

static const char FIND_TAKEN[] =
	"SELECT n.source, n.source_key FROM new_rows n WHERE n.source_key IS NOT NULL"
	" AND NOT EXISTS (" HAS_KEY("k", "n") ") LIMIT 1";

static const char GIVE_UP_DELETED[] = "DELETE FROM %1$s.touchpoint_key k USING old_rows o"
									  " WHERE k.source = o.source AND k.source_key = o.source_key"
									  " AND k.touchpoint_id = o.touchpoint_id";

static uint64
run(Ledger *l, LedgerQuery query, const char *format, int64 rows)
{
	SPIPlanPtr plan = ledger_plan(l, query, format, 0, NULL, rows);
	int result = SPI_execute_plan(plan, NULL, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not keep keys of touchpoints: %s", SPI_result_code_string(result));
	return SPI_processed;
}

bool
touchpoint_keys_inserted(Ledger *l, bool rejected, int64 rows)
{
	uint64 taken;

	if (rejected)
		taken = run(l, QUERY_TAKE_LEFT_KEYS, TAKE_LEFT, rows);
	else
		taken = run(l, QUERY_TAKE_KEYS, TAKE_INSERTED, rows);
	if (taken == (uint64) rows)
		return false;
	return run(l, QUERY_REMOVE_REPEATED, REMOVE_REPEATED, rows) > 0;
}

static void
key_is_taken(const Ledger *l)
{
	HeapTuple row = SPI_tuptable->vals[0];
	TupleDesc desc = SPI_tuptable->tupdesc;

	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("ledger \"%s\" has another touchpoint of the same key", l->schema),
					errdetail("Key (source, source_key)=(%s, %s) already exists.",
							  SPI_getvalue(row, desc, 1), SPI_getvalue(row, desc, 2))));
}

/* Rows that were rejected have taken their keys, too: give them up. */
static void
give_up_rejected(const Ledger *l)
{
	static const char GIVE_UP_REJECTED[] =
		"DELETE FROM %1$s.touchpoint_key k USING new_rows n"
		" WHERE k.source = n.source AND k.source_key = n.source_key"
		" AND k.touchpoint_id = n.touchpoint_id AND NOT EXISTS (SELECT FROM %1$s.touchpoint t"
		" WHERE t.touchpoint_id = n.touchpoint_id AND t.occurred_at = n.occurred_at)";

	if (SPI_execute(psprintf(GIVE_UP_REJECTED, l->qschema), false, 0) < 0)
		elog(ERROR, "could not give up the keys of rejected touchpoints");
}

void
touchpoint_keys_updated(Ledger *l, bool rejected, int64 rows)
{
	run(l, QUERY_GIVE_UP_UPDATED, GIVE_UP_UPDATED, rows);
	run(l, QUERY_TAKE_UPDATED, TAKE_UPDATED, rows);
	if (run(l, QUERY_FIND_TAKEN, FIND_TAKEN, rows) > 0)
		key_is_taken(l);
	if (rejected)
		give_up_rejected(l);
}

void
touchpoint_keys_deleted(Ledger *l, int64 rows)
{
	run(l, QUERY_GIVE_UP_DELETED, GIVE_UP_DELETED, rows);
}

void
touchpoint_keys_truncated(Ledger *l)
{
	if (SPI_execute(psprintf("DELETE FROM %s.touchpoint_key", l->qschema), false, 0) < 0)
		elog(ERROR, "could not forget the keys of touchpoints");
}
