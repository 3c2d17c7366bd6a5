#!/usr/bin/env bash
# Causes that lie outside of the training end a study without recording a failure, and the same
# command goes on from there to the same figures: results that cannot be written, parts of the data
# that are gone, files that may not grow, readers that go away, workers that crash at once.
. "$(dirname "$0")/support.sh"
write_study "$work/calm.yaml" calm
"$rigor" run "$work/calm.yaml" --quiet >/dev/null || fail "the calm run"
seed=$("$rigor" query calm "select seed from run where number = 2 limit 1" | tail -n 1)
sed 's/calm/small/' "$work/calm.yaml" >"$work/small.yaml"
small=$RIGOR_STUDIES/small

# The study again from where it stopped; its figures are those of the calm one.
goes_on() {
    "$rigor" run "$work/small.yaml" -j 2 --quiet >"$work/out.txt" 2>&1 || fail "$1: going on: $(cat "$work/out.txt")"
    local difference
    difference=$(diff <(figures calm | sed 's/calm/small/g' | tr ',' '\n' | grep -v fingerprint) \
        <(figures small | tr ',' '\n' | grep -v fingerprint)) || fail "$1: the figures differ: $(head -n 6 <<<"$difference")"
    expect 0 'pass' "$rigor" verify small
    rm -rf "$small"
}

mkdir -p "$small/predictions/full-$seed.npz" # a folder stands where the predictions should go
expect 3 "full-$seed.npz.*cannot" "$rigor" run "$work/small.yaml" --quiet
[ "$("$rigor" query small 'select count(*) from run where failed' | tail -n 1)" = 0 ] || fail "a failure was recorded"
rmdir "$small/predictions/full-$seed.npz"
goes_on "predictions that cannot be written"

for blocks in 40 80 160 240; do
    (ulimit -f $blocks && "$rigor" run "$work/small.yaml" -j 2 --quiet) >"$work/out.txt" 2>&1
    code=$?
    [ $code = 3 ] || fail "at most $blocks KiB a file: exit code $code: $(cat "$work/out.txt")"
    grep -q '^rigor: ' "$work/out.txt" || fail "at most $blocks KiB a file: no message"
    goes_on "at most $blocks KiB a file"
done

# Readers that go away: of the facts, of the progress.
"$rigor" run "$work/small.yaml" --json 2>/dev/null | true
[ "${PIPESTATUS[0]}" = 141 ] || fail "run --json | true: exit code ${PIPESTATUS[0]}"
expect 0 'complete' "$rigor" status small
goes_on "a reader of the facts that goes away"
{ "$rigor" run "$work/small.yaml" 2>&1 >"$work/out.txt"; echo $? >"$work/code"; } | head -n 1 >/dev/null
[ "$(cat "$work/code")" = 0 ] || fail "run 2>&1 | head: exit code $(cat "$work/code")"
goes_on "a reader of the progress that goes away"
"$rigor" run "$work/small.yaml" --quiet >&- 2>&- <&-
[ $? = 0 ] || fail "without standard files: exit code $?"
goes_on "no standard files"
if [ -e /dev/full ]; then
    "$rigor" query calm "select * from event" >/dev/full 2>"$work/out.txt"
    [ $? = 3 ] || fail "a full disk below the output"
    grep -q 'could not be written' "$work/out.txt" || fail "a full disk below the output: no message"
fi

# The data changes, and a part of the cut is gone: nothing of the old cut is written over.
sed 's/^data: .*/data: {name: own.csv, target: y}/; s/calm/own/; s/, batch: 32//' "$work/calm.yaml" >"$work/own.yaml"
python3 -c '
import random
random.seed(1)
print("a,b,y")
for i in range(200): print("%f,%f,%s" % (random.random() + i % 2, random.random(), "no" if i % 2 else "yes"))' >"$work/own.csv"
"$rigor" run "$work/own.yaml" --quiet >"$work/out.txt" 2>&1 || fail "own data: $(cat "$work/out.txt")"
cp "$work/own.csv" "$work/kept.csv"
sed -i 's/^0/1/' "$work/own.csv"
rm "$RIGOR_STUDIES/own/data/val.npz"
before=$(sha256sum "$RIGOR_STUDIES/own/data/train.npz" "$RIGOR_STUDIES/own/sealed/labels.npz")
expect 2 'not what it was' "$rigor" run "$work/own.yaml" --quiet
[ "$before" = "$(sha256sum "$RIGOR_STUDIES/own/data/train.npz" "$RIGOR_STUDIES/own/sealed/labels.npz")" ] || fail "the old cut was written over"
mv "$work/kept.csv" "$work/own.csv"
expect 0 '' "$rigor" run "$work/own.yaml" --quiet
expect 0 'pass' "$rigor" verify own

# A study that runs is not set aside; text that is not UTF-8 is refused, with JSON that parses.
"$rigor" run "$work/small.yaml" -j 1 --quiet train.epochs=300 >/dev/null 2>&1 &
runner=$!
for _ in $(seq 200); do [ -d "$small/data" ] && break; sleep 0.05; done
expect 0 'running' "$rigor" status small
expect 2 'another process is running this study' "$rigor" run "$work/small.yaml" --fresh --quiet
kill -TERM $runner
wait $runner
[ $? = 143 ] || fail "ended by TERM"
[ ! -e "$small.1" ] || fail "the running study was set aside"
for argument in $'\xff' "$(printf 'é%.0s' $(seq 400))"; do
    { "$rigor" show "$argument" --json 2>/dev/null || true; } | python3 -c 'import json, sys; json.load(sys.stdin)["error"]["what"]' ||
        fail "the error about an odd name is not JSON"
done
expect 2 'not UTF-8' "$rigor" show $'\xff'
expect 2 'cannot be' "$rigor" run "$work/small.yaml" -j 100000
expect 2 'supported, refuted' "$rigor" run "$work/small.yaml" --require suported
rm "$RIGOR_STUDIES/calm/data/val.npz"
{ "$rigor" verify calm --json 2>/dev/null || true; } | python3 -c 'import json, sys; assert json.load(sys.stdin)["ok"] is False' ||
    fail "verify --json of a damaged study is not one JSON document"
finish
