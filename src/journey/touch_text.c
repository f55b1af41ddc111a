/*
 * touch_text.c: a touchpoint in the text form of a journey (see touch_text.h).
 */
#include "journey/touch_text.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

static int64
read_instant(const JourneyName *value)
{
	return DatumGetTimestampTz(
		DirectFunctionCall3(timestamptz_in, CStringGetDatum(pnstrdup(value->bytes, value->length)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

TouchText
touch_text_read(const SummaryText *t, const char *field, const Jsonb *array, int i)
{
	JsonbValue *v = getIthJsonbValueFromContainer((JsonbContainer *) &array->root, i);
	JourneyName part[3];
	TouchText touch;
	int parts;

	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		summary_text_invalid(t, "Element %d of \"%s\" is not an array.", i + 1, field);
	parts = JsonContainerSize(v->val.binary.data);
	if (parts < 2 || parts > 3)
		summary_text_invalid(t, "Element %d of \"%s\" has %d elements instead of 2 or 3.", i + 1,
							 field, parts);
	for (int k = 0; k < parts; k++)
	{
		JsonbValue *string = getIthJsonbValueFromContainer(v->val.binary.data, k);

		if (string->type != jbvString)
			summary_text_invalid(t, "Element %d of \"%s\" holds something else than strings.",
								 i + 1, field);
		part[k].bytes = string->val.string.val;
		part[k].length = string->val.string.len;
	}
	touch.at = read_instant(&part[0]);
	touch.event = part[1];
	touch.has_channel = parts == 3;
	if (touch.has_channel)
		touch.channel = part[2];
	return touch;
}

static void
append_name(StringInfo out, const JourneyName *name)
{
	escape_json(out, pnstrdup(name->bytes, name->length));
}

void
touch_text_append(StringInfo out, int64 at, const JourneyName *event, const JourneyName *channel)
{
	static const int utc = 0;
	char instant[MAXDATELEN + 1];

	JsonEncodeDateTime(instant, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc);
	appendStringInfo(out, "[\"%s\", ", instant);
	append_name(out, event);
	if (channel != NULL)
	{
		appendStringInfoString(out, ", ");
		append_name(out, channel);
	}
	appendStringInfoChar(out, ']');
}
