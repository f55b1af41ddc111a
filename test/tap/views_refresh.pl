# ledger_refresh() says how far it is once a second, not for each batch: of a small ledger, nothing.
use strict;
use warnings;
use Test::More;
use Time::HiRes 'time';
use lib 'test/tap';
use Psql qw(psql psql_apart psql_or_die);

my $database = "views_refresh_$$";
system("dropdb --if-exists --force $database 2>/dev/null; createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists --force $database 2>/dev/null") if defined $database; $? = $status }

psql_or_die($database, q{SET client_min_messages = error; CREATE EXTENSION customer_lifecycle; SELECT ledger_create('crm');
	INSERT INTO crm.touchpoint (customer_id, kind, occurred_at, amount) SELECT i % 7, 'purchase', now() - i * interval '30 days', 10 FROM generate_series(1, 60) i});
my $began = time;
my $said = psql_apart($database, "CALL ledger_refresh('crm', batch => 1)");
my $took = time - $began;
my $lines = () = $said =~ /^NOTICE:  ledger "crm": by month( and segment)?: \d+ %, [\d:]+ left$/mg;
my $periods = psql($database, 'SELECT count(DISTINCT period_start) FROM crm.kpi_period');
cmp_ok($periods, '>', 50, "$periods periods, each a batch of everyone and one of segments");
cmp_ok($lines, '<=', $took, sprintf '%d lines in %.1f seconds', $lines, $took);
ok($lines > 0 || $took < 3, 'who waits is told how far it is');
$said =~ s{^NOTICE:  (ledger "crm": by month|crm: time has passed).*\n}{}mg;
is($said, '', 'nothing else is said');

done_testing();
