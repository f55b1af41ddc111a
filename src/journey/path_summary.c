/*
 * path_summary.c: the type path_summary and its aggregates' state machine.
 */
#include "journey/path_summary.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "journey/result_rows.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"

static const char TYPE_NAME[] = "path_summary";
static const char EXAMPLE[] = "{\"paths\": [[\"email\", \"social\"], [\"email\"]], "
							  "\"conversions\": [3, 1], \"nulls\": [0, 2]}";

/* The first room: with the header 512 bytes. */
#define FIRST_BYTES (512 - (int32) PATH_SUMMARY_HEADER)
#define MAX_BYTES (512 * 1024 * 1024)

/* The longest path, in bytes of names. */
#define MAX_PATH_BYTES (1024 * 1024)

/* ---- layout ---- */

static inline int32
capacity_of(const PathSummary *s)
{
	return (int32) (VARSIZE(s) - PATH_SUMMARY_HEADER);
}

static PathSummary *
new_summary(int32 capacity)
{
	PathSummary *s = palloc0(PATH_SUMMARY_HEADER +
							 capacity); /* room, too: whoever calls support functions sees it */

	SET_VARSIZE(s, PATH_SUMMARY_HEADER + capacity);
	s->version = PATH_SUMMARY_VERSION;
	return s;
}

static PathCount
record_at(const char *at)
{
	PathCount p;

	memcpy(&p.conversions, at, sizeof(int64));
	memcpy(&p.nulls, at + sizeof(int64), sizeof(int64));
	memcpy(&p.length, at + 2 * sizeof(int64), sizeof(int32));
	p.channels = at + PATH_RECORD_HEADER;
	return p;
}

/* Append a record, for which there is room. */
static void
put_record(PathSummary *s, const PathCount *p)
{
	char *at = s->data + s->used;

	memcpy(at, &p->conversions, sizeof(int64));
	memcpy(at + sizeof(int64), &p->nulls, sizeof(int64));
	memcpy(at + 2 * sizeof(int64), &p->length, sizeof(int32));
	memcpy(at + PATH_RECORD_HEADER, p->channels, p->length);
	s->used += PATH_RECORD_HEADER + p->length;
	s->n++;
}

static PathCount *
records_of(const PathSummary *s)
{
	PathCount *records = palloc_extended(Max(s->n, 1) * sizeof(PathCount), MCXT_ALLOC_HUGE);
	const char *at = s->data;

	for (int32 i = 0; i < s->n; i++)
	{
		records[i] = record_at(at);
		at += PATH_RECORD_HEADER + records[i].length;
	}
	return records;
}

/* ---- checks ---- */

static void
check_layout(const PathSummary *s)
{
	int64 used = 0;
	bool valid = VARSIZE(s) >= PATH_SUMMARY_HEADER && s->version == PATH_SUMMARY_VERSION &&
				 s->n >= 0 && s->used >= 0 && s->used <= capacity_of(s);

	for (int32 i = 0; valid && i < s->n; i++)
	{
		PathCount p;

		valid = used + (int64) PATH_RECORD_HEADER <= s->used;
		if (!valid)
			break;
		p = record_at(s->data + used);
		valid = p.length >= 0 && p.conversions >= 0 && p.nulls >= 0 &&
				used + (int64) PATH_RECORD_HEADER + p.length <= s->used &&
				(p.length == 0 || p.channels[p.length - 1] == '\0');
		used += PATH_RECORD_HEADER + p.length;
	}
	if (!valid || used != s->used)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

SUMMARY_WRITABLE(writable_summary, PathSummary, check_layout);

static const PathSummary *
readable_summary(FunctionCallInfo fcinfo, int i)
{
	const PathSummary *s = (const PathSummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	if (!summary_is_state(fcinfo))
		check_layout(s);
	return s;
}

/* ---- the form outside of aggregates ---- */

static inline int
path_compare(const PathCount *a, const PathCount *b)
{
	int order = memcmp(a->channels, b->channels, Min(a->length, b->length));

	return order != 0 ? order : a->length - b->length;
}

#define ST_SORT sort_paths
#define ST_ELEMENT_TYPE PathCount
#define ST_COMPARE(a, b) path_compare(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

static void
add_count(int64 *to, int64 more)
{
	if (pg_add_s64_overflow(*to, more, to))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many journeys for a path_summary"),
				 errdetail("A path counts at most " INT64_FORMAT " journeys.", PG_INT64_MAX)));
}

