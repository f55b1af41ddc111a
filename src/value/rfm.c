/*
 * rfm.c: recency, frequency and monetary scores, and the segments that they make.
 */
#include "common/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "windowapi.h"

#define MAX_BUCKETS 1000

/* What rfm_score() remembers about the partition. */
typedef struct RfmState
{
	int64 rank;
	int64 rows;
} RfmState;

static int
buckets_arg(WindowObject window)
{
	bool isnull;
	int32 buckets = DatumGetInt32(WinGetFuncArgCurrent(window, 1, &isnull));

	if (isnull || buckets < 1 || buckets > MAX_BUCKETS)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						isnull ? errmsg("the number of buckets must not be null")
							   : errmsg("number of buckets %d is out of range", buckets),
						errdetail("Scores are 1 to the number of buckets, which is from 1 to %d.",
								  MAX_BUCKETS)));
	return buckets;
}

/*
 * rfm_score(value, buckets => 5) OVER (ORDER BY value) -> integer, 1 .. buckets
 *
 * 1 + floor(buckets (rank - 1) / n), rank as rank() counts: ties score alike.  A NULL value scores
 * NULL, but takes part in the ranking where the window's order puts it.
 */
PG_FUNCTION_INFO_V1(rfm_score);
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	RfmState *state = WinGetPartitionLocalMemory(window, sizeof(RfmState));
	int64 position = WinGetCurrentPosition(window);
	int buckets = buckets_arg(window);
	bool isnull;

	if (position == 0)
		state->rows = WinGetPartitionRowCount(window);
	if (position == 0 || !WinRowsArePeers(window, position - 1, position))
		state->rank = position + 1;
	WinSetMarkPosition(window, position);
	WinGetFuncArgCurrent(window, 0, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_INT32(1 +
					(int32) ((double) buckets * (double) (state->rank - 1) / (double) state->rows));
}

static void
bad_breaks(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid breaks of rfm_score"),
					errdetail("Breaks are numbers in increasing order, in one dimension, without "
							  "null and NaN."),
					errhint("For example: rfm_score(orders, '{2, 3, 5, 10}').")));
}

static void
check_breaks(const ArrayType *breaks, int n)
{
	const double *at = (const double *) ARR_DATA_PTR(breaks);

	if (ARR_NDIM(breaks) > 1 || ARR_HASNULL(breaks))
		bad_breaks();
	for (int i = 0; i < n; i++)
		if (isnan(at[i]) || (i > 0 && at[i] <= at[i - 1]))
			bad_breaks();
}

/*
 * rfm_score(value, breaks double precision[]) -> integer, 1 .. breaks + 1
 *
 * One more than the number of breaks that the value reaches.  ERROR for NaN.
 */
PG_FUNCTION_INFO_V1(rfm_score_breaks);
Datum
rfm_score_breaks(PG_FUNCTION_ARGS)
{
	double value = PG_GETARG_FLOAT8(0);
	ArrayType *breaks = PG_GETARG_ARRAYTYPE_P(1);
	const double *at = (const double *) ARR_DATA_PTR(breaks);
	int n = ArrayGetNItems(ARR_NDIM(breaks), ARR_DIMS(breaks));
	int score = 1;

	check_breaks(breaks, n);
	if (isnan(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("value NaN has no rfm_score"),
				 errhint("Pass NULL for what is not known.")));
	while (score <= n && value >= at[score - 1])
		score++;
	PG_RETURN_INT32(score);
}

/* ---- segments ---- */

/* Least and most of each score, 1..5: a row of the segments' table, in priority order. */
typedef struct RfmRule
{
	const char *segment;
	int low[3];
	int high[3];
} RfmRule;

static const char *const axis[3] = {"recency", "frequency", "monetary"};
static const char axis_key[3] = {'r', 'f', 'm'};

/*
 * The usual named segments overlap, so the first that fits counts; the last fits everyone.  Every
 * one is decided by recency and frequency but the big spenders.
 */
static const RfmRule standard_rules[] = {
	{"champions", {5, 4, 4}, {5, 5, 5}},
	{"loyal customers", {3, 4, 1}, {5, 5, 5}},
	{"cannot lose them", {1, 5, 1}, {2, 5, 5}},
	{"at risk", {1, 3, 1}, {2, 5, 5}},
	{"potential loyalists", {4, 2, 1}, {5, 3, 5}},
	{"new customers", {5, 1, 1}, {5, 1, 5}},
	{"promising", {4, 1, 1}, {4, 1, 5}},
	{"need attention", {3, 3, 1}, {3, 3, 5}},
	{"about to sleep", {3, 1, 1}, {3, 2, 5}},
	{"hibernating", {2, 1, 1}, {2, 2, 5}},
	{"lost", {1, 1, 1}, {1, 2, 5}},
};

