#!/usr/bin/env bash
# A study of a program, killed at random instants: the runner, a launcher, a program, or all of them
# at once.  Its facts equal those of the undisturbed study, and no process stays.
. "$(dirname "$0")/support.sh"
RANDOM=${RIGOR_TEST_SEED:-1}
say "seed of the instants: ${RIGOR_TEST_SEED:-1}"
kills=${RIGOR_STORM_KILLS:-20}
mark=storm-$$-$RANDOM
cd "$work" || exit 1

# Some 40 ms; a state that it can go on from after the third of five steps; results that depend on
# the seed and the configuration.
cat >train.sh <<'SH'
#!/bin/sh
step=0
[ -n "$RIGOR_RESUME" ] && step=$(cat "$RIGOR_RESUME")
while [ "$step" -lt 5 ]; do
    step=$((step + 1))
    sleep 0.006
    printf '@rigor {"step": %d, "val_accuracy": 0.%03d}\n' $step $(((RIGOR_SEED * $1 * step + 7919 * $1) % 997))
    [ $step = 3 ] && echo 3 >"$RIGOR_OUT/state" && echo '@rigor {"checkpoint": "state"}'
done
[ "$RIGOR_STAGE" = evaluate ] || exit 0
awk -F, -v seed="$RIGOR_SEED" -v width="$1" '
    NR == 1 { print "id,label" }
    NR > 1 { print $1 "," (($1 * 31 + seed % 101 * width) % 10) }' "$RIGOR_TEST_INPUTS" >"$RIGOR_OUT/predictions.csv"
SH
chmod +x train.sh
cat >storm.yaml <<'YAML'
study: storm
data: digits
metric: accuracy
trainer: {command: "./train.sh {width}", data: csv, limits: {time: 60s, memory: 1GB}}
base: {width: 3}
arms: {full: {}, narrow: {width: 1}}
tune: {trials: 12, parallel: 4, space: {width: {int: [1, 60]}}}
seeds: 5
claims: [full > narrow]
YAML

nap() { sleep "0.$(printf '%03d' $((RANDOM % $1 + 5)))"; }
begin() { export RIGOR_STUDIES=$work/$1; }
start() { STORM_MARK=$mark "$rigor" run storm.yaml -j 2 --quiet >out.txt 2>&1 & runner=$!; }
children() { local p; for p in "$@"; do pgrep -P "$p"; done; }
marked() { local p n=0; for p in /proc/[0-9]*/environ; do grep -qzx "STORM_MARK=$mark" "$p" 2>/dev/null && n=$((n + 1)); done; echo $n; }

compare() {
    figures storm >"$1.json"
    cmp -s calm.json "$1.json" ||
        fail "$1: the facts differ: $(diff <(tr ',' '\n' <calm.json) <(tr ',' '\n' <"$1.json") | head -n 6)"
    local rows
    rows=$("$rigor" query storm "select (select count(*) from trial), (select count(*) from run), (select count(*) from metric)" | tail -n 1)
    [ "$rows" = "12	10	110" ] || fail "$1: trials, runs and values: $rows"
    "$rigor" verify storm >verify.txt 2>&1 || fail "$1: verify: $(cat verify.txt)"
    local left
    for _ in $(seq 100); do left=$(marked); [ "$left" = 0 ] && break; sleep 0.02; done
    [ "$left" = 0 ] || fail "$1: $left processes are left"
    [ -z "$(find "$RIGOR_STUDIES" -name resume.json)" ] || fail "$1: a checkpoint was not cleared"
}

begin calm
start
wait $runner || fail "calm: $(cat out.txt)"
figures storm >calm.json
compare again

# Kills one kind of process; true when one was there.
strike() {
    local launchers trials victims
    mapfile -t launchers < <(children $runner)
    mapfile -t trials < <(children "${launchers[@]}")
    case $1 in
    runner) victims=($runner) ;;
    launcher) victims=(${launchers[RANDOM % (${#launchers[@]} + 1)]:-}) ;;
    program) victims=(${trials[RANDOM % (${#trials[@]} + 1)]:-}) ;;
    all) victims=($runner "${launchers[@]}" "${trials[@]}") ;;
    esac
    [ ${#victims[@]} -gt 0 ] && kill -KILL "${victims[@]}" 2>/dev/null
}

kinds=(runner launcher program all)
declare -A struck
killed=0
round=0
while [ $killed -lt "$kills" ] && [ $round -lt 200 ]; do
    round=$((round + 1))
    begin round-$round
    code=137
    while [ $code = 137 ]; do
        start
        while kill -0 $runner 2>/dev/null; do
            nap 250
            kind=${kinds[RANDOM % 4]}
            [ $killed -lt "$kills" ] && kill -0 $runner 2>/dev/null && strike $kind &&
                killed=$((killed + 1)) && struck[$kind]=$((${struck[$kind]:-0} + 1))
        done
        wait $runner 2>/dev/null
        code=$?
    done
    [ $code = 0 ] || fail "round $round: exit code $code: $(cat out.txt)"
    compare round-$round
    rm -rf "$RIGOR_STUDIES"
done
for kind in "${kinds[@]}"; do say "killed: $kind ${struck[$kind]:-0} times"; done
say "killed: $killed in $round rounds"
[ $killed -ge "$kills" ] || fail "nothing to kill"
finish
