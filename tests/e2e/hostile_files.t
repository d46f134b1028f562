#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every file that a process maps is a stranger's: what it says of itself may be a lie, and what is at its path may hang
# whoever opens it. All of that at once: the recording ends in time, in little memory, with every process named.
# shellcheck source=tests/e2e/profile.sh
. "$(dirname "$0")/profile.sh"
need_program perl

# An ELF file of one page of code at 4096, and of what it claims about itself. KIND FILE CODE(hexadecimal)
cat >make_elf.pl <<'END'
use strict;
use warnings;
my ($kind, $file, $code) = @ARGV;
$code = pack "H*", $code;
my $machine = `uname -m` =~ /aarch64/ ? 183 : 62;
my ($names, $symbols, $table) = (0x2000, 0x2100, 0x2200); # offsets
my $strings = "\0mapped_code\0";
my $end = ~0;

sub section { # type flags offset size link entsize
	my ($type, $flags, $offset, $size, $link, $entsize) = @_;
	return pack 'L<L<Q<Q<Q<Q<L<L<Q<Q<', 0, $type, $flags, 0, $offset, $size, $link, 1, 8, $entsize;
}
sub segment { # type flags offset vaddr size
	my ($type, $flags, $offset, $vaddr, $size) = @_;
	return pack 'L<L<Q<Q<Q<Q<Q<Q<', $type, $flags, $offset, $vaddr, $vaddr, $size, $size, 4096;
}
my @segments = (segment(1, 5, 0x1000, 0x401000, 0x1000));
my @sections = (section(0, 0, 0, 0, 0, 0), section(2, 0, $symbols, 48, 2, 24), section(3, 0, $names, length $strings, 0, 0));
my ($phnum, $shnum, $size, $tail) = (undef, undef, 0x3000, '');
my $symbol = pack 'L<CCS<Q<Q<', 1, 0x12, 0, 1, 0x401000, length $code;
my %kinds = (
	plain => sub { },
	beyond => sub { $shnum = 65279; $table = $size - 64 },
	unnumbered => sub { $shnum = 0; $sections[0] = section(0, 0, 0, 1 << 40, 0, 0) },
	huge_symtab => sub { $sections[1] = section(2, 0, $symbols, $end - $symbols, 2, 24) },
	sparse => sub { $size = 8 << 30; $sections[1] = section(2, 0, $symbols, $size - $symbols - 16, 2, 24) },
	overlapping => sub {
		$size = 64 << 20;
		push @sections, (section(2, 0, 0x3000, $size - 0x3000, 2, 24)) x 20000;
		$sections[2] = section(3, 0, 0, $size, 0, 0);
		$table = 0x100000;
	},
	linked_to_itself => sub { $sections[1] = section(2, 0, $symbols, 48, 1, 0) },
	segments => sub { $phnum = 65535 },
	notes => sub { push @segments, segment(4, 4, 0x2400, 0, 64); $tail = pack 'L<L<L<', (0xffff_ffff) x 3 },
	wrap => sub {
		@segments = (segment(1, 5, 0x1000, $end - 0xfff, 0x1000));
		$symbol = pack 'L<CCS<Q<Q<', 0xffff_fff0, 0x12, 0, 1, $end - 0xfff, $end;
	},
	compressed => sub {
		$sections[1] = section(2, 0x800, 0x2400, 64, 2, 24);
		$tail = pack 'L<L<Q<Q<', 1, 0, 1 << 60, 8;
	},
	unwinding => sub {
		$size = 16 << 20;
		push @segments, segment(0x6474e550, 4, 0x2400, 0x402400, 64);
		push @sections, section(1, 2, 0x3000, $size - 0x3000, 0, 0);
		$tail = pack 'CCCCL<L<', 1, 0x1b, 3, 0x3b, 0xc00, 0xffff_ffff;
	},
	flapping => sub { $size = 4 << 20; $sections[1] = section(2, 0, $symbols, $size - $symbols - 16, 2, 24) },
);
$kinds{$kind}->();
$phnum //= @segments;
$shnum //= @sections;
open my $out, '>', $file or die "$file: $!\n";
sub at {
	my ($offset, $bytes) = @_;
	seek $out, $offset, 0 or die;
	print $out $bytes or die;
}
at(0, "\177ELF" . pack('CCCx9S<S<L<Q<Q<Q<L<S<S<S<S<S<S<', 2, 1, 1, 3, $machine, 1, 0x401000, 64, $table, 0, 64, 56, $phnum,
	64, $shnum, 0) . join '', @segments);
