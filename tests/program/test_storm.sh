#!/usr/bin/env bash
# The same study with one worker, with two, interrupted, and killed at random instants (the runner,
# then its workers): the figures are equal to the last bit, and no run is lost or counted twice.
. "$(dirname "$0")/support.sh"
RANDOM=${RIGOR_TEST_SEED:-1}
say "seed of the instants: ${RIGOR_TEST_SEED:-1}"
kills=${RIGOR_STORM_KILLS:-20}

nap() { sleep "0.$(printf '%03d' $((RANDOM % $1 + 5)))"; }

# In a folder of its own, so that each way of running begins anew.
begin() { export RIGOR_STUDIES=$work/$1; write_study "$work/storm.yaml" storm; }

compare() {
    figures storm >"$work/$1.json"
    cmp -s "$work/calm.json" "$work/$1.json" ||
        fail "$1: the figures differ: $(diff <(tr ',' '\n' <"$work/calm.json") <(tr ',' '\n' <"$work/$1.json") | head -n 6)"
    local rows
    rows=$("$rigor" query storm "select (select count(*) from trial), (select count(*) from run)" | tail -n 1)
    [ "$rows" = "24	15" ] || fail "$1: trials and runs: $rows"
    "$rigor" verify storm >"$work/verify.txt" 2>&1 || fail "$1: verify: $(cat "$work/verify.txt")"
}

begin calm
"$rigor" run "$work/storm.yaml" -j 1 --quiet >/dev/null || fail "the calm run"
figures storm >"$work/calm.json"
"$rigor" run "$work/storm.yaml" -j 1 --quiet >/dev/null || fail "a complete study, run again"
compare again

begin two
"$rigor" run "$work/storm.yaml" -j 2 --quiet >/dev/null || fail "two workers"
compare two

begin interrupted
for _ in 1 2 3; do
    "$rigor" run "$work/storm.yaml" -j 2 --quiet >/dev/null 2>&1 &
    runner=$!
    nap 400
    kill -INT $runner 2>/dev/null
    wait $runner
    code=$?
    [ $code = 130 ] || [ $code = 0 ] || fail "interrupted: exit code $code"
done
"$rigor" run "$work/storm.yaml" -j 1 --quiet >/dev/null || fail "after interruptions"
compare interrupted

# The study is short: as many rounds as it takes to kill a running process that often.
killed=0
round=0
while [ $killed -lt "$kills" ]; do
    round=$((round + 1))
    begin runner-killed-$round
    code=137
    while [ $code != 0 ]; do
        "$rigor" run "$work/storm.yaml" -j 2 --quiet >"$work/out.txt" 2>&1 &
        runner=$!
        nap 250
        [ $killed -lt "$kills" ] && kill -KILL $runner 2>/dev/null
        wait $runner 2>/dev/null
        code=$?
        [ $code = 137 ] && killed=$((killed + 1))
        [ $code = 137 ] || [ $code = 0 ] || { fail "runner killed: $code: $(cat "$work/out.txt")"; break; }
    done
    compare runner-killed-$round
done
say "runners killed: $killed in $round rounds"

killed=0
round=0
while [ $killed -lt "$kills" ]; do
    round=$((round + 1))
    begin workers-killed-$round
    "$rigor" run "$work/storm.yaml" -j 2 --quiet >"$work/out.txt" 2>&1 &
    runner=$!
    while [ $killed -lt "$kills" ] && kill -0 $runner 2>/dev/null; do
        nap 80
        mapfile -t workers < <(pgrep -P $runner -f 'rigor worker')
        [ ${#workers[@]} -gt 0 ] || continue
        kill -KILL "${workers[RANDOM % ${#workers[@]}]}" 2>/dev/null && killed=$((killed + 1))
    done
    wait $runner || fail "workers killed: $(cat "$work/out.txt")"
    compare workers-killed-$round
    [ $round -lt 100 ] || { fail "no workers to kill"; break; }
done
say "workers killed: $killed in $round rounds"
finish
