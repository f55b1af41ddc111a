/*
 * journey_summary.c: the type journey_summary and its aggregates' state machine.
 *
 * A state keeps touchpoints as they come and names in order of appearance; ordered() makes of it
 * the one form that a set of touchpoints has outside of aggregates.  The bound keeps the latest
 * max_length touchpoints in that order, which is a total one, so it doesn't depend on the order of
 * input either; a state is cut when it holds twice as many.
 */
#include "journey/journey_summary.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "journey/journey_name.h"
#include "journey/touch_text.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

static const char TYPE_NAME[] = "journey_summary";
static const char EXAMPLE[] = "{\"max_length\": 10000, \"cut\": 0, \"touchpoints\": "
							  "[[\"2024-01-31T10:00:00+00:00\", \"visit\", \"email\"], "
							  "[\"2024-02-01T12:30:00+00:00\", \"purchase\"]]}";

/* The first room: with the header 256 bytes. */
#define FIRST_TOUCHES 9
#define FIRST_NAME_BYTES 72
#define MAX_NAME_BYTES (128 * 1024 * 1024)

/* ---- layout ---- */

static inline char *
names_of(const JourneySummary *s)
{
	return (char *) &s->touches[s->capacity];
}

static inline int32
name_capacity(const JourneySummary *s)
{
	return (int32) (VARSIZE(s) - JOURNEY_SUMMARY_HEADER - (Size) s->capacity * sizeof(Touch));
}

static inline int
length_at(const char *at)
{
	uint16 length;

	memcpy(&length, at, sizeof(length));
	return length;
}

static JourneySummary *
new_summary(int32 max_length, int32 capacity, int32 name_bytes)
{
	Size size = JOURNEY_SUMMARY_HEADER + (Size) capacity * sizeof(Touch) + name_bytes;
	JourneySummary *s = palloc0(size); /* room, too: whoever calls support functions sees it */

	SET_VARSIZE(s, size);
	s->version = JOURNEY_SUMMARY_VERSION;
	s->max_length = max_length;
	s->capacity = capacity;
	return s;
}

/* A copy with room for so many touchpoints and bytes of names. */
static JourneySummary *
with_room(const JourneySummary *s, int32 capacity, int32 name_bytes)
{
	JourneySummary *copy = new_summary(s->max_length, capacity, name_bytes);

	copy->names = s->names;
	copy->n = s->n;
	copy->name_bytes = s->name_bytes;
	copy->cut = s->cut;
	memcpy(copy->touches, s->touches, s->n * sizeof(Touch));
	memcpy(names_of(copy), names_of(s), s->name_bytes);
	return copy;
}

static void
read_names(const JourneySummary *s, JourneyName *table)
{
	const char *at = names_of(s);

	for (int i = 0; i < s->names; i++)
	{
		table[i].length = length_at(at);
		table[i].bytes = at + sizeof(uint16);
		at += sizeof(uint16) + table[i].length;
	}
}

static JourneyName *
name_table(const JourneySummary *s)
{
	JourneyName *table = palloc(Max(s->names, 1) * sizeof(JourneyName));

	read_names(s, table);
	return table;
}

/* ---- checks ---- */

static void
check_layout(const JourneySummary *s)
{
	if (VARSIZE(s) < JOURNEY_SUMMARY_HEADER || s->version != JOURNEY_SUMMARY_VERSION || s->n < 0 ||
		s->capacity < s->n || s->max_length < 1 || s->max_length > JOURNEY_MAX_LENGTH ||
		s->cut < 0 || s->name_bytes < 0 ||
		VARSIZE(s) < JOURNEY_SUMMARY_HEADER + (Size) s->capacity * sizeof(Touch) + s->name_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid value of type %s", TYPE_NAME),
				 errhint("The stored value is damaged or was written by a newer version.")));
}

static void
check_max_length(int64 max_length)
{
	if (max_length < 1 || max_length > JOURNEY_MAX_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid max_length of a journey: " INT64_FORMAT, max_length),
				 errdetail("A journey keeps its latest 1 to %d touchpoints.", JOURNEY_MAX_LENGTH)));
}

