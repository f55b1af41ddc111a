# A ledger through pg_dump and a restore: data, rules, triggers and what is tracked; and through
# DROP EXTENSION ... CASCADE, which takes columns, but no fact, and back.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql qw(psql psql_apart psql_or_die);

my $before = "ledger_before_$$";
my $after = "ledger_after_$$";

system("createdb $before && createdb $after") == 0 or die 'cannot create the databases';
END { system("dropdb --if-exists $_ 2>/dev/null") for grep { defined } $before, $after }

psql($before, q{
	SET client_min_messages = error;
	CREATE EXTENSION customer_lifecycle;
	SELECT ledger_create('crm', 'text'), ledger_create('My "CRM"'), ledger_create('parted', 'text', partition_by => '1 month');
	CREATE TABLE orders (id bigint PRIMARY KEY, who text, at timestamptz, total numeric) PARTITION BY RANGE (id);
	CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (500);
	CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM (500) TO (5000);
	CREATE TYPE public.mood AS ENUM ('good', 'bad');
	CREATE FUNCTION public.shout(mood) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper($1::text);
	SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', channel => $$'it''s "web"'$$);
	SELECT ledger_track('parted', 'orders', 'purchase', 'who', 'at', 'total', channel => $$public.shout('good'::public.mood)$$, only_when => 'total > 3 -- cheap');
	INSERT INTO orders SELECT i, 'customer ' || i % 70, timestamptz '2024-01-01' + i * interval '3 hours', i FROM generate_series(1, 1000) i;
	SELECT ledger_touch('crm', 'customer 1', 'nps', '2024-06-01', score => 9);
	SELECT ledger_touch('My "CRM"', 1::bigint, 'signup', '2024-06-01');
	SELECT ledger_touch('parted', 'customer 1', 'nps', '2024-06-01', score => 3, source => 'app', source_key => 'nps');
	SELECT ledger_touch('parted', 'customer 1', 'unheard of', '2024-06-01');
	SELECT ledger_partition('parted');
	SELECT ledger_detach('parted', '2024-02-01');
	INSERT INTO parted.stage_alias VALUES ('ours', 'Stammkunde', 'retention');
	INSERT INTO parted.touchpoint (customer_id, kind, occurred_at) VALUES ('customer 2', 'login', '2030-01-01'), ('customer 2', 'login', '1990-01-01');
	UPDATE crm.setting SET value = '45 days' WHERE name = 'silence_after';
	SELECT ledger_rebuild('crm');
	SELECT ledger_tick('crm', '2025-01-01')});
