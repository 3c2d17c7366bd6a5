#!/usr/bin/env bash
# An installation stands alone: below any prefix, moved elsewhere, it finds its data and examples,
# starts at once and writes nothing outside the folder of the study.
. "$(dirname "$0")/support.sh"
cmake --install "$tree" --prefix "$work/first" --strip >"$work/install.log" 2>&1 ||
    fail "install: $(cat "$work/install.log")"
mv "$work/first" "$work/second"
rigor=$work/second/bin/rigor
mkdir "$work/elsewhere"
cd "$work/elsewhere" || exit 1
unset RIGOR_STUDIES RIGOR_DATA
expect 0 "Start with: +rigor run $work/second/share/rigor/examples/digits.yaml" "$rigor"
expect 0 'digits' "$rigor" data
for example in quick own-table; do
    expect 0 'Report: studies/' "$rigor" run "$work/second/share/rigor/examples/$example.yaml"
done
for example in shell unchanged; do
    expect 0 'starts .*' "$rigor" check "$work/second/share/rigor/examples/trainers/$example.yaml" --trainer -q
done
for shim in rigor.h rigor.jl rigor.py rigor.R; do
    [ -s "$work/second/share/rigor/shims/$shim" ] || fail "no $shim in the installation"
done
[ "$(ls -A)" = studies ] || fail "written beside studies/: $(ls -A)"
[ "$(ls -A studies | sort | tr '\n' ' ')" = "own-table quick " ] || fail "in studies/: $(ls -A studies)"
[ -z "$(find "$work/second" -newer "$work/install.log" -type f)" ] || fail "the installation was written to"
# Its data are its own: not those of the tree that it was built from.
echo "no data" >"$work/second/share/rigor/data/digits.csv.gz"
expect 2 'digits' "$rigor" check "$work/second/share/rigor/examples/quick.yaml"
finish