static void
check_name_length(int length)
{
	if (length > JOURNEY_MAX_NAME_LENGTH)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("name of an event or channel too long: %d bytes", length),
						errdetail("At most %d bytes are allowed.", JOURNEY_MAX_NAME_LENGTH)));
}

static void
too_many_names(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		 errmsg("too many different events and channels in one journey"),
		 errdetail("At most %d names in %d bytes are allowed.", JOURNEY_MAX_NAMES - 1,
				   MAX_NAME_BYTES),
		 errhint("A journey is one customer's, and its events are kinds: leave ids out of them.")));
}

SUMMARY_WRITABLE(writable_summary, JourneySummary, check_layout);

static const JourneySummary *
readable_summary(FunctionCallInfo fcinfo, int i)
{
	const JourneySummary *s = (const JourneySummary *) PG_DETOAST_DATUM(PG_GETARG_DATUM(i));

	check_layout(s);
	return s;
}

/* ---- the ordered form ---- */

int
journey_name_compare(const JourneyName *a, const JourneyName *b)
{
	int order = memcmp(a->bytes, b->bytes, Min(a->length, b->length));

	return order != 0 ? order : a->length - b->length;
}

#define ST_SORT sort_touches
#define ST_ELEMENT_TYPE Touch
#define ST_COMPARE(a, b) touch_compare(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS

/* No channel sorts first, as an empty name would. */
static inline int
touch_compare(const Touch *a, const Touch *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->event != b->event)
		return a->event < b->event ? -1 : 1;
	return (int) (uint16) (a->channel + 1) - (int) (uint16) (b->channel + 1);
}

#include "lib/sort_template.h"

#define ST_SORT sort_ranks
#define ST_ELEMENT_TYPE uint16
#define ST_COMPARE_ARG_TYPE const JourneyName
#define ST_COMPARE(a, b, table) journey_name_compare(&(table)[*(a)], &(table)[*(b)])
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static void
sort_if_needed(Touch *touches, int32 n)
{
	for (int32 i = 1; i < n; i++)
		if (touch_compare(&touches[i - 1], &touches[i]) > 0)
		{
			sort_touches(touches, n);
			return;
		}
}

/* Most journeys have so few names that ordering them needs no memory from elsewhere. */
#define FEW_NAMES 32

/* The names of a journey in order. */
typedef struct NameOrder
{
	int n;		 /* names in use */
	int32 bytes; /* that they take */
	JourneyName *table;
	uint16 *order; /* code of the first, the second, ... */
	uint16 *rank;  /* by code, of those in use */
	bool *used;	   /* by code */
	JourneyName few_names[FEW_NAMES];
	uint16 few_orders[FEW_NAMES];
	uint16 few_ranks[FEW_NAMES];
	bool few_used[FEW_NAMES];
} NameOrder;

static void
begin_name_order(NameOrder *o, int names)
{
	bool few = names <= FEW_NAMES;

	o->table = few ? o->few_names : palloc(names * sizeof(JourneyName));
	o->order = few ? o->few_orders : palloc(names * sizeof(uint16));
	o->rank = few ? o->few_ranks : palloc(names * sizeof(uint16));
	o->used = few ? o->few_used : palloc(names * sizeof(bool));
}

static void
end_name_order(NameOrder *o)
{
	if (o->table == o->few_names)
		return;
	pfree(o->table);
	pfree(o->order);
	pfree(o->rank);
	pfree(o->used);
}

/* Names come with touchpoints, so all are in use unless touchpoints were cut. */
static void
find_used_names(const JourneySummary *s, bool *used)
{
	memset(used, s->cut == 0, s->names);
	for (int32 i = 0; i < s->n && s->cut != 0; i++)
	{
		used[s->touches[i].event] = true;
		if (s->touches[i].channel != TOUCH_NO_CHANNEL)
			used[s->touches[i].channel] = true;
	}
}

