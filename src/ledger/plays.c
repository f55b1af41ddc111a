/*
 * plays.c: telling of plays (see plays.h).
 *
 * A play is told once for each occurrence of what it waits for: table play_fired remembers which.
 * The locks of the customers concerned make sure that two sessions don't tell the same, and that the
 * numbers of a customer's events are in the order of their commits.
 */
#include "ledger/plays.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* An instant as part of the name of an occurrence, whatever the session's time zone. */
#define INSTANT_NAME(at)                                                                           \
	"'since ' || pg_catalog.to_char(" at " AT TIME ZONE 'UTC', "                                   \
	"'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

#define NOT_FIRED(customer, occurrence)                                                            \
	" NOT EXISTS (SELECT FROM %1$s.play_fired f WHERE f.customer_id = " customer                   \
	" AND f.play = p.play AND f.occurrence = " occurrence " AND f.withdrawn_at IS NULL)"

/*
 * "due" gives customer_id, play, action, priority, payload, occurred_at and occurrence; what was
 * withdrawn before may come true again.
 */
#define TELL_PLAYS(with_due)                                                                       \
	"WITH " with_due ", told AS ("                                                                 \
	"INSERT INTO %1$s.event_outbox (customer_id, event, occurred_at, payload)"                     \
	" SELECT d.customer_id, 'play', d.occurred_at, pg_catalog.jsonb_build_object("                 \
	"'play', d.play, 'action', d.action, 'priority', d.priority, 'occurrence', d.occurrence,"      \
	" 'payload', d.payload) FROM due d ORDER BY d.customer_id, d.priority, d.play"                 \
	" RETURNING event_id, customer_id, occurred_at, payload)"                                      \
	" INSERT INTO %1$s.play_fired AS f (customer_id, play, occurrence, action, priority,"          \
	" occurred_at, event_id) SELECT t.customer_id, t.payload ->> 'play',"                          \
	" t.payload ->> 'occurrence', t.payload ->> 'action',"                                         \
	" (t.payload ->> 'priority')::pg_catalog.int4, t.occurred_at, t.event_id FROM told t"          \
	" ON CONFLICT (customer_id, play, occurrence) DO UPDATE SET action = excluded.action,"         \
	" priority = excluded.priority, occurred_at = excluded.occurred_at,"                           \
	" event_id = excluded.event_id, withdrawn_at = NULL"

/* Which of the plays that were told, "f", with "p" what they are now, turn out not to be so. */
#define WITHDRAW_PLAYS(which)                                                                      \
	"WITH gone AS (UPDATE %1$s.play_fired f SET withdrawn_at = pg_catalog.now()" which             \
	" RETURNING f.customer_id, f.play, f.action, f.occurrence, f.event_id)"                        \
	" INSERT INTO %1$s.event_outbox (customer_id, event, occurred_at, payload)"                    \
	" SELECT g.customer_id, 'play_withdrawn', pg_catalog.now(), pg_catalog.jsonb_build_object("    \
	"'play', g.play, 'action', g.action, 'occurrence', g.occurrence, 'told_by', g.event_id)"       \
	" FROM gone g ORDER BY g.customer_id, g.event_id"

/* ---- stages and bands: what event_outbox has just been told ---- */

static const char TELL_OF_EVENTS[] = TELL_PLAYS(
	"due AS (SELECT DISTINCT ON (e.customer_id, p.play, o.occurrence) e.customer_id, p.play,"
	" p.action, p.priority, p.payload, e.occurred_at, o.occurrence FROM new_rows e"
	" JOIN %1$s.play p ON p.is_active AND CASE e.event"
	" WHEN 'stage_changed' THEN p.on_stage = e.payload ->> 'to_stage'"
	" WHEN 'band_changed' THEN p.on_band = e.payload ->> 'to_band' END"
	" CROSS JOIN LATERAL (SELECT CASE e.event"
	" WHEN 'stage_changed' THEN 'episode ' || (e.payload ->> 'episode')"
	" ELSE " INSTANT_NAME("e.occurred_at") " END) AS o (occurrence)"
										   " WHERE" NOT_FIRED(
											   "e.customer_id",
											   "o.occurrence") " ORDER BY e.customer_id, p.play, "
															   "o.occurrence, e.event_id)");

#define STAGE_ORDER(stage)                                                                         \
	"pg_catalog.array_position('{awareness,acquisition,conversion,onboarding,engagement,"          \
	"retention,advocacy,churned}'::pg_catalog.text[], " stage ")"

