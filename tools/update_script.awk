# update_script.awk: what leads from one version of the extension to the next.
#
#   awk -f tools/update_script.awk -v from=0.1.0 -v to=0.2.0 RELEASED.sql [BY_HAND.sql] CURRENT.sql
#
# Compares the install scripts of a released and of the present version, statement by statement, and
# prints the update script:
#
#   a statement that is the same                      is left out
#   a changed function or aggregate                   CREATE OR REPLACE
#   one that PostgreSQL can't replace (other results, names of arguments, a default less), or whose
#     place a new signature takes (one argument more, with a default: calls would be ambiguous)
#                                                     gets another name, is made anew, and is dropped
#                                                     at the end unless a view still uses it
#   a function that is no longer there                stays: someone's view may use it
#   a comment, a right that changed                   is said again
#   a changed type, operator, cast, operator class    an error here: say in BY_HAND.sql, which comes
#                                                     first, what to do (ALTER or DROP that object)

function fail(message) {
	printf "update from %s to %s: %s\n", from, to, message > "/dev/stderr"
	failed = 1
	exit 1
}

# ---- statements ----

# Words outside of quotes: BEGIN ATOMIC ... END holds semicolons that end no statement.
function word_seen(word) {
	word = toupper(word)
	if (word == "ATOMIC" && last_word == "BEGIN")
		depth = 1
	else if (depth && word == "CASE")
		depth++
	else if (depth && word == "END")
		depth--
	last_word = word
}

function take(n) {
	raw = raw substr(rest, 1, n)
	norm = norm substr(rest, 1, n)
	rest = substr(rest, n + 1)
}

# Quoted text up to its end, on this line or a later one.
function take_quoted(    at) {
	at = index(rest, closing)
	if (at) {
		take(at + length(closing) - 1)
		closing = ""
	} else
		take(length(rest))
}

function end_of_statement() {
	gsub(/^ +| +$/, "", norm)
	sub(/^[ \t\n]+/, "", raw)
	statement(norm, raw ";")
	raw = norm = last_word = ""
	depth = 0
}

# What stands outside of quotes: its blanks don't matter, its comments neither.
function take_plain(    token, before) {
	if (!match(rest, /'|"|--|\$[A-Za-z_0-9]*\$|;|[A-Za-z_][A-Za-z_0-9]*|\/\*/)) {
		before = rest
		rest = token = ""
	} else {
		before = substr(rest, 1, RSTART - 1)
		token = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART)
	}
	raw = raw before
	gsub(/[ \t]+/, " ", before)
	if (norm ~ /(^| )$/)
		sub(/^ /, "", before)
	norm = norm before
	if (token == "--") {
		if (norm !~ /^ *$/)
			raw = raw rest
		rest = ""
	} else if (token == "/*")
		fail("comments are written with -- in install scripts")
	else if (token == ";" && !depth) {
		rest = substr(rest, 2)
		end_of_statement()
	} else {
		take(length(token))
		if (token ~ /^[A-Za-z_]/)
			word_seen(token)
		else if (token != ";")
			closing = token
	}
}

# A line that a change of file finds in the midst of a statement would be lost in silence.
FNR == 1 {
	if (norm !~ /^ *$/)
		fail("an unfinished statement: " substr(norm, 1, 60))
	file++
	present = FILENAME == ARGV[ARGC - 1]
	by_hand = file == 2 && !present
	norm = raw = ""
}

/^\\/ && !closing { next }

{
	rest = $0
	do {
		if (closing)
			take_quoted()
		else
			take_plain()
	} while (rest != "")
	raw = raw "\n"
	if (closing)
		norm = norm "\n"
	else if (norm !~ / $/)
		norm = norm " "
	if (by_hand)
		hand_text = hand_text $0 "\n"
}

# ---- what a statement is about ----

# The text up to the parenthesis that closes the one it begins with.
function in_parentheses(text,    i, c, level, quoted) {
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "'")
			quoted = !quoted
		else if (!quoted && c == "(")
			level++
		else if (!quoted && c == ")" && --level == 0)
			return substr(text, 2, i - 2)
	}
	fail("a parenthesis is missing: " substr(text, 1, 60))
}

