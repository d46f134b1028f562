#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kernel.sh ARCH VERSION - a kernel image of Debian for a virtual machine: prints its release and its file. ARCH is amd64
# or arm64; VERSION is 5.10, 6.1, 6.12 or `newest`. Exit status 3, with the reason: this machine's package sources do not
# have it.
#
# Which package has it is asked each time, for the names move: the meta package of the suite depends on it.
#
# Downloads are kept in ${VM_CACHE:-${XDG_CACHE_HOME:-~/.cache}/culprit/vm}, for all checkouts. After a week the mirror is
# asked again; when it cannot be reached, what is there does.
set -eu
# shellcheck source=scripts/vm/apt.sh
. "$(dirname "$0")/apt.sh"
arch=$1
version=$2
cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/vm}/$arch/$version

missing() {
	echo "kernel.sh: $*" >&2
	exit 3
}

case $version in
5.10) suite=bullseye ;;
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
newest) suite=sid ;;
*)
	echo "kernel.sh: unknown kernel '$version' (want 5.10, 6.1, 6.12 or newest)" >&2
	exit 2
	;;
esac

answer() {
	echo "$(cat "$cache/release") $cache/vmlinuz"
	exit 0
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ -z "$(find "$cache/release" -mtime -7 2>/dev/null)" ] || answer

# What cannot be fetched is a reason to use what an earlier run has fetched.
stale() {
	[ ! -f "$cache/release" ] || {
		echo "kernel.sh: $*; using the $version of an earlier run" >&2
		answer
	}
	missing "$*"
}

apt=$cache/apt
private_apt "$apt" "$arch" "$suite" || stale "$apt_reason"
mkdir -p "$apt/deb"
meta=linux-image-cloud-$arch
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
	--no-enhances "$meta" 2>/dev/null | grep -E '^linux-(image|binary)-[0-9]' | sort -u) || true
[ -n "$packages" ] || stale "suite $suite ($arch) has no $meta"

# In older suites the image is in linux-image-*, in newer ones that is a meta package and linux-binary-* has it.
for package in $packages; do
	rm -f "$apt"/deb/*
	(cd "$apt/deb" && apt-get -qq download "$package" >"$apt/log" 2>&1) ||
		stale "$package cannot be fetched: $(tail -n 1 "$apt/log")"
	file=$(dpkg-deb --fsys-tarfile "$apt"/deb/*.deb | tar -t |
		grep -E '/boot/vmlinuz-|/lib/modules/[^/]*/vmlinuz' | head -n 1) || continue
	dpkg-deb --fsys-tarfile "$apt"/deb/*.deb | tar -xO "$file" >"$cache/vmlinuz.new"
	mv "$cache/vmlinuz.new" "$cache/vmlinuz"
	dpkg-deb -f "$apt"/deb/*.deb Version | sed 's/-[^-]*$//' >"$cache/release"
	rm -rf "$apt"
	answer
done
stale "no package of suite $suite ($arch) has a kernel image: $(echo "$packages" | tr '\n' ' ')"