is(`pg_dump $before | psql -Xq -v ON_ERROR_STOP=1 -d $after 2>&1 >/dev/null`, '', 'a dump is restored without a complaint');
my @tables = split /\n/, psql($before, q{SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('crm', 'My "CRM"', 'parted') AND c.relkind IN ('r', 'p') ORDER BY 1});
cmp_ok(scalar(@tables), '>', 60, 'there are ' . @tables . ' tables');
for my $table (@tables)
{
	my $content = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $table t";
	is(psql($after, $content), psql($before, $content), "$table holds the same");
}
for my $ledger ('crm', 'My "CRM"', 'parted')
{
	# the server writes casts of a view differently once it has read them
	my $catalogue = "SELECT object, CASE WHEN object NOT LIKE 'view %' THEN definition END FROM ledger_catalogue('$ledger') ORDER BY 1, 2";
	my %known = map { $_ => 1 } split /\n/, psql($before, $catalogue);
	is(join("\n", grep { !delete $known{$_} } split /\n/, psql($after, $catalogue)), '', "$ledger is made of nothing else");
	is(join("\n", sort keys %known), '', '... and lacks nothing');
}
my $bounds = q{SELECT * FROM ledger_partitions('parted')};
is(psql($after, $bounds), psql($before, $bounds), 'partitions have the same bounds');
is(psql($after, q{SELECT stage FROM "My ""CRM""".customer_360}), 'acquisition', 'a name that needs quotes');
is(psql($after, q{SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');
psql($after, q{INSERT INTO orders VALUES (2000, 'customer 71', '2025-01-05', 5)});
is(psql($after, q{SELECT stage FROM crm.customer_360 WHERE customer_id = 'customer 71'}), 'conversion', 'tracked tables go on feeding it');
psql($after, q{UPDATE orders SET who = 'customer 72' WHERE id = 2000});
is(psql($after, q{SELECT string_agg(customer_id, ', ') FROM crm.customer WHERE customer_id IN ('customer 71', 'customer 72')}),
	'customer 72', 'and correcting it');

# a partitioned log: keys, corrections, time and partitions go on
is(psql($after, q{SELECT * FROM ledger_check('parted')}), '', 'the state of a partitioned log is its fold');
is(psql($after, q{SELECT ledger_touch('parted', 'customer 1', 'nps', '2025-06-01', score => 9, source => 'app', source_key => 'nps')}), 'f', 'keys are still taken');
is(psql($after, q{SELECT count(*) FROM parted.touchpoint WHERE customer_id = 'customer 72' AND channel = 'GOOD'}), 1, 'a track with expressions feeds and corrects it');
psql($after, q{DELETE FROM orders WHERE id = 2000});
is(psql($after, q{SELECT count(*) FROM parted.touchpoint WHERE customer_id = 'customer 72'}), 0, '... and removes');
is(psql($after, q{SET client_min_messages = error; SELECT ledger_partition('parted')}), 'parted.touchpoint_19900101', 'partitions are made');
is(psql($after, q{SELECT ledger_to_stage('parted', 'ours', 'stammkunde')}), 'retention', 'words of the house');

# without the extension, and with it again
my $facts = q{SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM crm.touchpoint t};
my $known = psql($after, $facts);
psql($after, q{SET client_min_messages = error; DROP EXTENSION customer_lifecycle CASCADE});
is(psql($after, $facts), $known, 'DROP EXTENSION loses no touchpoint');

psql($after, q{CREATE EXTENSION customer_lifecycle});
for my $call (q{ledger_create('crm', 'text')}, q{ledger_upgrade('crm')}, q{ledger_drop('crm')}, q{ledger_tick('crm')}, q{ledger_create('My \"CRM\"')}, q{ledger_create('parted', 'uuid')})
{
	like(psql_apart($after, "SELECT $call"), qr/ERROR:  schema ".*" holds the remains of a ledger whose extension was dropped\n.*DETAIL: .*HINT: .*ALTER SCHEMA .* SELECT ledger_create\(/s, "$call says what it has found");
}
like(psql_apart($after, q{SELECT ledger_create('My \"CRM\"')}), qr/ALTER SCHEMA "My ""CRM""" RENAME TO "My ""CRM""_old"; SELECT ledger_create\('My "CRM"', 'bigint'\); INSERT INTO "My ""CRM"""\.touchpoint/, '... by their names');

# the way back, as the documentation has it
open my $page, '<', 'docs/ledger.md' or die 'cannot read docs/ledger.md';
my ($way) = do { local $/; <$page> } =~ /^## Without the extension\n.*?^```psql\n(.*?)^```\n/ms;
$way =~ s/'bigint'/'text'/;
psql_or_die($after, "SET client_min_messages = error; $way");
is(psql($after, q{SELECT count(*) FROM ((SELECT kind, occurred_at, recorded_at, amount, source, source_key FROM crm.touchpoint) EXCEPT SELECT kind, occurred_at, recorded_at, amount, source, source_key FROM crm_old.touchpoint) t}), 0, 'the ledger has the touchpoints');
is(psql($after, q{SELECT count(*) = (SELECT count(*) FROM crm_old.touchpoint) FROM crm.touchpoint}), 't', '... all of them');
is(psql($after, q{SELECT * FROM ledger_check('crm')}), '', '... and the state that follows');
is(psql($after, q{SELECT value FROM crm.setting WHERE name = 'silence_after'}), '45 days', '... the settings');
is(psql($after, q{SELECT count(*) FROM crm.event_outbox}), 0, '... and tells nobody once more');
psql_or_die($after, q{SET client_min_messages = error; SELECT ledger_track('crm', 'orders', 'purchase', 'who', 'at', 'total', channel => $$'it''s "web"'$$); INSERT INTO orders VALUES (3000, 'customer 73', now(), 5)});
is(psql($after, q{SELECT stage FROM crm.customer_360 WHERE customer_id = 'customer 73'}), 'conversion', 'what is tracked again feeds it');
psql_or_die($after, q{SET client_min_messages = error; DROP SCHEMA crm_old CASCADE});
is(psql($after, q{SELECT * FROM ledger_upgrade('crm')}), '', 'nothing of it is missing');

done_testing();
