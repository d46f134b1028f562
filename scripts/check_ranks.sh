#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check_ranks.sh - a folder includes itself and folders of lower rank; an outside library is included by one folder only;
# a .c file includes its own header first. Anything else is printed as file:line: reason.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2016 # $0 and $1 are those of awk
scripts/sources.sh 'include/*.h' 'user/*.[ch]' 'tools/*.[ch]' 'bpf/*.[ch]' | xargs awk '
function add(rank_, names_,    n, i, a) {
	n = split(names_, a, " ")
	for (i = 1; i <= n; i++)
		rank[a[i]] = rank_
}
function only(folder_, headers_,    n, i, a) {
	n = split(headers_, a, " ")
	for (i = 1; i <= n; i++)
		owner[a[i]] = folder_
}
function bad(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	failed = 1
}
BEGIN {
	add(0, "culprit base")
	add(1, "model elf")
	add(2, "unwind collect proc meta sym agg store format diff blame")
	add(3, "ship load render incident")
	add(4, "agent serve")
	add(5, "tools")

	# A name that ends in / stands for all headers below it.
	only("collect", "bpf/ culprit.skel.h linux/bpf.h linux/btf.h linux/perf_event.h")
	only("elf", "libelf.h gelf.h elfutils/ dwarf.h demangle.h libiberty/ libiberty.h lzma.h")
	only("base", "seccomp.h zlib.h zstd.h")
	only("store", "sqlite3.h")
	only("format", "profile.pb-c.h push.pb-c.h query.pb-c.h protobuf-c/ jansson.h")
	only("render", "flame.js.h page.js.h page.css.h heat.js.h heat.css.h verdict.css.h")
	only("ship", "curl/")
	only("serve", "microhttpd.h gnutls/")
	only("tools", "jemalloc/")
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	here = part[1] == "user" || part[1] == "include" ? part[2] : part[1]
	base = part[n]
	own = ""
	if (base ~ /\.c$/ && part[1] == "user") {
		own = here "/" substr(base, 1, length(base) - 1) "h"
		if ((getline unused < ("user/" own)) < 0)
			own = ""
		else
			close("user/" own)
	}
	first = 1
	if (here != "bpf" && !(here in rank))
		bad("folder " here " has no rank: give it one in scripts/check_ranks.sh")
}
/^[ \t]*#[ \t]*include/ {
	path = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", path)
	sub(/[">].*/, "", path)
	quoted = $0 ~ /include[ \t]*"/
	if (first && own != "" && path != own)
		bad("its own header \"" own "\" must be the first include, not " path)
	first = 0

	there = path
	sub(/\/.*/, "", there)
	if (here == "bpf") { # kernel side: its own headers, those of libbpf, the wire
		if (there in rank && there != "culprit")
			bad("bpf/ includes " path ": only include/culprit/ is shared with user space")
		next
	}
	if (path in owner || (there "/") in owner) {
		folder = path in owner ? owner[path] : owner[there "/"]
		if (here != folder)
			bad("includes " path ", which belongs to " folder "/ alone")
		next
	}
	if (quoted && path !~ /\//) {
		if (here != "tools")
			bad("includes \"" path "\": write the path from user/")
		next
	}
	if (quoted && !(there in rank)) {
		bad("includes \"" path "\" of an unknown folder")
		next
	}
	if (!(there in rank) || there == here)
		next
	if (!quoted && there != "culprit")
		next # <sys/…> and the like
	if (here == "culprit" || (here == "base" && there == "culprit"))
		bad("includes " path ": " here "/ knows nothing of the others")
	else if (there == "culprit" || rank[there] < rank[here])
		next
	else if (rank[there] == rank[here])
		bad("includes " path ": " here "/ and " there "/ are siblings (rank " rank[here] ")")
	else
		bad("includes " path ": rank " rank[there] " is above the rank " rank[here] " of " here "/")
}
END { exit failed }
'
