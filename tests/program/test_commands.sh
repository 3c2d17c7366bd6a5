#!/usr/bin/env bash
# Every command: its help, its JSON, its exit codes; overrides; what a mistake is answered with.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
json() { python3 -c 'import json, sys; value = json.load(sys.stdin); assert eval(sys.argv[1], {"v": value}), value' "$1"; }
has_json() { # a condition on v, then the command
    local condition=$1
    shift
    "$@" 2>/dev/null </dev/null | json "$condition" || fail "$*: not $condition"
}

expect 0 'run .*\n?' "$rigor"
expect 0 'rigor [0-9]+\.[0-9]+' "$rigor" --version
expect 0 'Exit codes' "$rigor" help
for command in run check plan audit ls show status report compare power diff models data query verify rerun replay sign bundle; do
    expect 0 'usage: rigor .*' "$rigor" "$command" --help
    expect 0 '  rigor ' "$rigor" help "$command"
    expect 0 '--json' "$rigor" help "$command"
    expect 2 'has no option' "$rigor" "$command" --nonsense
done
expect 2 'did you mean: rigor report' "$rigor" reprot
expect 2 'did you mean: rigor run some.yaml' "$rigor" some.yaml
for command in "" run check plan audit ls show status report compare power diff models data query verify rerun replay sign bundle; do
    wide=$("$rigor" help $command | grep -E '^.{81}') && fail "help $command is wider than 80: $wide"
done
expect 2 'too few arguments' "$rigor" run
expect 2 'did you mean --fresh' "$rigor" run --frehs x.yaml
expect 2 "no study 'nothing'" "$rigor" show nothing
expect 0 'no studies' "$rigor" ls
has_json 'v == []' "$rigor" ls --json

write_study "$work/small.yaml" small
expect 2 'did you mean .*/small.yaml' "$rigor" run "$work/smal.yaml"
expect 2 'this is a folder' "$rigor" run "$work"
expect 2 'use supported, refuted' "$rigor" run "$work/small.yaml" --require suported
[ ! -e "$RIGOR_STUDIES" ] || fail "a misspelt verdict was found out after the study had begun"
expect 0 'trials' "$rigor" check "$work/small.yaml"
has_json 'v["runs"] == 15 and v["trials"] == 24' "$rigor" check "$work/small.yaml" --json
expect 0 'trials' "$rigor" run --dry-run "$work/small.yaml"
[ ! -e "$RIGOR_STUDIES" ] || fail "check or --dry-run wrote something"
expect 2 'lr' "$rigor" run "$work/small.yaml" train.lrr=1
expect 2 '' "$rigor" run "$work/small.yaml" seeds=3

# A claim that no data could settle: check says no, run does not begin.
sed 's/^study: .*/study: same/; s/^claims: .*/claims: [full > twin]/; s/^  full: {}/  full: {}\n  twin: {}/' \
    "$work/small.yaml" >"$work/same.yaml"
expect 1 "cannot answer its question" "$rigor" check "$work/same.yaml"
"$rigor" check "$work/same.yaml" --json >same.json 2>/dev/null && fail "check --json: exit code 0"
json 'len(v["unanswerable"]) == 1' <same.json || fail "check --json"
expect 2 "full and twin are the same" "$rigor" run "$work/same.yaml"
[ ! -e "$RIGOR_STUDIES" ] || fail "an unanswerable study was begun"

