/*
 * cls_pillar.c: the five pillars (see cls_pillar.h).
 *
 * The object identifiers of enum labels differ from database to database, so labels are the bridge.
 */
#include "health/cls_pillar.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "common/enum_label.h"
#include "utils/syscache.h"

static const char *const pillar_labels[PILLAR_COUNT] = {"clarity", "consistency", "convenience",
														"collaboration", "care"};

/* The enum values met so far by one call site: only a saving, a fresh cache is as good. */
typedef struct PillarCache
{
	int used;
	Oid value[PILLAR_COUNT];
	ClsPillar pillar[PILLAR_COUNT];
} PillarCache;

const char *
pillar_label(ClsPillar pillar)
{
	Assert(pillar < PILLAR_COUNT);
	return pillar_labels[pillar];
}

ClsPillar
pillar_from_label(const char *label)
{
	for (int i = 0; i < PILLAR_COUNT; i++)
		if (strcmp(label, pillar_labels[i]) == 0)
			return (ClsPillar) i;
	return PILLAR_NONE;
}

static void
pillar_unknown(const char *label)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown pillar \"%s\"", label),
		 errdetail("The pillars are clarity, consistency, convenience, collaboration and care."),
		 errhint("Don't add labels to the type cls_pillar; name the measure instead.")));
}

static ClsPillar
pillar_of_value(Oid value)
{
	char *label = enum_label(value);
	ClsPillar pillar = pillar_from_label(label);

	if (pillar == PILLAR_NONE)
		pillar_unknown(label);
	pfree(label);
	return pillar;
}

static PillarCache *
pillar_cache(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PillarCache));
	return (PillarCache *) fcinfo->flinfo->fn_extra;
}

ClsPillar
pillar_arg(FunctionCallInfo fcinfo, int i)
{
	Oid value = PG_GETARG_OID(i);
	PillarCache *cache = pillar_cache(fcinfo);
	ClsPillar pillar;

	for (int k = 0; k < cache->used; k++)
		if (cache->value[k] == value)
			return cache->pillar[k];
	pillar = pillar_of_value(value);
	if (cache->used < PILLAR_COUNT)
	{
		cache->value[cache->used] = value;
		cache->pillar[cache->used++] = pillar;
	}
	return pillar;
}

Datum
pillar_datum(Oid enum_type, ClsPillar pillar)
{
	HeapTuple tuple = SearchSysCache2(ENUMTYPOIDNAME, ObjectIdGetDatum(enum_type),
									  CStringGetDatum(pillar_label(pillar)));
	Oid value;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("type cls_pillar has no label \"%s\"", pillar_label(pillar)),
						errhint("Labels of an extension's enum must not be renamed.")));
	value = ((Form_pg_enum) GETSTRUCT(tuple))->oid;
	ReleaseSysCache(tuple);
	return ObjectIdGetDatum(value);
}
