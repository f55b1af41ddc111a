# Sessions write into a partitioned log at once: the same keys by several, corrections across
# partitions, deletions, a backfill of rows that are being changed, while partitions are made and what
# is in them moves. Afterwards the log is what the sources are, each key is there once, and the
# state is the fold of the log.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $database = "ledger_partitions_$$";
my $sessions = 5;
my $rounds = $ENV{LEDGER_STATEMENTS} || 30;

sub sql { return psql($database, "SET client_min_messages = error; $_[0]") }

system("createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists --force $database 2>/dev/null") if defined $database; $? = $status }

sql(q{
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm', partition_by => '1 month');
	CREATE TABLE visits (id bigint PRIMARY KEY, who bigint, at timestamptz, kind text DEFAULT 'purchase');
	CREATE TABLE old (id bigint PRIMARY KEY, who bigint, at timestamptz, ok boolean DEFAULT true, filler text DEFAULT repeat('x', 200));
	INSERT INTO old SELECT i, i % 50, timestamptz '2023-01-01' + i * interval '1 hour' FROM generate_series(1, 8000) i;
	SELECT ledger_track('crm', 'visits', kind_from => 'kind', customer => 'who', occurred_at => 'at', track => 'visits');
	SELECT ledger_track('crm', 'old', kind => 'login', customer => 'who', occurred_at => 'at', only_when => 'ok', track => 'old')});

sub statements
{
	my ($n) = @_;
	my @sql = ("SELECT setseed(0.$n)");
	for my $i (1 .. $rounds)
	{
		my $base = ($n * $rounds + $i) * 1000;
		push @sql, "INSERT INTO visits (id, who, at) SELECT $base + i, 1 + floor(random() * 40), timestamptz '2024-01-01' + floor(random() * 9000) * interval '1 hour' FROM generate_series(1, 20) i";
		push @sql, "UPDATE visits SET at = at + interval '40 days' WHERE id BETWEEN $base + 3 AND $base + 6";
		push @sql, "DELETE FROM visits WHERE id BETWEEN $base + 8 AND $base + 9" if $i % 3 == 0;
		# keys that every session sends
		push @sql, "INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, source, source_key) SELECT 1 + i % 40, 'login', timestamptz '2024-01-01' + i * interval '1 day', 'shared', i::text
			FROM generate_series($i, $i + 20) i ORDER BY random()";
		push @sql, "UPDATE old SET ok = (id % 3 <> $i % 3), at = at + interval '1 minute' WHERE id BETWEEN " . ($i * 250) . " + $n * 20 AND " . ($i * 250) . " + $n * 20 + 19" if $i % 2;
		push @sql, "DELETE FROM old WHERE id = $n * 1000 + $i";
		push @sql, "SELECT ledger_tick('crm', timestamptz '2023-06-01' + $i * interval '9 days')" if $n == 1 && $i % 4 == 0;
		push @sql, "SELECT ledger_partition('crm')" if $n == 2 && $i % 6 == 0;
	}
	return join(";\n", @sql) . ";\n";
}

my @clients;
for my $n (1 .. $sessions, 'backfill')
{
	open my $client, '|-', "psql -XAtq -d $database >/tmp/ledger_partitions_$$.$n 2>&1" or die "cannot run psql: $!";
	print $client $n eq 'backfill' ? "CALL ledger_backfill('crm', 'old', batch => 500);\n" : statements($n);
	push @clients, $client;
}
close $_ for @clients;
my ($errors, $deadlocks) = ('', 0);
for my $n (1 .. $sessions, 'backfill')
{
	local (@ARGV, $/) = "/tmp/ledger_partitions_$$.$n";
	for (grep { /ERROR|FATAL|WARNING/ } split /^/, <>)
	{
		/deadlock detected/ ? $deadlocks++ : ($errors .= "$n: $_");
	}
	unlink "/tmp/ledger_partitions_$$.$n";
}
is($errors, '', 'no session has met an error');
is($deadlocks, 0, 'nor a deadlock');
is(sql(q{SELECT count(*) FROM visits v FULL JOIN (SELECT * FROM crm.touchpoint WHERE source = 'visits') t ON t.source_key = v.id::text
	WHERE (v.id::text, v.at, v.who, v.kind) IS DISTINCT FROM (t.source_key, t.occurred_at, t.customer_id, t.kind)}), 0, 'the log is what the source is');
is(sql(q{SELECT count(*) FROM (SELECT * FROM old WHERE ok) v FULL JOIN (SELECT * FROM crm.touchpoint WHERE source = 'old') t ON t.source_key = v.id::text
	WHERE (v.id::text, v.at, v.who) IS DISTINCT FROM (t.source_key, t.occurred_at, t.customer_id)}), 0, '... that was backfilled while it changed, too');
cmp_ok(sql(q{SELECT count(*) FROM crm.touchpoint WHERE source = 'old'}), '>', 5000, '... of which there is much');
is(sql(q{SELECT count(*) - count(DISTINCT source_key) FROM crm.touchpoint WHERE source = 'shared'}), 0, 'what all have sent is there once');
is(sql('SELECT count(*) FROM crm.touchpoint WHERE source = \'shared\''), $rounds + 20, '... all of it');
is(sql(q{SELECT count(*) FROM crm.touchpoint_key k FULL JOIN (SELECT * FROM crm.touchpoint WHERE source_key IS NOT NULL) t USING (source, source_key)
	WHERE (k.touchpoint_id, k.occurred_at) IS DISTINCT FROM (t.touchpoint_id, t.occurred_at)}), 0, 'keys are those of the log');
cmp_ok(sql(q{SELECT count(*) FROM ledger_partitions('crm')}), '>', 12, 'there are partitions');
is(sql(q{SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');
done_testing();
