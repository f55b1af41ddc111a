# From each release to here: ALTER EXTENSION ... UPDATE leaves the same catalogue as a fresh installation,
# object by object; the library still has what the old SQL calls; the values that an old version wrote
# are read, in text, binary and from disk; and the version is said once.
use strict;
use warnings;
use Test::More;

my @databases = map { "upgrade_${_}_$$" } qw(fresh old);
my ($fresh, $old) = @databases;

sub sql
{
	my ($database, @arguments) = @_;
	open my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-F', "\t", '-d', $database, @arguments or die "cannot run psql: $!";
	local $/;
	my $answer = <$psql>;
	close $psql or die "psql failed: @arguments\n";
	($answer //= '') =~ s/\n\z//;
	return $answer;
}

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	local $/;
	return scalar <$in>;
}

END { my $status = $?; system("dropdb --if-exists $_ 2>/dev/null") for grep { defined } @databases; $? = $status }

# ---- the version has one source ----

my ($version) = slurp('customer_lifecycle.control') =~ /^default_version *= *'(.*)'/m;
is_deeply([slurp('META.json') =~ /"version": "(\d+\.\d+\.\d+)"/g], [$version, $version, '1.0.0'],
	'META.json has the version of the control file, twice, and that of its own format');
my ($latest) = slurp('CHANGELOG.md') =~ /^## (\S+)/m;
is($latest, $version, 'CHANGELOG.md begins with it');

# ---- each release ----

my @releases = map { m{--([\d.]+)\.sql$} } glob 'releases/customer_lifecycle--*.sql';
ok(@releases > 0, 'there are releases to come from: ' . join(', ', @releases));
ok(-f "test/upgrade/$_.tsv", "and the values of $_") for @releases;

sub catalogue { return { map { $_ => 1 } split /\n/, sql($_[0], '-f', 'test/upgrade/catalogue.sql') } }

# What one has and the other hasn't; functions that the update lets stay aside.
sub differences
{
	my ($a, $b, $stays) = @_;
	my @lines = ((map { "fresh:    $_" } grep { !$b->{$_} } keys %$a), (map { "upgraded: $_" } grep { !$a->{$_} } keys %$b));
	return grep { my $line = $_; !grep { index($line, $_) >= 0 } @$stays } @lines;
}

sub recreate
{
	my ($database, $statements) = @_;
	system("dropdb --if-exists $database 2>/dev/null; createdb $database") == 0 or die 'cannot create a database';
	sql($database, '-c', "SET client_min_messages = warning; $statements");
}

recreate($fresh, 'CREATE EXTENSION customer_lifecycle');
my $present = catalogue($fresh);
cmp_ok(scalar keys %$present, '>', 3000, 'the catalogue says much about a fresh installation');
for my $release (@releases)
{
	recreate($old, "CREATE EXTENSION customer_lifecycle VERSION '$release'");
	pass("the library has every symbol that the SQL of $release calls");
	sql($old, '-c', q{
		CREATE TABLE score (s int);
		INSERT INTO score VALUES (10), (9), (7), (3);
		CREATE VIEW report AS SELECT nps(rating_agg(s)), nps_agg(s) FROM score});
	my $before = sql($old, '-c', 'TABLE report');
	sql($old, '-c', 'ALTER EXTENSION customer_lifecycle UPDATE');
	is(sql($old, '-c', q{SELECT extversion FROM pg_extension WHERE extname = 'customer_lifecycle'}), $version, "$release updates to $version");
	is(sql($old, '-c', 'TABLE report'), $before, 'a view of the old version says the same');
	sql($old, '-c', 'DROP VIEW report; DROP TABLE score');
	my ($script) = grep { -f } map { "$_/customer_lifecycle--$release--$version.sql" } 'releases', '.';
	my @stays = $script ? slurp($script) =~ /^-- stays: (.*)$/mg : ();
	note("$release has what is no longer there, and stays after an update: $_") for @stays;
	s/, /,/g, s/\btimestamptz\b/timestamp with time zone/g for @stays;
	my @differences = differences($present, catalogue($old), \@stays);
	is(scalar @differences, 0, "an update from $release leaves the catalogue of a fresh installation")
	  or diag(join "\n", map { substr($_, 0, 600) } sort @differences);
}

# A difference would be seen.
for my $change (q{ALTER FUNCTION nps(rating_summary) COST 7}, q{COMMENT ON TYPE rating_summary IS 'a word'},
	q{ALTER OPERATOR + (rating_summary, rating_summary) OWNER TO pg_database_owner}, q{REVOKE ALL ON FUNCTION nps(rating_summary) FROM public},
	q{ALTER EXTENSION customer_lifecycle DROP CAST (rating_summary AS jsonb)})
{
	sql($old, '-c', $change);
	my $now = catalogue($old);
	cmp_ok(scalar(differences($present, $now, [])), '>', 0, "a comparison that sees: $change");
	recreate($old, 'CREATE EXTENSION customer_lifecycle');
}

# ---- values of each release ----

# The file of COPY's binary format that holds these values in one column.
sub copy_file
{
	my ($name, @values) = @_;
	open my $out, '>:raw', $name or die "cannot write $name: $!";
	print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), (map { pack('n N/a*', 1, $_) } @values), pack('n', 0xffff);
	close $out;
}

my $little_endian = pack('S', 1) eq "\1\0";
my $file = "/tmp/upgrade_values_$$";
for my $release (@releases)
{
	recreate($old, 'CREATE EXTENSION customer_lifecycle');
	sql($old, '-c', 'SET client_min_messages = warning', '-f', 'test/upgrade/bytes_on_disk.sql');
	sql($old, '-c', 'CREATE TABLE made (type text, text text, wire bytea, disk text)', '-c', "\\copy made FROM 'test/upgrade/$release.tsv'");
	my @types = split /\n/, sql($old, '-c', 'SELECT DISTINCT type FROM made ORDER BY 1');
	cmp_ok(scalar @types, '>=', 18, "values of every type of $release");
	for my $type (@types)
	{
		sql($old, '-c', qq{SET timezone = 'UTC'; CREATE TABLE "v $type" AS
			SELECT row_number() OVER () AS n, text, disk, text::$type AS v FROM made WHERE type = '$type'});
		copy_file($file, map { pack 'H*', $_ } split /\n/, sql($old, '-c', qq{SELECT encode(wire, 'hex') FROM made WHERE type = '$type'}));
		my $same = 'a.v::text = b.v::text' . ($type eq 'funnel_state' ? '' : ' AND a.v = b.v');
		is(sql($old, '-c', "CREATE TABLE w (n bigserial, v $type)", '-c', "\\copy w (v) FROM '$file' (FORMAT binary)", '-c',
			qq{SELECT count(*) FILTER (WHERE $same) - count(*) FROM "v $type" a JOIN w b USING (n); DROP TABLE w}), '0', "$type of $release: text and binary are one value");
		is(sql($old, '-c', qq{SELECT count(*) FROM "v $type", jsonb_each(text::jsonb) o WHERE v::text::jsonb -> o.key IS DISTINCT FROM o.value}), '0',
			'... that says what it said');
	  SKIP:
		{
			skip "$type of $release: what is on disk was written on a little-endian machine, and this one isn't", 1 unless $little_endian;
			is(sql($old, '-c', qq{SELECT count(*) FILTER (WHERE $same) - count(*)
				FROM "v $type" a, LATERAL (SELECT from_disk(a.disk, NULL::$type) AS v) b}), '0', '... and so is what is on disk');
		}
	}
}
unlink $file;
done_testing();
