#!/usr/bin/env bash
# Folds from outside: a table with groups, a program as trainer that looks for the labels of its test
# rows where they lie (the training parts of the other folds), a study that is killed and goes on, and
# what is proved of it afterwards.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1

# 240 rows of 30 patients; the class shows in a.
python3 -c '
import random
random.seed(5)
print("patient,a,b,y")
for i in range(240):
    y = i % 2
    print("p%d,%.4f,%.4f,%s" % (random.randrange(30), y + random.gauss(0, .8), random.random(), "no yes".split()[y]))' >own.csv

# The seed and the arm decide the threshold; whatever is got from elsewhere goes to leak.
cat >train.sh <<'SH'
#!/bin/sh
[ -f stall ] && sleep 0.3
for f in "$RIGOR_PARTS"/../fold-*/train.csv "$RIGOR_PARTS"/../fold-*/val.csv "$RIGOR_PARTS"/../../sealed/*/*; do
    case $(readlink -f "$f") in "$(readlink -f "$RIGOR_PARTS")"/*) ;; *) cat "$f" ;; esac
done >"$RIGOR_OUT/leak" 2>"$RIGOR_OUT/said"
cat "$RIGOR_TRAIN" "$RIGOR_VAL" >"$RIGOR_OUT/given"
awk -F, -v t="$1" -v s="$RIGOR_SEED" 'NR == 1 { print "id,value" } NR > 1 { print $1 "," ($2 > t + s % 7 / 20 ? 0.9 : 0.1) }' \
    "$RIGOR_TEST_INPUTS" >"$RIGOR_OUT/predictions.csv"
echo "@rigor {\"step\": 1, \"val_roc_auc\": 0.5}"
SH
chmod +x train.sh
study() { # NAME
    cat >"$1.yaml" <<YAML
study: $1
data: {name: own.csv, target: y, scale: none, split: {folds: 5, group: patient}}
metric: roc_auc
trainer: {command: "./train.sh {threshold}", data: csv, reads: []}
base: {threshold: 0.4}
arms: {full: {}, off: {threshold: 2}}
seeds: 2
claims: [full > off]
YAML
}
study whole
"$rigor" run whole.yaml --quiet -j 2 >out.txt 2>&1 || fail "whole: $(tail -n 5 out.txt)"
S=$RIGOR_STUDIES/whole

# ---- Who was told what: by the files themselves
cat >parts.py <<'PY'
import csv, os, sys
study, rows = sys.argv[1], list(csv.DictReader(open("own.csv")))
seen, wrong = [], []
for fold in sorted(os.listdir(study + "/data")):
    ids = {part: [int(r["id"]) for r in csv.DictReader(open("%s/data/%s/%s.csv" % (study, fold, part)))]
           for part in ("train", "val", "test_inputs")}
    groups = {part: {rows[i]["patient"] for i in of} for part, of in ids.items()}
    for a in groups:
        for b in groups:
            if a < b and groups[a] & groups[b]: wrong.append("%s: %s and %s share %s" % (fold, a, b, groups[a] & groups[b]))
    if sorted(sum(ids.values(), [])) != list(range(240)): wrong.append(fold + " is not a cut of all rows")
    seen += ids["test_inputs"]
if sorted(seen) != list(range(240)): wrong.append("not every row is tested once")
print("; ".join(wrong))
PY
wrong=$(python3 parts.py "$S")
[ -z "$wrong" ] || fail "$wrong"
[ "$(ls "$S"/data)" = "$(printf 'fold-%s\n' 1 2 3 4 5)" ] || fail "data/: $(ls "$S/data")"
[ "$(stat -c %a "$S/sealed/fold-2" "$S/sealed/fold-2/labels.npz" | tr '\n' ' ')" = "700 600 " ] || fail "modes of the labels"
for run in 0 1 2 3 4 5 6 7 8 9; do
    out=$S/runs/evaluate/full-$run/out
    cat "$S/data/fold-$((run % 5 + 1))/train.csv" "$S/data/fold-$((run % 5 + 1))/val.csv" | cmp -s - "$out/given" || fail "run $run was not given its fold"
done

# ---- What it got from the other folds
trust=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["trust"])' "$S/report.json")
if [ "$trust" = sealed ]; then
    cat "$S"/runs/evaluate/*/out/leak | cmp -s - /dev/null || fail "something of another fold was read: $(cat "$S"/runs/evaluate/*/out/leak | head -n 2)"
    [ "$(cat "$S"/runs/evaluate/full-3/out/said | grep -c "Permission denied")" = 13 ] || fail "refused: $(cat "$S/runs/evaluate/full-3/out/said")"
    expect 0 "data/fold-1/train.csv" "$rigor" query whole "select a.value->>'\$.path' from run, json_each(resources, '\$.seal.attempts.first') a where number = 3"
