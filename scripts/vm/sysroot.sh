#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# sysroot.sh ARCH DIR - a root file system of another architecture, of this machine's Debian suite, made by unpacking
# packages: what culprit is linked to and what its tests call. Does nothing when they
# are in DIR already.
set -eu
# shellcheck source=scripts/vm/apt.sh
. "$(dirname "$0")/apt.sh"
arch=$1
dir=$2
cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/vm}/$arch/sysroot

# The libraries are those of scripts/deps.sh.
packages="$(sed -n 's/^[[:blank:]]*build  *\([^ ]*-dev\) .*/\1/p' "$(dirname "$0")/../deps.sh" | tr '\n' ' ')
	bash dash coreutils perl perl-base mawk sed grep findutils procps mount util-linux diffutils binutils gzip libc-bin
	iproute2 bpftool"

[ "$(cat "$dir/packages" 2>/dev/null)" != "$packages" ] || exit 0
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if ! private_apt "$cache" "$arch" ''; then
	echo "sysroot.sh: $apt_reason" >&2
	exit 3
fi
rm -f "$cache"/cache/archives/*.deb
# shellcheck disable=SC2086 # one word per package
apt-get -qq -y install --download-only $packages >"$cache/log" 2>&1 || {
	echo "sysroot.sh: the packages cannot be fetched: $(tail -n 1 "$cache/log")" >&2
	exit 3
}

# Debian's own layout, where these are links; unpacking with tar follows them.
rm -rf "$dir.new"
mkdir -p "$dir.new"/usr/{bin,sbin,lib}
for name in bin sbin lib; do
	ln -s "usr/$name" "$dir.new/$name"
done
for deb in "$cache"/cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$dir.new" --keep-directory-symlink --exclude './usr/share/doc/*' --exclude './usr/share/man/*' \
			--exclude './usr/share/locale/*'
done
echo "$packages" >"$dir.new/packages"
rm -rf "$dir"
mv "$dir.new" "$dir"
