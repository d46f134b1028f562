#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.t - the checks of `make lint` find what they are for: each is shown a small tree that is clean, and then a file that
# breaks its rule.

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_program git

mkdir -p scripts user/agg user/store user/base include/culprit
cp "$ROOT"/scripts/check_* "$ROOT"/scripts/sources.sh "$ROOT"/scripts/lint.sh scripts/
for name in agg/agg store/store base/base; do
	printf '/* SPDX-License-Identifier: Apache-2.0 */\n#ifndef %s\n#define %s\n#endif\n' \
		"$(echo "$name" | tr a-z/ A-Z_)_H" "$(echo "$name" | tr a-z/ A-Z_)_H" >"user/$name.h"
done
git init -q . && git config user.name t && git config user.email t@example.org
git add -A && git commit -qm 'tests: begin a tree'

for check in ranks banned sizes spdx commits; do
	run scripts/lint.sh "$check"
	is "$status" 0 "$check: a clean tree passes"
done

# refuses CHECK FILE REGEX NAME - the text on standard input becomes FILE, the check must say REGEX about it.
refuses() {
	{
		echo '// SPDX-License-Identifier: Apache-2.0'
		cat
	} >"$2"
	run scripts/lint.sh "$1"
	is "$status" 1 "$1: $4"
	like "$out" "$3" '…with file, line and reason'
	rm "$2"
}

refuses ranks user/agg/bad.c 'user/agg/bad.c:2: .*siblings' 'a sibling' <<<'#include "store/store.h"'
refuses ranks user/base/bad.c 'user/base/bad.c:2: .*above the rank' 'a higher rank' <<<'#include "agg/agg.h"'
refuses ranks user/agg/bad.c 'bad.c:2: .*belongs to store/' 'a library of another folder' <<<'#include <sqlite3.h>'
refuses ranks user/agg/bad.c 'bad.c:2: .*belongs to collect/' 'libbpf outside collect/' <<<'#include <bpf/libbpf.h>'
refuses ranks user/agg/bad.c 'bad.c:2: .*path from user/' 'an include without its folder' <<<'#include "agg.h"'
refuses ranks user/agg/agg.c 'agg.c:2: its own header' 'its own header comes second' <<<'#include "base/base.h"
#include "agg/agg.h"'
refuses banned user/agg/bad.c 'bad.c:4: strcpy' 'strcpy, but not in a comment or a string' <<<'/* strcpy(a, b) */
const char *s = "strcpy(a, b)";
void f(void) { strcpy(a, b); }'
refuses banned user/agg/bad.c 'bad.c:2: .*never prints' 'a library that prints' <<<'void f(void) { fputs("x", stderr); }'
refuses banned user/agg/bad.c 'bad.c:2: .*never exits' 'a library that exits' <<<'void f(void) { exit(1); }'
refuses banned user/agg/bad.c 'bad.c:2: .*environment' 'a library that reads the environment' <<<'void f(void) { getenv("X"); }'
refuses banned user/agg/bad.c 'bad.c:2: system' 'a shell' <<<'void f(void) { system("ls"); }'
refuses sizes user/agg/bad.c 'bad.c:3: f\(\) has 121 lines' 'a function of 121 lines' \
	< <(printf 'void f(void)\n{\n'; yes '	x();' | head -n 121; echo '}')
refuses sizes user/agg/bad.c 'the file has 1001 lines' 'a file of 1001 lines' < <(yes '' | head -n 1000)

printf 'int x;\n' >user/agg/bad.c
run scripts/lint.sh spdx
is "$status" 1 'spdx: a file without its licence'
like "$out" 'user/agg/bad.c:1: no SPDX' '…with file, line and reason'
rm user/agg/bad.c

for subject in 'no area here' 'agg: Upper case' 'agg: ends with a stop.' "agg: $(printf '%070d' 0)"; do
	git commit -q --allow-empty -m "$subject"
	run scripts/lint.sh commits
	is "$status" 1 "commits: '$subject'"
	git reset -q --soft HEAD~1
done
run scripts/lint.sh nonsense
is "$status" 2 'an unknown check is a usage error'
done_testing