/* The records sorted, equal paths together; *n is how many are left. */
static PathCount *
sorted_records(const PathSummary *s, int32 *n)
{
	PathCount *records = records_of(s);
	int32 kept = 0;

	sort_paths(records, s->n);
	for (int32 i = 0; i < s->n; i++)
	{
		if (kept > 0 && path_compare(&records[kept - 1], &records[i]) == 0)
		{
			add_count(&records[kept - 1].conversions, records[i].conversions);
			add_count(&records[kept - 1].nulls, records[i].nulls);
		}
		else
			records[kept++] = records[i];
	}
	*n = kept;
	return records;
}

/* A copy of each path once, with room for so many bytes more. */
static PathSummary *
compacted(const PathSummary *s, int64 room)
{
	int32 n;
	PathCount *records = sorted_records(s, &n);
	int64 bytes = room;
	PathSummary *copy;

	for (int32 i = 0; i < n; i++)
		bytes += PATH_RECORD_HEADER + records[i].length;
	if (bytes > MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different paths: " INT64_FORMAT " bytes", bytes),
				 errdetail("At most %d bytes are allowed.", MAX_BYTES),
				 errhint("Collapse or shorten the paths: journey_path(j, max_steps => 10).")));
	copy = new_summary((int32) bytes);
	for (int32 i = 0; i < n; i++)
		put_record(copy, &records[i]);
	pfree(records);
	return copy;
}

/* ---- accumulate ---- */

static PathSummary *
add_path(PathSummary *s, const PathCount *p)
{
	int64 needed = (int64) PATH_RECORD_HEADER + p->length;

	if (p->conversions == 0 && p->nulls == 0)
		return s; /* nobody took it */
	if (unlikely(s->used + needed > capacity_of(s)))
	{
		s = compacted(s, needed);
		/* half of it is room, or putting equal paths together would come too often */
		if (s->used > capacity_of(s) / 2)
			s = compacted(s, Min(Max(needed, (int64) s->used + FIRST_BYTES), MAX_BYTES - s->used));
	}
	put_record(s, p);
	return s;
}

/* The names of a path, each with a zero byte after it; NULL elements are left out. */
static PathCount
path_of_array(ArrayType *array)
{
	PathCount p = {0};
	Datum *values;
	bool *nulls;
	int n;
	int64 bytes = 0;
	char *at;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
		bytes += nulls[i] ? 0 : VARSIZE_ANY_EXHDR(DatumGetPointer(values[i])) + 1;
	if (bytes > MAX_PATH_BYTES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("path too long: " INT64_FORMAT " bytes", bytes),
						errdetail("At most %d bytes are allowed.", MAX_PATH_BYTES)));
	at = palloc(bytes + 1);
	p.channels = at;
	p.length = (int32) bytes;
	for (int i = 0; i < n; i++)
	{
		int length;

		if (nulls[i])
			continue;
		length = VARSIZE_ANY_EXHDR(DatumGetPointer(values[i]));
		memcpy(at, VARDATA_ANY(DatumGetPointer(values[i])), length);
		at[length] = '\0';
		at += length + 1;
	}
	return p;
}

static int64
count_arg(FunctionCallInfo fcinfo, int i, const char *name)
{
	int64 count = PG_ARGISNULL(i) ? 0 : PG_GETARG_INT64(i);

	if (count < 0)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s must not be negative: " INT64_FORMAT, name, count)));
	return count;
}

static Datum
accumulate(FunctionCallInfo fcinfo, int64 conversions, int64 nulls)
{
	PathSummary *s = PG_ARGISNULL(0) ? new_summary(FIRST_BYTES) : writable_summary(fcinfo, 0);
	PathCount p = path_of_array(PG_GETARG_ARRAYTYPE_P(1));

	p.conversions = conversions;
	p.nulls = nulls;
	PG_RETURN_POINTER(add_path(s, &p));
}

static Datum
unchanged_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * path_summary_accum(path_summary, path text[], conversions bigint, nulls bigint) -> path_summary
 *
 * So many journeys took the path and converted, so many didn't.  NULL paths are ignored, a NULL
 * count is 0.
 */
PG_FUNCTION_INFO_V1(path_summary_accum);
Datum
path_summary_accum(PG_FUNCTION_ARGS)
{
	int64 conversions = count_arg(fcinfo, 2, "conversions");
	int64 nulls = count_arg(fcinfo, 3, "nulls");

	if (PG_ARGISNULL(1) || (conversions == 0 && nulls == 0))
		return unchanged_state(fcinfo);
	return accumulate(fcinfo, conversions, nulls);
}

/* path_summary_accum(path_summary, path text[], converted boolean): one journey. */
PG_FUNCTION_INFO_V1(path_summary_accum_one);
Datum
path_summary_accum_one(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged_state(fcinfo);
	return accumulate(fcinfo, PG_GETARG_BOOL(2), !PG_GETARG_BOOL(2));
}

/* ---- combine and finish ---- */

