#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# image.sh OUT.img [SYSROOT] - a disk with a root file system for a virtual machine: culprit, its tests, and the programs
# that these need. They are taken from this machine, each with its libraries; for another architecture from SYSROOT, whole.
# ext4, made without mounting anything; to be started with `snapshot=on`, for every run wants it as new.
#
# What is in it: /culprit/{.output,tests} as in the checkout, so that a test finds there what it finds here;
# /culprit/tests/vm/init is to be the first process.
set -eu
cd "$(dirname "$0")/../.."
image=$1
sysroot=${2:-}
O=${O:-.output}
root=$(mktemp -d "${TMPDIR:-/tmp}/culprit-vm.XXXXXX")
trap 'rm -rf "$root"' EXIT

# What tests call. `?` is for those that a test can do without.
programs='bash sh perl awk sed grep find xargs env nproc uname id stat touch cat cp mv rm ln ls mkdir rmdir mktemp chmod
	chown head tail sort uniq wc cut tr tee od seq date sleep timeout dd sync cksum diff cmp basename dirname readlink
	realpath printf echo test true false kill ps pgrep mount umount unshare chroot nice taskset stty dmesg strip ldd gzip
	setsid sha256sum nsenter split comm paste yes truncate df du expr flock python3? gdb? readelf? ip? bpftool?'

# add FILE - a file of this machine to the same place, links as links, and what a link leads to.
add() {
	local path=$1 to
	path=$(realpath -s "$(realpath "$(dirname "$path")")/$(basename "$path")")
	[ ! -e "$root$path" ] && [ ! -L "$root$path" ] || return 0
	mkdir -p "$root$(dirname "$path")"
	cp -dp "$path" "$root$path"
	[ -L "$path" ] || return 0
	to=$(readlink "$path")
	case $to in /*) ;; *) to=$(dirname "$path")/$to ;; esac
	add "$to"
}

# libraries FILE… - what they are linked to.
libraries() {
	ldd "$@" 2>/dev/null | grep -o '/[^ ):]*' | sort -u | while read -r lib; do
		case $lib in "$PWD"/* | "$O"/*) ;; *) add "$lib" ;; esac
	done
}

# from_host - the programs, and the modules of interpreters.
from_host() {
	local program path dir link lib
	files=()
	for program in $programs; do
		path=$(PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin type -P "${program%\?}") || {
			case $program in *\?) continue ;; esac
			echo "image.sh: no $program here, and tests need it" >&2
			exit 2
		}
		add "$path"
		files+=("$(readlink -f "$path")")
	done

	# Interpreters are more than a program. Perl's modules are those that came with it.
	while read -r dir; do
		[ -d "$dir" ] || continue
		dir=$(realpath "$dir")
		mkdir -p "$root$dir"
		cp -a "$dir/." "$root$dir/"
	done < <(perl -MConfig -e 'print "$_\n" for grep { !m{/local/} } @Config{qw(privlibexp archlibexp)}, grep { /perl-base/ } @INC')
	for link in $(perl -MConfig -e 'print "@Config{qw(privlib archlib)}"'); do
		[ ! -L "$link" ] || add "$link"
	done
	[ -x /usr/bin/python3 ] || return 0
	lib=/usr/lib/$(basename "$(readlink -f /usr/bin/python3)")
	mkdir -p "$root$lib"
	cp -a "$lib"/*.py "$lib"/{encodings,collections,importlib} "$root$lib/"
}

# from_sysroot - all of it but what compiling needs, and a link that installing would have made.
from_sysroot() {
	tar -c -C "$sysroot" --exclude ./usr/include --exclude '*.a' . | tar -x -C "$root"
	[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
}

[ -z "$sysroot" ] || from_sysroot

# Debian's own layout, where bin, sbin and lib are links.
mkdir -p "$root"/{proc,sys,dev,run,tmp,etc,root,var/tmp,usr/{bin,sbin,lib,lib64,share},culprit/.output/tests}
chmod 1777 "$root/tmp" "$root/var/tmp"
for dir in bin sbin lib lib64; do
	[ -L "$root/$dir" ] || ln -s "usr/$dir" "$root/$dir"
done
printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
echo '127.0.0.1 localhost' >"$root/etc/hosts"

[ -n "$sysroot" ] || from_host

# culprit and the tests.
cp "$O/culprit" "$root/culprit/.output/"
cp -r "$O/tests/targets" "$root/culprit/.output/tests/"
mkdir -p "$root/culprit/.output/tests/unit"
for unit in test_collector test_collector_filters test_collect_probe; do
	cp "$O/tests/unit/$unit" "$root/culprit/.output/tests/unit/"
done
cp -r tests "$root/culprit/"
if [ -z "$sysroot" ]; then
	mapfile -t ours < <(find "$root/culprit/.output" -type f -perm -100)
	libraries "${files[@]}" "${ours[@]}"
	PATH=$PATH:/usr/sbin:/sbin ldconfig -r "$root"
fi

bytes=$(du -s --block-size=1M "$root" | cut -f1)
mkdir -p "$(dirname "$image")"
rm -f "$image"
PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -O ^has_journal -E root_owner=0:0 -d "$root" "$image" $((bytes + 400))M >/dev/null
