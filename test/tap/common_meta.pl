# META.json against the rules of PGXN's Meta Spec 1.0.0, what `make dist` would ship, and the packages' versions.
use strict;
use warnings;
use JSON::PP;
use Test::More;

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	local $/;
	return scalar <$in>;
}

my $meta = eval { JSON::PP->new->decode(slurp('META.json')) };
ok(ref $meta eq 'HASH', 'META.json is a JSON object') or BAIL_OUT($@);

my $semver = qr/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[A-Za-z][0-9A-Za-z-]*)?$/;
my $term = qr{^[^\s/\\\x00-\x1f\x7f]{2,}$};
my %known = map { $_ => 1 } qw(abstract description maintainer license name version provides prereqs release_status resources tags generated_by no_index meta-spec);
is(join(', ', grep { !$known{$_} && !/^x_/i } sort keys %$meta), '', 'it has no field that the spec does not know');
for my $field (qw(abstract maintainer license name version provides meta-spec))
{
	ok(defined $meta->{$field} && length $meta->{$field}, "it has the required $field");
}
like($meta->{name}, $term, 'name is a term');
like($meta->{version}, $semver, 'version is a semantic version');
is(ref $meta->{abstract}, '', 'abstract is a string');
my @licenses = map { ref $_ ? @$_ : $_ } ref $meta->{license} eq 'HASH' ? () : $meta->{license};
my %licenses = map { $_ => 1 } qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd freebsd gfdl_1_2 gfdl_1_3 gpl_1 gpl_2 gpl_3
	lgpl_2_1 lgpl_3_0 mit mozilla_1_0 mozilla_1_1 openssl perl_5 postgresql qpl_1_0 ssleay sun zlib open_source restricted unrestricted unknown);
is(join(', ', grep { !$licenses{$_} } @licenses), '', 'license is one that the spec names');
is($meta->{'meta-spec'}{version}, '1.0.0', 'meta-spec says its version');
like($meta->{'meta-spec'}{url}, qr{^https?://pgxn\.org/}, '... and where it is');
for my $extension (sort keys %{$meta->{provides}})
{
	my $provided = $meta->{provides}{$extension};
	like($extension, $term, "$extension is a term");
	like($provided->{version}, $semver, '... of a semantic version');
	ok(defined $provided->{file} && -f $provided->{file}, '... in a file that exists');
	ok(!defined $provided->{docfile} || -f $provided->{docfile}, '... documented in one that exists');
}
is(join(', ', grep { !/^(configure|build|test|runtime|develop)$/ } sort keys %{$meta->{prereqs} || {}}), '', 'phases of prereqs are those of the spec');
for my $phase (map { @{$meta->{prereqs}{$_}}{sort keys %{$meta->{prereqs}{$_}}} } sort keys %{$meta->{prereqs} || {}})
{
	is(join(', ', grep { $phase->{$_} ne '0' && $phase->{$_} !~ /^([<>=!]=?\s*)?\d+\.\d+\.\d+/ } sort keys %$phase), '', 'what is required has versions');
}
is(join(', ', grep { length > 255 || m{[/\\\x00-\x1f]} } @{$meta->{tags} || []}), '', 'tags are short and plain');

is((slurp('debian/changelog') =~ /^customer-lifecycle \(([^-]+)-\d+\)/)[0], $meta->{version}, 'the Debian package has the same version');
like(slurp('debian/control'), qr/^Package: postgresql-\d+-customer-lifecycle$/m, 'and a control file made from control.in');
done_testing();
