#!/usr/bin/env bash
# rigor check: what earlier results say about a plan; --placebo leaves nothing behind, touches no
# ledger, and is the same for any number of workers.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
export TMPDIR=$work/scratch
mkdir "$TMPDIR"
clean() { [ -z "$(ls -A "$TMPDIR")" ] || fail "$1 left behind: $(find "$TMPDIR" | head -5)"; }
write_study "$work/small.yaml" small

"$rigor" check small.yaml --placebo -j 1 --json >one.json 2>progress.txt || fail "placebo -j 1"
"$rigor" check small.yaml --placebo -j 3 --json >three.json 2>/dev/null || fail "placebo -j 3"
cmp one.json three.json || fail "the workers changed the placebo"
grep -q 'runs, about' progress.txt || fail "no estimate in: $(cat progress.txt)"
clean "a placebo"
[ ! -e "$RIGOR_STUDIES" ] || fail "a placebo wrote into the studies"
python3 - <<'PY' || fail "the facts of the placebo"
import json
p = json.load(open("one.json"))["placebo"]
assert p["arm"] == "linear" and p["runs"] == 24 and p["epochs"] == 4 and p["failed"] == 0, p
assert p["draws"] == 1000 and p["alarms"] == round(p["rate"] * 1000), p
assert p["interval"][0] <= p["rate"] <= p["interval"][1], p
assert p["validation"]["sd"] > 0 and not p["alarming"], p
PY
expect 0 'full against itself: 12 runs of 1 epochs' "$rigor" check small.yaml --placebo --arm full \
    --runs 12 --epochs 1 -q
expect 0 'train one arm|holds its level' "$rigor" check small.yaml --placebo -q

# Without correction two claims cry wolf nearly twice as often as alpha says.
expect 1 'clearly too often' "$rigor" check small.yaml analysis.correction=none --placebo -q
expect 1 'cries wolf' "$rigor" check small.yaml analysis.correction=none --placebo -q

expect 2 "no arm 'ful'" "$rigor" check small.yaml --placebo --arm ful
expect 2 'belongs to --placebo' "$rigor" check small.yaml --arm full
expect 2 'its arms are full, linear' "$rigor" check small.yaml --placebo --arm nosuch
expect 2 'give 10, two groups' "$rigor" check small.yaml --placebo --runs 3
expect 2 'give 1 or more' "$rigor" check small.yaml --placebo --epochs 0
expect 2 'this one has none' "$rigor" check small.yaml --placebo 'claims=[]'
clean "a mistake"

# A study that has begun keeps its ledger, and says how far its differences scattered.
expect 0 '' "$rigor" run small.yaml --quiet
before=$(find "$RIGOR_STUDIES" -type f -exec sha256sum {} + | sort)
expect 0 'differences of .full > linear. scattered' "$rigor" check small.yaml --placebo -q
after=$(find "$RIGOR_STUDIES" -type f -exec sha256sum {} + | sort)
[ "$before" = "$after" ] || fail "a placebo changed the study's folder"

# A margin that five seeds never show, one that they hardly show, one that is wide.
expect 1 'cannot be answered: .full = linear.' "$rigor" check small.yaml --from small \
    'claims=[full = linear]' analysis.margin=0.0001
expect 0 "seeds would show it in 80 %" "$rigor" check small.yaml --from small \
    'claims=[full = linear]' analysis.margin=0.005
expect 0 '' "$rigor" check small.yaml --from small 'claims=[full = linear]' analysis.margin=0.5
expect 2 'no study' "$rigor" check small.yaml --from nothing

# What the training does not read is said, and is no difference.
cat >unread.yaml <<'YAML'
study: unread
question: What does nothing?
data: digits
metric: accuracy
base: {model: {name: mlp, hidden: [8]}, train: {epochs: 2, gamma: 0.5, momentum: 0.8}}
arms: {adam: {train.optimizer: adam}, sgd: {train.optimizer: sgd, train.gamma: 0.2}}
seeds: 8
claims: [sgd > adam]
YAML
expect 0 "nothing in the training of 'adam', 'sgd' reads train\\.gamma" "$rigor" check unread.yaml
"$rigor" check unread.yaml | grep -qE 'confounded|momentum' && fail "momentum is read, gamma is no factor"
"$rigor" check unread.yaml base.train.schedule=step | grep -q "reads train" && fail "a schedule reads gamma"
expect 1 'the same configuration' "$rigor" check unread.yaml arms.sgd.train.optimizer=adam

# A loss of the other task is a mistake of the study file, whether an arm sets it or the search tries it.
for verb in check run; do
    expect 2 'unread\.yaml: override 1 .*train\.loss: the loss huber is not for classification' "$rigor" $verb unread.yaml \
        '+arms.sgd.train.loss=huber'
done
expect 2 'train\.loss: the loss huber is not for classification' "$rigor" check unread.yaml \
    '+tune={trials: 4, space: {train.loss: {choice: [focal, huber]}}}'
expect 0 '' "$rigor" check unread.yaml '+arms.sgd.train.loss=focal'
[ ! -e "$RIGOR_STUDIES/unread" ] || fail "a study whose loss does not fit was begun"

# Ctrl-C while it trains.
sed 's/epochs: 4/epochs: 100000, patience: 0/' small.yaml >long.yaml
setsid "$rigor" check long.yaml --placebo --epochs 100000 -j 2 >long.txt 2>&1 </dev/null &
child=$!
for _ in $(seq 100); do grep -q 'placebo' long.txt && break; sleep 0.1; done
sleep 0.5
kill -INT $child
wait $child
code=$?
[ $code = 130 ] || fail "interrupted: exit code $code: $(cat long.txt)"
clean "an interrupted placebo"
finish
