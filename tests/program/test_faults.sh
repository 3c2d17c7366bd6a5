#!/usr/bin/env bash
# Each fault of docs/faults.md through `rigor run`, with shell scripts as programs: what comes of the
# trial, what the user sees, and that the rest of the study goes on as if nothing had happened.
. "$(dirname "$0")/support.sh"
plain=yes # no sanitizer slows things down or takes memory
case $tree in */asan | */tsan) plain=no ;; esac
cd "$work" || exit 1

# study NAME OPTIONS: full/2 runs the commands from standard input, all others are well.
study() {
    { echo '#!/bin/sh'
      echo 'good() { echo "@rigor {\"val_accuracy\": 0.5, \"test_accuracy\": 0.${1:-$RIGOR_SEED}}"; }'
      echo "if [ \$RIGOR_ARM-\$RIGOR_TRIAL = full-2 ]; then"
      cat
      echo 'exit; fi'
      echo 'good'; } >"$1.sh"
    chmod +x "$1.sh"
    cat >"$1.yaml" <<YAML
study: $1
metric: accuracy
trainer: {command: ./$1.sh${2:+, $2}}
base: {noise: 0.1}
arms: {full: {}, other: {noise: 3}}
seeds: 5
claims: [full > other]
YAML
}
run() { "$rigor" run "$1.yaml" --quiet -j 2 >"$1.txt" 2>&1 || fail "$1: exit code $?: $(tail -n 5 "$1.txt")"; }
ask() { "$rigor" query "$1" "$2" | tail -n +2; }
reason() { ask "$1" "select coalesce(reason, 'none') from run where arm = 'full' and number = 2"; }

# ends NAME REASON: the study is complete, full/2 has failed with this reason (none: it is well), and
# nothing else has.
ends() {
    local failed=1 got
    [ "$2" = none ] && failed=0
    got=$(reason "$1")
    grep -qE -- "$2" <<<"$got" || fail "$1: the reason is '$got', not '$2'"
    [ "$(ask "$1" 'select count(*), sum(failed) from run')" = "10	$failed" ] || fail "$1: runs: $(ask "$1" 'select count(*), sum(failed) from run')"
    "$rigor" verify "$1" >"$1.txt" 2>&1 || fail "$1: verify: $(cat "$1.txt")"
}

# Processes that carry this mark in their command line; none may be left.
mark=$((RANDOM % 9000 + 1000))
left() { local n; n=$(pgrep -fc "sleep $mark.$1"); [ "$n" = 0 ] || fail "$2: $n processes are left"; }

# ---- What it prints
study calm <<<good
run calm
ends calm none
figures calm | sed 's/calm/NAME/g' >calm.facts
same() { # NAME: the figures are those of the calm study
    local difference
    difference=$(diff <(tr ',' '\n' <calm.facts | grep -vE 'fingerprint|hash') \
        <(figures "$1" | sed "s/$1/NAME/g" | tr ',' '\n' | grep -vE 'fingerprint|hash')) ||
        fail "$1: other figures: $(head -n 6 <<<"$difference")"
}

study nan <<<'echo "@rigor {\"test_accuracy\": NaN}"'
run nan
ends nan 'test_accuracy is not a finite number at step 1'
"$rigor" report nan --format json | python3 -c '
import json, sys
full = json.load(sys.stdin)["arms"][0]
assert full["metrics"]["accuracy"]["values"][2] == 0 and full["failures"] == 1, full' || fail "a NaN does not count as the worst"
grep -q 'counts as the worst value' "$RIGOR_STUDIES/nan/report.md" || fail "the report does not say how a NaN counts"

study bytes <<<'printf "\377\376 bytes \200\n\033[31mred\n" >&2; printf "@rigor {\"note\": \"\377\"}\n"; exit 9'
run bytes
ends bytes 'exit status 9:  *\[31mred$'
python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$RIGOR_STUDIES/bytes/report.json" || fail "the report is no UTF-8"

