# A source that is replicated into a tracked table. The apply worker fires only row triggers, and of
# those only what is ENABLEd REPLICA or ALWAYS, whatever statement triggers are: what has arrived is
# taken in by a backfill.
use strict;
use warnings;
use Test::More;

BEGIN
{
	eval { require PostgreSQL::Test::Cluster; 1 } or plan skip_all => 'PostgreSQL::Test::Cluster is not installed';
}

my $publisher = PostgreSQL::Test::Cluster->new('ledger_publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', 'max_wal_senders = 8');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('ledger_subscriber');
$subscriber->init;
$subscriber->start;

my $orders = 'CREATE TABLE orders (id bigint PRIMARY KEY, who bigint, at timestamptz)';
$publisher->safe_psql('postgres', "SET client_min_messages = error; CREATE EXTENSION customer_lifecycle; $orders; SELECT ledger_create('crm');
	SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', track => 'orders');
	INSERT INTO orders SELECT i, i % 9, timestamptz '2024-01-01' + i * interval '1 day' FROM generate_series(1, 50) i;
	CREATE PUBLICATION source FOR TABLE orders;");
$subscriber->safe_psql('postgres', "SET client_min_messages = error; CREATE EXTENSION customer_lifecycle; $orders; SELECT ledger_create('crm');
	SELECT ledger_track('crm', 'orders', kind => 'purchase', customer => 'who', occurred_at => 'at', track => 'orders')");
my $connection = $publisher->connstr . ' dbname=postgres';
my $caught_up = sub { $publisher->wait_for_catchup($_) for @_ };

# a source that is replicated into a tracked table
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION source CONNECTION '$connection' PUBLICATION source");
$subscriber->wait_for_subscription_sync if $subscriber->can('wait_for_subscription_sync');
$subscriber->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_subscription_rel WHERE srsubstate = 'r'");
my $in_log = q{SELECT count(*) FROM crm.touchpoint WHERE source = 'orders'};
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM orders'), 50, 'the first copy has arrived');
is($subscriber->safe_psql('postgres', $in_log), 0, '... without firing the track');
$publisher->safe_psql('postgres', "INSERT INTO orders VALUES (100, 1, '2024-06-01'); UPDATE orders SET who = 20 WHERE id = 1; DELETE FROM orders WHERE id = 2");
$caught_up->('source');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM orders WHERE id = 100 OR who = 20'), 2, 'what follows arrives');
is($subscriber->safe_psql('postgres', $in_log), 0, '... without firing it, either');
# enabling them always changes nothing: they are statement triggers
$subscriber->safe_psql('postgres', (join '; ', map { "ALTER TABLE orders ENABLE ALWAYS TRIGGER $_" } split /\n/, $subscriber->safe_psql('postgres', q{SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal})));
$publisher->safe_psql('postgres', "UPDATE orders SET who = 21 WHERE id = 4");
$caught_up->('source');
is($subscriber->safe_psql('postgres', $in_log), 0, '... even if it is enabled always');
$subscriber->psql('postgres', q{CALL ledger_backfill('crm', 'orders')});
is($subscriber->safe_psql('postgres', "$in_log AND EXISTS (SELECT FROM orders o WHERE o.id::text = source_key AND o.who = customer_id)"), 50, 'a backfill takes it in');
is($subscriber->safe_psql('postgres', q{SELECT * FROM ledger_check('crm')}), '', '... and the state is its fold');
# later changes need it once more: of what is new a backfill from the beginning takes in, what changed or went has to go first
$publisher->safe_psql('postgres', "INSERT INTO orders VALUES (101, 1, '2024-06-02'); DELETE FROM orders WHERE id = 3");
$caught_up->('source');
$subscriber->psql('postgres', $_) for "DELETE FROM crm.touchpoint WHERE source = 'orders'", 'DELETE FROM crm.backfill', q{CALL ledger_backfill('crm', 'orders')};
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM orders o FULL JOIN crm.touchpoint t ON t.source_key = o.id::text WHERE o.id IS NULL OR t.source_key IS NULL'), 0, 'anew from the beginning');

$_->stop for $subscriber, $publisher;
done_testing();
