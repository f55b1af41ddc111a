# expand.awk: says once in SQL what SQL must say several times.
#
#   @for type c in smallint int2, integer int4     the lines up to @end for each pair, with @type@ and
#   CREATE FUNCTION f(@type@) ... 'f_@c@';         @c@ replaced; a _ in a value stands for a blank
#   @end
#
#   @use summary_type                              the file src/common/summary_type.sql.in, with @name@,
#   name = rating_summary                          @alignment@ ... replaced
#   alignment = int4
#   @end
#
# Each word of the kind @word@ must be known, or expanding fails; @extschema@ is for CREATE EXTENSION.

function fail(message) {
	printf "%s:%d: %s\n", FILENAME, FNR, message > "/dev/stderr"
	failed = 1
	exit 1
}

function put(text,    from, word, rest) {
	while (match(text, /@[a-z_]+@/)) {
		word = substr(text, RSTART + 1, RLENGTH - 2)
		if (!(word in value))
			fail("unknown word @" word "@")
		rest = substr(text, RSTART + RLENGTH)
		printf "%s%s", substr(text, 1, RSTART - 1), value[word]
		text = rest
	}
	print text
}

function forget(    word) {
	for (word in value)
		delete value[word]
	value["extschema"] = "@extschema@"
}

function collect(    n) {
	n = 0
	while ((getline line) > 0 && line != "@end")
		body[++n] = line
	if (line != "@end")
		fail("@end is missing")
	return n
}

/^@for / {
	split($0, halves, " in ")
	words = split(halves[1], names, " ")
	tuples = split(halves[2], tuple, ", *")
	lines = collect()
	for (t = 1; t <= tuples; t++) {
		forget()
		if (split(tuple[t], parts, " ") != words - 1)
			fail("as many values as words are needed in: " tuple[t])
		for (w = 2; w <= words; w++) {
			gsub(/_/, " ", parts[w - 1])
			value[names[w]] = parts[w - 1]
		}
		for (i = 1; i <= lines; i++)
			put(body[i])
	}
	next
}

/^@use / {
	template = "src/common/" $2 ".sql.in"
	lines = collect()
	forget()
	for (i = 1; i <= lines; i++) {
		equals = index(body[i], " = ")
		if (!equals)
			fail("name = value expected: " body[i])
		value[substr(body[i], 1, equals - 1)] = substr(body[i], equals + 3)
	}
	while ((getline line < template) > 0)
		put(line)
	close(template)
	next
}

/^@/ { fail("unknown word: " $0) }
{ print }
