#!/usr/bin/env bash
# rigor rerun, replay, sign and bundle: what they prove, and what they find when something is altered.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
git init -q . && git config user.email t@example.org && git config user.name t
write_study small.yaml small
git add small.yaml && git commit -q -m one
printf '# a change that is not committed\n' >>small.yaml
"$rigor" run small.yaml --quiet >/dev/null || fail "run"
study=$RIGOR_STUDIES/small
cp -r "$study" kept
restore() { rm -rf "$study"; cp -r kept "$study"; }
alter() { python3 "$here/alter.py" "$study/ledger.db" "$@"; }
print() { sha256sum "$study"/* 2>/dev/null; find "$study" | sort; }
json() { python3 -ISc 'import json, sys; v = json.load(sys.stdin); assert eval(sys.argv[1], {"v": v}), v' "$1"; }
run=full@$("$rigor" query small "select seed from run where number = 0 limit 1" | tail -n 1)

# --- what was recorded
"$rigor" query small "select resources from trial union all select resources from run" | tail -n +2 |
    python3 -c 'import json, sys
for r in map(json.loads, sys.stdin):
    assert r["started"] <= r["ended"] and r["peak_bytes"] > 1e6 and r["wall_s"] > 0, r' || fail "resources"
patch=$(echo "$study"/environment/diff-*.patch)
grep -q 'not committed' "$patch" || fail "the difference of the working tree is not kept"
[ "$(sha256sum <"$patch" | cut -c 1-64)" = "$(basename "$patch" .patch | cut -c 6-)" ] || fail "the name of $patch"

# --- rerun
before=$(print)
expect 0 "equal +$run: 15 values, bit for bit" "$rigor" rerun small "$run" full/0
"$rigor" rerun small --all --stage both --json -q >all.json || fail "rerun --all"
json 'v["ok"] and v["equal"] == 39 and v["trainer"] == "native" and len(v["runs"]) == 39' <all.json || fail "rerun --all --json"
[ "$before" = "$(print)" ] || fail "rerun changed the study's folder"
[ -z "$(ls -d "${TMPDIR:-/tmp}"/rigor-rerun-* 2>/dev/null)" ] || fail "rerun left a folder behind"
expect 2 "no trial or run 'full@7'" "$rigor" rerun small full@7
expect 2 'give --all' "$rigor" rerun small
expect 2 'stage cannot be' "$rigor" rerun small --all --stage tuning
alter metric value
expect 1 'curve [a-z_]+ at step 4: recorded [0-9.]+, again [0-9.]+ \(. ulps apart\)' "$rigor" rerun small --all --stage tune
"$rigor" rerun small --all --stage tune --json -q >all.json 2>/dev/null
json 'v["different"] == 1 and not v["ok"]' <all.json || fail "an altered metric"
restore
mv "$study/data" elsewhere # cut again from the data, and the same
expect 0 'equal' "$rigor" rerun small "$run"
restore

# --- rerun of another program, which may have no bits of its own
mkdir program && cd program || exit 1
cat >train.py <<'PY'
import csv, json, os, random, sys
rng = random.Random(os.urandom(8) if os.path.exists("noisy") else os.environ["RIGOR_SEED"])

def read(name):
    with open(os.environ[name]) as file:
        return list(csv.DictReader(file))

train, val, test = (read(name) for name in ("RIGOR_TRAIN", "RIGOR_VAL", "RIGOR_TEST_INPUTS"))
features = [key for key in test[0] if key != "id"]
target = [key for key in train[0] if key not in test[0]][0]
sums = {}
for row in train:
    total = sums.setdefault(row[target], [0] * (len(features) + 1))
    for i, value in enumerate([float(row[key]) for key in features] + [1]):
        total[i] += value
centre = {c: [v / s[-1] + rng.gauss(0, float(sys.argv[1])) for v in s[:-1]] for c, s in sums.items()}
if os.path.exists("broken"):
    centre = dict(zip(sorted(centre), [centre[c] for c in sorted(centre, reverse=True)]))

def predict(row):
    x = [float(row[key]) for key in features]
    return min(centre, key=lambda c: sum((a - b) ** 2 for a, b in zip(x, centre[c])))

report = {"step": 1, "val_accuracy": sum(predict(row) == row[target] for row in val) / len(val)}
for path in open("curious").read().split() if os.path.exists("curious") else []:
    try:
        report["leaked"] = len(open(path, "rb").read())
    except OSError:
        pass
print("@rigor", json.dumps(report))
with open(os.path.join(os.environ["RIGOR_OUT"], "predictions.csv"), "w") as out:
    print("id,label", *(f"{row['id']},{predict(row)}" for row in test), sep="\n", file=out)
PY
cat >centres.yaml <<'YAML'
study: centres
question: Does noise hurt?
data: digits
metric: accuracy
trainer: {command: "python3 -IS train.py {noise}", data: csv}
base: {noise: 0.3}
arms: {calm: {noise: 0.2}, loud: {noise: 0.4}}
seeds: 5
claims: [calm > loud]
analysis: {alpha: 0.0001} # of the prediction intervals, too: chance is not to fail this test
YAML
expect 0 '' "$rigor" run centres.yaml --quiet
expect 0 'equal +calm@1001: 3 values, bit for bit' "$rigor" rerun centres calm@1001
touch noisy
"$rigor" rerun centres calm@1001 calm@1002 --json -q >rerun.json
json 'v["ok"] and v["inside"] == 2 and v["trainer"] == "program" and v["runs"][0]["interval"]["part"] == "test"' <rerun.json || fail "a noisy program: $(cat rerun.json)"
expect 0 'from 6 reruns' "$rigor" rerun centres calm@1001 --times 6
touch broken
expect 1 'DIFFERENT calm@1001' "$rigor" rerun centres calm@1001
rm noisy broken
# What the study's folder keeps from a program, a rerun keeps from it, too.
if [ "$("$rigor" report centres --format json | python3 -c 'import json, sys; print(json.load(sys.stdin)["trust"])')" = sealed ]; then
    find "$RIGOR_STUDIES"/*/sealed "$RIGOR_STUDIES"/*/ledger.db "$RIGOR_STUDIES/centres/predictions" -type f | grep -v small/ledger.db >curious
    "$rigor" rerun centres calm@1001 --json -q >rerun.json || fail "a curious program: $(cat rerun.json)"
    ! grep -q leaked rerun.json || fail "a rerun let its program read: $(cat rerun.json)"
    echo train.py >curious # what it may read shows as a difference
    expect 0 'curve leaked' "$rigor" rerun centres calm@1001
else
    say "no seal here: what a rerun keeps from a program was not tried"
fi
# Trials that the search ended early are ended again by replay, and compared up to there by rerun.
cat >climb.awk <<'AWK'
BEGIN {
    for (step = 1; step < 7; step++)
        printf "@rigor {\"step\": %d, \"val_score\": %.9g}\n", step, lr * step + ENVIRON["RIGOR_SEED"] * step % 97 / 970
    printf "@rigor {\"step\": 7, \"score\": %s}\n", lr
}
AWK
cat >climb.yaml <<'YAML'
study: climb
question: How far does it climb?
metric: {name: score, goal: maximize}
trainer: {command: "awk -v lr={lr} -f climb.awk"}
base: {lr: 0.1}
arms: {a: {}, b: {lr: 0.2}}
tune: {trials: 20, sampler: random, parallel: 2, prune: median, space: {lr: {log: [1e-2, 1]}}}
seeds: 5
claims: [a > b]
YAML
expect 0 '' "$rigor" run climb.yaml --quiet
"$rigor" query climb "select number from trial where resources->>'\$.pruned' is not null" | tail -n +2 >pruned.txt
[ -s pruned.txt ] || fail "no trial was ended early"
expect 0 'pass  recorded order' "$rigor" replay climb
expect 0 'equal +a/' "$rigor" rerun climb "a/$(tail -n 1 pruned.txt)" a/0
expect 0 'reports its own scores' "$rigor" verify climb
study=$RIGOR_STUDIES/climb
sqlite3_do() { python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()' "$study/ledger.db" "$1"; }
sqlite3_do "update trial set resources = json_remove(resources, '\$.pruned') where number = $(tail -n 1 pruned.txt)"
expect 1 'the search ends it early, recorded was its end' "$rigor" replay climb
study=$RIGOR_STUDIES/small
cd ..

# --- replay
expect 0 'pass  recorded order +24 points' "$rigor" replay small
"$rigor" replay small -j 1,7 --orders 5 --seed 3 --json | json 'v["ok"] and len(v["checks"]) == 1 + 10 + 3' || fail "replay --json"
expect 2 'takes numbers' "$rigor" replay small -j two
sqlite3_do "update trial set validation = json_set(validation, '\$.accuracy', 0.9999) where arm = 'full' and number = 1"
expect 1 'FAIL.*frozen at other configurations' "$rigor" replay small
restore
sqlite3_do "update trial set point = json_set(point, '\$.train.lr', 0.00123) where arm = 'full' and number = 5"
expect 1 'FAIL.*full/5: the point is' "$rigor" replay small
restore

# --- files: missing, surplus, of another hash
rm "$(ls "$study"/predictions/* | head -n 1)"
expect 1 'predictions/full-[0-9]+.npz is missing' "$rigor" verify small
restore
cp "$study/data/val.npz" "$study/data/more.npz"
expect 1 'data/more.npz was not recorded' "$rigor" verify small
restore
echo more >>"$patch"
expect 1 'environment/diff-.*patch is not the file' "$rigor" verify small
restore

# --- signatures
umask 022
expect 0 'public key' "$rigor" sign --new-key my.key
[ "$(stat -c %a my.key)" = 600 ] || fail "mode of the key"
cp my.key copy.key
expect 2 'choose another name' "$rigor" sign --new-key my.key
cmp -s my.key copy.key || fail "a key was written over"
public=$(python3 -c 'import json; print(json.load(open("my.key"))["public"])')
chmod 644 copy.key
expect 2 'others may read' "$rigor" sign small --key copy.key
expect 1 'it is not signed' "$rigor" verify small --key "$public"
expect 0 'signed up to event' "$rigor" sign small --key my.key --comment 'as submitted'
expect 0 "signature signed by $public .*as submitted" "$rigor" verify small --key "$public"
"$rigor" sign --new-key other.key --json >other.json
other=$(python3 -c 'import json; print(json.load(open("other.json"))["key"])')
echo "$other" >other.pub
expect 1 "signed by $public, not by $other" "$rigor" verify small --key other.pub
expect 2 'no public key' "$rigor" verify small --key nonsense
expect 2 'signed by another key' "$rigor" sign small --key other.key
cp "$study/ledger.sig" good.sig
sed -i 's/as submitted/as suBmitted/' "$study/ledger.sig"
expect 1 'not that of its key' "$rigor" verify small
cp good.sig "$study/ledger.sig"
# A ledger that was rewritten consistently is sound, and not the one that was signed.
rm -rf "$study/data" "$study/predictions" "$study/sealed"
"$rigor" run small.yaml --fresh --quiet >/dev/null 2>&1 || fail "the study anew"
cp good.sig "$study/ledger.sig"
expect 1 'event [0-9]+ is not the one that was signed' "$rigor" verify small
restore
cp good.sig "$study/ledger.sig"

# --- bundles
expect 0 'with the test labels' "$rigor" bundle small -o one.tar.gz
expect 0 '' "$rigor" bundle small -o two.tar.gz
cmp -s one.tar.gz two.tar.gz || fail "two bundles of one study differ"
expect 2 'there already' "$rigor" bundle small -o one.tar.gz
mkdir away && cp one.tar.gz away/
there() { (cd away && env -i HOME=/nonexistent RIGOR_DATA=/nonexistent RIGOR_STUDIES=/nonexistent TMPDIR="$work/away" "$rigor" "$@"); }
expect 0 'pass  scores +15 runs scored again' there verify one.tar.gz --key "$public"
expect 0 'pass  bundle' there verify one.tar.gz
[ "$(ls away)" = one.tar.gz ] || fail "verify left something behind: $(ls away)"
tar tzf one.tar.gz >members.txt || fail "tar cannot read it"
grep -q 'sealed/labels.npz' members.txt && grep -q 'diff-.*patch' members.txt && grep -q report.html members.txt || fail "members: $(cat members.txt)"
[ "$(head -n 1 members.txt)" = MANIFEST.json ] && tail -n +2 members.txt | sort -c || fail "the order of members"
! grep -q '^data/' members.txt || fail "the data is in the bundle"
python3 "$here/rebundle.py" one.tar.gz away >altered.txt
[ "$(wc -l <altered.txt)" -gt 60 ] || fail "altered archives: $(cat altered.txt)"
while read -r kind file name; do
    there verify "$file" >out.txt 2>&1 </dev/null
    code=$?
    case $kind in
    hostile) [ $code = 2 ] && grep -qE 'the archive is refused|cannot make the folder' out.txt ;;
    *) { [ $code = 1 ] || [ $code = 2 ]; } && grep -qF "$name" out.txt ;;
    esac || fail "$kind $name: $code: $(cat out.txt)"
done <altered.txt
[ ! -e away/escaped ] && [ ! -e escaped ] && [ ! -e /tmp/escaped-by-rigor ] || fail "an archive escaped"
head -c 100000 one.tar.gz >away/cut.tar.gz
expect 2 'damaged' there verify cut.tar.gz
printf 'x' | gzip >away/no.tar.gz
expect 2 '' there verify no.tar.gz
[ -z "$(ls -d away/rigor-* 2>/dev/null)" ] || fail "verify left folders behind"
expect 0 'without the test labels' "$rigor" bundle small --without-labels -o blind.tar.gz
cp blind.tar.gz away/
expect 0 'not computed again: the bundle was made without the labels' there verify blind.tar.gz
! tar tzf blind.tar.gz | grep -q sealed || fail "labels in a bundle without labels"
finish