static PathSummary *
merge(PathSummary *a, const PathSummary *b)
{
	PathCount *records = records_of(b);

	for (int32 i = 0; i < b->n; i++)
		a = add_path(a, &records[i]);
	pfree(records);
	return a;
}

/* path_summary_combine(path_summary, path_summary): the journeys of both. */
PG_FUNCTION_INFO_V1(path_summary_combine);
Datum
path_summary_combine(PG_FUNCTION_ARGS)
{
	PathSummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, readable_summary(fcinfo, 1)));
}

/* path_summary_final(path_summary) -> path_summary: sorted, without room. */
PG_FUNCTION_INFO_V1(path_summary_final);
Datum
path_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(compacted(readable_summary(fcinfo, 0), 0));
}

/* path_summary + path_summary -> path_summary: both together. */
PG_FUNCTION_INFO_V1(path_summary_add);
Datum
path_summary_add(PG_FUNCTION_ARGS)
{
	PathSummary *a = compacted(readable_summary(fcinfo, 0), 0);

	PG_RETURN_POINTER(compacted(merge(a, readable_summary(fcinfo, 1)), 0));
}

/* ---- text and binary ---- */

/*
 * The names in a JSON array of strings, as a path, which is valid until "names" is used again: there
 * are too many paths in a long value for a buffer each.
 */
static PathCount
path_of_json(const SummaryText *t, const Jsonb *paths, int i, StringInfo names)
{
	JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &paths->root, i);
	PathCount p = {0};

	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		summary_text_invalid(t, "Element %d of \"paths\" is not an array.", i + 1);
	resetStringInfo(names);
	for (int k = 0; k < (int) JsonContainerSize(v->val.binary.data); k++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(v->val.binary.data, k);

		if (name->type != jbvString)
			summary_text_invalid(t, "Path %d holds something else than strings.", i + 1);
		appendBinaryStringInfo(names, name->val.string.val, name->val.string.len);
		appendStringInfoChar(names, '\0');
		pfree(name);
	}
	if (names->len > MAX_PATH_BYTES)
		summary_text_invalid(t, "Path %d is longer than %d bytes.", i + 1, MAX_PATH_BYTES);
	pfree(v);
	p.channels = names->data;
	p.length = names->len;
	return p;
}

/* Text input: {"paths": [[channel, ...], ...], "conversions": [n, ...], "nulls": [n, ...]} */
PG_FUNCTION_INFO_V1(path_summary_in);
Datum
path_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 3);
	int max = MAX_BYTES / PATH_RECORD_HEADER;
	Jsonb *paths = summary_text_array(&t, "paths", max);
	Jsonb *conversions = summary_text_array(&t, "conversions", max);
	Jsonb *nulls = summary_text_array(&t, "nulls", max);
	int n = JB_ROOT_COUNT(paths);
	PathSummary *s = new_summary(FIRST_BYTES);
	StringInfoData names;

	initStringInfo(&names);
	if ((int) JB_ROOT_COUNT(conversions) != n || (int) JB_ROOT_COUNT(nulls) != n)
		summary_text_invalid(&t, "\"paths\" has %d elements, \"conversions\" %d, \"nulls\" %d.", n,
							 (int) JB_ROOT_COUNT(conversions), (int) JB_ROOT_COUNT(nulls));
	for (int i = 0; i < n; i++)
	{
		PathCount p = path_of_json(&t, paths, i, &names);

		p.conversions =
			summary_text_element_int64(&t, "conversions", conversions, i, 0, PG_INT64_MAX);
		p.nulls = summary_text_element_int64(&t, "nulls", nulls, i, 0, PG_INT64_MAX);
		s = add_path(s, &p);
	}
	PG_RETURN_POINTER(compacted(s, 0));
}

static void
append_names(StringInfo out, const PathCount *p)
{
	appendStringInfoChar(out, '[');
	for (int32 at = 0; at < p->length; at += strlen(p->channels + at) + 1)
	{
		if (at > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, p->channels + at);
	}
	appendStringInfoChar(out, ']');
}

PG_FUNCTION_INFO_V1(path_summary_out);
Datum
path_summary_out(PG_FUNCTION_ARGS)
{
	int n;
	PathCount *p = path_summary_arg(fcinfo, 0, &n);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"paths\": [");
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoString(&out, ", ");
		append_names(&out, &p[i]);
	}
	appendStringInfoString(&out, "], \"conversions\": [");
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i > 0 ? ", " : "", p[i].conversions);
	appendStringInfoString(&out, "], \"nulls\": [");
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i > 0 ? ", " : "", p[i].nulls);
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/*
 * The channels of a path: how many (4), each length (4) and bytes.  The path is valid until "names" is
 * used again.
 */
