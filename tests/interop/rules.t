#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The rules and the dashboard that are handed out: promtool takes the rules and finds that they fire when they should, and
# neither names a metric that the agent does not have.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
deploy=$ROOT/scripts/deploy

# The names in HELP lines of the modules that write metrics.
grep -hoE '"(# HELP )?culprit_[a-z_]+' "$ROOT"/user/agent/{selfstats,agent}.c "$ROOT"/user/{ship,serve}/*.c |
	grep -oE 'culprit_[a-z_]+' | sort -u >known
unknown() {
	grep -oE '\bculprit_[a-z_]+' "$1" | sort -u | comm -23 - known
}
is "$(unknown "$deploy/culprit.rules.yml")" '' 'the rules name metrics that there are'
is "$(unknown "$deploy/dashboard.json")" '' 'the dashboard does'
run perl -MJSON::PP -e 'undef $/; decode_json(<STDIN>)' <"$deploy/dashboard.json"
is "$status" 0 'the dashboard is JSON'
need_program promtool
run promtool check rules "$deploy/culprit.rules.yml"
is "$status" 0 'promtool takes the rules' || diag "$out$err"
run promtool test rules "$deploy/culprit.rules.test.yml"
is "$status" 0 'and they fire when they should' || diag "$out$err"
done_testing
