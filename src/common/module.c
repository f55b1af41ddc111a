/*
 * module.c: what makes this a loadable PostgreSQL module.
 */
#include "common/compat.h"

PG_MODULE_MAGIC;