/* A stage that the customer has turned out not to have reached, or was moved back from. */
static const char WITHDRAW_OF_EVENTS[] = WITHDRAW_PLAYS(
	" FROM new_rows e, %1$s.play p WHERE e.event = 'stage_changed'"
	" AND f.customer_id = e.customer_id AND f.play = p.play AND p.on_stage IS NOT NULL"
	" AND f.withdrawn_at IS NULL"
	" AND CASE WHEN f.occurrence LIKE 'episode %%' THEN CASE"
	" WHEN pg_catalog.substr(f.occurrence, 9) = e.payload ->> 'episode'"
	" THEN " STAGE_ORDER("p.on_stage") " > " STAGE_ORDER(
		"e.payload ->> 'to_stage'") " ELSE pg_catalog.substr(f.occurrence, 9)::pg_catalog.int4"
									" > (e.payload ->> 'episode')::pg_catalog.int4 END END");

/* The ids of one statement's events, a few hundred a notification: a payload is short. */
static const char WAKE[] =
	"SELECT pg_catalog.pg_notify($1, pg_catalog.string_agg(g.event_id::pg_catalog.text, ','"
	" ORDER BY g.event_id)) FROM (SELECT e.event_id, (pg_catalog.row_number()"
	" OVER (ORDER BY e.event_id) - 1) / 300 AS chunk FROM new_rows e) g GROUP BY g.chunk"
	" ORDER BY g.chunk";

static void
run(Ledger *l, LedgerQuery query, const char *sql, int nargs, Oid type, Datum value, int64 rows)
{
	SPIPlanPtr plan = ledger_plan(l, query, sql, nargs, &type, rows);
	int result = SPI_execute_plan(plan, &value, NULL, false, 0);

	if (result < 0)
		elog(ERROR, "could not tell: %s", SPI_result_code_string(result));
}

static Ledger *
ledger_of_outbox(const TriggerData *trigger)
{
	Relation outbox = trigger->tg_relation;
	Oid touchpoint = get_relname_relid("touchpoint", RelationGetNamespace(outbox));
	Ledger *l = NULL;

	if (OidIsValid(touchpoint) && strcmp(RelationGetRelationName(outbox), "event_outbox") == 0)
		l = ledger_of_touchpoint(touchpoint);
	if (l == NULL || l->owner != outbox->rd_rel->relowner)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not fired by the table event_outbox of a ledger",
						"event_outbox_told"),
				 errhint("ledger_create() and ledger_upgrade() make its trigger.")));
	return l;
}

/*
 * event_outbox_told() -> trigger
 *
 * On a ledger's table event_outbox, AFTER INSERT, FOR EACH STATEMENT, with new_rows: fires the plays
 * that wait for a stage or a band, withdraws those that turn out otherwise, and wakes whoever
 * listens, if the setting says so.  Acts as the owner of the table.
 */
PG_FUNCTION_INFO_V1(event_outbox_told);
Datum
event_outbox_told(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	LedgerScope scope;
	Ledger *l;
	int64 rows;

	ledger_check_trigger(fcinfo, "event_outbox_told");
	l = ledger_of_outbox(trigger);
	if ((!l->plays_events && !l->notifies) || trigger->tg_newtable == NULL)
		return PointerGetDatum(NULL);
	rows = tuplestore_tuple_count(trigger->tg_newtable);
	if (rows == 0)
		return PointerGetDatum(NULL);
	scope = ledger_act_as_owner(l);
	SPI_connect();
	SPI_register_trigger_data(trigger);
	if (l->plays_events)
	{
		run(l, QUERY_WITHDRAW_OF_EVENTS, WITHDRAW_OF_EVENTS, 0, InvalidOid, 0, rows);
		run(l, QUERY_TELL_OF_EVENTS, TELL_OF_EVENTS, 0, InvalidOid, 0, rows);
	}
	if (l->notifies)
		run(l, QUERY_WAKE, WAKE, 1, TEXTOID, CStringGetTextDatum(l->schema), rows);
	SPI_finish();
	ledger_leave(&scope);
	return PointerGetDatum(NULL);
}

/* ---- answers to surveys ---- */

#define ANSWERS_PLAY                                                                               \
	" p.on_survey = k.survey AND (p.min_score IS NULL OR n.score >= p.min_score)"                  \
	" AND (p.max_score IS NULL OR n.score <= p.max_score)"

/* What was not rejected is still there. */
static const char TELL_OF_ANSWERS[] = TELL_PLAYS(
	"due AS (SELECT n.customer_id, p.play, p.action, p.priority, p.payload, n.occurred_at,"
	" 'touchpoint ' || n.touchpoint_id AS occurrence FROM new_rows n"
	" JOIN %1$s.touchpoint_kind k ON k.kind = n.kind JOIN %1$s.play p ON p.is_active"
	" AND" ANSWERS_PLAY " WHERE n.customer_id IS NOT NULL"
	" AND EXISTS (SELECT FROM %1$s.touchpoint t WHERE t.touchpoint_id = n.touchpoint_id"
	" AND t.occurred_at = n.occurred_at)"
	" AND (NOT p.only_customers OR EXISTS (SELECT FROM %1$s.customer c"
	" WHERE c.customer_id = n.customer_id AND c.first_paid_at IS NOT NULL))"
	" AND" NOT_FIRED("n.customer_id", "'touchpoint ' || n.touchpoint_id") ")");

