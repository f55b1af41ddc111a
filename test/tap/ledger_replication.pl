# Replication of a ledger: a standby answers from its views; a subscriber gets log, state and history as the
# publisher made them, since the apply worker fires no statement trigger: nothing is folded twice.
use strict;
use warnings;
use Test::More;

BEGIN
{
	$ENV{PG_TEST_TIMEOUT_DEFAULT} //= 60;
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
}

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->append_conf('postgresql.conf', "timezone = 'UTC'");
$primary->start;
$primary->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm');
	CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric);
	SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', track => 'orders');
	INSERT INTO orders SELECT i, i % 40, timestamptz '2024-01-01' + i * interval '5 hours', i FROM generate_series(1, 400) i});

my @tables = split /\n/, $primary->safe_psql('postgres',
	q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1});
my @views = split /\n/, $primary->safe_psql('postgres',
	q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1});
my $content = join(' UNION ALL ', map { "(SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $_ t)" } @tables) . ' ORDER BY 1';

sub write_more
{
	my ($from) = @_;
	$primary->safe_psql('postgres', "INSERT INTO orders SELECT i, i % 50, timestamptz '2024-01-01' + i * interval '5 hours', i FROM generate_series($from, $from + 99) i");
	$primary->safe_psql('postgres', "UPDATE orders SET total = total + 1, at = at - interval '1 day' WHERE id % 10 = 3");
	$primary->safe_psql('postgres', "DELETE FROM orders WHERE id % 50 = 7");
	$primary->safe_psql('postgres', "SELECT ledger_tick('crm', timestamptz '2024-04-01' + $from * interval '1 hour'), ledger_touch('crm', 3::bigint, 'nps', '2024-03-01', score => 9)");
}

# ---- a standby ----

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
write_more(1000);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'a standby');
is($standby->safe_psql('postgres', $content), $primary->safe_psql('postgres', $content), 'holds what the primary holds');
for my $view (@views)
{
	# to the letter, unless two readings of the primary itself differ: then it reads the clock
	my $rows = "SELECT count(*), md5(string_agg(to_jsonb(v)::text, '' ORDER BY to_jsonb(v)::text)) FROM $view v";
	my @twice = map { $primary->safe_psql('postgres', $rows) } 1, 2;
	$rows = "SELECT count(*) FROM $view" if $twice[0] ne $twice[1];
	is($standby->safe_psql('postgres', $rows), $primary->safe_psql('postgres', $rows), "$view says the same there");
}
is($standby->safe_psql('postgres', q{SELECT count(*) FROM ledger_check('crm')}), '0', 'ledger_check() works there, and finds nothing');
my ($status, undef, $message) = $standby->psql('postgres', q{SELECT ledger_touch('crm', 3::bigint, 'login')});
like($message, qr/read-only transaction/, 'and it can only be read');
$standby->promote;
$standby->safe_psql('postgres', q{INSERT INTO orders VALUES (9000, 9000, '2024-07-05', 5)});
is($standby->safe_psql('postgres', q{SELECT stage FROM crm.customer WHERE customer_id = 9000}), 'conversion', 'promoted, it moves customers');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM ledger_check('crm')}), '0', 'and is in order');
$standby->stop;

# ---- a subscriber ----

is($primary->safe_psql('postgres', q{SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
	WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r' AND relreplident <> 'f' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)}), '',
	'every table of a ledger has an identity, or publishing it would stop its updates');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->append_conf('postgresql.conf', "timezone = 'UTC'");
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION customer_lifecycle');
my $schema = $primary->backup_dir . '/crm.sql';
$primary->command_ok(['pg_dump', '--schema-only', '--schema=crm', '-f', $schema, $primary->connstr('postgres')], 'the tables of the ledger, empty');
$subscriber->command_ok(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $subscriber->connstr('postgres'), '-f', $schema], 'are made there');
# All but the tables that name sources (regclass): those aren't there.
my @published = split /\n/, $primary->safe_psql('postgres', q{SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r'
	AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND atttypid = 'regclass'::regtype) ORDER BY 1});
cmp_ok(scalar @published, '>=', 7, 'published: ' . join(', ', @published));
$content = join(' UNION ALL ', map { "(SELECT '$_', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $_ t)" } @published) . ' ORDER BY 1';
$primary->safe_psql('postgres', 'CREATE PUBLICATION ledger FOR TABLE ' . join(', ', @published));
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION ledger CONNECTION '" . $primary->connstr('postgres') =~ s/'//gr . "' PUBLICATION ledger");
$subscriber->wait_for_subscription_sync($primary, 'ledger');
is($subscriber->safe_psql('postgres', $content), $primary->safe_psql('postgres', $content), 'a subscriber has copied what the publisher holds');
write_more(2000);
$primary->safe_psql('postgres', q{SELECT ledger_rebuild('crm')});
$primary->wait_for_catchup('ledger');
is($subscriber->safe_psql('postgres', $content), $primary->safe_psql('postgres', $content), 'and follows: row by row the same, folded by the publisher alone');
is($subscriber->safe_psql('postgres', q{SELECT count(*) FROM ledger_check('crm')}), '0', 'which is the fold of the log there as well');
my $funnel = 'SELECT * FROM crm.stage_funnel ORDER BY 1';
is($subscriber->safe_psql('postgres', $funnel), $primary->safe_psql('postgres', $funnel), 'its views answer');

# a subscriber of the log alone folds by itself, on request; sequences are not replicated
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION ledger');
$subscriber->safe_psql('postgres', q{SELECT setval(pg_get_serial_sequence('crm.event_outbox', 'event_id'), max(event_id)) FROM crm.event_outbox});
$subscriber->safe_psql('postgres', q{TRUNCATE crm.customer, crm.stage_history; SELECT ledger_rebuild('crm'); SELECT ledger_tick('crm', (SELECT max(now_at) FROM (SELECT timestamptz '2024-04-01' + 2000 * interval '1 hour') c (now_at)))});
my $state = q{SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM crm.stage_history t};
is($subscriber->safe_psql('postgres', $state), $primary->safe_psql('postgres', $state), 'ledger_rebuild() makes the same history from the log alone');
$_->stop for $subscriber, $primary;
done_testing();
