#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (default 60), two at a time; new inputs stay in the build
# tree.  usage: scripts/fuzz.sh [NAME ...]
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||')

one() {
    local name=$1 work=build/fuzz/work/$1
    mkdir -p "$work/new" "$work/found"
    if build/fuzz/tests/fuzz/fuzz_"$name" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 \
        -max_len=65536 -artifact_prefix="$work/found/" -print_final_stats=1 \
        "$work/new" tests/fuzz/corpus/"$name" >"$work/log" 2>&1; then
        echo "fuzz: $name: $(grep -aoE 'number_of_executed_units: *[0-9]+' "$work/log" | grep -oE '[0-9]+') runs, nothing found"
    else
        echo "fuzz: $name FOUND SOMETHING: $work/found"
        tail -n 40 "$work/log"
        return 1
    fi
}
export -f one
printf '%s\n' "${names[@]}" | xargs -P 2 -I{} bash -c "one {} $seconds"
