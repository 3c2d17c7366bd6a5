#!/bin/bash
# Runs every benchmark (a folder of bench/: ours.c, and peer.py where there is a peer) and its peer
# in turn, in one run; prints the medians with the ratio and its spread, and writes
# build/bench.json: [{"workload", "ours_us", "peer", "peer_us", "ratio"}].
#   scripts/bench.sh [FOLDER...]        BENCH_ROUNDS=3: how often each is run
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${BENCH_ROUNDS:-3}
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

run_peer() { # folder; false when the peer is not there
    local script=bench/$1/peer.py
    [ -f "$script" ] || return 1
    OMP_NUM_THREADS=1 /usr/bin/python3 "$script" >>"$lines"
}

if [ $# -eq 0 ]; then
    for found in bench/*/ours.c; do
        set -- "$@" "$(basename "$(dirname "$found")")"
    done
fi
for name in "$@"; do
    peer=yes
    for ((round = 1; round <= rounds; round++)); do
        echo "bench: $name, round $round of $rounds" >&2
        build/bench/"$name" >>"$lines"
        if [ "$peer" = yes ] && ! run_peer "$name"; then
            echo "bench: $name: no peer on this machine, ours alone" >&2
            peer=no
        fi
    done
done

# The lines are {"workload": W, "who": "rigor" or the peer's name, "us": N}.
awk -v out=build/bench.json '
function field(key,   text) {
    text = $0
    sub(".*\"" key "\": *", "", text)
    if (substr(text, 1, 1) == "\"") { sub("^\"", "", text); sub("\".*", "", text) }
    else sub("[,}].*", "", text)
    return text
}
function median(values, n,   i, j, t) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
            t = values[j]; values[j] = values[j - 1]; values[j - 1] = t
        }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}
function middle(which, workload,   i, list) {
    for (i = 1; i <= count[which, workload]; i++) list[i] = us[which, workload, i]
    return median(list, count[which, workload])
}
{
    workload = field("workload"); who = field("who")
    which = who == "rigor" ? "ours" : "peer"
    if (!(workload in seen)) { seen[workload] = 1; order[++workloads] = workload }
    if (which == "peer") peer[workload] = who
    us[which, workload, ++count[which, workload]] = field("us")
}
END {
    printf "%-50s %10s %10s %8s  %-15s %s\n", "workload", "ours us", "peer us", "ratio", "spread", "peer"
    printf "[" > out
    for (k = 1; k <= workloads; k++) {
        w = order[k]; ours = middle("ours", w)
        printf "%s\n {\"workload\": \"%s\", \"ours_us\": %.2f", (k > 1 ? "," : ""), w, ours > out
        if (count["peer", w]) {
            theirs = middle("peer", w); low = high = us["peer", w, 1] / us["ours", w, 1]
            for (i = 1; i <= count["peer", w] && i <= count["ours", w]; i++) {
                r = us["peer", w, i] / us["ours", w, i]
                if (r < low) low = r
                if (r > high) high = r
            }
            printf "%-50s %10.1f %10.1f %8.2f  %5.2f to %5.2f  %s\n", w, ours, theirs, theirs / ours, low, high, peer[w]
            printf ", \"peer\": \"%s\", \"peer_us\": %.2f, \"ratio\": %.3f}", peer[w], theirs, theirs / ours > out
        } else {
            printf "%-50s %10.1f %10s %8s\n", w, ours, "-", "-"
            printf ", \"peer\": null, \"peer_us\": null, \"ratio\": null}" > out
        }
    }
    printf "\n]\n" > out
}' "$lines"
