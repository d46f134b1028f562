#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# boot.sh RELEASE VMLINUZ IMAGE DIR FIRST CPUS TEST… - boots the kernel with the disk in a virtual machine, lets it run the
# tests (as tests/vm/init wants them) and prints their results as TAP, numbered from FIRST on. DIR gets console.log (the
# kernel) and result.log (the tests, word for word). Exit status 0 when all is well.
#
# Emulated, never with KVM: a hypervisor in which this machine itself runs may open /dev/kvm and then not run a Debian
# kernel. `-cx16`: QEMU 7.2 destroys the flags register of cmpxchg16b under emulation, and the guest's kernel, which
# uses it to allocate memory where it is offered, dies at random.
#
# With one CPU the machine's clock counts its instructions (4 ns each): a tick comes when it is due by that clock, however
# busy this machine is, and tests that count samples can be held to what they say. Linux 5.10 does not start a second
# CPU by such a clock; with two CPUs the clock is this machine's, and only tests that measure no time are right there.
set -eu
here=$(dirname "$0")
kernel=$1 vmlinuz=$2 image=$3 dir=$4 first=$5 cpus=$6
shift 6
limit=${VM_TIMEOUT:-2400}

mkdir -p "$dir"
rm -f "$dir"/*.log
: >"$dir/console.log"
tests=$(printf '%s,' "$@")
clock=(-accel 'tcg,thread=multi')
[ "$cpus" -gt 1 ] || clock=(-accel 'tcg,thread=single' -icount 'shift=2')

# Results go through a port of their own: the first process would mix its lines with the kernel's.
case ${VM_ARCH:-amd64} in
amd64)
	machine=(qemu-system-x86_64 -cpu 'qemu64,-cx16' -serial "file:$dir/console.log" -serial stdio)
	ports='console=ttyS0 culprit.port=ttyS1'
	;;
arm64)
	machine=(qemu-system-aarch64 -M virt -cpu cortex-a72 -serial "file:$dir/console.log" -chardev 'stdio,id=results'
		-device 'pci-serial,chardev=results')
	ports='console=ttyAMA0 culprit.port=ttyS0'
	;;
esac
disk=(-drive "if=none,id=disk,file=$image,format=raw,snapshot=on" -device 'nvme,drive=disk,serial=culprit')
options="root=/dev/nvme0n1 rw init=/culprit/tests/vm/init panic=-1 $ports culprit.tests=${tests%,}"
options="$options culprit.env=CI=true,SLOW=${SLOW:-30},TEST_TIMEOUT=${TEST_TIMEOUT:-300}"

set +e
timeout --foreground -k 5 "$limit" "${machine[@]}" "${clock[@]}" -smp "$cpus" -m 1024 -nodefaults -display none -no-reboot \
	"${disk[@]}" -kernel "$vmlinuz" -append "$options" </dev/null 2>"$dir/qemu.log" |
	tee "$dir/result.log" | "$here/report.pl" "$kernel" "$dir/console.log" "$first"
status=${PIPESTATUS[2]}
set -e
sed 's/^/# qemu: /' "$dir/qemu.log"
exit "$status"
