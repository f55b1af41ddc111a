/*
 * detractors.c: telling of answers to the NPS question of 6 or less (see detractors.h).
 */
#include "ledger/detractors.h"

#define DETRACTOR(row)                                                                             \
	row ".score <= 6 AND " row ".customer_id IS NOT NULL AND EXISTS (SELECT FROM"                  \
		" %1$s.touchpoint_kind k WHERE k.kind = " row ".kind AND k.survey = 'nps')"

#define TELL(event, row, where)                                                                    \
	"INSERT INTO %1$s.event_outbox (customer_id, event, occurred_at, payload)"                     \
	" SELECT " row ".customer_id, '" event "', " row                                               \
	".occurred_at, pg_catalog.jsonb_build_object("                                                 \
	"'score', " row ".score, 'subject', " row ".subject, 'source', " row ".source,"                \
	" 'source_key', " row ".source_key) FROM " where " ORDER BY " row ".customer_id, " row         \
	".occurred_at"

/* What was rejected is no longer there. */
#define STILL_THERE                                                                                \
	" AND EXISTS (SELECT FROM %1$s.touchpoint t WHERE t.touchpoint_id = n.touchpoint_id"           \
	" AND t.occurred_at = n.occurred_at)"

static const char TELL_NEW[] =
	TELL("detractor", "n", "new_rows n WHERE " DETRACTOR("n") STILL_THERE);

/* Answers that were not detractors' before. */
static const char TELL_CORRECTED[] =
	TELL("detractor", "n",
		 "new_rows n WHERE " DETRACTOR("n") STILL_THERE
		 " AND NOT EXISTS (SELECT FROM old_rows o WHERE o.touchpoint_id = n.touchpoint_id"
		 " AND " DETRACTOR("o") ")");

/* Answers that were detractors', and are no longer, or are no longer there. */
static const char WITHDRAW_CORRECTED[] =
	TELL("detractor_withdrawn", "o",
		 "old_rows o WHERE " DETRACTOR(
			 "o") " AND NOT EXISTS (SELECT FROM new_rows n"
				  " WHERE n.touchpoint_id = o.touchpoint_id AND " DETRACTOR("n") STILL_THERE ")");

static const char WITHDRAW_REMOVED[] =
	TELL("detractor_withdrawn", "o", "old_rows o WHERE " DETRACTOR("o"));

static void
run(Ledger *l, LedgerQuery query, const char *sql, int64 rows)
{
	SPIPlanPtr plan = ledger_plan(l, query, sql, 0, NULL, rows);
	int result = SPI_execute_plan(plan, NULL, NULL, false, 0);

	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not tell of detractors: %s", SPI_result_code_string(result));
}

void
tell_detractors(Ledger *l, const TriggerData *trigger, int64 rows)
{
	if (!l->tells)
		return;
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		run(l, QUERY_TELL_DETRACTORS, TELL_NEW, rows);
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		run(l, QUERY_WITHDRAW_REMOVED, WITHDRAW_REMOVED, rows);
	else
	{
		run(l, QUERY_WITHDRAW_CORRECTED, WITHDRAW_CORRECTED, rows);
		run(l, QUERY_TELL_CORRECTED, TELL_CORRECTED, rows);
	}
}
