/*
 * risk_rows.c: the rows of a risk_sample as a set: in one order, equal ones collapsed.
 *
 * Sorted feature by feature, most significant first: each pass sorts keys that lie together, so
 * that a million rows cost a fraction of a second where comparing whole rows would miss the cache
 * at every comparison.  Cells are neither NaN nor a negative zero.
 */
#include "health/risk_rows.h"

#include <math.h>

#include "miscadmin.h"

/* ---- layout ---- */

RiskSample *
risk_sample_new(int features, int capacity)
{
	Size size = RISK_SAMPLE_HEADER + risk_row_bytes(features) * capacity;
	RiskSample *s = palloc0(size);

	Assert(size <= RISK_MAX_BYTES);
	SET_VARSIZE(s, size);
	s->version = RISK_SAMPLE_VERSION;
	s->features = features;
	return s;
}

/* ---- order ---- */

/* A row and the cell by which it is being sorted. */
typedef struct KeyedRow
{
	uint64 key;
	const double *row;
} KeyedRow;

#define ST_SORT sort_keyed
#define ST_ELEMENT_TYPE KeyedRow
#define ST_COMPARE(a, b) ((a)->key < (b)->key ? -1 : (a)->key > (b)->key)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

/* A double as an integer of the same order. */
static uint64
ordered_bits(double value)
{
	uint64 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64CONST(1) << 63;
}

/* Cell 0 is the outcome, churned first; its count doesn't matter. */
static uint64
cell_key(const double *row, int cell)
{
	return cell == 0 ? row[0] < 0 : ordered_bits(row[cell]);
}

/* Sort by the cells from this one on. */
static void
sort_from(KeyedRow *rows, size_t n, int cell, int cells)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++)
		rows[i].key = cell_key(rows[i].row, cell);
	sort_keyed(rows, n);
	if (cell + 1 == cells)
		return;
	while (start < n)
	{
		size_t end = start + 1;

		while (end < n && rows[end].key == rows[start].key)
			end++;
		if (end - start > 1)
			sort_from(rows + start, end - start, cell + 1, cells);
		start = end;
	}
}

static bool
same_row(const double *a, const double *b, int features)
{
	return (a[0] > 0) == (b[0] > 0) && memcmp(a + 1, b + 1, sizeof(double) * features) == 0;
}

static void
add_count(double *row, double count)
{
	row[0] += count;
	if (fabs(row[0]) > (double) RISK_MAX_COUNT)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many equal rows for a risk_sample"),
						errdetail("At most " INT64_FORMAT " customers may have the same features.",
								  RISK_MAX_COUNT)));
}

/* The rows in order, duplicates beside each other. */
static KeyedRow *
sorted_rows(const RiskSample *s)
{
	KeyedRow *rows = palloc(sizeof(KeyedRow) * Max(s->rows, 1));

	for (int i = 0; i < s->rows; i++)
		rows[i] = (KeyedRow){0, risk_row_const(s, i)};
	sort_from(rows, s->rows, 0, 1 + s->features);
	return rows;
}

static int
count_distinct(const KeyedRow *rows, int n, int features)
{
	int distinct = n > 0;

	for (int i = 1; i < n; i++)
		distinct += !same_row(rows[i - 1].row, rows[i].row, features);
	return distinct;
}

RiskSample *
risk_sample_collapsed(const RiskSample *s)
{
	KeyedRow *rows = sorted_rows(s);
	RiskSample *to = risk_sample_new(s->features, count_distinct(rows, s->rows, s->features));
	double *last = NULL;

	to->omitted = s->omitted;
	for (int i = 0; i < s->rows; i++)
	{
		if (last != NULL && same_row(last, rows[i].row, s->features))
		{
			add_count(last, rows[i].row[0]);
			continue;
		}
		last = risk_row(to, to->rows++);
		memcpy(last, rows[i].row, risk_row_bytes(s->features));
	}
	to->distinct = to->rows;
	pfree(rows);
	return to;
}

void
risk_collapse(RiskSample *s)
{
	RiskSample *collapsed;

	if (s->distinct == s->rows)
		return;
	collapsed = risk_sample_collapsed(s);
	s->rows = collapsed->rows;
	s->distinct = collapsed->distinct;
	memcpy(s->cells, collapsed->cells, risk_row_bytes(s->features) * s->rows);
	pfree(collapsed);
}