if [ $plain = yes ]; then
    study flood 'limits: {log: 2MB}' <<<'yes "a line that says nothing" | head -c 1000000000; good'
    "$rigor" run flood.yaml --quiet -j 2 >flood.txt 2>&1 &
    runner=$!
    peak=0
    while kill -0 $runner 2>/dev/null; do
        for process in $runner $(pgrep -P $runner); do
            now=$(awk '/VmHWM/{print $2}' /proc/"$process"/status 2>/dev/null)
            [ "${now:-0}" -gt $peak ] && peak=$now
        done
        sleep 0.1
    done
    wait $runner || fail "flood: $(cat flood.txt)"
    ends flood none
    same flood
    size=$(du -cb "$RIGOR_STUDIES"/flood/runs/evaluate/full-2/*.log* | awk 'END{print $1}')
    [ "$size" -le 2000000 ] && [ "$size" -ge 1000000 ] || fail "flood: the log has $size bytes"
    [ "$peak" -lt 65536 ] || fail "flood: the runner or a launcher took $peak KiB"
    say "flood: 1 GB, at most $peak KiB of memory, $size bytes kept"
fi

# ---- How it ends, or does not
study hang 'limits: {time: 1s, grace: 0.2s}' <<<"trap '' TERM; sleep $mark.1; sleep $mark.1"
run hang
ends hang 'longer than its limit of 1 s'
left 1 hang

study away <<<"good; (setsid sh -c 'trap \"\" TERM HUP; sleep $mark.2; sleep $mark.2' >/dev/null 2>&1 &); sleep 0.1"
run away
ends away none
left 2 away
same away

study crash <<<'kill -SEGV $$'
run crash
ends crash 'ended by signal 11'
[ "$(ask crash 'select count(*) from event where kind = "run"')" = 10 ] || fail "crash: a crash was tried again"

# Killed from outside, again and again: with the same seed, the same result.
study outside <<<'echo "$RIGOR_SEED" >>'"$work"'/seeds; [ $(wc -l <'"$work"'/seeds) -ge 4 ] || { kill -KILL $$; }; good'
sed -i "s#outside.sh#outside.sh, writes: [$work/seeds]#" outside.yaml
: >seeds
run outside
ends outside none
[ "$(sort seeds | uniq -c | awk '{print $1, $2}')" = "4 1003" ] || fail "outside: seeds of the starts: $(cat seeds)"
same outside

study always <<<'kill -KILL $$'
run always
ends always 'signal 9 .*from outside'

if command -v python3 >/dev/null && [ $plain = yes ]; then
    study memory 'limits: {memory: 200MB}' <<'SH'
python3 -c '
import time
kept = []
while True:
    kept.append(bytearray(b"1") * 10000000)
    time.sleep(0.005)'
SH
    run memory
    ends memory 'more than its limit of 190 MiB of memory'
    peak=$(ask memory "select resources->>'\$.peak_bytes' from run where number = 2 and arm = 'full'")
    [ "$peak" -gt 200000000 ] && [ "$peak" -lt 600000000 ] || fail "memory: the peak is $peak"
fi

# ---- What lies outside
study missing <<<good
sed -i 's#\./missing.sh#./no-such-program#' missing.yaml
expect 2 'no-such-program: cannot start the program: No such file' "$rigor" run missing.yaml --quiet
[ "$(ask missing 'select count(*) from run')" = 0 ] || fail "missing: something was recorded"
study gpus 'gpus: 1' <<<good
RIGOR_GPUS=0 expect 2 'a trial takes 1 GPUs, and this machine has 0' "$rigor" run gpus.yaml --quiet
RIGOR_GPUS=1 expect 0 '' "$rigor" run gpus.yaml --quiet

# The launcher is killed, and with it what its program had started; then everybody at once.
study launcher <<<"sh -c 'sleep $mark.3 & setsid sleep $mark.3 & wait' & sleep 0.4; good"
for all in no yes; do
    "$rigor" run launcher.yaml --quiet -j 1 >launcher.txt 2>&1 &
    runner=$!
    for _ in $(seq 200); do pgrep -f "sleep $mark.3" >/dev/null && break; sleep 0.02; done
    victims=$(pgrep -P $runner)
    [ $all = yes ] && kill -KILL $runner
    # shellcheck disable=SC2086
    kill -KILL $victims
    if [ $all = no ]; then
        sleep 0.2
        [ "$(pgrep -fc "sleep $mark.3")" -le 4 ] || fail "launcher: what it left was not ended"
        kill -INT $runner
    fi
    wait $runner 2>/dev/null
done
run launcher
ends launcher none
left 3 launcher
same launcher

study locked <<<'sleep 1; good'
"$rigor" run locked.yaml --quiet -j 1 >locked.txt 2>&1 &
runner=$!
for _ in $(seq 200); do [ -d "$RIGOR_STUDIES/locked/runs/evaluate/full-2" ] && break; sleep 0.02; done
expect 2 "process $runner is writing this ledger" "$rigor" run locked.yaml --quiet
expect 0 'running' "$rigor" status locked
sleep 0.4
expect 0 'evaluate +2 / 10' "$rigor" status locked
wait $runner || fail "locked: $(cat locked.txt)"
ends locked none
expect 0 'complete' "$rigor" status locked

# A wall clock that jumps by days decides nothing: limits go by the other one.
if [ $plain = yes ] && command -v cc >/dev/null; then
    cat >jump.c <<'C'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now)
{
    static long calls;
    long result = syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME)
        now->tv_sec += (++calls % 2 ? 86400L : -86400L) * (calls % 5);
    return (int)result;
}
C
    cc -shared -fPIC -o jump.so jump.c || fail "the shim"
    study jump 'limits: {time: 30s}' <<<good
    LD_PRELOAD=$work/jump.so run jump
    ends jump none
    same jump
    [ "$(ask jump "select count(*) from run where not resources->>'\$.wall_s' between 0 and 30")" = 0 ] || fail "jump: times"
    [ "$(ask jump "select count(distinct substr(time, 1, 10)) > 1 from event")" = 1 ] || fail "jump: the clock did not jump"
fi

# The machine sleeps: all of us stand still for longer than the limit.
study sleeps 'limits: {time: 1.6s}' <<<'sleep 0.3; good'
"$rigor" run sleeps.yaml --quiet -j 1 >sleeps.txt 2>&1 &
runner=$!
for _ in $(seq 200); do [ -d "$RIGOR_STUDIES/sleeps/runs/evaluate/full-2/out" ] && break; sleep 0.02; done
launchers=$(pgrep -P $runner)
trials=$(for l in $launchers; do pgrep -P "$l"; done)
# shellcheck disable=SC2086
{ kill -STOP $runner $launchers $trials; sleep 2; kill -CONT $runner $launchers $trials; } 2>/dev/null
wait $runner || fail "sleeps: $(cat sleeps.txt)"
ends sleeps none

# A disk that is full, at several moments; with space made, the same command goes on.
disk=$work/disk
mkdir "$disk"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m tmpfs "$disk" 2>/dev/null; then
    trap 'umount "$disk"; rm -rf "$work"' EXIT
    study brim <<<'head -c 100000 /dev/zero | tr "\0" x; echo; good'
    for free in 0 60 200 330 500; do
        rm -rf "${disk:?}"/*
        head -c $(((4096 - free) * 1024)) /dev/zero >"$disk/filler" 2>/dev/null
        RIGOR_STUDIES=$disk/studies "$rigor" run brim.yaml --quiet -j 2 >brim.txt 2>&1
        code=$?
        [ $code = 3 ] || fail "full ($free KiB): exit code $code: $(tail -n 3 brim.txt)"
        grep -q 'rigor: ' brim.txt && grep -qE -- '-> .*(space|again)' brim.txt || fail "full ($free KiB): no remedy: $(cat brim.txt)"
        : >"$disk/filler" # emptied first: the kernel lets go of what a seal has named a moment later
        rm "$disk/filler"
        RIGOR_STUDIES=$disk/studies run brim
        RIGOR_STUDIES=$disk/studies ends brim none
        RIGOR_STUDIES=$disk/studies same brim
    done
else
    say "skipped: a full disk (it takes root, and leave to mount)"
fi
finish
