#!/usr/bin/env bash
# The runner's memory while it runs 1,000, 10,000 and 100,000 trials of a program that ends at once:
# what it keeps of a trial is its place in the search, some hundred bytes.  (The report, which shows
# all of them, takes more, and is printed beside it.)
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1

peak_of() { awk '/VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null; }

# In KiB: the largest until the last trial was recorded, and in all.
measure() { # TRIALS
    cat >memory.yaml <<YAML
study: memory
metric: {name: score, goal: maximize}
trainer: {command: [/bin/echo, '@rigor {"score": 1}']}
base: {x: 0.1}
tune: {trials: $1, parallel: 64, sampler: random, space: {x: {uniform: [0, 1]}}}
seeds: 5
YAML
    "$rigor" run memory.yaml --fresh --quiet -j 2 >out.txt 2>&1 &
    local runner=$! now
    running=0
    whole=0
    while kill -0 $runner 2>/dev/null; do
        now=$(peak_of $runner)
        whole=${now:-$whole}
        [ -d "$RIGOR_STUDIES/memory/runs/evaluate" ] || running=$whole
        sleep 0.1
    done
    wait $runner || fail "$1 trials: $(cat out.txt)"
    [ "$("$rigor" query memory 'select count(*) from trial where not failed' | tail -n 1)" = "$1" ] || fail "$1 trials: not all are there"
    rm -rf "$RIGOR_STUDIES"
    say "$1 trials: the runner took $running KiB while they ran, $whole KiB with the report"
}

measure 1000
least=$running
for trials in 10000 ${RIGOR_MEMORY_TRIALS:-100000}; do
    measure $trials
    bytes=$(((running - least) * 1024 / trials))
    [ $bytes -lt 512 ] || fail "$trials trials: $bytes bytes a trial"
done
finish
