/*
 * revenue_summary.c: the type revenue_summary and its aggregates' state machine.
 *
 * Accumulate, combine and finish; text and binary I/O; equality.  Ratios are the accessors'
 * business (revenue_rates.c).
 */
#include "churn/revenue_summary.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "common/numeric_digits.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

static const char TYPE_NAME[] = "revenue_summary";
static const char EXAMPLE[] =
	"{\"start\": 100, \"new\": 20, \"expansion\": 0, \"contraction\": 0, \"churn\": 30, "
	"\"reactivation\": 0, \"end\": 90, \"customers\": {\"new\": 1, \"expansion\": 0, "
	"\"contraction\": 0, \"churn\": 1, \"reactivation\": 0, \"unchanged\": 2}}";
#define TEXT_FIELDS 8

const char *const REVENUE_MOVEMENT_NAMES[REVENUE_MOVEMENTS] = {
	"new", "expansion", "contraction", "churn", "reactivation", "unchanged"};

/* The order of the text form. */
static const int TEXT_ORDER[REVENUE_SUMS] = {REVENUE_START,		REVENUE_NEW,
											 REVENUE_EXPANSION, REVENUE_CONTRACTION,
											 REVENUE_CHURN,		REVENUE_REACTIVATION};

static const char *
sum_name(int which)
{
	return which == REVENUE_START ? "start" : REVENUE_MOVEMENT_NAMES[which];
}

/* ---- sums in limbs ---- */

static inline int
limbs_of(const RevenueSummary *s)
{
	return (int) ((VARSIZE(s) - REVENUE_SUMMARY_HEADER) / (REVENUE_SUMS * sizeof(uint64)));
}

static inline uint64 *
sum_of(RevenueSummary *s, int which)
{
	return s->limb + (Size) which * limbs_of(s);
}

static RevenueSummary *
new_summary(int low, int limbs)
{
	Size size = REVENUE_SUMMARY_HEADER + (Size) limbs * REVENUE_SUMS * sizeof(uint64);
	RevenueSummary *s = palloc0(size);

	SET_VARSIZE(s, size);
	s->version = REVENUE_SUMMARY_VERSION;
	s->low = low;
	return s;
}

static void
revenue_too_large(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("revenue is too large for numeric"),
		 errdetail("A numeric has at most %d digits before the point.", LIMB_TOP * LIMB_DIGITS)));
}

/* A copy whose sums have the limbs low .. low + limbs - 1, which hold all that isn't zero. */
static RevenueSummary *
with_limbs(RevenueSummary *s, int low, int limbs)
{
	RevenueSummary *copy;
	int from = Max(low, s->low);
	int to = Min(low + limbs, s->low + limbs_of(s));

	if (low + limbs > LIMB_TOP)
		revenue_too_large();
	copy = new_summary(low, limbs);
	copy->dscale = s->dscale;
	memcpy(copy->customers, s->customers, sizeof(s->customers));
	for (int which = 0; which < REVENUE_SUMS && from < to; which++)
		memcpy(sum_of(copy, which) + (from - low), sum_of(s, which) + (from - s->low),
			   (to - from) * sizeof(uint64));
	return copy;
}

/* The summary, or a wider copy, whose sums have the limbs of the amount. */
static RevenueSummary *
with_room(RevenueSummary *s, const Amount *a)
{
	int limbs = limbs_of(s);
	int low = limbs == 0 ? a->low : Min(s->low, a->low);
	int top = limbs == 0 ? a->low + a->limbs : Max(s->low + limbs, a->low + a->limbs);

	if (likely(limbs > 0 && low == s->low && top == s->low + limbs))
		return s;
	return with_limbs(s, low, top - low);
}

/* Add an amount to a sum; the summary may move, to become wider. */
static RevenueSummary *
add_amount(RevenueSummary *s, int which, const Amount *a)
{
	uint64 *sum;
	uint64 carry = 0;
	int i;

	if (a->limbs == 0)
		return s;
	s = with_room(s, a);
	sum = sum_of(s, which);
	i = a->low - s->low;
	for (int j = 0; j < a->limbs || carry > 0; i++, j++)
	{
		uint64 limb;

		if (i == limbs_of(s))
		{
			s = with_limbs(s, s->low, limbs_of(s) + 1);
			sum = sum_of(s, which);
		}
		limb = sum[i] + (j < a->limbs ? a->limb[j] : 0) + carry;
		carry = limb >= LIMB_BASE;
		sum[i] = carry ? limb - LIMB_BASE : limb;
	}
	return s;
}