function plain_type(type) {
	gsub(/^ +| +$/, "", type)
	gsub(/ +/, " ", type)
	sub(/^(pg_catalog|@extschema@)\./, "", type)
	if (type == "timestamp with time zone")
		return "timestamptz"
	if (type == "int")
		return "integer"
	if (type == "float8")
		return "double precision"
	return type
}

# One argument: sets argument_name, argument_type, argument_mode, argument_default.
function parse_argument(text,    space) {
	argument_name = argument_mode = ""
	argument_default = match(text, / DEFAULT | = /) ? 1 : 0
	if (argument_default)
		text = substr(text, 1, RSTART - 1)
	gsub(/^ +| +$/, "", text)
	if (match(text, /^(IN|OUT|INOUT|VARIADIC) /)) {
		argument_mode = substr(text, 1, RLENGTH - 1)
		text = substr(text, RLENGTH + 1)
	}
	space = index(text, " ")
	if (space && text !~ /^(double precision|timestamp with|time with|character varying|bit varying)/) {
		argument_name = substr(text, 1, space - 1)
		text = substr(text, space + 1)
	}
	argument_type = plain_type(text)
}

# A list of arguments: sets types (those that a signature has), names, outputs, defaults; of each
# signature how many arguments it has and how many must be given.
function parse_arguments(text,    i, c, level, quoted, from_here) {
	types = names = outputs = defaults = ""
	argument_count = required = 0
	from_here = 1
	text = text ","
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "'")
			quoted = !quoted
		else if (!quoted && c ~ /[([]/)
			level++
		else if (!quoted && c ~ /[])]/)
			level--
		else if (c == "," && !quoted && !level) {
			if (substr(text, from_here, i - from_here) !~ /^ *$/)
				add_argument(substr(text, from_here, i - from_here))
			from_here = i + 1
		}
	}
}

function add_argument(text) {
	sub(/ ORDER BY /, ", ", text)
	parse_argument(text)
	if (argument_mode == "OUT" || argument_mode == "INOUT")
		outputs = outputs argument_name " " argument_type ","
	if (argument_mode == "OUT")
		return
	types = types (argument_count++ ? ", " : "") argument_type
	names = names argument_name ","
	defaults = defaults argument_default
	if (!argument_default)
		required = argument_count
}