/* Give each name in use its rank among the sorted ones. */
static void
order_names(const JourneySummary *s, NameOrder *o)
{
	begin_name_order(o, s->names);
	read_names(s, o->table);
	find_used_names(s, o->used);
	o->n = 0;
	o->bytes = 0;
	for (int i = 0; i < s->names; i++)
		if (o->used[i])
		{
			o->order[o->n++] = i;
			o->bytes += sizeof(uint16) + o->table[i].length;
		}
	sort_ranks(o->order, o->n, o->table);
	for (int i = 0; i < o->n; i++)
		o->rank[o->order[i]] = i;
}

static void
put_names(JourneySummary *s, const NameOrder *o)
{
	char *at = names_of(s);

	for (int i = 0; i < o->n; i++)
	{
		const JourneyName *name = &o->table[o->order[i]];
		uint16 length = name->length;

		memcpy(at, &length, sizeof(length));
		memcpy(at + sizeof(length), name->bytes, name->length);
		at += sizeof(length) + name->length;
	}
	s->names = o->n;
	s->name_bytes = at - names_of(s);
}

/* A copy with names ranked and touchpoints sorted, of any length. */
static JourneySummary *
sorted(const JourneySummary *s)
{
	NameOrder names;
	JourneySummary *copy;

	order_names(s, &names);
	copy = new_summary(s->max_length, s->n, names.bytes);
	for (int32 i = 0; i < s->n; i++)
	{
		copy->touches[i] = s->touches[i];
		copy->touches[i].event = names.rank[s->touches[i].event];
		if (s->touches[i].channel != TOUCH_NO_CHANNEL)
			copy->touches[i].channel = names.rank[s->touches[i].channel];
	}
	copy->n = s->n;
	copy->cut = s->cut;
	put_names(copy, &names);
	sort_if_needed(copy->touches, copy->n);
	end_name_order(&names);
	return copy;
}

/* The form of a value outside of aggregates. */
static JourneySummary *
ordered(const JourneySummary *s)
{
	JourneySummary *copy = sorted(s);

	if (copy->n > copy->max_length)
	{
		int32 excess = copy->n - copy->max_length;

		/* the names of touchpoints that go may go, too */
		memmove(copy->touches, copy->touches + excess, copy->max_length * sizeof(Touch));
		copy->n = copy->max_length;
		if (pg_add_s64_overflow(copy->cut, excess, &copy->cut))
			copy->cut = PG_INT64_MAX;
		copy = sorted(copy);
	}
	copy->ordered = true;
	return copy;
}

/* ---- accumulate ---- */

/*
 * Room for more touchpoints or bytes of names.  A state twice as long as the bound is cut when a
 * touchpoint needs room, never when a name does: cutting gives names other codes.
 */
static JourneySummary *
with_room_for(JourneySummary *s, int32 touches, int32 name_bytes)
{
	int64 n = (int64) s->n + touches;
	int64 bytes = (int64) s->name_bytes + name_bytes;

	if (likely(n <= s->capacity && bytes <= name_capacity(s)))
		return s;
	if (touches > 0 && n > 2 * (int64) s->max_length && s->n > s->max_length)
		return with_room_for(ordered(s), touches, name_bytes);
	if (bytes > MAX_NAME_BYTES)
		too_many_names();
	return with_room(s,
					 n <= s->capacity ? s->capacity : (int32) Max(n, 2 * (int64) s->capacity + 1),
					 bytes <= name_capacity(s) ? name_capacity(s)
											   : (int32) Max(bytes, 2 * (int64) name_capacity(s)));
}

/* Is this the name?  Mostly the ends of names tell. */
static inline bool
is_name_at(const char *at, const JourneyName *name)
{
	if (length_at(at) != name->length)
		return false;
	if (name->length == 0)
		return true;
	at += sizeof(uint16);
	return at[0] == name->bytes[0] && at[name->length - 1] == name->bytes[name->length - 1] &&
		   (name->length <= 2 || memcmp(at, name->bytes, name->length) == 0);
}

