/*
 * churn_period.h: the half-open period [start, end) over which customers come and go.
 */
#ifndef CUSTOMER_LIFECYCLE_CHURN_PERIOD_H
#define CUSTOMER_LIFECYCLE_CHURN_PERIOD_H

#include "common/compat.h"

/* What the points of a period, and of the customers' starts and ends, are counted in. */
typedef enum ChurnUnit
{
	CHURN_INSTANTS, /* microseconds since 2000-01-01 UTC, as timestamptz */
	CHURN_DATES		/* days since 2000-01-01, as date */
} ChurnUnit;

typedef struct ChurnPeriod
{
	ChurnUnit unit;
	int64 start; /* finite */
	int64 end;	 /* finite, later than start */
} ChurnPeriod;

/* A span in which a customer was there; PG_INT64_MIN and _MAX: since ever, and still. */
typedef struct Episode
{
	int64 start;
	int64 end; /* not before start */
} Episode;

/*
 * Argument i as a period: a tstzrange or daterange, which the caller knows to be not null.  An
 * ERROR (22023) unless it is finite, not empty and half-open.
 */
extern ChurnPeriod churn_period_arg(FunctionCallInfo fcinfo, int i, ChurnUnit unit);

/* Argument i, a timestamptz or date, as a point; date's infinities are the points' infinities. */
extern int64 churn_point_arg(FunctionCallInfo fcinfo, int i, ChurnUnit unit);
extern int64 churn_point(Datum value, ChurnUnit unit);

/* The opposite: a point that a customer's row or a period has given. */
extern Datum churn_point_datum(int64 point, ChurnUnit unit);

/* A point for a message, as the user would write it. */
extern char *churn_point_shown(int64 point, ChurnUnit unit);

/* Raise the ERROR (22023) for a row that ends before it starts. */
pg_noreturn extern void churn_ends_before_start(int64 start, int64 end, ChurnUnit unit);

/* "[start, end)" for a message. */
extern char *churn_period_shown(const ChurnPeriod *period);

/* Is the period over at this instant?  Dates begin at midnight of the session's time zone. */
extern bool churn_period_over(const ChurnPeriod *period, int64 as_of);

#endif