# What CREATE OR REPLACE can't change, in words.
function result_of(text) {
	if (!match(text, / RETURNS /))
		return ""
	text = substr(text, RSTART + RLENGTH)
	if (match(text, / (LANGUAGE|IMMUTABLE|STABLE|VOLATILE|STRICT|PARALLEL|SET|AS|COST|ROWS|SECURITY|RETURN|BEGIN) /))
		text = substr(text, 1, RSTART - 1)
	gsub(/ *\( */, "(", text)
	return plain_type(text)
}

# What an aggregate gives follows from its functions.
function aggregate_result(text,    state, final) {
	state = option(text, "STYPE")
	final = option(text, "FINALFUNC")
	return final == "" ? state : "what " final "(" state ") gives"
}

function option(text, name) {
	if (!match(text, "[(,] *" name " *= *[^,)]*"))
		return ""
	text = substr(text, RSTART, RLENGTH)
	sub(/^[^=]*= */, "", text)
	sub(/ +$/, "", text)
	return text
}

# key_of sets kind and, for routines, the particulars of the signature.
function key_of(text,    head, name, at) {
	kind = "OTHER"
	if (match(text, /^(CREATE|DROP|ALTER) (OR REPLACE )?(FUNCTION|AGGREGATE|PROCEDURE) /)) {
		head = substr(text, 1, RLENGTH)
		kind = head ~ /FUNCTION/ ? "FUNCTION" : head ~ /AGGREGATE/ ? "AGGREGATE" : "PROCEDURE"
		text = substr(text, RLENGTH + 1)
		at = index(text, "(")
		name = substr(text, 1, at - 1)
		sub(/ +$/, "", name)
		routine_name = name
		parse_arguments(in_parentheses(substr(text, at)))
		return "ROUTINE " name "(" types ")"
	}
	if (match(text, /^(CREATE|DROP|ALTER) OPERATOR (CLASS|FAMILY) [a-z_0-9]+/)) {
		kind = "CLASS"
		head = substr(text, 1, RLENGTH)
		sub(/^[A-Z]+ /, "", head)
		return head
	}
	if (match(text, /^(CREATE|DROP|ALTER) OPERATOR [^ (]+ *\(/)) {
		kind = "OPERATOR"
		head = substr(text, 1, RLENGTH - 1)
		sub(/^[A-Z]+ /, "", head)
		sub(/ +$/, "", head)
		if (text ~ /LEFTARG/)
			return head " (" option(text, "LEFTARG") ", " option(text, "RIGHTARG") ")"
		parse_arguments(in_parentheses(substr(text, RLENGTH)))
		return head " (" types ")"
	}
	if (match(text, /^(CREATE|DROP|ALTER) CAST \([^)]*\)/)) {
		kind = "CAST"
		head = substr(text, 1, RLENGTH)
		sub(/^[A-Z]+ /, "", head)
		return head
	}
	if (match(text, /^(CREATE|DROP|ALTER) TYPE [a-z_0-9]+/)) {
		kind = "TYPE"
		head = substr(text, 1, RLENGTH)
		sub(/^[A-Z]+ /, "", head)
		return head (text == "CREATE " head ? " (shell)" : "")
	}
	if (text ~ /^(COMMENT ON|REVOKE|GRANT) /) {
		kind = "SAID"
		return text ~ /^COMMENT/ ? substr(text, 1, index(text, " IS ")) : text
	}
	fail("cannot tell what this statement makes: " substr(text, 1, 60))
}

function statement(text, original,    key) {
	key = key_of(text)
	if (by_hand)
		handled[key] = text ~ /^DROP/ ? "dropped" : "altered"
	else if (present)
		remember_present(key, text, original)
	else
		remember_released(key, text)
}

function remember_released(key, text) {
	if (key in released)
		fail("said twice in the released version: " key)
	released[key] = text
	released_order[++released_count] = key
	if (kind !~ /FUNCTION|AGGREGATE|PROCEDURE/)
		return
	released_kind[key] = kind
	released_shape[key] = shape(text)
	released_defaults[key] = defaults
	released_names[key] = names
	released_name[key] = routine_name
	released_types[key] = types
	released_arguments[key] = argument_count
	released_required[key] = required
}

function remember_present(key, text, original) {
	if (key in now)
		fail("said twice in the present version: " key)
	now[key] = text
	now_text[key] = original
	now_order[++now_count] = key
	now_kind[key] = kind
	if (kind !~ /FUNCTION|AGGREGATE|PROCEDURE/)
		return
	now_shape[key] = shape(text)
	now_defaults[key] = defaults
	now_names[key] = names
	now_types[key] = types
	now_required[key] = required
	now_arguments[key] = argument_count
	overloads[routine_name] = overloads[routine_name] SUBSEP key
}

function shape(text) {
	return kind " " outputs " " (kind == "AGGREGATE" ? aggregate_result(text) : result_of(text))
}

# ---- what to do about it ----

# CREATE OR REPLACE keeps kind, results, names and the presence of defaults.
function replaceable(key,    i, n, before, after) {
	if (released_shape[key] != now_shape[key])
		return 0
	n = split(released_names[key], before, ",")
	split(now_names[key], after, ",")
	for (i = 1; i < n; i++)
		if (before[i] != "" && before[i] != after[i])
			return 0
	for (i = 1; i <= length(released_defaults[key]); i++)
		if (substr(released_defaults[key], i, 1) > substr(now_defaults[key], i, 1))
			return 0
	return 1
}

# Would a call that fits the old signature fit this new one as well, with nothing to choose by?
function ambiguous(old, new,    i, n, least, before, after) {
	least = released_required[old] > now_required[new] ? released_required[old] : now_required[new]
	n = released_arguments[old] < now_arguments[new] ? released_arguments[old] : now_arguments[new]
	if (least > n)
		return 0
	split(released_types[old], before, ", ")
	split(now_types[new], after, ", ")
	for (i = 1; i <= least; i++)
		if (before[i] != after[i])
			return 0
	return 1
}

function takes_its_place(old,    n, i, keys) {
	n = split(overloads[released_name[old]], keys, SUBSEP)
	for (i = 2; i <= n; i++)
		if (!(keys[i] in released) && ambiguous(old, keys[i]))
			return 1
	return 0
}

function set_aside(key,    name) {
	name = released_name[key] "_" from
	gsub(/\./, "_", name)
	aside[++aside_count] = key
	aside_name[released_name[key]] = name
	printf "ALTER ROUTINE %s(%s) RENAME TO %s;\n", released_name[key], released_types[key], name
	aside_list = aside_list (aside_count > 1 ? ",\n    " : "") "'" name "(" released_types[key] ")'"
	made_anew[key] = 1
}

# Whatever names a routine that was set aside must be bound to the new one.
function names_what_is_aside(text,    name) {
	for (name in aside_name)
		if (text ~ "(^|[^a-z_0-9])" name "([^a-z_0-9]|$)")
			return 1
	return 0
}

function release_all(    i, key) {
	for (i = 1; i <= released_count; i++) {
		key = released_order[i]
		if (handled[key] == "dropped")
			delete released[key]
		else if (!(key in released_shape))
			continue
		else if (key in now) {
			if (released[key] != now[key] && !replaceable(key))
				set_aside(key)
		} else if (takes_its_place(key))
			set_aside(key)
		else
			printf "-- stays: %s\n", substr(key, 9)
	}
}

function say(key,    text) {
	text = now_text[key]
	if (!(key in released) || key in made_anew) {
		print text "\n"
	} else if (now_kind[key] == "SAID") {
		if (released[key] != now[key] || names_what_is_aside(now[key]))
			print text "\n"
	} else if (now_kind[key] ~ /FUNCTION|AGGREGATE|PROCEDURE/) {
		if (released[key] != now[key] || names_what_is_aside(now[key])) {
			sub(/^CREATE /, "CREATE OR REPLACE ", text)
			print text "\n"
		}
	} else if (handled[key] == "altered")
		return
	else if (released[key] != now[key] || names_what_is_aside(now[key]))
		fail("the update cannot change by itself: " key "\n  say how in releases/by_hand--" from "--" to ".sql: an ALTER of it, or a DROP (and CREATE follows from the install script)")
}

function drop_what_is_aside() {
	printf "-- What was set aside goes, unless something still uses it.\n"
	printf "DO $update$\nDECLARE\n  aside regprocedure;\n  used_by text;\nBEGIN\n"
	printf "  FOREACH aside IN ARRAY ARRAY[\n    %s]::regprocedure[]\n  LOOP\n", aside_list
	printf "    SELECT string_agg(DISTINCT pg_describe_object(coalesce(r.classid, d.classid), coalesce(r.objid, d.objid), coalesce(r.objsubid, d.objsubid)), ', ')\n"
	printf "      INTO used_by\n      FROM pg_depend d\n"
	printf "      LEFT JOIN LATERAL (SELECT 'pg_class'::regclass AS classid, w.ev_class AS objid, 0 AS objsubid FROM pg_rewrite w\n"
	printf "                          WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid) r ON true\n"
	printf "     WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = aside AND d.deptype IN ('n', 'a');\n"
	printf "    IF used_by IS NULL THEN\n      EXECUTE 'DROP ROUTINE ' || aside;\n    ELSE\n"
	printf "      RAISE WARNING 'the %s form of a function is still used, and kept as %%', aside\n", from
	printf "        USING DETAIL = format('It is used by %%s.', used_by),\n"
	printf "              HINT = 'Make that anew with the present form before the next dump: the kept one is not part of a new installation. ledger_upgrade() does it for the views of a ledger.';\n"
	printf "    END IF;\n  END LOOP;\nEND $update$;\n"
}

END {
	if (failed)
		exit 1
	if (norm !~ /^ *$/ || closing)
		fail("an unfinished statement: " substr(norm, 1, 60))
	printf "\\echo Use \"ALTER EXTENSION customer_lifecycle UPDATE TO '%s'\" to load this file. \\quit\n\n", to
	printf "%s", hand_text
	release_all()
	for (i = 1; i <= now_count; i++)
		say(now_order[i])
	if (aside_count)
		drop_what_is_aside()
}
