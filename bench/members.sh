#!/usr/bin/env bash
# Two members on two cores: how many times the steps a second of one that has the machine to itself.
# Each benchmark of training steps runs alone, then in two processes at once, each with a core.
#   bench/members.sh ["BENCHMARK [ARGUMENT...]" ...]       BENCH_ROUNDS=3: how often each is run
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${BENCH_ROUNDS:-3}
[ $# -gt 0 ] || set -- step "networks 1 conv" "networks 1 layers"
lines=$(mktemp)
trap 'rm -f "$lines" "$lines".[01]' EXIT

on_core() { # core, label, benchmark and its arguments
    local core=$1 label=$2 name=$3
    shift 3
    taskset -c "$core" build/bench/"$name" "$@" 2>/dev/null | sed "s/^/$label /"
}

for member in "$@"; do
    read -ra words <<<"$member"
    [ -x build/bench/"${words[0]}" ] ||
        { echo "bench/members.sh: no build/bench/${words[0]}: run scripts/build.sh release" >&2; exit 2; }
    for ((round = 1; round <= rounds; round++)); do
        on_core 0 alone "${words[@]}" >>"$lines"
        on_core 0 pair "${words[@]}" >"$lines.0" &
        on_core 1 pair "${words[@]}" >"$lines.1"
        wait
        cat "$lines".[01] >>"$lines"
        rm "$lines".[01]
    done
done

# The lines are alone|pair {"workload": W, "who": "rigor", "us": N}.
awk -v rounds="$rounds" '
{
    workload = $0; sub(/.*"workload": "/, "", workload); sub(/".*/, "", workload)
    us = $0; sub(/.*"us": /, "", us)
    if (!(workload in seen)) { seen[workload] = 1; order[++n] = workload }
    rate[$1, workload] += 1e6 / us / rounds
}
END {
    printf "%-50s %12s %12s %8s\n", "workload", "one, steps/s", "two, steps/s", "ratio"
    for (k = 1; k <= n; k++) {
        w = order[k]
        printf "%-50s %12.1f %12.1f %8.2f\n", w, rate["alone", w], rate["pair", w],
            rate["pair", w] / rate["alone", w]
    }
}' "$lines"
