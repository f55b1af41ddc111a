/*
 * stage.c: the enum lifecycle_stage as C knows it (see stage.h).
 */
#include "stage/stage.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "common/enum_label.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#define TYPE_NAME "lifecycle_stage"

static const char *const NAMES[STAGE_COUNT] = {"awareness",	 "acquisition", "conversion",
											   "onboarding", "engagement",	"retention",
											   "advocacy",	 "churned"};

/*
 * The OIDs of the labels in this database, as far as we have met them.  Any change of any enum
 * empties it, so DROP EXTENSION and CREATE EXTENSION within a session find the new ones.
 */
static struct
{
	bool watched; /* are we told about changes? */
	Oid oids[STAGE_COUNT];
} known;

/* Positions are read from stored values, which may be damaged. */
static inline void
check_position(LifecycleStage stage)
{
	if (unlikely((int) stage < 0 || (int) stage >= STAGE_COUNT))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("invalid position %d of a lifecycle stage", (int) stage),
						errhint("The stored value is damaged or was written by a newer version.")));
}

const char *
stage_name(LifecycleStage stage)
{
	check_position(stage);
	return NAMES[stage];
}

LifecycleStage
stage_from_name(const char *name, int length)
{
	for (int i = 0; i < STAGE_COUNT; i++)
		if (strlen(NAMES[i]) == (size_t) length && memcmp(NAMES[i], name, length) == 0)
			return (LifecycleStage) i;
	return STAGE_NONE;
}

static void
forget_oids(Datum arg pg_attribute_unused(), int cacheid pg_attribute_unused(),
			uint32 hashvalue pg_attribute_unused())
{
	memset(known.oids, 0, sizeof(known.oids));
}

static void
watch_enums(void)
{
	if (known.watched)
		return;
	CacheRegisterSyscacheCallback(ENUMOID, forget_oids, (Datum) 0);
	known.watched = true;
}

/*
 * The schema of the extension in this database.  Our names are looked up there and nowhere else: a
 * caller's search_path must not decide what a stage is.
 */
static Oid
extension_schema(void)
{
	Relation rel = table_open(ExtensionRelationId, AccessShareLock);
	Oid schema = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("customer_lifecycle"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (!OidIsValid(schema))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("extension \"customer_lifecycle\" is not installed"),
						errhint("Run CREATE EXTENSION customer_lifecycle.")));
	return schema;
}

static void
enum_was_changed(const char *label)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("stage \"%s\" is not one of the labels of type %s as installed", label,
						   TYPE_NAME),
					errdetail("The type was changed by ALTER TYPE."),
					errhint("SELECT * FROM lifecycle_check_stage_type() tells what was changed and "
							"what to do.")));
}

static Oid
find_oid(LifecycleStage stage)
{
	Oid schema = extension_schema();
	Oid type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(TYPE_NAME),
							   ObjectIdGetDatum(schema));
	Oid value = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type),
								CStringGetDatum(NAMES[stage]));

	if (!OidIsValid(value))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("type %s has no label \"%s\"", TYPE_NAME, NAMES[stage]),
						errdetail("The type is looked for in the extension's schema \"%s\".",
								  get_namespace_name(schema)),
						errhint("Undo ALTER TYPE ... RENAME VALUE or SET SCHEMA; SELECT * FROM "
								"lifecycle_check_stage_type() tells what was changed.")));
	return value;
}

Oid
stage_oid(LifecycleStage stage)
{
	check_position(stage);
	if (!OidIsValid(known.oids[stage]))
	{
		Oid value;

		watch_enums();
		value = find_oid(stage);
		known.oids[stage] = value;
	}
	return known.oids[stage];
}

/* The stage of an OID by its label in the catalogue. */
static LifecycleStage
find_stage(Oid value)
{
	char *label = enum_label(value);
	LifecycleStage stage = stage_from_name(label, strlen(label));

	if (stage == STAGE_NONE)
		enum_was_changed(label);
	pfree(label);
	return stage;
}

LifecycleStage
stage_from_oid(Oid value)
{
	LifecycleStage stage;

	for (int i = 0; i < STAGE_COUNT; i++)
		if (likely(known.oids[i] == value) && OidIsValid(value))
			return (LifecycleStage) i;
	watch_enums();
	stage = find_stage(value);
	known.oids[stage] = value;
	return stage;
}
