/*
 * ledger.h: what a ledger is to the C code: its tables, its owner, and its rules, cached.
 */
#ifndef CUSTOMER_LIFECYCLE_LEDGER_H
#define CUSTOMER_LIFECYCLE_LEDGER_H

#include "ledger/fold.h"

#include "executor/spi.h"
#include "pgtime.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Surveys of which a customer keeps a summary. */
typedef enum LedgerSurvey
{
	SURVEY_NPS,
	SURVEY_CSAT,
	SURVEY_CES,
	SURVEY_NONE
} LedgerSurvey;

#define SURVEY_COUNT SURVEY_NONE

/* What a kind adds to the counts of a customer. */
typedef enum LedgerTally
{
	TALLY_NONE,
	TALLY_REFUND,
	TALLY_TICKET_OPENED,
	TALLY_TICKET_REPLIED,
	TALLY_TICKET_RESOLVED,
	TALLY_TICKET_REOPENED,
	TALLY_REFERRAL_SENT,
	TALLY_REFERRAL_CONVERTED,
	TALLY_REVIEW,
	TALLY_POINTS_EARNED,
	TALLY_POINTS_REDEEMED
} LedgerTally;

/* A row of touchpoint_kind. */
typedef struct LedgerKind
{
	const char *name; /* key of the hash table */
	FoldKind fold;
	bool needs_customer;
	bool sets_trait;
	bool sets_consent;
	bool consents;
	LedgerTally tally;
	LedgerSurvey survey;
	int32 scale_lo;
	int32 scale_hi;
} LedgerKind;

/* A row of tracked_source: the owner of the ledger lets this trigger of a table write into it. */
typedef struct LedgerTrack
{
	Oid table;
	int n;
	char **arguments; /* all but the first, which is the ledger */
} LedgerTrack;

/* Queries whose plans are kept for the session. */
typedef enum LedgerQuery
{
	QUERY_READ_INSERTED,
	QUERY_ADD_INSERTED,
	QUERY_LOCK_INSERTED,
	QUERY_ADD_UPDATED,
	QUERY_LOCK_UPDATED,
	QUERY_LOCK_DELETED,
	QUERY_LOCK_KEYS,
	QUERY_LOG,
	QUERY_ADD_ONE,
	QUERY_UPDATE_CUSTOMERS,
	QUERY_UPDATE_CHANGED,
	QUERY_TELL_STAGES,
	QUERY_TELL_DETRACTORS,
	QUERY_TELL_CORRECTED,
	QUERY_WITHDRAW_CORRECTED,
	QUERY_WITHDRAW_REMOVED,
	QUERY_TELL_OF_EVENTS,
	QUERY_WITHDRAW_OF_EVENTS,
	QUERY_TELL_OF_ANSWERS,
	QUERY_WITHDRAW_OF_UPDATED,
	QUERY_WITHDRAW_OF_DELETED,
	QUERY_WAKE,
	QUERY_CUT_HISTORY,
	QUERY_CLOSE_SPANS,
	QUERY_PUT_SPANS,
	QUERY_ADD_CORRECTED,
	QUERY_LOCK_CORRECTED,
	QUERY_ADD_TOUCHPOINTS,
	QUERY_CORRECT_TOUCHPOINTS,
	QUERY_REMOVE_TOUCHPOINTS,
	QUERY_ADD_REJECTED,
	QUERY_CLAIM_KEYS, /* these and the following: of a partitioned log */
	QUERY_UPDATE_CLAIMED,
	QUERY_ADD_CLAIMED,
	QUERY_REMOVE_BY_KEY,
	QUERY_TAKE_KEYS,
	QUERY_TAKE_LEFT_KEYS,
	QUERY_TAKE_UPDATED,
	QUERY_REMOVE_REPEATED,
	QUERY_GIVE_UP_UPDATED,
	QUERY_GIVE_UP_DELETED,
	QUERY_FIND_TAKEN,
	QUERY_HORIZON,
	QUERY_READ_NEWCOMERS,
	QUERY_READ_REST,
	QUERY_LOCK_REST,
	QUERY_INSERT_CUSTOMERS,
	QUERY_TELL_ADDED,
	QUERY_TELL_SOME_ADDED,
	QUERY_PUT_SOME_SPANS,
	QUERY_COUNT
} LedgerQuery;

typedef struct DirectLedger DirectLedger;

