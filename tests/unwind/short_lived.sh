#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# short_lived.sh [--no-perf] [--seconds N] [--load NAME] - processes that live for milliseconds: which share of their samples is fully
# named (named.pl says what that is), by culprit and by `perf record -a -g` at the same time over the same load, as a
# table. The loads: a storm of forks and execs with lives of 5 to 50 ms, a shell that calls small programs in a loop,
# a build by make -j2. --load runs one of them (storm, shell, build) and nothing else.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
O=${O:-$root/.output}
case $O in /*) ;; *) O=$root/$O ;; esac
CULPRIT=${CULPRIT:-$O/culprit}
seconds=5 with_perf=1 load=''

while [ $# -gt 0 ]; do
	case $1 in
	--no-perf) with_perf='' ;;
	--load) load=$2 && shift ;;
	--seconds) seconds=$2 && shift ;;
	*)
		echo "short_lived.sh: unknown option $1" >&2
		exit 2
		;;
	esac
	shift
done
work=$(mktemp -d "${TMPDIR:-/tmp}/culprit-short.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2

load_storm() {
	"$O/tests/targets/fork_storm" "$seconds" >/dev/null
}

# shellcheck disable=SC2016 # the inner shells expand it
load_shell() {
	timeout "$seconds" sh -c 'while :; do for f in /usr/include/*.h; do n=$(sed -n "/define/p" "$f" | grep -c _); m=$(expr "$n" + 1);
		echo "$m" | awk "{ print \$1 * 2 }" >/dev/null; done; done'
}

load_build() {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		printf '#include <stdio.h>\n#include <stdlib.h>\nint f%d(int a) { char s[40]; snprintf(s, 40, "%%d", a); return atoi(s) * %d; }\n' "$i" "$i" >"f$i.c"
	done
	printf 'all: f.so\nf.so: f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o\n\tgcc -shared -o $@ $^\n%%.o: %%.c\n\tgcc -O1 -fPIC -c -o $@ $<\nclean:\n\trm -f *.o f.so\n' >Makefile
	# shellcheck disable=SC2016
	timeout "$seconds" env -u MAKEFLAGS -u MFLAGS sh -c 'while :; do make -s clean; make -s -j2; done'
}

# What each load consists of; perf knows a process by its comm.
processes_of() {
	case $1 in
	storm) echo 'fork_storm exe' ;; # started by the name /proc/self/exe
	shell) echo 'sh dash sed grep expr awk gawk mawk' ;;
	build) echo 'make sh dash gcc x86_64-linux-gnu-gcc-12 cc1 as x86_64-linux-gnu-as collect2 ld x86_64-linux-gnu-ld.bfd rm' ;;
	esac
}

measure() { # LOAD
	local processes culprit all named p_all=0 p_named=0
	"$CULPRIT" record --no-kernel-stacks -d "$((seconds + 30))s" -o "$1.folded" 2>"$1.err" &
	culprit=$!
	sleep 1
	if [ -n "$with_perf" ]; then
		perf record -q -a -g -e cpu-clock -F 97 -o "$1.data" -- \
			"$here/short_lived.sh" --load "$1" --seconds "$seconds" >/dev/null 2>&1
	else
		"load_$1" >/dev/null 2>&1
	fi
	kill -INT "$culprit"
	wait "$culprit"
	processes=$(processes_of "$1")
	# shellcheck disable=SC2086 # words
	read -r all named < <("$here/named.pl" culprit $processes <"$1.folded")
	# shellcheck disable=SC2086
	[ -z "$with_perf" ] || read -r p_all p_named < <(perf script -i "$1.data" -F comm,ip,sym,dso 2>/dev/null | "$here/named.pl" perf $processes)
	awk -v name="$1" -v a="$all" -v n="$named" -v pa="$p_all" -v pn="$p_named" '
		function share(part, all) { return all ? sprintf("%6.2f %%", 100 * part / all) : "       -" }
		BEGIN { printf "| %-5s | %7d | %s | %7d | %s |\n", name, a, share(n, a), pa, share(pn, pa) }'
}

if [ -n "$load" ]; then
	"load_$load"
	exit 0
fi
echo '| load  | culprit: samples | fully named | perf -a -g: samples | fully named |'
echo '|-------|-----------------:|------------:|--------------------:|------------:|'
for load in storm shell build; do
	measure "$load"
done