static PathCount
receive_path(StringInfo buf, StringInfo names)
{
	int channels = pq_getmsgint(buf, 4);
	PathCount p = {0};

	if (channels < 0 || channels > (buf->len - buf->cursor) / 4)
		summary_wire_invalid(TYPE_NAME, "A path announces %d channels.", channels);
	resetStringInfo(names);
	for (int i = 0; i < channels; i++)
	{
		int length = pq_getmsgint(buf, 4);
		char *name;
		int bytes;

		if (length < 0 || length > buf->len - buf->cursor)
			summary_wire_invalid(TYPE_NAME, "A channel announces %d bytes.", length);
		name = pq_getmsgtext(buf, length, &bytes);
		appendBinaryStringInfo(names, name, bytes + 1);
		pfree(name);
	}
	if (names->len > MAX_PATH_BYTES)
		summary_wire_invalid(TYPE_NAME, "A path has %d bytes.", names->len);
	p.channels = names->data;
	p.length = names->len;
	return p;
}

/* What a path without channels takes in binary: how many channels, and its counts. */
#define MIN_WIRE_PATH (4 + 8 + 8)

/* Binary: version (1), paths (4), each its channels, conversions (8), nulls (8). */
PG_FUNCTION_INFO_V1(path_summary_recv);
Datum
path_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	PathSummary *s = new_summary(FIRST_BYTES);
	StringInfoData names;
	int32 n;

	summary_wire_version(buf, TYPE_NAME, PATH_SUMMARY_VERSION);
	n = (int32) pq_getmsgint(buf, 4);
	if (n < 0 || n > (buf->len - buf->cursor) / MIN_WIRE_PATH)
		summary_wire_invalid(TYPE_NAME, "It announces %d paths.", n);
	initStringInfo(&names);
	for (int32 i = 0; i < n; i++)
	{
		PathCount p = receive_path(buf, &names);

		CHECK_FOR_INTERRUPTS();
		p.conversions = pq_getmsgint64(buf);
		p.nulls = pq_getmsgint64(buf);
		if (p.conversions < 0 || p.nulls < 0)
			summary_wire_invalid(TYPE_NAME, "The counts of path %d are negative.", i + 1);
		s = add_path(s, &p);
	}
	PG_RETURN_POINTER(compacted(s, 0));
}

static int
channels_of(const PathCount *p)
{
	int n = 0;

	for (int32 i = 0; i < p->length; i++)
		n += p->channels[i] == '\0';
	return n;
}

static void
send_path(StringInfo buf, const PathCount *p)
{
	pq_sendint32(buf, channels_of(p));
	for (int32 at = 0; at < p->length; at += strlen(p->channels + at) + 1)
	{
		const char *name = p->channels + at;
		char *bytes = pg_server_to_client(name, strlen(name));

		pq_sendint32(buf, strlen(bytes));
		pq_sendbytes(buf, bytes, strlen(bytes));
	}
	pq_sendint64(buf, p->conversions);
	pq_sendint64(buf, p->nulls);
}

PG_FUNCTION_INFO_V1(path_summary_send);
Datum
path_summary_send(PG_FUNCTION_ARGS)
{
	int n;
	PathCount *p = path_summary_arg(fcinfo, 0, &n);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, PATH_SUMMARY_VERSION);
	pq_sendint32(&buf, n);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		send_path(&buf, &p[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

static const PathSummary *
compacted_arg(FunctionCallInfo fcinfo, int i)
{
	return compacted(readable_summary(fcinfo, i), 0);
}

SUMMARY_EQUAL_BY_BYTES(path_summary, compacted_arg);

/* ---- what accessors read ---- */

PathCount *
path_summary_arg(FunctionCallInfo fcinfo, int i, int *n)
{
	return sorted_records(readable_summary(fcinfo, i), n);
}

static void
all_paths(FunctionCallInfo fcinfo, ResultRows *rows)
{
	int n;
	PathCount *p = path_summary_arg(fcinfo, 0, &n);

	for (int i = 0; i < n; i++)
	{
		Datum *names = palloc((channels_of(&p[i]) + 1) * sizeof(Datum));
		ResultRow *row = result_row(rows);
		int channels = 0;

		for (int32 at = 0; at < p[i].length; at += strlen(p[i].channels + at) + 1)
			names[channels++] = CStringGetTextDatum(p[i].channels + at);
		row->value[0] =
			PointerGetDatum(construct_array(names, channels, TEXTOID, -1, false, TYPALIGN_INT));
		row->value[1] = Int64GetDatum(p[i].conversions);
		row->value[2] = Int64GetDatum(p[i].nulls);
	}
}

/* path_counts(path_summary) -> set of (path text[], conversions bigint, nulls bigint) */
PG_FUNCTION_INFO_V1(path_counts);
Datum
path_counts(PG_FUNCTION_ARGS)
{
	return result_rows_return(fcinfo, all_paths);
}