static bool
limb_unused(RevenueSummary *s, int i)
{
	for (int which = 0; which < REVENUE_SUMS; which++)
		if (sum_of(s, which)[i] != 0)
			return false;
	return true;
}

/* A copy without limbs that are zero in all sums at either end. */
static RevenueSummary *
canonical(RevenueSummary *s)
{
	int from = 0;
	int to = limbs_of(s);

	while (to > 0 && limb_unused(s, to - 1))
		to--;
	while (from < to && limb_unused(s, from))
		from++;
	return with_limbs(s, from < to ? s->low + from : 0, to - from);
}

static void
view_sum(RevenueSummary *s, int which, Amount *a)
{
	amount_view(a, sum_of(s, which), s->low, limbs_of(s));
}

Datum
revenue_sum(RevenueSummary *s, int which)
{
	Amount a;

	view_sum(s, which, &a);
	return amount_numeric(&a, s->dscale);
}

Datum
revenue_end(RevenueSummary *s)
{
	Datum end = revenue_sum(s, REVENUE_START);

	end = DirectFunctionCall2(numeric_add, end, revenue_sum(s, REVENUE_NEW));
	end = DirectFunctionCall2(numeric_add, end, revenue_sum(s, REVENUE_EXPANSION));
	end = DirectFunctionCall2(numeric_add, end, revenue_sum(s, REVENUE_REACTIVATION));
	end = DirectFunctionCall2(numeric_sub, end, revenue_sum(s, REVENUE_CONTRACTION));
	return DirectFunctionCall2(numeric_sub, end, revenue_sum(s, REVENUE_CHURN));
}

/* ---- checks ---- */

static void
too_many_customers(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many customers for a revenue_summary"),
			 errdetail("A summary counts at most " INT64_FORMAT " customers.", PG_INT64_MAX)));
}

