/*
 * step_matcher.c: which steps of a funnel an event is (see step_matcher.h).
 *
 * The type of the events is read from the header of the array of steps, and not from the call:
 * engines that distribute aggregates call transition functions without the expression that they
 * belong to.
 */
#include "journey/step_matcher.h"

#include "catalog/pg_type.h"
#include "journey/aggregate_literal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

typedef enum MatchKind
{
	MATCH_DATUM, /* equal if the Datums are, in the bits that the type has */
	MATCH_BYTES, /* equal if the varlenas' bytes are */
	MATCH_CALL	 /* ask the type's equality */
} MatchKind;

struct StepMatcher
{
	MatchKind kind;
	bool literal; /* no other steps can come */
	int steps;
	Oid collation;
	Datum bits;		  /* MATCH_DATUM: see there */
	ArrayType *array; /* a copy of what was given, to see whether it is given again */
	FmgrInfo equality;
	Datum value[FUNNEL_MAX_STEPS];
	const char *bytes[FUNNEL_MAX_STEPS]; /* MATCH_BYTES: what value points to */
	int length[FUNNEL_MAX_STEPS];
};

static void
check_steps(const ArrayType *steps)
{
	int n = ArrayGetNItems(ARR_NDIM(steps), ARR_DIMS(steps));

	if (ARR_NDIM(steps) > 1 || n < 1 || n > FUNNEL_MAX_STEPS)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid funnel of %d steps", n),
			 errdetail("A funnel is a one-dimensional array of 1 to %d steps.", FUNNEL_MAX_STEPS),
			 errhint("For example: ARRAY['view', 'cart', 'purchase'].")));
	if (array_contains_nulls((ArrayType *) steps))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("the steps of a funnel must not be null")));
}

static MatchKind
kind_of_match(Oid type, Oid collation)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case DATEOID:
			return MATCH_DATUM;
		case TEXTOID:
		case VARCHAROID:
			return !OidIsValid(collation) || get_collation_isdeterministic(collation) ? MATCH_BYTES
																					  : MATCH_CALL;
		default:
			return get_typtype(type) == TYPTYPE_ENUM ? MATCH_DATUM : MATCH_CALL;
	}
}

static void
find_equality(StepMatcher *m, Oid type, MemoryContext context)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO);

	if (!OidIsValid(entry->eq_opr_finfo.fn_oid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("could not identify an equality operator for type %s",
							   format_type_be(type))));
	fmgr_info_copy(&m->equality, &entry->eq_opr_finfo, context);
}

static StepMatcher *
new_matcher(FunctionCallInfo fcinfo, int arg, const ArrayType *steps)
{
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	MemoryContext previous;
	StepMatcher *m;
	Datum *values;
	Oid type = ARR_ELEMTYPE(steps);
	int16 length;
	bool by_value;
	char align;

	check_steps(steps);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	previous = MemoryContextSwitchTo(context);
	m = palloc0(sizeof(StepMatcher));
	m->collation = PG_GET_COLLATION();
	m->kind = kind_of_match(type, m->collation);
	/* an enum or oid beyond 2^31 comes out of a tuple with its sign extended, else without */
	m->bits = length < (int16) sizeof(Datum) ? PG_UINT32_MAX : ~(Datum) 0;
	m->literal = aggregate_arg_is_literal(fcinfo, arg);
	m->array = palloc(VARSIZE(steps));
	memcpy(m->array, steps, VARSIZE(steps));
	deconstruct_array(m->array, type, length, by_value, align, &values, NULL, &m->steps);
	memcpy(m->value, values, m->steps * sizeof(Datum));
	pfree(values);
	if (m->kind == MATCH_CALL)
		find_equality(m, type, context);
	for (int i = 0; i < m->steps && m->kind == MATCH_BYTES; i++)
	{
		m->bytes[i] = VARDATA_ANY(DatumGetPointer(m->value[i]));
		m->length[i] = VARSIZE_ANY_EXHDR(DatumGetPointer(m->value[i]));
	}
	MemoryContextSwitchTo(previous);
	return m;
}

StepMatcher *
step_matcher(FunctionCallInfo fcinfo, int arg)
{
	StepMatcher *m = fcinfo->flinfo->fn_extra;
	ArrayType *steps;

	if (likely(m != NULL && m->literal))
		return m;
	steps = PG_GETARG_ARRAYTYPE_P(arg);
	if (likely(m != NULL && VARSIZE(m->array) == VARSIZE(steps) &&
			   memcmp(m->array, steps, VARSIZE(steps)) == 0))
		return m;
	fcinfo->flinfo->fn_extra = NULL;
	if (m != NULL)
	{
		pfree(m->array);
		pfree(m);
	}
	m = new_matcher(fcinfo, arg, steps);
	fcinfo->flinfo->fn_extra = m;
	return m;
}

int
step_matcher_steps(const StepMatcher *m)
{
	return m->steps;
}

static uint32
match_bytes(const StepMatcher *m, Datum event)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(event);
	int length = VARSIZE_ANY_EXHDR(value);
	uint32 steps = 0;

	for (int i = 0; i < m->steps; i++)
		if (m->length[i] == length && memcmp(m->bytes[i], VARDATA_ANY(value), length) == 0)
			steps |= (uint32) 1 << i;
	if ((Pointer) value != DatumGetPointer(event))
		pfree(value);
	return steps;
}

uint32
step_matcher_match(StepMatcher *m, Datum event)
{
	uint32 steps = 0;

	if (m->kind == MATCH_BYTES)
		return match_bytes(m, event);
	if (m->kind == MATCH_DATUM)
	{
		for (int i = 0; i < m->steps; i++)
			steps |= (uint32) (((m->value[i] ^ event) & m->bits) == 0) << i;
		return steps;
	}
	for (int i = 0; i < m->steps; i++)
		if (DatumGetBool(FunctionCall2Coll(&m->equality, m->collation, event, m->value[i])))
			steps |= (uint32) 1 << i;
	return steps;
}
