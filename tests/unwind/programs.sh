#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# programs.sh list                  the programs of a distribution that can be put under load, one a line: NAME EXECUTABLE
# programs.sh missing NAME          says what is missing for it, nothing when it can run
# programs.sh run NAME SECONDS      runs it that long, in the current directory, which should be an empty one
#
# Servers are started with their clients, on sockets in the current directory where they can, and are ended at the end.
# The executables are those of the distribution, whatever else is first in PATH.
#
# shellcheck disable=SC2016 # programs in other languages stand between single quotes
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=$PWD
servers=()

cleanup() {
	local pid
	trap - EXIT
	for pid in ${servers[@]+"${servers[@]}"}; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}
trap cleanup EXIT
trap 'exit 143' TERM INT

# NAME | COMMAND that must be there | EXECUTABLE as /proc names it, where it is not that of the command
programs() {
	sed 's/^[[:space:]]*//' <<-'END'
		bash|bash
		perl|perl
		python3|python3
		gzip|gzip
		xz|xz
		zstd|zstd
		bzip2|bzip2
		sort|sort
		grep|grep
		sed|sed
		mawk|mawk
		gawk|gawk
		find|find
		tar|tar
		sha256sum|sha256sum
		sqlite3|sqlite3
		git|git
		openssl|openssl
		cc1|gcc|cc1
		cc1plus|g++|cc1plus
		clang|clang
		ld|ld.bfd
		xmllint|xmllint
		tclsh|tclsh
		ruby|ruby
		php|php
		lua|lua5.4
		node|node
		java|java
		vim|vim
		gdb|gdb
		nginx|nginx
		wrk|wrk
		curl|curl
		postgres|pgbench|postgres
		redis|redis-server|redis-check-rdb
		memcached|memcached
	END
}

column() { # NAME NUMBER
	programs | awk -F'|' -v name="$1" -v n="$2" '$1 == name { print $n }'
}

executable() {
	local exe
	exe=$(column "$1" 3)
	[ -n "$exe" ] || exe=$(basename "$(readlink -f "$(command -v "$(column "$1" 2)")")")
	echo "$exe"
}

missing() {
	local command
	command=$(column "$1" 2)
	[ -n "$command" ] || echo "no such program: $1"
	[ -z "$command" ] || command -v "$command" >/dev/null || echo "needs $command"
}

# again COMMAND… - over and over until the time is up.
again() {
	timeout "$seconds" bash -c 'while :; do "$@"; done' again "$@" >/dev/null 2>&1
}

# Text and programs, as there are on any machine: about 24 MB.
data() {
	tar -cf - -C / usr/include usr/lib/git-core usr/share/perl 2>/dev/null | head -c 24000000 >data
}

