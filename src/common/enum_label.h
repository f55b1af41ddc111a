/*
 * enum_label.h: the label of an enum value.
 */
#ifndef CUSTOMER_LIFECYCLE_ENUM_LABEL_H
#define CUSTOMER_LIFECYCLE_ENUM_LABEL_H

#include "common/compat.h"

/* A copy of the label in the catalogue; ERROR (22P03) for what is no enum value. */
extern char *enum_label(Oid value);

#endif
