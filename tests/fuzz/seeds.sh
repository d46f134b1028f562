#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# seeds.sh - makes those seeds in tests/fuzz/corpus/ that nobody can write by hand: ELF files of a few KiB, perf records,
# wire records, raw files, a pprof. They are committed; run it again only to make others. Wants .output/culprit.
set -eu
cd "$(dirname "$0")/corpus"
O=${O:-$PWD/../../../.output}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

put() { # TARGET NAME <bytes
	mkdir -p "$1"
	cat >"$1/$2"
	[ "$(stat -c %s "$1/$2")" -le 4096 ] || echo "seeds.sh: $1/$2 is larger than 4 KiB" >&2
}

# pack FORMAT VALUE… - bytes by perl's pack()
pack() {
	perl -e 'my $f = shift; print pack($f, map { /^0x/ ? hex : $_ } @ARGV)' "$@"
}

# ---- ELF: a library and a static program, with symbols, a build id, .eh_frame with and without an index
cat >"$work/a.c" <<-'END'
	int helper(int *a, int n) { int s = 0; for (int i = 0; i < n; i++) s += a[i]; return s; }
	int outer(int n) { int a[64]; for (int i = 0; i < 64; i++) a[i] = n; return helper(a, n); }
	__attribute__((weak, alias("outer"))) int outer_alias(int n);
	static int hidden(int n) { return n * 3; }
	int (*pointer)(int) = hidden;
	void _start(void) { for (;;) outer(pointer(3)); }
END
flags="-O1 -nostdlib -fno-stack-protector -fcf-protection=none -Wl,-z,noseparate-code -Wl,-z,max-page-size=64 -Wl,-z,norelro -Wl,--hash-style=gnu"
# shellcheck disable=SC2086
{
	gcc $flags -shared -fPIC -o "$work/lib.so" "$work/a.c"
	gcc $flags -static -o "$work/static" "$work/a.c"
	gcc $flags -static -fomit-frame-pointer -Wl,--no-eh-frame-hdr -o "$work/nohdr" "$work/a.c"
	cp "$work/static" "$work/stripped"
	strip "$work/stripped"
}
# CFI that compilers write seldom: a PLT's expression, a realigned stack, a signal frame, a saved row, undefined ends;
# in .eh_frame, and in .debug_frame alone
for section in eh debug; do
	cat >"$work/b.s" <<-END
		.cfi_sections .${section}_frame
		.text
		plt:	.cfi_startproc
			.cfi_escape 0x0f,11,0x77,8,0x80,0,0x3f,0x1a,0x3b,0x2a,0x33,0x24,0x22
			nop; nop
			.cfi_endproc
		drap:	.cfi_startproc
			lea 8(%rsp), %r10
			.cfi_def_cfa 10, 0
			push %rbp
			.cfi_escape 0x10,6,2,0x76,0
			.cfi_escape 0x0f,3,0x76,0x78,6
			nop
			.cfi_endproc
		sig:	.cfi_startproc
			.cfi_signal_frame
			.cfi_escape 0x0f,4,0x77,0xa0,1,6
			.cfi_escape 0x16,16,3,0x77,0xa8,1
			nop
			.cfi_endproc
		saved:	.cfi_startproc
			push %rbx
			.cfi_def_cfa_offset 16
			.cfi_offset 3, -16
			.cfi_remember_state
			pop %rbx
			.cfi_restore 3
			.cfi_def_cfa_offset 8
			ret
			.cfi_restore_state
			.cfi_adjust_cfa_offset 4096
			.cfi_same_value 6
			.cfi_register 12, 13
			nop
			.cfi_endproc
		.globl _start
		_start:	.cfi_startproc
			.cfi_undefined rip
			nop
			.cfi_endproc
	END
	as -o "$work/b.o" "$work/b.s"
	# shellcheck disable=SC2086
	gcc $flags -static -o "$work/${section}_cfi" "$work/b.o"
done
# sections compressed by zlib, zstd where binutils knows it, and as of old; a debug file, a link to it, debug data inside
head -c 3000 /dev/zero >"$work/zeros"
for form in zlib zstd zlib-gnu; do
	objcopy --add-section ".debug_line=$work/zeros" "$work/stripped" "$work/$form.so"
	objcopy "--compress-debug-sections=$form" "$work/$form.so" 2>/dev/null || rm "$work/$form.so"
done
objcopy --only-keep-debug "$work/static" "$work/debug"
xz --check=crc32 -k "$work/debug"
objcopy --add-gnu-debuglink="$work/debug" --add-section ".gnu_debugdata=$work/debug.xz" "$work/stripped" "$work/linked"
files="lib.so static nohdr stripped eh_cfi debug_cfi debug linked"
for form in zlib zstd zlib-gnu; do
	[ ! -f "$work/$form.so" ] || files="$files $form.so"
done
for file in $files; do
	objcopy -R .comment -R .note.gnu.property "$work/$file"
	for target in elf_file symjob cfi content rules; do
		put "$target" "$file" <"$work/$file"
	done
done

{
	printf r
	cat "$work/debug"
} | head -c 4096 | put minidebug plain
{
	printf x
	cat "$work/debug.xz"
} | put minidebug stream

# ---- Go's table of functions: one segment, three functions; the layouts of 1.16, 1.18 and 1.20
for layout in 16:0xfffffffa 18:0xfffffff0 20:0xfffffff1; do
	perl ../go_table.pl "${layout%:*}" "${layout#*:}" >"$work/go"
	for target in pclntab symjob rules; do
		put "$target" "go1_${layout%:*}" <"$work/go"
	done
done

