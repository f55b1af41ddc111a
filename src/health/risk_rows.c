/*
 * risk_rows.c: the rows of a risk_sample as a set: collapsing equal ones, hashing, ordering.
 *
 * Cells are neither NaN nor a negative zero, so rows are equal where their bytes are.
 */
#include "health/risk_sample.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#define NOBODY (-1)

/* Interrupts are looked for once in so many rows. */
#define ROWS_PER_CHECK 65536

uint64
risk_hash_row(const double *row, int features)
{
	return hash_bytes_extended((const unsigned char *) (row + 1), sizeof(double) * features,
							   row[0] > 0);
}

int
risk_compare_rows(const double *a, const double *b, int features)
{
	if ((a[0] > 0) != (b[0] > 0))
		return a[0] > 0 ? 1 : -1;
	for (int j = 1; j <= features; j++)
		if (a[j] != b[j])
			return a[j] < b[j] ? -1 : 1;
	return 0;
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

/* An open-addressing table of row numbers, at most half full. */
typedef struct RowTable
{
	int *rows;
	uint64 mask;
} RowTable;

static RowTable
new_table(int rows)
{
	uint64 slots = 16;
	RowTable table;

	while (slots < 2 * (uint64) rows)
		slots *= 2;
	table.rows = palloc(sizeof(int) * slots);
	table.mask = slots - 1;
	for (uint64 i = 0; i < slots; i++)
		table.rows[i] = NOBODY;
	return table;
}

/* The slot of a row that is equal, or else the empty one where it belongs. */
static int *
slot_for(const RowTable *table, const RiskSample *s, const double *row)
{
	uint64 i = risk_hash_row(row, s->features) & table->mask;

	while (table->rows[i] != NOBODY &&
		   !same_row(risk_row_const(s, table->rows[i]), row, s->features))
		i = (i + 1) & table->mask;
	return &table->rows[i];
}

void
risk_collapse(RiskSample *s)
{
	RowTable table;
	int kept = 0;

	if (s->distinct == s->rows)
		return;
	table = new_table(s->rows);
	for (int i = 0; i < s->rows; i++)
	{
		const double *row = risk_row_const(s, i);
		int *slot = slot_for(&table, s, row);

		if (i % ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		if (*slot != NOBODY)
			add_count(risk_row(s, *slot), row[0]);
		else
		{
			if (kept != i)
				memcpy(risk_row(s, kept), row, risk_row_bytes(s->features));
			*slot = kept++;
		}
	}
	pfree(table.rows);
	s->rows = kept;
	s->distinct = kept;
}

static int
compare_row_pointers(const void *a, const void *b, void *features)
{
	return risk_compare_rows(*(const double *const *) a, *(const double *const *) b,
							 *(const int *) features);
}

const double **
risk_sorted_rows(const RiskSample *s)
{
	const double **rows = palloc(sizeof(double *) * Max(s->rows, 1));
	int features = s->features;

	for (int i = 0; i < s->rows; i++)
		rows[i] = risk_row_const(s, i);
	qsort_arg(rows, s->rows, sizeof(double *), compare_row_pointers, &features);
	return rows;
}
