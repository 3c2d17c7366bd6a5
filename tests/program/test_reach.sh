#!/usr/bin/env bash
# What lies around a study: others cut from the same data, begun before it or while it runs, scratch
# folders; starts that end themselves; a script that is changed between two halves of a study.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
fact() { python3 -c "import json, sys; facts = json.load(open(sys.argv[1])); print($2)" "$RIGOR_STUDIES/$1/report.json"; }
awk 'BEGIN { srand(3); print "a,b,y"; for (i = 0; i < 200; i++) printf "%f,%f,%d\n", rand() + i % 2, rand(), i % 2 }' >own.csv

study() { # NAME SEED COMMAND [MORE OF THE TRAINER]
    cat >"$1.yaml" <<YAML
study: $1
data: {name: own.csv, target: y}
metric: accuracy
trainer: {command: $3, data: csv${4:-}}
base: {x: 1}
arms: {one: {}, two: {x: 2}}
seeds: 5
seed: $2
YAML
}
program() { cat >"$1"; chmod +x "$1"; }
program predict.sh <<'SH'
awk -F, 'NR == 1 { print "id,label" } NR > 1 { print $1 "," ($2 > 1 ? 1 : 0) }' "$RIGOR_TEST_INPUTS" >"$RIGOR_OUT/predictions.csv"
echo '@rigor {"val_accuracy": 0.5}'
SH

# A program that reads whatever it finds beside its study and in scratch folders.
program curious.sh <<'SH'
#!/bin/sh
sleep 0.1
studies=$RIGOR_PARTS/../..
for file in "$studies"/*/data/* "$studies"/*/sealed/* "$studies"/*/predictions/* \
    "$SCRATCH"/*/*/*/* "$SCRATCH"/*/*/* "$NOTES"; do
    cat "$file" 2>/dev/null
done >"$RIGOR_OUT/got"
. ./predict.sh
SH
echo secret >notes.txt
mkdir scratch
export NOTES=$work/notes.txt TMPDIR=$work/scratch SCRATCH=$work/scratch
study before 7 ./curious.sh
study curious 8 ./curious.sh ", hides: [notes.txt]"
study later 9 ./curious.sh
expect 0 '' "$rigor" run before.yaml --quiet
"$rigor" run curious.yaml --quiet -j 1 >out.txt 2>&1 &
runner=$!
sleep 0.3
expect 0 '' "$rigor" run later.yaml --quiet -j 1
"$rigor" check later.yaml --trainer >/dev/null 2>&1 # which leaves labels in a scratch folder for a while
wait $runner || fail "curious: $(cat out.txt)"
if [ "$(fact curious 'facts["trust"]')" = sealed ]; then
    # Its own parts are all that it gets.
    own=$(cat "$RIGOR_STUDIES"/curious/data/* | wc -c)
    for got in "$RIGOR_STUDIES"/curious/runs/evaluate/*/out/got; do
        [ "$(wc -c <"$got")" = "$own" ] || fail "$got: $(wc -c <"$got") bytes, its own parts have $own"
    done
else
    say "no Landlock here: what lies around cannot be kept"
fi

# An attempt is not forgotten because the start that made it ended itself.
program sly.sh <<'SH'
#!/bin/sh
mark=/dev/shm/rigor-sly-$MARK-$RIGOR_ARM-$RIGOR_TRIAL
if [ ! -e "$mark" ]; then
    touch "$mark"
    cat "$RIGOR_PARTS/../sealed/labels.npz" >"$RIGOR_OUT/got" 2>/dev/null
    kill -9 $$
fi
rm -f "$mark"
. ./predict.sh
SH
export MARK=$$
study sly 8 ./sly.sh
expect 0 '' "$rigor" run sly.yaml --quiet
if [ "$(fact sly 'facts["trust"]')" = sealed ]; then
    [ "$(fact sly 'len(facts["seal"]["tried"])')" = 10 ] || fail "sly: $(fact sly 'facts["seal"]')"
    [ "$(fact sly '[c["status"] for c in facts["checks"] if c["name"] == "attempts on the seal"]')" = "['warn']" ] ||
        fail "sly: no check warns"
fi
[ "$(fact sly 'facts["environment"]["restarts"]')" = "{'trials': 10, 'starts': 10, 'most': 1}" ] ||
    fail "sly: $(fact sly 'facts["environment"]["restarts"]')"
grep -q 'started again' "$RIGOR_STUDIES/sly/report.html" || fail "the page does not say that trials were started again"

# A script that no repository knows is changed halfway: the report says that its runs are of two kinds.
program slow.sh <<'SH'
#!/bin/sh
sleep 0.2
. ./predict.sh
SH
study halves 8 ./slow.sh
echo 'claims: [one > two]' >>halves.yaml
"$rigor" run halves.yaml --quiet -j 1 >out.txt 2>&1 &
runner=$!
while kill -0 $runner 2>/dev/null && [ ! -e "$RIGOR_STUDIES/halves/runs/evaluate/one-2" ]; do sleep 0.02; done
kill -INT $runner
wait $runner && fail "halves was not interrupted"
echo '# changed' >>slow.sh
expect 0 '' "$rigor" run halves.yaml --quiet -j 1
fact halves 'facts["environment"]["confounds"]' | grep -q 'trainer (./slow.sh' ||
    fail "halves: $(fact halves 'facts["environment"]["confounds"]')"
finish
