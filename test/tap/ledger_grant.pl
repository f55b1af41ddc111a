# Who is granted a ledger can read it, wherever the extension lives: in a schema of its own, too, be it
# that the caller may let the role use that schema, or that its owner has to.
use strict;
use warnings;
use Test::More;
use lib 'test/tap';
use Psql qw(psql_apart psql_or_die);

my $database = "ledger_grant_$$";
my $role = "ledger_grant_$$";
my @roles = map { "${role}_$_" } qw(owner reader other member);

sub sql { return psql_or_die($database, "SET client_min_messages = error; $_[0]") }
sub may_use { return sql("SELECT has_schema_privilege('${role}_$_[0]', 'The life', 'USAGE')") }
sub reads { return psql_apart($database, "SET ROLE ${role}_$_[0]", 'SELECT count(*) FROM crm.customer_360', 'SELECT count(*) FROM crm.kpi WHERE value IS NULL AND period_start IS NULL') }

system("dropdb --if-exists --force $database 2>/dev/null; createdb $database") == 0 or die 'cannot create the database';
END { my $status = $?; if (defined $database) { system("dropdb --if-exists --force $database 2>/dev/null; dropuser --if-exists $_ 2>/dev/null") for @roles } $? = $status }

sql("CREATE ROLE $_") for @roles;
sql(qq{GRANT ${role}_owner TO ${role}_member;
	CREATE SCHEMA "The life"; CREATE EXTENSION customer_lifecycle SCHEMA "The life";
	GRANT USAGE ON SCHEMA "The life" TO ${role}_owner; GRANT CREATE ON DATABASE $database TO ${role}_owner});
sql(qq{SET ROLE ${role}_owner; SELECT "The life".ledger_create('crm'); INSERT INTO crm.touchpoint (customer_id, kind, occurred_at) VALUES (1, 'purchase', '2024-01-01')});
my $grant = q{SELECT \"The life\".ledger_grant('crm', '};

# the owner of the ledger, who may not give what is another's
like(psql_apart($database, "SET ROLE ${role}_owner", "$grant${role}_reader', 'read')"),
	qr/^WARNING:  role "${role}_reader" may not use schema "The life", where the extension is\nDETAIL: .*\nHINT:  .*: GRANT USAGE ON SCHEMA "The life" TO ${role}_reader$/m, 'who may not give it is told who can');
is(may_use('reader'), 'f', '... and nothing is given');
like(reads('reader'), qr/permission denied for schema/, '... without it, nothing can be read');
sql(qq{GRANT USAGE ON SCHEMA "The life" TO ${role}_reader});
is(reads('reader'), "1\n0\n", 'with what the hint says, it can');
is(psql_apart($database, "SET ROLE ${role}_owner", "$grant${role}_reader', 'write')"), "\n", 'who has it is not told anything');

# whoever may, gives it: a superuser, one with the grant option
is(psql_apart($database, "$grant${role}_other', 'read')"), "\n", 'a superuser gives it');
is(reads('other'), "1\n0\n", '... and the role can read');
sql(qq{REVOKE USAGE ON SCHEMA "The life" FROM ${role}_other; GRANT USAGE ON SCHEMA "The life" TO ${role}_member WITH GRANT OPTION});
is(psql_apart($database, "SET ROLE ${role}_member", "$grant${role}_other', 'read')"), "\n", 'so does who has the grant option');
is(reads('other'), "1\n0\n", '... and the role can read');
is(psql_apart($database, qq{SELECT \\"The life\\".ledger_revoke('crm', '${role}_other')}), "\n", 'what is taken back');
is(may_use('other'), 't', '... is the ledger, not the schema of the extension, which others may need');
like(reads('other'), qr/permission denied for schema crm/, '... and that is taken');

done_testing();