at(0x1000, $code);
at($names, $strings);
at($symbols, pack('L<CCS<Q<Q<', (0) x 6) . $symbol);
at(0x2400, $tail);
at($table, join '', @sections[0 .. ($table + 64 * @sections <= $size ? $#sections : 0)]);
truncate $out, $size or die;
close $out or die;
END

# Seconds by the clock and of CPU, and KiB at most, that a command took: sets $took, $cpu, $peak and $status.
measured() {
	perl -e 'my $t = time; my $r = system(@ARGV); my $usage = "\0" x 256;
		syscall(`uname -m` =~ /aarch64/ ? 165 : 98, -1, $usage);
		my ($us, $uu, $ss, $su, $rss) = unpack "q<*", $usage;
		open my $out, ">", "measured" or die;
		print $out join(" ", time - $t, $us + $ss + ($uu + $su) / 1e6, $rss), "\n"; exit($r >> 8 || $r)' -- "$@"
	status=$?
	read -r took cpu peak <measured
}

code=$("$TARGETS/run_mapped" code | perl -0777 -ne 'print unpack "H*", $_')
kinds='plain beyond unnumbered huge_symtab sparse overlapping linked_to_itself segments notes wrap compressed unwinding flapping'
for kind in $kinds; do
	perl make_elf.pl "$kind" "$kind.elf" "$code" || bail "cannot make $kind.elf"
	cp "$TARGETS/run_mapped" "elf_$kind"
	start nice -n 5 "./elf_$kind" 100 "$kind.elf" 4096
done
# shellcheck disable=SC2016 # Perl expands them
start nice -n 5 perl -e 'alarm 100; while (1) { truncate "flapping.elf", 0x2150 + rand 4000000; select undef, undef, undef, 0.001 }'

# What is at the path of a running program by now.
mkdir jail
while read -r lib; do
	mkdir -p "jail$(dirname "$lib")" && cp -L "$lib" "jail$lib"
done < <(ldd "$TARGETS/busy_loop" | grep -o '/[^ ]*')
mkdir jail/opt && cp "$TARGETS/busy_loop" jail/opt/path_link
cp "$TARGETS/threads" decoy
start nice -n 5 chroot jail /opt/path_link 100
for kind in fifo device directory; do
	cp "$TARGETS/busy_loop" "path_$kind"
	start nice -n 5 "./path_$kind" 100
done
sleep 0.5
rm path_fifo path_device path_directory jail/opt/path_link
mkfifo path_fifo
mknod path_device c 1 5
mkdir path_directory
ln -s "$TMP/decoy" jail/opt/path_link

# What a process says about the code that it has written.
maps=()
for kind in fifo link sparse endless foreign; do
	cp "$TARGETS/jit" "jit_$kind"
	start nice -n 5 "./jit_$kind" 100
	map=/tmp/perf-$started.map
	maps+=("$map")
	wait_for 5 test -s "$map" || bail "$map is missing"
	case $kind in
	fifo) rm "$map" && mkfifo "$map" ;;
	link) cp "$map" real.map && ln -sf "$TMP/real.map" "$map" ;;
	sparse) truncate -s 1G "$map" ;;
	endless) perl -e 'print "a" x (16 << 20)' >>"$map" ;;
	foreign) cp "$map" foreign.map && chown 65534:65534 foreign.map && mv foreign.map "$map" ;;
	esac
done

# A mount whose daemon does not answer any more.
hung=
if [ -e /dev/fuse ] && unshare -m true 2>/dev/null; then
	mkdir mnt
	cp "$TARGETS/busy_loop" hung_file
	start nice -n 5 unshare -m "$TARGETS/hung_mount" 100 "$TMP/mnt" "$TMP/hung_file"
	hung=hung_file
	sleep 1.5
fi

measured timeout -k 5 80 "$CULPRIT" record -d 6s -o all.folded
rm -f "${maps[@]}"
is "$status" 0 'the recording ends'
at_most "$took" 75 'in time, on a machine where the CPUs are taken'
at_most "$cpu" 5 'for little CPU time (s)'
at_most "$peak" 200000 'in little memory (KiB)'
for kind in $kinds; do
	at_least "$(labelled all.folded "elf_$kind")" 2 "a process that runs code of the file '$kind' is named"
done
at_least "$(count all.folded '^elf_plain;.*;mapped_code$')" 1 'the code of the file that does not lie, too'
is "$(count all.folded '^elf_.*;.*(0x)?[0-9a-f]{9}')" 0 'none has an address for a name'
for kind in fifo device directory link; do
	all=$(labelled all.folded "path_$kind")
	at_least "$all" 2 "a program whose path is a $kind by now is named"
	at_least "$(share "$(count all.folded "^path_$kind;.*spin_inner")" "$all")" 90 'so are its functions'
done
is "$(count all.folded '^path_.*(even_work|odd_work|thread_main)')" 0 'none by those of the file that a link leads to'
for kind in fifo link sparse endless foreign; do
	at_least "$(labelled all.folded "jit_$kind")" 2 "a process whose perf map is $kind is named"
done
is "$(count all.folded '^jit_(fifo|sparse|foreign);.*Hot::loop')" 0 'what such a map says is not believed'
if [ "$hung" ]; then
	at_least "$(labelled all.folded hung_file)" 5 'a program on a mount that hangs is named'
	at_least "$(count all.folded '^hung_file;.*\[hung_file\]')" 5 'its code is called after the file'
else
	skip 'FUSE cannot be mounted here'
	skip 'FUSE cannot be mounted here'
fi
stop_all
done_testing
