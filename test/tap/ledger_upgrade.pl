# A ledger that an older release has made, with what its house has changed in it: after ALTER EXTENSION
# ... UPDATE and ledger_upgrade() it is made of what a new one is made of, object by object; what
# the house has deleted stays deleted, what it has made stays, who could read can read what is new.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql_or_die';

my $database = "ledger_upgrade_$$";
my $role = "ledger_upgrade_$$";

sub run_sql { return psql_or_die($database, $_[0]) }
sub sql { return run_sql("SET client_min_messages = error; $_[0]") }
sub mine { return sql("SET ROLE ${role}_owner; $_[0]") }

END { my $status = $?; if (defined $database) { system("dropdb --if-exists --force $database 2>/dev/null; dropuser --if-exists ${role}_$_ 2>/dev/null") for qw(owner reader writer) } $? = $status }

my @releases = map { m{--([\d.]+)\.sql$} } glob 'releases/customer_lifecycle--*.sql';
ok(@releases > 0, 'there are releases to come from');
for my $release (@releases)
{
	system("dropdb --if-exists --force $database 2>/dev/null; createdb $database") == 0 or die 'cannot create the database';
	sql("DROP ROLE IF EXISTS ${role}_$_; CREATE ROLE ${role}_$_") for qw(owner reader writer);
	sql("CREATE EXTENSION customer_lifecycle VERSION '$release'; GRANT CREATE ON DATABASE $database TO ${role}_owner; CREATE SCHEMA shop AUTHORIZATION ${role}_owner");
	mine(q{
		SELECT ledger_create('crm'), ledger_create('Old "one"', 'text');
		CREATE TABLE shop.orders (id bigint PRIMARY KEY, who bigint, at timestamptz, total numeric);
		SELECT ledger_track('crm', 'shop.orders', kind => 'purchase', customer => 'who', occurred_at => 'at', amount => 'total');
		DELETE FROM crm.touchpoint_kind WHERE kind IN ('social_like', 'gift_sent');
		DELETE FROM crm.stage_rule WHERE rule IN ('tenure', 'regular_use');
		UPDATE crm.setting SET value = '60 days' WHERE name = 'silence_after';
		DELETE FROM crm.setting WHERE name = 'events';
		INSERT INTO crm.touchpoint_kind (kind, rank, stage) SELECT 'tasting ' || i, 780 + i, 'acquisition' FROM generate_series(1, 40) i;
		CREATE VIEW shop.mine AS SELECT customer_id, stage_name FROM crm.customer_360 WHERE is_customer;
		INSERT INTO shop.orders SELECT i, i % 7, timestamptz '2024-01-01' + i * interval '3 days', i FROM generate_series(1, 50) i});
	sql("ALTER EXTENSION customer_lifecycle UPDATE");
	# between the two nobody's statement fails, and nothing is lost
	like(`psql -Xd $database -c "INSERT INTO shop.orders VALUES (900, 77, '2024-12-01', 5)" 2>&1`, qr/WARNING:  ledger "crm" was made by an older release.*HINT: .*ledger_upgrade\('crm'\).*INSERT 0 1/s, 'before it, a write goes through, with a warning');
	like(`psql -Xd $database -c "SELECT ledger_tick('crm')" 2>&1`, qr/ERROR:  ledger "crm" was made by an older release/, '... and time waits');
	like(mine(q{SELECT * FROM ledger_upgrade('crm')}), qr/^table default_row\|added$/m, "$release: says what it has added");
	mine(q{SELECT * FROM ledger_upgrade('Old "one"')});
	is(mine(q{SELECT * FROM ledger_upgrade('crm')}), '', 'again: nothing');
	is(mine(q{SELECT * FROM ledger_create('crm')}), 'crm', 'making it once more leaves it as it is');

	mine(q{SELECT ledger_create('fresh'), ledger_create('fresh text', 'text')});
	for my $pair (['crm', 'fresh'], ['Old "one"', 'fresh text'])
	{
		my ($old, $new) = map { s/'/''/gr } @$pair;
		my $catalogue = sub { my ($ledger) = @_; return "SELECT object, replace(replace(definition, quote_ident('$ledger') || '.', 'x.'), '''$ledger''', '''x''') FROM ledger_catalogue('$ledger')" };
		is(mine($catalogue->($old) . ' EXCEPT ' . $catalogue->($new)), '', "$old has nothing that a new ledger has not");
		is(mine($catalogue->($new) . ' EXCEPT ' . $catalogue->($old)), '', '... and lacks nothing');
	}
	is(sql(qq{SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relowner <> '${role}_owner'::regrole}), '', 'all of it belongs to its owner');
	is(mine(q{SELECT count(*) FROM crm.touchpoint_kind WHERE kind IN ('social_like', 'gift_sent')}), 0, 'kinds that were deleted stay deleted');
	is(mine(q{SELECT count(*) FROM crm.stage_rule WHERE rule IN ('tenure', 'regular_use')}), 0, '... and rules');
	is(mine(q{SELECT count(*) FROM crm.setting WHERE name = 'events'}), 0, '... and settings');
	is(mine(q{SELECT value FROM crm.setting WHERE name = 'silence_after'}), '60 days', 'what was changed stays changed');
	is(mine(q{SELECT count(*) FROM fresh.touchpoint_kind k WHERE NOT EXISTS (SELECT FROM crm.touchpoint_kind o WHERE o.kind = k.kind)}), 2, 'kinds that are new are there, whatever ranks the house has given to its own');
	is(mine(q{SELECT count(*) FROM crm.touchpoint_kind WHERE kind LIKE 'tasting%'}), 40, '... which are there, too');
	is(mine(q{SELECT * FROM ledger_check('crm')}), '', 'the state is the fold of the log');
	is(mine(q{SELECT purchase_count FROM crm.customer WHERE customer_id = 77}), 1, '... of what was written before the upgrade, too');
	mine(q{INSERT INTO shop.orders VALUES (1000, 99, '2024-12-31', 5); UPDATE shop.orders SET total = 6 WHERE id = 1000});
	is(mine(q{SELECT stage_name FROM shop.mine WHERE customer_id = 99}), 'conversion', 'tracks go on, and views that use ours');
	is(mine(q{SELECT * FROM ledger_check('crm')}), '', '... correctly');

	# from now on rights are remembered: an upgrade gives them for what is new
	mine("SELECT ledger_grant('crm', '${role}_reader', 'read'), ledger_grant('crm', '${role}_writer', 'write')");
	mine(q{ALTER TABLE crm.stage_alias RENAME TO gone; ALTER TABLE crm.gone RENAME CONSTRAINT stage_alias_pkey TO gone_pkey; DROP VIEW crm.stage_funnel});
	is(mine(q{SELECT object FROM ledger_upgrade('crm') WHERE change = 'added' AND object ~ '^(table|view)'}), "table stage_alias\nview stage_funnel", 'what is missing is made anew');
	is(sql("SET ROLE ${role}_reader; SELECT count(*) FROM crm.stage_alias"), 0, '... and who could read can read it');
	is(sql("SET ROLE ${role}_reader; SELECT count(*) > 0 FROM crm.stage_funnel"), 't', '... views, too');

	# a superuser upgrades: it stays the owner's
	mine(q{DROP VIEW crm.stage_funnel});
	sql(q{SELECT count(*) FROM ledger_upgrade('crm')});
	is(sql(q{SELECT relowner::regrole FROM pg_class WHERE oid = 'crm.stage_funnel'::regclass}), "${role}_owner", 'what a superuser upgrades stays its owner\'s');
	like(`psql -Xd $database -c "SET ROLE ${role}_reader" -c "SELECT * FROM ledger_upgrade('crm')" 2>&1`, qr/must be owner of ledger "crm"/, 'nobody else upgrades it');
	# a view that cannot be replaced
	mine(q{DROP VIEW crm.stage_funnel; CREATE VIEW crm.stage_funnel AS SELECT 1 AS my_own_column});
	like(`psql -Xd $database -c "SELECT * FROM ledger_upgrade('crm')" 2>&1`, qr/a view of ledger "crm" cannot be replaced: .*HINT: .*DROP VIEW/s, 'a view that cannot be replaced is named, with what to do');
	sql("DROP OWNED BY ${role}_owner CASCADE");
	system("dropdb --force $database");
	sql_ok($_) for qw(owner reader writer);
}
sub sql_ok { system("dropuser ${role}_$_[0]") == 0 or die 'cannot drop a role' }
done_testing();
