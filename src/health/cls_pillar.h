/*
 * cls_pillar.h: the five pillars, as C sees the SQL enum cls_pillar.
 */
#ifndef CUSTOMER_LIFECYCLE_CLS_PILLAR_H
#define CUSTOMER_LIFECYCLE_CLS_PILLAR_H

#include "common/compat.h"

typedef enum ClsPillar
{
	PILLAR_CLARITY,
	PILLAR_CONSISTENCY,
	PILLAR_CONVENIENCE,
	PILLAR_COLLABORATION,
	PILLAR_CARE,
	PILLAR_NONE /* a measure of no pillar; sorts last */
} ClsPillar;

#define PILLAR_COUNT PILLAR_NONE

/* The label of a pillar that is one. */
extern const char *pillar_label(ClsPillar pillar);

/* The pillar of a label, or PILLAR_NONE if there is no such label. */
extern ClsPillar pillar_from_label(const char *label);

/* Argument i, a cls_pillar that is not null. */
extern ClsPillar pillar_arg(FunctionCallInfo fcinfo, int i);

/* A value of the SQL enum whose type is given; not for PILLAR_NONE. */
extern Datum pillar_datum(Oid enum_type, ClsPillar pillar);

#endif
