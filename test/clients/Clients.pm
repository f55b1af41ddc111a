# What the tests of client libraries share: a ledger to read, what psql says is in it, and the
# comparison with what a client says.
#
# A client is a program that connects as the role analyst, whose only right is ledger_grant(...,
# 'read'), and prints, in lines of fields separated by tabs, what its driver told it:
#
#   V view remark                                      a view, and its comment
#   C view column type size scale nullable remark      a column of it: '-' for what the driver can't say
#   S view rows column count checksum                  the values of a column: how many are not NULL
#   K table column,column                              a primary key
#   T 0|1 what                                         a check of its own
#
# The checksum of a column is the sum over its values of the first eight hexadecimal digits of
# the MD5 of the value as text, so that the order of the rows doesn't matter. As text, a double is
# the hexadecimal digits of its eight bytes, an instant the milliseconds since 1970, a boolean t or
# f, a numeric has its four decimals: what psql prints and what a driver prints then are the same.
package Clients;
use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
our @EXPORT = qw(make_ledger compare_with_psql check_with skip_unless output_of python_with forward_tcp psql);

$ENV{THROWAWAY} or die "run me through tools/throwaway (make test)\n";
my $here = dirname(__FILE__);
my $database = 'clients';
my @forwarders;

sub psql
{
	my ($sql, @options) = @_;
	open my $out, '-|', 'psql', qw(-X -q -At -v ON_ERROR_STOP=1 -d), $database, @options, '-c', $sql
	  or die "cannot run psql: $!";
	binmode $out, ':utf8';
	local $/ = undef;
	my $printed = <$out>;
	close $out or die "psql failed: $sql\n";
	chomp $printed;
	return $printed;
}

sub rows { return map { [split /\t/, $_, -1] } split /\n/, psql($_[0], '-F', "\t") }

# One for all clients: they only read, or tell apart what they wrote.
sub make_ledger
{
	$ENV{PGDATABASE} = $database;
	return if `psql -XAtd postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'"` =~ /1/;
	system('createdb', $database) == 0
	  && system('psql', qw(-X -q -v ON_ERROR_STOP=1 -v customers=150 -d), $database, '-c', 'CREATE EXTENSION customer_lifecycle',
		'-f', "$here/../../examples/business.sql", '-v', 'ends=today', '-f', "$here/../../examples/ledger.sql") == 0
	  or BAIL_OUT('cannot make the ledger that clients read');
	return;
}

# What is in the views by the catalogue: [view, column, type, comment].
sub catalogue
{
	return rows(<<'END');
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' ORDER BY c.relname, a.attnum
END
}

my %as_text = (
	'double precision' => "encode(float8send(%s), 'hex')",
	'timestamp with time zone' => 'floor(extract(epoch FROM %s) * 1000)::bigint::text',
	'boolean' => "CASE WHEN %s THEN 't' ELSE 'f' END",
);

# What psql says of the values: "view.column" => 'rows count checksum'.
sub values_of
{
	my (%columns, %values);
	push @{ $columns{ $_->[0] } }, $_ for @_;
	for my $view (sort keys %columns)
	{
		my @sums = map {
			my $text = sprintf $as_text{ $_->[2] } // '%s::text', "v.\"$_->[1]\"";
			"count(v.\"$_->[1]\")"
			  . ", coalesce(sum(('x' || left(md5($text), 8))::bit(32)::bigint) FILTER (WHERE v.\"$_->[1]\" IS NOT NULL), 0)"
		} @{ $columns{$view} };
		my ($rows, @found) = @{ (rows("SET TIME ZONE 'UTC'; SELECT count(*), " . join(', ', @sums) . " FROM crm.\"$view\" v"))[0] };
		$values{"$view.$_->[1]"} = join ' ', $rows, splice @found, 0, 2 for @{ $columns{$view} };
	}
	return \%values;
}

