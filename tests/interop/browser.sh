# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# shellcheck disable=SC2154 # $status, $out and $err are those of lib.sh
#
# browser.sh - headless Chromium for the tests of pages and pictures. To be sourced after lib.sh; skips the file where there is
# no browser.

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
	[ "${CI:-}" != true ] || bail 'CI must run this, but there is no chromium'
	skip_all 'needs chromium'
fi
need_program node
# shellcheck disable=SC2034 # for the tests
here=$ROOT/tests/interop

# drive STEPS ARGUMENT… - real keys and clicks (browser.js); $out is what the steps have logged.
drive() {
	run node "$ROOT/tests/interop/browser.js" "$browser" "$TMP/browser" "$@"
	rm -rf "$TMP/browser"
	is "$status" 0 "$(basename "$1") has run" || diag "$err"
}

# open_svg FILE STEPS.js - an SVG inside of a page together with a script; $out is the page as it is afterwards.
open_svg() {
	{
		echo '<!doctype html><meta charset="utf-8"><body>'
		sed '/^<?xml/d' "$1"
		echo '<script>'
		cat "$2"
		echo '</script>'
	} >page.html
	run timeout 60 "$browser" --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$TMP/browser" --virtual-time-budget=5000 --dump-dom "file://$TMP/page.html"
	rm -rf "$TMP/browser"
	is "$status" 0 "$1: the browser has run" || diag "$err"
}
