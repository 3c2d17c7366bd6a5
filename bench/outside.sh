#!/usr/bin/env bash
# What part of a study's time goes into anything but the kernels of its plans: the digits study with
# ten seeds, sampled by the processors' clock with the stacks of calls, in all of its processes, with
# the time that the system takes for them.
#   bench/outside.sh [ROUNDS [OPTION OF rigor run...]]     3 rounds and -j 1 unless said
# Needs perf (Debian: linux-perf); the system's part is seen by root or with
# kernel.perf_event_paranoid at 1 or less.
#
# A sample is in a kernel when its stack goes through a plan's loop over its kernels (rg_program_run).
# That loop itself is outside, with its copies of carried values, and so is all else that a worker does.
# Of the parts below a sample is of the one whose function is innermost on its stack.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
shift || true
[ $# -gt 0 ] || set -- -j 1
command -v perf >/dev/null || { echo "bench/outside.sh: no perf; install linux-perf" >&2; exit 2; }
program=$PWD/build/rigor study=$PWD/examples/digits.yaml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
for ((round = 1; round <= rounds; round++)); do
    # -R: perf unwinds a program wrongly that lies at several places at once.
    setarch -R perf record -q -o data -F 2999 -e cpu-clock --call-graph dwarf,8192 -- \
        "$program" run "$study" seeds=10 --fresh -q "$@" >/dev/null
    perf script -i data --no-inline -F pid,ip,sym,dso 2>/dev/null |
        sed "s/^ *\([0-9]*\) *\$/process $round.\1/" >>samples
    rm -rf studies
done

awk -v rounds="$rounds" '
BEGIN {
    n = split("run_kernel rg_program_run rg_plan_run=going from kernel to kernel;" \
              "set_step run_step=inputs of a step;" \
              "shuffle rg_rng_shuffle=order of the examples;" \
              "rg_init_fill set_initial_state=initial weights;" \
              "copy_state weights_finite all_finite=guard against infinite numbers;" \
              "rg_metric_score validate=scores;" \
              "rg_program_evaluate rg_predict rg_program_hold=evaluation but for kernels and scores;" \
              "send_epoch send_done rg_message_send=messages;" \
              "rg_predictions_write rg_checkpoint_write=predictions and checkpoints;" \
              "worker_cache_program rg_evaluator_new=compiling;" \
              "worker_cache_part=reading of data;" \
              "rg_fit=other of the training loop;" \
              "serve=other of the worker;" \
              "=start and end of the process", part, ";")
    for (i = 1; i <= n; i++) {
        title[i] = substr(part[i], index(part[i], "=") + 1)
        functions = split(substr(part[i], 1, index(part[i], "=") - 1), name, " ")
        for (k = 1; k <= functions; k++) of[name[k]] = i
    }
}
function in_kernel(   i) {
    if (where[1] ~ /perf-[0-9]+\.map/) return 1 # machine code of a plan
    if (frame[1] in of) return 0
    if (frame[1] ~ /mem(cpy|move)/ && frame[2] ~ /^(rg_program_run|rg_layout_copy)$/) return 0
    for (i = 2; i <= depth; i++) if (frame[i] == "rg_program_run") return 1
    return 0
}
function part_of_stack(   i) {
    for (i = 1; i <= depth; i++) if (frame[i] in of) return of[frame[i]]
    return n
}
function note(   i) {
    if (!depth) return
    for (i = 1; i <= depth; i++) if (frame[i] == "serve") worker[process] = 1
    all[process]++
    if (in_kernel()) kernels[process]++
    else outside[process, part_of_stack()]++
    depth = 0
}
/^process/ { note(); process = $2; next }
/^[ \t]+[0-9a-f]/ { frame[++depth] = $2; where[depth] = $NF }
END {
    note()
    for (p in all)
        if (p in worker) {
            total += all[p]; inside += kernels[p]
            for (i = 1; i <= n; i++) count[i] += outside[p, i]
        } else own += all[p]
    share = 1 - inside / total
    printf "workers: %.2f s of CPU time a study, %.2f %% +- %.2f %% of it outside kernels\n",
        total / 2999 / rounds, 100 * share, 100 * sqrt(share * (1 - share) / total)
    for (i = 1; i <= n; i++)
        printf "%8.2f %%  %s\n", 100 * count[i] / total, title[i]
    printf "the study itself (ledger, search, statistics, report): %.2f s more, in processes without kernels\n",
        own / 2999 / rounds
}' samples