/* The code of a name, which is added if it is new; *s may move. */
static int
code_of_name(JourneySummary **s, const JourneyName *name)
{
	const char *at = names_of(*s);
	uint16 length = name->length;

	for (int i = 0; i < (*s)->names; i++)
	{
		if (is_name_at(at, name))
			return i;
		at += sizeof(length) + length_at(at);
	}
	check_name_length(name->length);
	if ((*s)->names == JOURNEY_MAX_NAMES - 1)
		too_many_names();
	*s = with_room_for(*s, 0, sizeof(length) + name->length);
	memcpy(names_of(*s) + (*s)->name_bytes, &length, sizeof(length));
	memcpy(names_of(*s) + (*s)->name_bytes + sizeof(length), name->bytes, name->length);
	(*s)->name_bytes += sizeof(length) + name->length;
	return (*s)->names++;
}

/* One touchpoint more; channel may be NULL.  Returns the summary, which may have moved. */
static JourneySummary *
add_touch(JourneySummary *s, int64 at, const JourneyName *event, const JourneyName *channel)
{
	Touch touch = {at, 0, TOUCH_NO_CHANNEL, 0};

	/* room for the touchpoint first, since that may give names other codes */
	s = with_room_for(s, 1, 0);
	touch.event = code_of_name(&s, event);
	if (channel != NULL)
		touch.channel = code_of_name(&s, channel);
	s->ordered = false;
	s->touches[s->n++] = touch;
	return s;
}

/* The state that a row changes; the first row makes it, and every row must name the same bound. */
static JourneySummary *
state_for_row(FunctionCallInfo fcinfo)
{
	int32 max_length = JOURNEY_DEFAULT_LENGTH;
	JourneySummary *s;

	if (PG_NARGS() > 4)
	{
		if (PG_ARGISNULL(4))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("max_length of a journey must not be null")));
		max_length = PG_GETARG_INT32(4);
		check_max_length(max_length);
	}
	if (PG_ARGISNULL(0))
		return new_summary(max_length, FIRST_TOUCHES, FIRST_NAME_BYTES);
	s = writable_summary(fcinfo, 0);
	if (unlikely(s->max_length != max_length))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("max_length of a journey changes from %d to %d within one aggregate",
							   s->max_length, max_length)));
	return s;
}

static Datum
accumulate(FunctionCallInfo fcinfo, bool is_text)
{
	bool has_channel = PG_NARGS() > 3 && !PG_ARGISNULL(3);
	JourneyName event;
	JourneyName channel;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	event = journey_name_arg(fcinfo, 2, is_text);
	if (has_channel)
		channel = journey_name_arg(fcinfo, 3, is_text);
	PG_RETURN_POINTER(add_touch(state_for_row(fcinfo), PG_GETARG_TIMESTAMPTZ(1), &event,
								has_channel ? &channel : NULL));
}

/*
 * journey_summary_accum(journey_summary, at timestamptz, event [, channel [, max_length integer]])
 * -> journey_summary
 *
 * Rows whose instant or event is NULL are ignored; a NULL channel is none.
 */
PG_FUNCTION_INFO_V1(journey_summary_accum);
Datum
journey_summary_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, true);
}

/* The same for events and channels of any type, which are known by their text. */
PG_FUNCTION_INFO_V1(journey_summary_accum_any);
Datum
journey_summary_accum_any(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, false);
}

/* ---- combine and finish ---- */

static void
check_same_bound(const JourneySummary *a, const JourneySummary *b)
{
	if (a->max_length != b->max_length)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot merge journeys with max_length %d and %d", a->max_length,
							   b->max_length),
						errhint("Build both with the same max_length.")));
}

static JourneySummary *
merge(JourneySummary *a, const JourneySummary *b)
{
	JourneyName *table = name_table(b);

	check_same_bound(a, b);
	for (int32 i = 0; i < b->n; i++)
	{
		const Touch *t = &b->touches[i];

		CHECK_FOR_INTERRUPTS();
		a = add_touch(a, t->at, &table[t->event],
					  t->channel == TOUCH_NO_CHANNEL ? NULL : &table[t->channel]);
	}
	if (pg_add_s64_overflow(a->cut, b->cut, &a->cut))
		a->cut = PG_INT64_MAX;
	pfree(table);
	return a;
}

