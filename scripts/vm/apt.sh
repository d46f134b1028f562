# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# apt.sh - packages of other suites and architectures, without installing anything and without a change to the running
# system: apt works in a directory of its own, with the mirror that this machine uses for itself, and its signatures vouch
# for what it brings. To be sourced.

# private_apt DIR ARCH SUITE - from here on apt-get and apt-cache work in DIR. 1 when there is no such suite, with the
# reason in $apt_reason. An empty SUITE is that of this machine.
# shellcheck disable=SC2034 # for the scripts
private_apt() {
	local dir=$1 arch=$2 suite=$3 own mirror signed='' keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	apt_reason='no apt-get here'
	command -v apt-get >/dev/null 2>&1 || return 1

	# Of the addresses that apt would ask, the first that has this machine's suite.
	# shellcheck source=/dev/null
	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-none}")
	mirror=$(apt-get update --print-uris 2>/dev/null |
		sed -n "s|^'\(.*\)/dists/$own/InRelease'.*|\1|p" | head -n 1)
	apt_reason="no package source of this machine has its suite '$own'"
	[ -n "$mirror" ] || return 1

	mkdir -p "$dir"/{lists/partial,cache/archives/partial,state}
	: >"$dir/status"
	[ ! -f "$keyring" ] || signed=" signed-by=$keyring"
	echo "deb [arch=$arch$signed] $mirror ${suite:-$own} main" >"$dir/sources.list"
	cat >"$dir/conf" <<-END
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Debug::NoLocking "true";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::State "$dir/state";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
	END
	export APT_CONFIG=$dir/conf
	apt-get -qq update >"$dir/log" 2>&1 || {
		apt_reason="suite ${suite:-$own} ($arch) cannot be read: $(tail -n 1 "$dir/log")"
		return 1
	}
}
