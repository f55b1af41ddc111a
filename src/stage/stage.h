/*
 * stage.h: the stages of the customer lifecycle, as C and as SQL know them.
 *
 * C code speaks of a stage by its position, SQL by the OID of a label of the enum lifecycle_stage.
 * These OIDs differ from database to database, so they are never stored: summaries hold positions.
 */
#ifndef CUSTOMER_LIFECYCLE_STAGE_H
#define CUSTOMER_LIFECYCLE_STAGE_H

#include "common/compat.h"

/* In the order of the enum. */
typedef enum LifecycleStage
{
	STAGE_NONE = -1, /* no stage: NULL in SQL */
	STAGE_AWARENESS,
	STAGE_ACQUISITION,
	STAGE_CONVERSION,
	STAGE_ONBOARDING,
	STAGE_ENGAGEMENT,
	STAGE_RETENTION,
	STAGE_ADVOCACY,
	STAGE_CHURNED
} LifecycleStage;

#define STAGE_COUNT (STAGE_CHURNED + 1)

/* Has paid, and hasn't left. */
static inline bool
stage_is_customer(LifecycleStage stage)
{
	return stage >= STAGE_CONVERSION && stage <= STAGE_ADVOCACY;
}

/*
 * The higher of two stages as a high-water mark: how far the customer came.  Having churned is no
 * progress, so churned is below all others, though it is the last of the enum.
 */
static inline LifecycleStage
stage_higher(LifecycleStage a, LifecycleStage b)
{
	if (a == STAGE_CHURNED && b != STAGE_NONE)
		return b;
	if (b == STAGE_CHURNED && a != STAGE_NONE)
		return a;
	return a > b ? a : b;
}

/* The label of a stage, STAGE_NONE excluded. */
extern const char *stage_name(LifecycleStage stage);

/* The stage that has this label, or STAGE_NONE. */
extern LifecycleStage stage_from_name(const char *name, int length);

/*
 * Between positions and the enum's OIDs in this database.  An OID that isn't one of our eight
 * labels (someone has extended or changed the enum) is an ERROR.
 */
extern LifecycleStage stage_from_oid(Oid value);
extern Oid stage_oid(LifecycleStage stage);

#define PG_GETARG_STAGE(n) stage_from_oid(PG_GETARG_OID(n))
#define PG_RETURN_STAGE(stage) PG_RETURN_OID(stage_oid(stage))

#endif
