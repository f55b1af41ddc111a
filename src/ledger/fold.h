/*
 * fold.h: the lifecycle of one customer as the fold of what happened (docs/ledger.md).
 *
 * Pure C: no memory is allocated, no error raised, nothing read but the arguments.  The triggers,
 * the rebuild, the check and the aggregate lifecycle() all call this one machine, so that there is
 * one answer to "where is this customer?", whatever order, batch or session the facts came in.
 *
 * Touchpoints go in by fold_touch() in the order of (at, rank of the kind, source, source_key,
 * content).  Time alone moves customers too: fold_advance() applies what falls due before an
 * instant.  Both are pure functions of the state, so the state may be stored and carried on.
 */
#ifndef CUSTOMER_LIFECYCLE_FOLD_H
#define CUSTOMER_LIFECYCLE_FOLD_H

#include "common/compat.h"
#include "ledger/name_index.h"
#include "stage/stage.h"

/* Instants and durations are microseconds, as timestamptz has them. */
#define FOLD_NEVER PG_INT64_MAX	 /* no such instant; an end that isn't known */
#define FOLD_ALWAYS PG_INT64_MIN /* before everything */
#define FOLD_DAY (INT64CONST(86400000000))

/* Sums of amounts, in 1/10000, stop here: it is what numeric(18,4) can hold. */
#define FOLD_AMOUNT_MOST (INT64CONST(999999999999999999))

typedef enum FoldRevival
{
	FOLD_REVIVES_NOT,
	FOLD_REVIVES_AFTER_SILENCE,
	FOLD_REVIVES
} FoldRevival;

/* What a touchpoint does to its subject: a subscription or a contract. */
typedef enum FoldEffect
{
	FOLD_EFFECT_NONE,
	FOLD_OPENS,		 /* open until "until", else until it is ended */
	FOLD_OPENS_TERM, /* open until "until"; nothing is opened without one */
	FOLD_CHANGES,	 /* another amount, or another end, of an open subject */
	FOLD_NOTICE,	 /* will end: at "until", else at the end that is known, else now */
	FOLD_ENDS		 /* ends now */
} FoldEffect;

/* A rule by which touchpoints add up to a stage (a row of stage_rule). */
typedef struct FoldRule
{
	LifecycleStage stage;
	bool count_days;  /* count days rather than touchpoints */
	int32 min_count;  /* so many are needed within an episode */
	int64 within;	  /* ... no later than this after its first payment, or FOLD_NEVER */
	int64 min_tenure; /* ... and this or more after it, or FOLD_ALWAYS: payment or not */
	int64 min_amount; /* ... of this amount or more (in 1/10000), or FOLD_ALWAYS */
	double min_score; /* ... of this score or more, or -infinity */
} FoldRule;

/* What kind of thing happened (a row of touchpoint_kind). */
typedef struct FoldKind
{
	int32 rank;
	LifecycleStage evidence; /* the stage that it is evidence for, or STAGE_NONE */
	FoldRevival revives;
	FoldEffect effect;
	bool alive;		/* a sign of life */
	bool pays;		/* a payment: opens the gate to the stages of customers */
	bool purchase;	/* amount counts as purchase */
	bool recurring; /* amount is the monthly amount of the subject */
	bool forces;	/* moves to the stage that it names */
	int n_rules;	/* rules that count it, by position */
	const int *rules;
} FoldKind;

typedef struct FoldRules
{
	int64 silence;	  /* a customer silent for longer churns */
	int64 onboarding; /* onboarding lasts this long at most, for those who show life */
	uint64 signature; /* of all rules and kinds: another one, another fold */
	int n;
	const FoldRule *rule;
} FoldRules;

typedef struct FoldTouch
{
	int64 at;
	const FoldKind *kind;
	int32 day; /* the date of "at" in the ledger's time zone, as a number */
	bool has_amount;
	bool has_score;
	int64 amount; /* in 1/10000 */
	double score;
	int64 until;		 /* FOLD_NEVER: not given */
	const char *subject; /* not terminated; NULL is a subject of its own */
	int subject_length;
	LifecycleStage forced; /* for kinds that force: the stage to go to */
	const char *reason;	   /* for the span that this touchpoint opens */
	const char *actor;
} FoldTouch;

