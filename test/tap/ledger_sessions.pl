# Eight sessions write over the same customers at once, in one-statement batches and single rows, with
# time passing, checks and a rebuild in between: nobody waits for each other for ever, nothing is
# lost or doubled, and the state is that of one statement.
#
#   LEDGER_SIZE=full   100,000 touchpoints of 5,000 customers
#   LEDGER_MINUTES=10  go on for so long
use strict;
use warnings;
use IO::Handle;
use POSIX ();
use Test::More;
use lib 'test/tap';
use Psql 'psql';

my $database = "ledger_sessions_$$";
my $sessions = 8;
my $full = ($ENV{LEDGER_SIZE} // '') eq 'full';
my $customers = $full ? 5000 : 60;
my $rounds = $full ? 340 : 40;    # a session
my $seconds = 60 * ($ENV{LEDGER_MINUTES} // 0);

sub sql { return psql($database, $_[0]) }

system("createdb $database") == 0 or die 'cannot create the database';
END { system("dropdb --if-exists --force $database 2>/dev/null") if defined $database }

sql(q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm'), ledger_create('alone');
	CREATE TABLE visits (id bigint PRIMARY KEY, who bigint, kind text, at timestamptz);
	SELECT ledger_track('crm', 'visits', kind_from => 'kind', customer => 'who', occurred_at => 'at', track => 'visits');
	SELECT ledger_track('alone', 'visits', kind_from => 'kind', customer => 'who', occurred_at => 'at', track => 'visits');
	CREATE TABLE later (LIKE visits)});
sql(q{ALTER TABLE visits DISABLE TRIGGER USER});
my $triggers = sql(q{SELECT string_agg(format('ALTER TABLE visits ENABLE TRIGGER %I', tgname), ';') FROM pg_trigger
	WHERE tgrelid = 'visits'::regclass AND encode(tgargs, 'escape') LIKE 'crm%'});
sql($triggers);

sub hot_figures
{
	select undef, undef, undef, 0.5;    # a session tells its figures when it ends
	my $figures = sql(q{SELECT n_tup_upd || ' ' || n_tup_hot_upd || ' ' || pg_relation_size(relid) FROM pg_stat_user_tables WHERE schemaname = 'hot' AND relname = 'customer'});
	return $figures;
}

# What session number $n does in round $i.  Customers come in random order, so that sessions meet.
sub statements
{
	my ($n, $i) = @_;
	my $base = ($n * 100_000 + $i) * 1000;
	my $row = "1 + floor(random() * $customers),
		(ARRAY['page_view', 'signup', 'purchase', 'login', 'nothing known', 'review'])[1 + floor(random() * 6)],
		timestamptz '2024-01-01' + floor(random() * 9000) * interval '1 hour'";
	my @sql = "INSERT INTO visits SELECT $base + i, $row FROM generate_series(1, 30) i";
	push @sql, map { "INSERT INTO visits SELECT $base + $_, $row" } 101 .. 106;
	push @sql, "UPDATE visits SET at = at - interval '3 days' WHERE id BETWEEN $base + 3 AND $base + 6" if $i % 4 == 0;
	push @sql, "DELETE FROM visits WHERE id BETWEEN $base + 8 AND $base + 9" if $i % 5 == 0;
	push @sql, "SELECT ledger_tick('crm', timestamptz '2024-01-01' + ($i % 60) * interval '7 days')" if $n == 1 && $i % 5 == 0;
	push @sql, "SELECT ledger_rebuild('crm')" if $n == 2 && $i % 15 == 0;
	push @sql, "SELECT ledger_ack_events('crm', event_id) FROM ledger_claim_events('crm', 10)" if $n == 3;
	return join(";\n", @sql) . ";\n";
}

sub session
{
	my ($n) = @_;
	my $end = time + $seconds;
	my $out = '/tmp/ledger_sessions_' . getppid() . ".$n";
	open my $client, '|-', "psql -XAtq -d $database >$out 2>&1" or die "cannot run psql: $!";
	print $client "SET deadlock_timeout = '100ms'; SELECT setseed(0.$n);\n";
	for (my $i = 1; $seconds ? time < $end : $i <= $rounds; $i++)
	{
		print $client statements($n, $i);
		$client->flush;
	}
	close $client;
}

my @clients;
for my $n (1 .. $sessions)
{
	my $pid = fork // die "cannot fork: $!";
	if ($pid == 0)
	{
		eval { session($n) };
		POSIX::_exit(0);
	}
	push @clients, $pid;
}
waitpid $_, 0 for @clients;
my $complaints = '';
for my $n (1 .. $sessions)
{
	local (@ARGV, $/) = "/tmp/ledger_sessions_$$.$n";
	$complaints .= join '', grep { /ERROR|FATAL|WARNING/ } split /^/, <>;
	unlink "/tmp/ledger_sessions_$$.$n";
}
is($complaints, '', 'no session has met a deadlock, or any other error');
is(sql(q{SELECT count(*) FROM visits v WHERE kind <> 'nothing known' AND NOT EXISTS
	(SELECT FROM crm.touchpoint t WHERE t.source = 'visits' AND t.source_key = v.id::text AND t.occurred_at = v.at AND t.customer_id = v.who)}),
	0, 'nothing is lost');
is(sql(q{SELECT (SELECT count(*) FROM visits WHERE kind <> 'nothing known') - (SELECT count(*) FROM crm.touchpoint)}), 0, 'nothing is doubled');
is(sql(q{SELECT ledger_tick('crm', '2026-01-01') >= 0}), 't', 'time passes');
is(sql(q{SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');

# Updates of customers stay on their page: nothing that changes is indexed, and the pages have room.
sql(q{SET client_min_messages = error; SELECT ledger_create('hot'); INSERT INTO hot.touchpoint (customer_id, kind, occurred_at) SELECT i, 'signup', '2024-01-01' FROM generate_series(1, 500) i});
sql(q{VACUUM hot.customer});
my ($updates, $hot, $grown) = (0, 0, 0);
# whoever else has a transaction in the cluster keeps old versions from being cleared away: again, then
for my $round (1 .. 5)
{
	my @before = split / /, hot_figures();
	sql(qq{DO \$\$ BEGIN FOR i IN 1 .. 3000 LOOP
		INSERT INTO hot.touchpoint (customer_id, kind, occurred_at) VALUES (1 + i * 7 % 500, 'login', timestamptz '2024-01-02' + ($round * 3000 + i) * interval '1 minute');
		COMMIT; END LOOP; END \$\$});
	my @after = split / /, hot_figures();
	($updates, $hot, $grown) = ($after[0] - $before[0], $after[1] - $before[1], $after[2] / $before[2]);
	last if $hot >= 0.95 * $updates;
}
cmp_ok($updates, '>=', 2900, 'customers are updated');
cmp_ok($hot, '>=', 0.95 * $updates, '... nearly always on their page (HOT)');
cmp_ok($grown, '<=', 1.5, '... and the table grows little');

# The same log in one statement.
sql(q{INSERT INTO alone.touchpoint (customer_id, kind, occurred_at, source, source_key)
	SELECT customer_id, kind, occurred_at, source, source_key FROM crm.touchpoint});
sql(q{SELECT ledger_tick('alone', '2026-01-01')});
for my $table (qw(customer stage_history))
{
	is(sql("SELECT count(*) FROM (SELECT t::text FROM crm.$table t EXCEPT SELECT t::text FROM alone.$table t) d"), 0,
		"$table is as one statement makes it");
	is(sql("SELECT (SELECT count(*) FROM crm.$table) - (SELECT count(*) FROM alone.$table)"), 0, "... and holds as many rows");
}
done_testing();
