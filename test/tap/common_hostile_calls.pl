# Every function of the extension that SQL can call, called with what nobody means: NULL in each
# position, the extremes of each type, summaries of every size. The catalogue says what there is,
# so a new function is called without being named here, and a new type fails the test until it has
# values. No call may crash the server, fail with an internal error (class XX), leak (a warning) or
# go on after the statement timeout; aggregates over sliding frames must say what they say over the same
# rows on their own. HOSTILE_CALLS=n makes n random calls of each function instead of 8; HOSTILE_VERSION=version
# calls what the SQL of that release declares, in the present library.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $DATABASE = 'common_hostile_calls';
my $ATTEMPTS = 24;
my $RANDOM_CALLS = $ENV{HOSTILE_CALLS} || 8;
my $VERSION = $ENV{HOSTILE_VERSION} ? "VERSION '$ENV{HOSTILE_VERSION}'" : '';
my $TIMEOUT_MS = 2000;
my $LEDGER_TIMEOUT_MS = 5 * $TIMEOUT_MS;
# A call that a timeout ends takes longer than that on a busy machine, but not this long.
my $STUCK_MS = 10 * $TIMEOUT_MS;
my $dir = tempdir(CLEANUP => 1);

END { my $status = $?; system("dropdb --if-exists $DATABASE 2>/dev/null"); $? = $status }

# Deterministic: the same calls in each run, in any Perl.
my $state = 20240101;
sub pick
{
	my ($list) = @_;
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return $list->[int($state / 65536) % @$list];
}

# ---- values: for each type SQL expressions, ordinary ones first ----

my @TEXTS = (
	map({ "'$_'" } qw(month day week quarter year UTC Europe/Berlin default hubspot aarrr average start
		  wilson newcombe logit log plain efron breslow bg_nbd pareto_nbd mbg_nbd bg_bb sbg gamma_gamma
		  purchases spend strict_order strict_increase any_order event channel first last linear
		  time_decay u_shaped position_based n_day unbounded rolling bounded greenwood green nearest
		  linear_interpolation simple weighted geometric min harmonic a b visit purchase)),
	"'visit .* purchase'", "''", "' '", "repeat('x', 100000)", "repeat('(', 20000)", "repeat('a.*', 2000)",
	"'%s%n%d%1\$s'", "''''", '\'"\'', "'\\'", "U&'\\00e9\\4e2d\\+01F600'", "'NaN'", "'{}'", "'[]'", "'null'",
	"'a' || chr(10) || 'b'", "'../../../etc/passwd'", "'EST5EDT,M3.2.0,M11.1.0'", "'+99:99'", "'infinity'");
my @FLOATS = qw(1 0.5 0 -1 10 0.05 NaN Infinity -Infinity 1e308 -1e308 -0 5e-324 1e-300 1e15 9007199254740993 2147483648 0.9999999999999999);
my @NUMERICS = ('1', '9.99', '0', '-1', 'NaN', 'Infinity', '-Infinity', '1e1000', '-1e1000', '1e-1000', '0.00',
	'9223372036854775808', '-0.00000000000000000001', '5.0000', '99999999999999.9999');
my @INSTANTS = ('2024-01-15 12:00Z', '2024-03-31 01:30Z', '2024-01-01Z', 'infinity', '-infinity', '4713-01-01 00:00Z BC',
	'294276-12-31 23:59:59.999999Z', '1970-01-01Z', '2000-01-01Z', '2024-01-15 12:00:00.000001Z', '9999-12-31Z');
my @DATES = ('2024-01-15', '2024-01-01', '2024-02-29', 'infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '294277-01-01',
	'1970-01-01', '2024-12-31');
my @INTERVALS = ('1 day', '30 minutes', '1 month', '0', '-1 day', '178000000 years', '-178000000 years', '1 mon -30 days',
	'2147483647 days', '-2147483648 days', '2562047788 hours', '1 microsecond', '7 days', '1 year', '0.5 seconds');
my $HUGE_FLOATS = "array_fill(1::float8, ARRAY[3000])";

sub quoted { my ($type, @values) = @_; return [map { "'$_'::$type" } @values] }
# The shapes that an array can have, of two of its elements.
sub shapes
{
	my ($type, $a, $b, @more) = @_;
	return [
		"ARRAY[$a, $b]::${type}[]", "ARRAY[$a]::${type}[]", "ARRAY[$b, $a, $b]::${type}[]", "'{}'::${type}[]",
		"ARRAY[NULL]::${type}[]", "ARRAY[$a, NULL, $b]::${type}[]", "ARRAY[[$a, $b], [$b, $a]]::${type}[]",
		"array_fill($a, ARRAY[2], ARRAY[-7])", "array_fill($a, ARRAY[2], ARRAY[2147483645])",
		"array_fill($a, ARRAY[40])", "array_fill($a, ARRAY[1, 1, 1])", "array_fill($b, ARRAY[1600])", @more];
}
sub ranges
{
	my ($range, $subtype, @bounds) = @_;
	my ($a, $b, $c, $d) = map { "'$_'::$subtype" } @bounds;
	return [
		"$range($a, $b)", "$range($b, $c)", "$range($a, $b, '[]')", "$range($a, $b, '()')", "'empty'::$range", "$range(NULL, NULL)",
		"$range($a, NULL)", "$range(NULL, $b)", "$range('-infinity', 'infinity', '[]')", "$range($d, 'infinity')", "$range($a, $a, '[]')"];
}
sub multiranges
{
	my ($range, $list) = @_;
	(my $multirange = $range) =~ s/range$/multirange/;
	return ["$multirange($list->[0], $list->[1])", "'{}'::$multirange", map { "$multirange($_)" } @$list];
}

