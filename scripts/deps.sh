#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# deps.sh [--test] [--bench] [--vm] [--arm64] [--unwind] - install what building culprit (and testing it, measuring it, testing
# it on other kernels and on arm64, unwinding the programs of `make unwind-table`) needs and this machine lacks.
#
# Says what it installs before it does. Silent and quick when nothing is missing, so that make calls it every time.
# Debian and Ubuntu are what the project is tested on; Fedora's names are best effort. DEPS_DRY_RUN=1 only says what
# is missing and exits 1.
set -eu

# Debian name, and Fedora's where it differs. `build` is what `make all` and running the demo need.
packages() {
	cat <<-'END'
		build  gcc                  gcc
		build  make                 make
		build  clang                clang
		build  llvm                 llvm
		build  bpftool              bpftool
		build  pkg-config           pkgconf-pkg-config
		build  libc6-dev            glibc-devel
		build  libbpf-dev           libbpf-devel
		build  libelf-dev           elfutils-libelf-devel
		build  libdw-dev            elfutils-devel
		build  zlib1g-dev           zlib-devel
		build  libzstd-dev          libzstd-devel
		build  liblzma-dev          xz-devel
		build  libprotobuf-c-dev    protobuf-c-devel
		build  protobuf-c-compiler  protobuf-c-compiler
		build  libsqlite3-dev       sqlite-devel
		build  libjemalloc-dev      jemalloc-devel
		build  libjansson-dev       jansson-devel
		build  libiberty-dev        binutils-devel
		build  libseccomp-dev       libseccomp-devel
		build  libcurl4-gnutls-dev  libcurl-devel
		build  libmicrohttpd-dev    libmicrohttpd-devel
		build  libgnutls28-dev      gnutls-devel
		build  perl                 perl
		test   git                  git
		test   binutils             binutils
		test   xz-utils             xz
		test   zstd                 zstd
		test   clang-format         clang-tools-extra
		test   libclang-rt-dev      compiler-rt
		test   shellcheck           ShellCheck
		test   golang-go            golang
		test   sqlite3              sqlite
		test   lld                  lld
		test   g++                  gcc-c++
		test   gdb                  gdb
		test   musl-tools           musl-gcc
		test   libxml2-utils        libxml2
		test   chromium             chromium
		test   nodejs               nodejs
		test   python3-jsonschema   python3-jsonschema
		test   nginx-light          nginx
		test   openssl              openssl
		test   prometheus           golang-github-prometheus
		test   prometheus-alertmanager  golang-github-prometheus-alertmanager
		test   curl                 curl
		test   runc                 runc
		vm     qemu-system-x86      qemu-system-x86-core
		vm     e2fsprogs            e2fsprogs
		vm     procps               procps-ng
		arm64  qemu-system-arm      qemu-system-aarch64-core
		arm64  gcc-aarch64-linux-gnu  gcc-aarch64-linux-gnu
		unwind bzip2                bzip2
		unwind curl                 curl
		unwind default-jdk-headless java-latest-openjdk-devel
		unwind gawk                 gawk
		unwind linux-perf           perf
		unwind lua5.4               lua
		unwind mawk                 mawk
		unwind memcached            memcached
		unwind nodejs               nodejs
		unwind php-cli              php-cli
		unwind postgresql           postgresql-server
		unwind python3              python3
		unwind redis-server         redis
		unwind ruby                 ruby
		unwind tcl                  tcl
		unwind vim                  vim
		unwind wrk                  wrk
		unwind xz-utils             xz
		unwind zstd                 zstd
		bench  bpftrace             bpftrace
		bench  linux-perf           perf
		bench  elfutils             elfutils
		bench  binutils             binutils
		bench  valgrind             valgrind
	END
}

die() {
	echo "deps.sh: $*" >&2
	exit 2
}

kinds="build"
for arg in "$@"; do
	case $arg in
	--test) kinds="$kinds test" ;;
	--bench) kinds="$kinds test bench" ;;
	--vm) kinds="$kinds vm" ;;
	--arm64) kinds="$kinds arm64" ;;
	--unwind) kinds="$kinds test unwind" ;;
	*) die "unknown option '$arg' (want --test, --bench, --vm, --arm64 or --unwind)" ;;
	esac
done

column() { # 2 = Debian, 3 = Fedora
	packages | awk -v kinds="$kinds" -v column="$1" '
		BEGIN { n = split(kinds, k, " "); for (i = 1; i <= n; i++) want[k[i]] = 1 }
		$1 in want { print $column }'
}

# Ubuntu has no package bpftool before 25.04: it comes with the kernel's tools there, as perf does. Its chromium is a snap
# that no container can install: the tests that want a browser skip.
debian_names() {
	names=$(column 2)
	if grep -q '^ID=ubuntu' /etc/os-release; then
		names=$(echo "$names" | grep -v '^chromium$')
		# before 24.04 it is part of what clang needs anyway
		grep -q '^VERSION_ID="2[0-3]' /etc/os-release && names=$(echo "$names" | grep -v '^libclang-rt-dev$')
		dpkg-query -W bpftool >/dev/null 2>&1 ||
			apt-cache show --no-all-versions bpftool 2>/dev/null | grep -q '^Filename' ||
			names=$(echo "$names" | sed 's/^bpftool$/linux-tools-common linux-tools-generic/; /^linux-perf$/d')
	fi
	echo "$names"
}

debian_missing() {
	names=$(debian_names)
	# shellcheck disable=SC2086 # one word per package
	dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $names 2>/dev/null |
		awk -v names="$names" '
			$1 == "ii" { have[$2] = 1 }
			END { n = split(names, name); for (i = 1; i <= n; i++) if (!(name[i] in have)) print name[i] }'
}

fedora_missing() {
	for name in $(column 3); do
		rpm -q --whatprovides "$name" >/dev/null 2>&1 || echo "$name"
	done
}

if command -v dpkg-query >/dev/null 2>&1; then
	missing=$(debian_missing | tr '\n' ' ')
elif command -v rpm >/dev/null 2>&1; then
	missing=$(fedora_missing | tr '\n' ' ')
else
	die "neither dpkg nor rpm here: install by hand (names of Debian): $(column 2 | tr '\n' ' ')"
fi
missing=${missing% }
[ -n "$missing" ] || exit 0

echo "deps.sh: installing: $missing"
[ -z "${DEPS_DRY_RUN:-}" ] || exit 1

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 ||
		die "need root to install: run as root, install sudo, or install by hand: $missing"
	as_root="sudo"
fi

if command -v apt-get >/dev/null 2>&1; then
	quiet="-qq -o Dpkg::Use-Pty=0 -o APT::Color=0"
	# shellcheck disable=SC2086 # options and package names are words
	{
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get $quiet update >&2 ||
			echo "deps.sh: apt-get update failed, trying with the lists that are here" >&2
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get $quiet install -y --no-install-recommends \
			$missing >&2 || die "apt-get could not install: $missing"
	}
elif command -v dnf >/dev/null 2>&1; then
	echo "deps.sh: Fedora is best effort; on trouble compare the package names at the top of scripts/deps.sh" >&2
	# shellcheck disable=SC2086
	$as_root dnf install -y --setopt=install_weak_deps=False $missing >&2 || die "dnf could not install: $missing"
else
	die "no apt-get and no dnf: install by hand: $missing"
fi
