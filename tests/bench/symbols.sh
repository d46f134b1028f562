#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# symbols.sh [COUNT] - CPU time to name COUNT (1000) addresses spread over libc, python3, a C++ library of 100 MB, a Go
# program and one of 5 million functions: cold (the file is parsed), again, and after a restart (from the directory of
# symbol files); beside what eu-addr2line, addr2line and llvm-symbolizer take for the same addresses of the same file. The
# disk is warm for all. BENCH_INSTRUCTIONS=1 has valgrind count instructions, which do not depend on who else is running.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
count=${1:-1000}

# cpu_ms COMMAND… - user and system time of a command; "-" where it is missing or fails.
cpu_ms() {
	have "$1" || {
		echo -
		return
	}
	local TIMEFORMAT='%U %S' times
	times=$({ time "$@" <"$work/addresses" >"$work/named" 2>/dev/null; } 2>&1) || {
		echo -
		return
	}
	echo "$times" | awk '{ printf "%.1f", ($1 + $2) * 1000 }'
}

instructions() {
	[ -n "${BENCH_INSTRUCTIONS:-}" ] && have valgrind || return 0
	valgrind --tool=none --log-file="$work/vg" true 2>/dev/null || return 0
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$O/tests/bench/name_file" "$1" "$count" "$work" 2>&1 >/dev/null |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# The Go program: any real one; `go` comes with some.
go_program() {
	local go
	have go || return 0
	go=$(find "$(go env GOROOT)/" -type f -path '*tool*/compile' 2>/dev/null | head -1)
	echo "$go"
}

# peer LINES COMMAND… - "ms times-culprit named": what a peer takes, which prints LINES lines for an address, name first.
peer() {
	local lines=$1 ms
	shift
	ms=$(cpu_ms "$@")
	[ "$ms" != - ] || {
		echo '- - -'
		return
	}
	echo "$ms $(ratio "$ms" "$ours" %.0fx) $(awk -v n="$lines" 'NR % n == 1 && !/^\?\?/ { c++ } END { print c + 0 }' "$work/named")"
}

one() { # NAME FILE
	local name=$1 file=$2 named ours again restart bytes cache
	[ -f "$file" ] || {
		note "$name: not on this machine"
		return
	}
	cat "$file" >/dev/null
	cache=$(mktemp -d "$work/cache.XXXXXX")
	read -r named ours again restart bytes < <("$O/tests/bench/name_file" "$file" "$count" "$cache" "$work/addresses" |
		awk -v n="$count" '{ printf "%d %.1f %.2f %.1f %.0f\n", $1, $2 / 1000, $3 / n, $4 / 1000, $5 / 1024 }')
	# shellcheck disable=SC2046,SC2183 # three words each
	printf '  %-8s %6.1f %6d %6s %8s %8s %7s  %8s %6s %5s  %8s %6s %5s  %8s %6s %5s %14s\n' "$name" \
		"$(awk -v b="$(stat -Lc %s "$file")" 'BEGIN { print b / 1048576 }')" "$named" "$ours" "$restart" "$again" "$bytes" \
		$(peer 2 eu-addr2line -f -C -e "$file") $(peer 2 addr2line -f -C -e "$file") \
		$(peer 3 llvm-symbolizer --obj="$file" --functions=linkage --relative-address) "$(instructions "$file")"
}

title "naming $count addresses of a file: CPU ms; of peers also times culprit's, and how many they name"
printf '  %-8s %6s %6s %6s %8s %8s %7s  %8s %6s %5s  %8s %6s %5s  %8s %6s %5s %14s\n' file MiB named cold restart 'again us' KiB \
	eu-addr2 '' '' addr2line '' '' llvm-sym '' '' instructions
one libc "$(find /lib/*-linux-gnu/libc.so.6 /usr/lib*/libc.so.6 2>/dev/null | head -1)"
one python3 "$(readlink -f /usr/bin/python3 2>/dev/null || true)"
one libLLVM "$(find /usr/lib -name 'libLLVM-*.so.1' -type f -size +80M 2>/dev/null | sort | head -1)"
one go "$(go_program)"
[ ! -x "$O/tests/bench/huge_elf" ] || {
	"$O/tests/bench/huge_elf" "$work/huge" 5000000 1024
	one huge "$work/huge"
}
note "again us: for one address; KiB: the symbol file. The huge file's functions are called f_NUMBER, so nothing is demangled."
note "addr2line gives the nearest name before an address, inside of a function or not. bpftrace and perf name addresses of"
note "processes and of recordings only, not of a file"