/* An open subject. */
typedef struct FoldSubject
{
	int64 end_at; /* FOLD_NEVER: open until ended */
	int64 amount; /* monthly, in 1/10000 */
	const char *name;
	int length;
	int place; /* in the heap, if there is one; see fold_subjects.c */
} FoldSubject;

/* The open subjects in the order in which they were opened, and what finds them once they are many. */
typedef struct FoldSubjects
{
	int used;		  /* of the list below, with what is closed and still there */
	int passes;		  /* how often the list was gone through while it was long */
	uint32 max_slots; /* there is room for */
	NameIndex names;
	int *heap; /* positions in the list, the first to end first; valid if there is an index */
	FoldSubject subject[FLEXIBLE_ARRAY_MEMBER];
} FoldSubjects;

/* How often a rule was met within the episode. */
typedef struct FoldCount
{
	int32 n;
	int32 last_day;
} FoldCount;

typedef enum FoldChurn
{
	FOLD_CHURN_NONE,
	FOLD_CHURN_SILENCE,
	FOLD_CHURN_ENDED /* the last subject ended, or someone said so */
} FoldChurn;

/* A stay in a stage. */
typedef struct FoldSpan
{
	int32 seq; /* 1, 2, ... within the customer */
	int32 episode;
	LifecycleStage stage;
	int64 entered_at;
	int64 left_at; /* FOLD_NEVER: still there */
	const char *reason;
	const char *actor;
	bool stored; /* from an earlier fold: reason and actor are where it was stored */
} FoldSpan;

/*
 * The spans that a fold has made so far.  Whoever calls keeps room for FOLD_MAX_NEW_SPANS more
 * before each call.
 */
typedef struct FoldLog
{
	FoldSpan *span;
	int n;
} FoldLog;

#define FOLD_MAX_NEW_SPANS 4

/* Day of a count that has none yet. */
#define FOLD_NO_DAY PG_INT32_MIN

typedef struct FoldState
{
	uint64 signature; /* of the rules that made this state */
	int64 last_at;	  /* position of the last touchpoint: instant ... */
	int32 last_rank;  /* ... and rank */
	LifecycleStage max_stage;
	FoldSpan current;  /* stage STAGE_NONE: nothing has happened yet */
	FoldSpan previous; /* the span before, as long as it could be reopened */
	int64 last_due;	   /* the last instant at which time alone changed something */
	int64 first_at;
	int64 last_alive;	 /* last sign of life */
	int64 silence_from;	 /* silence is counted from here */
	int64 first_paid_at; /* ever: the cohort */
	int64 paid_at;		 /* first payment of the episode */
	int64 touch_count;
	int64 purchase_count;
	int64 purchase_amount; /* in 1/10000 */
	int64 first_purchase_at;
	int64 last_purchase_at;
	FoldChurn churn;
	bool life_in_onboarding; /* a sign of life after the one that opened onboarding */
	int n_subjects;
	int n_counts;
	/* Room for these is the caller's: one subject more for each touchpoint, one count a rule. */
	FoldSubjects *subjects;
	FoldCount *count;
} FoldState;

/* The state before anything has happened; arrays stay as they are. */
extern void fold_start(FoldState *s, const FoldRules *rules);

/* The log that carries on from a state: its current span, and the one before. */
extern void fold_resume(const FoldState *s, FoldLog *log);

/* May a touchpoint at this position be folded into this state, or must all be folded anew? */
extern bool fold_in_order(const FoldState *s, int64 at, int32 rank);

/* What one touchpoint does, time until then included. */
extern void fold_touch(FoldState *s, const FoldRules *rules, const FoldTouch *t, FoldLog *log);

/* What time alone does before the instant "until" (exclusive: a touch exactly then keeps alive). */
extern void fold_advance(FoldState *s, const FoldRules *rules, int64 until, FoldLog *log);

/* The next instant after which time alone will change something, or FOLD_NEVER. */
extern int64 fold_due(const FoldState *s, const FoldRules *rules);

/* When the customer churns if nothing happens until then; FOLD_NEVER: no end is known, or no customer. */
extern int64 fold_churn_due(const FoldState *s, int64 silence);

/* Monthly recurring amount of the open subjects, in 1/10000. */
extern int64 fold_recurring(const FoldState *s);

/* a + b, or the most that a sum can be: what came before a customer must not stop what comes. */
extern int64 fold_sum(int64 a, int64 b);

#endif
