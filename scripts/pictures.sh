#!/usr/bin/env bash
# Draws the pictures of docs/statistics.md anew: our own programs print the data, the Vega-Lite
# files beside the pictures say how they are drawn.  The simulation takes minutes; its data are kept
# in build/pictures and taken from there unless --fresh is given.
#   scripts/pictures.sh [--fresh] [PICTURE...]
set -euo pipefail
cd "$(dirname "$0")/.."
data=build/pictures
[ "${1:-}" = --fresh ] && { rm -rf "$data"; shift; }
mkdir -p "$data"

fresh() { # file, command...: its output
    local file=$data/$1
    shift
    echo "pictures: $*" >&2
    "$@" >"$file.part" && mv "$file.part" "$file"
}

[ -s "$data/simulation.json" ] || fresh simulation.json build/tests/tool.simulate --json
fresh search.json build/tests/tool.curves search
fresh power.json build/rigor power --seeds 8 --json
fresh tasks.csv build/tests/tool.curves tasks
fresh tasks.json build/rigor compare "$data/tasks.csv" --goal maximize --json
exec node scripts/pictures.mjs "$@"