# What psql said after one client is what it says before the next, as long as nobody writes.
my $kept = "$ENV{THROWAWAY}/clients.values";

sub keep_values
{
	my ($values) = @_;
	open my $file, '>', $kept or die "cannot write $kept: $!";
	print $file map { "$_\t$values->{$_}\n" } sort keys %$values;
	close $file;
	return;
}

sub kept_values
{
	open my $file, '<', $kept or return;
	return { map { chomp; split /\t/ } <$file> };
}

sub forget_values { unlink $kept; return }

# information_schema shows a reader no table all of whose columns are in keys: there is none to
# grant REFERENCES on without letting them refer to it.
sub keys_of_tables
{
	my ($by_information_schema) = @_;
	my $other_column = !$by_information_schema ? 'true' : <<'END';
EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND o.attnum = ANY (i.indkey::int2[])))
END
	return join "\n", map { join ' ', @$_ } rows(<<"END");
SELECT c.relname, string_agg(a.attname, ',' ORDER BY k.n)
  FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid
 CROSS JOIN unnest(p.conkey) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE p.contype = 'p' AND c.relnamespace = 'crm'::regnamespace AND NOT c.relispartition AND $other_column
 GROUP BY c.relname ORDER BY c.relname COLLATE "C"
END
}

sub split_output
{
	my ($output) = @_;
	my %lines = map { $_ => [] } qw(V C S K T);
	for (split /\n/, $output)
	{
		my ($kind, @fields) = split /\t/, $_, -1;
		push @{ $lines{$kind} // die "what the client printed is not understood: $_\n" }, \@fields;
	}
	return \%lines;
}

sub same_lines
{
	my ($got, $expected, $what) = @_;
	my %expected = map { $_ => 1 } @$expected;
	my %got = map { $_ => 1 } @$got;
	my @missing = grep { !$got{$_} } @$expected;
	my @more = grep { !$expected{$_} } @$got;
	ok(!@missing && !@more && @$got == @$expected, $what)
	  or diag(sprintf "%d lines, not %d\n", scalar @$got, scalar @$expected),
	  map { diag($_) } (map { "missing: $_" } @missing[0 .. min(9, $#missing)]), (map { "unexpected: $_" } @more[0 .. min(9, $#more)]);
	return;
}

sub min { return $_[0] < $_[1] ? $_[0] : $_[1] }

# compare_with_psql(OPTIONS, COMMAND ...): run the client and hold what it says against psql.
#   types    => { type by the catalogue => what the driver is to say: 'type size scale' }
#   nullable => what the driver is to say of the nullability of a column of a view
#   remarks  => the driver can be asked for comments; no_view_remarks => but not for those of views
#   information_schema => the keys were looked up there
sub compare_with_psql
{
	my ($options, @command) = @_;
	my @catalogue = catalogue();
	my $before = kept_values() // values_of(@catalogue);
	my $said = split_output(output_of(@command));
	my $after = values_of(@catalogue);
	keep_values($after);
	my $remark = sub { $options->{remarks} ? $_[0] : '-' };

	same_lines([map { join ' | ', @{$_}[0 .. 6] } @{ $said->{C} }],
		[map { join ' | ', $_->[0], $_->[1], split(/ \| /, $options->{types}{ $_->[2] } // "no such type: $_->[2]"), $options->{nullable}, $remark->($_->[3]) } @catalogue],
		'names, types, nullability and remarks of all columns');
	same_lines([map { join ' ', @$_ } @{ $said->{V} }],
		[map { join ' ', $_->[0], $options->{no_view_remarks} ? '-' : $remark->($_->[1]) } rows("SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'")],
		'the views, and their remarks');
	compare_values($said->{S}, $before, $after);
	is(join("\n", sort map { join ' ', @$_ } @{ $said->{K} }), keys_of_tables($options->{information_schema}), 'primary keys of the tables');
	ok($_->[0], $_->[1]) for @{ $said->{T} };
	return;
}

# A client that prints nothing but checks, and may write.
sub check_with
{
	my (@command) = @_;
	ok($_->[0], $_->[1]) for @{ split_output(output_of(@command))->{T} };
	forget_values();
	return;
}

# What depends on the present instant has moved between psql's two answers: of that, the number of
# rows and values must agree.
sub compare_values
{
	my ($said, $before, $after) = @_;
	my %got = map { ("$_->[0].$_->[2]" => "$_->[1] $_->[3] $_->[4]") } @$said;
	my @moving = sort grep { $before->{$_} ne $after->{$_} } keys %$before;
	my %moving = map { $_ => 1 } @moving;
	my $fixed = sub { my ($of) = @_; return [map { "$_ $of->{$_}" } grep { !$moving{$_} } sort keys %$of] };
	my $counted = sub { my ($of) = @_; return [map { "$_ " . (($of->{$_} // '') =~ s/ \d+$//r) } @moving] };

	same_lines($fixed->(\%got), $fixed->($before), 'rows, values and checksums of all columns');
	same_lines($counted->(\%got), $counted->($before), 'rows and values of the columns that change with time: ' . scalar @moving);
	cmp_ok(@moving, '<', keys(%$before) / 4, 'most columns do not change with time');
	my @empty = grep { $before->{$_} =~ / 0 0$/ } keys %$before;
	cmp_ok(@empty, '<', keys(%$before) / 4, 'most columns have values');
	return;
}

sub output_of
{
	my (@command) = @_;
	open my $out, '-|', @command or die "cannot run $command[0]: $!";
	binmode $out, ':utf8';
	local $/ = undef;
	my $printed = <$out>;
	ok(close($out), 'the client has run to its end') or BAIL_OUT("$command[0] failed");
	return $printed;
}

sub skip_unless
{
	my ($there, $what) = @_;
	plan skip_all => "$what: not installed (make test CLIENTS=1 installs what it can)" unless $there;
	return;
}

# The first Python that has these modules.
sub python_with
{
	my ($modules) = @_;
	for my $python ('python3', '/usr/bin/python3')
	{
		return $python if system("$python -c 'import $modules' >/dev/null 2>&1") == 0;
	}
	return;
}

# A driver that knows TCP only reaches the private socket through here: a port of 127.0.0.1 that
# nobody else had, for as long as the test runs. Returns the port.
sub forward_tcp
{
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 5, Proto => 'tcp')
	  or die "cannot listen: $!";
	my $parent = $$;
	defined(my $child = fork) or die "cannot fork: $!";
	if (!$child)
	{
		$SIG{ALRM} = sub { POSIX::_exit(0) if getppid() != $parent; alarm 1 };
		$SIG{PIPE} = 'IGNORE';
		alarm 1;
		forward($listener);
	}
	push @forwarders, $child;
	return $listener->sockport;
}

sub forward
{
	my ($listener) = @_;
	my %other;
	my $select = IO::Select->new($listener);
	while (1)
	{
		for my $ready ($select->can_read)
		{
			if ($ready == $listener)
			{
				my $client = $listener->accept or next;
				my $server = IO::Socket::UNIX->new(Peer => "$ENV{PGHOST}/.s.PGSQL.$ENV{PGPORT}") or die "cannot connect: $!";
				@other{ $client, $server } = ($server, $client);
				$select->add($client, $server);
			}
			elsif (sysread $ready, my $bytes, 65536)
			{
				for (my $done = 0; $done < length $bytes;)
				{
					$done += syswrite($other{$ready}, $bytes, length($bytes) - $done, $done) // last;
				}
			}
			elsif (my $peer = delete $other{$ready})
			{
				delete $other{$peer};
				$select->remove($ready, $peer);
				$_->close for $ready, $peer;
			}
		}
	}
	return;
}

END
{
	my $status = $?;
	for my $child (@forwarders) { kill TERM => $child; waitpid $child, 0 }
	$? = $status;
}

1;