static void
check_layout(const RevenueSummary *s)
{
	Size size = VARSIZE(s);

	if (size < REVENUE_SUMMARY_HEADER || s->version != REVENUE_SUMMARY_VERSION ||
		(size - REVENUE_SUMMARY_HEADER) % (REVENUE_SUMS * sizeof(uint64)) != 0 ||
		s->low < LIMB_LOWEST || s->low + limbs_of(s) > LIMB_TOP || s->dscale > AMOUNT_MAX_DSCALE)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

/* Are there no negative counts, and can they be summed? */
static bool
counts_in_range(const RevenueSummary *s)
{
	int64 total = 0;

	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		if (s->customers[i] < 0 || pg_add_s64_overflow(total, s->customers[i], &total))
			return false;
	return true;
}

static int64
customers_at_start_of(const RevenueSummary *s)
{
	return s->customers[REVENUE_EXPANSION] + s->customers[REVENUE_CONTRACTION] +
		   s->customers[REVENUE_CHURN] + s->customers[REVENUE_UNCHANGED];
}

/* Is contraction + churn at most start? */
static bool
losses_within_start(RevenueSummary *s)
{
	Amount start;
	Amount loss;
	Amount rest;

	view_sum(s, REVENUE_START, &start);
	view_sum(s, REVENUE_CONTRACTION, &loss);
	if (amount_cmp(&loss, &start) > 0)
		return false;
	amount_subtract(&start, &loss, &rest);
	view_sum(s, REVENUE_CHURN, &loss);
	return amount_cmp(&loss, &rest) <= 0;
}

/* Why these sums and counts can't be, or NULL. */
static const char *
contradiction(RevenueSummary *s)
{
	if (!counts_in_range(s))
		return "A number of customers is negative or too large.";
	for (int which = 0; which < REVENUE_SUMS; which++)
	{
		int64 customers = which == REVENUE_START ? customers_at_start_of(s) : s->customers[which];
		Amount a;

		view_sum(s, which, &a);
		if ((a.limbs > 0) != (customers > 0))
			return "There is revenue without customers, or there are customers without revenue.";
		if (amount_decimals(&a) > s->dscale)
			return "An amount has more digits after the point than the scale says.";
	}
	if (!losses_within_start(s))
		return "Contraction and churn are more than there was at the start.";
	return NULL;
}

/* ---- the state of an aggregate ---- */

SUMMARY_WRITABLE(writable_summary, RevenueSummary, check_layout);

RevenueSummary *
revenue_summary_arg(FunctionCallInfo fcinfo, int i)
{
	RevenueSummary *s = (RevenueSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

RevenueMovement
revenue_classify(const Amount *before, const Amount *after, bool paid_before, Amount *change)
{
	int direction = amount_cmp(before, after);

	if (direction == 0)
	{
		amount_zero(change);
		return before->limbs == 0 ? REVENUE_NONE : REVENUE_UNCHANGED;
	}
	if (direction < 0)
	{
		amount_subtract(after, before, change);
		if (before->limbs > 0)
			return REVENUE_EXPANSION;
		return paid_before ? REVENUE_REACTIVATION : REVENUE_NEW;
	}
	amount_subtract(before, after, change);
	return after->limbs == 0 ? REVENUE_CHURN : REVENUE_CONTRACTION;
}

/* ---- accumulate ---- */

/* Do two numerics have the same bytes? */
static bool
same_bytes(Datum a, Datum b)
{
	const struct varlena *x = (const struct varlena *) DatumGetPointer(a);
	const struct varlena *y = (const struct varlena *) DatumGetPointer(b);

	return !VARATT_IS_EXTERNAL(x) && !VARATT_IS_EXTERNAL(y) && !VARATT_IS_COMPRESSED(x) &&
		   !VARATT_IS_COMPRESSED(y) && VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		   memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

/*
 * Arguments i and i + 1 as amounts; a null is a month without revenue: 0.  Most customers pay the
 * same as before, and are read once.
 */
static void
amount_args(FunctionCallInfo fcinfo, int i, Amount *before, Amount *after)
{
	bool before_known = !PG_ARGISNULL(i);
	bool after_known = !PG_ARGISNULL(i + 1);

	amount_zero(before);
	amount_zero(after);
	if (before_known)
		amount_from_numeric(before, PG_GETARG_DATUM(i));
	if (after_known && before_known && same_bytes(PG_GETARG_DATUM(i), PG_GETARG_DATUM(i + 1)))
		amount_view(after, before->limb, before->low, before->limbs);
	else if (after_known)
		amount_from_numeric(after, PG_GETARG_DATUM(i + 1));
}

static RevenueSummary *
add_customer(RevenueSummary *s, const Amount *before, const Amount *after, bool paid_before)
{
	Amount change;
	RevenueMovement movement = revenue_classify(before, after, paid_before, &change);

	s->dscale = Max(s->dscale, Max(before->dscale, after->dscale));
	if (movement == REVENUE_NONE)
		return s;
	if (unlikely(s->customers[movement] == PG_INT64_MAX))
		too_many_customers();
	s->customers[movement]++;
	s = add_amount(s, REVENUE_START, before);
	return movement == REVENUE_UNCHANGED ? s : add_amount(s, movement, &change);
}

/*
 * revenue_summary_accum(revenue_summary, amount_before, amount_after, paid_before)
 * -> revenue_summary
 *
 * One customer.  A null amount is 0: who has no row at one end paid nothing there.  A null
 * paid_before is false, as before the first row of a window.  Negative amounts and NaN are ERRORs.
 */
PG_FUNCTION_INFO_V1(revenue_summary_accum);
Datum
revenue_summary_accum(PG_FUNCTION_ARGS)
{
	RevenueSummary *s;
	Amount before;
	Amount after;

	amount_args(fcinfo, 1, &before, &after);
	s = PG_ARGISNULL(0) ? new_summary(0, 0) : writable_summary(fcinfo, 0);
	PG_RETURN_POINTER(add_customer(s, &before, &after, !PG_ARGISNULL(3) && PG_GETARG_BOOL(3)));
}

/*
 * revenue_movement(amount_before numeric, amount_after numeric, paid_before boolean) -> text
 *
 * new, expansion, contraction, churn, reactivation or unchanged; NULL if nothing was paid at either
 * end.  Nulls as in the aggregate.
 */
PG_FUNCTION_INFO_V1(revenue_movement);
Datum
revenue_movement(PG_FUNCTION_ARGS)
{
	Amount before;
	Amount after;
	Amount change;
	RevenueMovement movement;

	amount_args(fcinfo, 0, &before, &after);
	movement = revenue_classify(&before, &after, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2), &change);
	if (movement == REVENUE_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(REVENUE_MOVEMENT_NAMES[movement]));
}

/* ---- combine and finish ---- */

static RevenueSummary *
merge(RevenueSummary *a, RevenueSummary *b)
{
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		if (pg_add_s64_overflow(a->customers[i], b->customers[i], &a->customers[i]))
			too_many_customers();
	if (!counts_in_range(a))
		too_many_customers();
	a->dscale = Max(a->dscale, b->dscale);
	for (int which = 0; which < REVENUE_SUMS; which++)
	{
		Amount amount;

		view_sum(b, which, &amount);
		a = add_amount(a, which, &amount);
	}
	return a;
}

/*
 * revenue_summary_combine(revenue_summary, revenue_summary) -> revenue_summary
 *
 * The customers of both.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(revenue_summary_combine);
Datum
revenue_summary_combine(PG_FUNCTION_ARGS)
{
	RevenueSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, revenue_summary_arg(fcinfo, 1)));
}

/* revenue_summary_final(revenue_summary) -> revenue_summary: in its one form. */
PG_FUNCTION_INFO_V1(revenue_summary_final);
Datum
revenue_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(canonical(revenue_summary_arg(fcinfo, 0)));
}

/* revenue_summary + revenue_summary -> revenue_summary: the customers of both. */
PG_FUNCTION_INFO_V1(revenue_summary_add);
Datum
revenue_summary_add(PG_FUNCTION_ARGS)
{
	RevenueSummary *a = canonical(revenue_summary_arg(fcinfo, 0));

	PG_RETURN_POINTER(canonical(merge(a, revenue_summary_arg(fcinfo, 1))));
}

/* ---- those who stayed ---- */

/*
 * Raise the ERROR for movements from which those who stayed can't be told: somebody pays at the
 * start of this period who never began to.
 */
static void
movements_incomplete(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("customers pay at the start who did not begin to pay earlier"),
					errdetail("What is paid at the start of a period is what all earlier movements "
							  "add up to."),
					errhint("Roll up all earlier periods: rollup(moved) OVER (ORDER BY month ROWS "
							"BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING).")));
}