"$rigor" run "$work/small.yaml" --json --quiet >facts.json || fail "run --json"
json 'v["status"] == "complete" and len(v["arms"]) == 3 and len(v["claims"]) == 2' <facts.json || fail "facts"
json 'all(len(a["metrics"]["accuracy"]["values"]) == 5 for a in v["arms"])' <facts.json || fail "values"
json 'all(k in c for c in v["claims"] for k in "claim verdict meaningful estimate interval p p_corrected p_signflip p_wilcoxon effect_size p_superior n mde".split())' <facts.json || fail "keys of claims"
json 'all(k in v for k in "study question status stages arms claims warnings ledger_head".split())' <facts.json || fail "keys"
json 'v["arms"][0]["seeds"] == v["arms"][1]["seeds"]' <facts.json || fail "paired seeds"
expect 0 'Does dropout matter' "$rigor" run "$work/small.yaml"
expect 2 'other settings.*seeds' "$rigor" run "$work/small.yaml" seeds=6
expect 0 '' "$rigor" run "$work/small.yaml" --fresh seeds=6 --quiet
[ -d "$RIGOR_STUDIES/small.1" ] || fail "--fresh did not keep the old folder"
expect 1 'is .*, not refuted' "$rigor" run "$work/small.yaml" seeds=6 --require refuted
"$rigor" run "$work/small.yaml" seeds=6 --require refuted --json >no.json 2>/dev/null
json 'v["study"] == "small"' <no.json || fail "a no with --json is more than one document"

has_json '[s["study"] for s in v] == ["small", "small.1"] and v[0]["status"] == "complete"' "$rigor" ls --json
expect 0 'small:' "$rigor" show small.1
expect 0 'complete' "$rigor" status small
has_json 'v["stages"]["tune"]["done"] == 24' "$rigor" status small --json
expect 0 'full > linear' "$rigor" show small
has_json 'v["study"] == "small"' "$rigor" show small --json
has_json 'v["number"] == 3 and "lr" in v["point"]["train"]' "$rigor" show small full/3
expect 2 'such as .*@1006, or a trial, such as .*/7' "$rigor" show small full/99
expect 0 'Report: .*/small/report.html' "$rigor" show small
# A path is as long as it is; everything else fits.
wide=$("$rigor" show small | grep -vF "$work" | grep -E '^.{81}') && fail "show is wider than 80: $wide"
has_json 'v["study"] == "small"' "$rigor" report small --format json
expect 0 'full > linear' "$rigor" report small --format md
expect 0 'report.html' "$rigor" report small --format html,md --out "$work/out"
[ -s "$work/out/report.html" ] && [ -s "$work/out/report.md" ] || fail "report files"
expect 0 'report.methods.txt' "$rigor" report small --format latex,csv,methods --out "$work/out"
grep -q 'begin{tabular}' "$work/out/report.tex" || fail "report.tex"
[ "$(wc -l <"$work/out/report.csv")" -ge 2 ] || fail "report.csv has no claims"
expect 0 'The analysis was done with Rigor' "$rigor" report small --format methods
expect 2 'did you mean html' "$rigor" report small --format htlm
expect 0 '^24' "$rigor" query small "select count(*) from trial"
has_json 'v["rows"] == [[18]]' "$rigor" query small "select count(*) from run" --json
expect 2 '' "$rigor" query small "delete from run"
expect 0 'pass' "$rigor" verify small
has_json 'v["ok"]' "$rigor" verify small --json
has_json 'any(m["name"] == "mlp" for m in v["models"])' "$rigor" models --json
expect 2 'did you mean mlp' "$rigor" models mpl
has_json 'v[0]["name"] == "digits"' "$rigor" data --json
expect 2 'no data set' "$rigor" data nonsense

{ echo "arm,seed,accuracy"; for s in 1 2 3 4 5 6; do echo "a,$s,0.9$s"; echo "b,$s,0.8$s"; done; } >results.csv
has_json 'v["claims"][0]["n"] == 6' "$rigor" compare results.csv --metric accuracy --claims "a > b" --json
expect 2 '' "$rigor" compare results.csv --metric acuracy
expect 2 'No such file' "$rigor" compare absent.csv
start=$(date +%s%N)
for _ in 1 2 3 4 5 6 7 8 9 10; do "$rigor" --version >/dev/null; done
say "rigor --version: $((($(date +%s%N) - start) / 10000)) us"
size=$(stat -c %s "$rigor")
case $tree in */asan | */tsan | */debug) ;; *) [ "$size" -lt 15000000 ] || fail "the binary has $size bytes" ;; esac
finish
