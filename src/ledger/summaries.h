/*
 * summaries.h: what a customer's row keeps beside his stage: answers, traits, consents, channel.
 */
#ifndef CUSTOMER_LIFECYCLE_SUMMARIES_H
#define CUSTOMER_LIFECYCLE_SUMMARIES_H

#include "ledger/ledger.h"

typedef struct Summaries
{
	Datum rating[SURVEY_COUNT]; /* rating_summary; 0: no answer yet */
	double last_score[SURVEY_COUNT];
	char *channel; /* of the first touchpoint that names one */
	char *campaign;
	Jsonb *traits;
	Jsonb *consents;
} Summaries;

/* What one touchpoint adds; touchpoints come in the order of the fold. */
extern void summaries_touch(Summaries *s, const Touch *t);

#endif
