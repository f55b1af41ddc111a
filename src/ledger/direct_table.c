/*
 * direct_table.c: single rows of a ledger's own tables, found and written without a query (see
 * direct_table.h).
 */
#include "ledger/direct_table.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* ---- may it be written directly? ---- */

static bool
is_foreign(Oid function, void *context pg_attribute_unused())
{
	return function >= FirstNormalObjectId;
}

/* Does this call a function that isn't the server's own? */
static bool
calls_foreign(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign, context))
		return true;
	return expression_tree_walker(node, expression_walker(calls_foreign), context);
}

static bool
has_foreign_checks(Relation rel)
{
	const TupleConstr *constr = RelationGetDescr(rel)->constr;

	for (int i = 0; constr != NULL && i < constr->num_check; i++)
		if (calls_foreign(stringToNode(constr->check[i].ccbin), NULL))
			return true;
	return false;
}

static bool
has_foreign_indexes(Relation rel)
{
	List *indexes = RelationGetIndexList(rel);
	ListCell *cell;
	bool foreign = false;

	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		foreign |= calls_foreign((Node *) RelationGetIndexExpressions(index), NULL) ||
				   calls_foreign((Node *) RelationGetIndexPredicate(index), NULL);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return foreign;
}

/* Has it no trigger for inserts but those stood in for, and is the first of them switched on? */
static bool
has_only_triggers(Relation rel, Oid function, Oid other)
{
	const TriggerDesc *triggers = rel->trigdesc;
	bool there = false;

	if (triggers == NULL)
		return !OidIsValid(function);
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *t = &triggers->triggers[i];

		if ((OidIsValid(function) && !TRIGGER_FOR_INSERT(t->tgtype)) ||
			(OidIsValid(other) && t->tgfoid == other))
			continue;
		if (t->tgfoid != function || there ||
			(t->tgenabled != TRIGGER_FIRES_ON_ORIGIN && t->tgenabled != TRIGGER_FIRES_ALWAYS))
			return false;
		there = true;
	}
	return there || !OidIsValid(function);
}

static bool
is_plain(Relation rel, Oid owner)
{
	const TupleConstr *constr = RelationGetDescr(rel)->constr;

	return rel->rd_rel->relkind == RELKIND_RELATION && !rel->rd_rel->relispartition &&
		   !rel->rd_rel->relhassubclass && rel->rd_rel->relowner == owner &&
		   rel->rd_rules == NULL && !(constr != NULL && constr->has_generated_stored) &&
		   !has_foreign_checks(rel) && !has_foreign_indexes(rel);
}

/* Take what a column defaults to; false if that must be computed. */
static bool
describe_default(Relation rel, int i, DirectColumn *column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);
	Node *node = attribute->attisdropped ? NULL : build_column_default(rel, i + 1);

	column->otherwise = DIRECT_NULL;
	if (node == NULL)
		return attribute->attisdropped || get_typtype(attribute->atttypid) != TYPTYPE_DOMAIN;
	if (IsA(node, Const) && !((Const *) node)->constisnull)
	{
		column->otherwise = DIRECT_CONSTANT;
		column->constant =
			datumCopy(((Const *) node)->constvalue, attribute->attbyval, attribute->attlen);
		return true;
	}
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_NOW)
	{
		column->otherwise = DIRECT_NOW;
		return true;
	}
	if (!IsA(node, NextValueExpr) || attribute->atttypid != INT8OID)
		return false;
	column->otherwise = DIRECT_NEXTVAL;
	column->sequence = ((NextValueExpr *) node)->seqid;
	return true;
}

DirectShape
direct_describe(Oid table, Oid owner, Oid trigger, Oid other_trigger)
{
	Relation rel = table_open(table, AccessShareLock);
	DirectShape shape = {table, InvalidOid, false, 0, NULL};

	list_free(RelationGetIndexList(rel)); /* finds the primary key */
	shape.key_index = rel->rd_pkindex;
	shape.plain = OidIsValid(shape.key_index) && is_plain(rel, owner) &&
				  has_only_triggers(rel, trigger, other_trigger);
	shape.n = RelationGetNumberOfAttributes(rel);
	shape.columns = palloc0(shape.n * sizeof(DirectColumn));
	for (int i = 0; i < shape.n; i++)
		shape.plain &= describe_default(rel, i, &shape.columns[i]);
	table_close(rel, AccessShareLock);
	return shape;
}

bool
direct_has_key(const DirectShape *shape, const AttrNumber *columns, int n)
{
	Relation index = index_open(shape->key_index, AccessShareLock);
	bool same = IndexRelationGetNumberOfKeyAttributes(index) == n;

	for (int i = 0; same && i < n; i++)
		same = index->rd_index->indkey.values[i] == columns[i];
	index_close(index, AccessShareLock);
	return same;
}

/* ---- opening ---- */

DirectTable
direct_open(const DirectShape *shape)
{
	DirectTable t = {shape, table_open(shape->table, RowExclusiveLock), NULL, NULL, NULL};

	t.slot = MakeSingleTupleTableSlot(RelationGetDescr(t.rel), &TTSOpsVirtual);
	return t;
}