#define OF_OLD_ROWS                                                                                \
	" FROM old_rows o, %1$s.play p WHERE f.customer_id = o.customer_id AND f.play = p.play"        \
	" AND f.occurrence = 'touchpoint ' || o.touchpoint_id AND f.withdrawn_at IS NULL"

static const char WITHDRAW_OF_DELETED[] = WITHDRAW_PLAYS(OF_OLD_ROWS);

static const char WITHDRAW_OF_UPDATED[] = WITHDRAW_PLAYS(
	OF_OLD_ROWS " AND NOT EXISTS (SELECT FROM new_rows n"
				" JOIN %1$s.touchpoint_kind k ON k.kind = n.kind"
				" WHERE n.touchpoint_id = o.touchpoint_id AND n.customer_id = o.customer_id"
				" AND" ANSWERS_PLAY ")");

void
plays_of_answers(Ledger *l, const TriggerData *trigger, int64 rows)
{
	if (!l->plays_answers || !l->tells)
		return;
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		run(l, QUERY_WITHDRAW_OF_DELETED, WITHDRAW_OF_DELETED, 0, InvalidOid, 0, rows);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		run(l, QUERY_WITHDRAW_OF_UPDATED, WITHDRAW_OF_UPDATED, 0, InvalidOid, 0, rows);
	if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		run(l, QUERY_TELL_OF_ANSWERS, TELL_OF_ANSWERS, 0, InvalidOid, 0, rows);
}

/* ---- silence ---- */

/* Lengths are of days of 24 hours, as those of the fold. */
#define SILENT_PLAY                                                                                \
	" p.is_active AND p.on_silence IS NOT NULL AND c.last_alive_at + pg_catalog.make_interval("    \
	"secs => pg_catalog.date_part('epoch', p.on_silence)) <= $2"                                   \
	" AND ($1 IS NULL OR c.last_alive_at + pg_catalog.make_interval("                              \
	"secs => pg_catalog.date_part('epoch', p.on_silence)) > $1)"                                   \
	" AND (NOT p.only_customers OR c.first_paid_at IS NOT NULL)"                                   \
	" AND" NOT_FIRED("c.customer_id", INSTANT_NAME("c.last_alive_at"))

/*
 * A customer who is locked by someone else may be alive again: the next tick sees to him.  Waiting
 * for him could be waiting for each other.
 */
static const char TELL_OF_SILENCE[] =
	TELL_PLAYS("c AS MATERIALIZED (SELECT c.customer_id, c.last_alive_at, c.first_paid_at"
			   " FROM %1$s.customer c WHERE EXISTS (SELECT FROM %1$s.play p WHERE" SILENT_PLAY ")"
			   " ORDER BY c.customer_id FOR NO KEY UPDATE OF c SKIP LOCKED),"
			   " due AS (SELECT c.customer_id, p.play, p.action, p.priority, p.payload,"
			   " c.last_alive_at + pg_catalog.make_interval(secs => pg_catalog.date_part('epoch',"
			   " p.on_silence)) AS occurred_at, " INSTANT_NAME(
				   "c.last_alive_at") " AS occurrence"
									  " FROM c JOIN %1$s.play p ON" SILENT_PLAY ")");

/*
 * ledger_play_silence(ledger text, since timestamptz, horizon timestamptz) -> bigint
 *
 * Fires the plays that wait for a silence which has become long enough after since (NULL: ever) and
 * by the horizon, with the rights of the caller; how many.
 */
PG_FUNCTION_INFO_V1(ledger_play_silence);
Datum
ledger_play_silence(PG_FUNCTION_ARGS)
{
	Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum values[] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	char nulls[] = {PG_ARGISNULL(1) ? 'n' : ' ', ' ', '\0'};
	LedgerScope scope;
	Ledger *l;
	int64 n;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	ledger_note_extension(fcinfo);
	l = ledger_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (!l->plays_silence || !l->tells)
		PG_RETURN_INT64(0);
	scope = ledger_act_as_invoker(l);
	SPI_connect();
	if (SPI_execute_with_args(psprintf(TELL_OF_SILENCE, l->qschema), 2, types, values, nulls, false,
							  0) != SPI_OK_INSERT)
		elog(ERROR, "could not tell of silence");
	n = (int64) SPI_processed;
	SPI_finish();
	ledger_leave(&scope);
	PG_RETURN_INT64(n);
}
