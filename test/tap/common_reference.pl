# The reference is generated from the catalogue's comments: it must be what they say now.
use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);

my $made = tempdir(CLEANUP => 1);
is(system('tools/reference', $made), 0, 'the reference can be made');

sub lines_of
{
	my ($path) = @_;
	open my $file, '<', $path or return "cannot read $path: $!";
	local $/;
	return [split /\n/, <$file>];
}

for my $page ('reference.md', 'reference_views.md')
{
	is_deeply(lines_of("docs/$page"), lines_of("$made/$page"),
		"docs/$page says what the catalogue says; make reference writes it anew");
}

# docs/views.md has of each view its question, its columns and a query
my $page = join "\n", @{ lines_of('docs/views.md') };
my ($reference_of_views) = split /^## Tables$/m, join "\n", @{ lines_of('docs/reference_views.md') };
my @views = $reference_of_views =~ /^### (\w+)$/mg;
ok(@views > 30, 'there are views');
for my $view (@views)
{
	my ($section) = $page =~ /^## $view\n(.*?)(?=^## |\z)/ms;
	my @missing;
	push @missing, 'a row that asks' unless $page =~ /^\| \[`$view`\]\(#$view\) \| [^|]+\? \|$/m;
	push @missing, 'a question' unless ($section // '') =~ /\A\n[^\n]+\?\n/;
	push @missing, 'a query with its result' unless ($section // '') =~ /^(?: *SELECT .*)?FROM crm\.$view\b.*?```\n```text\n/ms;
	push @missing, 'its columns' unless ($section // '') =~ /columns_of\('$view'\)/;
	is("@missing", '', "docs/views.md has of $view its question, a query and its columns");
}
done_testing();
