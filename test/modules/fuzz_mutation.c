/*
 * fuzz_mutation.c: see fuzz_mutation.h.
 */
#include "fuzz_mutation.h"

uint32
random_below(Mutator *m, uint32 limit)
{
	return limit == 0 ? 0 : pg_prng_uint64(&m->random) % limit;
}

static void
replace_range(StringInfo s, int at, int removed, const char *bytes, int added)
{
	StringInfoData result;

	initStringInfo(&result);
	appendBinaryStringInfo(&result, s->data, at);
	appendBinaryStringInfo(&result, bytes, added);
	appendBinaryStringInfo(&result, s->data + at + removed, s->len - at - removed);
	*s = result;
}

/* Words at which parsers and arithmetic stumble. */
static void
random_word(Mutator *m, StringInfo word)
{
	static const char *const words[] = {"0",
										"-1",
										"1",
										"-0",
										"101",
										"32767",
										"32768",
										"-32769",
										"2147483647",
										"2147483648",
										"-2147483649",
										"9223372036854775807",
										"9223372036854775808",
										"-9223372036854775808",
										"99999999999999999999999",
										"1e308",
										"-1e308",
										"1e309",
										"1e-320",
										"1e131071",
										"0.1",
										"1.5",
										"5.0",
										"null",
										"true",
										"\"NaN\"",
										"\"Infinity\"",
										"\"-Infinity\"",
										"NaN",
										"infinity",
										"\"\"",
										"[]",
										"[1]",
										"[[]]",
										"{}",
										"{\"a\":1}",
										"\"2024-01-01\"",
										"\"2024-01-01 00:00:00+00\"",
										"\"294276-12-31 23:59:59+00\"",
										"\"4714-11-24 00:00:00+00 BC\"",
										"\"\\u0000\"",
										"\"\\ud800\"",
										"\xc3\xa9",
										","};

	appendStringInfoString(word, words[random_below(m, lengthof(words))]);
}

static void
random_integer(Mutator *m, StringInfo bytes)
{
	static const uint64 values[] = {0,
									1,
									2,
									100,
									101,
									102,
									0x7f,
									0x80,
									0xff,
									0x7fff,
									0x8000,
									0xffff,
									0x7fffffff,
									0x80000000,
									0xffffffff,
									0x7fffffffffffffff,
									0x8000000000000000,
									0xffffffffffffffff,
									0x7ff0000000000000, /* as doubles: infinities, NaNs, tiny */
									0xfff0000000000000,
									0x7ff8000000000000,
									0x7ff0000000000001,
									0x7fefffffffffffff,
									0x3ff0000000000000,
									0x0000000000000001};
	uint64 value = values[random_below(m, lengthof(values))];
	int width = 1 << random_below(m, 4);

	for (int i = width - 1; i >= 0; i--)
		appendStringInfoChar(bytes, (char) (value >> (8 * i)));
}

/* The run of digits, signs and the like, or of letters, at a place in a text. */
static int
word_length(const StringInfoData *s, int at)
{
	int length = 0;

	while (at + length < s->len && strchr("0123456789.+-eE", s->data[at + length]) != NULL)
		length++;
	return length;
}

/* Something of the form's own kind takes the place of something. */
static void
replace_by_special(Mutator *m, Form form, StringInfo s)
{
	StringInfoData special;
	int at = random_below(m, s->len + 1);

	initStringInfo(&special);
	if (form == FORM_BINARY)
	{
		random_integer(m, &special);
		replace_range(s, at, Min(special.len, s->len - at), special.data, special.len);
		return;
	}
	random_word(m, &special);
	/* mostly the next number as a whole */
	if (random_below(m, 4) > 0)
		while (at < s->len && word_length(s, at) == 0)
			at++;
	replace_range(s, at, word_length(s, at), special.data, special.len);
}

static char
random_char(Mutator *m, Form form)
{
	static const char frequent[] = "{}[]\":, 0123456789.-+eE\\tn";

	if (form == FORM_BINARY)
		return (char) random_below(m, 256);
	return random_below(m, 2) ? frequent[random_below(m, sizeof(frequent) - 1)]
							  : (char) (1 + random_below(m, 127));
}

void
mutate_once(Mutator *m, Form form, StringInfo s)
{
	const StringInfoData *other = &m->seed[form][random_below(m, m->seeds)];
	int at = random_below(m, s->len + 1);
	int wanted = random_below(m, random_below(m, 4) ? 9 : s->len + 1);
	int length = Min(wanted, s->len - at); /* Min() would draw twice */
	int other_at = random_below(m, other->len + 1);
	char c = random_char(m, form);

	switch (random_below(m, 8))
	{
		case 0: /* a bit flips */
			if (at < s->len)
				s->data[at] ^= 1 << random_below(m, form == FORM_TEXT ? 7 : 8);
			break;
		case 1:
			replace_range(s, at, Min(1, s->len - at), &c, 1);
			break;
		case 2:
			replace_range(s, at, 0, &c, 1);
			break;
		case 3: /* a piece is lost */
			replace_range(s, at, length, "", 0);
			break;
		case 4: /* a piece comes twice */
			replace_range(s, at, 0, s->data + at, length);
			break;
		case 5: /* the end of another seed */
			replace_range(s, at, s->len - at, other->data + other_at, other->len - other_at);
			break;
		default:
			replace_by_special(m, form, s);
	}
}
