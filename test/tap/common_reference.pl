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
done_testing();
