# test/upgrade/major.pl BINDIR MAJOR: fill the throwaway server of an older PostgreSQL with ledgers of each release and of the
# present version and with values of every type; pg_upgrade it to the PostgreSQL in BINDIR; see that all is as it was, and
# goes on.  Started by test/tap/upgrade_major.pl.
use strict;
use warnings;
use Test::More;

my ($bin, $major) = @ARGV;
my $work = $ENV{THROWAWAY};
chomp(my $old_bin = `$ENV{PG_CONFIG} --bindir`);
$old_bin = "$work/root$old_bin";

sub sql
{
	my ($database, @arguments) = @_;
	open my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $database, map { ('-c', $_) } @arguments or die "cannot run psql: $!";
	local $/;
	my $answer = <$psql> // '';
	close $psql or die "psql failed in $database: @arguments\n";
	$answer =~ s/\n\z//;
	return $answer;
}

# What all tables of a database hold, however their rows lie.
sub content
{
	my ($database) = @_;
	my @tables = split /\n/, sql($database, q{SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1});
	return join "\n", map { sql($database, "SET timezone = 'UTC'; SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text COLLATE \"C\")) FROM $_ t") } @tables;
}

my $cluster = '-U postgres -A trust -E UTF8 --locale=C.UTF-8 -N';
my $without_checksums = $major >= 18 ? '--no-data-checksums' : '';

# Into a new cluster; the output, and whether it worked.
sub pg_upgrade
{
	my ($old, $new) = @_;
	my $binaries = "-b $old_bin -B $bin -d $old -D $new -U postgres -s $ENV{PGHOST}";
	my $output = `( $bin/initdb -D $new $cluster $without_checksums && cd $work && $bin/pg_upgrade --check $binaries && $bin/pg_upgrade $binaries ) 2>&1`;
	my $worked = $? == 0;
	$output .= `cat $_` for $worked ? () : glob "$new/pg_upgrade_output.d/*/log/pg_upgrade_dump_*.log";
	return ($worked, $output);
}

# Does pg_upgrade work here at all, for a table of nobody's?
sub upgrades_anything
{
	system("( $old_bin/initdb -D $work/plain $cluster && echo 'CREATE TABLE plain (a int)' | $old_bin/postgres --single -D $work/plain postgres ) >/dev/null 2>&1") == 0 or die 'cannot make a plain cluster';
	my ($worked, $output) = pg_upgrade("$work/plain", "$work/plain_new");
	return ($worked, join ' ', $output =~ /^pg_restore: error: (.*)$/m);
}

# ---- the old cluster ----

my @releases = map { m{--([\d.]+)\.sql$} } glob 'releases/customer_lifecycle--*.sql';
my %databases = ((map { ("of_" . s/\./_/gr => "VERSION '$_'") } @releases), of_now => '');
for my $database (sort keys %databases)
{
	system("createdb $database") == 0 or die 'cannot create a database';
	sql($database, "SET client_min_messages = error; CREATE EXTENSION customer_lifecycle $databases{$database}", q{
		SET client_min_messages = error;
		SELECT ledger_create('crm');
		CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric);
		SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', track => 'orders');
		INSERT INTO orders SELECT i, i % 60, timestamptz '2024-01-01' + i * interval '5 hours', i FROM generate_series(1, 900) i;
		SELECT ledger_touch('crm', 3::bigint, 'nps', '2024-03-01', score => 9)});
	# in a ledger of an older release time waits for its upgrade
	sql($database, q{SELECT ledger_tick('crm', '2024-09-01')}) unless $databases{$database};
	sql($database, 'CREATE TABLE made (type text, text text, wire bytea, disk text)', "\\copy made FROM 'test/upgrade/$releases[-1].tsv'");
	sql($database, "SET timezone = 'UTC'", sql($database, q{
		SELECT string_agg(format('CREATE TABLE %1$I AS SELECT text::%2$s AS v, text::%2$s::text AS said FROM made WHERE type = %2$L', 'v ' || type, type), ';')
		FROM (SELECT DISTINCT type FROM made) t}));
}
my %before = map { $_ => content($_) } keys %databases;

# ---- pg_upgrade ----

system("pg_ctl -D $work/data -m fast -w stop >/dev/null") == 0 or die 'cannot stop the old server';
my ($worked, $output) = pg_upgrade("$work/data", "$work/new");
if (!$worked)
{
	my ($anything, $why) = upgrades_anything();
	plan skip_all => "PostgreSQL's own pg_upgrade fails here with any table: $why" unless $anything;
}
ok($worked, 'pg_upgrade has no objection, and works') or diag($output);
system("grep -A99 '^listen_addresses = ..\$' $work/data/postgresql.conf >>$work/new/postgresql.conf; $bin/pg_ctl -D $work/new -l $work/new.log -w start >/dev/null") == 0 or die 'cannot start the new server';
END { my $status = $?; system("$bin/pg_ctl -D $work/new -m immediate stop >/dev/null 2>&1") if $bin; $? = $status }

# ---- what came of it ----

for my $database (sort keys %databases)
{
	like(sql($database, 'SHOW server_version'), qr/^$major/, "$database: on PostgreSQL $major");
	is(content($database), $before{$database}, '... every table holds the same');
	is(sql($database, qq{SET timezone = 'UTC'; SELECT sum(bad) FROM (} . join(' UNION ALL ', map { qq{SELECT count(*) FILTER (WHERE v::text <> said) AS bad FROM "$_"} }
		split /\n/, sql($database, q{SELECT relname FROM pg_class WHERE relname LIKE 'v %' AND relkind = 'r'})) . ') x'), '0', '... every value says the same');
	sql($database, 'SET client_min_messages = error; ALTER EXTENSION customer_lifecycle UPDATE', q{SELECT count(*) FROM ledger_upgrade('crm')});
	is(sql($database, q{SELECT count(*) FROM ledger_check('crm')}), '0', '... updated and its ledger upgraded, the state is the fold of the log');
	sql($database, q{INSERT INTO orders VALUES (5000, 5000, '2024-09-05', 5)});
	is(sql($database, q{SELECT stage FROM crm.customer_360 WHERE customer_id = 5000}), 'conversion', '... and it goes on');
}
done_testing();