wait_for() {
	local tries=100
	until "$@" >/dev/null 2>&1; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

# ---- the loads ----

run_bash() {
	again bash -c 'for ((i = 0; i < 20000; i++)); do s="$i:${s:0:40}"; [[ $s =~ ([0-9]+): ]] && a[i % 100]=${BASH_REMATCH[1]}; done'
}

run_perl() {
	again perl -e 'my %n; for my $i (1 .. 100000) { my $k = "k" . ($i * 7919 % 5003); $n{$k} .= $i; $n{$k} =~ s/(\d)(\d)$/$2$1/ }
		my @s = sort { $n{$a} cmp $n{$b} } keys %n;'
}

run_python3() {
	cat >load.py <<-'END'
		import json, random, re
		random.seed(1)
		rows = [{"id": i, "name": "n%d" % random.randrange(10**6), "v": [random.random() for _ in range(5)]} for i in range(3000)]
		while True:
		    text = json.dumps(rows, indent=1)
		    back = json.loads(text)
		    back.sort(key=lambda r: r["name"])
		    n = sum(1 for m in re.finditer(r'"name": "n(\d+)7"', text))
	END
	timeout "$seconds" python3 load.py
}

run_gzip() { data && again gzip -c data; }
run_xz() { data && again xz -c data; }
run_zstd() { data && again zstd -9 -c data; }
run_bzip2() { data && again bzip2 -c data; }
run_sort() { data && strings -n 4 data >lines && again sort lines; }
run_sed() { data && strings -n 4 data >lines && again sed -E 's/([a-z]+)_([a-z]+)/\2-\1/g; /^[0-9]+$/d' lines; }
run_grep() { data && strings -n 4 data >lines && again grep -E '([a-z])\1.*(foo|bar|[0-9]{3})' lines; }
run_mawk() { data && strings -n 4 data >lines && again mawk '{ n[substr($0, 1, 4)]++; gsub(/[aeiou]/, "x") } END { for (k in n) print k, n[k] }' lines; }
run_gawk() { data && strings -n 4 data >lines && again gawk '{ n[substr($0, 1, 4)]++; gsub(/[aeiou]/, "x") } END { for (k in n) print k, n[k] }' lines; }
run_find() { again find /usr -name '*.[ch]' -size +1k -newer /etc/passwd; }
run_tar() { again tar -cf - /usr/include /usr/share/perl; }
run_sha256sum() { data && again sha256sum data; }
run_xmllint() {
	perl -e 'print "<r>"; print "<a x=\"$_\"><b>t&amp;$_</b><!-- c --></a>\n" for 1 .. 100000; print "</r>\n"' >load.xml
	again xmllint --xpath 'count(//b[contains(., "77")])' load.xml
}

run_sqlite3() {
	again sqlite3 load.db 'create table if not exists t(a integer primary key, b text); delete from t;
		insert into t with recursive c(x) as (select 1 union all select x + 1 from c where x < 60000)
			select x, hex(randomblob(8)) from c;
		create index if not exists i on t(b); select count(*), max(b) from t where b like "%A7%" group by substr(b, 1, 1);'
}

run_git() {
	git init -q repo && cp -r /usr/include/linux /usr/include/c++ repo 2>/dev/null
	(cd repo && git add . && git -c user.name=x -c user.email=x@example.org commit -qm x && again git repack -adfq --depth=50)
}

run_openssl() {
	timeout "$seconds" sh -c 'openssl speed -seconds 1 -evp aes-128-gcm; openssl speed -seconds 1 rsa2048 ecdsap256; openssl speed -seconds 1 sha256' >/dev/null 2>&1
}

c_source() {
	cat >load.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <math.h>
		#define F(n) int f##n(int *a, int k) { int s = 0; for (int i = 0; i < k; i++) { switch (a[i] % 7) { \
			case 0: s += a[i] * n; break; case 1: s ^= a[k - i - 1]; break; case 3: s = s * 31 + i; break; default: s--; } \
			if (s > 1000000) qsort(a, (size_t)k, sizeof(*a), NULL); } printf("%d\n", s); return s; }
		#define G(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7) F(n##8) F(n##9)
		G(1) G(2) G(3) G(4) G(5) G(6) G(7) G(8) G(9)
	END
}

run_cc1() { c_source && again gcc -O2 -g -c -o load.o load.c; }
run_clang() { c_source && again clang -O2 -g -c -o load.o load.c; }
run_cc1plus() {
	printf '#include <regex>\n#include <map>\n#include <iostream>\nint main() { std::map<std::string, int> m; std::regex r("a+"); std::cout << m.size(); }\n' >load.cc
	again g++ -O2 -c -o load.o load.cc
}

run_ld() {
	printf '#include <regex>\nint main() { std::regex r("a+b"); return r.mark_count(); }\n' >load.cc
	g++ -g -O1 -c -o load.o load.cc
	again g++ -fuse-ld=bfd -static -o load.out load.o
}

run_tclsh() {
	printf 'while 1 { set l {}; for {set i 0} {$i < 20000} {incr i} { lappend l [expr {$i * 7919 %% 5003}]; regsub -all {[0-4]} $i x y }; lsort -integer $l }\n' >load.tcl
	timeout "$seconds" tclsh load.tcl
}

run_ruby() {
	timeout "$seconds" ruby -rjson -e 'loop { a = (1..20000).map { |i| { "k" => i * 7919 % 5003, "s" => "x#{i}" } }
		JSON.parse(JSON.generate(a)).sort_by { |h| h["s"].reverse }.group_by { |h| h["k"] % 10 } }'
}

run_php() {
	timeout "$seconds" php -r 'while (true) { $a = []; for ($i = 0; $i < 50000; $i++) $a["k" . ($i * 7919 % 5003)][] = md5((string)$i);
		ksort($a); $s = json_encode($a); $b = json_decode($s, true); preg_match_all("/[a-f]{3}\d/", $s, $m); }'
}

run_lua() {
	timeout "$seconds" lua5.4 -e 'while true do local t = {} for i = 1, 50000 do t[#t + 1] = tostring(i * 7919 % 5003) .. "x" end
		table.sort(t, function(a, b) return a < b end) local s = table.concat(t) local n = select(2, s:gsub("%d+x", "y")) end'
}

run_node() {
	timeout "$seconds" node -e 'for (;;) { const a = []; for (let i = 0; i < 20000; i++) a.push({k: i * 7919 % 5003, s: "x" + i});
		const b = JSON.parse(JSON.stringify(a)); b.sort((x, y) => x.s < y.s ? -1 : 1); b.map(x => x.s.replace(/\d\d$/, "z")); }'
}

