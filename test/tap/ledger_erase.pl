# A person who is forgotten: whatever the ledger has kept of him, a dump of the database, text and
# catalogues, holds none of it afterwards; and one who is anonymised leaves the statistics, but no name.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql 'psql_or_die';

my $database = "ledger_erase_$$";

sub sql { return psql_or_die($database, "SET client_min_messages = error; $_[0]") }
sub mentions { my ($word) = @_; return join '', grep { /\Q$word\E/i } split /^/, `pg_dump $database` }

system("createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; system("dropdb --if-exists --force $database 2>/dev/null") if defined $database; $? = $status }
sql('CREATE EXTENSION customer_lifecycle');

for my $case (['text', "'Eve Adamson'", "'Bob Barker'", undef], ['text', "'Eve Adamson'", "'Bob Barker'", '1 month'],
	['uuid', "'e0e0e0e0-1111-2222-3333-444444444444'", "'b0b0b0b0-1111-2222-3333-444444444444'", undef], ['bigint', '777000777', '42', '7 days'])
{
	my ($type, $eve, $bob, $partition) = @$case;
	my $key = $eve =~ tr/'//dr;
	my $title = $type . (defined $partition ? ", by $partition" : '');
	my $fill = sub {
		sql("SELECT ledger_create('crm', '$type', " . (defined $partition ? "'$partition'" : 'NULL') . ')');
		# a table of the house's own that is about customers is forgotten along
		sql("CREATE TABLE crm.note (customer_id $type, note text); INSERT INTO crm.note VALUES ($eve, 'zzsecret note')");
		sql("SELECT ledger_touch('crm', ${eve}::$type, k, timestamptz '2024-01-01' + n * interval '20 days', amount => n, subject => 'zzsecret subject ' || n, channel => 'email', campaign => 'spring',
				properties => jsonb_build_object('note', 'zzsecret ' || n, 'name', 'email', 'value', 'zzsecret\@example.org', 'purpose', 'mail', 'topic', 'price'), score => 5, source => 'app', source_key => 'zzsecret key ' || n)
			FROM unnest('{signup,purchase,nps,csat,trait_set,consent_given,ticket_opened,review,unheard of,purchase}'::text[]) WITH ORDINALITY AS t (k, n)");
		# others name the person: referred, as a subject, in a property; and what could not be used does
		sql("SELECT ledger_touch('crm', ${bob}::$type, k, timestamptz '2024-02-01' + n * interval '1 day', subject => '$key', properties => '{\"kept\": 1}', source => 'app', source_key => 'b ' || n)
			FROM unnest('{purchase,referral_sent,referral_converted}'::text[]) WITH ORDINALITY AS t (k, n) WHERE k <> 'purchase' OR '$type' <> 'bigint'");
		sql("SELECT ledger_touch('crm', ${bob}::$type, 'feedback', '2024-02-09', properties => '{\"about\": \"$key\", \"kept\": 2}')") if $type ne 'bigint';
		sql("SELECT ledger_touch('crm', ${bob}::$type, 'referral_sent', '2424-02-09', subject => '$key')");
		sql("SELECT ledger_partition('crm')") if defined $partition;
		sql("SELECT ledger_tick('crm', '2025-06-01')");
		sql("SELECT ledger_partition('crm')") if defined $partition;
	};
	my $clean = sub { sql("SELECT ledger_drop('crm', 'crm')") };

	$fill->();
	cmp_ok(length mentions('zzsecret'), '>', 1000, "$title: there is much to forget");
	like(mentions($key), qr/referral_sent/, '... others name the person');
	cmp_ok(sql("SELECT ledger_erase('crm', ${eve}::$type, 'delete')"), '==', 9, 'nine touchpoints are deleted');
	is(mentions('zzsecret'), '', 'nothing of what was known is in a dump');
	is(mentions($key), '', '... nor is the key');
	is(sql("SELECT string_agg(kind, ', ' ORDER BY kind) FROM crm.touchpoint WHERE kind LIKE 'referral%'"), 'referral_converted, referral_sent', 'the other\'s touchpoints stay');
	is(sql("SELECT sum((properties ->> 'kept')::integer) FROM crm.touchpoint"), $type eq 'bigint' ? 2 : 5, '... and what they say beside');
	is(sql("SELECT count(*), min(payload ->> 'mode') FROM crm.event_outbox WHERE event = 'erased'"), '1|delete', 'the outbox hears of it');
	is(sql("SELECT * FROM ledger_check('crm')"), '', 'the state is the fold of the log');
	$clean->();

	$fill->();
	my $statistics = "SELECT count(*), sum(purchase_amount), sum(purchase_count), string_agg(stage_name, ' ' ORDER BY stage_name), sum(last_nps_score), count(acquisition_channel) FROM crm.customer_360";
	my $spans = "SELECT stage, entered_at, left_at FROM crm.stage_history ORDER BY 1, 2";
	my ($before, $spans_before) = (sql($statistics), sql($spans));
	cmp_ok(sql("SELECT ledger_erase('crm', ${eve}::$type)"), '==', 9, 'nine touchpoints are anonymised');
	is(join('', grep { !/zzsecret note/ } split /^/, mentions('zzsecret')), '', 'nothing of what was known is in a dump, but in the house\'s own table');
	is(sql("SELECT count(*) FROM crm.note n JOIN crm.customer c USING (customer_id)"), 1, '... whose row is the unnamed customer\'s');
	# the event that tells backends whom to forget names him, until it is acknowledged and purged
	sql("SELECT ledger_ack_events('crm', e.event_id) FROM crm.event_outbox e WHERE event = 'erased'; UPDATE crm.event_outbox SET acked_at = now() - interval '1 day'; SELECT ledger_purge_events('crm', '1 hour')");
	is(mentions($key), '', '... nor is the key');
	is(sql($statistics), $before, 'the statistics are the same');
	is(sql($spans), $spans_before, '... and the history');
	is(sql("SELECT count(*) FROM crm.touchpoint r JOIN crm.customer c ON c.customer_id::text = r.subject WHERE r.kind LIKE 'referral%'"), 2, 'who was referred is still someone');
	is(sql("SELECT * FROM ledger_check('crm')"), '', 'the state is the fold of the log');
	$clean->();
}

# two at once are two persons
sql("SELECT ledger_create('crm'); SELECT ledger_touch('crm', i, 'purchase', '2024-01-01') FROM generate_series(1, 20) i");
my @clients = map { my $n = $_; open my $psql, '|-', 'psql', '-XAtq', '-o', '/dev/null', '-d', $database or die "cannot run psql: $!"; print $psql "SELECT ledger_erase('crm', $n + $_);\n" for map { 4 * $_ } 0 .. 4; $psql } 1 .. 4;
close $_ for @clients;
is(sql('SELECT count(DISTINCT customer_id), count(*), max(customer_id) < 0 FROM crm.touchpoint'), '20|20|t', 'persons who are anonymised at once stay several');
done_testing();