else
    say "this kernel has no Landlock: $trust"
fi

# ---- Proof
expect 0 "40 files|files have the hashes" "$rigor" verify whole
expect 0 "20 runs with the study's seeds" "$rigor" replay whole
expect 0 "equal +full@1002-f3" "$rigor" rerun whole full@1002-f3
expect 0 '"fold": 3' "$rigor" show whole full@1002-f3
expect 0 "5-fold cross-validation" "$rigor" report whole --format methods
expect 0 "with the test labels" "$rigor" bundle whole -o whole.tar.gz
expect 0 "20 runs scored again" "$rigor" verify whole.tar.gz
expect 2 "between folds" "$rigor" power --from whole
expect 2 "of folds it could not say" "$rigor" check whole.yaml --placebo
cp "$S/sealed/fold-3/labels.npz" kept
python3 - "$S/sealed/fold-3/labels.npz" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
expect 1 "sealed/fold-3/labels.npz is not the file" "$rigor" verify whole
cp kept "$S/sealed/fold-3/labels.npz"
expect 0 "" "$rigor" verify whole

# ---- Killed, and on again; one worker; our own trainer
same() { diff <(figures whole | sed 's/whole/NAME/g' | tr ',' '\n' | grep -vE 'fingerprint|attempt|tried') \
    <(figures "$1" | sed "s/$1/NAME/g" | tr ',' '\n' | grep -vE 'fingerprint|attempt|tried') >difference.txt || fail "$1: other figures: $(head -n 6 difference.txt)"; }
study killed
touch stall
"$rigor" run killed.yaml --quiet -j 2 >out.txt 2>&1 &
for _ in $(seq 100); do
    [ "$("$rigor" query killed 'select count(*) from run' 2>/dev/null | tail -n 1)" -ge 4 ] 2>/dev/null && break
    sleep 0.05
done
kill -9 $!
wait 2>/dev/null
rm stall
done=$("$rigor" query killed 'select count(*) from run' | tail -n 1)
[ "$done" -ge 4 ] && [ "$done" -lt 20 ] || fail "killed with $done of 20 runs"
rm "$RIGOR_STUDIES/killed/data/fold-4/val.csv" # cut again
"$rigor" run killed.yaml --quiet -j 2 >out.txt 2>&1 || fail "killed: $(tail -n 5 out.txt)"
expect 0 "" "$rigor" verify killed
same killed
study single
"$rigor" run single.yaml --quiet -j 1 >out.txt 2>&1 || fail "single: $(tail -n 5 out.txt)"
same single

# Our own worker: it reads the parts of its fold, and no others.
cat >native.yaml <<YAML
study: native
data: {name: own.csv, target: y, split: {folds: 5, group: patient}}
metric: accuracy
base: {model: {name: mlp, hidden: [4]}, train: {epochs: 2}}
arms: {full: {}, linear: {model: {name: linear}}}
claims: [full > linear]
YAML
"$rigor" run native.yaml --quiet -j 2 >out.txt 2>&1 || fail "native: $(tail -n 5 out.txt)"
expect 0 "all figures recomputed" "$rigor" verify native
N=$RIGOR_STUDIES/native
job() { # FOLD: a job of fold 2 that names the parts of FOLD
    python3 - "$N" "$1" <<'PY'
import json, sys
study, fold = sys.argv[1:]
part = lambda name: "%s/data/fold-%s/%s.npz" % (study, fold, name)
print(json.dumps({"job": 0, "data": {n: part(n) for n in ("train", "val", "test_inputs")}, "task": "classify", "classes": 2,
    "reach": {"hidden": [study + "/sealed"] + ["%s/data/fold-%d" % (study, f) for f in (1, 3, 4, 5)], "writable": [study + "/predictions"]},
    "metric": "accuracy", "last": True, "members": [{"id": 0, "seed": 1, "config": {"model": {"name": "linear"}, "train": {"epochs": 1}}}]}))
PY
}
job 2 | "$rigor" worker >said.txt 2>&1
grep -q '"done": *true' said.txt || fail "a job of its own fold: $(cat said.txt)"
grep -q '"finished"' said.txt && fail "a last job ends with its worker: $(cat said.txt)"
if [ "$trust" = sealed ]; then
    job 3 | "$rigor" worker >said.txt 2>&1
    grep -qi 'permission denied' said.txt || fail "another fold's parts: $(cat said.txt)"
fi
finish
