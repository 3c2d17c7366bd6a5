#!/usr/bin/env bash
# rigor diff, and what the facts say of a study that went on under other conditions.
. "$(dirname "$0")/support.sh"
mkdir "$work/repository" && cd "$work/repository" || exit 1
git init -q . && git config user.email t@example.org && git config user.name t
printf 'one\n' >notes.txt
write_study small.yaml small
git add . && git commit -q -m one
field() { python3 -c 'import json, sys; f = json.load(sys.stdin); print(eval(sys.argv[1], {"f": f}))' "$1"; }

expect 0 '' "$rigor" run small.yaml --quiet
seeds=$("$rigor" report small --format json | field '" ".join(str(s) for s in f["arms"][0]["seeds"])')
read -r first second _ <<<"$seeds"

expect 0 'the same: configuration, seed' "$rigor" diff small "full@$first" "full@$first"
expect 1 "seed +$first +$second" "$rigor" diff small "full@$first" "full@$second"
expect 1 'curves val_accuracy from step' "$rigor" diff small "full@$first" "full@$second"
expect 1 'configuration model.name +mlp +linear' "$rigor" diff small "full@$first" small "linear@$first"
expect 1 'configuration model.name' "$rigor" diff small full linear
expect 1 'configuration' "$rigor" diff small full/0 full/1
expect 1 'configuration' "$rigor" diff "small:full@$first" "small:linear@$first"
"$rigor" diff small "full@$first" "full@$second" --json >diff.json
[ $? = 1 ] || fail "diff --json: exit code"
python3 - "$first" "$second" <<'PY' || fail "diff --json"
import json, sys
d = json.load(open("diff.json"))
assert d["same"] is False and d["a"] == "small full@" + sys.argv[1], d
s = {x["section"]: x for x in d["sections"]}
assert s["configuration"]["same"] and s["machine"]["same"] and s["split"]["same"], s
assert s["seed"]["differences"] == [{"path": "", "a": int(sys.argv[1]), "b": int(sys.argv[2]),
                                     "difference": int(sys.argv[1]) - int(sys.argv[2])}], s["seed"]
for entry in s["test"]["differences"]:
    assert abs(entry["a"] - entry["b"] - entry["difference"]) < 1e-12, entry
assert all(e["step"] == 1 for e in s["curves"]["differences"]), s["curves"]
PY
expect 2 "no trial or run 'full@7'" "$rigor" diff small full@7 "full@$first"
expect 2 'such as' "$rigor" diff small fall "full@$first"
expect 2 'no study' "$rigor" diff small nothing
expect 2 'too few arguments' "$rigor" diff small

# The same study with other seeds, and one that is equal in all that counts.
expect 0 '' "$rigor" run small.yaml study=other seed=5 --quiet
expect 1 'study (seed|split)' "$rigor" diff small other
# One override is one line; an arm of one study alone is named, not printed.
expect 0 '' "$rigor" run small.yaml study=faster train.lr=0.02 --quiet
expect 1 'study arms.full.train.lr +0.003 +0.02' "$rigor" diff small faster
lines=$("$rigor" diff small faster | grep -c 'study arms')
[ "$lines" = 3 ] || fail "one override of three arms: $lines lines"
sed 's/^study: .*/study: renamed/; s/linear/flat/g; s/name: flat/name: linear/' small.yaml >renamed.yaml
expect 0 '' "$rigor" run renamed.yaml --quiet
expect 1 'study arms.linear +present +–' "$rigor" diff small renamed
expect 1 'study arms.flat +– +present' "$rigor" diff small renamed
export RIGOR_STUDIES=$work/again
expect 0 '' "$rigor" run small.yaml --quiet
expect 0 'the same' "$rigor" diff "$work/studies/small" "$work/again/small"

# A study that goes on after the working tree has changed: equal figures, a confound beside them.
sed 's/^study: .*/study: long/; s/epochs: 4/epochs: 120/; /^tune:/,/^seeds:/{/^seeds:/!d}' small.yaml >long.yaml
git add . && git commit -q -m two
export RIGOR_STUDIES=$work/whole
expect 0 '' "$rigor" run long.yaml --quiet
fingerprint=$("$rigor" report long --format json | field 'f["fingerprint"]')
# Until two runs are there, or the study has ended.
wait_for_runs() {
    local n
    while kill -0 "$1" 2>/dev/null; do
        n=$("$rigor" query long "select count(*) from run" 2>/dev/null | tail -1)
        [ "${n:-0}" -lt 2 ] || return
    done
}
sessions_of_runs() { "$rigor" query long "select count(distinct resources->>'\$.session') from run" | tail -1; }
for attempt in 1 2 3 4 5; do
    export RIGOR_STUDIES=$work/moved$attempt
    "$rigor" run long.yaml -j 1 >run.txt 2>&1 </dev/null &
    child=$!
    wait_for_runs $child
    kill -INT $child 2>/dev/null
    wait $child
    date +%N >>notes.txt
    expect 0 '' "$rigor" run long.yaml --quiet
    [ "$(sessions_of_runs)" = 2 ] && break
done
[ "$(sessions_of_runs)" = 2 ] || fail "no study was interrupted between two runs"
"$rigor" report long --format json >moved.json
[ "$(field 'f["fingerprint"]' <moved.json)" = "$fingerprint" ] || fail "a change of the tree changed figures"
field 'f["environment"]["confounds"]' <moved.json | grep -q 'code (commit' ||
    fail "no confound of the code: $(field 'f["environment"]["confounds"]' <moved.json)"
expect 0 'pass' "$rigor" verify long
finish
