/*
 * ledger_tick.c: what time alone brings (ledger_tick).
 */
#include "ledger/ledger.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "ledger/customer_fold.h"
#include "ledger/rows.h"

/* Time doesn't go back. */
static const char SET_CLOCK[] =
	"UPDATE %1$s.clock k SET horizon = GREATEST(k.horizon, $1), ticked_at = pg_catalog.now()";

/* All who are due, or those of a batch: keys up to $2, beyond $3. */
#define LOCK_DUE(batch)                                                                            \
	"SELECT " CUSTOMER_COLUMNS " FROM %1$s.customer c WHERE c.due_at < $1" batch                   \
	" ORDER BY c.customer_id FOR NO KEY UPDATE OF c"

static const char LOCK_ALL_DUE[] = LOCK_DUE("");
static const char LOCK_FIRST_DUE[] = LOCK_DUE(" AND c.customer_id <= $2");
static const char LOCK_NEXT_DUE[] = LOCK_DUE(" AND c.customer_id <= $2 AND c.customer_id > $3");

/* Keys of customers between which a tick lets time pass; NULL: no bound. */
typedef struct Batch
{
	const char *after;
	const char *upto;
} Batch;

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

static Datum
key_from_text(const Ledger *l, const char *text)
{
	Oid input;
	Oid param;

	getTypeInputInfo(l->key_type, &input, &param);
	return OidInputFunctionCall(input, pstrdup(text), param, -1);
}

static Rows
lock_due(Ledger *l, Datum as_of, const Batch *batch)
{
	Oid types[3] = {TIMESTAMPTZOID, l->key_type, l->key_type};
	Datum values[3] = {as_of};
	const char *sql = LOCK_ALL_DUE;
	int n = 1;
	SPIPlanPtr plan;

	if (batch->upto != NULL)
	{
		sql = batch->after == NULL ? LOCK_FIRST_DUE : LOCK_NEXT_DUE;
		values[n++] = key_from_text(l, batch->upto);
		if (batch->after != NULL)
			values[n++] = key_from_text(l, batch->after);
	}
	plan = SPI_prepare(ledger_sql(l, sql), n, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
	return rows_open(plan, values, false);
}

static int64
tick(Ledger *l, Datum as_of, const Batch *batch)
{
	Oid type = TIMESTAMPTZOID;
	CustomerFold *f = customer_fold_begin(l, false);
	Rows due;
	int64 n;

	SPI_execute_with_args(psprintf(SET_CLOCK, l->qschema), 1, &type, &as_of, NULL, false, 0);
	due = lock_due(l, as_of, batch);
	customer_fold_tick(f, &due);
	rows_close(&due);
	customer_fold_end(f);
	n = customer_fold_count(f);
	customer_fold_free(f);
	return n;
}

/*
 * ledger_tick_stages(ledger text, as_of timestamptz, after text, upto text) -> bigint
 *
 * Lets time pass up to as_of (exclusive): silent customers churn, contracts end, onboarding is
 * over, each at the instant at which it fell due.  Of all customers, or, in batches, of those whose
 * keys are greater than after (NULL: any) and not greater than upto.  The number of customers for
 * whom something fell due.  With the rights of the caller.  WARNING if as_of is in the future beyond
 * the ledger's tolerance, ERROR if more than a year.
 */
PG_FUNCTION_INFO_V1(ledger_tick);
Datum
ledger_tick(PG_FUNCTION_ARGS)
{
	Batch batch = {NULL, NULL};
	TimestampTz as_of;
	LedgerScope scope;
	Ledger *l;
	int64 n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	as_of = PG_GETARG_TIMESTAMPTZ(1);
	/* version 0.1.0 declared it with two arguments */
	if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
		batch.after = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		batch.upto = text_to_cstring(PG_GETARG_TEXT_PP(3));
	ledger_note_extension(fcinfo);
	l = ledger_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	check_as_of(l, as_of);
	ledger_check_upgraded(l);
	scope = ledger_act_as_invoker(l);
	SPI_connect();
	n = tick(l, TimestampTzGetDatum(as_of), &batch);
	SPI_finish();
	ledger_leave(&scope);
	PG_RETURN_INT64(n);
}
