# tools/update_script.awk: what it makes of two versions of an extension, and that a server takes it: with
# views of the old version in place, what is left is a fresh installation, but for what a view still uses.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $folder = tempdir(CLEANUP => 1);
my $extension = "update_probe_$$";
chomp(my $share = `$ENV{PG_CONFIG} --sharedir`);
$share = "$ENV{THROWAWAY}/root$share/extension";
my $database = "update_script_$$";
END { my $status = $?; system("dropdb --if-exists $database 2>/dev/null"); unlink glob "$share/$extension*" if $extension; $? = $status }

sub write_file
{
	my ($name, $text) = @_;
	open my $out, '>', $name or die "cannot write $name: $!";
	print $out $text;
	close $out;
}

# The update script, or the message of its failure.
sub update
{
	my ($old, $new, $by_hand) = @_;
	write_file("$folder/old", $old);
	write_file("$folder/new", $new);
	write_file("$folder/hand", $by_hand // '');
	my $hand = defined $by_hand ? "$folder/hand" : '';
	my $script = `awk -v from=1.0 -v to=1.1 -f tools/update_script.awk $folder/old $hand $folder/new 2>$folder/err`;
	return $script =~ s/^\\echo.*\n\n//r if $? == 0;
	open my $in, '<', "$folder/err";
	local $/;
	return scalar <$in>;
}

my $f = "CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql RETURN 1;\nCOMMENT ON FUNCTION f(integer) IS 'one; IS ''1''';\n";
is(update($f, $f), '', 'what is the same is left out');
is(update($f, "-- why\n$f" =~ s/LANGUAGE/\n  LANGUAGE/r =~ s/;\nCOMMENT/;\n\n-- and\nCOMMENT/r), '', 'blanks, lines and comments are no difference');
is(update($f, $f =~ s/RETURN 1/RETURN 2/r), "CREATE OR REPLACE FUNCTION f(a integer) RETURNS integer LANGUAGE sql RETURN 2;\n\n", 'a changed function is replaced');
is(update($f, $f =~ s/one;/two;/r), "COMMENT ON FUNCTION f(integer) IS 'two; IS ''1''';\n\n", 'a changed comment is said again');
is(update($f, "${f}CREATE FUNCTION f(text) RETURNS text LANGUAGE sql RETURN ';';\n"), "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql RETURN ';';\n\n", 'a new overload is made');
is(update($f, ''), "-- stays: f(integer)\n", 'what is no longer there stays');
my $body = "CREATE FUNCTION g(x text DEFAULT 'a, (b', OUT y int) LANGUAGE sql\nBEGIN ATOMIC\n  SELECT CASE WHEN true THEN 1 END;\n  SELECT 2;\nEND;\n";
is(update($body, $body), '', 'BEGIN ATOMIC ... CASE ... END is one statement');
like(update($body, $body =~ s/2/3/r), qr/^CREATE OR REPLACE FUNCTION g.*SELECT 3;\nEND;\n\n$/s, 'and replaced as one');
my $dollar = "CREATE FUNCTION d() RETURNS void LANGUAGE plpgsql AS \$\$\nBEGIN\n  PERFORM 1; -- ';\nEND \$\$;\n";
like(update($dollar, $dollar =~ s/1;/2;/r), qr/^CREATE OR REPLACE FUNCTION d\(\) RETURNS void LANGUAGE plpgsql AS \$\$\nBEGIN\n  PERFORM 2; -- ';\nEND \$\$;\n\n$/s, 'quoted bodies are taken as they are');
is(update("$dollar$f", $dollar =~ s/';/'  ;/r . $f) ne '', 1, 'and every blank of them counts');
for my $change (['another result', 's/RETURNS integer/RETURNS bigint/'], ['another name of an argument', 's/a integer/b integer/'],
	['a default less', 's/RETURN 1/RETURN 1/', 's/a integer/a integer DEFAULT 1/'], ['another kind', 's/FUNCTION f\(a integer\).*/AGGREGATE f(a integer) (SFUNC = int4pl, STYPE = integer);/'])
{
	my ($name, $new, $old) = @$change;
	my ($before, $after) = ($f, $f);
	eval "\$before =~ $old" if $old;
	eval "\$after =~ $new";
	like(update($before, $after), qr/^ALTER ROUTINE f\(integer\) RENAME TO f_1_0;\nCREATE (FUNCTION|AGGREGATE) f\(.*COMMENT ON.*DO \$update\$.*'f_1_0\(integer\)'\]/s, "$name: the old one makes room");
}
like(update($f, $f =~ s/a integer/a integer, b integer DEFAULT 0/r =~ s/\(integer\)/(integer, integer)/r), qr/^ALTER ROUTINE f\(integer\) RENAME TO f_1_0;\nCREATE FUNCTION f\(a integer, b/s,
	'one argument more, with a default: the old one makes room, too');
is(update($f, $f =~ s/a integer/a integer, b integer/r =~ s/\(integer\)/(integer, integer)/r) =~ /^-- stays: f\(integer\)\nCREATE FUNCTION f\(a integer, b/, 1,
	'without a default both can be called, and both stay');
my $type = "CREATE TYPE t AS (a integer);\n";
like(update($type, $type =~ s/a integer/a integer, b text/r), qr/cannot change by itself: TYPE t.*by_hand--1\.0--1\.1\.sql/s, 'a changed type needs a hand, and the message says where');
is(update($type, $type =~ s/a integer/a integer, b text/r, "ALTER TYPE t ADD ATTRIBUTE b text;\n"), "ALTER TYPE t ADD ATTRIBUTE b text;\n", 'which is taken');
is(update($type, $type =~ s/a integer/a text/r, "DROP TYPE t;\n"), "DROP TYPE t;\nCREATE TYPE t AS (a text);\n\n", 'or a drop, and it is made anew');
like(update("$f$f", $f), qr/said twice/, 'a routine said twice is an error');
like(update($f, "$f SELECT 1;\n"), qr/cannot tell what this statement makes: SELECT 1/, 'and so is a statement that it does not know');
like(update($f, $f =~ s/;\n\z//r), qr/unfinished statement/, 'or one without an end');

# ---- on a server ----

SKIP:
{
	skip "$share is not ours to write into: run through tools/throwaway", 1 unless $ENV{THROWAWAY} && -w $share;
	my $plus = "CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b;\n"
	  . "CREATE AGGREGATE total(int) (SFUNC = plus, STYPE = int, INITCOND = '0');\nCREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql RETURN plus(a, a);\n"
	  . "CREATE FUNCTION half(a int) RETURNS int LANGUAGE sql RETURN a / 2;\nCOMMENT ON FUNCTION half(int) IS 'a half';\nREVOKE ALL ON FUNCTION half(int) FROM public;\n"
	  . "CREATE FUNCTION gone(a int) RETURNS int LANGUAGE sql RETURN a;\n";
	my $new = $plus =~ s/plus\(a int, b int\)/plus(x int, y int)/r =~ s/RETURN a \+ b/RETURN x + y/r =~ s/half\(a int\) RETURNS int/half(a int) RETURNS float8/r
	  =~ s/RETURN a \/ 2/RETURN a::float8 \/ 2/r =~ s/CREATE FUNCTION gone.*//r;
	write_file("$share/$extension.control", "default_version = '1.1'\nrelocatable = false\n");
	write_file("$share/$extension--1.0.sql", $plus);
	write_file("$share/$extension--1.1.sql", $new);
	write_file("$share/$extension--1.0--1.1.sql", update($plus, $new));
	my $what = q{SELECT string_agg(p.oid::regprocedure || pg_get_function_result(p.oid) || coalesce(obj_description(p.oid), '') || coalesce(proacl::text, ''), ' ' ORDER BY p.oid::regprocedure::text)
		FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid WHERE extname LIKE 'update_probe%' AND proname <> 'gone'};
	my $run = sub {
		my @statements = map { ('-c', $_) } @_;
		system("dropdb --if-exists $database 2>/dev/null; createdb $database") == 0 or die 'cannot create a database';
		open my $psql, '-|', 'sh', '-c', 'exec psql "$@" 2>&1', 'sh', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $database, @statements or die "cannot run psql: $!";
		local $/;
		return scalar <$psql>;
	};
	my $fresh = $run->("CREATE EXTENSION $extension", $what);
	like($fresh, qr/half\(integer\)double precision.*a half.*plus\(integer,integer\)/, 'a fresh installation');
	my @update = ("CREATE EXTENSION $extension VERSION '1.0'", "ALTER EXTENSION $extension UPDATE", $what);
	is($run->(@update), $fresh, 'an updated one is the same');
	my ($create, $alter) = @update;
	my $warned = $run->($create, 'CREATE VIEW v AS SELECT half(10), total(i), twice(3), gone(1) FROM generate_series(1, 4) i', $alter, 'TABLE v', 'SELECT half(5)', 'SELECT twice(4)');
	like($warned, qr/WARNING: .*the 1\.0 form of a function is still used, and kept as half_1_0\(integer\).*DETAIL:  It is used by view v\./s, 'a view keeps the form that it uses, and that is said');
	unlike($warned, qr/plus_1_0/, 'what only other members used is gone');
	like($warned, qr/\n5\|10\|6\|1\n2\.5\n8\n/, 'and both answer');
}
done_testing();