my %values = (
	'boolean' => ['true', 'false'],
	'smallint' => quoted('smallint', 9, 3, 0, -1, 32767, -32768, 10, 5),
	'integer' => quoted('integer', 3, 10, 0, -1, 2147483647, -2147483648, 1, 7, 5, 65536, 2147483646),
	'bigint' => quoted('bigint', 3, 10, 0, -1, '9223372036854775807', '-9223372036854775808', 1, 4294967296, '9223372036854775806'),
	'double precision' => quoted('float8', @FLOATS),
	'numeric' => [@{quoted('numeric', @NUMERICS)}, "('1' || repeat('0', 131000))::numeric", "('0.' || repeat('0', 16000) || '1')::numeric"],
	'text' => \@TEXTS,
	'cstring' => [map { "($_)::cstring" } @TEXTS, "'{\"a\": 1}'", "repeat('[', 100000)"],
	'bytea' => ["merge_episodes_accum(NULL, '2024-01-01Z'::timestamptz, '2024-02-01Z'::timestamptz)", "merge_episodes_accum(NULL, '2024-01-01'::date, '2024-02-01'::date)",
		"'\\x'::bytea", "'\\x00'::bytea", map({ "decode(repeat('00', $_), 'hex')" } 4, 8, 15, 16, 24, 32, 40),
		map({ "decode(repeat('ff', $_), 'hex')" } 8, 16, 24, 32, 64, 4096), "'\\x0100000001000000'::bytea",
		"decode(repeat('0100000000000000', 12), 'hex')"],
	'jsonb' => quoted('jsonb', '{}', '[]', 'null', '1', '[{"a": 1}]', '{"champions": [[5, 5, 5]]}', '{"555": "best"}', '[["x", 1, 2, 3]]',
		'[{"segment": "x", "recency": [1, 5], "frequency": [1, 5], "monetary": [1, 5]}]', '[1e400]'),
	'timestamp with time zone' => quoted('timestamptz', @INSTANTS),
	'date' => quoted('date', @DATES),
	'interval' => quoted('interval', @INTERVALS),
	'lifecycle_stage' => quoted('lifecycle_stage', qw(awareness conversion retention churned advocacy)),
	'cls_pillar' => ['(enum_range(NULL::cls_pillar))[1]', '(enum_range(NULL::cls_pillar))[2]', '(enum_range(NULL::cls_pillar))[5]'],
	'uuid' => quoted('uuid', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
	'regtype' => quoted('regtype', 'bigint', 'text', 'uuid', 'pg_class', 'anyelement', 'internal', 0, 4294967295),
	'regclass' => quoted('regclass', 'orders', 'crm.touchpoint', 'crm.customer_360', 'pg_class', 'crm.customer_pkey', 0, 4294967295),
	'regrole' => quoted('regrole', 'pg_read_all_stats', 0, 4294967295),
);
$values{tstzrange} = ranges('tstzrange', 'timestamptz', '2024-01-01Z', '2024-02-01Z', '2024-03-01Z', '294276-12-31Z');
$values{daterange} = ranges('daterange', 'date', '2024-01-01', '2024-02-01', '2024-03-01', '5874897-12-30');
$values{"${_}multirange"} = multiranges("${_}range", $values{"${_}range"}) for qw(tstz date);
my %elements = (
	'double precision' => ['1::float8', '2.5::float8', $HUGE_FLOATS, "'{NaN,Infinity}'::float8[]", "'{1e308,-1e308,1e-308}'::float8[]",
		"'{0.3,2,0.7,3}'::float8[]", "'{1,2,3,4}'::float8[]", "'{1e-300,1e-300,1e-300,1e-300}'::float8[]"],
	'text' => ["'visit'::text", "'purchase'::text", "'{a,b,c}'::text[]", "'{a,\"\",a}'::text[]", "ARRAY[repeat('y', 70000)]"],
	'boolean' => ['true', 'false'],
	'integer' => ['1', '2'],
	'numeric' => ['1.5', '2.5'],
	'interval' => ["interval '1 day'", "interval '-178000000 years'"],
	'bigint' => ['1::bigint', '9223372036854775807'],
	'timestamp with time zone' => ["timestamptz '2024-01-15 12:00Z'", "timestamptz 'infinity'", "ARRAY[timestamptz '-infinity', '294276-12-31Z']"],
	'regtype' => ["'bigint'::regtype", "'text'::regtype"],
);
$values{"${_}[]"} = shapes($_, @{$elements{$_}}) for keys %elements;

# What stands for the polymorphic types of one call.
my @POLYMORPHIC = ('text', 'integer', 'double precision', 'numeric', 'lifecycle_stage', 'cls_pillar', 'timestamp with time zone', 'date', 'text[]');

# Summaries: built by their own aggregates, and the far ends of what their text can say.
my $RATINGS = "generate_series(1, 60) i";
my %summaries = (
	rating_summary => [
		"SELECT rating_agg((i * 7 % 11)::int) FROM $RATINGS", "SELECT rating_agg(i % 5 + 1, 1, 5) FROM $RATINGS", "SELECT rating_agg(0)",
		map { "SELECT '$_'::rating_summary" } '{"scale": [0, 10], "counts": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9223372036854775807]}',
		'{"scale": [-3, -2], "counts": [9223372036854775806, 1]}', '{"scale": [1, 7], "counts": [0, 0, 0, 0, 0, 0, 0]}'],
	stage_timeline => [
		"SELECT stage_agg((enum_range(NULL::lifecycle_stage))[1 + i % 8], timestamptz '2023-01-01Z' + i * interval '1 month') FROM $RATINGS",
		"SELECT stage_agg('awareness', '2024-01-01Z')", "SELECT '{\"changes\": []}'::stage_timeline",
		"SELECT '{\"changes\": [[\"4714-11-24T00:00:00Z BC\", \"retention\"], [\"294276-12-31T23:59:59.999999Z\", \"churned\"]]}'::stage_timeline"],
	churn_summary => [
		"SELECT churn_agg(timestamptz '2023-12-01Z' + i * interval '1 day', CASE WHEN i % 3 = 0 THEN timestamptz '2024-01-05Z' + i * interval '1 day' END, tstzrange('2024-01-01Z', '2024-02-01Z')) FROM $RATINGS",
		"SELECT churn_agg('-infinity'::date, 'infinity'::date, daterange('4713-01-02 BC', '294276-12-30'))",
		"SELECT '{\"period_start\": \"2026-01-01\", \"period_end\": \"2026-02-01\", \"at_start\": 0, \"new\": 0, \"returned\": 0, \"lost\": 0, \"at_end\": 0, \"retained\": 0}'::churn_summary",
		"SELECT '{\"period_start\": \"2026-01-01\", \"period_end\": \"2026-02-01\", \"at_start\": 4611686018427387903, \"new\": 0, \"returned\": 0, \"lost\": 0, \"at_end\": 4611686018427387903, \"retained\": 4611686018427387903}'::churn_summary"],
	revenue_summary => [
		"SELECT revenue_agg(i % 4 * 10.5, i % 5 * 9.25, i % 3 = 0) FROM $RATINGS", "SELECT revenue_agg(0, 0, false)", "SELECT revenue_agg(1e20, 1e-15, true)",
		"SELECT revenue_agg(1e60, 1, true)"],
	survival_curve => [
		"SELECT survival_agg(i % 17, i % 3 > 0) FROM $RATINGS", "SELECT survival_agg(i * interval '11 days', i % 3 > 0, NULL, i::float8) FROM $RATINGS",
		map { "SELECT '$_'::survival_curve" } '{"unit": "day", "durations": [], "events": [], "censored": [], "entered": []}',
		'{"unit": "number", "durations": [0, 1e-300, 1e300], "events": [0.1, 1e15, 0.3], "censored": [0, 0, 7], "entered": [0, 0.3, 0]}'],
	cox_sample => [
		"SELECT cox_agg(i % 13 + 1::float8, i % 3 > 0, ARRAY[i % 2, sqrt(i)]) FROM $RATINGS", "SELECT cox_agg(1, true, ARRAY[1e150], 0, 1e15)",
		"SELECT cox_agg(i::float8, true, ARRAY[i]) FROM $RATINGS", "SELECT cox_agg(1, false, '{0}')"],
	cox_model => [
		"SELECT cox_fit(cox_agg(i % 13 + 1::float8, i % 3 > 0, ARRAY[i % 2, sqrt(i)])) FROM $RATINGS", "SELECT cox_fit(cox_agg(i::float8, true, ARRAY[i])) FROM $RATINGS",
		"SELECT '{\"ties\": \"breslow\", \"status\": \"monotone\", \"iterations\": 30, \"customers\": 20, \"events\": 20, \"log_likelihood_null\": -42.3, \"log_likelihood\": -30.2, \"concordance\": \"NaN\", \"names\": [\"x\", \"y\"], \"coefficients\": [1e300, \"NaN\"], \"covariances\": [\"NaN\", \"NaN\", \"NaN\", 1]}'::cox_model"],
	purchase_summary => [
		"SELECT observe(purchase_agg(timestamptz '2023-01-01Z' + i * interval '17 days', i * 1.5), '2024-06-01Z') FROM generate_series(1, 9) i",
		"SELECT observe(purchase_agg('2024-01-01Z'), '2024-01-01Z')",
		"SELECT purchase_agg(timestamptz '2023-01-01Z' + i * interval '17 days', i * 1.5) FROM generate_series(1, 9) i", "SELECT purchase_agg('2024-01-01Z')",
		"SELECT purchase_agg('2024-01-01Z', -5)", "SELECT purchase_agg('4713-01-01Z BC', 1e30)", "SELECT purchase_agg(timestamptz '2023-01-01Z' + i * interval '1 hour', 1, '15 minutes', 'Europe/Berlin') FROM $RATINGS",
		"SELECT make_purchase_summary(2, '213 days', '272 days', 35.17)", "SELECT make_purchase_summary(0, '0', '0')", "SELECT make_purchase_summary(2147483646, '100000 days', '100001 days', 1e20)"],
	clv_sample => [
		"SELECT clv_agg(make_purchase_summary(i % 4, CASE WHEN i % 4 = 0 THEN interval '0' ELSE i % 9 * interval '20 days' END, '270 days', CASE WHEN i % 4 > 0 THEN i END)) FROM $RATINGS",
		"SELECT clv_agg(make_purchase_summary(0, '0', '0'))", "SELECT clv_agg(make_purchase_summary(0, '0', '1 day'), 9007199254740991)",
		"SELECT sbg_agg(i, 1000 / i) FROM generate_series(1, 8) i", "SELECT sbg_agg(1, 5)"],
	clv_model => [
		"SELECT clv_fit(clv_agg(make_purchase_summary(i % 4, CASE WHEN i % 4 = 0 THEN interval '0' ELSE i % 9 * interval '20 days' END, '270 days', CASE WHEN i % 4 > 0 THEN i END))) FROM $RATINGS",
		"SELECT make_clv_model('bg_nbd', '{0.243,4.414,0.793,2.426}', '{6.25,3.74,15.45}', '7 days')", "SELECT make_clv_model('pareto_nbd', '{0.55,10.58,0.61,11.67}', NULL, '7 days')",
		"SELECT make_clv_model('mbg_nbd', '{0.5,6,1,2}', NULL, '1 day')", "SELECT make_clv_model('bg_bb', '{1.2,0.75,0.66,2.78}', NULL, '1 year')", "SELECT make_clv_model('sbg', '{0.7,1.2}')",
		"SELECT make_clv_model('bg_nbd', '{1e-10,1e10,1e-10,1e10}', '{1e-5,1.00001,1e5}', '1 microsecond')", "SELECT make_clv_model('pareto_nbd', '{1e5,1e-5,1e5,1e-5}', NULL, '10000 days')"],
	health_summary => [
		"SELECT health_agg(100.0 / i, 1.0 / i, (enum_range(NULL::cls_pillar))[1 + i % 5], 'measure ' || i) FROM generate_series(1, 6) i", "SELECT health_agg(NULL::float8, 1)",
		"SELECT health_agg(0, 1e100)", "SELECT health_agg(100, 1e-100)"],
	risk_sample => [
		"SELECT risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2]) FROM $RATINGS", "SELECT risk_agg(true, ARRAY[1e140])", "SELECT risk_agg(i % 2 = 0, ARRAY[i, 2 * i, 1]) FROM $RATINGS",
		"SELECT '{\"features\": 0, \"omitted\": 12, \"churned\": [], \"stayed\": []}'::risk_sample"],
	risk_model => [
		"SELECT risk_fit(risk_agg(i % 3 = 0, ARRAY[sqrt(i), i % 2])) FROM $RATINGS", "SELECT make_risk_model(-2, '{0.03, 0.4}', '{days,tickets}', '{30,1.5}')",
		"SELECT make_risk_model(1e300, '{1e300,-1e300}')", "SELECT risk_fit(risk_agg(true, ARRAY[i])) FROM generate_series(1, 3) i"],
	funnel_state => [
		map { "SELECT '$_'::funnel_state" } '{"steps": 3, "within": [1, 7, 3600000000], "at": [0, 5, 3600000000, -9223372036854775808], "satisfies": [1, 3, 7, 4]}',
		'{"steps": 32, "within": null, "at": [9223372036854775807, 5], "satisfies": [4294967295, 1]}', '{"steps": 1, "within": [0, 0, 0], "at": [], "satisfies": []}',
		'{"steps": 2, "within": [2147483647, 2147483647, 9223372036854775807], "at": [9223371331199999999, -211813488000000000], "satisfies": [1, 2]}'],
	journey_summary => [
		"SELECT journey_agg('2024-01-01Z'::timestamptz + i * interval '7 hours', (ARRAY['visit', 'purchase', 'a', 'b'])[1 + i % 4], NULLIF('c' || i % 3, 'c0')) FROM $RATINGS",
		"SELECT journey_agg('2024-01-01Z', 'visit')", "SELECT journey_agg('2024-01-01Z'::timestamptz, repeat('z', i * 17)) FROM $RATINGS",
		map { "SELECT '$_'::journey_summary" } '{"max_length": 2, "cut": 9223372036854775807, "touchpoints": [["-infinity", "a", "b"], ["infinity", "a \"quoted\" one"]]}',
		'{"max_length": 10, "cut": 0, "touchpoints": [["4713-01-01T00:00:00Z BC", "visit", "email"], ["294276-12-31T23:59:59.999999Z", "purchase"]]}'],
	activity_summary => [
		"SELECT activity_agg('2024-01-01Z'::timestamptz + i * i * interval '13 hours', 'week', 'Europe/Berlin') FROM $RATINGS", "SELECT activity_agg('2024-01-01Z', 'month', 'UTC')",
		"SELECT activity_agg(t, 'day', 'UTC') FROM unnest('{4713-01-02Z BC,294276-12-30Z}'::timestamptz[]) t"],
	cohort_summary => [
		"SELECT cohort_agg(a) FROM (SELECT activity_agg('2024-01-01Z'::timestamptz + i * i % 150 * interval '1 day', 'month', 'UTC') AS a FROM $RATINGS GROUP BY i % 20) x",
		"SELECT cohort_agg(activity_agg) FROM (SELECT activity_agg('2024-01-01Z', 'day', 'UTC')) x"],
	path_summary => [
		"SELECT path_agg(ARRAY['c' || i % 3, 'c' || i % 7, 'c' || i % 2], i % 3 = 0) FROM $RATINGS", "SELECT path_agg('{}', true)",
		"SELECT '{\"paths\": [[\"email\", \"social\"], [\"email\"], []], \"conversions\": [3, 1, 9223372036854775807], \"nulls\": [0, 2, 1]}'::path_summary",
		"SELECT path_agg(ARRAY['channel ' || i], true) FROM $RATINGS"],
);

# ---- running statements: one a line, so that the line of a message names the statement ----

sub command_output
{
	my ($sql) = @_;
	open my $file, '>', "$dir/query.sql" or die "cannot write $dir/query.sql: $!";
	print $file $sql;
	close $file;
	my $out = `psql -XqAt -F '|' -v ON_ERROR_STOP=1 -d $DATABASE -f '$dir/query.sql' 2>&1`;
	die $out if $?;
	return $out;
}

my $SETTINGS = "SET client_min_messages = warning; SET timezone = 'Europe/Berlin'; SET statement_timeout = $TIMEOUT_MS; SET jit = off;";

# What the statements said: [statement, severity, SQLSTATE] of each message, what they returned, and
# whether the session lived to its end.
sub run_statements
{
	my ($name, @statements) = @_;
	open my $file, '>', "$dir/$name.sql" or die "cannot write $dir/$name.sql: $!";
	print $file "$SETTINGS \\timing on\n", map { "$_;\n" } @statements;
	print $file "\\qecho alive\n";
	close $file;
	my $times = `psql -XAtq -v VERBOSITY=sqlstate -v ON_ERROR_STOP=0 -d $DATABASE -f '$dir/$name.sql' -o '$dir/$name.out' 2>'$dir/$name.err'`;
	my $longest = (sort { $b <=> $a } 0, $times =~ /^Time: ([\d.]+) ms/gm)[0];
	my @messages;
	open my $err, '<', "$dir/$name.err" or die "cannot read $dir/$name.err: $!";
	while (my $line = <$err>)
	{
		if ($line =~ /:(\d+): (ERROR|WARNING|FATAL|PANIC):\s+(\w+)/)
		{
			push @messages, [$statements[$1 - 2], $2, $3];
		}
		elsif ($line =~ /:(\d+): (.*)/)
		{
			push @messages, [$statements[$1 - 2], 'LOST', $2];
		}
	}
	my @rows = split /^/, do { local (@ARGV, $/) = ("$dir/$name.out"); <> // '' };
	my $alive = @rows && $rows[-1] eq "alive\n";
	pop @rows if $alive;
	return {statements => \@statements, messages => \@messages, rows => \@rows, alive => $alive, longest => $longest};
}

# The verdict on what statements said: nothing but errors with a reason.
sub judge
{
	my ($name, $run) = @_;
	my @messages = @{$run->{messages}};
	my @lost = grep { $_->[1] !~ /^(ERROR|WARNING)$/ } @messages;
	my @internal = grep { $_->[2] =~ /^XX/ } @messages;
	# ledger_create() warns superusers, and a ledger that awaits ledger_upgrade() says so
	my $may_warn = $VERSION ? qr/ledger_create|SELECT ledger_(touch|set_stage)/ : qr/ledger_create/;
	my @warnings = grep { $_->[1] eq 'WARNING' && $_->[0] !~ $may_warn } @messages;
	my @cancelled = grep { $_->[2] eq '57014' } @messages;
	ok($run->{alive} && !@lost, "$name: the server lives through " . @{$run->{statements}} . ' calls') or show(@lost[0 .. $#lost > 3 ? 3 : $#lost]);
	ok(!@internal, "$name: no internal errors") or show(@internal);
	ok(!@warnings, "$name: no warnings") or show(@warnings);
	cmp_ok($run->{longest}, '<', $STUCK_MS, "$name: each call ends, or can be cancelled");
	cmp_ok(scalar @cancelled, '<=', 10, "$name: hardly any call takes longer than $TIMEOUT_MS ms");
	show(@cancelled);
}

sub show { diag("$_->[1] $_->[2]: " . substr($_->[0] // '?', 0, 1000)) for @_ }

# ---- what there is ----

# Two ledgers, one of them partitioned, with a tracked table and some of everything.
my $LEDGERS = <<'END';
CREATE TABLE orders (order_id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, total numeric);
SELECT ledger_create('crm'), ledger_create('parts', 'text', '1 month');
SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'customer_id', occurred_at => 'ordered_at', amount => 'total');
INSERT INTO orders SELECT i, i % 9, timestamptz '2024-01-01Z' + i * interval '3 days', i FROM generate_series(1, 60) i;
SELECT ledger_touch(l, (i % 9)::text, k.kind, timestamptz '2024-01-01Z' + i * interval '5 days', i % 7, i % 5, subject => 'subject ' || i % 4, channel => 'email')
  FROM unnest('{crm,parts}'::text[]) l, LATERAL (SELECT kind, row_number() OVER (ORDER BY kind) AS i FROM crm.touchpoint_kind) k;
SELECT ledger_tick('crm', '2025-06-01'), ledger_tick('parts', '2025-06-01');
CALL ledger_refresh('crm', '2025-06-01');
END

sub set_up
{
	system("dropdb --if-exists $DATABASE 2>/dev/null; createdb $DATABASE") == 0 or die "cannot create a database\n";
	my $sql = "SET client_min_messages = warning; SET timezone = 'UTC'; CREATE EXTENSION customer_lifecycle $VERSION;\n";
	for my $type (sort keys %summaries)
	{
		my $n = 0;
		$sql .= "CREATE TABLE v_$type (i int, v $type);\n";
		$sql .= "INSERT INTO v_$type " . ($_ =~ s/^SELECT /SELECT $n, /r) . ";\n" and $n++ for @{$summaries{$type}};
		$values{$type} = [map { "(SELECT v FROM v_$type WHERE i = $_)" } 0 .. $n - 1];
		$values{"${type}[]"} = ["(SELECT array_agg(v) FROM v_$type)", "'{}'::${type}[]", "ARRAY[NULL]::${type}[]", "(SELECT ARRAY[v, NULL] FROM v_$type WHERE i = 0)"];
	}
	# ledgers of the first release have no partitions, and time passes in them after ledger_upgrade() only
	$LEDGERS =~ s/, '1 month'|^SELECT ledger_tick.*|^CALL ledger_refresh.*//mg if $VERSION =~ /'0\.1\.0'/;
	command_output($sql . $LEDGERS);
}

# Members of the extension that SQL can call, but functions of ledgers, which get a list of their
# own: kind, name, types of the arguments, variadic.
sub callables
{
	my @found;
	for my $line (split /\n/, command_output(<<'END'))
SELECT p.prokind, p.proname, p.provariadic <> 0, p.proretset,
       (SELECT string_agg(coalesce(pg_get_function_arg_default(p.oid, n), ''), E'\x01' ORDER BY n) FROM generate_series(1, p.pronargs) n),
       (SELECT string_agg(format_type(t, NULL), ',' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n))
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND e.extname = 'customer_lifecycle' AND p.prorettype <> 'trigger'::regtype AND p.prokind <> 'p'
  AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[]) AND p.proname !~ '^ledger_'
ORDER BY p.prokind, p.oid::regprocedure::text COLLATE "C"
END
	{
		my ($kind, $name, $variadic, $set, $defaults, $types) = split /\|/, $line;
		push @found, {kind => $kind, name => $name, variadic => $variadic eq 't', set => $set eq 't', defaults => [split /\x01/, $defaults], types => [split /,/, $types // '']};
	}
	return @found;
}

# The types of one way to call a function: as declared, or what stands for the polymorphic ones.
sub signatures
{
	my ($f) = @_;
	return [@{$f->{types}}] unless grep { /^any/ } @{$f->{types}};
	return map { my $t = $_; [map { s/^any(element|compatible)?$/$t/r =~ s/^any(compatible)?array$/${t}[]/r } @{$f->{types}}] }
	  grep { my $t = $_; $values{"${t}[]"} || !grep { /array$/ } @{$f->{types}} } @POLYMORPHIC;
}

sub call
{
	my ($f, @arguments) = @_;
	$arguments[-1] = "VARIADIC $arguments[-1]" if $f->{variadic};
	return "$f->{name}(" . join(', ', @arguments) . ')';
}

# NULL in each position, each value in each position among ordinary ones, and anything anywhere.
sub argument_lists
{
	my ($types, $ordinary, $random) = @_;
	my @pools = map { [@{$values{$_}}, "NULL::$_"] } @$types;
	my @ordinary = @{$ordinary || [map { $_->[0] } @pools]};
	my @lists = ([@ordinary], [map { $_->[-1] } @pools]);
	for my $i (0 .. $#pools)
	{
		push @lists, map { my @list = @ordinary; $list[$i] = $_; \@list } @{$pools[$i]};
	}
	push @lists, map { [map { pick($_) } @pools] } 1 .. ($random * (@pools > 1));
	return @lists;
}

# Ordinary arguments of a function are the first of so many that it has an answer to.
sub ordinary_arguments
{
	my @attempts;
	for my $f (grep { $_->{kind} eq 'f' } @_)
	{
		for my $types (signatures($f))
		{
			my @pools = map { [grep({ $_ } $f->{defaults}[$_]), @{$values{$types->[$_]}}] } 0 .. $#$types;
			$summaries{$types->[$_]} && splice(@{$pools[$_]}, 1, 0, "NULL::$types->[$_]") for 0 .. $#$types;
			unshift @{$pools[0]}, "(SELECT v::text::cstring FROM v_$1 WHERE i = 0)" if $f->{name} =~ /^(\w+)_in$/ && $summaries{$1};
			for my $attempt (0 .. $ATTEMPTS)
			{
				my @list = map { my $most = int($attempt / 4); pick([@{$_}[0 .. ($#$_ < $most ? $#$_ : $most)]]) } @pools;
				push @attempts, ["$f->{name}(" . join(', ', @$types) . ')', \@list, call($f, @list)];
			}
		}
	}
	my $run = run_statements('attempts', map { "SELECT '$_' FROM $attempts[$_][2] r WHERE r IS NOT NULL LIMIT 1" } 0 .. $#attempts);
	my %ordinary;
	for my $row (@{$run->{rows}})
	{
		my ($signature, $list) = @{$attempts[$row]};
		$ordinary{$signature} ||= $list;
	}
	my %unanswered = map { $_->[0] => 1 } grep { !$ordinary{$_->[0]} } @attempts;
	return (\%ordinary, sort keys %unanswered);
}

sub function_calls
{
	my @calls;
	my ($ordinary, @unanswered) = ordinary_arguments(@_);
	cmp_ok(scalar @unanswered, '<', keys(%$ordinary) / 10, 'nearly all functions have an answer to something');
	note('without an answer: ', join(', ', @unanswered));
	for my $f (grep { $_->{kind} eq 'f' } @_)
	{
		for my $types (signatures($f))
		{
			my $answered = $ordinary->{"$f->{name}(" . join(', ', @$types) . ')'};
			push @calls, map { 'SELECT ' . ($f->{set} ? '* FROM ' : '') . call($f, @$_) } argument_lists($types, $answered, $RANDOM_CALLS);
		}
	}
	return @calls;
}

# Aggregates: over no rows, NULLs, and groups of anything, with a FILTER; plain and over frames.
# $width of the values of a type, from the ordinary ones on.
sub rows_of
{
	my ($types, $count, $width) = @_;
	my @rows;
	for my $n (1 .. $count)
	{
		my @values = map {
			my $all = $values{$_};
			my $last = $width - 1 < $#$all ? $width - 1 : $#$all;
			pick([1 .. 5]) == 1 ? "NULL::$_" : pick([@{$all}[0 .. $last]]);
		} @$types;
		push @rows, '(' . join(', ', $n, @values) . ')';
	}
	return '(VALUES ' . join(', ', @rows) . ') v (' . join(', ', 'i', map { "a$_" } 1 .. @$types) . ')';
}

sub aggregate_calls
{
	my @calls;
	for my $f (grep { $_->{kind} eq 'a' } @_)
	{
		for my $types (signatures($f))
		{
			my $call = call($f, map { "a$_" } 1 .. @$types);
			push @calls, "SELECT $call FROM " . rows_of($types, 1, 99) . ' WHERE false';
			push @calls, "SELECT $call FROM (SELECT " . join(', ', map { "NULL::$types->[$_ - 1] AS a$_" } 1 .. @$types) . ' FROM generate_series(1, 3)) v';
			push @calls, map { "SELECT $call FILTER (WHERE i <> 2) FROM " . rows_of($types, pick([1 .. 6]), $_) } (1, 2, 3, 99) x 5;
		}
	}
	return @calls;
}

# Each returns a row only where a frame differs from its rows on their own.
sub frame_calls
{
	my @calls;
	for my $f (grep { $_->{kind} eq 'a' } @_)
	{
		for my $types (signatures($f))
		{
			my $call = call($f, map { "a$_" } 1 .. @$types);
			for my $frame ([1, 1], [2, -1], [0, 3])
			{
				my ($before, $after) = @$frame;
				my $between = "BETWEEN $before PRECEDING AND " . ($after < 0 ? -$after . ' PRECEDING' : "$after FOLLOWING");
				push @calls, map {
					my $over = "($call OVER (ORDER BY i ROWS $between))::text AS over_frame";
					my $alone = "(SELECT $call FROM rows_of_it w WHERE w.i BETWEEN v.i - $before AND v.i + ($after))::text AS alone";
					'WITH rows_of_it AS MATERIALIZED (SELECT * FROM ' . rows_of($types, 8, $_)
					  . "), both_ways AS (SELECT i, $over, $alone FROM rows_of_it v) SELECT '$f->{name}(" . join(', ', @$types) . ")', * FROM both_ways WHERE over_frame IS DISTINCT FROM alone"
				} (1, 2, 3, 5);
			}
		}
	}
	return @calls;
}

sub window_function_calls
{
	my @calls;
	for my $f (grep { $_->{kind} eq 'w' } @_)
	{
		for my $types (signatures($f))
		{
			my $call = call($f, map { "a$_" } 1 .. @$types);
			push @calls, map { ("SELECT $call OVER (ORDER BY i) FROM " . rows_of($types, 6, $_), "SELECT $call OVER (PARTITION BY a1 IS NULL ORDER BY a1) FROM " . rows_of($types, 6, $_)) } (1, 2, 99, 99, 99);
		}
	}
	return @calls;
}

# What the text arguments of ledger functions mean, beside all that they don't.
my @LEDGER_TEXTS = map { "'$_'" } qw(crm parts orders purchase nps 1 2 anonymise delete read write admin month day all customer_360 kpi
	kpi_monthly red green because bigint 2024-01-01 silence_after time_zone partition_by customer touchpoint hubspot lead all email plan);

# Functions and procedures of ledgers, and triggers', which nobody may call: on names that no ledger has, on
# ledgers with everything else an extreme, and with arguments of wrong types. What they do is undone.
sub ledger_calls
{
	my @calls;
	for my $line (split /\n/, command_output(<<'END'))
SELECT p.prokind, p.proname, p.prorettype = 'trigger'::regtype, (SELECT string_agg(format_type(t, NULL), ',' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n))
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND e.extname = 'customer_lifecycle' AND (p.proname ~ '^ledger_' OR p.prokind = 'p' OR p.prorettype = 'trigger'::regtype)
ORDER BY p.oid::regprocedure::text COLLATE "C"
END
	{
		my ($kind, $name, $trigger, $types) = split /\|/, $line;
		my @types = split /,/, $types // '';
		my ($verb, $undo) = $kind eq 'p' ? ('CALL', '') : ('SELECT', 'ROLLBACK');
		my $one = sub { $undo ? "BEGIN; SELECT $name(" . join(', ', @_) . '); ROLLBACK' : "CALL $name(" . join(', ', @_) . ')' };
		push @calls, $one->(map { "NULL::$_" } @types);
		next if !@types || $trigger eq 't';
		push @calls, $one->(map { "'{}'::jsonpath" } @types);
		for my $ledger ("''", "'no_such_ledger'", "'pg_catalog'", "'a\"b'", "repeat('x', 1000)", ("'crm'", "'parts'") x ($RANDOM_CALLS / 2))
		{
			push @calls, $one->(map {
				my $type = $types[$_];
				my @pool = $type eq 'text' ? (pick([0, 1]) ? @LEDGER_TEXTS : @TEXTS) : @{$values{$type}};
				$_ == 0 && $type eq 'text' ? "$ledger\::text" : pick([@pool, "NULL::$type"]);
			} 0 .. $#types);
		}
	}
	return ("SET statement_timeout = $LEDGER_TIMEOUT_MS", @calls);
}

# Each view and table of a ledger answers, of one without rows too.
sub ledger_reads
{
	return map { "SELECT * FROM $_" } split /\n/, command_output("SELECT ledger_create('blank'); SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('crm', 'parts', 'blank') AND c.relkind IN ('r', 'v', 'p') ORDER BY 1;") =~ s/^blank\n//r;
}

# ---- the test ----

set_up();
my @callables = callables();
my @lacking = grep { $_ ne 'internal' && !/^any/ && !$values{$_} } split /\n/, command_output(<<'END');
SELECT DISTINCT format_type(t, NULL)
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_proc p ON p.oid = d.objid CROSS JOIN unnest(p.proargtypes) t
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'customer_lifecycle'
ORDER BY 1
END
is(join(', ', @lacking), '', 'each type of an argument has values here');
cmp_ok(scalar @callables, '>', 400, 'the catalogue lists the functions');

for my $kind (['functions', \&function_calls], ['aggregates', \&aggregate_calls], ['frames', \&frame_calls],
	['window functions', \&window_function_calls], ['ledger reads', \&ledger_reads], ['ledger functions', \&ledger_calls])
{
	my ($name, $make) = @$kind;
	my @statements = $make->(@callables);
	my $run = run_statements($name =~ s/ /_/r, @statements);
	judge($name, $run);
	my @rows = @{$run->{rows}};
	my $succeeded = @statements - grep { $_->[1] eq 'ERROR' } @{$run->{messages}};
	cmp_ok($succeeded, '>', @statements / 10, "$name: enough calls return") unless $name eq 'ledger functions';
	next unless $name eq 'frames';
	is(scalar @rows, 0, 'frames say what their rows say') or diag(map { substr($_, 0, 1000) } @rows[0 .. $#rows > 9 ? 9 : $#rows]);
}
done_testing();
