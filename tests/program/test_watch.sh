#!/usr/bin/env bash
# A study is watched while it runs: status, show, ls, report, query and verify see one moment of
# the ledger each and never find fault with it.
. "$(dirname "$0")/support.sh"
write_study "$work/watched.yaml" watched
"$rigor" run "$work/watched.yaml" -j 2 --quiet train.epochs=40 >"$work/run.txt" 2>&1 &
runner=$!
while kill -0 $runner 2>/dev/null && ! "$rigor" status watched >/dev/null 2>&1; do sleep 0.02; done
looks=0
while kill -0 $runner 2>/dev/null; do
    for command in "status watched" "verify watched" "show watched" "ls" "report watched --format json" \
        "query watched select(count(*))from(event)"; do
        # shellcheck disable=SC2086
        expect 0 '' "$rigor" $command
        looks=$((looks + 1))
    done
done
wait $runner || fail "the study that was watched: $(cat "$work/run.txt")"
say "looked $looks times"
[ $looks -gt 6 ] || fail "the study was over before it was looked at"
expect 0 'pass' "$rigor" verify watched
finish