/* What all movements add up to, less what the movers of this period paid at its start. */
static Datum
unmoved_amount(RevenueSummary *moved, RevenueSummary *earlier)
{
	Datum grown =
		DirectFunctionCall2(numeric_sub, revenue_end(earlier), revenue_sum(earlier, REVENUE_START));

	return DirectFunctionCall2(numeric_sub, grown, revenue_sum(moved, REVENUE_START));
}

static int64
unmoved_customers(const RevenueSummary *moved, const RevenueSummary *earlier)
{
	return earlier->customers[REVENUE_NEW] + earlier->customers[REVENUE_REACTIVATION] -
		   earlier->customers[REVENUE_CHURN] - customers_at_start_of(moved);
}

/*
 * revenue_with_unchanged(moved revenue_summary, earlier revenue_summary) -> revenue_summary
 *
 * `moved` has only those customers whose revenue moved in its period, `earlier` all movements
 * before it (null: there were none).  Adds those who paid the same all through the period.
 */
PG_FUNCTION_INFO_V1(revenue_with_unchanged);
Datum
revenue_with_unchanged(PG_FUNCTION_ARGS)
{
	RevenueSummary *moved;
	RevenueSummary *earlier;
	Datum rest;
	Amount amount;
	int64 customers;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	moved = canonical(revenue_summary_arg(fcinfo, 0));
	earlier = PG_ARGISNULL(1) ? new_summary(0, 0) : revenue_summary_arg(fcinfo, 1);
	rest = unmoved_amount(moved, earlier);
	customers = unmoved_customers(moved, earlier);
	if (numeric_digits(PG_DETOAST_DATUM_PACKED(rest)).negative || customers < 0)
		movements_incomplete();
	amount_from_numeric(&amount, rest);
	if ((amount.limbs > 0) != (customers > 0))
		movements_incomplete();
	moved->customers[REVENUE_UNCHANGED] += customers;
	if (!counts_in_range(moved))
		too_many_customers();
	moved->dscale = Max(moved->dscale, amount.dscale);
	PG_RETURN_POINTER(canonical(add_amount(moved, REVENUE_START, &amount)));
}

/* ---- text ---- */

/* A number of the text form, added to an empty sum. */
static RevenueSummary *
read_sum(const SummaryText *t, RevenueSummary *s, int which)
{
	Datum value = summary_text_numeric(t, sum_name(which));
	Amount amount;

	amount_from_numeric(&amount, value);
	s->dscale = Max(s->dscale, amount.dscale);
	return add_amount(s, which, &amount);
}

/* Text input: {"start": 100, "new": 20, ..., "end": 90, "customers": {"new": 1, ...}} */
PG_FUNCTION_INFO_V1(revenue_summary_in);
Datum
revenue_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, TEXT_FIELDS);
	SummaryText customers = summary_text_object(&t, "customers", REVENUE_MOVEMENTS);
	RevenueSummary *s = new_summary(0, 0);
	const char *why;

	for (int i = 0; i < REVENUE_SUMS; i++)
		s = read_sum(&t, s, i);
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		s->customers[i] =
			summary_text_int64(&customers, REVENUE_MOVEMENT_NAMES[i], 0, PG_INT64_MAX);
	why = contradiction(s);
	if (why != NULL)
		summary_text_invalid(&t, "%s", why);
	if (!DatumGetBool(
			DirectFunctionCall2(numeric_eq, revenue_end(s), summary_text_numeric(&t, "end"))))
		summary_text_invalid(&t, "\"end\" is not start + new + expansion + reactivation - "
								 "contraction - churn.");
	PG_RETURN_POINTER(canonical(s));
}

