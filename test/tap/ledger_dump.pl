# A ledger through pg_dump and a restore: data, rules, triggers and what is tracked; and through
# DROP EXTENSION ... CASCADE, which takes columns, but no fact.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql';

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

done_testing();
