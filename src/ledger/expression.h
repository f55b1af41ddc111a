/*
 * expression.h: expressions of users, before they become part of a query.
 */
#ifndef CUSTOMER_LIFECYCLE_EXPRESSION_H
#define CUSTOMER_LIFECYCLE_EXPRESSION_H

#include "common/compat.h"
#include "executor/spi.h"

/* An ERROR unless the text is one expression, whatever brackets, commas or semicolons it has. */
extern void check_expression_text(const char *word, const char *expression);

/* Does the query of a plan give a row for each that it reads? */
extern bool is_over_one_row(SPIPlanPtr plan);

#endif
