# A backfill while the table is being written: inserts, updates that move rows to other pages, rows
# that begin or cease to count, deletions whose space VACUUM gives to others; it is interrupted, and
# goes on; the table is written anew by VACUUM FULL meanwhile. Nothing is missed, nothing doubled.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql qw(psql psql_apart);

my $database = "ledger_backfill_$$";
my $rows = $ENV{LEDGER_ROWS} || 20000;

sub sql { return psql($database, $_[0]) }
sub call { return psql_apart($database, @_) }

system("createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists --force $database 2>/dev/null") if defined $database; $? = $status }
sql(qq{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm');
	CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, ok boolean DEFAULT true, filler text DEFAULT repeat('x', 100)) WITH (autovacuum_enabled = off);
	INSERT INTO orders SELECT i, i % 200, timestamptz '2023-01-01' + i * interval '10 minutes', i % 4 > 0 FROM generate_series(1, $rows) i;
	SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', only_when => 'ok', track => 'orders')});

# each customer stays a customer, whatever becomes of his orders: one who ceases to be one just while
# another statement folds him is a serialisation failure, to be retried
sql(q{SELECT ledger_touch('crm', i, 'signup', '2023-01-01') FROM generate_series(0, 300) i});
my $differences = q{SELECT count(*) FROM (SELECT * FROM orders WHERE ok) o FULL JOIN (SELECT * FROM crm.touchpoint WHERE source = 'orders') t ON t.source_key = o.id::text
	WHERE (o.id::text, o.at, o.who) IS DISTINCT FROM (t.source_key, t.occurred_at, t.customer_id)};
cmp_ok(sql($differences), '>', $rows / 2, 'there is much to do');
like(call('BEGIN', "CALL ledger_backfill('crm', 'orders')"), qr/ERROR:  CALL ledger_backfill\(\) cannot run inside a transaction block\nHINT:  It commits batch by batch/, 'not within a transaction block');

# Writers, from now on.  Each statement is a transaction; deadlocks are met, if at all, between statements.
my @writers;
my $rounds = 25;
for my $n (1 .. 4)
{
	open my $psql, '|-', "psql -XAtq -d $database >/tmp/ledger_backfill_$$.$n 2>&1" or die "cannot run psql: $!";
	for my $i (1 .. $rounds)
	{
		my $first = int(($i * 4 + $n) * $rows / (4 * $rounds + 8));
		my $last = $first + 15;
		print $psql "INSERT INTO orders SELECT $rows + ($n * 1000 + $i) * 100 + i, i, '2024-01-01' FROM generate_series(1, 10) i;\n",
		  "UPDATE orders SET ok = NOT ok, at = at + interval '1 day', filler = repeat('y', 300) WHERE id BETWEEN $first AND $last;\n",
		  "UPDATE orders SET who = who + 1 WHERE id BETWEEN $first + 5 AND $last + 5;\n",
		  "DELETE FROM orders WHERE id BETWEEN $first + 10 AND $last + 3;\n",
		  "UPDATE orders SET id = id + 10000000 WHERE id = $first + 1;\n";
		print $psql "VACUUM orders;\n" if $n == 1 && $i % 5 == 0;
	}
	push @writers, $psql;
}
# begun, ended by a timeout, and again
my $said = '';
for my $time (1 .. 4)
{
	my $answer = call("SET statement_timeout = '" . 150 * $time . "ms'", "CALL ledger_backfill('crm', 'orders', batch => 300)");
	$said .= call("CALL ledger_backfill('crm', 'orders', batch => 300)") if $time == 4;
	$said .= $answer;
}
close $_ for @writers;
my $complaints = '';
for my $n (1 .. 4)
{
	local (@ARGV, $/) = "/tmp/ledger_backfill_$$.$n";
	$complaints .= join '', grep { /ERROR|FATAL/ } split /^/, <>;
	unlink "/tmp/ledger_backfill_$$.$n";
}
is($complaints, '', 'no writer has met an error');
unlike($said, qr/ERROR(?!:  canceling statement)/, 'nor has the backfill, but the timeouts');
like($said, qr/NOTICE:  public.orders: \d+ %, \d+ rows, \d+ touchpoints, \d+ rows\/s, \d\d:\d\d:\d\d left/, 'it says how far it is');
is(sql($differences), 0, 'nothing is missed, nothing doubled');
is(sql(q{SELECT count(*), bool_and(finished_at IS NOT NULL AND next_page >= page_count) FROM crm.backfill}), '1|t', 'the table says that it is done');
cmp_ok(sql(q{SELECT row_count FROM crm.backfill}), '<', $rows * 1.3, '... and that what was done was not done again');
is(sql(q{SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');
is(call("CALL ledger_backfill('crm', 'orders')"), '', 'again: it is done');

# VACUUM FULL puts rows where the backfill has been
sql(q{SET session_replication_role = replica; INSERT INTO orders SELECT 50000000 + i, i, '2024-03-03' FROM generate_series(1, 2000) i; DELETE FROM crm.backfill});
call("SET statement_timeout = '60ms'", "CALL ledger_backfill('crm', 'orders', batch => 100)");
sql('SET session_replication_role = replica; DELETE FROM orders WHERE id < 500; RESET session_replication_role');
sql(q{SET client_min_messages = error; DELETE FROM crm.touchpoint WHERE source_key::bigint < 500});
call('VACUUM FULL orders');
call("CALL ledger_backfill('crm', 'orders')");
is(sql($differences), 0, 'a table that was written anew meanwhile is begun anew');
sql(q{SELECT ledger_untrack('crm', 'orders')});
is(sql('SELECT count(*) FROM crm.backfill'), 0, 'who tracks it again begins anew');
done_testing();
