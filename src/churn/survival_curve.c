/*
 * survival_curve.c: the state machine of the survival aggregates.
 *
 * Accumulate, combine and finish.  Text, wire and equality are in survival_curve_io.c; what the
 * numbers mean is the accessors' business.
 */
#include "churn/survival_curve.h"

#include "churn/survival_duration.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define FIRST_CAPACITY 4

/*
 * A curve of at least this part of the one that it comes to is merged at once: to move 32 cells is
 * about as much work as to sort one among many.
 */
#define MERGED_AT_ONCE 32

const char *const survival_unit_names[SURVIVAL_UNITS] = {"number", "day"};

void
survival_check_cells(uint64 cells)
{
	if (unlikely(cells > SURVIVAL_MAX_CELLS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct durations for a survival_curve"),
				 errdetail(
					 "A curve holds at most %d of them; this one needs at least " UINT64_FORMAT ".",
					 SURVIVAL_MAX_CELLS, cells),
				 errhint("Round the durations, for example to seconds or hours.")));
}

SurvivalCurve *
survival_new(SurvivalUnit unit, uint32 capacity)
{
	Size size = SURVIVAL_CURVE_HEADER + (Size) capacity * sizeof(SurvivalCell);
	SurvivalCurve *s = palloc0(size); /* room, too: whoever calls support functions sees it */

	SET_VARSIZE(s, size);
	s->version = SURVIVAL_CURVE_VERSION;
	s->unit = unit;
	return s;
}

SurvivalCurve *
survival_with_capacity(const SurvivalCurve *s, uint32 capacity)
{
	SurvivalCurve *copy = survival_new(s->unit, capacity);

	copy->sorted = s->sorted;
	copy->used = s->used;
	memcpy(copy->cells, s->cells, s->used * sizeof(SurvivalCell));
	return copy;
}

/* Would the layout of this value lead us outside of it?  Content is checked by I/O. */
static void
check_layout(const SurvivalCurve *s)
{
	Size size = VARSIZE(s);

	if (size < SURVIVAL_CURVE_HEADER || s->version != SURVIVAL_CURVE_VERSION ||
		(size - SURVIVAL_CURVE_HEADER) % sizeof(SurvivalCell) != 0 || s->unit >= SURVIVAL_UNITS ||
		s->used > survival_capacity(s) || s->sorted > s->used || s->used > SURVIVAL_MAX_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type survival_curve"),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

/* Bring the cells that came since the last time into order. */
static void
sort_new_cells(SurvivalCurve *s)
{
	uint32 n_new = survival_cells_collapse(s->cells + s->sorted, s->used - s->sorted);

	if (s->sorted > 0 && n_new > 0)
	{
		SurvivalCell *scratch = palloc(n_new * sizeof(SurvivalCell));

		memcpy(scratch, s->cells + s->sorted, n_new * sizeof(SurvivalCell));
		n_new = survival_cells_merge(s->cells, s->sorted, scratch, n_new) - s->sorted;
		pfree(scratch);
	}
	s->sorted += n_new;
	s->used = s->sorted;
}

SurvivalCurve *
survival_canonical(SurvivalCurve *s)
{
	if (s->sorted < s->used)
		sort_new_cells(s);
	return survival_capacity(s) == s->used ? s : survival_with_capacity(s, s->used);
}

/* ---- the state of an aggregate ---- */

SUMMARY_WRITABLE(writable_curve, SurvivalCurve, check_layout);

/* Room for one cell more: by sorting, and by doubling where that leaves it more than half full. */
static SurvivalCurve *
with_room(SurvivalCurve *s)
{
	uint32 capacity = survival_capacity(s);

	sort_new_cells(s);
	if (capacity < FIRST_CAPACITY || s->used > capacity / 2)
	{
		survival_check_cells((uint64) s->used + 1);
		s = survival_with_capacity(s, Min(Max(capacity * 2, FIRST_CAPACITY), SURVIVAL_MAX_CELLS));
	}
	return s;
}

static inline SurvivalCurve *
add_cell(SurvivalCurve *s, uint64 key, double weight)
{
	SurvivalCell *cell;

	if (unlikely(s->used == survival_capacity(s)))
		s = with_room(s);
	cell = &s->cells[s->used++];
	cell->key = key;
	cell->weight = weight;
	return s;
}

static void
check_same_unit(const SurvivalCurve *s, SurvivalUnit unit)
{
	if (unlikely(s->unit != unit))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge durations of unit %s with durations of unit %s",
							   survival_unit_names[s->unit], survival_unit_names[unit]),
						errdetail("Intervals are kept in days; numbers have a unit of their own."),
						errhint("Build all curves from durations of one type.")));
}

/* The state that a row changes; the first row that counts makes it. */
static inline SurvivalCurve *
state_for_row(FunctionCallInfo fcinfo, SurvivalUnit unit)
{
	SurvivalCurve *s;

	if (PG_ARGISNULL(0))
		return survival_new(unit, FIRST_CAPACITY);
	s = writable_curve(fcinfo, 0);
	check_same_unit(s, unit);
	return s;
}

/* Does the row say how long, whether, and how much? */
static inline bool
row_counts(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(1) && !PG_ARGISNULL(2) && (PG_NARGS() < 5 || !PG_ARGISNULL(4));
}

/* One customer: the duration, whether it ended, and when and with what weight it is counted. */
static inline SurvivalCurve *
add_row(FunctionCallInfo fcinfo, SurvivalCurve *s, double duration, double entry)
{
	double weight = PG_NARGS() < 5 ? 1.0 : PG_GETARG_FLOAT8(4);

	survival_check_entry(entry, duration);
	survival_check_weight(weight);
	if (weight == 0)
		return s;
	s = add_cell(s, survival_key(duration, PG_GETARG_BOOL(2)), weight);
	return entry > 0 ? add_cell(s, survival_key(entry, false), -weight) : s;
}

static Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(writable_curve(fcinfo, 0));
}

/*
 * survival_curve_accum(survival_curve, duration double precision, churned [, entry [, weight]])
 *
 * A row in which duration, churned or weight is NULL is left out; entry NULL is 0.  The first row
 * that counts makes the state.
 */
PG_FUNCTION_INFO_V1(survival_curve_accum_float8);
Datum
survival_curve_accum_float8(PG_FUNCTION_ARGS)
{
	double duration;
	double entry;

	if (!row_counts(fcinfo))
		return unchanged_state(fcinfo);
	duration = survival_checked_duration(PG_GETARG_FLOAT8(1));
	entry = PG_NARGS() < 4 || PG_ARGISNULL(3) ? 0 : PG_GETARG_FLOAT8(3);
	PG_RETURN_POINTER(add_row(fcinfo, state_for_row(fcinfo, SURVIVAL_NUMBER), duration, entry));
}

/* survival_curve_accum(survival_curve, duration interval, churned [, entry [, weight]]) */
PG_FUNCTION_INFO_V1(survival_curve_accum_interval);
Datum
survival_curve_accum_interval(PG_FUNCTION_ARGS)
{
	double duration;
	double entry;

	if (!row_counts(fcinfo))
		return unchanged_state(fcinfo);
	duration = survival_days(PG_GETARG_INTERVAL_P(1));
	entry = PG_NARGS() < 4 || PG_ARGISNULL(3) ? 0 : survival_days(PG_GETARG_INTERVAL_P(3));
	PG_RETURN_POINTER(add_row(fcinfo, state_for_row(fcinfo, SURVIVAL_DAY), duration, entry));
}

/* ---- combine and finish ---- */

/* Append b's cells as those of rows are; false if no room is to be had. */
static bool
append_cells(SurvivalCurve **state, const SurvivalCurve *b)
{
	SurvivalCurve *a = *state;
	uint32 capacity = survival_capacity(a);
	uint64 needed = (uint64) a->used + b->used;

	/* a merge can have left more room than a curve may take */
	if (needed > Min(capacity, SURVIVAL_MAX_CELLS))
	{
		sort_new_cells(a);
		needed = (uint64) a->used + b->used;
		if (needed > SURVIVAL_MAX_CELLS)
			return false;
		if (needed > capacity / 2)
			a = survival_with_capacity(a, Min(capacity * 2, SURVIVAL_MAX_CELLS));
	}
	memcpy(a->cells + a->used, b->cells, b->used * sizeof(SurvivalCell));
	a->used += b->used;
	*state = a;
	return true;
}

/* a + b; a is changed in place where its room allows, else replaced. */
static SurvivalCurve *
merge(SurvivalCurve *a, const SurvivalCurve *b)
{
	uint64 needed;

	check_same_unit(a, b->unit);
	/* what is small waits with others of its kind, or each of many would move all that there is */
	if (b->used < a->used / MERGED_AT_ONCE && append_cells(&a, b))
		return a;
	sort_new_cells(a);
	needed = (uint64) a->used + b->used;
	if (needed > survival_capacity(a))
	{
		survival_check_cells(Max(a->used, b->used));
		a = survival_with_capacity(a, needed);
	}
	a->used = survival_cells_merge(a->cells, a->used, b->cells, b->used);
	a->sorted = a->used;
	survival_check_cells(a->used);
	return a;
}

/*
 * survival_curve_combine(survival_curve, survival_curve) -> survival_curve
 *
 * The customers of both; different units are an ERROR.  Also the transition of rollup().
 */
PG_FUNCTION_INFO_V1(survival_curve_combine);
Datum
survival_curve_combine(PG_FUNCTION_ARGS)
{
	SurvivalCurve *a = writable_curve(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, survival_arg(fcinfo, 1)));
}

/*
 * survival_curve_final(survival_curve) -> survival_curve: NULL if nothing was counted.
 *
 * Sorts the state in place, which changes nothing that it says.
 */
PG_FUNCTION_INFO_V1(survival_curve_final);
Datum
survival_curve_final(PG_FUNCTION_ARGS)
{
	SurvivalCurve *s = survival_canonical(writable_curve(fcinfo, 0));

	if (s->used == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(s);
}

/* survival_curve + survival_curve -> survival_curve: both together. */
PG_FUNCTION_INFO_V1(survival_curve_add);
Datum
survival_curve_add(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *a = survival_arg(fcinfo, 0);

	PG_RETURN_POINTER(
		survival_canonical(merge(survival_with_capacity(a, a->used), survival_arg(fcinfo, 1))));
}

/* ---- what accessors read ---- */

const SurvivalCurve *
survival_from_datum(Datum value)
{
	SurvivalCurve *s = (SurvivalCurve *) PG_DETOAST_DATUM(value);

	check_layout(s);
	if (s->sorted == s->used && survival_capacity(s) == s->used)
		return s;
	return survival_canonical(survival_with_capacity(s, s->used));
}

const SurvivalCurve *
survival_arg(FunctionCallInfo fcinfo, int i)
{
	return survival_from_datum(PG_GETARG_DATUM(i));
}

SurvivalWalk
survival_walk(const SurvivalCurve *s)
{
	Size size = Max(s->used, 1) * sizeof(double);

	return survival_walk_start(s->cells, s->used, palloc(size));
}
