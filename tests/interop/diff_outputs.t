#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What culprit diff writes, read by others: JSON by a validator of JSON Schema, pprof by go tool pprof, whose own
# -diff_base of the two sides is the oracle for the numbers.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -x "$CULPRIT" ] || bail "$CULPRIT is not built: run make"
export HOME=$TMP PPROF_TMPDIR=$TMP

perl -e 'srand 3;
for my $side ("a", "b") {
	open my $f, ">", "$side.folded" or die;
	my @f = map { "f$_" } 0 .. 11;
	for (1 .. 400) {
		my @s = map { $f[rand @f] } 0 .. 1 + rand 9;
		printf $f "p%d;%s %d\n", rand 3, join(";", @s), 1 + rand 90;
	}
	printf $f "only_$side;main;x %d\n", $side eq "a" ? 70 : 170; print $f "rec;r;r;r 50\nrec;r;s;r;s 40\n";
}'
for side in a b; do
	{ echo "# window start=170000000$([ $side = a ] && echo 0 || echo 5) length=5 cpus=2 hz=100 lost=3"
	cat $side.folded; } >$side.timed
done
cat a.timed b.timed >both.timed
echo "# window start=1700000000 length=5 cpus=2 hz=100 lost=0" >empty.folded

# ---- JSON ----

validator='import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))'
schema=$ROOT/user/render/diff.schema.json
if ! python3 -W ignore -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null; then
	[ "${CI:-}" != true ] || bail 'CI must run this, but there is no python3-jsonschema'
	skip 'JSON: needs python3-jsonschema'
else
	valid() { # WHAT ARGUMENT…
		local what=$1
		shift
		"$CULPRIT" "$@" --format json >got.json
		run python3 -W ignore -c "$validator" "$schema" <got.json
		is "$status" 0 "JSON: $what is valid"
		[ "$status" = 0 ] || printf '# %s\n' "$(tail -5 <<<"$err")"
	}
	valid 'a diff of samples' diff a.folded b.folded
	valid 'a diff of times' diff a.timed b.timed
	valid 'a diff with windows' diff both.timed b.timed
	valid 'one normalised to the total' diff a.folded b.folded --normalize total
	valid 'one without A' diff empty.folded b.timed
	valid 'one of nothing' diff empty.folded empty.folded
	valid 'mixed units' diff a.timed b.folded
	valid 'one profile' show a.timed
	valid 'an empty one' show empty.folded
	valid 'groups' diff a.folded b.folded --group-by process
	sed -i 's/"version":2/"version":3/' got.json
	run python3 -W ignore -c "$validator" "$schema" <got.json
	is "$status" 1 'JSON: the validator can say no'
fi

# ---- pprof ----

go_pprof=
if command -v go >/dev/null 2>&1 && go tool pprof -h 2>&1 | grep -q -- -raw; then
	go_pprof=true
elif [ "${CI:-}" = true ]; then
	bail 'CI must run this, but there is no go tool pprof'
else
	skip 'pprof: needs go tool pprof'
fi

# report ARGUMENT… - the numbers of a report, without its head. pprof gives lines of one value in any order: here they are
# sorted, within each part of -peek.
report() {
	go tool pprof "$@" 2>/dev/null | sed -n '/flat%/,$p' | awk '/^---/ { part++ } { print part "\t" $0 }' | sort -k1n -k2 |
		cut -f2-
}

check_pprof() {
	local kind side index want got
	for kind in folded timed; do
		for side in a b; do "$CULPRIT" show $side.$kind -o $side.$kind.pb.gz; done
		"$CULPRIT" diff a.$kind b.$kind -o diff.$kind.pb.gz
		for index in samples $([ $kind = folded ] || echo cpu); do
			want=$(report -top -nodecount=1000 -nodefraction=0 -edgefraction=0 -sample_index="$index" -diff_base "a.$kind.pb.gz" "b.$kind.pb.gz")
			got=$(report -top -nodecount=1000 -nodefraction=0 -edgefraction=0 -sample_index="$index" "diff.$kind.pb.gz")
			like "$want" 'only|main' "$kind, $index: the oracle has something to say"
			is "$got" "$want" "$kind, $index: -top as by -diff_base"
			want=$(report -peek . -nodecount=1000 -nodefraction=0 -edgefraction=0 -sample_index="$index" -diff_base "a.$kind.pb.gz" "b.$kind.pb.gz")
			got=$(report -peek . -nodecount=1000 -nodefraction=0 -edgefraction=0 -sample_index="$index" "diff.$kind.pb.gz")
			is "$got" "$want" "$kind, $index: -peek as by -diff_base"
		done
	done
	run go tool pprof -top diff.timed.pb.gz
	like "$out" 'normalised to time' 'the file says how it was normalised'
	run go tool pprof -raw diff.timed.pb.gz
	like "$out" 'pprof::base:\[true\]' 'the base has its label'
	like "$out" 'process:\[only_a\]' 'and samples their process'

	# Our own tables agree with it: self and inclusive changes of each function, recursion counted once.
	"$CULPRIT" diff a.folded b.folded --all -n 1000 --format json >d.json
	perl -0777 -ne 'while (/"function":"([^"]*)".*?"delta":([-\d.]+).*?"self_delta":([-\d.]+)/g) { print "$1 $3 $2\n" }' d.json |
		sort >ours
	report -top -nodecount=1000 -nodefraction=0 -edgefraction=0 diff.folded.pb.gz | awk '$1 != "flat" { print $6, $1, $4 }' | sort >theirs
	# pprof leaves out what cancels
	awk '$2 != 0 || $3 != 0' ours >ours.changed
	is "$(awk '$2 != 0 || $3 != 0' theirs)" "$(cat ours.changed)" 'our table has the same numbers'

	"$CULPRIT" diff a.timed a.timed -o same.pb.gz
	run go tool pprof -top same.pb.gz
	is "$status" 0 'identical sides: accepted'
	unlike "$out" 'main$' 'and nothing is left'
	"$CULPRIT" diff empty.folded b.timed -o new.pb.gz
	run go tool pprof -top new.pb.gz
	is "$status" 0 'one empty side: accepted'
	like "$out" 'main$' 'all of it is new'
}
[ -z "$go_pprof" ] || check_pprof
done_testing
