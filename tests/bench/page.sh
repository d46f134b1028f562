#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# page.sh - the page of two large profiles in headless Chromium: how large it is, how long until it stands, and what its
# parts cost the page's main thread (CPU time, so that a busy machine does not matter). Painting is without a GPU here.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
MB=${MB:-35}

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ] || ! have node; then
	note 'needs chromium and node'
	exit 0
fi
title "page of two profiles of $MB MB, folded"
"$O/tests/bench/folded_pair" "$work" "$MB"
for share in 0.000001 0; do
	"$CULPRIT" diff "$work/a.folded" "$work/b.folded" --min-share $share -o "$work/x.html"
	printf '  --min-share %s: %.2f MB\n' $share "$(awk -v n="$(wc -c <"$work/x.html")" 'BEGIN { print n / 1e6 }')"
	node "$ROOT/tests/interop/browser.js" "$browser" "$work/browser" "$BENCH/page_steps.js" "file://$work/x.html"
	rm -rf "$work/browser"
done
