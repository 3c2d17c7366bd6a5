# support.sh - shared by the tests that drive the program from outside.  $1 is the build tree.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
tree=$(cd "$1" && pwd)
rigor=$tree/rigor
work=$(mktemp -d "$PWD/work.XXXXXX")
export RIGOR_STUDIES=$work/studies
# The leak checker of GCC 12 misreads the thread-local storage of libraries that are loaded later.
export ASAN_OPTIONS=intercept_tls_get_addr=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
trap 'rm -rf "$work"' EXIT
failures=0

say() { printf '%s\n' "$*"; }
fail() { say "FAILED: $*"; failures=$((failures + 1)); }
finish() { [ "$failures" = 0 ] && say "all held"; exit $((failures > 0)); }

# expect CODE WHAT COMMAND...: the exit code, and WHAT (a regular expression) in the output.
expect() {
    local code=$1 what=$2 output got
    shift 2
    output=$("$@" 2>&1 </dev/null)
    got=$?
    [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $output"
    [ -z "$what" ] || grep -qE -- "$what" <<<"$output" || fail "$*: no '$what' in: $output"
}

# The facts of a study without what may differ: times, paths, machine, the ledger's head.
figures() {
    "$rigor" report "$1" --format json | python3 -ISc '
import json, sys
facts = json.load(sys.stdin)
for key in ("environment", "ledger_head"): facts.pop(key)
print(json.dumps(facts, sort_keys=True))'
}

# A study of a second or two with every stage: write_study FILE NAME
write_study() {
    cat >"$1" <<YAML
study: $2
question: Does dropout matter after a few epochs?
data: digits
metric: accuracy
also: [nll]
base:
  model: {name: mlp, hidden: [24], dropout: 0.1}
  train: {lr: 3e-3, epochs: 4, batch: 32}
arms:
  full: {}
  linear: {model: {name: linear}}
ablate:
  no-dropout: {model.dropout: 0}
tune:
  trials: 8
  space:
    train.lr: {log: [1e-4, 3e-2]}
    model.dropout: {uniform: [0, 0.6]}
    train.batch: {choice: [32, 64]}
seeds: 5
claims: [full > linear, full > no-dropout]
analysis: {margin: 0.01}
YAML
}
