#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_headers.sh - every header compiles alone, and its include guard is named after its path.
set -eu
cd "$(dirname "$0")/.."
O=${O:-.output}
failed=0

# gen/ must be there for headers that include generated ones.
env -u MAKEFLAGS -u MFLAGS make -s O="$O" "$O/gen/profile.pb-c.c" >/dev/null

headers=$(scripts/sources.sh 'include/*.h' 'user/*.h' 'tools/*.h' 'tests/*.h' 'bpf/*.h')

for header in $headers; do
	path=${header#include/}
	path=${path#user/}
	guard=$(echo "$path" | tr 'a-z/.' 'A-Z__' | tr -d -)
	grep -q "^#ifndef ${guard#TESTS_UNIT_}\$" "$header" || grep -q "^#ifndef ${guard}\$" "$header" ||
		grep -q "^#ifndef $(echo "$guard" | sed 's/^TESTS_[A-Z]*_/TESTS_/')\$" "$header" || {
		line=$(grep -n '^#ifndef' "$header" | head -1 | cut -d: -f1)
		echo "$header:${line:-1}: the include guard should be $guard"
		failed=1
	}
done

compile_alone() {
	case $1 in
	bpf/*)
		[ -f vmlinux/vmlinux.h ] || return 0
		# A header of the kernel side stands behind vmlinux.h and the helpers; that is its only assumption.
		printf '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include "%s"\n' "${1#bpf/}" |
			clang -g -O2 -target bpf -D__TARGET_ARCH_x86 -Wall -Wextra -Werror -Wno-unused-function \
				-Iinclude -Ivmlinux -Ibpf -fsyntax-only -x c -
		;;
	*)
		printf '#include "%s"\n' "$1" |
			gcc -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Iuser -Iinclude -I"$O/gen" -I"$O/bpf" -Itests \
				-Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only -x c -
		;;
	esac
}

for header in $headers; do
	compile_alone "$header" >&2 || {
		echo "$header:1: does not compile alone"
		failed=1
	}
done
exit $failed
