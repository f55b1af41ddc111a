/*
 * ledger_tick.c: what time alone brings (ledger_tick).
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "ledger/customer_fold.h"
#include "ledger/rows.h"

/* Time doesn't go back. */
static const char SET_CLOCK[] =
	"UPDATE %1$s.clock k SET horizon = GREATEST(k.horizon, $1), ticked_at = pg_catalog.now()";

static const char LOCK_DUE[] =
	"SELECT " CUSTOMER_COLUMNS " FROM %1$s.customer c WHERE c.due_at < $1"
	" ORDER BY c.customer_id FOR NO KEY UPDATE OF c";

/* A partitioned log gets its partitions ahead of time: last, for their locks are in the way. */
static void
make_partitions(const Ledger *l)
{
	if (l->partitioned && SPI_execute(psprintf("SELECT %s.ledger_partition_ahead(%s)",
											   l->qextension, quote_literal_cstr(l->schema)),
									  false, 0) < 0)
		elog(ERROR, "could not make partitions");
}

/* Further than this beyond now() nobody wants to look: it is a slip, and would churn everyone. */
#define FURTHEST (366 * FOLD_DAY)

/*
 * Time that has passed doesn't come back, so a date in the future is worth a word: those who have
 * been silent by then have churned, although they may yet come.
 */
static void
check_as_of(const Ledger *l, TimestampTz as_of)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("as_of must be finite"),
				 errhint("Time passes up to as_of; the default is now().")));
	if (as_of - now > FURTHEST)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of is too far in the future: %s", pstrdup(timestamptz_to_str(as_of))),
				 errdetail("Every customer without a subscription would have churned by "
						   "then, for good."),
				 errhint("Time may pass up to a year beyond now().")));
	if (as_of - now > l->future_tolerance)
		ereport(WARNING, (errmsg("time of ledger \"%s\" passes into the future, up to %s",
								 l->schema, pstrdup(timestamptz_to_str(as_of))),
						  errhint("It doesn't go back.  ledger_tick() without as_of lets it pass "
								  "up to now().")));
}

static int64
tick(Ledger *l, Datum as_of)
{
	Oid type = TIMESTAMPTZOID;
	CustomerFold *f = customer_fold_begin(l, false);
	Rows due;
	SPIPlanPtr plan;
	int64 n;

	SPI_execute_with_args(psprintf(SET_CLOCK, l->qschema), 1, &type, &as_of, NULL, false, 0);
	plan = SPI_prepare(ledger_sql(l, LOCK_DUE), 1, &type);
	if (plan == NULL)
		elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
	due = rows_open(plan, &as_of, false);
	customer_fold_tick(f, &due);
	rows_close(&due);
	customer_fold_end(f);
	n = customer_fold_count(f);
	customer_fold_free(f);
	make_partitions(l);
	return n;
}

/*
 * ledger_tick(ledger text, as_of timestamptz) -> bigint
 *
 * Lets time pass up to as_of (exclusive): silent customers churn, contracts end, onboarding is
 * over, each at the instant at which it fell due.  The number of customers for whom something fell
 * due.  With the rights of the caller.  WARNING if as_of is in the future beyond the ledger's
 * tolerance, ERROR if more than a year.
 */
PG_FUNCTION_INFO_V1(ledger_tick);
Datum
ledger_tick(PG_FUNCTION_ARGS)
{
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(1);
	LedgerScope scope;
	Ledger *l;
	int64 n;

	ledger_note_extension(fcinfo);
	l = ledger_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	check_as_of(l, as_of);
	ledger_check_upgraded(l);
	scope = ledger_act_as_invoker(l);
	SPI_connect();
	n = tick(l, TimestampTzGetDatum(as_of));
	SPI_finish();
	ledger_leave(&scope);
	PG_RETURN_INT64(n);
}