# ---- perf records: header (type, misc, size; the target sets the size), body, time
record() { # NAME TYPE MISC FORMAT VALUE…
	local name=$1 type=$2 misc=$3 format=$4
	shift 4
	pack "L S S $format Q" "$type" "$misc" 0 "$@" 1000000000 | put taskrecord "$name"
}
record mmap2 10 2 'L L Q Q Q L L Q Q L L a32' 42 42 0x7f0000000000 0x155000 0x26000 254 1 393229 0 5 2 /usr/lib/libc.so.6
record comm 3 0 'L L a16' 42 43 worker
record comm_exec 3 0x2000 'L L a16' 42 42 python3
record fork 7 0 'L L L L Q' 43 42 43 42 1000000000
record exit 4 0 'L L L L Q' 43 42 43 42 1000000000
record lost 2 0 'Q Q' 7 12

# ---- wire records, and raw files of them (a checksum or version of zero: the target puts the right one there)
header=(S S L Q)
wire() { # NAME TYPE FLAGS SIZE FORMAT VALUE…
	local name=$1 type=$2 wire_flags=$3 size=$4 format=$5
	shift 5
	pack "${header[*]} $format" "$type" "$wire_flags" "$size" 1000000000 "$@" | put record "$name"
}
wire sample 1 8 112 'Q Q Q L L L S S a16 Q Q Q Q' 5000000 77 10309278 42 43 1 1 3 worker \
	0xffffffff81000000 0x7f0000001000 0x7f0000002000 0x401000
perl -e 'print pack("S S L Q Q Q Q L L L S S a16 Q", 1, 0x100, 384, 1e9, 5e6, 77, 10309278, 42, 43, 1, 0, 1, "worker", 0x401000),
	pack("Q5 L L Q32 Q", 1, 0x7ff000, 0x7ff010, 0, 0x7ff000, 8, 1, 1 .. 32, 0x401234)' | put record stack
wire mmap 2 0 88 'Q Q Q Q Q L L L L a16' 0x7f0000000000 0x155000 0x26000 393229 0 254 1 42 14 /lib/libc.so.6
wire comm 3 1 40 'L L a16' 42 42 python3
wire fork 4 0 32 'L L L L' 43 43 42 42
wire exit 5 0 32 'L L L L' 43 43 42 42
wire proc 6 0 104 'Q L L L L L L a16 a40' 5000000 42 1 12 20 4 0 server /bin/python3python3$'\1'x/srv/a.py/a/b
wire loss 7 0 32 'L L Q' 1 0 12
wire unknown 99 0 24 'Q' 0

raw_header() { # CPUS: 97 Hz
	pack 'a8 L L L L Q Q q Q Q Q' "CULPRAW"$'\n' 0x01020304 0 72 "$1" 10309278 97000 1700000000000000000 0 0 0
}
chunk() { # FILE… in record/
	local bytes
	bytes=$(cat "${@/#/record/}" | wc -c)
	pack 'L L L L' 0x4b4e4843 "$bytes" 0 $#
	cat "${@/#/record/}"
}
{
	raw_header 2
	chunk proc mmap sample loss
	chunk fork exit comm unknown
} | put raw two_chunks
{
	raw_header 2
	chunk sample | head -c 90
} | put raw cut_off
raw_header 1 | put raw no_chunk

# ---- leaves: three rows, two rules; a perf map's table
pack 'S4 S3 C3 x7 L s s L s s' 3 2 24 0 0 16 4096 0 1 0 0x102 0 0 0x203 -2 0 | put leaf rows
pack 'L L Q Q Q Q L L Q Q L L a8' 2 8 0 0 0x1000 0x1040 0 4 0x1040 0x1080 4 4 mainwork | put jittable two
printf '\2\12\1\4main\3a.c\13\2\4work\3a.h\0\1\0\0\0\0' | put lines three
printf '/mnt/a b/x\x1e22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n40 22 0:35 / /mnt/a\\040b rw - nfs4 srv:/x rw\n41 22 0:21 / /proc rw - proc proc rw\n' |
	put mountinfo nfs

# ---- walks: 16 rules (by stack pointer; signal frame at 5; frame pointer at 6; end at 8), registers, words of a stack
perl -e 'my @rules = map { pack("L s s", ($_ == 5 ? 6 : $_ == 6 ? 3 | 16 << 5 : $_ == 8 ? 1 : 2 | 16 << 5), -2, 0) } 0 .. 15;
	my $stack = 0x7ff000;
	print @rules, pack("Q5 L L Q32", 0x401000, $stack, $stack + 32, 0, $stack, 0, 1, 0 .. 31),
		pack("Q*", map { (($stack + 32 + 16 * $_), 0x401001 + $_) } 0 .. 7)' | put walk by_rules
perl -e 'my $stack = 0x7ff000;
	print pack("L s s", 0, 0, 0) x 16, pack("Q5 L L Q32", 0x401000, $stack, $stack, 0, $stack, 0, 1, 0 .. 31),
		pack("Q*", map { (($stack + 16 * $_), 0x401000 + $_) } 1 .. 6), 0, 0' | put walk by_frame_pointer

# ---- expressions of CFI: a PLT, a register plus an offset, what is behind a pointer
pack 'C*' 0x77 8 0x80 0 0x3f 0x1a 0x3b 0x2a 0x33 0x24 0x22 | put cfi_expr plt
pack 'C*' 0x76 0x78 6 | put cfi_expr deref
pack 'C*' 0x92 6 16 0x11 0x78 0x22 0x23 8 | put cfi_expr sum

# ---- formats
"$O/culprit" show ../../data/a.folded -o "$work/a.pb.gz"
gzip -dc "$work/a.pb.gz" | put pprof plain
put pprof gzip <"$work/a.pb.gz"
printf 'process;main;work 3\n' | gzip -n | put gzip one
{
	printf 'a' | gzip -n
	printf 'b' | gzip -n
} | put gzip two_members
