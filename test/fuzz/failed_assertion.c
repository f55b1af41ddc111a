/*
 * failed_assertion.c: what an assertion of the server calls, for a program that has no server.
 *
 * Without postgres.h, because what follows the condition differs between versions; none of it is
 * read here.
 */
#include <stdio.h>
#include <stdlib.h>

void ExceptionalCondition(const char *condition);

void
ExceptionalCondition(const char *condition)
{
	fprintf(stderr, "failed assertion: %s\n", condition);
	abort();
}