run_java() {
	cat >Load.java <<-'END'
		import java.util.*;
		public class Load { public static void main(String[] args) { for (;;) { Map<String, Integer> m = new TreeMap<>();
			for (int i = 0; i < 50000; i++) m.merge("k" + (i * 7919 % 5003), i, Integer::sum);
			List<String> l = new ArrayList<>(m.keySet()); Collections.shuffle(l); Collections.sort(l); } } }
	END
	if command -v javac >/dev/null; then
		javac Load.java 2>/dev/null
		timeout "$seconds" java -XX:+PreserveFramePointer -cp . Load
	else
		timeout "$seconds" sh -c 'while :; do java -XX:+PreserveFramePointer -Xshare:dump -XX:SharedArchiveFile=jsa; done' >/dev/null 2>&1
	fi
}

run_vim() {
	data && strings -n 4 data | head -n 60000 >lines
	again vim -u NONE -N -es -c '%s/\v([a-z]+)_([a-z]+)/\2-\1/ge' -c 'sort /\d/' -c 'q!' lines
}

run_gdb() { again gdb -nx -batch -ex 'info functions str' -ex 'info types e' "$(command -v git)"; }

nginx_start() {
	mkdir -p www logs
	perl -e 'print "<p>line $_</p>\n" for 1 .. 400' >www/index.html
	cat >nginx.conf <<-END
		worker_processes 1; daemon off; error_log $PWD/logs/error.log; pid $PWD/nginx.pid; user root;
		events { worker_connections 256; }
		http { access_log $PWD/logs/access.log; gzip on; gzip_types *; client_body_temp_path $PWD/b; proxy_temp_path $PWD/p;
			fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/s;
			server { listen 127.0.0.1:$port; root $PWD/www; } }
	END
	nginx -c "$PWD/nginx.conf" >/dev/null 2>&1 &
	servers+=("$!")
	wait_for curl -s "http://127.0.0.1:$port/"
}

port=$((20000 + $$ % 20000))
run_nginx() { nginx_start && wrk -t1 -c16 -d"$seconds" -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/" >/dev/null; }
run_wrk() { run_nginx; }
run_curl() {
	nginx_start && head -c 40000000 /dev/zero >www/zero
	again curl -s --parallel "http://127.0.0.1:$port/zero" "http://127.0.0.1:$port/[1-40]" "http://127.0.0.1:$port/index.html?[1-200]"
}

run_redis() {
	redis-server --port 0 --unixsocket "$PWD/redis.sock" --save '' --dir "$PWD" >/dev/null &
	servers+=("$!")
	wait_for redis-cli -s redis.sock ping
	again redis-benchmark -s redis.sock -q -n 50000 -P 8 -t set,get,lpush,zadd,sort,mset
}

run_memcached() {
	memcached -u root -s "$PWD/mc.sock" -a 777 -t 2 &
	servers+=("$!")
	wait_for test -S mc.sock
	timeout "$seconds" perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new("mc.sock") or die "$!"; $| = 1;
		for (my $i = 0;; $i++) { my $o = ""; $o .= sprintf("set k%d 0 0 8 noreply\r\n%08d\r\nget k%d\r\n", $_, $i, $_) for 1 .. 200;
			print $s $o; my $n = 0; while (<$s>) { last if /^END/ && ++$n == 200 } }'
}

run_postgres() {
	local bin
	bin=$(pg_config --bindir 2>/dev/null || find /usr/lib/postgresql -maxdepth 2 -name bin | tail -n 1)
	mkdir pg && chown postgres . pg && chmod 755 .
	setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/initdb" -D pg/data -A trust >/dev/null 2>&1 || return 1
	setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/postgres" -D pg/data -k "$PWD/pg" -c listen_addresses='' -c fsync=off >/dev/null 2>&1 &
	servers+=("$!")
	wait_for "$bin/psql" -h "$PWD/pg" -U postgres -c 'select 1'
	pgbench -h "$PWD/pg" -U postgres -qi -s 2 postgres >/dev/null 2>&1
	pgbench -h "$PWD/pg" -U postgres -c 2 -T "$seconds" postgres >/dev/null 2>&1
	"$bin/psql" -h "$PWD/pg" -U postgres -c "select count(*), avg(length(md5(i::text))) from generate_series(1, 1000000) i group by i % 100" >/dev/null 2>&1
}

case ${1:-} in
list)
	programs | cut -d'|' -f1 | while read -r name; do echo "$name $(executable "$name")"; done
	;;
missing) missing "${2:?}" ;;
run)
	[ -z "$(missing "${2:?}")" ] || {
		missing "$2" >&2
		exit 2
	}
	seconds=${3:?}
	"run_$2"
	exit 0
	;;
*)
	echo 'usage: programs.sh list | missing NAME | run NAME SECONDS' >&2
	exit 2
	;;
esac