static void
append_numeric(StringInfo out, const char *name, Datum value)
{
	appendStringInfo(out, "\"%s\": %s, ", name,
					 DatumGetCString(DirectFunctionCall1(numeric_out, value)));
}

PG_FUNCTION_INFO_V1(revenue_summary_out);
Datum
revenue_summary_out(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < REVENUE_SUMS; i++)
		append_numeric(&out, sum_name(TEXT_ORDER[i]), revenue_sum(s, TEXT_ORDER[i]));
	append_numeric(&out, "end", revenue_end(s));
	appendStringInfoString(&out, "\"customers\": {");
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		appendStringInfo(&out, "%s\"%s\": " INT64_FORMAT, i > 0 ? ", " : "",
						 REVENUE_MOVEMENT_NAMES[i], s->customers[i]);
	appendStringInfoString(&out, "}}");
	PG_RETURN_CSTRING(out.data);
}

/* ---- binary ---- */

/* version (1 byte), dscale, low and limbs (2 each), customers (6 x 8), the sums' limbs (8 each) */
PG_FUNCTION_INFO_V1(revenue_summary_recv);
Datum
revenue_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	RevenueSummary *s;
	int dscale;
	int low;
	int limbs;
	const char *why;

	summary_wire_version(buf, TYPE_NAME, REVENUE_SUMMARY_VERSION);
	dscale = pq_getmsgint(buf, 2);
	low = (int16) pq_getmsgint(buf, 2);
	limbs = pq_getmsgint(buf, 2);
	if (dscale > AMOUNT_MAX_DSCALE || low < LIMB_LOWEST || low + limbs > LIMB_TOP)
		summary_wire_invalid(TYPE_NAME, "Its amounts would not fit in numeric.");
	s = new_summary(low, limbs);
	s->dscale = dscale;
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		s->customers[i] = pq_getmsgint64(buf);
	for (int i = 0; i < REVENUE_SUMS * limbs; i++)
	{
		s->limb[i] = (uint64) pq_getmsgint64(buf);
		if (s->limb[i] >= LIMB_BASE)
			summary_wire_invalid(TYPE_NAME, "A limb has more than %d digits.", LIMB_DIGITS);
	}
	why = contradiction(s);
	if (why != NULL)
		summary_wire_invalid(TYPE_NAME, "%s", why);
	PG_RETURN_POINTER(canonical(s));
}

PG_FUNCTION_INFO_V1(revenue_summary_send);
Datum
revenue_summary_send(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = revenue_summary_arg(fcinfo, 0);
	int limbs = limbs_of(s);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, s->version);
	pq_sendint16(&buf, s->dscale);
	pq_sendint16(&buf, s->low);
	pq_sendint16(&buf, limbs);
	for (int i = 0; i < REVENUE_MOVEMENTS; i++)
		pq_sendint64(&buf, s->customers[i]);
	for (int i = 0; i < REVENUE_SUMS * limbs; i++)
		pq_sendint64(&buf, s->limb[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality: as for numeric, 1.5 and 1.50 are the same ---- */

/* The checked value of an argument in its one form. */
static RevenueSummary *
canonical_arg(FunctionCallInfo fcinfo, int i)
{
	return canonical(revenue_summary_arg(fcinfo, i));
}

static bool
same_revenue(const RevenueSummary *a, const RevenueSummary *b)
{
	return VARSIZE(a) == VARSIZE(b) && a->low == b->low &&
		   memcmp(a->customers, b->customers, sizeof(a->customers)) == 0 &&
		   memcmp(a->limb, b->limb, VARSIZE(a) - REVENUE_SUMMARY_HEADER) == 0;
}

SUMMARY_EQUAL(revenue_summary, canonical_arg, same_revenue);

PG_FUNCTION_INFO_V1(revenue_summary_hash);
Datum
revenue_summary_hash(PG_FUNCTION_ARGS)
{
	RevenueSummary *s = canonical_arg(fcinfo, 0);
	uint32 sums = hash_bytes((const unsigned char *) s->limb, VARSIZE(s) - REVENUE_SUMMARY_HEADER);

	PG_RETURN_UINT32(
		hash_combine(sums, hash_bytes((const unsigned char *) s->customers, sizeof(s->customers))));
}
