#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# peers.sh DIR - unpacks into DIR what the next Debian release has to compare with and this one has not: libbpf-tools
# with `profile`, and the libraries it wants. Nothing is installed: it runs through its own loader (DIR/run NAME ARG…).
# Exit status 1, and the reason, where that cannot be.
set -eu
dir=$1
suite=trixie
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
	echo "no apt and dpkg here"
	exit 1
fi
[ ! -x "$dir/run" ] || exit 0

mirror=$(sed -n 's/^URIs: *\([^ ]*\/debian\)\/*$/\1/p; s/^deb .*\(http[^ ]*\/debian\)\/* .*/\1/p' \
	/etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ] || [ ! -f "$keys" ]; then
	echo "apt knows no Debian mirror to take $suite from"
	exit 1
fi

apt=$dir/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
echo "deb [signed-by=$keys] $mirror $suite main" >"$apt/sources.list"
private() {
	apt-get -qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" \
		-o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@"
}
{ private update && private install -y --download-only --no-install-recommends libbpf-tools; } >"$apt/log" 2>&1 || {
	echo "cannot fetch libbpf-tools of $suite: $(tail -1 "$apt/log")"
	exit 1
}
for package in "$apt"/cache/archives/*.deb; do
	dpkg -x "$package" "$dir/root"
done
rm -rf "$apt"
cat >"$dir/run" <<-'END'
	#!/bin/sh
	here=$(dirname "$0")/root
	program=$1
	shift
	exec "$(echo "$here"/usr/lib*/ld-linux*.so*)" --library-path "$(echo "$here"/usr/lib/*-linux-gnu)" \
		"$here/usr/sbin/$program" "$@"
END
chmod +x "$dir/run"
