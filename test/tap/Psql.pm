# What psql prints for SQL in a database: rows as lines, columns apart by |.
package Psql;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(psql psql_apart psql_or_die);

# Whether psql was content, and what it printed.
sub run
{
	my ($database, $sql) = @_;
	open my $psql, '-|', 'psql', '-XAtq', '-d', $database, '-c', $sql or die "cannot run psql: $!";
	chomp(my @lines = <$psql>);
	return (close $psql, join "\n", @lines);
}

# After an error, what was printed before it.
sub psql { return (run(@_))[1] }

sub psql_or_die
{
	my ($content, $answer) = run(@_);
	die "psql failed: $_[1]\n" unless $content;
	return $answer;
}

# Commands that are a transaction each; errors and notices are in what was printed.
sub psql_apart
{
	my ($database, @commands) = @_;
	my $commands = join ' ', map { qq(-c "$_") } @commands;
	return scalar `psql -XAtq -d $database $commands 2>&1`;
}

1;