/* journey_summary_combine(journey_summary, journey_summary): the touchpoints of both. */
PG_FUNCTION_INFO_V1(journey_summary_combine);
Datum
journey_summary_combine(PG_FUNCTION_ARGS)
{
	JourneySummary *a = writable_summary(fcinfo, 0);

	PG_RETURN_POINTER(merge(a, readable_summary(fcinfo, 1)));
}

/* journey_summary_final(journey_summary) -> journey_summary: the ordered form. */
PG_FUNCTION_INFO_V1(journey_summary_final);
Datum
journey_summary_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ordered(readable_summary(fcinfo, 0)));
}

/* journey_summary + journey_summary -> journey_summary: both together. */
PG_FUNCTION_INFO_V1(journey_summary_add);
Datum
journey_summary_add(PG_FUNCTION_ARGS)
{
	JourneySummary *a = (JourneySummary *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	check_layout(a);
	PG_RETURN_POINTER(ordered(merge(a, readable_summary(fcinfo, 1))));
}

/* ---- text and binary ---- */

/*
 * Text input: {"max_length": n, "cut": n, "touchpoints": [[at, event], [at, event, channel], ...]}
 */
PG_FUNCTION_INFO_V1(journey_summary_in);
Datum
journey_summary_in(PG_FUNCTION_ARGS)
{
	SummaryText t = summary_text_open(PG_GETARG_CSTRING(0), TYPE_NAME, EXAMPLE, 3);
	int32 max_length = (int32) summary_text_int64(&t, "max_length", 1, JOURNEY_MAX_LENGTH);
	int64 cut = summary_text_int64(&t, "cut", 0, PG_INT64_MAX);
	Jsonb *touchpoints = summary_text_array(&t, "touchpoints", max_length);
	JourneySummary *s = new_summary(max_length, FIRST_TOUCHES, FIRST_NAME_BYTES);

	for (int i = 0; i < (int) JB_ROOT_COUNT(touchpoints); i++)
	{
		TouchText touch = touch_text_read(&t, "touchpoints", touchpoints, i);

		CHECK_FOR_INTERRUPTS();
		s = add_touch(s, touch.at, &touch.event, touch.has_channel ? &touch.channel : NULL);
	}
	s->cut = cut;
	PG_RETURN_POINTER(ordered(s));
}

PG_FUNCTION_INFO_V1(journey_summary_out);
Datum
journey_summary_out(PG_FUNCTION_ARGS)
{
	Journey j = journey_arg(fcinfo, 0);
	int32 max_length = readable_summary(fcinfo, 0)->max_length;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"max_length\": %d, \"cut\": " INT64_FORMAT ", \"touchpoints\": [",
					 max_length, j.cut);
	for (int i = 0; i < j.n; i++)
	{
		const Touch *t = &j.touches[i];

		if (i > 0)
			appendStringInfoString(&out, ", ");
		touch_text_append(&out, t->at, &j.name[t->event],
						  t->channel == TOUCH_NO_CHANNEL ? NULL : &j.name[t->channel]);
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static JourneyName *
receive_names(StringInfo buf, int names)
{
	JourneyName *table = palloc(Max(names, 1) * sizeof(JourneyName));

	for (int i = 0; i < names; i++)
	{
		int length = pq_getmsgint(buf, 4);

		if (length < 0 || length > buf->len - buf->cursor)
			summary_wire_invalid(TYPE_NAME, "Name %d announces %d bytes.", i + 1, length);
		table[i].bytes = pq_getmsgtext(buf, length, &table[i].length);
	}
	return table;
}

/*
 * Binary: version (1), max_length (4), cut (8), names (2), each length (4) and bytes, touchpoints
 * (4), each at (8), event (2), channel (2).
 */
PG_FUNCTION_INFO_V1(journey_summary_recv);
Datum
journey_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int32 max_length;
	int64 cut;
	int names;
	int32 n;
	JourneyName *table;
	JourneySummary *s;

	summary_wire_version(buf, TYPE_NAME, JOURNEY_SUMMARY_VERSION);
	max_length = (int32) pq_getmsgint(buf, 4);
	cut = pq_getmsgint64(buf);
	check_max_length(max_length);
	if (cut < 0)
		summary_wire_invalid(TYPE_NAME, "It was cut by " INT64_FORMAT " touchpoints.", cut);
	names = pq_getmsgint(buf, 2);
	table = receive_names(buf, names);
	n = (int32) pq_getmsgint(buf, 4);
	if (n < 0 || n > max_length || n > (buf->len - buf->cursor) / 12)
		summary_wire_invalid(TYPE_NAME, "It announces %d touchpoints.", n);
	s = new_summary(max_length, Max(n, 1), FIRST_NAME_BYTES);
	for (int32 i = 0; i < n; i++)
	{
		int64 at = pq_getmsgint64(buf);
		int event = pq_getmsgint(buf, 2);
		int channel = pq_getmsgint(buf, 2);

		CHECK_FOR_INTERRUPTS();
		if (!TIMESTAMP_NOT_FINITE(at) && !IS_VALID_TIMESTAMP(at))
			summary_wire_invalid(TYPE_NAME, "Touchpoint %d is at no timestamp.", i + 1);
		if (event >= names || (channel >= names && channel != TOUCH_NO_CHANNEL))
			summary_wire_invalid(TYPE_NAME, "Touchpoint %d has a name that does not exist.", i + 1);
		s = add_touch(s, at, &table[event], channel == TOUCH_NO_CHANNEL ? NULL : &table[channel]);
	}
	s->cut = cut;
	PG_RETURN_POINTER(ordered(s));
}

/* Length and bytes in the client's encoding, as recv reads them. */
static void
send_name(StringInfo buf, const JourneyName *name)
{
	char *bytes = pg_server_to_client(name->bytes, name->length);
	int length = bytes == name->bytes ? name->length : (int) strlen(bytes);

	pq_sendint32(buf, length);
	pq_sendbytes(buf, bytes, length);
}

PG_FUNCTION_INFO_V1(journey_summary_send);
Datum
journey_summary_send(PG_FUNCTION_ARGS)
{
	Journey j = journey_arg(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, JOURNEY_SUMMARY_VERSION);
	pq_sendint32(&buf, readable_summary(fcinfo, 0)->max_length);
	pq_sendint64(&buf, j.cut);
	pq_sendint16(&buf, j.names);
	for (int i = 0; i < j.names; i++)
		send_name(&buf, &j.name[i]);
	pq_sendint32(&buf, j.n);
	for (int i = 0; i < j.n; i++)
	{
		pq_sendint64(&buf, j.touches[i].at);
		pq_sendint16(&buf, j.touches[i].event);
		pq_sendint16(&buf, j.touches[i].channel);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---- equality ---- */

static const JourneySummary *
ordered_arg(FunctionCallInfo fcinfo, int i)
{
	const JourneySummary *s = readable_summary(fcinfo, i);

	return s->ordered ? s : ordered(s);
}

SUMMARY_EQUAL_BY_BYTES(journey_summary, ordered_arg);

/* ---- what accessors read ---- */

Journey
journey_arg(FunctionCallInfo fcinfo, int i)
{
	const JourneySummary *s = ordered_arg(fcinfo, i);
	Journey j = {s->n, s->touches, s->names, name_table(s), s->cut};

	return j;
}

int
journey_code(const Journey *j, const char *bytes, int length)
{
	JourneyName name = {bytes, length};
	int low = 0;
	int high = j->names;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (journey_name_compare(&j->name[middle], &name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < j->names && journey_name_compare(&j->name[low], &name) == 0 ? low : -1;
}

text *
journey_name_text(const Journey *j, int code)
{
	return cstring_to_text_with_len(j->name[code].bytes, j->name[code].length);
}