typedef struct Ledger
{
	Oid touchpoint; /* the table: key of the cache */
	bool valid;
	MemoryContext context;
	char *schema;	  /* name, not quoted */
	char *qschema;	  /* name, quoted */
	char *qextension; /* schema of the extension, quoted */
	char *customers;  /* list of the columns of the table customer, as "c" */
	char *written;	  /* list of those that the fold writes */
	char *moved;	  /* the same, as "m" */
	char *kept;		  /* the same, as "c" */
	Oid owner;		  /* of the table touchpoint */
	bool partitioned; /* touchpoint is: its keys are in touchpoint_key */
	bool outdated;	  /* made by an older release: the fold would lack columns */
	Oid key_type;	  /* of customers */
	Oid key_array;
	Oid key_collation;
	TypeCacheEntry *key;
	Oid rating_summary;
	Oid purchase_summary;
	Oid activity_summary;
	Oid lifecycle_stage;
	Oid watched[8];		  /* tables: a change of these invalidates this */
	Oid play;			  /* and so does a change of this table, if there is one */
	Oid outbox_function;  /* event_outbox_told() */
	Oid fold_function;	  /* touchpoint_fold() */
	Oid kpi_function;	  /* kpi_outdated() */
	DirectLedger *direct; /* tables as the direct path sees them */
	char *time_zone;
	pg_tz *tz;
	FmgrInfo purchases; /* what the transitions of summaries remember from call to call */
	FmgrInfo activity;
	Datum zone_word; /* arguments of theirs: text */
	Datum day_word;
	Interval day;
	int64 future_tolerance;
	bool tells;			/* writes event_outbox */
	bool notifies;		/* ... and wakes who listens */
	bool plays_events;	/* there are active plays that wait for stages or bands */
	bool plays_answers; /* ... for answers to surveys */
	bool plays_silence; /* ... for silence */
	bool refuses;		/* unusable touchpoints are errors */
	FoldRules rules;
	HTAB *kinds;
	int n_tracks;
	LedgerTrack *tracks;
	SPIPlanPtr plan[QUERY_COUNT];
} Ledger;

/* The ledger whose table touchpoint this is; cached, valid until the end of the transaction. */
extern Ledger *ledger_of_touchpoint(Oid touchpoint);

/* The ledger in the schema of this name, or an ERROR. */
extern Ledger *ledger_by_name(const char *name);

/* An ERROR if the ledger was made by an older release and not upgraded. */
extern void ledger_check_upgraded(const Ledger *ledger);

/*
 * The log of such a ledger goes on being written; its customers wait for ledger_upgrade(), which
 * folds them anew.  Nothing is lost, and nobody's INSERT fails: but a WARNING once a session.
 */
extern bool ledger_awaits_upgrade(const Ledger *ledger);

/*
 * An ERROR unless the columns that are read by their types have those that they were made with, or
 * such as are read alike (ledger_columns.c).
 */
extern void ledger_check_columns(const Ledger *ledger);

extern const LedgerKind *ledger_kind(const Ledger *ledger, const char *name);

/*
 * From here to ledger_leave(), act as the ledger's owner (row-level security of the ledger doesn't
 * apply), or as oneself, with a search path, date style and time zone that don't depend on the
 * session.
 */
typedef struct LedgerScope
{
	Oid user;
	int security;
	int nest_level; /* of settings; 0: they are as the session has them */
} LedgerScope;

extern LedgerScope ledger_act_as_owner(const Ledger *ledger);
extern LedgerScope ledger_act_as_invoker(const Ledger *ledger);
/* As the owner of a ledger's table, where nothing else of the ledger is needed. */
extern LedgerScope ledger_act_as_owner_of(Relation table);
/* As the owner with the session's settings: for what runs no query and reads no text. */
extern LedgerScope ledger_act_as_owner_directly(const Ledger *ledger);
/* Within a scope: plan for a few rows in tables that grow, whatever their size is now. */
extern void ledger_prefer_indexes(void);
extern void ledger_leave(const LedgerScope *scope);

/* The ledger's clock for functions that read dates, which must not end by an ERROR in between. */
typedef struct LedgerClock
{
	pg_tz *zone;
	int style;
	int order;
} LedgerClock;

extern void ledger_enter_clock(const Ledger *ledger, LedgerClock *before);
extern void ledger_leave_clock(const LedgerClock *before);

/* Where our types and functions are, for what is not called as a trigger. */
extern void ledger_note_extension(FunctionCallInfo fcinfo);

