/*
 * direct_table.h: single rows of a ledger's own tables, found and written without a query.
 *
 * A query costs more than what it does to one row.  So the path that single touchpoints take goes
 * to the tables directly, as the workers of logical replication do, for tables to which nobody has
 * added what a query would have to see to: triggers, rules, partitions, computed columns, or
 * constraints and indexes that call functions which aren't the server's own.
 */
#ifndef CUSTOMER_LIFECYCLE_DIRECT_TABLE_H
#define CUSTOMER_LIFECYCLE_DIRECT_TABLE_H

#include "common/compat.h"

#include "access/skey.h"
#include "executor/executor.h"
#include "utils/rel.h"

/* What a column gets that nobody gives. */
typedef enum DirectDefault
{
	DIRECT_NULL,
	DIRECT_CONSTANT,
	DIRECT_NOW,
	DIRECT_NEXTVAL
} DirectDefault;

typedef struct DirectColumn
{
	DirectDefault otherwise;
	Datum constant;
	Oid sequence;
} DirectColumn;

/* A table, described once. */
typedef struct DirectShape
{
	Oid table;
	Oid key_index; /* of the primary key */
	bool plain;	   /* may be written directly */
	int n;
	DirectColumn *columns;
} DirectShape;

/*
 * Describe a table of this owner, in the current memory context.  The only triggers for inserts that
 * it may have are these functions, for which the caller stands in; the first must be there.
 * InvalidOid: it may have no trigger at all.
 */
extern DirectShape direct_describe(Oid table, Oid owner, Oid trigger, Oid other_trigger);

/* Is its primary key made of these columns, in this order? */
extern bool direct_has_key(const DirectShape *shape, const AttrNumber *columns, int n);

/* A table while it is being worked on. */
typedef struct DirectTable
{
	const DirectShape *shape;
	Relation rel;
	EState *estate;
	ResultRelInfo *result;
	TupleTableSlot *slot; /* the row to be written */
} DirectTable;

extern DirectTable direct_open(const DirectShape *shape);
extern void direct_close(DirectTable *t);

/* The most columns that a primary key may have here. */
#define DIRECT_KEY_MAX 2

/*
 * The latest version of the row with this primary key, locked against changes, in a new slot; NULL
 * if there is none, or if it was deleted or given another key meanwhile.
 */
extern TupleTableSlot *direct_lock(const DirectTable *t, const ScanKeyData *keys, int n);

/* Fill the slot: with defaults; with a row that is there. */
extern void direct_fill_defaults(DirectTable *t);
extern void direct_fill_row(DirectTable *t, TupleTableSlot *row);

static inline void
direct_set(DirectTable *t, AttrNumber column, Datum value, bool isnull)
{
	t->slot->tts_values[column - 1] = value;
	t->slot->tts_isnull[column - 1] = isnull;
}

/* Write the slot: as a new row; as one, unless its key is there (then false); over a row. */
extern void direct_insert(DirectTable *t);
extern bool direct_insert_or_nothing(DirectTable *t);
extern void direct_update(DirectTable *t, TupleTableSlot *row);

#endif
