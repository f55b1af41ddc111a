# A tick in batches leaves what a tick at once leaves, for keys of any type, with plays, health and
# partitions; one that was interrupted goes on, and nothing that backends are to be told is left out.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql qw(psql_apart psql_or_die);

my $database = "ledger_tick_$$";

sub sql { return psql_or_die($database, $_[0]) }
sub call { return psql_apart($database, @_) }

system("createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists --force $database 2>/dev/null") if defined $database; $? = $status }
sql('CREATE EXTENSION customer_lifecycle');

# a ledger with customers of whom time brings something at many instants
sub make
{
	my ($name, $type, $key, $partition) = @_;
	sql(qq{SET client_min_messages = error;
		SELECT ledger_create('$name', '$type', partition_by => $partition);
		INSERT INTO $name.play (play, on_silence, action) VALUES ('miss', '45 days', 'mail');
		INSERT INTO $name.play (play, on_stage, action) VALUES ('gone', 'churned', 'call');
		INSERT INTO $name.touchpoint (customer_id, kind, occurred_at, amount)
		SELECT $key, (ARRAY['signup', 'purchase', 'login', 'purchase'])[1 + (i + i / 2000) % 4], timestamptz '2024-01-01' + i % 997 * interval '7 hours', i % 50 FROM generate_series(1, 6000) i});
}
my $outcome = q{SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
	SELECT c::text AS line FROM %1$s.customer c UNION ALL SELECT h::text FROM %1$s.stage_history h UNION ALL SELECT h::text FROM %1$s.health_history h
	UNION ALL SELECT e.event || e.customer_id || e.occurred_at || (e.payload - 'told_by') FROM %1$s.event_outbox e UNION ALL SELECT k.horizon || ' ' || k.told_horizon FROM %1$s.clock k) l};
sub outcome { my $sql = $outcome; $sql =~ s{%1\$s}{$_[0]}g; return sql($sql) }

my @keys = (['bigint', '(i % 2000)'], ['text', "('c' || i % 2000)"], ['uuid', "md5((i % 2000)::text)::uuid"]);
for my $k (@keys)
{
	my ($type, $key) = @$k;
	my $partition = $type eq 'text' ? "'1 mon'" : 'NULL';
	make("$_$type", $type, $key, $partition) for 'once_', 'batch_';
	my $before = outcome("batch_$type");
	my $n = sql("SELECT ledger_tick('once_$type', '2024-12-01')");
	cmp_ok($n, '>', 1500, "$type: time moves nearly all customers");
	my $said = call("CALL ledger_tick_batches('batch_$type', '2024-12-01', batch => 300)");
	is(() = $said =~ /NOTICE:  batch_$type: time has passed for \d+ of $n customers, \d\d:\d\d:\d\d left/g, int(($n + 299) / 300), '... and says how far it is, batch by batch');
	isnt(outcome("batch_$type"), $before, '... and moves them');
	is(outcome("batch_$type"), outcome("once_$type"), '... to where a tick at once does, and tells the same');
	is(sql("SELECT * FROM ledger_check('batch_$type')"), '', '... which is the fold of the log');
	is(call("CALL ledger_tick_batches('batch_$type', '2024-12-01')"), '', '... after which nothing is left to do');
}

# Interrupted after one batch, more than the 30 days ago that a late tick looks back; then a tick at once.
make($_, 'bigint', '(i % 2000)', 'NULL') for 'whole', 'broken';
sql("SELECT ledger_tick('$_', '2024-02-01')") for 'whole', 'broken';
sql("SELECT ledger_tick('whole', '2024-12-01')");
sql("SELECT ledger_tick_stages('broken', '2024-12-01', NULL, ledger_tick_batch('broken', '2024-12-01', NULL, 500))");
is(sql(q{SELECT k.horizon > k.told_horizon, (SELECT due_count > 0 FROM broken.ledger_health) FROM broken.clock k}), 't|t', 'interrupted: the clock has moved, customers are due, backends have not been told');
sql("SELECT ledger_tick('broken', '2024-12-01')");
is(outcome('broken'), outcome('whole'), 'the next tick does what was left');

# The daily refresh lets time pass in batches, too.
make($_, 'bigint', '(i % 2000)', 'NULL') for 'daily', 'ticked';
sql("SELECT ledger_tick('ticked', '2024-12-01')");
like(call("CALL ledger_refresh('daily', '2024-12-01')"), qr/^NOTICE:  daily: time has passed for 1\d{3} of 1\d{3} customers/, 'ledger_refresh() lets time pass by the batches');
is(outcome('daily'), outcome('ticked'), '... to where a tick comes');
unlike(call("CALL ledger_refresh('daily', '2024-12-01')"), qr/time has passed/, '... once');

like(call('BEGIN', "CALL ledger_tick_batches('whole')"), qr/ERROR:  CALL ledger_tick_batches\(\) cannot run inside a transaction block/, 'not within a transaction block');
like(call("CALL ledger_tick_batches('whole', batch => 0)"), qr/ERROR:  batch must be 1 or more/, 'a batch has a customer');
like(call("CALL ledger_tick_batches('nowhere')"), qr/ERROR:  ledger "nowhere" does not exist/, 'of a ledger that is there');

# Whoever is as he was isn't written: folding all anew, twice.
my $rows = q{SELECT md5(string_agg(c.ctid::text || c.xmin, ' ' ORDER BY c.customer_id)) FROM whole.customer c};
sql(q{SELECT ledger_rebuild('whole')});
my $were = sql($rows);
is(sql(q{SELECT ledger_rebuild('whole')}), 2000, 'all customers are folded anew');
is(sql($rows), $were, '... and those who are as they were are not written');
sql(q{UPDATE whole.touchpoint_kind SET alive = false WHERE kind = 'login'; SELECT ledger_rebuild('whole')});
isnt(sql($rows), $were, '... but those whom another rule moves are');
is(sql(q{SELECT * FROM ledger_check('whole')}), '', '... to what the log says');
done_testing();