/* What writing needs. */
static void
prepare_to_write(DirectTable *t, bool or_nothing)
{
	if (t->result != NULL)
		return;
	t->estate = CreateExecutorState();
	t->estate->es_snapshot = GetActiveSnapshot();
	t->estate->es_output_cid = GetCurrentCommandId(true);
	t->result = makeNode(ResultRelInfo);
	InitResultRelInfo(t->result, t->rel, 0, NULL, 0);
	ExecOpenIndices(t->result, or_nothing);
}

void
direct_close(DirectTable *t)
{
	if (t->result != NULL)
	{
		ExecCloseIndices(t->result);
		FreeExecutorState(t->estate);
	}
	ExecDropSingleTupleTableSlot(t->slot);
	table_close(t->rel, NoLock);
}

/* ---- finding ---- */

static bool
find_row(const DirectTable *t, const ScanKeyData *keys, int n, ItemPointer tid)
{
	ScanKeyData own[DIRECT_KEY_MAX]; /* a scan makes columns of the index of them */
	SysScanDesc scan;
	HeapTuple tuple;
	bool found;

	Assert(n <= DIRECT_KEY_MAX);
	memcpy(own, keys, n * sizeof(ScanKeyData));
	scan = systable_beginscan(t->rel, t->shape->key_index, true, GetActiveSnapshot(), n, own);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
		*tid = tuple->t_self;
	systable_endscan(scan);
	return found;
}

/* A row that was waited for may have another key by now. */
static bool
has_keys(TupleTableSlot *row, const ScanKeyData *keys, int n)
{
	for (int i = 0; i < n; i++)
	{
		const ScanKeyData *k = &keys[i];
		bool isnull;
		Datum value = slot_getattr(row, k->sk_attno, &isnull);

		if (isnull || !DatumGetBool(FunctionCall2Coll((FmgrInfo *) &k->sk_func, k->sk_collation,
													  value, k->sk_argument)))
			return false;
	}
	return true;
}

TupleTableSlot *
direct_lock(const DirectTable *t, const ScanKeyData *keys, int n)
{
	ItemPointerData tid;
	TM_FailureData failure;
	TupleTableSlot *slot;

	if (!find_row(t, keys, n, &tid))
		return NULL;
	slot = table_slot_create(t->rel, NULL);
	if (table_tuple_lock(t->rel, &tid, GetActiveSnapshot(), slot, GetCurrentCommandId(false),
						 LockTupleNoKeyExclusive, LockWaitBlock, TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
						 &failure) == TM_Ok &&
		has_keys(slot, keys, n))
		return slot;
	ExecDropSingleTupleTableSlot(slot);
	return NULL;
}

/* ---- writing ---- */

static Datum
default_of(const DirectColumn *column)
{
	if (column->otherwise == DIRECT_NOW)
		return TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	if (column->otherwise == DIRECT_NEXTVAL)
		return Int64GetDatum(nextval_internal(column->sequence, false));
	return column->constant;
}

void
direct_fill_defaults(DirectTable *t)
{
	ExecClearTuple(t->slot);
	for (int i = 0; i < t->shape->n; i++)
	{
		const DirectColumn *column = &t->shape->columns[i];

		direct_set(t, i + 1, default_of(column), column->otherwise == DIRECT_NULL);
	}
	ExecStoreVirtualTuple(t->slot);
}

void
direct_fill_row(DirectTable *t, TupleTableSlot *row)
{
	slot_getallattrs(row);
	ExecClearTuple(t->slot);
	memcpy(t->slot->tts_values, row->tts_values, t->shape->n * sizeof(Datum));
	memcpy(t->slot->tts_isnull, row->tts_isnull, t->shape->n * sizeof(bool));
	ExecStoreVirtualTuple(t->slot);
}

void
direct_insert(DirectTable *t)
{
	prepare_to_write(t, false);
	ExecSimpleRelationInsert(t->result, t->estate, t->slot);
}

void
direct_update(DirectTable *t, TupleTableSlot *row)
{
	prepare_to_write(t, false);
	ExecSimpleRelationUpdate(t->result, t->estate, NULL, row, t->slot);
}

/* As INSERT ... ON CONFLICT DO NOTHING: look, insert, and take it back if another was faster. */
bool
direct_insert_or_nothing(DirectTable *t)
{
	ItemPointerData conflict;
	bool lost;

	prepare_to_write(t, true);
	if (RelationGetDescr(t->rel)->constr != NULL)
		ExecConstraints(t->result, t->slot, t->estate);
	do
	{
		uint32 token;

		CHECK_FOR_INTERRUPTS();
		lost = false;
		if (!check_index_constraints_compat(t->result, t->slot, t->estate, &conflict))
			return false;
		token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
		table_tuple_insert_speculative(t->rel, t->slot, t->estate->es_output_cid, 0, NULL, token);
		insert_index_tuples_compat(t->result, t->slot, t->estate, &lost);
		table_tuple_complete_speculative(t->rel, t->slot, token, !lost);
		SpeculativeInsertionLockRelease(GetCurrentTransactionId());
	} while (lost);
	return true;
}
