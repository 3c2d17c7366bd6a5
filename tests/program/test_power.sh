#!/usr/bin/env bash
# rigor power: published numbers, its questions, an earlier study, mistakes.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
# near PATH VALUE TOLERANCE OPTION...: a number of the facts
near() {
    local path=$1 value=$2 tolerance=$3
    shift 3
    "$rigor" power "$@" --json | python3 -c '
import json, sys
path, value, tolerance = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
found = json.load(sys.stdin)
for key in path.split("."): found = found[int(key) if key.isdigit() else key]
assert abs(found - value) <= tolerance, (path, found, value)' "$path" "$value" "$tolerance" ||
        fail "power $*: $path is not $value"
}

# Published or recomputed elsewhere; R's own root is good to 2e-5.
near answers.0.power .8689528 5e-8 --unpaired --seeds 20 --effect 1
near answers.0.seeds_exact 22.02110 2e-5 --unpaired --effect 1 --power .9
near answers.0.seeds_exact 17.84713 2e-5 --unpaired --effect 1 --power .9 --one-sided
near answers.0.seeds_exact 9.93786 5e-6 --effect 1
for pair in 3:3.264 5:1.682 6:1.435 8:1.156 10:.996 15:.778 20:.660 30:.529; do
    near answers.0.detectable_sd "${pair#*:}" 5e-4 --seeds "${pair%:*}"
done
for pair in 5:2.874 8:1.696 10:1.405 20:.874; do
    near answers.0.detectable_sd "${pair#*:}" 5e-4 --seeds "${pair%:*}" --claims 7
done
near superiority.seeds 29 0 --superiority .75 --alpha .05 --power .95 --one-sided
near exact.seeds 7 0 --claims 3
near answers.0.seeds 10 0 --effect .004 --sd .004
near answers.0.seeds 10 0 --effect 1sd --sd .004
near answers.0.detectable .004984 5e-6 --seeds 10 --sd .005

expect 0 'smallest effect seen in 80 % of studies, in sd' "$rigor" power
expect 0 ' 8 +1.16 +1.45 +1.70' "$rigor" power
expect 0 'Effects are in sd' "$rigor" power --effect 0.01
expect 0 'takes 10 seeds' "$rigor" power --effect 1
expect 0 '50.7 %' "$rigor" power --effect 1 --seeds 6
expect 0 'A margin of 1.00 sd takes 11 seeds' "$rigor" power --equivalence 1
expect 0 'looked at after every seed' "$rigor" power --sequential --effect 1.5
expect 0 'cannot show any effect' "$rigor" power --sequential --seeds 3
wide=$("$rigor" power | grep -E '^.{81}') && fail "wider than 80: $wide"

# An earlier study: the sd of its differences, and how unsure that is.
write_study "$work/small.yaml" small
expect 0 '' "$rigor" run "$work/small.yaml" --quiet
near answers.0.values 5 0 --from small
near claims 2 0 --from small
"$rigor" power --from "$work/small.yaml" --effect 0.01 --json | python3 -c '
import json, sys
v = json.load(sys.stdin)
assert v["source"]["metric"] == "accuracy", v
for a in v["answers"]:
    lo, hi = a["sd_interval"]
    # chi2 with 4 degrees of freedom: .484419 and 11.14329 leave 2.5 % on either side
    assert abs(lo / a["sd"] - (4 / 11.14329) ** .5) < 1e-6, a
    assert abs(hi / a["sd"] - (4 / .4844186) ** .5) < 1e-6, a
    assert a["seeds_interval"][0] <= a["seeds"] <= a["seeds_interval"][1], a
' || fail "the facts of --from"
"$rigor" report small --format json | python3 -c '
import json, statistics, subprocess, sys
claims = json.load(sys.stdin)["claims"]
power = json.loads(subprocess.check_output([sys.argv[1], "power", "--from", "small", "--json"]))
for claim, answer in zip(claims, power["answers"]):
    sd = statistics.stdev(d["difference"] for d in claim["differences"])
    assert abs(sd - answer["sd"]) < 1e-12, (sd, answer)' "$rigor" || fail "the sd of --from"
expect 0 'known no better' "$rigor" power --from small --effect 0.01 --seeds 12
expect 0 'seeds in each arm' "$rigor" power --from small --effect 0.01 --unpaired

printf 'arm,seed,score\nx,1,1\nx,2,2\nx,3,4\ny,1,0\ny,2,0\ny,3,0\n' >results.csv
near answers.0.sd 1.527525231652 1e-9 --from results.csv
near answers.0.sd 1.080123449735 1e-9 --from results.csv --unpaired

expect 0 "$work/page.html" "$rigor" power --effect 1 --html "$work/page.html"
grep -q 'power-effects' "$work/page.html" || fail "the page has no chart"

expect 2 'no study' "$rigor" power --from nothing
expect 2 'effect cannot be' "$rigor" power --effect large
expect 2 'effect cannot be' "$rigor" power --effect -1
expect 2 'effect cannot be' "$rigor" power --effect nan
expect 2 'give 2 to 10000000' "$rigor" power --seeds 1
expect 2 'between 0 and 1' "$rigor" power --power 80
expect 2 'between 0 and 0.5' "$rigor" power --alpha 0
expect 2 'leave out one' "$rigor" power --effect 1 --equivalence 1
expect 2 'needs pairs' "$rigor" power --sequential --unpaired
expect 2 'one standard deviation' "$rigor" power --sd 1 --from small
expect 2 'too many arguments' "$rigor" power 8
expect 2 "check the path" "$rigor" power --effect 1 --html "$work/none/page.html"
printf 'arm,seed,score\nx,1,1\ny,1,0\n' >one.csv
expect 2 'no claim has differences' "$rigor" power --from one.csv
finish