static bool
rule_fits(const RfmRule *rule, const int *score)
{
	for (int i = 0; i < 3; i++)
		if (score[i] < rule->low[i] || score[i] > rule->high[i])
			return false;
	return true;
}

static void
score_args(FunctionCallInfo fcinfo, int highest, int *score)
{
	for (int i = 0; i < 3; i++)
	{
		score[i] = PG_GETARG_INT32(i);
		if (score[i] < 1 || score[i] > highest)
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("%s score %d is out of range", axis[i], score[i]),
							errdetail("Scores are 1 to %d, the best last.", highest),
							errhint("The standard segments take scores of rfm_score(value, 5).")));
	}
}

/*
 * rfm_segment(r, f, m) -> text
 *
 * The first standard segment that fits scores 1..5.
 */
PG_FUNCTION_INFO_V1(rfm_segment);
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	int score[3];

	score_args(fcinfo, 5, score);
	for (int i = 0; i < (int) lengthof(standard_rules); i++)
		if (rule_fits(&standard_rules[i], score))
			PG_RETURN_TEXT_P(cstring_to_text(standard_rules[i].segment));
	PG_RETURN_NULL();
}

static void
bad_rules(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid rules of rfm_segment"), errdetail("%s", detail),
					errhint("For example: [{\"segment\": \"best\", \"r\": [4, 5], \"f\": [4, 5]}, "
							"{\"segment\": \"rest\"}].")));
}

static int
score_of(JsonbContainer *limits, int i)
{
	JsonbValue *v = getIthJsonbValueFromContainer(limits, i);

	if (v != NULL && v->type == jbvNumeric)
		return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(v->val.numeric)));
	bad_rules("A range is two scores: [lowest, highest].");
	return 0;
}

/* Does the range of one axis, if the rule has one, take the score? */
static bool
range_fits(JsonbContainer *rule, int i, int score)
{
	JsonbValue *v = getKeyJsonValueFromContainer(rule, &axis_key[i], 1, NULL);

	if (v == NULL)
		return true;
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data) ||
		JsonContainerSize(v->val.binary.data) != 2)
		bad_rules("A range is two scores: [lowest, highest].");
	return score >= score_of(v->val.binary.data, 0) && score <= score_of(v->val.binary.data, 1);
}

/* The rule's segment if it fits, else NULL. */
static JsonbValue *
segment_if_fits(JsonbValue *element, const int *score)
{
	JsonbValue *segment;
	JsonbContainer *rule;
	bool fits = true;
	int keys = 1;

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		bad_rules("A rule is an object.");
	rule = element->val.binary.data;
	segment = getKeyJsonValueFromContainer(rule, "segment", 7, NULL);
	if (segment == NULL || segment->type != jbvString)
		bad_rules("A rule has a segment, its name.");
	for (int i = 0; i < 3; i++)
	{
		fits = range_fits(rule, i, score[i]) && fits;
		keys += getKeyJsonValueFromContainer(rule, &axis_key[i], 1, NULL) != NULL;
	}
	if ((int) JsonContainerSize(rule) != keys)
		bad_rules("A rule has no other keys than segment, r, f and m.");
	return fits ? segment : NULL;
}

/*
 * rfm_segment(r, f, m, rules jsonb) -> text
 *
 * The first of one's own rules that fits: objects with a segment and ranges of scores for r, f and
 * m, each of which may be left out.  NULL if none fits.
 */
PG_FUNCTION_INFO_V1(rfm_segment_rules);
Datum
rfm_segment_rules(PG_FUNCTION_ARGS)
{
	Jsonb *rules = PG_GETARG_JSONB_P(3);
	JsonbValue *found = NULL;
	int score[3];

	score_args(fcinfo, MAX_BUCKETS, score);
	if (!JB_ROOT_IS_ARRAY(rules) || JB_ROOT_IS_SCALAR(rules))
		bad_rules("Rules are an array, the first rule first.");
	for (uint32 i = 0; i < JB_ROOT_COUNT(rules) && found == NULL; i++)
		found = segment_if_fits(getIthJsonbValueFromContainer(&rules->root, i), score);
	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(found->val.string.val, found->val.string.len));
}