/* Check that this function was fired as an AFTER ... FOR EACH STATEMENT trigger. */
extern void ledger_check_trigger(FunctionCallInfo fcinfo, const char *function);

/*
 * The plan of a query; kept if it reads few rows, made anew if it reads many, for few rows want
 * index scans and many want joins.  In the format %1$s is the schema, %2$s the list of what the
 * fold wants of the table customer, which is "c", %3$s what it writes there, %4$s the same of "m", %5$s of "c".
 */
extern SPIPlanPtr ledger_plan(Ledger *ledger, LedgerQuery query, const char *format, int nargs,
							  Oid *types, int64 rows);

/* The text of such a query. */
extern char *ledger_sql(const Ledger *ledger, const char *format);

/* Statements over more rows than this are planned for their number. */
#define LEDGER_FEW_ROWS 1000

/* ---- touchpoints (touch.c) ---- */

/* A touchpoint as the fold wants it, and what the customer's summaries take from it. */
typedef struct Touch
{
	FoldTouch fold;
	const LedgerKind *kind;
	const char *source;
	const char *source_key; /* or NULL */
	const char *channel;	/* or NULL */
	const char *campaign;	/* or NULL */
	Jsonb *properties;		/* or NULL */
	int64 quantity;			/* in 1/10000; 0 if not given */
} Touch;

/* Numbers of a touchpoint are smaller than this, in absolute value: its columns are numeric(18,4). */
#define TOUCH_NUMBER_LIMIT "99999999999999.99995"

/* Why a number can't be used, or NULL if it can; its name is a word of the reason. */
extern const char *touch_number_fault(const char *word, bool isnull, Datum numeric);
/* The same of both numbers that a touchpoint has. */
extern const char *touch_numbers_fault(bool no_amount, Datum amount, bool no_quantity,
									   Datum quantity);
/* Can touchpoint_rejected keep it?  NaN it can. */
extern bool touch_number_fits(bool isnull, Datum numeric);

/* Why a text can't be a key: an index has no room for long ones. */
#define TOUCH_KEY_LENGTH 2500
extern const char *touch_key_fault(const char *word, bool isnull, Datum key);

/* A value within a reason: so many bytes of it. */
#define TOUCH_CLIPPED 100
extern char *touch_clipped(const char *text);

/*
 * Why a touchpoint can't be used, or NULL if it can; kind may be NULL: unknown.  number_fault: what
 * touch_numbers_fault() says.
 */
extern const char *touch_fault(const Ledger *ledger, const char *kind_name, bool has_customer,
							   bool has_at, TimestampTz at, bool has_score, double score,
							   const char *number_fault);

typedef enum TouchColumn
{
	TOUCH_CUSTOMER,
	TOUCH_KIND,
	TOUCH_AT,
	TOUCH_AMOUNT,
	TOUCH_SCORE,
	TOUCH_SUBJECT,
	TOUCH_CHANNEL,
	TOUCH_CAMPAIGN,
	TOUCH_SOURCE,
	TOUCH_SOURCE_KEY,
	TOUCH_PROPERTIES,
	TOUCH_QUANTITY,
	TOUCH_COLUMN_COUNT
} TouchColumn;

extern const char *touch_column_name(TouchColumn column);
extern Oid touch_column_type(const Ledger *ledger, TouchColumn column);

/* The columns that a query of touchpoints gives, "t" being the table; amounts in 1/10000. */
#define TOUCH_COLUMNS                                                                              \
	"t.customer_id, t.kind, t.occurred_at, (t.amount * 10000)::pg_catalog.int8, t.score,"          \
	" t.subject, t.channel, t.campaign, t.source, t.source_key, t.properties,"                     \
	" (t.quantity * 10000)::pg_catalog.int8"

/*
 * The touchpoint in a row of such a query; false if its kind isn't known (any more), or it has none,
 * or no instant.
 */
extern bool touch_read(const Ledger *ledger, HeapTuple row, TupleDesc desc, Touch *t);

/* The same, from its values. */
extern bool touch_from_values(const Ledger *ledger, const Datum *values, const bool *nulls,
							  Touch *t);

/* A numeric in 1/10000, as the queries have it. */
extern int64 touch_units(Datum numeric);

/* The order of the fold within a customer, for qsort(). */
extern int touch_compare(const void *a, const void *b);

#endif
